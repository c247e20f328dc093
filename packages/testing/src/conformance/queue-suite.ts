import { promisesDuringRuns } from './queue-during-runs.js';
import { engineFault, type QueueEngine, workerFaults } from './queue-faults.js';
import type { QueuePeer } from './queue-peer.js';
import { ratePromises } from './queue-rate.js';
import { job, QueueScene, type QueueUnderTest } from './queue-scene.js';
import { schedulePromises } from './queue-schedule.js';
import { workerPromises } from './queue-workers.js';
import { same, type TestFunction } from './test-function.js';

/** Options of {@link queueSuite}. */
export interface QueueSuiteOptions {
  /** How late a job may run at most, milliseconds: how often the engine looks for jobs that are due, and some. */
  readonly lateMs: number;
  /** How long it takes until a run that threw comes back, at most, milliseconds. Absent: that is not tried. */
  readonly retryMs?: number | undefined;
  /** How many jobs are made due at once. Default 10,000. */
  readonly many?: number | undefined;
  /** Opens a worker in a process of its own on the queue of that place. Absent: the queue serves one process. */
  readonly openPeer?: ((place: string) => Promise<QueuePeer>) | undefined;
  /** How long it takes at most until the job of a worker that died comes back, milliseconds. */
  readonly deadWorkerMs?: number | undefined;
  /** Starts an engine for one test. Absent: the queue has none that could be stopped. */
  readonly startEngine?: (() => Promise<QueueEngine>) | undefined;
  /** Whether the queue has `take`, and all programs share its rate. Default false. */
  readonly sharesRate?: boolean | undefined;
}

/**
 * Registers the tests that every queue of a keeper must pass.
 *
 * @param newQueue opens the queue of a place, which is empty at first and apart from other places; each call of what it
 *   returns is one more program's
 */
export function queueSuite(
  test: TestFunction,
  newQueue: (place: string) => Promise<() => QueueUnderTest> | (() => QueueUnderTest),
  {
    lateMs,
    retryMs,
    many = 10_000,
    openPeer,
    deadWorkerMs = 60_000,
    startEngine,
    sharesRate = false,
  }: QueueSuiteOptions,
): void {
  let places = 0;
  const guarantee = (name: string, run: (scene: QueueScene, place: string) => Promise<void>): void => {
    const place = `place-${places++}`;
    test(`queue: ${name}`, async () => {
      const scene = new QueueScene(await newQueue(place), lateMs);
      try {
        await run(scene, place);
      } finally {
        await scene.end();
      }
    });
  };

  const promises = { ...schedulePromises, ...promisesDuringRuns, ...workerPromises };
  for (const [name, run] of Object.entries(promises)) guarantee(name, run);

  if (retryMs !== undefined)
    guarantee('a put during a run that throws is kept', async (scene) => {
      await scene.queue.put([job('a', Date.now())]);
      scene.work(async ({ ref }) => {
        if (scene.count(ref) > 1) return {};
        await scene.queue.put([job('a', Date.now() + 1_000)]);
        throw new Error('the run');
      });
      await scene.settle();
      await scene.settle(2_000);
      same(scene.refs(), ['a', 'a'], 'runs');
    });

  if (retryMs !== undefined)
    guarantee('a run that throws is told, and comes back', async (scene) => {
      await scene.queue.put([job('a', Date.now())]);
      scene.work(async ({ ref }) => {
        if (scene.count(ref) === 1) throw new Error('the run');
        return {};
      });
      await scene.settle();
      await scene.settle(retryMs);
      same(scene.refs(), ['a', 'a'], 'runs');
      same(scene.errors.map(String), ['Error: the run'], 'errors');
    });

  if (sharesRate) for (const [name, run] of Object.entries(ratePromises)) guarantee(name, run);

  if (openPeer !== undefined)
    for (const [name, run] of Object.entries(workerFaults))
      guarantee(name, (scene, place) =>
        withPeers(
          () => openPeer(place),
          (open) => run(scene, open, deadWorkerMs),
        ),
      );

  if (startEngine !== undefined)
    test('queue: the engine is stopped and started: calls end with queue_unavailable, nothing is lost', async () => {
      await using engine = await startEngine();
      await engineFault(engine, deadWorkerMs);
    });

  guarantee(`${many} jobs that are due at once all run`, async (scene) => {
    const refs = Array.from({ length: many }, (_, index) => `account ${index}`);
    for (let from = 0; from < many; from += 1_000)
      await scene.queue.put(refs.slice(from, from + 1_000).map((ref) => job(ref, Date.now())));
    scene.work(async () => ({}), scene.queue, 64);
    await scene.until(many);
    same(new Set(scene.refs()).size, many, 'accounts');
    same(scene.runs.length, many, 'runs');
  });
}

/** Ends the processes that a test has started, however it ends. */
async function withPeers(
  open: () => Promise<QueuePeer>,
  run: (open: () => Promise<QueuePeer>) => Promise<void>,
): Promise<void> {
  const peers: QueuePeer[] = [];
  try {
    await run(async () => {
      const peer = await open();
      peers.push(peer);
      return peer;
    });
  } finally {
    await Promise.all(peers.map((peer) => peer.kill()));
  }
}
