import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, nodePrograms } from '@internal/test-tools';
import { runInChromium } from './in-chromium.ts';
import { runInProcess } from './in-process.ts';
import { runInWorkerd } from './in-workerd.ts';
import type { Place } from './suite/place.ts';
import type { Report } from './suite/report.ts';

/** A runtime that the packages support. */
export interface Runtime {
  readonly name: string;
  /** The version that the runtime reports begins with this. */
  readonly major: string;
  /** Absent: the runtime is not installed. */
  run?(place: Place, signal: AbortSignal): Promise<Report>;
}

const modules = join(import.meta.dirname, '..', 'node_modules');
const denoFlags = [
  ...['run', '--no-lock', '--node-modules-dir=manual', '--allow-net=127.0.0.1,localhost'],
  ...['--allow-env', '--allow-read', '--allow-write'],
];

export function allRuntimes(): readonly Runtime[] {
  return [
    processOf('Node', '22.', [nodePrograms[22]]),
    processOf('Node', '24.', [nodePrograms[24]]),
    processOf('Node', '26.', [nodePrograms[26]]),
    processOf('Deno', '2.', [join(modules, '.bin', 'deno'), ...denoFlags]),
    processOf('Bun', '1.', [join(modules, '.bin', 'bun')]),
    { name: 'workerd', major: '1.', run: runInWorkerd },
    browser(),
  ];
}

function processOf(name: string, major: string, command: readonly [string, ...string[]]): Runtime {
  if (!existsSync(command[0])) return { name, major };
  return { name, major, run: (place, signal) => runInProcess(command, place, signal) };
}

function browser(): Runtime {
  const { path, args } = chromium();
  const runtime = { name: 'Chromium', major: '' };
  if (path === undefined) return runtime;
  return { ...runtime, run: (place, signal) => runInChromium(path, args, place, signal) };
}
