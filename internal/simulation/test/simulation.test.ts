import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { builtCore, loadCopies } from '../src/core.ts';
import { loadMutant } from '../src/load-mutant.ts';
import { mutants } from '../src/mutants.ts';
import { planOf } from '../src/plan-of.ts';
import { run } from '../src/run.ts';
import { runSeedsInParallel } from '../src/seeds.ts';
import { explain, shrink } from '../src/shrink.ts';

/** Runs seeds and explains the first three that fail. */
async function failuresOf(from: number, count: number): Promise<string[]> {
  const { seeds, failures } = await runSeedsInParallel(from, count);
  expect(seeds).toBe(count);
  const cores = await loadCopies(builtCore);
  const explanations: string[] = [];
  // One after the other: a run has the generators of the process to itself.
  for (const { seed, violation } of failures.slice(0, 3))
    explanations.push(await explain(cores, seed, violation));
  return explanations;
}

describe('the engine under faults breaks no rule', () => {
  const fresh = randomInt(1_000_000, 2 ** 31);

  test('in 200 known seeds', { timeout: 60_000 }, async () => {
    expect(await failuresOf(1, 200)).toEqual([]);
  });

  test(`in 200 fresh seeds, from ${fresh}`, { timeout: 60_000 }, async () => {
    expect(await failuresOf(fresh, 200)).toEqual([]);
  });

  test(`in 600 more fresh seeds, from ${fresh + 200}`, {
    tags: ['long'],
    timeout: 100_000,
  }, async () => {
    expect(await failuresOf(fresh + 200, 600)).toEqual([]);
  });
});

describe('the simulation', () => {
  test('a seed runs the same way each time, step by step', { timeout: 60_000 }, async () => {
    const cores = await loadCopies(builtCore);
    const record = async (): Promise<string[]> => {
      const lines: string[] = [];
      await run(cores, planOf(9), (line) => lines.push(line));
      return lines;
    };
    const lines = await record();
    expect(lines.length).toBeGreaterThan(50);
    expect(await record()).toEqual(lines);
  });

  test('a failing plan is shrunk to the faults that it needs', { timeout: 60_000 }, async () => {
    const mutant = mutants.find(({ name }) => name.startsWith('a lost answer'));
    using loaded = await loadMutant(mutant as (typeof mutants)[number]);
    const rule = 'a lost answer is asked for again only after its pause';
    let seed = 1;
    const breaks = async (): Promise<boolean> =>
      (await run(loaded.cores, planOf(seed))).violations.some((violation) => violation.startsWith(rule));
    while (!(await breaks())) seed++;
    const plan = planOf(seed);
    const smallest = await shrink(loaded.cores, plan, rule);
    expect(smallest.faults.length).toBeLessThan(plan.faults.length);
    expect(smallest.faults.every(({ kind }) => /^(drop|stall|break)/.test(kind))).toBe(true);
    expect(smallest.calls.length).toBeLessThan(plan.calls.length);
    expect((await run(loaded.cores, smallest)).violations.length).toBeGreaterThan(0);
    const cores = await loadCopies(builtCore);
    expect((await run(cores, smallest)).violations).toEqual([]);
  });
});
