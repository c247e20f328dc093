import scriptUrl from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';
import { useData } from 'vitepress';
import { type DefineComponent, defineComponent, h, onMounted, ref, useId, watch } from 'vue';

/** A diagram, drawn in the reader's browser in the colours of the page; until then, and without scripts, its source. */
export const MermaidDiagram: DefineComponent<{ source: string }> = defineComponent({
  props: { source: { type: String, required: true } },
  setup: ({ source }) => {
    const { isDark } = useData();
    const drawn = ref({ svg: '', scheme: '' });
    const id = `diagram-${useId()}`;

    const draw = async (): Promise<void> => {
      loading ??= load();
      const mermaid = await loading;
      const scheme = isDark.value ? 'dark' : 'light';
      mermaid.initialize({
        startOnLoad: false,
        theme: scheme === 'dark' ? 'dark' : 'neutral',
        // The page's background colour, so that a line seems to stop at its label.
        themeVariables: { edgeLabelBackground: scheme === 'dark' ? '#1b1b1f' : '#ffffff' },
        fontFamily: 'inherit',
        flowchart: { nodeSpacing: 28, rankSpacing: 36 },
      });
      drawn.value = { scheme, ...(await mermaid.render(id, source)) };
    };
    onMounted(() => {
      void inTurn(draw);
      watch(isDark, () => inTurn(draw));
    });

    return () => {
      const { svg, scheme } = drawn.value;
      return svg === ''
        ? h('pre', { class: 'diagram' }, source)
        : h('div', { class: 'diagram', tabindex: 0, 'data-scheme': scheme, innerHTML: svg });
    };
  },
});

let last: Promise<void> = Promise.resolve();

/** Draws one diagram after the other, because all share Mermaid's one configuration, which has the colours. */
function inTurn(draw: () => Promise<void>): Promise<void> {
  const drawn = last.then(draw);
  last = drawn.catch(() => {});
  return drawn;
}

/** The part of Mermaid that is used here. */
interface Mermaid {
  initialize(options: object): void;
  render(id: string, source: string): Promise<{ svg: string }>;
}

let loading: Promise<Mermaid> | undefined;

/** Mermaid comes as a script that defines a global. Only pages with a diagram load it. */
async function load(): Promise<Mermaid> {
  const script = document.createElement('script');
  script.src = scriptUrl;
  const loaded = new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
  });
  document.head.append(script);
  await loaded;
  return (globalThis as unknown as { mermaid: Mermaid }).mermaid;
}
