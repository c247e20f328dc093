import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Runtime } from './runtimes.ts';
import type { Place } from './suite/place.ts';
import type { Report } from './suite/report.ts';

/** The outcome of the suite in one runtime. */
export interface Outcome {
  readonly runtime: Runtime;
  readonly report?: Report;
  /** Why there is no report, although the runtime is installed. */
  readonly problem?: string;
}

const patienceMs = 60_000;

/** Runs the suite in a runtime, against servers of its own. */
export async function runRuntime(runtime: Runtime): Promise<Outcome> {
  if (runtime.run === undefined) return { runtime };
  const servers = fork(join(import.meta.dirname, 'emulator-process.ts'));
  try {
    const [place] = (await once(servers, 'message')) as [Place];
    const report = await runtime.run(place, AbortSignal.timeout(patienceMs));
    const { version = '' } = report;
    if (version.startsWith(runtime.major)) return { runtime, report };
    return { runtime, problem: `is ${version}, where ${runtime.major}x was expected` };
  } catch (error) {
    return { runtime, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    if (servers.connected) servers.disconnect();
  }
}
