import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { published, readmeBlocks, Workbench } from './workbench.js';

const run = promisify(execFile);
const blocks = readmeBlocks();
let bench: Workbench;

beforeAll(() => {
  bench = new Workbench();
  for (const { name, code } of blocks) bench.write(`readme-${name}.ts`, code);
  bench.copy('examples/custom-provider/src/warehouse.ts', 'warehouse.ts');
  bench.copy('examples/custom-store/src/sqlite-store.ts', 'sqlite-store.ts');
  bench.write('setup.ts', setup);
}, 60_000);

afterAll(() => bench[Symbol.dispose]());

/** Lets a README's example find its vendor: the emulator answers the real hosts. */
const setup = `
import { createEmulator } from '@auth/testing/emulator';
const emulator = createEmulator();
const real = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : String(input));
  return hostname === '127.0.0.1' ? real(input, init) : emulator.fetch(input, init);
};
const { username, password, clientId, clientSecret } = emulator.joor.options;
Object.assign(process.env, { JOOR_CLIENT_ID: clientId, JOOR_CLIENT_SECRET: clientSecret });
for (const vendor of ['JOOR', 'TELETRACKER', 'SIMACAN', 'UNIPOLL']) {
  Object.assign(process.env, { [vendor + '_USERNAME']: username, [vendor + '_PASSWORD']: password });
}
process.env['UNIPOLL_URL'] = emulator.jwtLogin.options.baseUrl;
`;

describe.each(['5.9', '6', '7'])(
  'TypeScript %s',
  (version) => {
    test.each([
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ])('module %s, resolution %s: examples and READMEs compile', async (module, moduleResolution) => {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2023',
        lib: ['es2023', 'dom', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        noEmit: true,
      };
      bench.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }));
      expect(await compile(version, 'tsconfig.json')).toBe('');
    });

    test('declarations stand on their own, with the types of Node and no DOM', async () => {
      const compilerOptions = {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        skipLibCheck: false,
        noEmit: true,
      };
      const files = ['warehouse.ts', 'readme-joor-1.ts'];
      bench.write('strict.json', JSON.stringify({ compilerOptions, files }));
      expect(await compile(version, 'strict.json')).toBe('');
    });
  },
  60_000,
);

/** What the compiler of that version has to say. */
async function compile(version: string, project: string): Promise<string> {
  const tsc = join(import.meta.dirname, '..', 'node_modules', `typescript-${version}`, 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', join(bench.directory, project)]).catch(
    (error) => error,
  );
  return stdout;
}

test.each(blocks.filter(({ runs }) => runs))('the README example $name runs', async ({ name }) => {
  const args = ['--import', './setup.ts', `readme-${name}.ts`];
  const { stdout } = await run(process.execPath, args, { cwd: bench.directory });
  expect(stdout.trim()).not.toBe('');
});

test('every published package has a README with an example that runs', () => {
  const withExample = new Set(blocks.filter(({ runs }) => runs).map(({ name }) => name.replace(/-\d+$/, '')));
  expect([...withExample].sort()).toEqual([...published, 'project'].sort());
});
