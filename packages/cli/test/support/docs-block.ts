import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The block of code of a page of docs/cli that contains a text. @throws Error if there is none */
export function docsBlock(page: string, language: string, containing: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../../../../docs/cli/${page}`, import.meta.url)), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const found = blocks.find(([, kind, code]) => kind === language && code?.includes(containing))?.[2];
  if (found === undefined) throw new Error(`${page} has no block of ${language} with ${containing}`);
  return found;
}
