/** The cookies that an answer sets, without those that it deletes. RFC 6265 section 5.2: a pair ends at the first semicolon. */
export function cookiesIn(headers: Headers): ReadonlyMap<string, string> {
  const pairs = headers.getSetCookie().map((line) => pairOf(line.split(';', 1)[0] as string));
  return new Map(pairs.filter(([name, value]) => name !== '' && value !== ''));
}

/**
 * Adds cookies, as `a=1;b=2`, to those that the request has; one of the same name gives way. For a provider's `authorize`,
 * whose `tokenHeaders` then name `cookie`.
 */
export function setCookies(headers: Headers, cookies: string): void {
  const split = (text: string): (readonly [string, string])[] => text.split(';').map(pairOf);
  const all = new Map([...split(headers.get('cookie') ?? ''), ...split(cookies)]);
  all.delete('');
  headers.set('cookie', [...all].map((pair) => pair.join('=')).join('; '));
}

function pairOf(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  return at === -1 ? ['', ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
