import { expect, test } from 'vitest';
import { axisOf } from '../src/axis.ts';
import { Recording } from '../src/recording.ts';

function recorded(...instants: readonly (readonly [from: number, to: number])[]): Recording {
  let now = 0;
  const recording = new Recording(() => now);
  for (const [from, to] of instants) {
    now = from;
    const span = recording.begin('worker 1', 'refresh');
    now = to;
    recording.finish(span, 'accepted', 200);
  }
  recording.end();
  return recording;
}

test('an act fills the width from its beginning to its end', () => {
  const axis = axisOf(recorded([0, 400], [400, 1_000]));
  expect([0, 400, 1_000].map((instant) => axis.place(instant))).toEqual([0, 0.4, 1]);
});

test('a short act leaves room', () => {
  expect(axisOf(recorded([0, 300])).place(300)).toBe(0.5);
});

test('a long time in which nothing happens is drawn short, and marked', () => {
  const axis = axisOf(recorded([0, 300], [60_300, 60_700]));
  expect(axis.gaps).toEqual([{ at: 0.45, durationMs: 60_000 }]);
  expect(axis.place(60_300)).toBe(0.6);
});

test('a long request is drawn as long as it was', () => {
  const axis = axisOf(recorded([0, 5_000], [5_000, 10_000]));
  expect(axis.gaps).toEqual([]);
  expect(axis.place(5_000)).toBe(0.5);
});
