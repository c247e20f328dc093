/** Puts libraries into eleven situations, and writes what each does into docs/comparison.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { passTime } from './clock.ts';
import { ours } from './ours.ts';
import type { Contestant, Peer } from './peer.ts';
import { peer as badgateway } from './peers/badgateway-oauth2-client.ts';
import { googleAuthLibrary } from './peers/google-auth-library.ts';
import { peer as handWritten } from './peers/hand-written.ts';
import { peer as msal } from './peers/msal-node.ts';
import { peer as openid } from './peers/openid-client.ts';
import { NotOffered } from './peers/shared.ts';
import { peer as simpleOauth2 } from './peers/simple-oauth2.ts';
import { peer as supabase } from './peers/supabase.ts';
import { peer as undiciOidc } from './peers/undici-oidc-interceptor.ts';
import { load } from './results-file.ts';
import { BenchServer } from './server.ts';

const hourMs = 3_600_000;
const callers = 100;
const patienceMs = 60_000;
const notItsPurpose = 'not its purpose';

const google = googleAuthLibrary('google-auth-library', true);
const peers: readonly Peer[] = [
  ours,
  badgateway,
  google,
  handWritten,
  msal,
  openid,
  simpleOauth2,
  supabase,
  undiciOidc,
];

/** A situation, and what came of it in a few words. */
interface Situation {
  readonly name: string;
  run(scene: Scene): Promise<string>;
  /** Takes a minute, so that all libraries wait side by side. */
  readonly isSlow?: boolean;
}

/** A contestant that has logged in, on a server of its own. */
interface Scene {
  readonly peer: Peer;
  readonly server: BenchServer;
  readonly contestant: Contestant;
}

/** How a call ended. */
type End = { readonly isGood: true } | { readonly isGood: false; readonly error: unknown };

const situations: readonly Situation[] = [
  {
    name: `${callers} callers meet an expired token`,
    async run(scene) {
      expire();
      return told(scene, await callAll(scene, callers));
    },
  },
  {
    name: `${callers} requests meet a revoked token`,
    async run(scene) {
      const { contestant, server } = scene;
      if (contestant.fetch === undefined) return notItsPurpose;
      await server.revokeAccessTokens();
      const ends = await Promise.all(
        Array.from({ length: callers }, () =>
          endOf(async () => (await contestant.fetch?.(server.api))?.status),
        ),
      );
      return told(scene, ends);
    },
  },
  { name: 'eight processes share an account on one file', run: async ({ peer }) => processesOf(peer) },
  {
    name: 'the answer to a refresh is lost; the next call',
    async run(scene) {
      expire();
      await scene.server.set({ fault: 'lost' });
      await callAll(scene, 1);
      return (await succeeds(scene)) ? 'works' : 'fails';
    },
  },
  {
    name: 'the token endpoint never answers; a call',
    isSlow: true,
    async run(scene) {
      expire();
      await scene.server.set({ fault: 'is_silent' });
      const startedAt = performance.now();
      const late = new Promise<'late'>((resolve) => setTimeout(resolve, patienceMs, 'late').unref());
      const end = await Promise.race([callAll(scene, 1), late]);
      if (end === 'late') return `still waits after a minute`;
      return `fails after ${Math.round((performance.now() - startedAt) / 1_000)} s`;
    },
  },
  {
    name: 'the token endpoint says 429, wait a minute; ten calls, one after the other',
    run: (scene) => tenCalls(scene, 'asks_to_wait'),
  },
  {
    name: 'the token endpoint is broken (500); ten calls, one after the other',
    run: (scene) => tenCalls(scene, 'is_broken'),
  },
  {
    name: 'the server has ended the session; the next call',
    async run(scene) {
      expire();
      await scene.server.endSessions();
      return (await succeeds(scene)) ? 'works: it logs in' : 'fails';
    },
  },
  {
    name: 'the password was changed too; ten calls, one after the other',
    async run(scene) {
      await scene.server.endSessions();
      return tenCalls(scene, 'refuses');
    },
  },
  {
    name: 'a request goes to another origin',
    async run({ contestant }) {
      if (contestant.fetch === undefined) return notItsPurpose;
      using other = await BenchServer.start();
      const seen = await endOf(
        async () => (await contestant.fetch?.(`${other.place.origin}/authorization`))?.status,
      );
      const { sawToken } = await other.ledger();
      if (sawToken) return 'the token goes with it';
      return seen.isGood ? 'goes without the token' : 'is refused';
    },
  },
  {
    name: 'the error of a failed refresh, as console.log prints it',
    async run(scene) {
      expire();
      await scene.server.set({ fault: 'is_broken' });
      const [end] = await callAll(scene, 1);
      if (end === undefined || end.isGood) return 'no error';
      const text = inspect(end.error, { depth: 6 });
      const { password, clientSecret } = scene.server.place;
      const found = [
        /refresh-\d+/.test(text) ? 'the refresh token' : '',
        text.includes(`'${password}'`) || text.includes(`password=${password}`) ? 'the password' : '',
        text.includes(`=${clientSecret}`) || text.includes(`'${clientSecret}'`) ? 'the client secret' : '',
        /Basic [\w=]{8,}/.test(text) ? 'the client secret (Basic)' : '',
      ].filter((name) => name !== '');
      return found.length === 0 ? 'holds no secret' : `holds ${found.join(', ')}`;
    },
  },
];

