/** @module-tag long */
import { expect, test } from 'vitest';
import { hunt } from '../src/hunt.ts';
import { mutants } from '../src/mutants.ts';

for (const mutant of mutants)
  test(`finds: ${mutant.name}`, { tags: mutant.isRare ? ['longest'] : [], timeout: 60_000 }, async () => {
    const { violation } = await hunt(mutant, 5_000);
    expect(violation).toBeDefined();
    // A mutant that names what core does not have any more crashes, and shows nothing.
    expect(violation).not.toContain('ReferenceError');
  });
