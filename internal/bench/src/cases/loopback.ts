/** Requests to a real server on loopback, 64 at a time: CPU time and requests a second. */
import { authInterceptor } from '@auth/undici';
import ky from 'ky';
import { Agent, request } from 'undici';
import { type Contender, timeAll } from '../measure.ts';
import { openSession } from '../ours.ts';
import type { Contestant, Peer } from '../peer.ts';
import { peer as axios } from '../peers/axios-auth-refresh.ts';
import { peer as azure } from '../peers/azure-core-rest-pipeline.ts';
import { peer as badgateway } from '../peers/badgateway-oauth2-client.ts';
import { peer as google } from '../peers/google-auth-library.ts';
import { peer as smithy } from '../peers/smithy-property-provider.ts';
import { atLeast, atMost, type CaseResult, type Row, round } from '../result.ts';
import { BenchServer } from '../server.ts';

const peers: readonly Peer[] = [smithy, badgateway, google, axios, azure];
const names = {
  fetch: 'bare fetch',
  fetchAgain: 'bare fetch (again)',
  ourFetch: '@auth/joor: session.fetch()',
  ky: 'bare ky',
  ourKy: 'ky over session.fetch',
  undici: 'bare undici.request',
  ourUndici: 'undici.request with @auth/undici',
} as const;
const concurrency = 64;

export async function run(): Promise<CaseResult[]> {
  using server = await BenchServer.start();
  return [await libraries(server), await growth(server)];
}

async function libraries(server: BenchServer): Promise<CaseResult> {
  const { api } = server;
  const session = openSession(server.place);
  const authorization = `Bearer ${await session.getAccessToken()}`;
  const dispatcher = new Agent();
  const authorized = new Agent().compose(authInterceptor(session as never));
  const drain = async (response: Response): Promise<void> => void (await response.arrayBuffer());
  const drainRequest = async (options: Parameters<typeof request>[1]): Promise<void> => {
    const { body } = await request(api, options);
    await body.arrayBuffer();
  };
  const contenders: Contender[] = [
    { name: names.fetch, run: async () => drain(await fetch(api, { headers: { authorization } })) },
    { name: names.fetchAgain, run: async () => drain(await fetch(api, { headers: { authorization } })) },
    { name: names.ourFetch, isOurs: true, run: async () => drain(await session.fetch(api)) },
    { name: names.ky, run: async () => drain(await ky(api, { headers: { authorization } })) },
    { name: names.ourKy, isOurs: true, run: async () => drain(await ky(api, { fetch: session.fetch })) },
    { name: names.undici, run: () => drainRequest({ dispatcher, headers: { authorization } }) },
    { name: names.ourUndici, isOurs: true, run: () => drainRequest({ dispatcher: authorized }) },
  ];
  const opened: Contestant[] = [];
  for (const peer of peers) {
    const contestant = await peer.open(server.place);
    opened.push(contestant);
    contenders.push({ name: peer.name, run: () => send(contestant, api) });
  }
  const timings = await timeAll(contenders, { rounds: 24, calls: 960, concurrency });
  for (const contestant of opened) contestant.close?.();
  session.dispose();
  await Promise.all([dispatcher.close(), authorized.close()]);
  const cpuRatio = (name: string, base: string): number => timings.ratio(name, base, 'cpuNs');
  return {
    title: 'Requests on loopback',
    about: [
      `GET requests to a server in a process of its own, ${concurrency} at a time, bodies read. CPU time is that of the client's process.`,
    ],
    columns: ['CPU µs', 'CPU against bare fetch', 'requests a second'],
    rows: contenders.map(({ name, isOurs = false }) => ({
      name,
      isOurs,
      values: [
        round(timings.of(name, 'cpuNs') / 1_000, 1),
        round(cpuRatio(name, names.fetch), 3),
        Math.round(1e9 / timings.of(name)),
      ],
    })),
    targets: [
      atMost(
        'ky over auth.fetch against bare ky, CPU a request',
        cpuRatio(names.ourKy, names.ky),
        1.03,
        '×',
        3,
      ),
      atMost(
        'auth.fetch against bare fetch, CPU a request',
        cpuRatio(names.ourFetch, names.fetch),
        1.05,
        '×',
        3,
      ),
      atLeast(
        'undici.request with @auth/undici against @azure/core-rest-pipeline, requests a second',
        timings.ratio(azure.name, names.ourUndici),
        1.4,
        '×',
      ),
    ],
    chart: { column: 'requests a second', unit: '', moreIsBetter: true },
  };
}

/** One busy session among ever more idle ones. */
async function growth(server: BenchServer): Promise<CaseResult> {
  const { api } = server;
  const busy = openSession(server.place);
  const authorization = `Bearer ${await busy.getAccessToken()}`;
  const drain = async (response: Response): Promise<void> => void (await response.arrayBuffer());
  const idle: { dispose(): void }[] = [];
  const rows: Row[] = [];
  const ratios: number[] = [];
  for (const count of [1, 1_000, 100_000]) {
    while (idle.length < count - 1) {
      const index = idle.length;
      const session = openSession(server.place, {
        key: `idle-${index}`,
        initialTokens: { accessToken: `a-${index}`, refreshToken: `r-${index}`, expiresInMs: 3_600_000 },
      });
      await session.getAccessToken();
      idle.push(session);
    }
    const timings = await timeAll(
      [
        { name: names.fetch, run: async () => drain(await fetch(api, { headers: { authorization } })) },
        { name: 'busy', run: async () => drain(await busy.fetch(api)) },
      ],
      { rounds: 24, calls: 960, concurrency },
    );
    const ratio = timings.ratio('busy', names.fetch, 'cpuNs');
    ratios.push(ratio);
    rows.push({ name: `of ${count.toLocaleString('en')} sessions`, isOurs: true, values: [round(ratio, 3)] });
  }
  for (const session of [busy, ...idle]) session.dispose();
  const [alone, ...crowded] = ratios as [number, ...number[]];
  const worst = Math.max(...crowded.map((ratio) => ratio / alone));
  return {
    title: 'Requests of one busy session among many',
    about: ['CPU time of a request against bare fetch, in a process that holds other sessions.'],
    columns: ['CPU against bare fetch'],
    rows,
    targets: [atMost('loopback CPU, one busy session of 100,000 against one alone', worst, 1.05, '×', 3)],
  };
}

/** Sends a request; sets the token by hand if the library does not. */
async function send(contestant: Contestant, url: string): Promise<unknown> {
  if (contestant.fetch !== undefined) return contestant.fetch(url);
  const response = await fetch(url, { headers: { authorization: `Bearer ${await contestant.getToken()}` } });
  return response.arrayBuffer();
}
