export { Fleet } from './fleet.ts';
export { type RaceResult, race } from './race.ts';
export { type StorePlace, temporaryPlace } from './store-place.ts';
export type { Point } from './worker-protocol.ts';
