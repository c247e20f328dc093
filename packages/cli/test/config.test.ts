import { appendFileSync, chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { Home } from './support/cli.js';

const packages = fileURLToPath(new URL('../../', import.meta.url));

/** Accounts by absolute paths, because a home has no node_modules. */
const config = (name: string): string => `
import { createJoorAuth, joorFromEnv } from '${packages}joor/dist/index.js';
import { fileStore } from '${packages}store-file/dist/index.js';
type Name = string;
const name: Name = '${name}';
export default { [name]: () => createJoorAuth({ ...joorFromEnv(), store: fileStore() }) };
`;

function written(home: Home, folder: string, name: string): string {
  mkdirSync(join(home.path, folder), { recursive: true, mode: 0o700 });
  const path = join(home.path, folder, 'auth.config.ts');
  writeFileSync(path, config(name), { mode: 0o600 });
  return path;
}

test('a configuration in TypeScript names the accounts, and is told of once', async () => {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  const path = written(home, 'project', 'orders');
  const first = await home.run(['token', 'orders', '--config', path]);
  expect(first).toMatchObject({ code: 0, stderr: `auth: accounts are those of ${path}\n` });
  expect(await home.run(['token', 'orders'], { env: { AUTH_CONFIG: path } })).toMatchObject({
    code: 0,
    stderr: '',
    stdout: first.stdout,
  });
  expect(emulator.joor.ledger.logins).toBe(1);
});

test('without a terminal only status, login and exec look around; the user’s own folder is always looked at', async () => {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  written(home, 'project', 'orders');
  const cwd = join(home.path, 'project');
  expect((await home.run(['list'], { cwd })).stdout).toBe('joor\n');
  expect((await home.run(['status'], { cwd })).stdout).toMatch(/^orders /);
  expect((await home.run(['exec', 'orders', '--', 'true'], { cwd })).code).toBe(0);
  written(home, '.config/auth-cli', 'mine');
  expect((await home.run(['list'], { cwd: home.path })).stdout).toBe('mine\n');
});

test('the search ends at the repository’s root', async () => {
  using home = new Home(undefined, { JOOR_USERNAME: 'ada' });
  written(home, '', 'above');
  mkdirSync(join(home.path, 'repository', '.git'), { recursive: true });
  mkdirSync(join(home.path, 'repository', 'deep'));
  const { stdout } = await home.run(['status'], { cwd: join(home.path, 'repository', 'deep') });
  expect(stdout).toMatch(/^joor/);
});

test('what others can write is not run', async () => {
  using home = new Home();
  const path = written(home, 'project', 'orders');
  chmodSync(path, 0o666);
  const ended = await home.run(['token', 'orders', '--config', path]);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain('can be written by others');
  chmodSync(path, 0o600);
  chmodSync(join(home.path, 'project'), 0o777);
  expect((await home.run(['token', 'orders', '--config', path])).code).toBe(2);
});

test('a folder further up, or one with a link to the file, must not be writable by others either', async () => {
  using home = new Home();
  const path = written(home, 'shared/project', 'orders');
  chmodSync(join(home.path, 'shared'), 0o777);
  const below = await home.run(['token', 'orders', '--config', path]);
  expect(below.stderr).toContain(`${home.path}/shared can be written by others`);
  chmodSync(join(home.path, 'shared'), 0o700);
  mkdirSync(join(home.path, 'links'));
  symlinkSync(path, join(home.path, 'links/auth.config.ts'));
  chmodSync(join(home.path, 'links'), 0o777);
  const linked = await home.run(['status'], { cwd: join(home.path, 'links') });
  expect(linked).toMatchObject({ code: 2, stdout: '' });
  expect(linked.stderr).toContain(`${home.path}/links can be written by others`);
  mkdirSync(join(home.path, 'own'));
  symlinkSync('../links/folder/auth.config.ts', join(home.path, 'own/auth.config.ts'));
  symlinkSync('../shared/project', join(home.path, 'links/folder'));
  const onTheWay = await home.run(['status'], { cwd: join(home.path, 'own') });
  expect(onTheWay.stderr).toContain(`${home.path}/links can be written by others`);
  chmodSync(join(home.path, 'links'), 0o700);
  expect((await home.run(['status'], { cwd: join(home.path, 'own') })).stdout).toMatch(/^orders\n/);
});

test('an account that opens no session is a mistake that names it', async () => {
  using home = new Home();
  const path = written(home, 'project', 'orders');
  writeFileSync(path, 'export default { orders: () => ({}) };');
  const ended = await home.run(['token', 'orders', '--config', path]);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`${path}: orders: expected a function that returns a session`);
});

test('what a configuration prints is not taken for the answer', async () => {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  const path = written(home, 'project', 'orders');
  appendFileSync(path, 'console.log("loaded");');
  const ended = await home.run(['token', 'orders', '--config', path]);
  expect(ended.stderr).toContain('loaded');
  expect(ended.stdout).not.toContain('loaded');
});

test('a configuration that fails is a mistake that names it', async () => {
  using home = new Home();
  const path = written(home, 'project', 'orders');
  writeFileSync(path, 'throw new Error("no such thing");');
  const ended = await home.run(['token', 'orders', '--config', path]);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`${path}: no such thing`);
});

test('an account whose function throws is a mistake that names it', async () => {
  using home = new Home();
  const path = written(home, 'project', 'orders');
  for (const [thrown, told] of [
    ['new Error("SIMACAN_PASSWORD is not set")', 'SIMACAN_PASSWORD is not set'],
    ['undefined', 'orders: '],
  ] as const) {
    writeFileSync(path, `export default { orders: () => { throw ${thrown}; } };`);
    const ended = await home.run(['token', 'orders', '--config', path]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(told);
    expect(ended.stderr).not.toContain('    at ');
  }
});

test('a home that cannot be written, and a runtime folder that is not there, cost nothing', async () => {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  const path = written(home, 'project', 'orders');
  const env = { XDG_DATA_HOME: '/dev/null/data', XDG_RUNTIME_DIR: '/run/user/none-of-that-id' };
  const ended = await home.run(['token', 'orders', '--config', path], { env });
  expect(ended.code).toBe(0);
  expect((await home.run(['curl', 'joor', emulator.joor.apiUrl], { env })).code).toBe(0);
});

test('variables come from a file', async () => {
  await using emulator = await startEmulator();
  using full = new Home(emulator);
  using home = new Home();
  const names = Object.entries(full.env).filter(([name]) => name.startsWith('JOOR_'));
  writeFileSync(join(home.path, '.env'), names.map(([name, value]) => `${name}=${value}\n`).join(''));
  expect((await home.run(['token', 'joor', '--env-file', '.env'])).code).toBe(0);
  expect((await home.run(['token', 'joor', '--env-file', 'missing'])).code).toBe(2);
});
