import type { AuthEvent } from '@auth/core';
import type { Attributes } from '@opentelemetry/api';

/** An event of an exchange that was sent. */
export type ExchangeEvent = Extract<AuthEvent, { readonly type: 'login' | 'refresh' | 'exchange_failed' }>;

export function isExchange(event: AuthEvent): event is ExchangeEvent {
  return event.type === 'login' || event.type === 'refresh' || event.type === 'exchange_failed';
}

/** Attributes of an exchange for metrics and spans: few values each, and no account. */
export function exchangeAttributes(event: ExchangeEvent): Attributes {
  const { provider, type } = event;
  if (type !== 'exchange_failed') return { 'auth.provider.name': provider, 'auth.exchange.type': type };
  return {
    'auth.provider.name': provider,
    'auth.exchange.type': event.phase,
    'error.type': event.code,
    ...(event.status === undefined ? {} : { 'http.response.status_code': event.status }),
  };
}
