/** What a hundred thousand sessions with a scheduled refresh take. */
import {
  type AuthSession,
  type TokenRecord,
  type TokenSet,
  type TokenStore,
  timerScheduler,
} from '@auth/core';
import type { JoorExtra } from '@auth/joor';
import { redisStore } from '@auth/store-redis';
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';
import { startRedis } from '@internal/test-tools';
import { GoTrueClient } from '@supabase/auth-js';
import { Redis } from 'ioredis';
import { openSession } from '../ours.ts';
import { nowhere as place } from '../peer.ts';
import { atMost, type CaseResult, type Row, round } from '../result.ts';

const hourMs = 3_600_000;

/** What many sessions of one kind take. */
export interface Footprint {
  readonly count: number;
  readonly bytes: number;
  readonly timers: number;
  readonly createUs: number;
}

export async function run(): Promise<CaseResult[]> {
  countTimers();
  const ours = await ourFootprint(100_000);
  const alone = await footprint(100_000, openAlone, touchFetch);
  const inRedis = await redisFootprint(100_000);
  const bare = await footprint(100_000, openBare());
  const badgateway = await footprint(100_000, openBadgateway, (session) => session.getAccessToken());
  const gotrue = await footprint(5_000, openSupabase, (client) => client.getSession());
  const row = (name: string, { count, bytes, timers, createUs }: Footprint, isOurs = false): Row => ({
    name,
    isOurs,
    values: [count, Math.round(bytes), timers, round(createUs, 1)],
  });
  return [
    {
      title: 'Sessions with a scheduled refresh',
      headline: `A hundred thousand accounts in one process take ${Math.round(ours.bytes / 10)} MB and ${ours.timers} timer; opening one takes ${round(ours.createUs, 1)} µs.`,
      about: [
        'Each session holds a fresh token with a refresh token, and its refresh is scheduled. Bytes are those of the heap after a full garbage collection, divided by the number of sessions. Ours share one store that keeps nothing on this heap, unless the line says otherwise. "Alone": each for a user and with a default store of its own, its `fetch` touched. In Redis: with tokens of 480 characters, which are not counted.',
      ],
      columns: ['sessions', 'bytes each', 'timers', 'µs to create'],
      rows: [
        row('@auth/joor', ours, true),
        row('@auth/joor, alone', alone, true),
        row('@auth/joor, in Redis', inRedis, true),
        row('tokens on a scheduler, nothing around them', bare),
        row('@badgateway/oauth2-client', badgateway),
        row('@supabase/auth-js', gotrue),
      ],
      targets: [
        {
          ...atMost('100,000 sessions, heap bytes each', ours.bytes, 1_000, ' B', 0),
          limit: `the tokens and their place on the scheduler take ${Math.round(bare.bytes)} B of it`,
        },
        atMost('… with a default store each, and fetch touched', alone.bytes, 1_900, ' B', 0),
        atMost('… in Redis, tokens not counted', inRedis.bytes, 1_500, ' B', 0),
        atMost('100,000 sessions, timers', ours.timers, 1, '', 0),
        atMost('100,000 sessions, time to create one', ours.createUs, 4.5, ' µs', 1),
      ],
      chart: { column: 'bytes each', unit: ' B' },
    },
  ];
}

/** Our library only. */
export function figures(): Promise<Footprint> {
  countTimers();
  return ourFootprint(100_000);
}

/** Ours, each with the token that it finds in the store. */
export function ourFootprint(count: number): Promise<Footprint> {
  const store = fullStore();
  return footprint(
    count,
    (index) => openSession(place, { store, key: `account-${index}` }),
    (session) => session.getAccessToken(),
  );
}

async function footprint<Session>(
  count: number,
  open: (index: number) => Session,
  use: (session: Session) => Promise<unknown> = async () => {},
  settle: () => Promise<unknown> = async () => {},
): Promise<Footprint> {
  const timersBefore = timers;
  // The first few load and compile what all share.
  for (let index = 0; index < 200; index++) await use(open(count + index));
  await settle();
  const sessions: Session[] = new Array(count);
  const before = heap();
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) sessions[index] = open(index);
  const createUs = ((performance.now() - startedAt) * 1_000) / count;
  for (const session of sessions) await use(session);
  await settle();
  const bytes = (heap() - before) / count;
  return { count: sessions.length, bytes, timers: timers - timersBefore, createUs };
}

