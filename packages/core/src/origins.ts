import { AuthError } from './errors.js';
import { printable } from './printable.js';
import type { AuthProvider } from './provider.js';
import type { TokenSet } from './tokens.js';

const rememberedTexts = 256;

/** A provider, and where its tokens may go. */
interface AllowedOrigins {
  readonly provider: AuthProvider;
  readonly allowedOrigins: readonly string[];
}

/**
 * Whether a token may go to `url`.
 *
 * @throws AuthError `insecure_url` for plain http beyond loopback, `origin_not_allowed` for a foreign origin
 */
export function assertAllowed(
  url: URL,
  {
    provider,
    allowedOrigins,
    insecureOrigins,
  }: AllowedOrigins & { readonly insecureOrigins: readonly string[] },
): void {
  if (url.protocol === 'http:' && !isSecure(url, insecureOrigins)) {
    const detail = `use https, or add '${url.origin}' to allowInsecureOrigins if the network in between is yours`;
    throw new AuthError('insecure_url', { provider: provider.name, detail });
  }
  if (!isAllowedOrigin(url, allowedOrigins)) {
    const detail = /^https?:$/.test(url.protocol)
      ? `allowedOrigins is [${allowedOrigins}]: add '${url.origin}' if the API lives there`
      : `http or https, not ${url.protocol}`;
    throw new AuthError('origin_not_allowed', { provider: provider.name, detail });
  }
}

/**
 * Whether this very set may go to an origin that {@link assertAllowed} has let pass: where the hosts of the API are
 * learnt at the login, a pattern alone allows none.
 *
 * @throws AuthError `origin_not_allowed`
 */
export function assertLearnt(url: URL, { provider, allowedOrigins }: AllowedOrigins, tokens: TokenSet): void {
  if (provider.originsOf === undefined || allowedOrigins.includes(url.origin)) return;
  let learnt: readonly string[] = [];
  try {
    const named: unknown = provider.originsOf(tokens);
    if (Array.isArray(named)) learnt = named;
  } catch {
    // Then no origin is learnt.
  }
  const isLearnt = learnt.some((origin) => URL.canParse(origin) && new URL(origin).origin === url.origin);
  if (isLearnt && url.protocol === 'https:') return;
  const detail = `the login did not name '${url.origin}' as a host of this account`;
  throw new AuthError('origin_not_allowed', { provider: provider.name, detail });
}

/** Exact origin, or `https://*.example.com` for any one label, as in TLS certificates (RFC 9525 section 6.3). */
function isAllowedOrigin(url: URL, allowedOrigins: readonly string[]): boolean {
  const { origin, protocol, host } = url;
  // The origin of blob:https://api.example.com/… is that of the page that made it.
  if (!/^https?:$/.test(protocol)) return false;
  if (allowedOrigins.includes(origin)) return true;
  const dot = host.indexOf('.');
  return dot > 0 && allowedOrigins.includes(`${protocol}//*${host.slice(dot)}`);
}

/**
 * https, loopback, or an origin the user vouches for. Names under `localhost` are not loopback: RFC 6761 section 6.3 says
 * that they should be, and yet some resolvers ask DNS for them.
 */
export function isSecure(url: URL, insecureOrigins: readonly string[]): boolean {
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && (isLoopback(url.hostname) || insecureOrigins.includes(url.origin));
}

/**
 * The origins that an option names, as they are now: the list's owner may change it later.
 *
 * @throws AuthError `invalid_options` naming the option
 */
export function originsIn(
  option: 'allowedOrigins' | 'allowInsecureOrigins',
  given: readonly string[],
): readonly string[] {
  if (!Array.isArray(given))
    throw new AuthError('invalid_options', { detail: `${option}: expected an array of origins` });
  const origins = Object.isFrozen(given) ? given : Object.freeze([...given]);
  for (const origin of origins) assertOrigin(option, origin, option === 'allowedOrigins');
  return origins;
}

/** @throws AuthError `invalid_options` for what is not an origin, such as a URL with a path */
function assertOrigin(option: string, origin: unknown, wildcard: boolean): void {
  const sample =
    wildcard && typeof origin === 'string' ? origin.replace(/:\/\/\*(?=\.[^.]+\.[^.])/, '://label') : origin;
  let fault: string | undefined;
  if (typeof sample !== 'string' || !isOrigin(sample))
    fault = 'expected origins such as https://api.example.com, without path or slash at the end';
  else if (sample !== origin && publicSuffix.test(new URL(sample).hostname))
    fault = 'a * must not stand for names that anybody can register';
  if (fault !== undefined) throw new AuthError('invalid_options', { detail: `${option}: ${fault}` });
}

/**
 * Domains under which anybody can register a name: second levels of countries, and well-known hosting. Most others of
 * the public suffix list (https://publicsuffix.org) are not known here.
 */
const publicSuffix =
  /^label\.((ac|com?|edu|gob|gov|ne|net|nom|or|org)\.[a-z]{2}|(github|gitlab)\.io|(amazonaws|appspot|azurewebsites|cloudfront|firebaseapp|herokuapp|myshopify|onrender|trycloudflare)\.(com|net)|(fly|r2|workers|pages)\.dev|(netlify|ngrok-free|run|vercel|web)\.app|duckdns\.org|ngrok\.io|surge\.sh)\.?$/;

const isOrigin = memoised((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined && url.origin === text && !url.host.includes('*') && /^https?:$/.test(url.protocol)
  );
});

/**
 * The base URL of a server that gets credentials.
 *
 * @throws AuthError `invalid_options` if the text is no http(s) URL, or carries userinfo, a query or a fragment
 */
export function parseBaseUrl(option: string, text: unknown): URL {
  if (typeof text === 'string' && isBaseUrl(text)) return new URL(text);
  const detail = `${option}: expected an http(s) URL without userinfo, query and fragment`;
  throw new AuthError('invalid_options', { detail: printable(detail) });
}

/** Whether credentials may go to this base URL wherever it is used: https or loopback. */
export const isSecureBaseUrl: (text: string) => boolean = memoised(
  (text) => isBaseUrl(text) && isSecure(new URL(text), []),
);

const isBaseUrl = memoised((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A URL that ends in ? or # has an empty query or fragment, to which a path would be appended.
  const isPlain = url !== undefined && `${url.username}${url.password}` === '' && !/[?#]/.test(text);
  return isPlain && /^https?:$/.test(url.protocol);
});

/** Remembers the result for each text: programs open thousands of sessions on one server. */
function memoised(look: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    let is = known.get(text);
    if (is === undefined) {
      is = look(text);
      if (known.size === rememberedTexts) known.clear();
      known.set(text, is);
    }
    return is;
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
