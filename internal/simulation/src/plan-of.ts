import { type Access, type Fault, type Plan, type Rotation, type StoreKind, themes } from './plan.ts';
import { Random } from './random.ts';
import { themedPlan } from './themes.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  if (random.chance(0.1)) return themedPlan(seed, random.pick(themes), random);
  const processes = random.between(1, 4);
  const troubleMs = random.pick([5, 20, 90]) * minuteMs;
  const store = random.pick<StoreKind>(['leased', 'leased', 'forgetful', 'atomic', 'get_then_set', 'locked']);
  const at = (): number => random.between(0, troubleMs);
  const process = (): number => random.between(0, processes - 1);
  const calls = Array.from({ length: random.between(10, 30) }, () => ({ at: at(), process: process() }));
  // Half of the calls get a second call at nearly the same time.
  for (const call of [...calls]) {
    if (random.chance(0.5)) calls.push({ at: call.at + random.between(0, 200), process: process() });
  }
  const faults = Array.from({ length: random.between(0, 8) }, () => {
    // Most faults strike while a call is under way.
    const when = random.chance(0.8) ? random.pick(calls).at + random.between(0, 1_500) : at();
    return faultAt(when, random, process, store);
  });
  return {
    seed,
    theme: 'any',
    store,
    rotation: random.pick<Rotation>(['reuse_rejected', 'reuse_ends_family', 'grace']),
    processes,
    accessLifeMs: random.pick([minuteMs, 10 * minuteMs, hourMs]),
    tellsLife: true,
    maxLoginsPerHour: random.pick([2, 4, 20]),
    troubleMs,
    calls: calls.sort((left, right) => left.at - right.at),
    faults: faults.sort((left, right) => left.at - right.at),
  };
}

function faultAt(at: number, random: Random, process: () => number, store: StoreKind): Fault {
  const kinds: readonly (() => Fault)[] = [
    () => ({ at, kind: 'crash', process: process(), restartAfterMs: random.pick([0, 500, 20_000]) }),
    () => ({ at, kind: 'freeze', process: process(), forMs: random.pick([2_000, 14_000, 16_000, 120_000]) }),
    () => ({ at, kind: 'clock_step', process: process(), byMs: random.between(-2 * hourMs, 2 * hourMs) }),
    () => ({ at, kind: 'refuse_connection' }),
    () => ({ at, kind: 'drop_before' }),
    () => ({ at, kind: 'drop_and_freeze', forMs: random.pick([2_000, 20_000, 120_000]) }),
    () => ({ at, kind: 'drop_after' }),
    () => ({ at, kind: 'drop_after' }),
    () => ({ at, kind: 'stall' }),
    () => ({ at, kind: 'limit', retryAfterMs: random.pick([undefined, 5_000, 3 * hourMs]) }),
    () => ({ at, kind: 'break' }),
    () => ({ at, kind: 'store_outage', forMs: random.pick([300, 4_000, 90_000]) }),
    () => ({ at, kind: 'lose_write_answer' }),
    () => ({ at, kind: 'fail_write' }),
    () => ({ at, kind: 'slow_store', forMs: random.pick([2_000, 30_000]) }),
    () => ({ at, kind: 'sign_out', process: process() }),
    () => ({ at, kind: 'sign_out_midway' }),
    () => ({ at, kind: 'sign_in', process: process() }),
    () => ({ at, kind: 'revoke_access' }),
    () => ({ at, kind: 'end_sessions' }),
    () => ({ at, kind: 'cut_notifications', forMs: random.pick([2_000, 5 * minuteMs]) }),
    () => ({ at, kind: 'newer_version' }),
    () => ({ at, kind: 'change_password', vaultAfterMs: random.pick([1_000, 10 * minuteMs, 10 * hourMs]) }),
  ];
  if (store === 'forgetful' && random.chance(0.3)) {
    return { at, kind: random.pick(['forget_lease', 'forget_write']) };
  }
  if (store !== 'atomic' && store !== 'get_then_set' && random.chance(0.15)) {
    const during = random.pick<Access>(['read', 'write']);
    return {
      at,
      kind: 'freeze_with_lock',
      process: process(),
      during,
      // About as long as the lease lasts, so that it wakes while its successor prepares an exchange.
      forMs: random.pick([5_000, random.between(15_000, 19_000), 120_000]),
    };
  }
  return random.pick(kinds)();
}
