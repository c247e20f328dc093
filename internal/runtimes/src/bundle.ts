import { join } from 'node:path';
import { build } from 'rolldown';

/** An entry and the built packages in one file, as a user's bundler makes it of them. */
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
