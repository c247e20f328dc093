/**
 * Makes the packages' READMEs fit for npm, before they are packed: npm knows no other files of the repository, so links
 * lead to the site. `git restore` brings the READMEs back.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { targetOf } from './links.ts';
import { pages } from './pages.ts';
import { homepage, inRepository } from './repository.ts';
import { writeSources } from './sources.ts';

if (import.meta.main) {
  // What is not committed would be lost when the READMEs are brought back.
  execFileSync('git', ['diff', '--quiet', 'HEAD', '--', ...npmReadmes()], { cwd: inRepository() });
  writeSources();
  const known = pages();
  for (const readme of npmReadmes()) writeFileSync(inRepository(readme), asOnNpm(readme, known));
}

/** The READMEs that npm shows. */
export function npmReadmes(): string[] {
  return globSync('packages/*/README.md', { cwd: inRepository() }).sort();
}

/** The text of a README as npm shows it. */
export function asOnNpm(readme: string, known: ReadonlyMap<string, string>): string {
  const text = readFileSync(inRepository(readme), 'utf8');
  return text.replaceAll(/\]\(([^)\s]+)\)/g, (link, href: string) => {
    if (/^([a-z]+:|#)/.test(href)) return link;
    const target = targetOf(href, readme, known)
      .slice(1)
      .replace(/\.md(?=#|$)/, '.html');
    return `](${homepage}${target})`;
  });
}
