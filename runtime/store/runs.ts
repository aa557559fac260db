// Runs of tasks as statements: started, claimed, settled, taken over and ended, one by one or many at once. Each is written so that of all who
// want the same one wins, and was raced so (test/races.test.ts). Delays travel as milliseconds and are added to the database's clock; a worker's
// clock reaches no row. Whoever calls what writes into the log of moves does it in `withPartitions`.

import { ask, type Connection } from "./connection.js";
import { tableName } from "./postgres.js";

/** A live run as it is stored. */
export interface RunRecord {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly resourceType: string | null;
  readonly resourceId: string | null;
  readonly rootId: string | null;
  readonly parentTaskId: string | null;
  readonly state: string;
  readonly step: bigint;
  readonly turn: number;
  readonly nonce: bigint;
  readonly attempt: number;
  readonly recoveries: number;
  readonly signals: number;
  readonly bucket: Date | null;
  /** Decorated JSON, as text. */
  readonly args: string;
  readonly attrs: string;
  readonly panic: string | null;
}

const runColumns = `t.id::text, t.type, t.version, t.resource_type as "resourceType", t.resource_id::text as "resourceId", t.root_id::text as "rootId",
  t.parent_task_id::text as "parentTaskId", t.state, t.step::text, t.turn, t.nonce::text, t.attempt, t.recoveries, t.signals,
  floor(extract(epoch from t.bucket) * 1000)::text as "bucketMs", t.args::text, t.json_attrs::text as attrs, t.panic::text`;

/** As `runColumns` name them. */
interface RunAnswer extends Omit<RunRecord, "step" | "nonce" | "bucket"> {
  readonly step: string;
  readonly nonce: string;
  readonly bucketMs: string | null;
}

function runOf({ step, nonce, bucketMs, ...row }: RunAnswer): RunRecord {
  return { ...row, step: BigInt(step), nonce: BigInt(nonce), bucket: bucketMs === null ? null : new Date(Number(bucketMs)) };
}

// ---- starting

export interface NewRun {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly state: string;
  readonly nonce: bigint;
  /** What it acts on, and in which states that may be; null for a global task. */
  readonly owner: { readonly table: string; readonly id: string; readonly states: readonly string[] | null } | null;
  readonly parentTaskId: string | null;
  readonly args: string;
  readonly attrs: string;
  readonly vaultKeys: readonly number[];
  readonly uniqueKey: Uint8Array | null;
  readonly argsKey: Uint8Array;
  readonly deadlineMs: number | null;
  readonly endsMs: number | null;
  readonly bucket: Date | null;
  /** For the log. */
  readonly by: string;
  readonly note: string | null;
}

/** What came of a start; `joined` and `differs` name the live run, `ended` the run of that id that is no more. */
export type StartAnswer =
  | { readonly result: "started" | "joined" | "differs" | "ended"; readonly id: string }
  | { readonly result: "noOwner" | "again" };

/**
 * Starts a run, or says which live one has its key. The owner is locked for share: whoever moves it waits, and a start that waited for a move
 * sees the new state. `again`: another start of that key was not committed when we looked.
 */
