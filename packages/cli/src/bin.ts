#!/usr/bin/env -S node --
import { enableCompileCache } from 'node:module';

// Without the `--` above, Node would take `--env-file` for an option of its own.
// The next start need not compile again. Node 22.12 and later have it.
enableCompileCache();
const { run } = await import('./program.js');
await run(process.argv.slice(2));
