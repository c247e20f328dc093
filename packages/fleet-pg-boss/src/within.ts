import { systemClock, withDeadline } from '@auth/core';

/** @throws Error `ETIMEDOUT` where it has not ended by then: a connection may be dead without a word */
export function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const late = (): Error => Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
  return withDeadline(systemClock, limitMs, late, work);
}