export async function startRun(on: Connection, run: NewRun): Promise<StartAnswer> {
  const { owner } = run;
  const owners =
    owner === null
      ? "select null::uuid as id, null::uuid as root_id"
      : `select id, root_id from ${tableName(owner.table)} where id = $8 and state <> '__stop__' and ($9::text[] is null or state = any ($9)) for share`;
  const rows = await ask<{ readonly result: "started" | "joined" | "differs" | "ended" | "noOwner"; readonly id: string | null }>(
    on,
    `with owner as materialized (${owners}),
     past as materialized (select from pliny.transition where subject = $1::uuid limit 1),
     made as (
       insert into pliny.task (id, type, version, state, nonce, resource_type, resource_id, root_id, parent_task_id, args, json_attrs, vault_keys,
                               unique_key, args_key, deadline_at, ends_by, wake_at, bucket)
       select $1::uuid, $2, $3, $4, $5, $7, owner.id, coalesce(owner.root_id, $1::uuid), $10, $11, $12, $13, $14, $15,
              now() + $16 * interval '1 ms', now() + $17 * interval '1 ms', now(), $18
         from owner where not exists (select from past) on conflict do nothing returning id, step, state, nonce),
     logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step, state, nonce, $6, $19 from made)
     select 'started' as result, id::text from made
     union all select case when args_key is not distinct from $15 then 'joined' else 'differs' end, id::text
       from pliny.task where unique_key = $14 or id = $1::uuid
     union all select 'ended', $1::text where exists (select from past) and not exists (select from pliny.task where id = $1::uuid)
     union all select 'noOwner', null where not exists (select from owner)`,
    [
      run.id, run.type, run.version, run.state, run.nonce, run.by, owner?.table ?? null, owner?.id ?? null, owner?.states ?? null, run.parentTaskId,
      run.args, run.attrs, run.vaultKeys.length > 0 ? run.vaultKeys : null, run.uniqueKey, run.argsKey, run.deadlineMs, run.endsMs, run.bucket, run.note,
    ],
  );
  const [row] = rows;
  if (row === undefined) return { result: "again" };
  return row.result === "noOwner" || row.id === null ? { result: "noOwner" } : { result: row.result, id: row.id };
}

// ---- workers

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

/** Frees what it holds and takes it off the list, at the end of its life. */
export async function retireWorker(on: Connection, id: string): Promise<void> {
  await on.query(
    `with gone as (delete from pliny.worker where id = $1)
     update pliny.task set lease_by = null, wake_at = now(), nonce = ${randomNonce} where lease_by = $1`,
    [id],
  );
}

export interface Claim {
  readonly worker: string;
  /** Types that it can run, most urgent first. */
  readonly types: readonly string[];
  readonly limit: number;
}

/** A claimed run, and whether its time in its state is over, or its time altogether. */
export interface ClaimedRun extends RunRecord {
  readonly late: "state" | "run" | null;
}

/** Takes what is due. Need not be durable: a claim that is lost in a crash is no claim. */
export async function claimRuns(on: Connection, { worker, types, limit }: Claim): Promise<readonly ClaimedRun[]> {
  const rows = await ask<RunAnswer & { readonly late: ClaimedRun["late"] }>(
    on,
    `with async as materialized (select set_config('synchronous_commit', 'off', true)),
     me as materialized (select w.id from pliny.worker w, async where w.id = $1 and w.until > now()),
     picked as materialized (
       select d.id from me, unnest($2::text[]) as k (type) cross join lateral (
         select t.id from pliny.task t where t.type = k.type and t.wake_at <= now() order by t.wake_at limit $3 for update skip locked) d
        limit $3)
     update pliny.task t set lease_by = $1, wake_at = null, nonce = ${randomNonce} from picked p where t.id = p.id
     returning ${runColumns}, case when t.ends_by <= now() then 'run' when t.deadline_at <= now() then 'state' end as late`,
    [worker, types, limit],
  );
  return rows.map(({ late, ...row }) => ({ ...runOf(row), late }));
}

/** Frees all that workers hold whose lease has run out; gives how many. */
export async function takeOver(on: Connection): Promise<number> {
  const rows = await ask(
    on,
    `with dead as materialized (select id from pliny.worker where until < now() for update skip locked),
     freed as (
       update pliny.task t set lease_by = null, wake_at = now(), recoveries = recoveries + 1, nonce = ${randomNonce}
         from dead d where t.lease_by = d.id returning t.id),
     gone as (delete from pliny.worker w using dead d where w.id = d.id)
     select id from freed`,
  );
  return rows.length;
}

// ---- settling

/** What a worker says of a run that it holds. */
export interface Outcome {
  readonly id: string;
  /** What it was given when it claimed the run, or at its last settle. */
  readonly nonce: bigint;
  readonly nextNonce: bigint;
  /** Moved on; stays; failed and is tried again; ended. */
  readonly kind: "move" | "stay" | "retry" | "end";
  /** Of a move and an end: the state it goes to. */
  readonly to: string | null;
  /** When to look at it again, from now. */
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
}

export interface Settled {
  readonly id: string;
  readonly step: bigint;
}

