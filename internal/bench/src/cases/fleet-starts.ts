/** A rate that workers share, the start of programs, and a Redis restarted under their sessions. Eight minutes. */
import { type AppStart, measureAppStarts } from '@internal/fleet-runs/app-starts';
import { measureRate } from '@internal/fleet-runs/rate';
import { measureReconnect } from '@internal/fleet-runs/reconnect';
import { atMost, type CaseResult, type Row, round } from '../result.ts';

const workers = 8;

export async function run(): Promise<CaseResult[]> {
  return [await programStarts(), await redisRestarted(), await rates()];
}

async function programStarts(): Promise<CaseResult> {
  const { cold, stored } = await measureAppStarts(8, 10_000, 64);
  const { cold: allAtOnce } = await measureAppStarts(8, 10_000, 10_000);
  const row = (name: string, start: AppStart): Row => ({
    name,
    isOurs: true,
    values: [round(start.tookMs / 1_000, 1), round(start.commandsPerAccount, 1), start.logins, start.failed],
  });
  return {
    title: 'Programs that start with ten thousand accounts',
    about: [
      'Eight programs on one Redis open a session for each of 10,000 accounts, 64 at a time in an order of their own, and ask each for a token: where nobody has logged in, and where every token is stored; then where nobody has logged in and each asks for all at once. Commands that they send to Redis, of all programs together.',
    ],
    columns: ['seconds', 'commands an account', 'logins', 'failures'],
    rows: [
      row('nobody has logged in', cold),
      row('every token is stored', stored),
      row('nobody has logged in, all at once', allAtOnce),
    ],
    targets: [
      atMost('start of eight programs on 10,000 accounts, cold', cold.tookMs / 1_000, 10, ' s', 1),
      atMost('… with stored tokens', stored.tookMs / 1_000, 3, ' s', 1),
      atMost('… commands an account, cold', cold.commandsPerAccount, 12, '', 1),
      atMost('… with stored tokens', stored.commandsPerAccount, 4, '', 1),
    ],
  };
}

async function redisRestarted(): Promise<CaseResult> {
  const { sessions, asDueMs, withoutRenewalMs, logins } = await measureReconnect(8, 40_000);
  return {
    title: 'Redis restarted under many sessions',
    about: [
      `Eight programs with ${thousands(sessions)} open sessions renew their tokens. Redis is killed, and started again with its data after two seconds: when there are as many renewals a second as the lives ask for, and the longest time without one in half a minute.`,
    ],
    columns: ['sessions', 'ms to the rate of the lives', 'ms without a renewal', 'logins'],
    rows: [
      {
        name: '@auth/store-redis',
        isOurs: true,
        values: [sessions, round(asDueMs, 0), round(withoutRenewalMs, 0), logins],
      },
    ],
    targets: [
      atMost(
        'Redis restarted under 320,000 sessions, without a renewal',
        withoutRenewalMs / 1_000,
        5,
        ' s',
        1,
      ),
    ],
  };
}

async function rates(): Promise<CaseResult> {
  const rate = await measureRate(workers, 50);
  return {
    title: 'A rate that workers share',
    about: [
      'Eight workers on BullMQ with `perIssuer: 50`. All accounts log in at once; then half of the rate would do for their renewals, and for two lives of a minute the ledger looks for accounts without a living token; then the auth server goes away for 20 seconds. Token calls in the busiest second of the clock.',
    ],
    columns: ['logins a second', 'busiest second', 'accounts that lapsed', 'busiest second, server away'],
    rows: [
      {
        name: 'perIssuer: 50',
        isOurs: true,
        values: [round(rate.perSecond, 0), rate.mostInASecond, rate.lapsed, rate.mostInASecondAway],
      },
    ],
    targets: [
      atMost('a cap of 50 a second, eight workers: the busiest second', rate.mostInASecond, 55, '', 0),
      atMost('… accounts without a living token, half of the rate needed', rate.lapsed, 0, '', 0),
      atMost('… the busiest second while the server is away', rate.mostInASecondAway, 2, ' calls', 0),
    ],
  };
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}
