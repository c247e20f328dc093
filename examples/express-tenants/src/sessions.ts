import type { AuthSession, TokenStore } from '@auth/core';
import { createPasswordRefreshAuth, type PasswordRefreshExtra, simacan } from '@auth/password-refresh';
import { LRUCache } from 'lru-cache';
import type { Tenant } from './tenants.ts';

/** What all sessions share. */
export interface Shared {
  readonly baseUrl: string;
  readonly store: TokenStore;
  /** How many sessions stay open; must exceed the number of tenants served at the same moment. */
  readonly maxOpen?: number;
}

export interface TenantSessions {
  of(tenant: Tenant): AuthSession<PasswordRefreshExtra>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/**
 * One session for each tenant, opened when the tenant first calls. Opening costs no request. A session that is closed
 * leaves its tokens in the store, where the tenant's next session finds them.
 */
export function tenantSessions({ baseUrl, store, maxOpen = 1_000 }: Shared): TenantSessions {
  const open = new LRUCache<string, AuthSession<PasswordRefreshExtra>>({
    max: maxOpen,
    dispose: (session) => void session.close(),
  });
  return {
    of({ name, username, password }) {
      const known = open.get(name);
      if (known !== undefined) return known;
      const session = createPasswordRefreshAuth({
        ...simacan('staging'),
        baseUrl,
        username,
        password,
        store,
      });
      open.set(name, session);
      return session;
    },
    async close() {
      await Promise.all([...open.values()].map((session) => session.close()));
    },
  };
}
