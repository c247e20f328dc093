import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Place } from './suite/place.ts';
import type { Report } from './suite/report.ts';

const entry = join(import.meta.dirname, 'entries', 'process.ts');

/** Runs the suite in a separate process, which must end by itself. */
export async function runInProcess(
  [program = '', ...args]: readonly string[],
  place: Place,
  signal: AbortSignal,
): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'runtimes-'));
  const child = spawn(program, [...args, entry, JSON.stringify(place), folder], {
    // A process group, which is killed as a whole: Deno's program starts another process.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (): void => {
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  signal.addEventListener('abort', end, { once: true });
  process.once('exit', end);
  try {
    const [output, complaints, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    if (signal.aborted) throw new Error(`did not end in time\n${output}${complaints}`);
    if (code !== 0) throw new Error(`ended with ${code}\n${complaints}`);
    return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as Report;
  } finally {
    signal.removeEventListener('abort', end);
    process.off('exit', end);
    end();
  }
}
