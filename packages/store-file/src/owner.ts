import { readFileSync, readlinkSync } from 'node:fs';
import type { LeaseOwner } from '@auth/core';
import { hasCode } from './disk.js';

/**
 * A name for this process that no other process ever has: boot id, namespaces, pid and start time. Undefined if the
 * platform does not tell them; then the lease of a process that died lasts until it expires.
 */
export function processOwner(): LeaseOwner | undefined {
  ownName ??= identify();
  return ownName === 'unknown' ? undefined : { name: ownName, isGone };
}

let ownName: string | undefined;

function identify(): string {
  try {
    // A /proc of another PID namespace tells of other processes than our pids do.
    if (readlinkSync('/proc/self') !== String(process.pid)) return 'unknown';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespaces = `${readlinkSync('/proc/self/ns/pid')},${timeNamespace()}`;
    return [boot, namespaces, process.pid, statusOf(process.pid).startedAt].join(' ');
  } catch {
    return 'unknown';
  }
}

/** Start times are in the clock of the time namespace. Kernels before 5.6 have no time namespaces. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch {
    return '';
  }
}

function isGone(name: string): boolean {
  const [boot, namespaces, pid, startedAt] = name.split(' ');
  const [ownBoot, ownNamespaces] = ownName?.split(' ') ?? [];
  // Pids and start times of another boot or namespace cannot be compared with ours.
  if (boot !== ownBoot || namespaces !== ownNamespaces) return false;
  try {
    const status = statusOf(Number(pid));
    return status.startedAt !== startedAt || status.isDead;
  } catch {
    return isAbsent(Number(pid));
  }
}

/** The start time in clock ticks since boot, and whether the process is dead or a zombie. proc_pid_stat(5). */
function statusOf(pid: number): { startedAt: string; isDead: boolean } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name, in parentheses, may itself contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', startedAt = ''] = [fields[0], fields[19]];
  return { startedAt, isDead: /^[ZXx]$/.test(state) };
}

/** A signal still reaches a process that /proc hides. */
function isAbsent(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return hasCode(error, 'ESRCH');
  }
}
