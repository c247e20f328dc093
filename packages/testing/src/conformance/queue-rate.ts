import { pause, type QueueScene } from './queue-scene.js';
import { check, same } from './test-function.js';

const betweenMs = 20;
const perSecond = 1_000 / betweenMs;
/** An account comes back for a turn that is further ahead. */
const aheadMs = 1_000;
/** A busy machine answers this much later. */
const slackMs = 200;

/** What a queue with `take` promises: a rate that all programs share. */
export const ratePromises: Readonly<Record<string, (scene: QueueScene) => Promise<void>>> = {
  async 'a rate is shared by all programs: each account that waits has a turn of its own'(scene) {
    const count = 80;
    const queues = [1, 2, 3, 4].map(() => scene.another());
    const ask = async (index: number): Promise<number> =>
      (await queues[index % queues.length]?.take?.('of many', perSecond, `account ${index}`)) ?? 0;
    await ask(count);
    const began = Date.now();
    const waits = await Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
    const tookMs = Date.now() - began;
    const sorted = waits.toSorted((left, right) => left - right);
    for (const [index, waitMs] of sorted.entries()) {
      check(waitMs >= index * betweenMs - tookMs - 1, `no two have one turn: ${sorted}`);
      check(waitMs <= (index + 1) * betweenMs + tookMs + aheadMs / 10, `no turn is left out: ${sorted}`);
    }
    const latest = Math.max(...waits);
    const last = waits.indexOf(latest);
    check((await ask(last)) <= latest, 'an account that asks again keeps its turn');
    await Promise.all(
      waits.map(async (waitMs, index) => {
        if (waitMs < aheadMs || index === last) return;
        await pause(waitMs);
        check((await ask(index)) < aheadMs, 'the turn of an account that comes back for it has come');
      }),
    );
  },

  async 'an account that comes back late has its turn as soon as the rate allows'(scene) {
    const take = async (ref: string): Promise<number> =>
      (await scene.queue.take?.('of the late', 2, ref)) ?? Number.NaN;
    const waits: number[] = [];
    for (const ref of 'abcdefg') waits.push(await take(ref));
    check((await take('g')) >= aheadMs, 'an account that asks much too early keeps its turn');
    await pause(Math.max(...waits) + slackMs);
    for (const ref of 'de') check((await take(ref)) < aheadMs, 'the first of the late have their turns');
    await take('f');
    const waitMs = await take('g');
    check(waitMs >= aheadMs, 'the turns of the last of them are moved');
    await pause(waitMs);
    check((await take('g')) < aheadMs, 'a turn that was moved has come');
  },

  async 'who comes later does not get the turn of an account that waits'(scene) {
    const take = async (ref?: string): Promise<number> =>
      (await scene.queue.take?.('of few', 1, ref)) ?? Number.NaN;
    same(await take('first'), 0, 'the wait of the first');
    check((await take('second')) < aheadMs, 'the second waits for its turn');
    const waitMs = await take('third');
    check(waitMs >= aheadMs, 'the third comes back for its turn');
    await pause(waitMs + slackMs);
    check((await take('fourth')) >= aheadMs, 'the turn that has come is that of the third');
    check((await take()) > 0, 'who names no account is given none of its turns');
    check((await take('third')) < aheadMs, 'the third has its turn');
    await pause(4 * aheadMs);
    same(await take(), 0, 'the wait where nobody waits');
  },
};
