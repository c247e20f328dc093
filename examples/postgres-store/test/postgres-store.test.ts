import { createJwtLoginAuth } from '@auth/jwt-login';
import { tokenStoreSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { PGlite } from '@electric-sql/pglite';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import { createTable, postgresStore, type Queryable } from '../src/postgres-store.js';

let database: PGlite;

beforeAll(async () => {
  database = await PGlite.create();
  await database.query(createTable);
}, 60_000);
afterAll(() => database.close());

tokenStoreSuite(test, async () => {
  await database.query('TRUNCATE auth_tokens');
  return postgresStore(database);
});

test('five sessions, each with its own store object, log in once on an empty table', async () => {
  await database.query('TRUNCATE auth_tokens');
  const { jwtLogin, fetch } = createEmulator();
  const sessions = Array.from({ length: 5 }, () =>
    createJwtLoginAuth({ ...jwtLogin.options, fetch, store: postgresStore(database) }),
  );
  const tokens = await Promise.all(sessions.map((session) => session.getAccessToken()));
  expect(new Set(tokens).size).toBe(1);
  expect(jwtLogin.ledger.tokenCalls).toBe(1);
  for (const session of sessions) session.dispose();
});

test('pg’s Pool is a Queryable', () => {
  expectTypeOf<Pool>().toExtend<Queryable>();
});
