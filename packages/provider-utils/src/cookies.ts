/**
 * The cookies that an answer leaves set, in its order: what it deletes is gone. A pair ends at the first semicolon (RFC 6265
 * section 5.2); a `Max-Age` of 0 or an `Expires` before the answer's own Date deletes.
 */
export function cookiesIn(headers: Headers): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const line of headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';');
    const [name, value] = pairOf(pair);
    const isEmpty = value === '' || value === '""';
    if (isEmpty || isDeletion(attributes, headers)) cookies.delete(name);
    else if (name !== '') cookies.set(name, value);
  }
  return cookies;
}

function isDeletion(attributes: readonly string[], headers: Headers): boolean {
  const given = new Map(
    attributes.map((text) => pairOf(text)).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const maxAge = given.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  // Some write 01-Jan-1970, which not every runtime reads.
  const expires = Date.parse((given.get('expires') ?? '').replaceAll('-', ' '));
  return expires <= (Date.parse(headers.get('date') ?? '') || 0);
}

/**
 * Adds cookies, as `a=1;b=2`, to those that the request has; one of the same name gives way. For a provider's `authorize`,
 * whose `tokenHeaders` then name `cookie`.
 */
export function setCookies(headers: Headers, cookies: string): void {
  const split = (text: string): (readonly [string, string])[] => text.split(';').map(pairOf);
  const all = new Map([...split(headers.get('cookie') ?? ''), ...split(cookies)]);
  all.delete('');
  if (all.size > 0) headers.set('cookie', [...all].map((pair) => pair.join('=')).join('; '));
}

function pairOf(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  return at === -1 ? ['', ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
