import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Core, coreInFiles, loadCore } from './core.ts';

/** A bug to put into the engine. */
export interface Mutant {
  readonly name: string;
  /** File of the built engine, what to look for, and what to put there. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
}

/** Bugs that a tired engineer could write. Each must be found. */
export const mutants: readonly Mutant[] = [
  {
    name: 'logins are not written down before they are sent',
    edits: [['login.js', 'guard: withLogin(guard, clock.now(), context.maxLoginsPerHour)', 'guard']],
  },
  {
    name: 'a refused password leaves no latch',
    edits: [['login.js', 'await block(flight, read, prepared);', '']],
  },
  {
    name: 'a refused refresh token is not remembered',
    edits: [['refresh.js', 'account.spend(parent.id);\n        flight.wasRefused = true;', '']],
  },
  {
    name: 'a pair that could not be saved is dropped',
    edits: [['commit.js', "account.unsaved = end === 'failed' ? unsaved : undefined;", '']],
  },
  {
    name: 'a lost answer is asked for again and again',
    edits: [
      ['refresh.js', 'return presentOnce(flight, parent, false);', 'return present(flight, parent, true);'],
    ],
  },
  {
    name: 'the save is forced over what somebody else saved',
    edits: [
      [
        'commit.js',
        "if (standing !== undefined && standing.id !== parentId && plan.kind !== 'sign_in')\n            return standing;",
        '',
      ],
    ],
  },
  {
    name: 'a sign-out during the exchange is overwritten',
    edits: [
      [
        'commit.js',
        'if (signedOutAt !== undefined && signedOutAt !== read.envelope.signedOutAt)',
        'if (false)',
      ],
      ['commit.js', "flight.overtakenBySignOut ? 'signed_out' : await save", 'await save'],
      ['commit.js', "end === 'signed_out' || flight.overtakenBySignOut", "end === 'signed_out'"],
    ],
  },
  {
    name: 'a refresh is sent without asking for the lease',
    edits: [['refresh.js', "if (!flight.lease.held())\n        return 'lock_again';", '']],
  },
  {
    name: 'a password is sent without asking for the lease',
    edits: [['login.js', "if (!flight.lease.held())\n        return 'lock_again';", '']],
  },
  {
    name: 'the lock is not taken',
    edits: [['flight.js', 'takeLease(context, stop.signal)', 'Promise.resolve(noLease)']],
  },
  {
    name: 'the lease goes back before the exchange',
    edits: [
      [
        'flight.js',
        'const outcome = await underLease(flight);',
        'const { lease } = flight; await lease.release(); flight.lease = { lost: lease.lost, held: () => true, release() {} }; const outcome = await underLease(flight);',
      ],
    ],
  },
  {
    name: 'what was read before the lock is not read again under it',
    edits: [
      [
        'flight.js',
        'const first = decide(flight, await readStored(context));',
        'const before = await readStored(context); const first = decide(flight, before); flight.before = before;',
      ],
      [
        'flight.js',
        'const stored = await readStored(flight.context);',
        'const stored = round === 0 ? flight.before : await readStored(flight.context);',
      ],
    ],
  },
  {
    name: 'pauses are forgotten',
    edits: [['pause.js', 'if (leftMs <= 0)', 'if (true)']],
  },
  {
    name: 'the sign-out of another process is not noted',
    edits: [['sign-out.js', 'if (!isRecent || account.signedOut)', 'if (true)']],
  },
  {
    name: 'saving tokens forgets the guard',
    edits: [['commit.js', 'settledGuard(base.envelope.guard, lifted)', '{ failures: 0, loginsAt: [] }']],
  },
  {
    name: 'records are written without a comparison',
    edits: [
      [
        'records.js',
        'store.compareAndSet(key, recordId, record)',
        '(async () => store.compareAndSet(key, (await store.get(key))?.id, record))()',
      ],
    ],
  },
  {
    name: 'a lease is held for ever',
    edits: [
      ['lease.js', 'if (passedMs < leaseMs)', 'if (true)'],
      ['lease.js', 'clock.setTimeout(() => this.#lose()', 'clock.setTimeout(() => {}'],
    ],
  },
  {
    name: 'a lock is taken whoever holds it',
    edits: [['leased-store.js', 'standing.value === free || this.#hasLapsed(standing)', 'true']],
  },
  {
    name: 'an error has no type',
    edits: [
      [
        'pause.js',
        'return new AuthError(error.code, { ...error, retryAt: notBefore });',
        "return new TypeError('raw');",
      ],
    ],
  },
  {
    name: 'pauses do not grow',
    edits: [
      [
        'guard.js',
        'return doubling(failures, limits.coolDownMinMs, limits.coolDownMaxMs);',
        'return limits.coolDownMinMs;',
      ],
    ],
  },
  {
    name: 'a Retry-After is ignored',
    edits: [['pause.js', 'limited ? rateLimitMs(error.retryAfterMs) : coolDownMs(failures)', '1000']],
  },
  {
    name: 'a lost answer is asked for again without asking for the lease',
    edits: [['refresh.js', 'if (!flight.lease.held())\n            throw error;', '']],
  },
  {
    name: 'a lease ends in the midst of a long exchange',
    edits: [
      ['lease.js', 'this.#endLater();\n        this.#renewLater();', 'this.#endLater();'],
      ['exchange.js', 'context.timeouts.exchangeMs', '40_000'],
    ],
  },
  {
    name: 'an exchange has no deadline',
    edits: [['exchange.js', 'context.timeouts.exchangeMs', '2147483647']],
  },
  {
    name: 'a process does not count its own logins',
    edits: [['login.js', 'account.countLogin(clock);', '']],
  },
  {
    name: 'a sign-out does not end',
    edits: [['sign-out.js', '    await writing;\n}', '    await new Promise(() => {});\n}']],
  },
  {
    name: 'a sign-in leaves the session signed out',
    edits: [['commit.js', "if (plan.kind === 'sign_in')\n        account.signedOut = false;", '']],
  },
  {
    name: 'what a sign-out has overtaken lives on at the server',
    edits: [['commit.js', 'await revoke(context, tokens);\n        throw', 'throw']],
  },
  {
    name: 'an answer that another process has lost is not known',
    edits: [
      [
        'refresh.js',
        '[account.lostId, read.envelope.guard.lostId].includes(parent.id)',
        'account.lostId === parent.id',
      ],
    ],
  },
  {
    name: 'a lost answer is asked for after a minute',
    edits: [
      ['refresh.js', 'limits.resendMinMs + (limits.resendMaxMs - limits.resendMinMs) * random()', '60_000'],
    ],
  },
  {
    name: 'each caller has a flight of its own',
    edits: [['obtain.js', 'const flight = account.flight ?? startFlight', 'const flight = startFlight']],
  },
  {
    name: 'a failed refresh is followed by a login',
    edits: [
      [
        'decide.js',
        'tokens !== undefined && canRefresh(',
        'guard.failures === 0 && tokens !== undefined && canRefresh(',
      ],
    ],
  },
  {
    name: 'a rejection is left to nobody',
    edits: [['flight.js', 'promise.then(ignore, ignore)', 'promise.then(ignore)']],
  },
  {
    name: 'a lease is given back while the exchange is under way',
    edits: [
      [
        'refresh.js',
        '        tokens = await present(',
        '        void flight.lease.release();\n        tokens = await present(',
      ],
    ],
  },
  {
    name: 'a sign-out forgets the logins',
    edits: [
      ['sign-out.js', '{ signedOutAt, guard }', '{ signedOutAt, guard: { failures: 0, loginsAt: [] } }'],
    ],
  },
  {
    name: 'disposing leaves the timer',
    edits: [['accounts.js', 'account.rest();', '']],
  },
];

/** Loads the engine with a bug in it. @throws Error where the place to put it is not there exactly once */
export async function loadMutant({ name, edits }: Mutant): Promise<{ core: Core } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'mutant-'));
  cpSync(coreInFiles, folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [file, from, to] of edits) {
    const parts = readFileSync(join(folder, file), 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${name}: ${parts.length - 1} places in ${file} for: ${from}`);
    writeFileSync(join(folder, file), parts.join(to));
  }
  return {
    core: await loadCore(folder),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
