import { type Job, job, type QueueScene } from './queue-scene.js';
import { check, same } from './test-function.js';

/** What is put or removed while the job runs. */
export const promisesDuringRuns: Readonly<Record<string, (scene: QueueScene) => Promise<void>>> = {
  'of a put during a run and its nextAt the earlier stands: the put': async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) > 1) return {};
      await scene.another().put([job(ref, Date.now() + 100)]);
      return { nextAt: Date.now() + 600_000 };
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a', 'a'], 'runs');
  },

  'of a put during a run and its nextAt the earlier stands: nextAt': async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) > 1) return {};
      await scene.another().put([job(ref, Date.now() + 600_000)]);
      return { nextAt: Date.now() + 100 };
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a', 'a'], 'runs');
  },

  'a put during a run that ends its job stands': async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      if (scene.count(ref) === 1) await scene.another().put([job(ref, Date.now() + 100)]);
      return {};
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a', 'a'], 'runs');
  },

  'after a remove during a run nothing stands': async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      await scene.another().remove([ref]);
      return { nextAt: Date.now() + 100 };
    });
    await scene.settle();
    await scene.settle(200);
    same(scene.refs(), ['a'], 'runs');
  },

  'a put after a remove during a run stands alone': async (scene) => {
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
  },

  'a put during a run never starts a second run beside it': async (scene) => {
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
  },

  'a put with ifAbsent during a run changes nothing': async (scene) => {
    await scene.queue.put([job('a', Date.now())]);
    scene.work(async ({ ref }) => {
      await scene.another().put([job(ref, Date.now())], { ifAbsent: true });
      return { nextAt: Date.now() + 600_000 };
    });
    await scene.settle();
    await scene.settle(100);
    same(scene.refs(), ['a'], 'runs');
  },
};
