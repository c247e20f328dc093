import type { QueuePeer } from './queue-peer.js';
import { job, pause, type QueueScene, type QueueUnderTest } from './queue-scene.js';
import { check, same } from './test-function.js';

/** An engine of a test's own, which may be stopped. */
export interface QueueEngine extends AsyncDisposable {
  /** Opens the queue as one more program has it. */
  open(): QueueUnderTest;
  /** Ends the engine as a crash would, and starts it again with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** What a queue must withstand beyond its own program: workers that die, clocks that are wrong, an engine that is away. */
export const workerFaults: Readonly<
  Record<
    string,
    (scene: QueueScene, openPeer: () => Promise<QueuePeer>, deadWorkerMs: number) => Promise<void>
  >
> = {
  'a job comes back, though five workers in a row are killed while they run it': async (
    scene,
    openPeer,
    deadWorkerMs,
  ) => {
    await scene.queue.put([job('a', Date.now())]);
    for (let killed = 0; killed < 5; killed++) {
      const peer = await openPeer();
      await peer.run({ do: 'work', hang: true });
      await untilRun(peer, 1, deadWorkerMs);
      await peer.kill();
    }
    scene.work();
    await scene.until(1, deadWorkerMs);
    same(scene.refs(), ['a'], 'runs');
  },

  'a job that is removed during its run does not come back, though its worker is killed': async (
    scene,
    openPeer,
    deadWorkerMs,
  ) => {
    await scene.queue.put([job('a', Date.now()), job('b', Date.now())]);
    const peer = await openPeer();
    await peer.run({ do: 'work', hang: true });
    await untilRun(peer, 2, deadWorkerMs);
    scene.work();
    await scene.queue.remove(['a']);
    await peer.kill();
    // The other one comes back, and so the dead worker was noticed.
    await scene.until(1, deadWorkerMs);
    await scene.settle();
    same(scene.refs(), ['b'], 'runs');
    await scene.queue.put([job('a', Date.now())]);
    await scene.settle();
    same(scene.refs(), ['b', 'a'], 'runs after another put');
  },

  'a worker that is killed among its runs loses no job': async (scene, openPeer, deadWorkerMs) => {
    const refs = Array.from({ length: 200 }, (_, index) => `account ${index}`);
    await scene.queue.put(refs.map((ref) => job(ref, Date.now())));
    const peer = await openPeer();
    await peer.run({ do: 'work', runMs: 2, nextInMs: 500 });
    await untilRun(peer, 50, deadWorkerMs);
    await peer.kill();
    scene.work();
    await scene.until(refs.length, deadWorkerMs);
    same(new Set(scene.refs()).size, refs.length, 'accounts that were run');
  },

  'a worker whose clock is an hour ahead runs no job again and again, and loses none': (scene, openPeer) =>
    withWrongClock(scene, openPeer, 3_600_000),

  'a worker whose clock is an hour behind runs no job again and again, and loses none': (scene, openPeer) =>
    withWrongClock(scene, openPeer, -3_600_000),
};

async function withWrongClock(
  scene: QueueScene,
  openPeer: () => Promise<QueuePeer>,
  byMs: number,
): Promise<void> {
  const refs = Array.from({ length: 10 }, (_, index) => `account ${index}`);
  scene.work(async () => ({ nextAt: Date.now() + 600_000 }));
  // That worker is there, and the other one joins it.
  await scene.settle();
  const peer = await openPeer();
  await peer.run({ do: 'shiftClock', byMs });
  await peer.run({ do: 'work', nextInMs: 600_000 });
  await scene.queue.put(refs.map((ref) => job(ref, Date.now())));
  await scene.settle(500);
  const ran = [...(await runsOf(peer)), ...scene.refs()];
  check(ran.length <= 3 * refs.length, `${ran.length} runs of ${refs.length} jobs`);
  await peer.kill();
  const before = scene.runs.length;
  await scene.queue.put(refs.map((ref) => job(ref, Date.now())));
  await scene.until(before + refs.length);
  same(scene.refs().slice(before).sort(), [...refs].sort(), 'runs after another put');
}

/** What a queue must withstand when its engine is away. */
export async function engineFault(engine: QueueEngine, withinMs: number): Promise<void> {
  const queue = engine.open();
  const runs: string[] = [];
  const options = { concurrency: 4, onError: () => {} };
  await queue.put([job('a', Date.now()), job('b', Date.now() + 2_000)]);
  const work = queue.work(async ({ ref }) => {
    runs.push(ref);
    return { nextAt: Date.now() + 600_000 };
  }, options);
  await until(() => runs.length > 0, withinMs);
  // Whether the end of a run is saved that the engine did not live to see is another question.
  await pause(500);
  await engine.stop();
  const began = Date.now();
  for (const attempt of [() => queue.put([job('c', Date.now())]), () => queue.remove(['a'])])
    same(await codeOf(attempt), 'queue_unavailable', 'while the engine is away');
  check(Date.now() - began < 30_000, 'put and remove end within 15 seconds each');
  await engine.start();
  await until(() => runs.includes('b'), withinMs);
  same(runs, ['a', 'b'], 'runs: what was refused does not happen later');
  await queue.put([job('c', Date.now()), job('a', Date.now())]);
  await until(() => runs.length === 4, withinMs);
  same(runs.slice(2).sort(), ['a', 'c'], 'runs');
  await engine.stop();
  const closing = Date.now();
  await work.close({ timeoutMs: 500 });
  await queue.close();
  check(Date.now() - closing < 10_000, 'close ends without the engine');
}

async function codeOf(attempt: () => Promise<unknown>): Promise<unknown> {
  try {
    await attempt();
    return 'done';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

async function runsOf(peer: QueuePeer): Promise<string[]> {
  return (await peer.run({ do: 'runs' })) as string[];
}

async function untilRun(peer: QueuePeer, runs: number, withinMs: number): Promise<void> {
  for (let waited = 0; waited < withinMs; waited += 20) {
    if ((await runsOf(peer)).length >= runs) return;
    await pause(20);
  }
  check(false, `the worker ran a job within ${withinMs} ms`);
}

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  for (let waited = 0; !holds() && waited < withinMs; waited += 20) await pause(20);
}
