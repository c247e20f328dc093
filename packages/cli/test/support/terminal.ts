import { execFileSync } from 'node:child_process';
import { expectInstalled } from '@internal/test-tools';
import { expect, vi } from 'vitest';

/** Debian's tmux: a terminal for programs that want one. */
export const hasTmux: boolean =
  expectInstalled(['tmux'], 'tests at a terminal', 'apt-get install -y tmux').path !== undefined;

/** A terminal of 80 columns, and a program in it. */
export class Terminal implements AsyncDisposable {
  readonly #server = `auth-${crypto.randomUUID()}`;

  constructor(command: readonly string[], { cwd, env }: { cwd: string; env: Record<string, string> }) {
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const session = ['new-session', '-d', '-x', '80', '-y', '24', '-c', cwd, ...variables];
    this.#tmux(['-f', '/dev/null', ...session, '--', ...command], env);
  }

  /** Types text, or presses a key such as `Enter`, `Tab` or `C-c`. */
  type(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys]);
  }

  /** What stands on the screen. */
  screen(): string {
    return this.#tmux(['capture-pane', '-p']).trimEnd();
  }

  /** Waits until the screen shows something. */
  shows(what: RegExp): Promise<string> {
    return vi.waitFor(() => {
      const screen = this.screen();
      if (!what.test(screen)) throw new Error(`the screen shows no ${what}:\n${screen}`);
      return screen;
    }, 10_000);
  }

  /** Ends the program as a closed window does, and waits for it: shells write their history then. */
  async [Symbol.asyncDispose](): Promise<void> {
    const program = Number(this.#tmux(['display-message', '-p', '#{pane_pid}']));
    this.#tmux(['kill-server']);
    await vi.waitFor(() => expect(() => process.kill(program, 0)).toThrow('ESRCH'), 5_000);
  }

  #tmux(args: readonly string[], env: Record<string, string> = {}): string {
    const { PATH = '' } = process.env;
    return execFileSync('tmux', ['-L', this.#server, ...args], {
      encoding: 'utf8',
      env: { PATH, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color', ...env },
    });
  }
}
