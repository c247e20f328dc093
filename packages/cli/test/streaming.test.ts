import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { Home } from './support/cli.js';

const gibibyte = 1024 ** 3;
const chunk = Buffer.alloc(1024 * 1024, 'x');

/** A gibibyte, made as it is read. */
function gibibyteOf(): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < gibibyte; sent += chunk.length) yield chunk;
    })(),
  );
}

/** Counts what it is given. */
class Counter extends Writable {
  bytes = 0;

  override _write(data: Buffer, _: BufferEncoding, done: () => void): void {
    this.bytes += data.length;
    done();
  }
}

test('a gibibyte goes up and comes down in constant memory', {
  tags: ['long'],
  timeout: 120_000,
}, async () => {
  const received = new Counter();
  const api = createServer(async (request, response) => {
    await pipeline(request, received);
    await pipeline(gibibyteOf(), response);
  });
  await once(api.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  await using emulator = await startEmulator();
  using home = new Home(emulator, { JOOR_ALLOWED_ORIGINS: origin });
  await using proxy = await home.listening(['proxy', 'joor', '--target', origin]);
  const socketPath = (proxy.lines[0] ?? '').slice('unix:'.length);
  const outgoing = httpRequest({ socketPath, path: '/upload', method: 'POST' });
  const answered = once(outgoing, 'response');
  await pipeline(gibibyteOf(), outgoing);
  const [incoming] = await answered;
  const back = new Counter();
  await pipeline(incoming, back);
  expect([received.bytes, back.bytes]).toEqual([gibibyte, gibibyte]);
  const [, peakKiB] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${proxy.program.pid}/status`, 'utf8')) ?? [];
  expect(Number(peakKiB) / 1024).toBeLessThan(250);
  api.close();
});
