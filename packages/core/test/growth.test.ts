import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('sixteen refreshes later a session is hardly larger', { tags: ['fault-114'] }, () => {
  // In a process of its own: what other tests leave or free in this one is larger than what is measured.
  const program = fileURLToPath(new URL('programs/growth.ts', import.meta.url));
  expect(Number(execFileSync(process.execPath, ['--expose-gc', program]))).toBeLessThan(150);
});