/** For a user and with a store of its own. */
function openAlone(index: number): AuthSession<JoorExtra> {
  return openSession(
    { ...place, username: `user-${index}` },
    {
      initialTokens: {
        accessToken: `access-account-${index}`,
        refreshToken: `refresh-account-${index}`,
        expiresInMs: hourMs,
      },
    },
  );
}

async function touchFetch(session: AuthSession<JoorExtra>): Promise<unknown> {
  await session.getAccessToken();
  return session.fetch;
}

const tokenLength = 480;

/** Ours on a store in Redis, without the text of the tokens. */
async function redisFootprint(count: number): Promise<Footprint> {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const store = redisStore({ client });
  const tokens = (key: string): TokenRecord =>
    recordOf(key, Date.now(), (text) => text.padEnd(tokenLength, '-'));
  await inBatches(count + 200, async (index) => {
    const key = `account-${index}`;
    await store.compareAndSet(key, undefined, tokens(key));
  });
  const measured = await footprint(
    count,
    (index) => openSession(place, { store, key: `account-${index}` }),
    (session) => session.getAccessToken(),
    // The store confirms each subscription, and the session reads once more.
    () => new Promise((resolve) => setTimeout(resolve, 3_000)),
  );
  await store[Symbol.asyncDispose]();
  client.disconnect();
  return { ...measured, bytes: measured.bytes - 2 * tokenLength };
}

async function inBatches(count: number, work: (index: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < count; start += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, count - start) }, (_, index) => work(start + index)),
    );
  }
}

/** The minimum: the tokens read from the store, and a call when they are due. */
function openBare(): (index: number) => unknown {
  const store = fullStore();
  const scheduler = timerScheduler();
  return (index) => {
    const key = `account-${index}`;
    const { value } = store.get(key) as TokenRecord;
    const { tokens } = JSON.parse(value) as { tokens: TokenSet };
    const run = (): void => void tokens;
    return [tokens, scheduler.schedule({ key, at: tokens.expiresAt as number, run })];
  };
}

/** A store that makes up a fresh token for every key. */
function fullStore(): TokenStore {
  const issuedAt = Date.now();
  return { get: (key) => recordOf(key, issuedAt), compareAndSet: () => true };
}

/** The record of a fresh set. */
function recordOf(key: string, issuedAt: number, padded = (text: string): string => text): TokenRecord {
  const tokens = {
    id: `id of ${key}`,
    accessToken: padded(`access-${key}`),
    tokenType: 'Bearer',
    issuedAt,
    expiresAt: issuedAt + hourMs,
    refreshToken: padded(`refresh-${key}`),
  };
  return { id: key, value: JSON.stringify({ v: 1, tokens, guard: { failures: 0, loginsAt: [] } }) };
}

/** Opens with a new token, because the library does not schedule the refresh of a stored one. */
function openBadgateway(index: number): OAuth2Fetch {
  const { origin, clientId, clientSecret } = place;
  return new OAuth2Fetch({
    client: new OAuth2Client({ server: origin, tokenEndpoint: '/token', clientId, clientSecret }),
    getNewToken: () => ({
      accessToken: `access-${index}`,
      refreshToken: `refresh-${index}`,
      expiresAt: Date.now() + hourMs,
    }),
    scheduleRefresh: true,
  });
}

function openSupabase(index: number): GoTrueClient {
  const session = {
    access_token: `access-${index}`,
    refresh_token: `refresh-${index}`,
    token_type: 'bearer',
    expires_in: 3_600,
    expires_at: (Date.now() + hourMs) / 1_000,
    user: { id: 'ada' },
  };
  const stored = JSON.stringify(session);
  return new GoTrueClient({
    url: `${place.origin}/auth/v1`,
    storageKey: `account-${index}`,
    storage: { getItem: () => stored, setItem: () => {}, removeItem: () => {} },
    autoRefreshToken: true,
    detectSessionInUrl: false,
  });
}

export function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Timers that were set and not cleared, including unref'd timers. */
let timers = 0;

function countTimers(): void {
  const { setTimeout: setReal, clearTimeout: clearReal } = globalThis;
  globalThis.setTimeout = ((...args: Parameters<typeof setReal>) => {
    timers++;
    return setReal(...args);
  }) as typeof setReal;
  globalThis.clearTimeout = (timer) => {
    if (timer !== undefined) timers--;
    clearReal(timer);
  };
}
