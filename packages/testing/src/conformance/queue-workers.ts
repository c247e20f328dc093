import { job, pause, type QueueScene } from './queue-scene.js';
import { check, same } from './test-function.js';

/** What workers owe each other, and whoever ends them. */
export const workerPromises: Readonly<Record<string, (scene: QueueScene) => Promise<void>>> = {
  'two workers share the jobs, and never run one at the same time': async (scene) => {
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
  },

  'no more runs at once than the worker has room for': async (scene) => {
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
  },

  'close waits for the runs under way, and no job is lost': async (scene) => {
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
  },

  'close does not wait for ever, and tells the run by its signal': async (scene) => {
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
  },
};
