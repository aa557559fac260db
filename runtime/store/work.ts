// What workers ask and say of runs: who they are, what they take, what came of it; one statement each, for many runs at once. Of all who hold a
// run the one whose nonce it still has is heard, and a claim or a take-over gives it another. Each statement was raced (test/races.test.ts).
// Delays travel as milliseconds and are added to the database's clock; a worker's clock reaches no row.

import { ask, type Connection, type Store } from "./connection.js";
import { endings, goneColumns, randomNonce, type RunAnswer, runColumns, runOf, type RunRecord } from "./runs.js";
import type { Timer } from "./timers.js";

export interface WorkerLease {
  readonly id: string;
  readonly leaseMs: number;
}

/** Announces a worker: from now on what it claims is its own, for as long as it renews its lease. */
export async function announceWorker(on: Connection, { id, leaseMs, can, release }: WorkerLease & { readonly can: object; readonly release: string | null }): Promise<void> {
  await on.query(`insert into pliny.worker (id, until, can, release) values ($1, now() + $2 * interval '1 ms', $3, $4)`, [id, leaseMs, JSON.stringify(can), release]);
}

/** False where the lease had run out: what it held may be another's, and it has to announce itself anew under another id. */
export async function renewLease(on: Connection, { id, leaseMs }: WorkerLease): Promise<boolean> {
  const rows = await ask(on, `update pliny.worker set until = now() + $2 * interval '1 ms' where id = $1 and until > now() returning id`, [id, leaseMs]);
  return rows.length > 0;
}

// A claim locks its worker's row. Whoever frees what was claimed locks that row first, and looks in a statement of its own then: one that looked
// before a claim was committed would free nothing of it, and nobody else ever would.

/** Frees what it holds and takes it off the list, at the end of its life. */
export function retireWorker(store: Store, id: string): Promise<void> {
  return store.transaction(async (on) => {
    await on.query("delete from pliny.worker where id = $1", [id]);
    await on.query(`update pliny.task set lease_by = null, wake_at = now(), nonce = ${randomNonce} where lease_by = $1`, [id]);
  });
}

/** Frees what a worker holds besides those: a claim whose answer it never got. */
export function disownRuns(store: Store, { worker, holds }: { readonly worker: string; readonly holds: readonly string[] }): Promise<void> {
  return store.transaction(async (on) => {
    await on.query("select from pliny.worker where id = $1 for update", [worker]);
    await on.query(`update pliny.task set lease_by = null, wake_at = now(), nonce = ${randomNonce} where lease_by = $1 and id <> all ($2::uuid[])`, [worker, holds]);
  });
}

export interface Claim {
  readonly worker: string;
  /** Types that it can run, most urgent first. */
  readonly types: readonly string[];
  readonly limit: number;
  /**
   * Looks at nothing that was due before this, as the database writes a time; null for all. Index entries of what is done stay where they are
   * while somebody reads an old snapshot, and are what a claim would go through.
   */
  readonly floor: string | null;
}

/** A run as its worker holds it. */
export interface HeldRun extends RunRecord {
  /** The handler of this step was called, and nobody knows what came of it. */
  readonly begun: boolean;
  /** Where it goes once it is done: `__stop__` of a run that was ended from outside. */
  readonly goesTo: string | null;
  /** What is left of its time in this state, and of its time altogether; null where there is no end to it. */
  readonly stateLeftMs: number | null;
  readonly leftMs: number | null;
}

export interface Claimed {
  readonly runs: readonly HeldRun[];
  /** When the oldest that is due was, whether it was taken or not, as the database writes a time; null where it looked from a floor on, or took none. */
  readonly oldest: string | null;
}

const leftColumns = `(extract(epoch from t.deadline_at - now()) * 1000)::float8 as "stateLeftMs", (extract(epoch from t.ends_by - now()) * 1000)::float8 as "leftMs"`;

