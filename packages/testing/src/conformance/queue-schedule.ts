import { job, type QueueScene } from './queue-scene.js';
import { check, same } from './test-function.js';

/** When jobs run, and what puts and removes make of that. */
export const schedulePromises: Readonly<Record<string, (scene: QueueScene) => Promise<void>>> = {
  'a job runs once, when it is due': async (scene) => {
    const at = Date.now() + 300;
    await scene.queue.put([job('a', at)]);
    scene.work();
    await scene.settle(300);
    same(scene.refs(), ['a'], 'runs');
    const [{ job: one, startedAt }] = scene.runs as [(typeof scene.runs)[number]];
    check(startedAt >= at - 5, 'not before its time');
    same([one.v, one.ref], [1, 'a'], 'the job');
    check(Math.abs(one.at - at) < 1_000, 'its time is told, as exactly as clocks agree');
  },

  'a put moves a job earlier': async (scene) => {
    await scene.queue.put([job('a', Date.now() + 600_000)]);
    scene.work();
    await scene.queue.put([job('a', Date.now())]);
    await scene.settle();
    same(scene.refs(), ['a'], 'runs');
  },

  'a put moves a job later': async (scene) => {
    await scene.queue.put([job('a', Date.now() + 200)]);
    await scene.queue.put([job('a', Date.now() + 600_000)]);
    scene.work();
    await scene.settle(300);
    same(scene.refs(), [], 'runs');
  },

  'a put with ifAbsent moves no job, and schedules one where there is none': async (scene) => {
    await scene.queue.put([job('a', Date.now() + 600_000)]);
    await scene.queue.put([job('a', Date.now()), job('b', Date.now())], { ifAbsent: true });
    scene.work();
    await scene.settle();
    same(scene.refs(), ['b'], 'runs');
  },

  'a removed job does not run': async (scene) => {
    await scene.queue.put([job('a', Date.now() + 100), job('b', Date.now() + 100)]);
    await scene.queue.remove(['a', 'unknown']);
    scene.work();
    await scene.settle(200);
    same(scene.refs(), ['b'], 'runs');
  },

  'a run that names no next time ends its job, and one that does runs again': async (scene) => {
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
  },

  'any text names an account': async (scene) => {
    const refs = ['4711', '0', 'a:b', 'a b', 'ünïcödé', '#sweep', '__proto__', 'x'.repeat(200)];
    await scene.queue.put(refs.map((ref) => job(ref, Date.now())));
    scene.work();
    await scene.until(refs.length);
    same(scene.refs().sort(), [...refs].sort(), 'runs');
    await scene.queue.remove(refs);
  },

  'a job of a version that the worker does not know is left to others': async (scene) => {
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
  },
};
