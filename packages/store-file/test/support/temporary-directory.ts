import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { inDirectory } from '../../src/place.js';

/** A folder that each test finds empty, and that is gone after it. */
export class TemporaryDirectory {
  path = '';

  constructor() {
    beforeEach(() => {
      this.path = mkdtempSync(join(tmpdir(), 'store-file-'));
    });
    afterEach(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** All files in the folder and in those below it. */
  files(): string[] {
    return readdirSync(this.path, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  }

  /** The one file of a key, as a store puts it into this folder. */
  fileOf(key: string): string {
    const { directory, name } = inDirectory(this.path)(key);
    const [file] = readdirSync(directory).filter((candidate) => candidate.startsWith(`${name}.g`));
    return join(directory, file as string);
  }
}
