import { describe, expect, test } from 'vitest';
import { minute } from './support/durations.js';
import { accessTokenOf, neverSent } from './support/fake-server.js';
import { openSession } from './support/open-session.js';
import { twoProcesses } from './support/two-processes.js';

describe('a token that the API refused', () => {
  const unauthorized = { status: 401, headers: new Headers() };

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

  test('a token issued after a refusal is not exchanged before its cool-down is over, and the cool-down doubles', async () => {
    const { session, server, clock } = openSession();
    let sent = await session.getTokens();
    sent = (await session.tokenRejected(sent, unauthorized)) as typeof sent;
    await clock.advance(9_000);
    expect(await session.tokenRejected(sent, unauthorized)).toBeUndefined();
    await clock.advance(1_000);
    sent = (await session.tokenRejected(sent, unauthorized)) as typeof sent;
    expect(sent.accessToken).toBe('access-3');
    await clock.advance(19_000);
    expect(await session.tokenRejected(sent, unauthorized)).toBeUndefined();
    await clock.advance(1_000);
    expect(accessTokenOf(await session.tokenRejected(sent, unauthorized))).toBe('access-4');
    expect(server.refreshes).toBe(3);
  });

  test('the cool-down starts over after ten minutes without a refusal', async () => {
    const { session, clock } = openSession();
    let sent = await session.getTokens();
    for (const waitMs of [0, 10_000, 20_000, 10 * minute, 10_000]) {
      await clock.advance(waitMs);
      sent = (await session.tokenRejected(sent, unauthorized)) as typeof sent;
      expect(sent).toBeDefined();
    }
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
    const forbidden = { status: 403, headers: new Headers() };
    const scope = {
      status: 401,
      headers: new Headers({ 'www-authenticate': 'Bearer realm="api", error="insufficient_scope"' }),
    };
    expect(await session.tokenRejected(sent, forbidden)).toBeUndefined();
    expect(await session.tokenRejected(sent, scope)).toBeUndefined();
    expect(server.ledger).toHaveLength(1);
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
