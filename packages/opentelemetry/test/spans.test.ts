import { context, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hour, Scene } from './support/scene.js';

const provider = { 'auth.provider.name': 'password-refresh' };

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

/** Epoch milliseconds. */
function times({ startTime, endTime }: ReadableSpan): [number, number] {
  const millis = ([seconds, nanos]: readonly [number, number]): number => seconds * 1000 + nanos / 1e6;
  return [millis(startTime), millis(endTime)];
}

describe('an exchange is a span', () => {
  test('from when it was sent until it was answered', async () => {
    const session = scene.open();
    scene.server.set({ delayBeforeCommitMs: 300 });
    const sentAt = scene.clock.now();
    const { id } = await scene.run(session.getTokens());
    await scene.clock.advance(2 * hour);
    const next = await scene.run(session.getTokens());
    const [login, refresh] = scene.collected.spans as [ReadableSpan, ReadableSpan];
    expect(login).toMatchObject({ name: 'login password-refresh', kind: SpanKind.CLIENT });
    expect(login.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(times(login)).toEqual([sentAt, sentAt + 300]);
    expect(login.attributes).toEqual({ ...provider, 'auth.exchange.type': 'login', 'auth.token.id': id });
    expect(refresh.name).toBe('refresh password-refresh');
    expect(times(refresh)).toEqual([sentAt + 2 * hour + 300, sentAt + 2 * hour + 600]);
    expect(refresh.attributes).toEqual({
      ...provider,
      'auth.exchange.type': 'refresh',
      'auth.token.id': next.id,
      'auth.token.previous_id': id,
    });
    expect(scene.collected.spans).toHaveLength(2);
  });

  test('that tells how it failed', async () => {
    const session = scene.open();
    scene.server.answerNext({ status: 503 });
    expect(await scene.run(scene.failure(session.getTokens()))).toBe('server_unavailable');
    const [failed] = scene.collected.spans as [ReadableSpan];
    expect(failed.name).toBe('login password-refresh');
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(failed.attributes).toEqual({
      ...provider,
      'auth.exchange.type': 'login',
      'auth.exchange.delivery': 'unknown',
      'auth.exchange.resend': false,
      'error.type': 'server_unavailable',
      'http.response.status_code': 503,
    });
  });

  test('and one more where a refresh is sent twice: the attempt that was lost, and the whole', async () => {
    const session = scene.open();
    await scene.run(session.getTokens());
    await scene.clock.advance(2 * hour);
    scene.server.answerNext({ on: 'refresh', status: 502 });
    const startedAt = scene.clock.now();
    await scene.run(session.getTokens());
    const [, lost, whole] = scene.collected.spans as [ReadableSpan, ReadableSpan, ReadableSpan];
    expect(lost.attributes).toMatchObject({
      'auth.exchange.resend': true,
      'error.type': 'server_unavailable',
    });
    expect(times(lost)).toEqual([startedAt, startedAt]);
    expect(whole.attributes).toMatchObject({ 'auth.exchange.type': 'refresh' });
    expect(times(whole)).toEqual([startedAt, startedAt + 600]);
  });

  test('with a word of the server’s where the provider knows it', () => {
    const record = scene.collected.listener();
    const failed = { type: 'exchange_failed', at: 0, key: '', provider: 'joor', phase: 'login' } as const;
    const code = 'invalid_credentials' as const;
    record({ ...failed, code, serverCode: 'LOGIN_USER_NOT_VERIFIED', durationMs: 0, resend: false });
    expect(scene.collected.spans[0]?.attributes['auth.server.code']).toBe('LOGIN_USER_NOT_VERIFIED');
  });
});

describe('the session’s key', () => {
  test('is on no span and no metric', async () => {
    await everythingHappens();
    expect(await shown()).not.toContain('ada@example.com');
  });

  test('is on spans where that is asked for, and on no metric', async () => {
    await everythingHappens({ recordKey: true });
    for (const { attributes } of scene.collected.spans) {
      expect(attributes['auth.session.key']).toContain('ada@example.com');
    }
    expect(JSON.stringify(await scene.collected.metrics())).not.toContain('ada@example.com');
  });
});

test('no attribute holds a password, a token or a body', async () => {
  const secrets = await everythingHappens({ recordKey: true });
  expect(secrets.length).toBeGreaterThan(3);
  const text = await shown();
  expect(text).toContain('invalid_credentials');
  for (const secret of secrets) expect(text).not.toContain(secret);
});

describe('the trace', () => {
  const contexts = new AsyncLocalStorageContextManager();
  beforeEach(() => void context.setGlobalContextManager(contexts.enable()));
  afterEach(() => context.disable());

  const inSpan = <Result>(span: ReturnType<typeof startSpan>, work: () => Result): Result =>
    context.with(trace.setSpan(context.active(), span), work);
  const startSpan = () => scene.collected.tracerProvider.getTracer('test').startSpan('caller');
  const exchange = (): ReadableSpan | undefined =>
    scene.collected.spans.find(({ name }) => name.endsWith('password-refresh'));

  test('is that of the caller who waits', async () => {
    const caller = startSpan();
    await inSpan(caller, () => scene.run(scene.open().getTokens()));
    caller.end();
    expect(exchange()?.parentSpanContext).toMatchObject(caller.spanContext());
    expect(exchange()?.links).toEqual([]);
  });

  test('is its own, with a link, where the caller’s span has ended', async () => {
    const caller = startSpan();
    caller.end();
    await inSpan(caller, () => scene.run(scene.open().getTokens()));
    expect(exchange()?.parentSpanContext).toBeUndefined();
    expect(exchange()?.spanContext().traceId).not.toBe(caller.spanContext().traceId);
    expect(exchange()?.links).toMatchObject([{ context: caller.spanContext() }]);
  });

  test('is that of another process’s caller, whose span records nothing here', async () => {
    const ids = { traceId: '1'.repeat(32), spanId: '2'.repeat(16) };
    const remote = trace.wrapSpanContext({ ...ids, traceFlags: TraceFlags.SAMPLED, isRemote: true });
    await inSpan(remote, () => scene.run(scene.open().getTokens()));
    expect(exchange()?.parentSpanContext).toMatchObject(ids);
  });

  test('is not recorded where the caller’s is not', async () => {
    const ids = { traceId: '1'.repeat(32), spanId: '2'.repeat(16) };
    const unsampled = trace.wrapSpanContext({ ...ids, traceFlags: TraceFlags.NONE });
    await inSpan(unsampled, () => scene.run(scene.open().getTokens()));
    expect(exchange()).toBeUndefined();
  });
});

/** Exchanges that succeed, fail and are refused. Returns what must not be seen. */
async function everythingHappens(options: { recordKey?: boolean } = {}): Promise<string[]> {
  const onEvent = scene.collected.listener(options);
  const session = scene.open({ onEvent });
  const seen = [scene.server.options.password, 'canary-body', 'canary-typed'];
  for (const [status, times] of [[200, 0] as const, [500, 2] as const, [429, 1] as const]) {
    if (times > 0) scene.server.answerNext({ status, times, body: 'canary-body' });
    const work = session.getTokens({ forceRefresh: true });
    await scene.run(work.catch(() => {}));
    await scene.clock.advance(hour);
  }
  const { accessToken, refreshToken = '' } = await scene.run(session.getTokens());
  seen.push(accessToken, refreshToken);
  // The refusal is hashed outside the clock.
  await scene.failure(session.signIn({ password: 'canary-typed' }));
  return seen;
}

/** All that an exporter is given. */
async function shown(): Promise<string> {
  const spans = scene.collected.spans.map(({ name, attributes, status, events, links }) => {
    return { name, attributes, status, events, links };
  });
  expect(spans.length).toBeGreaterThan(4);
  return JSON.stringify([spans, await scene.collected.metrics()]);
}
