import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { runProgram, startServer } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'programs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, source: string): URL {
  writeFileSync(join(folder, name), source);
  return pathToFileURL(join(folder, name));
}

test('a program sees its own environment only, and leaves output and exit code', async () => {
  const source = `
    process.stdout.write(JSON.stringify([process.env.NAME, process.env.PATH]));
    process.stderr.write('a warning');
    process.exitCode = 3;
  `;
  const ended = await runProgram(program('ended.mjs', source), { NAME: 'ada' });
  expect(ended).toEqual({ exitCode: 3, stdout: '["ada",null]', stderr: 'a warning' });
});

test('a server that prints its URL runs until it is stopped', async () => {
  const source = `
    import { createServer } from 'node:http';
    const server = createServer((_, response) => response.end('hello'));
    server.listen(0, '127.0.0.1', () => console.log(\`http://127.0.0.1:\${server.address().port} is open\`));
    process.once('SIGTERM', () => process.exit(0));
  `;
  const server = await startServer(program('server.mjs', source), {});
  expect(await (await fetch(server.url)).text()).toBe('hello');
  expect(await server.stop()).toBe(0);
});

test('a server that ends before it prints a URL is an error with its output', async () => {
  const source = `process.stderr.write('no port'); process.exitCode = 1;`;
  await expect(startServer(program('broken.mjs', source), {})).rejects.toThrow('no port');
});
