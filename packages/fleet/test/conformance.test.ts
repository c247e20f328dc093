import { queueSuite } from '@auth/testing/conformance';
import { describe, test } from 'vitest';
import { inProcessQueue } from '../src/index.js';

describe.concurrent('inProcessQueue', () => {
  queueSuite(
    test,
    () => {
      const queue = inProcessQueue();
      // Programs of one process share the queue.
      return () => queue;
    },
    { lateMs: 100 },
  );
});
