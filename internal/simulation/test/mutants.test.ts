/** @module-tag long */
import { expect, test } from 'vitest';
import { hunt } from '../src/hunt.ts';
import { mutants } from '../src/mutants.ts';

for (const mutant of mutants)
  test(`finds: ${mutant.name}`, { tags: mutant.isRare ? ['longest'] : [], timeout: 60_000 }, async () => {
    expect((await hunt(mutant, 5_000)).violation).toBeDefined();
  });
