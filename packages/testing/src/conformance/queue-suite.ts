import { engineFault, type QueueEngine, workerFaults } from './queue-faults.js';
import type { QueuePeer } from './queue-peer.js';
import { type Job, job, pause, QueueScene, type QueueUnderTest } from './queue-scene.js';
import { check, same, type TestFunction } from './test-function.js';

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
  { lateMs, retryMs, many = 10_000, openPeer, deadWorkerMs = 60_000, startEngine }: QueueSuiteOptions,
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

  guarantee('a job runs once, when it is due', async (scene) => {
    const at = Date.now() + 300;
    await scene.queue.put([job('a', at)]);
    scene.work();
    await scene.settle(300);
    same(scene.refs(), ['a'], 'runs');
    const [{ job: one, startedAt }] = scene.runs as [(typeof scene.runs)[number]];
    check(startedAt >= at - 5, 'not before its time');
    same([one.v, one.ref], [1, 'a'], 'the job');
    check(Math.abs(one.at - at) < 1_000, 'its time is told, as exactly as clocks agree');
  });

  guarantee('a put moves a job earlier', async (scene) => {
    await scene.queue.put([job('a', Date.now() + 600_000)]);
    scene.work();
    await scene.queue.put([job('a', Date.now())]);
    await scene.settle();
    same(scene.refs(), ['a'], 'runs');
  });

  guarantee('a put moves a job later', async (scene) => {
    await scene.queue.put([job('a', Date.now() + 200)]);
    await scene.queue.put([job('a', Date.now() + 600_000)]);
    scene.work();
    await scene.settle(300);
    same(scene.refs(), [], 'runs');
  });

  guarantee('a put with ifAbsent moves no job, and schedules one where there is none', async (scene) => {
    await scene.queue.put([job('a', Date.now() + 600_000)]);
    await scene.queue.put([job('a', Date.now()), job('b', Date.now())], { ifAbsent: true });
    scene.work();
    await scene.settle();
    same(scene.refs(), ['b'], 'runs');
  });

  guarantee('a removed job does not run', async (scene) => {
    await scene.queue.put([job('a', Date.now() + 100), job('b', Date.now() + 100)]);
    await scene.queue.remove(['a', 'unknown']);
    scene.work();
    await scene.settle(200);
    same(scene.refs(), ['b'], 'runs');
  });

  guarantee('a run that names no next time ends its job, and one that does runs again', async (scene) => {
    await scene.queue.put([job('ends', Date.now()), job('goes on', Date.now())]);
    scene.work(async ({ ref }) =>
      ref === 'ends' || scene.count(ref) > 1 ? {} : { nextAt: Date.now() + 100 },
    );
    await scene.settle();
    await scene.settle(200);
    same(scene.refs().sort(), ['ends', 'goes on', 'goes on'], 'runs');
    // Its job has ended: it can be put again.
    await scene.queue.put([job('ends', Date.now())], { ifAbsent: true });
    await scene.settle();
    same(scene.count('ends'), 2, 'runs after another put');
  });

  guarantee('of a put during a run and its nextAt the earlier stands: the put', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) > 1) return {};
      await scene.another().put([job(ref, Date.now() + 100)]);
      return { nextAt: Date.now() + 600_000 };
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a', 'a'], 'runs');
  });

  guarantee('of a put during a run and its nextAt the earlier stands: nextAt', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) > 1) return {};
      await scene.another().put([job(ref, Date.now() + 600_000)]);
      return { nextAt: Date.now() + 100 };
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a', 'a'], 'runs');
  });

  guarantee('a put during a run that ends its job stands', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) === 1) await scene.another().put([job(ref, Date.now() + 100)]);
      return {};
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a', 'a'], 'runs');
  });

  guarantee('after a remove during a run nothing stands', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      await scene.another().remove([ref]);
      return { nextAt: Date.now() + 100 };
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a'], 'runs');
  });

  guarantee('a put after a remove during a run stands alone', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) > 1) return {};
      await scene.another().remove([ref]);
      await scene.another().put([job(ref, Date.now() + 300)]);
      return { nextAt: Date.now() };
    });
    await scene.settle();
    await scene.settle(400);
    same(scene.refs(), ['a', 'a'], 'runs');
    const [first, second] = scene.runs.map(({ startedAt }) => startedAt) as [number, number];
    check(second - first >= 250, 'nextAt counts for nothing');
  });

  guarantee('two workers share the jobs, and never run one at the same time', async (scene) => {
    const refs = Array.from({ length: 40 }, (_, index) => `account ${index}`);
    await scene.queue.put(refs.map((ref) => job(ref, Date.now())));
    const slowly = async (): Promise<{ nextAt?: number }> => {
      await pause(5);
      return {};
    };
    scene.work(slowly);
    scene.work(slowly, scene.another());
    await scene.until(refs.length);
    await scene.settle();
    same(scene.refs().sort(), [...refs].sort(), 'runs');
    same(scene.mostOfOne, 1, 'runs of one account at a time');
  });

  guarantee('a put during a run never starts a second run beside it', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    const slowly = async ({ ref }: Job): Promise<{ nextAt?: number }> => {
      if (scene.count(ref) > 1) return {};
      await scene.another().put([job(ref, Date.now())]);
      await scene.another().put([job(ref, Date.now())], { ifAbsent: true });
      await scene.settle(100);
      return { nextAt: Date.now() + 600_000 };
    };
    scene.work(slowly);
    scene.work(slowly, scene.another());
    await scene.until(2);
    await scene.settle(100);
    same(scene.refs(), ['a', 'a'], 'runs');
    same(scene.mostOfOne, 1, 'runs at a time');
  });

  guarantee('a put with ifAbsent during a run changes nothing', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      await scene.another().put([job(ref, Date.now())], { ifAbsent: true });
      return { nextAt: Date.now() + 600_000 };
    });
    await scene.settle();
    await scene.settle(100);
    same(scene.refs(), ['a'], 'runs');
  });

  guarantee('any text names an account', async (scene) => {
    const refs = ['4711', '0', 'a:b', 'a b', 'ünïcödé', '#sweep', '__proto__', 'x'.repeat(200)];
    await scene.queue.put(refs.map((ref) => job(ref, Date.now())));
    scene.work();
    await scene.until(refs.length);
    same(scene.refs().sort(), [...refs].sort(), 'runs');
    await scene.queue.remove(refs);
  });

  guarantee('no more runs at once than the worker has room for', async (scene) => {
    await scene.queue.put(Array.from({ length: 12 }, (_, index) => job(`account ${index}`, Date.now())));
    const slowly = async (): Promise<{ nextAt?: number }> => {
      await pause(20);
      return {};
    };
    scene.work(slowly, scene.queue, 3);
    await scene.until(12);
    await scene.settle();
    same(scene.runs.length, 12, 'runs');
    check(scene.mostAtOnce <= 3, `at most three at once, not ${scene.mostAtOnce}`);
  });

  guarantee('close waits for the runs under way, and no job is lost', async (scene) => {
    await scene.queue.put([job('a', Date.now()), job('b', Date.now() + 600_000)]);
    const started = Promise.withResolvers<void>();
    let hasEnded = false;
    const work = scene.work(async () => {
      started.resolve();
      await pause(200);
      hasEnded = true;
      return { nextAt: Date.now() };
    });
    await started.promise;
    await scene.close(work);
    check(hasEnded, 'the run has ended');
    scene.work(async () => ({}), scene.another());
    await scene.settle();
    same(scene.refs(), ['a', 'a'], 'runs');
  });

  guarantee('close does not wait for ever, and tells the run by its signal', async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    const started = Promise.withResolvers<AbortSignal>();
    const end = Promise.withResolvers<{ nextAt?: number }>();
    const work = scene.work(async (_, signal) => {
      started.resolve(signal);
      return end.promise;
    });
    const signal = await started.promise;
    await scene.close(work, 100);
    check(signal.aborted, 'the signal has aborted');
    end.resolve({});
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

  guarantee('a job of a version that the worker does not know is left to others', async (scene) => {
    const newer = { ...job('a', Date.now()), v: 2 as never };
    await scene.queue.put([newer]);
    scene.work();
    await scene.settle();
    await scene.queue.put([job('a', Date.now())], { ifAbsent: true });
    await scene.settle();
    same(scene.refs(), [], 'runs');
    await scene.queue.put([job('a', Date.now())]);
    await scene.settle();
    same(scene.refs(), ['a'], 'runs after a put of this version');
  });

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
