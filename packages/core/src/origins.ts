import { AuthError, printable } from './errors.js';
import type { AuthProvider } from './provider.js';
import type { TokenSet } from './tokens.js';

const rememberedTexts = 256;

/**
 * Whether a token may go to `url`.
 *
 * @throws AuthError `insecure_url` for plain http beyond loopback, `origin_not_allowed` for a foreign origin
 */
export function assertAllowed(
  url: URL,
  provider: { readonly name: string; readonly allowedOrigins: readonly string[] },
  insecureOrigins: readonly string[],
): void {
  if (url.protocol === 'http:' && !isSecure(url, insecureOrigins)) {
    const detail = `use https, or add '${url.origin}' to allowInsecureOrigins if the network in between is yours`;
    throw new AuthError('insecure_url', { provider: provider.name, detail });
  }
  if (!isAllowedOrigin(url, provider.allowedOrigins)) {
    const detail = `add '${url.origin}' to allowedOrigins if the API lives there`;
    throw new AuthError('origin_not_allowed', { provider: provider.name, detail });
  }
}

/**
 * Whether this very set may go to an origin that {@link assertAllowed} has let pass: where the hosts of the API are
 * learnt at the login, a pattern alone allows none.
 *
 * @throws AuthError `origin_not_allowed`
 */
export function assertLearnt(url: URL, provider: AuthProvider, tokens: TokenSet): void {
  if (provider.originsOf === undefined || provider.allowedOrigins.includes(url.origin)) return;
  let learnt: readonly string[] = [];
  try {
    learnt = provider.originsOf(tokens);
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

/** https, loopback (RFC 6761 section 6.3 for the name), or an origin the user vouches for. */
export function isSecure(url: URL, insecureOrigins: readonly string[]): boolean {
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && (isLoopback(url.hostname) || insecureOrigins.includes(url.origin));
}

/** @throws AuthError `invalid_options` for what is not an origin, such as a URL with a path */
export function assertOrigin(option: string, origin: unknown, wildcard: boolean): void {
  // A wildcard over a whole top-level domain is a mistake.
  const sample =
    wildcard && typeof origin === 'string' ? origin.replace(/:\/\/\*(?=\.[^.]+\.)/, '://label') : origin;
  if (typeof sample === 'string' && isOrigin(sample)) return;
  const detail = `${option}: expected origins such as https://api.example.com, without a path or trailing slash`;
  throw new AuthError('invalid_options', { detail });
}

const isOrigin = remembering((text) => {
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
export const isSecureBaseUrl: (text: string) => boolean = remembering(
  (text) => isBaseUrl(text) && isSecure(new URL(text), []),
);

const isBaseUrl = remembering((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A URL that ends in ? or # has an empty query or fragment, to which a path would be appended.
  const isPlain = url !== undefined && `${url.username}${url.password}` === '' && !/[?#]/.test(text);
  return isPlain && /^https?:$/.test(url.protocol);
});

/** Remembers the result for each text: programs open thousands of sessions on one server. */
function remembering(look: (text: string) => boolean): (text: string) => boolean {
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
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}
