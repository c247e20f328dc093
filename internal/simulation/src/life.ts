import type { AuthEvent, AuthSession, AuthSessionOptions, TokenRecord, TokenSet } from '@auth/core';
import { createKeeper, type Keeper, type KeeperEvent } from '@auth/fleet';
import type { Core } from './core.ts';
import type { Exchange, Network } from './network.ts';
import type { Access, Plan, PlannedCall } from './plan.ts';
import { otherProviderOf, providerOf } from './provider.ts';
import type { Random } from './random.ts';
import type { Server } from './server.ts';
import type { SharedStore } from './store.ts';
import { otherAccounts } from './themes.ts';
import type { WorkerQueue } from './worker-queue.ts';
import { clockOf, type Process, type World } from './world.ts';

/** The key that all processes share. */
export const key = 'account';

/** How often a fleet looks for accounts that have no job, and over what it spreads their first runs. */
const [sweepMs, sweepSpreadMs] = [1_200_000, 60_000];

/** The work that a timed-out call leaves behind ends within this time. */
const afterTimeoutMs = 120_000;

/** Something a program asks of its session: a call of the API, a sign-in or a sign-out. */
export interface Call {
  readonly kind: 'call' | 'sign_in' | 'sign_out' | 'close';
  /** The origin refuses every token. */
  readonly isToRefusingOrigin: boolean;
  readonly startedAt: number;
  /** How long the process had been frozen in total when the call began. */
  readonly frozenBeforeMs: number;
  endedAt: number | undefined;
  /** `'ok'`; `'refused'`: the API still refuses the token; else the error's code, or `untyped`. */
  result: string | undefined;
}

/** How often a life has sent a refresh token, and how often the answer was lost. */
export interface Presented {
  times: number;
  losses: number;
  lostAt: number;
  /** The life had read of a lost answer when it first sent the token. */
  isKnownLost: boolean;
}

/** Everything that the lives of a run share. */
export interface Surroundings {
  /** The engine, and copies of it, each a module of its own. */
  readonly cores: readonly Core[];
  readonly world: World;
  readonly random: Random;
  readonly server: Server;
  readonly network: Network;
  readonly store: SharedStore;
  readonly queue: WorkerQueue;
  readonly plan: Plan;
  /** The password that the vault hands out. */
  vault: string;
  /** A process has got tokens for another account. */
  onReached(life: Life): void;
  onCallStart(call: Call): void;
  onSignedIn(life: Life): void;
  onSignOut(): void;
  onAdopted(life: Life): void;
  /** A keeper tells of a run. */
  onRun(life: Life, event: KeeperEvent): void;
  trace(line: string): void;
}

/** One process from its start to its crash, with one session. */
export class Life {
  readonly process: Process;
  readonly session: AuthSession;
  /** Calls that are open, or have ended since the last step. */
  readonly calls: Call[] = [];
  /** The latest call of the API. */
  lastCall: Call | undefined;
  /** Exchanges that have not ended. */
  readonly underWay = new Set<Exchange>();
  /** Refresh tokens that the server has answered. */
  readonly answered = new Set<string>();
  readonly presented = new Map<string, Presented>();
  /** Refresh tokens issued for a sign-in. */
  readonly fromSignIn = new Set<string>();
  /** What the session last read of the account. */
  lastRead: { readonly at: number; readonly record: TokenRecord | undefined } | undefined;
  /** What it last wrote. */
  lastWritten: TokenRecord | undefined;
  /** When the last sign-out began, and when the last successful sign-in began. */
  signedOutAt: number = Number.NEGATIVE_INFINITY;
  signedInAt: number = Number.NEGATIVE_INFINITY;
  /** Total time frozen. */
  frozenMs = 0;
  /** The process will freeze when it next reads or writes under the lock. */
  freezeWithLock: { readonly during: Access; readonly forMs: number } | undefined;
  signingIn = 0;
  readonly #around: Surroundings;
  readonly #core: Core;
  /** Further accounts of the process, on the same store. */
  readonly #others: readonly AuthSession[];
  /** Runs jobs of the queue, in a fleet. */
  readonly #keeper: Keeper | undefined;

