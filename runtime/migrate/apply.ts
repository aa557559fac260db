// Brings a database to the tables that this package works on: each numbered step once, in order, in a transaction of its own that records it.

import { PlinyError } from "../errors.js";
import { ask, type Connection, type Store } from "../store/connection.js";
import { steps } from "./steps.js";

/**
 * Any number of processes may do so at once: each step is made by one of them, and the others find it made. Throws a PlinyError where a newer
 * package was here, or a schema `pliny` is there that no step has made.
 */
export async function applySteps(store: Store): Promise<void> {
  if (missingOf(await appliedSteps(store)).length === 0) return;
  for (const { number, name, sql } of steps) {
    await store.transaction(async (on) => {
      await lockSchema(on);
      if ((await appliedSteps(on)).has(number)) return;
      await on.query(sql);
      if (number === 1) await on.query(recordTable);
      await on.query("insert into pliny.migration (number, name) values ($1, $2)", [number, name]);
    });
  }
}

/** Until the transaction ends nobody else makes tables here. It is no lock of the session, so that it holds behind a pooler too. */
export async function lockSchema(on: Connection): Promise<void> {
  await on.query("select pg_advisory_xact_lock(hashtextextended('pliny schema', 0))");
}

// Made with the first step, for the first step makes the schema that it stands in.
const recordTable = `
create table pliny.migration (
  number int primary key,
  name   text not null,
  at     timestamptz not null default now()
);
comment on table pliny.migration is 'Which of the numbered steps of the pliny runtime were applied.'`;

async function appliedSteps(on: Connection): Promise<ReadonlySet<number>> {
  // By the catalogs' rows: to_regclass may remember, in a transaction that has waited, that a moment ago there was none.
  const [there] = await ask<{ readonly record: boolean }>(
    on,
    "select exists (select from pg_class where relnamespace = n.oid and relname = 'migration') as record from pg_namespace n where nspname = 'pliny'",
  );
  if (there === undefined) return new Set();
  // One that is not ours may have a table of that name and other columns.
  const rows = there.record ? await ask<{ readonly step: { readonly number?: unknown } }>(on, "select to_jsonb(m) as step from pliny.migration m") : [];
  const numbers = rows.flatMap(({ step: { number } }) => (typeof number === "number" ? [number] : []));
  if (numbers.length === 0) {
    throw new PlinyError(
      "TABLES",
      "The database has a schema pliny that the runtime's numbered steps did not make, and nothing in it was touched. Give the app a database of its own, or rename that schema",
    );
  }
  const newest = Math.max(...numbers);
  if (newest > steps.length) {
    throw new PlinyError("NEWER", `A newer pliny works on this database: it has made ${newest} numbered steps, and this one knows ${steps.length}. Install the newer one`);
  }
  return new Set(numbers);
}

function missingOf(applied: ReadonlySet<number>): readonly number[] {
  return steps.map(({ number }) => number).filter((number) => !applied.has(number));
}
