/** A token that is fresh: what asking for it costs, alone and on a request whose network is stubbed. */
import type { AuthSession } from '@auth/core';
import type { JoorExtra } from '@auth/joor';
import { bytesOfAll, type Contender, timeAll } from '../measure.ts';
import { openSession, ours } from '../ours.ts';
import type { Contestant } from '../peer.ts';
import { peer as badgateway } from '../peers/badgateway-oauth2-client.ts';
import { peer as google } from '../peers/google-auth-library.ts';
import { peer as handWritten } from '../peers/hand-written.ts';
import { peer as msal } from '../peers/msal-node.ts';
import { peer as octokit } from '../peers/octokit-auth-app.ts';
import { peer as simpleOauth2 } from '../peers/simple-oauth2.ts';
import { peer as smithy } from '../peers/smithy-property-provider.ts';
import { peer as supabase } from '../peers/supabase.ts';
import { peer as supabaseLocked } from '../peers/supabase-locked.ts';
import { atMost, type CaseResult, type Row, round, type Target } from '../result.ts';
import { BenchServer } from '../server.ts';

const baseline = 'await a resolved promise';
const clocked = 'the same after a look at Date.now()';
const bare = 'bare fetch, the header fixed';
const again = (name: string): string => `${name} (again)`;
const tokenPeers = [
  handWritten,
  simpleOauth2,
  smithy,
  badgateway,
  octokit,
  google,
  supabase,
  supabaseLocked,
  msal,
];
const fetchPeers = [handWritten, smithy, badgateway, google, octokit, supabase];

export async function run(): Promise<CaseResult[]> {
  using server = await BenchServer.start();
  return [await freshToken(server), await authFetch(server), await growth(server)];
}

async function freshToken(server: BenchServer): Promise<CaseResult> {
  const session = openSession(server.place);
  await session.getAccessToken();
  const ready = Promise.resolve('token');
  const contenders: Contender[] = [
    { name: baseline, run: () => ready },
    { name: again(baseline), run: () => ready },
    { name: clocked, run: () => (Date.now() > 0 ? ready : undefined) },
    { name: '@auth/joor: getAccessToken()', isOurs: true, run: () => session.getAccessToken() },
    { name: '@auth/joor: getTokens()', isOurs: true, run: () => session.getTokens() },
  ];
  const opened: Contestant[] = [];
  for (const peer of tokenPeers) {
    const contestant = await peer.open(server.place);
    opened.push(contestant);
    contenders.push({ name: peer.name, run: () => contestant.getToken() });
  }
  const timings = await timeAll(contenders, { rounds: 16, calls: 12_800 });
  const bytes = await bytesOfAll(contenders);
  for (const contestant of opened) contestant.close?.();
  session.dispose();
  const ratio = (name: string): number => timings.ratio(name, baseline);
  const mine = '@auth/joor: getAccessToken()';
  const bytesOf = (name: string): number => Math.round(bytes.get(name) ?? Number.NaN);
  const fastest = tokenPeers
    .map(({ name }) => name)
    .sort((left, right) => ratio(left) - ratio(right))[0] as string;
  return {
    title: 'A fresh token',
    headline: `Asking for a fresh token takes ${Math.round(timings.of(mine))} ns, ${round(ratio(mine), 1)} times what it takes to await a promise: ask before every request.`,
    about: [
      'Every contender has logged in and is asked for its token again and again, one call after the other, with a turn of the event loop after each 64. A call on a fresh token is what an application makes before each request.',
    ],
    columns: ['times the promise', 'ns', 'bytes'],
    rows: contenders.map(({ name, isOurs = false }) => ({
      name,
      isOurs,
      values: [round(ratio(name)), Math.round(timings.of(name)), bytesOf(name)],
    })),
    targets: [
      atMost('fresh token, time against awaiting a resolved promise', ratio(mine), 2, '×'),
      noSlowerThan(fastest, timings.ratio(mine, fastest), timings.ratio(again(baseline), baseline)),
      atMost(
        'fresh token, bytes a call against a resolved promise and a look at Date.now()',
        bytesOf(mine) / bytesOf(clocked),
        1.02,
        '×',
        3,
      ),
    ],
    chart: { column: 'times the promise', unit: '×' },
  };
}

/** A tie holds: a difference as small as the one between two runs of the baseline does not count. */
function noSlowerThan(peer: string, ratio: number, noise: number): Target {
  const limit = 1 + Math.abs(noise - 1);
  return {
    name: `fresh token, time against the fastest peer (${peer})`,
    target: '≤ 1×, noise apart',
    measured: `${round(ratio)}×, noise ${round(limit - 1)}`,
    holds: ratio <= limit,
  };
}

