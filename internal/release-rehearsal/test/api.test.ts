/** @module-tag long */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiReports } from '../src/api-reports.js';

const folder = join(import.meta.dirname, '..', '..', '..', 'api');

// If this fails, users may have to change their code. If that is intended, `pnpm api` writes the new reports.
test('the public API is the one that api/ records', () => {
  const written = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );
  expect(Object.fromEntries(apiReports())).toEqual(written);
}, 120_000);
