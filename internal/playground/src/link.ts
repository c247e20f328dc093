import { actOf } from './acts.ts';
import { mostWorkers } from './stage.ts';

/** What a link to the playground carries. */
export interface Scene {
  readonly acts: readonly string[];
  /** How many workers there were at the beginning. */
  readonly workers: number;
}

const defaultWorkers = 3;

/** The fragment of a link, without the `#`. */
export function fragmentOf({ acts, workers }: Scene): string {
  return new URLSearchParams({ workers: String(workers), acts: acts.join('.') }).toString();
}

/** What a fragment says. Whatever it says wrong is left out. */
export function sceneOf(fragment: string): Scene {
  const fields = new URLSearchParams(fragment);
  const workers = Number(fields.get('workers') ?? defaultWorkers);
  const isCount = Number.isInteger(workers) && workers >= 1 && workers <= mostWorkers;
  const acts = (fields.get('acts') ?? '').split('.').filter((id) => actOf(id) !== undefined);
  return { acts, workers: isCount ? workers : defaultWorkers };
}
