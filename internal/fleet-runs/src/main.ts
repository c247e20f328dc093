/**
 * `pnpm fleet --engine bullmq --trouble "killed workers" --workers 8 --accounts 2000 --life 60 --minutes 5`, or `--all`;
 * `--scale` measures what renewals cost, `--by-hand` the same without a queue, `--cap 50` a rate, `--heap 40` the limit of
 * a worker's heap in MiB, `--completed 3000000` completed jobs in pg-boss' queue.
 */
import { parseArgs } from 'node:util';
import { engines } from './engine-server.ts';
import { figuresOf, judge } from './judge.ts';
import { figuresOfScale, measureScale } from './measures/scale.ts';
import { type RunOptions, runFleet, type Trouble, troubles } from './run-fleet.ts';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    'by-hand': { type: 'boolean', default: false },
    cap: { type: 'string' },
    heap: { type: 'string' },
    completed: { type: 'string' },
    engine: { type: 'string', default: 'bullmq' },
    trouble: { type: 'string', default: 'none' },
    workers: { type: 'string', default: '8' },
    accounts: { type: 'string', default: '2000' },
    life: { type: 'string', default: '60' },
    minutes: { type: 'string', default: '5' },
  },
});
const engine = engines.find((kind) => kind === values.engine);
const trouble = troubles.find((each) => each === values.trouble);
const [workers, accounts, life, minutes] = [values.workers, values.accounts, values.life, values.minutes].map(
  Number,
) as [number, number, number, number];
if (
  engine === undefined ||
  trouble === undefined ||
  !isPossible(engine, trouble) ||
  !(workers > 0 && accounts > 0 && life > 0 && minutes > 0)
) {
  const places = `--engine ${engines.join('|')} --trouble "${troubles.join('|')}"`;
  process.stderr.write(
    `usage: pnpm fleet ${places} --workers 8 --accounts 2000 --life 60 --minutes 5 | --all\n`,
  );
  process.exit(2);
}

if (values.scale) {
  const workedBy = values['by-hand'] ? 'hand' : 'keeper';
  print(`${engine}, by ${workedBy}`, `${workers} workers, ${accounts} accounts, lives of ${life} s`);
  const [lifeMs, measuredMs] = [life * 1_000, minutes * 60_000];
  const [perIssuer, heapMiB, completedJobs] = [values.cap, values.heap, values.completed].map((text) =>
    text === undefined ? undefined : Number(text),
  );
  const limits = { perIssuer, heapMiB, completedJobs };
  const scale = await measureScale({ engine, workers, accounts, lifeMs, measuredMs, workedBy, ...limits });
  for (const [name, value] of Object.entries(figuresOfScale(scale))) print(`  ${name}`, value);
  process.exit();
}

const runs: readonly (readonly [RunOptions['engine'], Trouble])[] = values.all
  ? engines.flatMap((kind) =>
      troubles.filter((each) => isPossible(kind, each)).map((each) => [kind, each] as const),
    )
  : [[engine, trouble]];
for (const [kind, befalls] of runs) {
  const options = {
    engine: kind,
    trouble: befalls,
    workers,
    accounts,
    lifeMs: life * 1_000,
    durationMs: minutes * 60_000,
  };
  print(
    `${kind}: ${befalls}`,
    `${workers} workers, ${accounts} accounts, lives of ${life} s, ${minutes} minutes`,
  );
  const result = await runFleet(options);
  for (const [name, value] of Object.entries(figuresOf(options, result))) print(`  ${name}`, value);
  for (const fault of judge(options, result)) {
    print('  FAULT', fault);
    process.exitCode = 1;
  }
}

/** PostgreSQL loses no data where it is restarted. */
function isPossible(kind: RunOptions['engine'], befalls: Trouble): boolean {
  return kind === 'bullmq' || befalls !== 'engine emptied';
}

function print(name: string, value: number | string): void {
  process.stdout.write(`${name.padEnd(53)} ${value}\n`);
}