/** Settles many; who is not in the answer was overtaken, and nothing of it was written. A run and its parent are never in one batch. */
export async function settleRuns(on: Connection, outcomes: readonly Outcome[], by: string): Promise<readonly Settled[]> {
  const columns = [
    outcomes.map((one) => one.id), outcomes.map((one) => String(one.nonce)), outcomes.map((one) => String(one.nextNonce)), outcomes.map((one) => one.kind),
    outcomes.map((one) => one.to), outcomes.map((one) => one.wakeMs), outcomes.map((one) => one.deadlineMs), outcomes.map((one) => one.attempt),
    outcomes.map((one) => one.signals), outcomes.map((one) => one.attrs), outcomes.map((one) => one.note), outcomes.map((one) => one.keeps),
    outcomes.map((one) => one.keep), outcomes.map((one) => one.panic), outcomes.map((one) => (one.vaultKeys === null ? null : JSON.stringify(one.vaultKeys))), by,
  ];
  const rows = await ask<{ readonly id: string; readonly step: string }>(on, settleText, columns);
  return rows.map(({ id, step }) => ({ id, step: BigInt(step) }));
}

const randomNonce = `('x' || substr(md5(random()::text || clock_timestamp()::text), 1, 16))::bit(64)::bigint`;

/** The ends of `gone`: archived, and the parent told that one of those it waits for is there. */
const endings = `
archived as (
  insert into pliny.archive (id, type, root_id, resource_id, keep, row)
  select id, type, root_id, resource_id, keep, to_jsonb(g) - array['keep', 'note', 'next_nonce'] from gone g),
woken as (
  update pliny.task p set awaiting = p.awaiting - c.n, signals = p.signals + (p.awaiting - c.n <= 0)::int,
         wake_at = case when p.awaiting - c.n <= 0 and p.lease_by is null then now() else p.wake_at end
    from (select parent_task_id, count(*)::int as n from gone where parent_task_id is not null group by 1) c
   where p.id = c.parent_task_id and p.awaiting > 0)`;

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
    attempt     = i.attempt, recoveries = 0, nonce = i.next_nonce, begun = t.begun and i.outcome = 'retry',
    json_attrs  = coalesce(i.attrs, t.json_attrs),
    vault_keys  = case when i.attrs is null then t.vault_keys else nullif(i.keys, '{}') end,
    panic       = case when i.outcome = 'move' then i.panic else t.panic end,
    state_since = case when i.outcome = 'move' then now() else t.state_since end,
    deadline_at = case when i.outcome = 'move' then now() + i.deadline_ms * interval '1 ms' else t.deadline_at end,
    lease_by    = case when i.keeps then t.lease_by end,
    -- What cleans up after a panic has the time that it needs; what waits in one waits for a person.
    ends_by     = case when i.to_state = '__panic__' then null else t.ends_by end,
    wake_at     = case when i.keeps or i.wake_ms = 'infinity' and coalesce(i.to_state, t.state) = '__panic__' then null
                       when t.signals <> i.signals then now()
                       when i.wake_ms = 'infinity' then least(t.ends_by, case when i.outcome = 'move' then now() + i.deadline_ms * interval '1 ms' else t.deadline_at end)
                       else least(now() + i.wake_ms * interval '1 ms', t.ends_by,
                                  case when i.outcome = 'move' then now() + i.deadline_ms * interval '1 ms' else t.deadline_at end) end
  from i where t.id = i.id and t.nonce = i.nonce and i.outcome <> 'end'
  returning t.id, t.step, i.outcome, t.state, t.nonce, i.note),
gone as (
  delete from pliny.task t using i where t.id = i.id and t.nonce = i.nonce and i.outcome = 'end'
  returning t.id, t.type, t.version, t.resource_type, t.resource_id, t.root_id, t.parent_task_id, t.state, t.step, t.nonce, t.args, t.unique_key, t.args_key,
            t.bucket, t.attempt, t.panic, coalesce(i.attrs, t.json_attrs) as json_attrs, i.to_state as ended_in, i.next_nonce, i.note, i.keep),
logged as (
  insert into pliny.transition (subject, step, "to", nonce, by, note)
  select id, step, state, nonce, $16, note from moved where outcome = 'move'
  union all select id, step + 1, ended_in, next_nonce, $16, note from gone),${endings}
