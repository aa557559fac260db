// Settles what came of runs, many in one statement: what comes while a settle is under way goes together with the next. Each caller is told of its
// own. What Postgres may take a little later is sent again; what it refuses for good harms nobody else of its batch.

import type { Store } from "../store/connection.js";
import { type LogLine, writeLog } from "../store/postgres.js";
import { type Outcome, settleRuns } from "../store/work.js";
import { landing, type Patience } from "./patience.js";

/** An error where Postgres refuses it for good. */
export type Answer = "landed" | "overtaken" | Error;

export interface Settler {
  settle(outcome: Outcome, line: LogLine | null): Promise<Answer>;
}

export interface SettlerOptions {
  readonly store: Store;
  readonly actor: string;
  /** How long ended runs are kept, for the partitions of the archive. */
  readonly keeps: readonly string[];
  readonly patience: Patience;
}

/** So many at once at most, for one statement to stay within what others can bear to wait for. */
const batchMax = 500;

/** So often many are sent at once where that may be too much; then they go one by one. */
const triesOfMany = 3;

/** So many at once under way: one is sent while another is written to the disk. */
const flightsMax = 2;

interface Waiting {
  readonly outcome: Outcome;
  readonly line: LogLine | null;
  readonly tell: (answer: Answer) => void;
}

export function createSettler({ store, actor, keeps, patience }: SettlerOptions): Settler {
  let waiting: Waiting[] = [];
  let flights = 0;
  let isScheduled = false;
  return {
    settle: (outcome, line) =>
      new Promise((tell) => {
        waiting.push({ outcome, line, tell });
        if (isScheduled) return;
        isScheduled = true;
        // What is done in the same turn of the loop goes together.
        setImmediate(send);
      }),
  };

  function send(): void {
    isScheduled = false;
    while (flights < flightsMax && waiting.length > 0) {
      const { batch, later } = parted(waiting);
      waiting = later;
      flights += 1;
      void deliver(batch);
      // Another flight is worth its round trip only where much waits.
      if (waiting.length < batchMax) return;
    }
  }

  async function deliver(batch: readonly Waiting[]): Promise<void> {
    const answers = await settled(batch.map(({ outcome }) => outcome));
    const lines = batch.flatMap(({ outcome, line }) => (line !== null && answers.get(outcome.id) === "landed" ? [line] : []));
    // A log that cannot be written harms no run.
    if (lines.length > 0) await writeLog(store, lines).catch(() => {});
    flights -= 1;
    for (const { outcome, tell } of batch) tell(answers.get(outcome.id) ?? "overtaken");
    if (waiting.length > 0) send();
  }

  /** Who is not in the answer was overtaken. */
  async function settled(batch: readonly Outcome[]): Promise<ReadonlyMap<string, Answer>> {
    try {
      const tries = batch.length > 1 ? { tries: triesOfMany } : {};
      const landed = await landing({ store, patience, keeps, outcomes: batch, ...tries }, () => settleRuns(store, batch, actor));
      return new Map(landed.map((id) => [id, "landed"]));
    } catch (error) {
      return refused(batch, error);
    }
  }

  /** One by one, so that what is bad is alone with it. */
  async function refused(batch: readonly Outcome[], error: unknown): Promise<ReadonlyMap<string, Answer>> {
    const [only] = batch;
    if (batch.length <= 1 || patience.hasEnded) return new Map(only ? [[only.id, error instanceof Error ? error : new Error(String(error))]] : []);
    const answers = new Map<string, Answer>();
    for (const outcome of batch) for (const [id, answer] of await settled([outcome])) answers.set(id, answer);
    return answers;
  }
}

/** Neither two outcomes of one run nor a run and the one that started it are ever in one batch. */
function parted(waiting: readonly Waiting[]): { readonly batch: readonly Waiting[]; readonly later: Waiting[] } {
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  const [ids, parents] = [new Set<string>(), new Set<string>()];
  for (const one of waiting) {
    const { id, parentTaskId } = one.outcome;
    if (batch.length >= batchMax || ids.has(id) || parents.has(id) || (parentTaskId !== null && ids.has(parentTaskId))) later.push(one);
    else {
      batch.push(one);
      ids.add(id);
      if (parentTaskId !== null) parents.add(parentTaskId);
    }
  }
  return { batch, later };
}
