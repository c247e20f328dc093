import type { SessionContext } from '../context.js';
import { AuthError, type AuthPhase, isAuthError } from '../errors.js';
import type { ExchangeContext, FetchLike } from '../provider.js';
import { toAuthError } from '../reason.js';
import { within } from './within.js';

/** Runs one call of the provider against its server, under the session's deadline, over the bare transport. */
export async function callServer<Result>(
  context: SessionContext,
  phase: AuthPhase,
  call: (exchangeContext: ExchangeContext) => Promise<Result>,
): Promise<Result> {
  const { name } = context.provider;
  const late = (): AuthError => new AuthError('timeout', { provider: name, phase, delivery: 'unknown' });
  try {
    return await within(context.clock, context.timeouts.exchangeMs, late, (signal) =>
      call({ fetch: transportOf(context, signal), signal }),
    );
  } catch (error) {
    throw toAuthError(error, { provider: name, phase });
  }
}

/** Whether the server may have acted on the request without our learning of it. */
export function isAnswerLost(error: AuthError): boolean {
  return lostCodes.has(error.code) && error.delivery !== 'not_sent';
}

/** The bare transport. If it is another session's fetch, an AuthError of that session says nothing of our server. */
function transportOf({ fetch }: SessionContext, signal: AbortSignal): FetchLike {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      throw isAuthError(error) && error !== signal.reason ? new TypeError('the transport failed') : error;
    }
  };
}

const lostCodes: ReadonlySet<string> = new Set([
  'network',
  'timeout',
  'server_unavailable',
  'invalid_response',
]);
