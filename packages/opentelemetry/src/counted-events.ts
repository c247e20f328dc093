import type { AuthEvent } from '@auth/core';
import type { Attributes } from '@opentelemetry/api';
import type { ExchangeEvent } from './exchange-attributes.js';

/** The definition of a counter. */
export interface Counted {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

/** The counter of each event that is not an exchange. */
export const countedEvents: Readonly<Record<Exclude<AuthEvent, ExchangeEvent>['type'], Counted>> = {
  adopted: {
    name: 'auth.client.token.adoptions',
    unit: '{adoption}',
    description: 'Tokens taken over from the store, without an exchange.',
  },
  token_rejected: {
    name: 'auth.client.token.rejections',
    unit: '{rejection}',
    description: 'Tokens that the API refused while they looked alive.',
  },
  background_failed: {
    name: 'auth.client.background.failures',
    unit: '{failure}',
    description: 'Refreshes in the background that came to nothing; the token in use lives on.',
  },
  login_blocked: {
    name: 'auth.client.login.blocks',
    unit: '{block}',
    description: 'Logins that were refused, or not sent because an earlier refusal stands.',
  },
  signed_out: {
    name: 'auth.client.sign_outs',
    unit: '{sign_out}',
    description: 'Sessions that were signed out, here or elsewhere.',
  },
  store_failed: {
    name: 'auth.client.store.failures',
    unit: '{failure}',
    description: 'Operations of the token store that failed.',
  },
  store_recovered: {
    name: 'auth.client.store.recoveries',
    unit: '{recovery}',
    description: 'Tokens stored after they could not be at first.',
  },
  store_degraded: {
    name: 'auth.client.store.degradations',
    unit: '{degradation}',
    description: 'Stores that keep tokens in a lesser place than they should.',
  },
  data_lost: {
    name: 'auth.client.store.losses',
    unit: '{loss}',
    description: 'Stores that have lost all their data.',
  },
  record_unreadable: {
    name: 'auth.client.store.unreadable_records',
    unit: '{record}',
    description: 'Records in the store that hold something else than they should, and will be replaced.',
  },
  record_set_aside: {
    name: 'auth.client.store.set_aside_records',
    unit: '{record}',
    description: 'Records that a store could not read and moved out of the way.',
  },
  login_ahead_off: {
    name: 'auth.client.login.ahead.refusals',
    unit: '{set}',
    description: 'Tokens that live too short to be renewed by a login before they end.',
  },
  lease_lost: {
    name: 'auth.client.lease.losses',
    unit: '{loss}',
    description: 'Leases that ended before the work did.',
  },
};

/** A counter's attributes for an event: few values each, and no account. */
export function countedAttributes(event: AuthEvent): Attributes {
  const attributes: Attributes = { 'auth.provider.name': event.provider };
  switch (event.type) {
    case 'token_rejected':
      attributes['http.response.status_code'] = event.status;
      attributes['auth.rejection.ignored'] = event.ignored;
      break;
    case 'background_failed':
      attributes['error.type'] = event.code;
      break;
    case 'store_failed':
      attributes['auth.store.operation'] = event.operation;
      // A store's reason may be a sentence that contains a path.
      attributes['error.type'] = /^\w{1,64}$/.test(event.reason) ? event.reason : '_OTHER';
      break;
    case 'store_degraded':
      attributes['auth.store.kept_in'] = event.keptIn;
      break;
  }
  return attributes;
}
