import type { Dispatcher } from 'undici';

/** Up to this many bytes of an answer are read, to keep its connection … */
const maxBytes = 65_536;
/** … within this time; a longer answer is aborted. */
const maxMs = 100;

/** An answer whose body nobody wants: it is read to keep the connection, if it is short. */
export class DroppedAnswer {
  readonly controller: Dispatcher.DispatchController;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;

  constructor(controller: Dispatcher.DispatchController) {
    this.controller = controller;
    this.#timer = setTimeout(() => this.#abort(), maxMs);
  }

  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) this.#abort();
  }

  ended(): void {
    clearTimeout(this.#timer);
  }

  #abort(): void {
    this.controller.abort(new Error('a refusal without end'));
  }
}
