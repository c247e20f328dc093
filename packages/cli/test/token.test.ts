import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { AuthSession } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { fileStore } from '@auth/store-file';
import { describe, expect, test, vi } from 'vitest';
import { bin, Home } from './support/cli.js';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();

describe('auth token', () => {
  test('prints the token alone, and the next call finds it in the store', async () => {
    const first = await scene.home.run(['token', 'joor']);
    const second = await scene.home.run(['token', 'joor']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^[\w.-]+\n$/);
    expect(second).toEqual(first);
    expect(scene.emulator.joor.ledger.logins).toBe(1);
  });

  test('--json tells its life, and --credential exec what plugins read', async () => {
    const json = JSON.parse((await scene.home.run(['token', 'joor', '--json'])).stdout);
    expect(json).toEqual({
      token: expect.any(String),
      type: 'Bearer',
      expiresAt: expect.stringMatching(/Z$/),
      remainingSeconds: expect.any(Number),
    });
    expect(json.remainingSeconds).toBeGreaterThan(35_000);
    const credential = JSON.parse((await scene.home.run(['token', 'joor', '--credential', 'exec'])).stdout);
    expect(credential).toMatchObject({
      kind: 'ExecCredential',
      status: { token: json.token, expirationTimestamp: json.expiresAt },
    });
  });

  test('--force fetches another, --min-valid beyond the life does not fetch with every call', async () => {
    await scene.home.run(['token', 'joor']);
    await scene.home.run(['token', 'joor', '--force']);
    expect(scene.emulator.joor.ledger.logins).toBe(2);
    for (let call = 0; call < 5; call++) {
      const { stderr } = await scene.home.run(['token', 'joor', '--min-valid', '90h']);
      expect(stderr).toMatch(/^auth: --min-valid: the server gives less; the token lives \d+ h \d+ min\n$/);
    }
    expect(scene.emulator.joor.ledger.logins).toBe(2);
  });

  test('without a password a person must sign in', async () => {
    const { JOOR_PASSWORD: password = '', ...env } = scene.home.env;
    using bare = new Home(undefined, env);
    const ended = await bare.run(['token', 'joor']);
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toContain('in a shell: auth login');
    await bare.run(['login', 'joor'], { input: password });
    expect((await bare.run(['token', 'joor'])).code).toBe(0);
  });

  /** The account's token has come to its end. */
  const leaveExpiredToken = async (): Promise<void> => {
    const { joor } = scene.emulator;
    const { accessTokenLifetimeMs } = joor.settings;
    joor.set({ accessTokenLifetimeMs: 1_000 });
    await scene.home.run(['token', 'joor']);
    joor.set({ accessTokenLifetimeMs });
    await setTimeout(1_000);
    joor.ledger.clear();
  };

  const atOnce = async (count: number): Promise<void> => {
    await leaveExpiredToken();
    const ended = await Promise.all(Array.from({ length: count }, () => scene.home.run(['token', 'joor'])));
    expect(new Set(ended.map(({ stdout, code }) => `${code} ${stdout}`)).size).toBe(1);
    expect(scene.emulator.joor.ledger.logins).toBe(1);
  };

  /** A program in the same home, with the store that the command line uses. */
  const programBeside = (): AuthSession<unknown> => {
    const directory = join(scene.home.path, '.local', 'state', 'auth-tokens');
    return createJoorAuth({ ...scene.emulator.joor.options, store: fileStore({ directory }) });
  };

  const besideAProgram = async (count: number): Promise<void> => {
    await leaveExpiredToken();
    await using session = programBeside();
    const beside = session.getTokens();
    const ended = await Promise.all(Array.from({ length: count }, () => scene.home.run(['token', 'joor'])));
    const { accessToken } = await beside;
    expect(new Set(ended.map(({ stdout }) => stdout))).toEqual(new Set([`${accessToken}\n`]));
    expect(scene.emulator.joor.ledger.logins).toBe(1);
  };

  /** The server has made the tokens, and the process that asked for them is no more. */
  const afterAKill = async (count: number): Promise<void> => {
    const { joor } = scene.emulator;
    joor.set({ delayAfterCommitMs: 60_000 });
    const killed = scene.home.start(['token', 'joor']);
    await vi.waitFor(() => expect(joor.ledger.logins).toBe(1), 5_000);
    killed.kill('SIGKILL');
    joor.set({ delayAfterCommitMs: 0 });
    const ended = await Promise.all(Array.from({ length: count }, () => scene.home.run(['token', 'joor'])));
    expect(new Set(ended.map(({ stdout, code }) => `${code} ${stdout}`)).size).toBe(1);
    expect(ended[0]?.code).toBe(0);
    expect(joor.ledger.logins).toBe(2);
  };

  test('six at once make one exchange', () => atOnce(6));
  test('four and a running program make one exchange', () => besideAProgram(4));
  test('four go on after one that was killed amid its exchange', { timeout: 60_000 }, () => afterAKill(4));
  describe('fifty', { tags: ['long'], timeout: 90_000 }, () => {
    test('at once make one exchange', () => atOnce(50));
    test('and a running program make one exchange', () => besideAProgram(50));
    test('go on after one that was killed amid its exchange', () => afterAKill(50));
  });
});

describe('exit codes', () => {
  test.each([
    ['a wrong password, then nothing is sent', ['token', 'joor'], { JOOR_PASSWORD: 'mistyped' }, 4],
    ['a wrong client', ['token', 'joor'], { JOOR_CLIENT_SECRET: 'wrong' }, 4],
    ['no password', ['token', 'joor'], { JOOR_PASSWORD: '' }, 3],
    ['a port that there is not', ['serve', '--listen', '127.0.0.1:99999'], {}, 2],
    ['an unknown account', ['token', 'nobody'], {}, 2],
    ['an unknown command', ['tokens', 'joor'], {}, 2],
    ['a command with options and no --', ['exec', 'joor', 'sh', '-c', 'true'], {}, 125],
    ['a time that is none', ['token', 'joor', '--min-valid', 'soon'], {}, 2],
    ['a server that is away', ['token', 'joor'], { JOOR_BASE_URL: 'http://127.0.0.1:9/auth/' }, 6],
    ['an origin that may not see the token', ['headers', 'joor', 'https://elsewhere.example/'], {}, 2],
  ])('%s', async (_, args, env, code) => {
    const ended = await scene.home.run(args, { env });
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^auth: .+\n/);
  });

  test('output that cannot be written', async () => {
    const script = `'${process.execPath}' -- '${bin}' token joor > /dev/full`;
    const program = spawn('sh', ['-c', script], { env: scene.home.env });
    const [stderr, [code]] = await Promise.all([text(program.stderr), once(program, 'close')]);
    expect([code, stderr]).toEqual([6, 'auth: standard output: ENOSPC\n']);
  });

  test('whoever reads is gone', async () => {
    const program = spawn(process.execPath, ['--', bin, 'token', 'joor'], { env: scene.home.env });
    program.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(program.stderr), once(program, 'close')]);
    expect([code, stderr]).toEqual([141, '']);
  });

  test('a pause that the server asks for', async () => {
    scene.emulator.joor.answerNext({ status: 429, headers: { 'retry-after': '60' } });
    const ended = await scene.home.run(['token', 'joor']);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/; not before \d{4}-.*Z\n$/);
  });

  test('a person must sign in after a sign-out by another program', async () => {
    await scene.home.run(['token', 'joor']);
    const out = await scene.home.run(['logout', 'joor']);
    expect(out).toMatchObject({ code: 0, stdout: '' });
    expect((await scene.home.run(['status', 'joor'])).stdout).toContain('joor  signed out');
  });
});
