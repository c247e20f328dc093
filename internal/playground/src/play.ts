import { type Act, difference, outcomeOf } from './acts.ts';
import type { Recording } from './recording.ts';
import type { Counts, Stage } from './stage.ts';

/** An act that was played. */
export interface Played {
  readonly act: Act;
  readonly recording: Recording;
  readonly counts: Counts;
  /** What happened and why, in sentences. */
  readonly said: string;
}

/**
 * Plays an act to its end. `pace` says by how many milliseconds the clock moves next, when it resolves: hashes of refused
 * secrets take real time, and the clock must not run away from them.
 */
export async function play(stage: Stage, act: Act, pace: () => Promise<number>): Promise<Played> {
  await stage.nextAct();
  const { recording } = stage;
  const before = stage.counts();
  let isOver = false;
  const playing = act.play(stage).finally(() => {
    recording.end();
    isOver = true;
  });
  while (!isOver) await stage.clock.advance(Math.max(await pace(), stage.restMs));
  await playing;
  const counts = difference(before, stage.counts());
  return { act, recording, counts, said: `${outcomeOf(recording, counts)} ${act.why(counts)}` };
}
