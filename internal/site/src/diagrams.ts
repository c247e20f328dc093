import type { MarkdownRenderer } from 'vitepress';

/** Turns fenced blocks of Mermaid into the theme's component, which draws them. */
export function diagrams(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index];
    if (token?.info.trim() === 'mermaid') {
      return `<MermaidDiagram source="${markdown.utils.escapeHtml(token.content)}" />`;
    }
    return fence?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
  };
}
