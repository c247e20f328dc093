/** What a server says of itself. */
export interface Metadata {
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | undefined;
  /** Whether clients can name their secret in the body alone. */
  readonly wantsSecretInBody: boolean;
}

/** What issuers have said, or are being asked for, and when they were asked. */
export type MetadataCache = Map<string, { readonly metadata: Promise<Metadata>; readonly askedAt: number }>;

/** Thousands of accounts on one server share its metadata, but never over different transports. */
const caches = new WeakMap<object, MetadataCache>();
const platform = {};

/** `fetch`: the option as it was given, which the session checks. */
export function cacheOver(fetch: unknown): MetadataCache {
  const transport = typeof fetch === 'function' ? fetch : platform;
  const cache: MetadataCache = caches.get(transport) ?? new Map();
  caches.set(transport, cache);
  return cache;
}
