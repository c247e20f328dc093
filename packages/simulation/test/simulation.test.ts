import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { builtCore, loadCore } from '../src/core.ts';
import { hunt } from '../src/hunt.ts';
import { loadMutant, mutants } from '../src/mutants.ts';
import { planOf } from '../src/plan.ts';
import { run } from '../src/run.ts';
import { runSeedsInParallel } from '../src/seeds.ts';
import { shrink } from '../src/shrink.ts';

describe('the engine under faults', () => {
  test('20,000 known seeds break no rule', async () => {
    const { seeds, failures } = await runSeedsInParallel(1, 20_000);
    expect(failures).toEqual([]);
    expect(seeds).toBe(20_000);
  }, 400_000);

  test('5,000 seeds that nobody has run break no rule', async () => {
    const from = randomInt(1_000_000, 2 ** 31);
    const { failures } = await runSeedsInParallel(from, 5_000);
    expect(failures).toEqual([]);
  }, 200_000);
});

describe('the simulation', () => {
  test('a seed runs the same way each time, step by step', async () => {
    const core = await loadCore(builtCore);
    const record = async (): Promise<string[]> => {
      const lines: string[] = [];
      await run(core, planOf(7), (line) => lines.push(line));
      return lines;
    };
    const lines = await record();
    expect(lines.length).toBeGreaterThan(50);
    expect(await record()).toEqual(lines);
  }, 60_000);

  test.each(mutants.slice(0, 3))(
    'finds: $name',
    async (mutant) => {
      expect((await hunt(mutant, 200)).violation).toBeDefined();
    },
    60_000,
  );

  test('every bug can be put in', async () => {
    for (const mutant of mutants) {
      using loaded = await loadMutant(mutant);
      expect(loaded.core.createAuthSession).toBeTypeOf('function');
    }
    expect(mutants.length).toBeGreaterThanOrEqual(12);
  }, 60_000);

  test('a failing plan is shrunk to the faults that it takes', async () => {
    const mutant = mutants.find(({ name }) => name.startsWith('a lost answer'));
    using loaded = await loadMutant(mutant as (typeof mutants)[number]);
    const plan = planOf(1);
    const smallest = await shrink(loaded.core, plan, 'a lost answer is asked for once more');
    expect(smallest.faults.length).toBeLessThan(plan.faults.length);
    expect(smallest.faults.every(({ kind }) => kind.startsWith('drop'))).toBe(true);
    expect(smallest.calls.length).toBeLessThan(plan.calls.length);
    expect((await run(loaded.core, smallest)).violations.length).toBeGreaterThan(0);
    const core = await loadCore(builtCore);
    expect((await run(core, smallest)).violations).toEqual([]);
  }, 60_000);
});
