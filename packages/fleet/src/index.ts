export { bounded } from './bounded.js';
export { createEnroller, type Enroller } from './enroller.js';
export type { KeeperEvent } from './events.js';
export { type InProcessQueueOptions, inProcessQueue } from './in-process-queue.js';
export { createKeeper, type Keeper, type KeeperCounts, type KeeperOptions } from './keeper.js';
export type { RefreshJob, RefreshQueue, RunJob, Work, WorkOptions } from './queue.js';
export { retryMs, unknownVersionMs } from './return-times.js';
export type { Census } from './sweep.js';
export { forgottenTurnMs, movedTurnMs, turnAheadMs } from './turns.js';
