/** Text from outside, made fit for one line of a log: no control characters, bounded. */
export function printable(text: string): string {
  const line = text.replace(unprintable, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Control characters, line breaks of Unicode, and what changes the direction of the text. */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Origin and path of a URL: what else it has may be a secret. */
export function placeIn(url: string): string {
  const { origin = 'null', pathname } = URL.canParse(url) ? new URL(url) : {};
  if (origin !== 'null') return `${origin}${pathname}`;
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');
}
