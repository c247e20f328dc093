/** @module-tag long */
import { expect, test } from 'vitest';
import { hunt } from '../src/hunt.ts';
import { mutants } from '../src/mutants.ts';

test.each(mutants)('finds: $name', { timeout: 60_000 }, async (mutant) => {
  expect((await hunt(mutant, 5_000)).violation).toBeDefined();
});
