import { describe, expect, test } from 'vitest';
import { Account } from '../src/account.js';
import { SessionContext } from '../src/context.js';
import type { Envelope, Stored } from '../src/envelope.js';
import type { FlightPlan } from '../src/flight.js';
import { type AuthEvent, type AuthProvider, memoryStore, type TokenSet } from '../src/index.js';
import { nextStep, type Step } from '../src/next-step.js';
import { hour } from './support/durations.js';
import { FakeServer } from './support/fake-server.js';
import { ManualClock } from './support/manual-clock.js';

const clock = new ManualClock();
const now = clock.now();
const events: AuthEvent[] = [];

/** A session and an account that has seen nothing yet. */
function newcomer(change: Partial<AuthProvider> = {}): { context: SessionContext; account: Account } {
  const provider = { ...new FakeServer().provider(), ...change };
  const store = memoryStore();
  const context = new SessionContext(provider, { clock, store, onEvent: (event) => events.push(event) });
  const account = new Account(store, context.key, now);
  account.joined(context);
  return { context, account };
}

function decide(
  { context, account }: ReturnType<typeof newcomer>,
  envelope: Partial<Envelope>,
  plan: FlightPlan = { kind: 'refresh' },
): Step {
  const guard = { failures: 0, loginsAt: [] };
  const stored: Stored = { recordId: 'record', envelope: { guard, ...envelope } };
  return nextStep(context, account, stored, { plan, startedWith: undefined }).step;
}

const tokens: TokenSet = {
  id: 'set',
  accessToken: 'access',
  tokenType: 'Bearer',
  issuedAt: now,
  expiresAt: now + hour,
  refreshToken: 'refresh',
};
const expired: TokenSet = { ...tokens, issuedAt: now - 2 * hour, expiresAt: now - hour };

describe('the next step', () => {
  test('is to adopt a stored set that is fresh, and to refresh one that is not', () => {
    expect(decide(newcomer(), { tokens })).toEqual({ kind: 'adopt', tokens });
    expect(decide(newcomer(), { tokens: expired })).toEqual({ kind: 'refresh', tokens: expired });
  });

  test('is to log in where nothing is stored', () => {
    expect(decide(newcomer(), {})).toEqual({ kind: 'login' });
  });

  test('is to log in where the provider cannot refresh, although the login issued a refresh token', () => {
    expect(decide(newcomer({ refresh: undefined as never }), { tokens: expired })).toEqual({ kind: 'login' });
  });

  test('without credentials is to adopt a set to its very end, and not beyond', () => {
    const { refreshToken: _, ...last } = tokens;
    const without = (): ReturnType<typeof newcomer> => newcomer({ prepareLogin: undefined as never });
    const nearlyOver = { ...last, issuedAt: now - hour, expiresAt: now + 1 };
    expect(decide(without(), { tokens: nearlyOver }).kind).toBe('adopt');
    expect(decide(without(), { tokens: { ...nearlyOver, expiresAt: now } }).kind).toBe('login');
    const { refreshToken: __, ...over } = expired;
    expect(decide(without(), { tokens: over }).kind).toBe('login');
  });

  test('counts the life of a set from a clock that is ahead from now', () => {
    const ahead = { ...tokens, issuedAt: now + hour, expiresAt: now + 2 * hour };
    expect(decide(newcomer(), { tokens: ahead }).kind).toBe('adopt');
    const over = { ...ahead, expiresAt: ahead.issuedAt };
    expect(decide(newcomer(), { tokens: over }).kind).toBe('refresh');
  });

  test('is to wait for a pause that another process wrote: its own cool-down, or one that the server asked for', () => {
    const notBefore = now + 10_000;
    const coolDown = decide(newcomer(), { guard: { failures: 2, loginsAt: [], notBefore } });
    expect(coolDown).toMatchObject({
      error: { code: 'server_unavailable', delivery: 'not_sent', retryAt: notBefore },
    });
    const limited = decide(newcomer(), { guard: { failures: 0, loginsAt: [], notBefore } });
    expect(limited).toMatchObject({
      error: { code: 'rate_limited', delivery: 'not_sent', retryAt: notBefore },
    });
  });

  test('of a person who signs in does not wait for a cool-down, but for a server that asked for a pause', () => {
    const notBefore = now + 10_000;
    const signIn: FlightPlan = { kind: 'sign_in', isTyped: true };
    expect(decide(newcomer(), { guard: { failures: 2, loginsAt: [], notBefore } }, signIn).kind).toBe(
      'login',
    );
    expect(decide(newcomer(), { guard: { failures: 0, loginsAt: [], notBefore } }, signIn).kind).toBe('fail');
  });

  test('with initial tokens is to save them only where the store holds neither tokens nor a sign-out', () => {
    const unsaved = {
      tokens,
      by: 'login' as const,
      parentId: undefined,
      isInitial: true,
      liftedLatch: undefined,
    };
    const holder = (): ReturnType<typeof newcomer> => {
      const opened = newcomer();
      opened.account.saveDeferred(unsaved);
      return opened;
    };
    expect(decide(holder(), {})).toEqual({ kind: 'save', unsaved });
    expect(decide(holder(), { signedOutAt: now - hour }).kind).toBe('login');
    expect(decide(holder(), { tokens: { ...tokens, id: 'other' } }).kind).toBe('adopt');
  });

  test('changes nothing and tells nobody', () => {
    const opened = newcomer();
    const { facts } = opened.account;
    events.length = 0;
    decide(opened, { tokens: expired, guard: { failures: 1, loginsAt: [], notBefore: now + 10_000 } });
    decide(opened, { signedOutAt: now + 1 });
    expect(opened.account.facts).toBe(facts);
    expect([opened.account.tokens, opened.account.hasRead, events]).toEqual([undefined, false, []]);
  });
});
