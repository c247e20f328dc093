import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A process of a fleet: it is asked one thing at a time. */
export class Child<Command, Message extends { readonly say: string }> {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;

  /** @param nodeOptions such as `--max-old-space-size=40` */
  constructor(program: string, args: readonly string[], nodeOptions: readonly string[] = []) {
    this.#process = fork(join(import.meta.dirname, '..', 'dist', program), [...args], {
      execArgv: [...nodeOptions],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#ended = new Promise((resolve) => this.#process.once('exit', () => resolve()));
  }

  /** The next message. @throws Error when the process ends before that */
  async heard(): Promise<Message> {
    const said = new Promise<Message>((resolve) =>
      this.#process.once('message', (message) => resolve(message as Message)),
    );
    const over = this.#ended.then(() => {
      throw new Error('the process ended');
    });
    return Promise.race([said, over]);
  }

  async ask(command: Command): Promise<Message> {
    const heard = this.heard();
    this.#process.send(command as object);
    return heard;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}
