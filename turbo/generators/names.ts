/** What is wrong with a new package's name; true if nothing is. */
export function checkName(name: string, prefix: string, isTaken: (folder: string) => boolean): true | string {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name)) {
    return `${JSON.stringify(name)} is no package name: words of a-z and 0-9 that begin with a letter, joined by "-"`;
  }
  if (name.startsWith('store-')) {
    return prefix === ''
      ? `${name}: that is a store; pnpm new:store makes one`
      : `${name}: leave out "store-"`;
  }
  const folder = `${prefix}${name}`;
  return isTaken(folder) ? `${folder}: there is one already, in packages or examples` : true;
}
