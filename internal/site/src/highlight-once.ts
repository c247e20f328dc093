import type { MarkdownRenderer } from 'vitepress';

const known = new Map<string, string>();

/** Pages are rendered for readers, for the server's part and for the search: their code is highlighted once. */
export function highlightOnce(markdown: MarkdownRenderer): void {
  const { highlight } = markdown.options;
  if (!highlight) return;
  markdown.options.highlight = (...block) => {
    const key = JSON.stringify(block);
    const html = known.get(key) ?? highlight(...block);
    known.set(key, html);
    return html;
  };
}
