import type { AuthProvider } from '@auth/core';
import { authProviderSuite, type TestFunction } from '@auth/testing/conformance';
import { createMagentoAuth, magentoProvider } from '@auth-examples/custom-provider/magento';
import { createProxmoxAuth, proxmoxProvider } from '@auth-examples/custom-provider/proxmox';
import { createZabbixAuth, zabbixProvider } from '@auth-examples/custom-provider/zabbix';
import { exampleNames, type Place } from './place.ts';
import { same } from './report.ts';
import { wrongPassword } from './vendors.ts';

const examples = {
  magento: { provider: magentoProvider, create: createMagentoAuth },
  proxmox: { provider: proxmoxProvider, create: createProxmoxAuth },
  zabbix: { provider: zabbixProvider, create: createZabbixAuth },
} as const;

/** Providers of one's own, as the guide shows them. */
export function exampleSuites(test: TestFunction, place: Place): void {
  for (const name of exampleNames) {
    const { provider, create } = examples[name];
    const { options, apiUrl } = place[name];
    authProviderSuite(
      (what, run) => test(`${name}, ${what}`, run),
      () => ({
        provider: provider(options) as AuthProvider,
        refused: provider({ ...options, password: wrongPassword }) as AuthProvider,
        fetch: (input, init) => fetch(input, init),
        secrets: [options.password, wrongPassword],
        refusals: name === 'zabbix' ? [sessionTerminated()] : [new Response('no', { status: 401 })],
      }),
    );

    test(`${name}, a session calls the API`, async () => {
      if (name === 'proxmox' && !mayWriteCookies()) return;
      const session = create(options);
      const answer = await session.fetch(apiUrl, { method: 'POST' });
      session.dispose();
      same(
        [answer.status, ((await answer.json()) as { method?: string }).method],
        [200, 'POST'],
        'the answer',
      );
    });
  }
}

function sessionTerminated(): Response {
  const error = { code: -32602, message: 'Invalid params.', data: 'Session terminated, re-login, please.' };
  return Response.json({ jsonrpc: '2.0', error, id: 1 });
}

function mayWriteCookies(): boolean {
  return new Request('https://example.com', { headers: { cookie: 'a=1' } }).headers.has('cookie');
}
