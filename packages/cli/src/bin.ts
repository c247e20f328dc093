#!/usr/bin/env -S node --
import { enableCompileCache } from 'node:module';
import envPaths from 'env-paths';

// Without the `--` above, Node would take `--env-file` for an option of its own.
// The next start need not compile again. Node's own default is a folder that all users share: what lies there is run.
enableCompileCache(envPaths('auth-cli', { suffix: '' }).cache);
// Node would open its debugger on a port that every user of the machine reaches.
process.on('SIGUSR1', () => {});
const { run } = await import('./program.js');
await run(process.argv.slice(2));
