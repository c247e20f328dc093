/** Ten thousand callers meet an expired token at once. */
import { passTime } from '../clock.ts';
import { openSession, ours } from '../ours.ts';
import type { Contestant, Peer } from '../peer.ts';
import { peer as azure } from '../peers/azure-core-rest-pipeline.ts';
import { peer as badgateway } from '../peers/badgateway-oauth2-client.ts';
import { peer as google } from '../peers/google-auth-library.ts';
import { peer as handWritten } from '../peers/hand-written.ts';
import { peer as msal } from '../peers/msal-node.ts';
import { peer as octokit } from '../peers/octokit-auth-app.ts';
import { peer as openid } from '../peers/openid-client.ts';
import { peer as simpleOauth2 } from '../peers/simple-oauth2.ts';
import { peer as smithy } from '../peers/smithy-property-provider.ts';
import { peer as supabase } from '../peers/supabase.ts';
import { peer as supabaseLocked } from '../peers/supabase-locked.ts';
import { atMost, type CaseResult, type Row } from '../result.ts';
import { BenchServer } from '../server.ts';

const callers = 10_000;
/** For contenders that send a request for each caller. */
const fewCallers = 100;
const hourMs = 3_600_000;
const delayMs = 50;

const peers: readonly (readonly [Peer, number])[] = [
  [handWritten, callers],
  [smithy, callers],
  [azure, callers],
  [badgateway, callers],
  [octokit, callers],
  [google, callers],
  [supabase, callers],
  [supabaseLocked, callers],
  [msal, fewCallers],
  [openid, fewCallers],
  [simpleOauth2, fewCallers],
];

export interface Cycle {
  readonly exchanges: number;
  readonly failures: number;
  readonly ms: number;
}

export async function run(): Promise<CaseResult[]> {
  using server = await BenchServer.start({ delayMs });
  const cold = await coldStart(server);
  const rows: Row[] = [];
  const [first, second] = await twice(ours, server, callers);
  rows.push(rowOf(ours.name, callers, first, second, true));
  for (const [peer, count] of peers) {
    const cycles = await twice(peer, server, count);
    rows.push(rowOf(peer.name, count, ...cycles, false));
  }
  const worstMs = Math.max(first.ms, second.ms);
  const isServed = [cold, first, second].every(
    ({ exchanges, failures }) => exchanges === 1 && failures === 0,
  );
  return [
    {
      title: 'A stampede on an expired token',
      headline: `${callers.toLocaleString('en')} calls at once on an expired token cost ${first.exchanges} exchange, and take ${Math.round(worstMs)} ms with a server that answers after ${delayMs} ms.`,
      about: [
        `All callers ask at once; the server takes ${delayMs} ms for a token request, rotates refresh tokens and ends the session of one that is spent twice. Everybody has been through an exchange before. The second cycle is an hour later.`,
        `From a cold start, with the modules of the first exchange still to be loaded, @auth/joor takes ${Math.round(cold.ms)} ms.`,
      ],
      columns: ['callers', 'exchanges', 'failures', 'ms', 'exchanges (2nd)', 'failures (2nd)', 'ms (2nd)'],
      rows,
      targets: [
        {
          name: `${callers.toLocaleString('en')} callers on an expired token: exchanges, failures`,
          target: '1, 0, in each cycle',
          measured: `${first.exchanges}, ${first.failures}; ${second.exchanges}, ${second.failures}; cold ${cold.exchanges}, ${cold.failures}`,
          holds: isServed,
        },
        atMost('… and the time, modules warm', worstMs, 70, ' ms', 0),
      ],
      chart: { column: 'ms', unit: ' ms' },
    },
  ];
}

/** Our library only, in two cycles. */
export async function figures(): Promise<[Cycle, Cycle]> {
  using server = await BenchServer.start({ delayMs });
  return await twice(ours, server, callers);
}

function rowOf(name: string, count: number, first: Cycle, second: Cycle, isOurs: boolean): Row {
  const valuesOf = ({ exchanges, failures, ms }: Cycle): number[] => [exchanges, failures, Math.round(ms)];
  return { name, isOurs, values: [count, ...valuesOf(first), ...valuesOf(second)] };
}

async function twice(peer: Peer, server: BenchServer, count: number): Promise<[Cycle, Cycle]> {
  const contestant = await peer.open(server.place);
  passTime(2 * hourMs);
  await contestant.getToken();
  const cycles: [Cycle, Cycle] = [
    await cycle(contestant, server, count),
    await cycle(contestant, server, count),
  ];
  contestant.close?.();
  return cycles;
}

async function cycle({ getToken }: Contestant, server: BenchServer, count: number): Promise<Cycle> {
  passTime(2 * hourMs);
  await server.ledger();
  const startedAt = performance.now();
  const answers = await Promise.allSettled(Array.from({ length: count }, () => getToken()));
  const ms = performance.now() - startedAt;
  const { logins, refreshes } = await server.ledger();
  const failures = answers.filter(({ status }) => status === 'rejected').length;
  return { exchanges: logins + refreshes, failures, ms };
}

/** The first exchange of the process: its modules are loaded while the callers wait. */
async function coldStart(server: BenchServer): Promise<Cycle> {
  const { origin, username, password } = server.place;
  const body = new URLSearchParams({ grant_type: 'password', username, password });
  const response = await fetch(`${origin}/token`, { method: 'POST', body });
  const { access_token: accessToken, refresh_token: refreshToken } = (await response.json()) as Record<
    string,
    string
  >;
  const session = openSession(server.place, {
    initialTokens: { accessToken: accessToken as string, refreshToken, expiresInMs: hourMs },
  });
  await session.getAccessToken();
  const cold = await cycle({ getToken: () => session.getAccessToken() }, server, callers);
  session.dispose();
  return cold;
}
