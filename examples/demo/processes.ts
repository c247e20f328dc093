import { race, temporaryPlace } from '@internal/process-races';
import { isRedisInstalled } from '@internal/test-tools';
import type { Row } from './table.ts';

const processes = 8;

/** Eight real processes meet an expired token at the same instant, on each store that processes can share. */
export async function processRows(): Promise<Row[]> {
  const rows = [await rowOn('file')];
  if (isRedisInstalled()) rows.push(await rowOn('redis'));
  return rows;
}

async function rowOn(kind: 'file' | 'redis'): Promise<Row> {
  await using temporary = await temporaryPlace(kind);
  const { exchanges, logins, failures, lost, durationsMs } = await race(temporary, {
    processes,
    rounds: 1,
  });
  const kept = lost === 0 ? 'the newest pair is stored' : 'the newest pair is LOST';
  return {
    package: `@auth/store-${kind}`,
    step: `${processes} processes, token expired`,
    happened: `${processes - failures} of ${processes} calls answered, ${kept}`,
    saw: logins === 0 && exchanges === 1 ? '1 refresh' : `${exchanges} calls, ${logins} of them logins`,
    expected: '1 refresh',
    durationMs: durationsMs[0] ?? 0,
  };
}
