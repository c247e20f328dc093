import { getHeapStatistics } from 'node:v8';

/** A way to do something, to be timed beside others. */
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

/** What contenders took, round by round. */
export class Timings {
  readonly #samples: ReadonlyMap<string, readonly Cost[]>;

  constructor(samples: ReadonlyMap<string, readonly Cost[]>) {
    this.#samples = samples;
  }

  /** The median of all rounds. */
  of(name: string, kind: keyof Cost = 'ns'): number {
    return median((this.#samples.get(name) ?? []).map((cost) => cost[kind]));
  }

  /** What it takes, as a multiple of another. */
  ratio(name: string, base: string, kind: keyof Cost = 'ns'): number {
    return this.of(name, kind) / this.of(base, kind);
  }
}

/**
 * Times contenders round by round, one after the other in each round and in turns of order, so that what disturbs the
 * machine disturbs all. The first round warms up and does not count.
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
      // Nobody pays for the garbage of who came before.
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

/** One after the other. What only awaits resolved promises must be sent back to the event loop now and then. */
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

/** Bytes on the heap that a call takes, with the promise that an await of it takes: medians of rounds. */
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
