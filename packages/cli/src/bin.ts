#!/usr/bin/env -S node --
// Without the `--` above, Node would take `--env-file` for an option of its own.
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

// Relative, it would put tokens into whatever folder this is started in.
if (!isAbsolute(homedir())) process.env['HOME'] = userInfo().homedir;
const { default: envPaths } = await import('env-paths');
// The next start need not compile again. Node's own default is a folder that all users share: what lies there is run.
const { cache } = envPaths('auth-cli', { suffix: '' });
try {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  enableCompileCache(cache);
} catch {
  // Without it the next start takes longer.
}
// Node would open its debugger on a port that every user of the machine reaches.
process.on('SIGUSR1', () => {});
const { run } = await import('./program.js');
await run(process.argv.slice(2));
