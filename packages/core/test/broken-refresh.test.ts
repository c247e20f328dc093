import { hashQuickly } from '@internal/test-tools/quick-hash';
import { beforeEach, describe, expect, test } from 'vitest';
import { AuthError, type AuthSession } from '../src/index.js';
import { hour, minute, second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { lostAnswer } from './support/fake-server.js';
import { noTimers, Scene, type SceneOptions } from './support/scene.js';

let scene: Scene;
let backend: FakeBackend;

beforeEach(() => {
  scene = new Scene();
  backend = new FakeBackend();
});

function open(options: SceneOptions = {}): AuthSession {
  return scene.open({ store: backend.open({ lock: true }), scheduler: noTimers, ...options });
}

/** The refresh endpoint answers in this way from now on. */
function breakRefresh(answer: () => AuthError): { refreshes: number } {
  const seen = { refreshes: 0 };
  const queue = (): void =>
    scene.server.next('refresh', () => {
      seen.refreshes++;
      queue();
      throw answer();
    });
  queue();
  return seen;
}

const answered = (status: number, answer: 'json' | 'page' | 'other') => (): AuthError =>
  new AuthError('server_unavailable', {
    provider: 'fake',
    phase: 'refresh',
    status,
    answer,
    delivery: 'unknown',
  });

/** Calls every ten seconds, and counts the calls that got no token. */
async function callFor(durationMs: number, session: () => AuthSession): Promise<number> {
  let failures = 0;
  for (let passed = 0; passed < durationMs; passed += 10 * second) {
    await scene.until(session().getTokens()).catch(() => failures++);
    await scene.clock.advance(10 * second);
  }
  return failures;
}

describe('a refresh endpoint that does not work', () => {
  hashQuickly();

  test.each([
    [400, 'json'],
    [404, 'json'],
    [404, 'other'],
    [405, 'json'],
    [410, 'json'],
    [422, 'json'],
    [500, 'json'],
    [500, 'other'],
    [501, 'json'],
  ] as const)(
    'with %i (%s): a login, and the next expiries are not noticed',
    { tags: ['fault-106'] },
    async (status, answer) => {
      const session = open();
      await session.getTokens();
      await scene.clock.advance(2 * hour);
      const seen = breakRefresh(answered(status, answer));
      const failures = await callFor(10 * minute, () => session);
      expect(failures).toBeLessThanOrEqual(9);
      expect(scene.server.logins).toBe(2);
      const { refreshes } = seen;
      expect(await callFor(12 * hour, () => session)).toBe(0);
      expect(scene.server.logins).toBeLessThanOrEqual(2 + 13);
      // One presentation a life, no resend, nothing early.
      expect(seen.refreshes - refreshes).toBeLessThanOrEqual(13);
    },
  );

  test('who waits for the lease gets the set of the login that stands in', {
    tags: ['fault-106'],
  }, async () => {
    const [first, second] = [0, 1].map(() =>
      scene.open({ store: backend.open({ lock: true, subscribe: true }), scheduler: noTimers }),
    ) as [AuthSession, AuthSession];
    await first.getTokens();
    await second.getTokens();
    breakRefresh(answered(500, 'json'));
    await scene.clock.advance(2 * hour);
    await callFor(2 * minute, () => first);
    await scene.clock.advance(2 * hour);
    const answer = scene.server.holdNext('login');
    const tokens = [first.getAccessToken(), second.getAccessToken()];
    await scene.clock.advance(10);
    const late = second.getAccessToken();
    await scene.clock.advance(10);
    answer();
    const [token] = await scene.until(Promise.all([...tokens, late]));
    expect(await first.getAccessToken()).toBe(token);
    expect(await second.getAccessToken()).toBe(token);
    expect(scene.server.logins).toBe(3);
  });

  test('holds over restarts, for several processes', { tags: ['fault-106'] }, async () => {
    await open().getTokens();
    await scene.clock.advance(2 * hour);
    breakRefresh(answered(500, 'json'));
    await callFor(10 * minute, () => open());
    expect(scene.server.logins).toBe(2);
    const processes = [open(), open(), open()];
    let call = 0;
    expect(await callFor(6 * hour, () => processes[call++ % 3] as AuthSession)).toBe(0);
    expect(scene.server.logins).toBeLessThanOrEqual(2 + 7);
  });

  test('is not what did not send the token: no login stands in', { tags: ['fault-106'] }, async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    breakRefresh(
      () =>
        new AuthError('server_unavailable', {
          provider: 'fake',
          phase: 'refresh',
          status: 404,
          delivery: 'not_sent',
        }),
    );
    expect(await callFor(hour, () => session)).toBeGreaterThan(0);
    expect(scene.server.logins).toBe(1);
  });

  test('without a password the session waits, and the tokens are kept', { tags: ['fault-106'] }, async () => {
    await open().getTokens();
    await scene.clock.advance(2 * hour);
    breakRefresh(answered(500, 'json'));
    const session = open({ provider: { password: null } });
    await callFor(10 * minute, () => session);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'server_unavailable' });
    expect(backend.envelope.tokens?.refreshToken).toBe('refresh-1');
    expect(scene.server.logins).toBe(1);
  });

  test('a refresh that works ends it', { tags: ['fault-106'] }, async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    let isBroken = true;
    const queue = (): void =>
      scene.server.next('refresh', (proceed) => {
        queue();
        if (isBroken) throw answered(500, 'json')();
        return proceed();
      });
    queue();
    await callFor(10 * minute, () => session);
    expect(backend.envelope.guard.refreshFails).toMatchObject({ isBroken: true });
    isBroken = false;
    await scene.clock.advance(2 * hour);
    await session.getTokens();
    expect(scene.server.logins).toBe(2);
    expect(backend.envelope.guard).not.toHaveProperty('refreshFails');
  });

  test.each([
    ['502', answered(502, 'other')],
    ['504 with a page', answered(504, 'page')],
    ['500 with a page', answered(500, 'page')],
    ['403 with a page', answered(403, 'page')],
    ['no answer', lostAnswer],
  ])('an hour of %s sends no password', { tags: ['fault-106a'] }, async (_, answer) => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    breakRefresh(answer);
    await callFor(hour, () => session);
    expect(scene.server.logins).toBe(1);
  });

  test.each([
    ['the login is latched', 'wrong', /^(invalid_credentials|login_blocked|server_unavailable)$/],
    ['the vault is away', Promise.reject, /^(credentials_unavailable|server_unavailable)$/],
  ])('does not hammer the endpoint where %s', { tags: ['fault-106'] }, async (_, password, codes) => {
    await open().getTokens();
    await scene.clock.advance(2 * hour);
    const seen = breakRefresh(answered(500, 'json'));
    const vault = async (): Promise<string> => {
      if (typeof password === 'string') return password;
      throw new Error('the vault is away');
    };
    const session = open({ provider: { password: vault } });
    await callFor(10 * minute, () => session);
    const { refreshes } = seen;
    for (let call = 0; call < 300; call++) {
      const error = await scene.until(session.getTokens()).catch((thrown: AuthError) => thrown);
      expect((error as AuthError).code).toMatch(codes);
      await scene.clock.advance(second);
    }
    expect(seen.refreshes - refreshes).toBeLessThanOrEqual(7);
    expect(scene.server.logins).toBeLessThanOrEqual(2);
  });

  test('logins that fail too are ever further apart, and then one serves', {
    tags: ['fault-106'],
  }, async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    breakRefresh(answered(500, 'json'));
    let logins = 0;
    const queue = (): void =>
      scene.server.next('login', () => {
        logins++;
        queue();
        throw answered(503, 'other')();
      });
    queue();
    await callFor(3 * hour, () => session);
    expect(logins).toBeGreaterThan(10);
    expect(logins).toBeLessThanOrEqual(40);
  });

  test('one login that fails puts off the next by minutes, not by half a life', {
    tags: ['fault-106'],
  }, async () => {
    scene.server.lifetimeMs = 10 * hour;
    const session = open();
    await session.getTokens();
    await scene.clock.advance(11 * hour);
    breakRefresh(answered(404, 'json'));
    await callFor(10 * minute, () => session);
    await scene.clock.advance(11 * hour);
    scene.server.next('login', () => {
      throw answered(502, 'other')();
    });
    expect(await callFor(hour, () => session)).toBeLessThanOrEqual(13);
  });
});
