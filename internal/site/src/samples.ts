import { pages } from './pages.ts';

/** A page of each kind. `check` makes and looks at these alone: all pages take four times as long. */
const samples = [
  'index.md',
  'playground.md',
  'guides/nextjs.md',
  'stores/memory.md',
  'vendors/keycloak.md',
  'refused-tokens.md',
  'performance.md',
  'comparison.md',
  'packages/core.md',
  'reference/joor.md',
];

/** Their paths on the site. */
export const samplePages = samples.map((page) => page.replace(/\.md$/, '.html'));

/** Whether the site is made of the samples alone. */
export const onlySamples = process.argv.includes('--samples');

/** The Markdown of the pages that are left out then. */
export function leftOut(): string[] {
  return [...pages()].filter(([, page]) => !samples.includes(page)).map(([source]) => source);
}
