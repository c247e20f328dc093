import type { Clock } from '../clock.js';
import { getOrAdd } from '../get-or-add.js';
import { type RefreshScheduler, timerScheduler } from './timer-scheduler.js';

const schedulers = new WeakMap<Clock, RefreshScheduler>();

/** The scheduler of all sessions that were given none: one for each clock. */
export function sharedScheduler(clock: Clock): RefreshScheduler {
  return getOrAdd(schedulers, clock, () => timerScheduler({ clock }));
}
