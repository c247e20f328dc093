import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Home } from './support/cli.js';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();

describe('auth exec', () => {
  test('gives the command a token and a proxy, and ends as the command does', async () => {
    const script =
      'printf "%s " "$(printf %s "$AUTH_TOKEN" | wc -c)"; curl -s "$AUTH_PROXY_URL/joor/v4/orders"; exit 7';
    const ended = await scene.home.run(['exec', 'joor', '--', 'sh', '-c', script]);
    expect(ended).toMatchObject({ code: 7, stderr: '' });
    expect(ended.stdout).toMatch(/^\d{2,} \{"vendor":"joor"/);
  });

  test('wget and Python need only the address', async () => {
    const fetchAll = [
      'wget -q -O - "$AUTH_PROXY_URL/joor/v4/orders"',
      "python3 -c \"import os, urllib.request as r; print(r.urlopen(os.environ['AUTH_PROXY_URL'] + '/joor/v4/orders').read().decode())\"",
    ].join(' && ');
    const { stdout, code } = await scene.home.run(['exec', 'joor', '--', 'sh', '-c', fetchAll]);
    expect(code).toBe(0);
    expect(stdout.match(/"vendor":"joor"/g)?.length).toBe(2);
  });

  test.each(['INT', 'TERM', 'HUP', 'QUIT', 'USR1', 'USR2', 'ALRM'])(
    'SIG%s goes to the command, and opens no debugger',
    async (name) => {
      const script = `trap 'echo heard; exit 0' ${name}; kill -${name} $PPID; while :; do sleep 0.1; done`;
      const ended = await scene.home.run(['exec', 'joor', '--', 'sh', '-c', script]);
      expect(ended).toEqual({ code: 0, stdout: 'heard\n', stderr: '' });
    },
  );

  test('ends with the command, also where the API keeps a connection that the command has opened', async () => {
    const api = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
      );
    });
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const open = `require('http').get(process.env.AUTH_PROXY_URL, { headers: { connection: 'Upgrade', upgrade: 'websocket' } }).on('upgrade', () => process.exit(3))`;
    const ended = await scene.home.run(
      ['exec', 'joor', '--target', origin, '--', process.execPath, '-e', open],
      { env: { JOOR_ALLOWED_ORIGINS: origin } },
    );
    expect(ended).toMatchObject({ code: 3, stderr: '' });
    api.close();
  });

  test('the secrets of an --env-file stay with the program', async () => {
    const file = join(scene.home.path, '.env');
    const { JOOR_PASSWORD, ...rest } = scene.home.env;
    writeFileSync(file, `JOOR_PASSWORD=${JOOR_PASSWORD}\n`);
    using bare = new Home(undefined, rest);
    const ended = await bare.run([
      'exec',
      '--env-file',
      file,
      'joor',
      '--',
      'sh',
      '-c',
      'echo "$AUTH_TOKEN$JOOR_PASSWORD"',
    ]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^[\w.-]+\n$/);
    expect(ended.stdout).not.toContain(JOOR_PASSWORD);
  });

  test('what fails before the command has the codes of shells', async () => {
    const file = join(scene.home.path, 'no-program');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    expect((await scene.home.run(['exec', 'joor', '--', 'not-a-command'])).code).toBe(127);
    expect((await scene.home.run(['exec', 'joor', '--', file])).code).toBe(126);
    expect((await scene.home.run(['exec', 'joor', '--', join(file, 'below')])).code).toBe(126);
    expect((await scene.home.run(['exec', 'nobody', '--', 'true'])).code).toBe(125);
    expect(
      (await scene.home.run(['exec', 'joor', '--', 'true'], { env: { JOOR_PASSWORD: 'wrong' } })).code,
    ).toBe(0);
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s during the login is not the loss of its tokens',
    async (signal) => {
      const { joor } = scene.emulator;
      joor.set({ delayAfterCommitMs: 500 });
      // With several origins there is no proxy, and the command would follow the token at once.
      const env = { ...scene.home.env, JOOR_ALLOWED_ORIGINS: 'https://a.example https://b.example' };
      const program = scene.home.start(['exec', 'joor', '--', 'echo', 'it ran'], { env });
      const said: unknown[] = [];
      program.stdout?.on('data', (data) => said.push(data));
      await vi.waitFor(() => expect(joor.ledger.logins).toBe(1), 5_000);
      program.kill(signal);
      const code = await new Promise((resolve) => program.once('close', resolve));
      expect({ code, said }).toEqual({ code: 128 + constants.signals[signal], said: [] });
      expect((await scene.home.run(['token', 'joor'])).code).toBe(0);
      expect(joor.ledger.logins).toBe(1);
    },
  );

  test('a signal goes to the command', async () => {
    const program = scene.home.start([
      'exec',
      'joor',
      '--',
      'sh',
      '-c',
      'trap "exit 9" TERM; echo ready; sleep 5 & wait',
    ]);
    await new Promise((resolve) => program.stdout?.once('data', resolve));
    program.kill('SIGTERM');
    const code = await new Promise((resolve) => program.once('exit', resolve));
    expect(code).toBe(9);
  });
});
