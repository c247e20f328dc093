import { hashQuickly } from '@internal/test-tools/quick-hash';
import { beforeAll, expect, test } from 'vitest';
import { type Act, actOf, acts } from '../src/acts.ts';
import { type Played, play } from '../src/play.ts';
import { type Counts, loadModules, Stage } from '../src/stage.ts';

beforeAll(loadModules);

hashQuickly();

const quickly = async (): Promise<number> => 50;

/** Plays acts one after the other and returns the last. */
async function playAll(workers: number, ...ids: readonly string[]): Promise<Played> {
  const stage = new Stage(workers);
  let last: Played | undefined;
  for (const id of ids) last = await play(stage, actOf(id) as Act, quickly);
  stage.dispose();
  return last as Played;
}

/** What the ledger counts in each act, after a first one in which everybody has got a token. */
const ledgers: Record<string, Partial<Counts>> = {
  callers: { logins: 0, refreshes: 0, accepted: 1_000 },
  expires: { logins: 0, refreshes: 1, accepted: 1_000 },
  revoked: { logins: 0, refreshes: 1, accepted: 1_000, refused: 1_000 },
  lost: { logins: 1, refreshes: 2, reused: 1, accepted: 1_000 },
  away: { logins: 0, refreshes: 1, refused: 0 },
  'slow-down': { logins: 0, refreshes: 2, refused: 0 },
  'wrong-password': { logins: 2, refreshes: 1, accepted: 1_000 },
  'wrong-client': { logins: 0, refreshes: 2, accepted: 1_000 },
  worker: { logins: 0, refreshes: 0, accepted: 100 },
  'sign-out': { logins: 0, refreshes: 0, accepted: 0 },
  'sign-in': { logins: 1, refreshes: 0, accepted: 1_000 },
};

test('every act is in the table', () => {
  expect(Object.keys(ledgers)).toEqual(acts.map(({ id }) => id));
});

test.each([1, 3, 8])('a thousand callers of %i workers without a token cause one login', async (workers) => {
  const { counts } = await playAll(workers, 'callers');
  expect(counts).toEqual({ logins: 1, refreshes: 0, reused: 0, accepted: 1_000, refused: 0 });
});

test.each(Object.entries(ledgers))('%s', async (id, counts) => {
  expect((await playAll(3, 'callers', id)).counts).toMatchObject(counts);
});

test('while the server is away, callers learn when to come again, and three tries reach for it', async () => {
  const { recording, said } = await playAll(3, 'callers', 'away');
  const tries = recording.spans.filter(({ outcome }) => outcome === 'unreachable');
  expect(tries.length).toBe(3);
  expect(said).toContain('3 tries did not reach it');
});

test('after a sign-out every caller is told so', async () => {
  const { said } = await playAll(3, 'callers', 'sign-out');
  expect(said).toMatch(/^0 of 1,000 calls were answered, 1,000 failed with signed_out\./);
});

test('all acts in a row, twice, leave the sessions in working order', { tags: ['longest'] }, async () => {
  const ids = acts.map(({ id }) => id);
  const { counts } = await playAll(3, ...ids, ...ids, 'expires');
  expect(counts).toMatchObject({ logins: 0, refreshes: 1, accepted: 1_000 });
});

test('a stage has room for eight workers', async () => {
  const stage = new Stage(7);
  for (let more = 0; more < 3; more++) stage.addWorker();
  expect(stage.workers.length).toBe(8);
  stage.dispose();
});
