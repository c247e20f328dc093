/** The API refuses a token that has not expired: all calls at once, and calls whose refusals come in over a second. */
import { authInterceptor } from '@auth/undici';
import { Agent, request } from 'undici';
import { openSession, ours } from '../ours.ts';
import type { Peer } from '../peer.ts';
import { peer as axios } from '../peers/axios-auth-refresh.ts';
import { peer as azure } from '../peers/azure-core-rest-pipeline.ts';
import { peer as badgateway } from '../peers/badgateway-oauth2-client.ts';
import { googleAuthLibrary } from '../peers/google-auth-library.ts';
import { peer as octokit } from '../peers/octokit-auth-app.ts';
import type { CaseResult, Row } from '../result.ts';
import { BenchServer } from '../server.ts';

const calls = 1_000;

export const ourUndici: Peer = {
  name: '@auth/joor with @auth/undici',
  async open(place) {
    const session = openSession(place);
    await session.getAccessToken();
    const dispatcher = new Agent().compose(authInterceptor(session as never));
    return {
      getToken: () => session.getAccessToken(),
      async fetch(url) {
        const { statusCode, body } = await request(url, { dispatcher });
        await body.arrayBuffer();
        return { status: statusCode };
      },
      close: () => session.dispose(),
    };
  },
};

const peers: readonly Peer[] = [
  ours,
  ourUndici,
  badgateway,
  googleAuthLibrary('google-auth-library, forceRefreshOnFailure', true),
  azure,
  axios,
  octokit,
];

export interface Outcome {
  readonly exchanges: number;
  readonly failures: number;
}

export async function run(): Promise<CaseResult[]> {
  using server = await BenchServer.start();
  const rows: Row[] = [];
  for (const peer of peers) {
    const atOnce = await revoke(peer, server, 0);
    const late = await revoke(peer, server, 1_000);
    rows.push({
      name: peer.name,
      isOurs: peer === ours || peer === ourUndici,
      values: [atOnce.exchanges, atOnce.failures, late.exchanges, late.failures],
    });
  }
  const mine = rows.filter(({ isOurs }) => isOurs);
  return [
    {
      title: 'A token that is revoked',
      about: [
        `The server revokes all access tokens, and ${calls.toLocaleString('en')} calls go out with the old one. First all are refused at once; then, by another session, the refusals come in over a second, long after the first of them has led to a new token. A call that does not end with 200 has failed.`,
      ],
      columns: ['exchanges', 'failures', 'exchanges (over 1 s)', 'failures (over 1 s)'],
      rows,
      targets: [
        {
          name: 'token revoked, 1,000 calls at once and 1,000 over a second: exchanges, failures',
          target: '1, 0 each',
          measured: mine.map(({ values }) => values.join(', ')).join('; '),
          holds: mine.every(({ values }) => values.join() === '1,0,1,0'),
        },
      ],
    },
  ];
}

/** What a revocation costs a contender that has logged in. */
export async function revoke(peer: Peer, server: BenchServer, spreadMs: number): Promise<Outcome> {
  const contestant = await peer.open(server.place);
  await server.set({ apiSpreadMs: spreadMs });
  await server.revokeAccessTokens();
  await server.ledger();
  const answers = await Promise.allSettled(
    Array.from({ length: calls }, async () => (await contestant.fetch?.(server.api))?.status),
  );
  const failures = answers.filter((answer) => answer.status === 'rejected' || answer.value !== 200).length;
  const { logins, refreshes } = await server.ledger();
  contestant.close?.();
  return { exchanges: logins + refreshes, failures };
}
