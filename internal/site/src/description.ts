import { readFileSync } from 'node:fs';
import { inRepository } from './repository.ts';

/** What search engines show of a page: the text of its first paragraph, or of its first item where it begins with a list. */
export function descriptionOf(source: string): string {
  const text = readFileSync(inRepository(source), 'utf8').replace(/^---\n[\s\S]*?\n---\n/, '');
  const paragraph = text
    .split(/\n{2,}/)
    .find((block) => !/^(#|```|\||<|!\[|>)/.test(block.trim()) && block.trim() !== '');
  const [first = ''] = (paragraph ?? '').split('\n- ');
  return first
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]|^- /g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