async function authFetch(server: BenchServer): Promise<CaseResult> {
  const { api } = server;
  const stubbed = (async (input: string | URL | Request, init?: RequestInit) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    return url.endsWith('/api') ? new Response(null) : fetch(input, init);
  }) as typeof fetch;
  const init = { method: 'GET', headers: { accept: 'application/json' } };
  const fixed = { method: 'GET', headers: { accept: 'application/json', authorization: 'Bearer token' } };
  const mine = '@auth/joor: session.fetch()';
  const session = await ours.open(server.place, stubbed);
  const contenders: Contender[] = [
    { name: bare, run: () => stubbed(api, fixed) },
    { name: again(bare), run: () => stubbed(api, fixed) },
    { name: mine, isOurs: true, run: () => session.fetch?.(api, init) },
  ];
  const opened = [session];
  for (const peer of fetchPeers) {
    const contestant = await peer.open(server.place, stubbed);
    opened.push(contestant);
    contenders.push({ name: peer.name, run: () => send(contestant, stubbed, api, init) });
  }
  const timings = await timeAll(contenders, { rounds: 16, calls: 6_400 });
  const bytes = await bytesOfAll(contenders, 512);
  for (const contestant of opened) contestant.close?.();
  const ratio = (name: string): number => timings.ratio(name, bare);
  return {
    title: 'A request on a stubbed network',
    headline: `\`auth.fetch\` adds ${round((timings.of(mine) - timings.of(bare)) / 1_000, 1)} µs to a request, ${round(timings.ratio(mine, handWritten.name))} times what the same checks written by hand take.`,
    about: [
      'The same request with a token on it; the network is a function that makes a Response at once, so that what remains is the library. Contenders that hand out tokens alone put them on the request by hand.',
    ],
    columns: ['times bare fetch', 'ns', 'bytes'],
    rows: contenders.map(({ name, isOurs = false }) => ({
      name,
      isOurs,
      values: [round(ratio(name)), Math.round(timings.of(name)), Math.round(bytes.get(name) ?? 0)],
    })),
    targets: [
      atMost(
        'auth.fetch on a stubbed network against one written by hand that checks the origin and can replay',
        timings.ratio(mine, handWritten.name),
        1.1,
        '×',
      ),
      atMost('auth.fetch on a stubbed network, bytes a call', bytes.get(mine) ?? 0, 2_048, ' B', 0),
    ],
    chart: { column: 'times bare fetch', unit: '×' },
  };
}

/** Sends a request; sets the token by hand if the library does not. */
async function send(
  contestant: Contestant,
  fetch: typeof globalThis.fetch,
  url: string,
  init: { readonly method: string; readonly headers: Record<string, string> },
): Promise<unknown> {
  if (contestant.fetch !== undefined) return contestant.fetch(url, init);
  const token = await contestant.getToken();
  return fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
}

/** One busy session among ever more idle ones. */
async function growth(server: BenchServer): Promise<CaseResult> {
  const busy = openSession(server.place);
  await busy.getAccessToken();
  const ready = Promise.resolve('token');
  const idle: AuthSession<JoorExtra>[] = [];
  const rows: Row[] = [];
  const ratios: number[] = [];
  for (const count of [1, 1_000, 100_000]) {
    while (idle.length < count - 1) idle.push(await idleSession(server, idle.length));
    const timings = await timeAll(
      [
        { name: baseline, run: () => ready },
        { name: 'busy', isOurs: true, run: () => busy.getAccessToken() },
      ],
      { rounds: 32, calls: 12_800 },
    );
    const ratio = timings.ratio('busy', baseline);
    ratios.push(ratio);
    rows.push({ name: `of ${count.toLocaleString('en')} sessions`, isOurs: true, values: [round(ratio)] });
  }
  for (const session of [busy, ...idle]) session.dispose();
  const [alone, ...crowded] = ratios as [number, ...number[]];
  const worst = Math.max(...crowded.map((ratio) => ratio / alone));
  return {
    title: 'One busy session among many',
    about: ['The fresh token of one session, in a process that holds others with their refreshes scheduled.'],
    columns: ['times the promise'],
    rows,
    targets: [atMost('fresh token, one busy session of 100,000 against one alone', worst, 1.05, '×')],
  };
}

async function idleSession(server: BenchServer, index: number): Promise<AuthSession<JoorExtra>> {
  const session = openSession(server.place, {
    key: `idle-${index}`,
    initialTokens: {
      accessToken: `access-${index}`,
      refreshToken: `refresh-${index}`,
      expiresInMs: 3_600_000,
    },
  });
  await session.getAccessToken();
  return session;
}
