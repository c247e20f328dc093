import { describe, expect, test } from 'vitest';
import {
  acumatica,
  createOAuth2PasswordAuth,
  identityServer,
  keycloak,
  oauth2PasswordProvider,
  salesforce,
  serviceNow,
} from '../src/index.js';

const account = { username: 'ada', password: 'pw', clientId: 'c', clientSecret: 's' };

describe('a preset', () => {
  test.each([
    [keycloak({ url: 'https://sso.example.com/', realm: 'a b' }), 'https://sso.example.com/realms/a%20b'],
    [identityServer('https://id.example.com'), 'https://id.example.com'],
    [acumatica('https://shop.acumatica.com'), 'https://shop.acumatica.com/identity'],
    [serviceNow('Dev1'), 'https://dev1.service-now.com/oauth_token.do'],
    [salesforce('sandbox'), 'https://test.salesforce.com/services/oauth2/token'],
  ])('%j has the issuer %s', (preset, issuer) => {
    expect(oauth2PasswordProvider({ ...preset, ...account }).issuer).toBe(issuer);
  });

  test.each([
    ['url', () => identityServer('')],
    ['realm', () => keycloak({ url: 'https://sso.example.com', realm: '' })],
    ['instance', () => serviceNow('evil.example.com/')],
    ['environment', () => salesforce('test' as never)],
  ])('refuses a wrong %s', (option, make) => {
    expect(make).toThrow(`${option}: expected`);
  });
});

describe('at Salesforce', () => {
  const sent: string[] = [];
  const open = (instance_url?: string) =>
    createOAuth2PasswordAuth({
      ...salesforce(),
      ...account,
      fetch: async (input, init) => {
        const { url, headers } = new Request(input, init);
        if (url.endsWith('/services/oauth2/token')) return Response.json({ access_token: 'a', instance_url });
        sent.push(`${url} ${headers.get('authorization')}`);
        return new Response();
      },
    });

  test('the token goes to the host that the login names', async () => {
    using session = open('https://shop.my.salesforce.com');
    await session.fetch('https://shop.my.salesforce.com/services/data');
    expect(sent).toEqual(['https://shop.my.salesforce.com/services/data Bearer a']);
    const elsewhere = session.fetch('https://other.my.salesforce.com/services/data');
    await expect(elsewhere).rejects.toMatchObject({ code: 'origin_not_allowed' });
  });

  test.each([['https://evil.example.com'], ['no url'], [undefined]])(
    'a login that names %s gives no host',
    async (instance) => {
      using session = open(instance);
      const call = session.fetch('https://evil.example.com/services/data');
      await expect(call).rejects.toMatchObject({ code: 'origin_not_allowed' });
    },
  );
});
