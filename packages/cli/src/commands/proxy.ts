import type { Session } from '../accounts.js';
import { UsageError } from '../exit-codes.js';
import { type GlobalOptions, openAccount } from '../open-accounts.js';
import { AuthProxy } from '../server/auth-proxy.js';
import { keyHeader, type Listening, type ListenOptions, listen } from '../server/listening.js';
import { untilSignalled } from '../server/until-signalled.js';

export interface ProxyOptions extends GlobalOptions {
  readonly listen?: string;
  readonly target?: string;
  readonly keyInPath?: boolean;
}

/** Forwards to the API with the account's token, until a signal ends it. */
export async function proxy(account: string, options: ProxyOptions): Promise<void> {
  await using session = await openAccount(account, options, false);
  const { listening, server } = await startProxy(session, options.target, {
    listen: options.listen,
    isKeyInPath: options.keyInPath === true,
  });
  process.stdout.write(`${listening.address}\n`);
  if (listening.key !== undefined) process.stdout.write(`${keyHeader}: ${listening.key}\n`);
  await untilSignalled(server);
}

/** Starts a proxy in this process. @throws UsageError, AuthError `origin_not_allowed` */
export async function startProxy(
  session: Session,
  target: string | undefined,
  options: ListenOptions,
): Promise<{ readonly listening: Listening; readonly server: AuthProxy['server'] }> {
  const origin = originOf(session, target);
  const forwarder = new AuthProxy(session, origin);
  const listening = await listen(forwarder.server, options);
  forwarder.listening = listening;
  return { listening, server: forwarder.server };
}

/** The origin to forward to: the one that was named, or that of the account where it has but one. */
function originOf(session: Session, target: string | undefined): string {
  if (target === undefined) {
    const [only, ...others] = session.allowedOrigins;
    if (only !== undefined && others.length === 0 && !only.includes('*')) return only;
    throw new UsageError('--target: expected the origin of the API, such as https://api.example.com');
  }
  if (!URL.canParse(target))
    throw new UsageError(`--target ${target}: expected an origin such as https://api.example.com`);
  return new URL(target).origin;
}
