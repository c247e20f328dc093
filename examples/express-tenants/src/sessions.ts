import type { AuthSession, TokenStore } from '@auth/core';
import { createPasswordRefreshAuth, type PasswordRefreshExtra, simacan } from '@auth/password-refresh';
import { LRUCache } from 'lru-cache';
import type { Tenant } from './tenants.ts';

/** What all sessions share: made once, not for each tenant. */
export interface Shared {
  readonly baseUrl: string;
  readonly store: TokenStore;
  /** Sessions kept open: more than tenants that are served at the same moment. */
  readonly maxOpen?: number;
}

/**
 * One session for each tenant, opened when the tenant first calls. Opening costs no request, and what was disposed of
 * left its tokens in the store: the next session of that tenant goes on with them.
 */
export function tenantSessions({
  baseUrl,
  store,
  maxOpen = 1_000,
}: Shared): (tenant: Tenant) => AuthSession<PasswordRefreshExtra> {
  const open = new LRUCache<string, AuthSession<PasswordRefreshExtra>>({
    max: maxOpen,
    dispose: (session) => session.dispose(),
  });
  return ({ name, username, password }) => {
    const known = open.get(name);
    if (known !== undefined) return known;
    const session = createPasswordRefreshAuth({ ...simacan('staging'), baseUrl, username, password, store });
    open.set(name, session);
    return session;
  };
}
