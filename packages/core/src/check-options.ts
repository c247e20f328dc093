import type { AuthSessionOptions } from './auth-session.js';
import { defaultTimeouts } from './environment.js';
import { AuthError } from './errors.js';
import { expectOption } from './expect-option.js';
import * as limits from './limits.js';
import { isSecure, isSecureBaseUrl, parseBaseUrl } from './origins.js';
import type { AuthProvider } from './provider.js';

/** @throws AuthError `invalid_options` naming the part of the provider that is wrong */
export function checkProvider(provider: AuthProvider): void {
  expectOption(typeof provider === 'object' && provider !== null, 'provider', 'an AuthProvider');
  expectOption(isText(provider.name), 'provider.name', 'a name');
  expectOption(typeof provider.account === 'string', 'provider.account', 'a string');
  const { isBodyRejected: rule } = provider;
  expectOption(
    rule === undefined || (isFunction(rule?.test) && isFunction(rule.read)),
    'provider.isBodyRejected',
    'an object with the functions test and read',
  );
  const { tokenHeaders = [] } = provider;
  expectOption(
    Array.isArray(tokenHeaders) && tokenHeaders.every(isText),
    'provider.tokenHeaders',
    'a list of names',
  );
  const writesCookies = tokenHeaders.some((name) => name.toLowerCase() === 'cookie');
  expectOption(
    !writesCookies || mayWriteCookies(),
    'provider.tokenHeaders',
    'no cookie: browsers forbid programs to send one',
  );
}

/** Browsers drop a Cookie header without a word. */
function mayWriteCookies(): boolean {
  return new Request('https://example.com', { headers: { cookie: 'a=1' } }).headers.has('cookie');
}

/** @throws AuthError `insecure_url` for an issuer on plain http */
export function checkIssuer({ name, issuer }: AuthProvider, insecureOrigins: readonly string[]): void {
  if (isSecureBaseUrl(issuer)) return;
  const url = parseBaseUrl(`issuer of ${name}`, issuer);
  if (isSecure(url, insecureOrigins)) return;
  const detail = `add '${url.origin}' to allowInsecureOrigins if the network in between is yours`;
  throw new AuthError('insecure_url', { provider: name, detail });
}

/** @throws AuthError `invalid_options` naming the option */
export function checkOptions(options: AuthSessionOptions): void {
  expectOption(typeof options === 'object' && options !== null, 'options', 'an object');
  const { store, scheduler, clock, key, maxLoginsPerHour, refusedLoginRetryMs } = options;
  expectOption(
    store === undefined || (isFunction(store?.get) && isFunction(store.compareAndSet)),
    'store',
    'a TokenStore with get and compareAndSet (keyValueStore() makes one of a key-value store)',
  );
  expectOption(
    scheduler === undefined || scheduler === null || isFunction(scheduler.schedule),
    'scheduler',
    'a RefreshScheduler or null',
  );
  expectOption(
    clock === undefined ||
      [clock?.now, clock?.monotonic, clock?.setTimeout, clock?.clearTimeout].every(isFunction),
    'clock',
    'a Clock with now, monotonic, setTimeout and clearTimeout',
  );
  expectOption(key === undefined || isText(key), 'key', 'a string that is not empty');
  expectOption(
    maxLoginsPerHour === undefined || (Number.isInteger(maxLoginsPerHour) && maxLoginsPerHour > 0),
    'maxLoginsPerHour',
    'a whole number above 0',
  );
  expectOption(
    refusedLoginRetryMs === undefined ||
      (Number.isFinite(refusedLoginRetryMs) && refusedLoginRetryMs >= limits.refusedLoginRetryMinMs),
    'refusedLoginRetryMs',
    'at least 900000 milliseconds, 15 minutes',
  );
  for (const name of ['waitUntil', 'refreshPolicy', 'fetch', 'random', 'onEvent'] as const) {
    expectOption(options[name] === undefined || isFunction(options[name]), name, 'a function');
  }
  if (options.timeouts !== undefined) checkTimeouts(options.timeouts);
}

function checkTimeouts(timeouts: NonNullable<AuthSessionOptions['timeouts']>): void {
  expectOption(typeof timeouts === 'object' && timeouts !== null, 'timeouts', 'an object of milliseconds');
  for (const [name, value] of Object.entries(timeouts)) {
    expectOption(
      Object.hasOwn(defaultTimeouts, name),
      'timeouts',
      `only ${Object.keys(defaultTimeouts).join(', ')}`,
    );
    expectOption(
      value === undefined || (Number.isFinite(value) && value > 0),
      `timeouts.${name}`,
      'milliseconds above 0',
    );
  }
}

/** @throws AuthError `invalid_options` */
export function checkMinValid(minValidMs: number): void {
  expectOption(typeof minValidMs === 'number' && minValidMs >= 0, 'minValidMs', 'milliseconds, 0 or more');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
