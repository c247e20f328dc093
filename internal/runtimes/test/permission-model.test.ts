import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodePrograms } from '@internal/test-tools';
import { expect, test } from 'vitest';

const entry = join(import.meta.dirname, '..', 'src', 'entries', 'file-store.ts');
const repository = join(import.meta.dirname, '..', '..', '..');

/** Without /proc, so that a dead holder is not recognised either. */
test.concurrent.for(Object.entries(nodePrograms).filter(([, program]) => existsSync(program)))(
  'Node %s with the permission model: the file store keeps all its promises in the folder that it may use',
  { tags: ['fault-121'] },
  async ([, program], { onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'permission-model-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const permissions = [
      '--permission',
      `--allow-fs-read=${repository}/`,
      `--allow-fs-read=${folder}/`,
      `--allow-fs-write=${folder}/`,
    ];
    const { stdout } = await promisify(execFile)(program, [...permissions, entry, folder]);
    const { isRestricted, count, failures } = JSON.parse(stdout);
    expect({ isRestricted, failures }).toEqual({ isRestricted: true, failures: [] });
    expect(count).toBeGreaterThanOrEqual(10);
  },
);
