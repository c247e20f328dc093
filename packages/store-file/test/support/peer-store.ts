import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileStore, fileStore } from '@auth/store-file';

/** Short, and long enough for a machine that is busy with other tests. */
export const leaseMs = 2_500;

/** What each process of the suite opens: a folder of the place's name. */
export function createStore(place: string): FileStore {
  return fileStore({ directory: join(tmpdir(), 'store-file-suite', place), leaseMs });
}
