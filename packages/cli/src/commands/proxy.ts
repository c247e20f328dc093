import { type GlobalOptions, openAccount } from '../open-accounts.js';
import { keyHeader } from '../server/listening.js';
import { startProxy } from '../server/start-proxy.js';
import { untilSignalled } from '../server/until-signalled.js';

export interface ProxyOptions extends GlobalOptions {
  readonly listen?: string;
  readonly target?: string;
  readonly keyInPath?: boolean;
}

/** Forwards to the API with the account's token, until a signal ends it. */
export async function proxy(account: string, options: ProxyOptions): Promise<void> {
  const session = await openAccount(account, options, false);
  try {
    const listening = await startProxy(session, options.target, {
      listen: options.listen,
      isKeyInPath: options.keyInPath === true,
    });
    process.stdout.write(`${listening.address}\n`);
    if (listening.key !== undefined) process.stdout.write(`${keyHeader}: ${listening.key}\n`);
    await untilSignalled(listening);
  } finally {
    await session.close();
  }
}
