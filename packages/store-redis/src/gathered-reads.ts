import type { Connection } from './client.js';
import * as scripts from './scripts.js';

interface Read {
  readonly name: string;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** A script holds up everybody else's commands while it runs: it reads so many records at most. */
const readsAtOnce = 100;

const isOfSlots = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('CROSSSLOT');
const isAboutKeys = (error: unknown): boolean =>
  error instanceof Error && /^(CROSSSLOT|NOPERM)/.test(error.message);

/**
 * Reads that are asked for in the same turn of the event loop are one command: a program that starts with ten thousand
 * accounts, or hears of a thousand changes at once, does not send a command for each.
 */
export class GatheredReads {
  readonly #connection: Connection;
  #atOnce: number;
  #waiting: Read[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#atOnce = connection.isCluster ? 1 : readsAtOnce;
  }

  /** Resolves with the fields of the record, or nils; with a message where something else has the name. */
  read(name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#sendAll());
    });
  }

  #sendAll(): void {
    const reads = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < reads.length; from += this.#atOnce)
      void this.#send(reads.slice(from, from + this.#atOnce));
  }

  async #send(reads: readonly Read[]): Promise<void> {
    try {
      const names = reads.map(({ name }) => name);
      const replies = await this.#connection.run(scripts.read, names);
      if (!Array.isArray(replies)) throw new TypeError('the client gives replies of another shape');
      for (const [place, { resolve }] of reads.entries()) resolve(replies[place]);
    } catch (error) {
      if (reads.length === 1 || !isAboutKeys(error)) {
        for (const { reject } of reads) reject(error);
        return;
      }
      // A cluster behind one connection, or a user who may not read one of them: each of the others can be read.
      if (isOfSlots(error)) this.#atOnce = 1;
      for (const read of reads) void this.#send([read]);
    }
  }
}
