/** A job of a queue, as `RefreshJob` of `@auth/fleet` has it. */
export interface Job {
  readonly v: 1;
  readonly ref: string;
  readonly at: number;
}

type Run = (job: Job, signal: AbortSignal) => Promise<{ readonly nextAt?: number }>;

/** What a `RefreshQueue` of `@auth/fleet` can do, as far as the suite asks it. */
export interface QueueUnderTest {
  put(jobs: readonly Job[], options?: { readonly ifAbsent?: boolean }): Promise<void>;
  remove(refs: readonly string[]): Promise<void>;
  work(
    run: Run,
    options: { readonly concurrency: number; onError(error: unknown): void },
  ): { close(options: { readonly timeoutMs: number }): Promise<void> };
  take?(bucket: string, perSecond: number, ref?: string): Promise<number> | number;
  close(): Promise<void>;
}

export function job(ref: string, at: number): Job {
  return { v: 1, ref, at };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

type Work = ReturnType<QueueUnderTest['work']>;

/** Queues on one engine, and what their workers have run. */
export class QueueScene {
  readonly runs: { readonly job: Job; readonly startedAt: number }[] = [];
  readonly errors: unknown[] = [];
  readonly queue: QueueUnderTest;
  readonly #open: () => QueueUnderTest;
  readonly #lateMs: number;
  readonly #queues: QueueUnderTest[] = [];
  readonly #works = new Set<Work>();
  #atOnce = 0;
  readonly #running = new Map<string, number>();
  /** The most runs of one account, and of all, at a time. */
  mostOfOne = 0;
  mostAtOnce = 0;

  constructor(open: () => QueueUnderTest, lateMs: number) {
    this.#open = open;
    this.#lateMs = lateMs;
    this.queue = this.another();
  }

  /** The queue as one more program has it. */
  another(): QueueUnderTest {
    const queue = this.#open();
    this.#queues.push(queue);
    return queue;
  }

  work(run: Run = async () => ({}), queue: QueueUnderTest = this.queue, concurrency = 16): Work {
    const work = queue.work((one, signal) => this.#watched(one, () => run(one, signal)), {
      concurrency,
      onError: (error) => this.errors.push(error),
    });
    this.#works.add(work);
    return work;
  }

  async #watched(one: Job, run: () => Promise<{ nextAt?: number }>): Promise<{ nextAt?: number }> {
    this.runs.push({ job: one, startedAt: Date.now() });
    const running = (this.#running.get(one.ref) ?? 0) + 1;
    this.#running.set(one.ref, running);
    this.mostOfOne = Math.max(this.mostOfOne, running);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    try {
      return await run();
    } finally {
      this.#atOnce--;
      this.#running.set(one.ref, (this.#running.get(one.ref) ?? 1) - 1);
    }
  }

  /** The accounts that were run, in order. */
  refs(): string[] {
    return this.runs.map(({ job: { ref } }) => ref);
  }

  count(ref: string): number {
    return this.refs().filter((each) => each === ref).length;
  }

  /** Waits until so many runs have begun, for two minutes at most. */
  async until(runs: number, withinMs = 120_000): Promise<void> {
    for (let waited = 0; this.runs.length < runs && waited < withinMs; waited += 20) await pause(20);
  }

  /** Waits until what is due within that time has been run. */
  settle(withinMs = 0): Promise<void> {
    return pause(withinMs + this.#lateMs);
  }

  async close(work: Work, timeoutMs = 10_000): Promise<void> {
    this.#works.delete(work);
    await work.close({ timeoutMs });
  }

  async end(): Promise<void> {
    await Promise.all([...this.#works].map((work) => this.close(work, 1_000)));
    await Promise.all([...new Set(this.#queues)].map((queue) => queue.close()));
  }
}
