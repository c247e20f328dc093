/** Runs the main job of each provider on the emulator, and compares what the server saw with what it should. */

import { manualClock } from '@auth/testing/clock';
import { startEmulator } from '@auth/testing/emulator';
import { isRedisInstalled } from '@internal/test-tools';
import { type Contestant, contestantsOn } from './contestants.ts';
import { processRows } from './processes.ts';
import { printTable, type Row } from './table.ts';

const callers = 1_000;
const twentyHoursMs = 20 * 3_600_000;

/** Real requests on a manual clock, so that nobody waits an hour for a token to expire. */
const clock = manualClock(Date.now());
await using emulator = await startEmulator({ clock });

const rows: Row[] = [];
const contestants = contestantsOn(emulator);
// The first exchange loads modules, which must not count in the first provider's times.
await Promise.all(contestants.map(({ open }) => open({ clock }).getTokens()));
for (const contestant of contestants) {
  for (const step of stepsOf(contestant)) rows.push(await runStep(contestant, step));
}
rows.push(...(await processRows()));
printTable(rows);
const wrong = rows.filter(({ saw, expected }) => saw !== expected).length;
if (!isRedisInstalled()) {
  process.stdout.write(
    '\nThe row on Redis is left out: redis-server is not installed (apt-get install redis-server).\n',
  );
}
process.stdout.write('\nJOOR documents no refresh: it logs in again. Times are real, but no benchmark.\n');
process.stdout.write(`${rows.length - wrong} of ${rows.length} counts are as expected.\n`);
if (wrong > 0) process.exitCode = 1;

interface Step {
  readonly name: string;
  /** Returns what happened, in words. */
  act(): Promise<string>;
  readonly expected: string;
}

function stepsOf({ server, renewal, open }: Contestant): readonly Step[] {
  const session = open({ clock });
  const fromAll = async (target: typeof session): Promise<string> => {
    const calls = Array.from({ length: callers }, async () => (await target.fetch(server.apiUrl)).status);
    const answered = (await Promise.all(calls)).filter((status) => status === 200).length;
    return `${answered} of ${callers} calls answered`;
  };
  return [
    {
      name: 'log in, call the API',
      act: async () => `the API answered ${(await open({ clock }).fetch(server.apiUrl)).status}`,
      expected: '1 login',
    },
    { name: `${callers} callers without a token`, act: () => fromAll(session), expected: '1 login' },
    {
      name: 'the token expires',
      act: async () => {
        clock.jump(twentyHoursMs);
        return fromAll(session);
      },
      expected: `1 ${renewal}`,
    },
    {
      name: 'the token is revoked',
      act: async () => {
        server.revokeAccessTokens();
        return fromAll(session);
      },
      expected: `1 ${renewal}`,
    },
    {
      name: 'ten callers, wrong password',
      act: async () => {
        const mistaken = open({ clock, password: 'not-the-password' });
        const outcome = (work: Promise<unknown>): Promise<string> =>
          work.then(
            () => 'resolved',
            ({ code }: { code: string }) => code,
          );
        const first = await Promise.all(Array.from({ length: 10 }, () => outcome(mistaken.getTokens())));
        return `${[...new Set(first)].join(', ')}, then ${await outcome(mistaken.getTokens())}`;
      },
      expected: '1 login',
    },
  ];
}

async function runStep({ name, server }: Contestant, step: Step): Promise<Row> {
  server.ledger.clear();
  const startedAt = performance.now();
  const happened = await step.act();
  const durationMs = performance.now() - startedAt;
  const counts = { login: server.ledger.logins, refresh: server.ledger.refreshes };
  const saw = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([call, count]) => `${count} ${call}${count === 1 ? '' : call === 'login' ? 's' : 'es'}`);
  return {
    package: name,
    step: step.name,
    happened,
    saw: saw.join(', ') || 'none',
    expected: step.expected,
    durationMs,
  };
}
