import { describe, expect, test } from 'vitest';
import { AuthError } from '../src/index.js';
import { hour } from './support/durations.js';
import { lostAnswer, neverSent } from './support/fake-server.js';
import { openSession } from './support/open-session.js';
import { noTimers } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('a refresh whose answer is lost', () => {
  test('the refresh token is sent once more soon, and a login follows if it is refused', async () => {
    const { session, server, clock, until } = openSession({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    server.next('refresh', (proceed) => {
      proceed();
      throw lostAnswer();
    });
    const startedAt = clock.monotonic();
    expect(await until(session.getAccessToken())).toBe('access-3');
    expect(clock.monotonic() - startedAt).toBeLessThan(3_000);
    expect(server.ledger.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
      'refresh issued',
      'refresh refused',
      'login issued',
    ]);
  });

  test('a process whose own lost answer is long over does not hide the one of another', {
    tags: ['fault-58'],
  }, async () => {
    const { scene, first, second, open } = twoProcesses();
    const { server, clock } = scene;
    const loses = (): void =>
      server.next('refresh', () => {
        throw lostAnswer();
      });
    await first.getTokens();
    await clock.advance(2 * hour);
    // The first process loses an answer to the first set, and gets another set.
    loses();
    await scene.until(first.getTokens());
    await second.getTokens();
    await clock.advance(2 * hour);
    // The second loses both answers to that set.
    loses();
    loses();
    await scene.until(second.getTokens().catch(() => {}));
    // Then the first fails without having sent anything.
    await clock.advance(60_000);
    server.next('refresh', () => {
      throw neverSent();
    });
    await scene.until(first.getTokens().catch(() => {}));
    await clock.advance(60_000);
    let presented = 0;
    for (let time = 0; time < 2; time++)
      server.next('refresh', () => {
        presented++;
        throw lostAnswer();
      });
    await scene.until(
      open()
        .getTokens()
        .catch(() => {}),
    );
    expect(presented).toBe(1);
  });

  test('after two lost answers each flight sends the token once, and the cool-down doubles', async () => {
    const { session, server, clock, until } = openSession({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    let presented = 0;
    for (let call = 0; call < 4; call++) {
      server.next('refresh', () => {
        presented++;
        throw lostAnswer();
      });
    }
    const first = (await until(session.getTokens().catch((error: unknown) => error))) as {
      retryAt: number;
      code: string;
    };
    expect(first.code).toBe('network');
    expect(presented).toBe(2);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network', retryAt: expect.any(Number) });
    expect(presented).toBe(2);
    await clock.advance(first.retryAt - clock.now());
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(presented).toBe(3);
    await clock.advance(1_000);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(presented).toBe(3);
    await clock.advance(1_000);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(presented).toBe(4);
    await clock.advance(4_000);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('the token is not sent again without the lease', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let sent = 0;
    scene.server.next('refresh', () => {
      sent++;
      backend.holder?.steal();
      throw lostAnswer();
    });
    await expect(scene.until(first.getTokens())).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(1);
    expect(scene.server.refreshes).toBe(0);
  });

  test.each([
    ['a 429', () => new AuthError('rate_limited', { provider: 'fake' })],
    ['no connection', neverSent],
  ])('when the second attempt meets %s, later flights send the token only once', async (_, second) => {
    const { scene, first, open } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let sent = 0;
    const fail = (error: () => Error) =>
      scene.server.next('refresh', () => {
        sent++;
        throw error();
      });
    for (const error of [lostAnswer, second, lostAnswer, lostAnswer, lostAnswer]) fail(error);
    await scene.until(first.getTokens().catch(() => {}));
    expect(sent).toBe(2);
    await scene.clock.advance(60_000);
    await scene.until(first.getTokens().catch(() => {}));
    expect(sent).toBe(3);
    await scene.clock.advance(60_000);
    await scene.until(
      open()
        .getTokens()
        .catch(() => {}),
    );
    expect(sent).toBe(4);
  });

  test('a second attempt that fails after another account was served is no part of an outage', async () => {
    const { scene, first } = twoProcesses();
    const { server, clock } = scene;
    const other = scene.open({ provider: { account: 'grace' }, scheduler: noTimers });
    await first.getTokens();
    await clock.advance(2 * hour);
    for (let failures = 0; failures < 12; failures++) {
      server.next('refresh', () => {
        throw neverSent();
      });
      await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
      await clock.advance(300_000);
    }
    server.next('refresh', async () => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
      await other.getTokens();
      throw lostAnswer();
    });
    server.next('refresh', () => {
      throw neverSent();
    });
    await expect(scene.until(first.getTokens())).rejects.toMatchObject({ code: 'network' });
    await clock.advance(60_000);
    // The pause of five minutes stands: the server was there for others, and not for this account.
    await expect(first.getTokens()).rejects.toMatchObject({ retryAt: clock.now() + 240_000 });
  });

  test('a failure before the lost answer does not prevent the second attempt, and a 429 after it allows no third', async () => {
    const { scene, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let sent = 0;
    const fail = (error: () => Error) =>
      scene.server.next('refresh', () => {
        sent++;
        throw error();
      });
    fail(neverSent);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
    await scene.clock.advance(1_000);
    for (const error of [lostAnswer, lostAnswer]) fail(error);
    await expect(scene.until(first.getTokens())).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(3);
    await scene.clock.advance(60_000);
    fail(() => new AuthError('rate_limited', { provider: 'fake' }));
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'rate_limited' });
    await scene.clock.advance(60_000);
    fail(lostAnswer);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(5);
  });
});

describe('a login whose answer is lost', () => {
  test('the password is not sent again', async () => {
    const { session, server } = openSession({ scheduler: noTimers });
    server.next('login', (proceed) => {
      proceed();
      throw lostAnswer();
    });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(server.logins).toBe(1);
  });
});