/** Takes what is due. Need not be durable: a claim that is lost in a crash is no claim. */
export async function claimRuns(on: Connection, { worker, types, limit, floor }: Claim): Promise<Claimed> {
  const rows = await ask<RunAnswer & Pick<HeldRun, "begun" | "goesTo" | "stateLeftMs" | "leftMs"> & { readonly oldest: string | null }>(
    on,
    `with async as materialized (select set_config('synchronous_commit', 'off', true)),
     -- Locked, so that nobody takes the worker for dead before what it takes can be seen: nobody would ever free that.
     me as materialized (select w.id from pliny.worker w, async where w.id = $1 and w.until > now() for key share of w),
     picked as materialized (
       select d.id, d.wake_at from me, unnest($2::text[]) as k (type) cross join lateral (
         select t.id, t.wake_at from pliny.task t where t.type = k.type and t.wake_at <= now() and t.wake_at >= coalesce($4::timestamptz, '-infinity')
          order by t.wake_at limit $3 for update skip locked) d
        limit $3)
     update pliny.task t set lease_by = $1, wake_at = null, nonce = ${randomNonce} from picked p where t.id = p.id
     returning ${runColumns}, t.begun, t.goes_to as "goesTo", ${leftColumns}, 
       case when $4::timestamptz is null then (select min(wake_at) from unnest($2::text[]) as k (type) cross join lateral (
         select o.wake_at from pliny.task o where o.type = k.type and o.wake_at is not null order by o.wake_at limit 1) as first)::text end as oldest`,
    [worker, types, limit, floor],
  );
  const runs = rows.map((row): HeldRun => Object.assign(runOf(row), { begun: row.begun, goesTo: row.goesTo, stateLeftMs: row.stateLeftMs, leftMs: row.leftMs }));
  return { runs, oldest: rows[0]?.oldest ?? null };
}

/** Frees all that workers hold whose lease has run out, and says what is due by the clock of these types, the oldest first. */
export async function lookAround(store: Store, { types, limit }: { readonly types: readonly string[]; readonly limit: number }): Promise<readonly Timer[]> {
  const rows = await ask<{ readonly dead: boolean } & ({ readonly subject: null } | (Omit<Timer, "step"> & { readonly step: string }))>(
    store,
    `with due as materialized (
       select subject::text, name, type, step::text from pliny.timer where due_at <= now() and every is null and type = any ($1) order by due_at limit $2)
     select dead, due.* from (select exists (select from pliny.worker where until < now()) as dead) as around left join due on true`,
    [types, limit],
  );
  if (rows[0]?.dead === true) await freeDead(store);
  return rows.flatMap(({ dead: _dead, ...timer }) => (timer.subject === null ? [] : [{ ...timer, step: BigInt(timer.step) }]));
}

/** Who claims still has its row locked, and is met at the next look. */
function freeDead(store: Store): Promise<void> {
  return store.transaction(async (on) => {
    const dead = await ask<{ readonly id: string }>(
      on,
      `with dead as materialized (select id from pliny.worker where until < now() for update skip locked)
       delete from pliny.worker w using dead d where w.id = d.id returning w.id::text`,
    );
    if (dead.length === 0) return;
    await on.query(`update pliny.task set lease_by = null, wake_at = now(), recoveries = recoveries + 1, nonce = ${randomNonce} where lease_by = any ($1::uuid[])`, [dead.map(({ id }) => id)]);
  });
}

/** A run under the nonce that its worker knows. */
export interface Hold {
  readonly id: string;
  readonly nonce: bigint;
}

/** Those that are held no longer: others moved, stopped or took them over meanwhile. */
export async function readLost(on: Connection, holds: readonly Hold[]): Promise<readonly string[]> {
  const rows = await ask<{ readonly id: string }>(
    on,
    `select i.id::text from unnest($1::uuid[], $2::bigint[]) as i (id, nonce) where not exists (select from pliny.task t where t.id = i.id and t.nonce = i.nonce)`,
    [holds.map(({ id }) => id), holds.map(({ nonce }) => String(nonce))],
  );
  return rows.map(({ id }) => id);
}

