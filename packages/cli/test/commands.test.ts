import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDuration, spoken } from '../src/duration.js';
import { programOf } from '../src/program.js';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();

describe('auth login', () => {
  test('reads the password from standard input, and lifts a block', async () => {
    const { password } = scene.emulator.joor.options;
    const env = { JOOR_PASSWORD: 'mistyped' };
    expect((await scene.home.run(['token', 'joor'], { env })).code).toBe(4);
    expect((await scene.home.run(['login', 'joor'], { env, input: 'mistyped too\n' })).code).toBe(4);
    const ended = await scene.home.run(['login', 'joor'], { env, input: `${password}\n` });
    expect(ended).toEqual({ code: 0, stdout: '', stderr: 'Signed in to joor.\n' });
    expect((await scene.home.run(['token', 'joor'], { env })).code).toBe(0);
    expect((await scene.home.run(['login', 'joor'])).code).toBe(2);
  });
});

describe('auth status', () => {
  test('shows state, life and blocks, and sends nothing', async () => {
    expect((await scene.home.run(['status'])).stdout).toBe('joor  idle\n');
    await scene.home.run(['token', 'joor']);
    expect((await scene.home.run(['status'])).stdout).toMatch(
      /^joor {2}signed in\n {2}█{20} expires in (10 h 0|9 h 59) min\n$/,
    );
    const env = { JOOR_USERNAME: 'eve' };
    await scene.home.run(['token', 'joor'], { env });
    const { stdout } = await scene.home.run(['status'], { env });
    expect(stdout).toMatch(/login blocked\n {2}blocked since .+Z/);
    expect(stdout).toContain('last failure');
    const [row] = JSON.parse((await scene.home.run(['status', '--json'])).stdout);
    expect(row).toMatchObject({ account: 'joor', status: { state: 'signed_in' } });
    expect(scene.emulator.joor.ledger.logins).toBe(2);
  });
});

test('logout --forget without the keychain is a mistake, and signs nobody out', async () => {
  await scene.home.run(['token', 'joor']);
  expect((await scene.home.run(['logout', 'joor', '--forget'])).code).toBe(2);
  expect((await scene.home.run(['status'])).stdout).toContain('joor  signed in');
});

test.each(['headers', 'curl'])(
  '%s takes only a URL, and says so as of a mistake in the call',
  async (command) => {
    expect(await scene.home.run([command, 'joor', 'notaurl'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('notaurl: expected a URL'),
    });
  },
);

test('an account that does not exist is a mistake, for status too', async () => {
  expect((await scene.home.run(['status', 'constructor'])).code).toBe(2);
});

describe('auth doctor', () => {
  test('finds nothing wrong, and logs in once where it is to try', async () => {
    const ended = await scene.home.run(['doctor', 'joor']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout.split('\n').every((line) => line === '' || line.startsWith('ok'))).toBe(true);
    expect(ended.stdout).toContain('records can be locked and written');
    expect(scene.emulator.joor.ledger.logins).toBe(0);
    expect((await scene.home.run(['doctor', 'joor', '--try'])).stdout).toContain('login          works');
    expect(scene.emulator.joor.ledger.logins).toBe(1);
  });

  test('names what is wrong', async () => {
    const away = await scene.home.run(['doctor', 'joor'], {
      env: { JOOR_BASE_URL: 'http://127.0.0.1:9/auth/' },
    });
    expect(away.code).toBe(6);
    expect(away.stdout).toContain('!!  connection');
    const folder = join(scene.home.path, '.local/state/auth-tokens');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(dirname(folder), { recursive: true });
    writeFileSync(folder, 'in the way of the folder');
    const unwritable = await scene.home.run(['doctor', 'joor']);
    expect(unwritable.code).toBe(7);
    expect(unwritable.stdout).toContain('!!  writing');
    rmSync(folder);
    const wrong = await scene.home.run(['doctor', 'joor', '--try'], { env: { JOOR_PASSWORD: 'mistyped' } });
    expect(wrong.code).toBe(4);
    expect(wrong.stdout).toContain('!!  login');
    const blocked = await scene.home.run(['doctor', 'joor'], { env: { JOOR_PASSWORD: 'mistyped' } });
    expect(blocked.code).toBe(4);
    expect(blocked.stdout).toContain('!!  account');
    expect((await scene.home.run(['doctor', 'joor', '--try'])).code).toBe(0);
    await scene.home.run(['logout', 'joor']);
    expect((await scene.home.run(['doctor', 'joor'])).code).toBe(3);
    expect(await scene.home.run(['doctor', 'nobody'])).toMatchObject({ code: 2 });
  });
});

describe('completions', () => {
  const commands = programOf().commands.map((command) => command.name());

  test('bash completes commands and accounts', async () => {
    const { stdout: script } = await scene.home.run(['completion', 'bash']);
    const completed = (words: string, at: number): string[] =>
      execFileSync('bash', [
        '-c',
        `${script}\nauth() { echo joor; }\nCOMP_WORDS=(${words}) COMP_CWORD=${at}; _auth; echo "\${COMPREPLY[@]}"`,
      ])
        .toString()
        .trim()
        .split(' ');
    expect(completed('auth ""', 1)).toEqual(commands);
    expect(completed('auth tok', 1)).toEqual(['token']);
    expect(completed('auth token jo', 2)).toEqual(['joor']);
    expect(completed('auth token joor --min', 3)).toEqual(['--min-valid']);
  });

  test.each(['bash', 'zsh', 'fish'])(
    '%s runs no configuration of the folder that it is in',
    async (shell) => {
      const { stdout } = await scene.home.run(['completion', shell]);
      expect(stdout).toContain('auth list </dev/null 2>/dev/null');
    },
  );

  test.each(['zsh', 'fish'])('%s has every command', async (shell) => {
    const { stdout } = await scene.home.run(['completion', shell]);
    expect(commands.filter((name) => !stdout.includes(name))).toEqual([]);
  });

  test('another shell is a mistake', async () => {
    expect((await scene.home.run(['completion', 'tcsh'])).code).toBe(2);
  });
});

test('every command has help with an example, on standard output', async () => {
  const { code, stdout } = await scene.home.run(['token', '--help']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Example')]);
  const written: string[] = [];
  const program = programOf().configureOutput({ writeOut: (text) => written.push(text) });
  for (const command of program.commands) {
    command.copyInheritedSettings(program).outputHelp();
    expect([command.name(), written.join('').includes('Example')]).toEqual([command.name(), true]);
    written.length = 0;
  }
});

test.each([
  ['90s', 90_000, '1 min'],
  ['15m', 900_000, '15 min'],
  ['2h', 7_200_000, '2 h 0 min'],
])('%s', (text, durationMs, words) => {
  expect([parseDuration(text), spoken(durationMs)]).toEqual([durationMs, words]);
});
