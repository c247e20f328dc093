import { join } from 'node:path';
import { build } from 'rolldown';

/** Bundles an entry and the built packages into one file, as a user's bundler does. */
export async function bundle(entry: string): Promise<string> {
  const { output } = await build({
    input: join(import.meta.dirname, 'entries', entry),
    platform: 'browser',
    write: false,
    logLevel: 'warn',
    output: { codeSplitting: false },
  });
  return output[0].code;
}
