/** `pnpm simulate --seeds 100000`, from a fresh seed or `--from N`; `--seed N --trace` (`--shrink` reduces a failing one first), `--mutants` */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { builtCore, loadCopies } from './core.ts';
import { hunt } from './hunt.ts';
import { mutants } from './mutants.ts';
import { planOf } from './plan-of.ts';
import { run } from './run.ts';
import { runSeedsInParallel } from './seeds.ts';
import { explain, ruleOf, shrink } from './shrink.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string' },
    seed: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
  },
});
for (const name of ['seeds', 'from', 'seed'] as const)
  if (!/^\d+$/.test(values[name] ?? '0')) {
    process.stderr.write(`--${name}: expected a whole number\n`);
    process.exit(2);
  }
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.mutants) await huntAll();
else if (values.seed !== undefined) await replay(Number(values.seed));
else await runAll(Number(values.from ?? freshSeed()), Number(values.seeds));

/** Each run tries seeds that no run before it has tried; it prints the first of them. */
function freshSeed(): number {
  return randomInt(2 ** 31);
}

async function runAll(from: number, count: number): Promise<void> {
  const startedAt = performance.now();
  let told = 0;
  const { seeds, steps, exchanges, faults, failures } = await runSeedsInParallel(from, count, (done) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${bar(done / count)} ${done} of ${count} seeds `);
    else if (done - told >= count / 10) {
      told = done;
      say(`${done} of ${count} seeds`);
    }
  });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  say(`seeds      ${seeds}, from ${from}`);
  say(`steps      ${steps}`);
  say(`exchanges  ${exchanges}`);
  say(`time       ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  say(`faults     ${Object.values(faults).reduce((sum, times) => sum + times, 0)}`);
  for (const [kind, times] of Object.entries(faults).sort()) say(`  ${kind.padEnd(18)} ${times}`);
  say(`failures   ${failures.length}`);
  const cores = await loadCopies(builtCore);
  for (const { seed, violation } of failures.slice(0, 3)) say(`\n${await explain(cores, seed, violation)}`);
  if (failures.length > 0) process.exitCode = 1;
}

async function replay(seed: number): Promise<void> {
  const cores = await loadCopies(builtCore);
  let plan = planOf(seed);
  if (values.shrink) {
    const [violation] = (await run(cores, plan)).violations;
    if (violation !== undefined) plan = await shrink(cores, plan, ruleOf(violation));
  }
  const { calls, faults, ...setting } = plan;
  say(`${JSON.stringify(setting)}, ${calls.length} calls, ${faults.length} faults`);
  const { steps, violations } = await run(cores, plan, values.trace ? say : undefined);
  say(`${steps} steps, ${violations.length} violations`);
  for (const violation of violations) say(`  ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
}

async function huntAll(): Promise<void> {
  let caught = 0;
  for (const mutant of mutants) {
    const { seed, runs, violation } = await hunt(mutant, Number(values.seeds) * 20);
    if (violation !== undefined) caught++;
    const verdict =
      violation === undefined
        ? 'NOT CAUGHT'
        : `caught by seed ${String(seed).padEnd(5)} in run ${String(runs).padEnd(5)} ${ruleOf(violation)}`;
    say(`${mutant.name.padEnd(60)} ${verdict}`);
  }
  say(`${caught} of ${mutants.length} caught`);
  if (caught < mutants.length) process.exitCode = 1;
}

function bar(part: number): string {
  const full = Math.round(part * 20);
  return `[${'#'.repeat(full)}${'.'.repeat(20 - full)}]`;
}
