import { Timeline } from '@internal/playground/timeline';
import { type DefineComponent, defineComponent, h } from 'vue';
import { data } from './recordings.data.ts';

/** A recorded scene of the playground. */
export const SceneTimeline: DefineComponent<{ name: keyof typeof data }> = defineComponent({
  props: { name: { type: String as unknown as () => keyof typeof data, required: true } },
  setup:
    ({ name }) =>
    () =>
      h('figure', { class: 'playground', role: 'img', 'aria-label': data[name].said }, [
        h(Timeline, { recording: data[name].recording, workers: data[name].workers, tick: 0 }),
      ]),
});
