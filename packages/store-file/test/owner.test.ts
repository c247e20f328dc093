import fs from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { processOwner } from '../src/owner.js';
import { replaceBuiltin } from './support/replace-builtin.js';

describe('the owner of a lease', () => {
  const owner = processOwner();
  const name = owner?.name ?? '';
  const [boot, namespace, pid, startedAt] = name.split(' ');

  test.runIf(process.platform === 'linux')('is known by more than its pid', () => {
    expect(owner?.isGone(name)).toBe(false);
    expect(owner?.isGone([boot, namespace, pid, Number(startedAt) + 1].join(' '))).toBe(true);
    expect(owner?.isGone([boot, namespace, 2 ** 22 + 1, startedAt].join(' '))).toBe(true);
  });

  test.runIf(process.platform === 'linux')(
    'on another boot or in another container is never taken for gone',
    () => {
      expect(owner?.isGone(['another', namespace, pid, 0].join(' '))).toBe(false);
      expect(owner?.isGone([boot, 'pid:[7]', pid, 0].join(' '))).toBe(false);
      expect(owner?.isGone('nonsense')).toBe(false);
    },
  );

  /** Lets reads of that path fail, as on a platform without it. */
  const hide = (name: 'readFileSync' | 'readlinkSync', hidden: string): void => {
    const hiding =
      (real: (path: string, options: unknown) => unknown) => (path: string, options: unknown) => {
        if (path === hidden) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
        return real(path, options);
      };
    replaceBuiltin(fs, name, hiding as never);
  };

  test.runIf(process.platform === 'linux')(
    'whose file in /proc is hidden exists as long as a signal can reach it',
    () => {
      hide('readFileSync', `/proc/${process.pid}/stat`);
      expect(owner?.isGone(name)).toBe(false);
    },
  );

  /** As the first call in a process, whose answer the module remembers. */
  const ownerInNewProcess = async () => {
    vi.resetModules();
    onTestFinished(() => void vi.resetModules());
    const { processOwner: identify } = await import('../src/owner.js');
    return identify();
  };

  test('is unknown on a platform without /proc: a dead holder’s lease ends by itself', async () => {
    hide('readFileSync', '/proc/sys/kernel/random/boot_id');
    expect(await ownerInNewProcess()).toBeUndefined();
  });

  test.runIf(process.platform === 'linux')(
    'is unknown where /proc is that of another PID namespace: a lease ends by itself',
    { tags: ['fault-121'] },
    async () => {
      replaceBuiltin(
        fs,
        'readlinkSync',
        (real) => ((path: string) => (path === '/proc/self' ? String(process.pid + 1) : real(path))) as never,
      );
      expect(await ownerInNewProcess()).toBeUndefined();
    },
  );

  test.runIf(process.platform === 'linux')('is known on a kernel without time namespaces', async () => {
    hide('readlinkSync', '/proc/self/ns/time');
    const identified = await ownerInNewProcess();
    expect(identified?.name).toMatch(/^\S+ pid:\[\d+\], \d+ \d+$/);
    expect(identified?.isGone(identified.name)).toBe(false);
  });
});
