/** One cycle of a store as in an exchange (lock, read, save, release) against the same steps by hand. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { redisStore } from '@auth/store-redis';
import { startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { sendByHand } from '../by-hand/redis-rotation.ts';
import { recordFileCalls } from '../file-calls.ts';
import { median } from '../measure.ts';
import { recordCommands } from '../redis-commands.ts';
import { atMost, type CaseResult, round } from '../result.ts';

const rounds = 15;
const cycles = 20;
const key = 'account';
const value = JSON.stringify({
  v: 1,
  tokens: { accessToken: 'x'.repeat(1_000), refreshToken: 'y'.repeat(600) },
});
let writes = 0;

export async function run(): Promise<CaseResult[]> {
  return [await files(), await redis()];
}

async function cycle(store: TokenStore): Promise<void> {
  const lease = await store.lock?.(key, { signal: AbortSignal.timeout(10_000) });
  const standing = await store.get(key);
  if (lease?.held() !== true) throw new Error('the lease was lost');
  if (!(await store.compareAndSet(key, standing?.id, { id: `id-${++writes}`, value }))) {
    throw new Error('somebody else has written');
  }
  await lease.release();
}

async function files(): Promise<CaseResult> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const [real, recorded, replayed] = ['real', 'recorded', 'replayed'].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    const recorder = recordFileCalls();
    // This store's calls are recorded; the store opened after `stop` is the one that is timed.
    const { fileStore } = await import('@auth/store-file');
    const store = fileStore({ directory: recorded });
    for (let count = 0; count < 5; count++) await cycle(store);
    cpSync(recorded, replayed, { recursive: true });
    const calls = await recorder.during(async () => {
      for (let count = 0; count < rounds * cycles; count++) await cycle(store);
    });
    recorder.stop();
    const fast = fileStore({ directory: real });
    for (let count = 0; count < 5; count++) await cycle(fast);
    const replay = recorder.replayOf(calls, recorded, replayed);
    const samples = { ours: [] as number[], hand: [] as number[] };
    const share = calls.length / rounds;
    for (let round = 0; round < rounds; round++) {
      samples.ours.push(
        await timed(async () => {
          for (let count = 0; count < cycles; count++) await cycle(fast);
        }),
      );
      samples.hand.push(await timed(() => replay(Math.floor((round + 1) * share))));
    }
    await store[Symbol.asyncDispose]();
    await fast[Symbol.asyncDispose]();
    const [ours, hand] = [median(samples.ours), median(samples.hand)];
    return {
      title: 'A cycle of the file store',
      about: [
        `Take the lock, read, save durably, give the lock back. By hand: the same ${Math.round(calls.length / (rounds * cycles))} calls of node:fs/promises a cycle, recorded from the store and made again on files of their own, with nothing around them.`,
      ],
      columns: ['ms'],
      rows: [
        { name: '@auth/store-file', isOurs: true, values: [round(ours, 3)] },
        { name: 'the same calls by hand', values: [round(hand, 3)] },
      ],
      targets: [
        atMost('file store, a cycle against the same file operations by hand', ours / hand, 1.15, '×'),
      ],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function redis(): Promise<CaseResult> {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const recording = client.duplicate();
  const recorder = recordCommands(recording);
  const recorded = redisStore({ client: recording, prefix: 'recorded:' });
  await cycle(recorded);
  const commands = await recorder.during(async () => {
    for (let count = 0; count < rounds * cycles; count++) await cycle(recorded);
  });
  const store = redisStore({ client });
  for (let count = 0; count < cycles; count++) await cycle(store);
  const samples = { ours: [] as number[], hand: [] as number[] };
  const share = commands.length / rounds;
  for (let round = 0; round < rounds; round++) {
    samples.ours.push(
      await timed(async () => {
        for (let count = 0; count < cycles; count++) await cycle(store);
      }),
    );
    samples.hand.push(
      await timed(() => sendByHand(client as never, commands.slice(round * share, (round + 1) * share))),
    );
  }
  await recorded[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  for (const each of [client, recording]) each.disconnect();
  const [ours, hand] = [median(samples.ours), median(samples.hand)];
  const trips = commands.length / (rounds * cycles);
  return {
    title: 'A cycle of the Redis store',
    about: ['The same on a Redis on loopback, by ioredis. By hand: the same commands, one after the other.'],
    columns: ['ms', 'round trips'],
    rows: [
      { name: '@auth/store-redis', isOurs: true, values: [round(ours, 3), trips] },
      { name: 'the same commands by hand', values: [round(hand, 3), trips] },
    ],
    targets: [
      atMost('Redis store, round trips of a cycle', trips, 5, '', 0),
      atMost('Redis store, a cycle against the bare commands', ours / hand, 1.15, '×'),
    ],
  };
}

/** Milliseconds for one cycle. */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / cycles;
}
