export { type ManualClock, manualClock } from './manual-clock.js';
export { type ManualScheduler, manualScheduler } from './manual-scheduler.js';
