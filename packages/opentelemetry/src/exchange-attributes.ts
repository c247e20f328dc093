import type { AuthEvent } from '@auth/core';
import type { Attributes } from '@opentelemetry/api';

/** An event of an exchange that was sent. */
export type ExchangeEvent = Extract<AuthEvent, { readonly type: 'login' | 'refresh' | 'exchange_failed' }>;

export function isExchange(event: AuthEvent): event is ExchangeEvent {
  return event.type === 'login' || event.type === 'refresh' || event.type === 'exchange_failed';
}

/** Attributes of an exchange for metrics and spans: few values each, and no account. */
export function exchangeAttributes(event: ExchangeEvent): Attributes {
  const attributes: Attributes = { 'auth.provider.name': event.provider };
  if (event.type !== 'exchange_failed') {
    attributes['auth.exchange.type'] = event.type;
    return attributes;
  }
  attributes['auth.exchange.type'] = event.phase;
  attributes['error.type'] = event.code;
  if (event.status !== undefined) attributes['http.response.status_code'] = event.status;
  return attributes;
}
