import type { Edit } from './rewrite.ts';

/** A bug to put into the engine. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const inFunction = (name: string) =>
  ({ kind: 'function_declaration', has: { field: 'name', regex: `^${name}$` }, stopBy: 'end' }) as const;
const inCatch = { kind: 'catch_clause', stopBy: 'end' } as const;
const inConstructor = {
  kind: 'method_definition',
  has: { field: 'name', regex: '^constructor$' },
  stopBy: 'end',
} as const;
const inLoop = { kind: 'for_statement', stopBy: 'end' } as const;
const emptyGuard = '{ failures: 0, loginsAt: [] }';

/** Bugs that a tired engineer could write. The simulation must find each of them. */
export const mutants: readonly Mutant[] = [
  {
    name: 'logins are not written down before they are sent',
    edits: [{ file: 'login.ts', find: 'withLogin($GUARD, $$$REST)', replace: '$GUARD' }],
  },
  {
    name: 'a refused password leaves no latch',
    edits: [{ file: 'login.ts', find: 'await block($$$ARGS)', replace: 'undefined' }],
  },
  {
    name: 'a refused refresh token is not remembered',
    edits: [
      {
        file: 'refresh.ts',
        find: { pattern: '$ACCOUNT.spend($ID)', inside: inCatch },
        replace: 'undefined',
      },
      { file: 'refresh.ts', find: '$FLIGHT.wasRefused = true', replace: 'undefined' },
    ],
  },
  {
    name: 'a pair that could not be saved is dropped',
    edits: [
      {
        file: 'commit.ts',
        find: "$ACCOUNT.unsaved = $END === 'failed' ? $UNSAVED : undefined",
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'a lost answer is asked for again and again',
    edits: [
      {
        file: 'refresh.ts',
        find: 'return presentOnce($FLIGHT, $PARENT, false);',
        replace: 'return present($FLIGHT, $PARENT, true);',
      },
    ],
  },
  {
    name: 'the save is forced over what somebody else saved',
    edits: [
      {
        file: 'commit.ts',
        find: "if ($SET !== undefined && $SET.id !== $PARENT && $PLAN.kind !== 'sign_in') return $SET;",
        replace: '{}',
      },
    ],
  },
  {
    name: 'a sign-out during the exchange is overwritten',
    edits: [
      {
        file: 'commit.ts',
        find: '$AT !== undefined && $AT !== $READ.envelope.signedOutAt',
        replace: 'false',
      },
      { file: 'commit.ts', find: "$FLIGHT.overtakenBySignOut ? 'signed_out' : $SAVE", replace: '$SAVE' },
      {
        file: 'commit.ts',
        find: "$END === 'signed_out' || $FLIGHT.overtakenBySignOut",
        replace: "$END === 'signed_out'",
      },
    ],
  },
  {
    name: 'a refresh is sent without asking for the lease',
    edits: [{ file: 'refresh.ts', find: "if (!$FLIGHT.lease.held()) return 'lock_again';", replace: '{}' }],
  },
  {
    name: 'a password is sent without asking for the lease',
    edits: [{ file: 'login.ts', find: "if (!$FLIGHT.lease.held()) return 'lock_again';", replace: '{}' }],
  },
  {
    name: 'the lock is not taken',
    edits: [{ file: 'flight.ts', find: 'takeLease($$$ARGS)', replace: 'Promise.resolve(noLease)' }],
  },
  {
    name: 'the lease goes back before the exchange',
    edits: [
      {
        file: 'flight.ts',
        find: 'await underLease($FLIGHT)',
        replace: `await (async () => {
          const { lease } = $FLIGHT;
          await lease.release();
          $FLIGHT.lease = { lost: lease.lost, held: () => true, release() {} };
          return underLease($FLIGHT);
        })()`,
      },
    ],
  },
  {
    name: 'what was read before the lock is not read again under it',
    edits: [
      {
        file: 'flight.ts',
        find: { pattern: 'decide($FLIGHT, await readStored($CONTEXT))', not: { inside: inCatch } },
        replace: 'decide($FLIGHT, ($FLIGHT.before = await readStored($CONTEXT)))',
      },
      {
        file: 'flight.ts',
        find: { pattern: 'await readStored($FLIGHT.context)', inside: inLoop },
        replace: `await (() => {
          const { before } = $FLIGHT;
          $FLIGHT.before = undefined;
          return before ?? readStored($FLIGHT.context);
        })()`,
      },
    ],
  },
  {
    name: 'pauses are forgotten',
    edits: [{ file: 'pause.ts', find: '$LEFT <= 0', replace: 'true' }],
  },
  {
    name: 'the sign-out of another process is not noted',
    edits: [{ file: 'sign-out.ts', find: '!$RECENT || $ACCOUNT.signedOut', replace: 'true' }],
  },
  {
    name: 'saving tokens forgets the guard',
    edits: [{ file: 'commit.ts', find: 'settledGuard($$$ARGS)', replace: emptyGuard }],
  },
  {
    name: 'records are written without a comparison',
    edits: [
      {
        file: 'records.ts',
        find: '$STORE.compareAndSet($KEY, $ID, $RECORD)',
        replace: '(async () => $STORE.compareAndSet($KEY, (await $STORE.get($KEY))?.id, $RECORD))()',
      },
    ],
  },
  {
    name: 'a lease is held for ever',
    edits: [
      { file: 'lease.ts', find: 'if ($PASSED < $LEASE) return true;', replace: 'return true;' },
      {
        file: 'lease.ts',
        find: '$CLOCK.setTimeout(() => this.#lose(), $MS)',
        replace: '$CLOCK.setTimeout(() => {}, $MS)',
      },
    ],
  },
  {
    name: 'a lock is taken whoever holds it',
    edits: [
      {
        file: 'leased-store.ts',
        find: '$NONE || $LOCK.value === free || this.#hasLapsed($LOCK)',
        replace: 'true',
      },
    ],
  },
  {
    name: 'an error has no type',
    edits: [
      {
        file: 'pause.ts',
        find: 'new AuthError($ERROR.code, { ...$ERROR, retryAt: $AT })',
        replace: "new TypeError('raw')",
      },
    ],
  },
  {
    name: 'pauses do not grow',
    edits: [
      {
        file: 'guard.ts',
        find: { pattern: 'doubling($$$ARGS)', inside: inFunction('coolDownMs') },
        replace: 'limits.coolDownMinMs',
      },
    ],
  },
  {
    name: 'a Retry-After is ignored',
    edits: [
      {
        file: 'pause.ts',
        find: '$LIMITED ? rateLimitMs($$$ASKED) : coolDownMs($$$FAILURES)',
        replace: '1000',
      },
    ],
  },
  {
    name: 'a lost answer is asked for again without asking for the lease',
    edits: [{ file: 'refresh.ts', find: 'if (!$FLIGHT.lease.held()) throw $ERROR;', replace: '{}' }],
  },
  {
    name: 'a lease ends in the midst of a long exchange',
    edits: [
      {
        file: 'lease.ts',
        find: { pattern: 'this.#renewLater()', inside: inConstructor },
        replace: 'undefined',
      },
      { file: 'exchange.ts', find: '$CONTEXT.timeouts.exchangeMs', replace: '40_000' },
    ],
  },
  {
    name: 'an exchange has no deadline',
    edits: [{ file: 'exchange.ts', find: '$CONTEXT.timeouts.exchangeMs', replace: '2147483647' }],
  },
  {
    name: 'a process does not count its own logins',
    edits: [{ file: 'login.ts', find: '$ACCOUNT.countLogin($$$ARGS)', replace: 'undefined' }],
  },
  {
    name: 'a sign-out does not end',
    edits: [
      {
        file: 'sign-out.ts',
        find: {
          kind: 'await_expression',
          has: { kind: 'identifier' },
          inside: inFunction('signOut'),
        },
        replace: 'await new Promise(() => {})',
      },
    ],
  },
  {
    name: 'a sign-in leaves the session signed out',
    edits: [
      {
        file: 'commit.ts',
        find: "if ($PLAN.kind === 'sign_in') $ACCOUNT.signedOut = false;",
        replace: '{}',
      },
    ],
  },
  {
    name: 'what a sign-out has overtaken lives on at the server',
    edits: [
      {
        file: 'commit.ts',
        find: { pattern: 'await revoke($$$ARGS)', inside: inFunction('commit') },
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'an answer that another process has lost is not known',
    edits: [
      {
        file: 'refresh.ts',
        find: '[$ACCOUNT.lostId, $READ.envelope.guard.lostId].includes($PARENT.id)',
        replace: '$ACCOUNT.lostId === $PARENT.id',
      },
    ],
  },
  {
    name: 'a lost answer is asked for after a minute',
    edits: [{ file: 'refresh.ts', find: 'limits.resendMinMs + $SPREAD', replace: '60_000' }],
  },
  {
    name: 'each caller has a flight of its own',
    edits: [
      {
        file: 'obtain.ts',
        find: '$ACCOUNT.flight ?? startFlight($$$ARGS)',
        replace: 'startFlight($$$ARGS)',
      },
    ],
  },
  {
    name: 'a failed refresh is followed by a login',
    edits: [
      {
        file: 'decide.ts',
        find: '$NEEDED && canRefresh($FLIGHT, $TOKENS)',
        replace: '$FLIGHT.account.exchangeFailures === 0 && $NEEDED && canRefresh($FLIGHT, $TOKENS)',
      },
    ],
  },
  {
    name: 'a rejection is left to nobody',
    edits: [
      { file: 'flight.ts', find: '$PROMISE.then($IGNORE, $IGNORE)', replace: '$PROMISE.then($IGNORE)' },
    ],
  },
  {
    name: 'a lease is given back while the exchange is under way',
    edits: [
      {
        file: 'refresh.ts',
        find: { pattern: 'present($FLIGHT, $$$REST)', inside: inFunction('refresh') },
        replace: '(void $FLIGHT.lease.release(), present($FLIGHT, $$$REST))',
      },
    ],
  },
  {
    name: 'a sign-out forgets the logins',
    edits: [
      {
        file: 'sign-out.ts',
        find: 'replaceStored($CONTEXT, $STORED, $ENVELOPE)',
        replace: `replaceStored($CONTEXT, $STORED, { ...$ENVELOPE, guard: ${emptyGuard} })`,
      },
    ],
  },
  {
    name: 'disposing leaves the timer',
    edits: [{ file: 'accounts.ts', find: '$ACCOUNT.rest()', replace: 'undefined' }],
  },
];
