import { isAuthError, memoryStore } from '@auth/core';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import answers from './corpus/answers.json' with { type: 'json' };
import { type ProviderName, providerNames, providers } from './support/providers.js';

hashQuickly();

/** What an answer means, by provider; `*` for all. `login`: the refresh was refused, and a login follows. */
type Meaning = Partial<Record<ProviderName | '*', string>>;

interface Answer {
  readonly from: string;
  readonly status: number;
  readonly type: string;
  readonly headers?: Record<string, string>;
  readonly body: string;
  readonly login?: Meaning;
  readonly refresh?: Meaning;
}

const cases = (answers as readonly Answer[]).flatMap((answer) =>
  (['login', 'refresh'] as const).flatMap((phase) =>
    providerNames.flatMap((name) => {
      const meaning = answer[phase]?.[name] ?? answer[phase]?.['*'];
      return meaning === undefined ? [] : [{ ...answer, phase, name, meaning }];
    }),
  ),
);

describe.concurrent('answers of vendors, and of proxies and gateways before them', () => {
  test.each(cases)('$from: $phase of $name is $meaning', async (answer) => {
    const { name, phase, status, type, headers, body, meaning } = answer;
    let calls = 0;
    const session = providers[name].open({
      scheduler: null,
      store: memoryStore(),
      random: () => 0,
      fetch: async () => {
        calls++;
        // A refresh needs a login first, and another login once the refresh is refused.
        const isItsTurn = phase === 'login' ? true : calls === 2 || (calls === 3 && meaning !== 'login');
        if (!isItsTurn) return Response.json(providers[name].good);
        return new Response(body, { status, headers: { 'content-type': type, ...headers } });
      },
    });
    if (phase === 'refresh') await session.getTokens();
    const outcome = await session.getTokens({ forceRefresh: phase === 'refresh' }).then(
      () => 'login',
      (error: unknown) => (isAuthError(error) ? error.code : String(error)),
    );
    expect(outcome).toBe(meaning);
    if (outcome === 'login') expect(calls).toBe(3);
    session.dispose();
  });
});
