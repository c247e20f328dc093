import { describe, expect, test } from 'vitest';
import type { ApiAnswer, AuthSession, IssuedTokens, TokenSet } from '../src/index.js';
import { hour, minute, second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { accessTokenOf, neverSent } from './support/fake-server.js';
import { openSession } from './support/open-session.js';
import { noTimers, Scene } from './support/scene.js';
import { failNextSave, twoProcesses } from './support/two-processes.js';

const api = 'https://api.example.com/orders';

function answer(status: number, url = api): ApiAnswer {
  return { status, headers: new Headers(), url };
}

const unauthorized = answer(401);

/** Calls the API as a transport does: one replay, whose answer the session learns too. True: the call succeeded. */
async function callByAttach(
  session: AuthSession,
  accepts: (set: TokenSet) => boolean,
  url = api,
): Promise<boolean> {
  const sent = await session.attach(url, new Headers());
  if (accepts(sent)) return true;
  const next = await session.tokenRejected(sent, answer(401, url));
  if (next === undefined) return false;
  const isAccepted = accepts(next);
  await session.tokenRejected(next, answer(isAccepted ? 200 : 401, url));
  return isAccepted;
}

/** Calls the API as a program does that only knows access tokens. */
async function callByToken(session: AuthSession, accepts: (set: TokenSet) => boolean): Promise<boolean> {
  const { accessToken } = await session.getTokens();
  if (accepts(session.peek() as TokenSet)) return true;
  const next = await session.getAccessToken({ rejected: accessToken });
  return next !== accessToken && accepts(session.peek() as TokenSet);
}

const callers = [
  ['attach and tokenRejected', callByAttach],
  ['getAccessToken', callByToken],
] as const;

describe('a token that the API refused', () => {
  test('requests that were refused with the same token share one exchange', async () => {
    const { session, server } = openSession();
    const sent = await session.getTokens();
    const next = await Promise.all(
      Array.from({ length: 100 }, () => session.tokenRejected(sent, unauthorized)),
    );
    expect(new Set(next.map(accessTokenOf))).toEqual(new Set(['access-2']));
    expect(server.refreshes).toBe(1);
  });

  test('a late refusal of an old token is answered with the current token', async () => {
    const { session, server } = openSession();
    const sent = await session.getTokens();
    await session.tokenRejected(sent, unauthorized);
    expect(accessTokenOf(await session.tokenRejected(sent, unauthorized))).toBe('access-2');
    expect(await session.getAccessToken({ rejected: sent.accessToken })).toBe('access-2');
    expect(server.refreshes).toBe(1);
  });

  test('getAccessToken takes the refused access token as an option', async () => {
    const { session, server } = openSession();
    const { accessToken } = await session.getTokens();
    expect(await session.getAccessToken({ rejected: accessToken })).toBe('access-2');
    expect(await session.getAccessToken({ rejected: 'access-2' })).toBe('access-2');
    expect(server.refreshes).toBe(1);
  });

  test('a 403 and a 401 for a missing scope do not count as refusals of the token', async () => {
    const { session, server } = openSession();
    const sent = await session.getTokens();
    const scope = {
      ...unauthorized,
      headers: new Headers({ 'www-authenticate': 'Bearer realm="api", error="insufficient_scope"' }),
    };
    expect(await session.tokenRejected(sent, answer(403))).toBeUndefined();
    expect(await session.tokenRejected(sent, scope)).toBeUndefined();
    expect(server.ledger).toHaveLength(1);
  });

  test('a 401 of an origin that may not see the token is no refusal of it', async () => {
    const { session, server } = openSession();
    const sent = await session.getTokens();
    expect(await session.tokenRejected(sent, answer(401, 'https://elsewhere.example/'))).toBeUndefined();
    expect(server.refreshes).toBe(0);
    // Of an unknown origin it is.
    expect(await session.tokenRejected(sent, answer(401, ''))).toMatchObject({ accessToken: 'access-2' });
  });

  test('when the exchange after a refusal fails, the caller gets its error and not the refused token', async () => {
    const { session, server } = openSession();
    const sent = await session.getTokens();
    server.next('refresh', () => {
      throw neverSent();
    });
    await expect(session.tokenRejected(sent, unauthorized)).rejects.toMatchObject({ code: 'network' });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
  });

  test('one 401 costs one exchange, even where the server issues the same access token again', async () => {
    const { scene, first } = twoProcesses();
    const sent = await first.getTokens();
    for (let call = 0; call < 3; call++) {
      scene.server.next('refresh', (proceed) => ({ ...proceed(), accessToken: sent.accessToken }));
    }
    const next = await first.tokenRejected(sent, unauthorized);
    expect(next?.accessToken).toBe(sent.accessToken);
    expect(next?.id).not.toBe(sent.id);
    expect(scene.server.refreshes).toBe(1);
  });

  test('a new process does not adopt the stored token that the API refused', async () => {
    const { scene, first, second } = twoProcesses();
    const { accessToken } = await first.getTokens();
    expect(await second.getAccessToken({ rejected: accessToken })).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });
});

describe.each(callers)('a token revoked now and then, for callers of %s', (_, call) => {
  test.each([
    ['a minute', minute],
    ['ten minutes', 10 * minute],
    ['a day', 24 * hour],
    ['an unknown time', undefined],
  ])(
    'each revocation costs one exchange and no caller sees it: a life of %s, revoked once a day',
    {
      tags: ['fault-103'],
    },
    async (_, lifetimeMs) => {
      const { session, server, clock } = openSession({ scheduler: noTimers }, (started) => {
        started.lifetimeMs = lifetimeMs;
      });
      for (let day = 1; day <= 20; day++) {
        const { accessToken: revoked } = await session.getTokens();
        await clock.advance(day * 500);
        const before = server.ledger.length;
        expect(await call(session, ({ accessToken }) => accessToken !== revoked), `day ${day}`).toBe(true);
        expect(server.ledger.length - before, `day ${day}`).toBe(1);
        await clock.advance(24 * hour - day * 500);
      }
    },
  );

  test.each([45, 60])(
    'a life that the server does not tell, of %i s, costs one exchange a life',
    {
      tags: ['fault-104'],
    },
    async (lifeSeconds) => {
      const { session, server, clock } = openSession({ scheduler: noTimers }, (started) => {
        started.lifetimeMs = undefined;
      });
      let failures = 0;
      for (let passed = 0; passed < 7_200; passed++) {
        const isAlive = ({ issuedAt }: TokenSet): boolean => clock.now() - issuedAt < lifeSeconds * second;
        if (!(await call(session, isAlive))) failures++;
        await clock.advance(second);
      }
      expect(failures).toBe(0);
      expect(server.ledger.length).toBe(Math.ceil(7_200 / lifeSeconds));
    },
  );

  test.each([1, 15])(
    'an API that refuses every token, called every %i s, costs some sixteen exchanges an hour',
    {
      tags: ['fault-105', 'fault-105a'],
    },
    async (everySeconds) => {
      const { session, server, clock } = openSession({ scheduler: noTimers });
      for (let passed = 0; passed < 3_600; passed += everySeconds) {
        expect(await call(session, () => false)).toBe(false);
        await clock.advance(everySeconds * second);
      }
      expect(server.refreshes).toBeGreaterThan(10);
      expect(server.refreshes).toBeLessThanOrEqual(18);
    },
  );
});

describe('a token that one origin of the API refuses always', () => {
  const refusing = 'https://b.wild.example.com/';

  test('the other origin is not disturbed, and an hour costs some sixteen exchanges', {
    tags: ['fault-105a'],
  }, async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    for (let passed = 0; passed < 3_600; passed++) {
      expect(await callByAttach(session, () => true, 'https://a.wild.example.com/')).toBe(true);
      expect(await callByAttach(session, () => false, refusing)).toBe(false);
      await clock.advance(second);
    }
    expect(server.refreshes).toBeLessThanOrEqual(18);
  });

  test('a revocation at the other origin is still worth an exchange at once', {
    tags: ['fault-105a'],
  }, async () => {
    const { session, clock } = openSession({ scheduler: noTimers });
    for (let passed = 0; passed < 600; passed++) {
      await callByAttach(session, () => false, refusing);
      await clock.advance(second);
    }
    const revoked = session.peek()?.accessToken;
    expect(await callByAttach(session, ({ accessToken }) => accessToken !== revoked)).toBe(true);
  });

  test('answers to requests that were no replays do not make the session exchange at each refusal', {
    tags: ['fault-105a'],
  }, async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    for (let passed = 0; passed < 3_600; passed++) {
      const sent = await session.attach(refusing, new Headers());
      expect(await session.tokenRejected(sent, answer(404, refusing))).toBeUndefined();
      await callByAttach(session, () => false, refusing);
      await clock.advance(second);
    }
    expect(server.refreshes).toBeLessThanOrEqual(18);
  });

  describe.each(callers)(
    'eight workers that are refused alike cost some sixteen exchanges an hour: %s',
    (_, call) => {
      test.each([
        ['at once, without notifications', { lock: true }, true],
        ['one after the other, with notifications', { lock: true, subscribe: true }, false],
      ])('%s', { tags: ['fault-105a'] }, async (_, options, isAtOnce) => {
        const scene = new Scene();
        const backend = new FakeBackend();
        const workers = Array.from({ length: 8 }, () =>
          scene.open({ store: backend.open(options), scheduler: noTimers }),
        );
        for (let passed = 0; passed < 3_600; passed += 2) {
          if (isAtOnce) await scene.until(Promise.all(workers.map((worker) => call(worker, () => false))));
          else for (const worker of workers) await scene.until(call(worker, () => false));
          await scene.clock.advance(2 * second);
        }
        expect(scene.server.refreshes).toBeGreaterThan(10);
        expect(scene.server.refreshes).toBeLessThanOrEqual(20);
      });
    },
  );

  test.each([
    ['nothing is stored', false],
    ['the stored set is over', true],
  ])(
    'a program of one call pays one exchange where the server issues the same token again: %s',
    async (_, isStored) => {
      const { scene, open } = twoProcesses();
      if (isStored) await open().getTokens();
      await scene.clock.advance(2 * hour);
      const before = scene.server.ledger.length;
      const same = (proceed: () => IssuedTokens) => ({ ...proceed(), accessToken: 'same' });
      for (const endpoint of ['login', 'refresh'] as const) scene.server.next(endpoint, same);
      expect(await scene.until(open().getAccessToken({ rejected: 'same' }))).toBe('same');
      expect(scene.server.ledger.length - before).toBe(1);
    },
  );

  test('what is saved later, or by another flight, is marked as what it is', {
    tags: ['fault-105a'],
  }, async () => {
    const { scene, backend, open, second: elsewhere } = twoProcesses();
    const first = open({ scheduler: null });
    const { accessToken } = await first.getTokens();
    const repair = failNextSave(scene, backend);
    expect(await scene.until(first.getAccessToken({ rejected: accessToken }))).toBe('access-2');
    repair();
    await scene.clock.advance(2 * second);
    await scene.until(first.getTokens());
    expect(backend.envelope.replacementId).toBe(backend.envelope.tokens?.id);
    // Whoever names it was refused in a replay: that is no reason for another exchange at once.
    expect(await elsewhere.getAccessToken({ rejected: 'access-2' })).toBe('access-2');
  });

  /** As a program does that was given the token by the run before it. */
  let given = '';
  const callByName = async (session: AuthSession): Promise<boolean> => {
    if (given === '') given = await session.getAccessToken();
    given = await session.getAccessToken({ rejected: given });
    return false;
  };

  test.each([...callers, ['a token from the run before', callByName] as const])(
    'processes of one call cost some sixteen exchanges an hour too: %s',
    { tags: ['fault-105a', 'fault-110'] },
    async (_, call) => {
      const { scene, open } = twoProcesses();
      for (let passed = 0; passed < 3_600; passed += 5) {
        const process = open();
        expect(await scene.until(call(process, () => false))).toBe(false);
        process.dispose();
        await scene.clock.advance(5 * second);
      }
      expect(scene.server.refreshes).toBeGreaterThan(10);
      expect(scene.server.refreshes).toBeLessThanOrEqual(18);
    },
  );

  test('a process that adopts the set counts on where the others were', {
    tags: ['fault-105a'],
  }, async () => {
    const { scene, backend, open } = twoProcesses();
    const until = async (worker: AuthSession): Promise<boolean> =>
      scene.until(callByAttach(worker, () => false));
    const first = open();
    for (let passed = 0; passed < 300; passed++) {
      await until(first);
      await scene.clock.advance(second);
    }
    const { refreshes } = scene.server;
    expect(backend.envelope.rejections).toEqual({ 'https://api.example.com': expect.any(Number) });
    for (let start = 0; start < 20; start++) {
      const next = open();
      await until(next);
      next.dispose();
    }
    expect(scene.server.refreshes - refreshes).toBeLessThanOrEqual(1);
  });

  test('an accepted replay ends it, and so do ten minutes without a refusal', async () => {
    for (const isAccepted of [true, false]) {
      const { session, server, clock } = openSession({ scheduler: noTimers });
      for (let passed = 0; passed < 20; passed++) {
        await callByAttach(session, () => false);
        await clock.advance(second);
      }
      if (isAccepted) {
        await clock.advance(20 * second);
        const refused = session.peek()?.id;
        expect(await callByAttach(session, ({ id }) => id !== refused)).toBe(true);
      } else {
        await clock.advance(10 * minute);
      }
      const before = server.refreshes;
      for (let revocation = 0; revocation < 5; revocation++) {
        const refused = session.peek()?.accessToken;
        expect(await callByAttach(session, ({ accessToken }) => accessToken !== refused)).toBe(true);
      }
      expect(server.refreshes - before).toBe(5);
    }
  });

  test('what is stored beside a set is forgotten after ten minutes too, by whoever reads it then', async () => {
    const { scene, backend, open } = twoProcesses();
    const first = open();
    for (let passed = 0; passed < 20; passed++) {
      await scene.until(callByAttach(first, () => false));
      await scene.clock.advance(second);
    }
    first.dispose();
    expect(backend.envelope.rejections).toBeDefined();
    await scene.clock.advance(2 * hour);
    const next = open();
    const refused = (await next.getTokens()).accessToken;
    expect(backend.envelope).not.toHaveProperty('rejections');
    const call = callByAttach(next, ({ accessToken }) => accessToken !== refused);
    expect(await scene.until(call)).toBe(true);
  });

  test('… also where each reader comes soon after the last, and passes it on with a new set', async () => {
    const { scene, backend, open } = twoProcesses();
    scene.server.lifetimeMs = 5 * minute;
    const first = open();
    for (let passed = 0; passed < 20; passed++) {
      await scene.until(callByAttach(first, () => false));
      await scene.clock.advance(second);
    }
    first.dispose();
    const { refreshes } = scene.server;
    for (let reader = 0; reader < 3; reader++) {
      expect(backend.envelope.rejections).toBeDefined();
      await scene.clock.advance(4.6 * minute);
      const next = open();
      await next.getTokens();
      next.dispose();
    }
    expect(scene.server.refreshes - refreshes).toBe(3);
    expect(backend.envelope).not.toHaveProperty('rejections');
    expect(backend.envelope).not.toHaveProperty('rejectedAt');
  });

  test.each([429, 503])('a replay that ends in %i says nothing about the exchange', async (status) => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    for (const end of [401, status]) {
      await clock.advance(10 * second);
      const next = await session.tokenRejected(await session.getTokens(), unauthorized);
      await session.tokenRejected(next as TokenSet, answer(end));
    }
    expect(await session.tokenRejected(await session.getTokens(), unauthorized)).toBeUndefined();
    expect(server.refreshes).toBe(2);
  });
});
