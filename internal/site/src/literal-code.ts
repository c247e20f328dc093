import type { MarkdownRenderer } from 'vitepress';

/** Code within a line is shown as it stands: Vue would take `{{token}}` for an expression of its own. */
export function literalCode({ renderer }: MarkdownRenderer): void {
  const render = renderer.rules.code_inline;
  renderer.rules.code_inline = (...args) => render?.(...args).replace('<code', '<code v-pre') ?? '';
}
