import { readFileSync } from 'node:fs';
import type { AuthProvider, AuthSession, AuthSessionOptions } from '@auth/core';
import type { ProviderOptions } from '@auth/provider-utils';
import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator, type Emulator } from '@auth/testing/emulator';
import { describe, expect, test } from 'vitest';
import { createMagentoAuth, magentoProvider } from '../src/magento.js';
import { createProxmoxAuth, proxmoxProvider } from '../src/proxmox.js';
import { createZabbixAuth, zabbixProvider } from '../src/zabbix.js';

interface Vendor {
  readonly provider: (options: ProviderOptions) => AuthProvider<object>;
  readonly create: (options: ProviderOptions & AuthSessionOptions) => AuthSession<object>;
  readonly refusals?: () => Response[];
}

/** What a session of Zabbix that has ended gets. */
const terminated = (): Response =>
  Response.json({
    jsonrpc: '2.0',
    error: { code: -32602, message: 'Invalid params.', data: 'Session terminated, re-login, please.' },
    id: 1,
  });

const vendors = {
  magento: { provider: magentoProvider, create: createMagentoAuth },
  proxmox: { provider: proxmoxProvider, create: createProxmoxAuth },
  zabbix: { provider: zabbixProvider, create: createZabbixAuth, refusals: () => [terminated()] },
} as unknown as Record<'magento' | 'proxmox' | 'zabbix', Vendor>;

const names = ['magento', 'proxmox', 'zabbix'] as const;

describe.each(names)('%s', (name) => {
  const { provider, create, refusals } = vendors[name];

  authProviderSuite(test, () => {
    const emulator = createEmulator();
    const { options } = emulator[name];
    return {
      provider: provider(options),
      refused: provider({ ...options, password: 'wrong-password' }),
      fetch: emulator.fetch,
      apiUrl: emulator[name].apiUrl,
      // Zabbix ends a session that nobody uses, and names no life.
      ...(name !== 'zabbix' && { lifeMs: emulator[name].settings.accessTokenLifetimeMs }),
      secrets: [options.password, 'wrong-password'],
      ...(refusals && { refusals: refusals() }),
    };
  });

  const scene = (): { emulator: Emulator; session: AuthSession<object> } => {
    const emulator = createEmulator({ api: { [name]: () => Response.json('stock') } });
    return { emulator, session: create({ ...emulator[name].options, fetch: emulator.fetch }) };
  };

  test('two callers share one login, and a write goes through', async () => {
    const { emulator, session } = scene();
    const calls = ['GET', 'POST'].map((method) => session.fetch(emulator[name].apiUrl, { method }));
    expect(await Promise.all((await Promise.all(calls)).map((answer) => answer.json()))).toEqual([
      'stock',
      'stock',
    ]);
    expect(emulator[name].ledger).toMatchObject({ logins: 1, apiCallsAccepted: 2, apiCallsRejected: 0 });
    session.dispose();
  });

  test('a session that ended at the server is replaced, and the caller sees the answer', async () => {
    const { emulator, session } = scene();
    await session.fetch(emulator[name].apiUrl);
    emulator[name].endSessions();
    const answer = await session.fetch(emulator[name].apiUrl);
    expect([answer.status, await answer.json()]).toEqual([200, 'stock']);
    expect(emulator[name].ledger.logins).toBe(2);
    session.dispose();
  });
});

test.each(names)('the guide shows %s as it is', (name) => {
  const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const file = read(`examples/custom-provider/src/${name}.ts`);
  expect(read('docs/adding-a-provider.md')).toContain(`\`\`\`ts\n${file}\`\`\`\n`);
  expect(file.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
});

test('a living ticket of Proxmox is the next password', async () => {
  const emulator = createEmulator();
  const session = createProxmoxAuth({ ...emulator.proxmox.options, fetch: emulator.fetch });
  await session.getTokens();
  await session.getTokens({ forceRefresh: true });
  expect(emulator.proxmox.ledger).toMatchObject({ logins: 1, refreshes: 1 });
  session.dispose();
});

test('a sign-out ends the session of Zabbix', async () => {
  const emulator = createEmulator();
  const session = createZabbixAuth({ ...emulator.zabbix.options, fetch: emulator.fetch });
  await session.getTokens();
  await session.signOut();
  expect(emulator.zabbix.ledger.entries.map(({ endpoint }) => endpoint)).toEqual(['login', 'revoke']);
  session.dispose();
});
