import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OneCall } from './programs/one-call.ts';

const program = fileURLToPath(new URL('programs/one-call.ts', import.meta.url));
/** The emulator's tokens live for an hour: then the set is due, and an hour later it is over. */
const dueMs = 55 * 60_000;
const overMs = 61 * 60_000;

let emulator: RunningEmulator;
let directory: string;
beforeEach(async () => {
  emulator = await startEmulator();
  directory = mkdtempSync(join(tmpdir(), 'short-lived-'));
});
afterEach(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true });
});

function start(aheadMs: number) {
  const call: OneCall = { account: emulator.jwtLogin.options, directory, aheadMs };
  return fork(program, [JSON.stringify(call)], { stdio: 'inherit' });
}

async function runOnce(aheadMs: number): Promise<number> {
  const [code] = (await once(start(aheadMs), 'exit')) as [number];
  return code;
}

const outcomes = (): string[] =>
  emulator.jwtLogin.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);

describe('a program of one call', () => {
  test('that finds its set due refreshes it, and loses nothing by process.exit() right after the call', {
    tags: ['fault-110'],
  }, async () => {
    expect(await runOnce(0)).toBe(0);
    expect(await runOnce(dueMs)).toBe(0);
    expect(outcomes()).toEqual(['login issued', 'refresh issued']);
    // Its successor uses the tokens that it saved.
    expect(await runOnce(dueMs)).toBe(0);
    expect(outcomes()).toHaveLength(2);
  });

  test('eight at once: one refresh', { tags: ['fault-110'], timeout: 60_000 }, async () => {
    await runOnce(0);
    await Promise.all(Array.from({ length: 8 }, () => runOnce(dueMs)));
    expect(outcomes()).toEqual(['login issued', 'refresh issued']);
  });
});

test('a program that gets SIGTERM during a refresh closes its session, and its next start needs no login', {
  tags: ['fault-112'],
}, async () => {
  await runOnce(0);
  emulator.jwtLogin.set({ delayBeforeCommitMs: 1_000 });
  const started = start(overMs);
  const ended = once(started, 'exit');
  await once(started, 'message');
  started.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  emulator.jwtLogin.set({ delayBeforeCommitMs: 0 });
  expect(await runOnce(overMs)).toBe(0);
  expect(outcomes()).toEqual(['login issued', 'refresh issued']);
});
