import { execFile } from 'node:child_process';

/** The folder and the environment that a command runs in. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How a command ended. */
export interface Ended {
  readonly succeeded: boolean;
  readonly stdout: string;
  /** Standard output and error together, for people to read. */
  readonly output: string;
}

const timeoutMs = 180_000;

/** Runs a command to its end, whether it succeeds or fails. */
export function attempt(command: readonly string[], { cwd, env }: Surroundings): Promise<Ended> {
  const [file, ...args] = command as [string, ...string[]];
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: timeoutMs, maxBuffer: 64 * 2 ** 20 };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const output = `${stdout}\n${stderr}`.trim() || String(error?.message ?? '');
      resolve({ succeeded: error === null, stdout, output });
    });
    // A command that asks a question finds its input closed, and ends.
    child.stdin?.end();
  });
}

/** Runs a command that must succeed, and returns its standard output. @throws Error with its output */
export async function run(command: readonly string[], surroundings: Surroundings): Promise<string> {
  const { succeeded, stdout, output } = await attempt(command, surroundings);
  if (!succeeded) throw new Error(`${command.join(' ')}\n${output}`);
  return stdout;
}

/** This process's environment without the variables of the package manager that started it. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(
    (name) => !/^(npm|pnpm|yarn|bun|deno|turbo)_|^INIT_CWD$/i.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
