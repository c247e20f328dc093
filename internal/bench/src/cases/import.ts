/** What a session with a stored token adds to the start of an empty process. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '@auth/store-file';
import { median } from '../measure.ts';
import { openSession } from '../ours.ts';
import { nowhere as place } from '../peer.ts';
import { atMost, type CaseResult, round } from '../result.ts';

const rounds = 25;
const entries = join(import.meta.dirname, '..', 'entries');
const names: Readonly<Record<string, string>> = {
  'axios-auth-refresh': 'axios + axios-auth-refresh',
  'core-rest-pipeline': '@azure/core-rest-pipeline',
  msal: '@azure/msal-node',
  'oauth2-client': '@badgateway/oauth2-client',
  supabase: '@supabase/auth-js',
};
const ours = '@auth/joor';
const oursWithToken = '@auth/joor, token from a store';
const oursFromFile = '@auth/joor, token from @auth/store-file';

export async function run(): Promise<CaseResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    symlinkSync(join(import.meta.dirname, '..', '..', 'node_modules'), join(directory, 'node_modules'));
    const programs = await write(directory);
    const times = new Map([...programs.keys()].map((name) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, file] of programs) times.get(name)?.push(timeOf(name, file));
    }
    const empty = median(times.get('empty') as number[]);
    const over = (name: string): number => median(times.get(name) as number[]) - empty;
    const measured = [...programs.keys()]
      .filter((name) => name !== 'empty')
      .sort((left, right) => over(left) - over(right));
    return [
      {
        title: 'The start of a program',
        headline: `Importing a provider and opening a session adds ${round(over(ours), 1)} ms to the start of a program.`,
        about: [
          `Processes that import a library and open a session, against an empty one (${round(empty, 1)} ms here), ${rounds} rounds in turns. Two of ours also get their token, from a store that has it at hand and from files; the others stop once they are open.`,
        ],
        columns: ['ms above an empty process'],
        rows: measured.map((name) => ({
          name,
          isOurs: name.startsWith('@auth/'),
          values: [round(over(name), 1)],
        })),
        targets: [
          atMost(
            'import of a provider and a session, against @badgateway/oauth2-client',
            over(ours) / over('@badgateway/oauth2-client'),
            1.3,
            '×',
          ),
        ],
        chart: { column: 'ms above an empty process', unit: ' ms' },
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Writes the programs as plain JavaScript, because Node takes time to strip types. */
async function write(directory: string): Promise<Map<string, string>> {
  const programs = new Map<string, string>();
  const add = (name: string, code: string): void => {
    const file = join(directory, `program-${programs.size}.mjs`);
    writeFileSync(file, `${code}\nprocess.exit();\n`);
    programs.set(name, file);
  };
  add('empty', '');
  const path = join(directory, 'tokens');
  const given = { initialTokens: { accessToken: 'at-hand', refreshToken: 'r', expiresInMs: 3_600_000 } };
  const key = 'account';
  const store = fileStore({ path });
  const session = openSession(place, { store, key, ...given });
  await session.getAccessToken();
  session.dispose();
  const record = JSON.stringify(await store.get(key));
  const open = (store: string): string => `
const { origin, ...account } = ${JSON.stringify(place)};
const session = createJoorAuth({ baseUrl: origin + '/auth/', store: ${store}, key: '${key}', ...account });
`;
  const read = `if ((await session.getAccessToken()) !== 'at-hand') throw new Error('not from the store');`;
  const importJoor = "import { createJoorAuth } from '@auth/joor';";
  const importFiles = "import { fileStore } from '@auth/store-file';";
  const memory = `{ get: () => (${record}), compareAndSet: () => false }`;
  add(ours, `${importJoor}${open(memory)}`);
  add(oursWithToken, `${importJoor}${open(memory)}${read}`);
  add(
    oursFromFile,
    `${importJoor}${importFiles}${open(`fileStore({ path: ${JSON.stringify(path)} })`)}${read}`,
  );
  for (const file of readdirSync(entries)) {
    const name = file.replace(/\.ts$/, '');
    if (name === 'auth') continue;
    const code = stripTypeScriptTypes(readFileSync(join(entries, file), 'utf8'));
    add(names[name] ?? name, `${code}open(${JSON.stringify(place)});`);
  }
  return programs;
}

function timeOf(name: string, file: string): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return performance.now() - startedAt;
}
