/** The scope that the packages are published under is the one in the name of packages/core. */
export function scopeOf(coreManifest: string): string {
  const { name } = JSON.parse(coreManifest) as { name: string };
  return name.slice(0, name.indexOf('/'));
}

/** What keeps the packages from moving to a scope, in words; undefined for nothing. */
export function objectionTo(scope: string, current: string, lockfile: string): string | undefined {
  if (!/^@[a-z\d][a-z\d-]*$/.test(scope))
    return `"${scope}" is no scope: expected one like @acme, in lower case`;
  if (scope === current) return `${scope} is the scope already`;
  if (lockfile.includes(`'${scope}/`))
    return `${scope} is the scope of dependencies: their names would be ours as well`;
  return undefined;
}

/** A file's text with the packages in another scope. Words that only contain the scope, such as addresses, stay. */
export function moved(text: string, from: string, to: string): string {
  return text.replace(mentions(from), to);
}

/** Where a text names the scope: in names of packages and of the examples, in settings, by itself. */
export function mentions(scope: string): RegExp {
  return new RegExp(`(?<![\\w.+-])${scope}(?=-examples\\b|(?![\\w-]|\\.\\w))`, 'g');
}

/** Documentation without the warning about a scope that is not one's own, and without the setting that it asks for. */
export function withoutWarning(markdown: string, scope: string): string {
  return markdown
    .replaceAll(new RegExp(`^npm config set ${scope}:registry .*\\n`, 'gm'), '')
    .replaceAll(/^(?:- )?(?!\n|```|- )[^\n]+\n(?:(?!```|- )[^\n]+\n)*/gm, (paragraph) =>
      /belongs\s+to\s+somebody\s+else/.test(paragraph) ? '' : paragraph,
    )
    .replaceAll(/\n{3,}/g, '\n\n')
    .replace(/\n{2,}$/, '\n');
}
