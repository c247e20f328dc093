import type { AuthProvider, IssuedTokens, TokenSet } from '@auth/core';
import type { Core } from './core.ts';
import { type Network, unreachable } from './network.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { Process, World } from './world.ts';

/** What a process reaches from its place. */
export interface Reach {
  readonly world: World;
  readonly random: Random;
  readonly network: Network;
  readonly plan: Plan;
  /** The password that the vault hands out. */
  readonly vault: string;
}

/** The account that all rules are about. */
export function providerOf(process: Process, { AuthError }: Core, around: Reach): AuthProvider {
  const { world, random, network, plan } = around;
  const issued = (
    answer: Awaited<ReturnType<Network['send']>>,
    refusal: 'invalid_credentials' | 'refresh_refused',
  ): IssuedTokens => {
    if (answer.kind === 'issued' && plan.theme === 'login_ahead')
      return { accessToken: answer.accessToken, expiresInMs: answer.expiresInMs };
    if (answer.kind === 'issued') return answer;
    const code = answer.kind === 'client_refused' ? 'client_refused' : refusal;
    throw new AuthError(code, { provider: 'simulated', status: 401, delivery: 'answered' });
  };
  return {
    name: 'simulated',
    issuer: 'https://auth.example',
    account: 'account',
    allowedOrigins: ['https://api.example', 'https://refusing.example'],
    clientSecrets: () => [network.clientSecret],
    prepareLogin: async () => {
      const password = await askVault();
      return {
        secrets: [password],
        login: async ({ signal }) =>
          issued(await network.send(process, 'login', password, signal), 'invalid_credentials'),
      };
    },
    refresh: async ({ refreshToken = '' }, { signal }) =>
      issued(await network.send(process, 'refresh', refreshToken, signal), 'refresh_refused'),
    // Without a revocation only the store tells of a sign-out.
    ...(plan.theme === 'cut_off'
      ? {}
      : {
          revoke: async ({ refreshToken = '' }: TokenSet, { signal }: { signal: AbortSignal }) => {
            await network.send(process, 'revoke', refreshToken, signal);
          },
        }),
  };

  /** The vault answers after up to three seconds. */
  function askVault(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const delayMs = random.between(1, random.chance(0.3) ? 3_000 : 20);
    world.schedule(process, delayMs, () => resolve(around.vault));
    return promise;
  }
}

/** An account that only shares the outage: its exchanges are not watched. */
export function otherProviderOf(
  process: Process,
  account: string,
  { world, network, random, plan }: Reach,
  onReached: () => void,
): AuthProvider {
  const exchange = (): Promise<IssuedTokens> => {
    const { promise, resolve, reject } = Promise.withResolvers<IssuedTokens>();
    const { until, failMs } = network.outage;
    if (world.now < until) world.schedule(process, failMs, () => reject(unreachable()));
    else
      world.schedule(process, random.between(2, 120), () => {
        onReached();
        const name = `${account}-${world.steps}`;
        const expiresInMs = plan.accessLifeMs;
        resolve({ accessToken: `access-${name}`, refreshToken: `refresh-${name}`, expiresInMs });
      });
    return promise;
  };
  return {
    name: 'simulated',
    issuer: 'https://auth.example',
    account,
    allowedOrigins: ['https://api.example', 'https://refusing.example'],
    prepareLogin: () => ({ secrets: ['right'], login: exchange }),
    refresh: exchange,
  };
}
