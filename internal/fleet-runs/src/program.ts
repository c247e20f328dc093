import type { FleetCommand, FleetMessage, FleetOptions, FleetReport } from './messages.ts';
import { nothing } from './report.ts';

/** What a program of a fleet was started with. */
export const options = JSON.parse(process.argv[2] ?? '') as FleetOptions;

/** Tells the parent that the program is ready, and answers it from then on. `open` asks for all accounts, so many at once. */
export function serve(report: () => Partial<FleetReport>, open?: (atOnce: number) => Promise<void>): void {
  process.on('message', async (command: FleetCommand) => {
    if (command.do === 'report')
      return tell({ say: 'report', report: { ...nothing, ...report(), ...usage() } });
    await open?.(command.atOnce);
    tell({ say: 'done' });
  });
  process.on('disconnect', () => process.exit());
  tell({ say: 'ready' });
}

function tell(message: FleetMessage): void {
  process.send?.(message);
}

/** What this process has used. */
function usage(): Pick<FleetReport, 'cpuMs' | 'peakMiB'> {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, peakMiB: process.resourceUsage().maxRSS / 1_024 };
}
