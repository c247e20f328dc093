import type { Core } from './core.ts';
import type { Plan } from './plan.ts';
import { planOf } from './plan-of.ts';
import { run } from './run.ts';

/** The name of the rule that a violation breaks. */
export function ruleOf(violation: string): string {
  return violation.slice(0, violation.indexOf(':'));
}

/** Removes faults, then calls, while the same rule stays broken. */
export async function shrink(cores: readonly Core[], plan: Plan, rule: string): Promise<Plan> {
  const breaks = async (candidate: Plan): Promise<boolean> =>
    (await run(cores, candidate)).violations.some((violation) => ruleOf(violation) === rule);
  let smallest = plan;
  for (let before: Plan | undefined; before !== smallest; ) {
    before = smallest;
    for (const part of ['faults', 'calls'] as const) {
      for (let index = smallest[part].length - 1; index >= 0; index--) {
        const candidate = { ...smallest, [part]: smallest[part].toSpliced(index, 1) };
        if (await breaks(candidate)) smallest = candidate;
      }
    }
  }
  return smallest;
}

/** Describes the smallest plan that makes a seed fail, for people to read. */
export async function explain(cores: readonly Core[], seed: number, violation: string): Promise<string> {
  const { store, rotation, faults, calls } = await shrink(cores, planOf(seed), ruleOf(violation));
  return [
    `seed ${seed} (${store}, ${rotation}): ${violation}`,
    ...faults.map((fault) => `  ${JSON.stringify(fault)}`),
    `  and ${calls.length} calls. Step by step: pnpm simulate --seed ${seed} --shrink --trace`,
  ].join('\n');
}
