import { loadMutant } from './load-mutant.ts';
import type { Mutant } from './mutants.ts';
import { planOf } from './plan-of.ts';
import { run } from './run.ts';

/** How a bug was found: by which rule, at which seed, after how many runs. */
export interface Catch {
  readonly seed: number | undefined;
  readonly runs: number;
  readonly violation: string | undefined;
}

/** Runs seeds, of the bug's theme if it has one, on the engine with the bug until a rule is broken. */
export async function hunt(mutant: Mutant, most: number): Promise<Catch> {
  const { theme } = mutant;
  using loaded = await loadMutant(mutant);
  let runs = 0;
  for (let seed = 1; runs < most; seed++) {
    const plan = planOf(seed);
    if (theme !== undefined && plan.theme !== theme) continue;
    runs++;
    const { violations } = await run(loaded.cores, plan);
    if (violations.length > 0) return { seed, runs, violation: violations[0] };
  }
  return { seed: undefined, runs, violation: undefined };
}
