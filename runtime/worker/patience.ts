// How a worker meets a database that is away for a while.

import { promises as timers } from "node:timers";
import { isConnectionLost, isPassing, type Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { type Outcome, readLanded } from "../store/work.js";

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
        await timers.setTimeout(pauseMs);
      }
    }
  }
}

/** Outcomes on their way, and where they go. */
export interface Sending {
  readonly store: Store;
  readonly patience: Patience;
  /** How long ended runs are kept, for the partitions of the archive. */
  readonly keeps: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/**
 * Sends outcomes until Postgres answers, and gives the ids of those that landed. Where an answer was lost the log is asked: after it was sent again,
 * which has waited for the one that Postgres may have had in hand still.
 */
export function landing({ store, patience, keeps, outcomes }: Sending, send: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let mayHaveLanded = false;
  return patience.insist(async () => {
    const landed = await withPartitions(store, send, keeps).catch((error: unknown) => {
      mayHaveLanded ||= isConnectionLost(error);
      throw error;
    });
    return mayHaveLanded && landed.length < outcomes.length ? [...landed, ...(await readLanded(store, outcomes))] : landed;
  });
}
