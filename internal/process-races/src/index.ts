export { ProcessGroup } from './process-group.ts';
export { type RaceResult, race } from './race.ts';
export type { StorePlace } from './store-place.ts';
export { type TemporaryPlace, temporaryPlace } from './temporary-place.ts';
export type { Point } from './worker-protocol.ts';
