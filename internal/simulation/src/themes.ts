import type { Fault, Plan, PlannedCall, Rotation, StoreKind, Theme } from './plan.ts';
import type { Random } from './random.ts';

type Themed = Pick<Plan, 'processes' | 'accessLifeMs' | 'troubleMs' | 'calls' | 'faults'> & Partial<Plan>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The plan of a themed run. */
export function themedPlan(seed: number, theme: Theme, random: Random): Plan {
  return {
    seed,
    theme,
    store: random.pick<StoreKind>(['leased', 'locked']),
    rotation: random.pick<Rotation>(['reuse_rejected', 'reuse_ends_family', 'grace']),
    tellsLife: true,
    maxLoginsPerHour: 20,
    ...planners[theme](random),
  };
}

const planners: Readonly<Record<Theme, (random: Random) => Themed>> = {
  revocations(random) {
    const processes = random.between(1, 3);
    const calls: PlannedCall[] = [];
    const faults: Fault[] = [];
    for (let day = 0; day < 4; day++) {
      let at = day * dayMs + random.between(0, hourMs);
      for (let left = random.between(2, 8); left > 0; left--) {
        calls.push({ at, process: random.between(0, processes - 1) });
        faults.push({ at: at + 1_500, kind: 'revoke_access' });
        calls.push({ at: at + 2_000, process: random.between(0, processes - 1) });
        at += random.between(5_000, 3 * minuteMs);
      }
    }
    const accessLifeMs = random.pick([minuteMs, 10 * minuteMs, hourMs, dayMs]);
    return { processes, accessLifeMs, troubleMs: 4 * dayMs, calls, faults, tellsLife: random.chance(0.7) };
  },
  refusing_api(random) {
    const processes = random.between(1, 4);
    const calls = everySoOften(random, processes, 30 * minuteMs, [10_000, 30_000], (call) =>
      random.chance(0.7) ? { ...call, isToRefusingOrigin: true } : call,
    );
    return { processes, accessLifeMs: hourMs, troubleMs: 30 * minuteMs, calls, faults: [] };
  },
  broken_refresh(random) {
    const processes = random.between(1, 3);
    const calls = everySoOften(random, processes, 3 * hourMs, [minuteMs, 3 * minuteMs]);
    const status = random.pick([400, 404, 405, 410, 422, 500, 501]);
    const faults: Fault[] = [{ at: 30_000, kind: 'break_refresh', status }];
    return {
      processes,
      accessLifeMs: random.pick([10 * minuteMs, hourMs]),
      troubleMs: 3 * hourMs,
      calls,
      faults,
    };
  },
  refused_client(random) {
    const processes = random.between(1, 3);
    const troubleMs = 2.5 * hourMs;
    const calls = everySoOften(random, processes, troubleMs, [2 * minuteMs, 4 * minuteMs]);
    const oursAfterMs = random.pick([10, 100]) * minuteMs;
    const faults: Fault[] = [{ at: random.between(1, 10) * minuteMs, kind: 'rotate_client', oursAfterMs }];
    return { processes, accessLifeMs: 10 * minuteMs, troubleMs, calls, faults };
  },
  clock_ahead(random) {
    const processes = random.between(2, 3);
    const byMs = random.pick([hourMs, dayMs, 60 * dayMs, 400 * dayMs]);
    const faults: Fault[] = [{ at: 0, kind: 'clock_step', process: 0, byMs }];
    for (let left = random.between(0, 6); left > 0; left--)
      faults.push({ at: random.between(1_000, 5 * minuteMs), kind: 'sign_in', process: 0 });
    if (random.chance(0.5)) faults.push({ at: minuteMs, kind: 'limit', retryAfterMs: hourMs });
    if (random.chance(0.5)) faults.push({ at: 5.5 * minuteMs, kind: 'sign_out', process: 0 });
    for (let process = 0; process < processes; process++)
      faults.push({ at: 6 * minuteMs, kind: 'crash', process, restartAfterMs: minuteMs });
    faults.push({ at: 6.5 * minuteMs, kind: 'clock_step', process: 0, byMs: -byMs });
    const calls = everySoOften(random, processes, 45 * minuteMs, [20_000, 2 * minuteMs]);
    return {
      processes,
      accessLifeMs: 10 * minuteMs,
      maxLoginsPerHour: random.pick([4, 20]),
      troubleMs: 45 * minuteMs,
      calls,
      faults: faults.sort(byTime),
    };
  },
  one_call(random) {
    const calls = everySoOften(random, 1, 40 * minuteMs, [5_000, 2 * minuteMs]);
    for (const { at } of [...calls])
      for (let others = random.chance(0.1) ? random.between(1, 5) : 0; others > 0; others--)
        calls.push({ at: at + random.between(0, 50), process: 0 });
    return {
      processes: 1,
      accessLifeMs: 10 * minuteMs,
      troubleMs: 40 * minuteMs,
      calls: calls.sort(byTime),
      faults: [],
    };
  },
  ends(random) {
    const processes = random.between(1, 2);
    const calls = everySoOften(random, processes, 30 * minuteMs, [5_000, minuteMs]);
    const faults: Fault[] = [];
    for (const { at, process } of calls) {
      if (random.chance(0.3)) faults.push({ at: at - 10, kind: 'revoke_access' });
      const by = random.pick(['dispose', 'close'] as const);
      if (random.chance(0.4))
        faults.push({ at: at + random.between(1, 80), kind: 'end_session', process, by });
    }
    const accessLifeMs = random.pick([minuteMs, 10 * minuteMs]);
    return { processes, accessLifeMs, troubleMs: 30 * minuteMs, calls, faults: faults.sort(byTime) };
  },
  outage(random) {
    const processes = random.between(2, 4);
    const troubleMs = 19 * minuteMs;
    const calls = everySoOften(random, processes, troubleMs, [5_000, 20_000], (call) => {
      const account = random.between(0, otherAccounts);
      return account === 0 ? call : { ...call, account };
    });
    const failMs = random.pick([50, 9_000]);
    const faults: Fault[] = [{ at: 3 * minuteMs, kind: 'outage', forMs: 10 * minuteMs, failMs }];
    return { processes, accessLifeMs: 2 * minuteMs, troubleMs, calls, faults };
  },
  lost_data(random) {
    const processes = random.between(2, 3);
    const troubleMs = 15 * minuteMs;
    // Each process holds a set before anything is lost.
    const first = Array.from({ length: processes }, (_, process) => ({ at: 1_000 * process, process }));
    const calls = everySoOften(random, processes, troubleMs, [3_000, 40_000]);
    const faults: Fault[] = [];
    // Far enough apart that one has been overcome before the next.
    for (let round = random.between(1, 4); round > 0; round--) {
      const at = 3 * minuteMs * round + random.between(0, minuteMs);
      faults.push({ at, kind: 'lose_data' });
      // Some have missed the newest set; of the loss they hear sooner than a restored refresh token waits.
      const beforeMs = random.between(0, minuteMs);
      const forMs = beforeMs + random.between(0, 5_000);
      if (random.chance(0.7)) faults.push({ at: at - beforeMs, kind: 'cut_notifications', forMs });
    }
    if (random.chance(0.3))
      faults.push({ at: random.between(minuteMs, troubleMs), kind: 'slow_store', forMs: 2_000 });
    return {
      processes,
      accessLifeMs: random.pick([minuteMs, 5 * minuteMs]),
      troubleMs,
      calls: [...first, ...calls].sort(byTime),
      faults: faults.sort(byTime),
      store: 'leased',
    };
  },
  cut_off(random) {
    const processes = random.between(2, 3);
    const all = Array.from({ length: processes }, (_, process) => process);
    const calls: PlannedCall[] = [];
    const faults: Fault[] = [];
    let at = 10_000;
    for (let left = random.between(1, 4); left > 0; left--) {
      calls.push(...all.map((process) => ({ at: at + random.between(0, 1_000), process })));
      // Some are short beside what a slow store takes to answer: what was read before them arrives after them.
      const isShort = random.chance(0.4);
      if (isShort) {
        faults.push({ at: at + 10_000 - random.between(0, 1_000), kind: 'newer_version' });
        faults.push({ at: at + 7_000, kind: 'slow_store', forMs: 12_000 });
      }
      const forMs = isShort ? random.between(1_000, 5_000) : random.between(2_000, minuteMs);
      faults.push({ at: at + 10_000, kind: 'cut_notifications', forMs });
      const signedOutAt = at + 10_000 + (isShort ? -random.between(0, 2_000) : random.between(0, forMs));
      faults.push({ at: signedOutAt, kind: 'sign_out', process: random.between(0, processes - 1) });
      // Some use their session at once after the gap, some later.
      const usedAt = at + 10_000 + forMs + 4_000;
      calls.push(...all.map((process) => ({ at: usedAt + random.between(0, minuteMs), process })));
      at = usedAt + 2 * minuteMs;
      faults.push(...all.map((process): Fault => ({ at, kind: 'sign_in', process })));
      at += minuteMs;
    }
    return {
      processes,
      accessLifeMs: hourMs,
      troubleMs: at,
      calls: calls.sort(byTime),
      faults: faults.sort(byTime),
    };
  },
  copies(random) {
    const processes = random.between(2, 3);
    const troubleMs = 30 * minuteMs;
    const calls = everySoOften(random, processes, troubleMs, [10_000, 3 * minuteMs]);
    for (const { at } of [...calls])
      if (random.chance(0.5))
        calls.push({ at: at + random.between(0, 50), process: random.between(0, processes - 1) });
    const faults = Array.from({ length: random.between(0, 6) }, (): Fault => {
      const at = random.pick(calls).at + random.between(0, 100);
      const process = random.between(0, processes - 1);
      return random.pick<Fault>([
        { at, kind: 'revoke_access' },
        { at, kind: 'end_sessions' },
        { at, kind: 'drop_after' },
        { at, kind: 'sign_out', process },
        { at, kind: 'sign_in', process },
      ]);
    });
    return {
      processes,
      store: 'shared',
      accessLifeMs: random.pick([minuteMs, 10 * minuteMs]),
      troubleMs,
      calls: calls.sort(byTime),
      faults: faults.sort(byTime),
    };
  },
  workers(random) {
    const processes = random.between(2, 4);
    const troubleMs = 4 * hourMs;
    const faults: Fault[] = [];
    for (let left = random.chance(0.5) ? random.between(1, 4) : 0; left > 0; left--) {
      const [at, process] = [random.between(minuteMs, troubleMs), random.between(0, processes - 1)];
      faults.push(
        random.chance(0.5)
          ? { at, kind: 'crash', process, restartAfterMs: random.pick([500, 20_000]) }
          : {
              at,
              kind: 'freeze_with_lock',
              process,
              during: random.pick(['read', 'write']),
              forMs: random.pick([5_000, 16_000, 120_000]),
            },
      );
    }
    return {
      processes,
      accessLifeMs: random.pick([10 * minuteMs, hourMs]),
      troubleMs,
      calls: everySoOften(random, processes, troubleMs, [minuteMs, 20 * minuteMs]),
      faults: faults.sort(byTime),
    };
  },
  login_ahead(random) {
    const processes = random.between(1, 4);
    const troubleMs = 3 * hourMs;
    const calls = everySoOften(random, processes, troubleMs, [5_000, 20 * minuteMs]);
    return { processes, accessLifeMs: random.pick([10 * minuteMs, hourMs]), troubleMs, calls, faults: [] };
  },
};

/** How many accounts a process has in an outage beside the one that all rules are about. */
export const otherAccounts = 3;

function everySoOften(
  random: Random,
  processes: number,
  untilMs: number,
  [least, most]: readonly [number, number],
  change: (call: PlannedCall) => PlannedCall = (call) => call,
): PlannedCall[] {
  const calls: PlannedCall[] = [];
  for (let process = 0; process < processes; process++)
    for (let at = random.between(0, most); at < untilMs; at += random.between(least, most))
      calls.push(change({ at, process }));
  return calls.sort(byTime);
}

function byTime(left: { readonly at: number }, right: { readonly at: number }): number {
  return left.at - right.at;
}
