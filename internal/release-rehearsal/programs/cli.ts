import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('bin.js', import.meta.resolve('@auth/cli')));
const env = { HOME: process.cwd(), JOOR_USERNAME: 'ada' };
const listed = execFileSync(process.execPath, [program, 'list'], { env, encoding: 'utf8' });
if (listed !== 'joor\n') throw new Error(`auth list printed ${listed}`);
