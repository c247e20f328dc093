import { systemClock } from '@auth/core';
import { Hono } from 'hono';
import { bearerLoginServer } from './bearer-login.js';
import { controlServer } from './control.js';
import type { ApiHandler, Emulator, EmulatorOptions, VendorHandle } from './handles.js';
import { joorServer } from './joor.js';
import { jwtLoginServer } from './jwt-login.js';
import { keycloakServer } from './keycloak-realm.js';
import { magentoServer } from './magento.js';
import { page } from './page.js';
import { passwordRefreshServer } from './password-refresh.js';
import { proxmoxServer } from './proxmox.js';
import { serviceNowServer } from './service-now.js';
import { DroppedConnection, Vendor } from './vendor.js';
import { json } from './wire-kit.js';
import { zabbixServer } from './zabbix.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const account = { username: 'ada@example.com', password: 'correct-horse' } as const;
const client = { clientId: 'emulated-client', clientSecret: 'emulated-client-secret' } as const;
/** Proxmox writes the realm of an account behind its name. */
const proxmoxAccount = { ...account, username: 'ada@pve' } as const;

/** Emulates the vendors without a socket: pass its `fetch` to the sessions under test. */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  return emulatorAt('http://127.0.0.1', options).emulator;
}

/** The emulator at a given URL. Its `answer` throws {@link DroppedConnection} where a connection is to be dropped. */
export function emulatorAt(
  url: string,
  { api = {}, clock = systemClock }: EmulatorOptions,
): { readonly emulator: Emulator; answer(request: Request): Response | Promise<Response>; stop(): void } {
  const vendors = {
    joor: new Vendor(clock, { accessMs: 10 * hourMs, refreshMs: dayMs }, 'single_use'),
    bearerLogin: new Vendor(clock, { accessMs: hourMs, refreshMs: 29 * dayMs }, 'single_use'),
    passwordRefresh: new Vendor(clock, { accessMs: hourMs, refreshMs: 30 * dayMs }, 'single_use'),
    jwtLogin: new Vendor(clock, { accessMs: hourMs, refreshMs: 0 }, 'newest_only', false),
    keycloak: new Vendor(clock, { accessMs: 5 * minuteMs, refreshMs: 30 * minuteMs }, 'single_use'),
    serviceNow: new Vendor(clock, { accessMs: 30 * minuteMs, refreshMs: 100 * dayMs }, 'single_use'),
    magento: new Vendor(clock, { accessMs: 4 * hourMs, refreshMs: 0 }, 'single_use'),
    proxmox: new Vendor(clock, { accessMs: 2 * hourMs, refreshMs: 2 * hourMs }, 'single_use'),
    zabbix: new Vendor(clock, { accessMs: 15 * minuteMs, refreshMs: 0 }, 'single_use'),
  };
  for (const vendor of Object.values(vendors)) vendor.accounts.add(account.username, account.password);
  vendors.proxmox.accounts.add(proxmoxAccount.username, proxmoxAccount.password);

  const issuer = `${url}/keycloak/realms/emulated`;
  const app = new Hono();
  app.route('/joor', joorServer(vendors.joor, client, api.joor ?? resource('joor')));
  app.route(
    '/bearer-login',
    bearerLoginServer(vendors.bearerLogin, api.bearerLogin ?? resource('bearer-login')),
  );
  app.route(
    '/password-refresh',
    passwordRefreshServer(vendors.passwordRefresh, api.passwordRefresh ?? resource('password-refresh')),
  );
  app.route('/jwt-login', jwtLoginServer(vendors.jwtLogin, api.jwtLogin ?? resource('jwt-login')));
  app.route(
    '/keycloak',
    keycloakServer(vendors.keycloak, client, issuer, api.keycloak ?? resource('keycloak')),
  );
  app.route(
    '/service-now',
    serviceNowServer(vendors.serviceNow, client, api.serviceNow ?? resource('service-now')),
  );
  app.route('/magento', magentoServer(vendors.magento, api.magento ?? resource('magento')));
  app.route('/proxmox', proxmoxServer(vendors.proxmox, api.proxmox ?? resource('proxmox')));
  app.route('/zabbix', zabbixServer(vendors.zabbix, api.zabbix ?? resource('zabbix')));

  const emulator: Emulator = {
    url,
    joor: {
      ...handleOf(vendors.joor, `${url}/joor/v4/orders`, {
        ...account,
        ...client,
        baseUrl: `${url}/joor/auth/`,
      }),
      tokenEndpoint: `${url}/joor/auth/token`,
    },
    bearerLogin: handleOf(vendors.bearerLogin, `${url}/bearer-login/vehicles`, {
      ...account,
      baseUrl: `${url}/bearer-login`,
    }),
    passwordRefresh: handleOf(vendors.passwordRefresh, `${url}/password-refresh/trips`, {
      ...account,
      baseUrl: `${url}/password-refresh`,
    }),
    jwtLogin: handleOf(vendors.jwtLogin, `${url}/jwt-login/polls`, {
      ...account,
      baseUrl: `${url}/jwt-login`,
      refreshMode: 'postman',
    }),
    keycloak: handleOf(vendors.keycloak, `${url}/keycloak/orders`, { ...account, ...client, issuer }),
    serviceNow: handleOf(vendors.serviceNow, `${url}/service-now/api/now/table/incident`, {
      ...account,
      ...client,
      tokenEndpoint: `${url}/service-now/oauth_token.do`,
      clientAuthentication: 'body',
    }),
    magento: handleOf(vendors.magento, `${url}/magento/rest/V1/products`, {
      ...account,
      baseUrl: `${url}/magento`,
    }),
    proxmox: handleOf(vendors.proxmox, `${url}/proxmox/api2/json/nodes`, {
      ...proxmoxAccount,
      baseUrl: `${url}/proxmox`,
    }),
    zabbix: handleOf(vendors.zabbix, `${url}/zabbix/api_jsonrpc.php`, {
      ...account,
      baseUrl: `${url}/zabbix`,
    }),
    async fetch(input, init) {
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      const answering = Promise.resolve(app.fetch(redirected(request, url)));
      const aborted = new Promise<never>((_, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
      });
      try {
        return await Promise.race([answering, aborted]);
      } catch (error) {
        if (!(error instanceof DroppedConnection)) throw error;
        const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        throw new TypeError('fetch failed', { cause });
      }
    },
  };
  app.route('/_emulator', controlServer(emulator));
  app.get('/', (context) => context.html(page(emulator)));
  app.onError((error) => {
    throw error;
  });
  const stop = (): void => {
    for (const vendor of Object.values(vendors)) vendor.stop();
  };
  return { emulator, answer: (request) => app.fetch(request), stop };
}