/** Notes that handlers are about to be called whose effect nobody could tell if they did not come back; gives those that are held still. */
export async function beginRuns(on: Connection, holds: readonly Hold[]): Promise<readonly string[]> {
  const rows = await ask<{ readonly id: string }>(
    on,
    `update pliny.task t set begun = true from unnest($1::uuid[], $2::bigint[]) as i (id, nonce) where t.id = i.id and t.nonce = i.nonce returning t.id::text`,
    [holds.map(({ id }) => id), holds.map(({ nonce }) => String(nonce))],
  );
  return rows.map(({ id }) => id);
}

/** Lets go of a run of which nothing can be settled, for so long. Whether its handler was called stays noted. */
export async function putOffRun(on: Connection, { id, nonce }: Hold, ms: number): Promise<void> {
  await on.query(`update pliny.task set lease_by = null, wake_at = now() + $3 * interval '1 ms', nonce = ${randomNonce} where id = $1 and nonce = $2`, [id, nonce, ms]);
}

/** What a worker says of a run that it holds. */
export interface Outcome extends Hold {
  readonly nextNonce: bigint;
  /** Moved on; stays; failed and is tried again; ended. */
  readonly kind: "move" | "stay" | "retry" | "end";
  /** Of a move and an end: the state it goes to. */
  readonly to: string | null;
  /** When to look at it again, from now; `Infinity` for when it is time or somebody asks. */
  readonly wakeMs: number;
  /** Of the new state. */
  readonly deadlineMs: number | null;
  readonly attempt: number;
  /** As they were read: if there are others by now, it is looked at at once. */
  readonly signals: number;
  /** Null where nothing was set. */
  readonly attrs: string | null;
  readonly vaultKeys: readonly number[] | null;
  /** The worker goes on with it without claiming it again. */
  readonly keeps: boolean;
  /** Of an end: days, or `ever`. */
  readonly keep: string;
  readonly panic: string | null;
  readonly note: string | null;
  /** The run that started it; the two are never in one batch, for a statement changes a row once. */
  readonly parentTaskId: string | null;
}

/** Settles many, and gives the ids of those that landed. Who is not among them was overtaken, and nothing of it was written. */
export async function settleRuns(on: Connection, outcomes: readonly Outcome[], by: string): Promise<readonly string[]> {
  const columns = [
    outcomes.map((one) => one.id), outcomes.map((one) => String(one.nonce)), outcomes.map((one) => String(one.nextNonce)), outcomes.map((one) => one.kind),
    outcomes.map((one) => one.to), outcomes.map((one) => one.wakeMs), outcomes.map((one) => one.deadlineMs), outcomes.map((one) => one.attempt),
    outcomes.map((one) => one.signals), outcomes.map((one) => one.attrs), outcomes.map((one) => one.note), outcomes.map((one) => one.keeps),
    outcomes.map((one) => one.keep), outcomes.map((one) => one.panic), outcomes.map((one) => (one.vaultKeys === null ? null : JSON.stringify(one.vaultKeys))), by,
  ];
  return (await ask<{ readonly id: string }>(on, settleText, columns)).map(({ id }) => id);
}

const keysAfter = "case when i.attrs is null then t.vault_keys else nullif(i.keys, '{}') end";

