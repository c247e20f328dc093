import {
  type AuthSession,
  type Clock,
  encryptedStore,
  keyValueStore,
  systemClock,
  type TokenStore,
} from '@auth/core';
import type { TestFunction } from '@auth/testing/conformance';
import { codeOf, holdsNoneOf, reasonOf } from './errors.ts';
import { same } from './report.ts';
import { Server } from './server.ts';
import { type OpenOptions, type Vendor, wrongPassword } from './vendors.ts';

/** An empty store. Each `open` gives a store object of its own on the same records, as another program would have. */
export interface SharedStore {
  open(): TokenStore & AsyncDisposable;
}

interface Scene {
  readonly server: Server;
  open(options?: OpenOptions): AuthSession;
}

const callers = 20;

/** Tests sessions of a provider with real requests to a real server, judged by the server's ledger. */
export function sessionSuite(
  test: TestFunction,
  url: string,
  vendor: Vendor,
  createStore: (() => SharedStore) | undefined,
): void {
  const server = new Server(url, vendor.slug);
  const guarantee = (name: string, verify: (scene: Scene) => Promise<void>): void => {
    test(`session: ${name}`, async () => {
      await server.reset();
      const opened: AuthSession[] = [];
      const open: Scene['open'] = (options) => {
        const session = vendor.open(options);
        opened.push(session);
        return session;
      };
      try {
        await verify({ server, open });
      } finally {
        for (const session of opened) session.dispose();
      }
    });
  };
  const call = async (session: AuthSession, init?: RequestInit): Promise<number> => {
    const response = await session.fetch(vendor.apiUrl, init);
    await response.text();
    return response.status;
  };

  guarantee('concurrent callers share one login, and the API answers them', async ({ server, open }) => {
    const session = open();
    const statuses = await Promise.all(Array.from({ length: callers }, () => call(session)));
    same(new Set(statuses).size, 1, 'different statuses');
    const seen = { exchanges: ['login issued'], apiCallsAccepted: callers, apiCallsRejected: 0 };
    same(await server.seen(), seen, 'what the server saw');
  });

  guarantee('a forced refresh is sent once', async ({ server, open }) => {
    const session = open();
    const before = await session.getTokens();
    const [first, second] = await Promise.all([
      session.getTokens({ forceRefresh: true }),
      session.getTokens({ forceRefresh: true }),
    ]);
    same(first.id, second.id, 'the set of both callers');
    same(first.accessToken === before.accessToken, false, 'the access token stayed the same');
    same(await server.exchanges(), ['login issued', 'refresh issued'], 'exchanges');
  });

  guarantee('an expired token is refreshed before the call', async ({ server, open }) => {
    const { clock, pass } = movableClock();
    const session = open({ clock });
    await call(session);
    pass(vendor.expiredAfterMs);
    same(await call(session), 200, 'the status');
    const exchanges = ['login issued', 'refresh issued'];
    same(await server.seen(), { exchanges, apiCallsAccepted: 2, apiCallsRejected: 0 }, 'what the server saw');
  });

  guarantee('a request whose token was revoked is sent again, with its body', async ({ server, open }) => {
    const session = open();
    await call(session);
    await server.revokeAccessTokens();
    const response = await session.fetch(new Request(vendor.apiUrl, { method: 'POST', body: 'order' }));
    const { method } = (await response.json()) as { method: string };
    same([response.status, method], [200, 'POST'], 'the answer');
    const exchanges = ['login issued', 'refresh issued'];
    same(await server.seen(), { exchanges, apiCallsAccepted: 2, apiCallsRejected: 1 }, 'what the server saw');
  });

  guarantee('sessions that share a store send a wrong password once', async ({ server, open }) => {
    const entries = new Map<string, string>();
    const session = open({ password: wrongPassword, store: keyValueStore(entries) });
    const other = open({ password: wrongPassword, store: keyValueStore(entries) });
    const errors = [
      await reasonOf(session.getTokens()),
      await reasonOf(session.getTokens()),
      await reasonOf(other.getTokens()),
    ];
    same(errors.map(codeOf), ['invalid_credentials', 'login_blocked', 'login_blocked'], 'the codes');
    for (const error of errors) holdsNoneOf(vendor.secrets, error);
    same(await server.exchanges(), ['login refused'], 'exchanges');
    same((await other.status()).state, 'login_blocked', 'the state');
  });

  guarantee('another origin gets no token, and the error shows none', async ({ server, open }) => {
    const session = open();
    const { accessToken, refreshToken = accessToken } = await session.getTokens();
    const error = await reasonOf(session.fetch(vendor.apiUrl.replace('127.0.0.1', 'localhost')));
    same(codeOf(error), 'origin_not_allowed', 'the code');
    holdsNoneOf([...vendor.secrets, accessToken, refreshToken], error);
    const seen = { exchanges: ['login issued'], apiCallsAccepted: 0, apiCallsRejected: 0 };
    same(await server.seen(), seen, 'what the server saw');
  });

  guarantee('no token follows a redirect to another origin', async ({ server, open }) => {
    const session = open();
    await call(session);
    const location = vendor.apiUrl.replace('127.0.0.1', 'localhost');
    await server.answerNext({ on: 'api', status: 307, headers: { location } });
    const status = await call(session).catch(() => 'refused');
    same([401, 'refused'].includes(status), true, `refused or without a token, where ${status} came`);
    const { apiCallsAccepted, exchanges } = await server.seen();
    same([apiCallsAccepted, exchanges], [1, ['login issued']], 'calls with a token, and exchanges');
  });

  guarantee('after a sign-out nothing is sent until a sign-in', async ({ server, open }) => {
    const store = keyValueStore(new Map());
    const [session, other] = [open({ store }), open({ store })];
    await call(session);
    await session.signOut();
    same(codeOf(await reasonOf(call(session))), 'signed_out', 'a call on it');
    same(codeOf(await reasonOf(call(other))), 'signed_out', 'a call on another session');
    // Where the vendor can, the sign-out itself has ended the session at the server.
    const exchanges = async (): Promise<readonly string[]> =>
      (await server.exchanges()).filter((exchange) => exchange !== 'revoke revoked');
    same(await exchanges(), ['login issued'], 'exchanges');
    await session.signIn();
    same([await call(session), await call(other)], [200, 200], 'the statuses after it');
    same(await exchanges(), ['login issued', 'login issued'], 'exchanges after it');
  });

  guarantee('a program started later uses the tokens in an encrypted store', async ({ server, open }) => {
    const entries = new Map<string, string>();
    const keys = [crypto.getRandomValues(new Uint8Array(32))];
    const openStore = (): TokenStore => encryptedStore(keyValueStore(entries), { keys });
    const { accessToken } = await open({ store: openStore() }).getTokens();
    same(
      [...entries.values()].some((value) => value.includes(accessToken)),
      false,
      'a token in plain text',
    );
    await expectSameToken(open, openStore, accessToken);
    same(await server.exchanges(), ['login issued'], 'exchanges');
  });

  if (createStore === undefined) return;
  guarantee("a program started later uses the tokens in the runtime's store", async ({ server, open }) => {
    const shared = createStore();
    const [first, second] = [shared.open(), shared.open()];
    try {
      const { accessToken } = await open({ store: first }).getTokens();
      await expectSameToken(open, () => second, accessToken);
      same(await server.exchanges(), ['login issued'], 'exchanges');
    } finally {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    }
  });
}

async function expectSameToken(
  open: Scene['open'],
  openStore: () => TokenStore,
  accessToken: string,
): Promise<void> {
  const later = open({ store: openStore() });
  same((await later.getTokens()).accessToken === accessToken, true, 'goes on with the same token');
}

/** The platform's clock, set ahead by the time that a check lets pass. */
function movableClock(): { readonly clock: Clock; pass(ms: number): void } {
  let passedMs = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + passedMs,
    monotonic: () => systemClock.monotonic() + passedMs,
  };
  const pass = (ms: number): void => {
    passedMs += ms;
  };
  return { clock, pass };
}
