import type { Session } from '../accounts.js';
import { UsageError } from '../failures.js';
import { AuthProxy } from './auth-proxy.js';
import { type Listening, type ListenOptions, listen } from './listening.js';

/** Starts a proxy in this process. @throws UsageError */
export async function startProxy(
  session: Session,
  target: string | undefined,
  options: ListenOptions,
): Promise<Listening> {
  const origin = originOf(session, target);
  const forwarder = new AuthProxy(session, origin);
  const listening = await listen(forwarder.server, options);
  forwarder.listening = listening;
  return listening;
}

/** The origin to forward to: the one that was named, or that of the account where it has but one. */
function originOf(session: Session, target: string | undefined): string {
  if (target === undefined) {
    const [only, ...others] = session.allowedOrigins;
    if (only !== undefined && others.length === 0 && !only.includes('*')) return only;
    throw new UsageError('--target: expected the origin of the API, such as https://api.example.com');
  }
  const url = URL.canParse(target) ? new URL(target) : undefined;
  // A path would be dropped without a word: callers bring theirs.
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw new UsageError('--target: expected an origin such as https://api.example.com, without a path');
  return url.origin;
}
