/** One cycle of a store as in an exchange (lock, read, save, release) against the same steps by hand. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { postgresStore } from '@auth/store-postgres';
import { redisStore } from '@auth/store-redis';
import { startPostgres, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { sendByHand } from '../by-hand/redis-rotation.ts';
import { recordFileCalls } from '../file-calls.ts';
import { median } from '../measure.ts';
import { recordCommands } from '../redis-commands.ts';
import { atMost, type CaseResult, round } from '../result.ts';

const rounds = 15;
/** More than for a server on loopback, because a disk's times vary more. */
const fileRounds = 60;
const cycles = 20;
const key = 'account';
const value = JSON.stringify({
  v: 1,
  tokens: { accessToken: 'x'.repeat(1_000), refreshToken: 'y'.repeat(600) },
});
let writes = 0;
const { signal } = new AbortController();

export async function run(): Promise<CaseResult[]> {
  return [await files(), await redis(), await postgres()];
}

async function cycle(store: TokenStore): Promise<void> {
  const lease = await store.lock?.(key, { signal });
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
      for (let count = 0; count < fileRounds * cycles; count++) await cycle(store);
    });
    recorder.stop();
    const fast = fileStore({ directory: real });
    for (let count = 0; count < 5; count++) await cycle(fast);
    const replay = recorder.replayOf(calls, recorded, replayed);
    const samples = { ours: [] as number[], hand: [] as number[] };
    const share = calls.length / fileRounds;
    for (let round = 0; round < fileRounds; round++) {
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
        `Take the lock, read, save durably, give the lock back. By hand: the same ${Math.round(calls.length / (fileRounds * cycles))} calls of node:fs/promises a cycle, recorded from the store and made again on files of their own, one after the other, with nothing around them; the store makes some side by side.`,
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
  // What is made again finds records as they were found: the first cycle of both is one without a record.
  await cycle(redisStore({ client: recording, prefix: 'first:' }));
  const recorded = redisStore({ client: recording, prefix: 'recorded:' });
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

async function postgres(): Promise<CaseResult> {
  await using server = await startPostgres();
  const client = new Client(server.url);
  await client.connect();
  await client.query('CREATE DATABASE by_hand');
  const byHand = new Client(server.url.replace(/postgres$/, 'by_hand'));
  await byHand.connect();
  const statements: [text: string, values: unknown[] | undefined][] = [];
  const recording = {
    query(text: string, values?: unknown[]) {
      statements.push([text, values]);
      return client.query(text, values);
    },
  };
  const store = postgresStore({ client: recording });
  await store.migrate();
  for (let count = 0; count < cycles; count++) await cycle(store);
  const samples = { ours: [] as number[], hand: [] as number[] };
  const replay = async (): Promise<void> => {
    // The same statements in the same order find the same rows.
    for (const [text, values] of statements.splice(0)) await byHand.query(text, values);
  };
  await replay();
  let trips = 0;
  const bytesBefore = bytesOf(client);
  for (let round = 0; round < rounds; round++) {
    samples.ours.push(
      await timed(async () => {
        for (let count = 0; count < cycles; count++) await cycle(store);
      }),
    );
    trips += statements.length;
    samples.hand.push(await timed(replay));
  }
  const bytes = (bytesOf(client) - bytesBefore) / (rounds * cycles);
  await store[Symbol.asyncDispose]();
  for (const each of [client, byHand]) await each.end();
  const [ours, hand] = [median(samples.ours), median(samples.hand)];
  const perCycle = [trips / (rounds * cycles), round(bytes, 0)];
  return {
    title: 'A cycle of the PostgreSQL store',
    about: [
      `The same on a PostgreSQL on loopback, by pg, with a record of ${value.length.toLocaleString('en')} bytes. By hand: the same statements in a database of their own. Bytes: all that goes over the connection, both ways.`,
    ],
    columns: ['ms', 'round trips', 'bytes'],
    rows: [
      { name: '@auth/store-postgres', isOurs: true, values: [round(ours, 3), ...perCycle] },
      { name: 'the same statements by hand', values: [round(hand, 3), ...perCycle] },
    ],
    targets: [
      atMost('PostgreSQL store, a cycle against the same statements by hand', ours / hand, 1.15, '×'),
    ],
  };
}

function bytesOf(client: Client): number {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  return stream.bytesRead + stream.bytesWritten;
}

/** Milliseconds for one cycle. */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / cycles;
}
