// Tells one call of a handler to end: its deadline is over, the lease is lost, somebody else moved the run, the worker stops. The signal is made
// when it is asked for first, since most handlers never ask.

import type { PlinyError } from "../errors.js";

export class Interrupt {
  #controller: AbortController | null = null;
  #reason: PlinyError | null = null;
  #listener: () => void = () => {};

  /** Why it was told to end; null while it was not. */
  get reason(): PlinyError | null {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The first reason stands. */
  abort(reason: PlinyError): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#listener();
  }

  /** Called once, at the abort, or at once where that was before. */
  onAbort(listener: () => void): void {
    this.#listener = listener;
    if (this.#reason !== null) listener();
  }
}
