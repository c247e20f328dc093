import { AuthError, isAuthError, type MaybePromise, parseBaseUrl, reasonOf } from '@auth/core';

/** A secret, or a function that fetches it and is called before each use. */
export type Secret = string | (() => MaybePromise<string>);

/**
 * Gives a one-time code. It is called at each login, within the exchange's own deadline. A code that the same provider has
 * just sent is not sent again; no code is part of what a refusal is remembered by.
 */
export type OneTimeCode = () => MaybePromise<string>;

/** What every provider with a password login takes. */
export interface PasswordOptions {
  /** The user to log in. It is part of the store's key, and not secret. */
  readonly username: string;
  /** Absent: the session never logs in by itself. */
  readonly password?: Secret | undefined;
}

/** What every provider takes to reach another server than the vendor's. */
export interface ServerLocationOptions {
  /** The URL of the auth server. Its origin may see tokens without being in `allowedOrigins`. */
  readonly baseUrl?: string | undefined;
  /** The origins that may see tokens, in place of the vendor's own list. That of `baseUrl` may in any case. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

/** @throws AuthError `invalid_options` if there are no options at all */
export function assertOptions(options: unknown): asserts options is object {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object');
}

/** @throws AuthError `invalid_options` naming the option, never its value */
export function assertText(option: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '') throw invalidOption(option, 'a string that is not empty');
}

/** @throws AuthError `invalid_options` */
export function assertSecret(option: string, value: unknown): asserts value is Secret {
  if (typeof value !== 'function' && (typeof value !== 'string' || value === '')) {
    throw invalidOption(option, 'a string that is not empty, or a function that returns one');
  }
}

/** @throws AuthError `invalid_options` */
export function assertOneTimeCode(otp: unknown): asserts otp is OneTimeCode | undefined {
  if (otp !== undefined && typeof otp !== 'function')
    throw invalidOption('otp', 'a function that gives a code');
}

/** @throws AuthError `invalid_options` */
export function assertOneOf<Value extends string>(
  option: string,
  value: unknown,
  allowed: readonly Value[],
): asserts value is Value {
  if (!allowed.includes(value as Value)) throw invalidOption(option, `one of ${allowed.join(', ')}`);
}

/** An `invalid_options` error for one option. */
export function invalidOption(option: string, expected: string): AuthError {
  return new AuthError('invalid_options', { detail: `${option}: expected ${expected}` });
}

/**
 * The value of a secret.
 *
 * @throws AuthError `credentials_unavailable` if the function throws or returns no string; the thrown error is dropped
 */
export async function secretOf(option: string, secret: Secret): Promise<string> {
  if (typeof secret === 'string') return secret;
  const unavailable = (detail: string): AuthError =>
    new AuthError('credentials_unavailable', { delivery: 'not_sent', detail: `${option}: ${detail}` });
  let value: unknown;
  try {
    value = await secret();
  } catch (error) {
    if (isAuthError(error) && error.code === 'credentials_unavailable') throw error;
    throw unavailable(`its function threw ${reasonOf(error)}`);
  }
  if (typeof value === 'string' && value !== '') return value;
  throw unavailable('its function returned no text');
}

/** Where a provider's server is, and where its tokens may go. */
export interface ServerLocation {
  /** The auth server's URL, normalised. */
  readonly issuer: string;
  /** The origins that may see tokens. */
  readonly allowedOrigins: readonly string[];
}

/**
 * The issuer is normalised, so that spellings of one URL share one key in the store: lower-case host, no default
 * port, and no slash at the end.
 *
 * @param preset what the options leave open
 * @throws AuthError `invalid_options`
 */
export function serverLocationOf(
  options: ServerLocationOptions,
  preset: Partial<ServerLocation> = {},
): ServerLocation {
  const given = options.baseUrl;
  const listed = options.allowedOrigins ?? preset.allowedOrigins ?? [];
  if (!Array.isArray(listed)) throw invalidOption('allowedOrigins', 'an array of origins');
  if (![given, ...listed].every((text) => text === undefined || typeof text === 'string')) {
    return findLocation(given, preset, listed);
  }
  const name = JSON.stringify([given, preset.issuer, listed]);
  const known = locations.get(name);
  if (known !== undefined) return known;
  const location = findLocation(given, preset, listed);
  if (locations.size === rememberedLocations) locations.clear();
  locations.set(name, location);
  return location;
}

/** A cache, because programs open thousands of sessions on one server. */
const locations = new Map<string, ServerLocation>();
const rememberedLocations = 256;

function findLocation(
  given: string | undefined,
  preset: Partial<ServerLocation>,
  listed: readonly string[],
): ServerLocation {
  const { href, origin } = parseBaseUrl('baseUrl', given ?? preset.issuer);
  const own = given === undefined ? [] : [origin];
  return Object.freeze({
    issuer: href.replace(/\/+$/, ''),
    allowedOrigins: Object.freeze([...new Set([...listed, ...own])]),
  });
}

/** @throws AuthError `invalid_options` for a path that could lead to another host */
export function assertPath(option: string, path: unknown): asserts path is string {
  if (typeof path !== 'string' || !/^\/(?!\/)[^?#\\\s]*$/.test(path))
    throw invalidOption(option, 'a path that begins with one slash');
}
