/** The suite in a process of Node, Deno or Bun. Its last line is the report, and the process must end by itself. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { fileStore } from '@auth/store-file';
import type { Place } from '../suite/place.ts';
import { leaseMs, runSuite } from '../suite/run-suite.ts';

const [, , servers = '', folder = ''] = process.argv;
const place = JSON.parse(servers) as Place;
const report = await runSuite(place, () => {
  const directory = mkdtempSync(join(folder, 'store-'));
  return { open: () => fileStore({ directory, leaseMs }) };
});
const { deno, bun, node } = process.versions;
process.stdout.write(`${JSON.stringify({ version: deno ?? bun ?? node, ...report })}\n`);
// Not disposed, with a refresh due in an hour: the session must not keep the process alive.
await createPasswordRefreshAuth(place.passwordRefresh.options).getTokens();
