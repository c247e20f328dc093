import { type Clock, systemClock } from '../clock.js';
import { type RefreshScheduler, timerScheduler } from './timer-scheduler.js';

let shared: RefreshScheduler | undefined;
const perClock = new WeakMap<Clock, RefreshScheduler>();

/** The scheduler of all sessions that were given none: one per process, or per custom clock. */
export function sharedScheduler(clock: Clock): RefreshScheduler {
  if (clock === systemClock) {
    shared ??= timerScheduler();
    return shared;
  }
  const known = perClock.get(clock);
  if (known !== undefined) return known;
  const created = timerScheduler({ clock });
  perClock.set(clock, created);
  return created;
}
