import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { startEmulator } from '@auth/testing/emulator';
import { expect, test, vi } from 'vitest';
import { Home } from './support/cli.js';

test('no secret is printed, whatever goes wrong', async () => {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  const { clientSecret } = emulator.joor.options;
  const password = 'a-password-that-is-looked-for';
  emulator.joor.addAccount('eve@example.com', 'another');
  const env = { JOOR_USERNAME: 'eve@example.com', JOOR_PASSWORD: password };
  const ended = await Promise.all(
    [
      ['token', 'joor'],
      ['token', 'joor', '--json'],
      ['status'],
      ['status', '--json'],
      ['doctor', 'joor', '--try'],
      ['curl', 'joor', emulator.joor.apiUrl],
      ['exec', 'joor', '--', 'true'],
    ].map((args) => home.run(args, { env })),
  );
  const printed = ended.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expect(printed).toContain('the server refused the credentials');
  expect(printed).not.toContain(password);
  expect(printed).not.toContain(clientSecret);
});

/** What every user, or this one, can read of a process and of those that it has started. */
function readable(pid: number | undefined): string {
  const folder = `/proc/${pid}`;
  const children = readFileSync(`${folder}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const files = ['cmdline', 'environ', 'comm', 'status'].map((name) =>
    readFileSync(`${folder}/${name}`, 'utf8'),
  );
  return [...files, ...children.map((child) => readable(Number(child)))].join('\n');
}

test.runIf(process.platform === 'linux')(
  'no token stands in the arguments, the environment or the title of a process',
  async () => {
    const called = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    await using emulator = await startEmulator({
      api: {
        joor: () => {
          called.resolve();
          return answer.promise;
        },
      },
    });
    using home = new Home(emulator);
    const token = (await home.run(['token', 'joor'])).stdout.trim();
    await using proxy = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0'], 2);
    await using serve = await home.listening(['serve']);
    const curl = home.start(['curl', 'joor', emulator.joor.apiUrl]);
    await called.promise;
    const programs: readonly ChildProcess[] = [proxy.program, serve.program, curl];
    const text = programs.map(({ pid }) => readable(pid)).join('\n');
    const key = proxy.lines[1]?.split(': ')[1] ?? '';
    expect(text).toContain('--dump-header');
    expect([text.includes(token), text.includes(key), key.length]).toEqual([false, false, 32]);
    answer.resolve(Response.json({}));
    await vi.waitFor(() => expect(curl.exitCode).toBe(0), 5_000);
  },
);
