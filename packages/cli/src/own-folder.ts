import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** A new folder that nobody else can enter, in the user's runtime folder if there is one. */
export function ownFolder(): string {
  const { XDG_RUNTIME_DIR: runtime = '' } = process.env;
  if (isAbsolute(runtime)) {
    try {
      return mkdtempSync(join(runtime, 'auth-'));
    } catch {
      // It is not there, or belongs to another user, as after `su`.
    }
  }
  return mkdtempSync(join(tmpdir(), 'auth-'));
}
