import type { AuthSession, MaybePromise, TokenSet } from '@auth/core';
import type { Dispatcher } from 'undici';

type Given = Dispatcher.DispatchOptions['headers'];
type Value = string | number | string[] | undefined;
type Entries = readonly (readonly [name: string, value: string])[];

/** A token set, and the headers that carry it. */
export interface Attached {
  readonly tokens: TokenSet;
  /** Names in lower case. */
  readonly entries: Entries;
}

/** The headers that the session puts on requests, as undici takes them: made once for a token set. */
export class TokenHeaders {
  readonly #session: AuthSession;
  #last: Attached | undefined;
  #lastOrigin: URL | undefined;

  constructor(session: AuthSession) {
    this.#session = session;
  }

  /** @throws AuthError if the origin may not see the token; rejects if the session cannot get one */
  attach(origin: string | URL, signal: AbortSignal | undefined): MaybePromise<Attached> {
    const headers = new Headers();
    const tokens = this.#session.attach(this.#parse(origin), headers, signal && { signal });
    return tokens instanceof Promise
      ? tokens.then((later) => this.#entriesOf(later, headers))
      : this.#entriesOf(tokens, headers);
  }

  #entriesOf(tokens: TokenSet, headers: Headers): Attached {
    if (this.#last?.tokens !== tokens) this.#last = { tokens, entries: [...headers] };
    return this.#last;
  }

  #parse(origin: string | URL): URL {
    if (origin instanceof URL) return origin;
    if (this.#lastOrigin?.origin !== origin) this.#lastOrigin = new URL(origin);
    return this.#lastOrigin;
  }
}

/**
 * A request's headers, with the token's headers replacing any of the same names. Undefined for what undici refuses:
 * then undici says so.
 */
export function withHeaders(given: Given, entries: Entries): Record<string, string | string[]> | undefined {
  // No prototype: a header may be named `constructor`.
  const headers: Record<string, string | string[]> = Object.create(null);
  const pairs = pairsOf(given);
  if (pairs === undefined) return undefined;
  for (const [name, value] of pairs) {
    if (value === undefined || value === null || isAmong(entries, name)) continue;
    // A list may name a header twice; both values count.
    const before = headers[name];
    const text = typeof value === 'object' ? value : String(value);
    headers[name] = before === undefined ? text : [before, text].flat();
  }
  for (const [name, value] of entries) headers[name] = value;
  return headers;
}

type Pair = readonly [name: string, value: Value];

/** Undefined for what is no list of headers. */
function pairsOf(given: Given): Iterable<Pair> | undefined {
  if (given === undefined || given === null) return [];
  if (typeof given !== 'object') return undefined;
  if (Array.isArray(given)) return given.length % 2 === 0 ? flatPairs(given) : undefined;
  if (!(Symbol.iterator in given)) return Object.entries(given);
  // Read once: an iterator may give its headers only once.
  const pairs = [...(given as Iterable<Pair>)];
  return pairs.every((pair) => Array.isArray(pair) && pair.length === 2) ? pairs : undefined;
}

/** Undici's own form: a flat list of alternating names and values. */
function flatPairs(given: readonly string[]): readonly Pair[] {
  return Array.from({ length: given.length / 2 }, (_, index) => [
    given[2 * index] as string,
    given[2 * index + 1] as string,
  ]);
}

function isAmong(entries: Entries, name: string): boolean {
  return entries.some(([other]) => String(name).toLowerCase() === other);
}
