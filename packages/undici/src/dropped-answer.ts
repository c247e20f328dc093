import type { Dispatcher } from 'undici';

/** Up to this many bytes of an answer are read, to keep its connection … */
const maxBytes = 65_536;
/** … within this time; a longer answer is aborted. */
const maxMs = 100;

/** An answer whose body nobody wants: it is read to keep the connection, if it is short. */
export class DroppedAnswer {
  readonly controller: Dispatcher.DispatchController;
  readonly #abort: Dispatcher.DispatchController['abort'];
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;

  constructor(controller: Dispatcher.DispatchController, abort: Dispatcher.DispatchController['abort']) {
    this.controller = controller;
    this.#abort = abort;
    this.#timer = setTimeout(() => this.#end(), maxMs);
  }

  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) this.#end();
  }

  ended(): void {
    clearTimeout(this.#timer);
  }

  #end(): void {
    this.#abort(new Error('a refusal without end'));
  }
}