  constructor(name: string, wallOffsetMs: number, around: Surroundings, core: Core) {
    this.#around = around;
    this.#core = core;
    const { world, random, plan } = around;
    this.process = {
      name,
      startedAt: world.now,
      isAlive: true,
      frozenUntil: 0,
      wallOffsetMs,
      timers: 0,
    };
    const clock = clockOf(world, this.process);
    const store = around.store.of(this.process, clock);
    const common = { store, clock, random: () => random.next() };
    const tracing = (who: string) => ({
      onEvent: ({ at: _at, key: _key, provider: _provider, ...event }: AuthEvent) =>
        around.trace(`${who}: ${JSON.stringify(event)}`),
    });
    this.#others = Array.from({ length: plan.theme === 'outage' ? otherAccounts : 0 }, (_, account) =>
      core.createAuthSession(
        otherProviderOf(this.process, `other-${account}`, around, () => around.onReached(this)),
        { ...common, ...tracing(`${name}, other-${account}`) },
      ),
    );
    const open = (): AuthSession =>
      core.createAuthSession(providerOf(this.process, core, around), {
        ...common,
        key,
        maxLoginsPerHour: plan.maxLoginsPerHour,
        loginAhead: plan.theme === 'login_ahead',
        keepAlive: plan.theme === 'login_ahead',
        ...(plan.theme === 'workers' && { scheduler: null }),
        onEvent: ({ at: _at, key: _key, provider: _provider, ...event }) => {
          around.trace(`${name}: ${JSON.stringify(event)}`);
          if (event.type === 'adopted') around.onAdopted(this);
        },
      });
    this.session = open();
    if (plan.theme === 'workers') this.#keeper = this.#work(open, common);
  }

  #work(open: () => AuthSession, common: Pick<AuthSessionOptions, 'clock' | 'random'>): Keeper {
    const { world, queue } = this.#around;
    const keeper = createKeeper({
      ...common,
      queue: queue.of(this.process),
      open,
      accounts: async function* () {
        yield key;
      },
      sweepMs,
      sweepSpreadMs,
      onEvent: (event) => {
        this.#around.trace(`${this.process.name}: ${JSON.stringify(event)}`);
        this.#around.onRun(this, event);
      },
    });
    world.schedule(this.process, 0, () => keeper.start());
    return keeper;
  }

  /** Asks for a token and calls the API; after a refusal, tries once more with the set that the session returns. */
  call({ isToRefusingOrigin = false, account = 0 }: Omit<PlannedCall, 'at' | 'process'> = {}): void {
    const { world, server } = this.#around;
    const session = this.#others[account - 1] ?? this.session;
    const url = isToRefusingOrigin ? 'https://refusing.example/' : 'https://api.example/';
    const send = async (tokens: TokenSet): Promise<boolean> => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const accepts = (): boolean =>
        account > 0 || (!isToRefusingOrigin && server.accepts(tokens.accessToken));
      world.schedule(this.process, 10, () => resolve(accepts()));
      return promise;
    };
    const tell = (sent: TokenSet, isAccepted: boolean): Promise<TokenSet | undefined> =>
      session.tokenRejected(sent, { status: isAccepted ? 200 : 401, headers: new Headers(), url });
    const work = async (): Promise<string> => {
      const tokens = await session.getTokens();
      if (await send(tokens)) return 'ok';
      const next = await tell(tokens, false);
      if (next === undefined) return 'refused';
      const isAccepted = await send(next);
      await tell(next, isAccepted);
      return isAccepted ? 'ok' : 'refused';
    };
    this.#begin('call', work, isToRefusingOrigin);
  }

  /** The process takes no jobs any more. Its keeper would keep this process open, too. */
  stopWork(): void {
    this.#keeper?.close();
  }

  /** The process takes no calls with this session any more. */
  end(by: 'dispose' | 'close'): void {
    const sessions = [this.session, ...this.#others];
    if (by === 'dispose') for (const session of sessions) session.dispose();
    else
      this.#begin('close', async () => {
        await Promise.all(sessions.map((session) => session.close()));
        return 'ok';
      });
  }

  onAccessUnderLock(access: Access): void {
    if (this.freezeWithLock?.during !== access) return;
    this.freeze(this.freezeWithLock.forMs);
    this.freezeWithLock = undefined;
  }

  freeze(forMs: number): void {
    this.process.frozenUntil = Math.max(this.process.frozenUntil, this.#around.world.now + forMs);
    this.frozenMs += forMs;
  }

  signIn(): void {
    this.signingIn++;
    this.#begin('sign_in', async () => {
      await this.session.signIn();
      return 'ok';
    });
  }

  signOut(): void {
    this.signedOutAt = this.#around.world.now;
    this.#around.onSignOut();
    this.#begin('sign_out', async () => {
      await this.session.signOut();
      return 'ok';
    });
  }

  #begin(kind: Call['kind'], work: () => Promise<string>, isToRefusingOrigin = false): void {
    const { world, plan } = this.#around;
    const call: Call = {
      kind,
      isToRefusingOrigin,
      startedAt: world.now,
      frozenBeforeMs: this.frozenMs,
      endedAt: undefined,
      result: undefined,
    };
    this.calls.push(call);
    if (kind === 'call') {
      this.#around.onCallStart(call);
      this.lastCall = call;
    }
    const end = (result: string): void => {
      call.endedAt = world.now;
      call.result = result;
      this.#around.trace(`${this.process.name}: ${kind} ends: ${result}`);
      if (kind === 'call' && plan.theme === 'one_call') this.#exit();
      if (kind !== 'sign_in') return;
      if (result === 'timeout') this.#endSignInLater();
      else this.signingIn--;
      // A set that could not be saved yet is served too.
      if (result !== 'ok' && result !== 'store_failed') return;
      if (result === 'ok') this.signedInAt = call.startedAt;
      this.#around.onSignedIn(this);
    };
    work().then(end, (error: unknown) =>
      end(this.#core.isAuthError(error) ? error.code : `untyped ${error}`),
    );
  }

  #exit(): void {
    this.#around.world.schedule(undefined, 0, () => {
      this.process.isAlive = false;
    });
  }

  /** The sign-in goes on after its caller has given up. */
  #endSignInLater(): void {
    const { frozenMs } = this;
    this.#around.world.schedule(undefined, afterTimeoutMs, () => {
      if (this.frozenMs === frozenMs) this.signingIn--;
      else this.#endSignInLater();
    });
  }
}
