/** @supabase/auth-js with its (deprecated) `lock` option on proper-lockfile. */
import { lock as acquire } from 'proper-lockfile';
import { run } from '../contender.ts';
import { supabase } from './supabase.ts';

await run(
  supabase(async (name, acquireTimeout, fn) => {
    const file = name.replace(/^lock:/, '');
    const retries = Math.ceil((acquireTimeout < 0 ? 60_000 : acquireTimeout) / 10);
    const release = await acquire(file, {
      realpath: false,
      retries: { retries, factor: 1, minTimeout: 10, maxTimeout: 10 },
    });
    try {
      return await fn();
    } finally {
      await release();
    }
  }),
);
