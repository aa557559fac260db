// Work over all rows of a table, batch by batch: resumable wherever it is cut off, no faster than is asked, and beside live writers, since each
// row is written only as it was read.

/** How far it is. */
export interface Progress {
  readonly table: string;
  readonly done: number;
  /** Another write came first, and the row is looked at again. */
  readonly retried: number;
  /** Rows that could not be done, and why. */
  readonly failed: readonly Failure[];
}

export interface Failure {
  readonly id: string;
  readonly why: string;
}

export interface Pace {
  /** Rows a statement. */
  readonly batch: number;
  /** Rows a second; null for as fast as it goes. */
  readonly perSecond: number | null;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds from some fixed moment. */
  readonly now: () => number;
  readonly onProgress: (progress: Progress) => void;
  /** Ends it after the batch that it is at. */
  readonly signal?: AbortSignal;
}

export interface Batches<Row extends { readonly id: string }> {
  readonly table: string;
  /** The next rows that are to be done, by id, after one. Rows that are done must not be among them. */
  readonly read: (after: string | null, limit: number) => Promise<readonly Row[]>;
  /** False where another write came first. Throws where it cannot be done. */
  readonly write: (row: Row) => Promise<boolean>;
}

/** Goes through the rows until two passes one after the other find none but those that cannot be done. */
export async function runBatches<Row extends { readonly id: string }>({ table, read, write }: Batches<Row>, pace: Pace): Promise<Progress> {
  const failed = new Map<string, Failure>();
  const begin = pace.now();
  let [done, retried, emptyPasses] = [0, 0, 0];
  const progress = (): Progress => ({ table, done, retried, failed: [...failed.values()] });
  while (emptyPasses < 2 && !pace.signal?.aborted) {
    let met = 0;
    let after: string | null = null;
    for (;;) {
      const rows: readonly Row[] = await read(after, pace.batch);
      const last = rows.at(-1);
      if (last === undefined || pace.signal?.aborted) break;
      after = last.id;
      for (const row of rows) {
        if (failed.has(row.id)) continue;
        met += 1;
        try {
          if (await write(row)) done += 1;
          else retried += 1;
        } catch (error) {
          failed.set(row.id, { id: row.id, why: error instanceof Error ? error.message : String(error) });
        }
      }
      pace.onProgress(progress());
      if (pace.perSecond !== null) await pace.sleep(Math.max(0, ((done + retried) / pace.perSecond) * 1000 - (pace.now() - begin)));
    }
    emptyPasses = met === 0 ? emptyPasses + 1 : 0;
  }
  return progress();
}
