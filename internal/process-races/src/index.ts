export { ProcessGroup } from './process-group.ts';
export { type RaceResult, race } from './race.ts';
export { type StorePlace, type TemporaryPlace, temporaryPlace } from './store-place.ts';
export type { Point } from './worker-protocol.ts';
