import type { Plan } from './plan.ts';
import type { Edit } from './rewrite.ts';

/** A bug to put into the engine. */
export interface Mutant {
  readonly name: string;
  /** Only runs of this theme find it soon; without one, runs of all kinds are tried. */
  readonly theme?: Plan['theme'];
  /** It takes thousands of runs to meet it. */
  readonly isRare?: true;
  readonly edits: readonly Edit[];
}

const inFunction = (name: string) =>
  ({ kind: 'function_declaration', has: { field: 'name', regex: `^${name}$` }, stopBy: 'end' }) as const;
const inCatch = { kind: 'catch_clause', stopBy: 'end' } as const;
const inMethod = (name: string) =>
  ({ kind: 'method_definition', has: { field: 'name', regex: `^${name}$` }, stopBy: 'end' }) as const;
const inLoop = { kind: 'for_statement', stopBy: 'end' } as const;
const emptyGuard = '{ failures: 0, loginsAt: [] }';
const noRejections = '{ rejections: undefined, rejectedAt: undefined, rejectedBy: undefined }';

/** Bugs that a tired engineer could write. The simulation must find each of them. */
export const mutants: readonly Mutant[] = [
  {
    name: 'logins are not saved before they are sent',
    edits: [{ file: 'exchange/login.ts', find: 'countedIn($GUARD, $$$REST)', replace: '$GUARD' }],
  },
  {
    name: 'a refused password leaves no latch',
    edits: [{ file: 'exchange/login.ts', find: 'await block($$$ARGS)', replace: 'undefined' }],
  },
  {
    name: 'a refused refresh token is not remembered',
    edits: [
      {
        file: 'exchange/refresh.ts',
        find: { pattern: '$ACCOUNT.refreshTokenSpent($ID)', inside: inCatch },
        replace: 'undefined',
      },
      { file: 'exchange/refresh.ts', find: '$FLIGHT.wasRefused = true', replace: 'undefined' },
    ],
  },
  {
    name: 'a pair that could not be saved is dropped',
    edits: [
      {
        file: 'exchange/commit.ts',
        find: "$ACCOUNT.saveDeferred($END === 'failed' ? $UNSAVED : undefined)",
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'each record of a set has the id of the set',
    edits: [
      {
        file: 'exchange/replace-stored.ts',
        find: 'const id = randomId();',
        replace: 'const id = envelope.tokens?.id ?? randomId();',
      },
    ],
  },
  {
    name: 'a lost answer is asked for again and again',
    edits: [
      {
        file: 'exchange/refresh.ts',
        find: 'return sendOnce($CONTEXT, $ACCOUNT, $FLIGHT, $PARENT, false);',
        replace: `for (let sent = 1; ; sent++) {
          try {
            return await sendOnce($CONTEXT, $ACCOUNT, $FLIGHT, $PARENT, true);
          } catch (error) {
            if (sent === 4 || !isAnswerLost(error)) throw error;
          }
        }`,
      },
    ],
  },
  {
    name: 'a save overwrites what another process saved',
    edits: [
      {
        file: 'exchange/commit.ts',
        find: "if ($SET !== undefined && !replaces($UNSAVED, $BASE) && $PLAN.kind !== 'sign_in') return $SET;",
        replace: '{}',
      },
    ],
  },
  {
    name: 'a sign-out during the exchange is overwritten',
    edits: [
      {
        file: 'exchange/commit.ts',
        find: '$AT !== undefined && $AT !== $READ.envelope.signedOutAt',
        replace: 'false',
      },
      {
        file: 'exchange/commit.ts',
        find: "$ACCOUNT.hasSignedOutSince($FLIGHT) ? 'signed_out' : $SAVE",
        replace: '$SAVE',
      },
      {
        file: 'exchange/commit.ts',
        find: "$END === 'signed_out' || $ACCOUNT.hasSignedOutSince($FLIGHT)",
        replace: "$END === 'signed_out'",
      },
    ],
  },
  {
    name: 'a refresh is sent without checking the lease',
    edits: [
      { file: 'exchange/refresh.ts', find: "if (!$FLIGHT.isLeaseHeld) return 'lock_again';", replace: '{}' },
    ],
  },
  {
    name: 'a password is sent without checking the lease',
    isRare: true,
    edits: [
      { file: 'exchange/login.ts', find: "if (!$FLIGHT.isLeaseHeld) return 'lock_again';", replace: '{}' },
    ],
  },
  {
    name: 'the lock is not taken',
    edits: [
      {
        file: 'exchange/under-lease.ts',
        find: 'takeLease($$$ARGS)',
        replace: 'Promise.resolve(undefined)',
      },
    ],
  },
  {
    name: 'the lease is released before the exchange',
    edits: [
      {
        file: 'exchange/under-lease.ts',
        find: 'await readAndExchange($CONTEXT, $ACCOUNT, $FLIGHT)',
        replace: `await (async () => {
          const { lease } = $FLIGHT;
          await lease?.release();
          if (lease !== undefined) $FLIGHT.lease = { lost: lease.lost, held: () => true, release() {} };
          return readAndExchange($CONTEXT, $ACCOUNT, $FLIGHT);
        })()`,
      },
    ],
  },
  {
    name: 'the record is not read again under the lock',
    edits: [
      {
        file: 'run-flight.ts',
        find: 'await readAndDecide($CONTEXT, $ACCOUNT, $FLIGHT, $$$READ)',
        replace: '($FLIGHT.before = await readAndDecide($CONTEXT, $ACCOUNT, $FLIGHT, $$$READ))',
      },
      {
        file: 'exchange/under-lease.ts',
        find: { pattern: 'await readAndDecide($CONTEXT, $ACCOUNT, $FLIGHT)', inside: inLoop },
        replace: `await (() => {
          const { before } = $FLIGHT;
          $FLIGHT.before = undefined;
          return before ?? readAndDecide($CONTEXT, $ACCOUNT, $FLIGHT);
        })()`,
      },
    ],
  },
  {
    name: 'pauses are ignored',
    edits: [{ file: 'next-step.ts', find: '$LEFT <= 0', replace: 'true' }],
  },
  {
    name: 'the sign-out of another process is not noticed',
    edits: [{ file: 'login-state.ts', find: '$RECENT && !this.#facts.isSignedOut', replace: 'false' }],
  },
  {
    name: 'saving tokens forgets the guard',
    edits: [{ file: 'exchange/commit.ts', find: 'settledGuard($$$ARGS)', replace: emptyGuard }],
  },
  {
    name: 'records are written without a comparison',
    edits: [
      {
        file: 'exchange/replace-stored.ts',
        find: '$STORE.compareAndSet($KEY, $ID, $RECORD)',
        replace: '(async () => $STORE.compareAndSet($KEY, (await $STORE.get($KEY))?.id, $RECORD))()',
      },
    ],
  },
  {
    name: 'a lease is held for ever',
    edits: [
      { file: 'stores/lease.ts', find: 'if ($PASSED < $LEASE) return true;', replace: 'return true;' },
      {
        file: 'stores/lease.ts',
        find: '$CLOCK.setTimeout(() => this.#lose(), $MS)',
        replace: '$CLOCK.setTimeout(() => {}, $MS)',
      },
    ],
  },
  {
    name: 'a lock is taken even while it is held',
    edits: [
      {
        file: 'stores/leased-store.ts',
        find: '$NONE || $LOCK.value === free || hasLapsed($LOCK)',
        replace: 'true',
      },
    ],
  },
  {
    name: 'an error has no type',
    edits: [
      {
        file: 'exchange/pause.ts',
        find: 'new AuthError($ERROR.code, { ...$ERROR, retryAt: $AT })',
        replace: "new TypeError('raw')",
      },
    ],
  },
  {
    name: 'pauses do not grow',
    edits: [
      {
        file: 'cool-down.ts',
        find: { pattern: 'doubling($$$ARGS)', inside: inFunction('coolDownMs') },
        replace: 'limits.coolDownMinMs',
      },
    ],
  },
  {
    name: 'a Retry-After is ignored',
    edits: [
      {
        file: 'exchange/pause.ts',
        find: '$LIMITED ? rateLimitMs($$$ASKED) : coolDownMs($$$FAILURES)',
        replace: '1000',
      },
    ],
  },
  {
    name: 'a lost answer is asked for again without checking the lease',
    edits: [{ file: 'exchange/refresh.ts', find: 'if (!$FLIGHT.isLeaseHeld) throw $ERROR;', replace: '{}' }],
  },
  {
    name: 'a lease is not renewed during a long exchange',
    edits: [
      {
        file: 'stores/lease.ts',
        find: { pattern: 'this.#renewLater()', inside: inMethod('constructor') },
        replace: 'undefined',
      },
      { file: 'exchange/call-server.ts', find: '$CONTEXT.timeouts.exchangeMs', replace: '40_000' },
    ],
  },
  {
    name: 'an exchange has no deadline',
    edits: [{ file: 'exchange/call-server.ts', find: '$CONTEXT.timeouts.exchangeMs', replace: '2147483647' }],
  },
  {
    name: 'a process does not count its own logins',
    isRare: true,
    edits: [{ file: 'exchange/login.ts', find: '$ACCOUNT.loginSent($$$ARGS)', replace: 'undefined' }],
  },
  {
    name: 'a sign-out does not end',
    edits: [
      {
        file: 'session.ts',
        find: 'waitAtMost($CONTEXT, finish())',
        replace: 'new Promise(() => {})',
      },
    ],
  },
  {
    name: 'a sign-in leaves the session signed out',
    edits: [
      {
        file: 'exchange/commit.ts',
        find: 'if ($SIGN_IN) $ACCOUNT.signedIn();',
        replace: '{}',
      },
    ],
  },
  {
    name: 'tokens issued after a sign-out are not revoked',
    edits: [
      {
        file: 'exchange/commit.ts',
        find: { pattern: 'await revoke($$$ARGS)', inside: inFunction('commit') },
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'an answer that another process has lost is not remembered',
    edits: [
      {
        file: 'exchange/refresh.ts',
        find: '[$ACCOUNT.facts.lostId, $READ.envelope.guard.lostId].includes($PARENT.id)',
        replace: '$ACCOUNT.facts.lostId === $PARENT.id',
      },
    ],
  },
  {
    name: 'a lost answer is asked for after a minute',
    edits: [{ file: 'exchange/refresh.ts', find: 'limits.resendMinMs + $SPREAD', replace: '60_000' }],
  },
  {
    name: 'each caller has a flight of its own',
    edits: [
      {
        file: 'wait-for-token.ts',
        find: 'underWay ?? startFlight($$$ARGS)',
        replace: 'startFlight($$$ARGS)',
      },
    ],
  },
  {
    name: 'a failed refresh is followed by a login',
    edits: [
      {
        file: 'next-step.ts',
        find: '$NEEDED && $KNOWN.canRefresh($CONTEXT, $TOKENS)',
        replace: '$KNOWN.facts.exchangeFailures === 0 && $NEEDED && $KNOWN.canRefresh($CONTEXT, $TOKENS)',
      },
    ],
  },
  {
    name: 'a rejection is not handled',
    edits: [
      { file: 'flight.ts', find: '$PROMISE.then($IGNORE, $IGNORE)', replace: '$PROMISE.then($IGNORE)' },
    ],
  },
  {
    name: 'a lease is released during the exchange',
    edits: [
      {
        file: 'exchange/refresh.ts',
        find: {
          pattern: 'sendRefreshToken($CONTEXT, $ACCOUNT, $FLIGHT, $$$REST)',
          inside: inFunction('refresh'),
        },
        replace: '(void $FLIGHT.lease?.release(), sendRefreshToken($CONTEXT, $ACCOUNT, $FLIGHT, $$$REST))',
      },
    ],
  },
  {
    name: 'a sign-out forgets the logins',
    edits: [
      {
        file: 'exchange/sign-out.ts',
        find: '{ ...$ENVELOPE, lineage, tokens: undefined, restoredAt: undefined, signedOutAt }',
        replace: `{ lineage, signedOutAt, guard: ${emptyGuard} }`,
      },
    ],
  },
  {
    name: 'disposing leaves the timer running',
    edits: [{ file: 'accounts.ts', find: '$ACCOUNT.unschedule()', replace: 'undefined' }],
  },
  {
    name: 'an accepted replay counts against the next refusal',
    edits: [
      {
        file: 'refused-token.ts',
        find: '$ACCOUNT.replayAccepted($ORIGIN)',
        replace: '$ACCOUNT.replayRefused(context.clock, $ORIGIN, sent.id)',
      },
    ],
  },
  {
    name: 'the levels of refusing origins are not stored',
    theme: 'refusing_api',
    edits: [
      { file: 'exchange/commit.ts', find: 'account.facts.refusing.toRecord($$$ARGS)', replace: noRejections },
      {
        file: 'exchange/save-refusals.ts',
        find: 'account.facts.refusing.toRecord($$$ARGS)',
        replace: noRejections,
      },
    ],
  },
  {
    name: 'a broken refresh endpoint is not noticed',
    theme: 'broken_refresh',
    edits: [{ file: 'exchange/refresh.ts', find: 'refreshFailsAfter($$$ARGS)', replace: 'undefined' }],
  },
  {
    name: 'who waits for a login gives up for the pause that it stands in for',
    theme: 'broken_refresh',
    edits: [{ file: 'read-and-decide.ts', find: '$RECENT && $AT >= $PAUSED - $MS', replace: 'false' }],
  },
  {
    name: 'a refused client is asked again and again',
    theme: 'refused_client',
    edits: [
      {
        file: 'exchange/client-latch.ts',
        find: '$NOW >= $LATCH.retryAt || $LATCH.at - $NOW > limits.clockAheadMs',
        replace: 'true',
      },
    ],
  },
  {
    name: 'a refused client ends the session',
    theme: 'refused_client',
    edits: [
      {
        file: 'exchange/refresh.ts',
        find: "if ($ERROR.code === 'client_refused') throw await clientRefused($$$ARGS);",
        replace: '{}',
      },
      {
        file: 'exchange/refresh.ts',
        find: "$ERROR.code !== 'refresh_refused'",
        replace: "!['refresh_refused', 'client_refused'].includes($ERROR.code)",
      },
    ],
  },
  {
    name: 'logins that a clock far ahead has dated count for ever',
    theme: 'clock_ahead',
    edits: [
      {
        file: 'exchange/login-counts.ts',
        find: '$AHEAD.slice(-Math.ceil($MOST / 2))',
        replace: '$AHEAD',
      },
    ],
  },
  {
    name: 'a pause that a clock far ahead has dated is observed at each start',
    theme: 'clock_ahead',
    edits: [{ file: 'rare-facts.ts', find: '$FIRST && isDatedAhead($$$ARGS)', replace: 'false' }],
  },
  {
    name: 'a due set that a call has adopted is refreshed behind the call',
    theme: 'one_call',
    edits: [
      {
        file: 'wait-for-token.ts',
        find: 'isAdopted || !$CONTEXT.mayOutliveCalls',
        replace: '!$CONTEXT.mayOutliveCalls',
      },
    ],
  },
  {
    name: 'a call that began before its session ended gets no exchange',
    edits: [{ file: 'session.ts', find: '$END.rejoinFor($$$ARGS)', replace: 'undefined' }],
  },
  {
    name: 'who has waited for the lease tries what its holder could not do',
    theme: 'outage',
    edits: [
      {
        file: 'exchange/under-lease.ts',
        find: "if ($STEP.kind === 'fail' && $WORTH) reject($STEP.error);",
        replace: '{}',
      },
      {
        file: 'exchange/under-lease.ts',
        find: {
          kind: 'throw_statement',
          pattern: 'throw $STEP.error;',
          inside: { kind: 'switch_case', stopBy: 'end' },
        },
        replace: `{
          const { tokens } = stored.envelope;
          if (tokens === undefined || step.error.code === 'signed_out') throw step.error;
          return refresh(context, account, flight, stored, tokens);
        }`,
      },
    ],
  },
  {
    name: 'the end of an outage is not noticed',
    theme: 'outage',
    edits: [
      {
        file: 'rare-facts.ts',
        find: '$HEALTH !== undefined && !$OWN && $FAILED !== undefined && $HEALTH.goodAt > $FAILED',
        replace: 'false',
      },
    ],
  },
  {
    name: 'missed notifications are ignored',
    theme: 'cut_off',
    edits: [{ file: 'schedule-refresh.ts', find: '$ACCOUNT.held.doubt()', replace: 'undefined' }],
  },
  {
    name: 'a read from before missed notifications ends the doubt',
    theme: 'cut_off',
    edits: [
      { file: 'schedule-refresh.ts', find: '$ACCOUNT.held.gaps !== $GAPS', replace: 'false' },
      { file: 'exchange/maintain.ts', find: '$ACCOUNT.held.gaps === $GAPS', replace: 'true' },
    ],
  },
  {
    name: 'copies of the library do not exclude each other',
    edits: [
      {
        file: 'stores/memory-store.ts',
        find: '$LOCKS.lock($KEY, $SIGNAL)',
        replace: 'Promise.resolve({ lost: $SIGNAL, held: () => true, release() {} })',
      },
    ],
  },
  {
    name: 'a set without a refresh token is left to callers',
    edits: [{ file: 'login-ahead.ts', find: '$LIFE >= shortestLifeMs($CONTEXT)', replace: 'false' }],
  },
  {
    name: 'a run of a fleet comes again when the set has ended',
    theme: 'workers',
    edits: [{ file: 'exchange/maintain.ts', find: 'Math.ceil(at)', replace: 'tokens.expiresAt! + 60_000' }],
  },
  {
    name: 'a run of a fleet that finds the lease with another ends the job',
    theme: 'workers',
    edits: [
      {
        file: 'exchange/maintain.ts',
        find: '{ state: stands, nextAt: now + limits.leaseElsewhereMs }',
        replace: '{ state: stands }',
      },
    ],
  },
  {
    name: 'a run of a fleet comes back at once',
    theme: 'workers',
    edits: [
      {
        file: 'exchange/maintain.ts',
        find: '$DUE === undefined ? { state } : { state, nextAt: $DUE }',
        replace: '{ state, nextAt: clock.now() }',
      },
    ],
  },
  {
    name: 'a member that a newer version has written is dropped',
    edits: [
      {
        file: 'envelope.ts',
        find: 'withValid(rest, envelopeMembers)',
        replace: "(rest['signedOutAt'] === undefined ? {} : { signedOutAt: rest['signedOutAt'] as number })",
      },
    ],
  },
  {
    name: 'what the store has lost is not written back',
    theme: 'lost_data',
    edits: [
      {
        file: 'account.ts',
        find: 'this.saveDeferred({ $$$SET, isRestored: true })',
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'a restored refresh token is sent at once',
    theme: 'lost_data',
    edits: [
      { file: 'exchange/refresh.ts', find: 'othersMayRestoreFor($CONTEXT, $ACCOUNT, $STORED)', replace: '0' },
    ],
  },
  {
    name: 'an older set is written back over a newer one',
    theme: 'lost_data',
    edits: [{ file: 'envelope.ts', find: '$ORIGIN.generation > ($STORED.generation ?? 0)', replace: 'true' }],
  },
];
