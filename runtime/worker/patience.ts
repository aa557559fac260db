// How a worker meets a database that is away, full or overloaded for a while: it sends again, and says so where that lasts.

import { promises as timers } from "node:timers";
import { codeOf, isConnectionLost, isPassing, isTooMuch, type Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { type Outcome, readLanded } from "../store/work.js";

/** What lasts no longer than this is told to nobody. */
const quietMs = 2_000;

/** While it lasts it is told so often. */
const tellEveryMs = 60_000;

/** So often at most is sent what may be too much at once. */
const triesMax = 10;

/** What people can do about it, by the code of the system or of Postgres. */
const remedies: ReadonlyMap<string, string> = new Map([
  ["53100", "Make room on the disk of the database."],
  ["53300", "It has no connection left: raise its max_connections, or stop some of those who are connected."],
  ["25006", "It takes no writes: if it became a replica, name its primary."],
  ["57014", "Something cancels what it is sent: raise its statement_timeout."],
  ["ECONNREFUSED", "Nothing answers at its host and port: start it."],
  ["ENOTFOUND", "There is no such host: see to its address."],
]);

/** A place where something is sent again and again: it meets trouble, or all is well. */
export interface Watch {
  met(error: unknown): void;
  well(): void;
}

/** Sends again what may go well a little later, until it does or the worker gives up. */
export class Patience {
  readonly #tell: (message: string) => void;
  #toldAt = -Infinity;
  #hasEnded = false;

  /** It is told what keeps the worker from going on, and that it goes on, in a sentence for people. */
  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Nothing is sent again from now on. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Throws what will not pass, and, after so many tries, what may be too much at once. */
  async insist<T>(send: () => Promise<T>, tries: number = triesMax): Promise<T> {
    const watch = this.watch();
    for (let [pauseMs, left] = [5, tries]; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        const answer = await send();
        watch.well();
        return answer;
      } catch (error) {
        if (isTooMuch(error)) left -= 1;
        if (this.#hasEnded || !isPassing(error) || left <= 0) throw error;
        watch.met(error);
        await timers.setTimeout(pauseMs);
      }
    }
  }

  /** Whoever tells says also when it is over; in between one of all of them is enough. */
  watch(): Watch {
    let since: number | null = null;
    let hasTold = false;
    return {
      met: (error) => {
        const now = performance.now();
        since ??= now;
        if (now - since < quietMs || now - this.#toldAt < tellEveryMs) return;
        this.#toldAt = now;
        hasTold = true;
        const why = error instanceof Error && error.message !== "" ? error.message : String(codeOf(error) ?? error);
        const remedy = remedies.get(codeOf(error) ?? "");
        const next = `${remedy === undefined ? "" : `${remedy} `}It is sent again until it is taken; nothing is lost.`;
        this.#tell(`For ${Math.round((now - since) / 1_000)} s Postgres has not taken what this worker sends: ${why}. ${next}`);
      },
      well: () => {
        since = null;
        if (!hasTold) return;
        hasTold = false;
        this.#toldAt = -Infinity;
        this.#tell("Postgres takes what this worker sends again.");
      },
    };
  }
}

/** Outcomes on their way, and where they go. */
export interface Sending {
  readonly store: Store;
  readonly patience: Patience;
  /** How long ended runs are kept, for the partitions of the archive. */
  readonly keeps: readonly string[];
  readonly outcomes: readonly Outcome[];
  /** How often what may be too much at once is sent. */
  readonly tries?: number;
}

/**
 * Sends outcomes until Postgres answers, and gives the ids of those that landed. Where an answer was lost the log is asked: after it was sent again,
 * which has waited for the one that Postgres may have had in hand still.
 */
export function landing({ store, patience, keeps, outcomes, tries }: Sending, send: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let mayHaveLanded = false;
  return patience.insist(async () => {
    const landed = await withPartitions(store, send, keeps).catch((error: unknown) => {
      mayHaveLanded ||= isConnectionLost(error);
      throw error;
    });
    return mayHaveLanded && landed.length < outcomes.length ? [...landed, ...(await readLanded(store, outcomes))] : landed;
  }, tries);
}
