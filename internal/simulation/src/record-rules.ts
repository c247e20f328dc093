import { type Envelope, envelopeOf, type Judge, minuteMs } from './judge.ts';
import { key, type Life } from './life.ts';
import type { Write } from './store.ts';

/** Rules on what a write may replace, in a store whose comparison is atomic. */
export class RecordRules {
  readonly #judge: Judge;
  readonly #ids = new Set<string>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  onWrite(life: Life, write: Write): void {
    // A reader tells by the id whether a record is the one that it knows.
    if (this.#ids.has(write.next.id))
      this.#judge.violate('each record has an id of its own', life.process.name);
    this.#ids.add(write.next.id);
    if (!this.#judge.isAtomic) return;
    if (write.key === `${key}.lock` && write.next.value === 'free' && life.underWay.size > 0) {
      this.#judge.violate('a lease is kept until the exchange ends', life.process.name);
    }
    if (write.key !== key) return;
    const [before, after] = [envelopeOf(write.replaced), envelopeOf(write.next)];
    this.#onTokens(life, before, after);
    this.#onGuard(life, before, after);
    this.#onNewerMembers(life, before, after);
  }

  #onNewerMembers(life: Life, before: Envelope, after: Envelope): void {
    const sameTokens = before.tokens?.id === after.tokens?.id ? after.tokens : before.tokens;
    const kept = [after.newer, after.guard?.newer, sameTokens?.newer];
    const had = [before.newer, before.guard?.newer, before.tokens?.newer];
    if (had.some((member, index) => member !== kept[index]))
      this.#judge.violate('what a newer version wrote is kept', life.process.name);
  }

  /** A refresh has spent the old pair before it is replaced: only a sign-in or sign-out may replace a good pair. */
  #onTokens(life: Life, before: Envelope, after: Envelope): void {
    const judge = this.#judge;
    const { id, refreshToken = '' } = before.tokens ?? {};
    const isLost = id !== after.tokens?.id && judge.around.server.honours(refreshToken);
    const isWanted = after.signedOutAt !== undefined || life.fromSignIn.has(after.tokens?.refreshToken ?? '');
    if (isLost && !isWanted) {
      judge.violate('a good pair is not replaced', `${life.process.name}: ${refreshToken}`);
    }
  }

  #onGuard(life: Life, { tokens, guard }: Envelope, after: Envelope): void {
    const judge = this.#judge;
    const { maxLoginsPerHour } = judge.around.plan;
    const kept = after.guard?.loginsAt ?? [];
    const lost = (guard?.loginsAt ?? []).filter((at) => !kept.includes(at));
    // Once the list is full the oldest login is dropped; of those far ahead of the writer's clock some always may be.
    const farAhead = judge.around.world.now + life.process.wallOffsetMs + 5 * minuteMs;
    const isFull = kept.length === 2 * maxLoginsPerHour;
    const dropped = lost.filter((at) => at <= farAhead && !(isFull && at <= Math.min(...kept)));
    if (dropped.length > 0) {
      judge.violate('a saved login is not dropped', `${life.process.name}: ${dropped.length} lost`);
    }
    const isLifted = guard?.latch !== undefined && after.guard?.latch === undefined;
    if (isLifted && (after.tokens === undefined || after.tokens.id === tokens?.id)) {
      judge.violate('only an accepted password lifts a latch', life.process.name);
    }
  }
}
