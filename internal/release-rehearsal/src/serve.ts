/** `pnpm run registry`: what is committed, on a registry on loopback, to be installed by hand. Until it is interrupted. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkOut } from './checkout.ts';
import { startRegistry } from './registry.ts';
import { scopeOf } from './workspace.ts';

const directory = mkdtempSync(join(tmpdir(), 'registry-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
mkdirSync(join(directory, 'checkout'));

await using registry = await startRegistry(join(directory, 'registry'));
process.stdout.write('Packing and publishing what is committed …\n');
const checkout = await checkOut(join(directory, 'checkout'), registry);
await checkout.version();
await checkout.publish();
const manifests = checkout.manifests();
const [first] = manifests;
process.stdout.write(`
${manifests.map(({ name, version }) => `${name}@${version}`).join('\n')}

In the project that is to use them:
  npm config set ${first === undefined ? '@auth' : scopeOf(first)}:registry ${registry.url} --location project
Ctrl-C ends the registry.
`);
await interrupted;
