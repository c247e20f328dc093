import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

describe.concurrent('auth-emulator', () => {
  const bin = fileURLToPath(new URL('../dist/emulator/bin.js', import.meta.url));

  test('prints its URLs and credentials, answers, and ends on a signal', async () => {
    const child = spawn(process.execPath, [bin], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    try {
      const lines: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        lines.push(line);
        if (line.startsWith('Ctrl-C')) break;
      }
      const url = /http:\S+/.exec(lines[0] as string)?.[0] as string;
      expect(lines.join('\n')).toContain('ada@example.com / correct-horse');
      expect((await fetch(url)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exited).toEqual([0, null]);
  });

  test.each([
    [['--port', 'x'], 2],
    [['--prot', '0'], 2],
    [['--port'], 2],
    [['--help'], 0],
  ])('%j exits with %i', async (args, expected) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    expect(code).toBe(expected);
  });
});
