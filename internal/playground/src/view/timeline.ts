import { type DefineComponent, defineComponent, h, type VNode } from 'vue';
import { type Axis, axisOf } from '../axis.ts';
import type { Callers, Recorded, Span } from '../recording.ts';

/** What an act looks like: a lane for each worker, with its callers and requests, and one for the auth server. */
export const Timeline: DefineComponent<{ recording: Recorded; workers: string[]; tick: number }> =
  defineComponent({
    props: {
      recording: { type: Object as () => Recorded, required: true },
      workers: { type: Array as () => string[], required: true },
      /** Changes with each frame: the recording grows in place. */
      tick: { type: Number, required: true },
    },
    setup: (props) => () => {
      void props.tick;
      const { recording } = props;
      const axis = axisOf(recording);
      const exchanges = recording.spans.filter(({ kind }) => kind !== 'call');
      const lanes = props.workers.map((worker) =>
        lane(worker, [
          ...recording.callers
            .filter((each) => each.worker === worker)
            .map((each) => waiting(axis, recording, each)),
          ...recording.spans
            .filter((span) => span.worker === worker && span.kind === 'call')
            .map((span) => bar(axis, recording, span)),
        ]),
      );
      return h('div', { class: 'timeline', 'aria-hidden': 'true' }, [
        ...lanes,
        lane(
          'auth server',
          exchanges.map((span) => bar(axis, recording, span)),
        ),
        h('div', { class: 'timeline-scale' }, [
          ...axis.gaps.map(({ at, durationMs }) =>
            h('span', { class: 'timeline-gap', style: { left: percent(at) } }, `… ${seconds(durationMs)} …`),
          ),
          h('span', { class: 'timeline-end' }, seconds(recording.elapsed)),
        ]),
      ]);
    },
  });

function lane(name: string, bars: VNode[]): VNode {
  return h('div', { class: 'timeline-lane' }, [
    h('span', { class: 'timeline-name' }, name),
    h('div', { class: 'timeline-track' }, bars),
  ]);
}

function waiting(axis: Axis, recording: Recorded, { from, to, count }: Callers): VNode {
  return h(
    'span',
    { class: 'timeline-bar waiting', style: placed(axis, from, to ?? recording.elapsed) },
    textFor(axis, from, to ?? recording.elapsed, `${count.toLocaleString('en')} callers`),
  );
}

function bar(axis: Axis, recording: Recorded, span: Span): VNode {
  const { from, to = recording.elapsed, kind, outcome, status, count } = span;
  const what = kind === 'call' ? `${count.toLocaleString('en')} ×` : kind;
  const how =
    status === undefined ? { lost: 'lost', unreachable: 'away' }[outcome as string] : String(status);
  return h(
    'span',
    { class: `timeline-bar ${kind} ${outcome}`, style: placed(axis, from, to) },
    textFor(axis, from, to, [what, how].filter((text) => text !== undefined).join(' ')),
  );
}

/** Where a bar is too narrow for any of it, there is no text. */
function textFor(axis: Axis, from: number, to: number, text: string): string {
  return axis.place(to) - axis.place(from) < narrow ? '' : text;
}

/** In this share of the width three letters fit. */
const narrow = 0.04;

function placed(axis: Axis, from: number, to: number): { left: string; width: string } {
  const left = axis.place(from);
  return { left: percent(left), width: percent(axis.place(to) - left) };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

function seconds(durationMs: number): string {
  return durationMs < 10_000 ? `${(durationMs / 1_000).toFixed(1)} s` : `${Math.round(durationMs / 1_000)} s`;
}
