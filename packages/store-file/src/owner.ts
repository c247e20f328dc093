import { readFileSync, readlinkSync } from 'node:fs';
import type { LeaseOwner } from '@auth/core';

/**
 * This process, named so that no other is ever taken for it: by the boot and the namespaces it lives in, its pid
 * and the time it was started. Undefined where the platform does not tell; there a dead holder's lease ends by itself.
 */
export function processOwner(): LeaseOwner | undefined {
  own ??= identify();
  return own === 'unknown' ? undefined : { name: own, isGone };
}

let own: string | undefined;

function identify(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespaces = `${readlinkSync('/proc/self/ns/pid')},${timeNamespace()}`;
    return [boot, namespaces, process.pid, statusOf(process.pid).startedAt].join(' ');
  } catch {
    return 'unknown';
  }
}

/** Start times are told by the namespace's clock. Kernels before 5.6 have one clock. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch {
    return '';
  }
}

function isGone(name: string): boolean {
  const [boot, namespaces, pid, startedAt] = name.split(' ');
  const [ownBoot, ownNamespaces] = own?.split(' ') ?? [];
  // Elsewhere pids and start times mean something else.
  if (boot !== ownBoot || namespaces !== ownNamespaces) return false;
  try {
    const status = statusOf(Number(pid));
    return status.startedAt !== startedAt || status.isDead;
  } catch {
    return isAbsent(Number(pid));
  }
}

/** The start time in clock ticks since boot, and whether nothing of the process runs any more. proc_pid_stat(5). */
function statusOf(pid: number): { startedAt: string; isDead: boolean } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name, in parentheses, may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', startedAt = ''] = [fields[0], fields[19]];
  return { startedAt, isDead: /^[ZXx]$/.test(state) };
}

/** What /proc hides may still be there for a signal. */
function isAbsent(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}