function handleOf<Options>(vendor: Vendor, apiUrl: string, options: Options): VendorHandle<Options> {
  return {
    options,
    apiUrl,
    ledger: vendor.ledger,
    settings: vendor.settings,
    set: (settings) => void Object.assign(vendor.settings, settings),
    addAccount: (username, password) => vendor.accounts.add(username, password),
    setAccountState: (username, state) => vendor.setAccountState(username, state),
    answerNext: (answer) => vendor.scripted.add(answer),
    dropNext: (times) => vendor.dropNext(times),
    omitFields: (...names) => vendor.omitFields(names),
    expireTokens: () => vendor.tokens.endAccessTokens(),
    revokeAccessTokens: () => vendor.tokens.endAccessTokens(),
    endSessions: () => vendor.tokens.endSessions(),
    refreshIdOf: (refreshToken) => vendor.tokens.refreshIdOf(refreshToken),
    newestRefreshId: (username) => vendor.tokens.newestRefreshId(username),
    reset: () => vendor.reset(),
  };
}

function resource(vendor: string): ApiHandler {
  return (request) => json(200, { vendor, method: request.method, path: new URL(request.url).pathname });
}

/** The emulator's paths for the vendors' real hosts. */
const realHosts: readonly (readonly [host: RegExp, path: RegExp, to: string])[] = [
  [/^atlas(-sandbox)?\.jooraccess\.com$/, /^\/auth\//, '/joor/auth/'],
  [/^api(sandbox)?\.jooraccess\.com$/, /^\//, '/joor/'],
  [/^api\.teletracker\.net$/, /^\//, '/bearer-login/'],
  [/^auth-service(-stg)?\.services\.simacan\.com$/, /^\/api\/v1\//, '/password-refresh/'],
  [/^[^.]+\.services\.simacan\.com$/, /^\//, '/password-refresh/'],
];

function redirected(request: Request, url: string): Request {
  const from = new URL(request.url);
  if (from.origin === url) return request;
  const place = realHosts.find(([host, path]) => host.test(from.hostname) && path.test(from.pathname));
  if (place === undefined)
    throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) });
  const [, path, to] = place;
  return new Request(`${url}${from.pathname.replace(path, to)}${from.search}`, request);
}
