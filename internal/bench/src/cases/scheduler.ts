/** Many schedules: the one heap and timer of ours against as many timers of the platform. */
import { timerScheduler } from '@auth/core';
import { median } from '../measure.ts';
import { atMost, type CaseResult, type Row, round } from '../result.ts';

const count = 100_000;
const rounds = 7;
const task = (): void => {};

/** Ways to run something later. */
interface Scheduling {
  create(index: number, delayMs: number): () => void;
}

interface Times {
  readonly create: number;
  readonly replace: number;
  readonly cancel: number;
}

export async function run(): Promise<CaseResult[]> {
  const delays = delaysOverADay();
  const ways = { ours: ourScheduling, platform: platformScheduling };
  const samples = { ours: [] as Times[], platform: [] as Times[] };
  for (let round = 0; round <= rounds; round++) {
    for (const name of ['ours', 'platform'] as const) {
      const times = time(ways[name](), delays);
      if (round > 0) samples[name].push(times);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const medians = { ours: medianOf(samples.ours), platform: medianOf(samples.platform) };
  const bytes = { ours: bytesOf(ourScheduling, delays), platform: bytesOf(platformScheduling, delays) };
  const row = (title: string, name: keyof typeof medians): Row => {
    const { create, cancel, replace } = medians[name];
    return {
      name: title,
      isOurs: name === 'ours',
      values: [Math.round(create), Math.round(cancel), Math.round(replace), Math.round(bytes[name])],
    };
  };
  const ratio = (step: keyof Times): number => medians.ours[step] / medians.platform[step];
  return [
    {
      title: 'A hundred thousand schedules',
      about: [
        'timerScheduler of @auth/core, with one timer, against setTimeout and clearTimeout with a delay of its own for each.',
      ],
      columns: ['ns to create', 'ns to cancel', 'ns to replace', 'bytes each'],
      rows: [row('timerScheduler', 'ours'), row('setTimeout', 'platform')],
      targets: [
        ...(['create', 'cancel', 'replace'] as const).map((step) =>
          atMost(`100,000 schedules, time to ${step} against setTimeout`, round(ratio(step)), 1, '×'),
        ),
        atMost('100,000 schedules, bytes each', bytes.ours, 80, ' B', 0),
      ],
    },
  ];
}

/** Our library only: bytes per schedule. */
export async function figures(): Promise<number> {
  return bytesOf(ourScheduling, delaysOverADay());
}

/** Delays of an hour and more, all different, like those of tokens that were issued over a day. */
function delaysOverADay(): number[] {
  return Array.from({ length: count }, (_, index) => 3_600_000 + ((index * 7_919) % (24 * 3_600_000)));
}

function ourScheduling(): Scheduling {
  const scheduler = timerScheduler();
  const now = Date.now();
  return {
    create: (index, delayMs) =>
      scheduler.schedule({ key: keys[index] as string, at: now + delayMs, run: task }),
  };
}

const keys: readonly string[] = Array.from({ length: count }, (_, index) => `account-${index}`);

function platformScheduling(): Scheduling {
  const timers: NodeJS.Timeout[] = [];
  return {
    create(index, delayMs) {
      clearTimeout(timers[index]);
      const timer = setTimeout(task, delayMs);
      timers[index] = timer;
      return () => clearTimeout(timer);
    },
  };
}

function time(scheduling: Scheduling, delays: readonly number[]): Times {
  const all = (delayMs: number): (() => void)[] =>
    delays.map((delay, index) => scheduling.create(index, delay + delayMs));
  const create = timed(() => void all(0));
  let cancels: (() => void)[] = [];
  const replace = timed(() => {
    cancels = all(1_000);
  });
  const cancel = timed(() => {
    for (const each of cancels) each();
  });
  return { create, replace, cancel };
}

/** Nanoseconds for each of the schedules. */
function timed(work: () => void): number {
  const startedAt = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - startedAt) / count;
}

/** Bytes per schedule, without the keys and the functions, which exist anyway. */
function bytesOf(open: () => Scheduling, delays: readonly number[]): number {
  const scheduling = open();
  const before = heap();
  for (const [index, delay] of delays.entries()) scheduling.create(index, delay);
  const bytes = (heap() - before) / count;
  for (const [index] of delays.entries()) scheduling.create(index, 1)();
  return bytes;
}

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function medianOf(times: readonly Times[]): Times {
  const of = (step: keyof Times): number => median(times.map((each) => each[step]));
  return { create: of('create'), replace: of('replace'), cancel: of('cancel') };
}