select id::text, step::text from moved union all select id::text, (step + 1)::text from gone`;

/** Looks at a run again as soon as somebody can: of what it waits for something has changed. */
export async function signalRun(on: Connection, id: string): Promise<boolean> {
  const rows = await ask(
    on,
    `update pliny.task set signals = signals + 1, wake_at = case when lease_by is null then now() else wake_at end where id = $1 returning id`,
    [id],
  );
  return rows.length > 0;
}

// ---- timers

export interface Timer {
  readonly subject: string;
  readonly name: string;
  /** The stored name of what it is about. */
  readonly type: string;
  readonly step: bigint;
  readonly afterMs: number;
}

/** Sets a timer, in the place of another of that name. */
export async function setTimer(on: Connection, { subject, name, type, step, afterMs }: Timer): Promise<void> {
  await on.query(
    `insert into pliny.timer as t (subject, name, type, step, due_at) values ($1, $2, $3, $4, now() + $5 * interval '1 ms')
     on conflict (subject, name) do update set type = excluded.type, step = excluded.step, due_at = excluded.due_at`,
    [subject, name, type, step, afterMs],
  );
}

export async function dropTimer(on: Connection, subject: string, name: string): Promise<void> {
  await on.query(`delete from pliny.timer where subject = $1 and name = $2`, [subject, name]);
}

/** Takes timers that are due off the list, for the transaction that does what they are for. */
export async function takeTimers(on: Connection, limit: number): Promise<readonly Omit<Timer, "afterMs">[]> {
  const rows = await ask<{ readonly subject: string; readonly name: string; readonly type: string; readonly step: string }>(
    on,
    `with due as materialized (select subject, name from pliny.timer where due_at <= now() and every is null order by due_at limit $1 for update skip locked)
     delete from pliny.timer t using due d where (t.subject, t.name) = (d.subject, d.name) returning t.subject::text, t.name, t.type, t.step::text`,
    [limit],
  );
  return rows.map(({ step, ...timer }) => ({ ...timer, step: BigInt(step) }));
}

// ---- a run and what it acts on

/** Locks a resource in one of its states; null where it is in another. Whoever has it moves it together with what moves it. */
export async function lockResource(on: Connection, table: string, { id, state }: { readonly id: string; readonly state: string }): Promise<{ readonly step: bigint; readonly nonce: bigint } | null> {
  const rows = await ask<{ readonly step: string; readonly nonce: string }>(
    on,
    `select step::text, nonce::text from ${tableName(table)} where id = $1 and state = $2 for no key update`,
    [id, state],
  );
  return rows.map(({ step, nonce }) => ({ step: BigInt(step), nonce: BigInt(nonce) }))[0] ?? null;
}

/** Ends the live run with a key, whoever holds it; with it go those that it started. False where there is none. */
export async function endRunWithKey(
  on: Connection,
  { uniqueKey, keep, by, note }: { readonly uniqueKey: Uint8Array; readonly keep: string; readonly by: string; readonly note: string | null },
): Promise<boolean> {
  const rows = await ask(
    on,
    `with gone as (
       delete from pliny.task t where t.unique_key = $1
       returning t.id, t.type, t.version, t.resource_type, t.resource_id, t.root_id, t.parent_task_id, t.state, t.step, t.nonce, t.args, t.unique_key, t.args_key,
                 t.bucket, t.attempt, t.panic, t.json_attrs, '__stop__'::text as ended_in, ${randomNonce} as next_nonce, $4::text as note, $2::text as keep),
     logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step + 1, ended_in, next_nonce, $3, note from gone),${endings}
     select id from gone`,
    [uniqueKey, keep, by, note],
  );
  return rows.length > 0;
}

/** Lets the live run with a key, which waits in panic, go on where it panicked; false where none waits. */
export async function retryRunWithKey(on: Connection, { uniqueKey, nextNonce, by }: { readonly uniqueKey: Uint8Array; readonly nextNonce: bigint; readonly by: string }): Promise<boolean> {
  const rows = await ask(
    on,
    `with moved as (
       update pliny.task set state = panic ->> 'state', step = step + 1, turn = 0, attempt = 0, recoveries = 0, nonce = $2, wake_at = now(), state_since = now(),
              deadline_at = null, panic = null, begun = false
        where unique_key = $1 and state = '__panic__' and panic ? 'state' returning id, step, state, nonce),
     logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step, state, nonce, $3, 'tried again' from moved)
     select id from moved`,
    [uniqueKey, nextNonce, by],
  );
  return rows.length > 0;
}

export interface JointMove {
  readonly resource: { readonly table: string; readonly id: string; readonly from: string; readonly to: string; readonly nextNonce: bigint };
  readonly run: { readonly id: string; readonly nonce: bigint; readonly nextNonce: bigint; readonly to: string; readonly keep: string };
  readonly by: string;
  readonly note: string | null;
}

/** Ends a run and moves the resource that waits for it, both or neither: a plain pair of statements moved one of the two in a third of all races. */
export async function endWithResource(on: Connection, { resource, run, by, note }: JointMove): Promise<boolean> {
  const rows = await ask<{ readonly run: string | null; readonly resource: string | null }>(
    on,
    `with r as (select id from ${tableName(resource.table)} where id = $1 and state = $2 for no key update),
     gone as (
       delete from pliny.task t where t.id = $5 and t.nonce = $6 and exists (select from r)
       returning t.id, t.type, t.version, t.resource_type, t.resource_id, t.root_id, t.parent_task_id, t.state, t.step, t.nonce, t.args, t.unique_key, t.args_key,
                 t.bucket, t.attempt, t.panic, t.json_attrs, $8::text as ended_in, $7::bigint as next_nonce, $11::text as note, $9::text as keep),
     m as (update ${tableName(resource.table)} d set state = $3, step = d.step + 1, nonce = $4, updated_at = now() from gone where d.id = $1 returning d.id, d.step),
     logged as (
       insert into pliny.transition (subject, step, "to", nonce, by, note)
       select id, step + 1, ended_in, next_nonce, $10, note from gone union all select id, step, $3, $4, $10, $11 from m),${endings}
     select (select id from gone)::text as run, (select id from m)::text as resource`,
    [
      resource.id, resource.from, resource.to, resource.nextNonce, run.id, run.nonce, run.nextNonce, run.to, run.keep, by, note,
    ],
  );
  return rows[0]?.run != null && rows[0].resource !== null;
}

export interface Stop {
  readonly table: string;
  readonly id: string;
  readonly nonce: bigint;
  readonly nextNonce: bigint;
  /** Tables whose rows may be its children. */
  readonly childTables: readonly string[];
  /** How long ended runs are kept, by type; `ever` for others. */
  readonly keeps: Readonly<Record<string, string>>;
  readonly by: string;
  readonly note: string | null;
}

export type StopAnswer = "stopped" | "lost" | "hasChildren";

/**
 * Stops a resource and ends its live runs with it. In a transaction, each statement of which sees what was committed while it waited for the
 * lock: in one statement a stop and a start both happened.
 */
export async function stopResource(on: Connection, { table, id, nonce, nextNonce, childTables, keeps, by, note }: Stop): Promise<StopAnswer> {
  const locked = await ask(on, `select from ${tableName(table)} where id = $1 and nonce = $2 for no key update`, [id, nonce]);
  if (locked.length === 0) return "lost";
  for (const child of childTables) {
    const rows = await ask(on, `select from ${tableName(child)} where parent_id = $1 and state <> '__stop__' limit 1`, [id]);
    if (rows.length > 0) return "hasChildren";
  }
  // Children of other runs first: none may be left without the run that waits for it.
  for (;;) {
    const ended = await ask(
      on,
      `with gone as (
         delete from pliny.task t where t.resource_id = $1 and not exists (select from pliny.task c where c.parent_task_id = t.id)
         returning t.id, t.type, t.version, t.resource_type, t.resource_id, t.root_id, t.parent_task_id, t.state, t.step, t.nonce, t.args, t.unique_key, t.args_key,
                   t.bucket, t.attempt, t.panic, t.json_attrs, '__stop__'::text as ended_in, ${randomNonce} as next_nonce, $3::text as note,
                   coalesce($2::jsonb ->> t.type, 'ever') as keep),
       logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step + 1, ended_in, next_nonce, $4, note from gone),${endings}
       select id from gone`,
      [id, JSON.stringify(keeps), note, by],
    );
    if (ended.length === 0) break;
  }
  await on.query(
    `with m as (update ${tableName(table)} set state = '__stop__', step = step + 1, nonce = $2, updated_at = now() where id = $1 returning id, step, nonce)
     insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step, '__stop__', nonce, $3, $4 from m`,
    [id, nextNonce, by, note],
  );
  return "stopped";
}

/** Runs of a task on a resource (of a global task: null) that have ended, the newest first, as they were when they ended. */
export async function readEndedRuns(
  on: Connection,
  { types, resourceId, limit }: { readonly types: readonly string[]; readonly resourceId: string | null; readonly limit: number },
): Promise<readonly RunRecord[]> {
  const rows = await ask<{ readonly row: string }>(
    on,
    `select row::text from pliny.archive where type = any ($1) and resource_id is not distinct from $2::uuid order by ended_at desc, id desc limit $3`,
    [types, resourceId, limit],
  );
  return rows.map(({ row }) => endedRun(row));
}

/** A run that has ended, by its id. */
export async function readEndedRun(on: Connection, id: string): Promise<RunRecord | null> {
  const rows = await ask<{ readonly row: string }>(on, `select row::text from pliny.archive where id = $1 limit 1`, [id]);
  return rows.map(({ row }) => endedRun(row))[0] ?? null;
}

/** Runs by their ids, live ones and those that have ended. */
export async function readRunsById(on: Connection, ids: readonly string[]): Promise<readonly RunRecord[]> {
  const live = (await ask<RunAnswer>(on, `select ${runColumns} from pliny.task t where id = any ($1::uuid[])`, [ids])).map(runOf);
  const others = ids.filter((id) => !live.some((run) => run.id === id));
  const ended = others.length === 0 ? [] : await ask<{ readonly row: string }>(on, `select row::text from pliny.archive where id = any ($1::uuid[])`, [others]);
  return [...live, ...ended.map(({ row }) => endedRun(row))];
}

/** As `endings` keeps it: the row that was live, and where it ended. */
interface EndedRun {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly resource_type: string | null;
  readonly resource_id: string | null;
  readonly root_id: string | null;
  readonly parent_task_id: string | null;
  readonly ended_in: string;
  readonly step: number;
  readonly attempt: number;
  readonly bucket: string | null;
  readonly args: unknown;
  readonly json_attrs: unknown;
  readonly panic: unknown;
}

function endedRun(text: string): RunRecord {
  const row: EndedRun = JSON.parse(text);
  return {
    id: row.id, type: row.type, version: row.version, resourceType: row.resource_type, resourceId: row.resource_id, rootId: row.root_id,
    parentTaskId: row.parent_task_id, state: row.ended_in, step: BigInt(row.step) + 1n, turn: 0, nonce: 0n, attempt: row.attempt, recoveries: 0, signals: 0,
    bucket: row.bucket === null ? null : new Date(row.bucket), args: JSON.stringify(row.args), attrs: JSON.stringify(row.json_attrs),
    panic: row.panic === null ? null : JSON.stringify(row.panic),
  };
}

/** The live runs of a task, under any of its names, on a resource (of a global task: null), the newest first. */
export async function readLiveRuns(
  on: Connection,
  { types, resourceId }: { readonly types: readonly string[]; readonly resourceId: string | null },
): Promise<readonly RunRecord[]> {
  const rows = await ask<RunAnswer>(
    on,
    `select ${runColumns} from pliny.task t where type = any ($1) and resource_id is not distinct from $2::uuid order by id desc`,
    [types, resourceId],
  );
  return rows.map(runOf);
}

/** The live runs on a resource, the children of others first. */
export async function readRunsOf(on: Connection, resourceId: string): Promise<readonly RunRecord[]> {
  const rows = await ask<RunAnswer>(on, `select ${runColumns} from pliny.task t where resource_id = $1 order by parent_task_id nulls last, id`, [resourceId]);
  return rows.map(runOf);
}

export async function readRun(on: Connection, id: string): Promise<RunRecord | null> {
  const rows = await ask<RunAnswer>(on, `select ${runColumns} from pliny.task t where id = $1`, [id]);
  return rows.map(runOf)[0] ?? null;
}
