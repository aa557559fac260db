// Partitions of what is written once and goes as a whole: the log by days, the log of moves and the archive by weeks. They are made ahead, and at
// once by the write that misses one. A table is made by itself and attached then: made as a partition at once it would queue every write behind the
// first open read. There is no default partition, which would have to be searched for rows each time that another is attached.

import { ask, type Connection, isWithoutPartition, type Store } from "./connection.js";

/** So many partitions are made ahead of that of today. */
const ahead = 4;

/** Runs what writes into partitions, and once more after making those of today where one is missing. `keeps` are those of the archive. */
export async function withPartitions<T>(store: Store, work: () => Promise<T>, keeps: readonly string[] = []): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isWithoutPartition(error)) throw error;
    await makePartitions(store, keeps);
    return work();
  }
}

/** Makes what is missing of the next days and weeks. Any number of processes may do so at once. `keeps`: days that ended things are kept, or `ever`. */
export async function makePartitions(store: Store, keeps: readonly string[]): Promise<void> {
  await makeRanges(store, { parent: "log", column: "at", unit: "day" });
  await makeRanges(store, { parent: "transition", column: "at", unit: "week" });
  for (const keep of new Set(keeps)) {
    const parent = `archive_${keepName(keep)}`;
    await attach(store, { parent: "archive", name: parent, columns: `check (keep = '${keepName(keep)}')`, bound: `in ('${keepName(keep)}')`, by: "partition by range (ended_at)" });
    await makeRanges(store, { parent, column: "ended_at", unit: "week" });
  }
}

interface Ranges {
  readonly parent: string;
  readonly column: string;
  readonly unit: "day" | "week";
}

async function makeRanges(store: Store, { parent, column, unit }: Ranges): Promise<void> {
  const ranges = await ask<{ readonly name: string; readonly from: string; readonly to: string }>(
    store,
    `select to_char(start, 'YYYYMMDD') as name, start::text || ' UTC' as "from", (start + interval '1 ${unit}')::text || ' UTC' as "to"
       from (select date_trunc('${unit}', now() at time zone 'UTC') + n * interval '1 ${unit}' as start from generate_series(0, $1::int) as n) as starts`,
    [ahead],
  );
  for (const { name, from, to } of ranges) {
    const check = `check (${column} >= '${from}' and ${column} < '${to}')`;
    await attach(store, { parent, name: `${parent}_${name}`, columns: check, bound: `from ('${from}') to ('${to}')`, by: "" });
  }
}

interface Partition {
  readonly parent: string;
  readonly name: string;
  /** The bound again, as a check that spares attaching it a look at every row. */
  readonly columns: string;
  readonly bound: string;
  readonly by: string;
}

async function attach(store: Store, { parent, name, columns, bound, by }: Partition): Promise<void> {
  if (await isThere(store, name)) return;
  await store.transaction(async (on) => {
    // Whoever makes the same one waits here, and finds it.
    await on.query(`lock table pliny.${parent} in share update exclusive mode`);
    if (await isThere(on, name)) return;
    await on.query(`create table pliny.${name} (like pliny.${parent} including defaults including constraints, ${columns}) ${by}`);
    await on.query(`alter table pliny.${parent} attach partition pliny.${name} for values ${bound}`);
  });
}

async function isThere(on: Connection, name: string): Promise<boolean> {
  return (await ask(on, "select from pg_class where relnamespace = 'pliny'::regnamespace and relname = $1", [name])).length > 0;
}

function keepName(keep: string): string {
  if (!/^(\d+|ever)$/.test(keep)) throw new TypeError(`'${keep}' is no number of days.`);
  return keep;
}
