import {
  computed,
  type DefineComponent,
  defineComponent,
  h,
  onBeforeUnmount,
  onMounted,
  ref,
  shallowRef,
  type VNode,
} from 'vue';
import { type Act, actOf, acts } from '../acts.ts';
import { codeOf } from '../code.ts';
import { fragmentOf, type Scene, sceneOf } from '../link.ts';
import { type Played, play } from '../play.ts';
import { loadModules, Stage } from '../stage.ts';
import { Timeline } from './timeline.ts';

/** The hash of a refused password takes real time, in which the stage's clock must not reach the session's deadlines. */
const fastest = 30;

/** How fast the stage's clock goes, by the position of the dial. */
const speeds = [
  { label: 'quarter speed', factor: 0.25 },
  { label: 'half speed', factor: 0.5 },
  { label: 'real time', factor: 1 },
  { label: 'four times as fast', factor: 4 },
  { label: 'thirty times as fast', factor: fastest },
] as const;
/** A tab in the background gets no frames: time stands still there. */
const longestFrameMs = 50;
const eventsShown = 12;

/** Sessions at work, for the reader to disturb. */
export const Playground: DefineComponent = defineComponent({
  setup: () => {
    const stage = shallowRef<Stage>();
    const scene = ref<Scene>({ acts: [], workers: 3 });
    const playing = shallowRef<Act>();
    const last = shallowRef<Played>();
    const tick = ref(0);
    const speed = ref(1);
    const copied = ref('');
    const said = computed(() =>
      playing.value === undefined
        ? (last.value?.said ??
          'Press a button: the first callers have no token yet, so the first act is a login.')
        : `${playing.value.label} …`,
    );

    const restart = (next: Scene): void => {
      stage.value?.dispose();
      stage.value = new Stage(next.workers);
      last.value = undefined;
      scene.value = { acts: [], workers: next.workers };
    };
    const perform = async (act: Act, pace: () => Promise<number>): Promise<void> => {
      const on = stage.value;
      if (on === undefined || playing.value !== undefined) return;
      playing.value = act;
      try {
        const played = await play(on, act, pace);
        if (stage.value !== on) return;
        last.value = played;
        scene.value = { ...scene.value, acts: [...scene.value.acts, act.id] };
        history.replaceState(history.state, '', `#${fragmentOf(scene.value)}`);
      } finally {
        playing.value = undefined;
        tick.value++;
      }
    };
    const frame = async (factor: number): Promise<number> => {
      const startedAt = performance.now();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      tick.value++;
      return Math.min(longestFrameMs, performance.now() - startedAt) * factor;
    };
    const follow = async (): Promise<void> => {
      const linked = sceneOf(location.hash.slice(1));
      await loadModules();
      restart(linked);
      for (const id of linked.acts) await perform(actOf(id) as Act, () => frame(fastest));
    };
    const copy = async (what: string, text: string): Promise<void> => {
      await navigator.clipboard.writeText(text);
      copied.value = what;
    };

    onMounted(follow);
    onBeforeUnmount(() => stage.value?.dispose());

    return () => {
      const on = stage.value;
      void tick.value;
      const code = codeOf(scene.value.acts, scene.value.workers);
      return h(
        'div',
        { class: 'playground', 'data-ready': String(on !== undefined && playing.value === undefined) },
        [
          h(
            'div',
            { class: 'playground-acts', role: 'group', 'aria-label': 'What happens next' },
            acts.map((act) =>
              h(
                'button',
                {
                  type: 'button',
                  'data-act': act.id,
                  // Not `disabled`: the focus would be lost.
                  'aria-disabled': playing.value !== undefined,
                  class: playing.value === act ? 'is-playing' : '',
                  onClick: () => perform(act, () => frame(speeds[speed.value]?.factor ?? 1)),
                },
                act.label,
              ),
            ),
          ),
          h('div', { class: 'playground-controls' }, [
            h('label', [
              'Speed ',
              h('input', {
                type: 'range',
                min: 0,
                max: speeds.length - 1,
                step: 1,
                value: speed.value,
                'aria-valuetext': speeds[speed.value]?.label,
                onInput: (event: Event) => {
                  speed.value = Number((event.target as HTMLInputElement).value);
                },
              }),
              h('span', ` ${speeds[speed.value]?.label}`),
            ]),
            h(
              'button',
              { type: 'button', onClick: () => restart({ acts: [], workers: scene.value.workers }) },
              'Start over',
            ),
            h('button', { type: 'button', onClick: () => copy('link', location.href) }, 'Copy link'),
            h('button', { type: 'button', onClick: () => copy('code', code) }, 'Copy code'),
            h('span', { role: 'status' }, copied.value === '' ? '' : `The ${copied.value} is copied.`),
          ]),
          h('p', { class: 'playground-said', 'aria-live': 'polite' }, said.value),
          on === undefined
            ? undefined
            : h(Timeline, {
                recording: on.recording,
                workers: on.workers.map(({ name }) => name),
                tick: tick.value,
              }),
          legend(),
          h('div', { class: 'playground-panels' }, [ledger(on), events(on)]),
          h('details', [
            h('summary', 'The code of this scene'),
            h('pre', { tabindex: 0 }, [h('code', code)]),
          ]),
        ],
      );
    };
  },
});

function legend(): VNode {
  const entries = [
    ['waiting', 'callers, until they are answered'],
    ['call accepted', 'requests to the API'],
    ['refresh accepted', 'login, refresh or revocation'],
    ['refused', 'refused'],
    ['lost', 'lost on the way'],
  ] as const;
  return h(
    'ul',
    { class: 'playground-legend' },
    entries.map(([kind, text]) => h('li', [h('span', { class: `timeline-bar ${kind}` }), text])),
  );
}

function ledger(stage: Stage | undefined): VNode {
  const { logins, refreshes, reused, accepted, refused } = stage?.counts() ?? nothing;
  const rows = [
    ['logins', logins],
    ['refreshes', refreshes],
    ['refresh tokens seen twice', reused],
    ['API calls accepted', accepted],
    ['API calls refused', refused],
  ] as const;
  return h('section', [
    h('h3', { id: 'ledger' }, 'The servers’ ledger'),
    h(
      'dl',
      { class: 'playground-ledger' },
      rows.map(([name, count]) =>
        h('div', [h('dt', name), h('dd', { 'data-count': name }, count.toLocaleString('en'))]),
      ),
    ),
  ]);
}

const nothing = { logins: 0, refreshes: 0, reused: 0, accepted: 0, refused: 0 };

function events(stage: Stage | undefined): VNode {
  const shown = stage?.events.slice(-eventsShown).reverse() ?? [];
  return h('section', [
    h('h3', { id: 'events' }, 'The sessions’ events'),
    shown.length === 0 ? h('p', 'None yet.') : undefined,
    h(
      'ol',
      { class: 'playground-events' },
      shown.map(({ worker, event }) =>
        h('li', [h('code', event.type), ` ${worker}${'code' in event ? `, ${event.code}` : ''}`]),
      ),
    ),
  ]);
}
