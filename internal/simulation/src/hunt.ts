import { loadMutant } from './load-mutant.ts';
import type { Mutant } from './mutants.ts';
import { planOf } from './plan-of.ts';
import { run } from './run.ts';

/** How a bug was found: by which rule, after how many seeds. */
export interface Catch {
  readonly seeds: number;
  readonly violation: string | undefined;
}

/** Runs seeds on the engine with the bug until a rule is broken. */
export async function hunt(mutant: Mutant, most: number): Promise<Catch> {
  using loaded = await loadMutant(mutant);
  for (let seed = 1; seed <= most; seed++) {
    const { violations } = await run(loaded.cores, planOf(seed));
    if (violations.length > 0) return { seeds: seed, violation: violations[0] };
  }
  return { seeds: most, violation: undefined };
}
