import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The program's whole environment: it gets none of the machine's variables. */
type Environment = Readonly<Record<string, string>>;

/** A program's exit code and output. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a Node program to its end. */
export function runProgram(program: URL, environment: Environment): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [fileURLToPath(program)],
      { env: environment },
      (_, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** A server in a separate process. */
export interface ServerProcess {
  /** The first URL that it printed. */
  readonly url: string;
  /** Asks it to end, as an orchestrator would. Returns its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a Node program that prints the URL it listens on. @throws Error if the program ends before that */
export async function startServer(program: URL, environment: Environment): Promise<ServerProcess> {
  const child = spawn(process.execPath, [fileURLToPath(program)], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    await ended;
    return child.exitCode;
  };
  return { url: await firstUrl(child), stop };
}

/** Reads both outputs to the end, because a pipe that nobody empties blocks the program. */
function firstUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    const [url] = /http:\/\/\S+(?=\s)/.exec(stdout) ?? [];
    if (url !== undefined) resolve(url);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.once('close', () => reject(new Error(`it ended without printing a URL:\n${stdout}${stderr}`)));
  return promise;
}
