import type { RefreshScheduler, RefreshTask } from '@auth/core';

/** A scheduler whose tasks run when a test says so. */
export interface ManualScheduler extends RefreshScheduler {
  /** The pending tasks, soonest first. */
  readonly tasks: readonly RefreshTask[];
  /** Runs all tasks that are due at `now`, in epoch milliseconds, and waits for them. */
  runDue(now: number): Promise<void>;
}

export function manualScheduler(): ManualScheduler {
  const byKey = new Map<string, RefreshTask>();
  return {
    get tasks() {
      return [...byKey.values()].sort((left, right) => left.at - right.at);
    },
    schedule(task) {
      byKey.set(task.key, task);
      return () => {
        if (byKey.get(task.key) === task) byKey.delete(task.key);
      };
    },
    async runDue(now) {
      for (const task of this.tasks.filter(({ at }) => at <= now)) {
        byKey.delete(task.key);
        await task.run();
      }
    },
  };
}
