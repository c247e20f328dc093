import type { Transport } from '@auth/core';
import {
  type Dispatcher,
  Dispatcher1Wrapper,
  fetch as undiciFetch,
} from 'undici';

/** The session sends everything by undici's own fetch. */
export function overUndici(dispatcher: Dispatcher): Transport {
  return (input, init) => undiciFetch(input, { ...init, dispatcher });
}

/**
 * The session sends everything by Node's fetch. Node 22 and 24 have an older
 * undici inside: hence the wrapper.
 */
export function overNode(dispatcher: Dispatcher): Transport {
  const wrapped = new Dispatcher1Wrapper(dispatcher);
  return (input, init) => fetch(input, { ...init, dispatcher: wrapped });
}
