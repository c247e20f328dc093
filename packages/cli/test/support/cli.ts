import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RunningEmulator } from '@auth/testing/emulator';

export const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

/** How a run of the program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A person's home, and an account at an emulated JOOR by environment variables. */
export class Home implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'auth-home-'));
  /** The whole environment of the program. */
  readonly env: Record<string, string>;

  constructor(emulator?: RunningEmulator, changes: Readonly<Record<string, string>> = {}) {
    this.env = {
      HOME: this.path,
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
      ...(emulator && joorVariables(emulator)),
      ...changes,
    };
  }

  /** Runs the program to its end. */
  async run(
    args: readonly string[],
    { input = '', env = {}, cwd = this.path }: RunOptions = {},
  ): Promise<Ended> {
    const program = this.start(args, { env: { ...this.env, ...env }, cwd });
    program.stdin?.on('error', () => {}).end(input);
    const [stdout, stderr, [code]] = await Promise.all([
      text(program.stdout as Readable),
      text(program.stderr as Readable),
      once(program, 'close') as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  }

  start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn(process.execPath, ['--', bin, ...args], { cwd: this.path, env: this.env, ...options });
  }

  /** The PATH of a shell in which the program is `auth`. */
  pathWithProgram(): string {
    const programs = join(this.path, 'bin');
    mkdirSync(programs, { recursive: true });
    const script = `#!/bin/sh\nexec '${process.execPath}' -- '${bin}' "$@"\n`;
    writeFileSync(join(programs, 'auth'), script, { mode: 0o755 });
    return `${programs}:${this.env['PATH']}`;
  }

  /** Starts the program and waits for its first lines. */
  async listening(args: readonly string[], lines = 1): Promise<Running> {
    const program = this.start(args);
    let output = '';
    for await (const chunk of (program.stdout as Readable).setEncoding('utf8')) {
      output += chunk;
      if (output.split('\n').length > lines) break;
    }
    return new Running(program, output.trim().split('\n'));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** A program that goes on until it is stopped. */
export class Running implements AsyncDisposable {
  readonly program: ChildProcess;
  readonly lines: readonly string[];

  constructor(program: ChildProcess, lines: readonly string[]) {
    this.program = program;
    this.lines = lines;
  }

  async stop(): Promise<number | null> {
    if (this.program.exitCode !== null) return this.program.exitCode;
    const ended = once(this.program, 'exit');
    this.program.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function joorVariables({ joor }: RunningEmulator): Record<string, string> {
  const { baseUrl, username, password, clientId, clientSecret } = joor.options;
  return {
    JOOR_BASE_URL: baseUrl,
    JOOR_USERNAME: username,
    JOOR_PASSWORD: password,
    JOOR_CLIENT_ID: clientId,
    JOOR_CLIENT_SECRET: clientSecret,
  };
}
