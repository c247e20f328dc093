import type { Theme } from 'vitepress';
import { defineClientComponent } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import { MermaidDiagram } from './mermaid-diagram.ts';
import { SceneTimeline } from './scene-timeline.ts';
import '@internal/playground/style.css';
import './style.css';

/** Only in the browser, and only on its page. */
const ThePlayground = defineClientComponent(async () => {
  const { Playground } = await import('@internal/playground');
  return Playground;
});

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => {
    app.component('MermaidDiagram', MermaidDiagram);
    app.component('SceneTimeline', SceneTimeline);
    app.component('ThePlayground', ThePlayground);
  },
};

export default theme;
