/** Eight processes of one machine that share an account through a file find its token expired. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Said, SharedPlace } from '../contender.ts';
import { median } from '../measure.ts';
import { atMost, type CaseResult, type Row } from '../result.ts';
import { BenchServer } from '../server.ts';

const processes = 8;
const races = 5;
const delayMs = 50;

const contenders: readonly (readonly [name: string, script: string, keepsPassword?: boolean])[] = [
  ['@auth/joor with @auth/store-file', 'auth'],
  ['by hand: lock file, tried every 10 ms', 'wx-poll'],
  ['by hand: proper-lockfile', 'proper-lockfile'],
  ['@supabase/auth-js, lock on proper-lockfile', 'supabase-lock'],
  ['@supabase/auth-js', 'supabase'],
  ['@badgateway/oauth2-client', 'oauth2-client'],
  ['@badgateway/oauth2-client with the password', 'oauth2-client', true],
  ['@azure/msal-node, cache plugin on a file', 'msal'],
  ['openid-client', 'openid-client'],
];

/** The result of one race. */
interface Race {
  readonly exchanges: number;
  /** Processes without a token, or with a token that the server no longer accepts. */
  readonly failures: number;
  readonly ms: number;
  /** Whether one more refresh with the stored pair works. */
  readonly isUsable: boolean;
}

export async function run(): Promise<CaseResult[]> {
  using server = await BenchServer.start();
  const rows: Row[] = [];
  for (const [name, script, keepsPassword = false] of contenders) {
    const results: Race[] = [];
    for (let count = 0; count < races; count++) results.push(await race(server, script, keepsPassword));
    const worst = (values: readonly number[]): number => Math.max(...values);
    rows.push({
      name,
      isOurs: script === 'auth',
      values: [
        worst(results.map(({ exchanges }) => exchanges)),
        worst(results.map(({ failures }) => failures)),
        Math.round(median(results.map(({ ms }) => ms))),
        results.filter(({ isUsable }) => isUsable).length,
      ],
    });
  }
  const [ours] = rows as [Row];
  const [exchanges, failures, ms, usable] = ours.values as [number, number, number, number];
  return [
    {
      title: 'Eight processes on one file',
      about: [
        `All are started, warm, and released at the same moment; the server takes ${delayMs} ms for a token request and ends the session of a refresh token that is spent twice. ${races} races each: the most exchanges and failures of any, the median of the times from the release to the last token, and after how many races the stored pair could be refreshed once more.`,
        '@supabase/auth-js without a lock relies on its own server to give the active token to a late refresh; this server does not. @azure/msal-node-extensions needs a native module that is not built here; what it adds to the plugin is a lock on reads and on writes of the file.',
      ],
      columns: ['exchanges', 'failures', 'ms', `usable pairs of ${races}`],
      rows,
      targets: [
        {
          name: '8 processes, file store: exchanges, failures, usable pairs',
          target: `1, 0, ${races} of ${races}`,
          measured: `${exchanges}, ${failures}, ${usable} of ${races}`,
          holds: exchanges === 1 && failures === 0 && usable === races,
        },
        atMost('… and the time, modules warm', ms, 220, ' ms', 0),
      ],
      chart: { column: 'exchanges', unit: '' },
    },
  ];
}

async function race(server: BenchServer, script: string, keepsPassword: boolean): Promise<Race> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const place: SharedPlace = { ...server.place, file: join(directory, 'account.json'), keepsPassword };
  await server.set({ delayMs, lifetimeSeconds: 1 });
  const workers = Array.from({ length: processes }, () => start(script, place));
  try {
    await Promise.all(workers.map((worker) => nextMessage(worker)));
    const stored = nextMessage(workers[0] as ChildProcess);
    workers[0]?.send('login');
    if ((await stored) !== 'stored') throw new Error(`${script} cannot log in`);
    await sleep(1_100);
    await server.set({ delayMs, lifetimeSeconds: 3_600 });
    await server.ledger();
    const answers = Promise.all(workers.map((worker) => nextMessage(worker)));
    const releasedAt = performance.now();
    for (const worker of workers) worker.send('go');
    const said = await answers;
    const ms = performance.now() - releasedAt;
    const { logins, refreshes } = await server.ledger();
    const tokens = said.flatMap((one) => (typeof one === 'object' && 'token' in one ? [one.token] : []));
    const good = await Promise.all(tokens.map((token) => isGood(server, token)));
    return {
      exchanges: logins + refreshes,
      failures: processes - good.filter(Boolean).length,
      ms,
      isUsable: await canRefresh(server, place.file),
    };
  } finally {
    for (const worker of workers) worker.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

function start(script: string, place: SharedPlace): ChildProcess {
  const path = join(import.meta.dirname, '..', 'contenders', `${script}.ts`);
  return fork(path, [JSON.stringify(place)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
}

async function nextMessage(worker: ChildProcess): Promise<Said> {
  const stop = new AbortController();
  const left = once(worker, 'exit', { signal: stop.signal }).then(([code]) => {
    throw new Error(`a worker left with ${code}`);
  });
  left.catch(() => {});
  const [said] = await Promise.race([once(worker, 'message', { signal: stop.signal }), left]);
  stop.abort();
  return said as Said;
}

/** Finds the refresh token by its pattern, because the contenders' files differ. */
async function canRefresh(server: BenchServer, file: string): Promise<boolean> {
  const names = readdirSync(dirname(file)).filter(
    (name) => name.startsWith(basename(file)) && !name.includes('.warm'),
  );
  const text = names.map((name) => readFileSync(join(dirname(file), name), 'utf8')).join('\n');
  const kept = /refresh-\d+/.exec(text)?.[0];
  if (kept === undefined) return false;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: kept });
  return (await fetch(`${server.place.origin}/token`, { method: 'POST', body })).ok;
}

async function isGood(server: BenchServer, token: string): Promise<boolean> {
  const response = await fetch(server.api, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.ok;
}
