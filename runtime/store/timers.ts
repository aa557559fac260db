// What is due at a time of the database's clock: of a resource, the end of its time in a state. Any process may take it, and one does.

import { ask, type Connection } from "./connection.js";

export interface Timer {
  readonly subject: string;
  readonly name: string;
  /** The stored name of what it is about. */
  readonly type: string;
  readonly step: bigint;
}

/** Sets a timer, in the place of another of that name. */
export async function setTimer(on: Connection, { subject, name, type, step, afterMs }: Timer & { readonly afterMs: number }): Promise<void> {
  await on.query(
    `insert into pliny.timer as t (subject, name, type, step, due_at) values ($1, $2, $3, $4, now() + $5 * interval '1 ms')
     on conflict (subject, name) do update set type = excluded.type, step = excluded.step, due_at = excluded.due_at`,
    [subject, name, type, step, afterMs],
  );
}

/**
 * Takes one off the list, where a step is given that of that step; false where it is not there. Whoever locks its subject as well does that first,
 * as those do that move the subject.
 */
export async function dropTimer(on: Connection, { subject, name, step }: Pick<Timer, "subject" | "name"> & Partial<Pick<Timer, "step">>): Promise<boolean> {
  return (await ask(on, `delete from pliny.timer where subject = $1 and name = $2 and ($3::bigint is null or step = $3) returning 1`, [subject, name, step ?? null])).length > 0;
}

/** Puts one off, which could not be done now. */
export async function deferTimer(on: Connection, { subject, name, step }: Timer, afterMs: number): Promise<void> {
  await on.query(`update pliny.timer set due_at = now() + $4 * interval '1 ms' where subject = $1 and name = $2 and step = $3`, [subject, name, step, afterMs]);
}