const settleText = `
with i as materialized (
  select id, nonce, next_nonce, outcome, to_state, wake_ms, deadline_ms, attempt, signals, attrs, note, keeps, keep, panic,
         case when keys is not null then array(select jsonb_array_elements_text(keys)::int) end as keys
    from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::int[], $9::int[], $10::jsonb[], $11::text[],
                $12::boolean[], $13::text[], $14::jsonb[], $15::jsonb[])
      as i (id, nonce, next_nonce, outcome, to_state, wake_ms, deadline_ms, attempt, signals, attrs, note, keeps, keep, panic, keys)),
moved as (
  update pliny.task t set
    state       = coalesce(i.to_state, t.state),
    step        = t.step + (i.outcome = 'move')::int,
    turn        = case i.outcome when 'move' then 0 when 'stay' then t.turn + 1 else t.turn end,
    attempt     = i.attempt, recoveries = 0, nonce = i.next_nonce, begun = false,
    json_attrs  = coalesce(i.attrs, t.json_attrs),
    vault_keys  = ${keysAfter},
    panic       = case when i.outcome = 'move' then i.panic else t.panic end,
    state_since = case when i.outcome = 'move' then now() else t.state_since end,
    deadline_at = case when i.outcome = 'move' then now() + i.deadline_ms * interval '1 ms' else t.deadline_at end,
    lease_by    = case when i.keeps then t.lease_by end,
    -- What cleans up has the time that it needs; what waits in a panic waits for a person.
    ends_by     = case when i.to_state in ('__panic__', '__exit__') then null else t.ends_by end,
    wake_at     = case when i.keeps or i.wake_ms = 'infinity' and coalesce(i.to_state, t.state) = '__panic__' then null
                       when t.signals <> i.signals then now()
                       when i.wake_ms = 'infinity' then least(t.ends_by, case when i.outcome = 'move' then now() + i.deadline_ms * interval '1 ms' else t.deadline_at end)
                       else least(now() + i.wake_ms * interval '1 ms', t.ends_by,
                                  case when i.outcome = 'move' then now() + i.deadline_ms * interval '1 ms' else t.deadline_at end) end
  from i where t.id = i.id and t.nonce = i.nonce and i.outcome <> 'end'
  returning t.id, t.step, i.outcome, t.state, t.nonce, i.note),
gone as (
  delete from pliny.task t using i where t.id = i.id and t.nonce = i.nonce and i.outcome = 'end'
  returning ${goneColumns({ attrs: "coalesce(i.attrs, t.json_attrs)", vaultKeys: keysAfter })}, i.to_state as ended_in, i.next_nonce, i.note, i.keep),
logged as (
  insert into pliny.transition (subject, step, "to", nonce, by, note)
  select id, step, state, nonce, $16, note from moved where outcome = 'move'
  union all select id, step + 1, ended_in, next_nonce, $16, note from gone),${endings}
select id::text from moved union all select id::text from gone`;

/**
 * The ids of those outcomes that landed after all, where the answer to a settle was lost. A move and an end stand in the log with the nonce that
 * they gave; any other stands in the row.
 */
export async function readLanded(on: Connection, outcomes: readonly Pick<Outcome, "id" | "nextNonce">[]): Promise<readonly string[]> {
  const rows = await ask<{ readonly id: string }>(
    on,
    `select i.id::text from unnest($1::uuid[], $2::bigint[]) as i (id, nonce)
      where exists (select from pliny.task t where t.id = i.id and t.nonce = i.nonce) or exists (select from pliny.transition l where l.subject = i.id and l.nonce = i.nonce)`,
    [outcomes.map(({ id }) => id), outcomes.map(({ nextNonce }) => String(nextNonce))],
  );
  return rows.map(({ id }) => id);
}

/** Looks at a run again as soon as somebody can: of what it waits for something has changed. */
export async function signalRun(on: Connection, id: string): Promise<boolean> {
  const rows = await ask(
    on,
    `update pliny.task set signals = signals + 1, wake_at = case when lease_by is null then now() else wake_at end where id = $1 returning id`,
    [id],
  );
  return rows.length > 0;
}

/** Lets time pass, for tests: whatever is due at a time comes nearer. What is due by then is due now, and not before, where no claim would look. */
export async function moveClock(on: Connection, ms: number): Promise<void> {
  await on.query(
    `with passed as (select $1 * interval '1 ms' as ms),
     runs as (
       update pliny.task set wake_at = greatest(wake_at - ms, least(wake_at, now())), deadline_at = deadline_at - ms, ends_by = ends_by - ms, state_since = state_since - ms from passed)
     update pliny.timer set due_at = due_at - ms from passed`,
    [ms],
  );
}
