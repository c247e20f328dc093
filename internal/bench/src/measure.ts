import { getHeapStatistics } from 'node:v8';

/** A call that is timed beside others. */
export interface Contender {
  readonly name: string;
  readonly isOurs?: boolean;
  /** One call. */
  run(): unknown;
}

/** What a call of a contender takes: wall time, and CPU time of this process, in nanoseconds. */
export interface Cost {
  readonly ns: number;
  readonly cpuNs: number;
}

/** The costs of contenders, round by round. */
export class Timings {
  readonly #samples: ReadonlyMap<string, readonly Cost[]>;

  constructor(samples: ReadonlyMap<string, readonly Cost[]>) {
    this.#samples = samples;
  }

  /** The median of all rounds. */
  of(name: string, kind: keyof Cost = 'ns'): number {
    return median((this.#samples.get(name) ?? []).map((cost) => cost[kind]));
  }

  /** The cost of a contender as a multiple of another's. */
  ratio(name: string, base: string, kind: keyof Cost = 'ns'): number {
    return this.of(name, kind) / this.of(base, kind);
  }
}

/**
 * Times contenders round by round. The order alternates, so that a disturbance of the machine affects all of them. The
 * first round warms up and does not count.
 *
 * @param concurrency calls under way at a time
 */
export async function timeAll(
  contenders: readonly Contender[],
  { rounds, calls, concurrency = 1 }: { rounds: number; calls: number; concurrency?: number },
): Promise<Timings> {
  const samples = new Map<string, Cost[]>(contenders.map(({ name }) => [name, []]));
  const batch = concurrency === 1 ? inTurn : atOnce(concurrency);
  for (let round = 0; round <= rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      // Collect the previous contender's garbage, so that this contender does not pay for it.
      globalThis.gc?.({ type: 'minor' });
      const cpuBefore = process.cpuUsage();
      const startedAt = process.hrtime.bigint();
      await batch(contender, calls);
      const ns = Number(process.hrtime.bigint() - startedAt) / calls;
      const { user, system } = process.cpuUsage(cpuBefore);
      if (round > 0) samples.get(contender.name)?.push({ ns, cpuNs: ((user + system) * 1_000) / calls });
    }
  }
  return new Timings(samples);
}

/** Runs calls one after the other. Awaits of resolved promises never yield to the event loop: yield every 64 calls. */
async function inTurn(contender: Contender, calls: number): Promise<void> {
  for (let done = 0; done < calls; done += 64) {
    for (let call = 0; call < 64; call++) await contender.run();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function atOnce(concurrency: number): (contender: Contender, calls: number) => Promise<void> {
  return async (contender, calls) => {
    let left = calls;
    const work = async (): Promise<void> => {
      while (left-- > 0) await contender.run();
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  };
}

/** Heap bytes per call, including the promise of its await: medians of rounds. */
export async function bytesOfAll(
  contenders: readonly Contender[],
  calls: number = 4_096,
): Promise<Map<string, number>> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < 9; round++) {
    for (const contender of contenders) {
      // Everything that follows fits into the young generation: nothing is collected in between.
      globalThis.gc?.({ type: 'minor' });
      const before = getHeapStatistics().used_heap_size;
      for (let call = 0; call < calls; call++) await contender.run();
      samples.get(contender.name)?.push((getHeapStatistics().used_heap_size - before) / calls);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return new Map([...samples].map(([name, bytes]) => [name, median(bytes)]));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