/** Ten calls while the endpoint fails, and how many of them reached it. */
async function tenCalls(scene: Scene, fault: 'asks_to_wait' | 'is_broken' | 'refuses'): Promise<string> {
  expire();
  await scene.server.set({ fault });
  await scene.server.ledger();
  for (let call = 0; call < 10; call++) await callAll(scene, 1);
  const { logins, refreshes } = await scene.server.ledger();
  const count = logins + refreshes;
  return `${count} token call${count === 1 ? '' : 's'}`;
}

function expire(): void {
  passTime(2 * hourMs);
}

/** So many calls at once: for the token, or where the library hands out none, of the API. */
function callAll({ contestant, server }: Scene, count: number): Promise<End[]> {
  const call = async (): Promise<unknown> => {
    try {
      return await contestant.getToken();
    } catch (error) {
      if (!(error instanceof NotOffered)) throw error;
      return (await contestant.fetch?.(server.api))?.status;
    }
  };
  return Promise.all(Array.from({ length: count }, () => endOf(call)));
}

async function succeeds(scene: Scene): Promise<boolean> {
  const [end] = await callAll(scene, 1);
  return end?.isGood === true;
}

/** A status that is no success is a failure. */
async function endOf(work: () => Promise<unknown>): Promise<End> {
  try {
    const result = await work();
    const isGood = typeof result !== 'number' || result < 400;
    return isGood ? { isGood } : { isGood, error: new Error(`status ${result}`) };
  } catch (error) {
    return { isGood: false, error };
  }
}

async function told({ server }: Scene, ends: readonly End[]): Promise<string> {
  const { logins, refreshes } = await server.ledger();
  const failures = ends.filter(({ isGood }) => !isGood).length;
  const exchanges = logins + refreshes;
  const count = `${exchanges} exchange${exchanges === 1 ? '' : 's'}`;
  return failures === 0 ? count : `${count}, ${failures} calls fail`;
}

/** From the benchmark's own case, which starts real processes. */
function processesOf(peer: Peer): string {
  const row = load()
    .cases['processes']?.flatMap(({ rows }) => rows)
    .find(({ name }) => name === (rowNames.get(peer) ?? peer.name));
  if (row === undefined) return notItsPurpose;
  const [exchanges, failures] = row.values;
  const count = `${exchanges} exchange${exchanges === 1 ? '' : 's'}`;
  return failures === 0 ? count : `${count}, ${failures} processes fail`;
}

/** Where the case has another name for it. */
const rowNames: ReadonlyMap<Peer, string> = new Map([
  [ours, '@auth/joor with @auth/store-file'],
  [msal, '@azure/msal-node, cache plugin on a file'],
  [handWritten, 'by hand: proper-lockfile'],
]);

async function cellOf(peer: Peer, situation: Situation): Promise<string> {
  using server = await BenchServer.start({ delayMs: 20, issuesJwts: true });
  const contestant = await peer.open(server.place);
  try {
    await server.ledger();
    return await situation.run({ peer, server, contestant });
  } finally {
    contestant.close?.();
  }
}

const names: ReadonlyMap<Peer, string> = new Map([
  [handWritten, 'by hand'],
  [msal, '@azure/msal-node'],
]);
const rows: string[][] = [];
for (const situation of situations) {
  let cells: string[] = [];
  if (situation.isSlow === true) cells = await Promise.all(peers.map((peer) => cellOf(peer, situation)));
  else for (const peer of peers) cells.push(await cellOf(peer, situation));
  rows.push([situation.name, ...cells]);
  process.stdout.write(
    `${situation.name}\n${peers.map((peer, at) => `  ${peer.name}: ${cells[at]}`).join('\n')}\n`,
  );
}
const versions = load().versions;
const head = [
  '',
  ...peers.map((peer) => {
    const name = names.get(peer) ?? peer.name;
    return versions[name] === undefined || peer === ours ? name : `${name} ${versions[name]}`;
  }),
];
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'comparison.md');
const text = readFileSync(file, 'utf8');
const marks = ['<!-- comparison -->', '<!-- /comparison -->'] as const;
const [before, after] = [text.split(marks[0])[0], text.split(marks[1])[1]];
writeFileSync(file, `${before}${marks[0]}\n\n${table}\n\n${marks[1]}${after}`);
process.exit();
