import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { startEmulator } from '@auth/testing/emulator';
import { describe, expect, test } from 'vitest';
import { Home } from './support/cli.js';

/** Only root can run a program as somebody else. */
const isRoot = process.getuid?.() === 0;

/** curl, run by another user of the machine. */
function asNobody(...args: readonly string[]): { readonly code: number | null; readonly stdout: string } {
  const { status, stdout } = spawnSync('runuser', ['-u', 'nobody', '--', 'curl', '-s', ...args], {
    encoding: 'utf8',
  });
  return { code: status, stdout };
}

describe.runIf(isRoot)('another user of the machine', () => {
  test('reaches neither the socket nor, without the key, the port', async () => {
    await using emulator = await startEmulator();
    using home = new Home(emulator);
    // The folder around it may be open: the socket's own is not.
    chmodSync(home.path, 0o755);
    await using onSocket = await home.listening(['proxy', 'joor']);
    const path = (onSocket.lines[0] ?? '').slice('unix:'.length);
    expect(asNobody('--unix-socket', path, 'http://localhost/joor/v4/orders').code).toBe(7);
    await using onPort = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0'], 2);
    const { stdout } = asNobody(`${onPort.lines[0]}/joor/v4/orders`);
    expect(JSON.parse(stdout)).toMatchObject({ status: 403 });
    expect(emulator.joor.ledger.apiCallsAccepted).toBe(0);
  });

  test('sees no token in the list of processes, nor the key of a proxy', async () => {
    await using emulator = await startEmulator();
    using home = new Home(emulator);
    const { stdout: token } = await home.run(['token', 'joor']);
    const look = "runuser -u nobody -- sh -c 'ps -eo args; for p in /proc/[0-9]*; do cat $p/cmdline; done'";
    const script = `echo "$AUTH_PROXY_URL"; curl -s --data-binary @- http://127.0.0.1:9 & ${look}`;
    const { stdout } = await home.run(['exec', 'joor', '--', 'sh', '-c', script]);
    const [address = '', ...seen] = stdout.split('\n');
    const key = new URL(address).pathname.slice(1);
    expect(key).toMatch(/^\w{32}$/);
    expect(seen.join()).toContain('exec');
    expect(seen.join()).not.toContain(token.trim());
    expect(seen.join()).not.toContain(key);
  });
});
