import type { AuthEvent } from '@auth/core';
import type { Counter, Meter } from '@opentelemetry/api';
import { type Counted, countedAttributes, countedEvents } from './counted-events.js';
import { type ExchangeEvent, exchangeAttributes, isExchange } from './exchange-attributes.js';

/** Records events as metrics. No attribute names an account: there may be a hundred thousand. */
export function metricsOf(meter: Meter): (event: AuthEvent) => void {
  const exchangeDuration = meter.createHistogram('auth.client.exchange.duration', {
    description: 'Duration of logins and refreshes.',
    unit: 's',
    advice: { explicitBucketBoundaries: exchangeBoundaries },
  });
  const tokenAge = meter.createHistogram('auth.client.token.age', {
    description: 'Age of tokens when a refresh replaced them, and when the API refused them.',
    unit: 's',
    advice: { explicitBucketBoundaries: ageBoundaries },
  });
  const counters = new Map(
    Object.entries(countedEvents).map(([type, counter]) => [type, counterOf(meter, counter)]),
  );
  const resends = counterOf(meter, resent);

  const recordExchange = (event: ExchangeEvent): void => {
    const attributes = exchangeAttributes(event);
    // An exchange that is sent again has not failed yet, so it has no duration.
    if (event.type === 'exchange_failed' && event.resend) resends.add(1, attributes);
    else exchangeDuration.record(event.durationMs / 1000, attributes);
  };

  const recordAge = ({ provider }: AuthEvent, ageMs: number, end: 'replaced' | 'rejected'): void => {
    tokenAge.record(ageMs / 1000, { 'auth.provider.name': provider, 'auth.token.end': end });
  };

  return (event) => {
    if (isExchange(event)) recordExchange(event);
    else counters.get(event.type)?.add(1, countedAttributes(event));
    if (event.type === 'refresh') recordAge(event, event.previousAgeMs, 'replaced');
    if (event.type === 'token_rejected' && !event.ignored) recordAge(event, event.ageMs, 'rejected');
  };
}

const resent: Counted = {
  name: 'auth.client.exchange.resends',
  unit: '{resend}',
  description: 'Refreshes sent once more because the answer was lost.',
};

function counterOf(meter: Meter, { name, unit, description }: Counted): Counter {
  return meter.createCounter(name, { unit, description });
}

/** The boundaries of HTTP's semantic conventions, and 25 s for a refresh sent twice. */
const exchangeBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25];
/** From a minute to thirty days, including 75 % and 100 % of one hour, a common token lifetime. */
const ageBoundaries = [
  60, 300, 900, 1800, 2700, 3600, 7200, 14_400, 28_800, 36_000, 86_400, 604_800, 2_592_000,
];
