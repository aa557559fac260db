// How a worker meets a database that is away for a while.

import { isPassing } from "../store/connection.js";

/** Sends again what may go well a little later, until it does or the worker gives up. */
export class Patience {
  #hasEnded = false;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Nothing is sent again from now on. */
  end(): void {
    this.#hasEnded = true;
  }

  async insist<T>(send: () => Promise<T>): Promise<T> {
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        return await send();
      } catch (error) {
        if (this.#hasEnded || !isPassing(error)) throw error;
        await pause(pauseMs);
      }
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
