// Runs of tasks as statements: started, read, and ended by what happens to what they act on. Each is written so that of all who want the same one
// wins, and was raced so (test/races.test.ts). Whoever calls what writes into the log of moves does it in `withPartitions`.

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

export const runColumns: string = `t.id::text, t.type, t.version, t.resource_type as "resourceType", t.resource_id::text as "resourceId", t.root_id::text as "rootId",
  t.parent_task_id::text as "parentTaskId", t.state, t.step::text, t.turn, t.nonce::text, t.attempt, t.recoveries, t.signals,
  floor(extract(epoch from t.bucket) * 1000)::text as "bucketMs", t.args::text, t.json_attrs::text as attrs, t.panic::text`;

/** As `runColumns` name them. */
export interface RunAnswer extends Omit<RunRecord, "step" | "nonce" | "bucket"> {
  readonly step: string;
  readonly nonce: string;
  readonly bucketMs: string | null;
}

/** Written out, for it is made of every run that is claimed. */
export function runOf(row: RunAnswer): RunRecord {
  return {
    id: row.id, type: row.type, version: row.version, resourceType: row.resourceType, resourceId: row.resourceId, rootId: row.rootId, parentTaskId: row.parentTaskId,
    state: row.state, step: BigInt(row.step), turn: row.turn, nonce: BigInt(row.nonce), attempt: row.attempt, recoveries: row.recoveries, signals: row.signals,
    bucket: row.bucketMs === null ? null : new Date(Number(row.bucketMs)), args: row.args, attrs: row.attrs, panic: row.panic,
  };
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
      ? "select $8::uuid as id, null::uuid as root_id where $9::text[] is null"
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
     select result, id from (
     select 'started' as result, id::text from made
     union all select case when args_key is not distinct from $15 then 'joined' else 'differs' end, id::text
       from pliny.task where unique_key = $14 or id = $1::uuid
     union all select 'ended', $1::text where exists (select from past) and not exists (select from pliny.task where id = $1::uuid)
     union all select 'noOwner', null where not exists (select from owner)) as answers
     -- Of one that has its id it is said first what became of that, whoever has the key by now.
     order by id = $1::text desc nulls last limit 1`,
    [
      run.id, run.type, run.version, run.state, run.nonce, run.by, owner?.table ?? null, owner?.id ?? null, owner?.states ?? null, run.parentTaskId,
      run.args, run.attrs, run.vaultKeys.length > 0 ? run.vaultKeys : null, run.uniqueKey, run.argsKey, run.deadlineMs, run.endsMs, run.bucket, run.note,
    ],
  );
  const [row] = rows;
  if (row === undefined) return { result: "again" };
  return row.result === "noOwner" || row.id === null ? { result: "noOwner" } : { result: row.result, id: row.id };
}

// ---- ending

export const randomNonce: string = `('x' || substr(md5(random()::text || clock_timestamp()::text), 1, 16))::bit(64)::bigint`;

/** What is kept of a run that ends, as `endings` reads it; `attrs` are its fields. Besides these it asks for ended_in, next_nonce, note and keep. */
export function goneColumns({ attrs, vaultKeys }: { readonly attrs: string; readonly vaultKeys: string }): string {
  return `t.id, t.type, t.version, t.resource_type, t.resource_id, t.root_id, t.parent_task_id, t.state, t.step, t.nonce, t.args, t.unique_key, t.args_key,
            t.bucket, t.attempt, t.panic, ${attrs} as json_attrs, ${vaultKeys} as vault_keys`;
}

/** The ends of `gone`: archived, and the parent told that one of those it waits for is there. */
export const endings: string = `
archived as (
  insert into pliny.archive (id, type, root_id, resource_id, keep, vault_keys, row)
  select id, type, root_id, resource_id, keep, vault_keys, to_jsonb(g) - array['keep', 'note', 'next_nonce', 'vault_keys'] from gone g),
woken as (
  update pliny.task p set awaiting = p.awaiting - c.n, signals = p.signals + (p.awaiting - c.n <= 0)::int,
         wake_at = case when p.awaiting - c.n <= 0 and p.lease_by is null then now() else p.wake_at end
    from (select parent_task_id, count(*)::int as n from gone where parent_task_id is not null group by 1) c
   where p.id = c.parent_task_id and p.awaiting > 0)`;

/** A resource as it stays until the end of the transaction. */
export interface LockedResource {
  readonly id: string;
  readonly type: string;
  /** As it is stored. */
  readonly state: string;
  readonly step: bigint;
  readonly nonce: bigint;
}

/** Locks a resource; null where it is gone. Whoever has it moves it together with what moves it. */
export async function lockResource(on: Connection, table: string, id: string): Promise<LockedResource | null> {
  const rows = await ask<Omit<LockedResource, "step" | "nonce"> & { readonly step: string; readonly nonce: string }>(
    on,
    `select id::text, type, state, step::text, nonce::text from ${tableName(table)} where id = $1 for no key update`,
    [id],
  );
  return rows.map(({ step, nonce, ...row }) => ({ ...row, step: BigInt(step), nonce: BigInt(nonce) }))[0] ?? null;
}

/** How runs are ended from outside: how long each is kept, by type (`ever` for others), and the types that pass their `on_stop` first. */
export interface Ending {
  readonly keeps: Readonly<Record<string, string>>;
  readonly exits: readonly string[];
  /** For the log. */
  readonly by: string;
  readonly note: string | null;
}

/** Ends the live runs of a task on a resource, whoever holds them; gives how many. What passes its `on_stop` first gives its key up at once. */
export async function endRuns(on: Connection, { resourceId, type }: { readonly resourceId: string; readonly type: string }, { keeps, exits, by, note }: Ending): Promise<number> {
  return (await ask(on, endText("t.resource_id = $1 and t.type = $6"), [resourceId, JSON.stringify(keeps), note, by, exits, type])).length;
}

/** Ends the runs without children that are picked by $1; those of types $5 go to their exit, with nobody waiting for their end any more. */
function endText(picked: string): string {
  const childless = `${picked} and not exists (select from pliny.task c where c.parent_task_id = t.id)`;
  return `
with old as materialized (select t.id, t.state from pliny.task t where ${childless} and t.type = any ($5::text[]) and t.goes_to is distinct from '__stop__' for update),
leaving as (
  update pliny.task t set state = '__exit__', step = t.step + (t.state <> '__exit__')::int, turn = 0, attempt = 0, recoveries = 0, nonce = ${randomNonce}, begun = false,
         unique_key = null, parent_task_id = null, awaiting = null, goes_to = '__stop__', lease_by = null, wake_at = now(), state_since = now(), deadline_at = null, ends_by = null
    from old where t.id = old.id returning t.id, t.step, t.nonce, old.state),
gone as (
  delete from pliny.task t where ${childless} and t.type <> all ($5::text[])
  returning ${goneColumns({ attrs: "t.json_attrs", vaultKeys: "t.vault_keys" })}, '__stop__'::text as ended_in, ${randomNonce} as next_nonce, $3::text as note, coalesce($2::jsonb ->> t.type, 'ever') as keep),
logged as (
  insert into pliny.transition (subject, step, "to", nonce, by, note)
  select id, step + 1, ended_in, next_nonce, $4, note from gone union all select id, step, '__exit__', nonce, $4, $3 from leaving where state <> '__exit__'),${endings}
select id from gone union all select id from leaving`;
}

export interface Retry {
  readonly uniqueKey: Uint8Array;
  readonly nextNonce: bigint;
  /** How long it may be in each of its states, and how long altogether: it has all its time again. */
  readonly deadlinesMs: { readonly [state: string]: number };
  readonly endsMs: number | null;
  readonly by: string;
}

/** Lets the live run with a key, which waits in panic for a person, go on where it panicked; false where none waits. */
export async function retryRunWithKey(on: Connection, { uniqueKey, nextNonce, deadlinesMs, endsMs, by }: Retry): Promise<boolean> {
  const rows = await ask(
    on,
    `with moved as (
       update pliny.task set state = panic ->> 'state', step = step + 1, turn = 0, attempt = 0, recoveries = 0, nonce = $2, wake_at = now(), state_since = now(),
              deadline_at = now() + ($4::jsonb ->> (panic ->> 'state'))::float8 * interval '1 ms', ends_by = now() + $5 * interval '1 ms', panic = null, begun = false
        where unique_key = $1 and state = '__panic__' and panic ? 'state' and panic ->> 'cleansUp' is distinct from 'true' returning id, step, state, nonce),
     logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step, state, nonce, $3, 'tried again' from moved)
     select id from moved`,
    [uniqueKey, nextNonce, by, JSON.stringify(deadlinesMs), endsMs],
  );
  return rows.length > 0;
}

export interface Stop extends Ending {
  readonly table: string;
  readonly id: string;
  readonly nonce: bigint;
  readonly nextNonce: bigint;
  /** Tables whose rows may be its children. */
  readonly childTables: readonly string[];
}

export type StopAnswer = "stopped" | "lost" | "hasChildren";

/**
 * Stops a resource and ends its live runs with it. In a transaction, each statement of which sees what was committed while it waited for the
 * lock: in one statement a stop and a start both happened.
 */
export async function stopResource(on: Connection, { table, id, nonce, nextNonce, childTables, keeps, exits, by, note }: Stop): Promise<StopAnswer> {
  const locked = await ask(on, `select from ${tableName(table)} where id = $1 and nonce = $2 for no key update`, [id, nonce]);
  if (locked.length === 0) return "lost";
  for (const child of childTables) {
    const rows = await ask(on, `select from ${tableName(child)} where parent_id = $1 and state <> '__stop__' limit 1`, [id]);
    if (rows.length > 0) return "hasChildren";
  }
  // Children of other runs first: none may be left without the run that waits for it.
  while ((await ask(on, endText("t.resource_id = $1"), [id, JSON.stringify(keeps), note, by, exits])).length > 0);
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

// ---- keys of their secrets

/**
 * Forgets what the secret args of a resource's runs are told apart by, of live ones and of those that have ended: whoever has the index key
 * could guess them still. `tasks` are those with such args, by their tags, `uniqueTasks` those of them with one live run for each args.
 */
export async function forgetArgs(
  on: Connection,
  { resourceId, tasks, uniqueTasks }: { readonly resourceId: string; readonly tasks: readonly string[]; readonly uniqueTasks: readonly string[] },
): Promise<void> {
  await on.query(
    `with live as (
       update pliny.task set args_key = null, unique_key = case when type = any ($3) then null else unique_key end where resource_id = $1 and type = any ($2))
     update pliny.archive set row = row - '{args_key,unique_key}'::text[] where resource_id = $1 and type = any ($2)`,
    [resourceId, tasks, uniqueTasks],
  );
}

/** How many runs hold a secret that was sealed with a key: by indexes, a key at a time. */
export interface RunKeyUses {
  readonly live: number;
  readonly archived: number;
  /** When the last partition with such an archived run goes; null where there is none, or one is kept for ever. */
  readonly until: Date | null;
}

export async function countRunKeyUses(on: Connection, key: number): Promise<RunKeyUses> {
  const rows = await ask<{ readonly live: string; readonly archived: string; readonly untilMs: string | null }>(
    on,
    `select (select count(*) from pliny.task where vault_keys is not null and vault_keys @> array[$1::int])::text as live, count(*)::text as archived,
            case when not bool_or(keep = 'ever') then floor(extract(epoch from max(
              date_trunc('week', ended_at at time zone 'UTC') + interval '1 week' + nullif(keep, 'ever')::int * interval '1 day')) * 1000)::text end as "untilMs"
       from pliny.archive where vault_keys is not null and vault_keys @> array[$1::int]`,
    [key],
  );
  return rows.map(({ live, archived, untilMs }) => ({ live: Number(live), archived: Number(archived), until: untilMs === null ? null : new Date(Number(untilMs)) }))[0]
    ?? { live: 0, archived: 0, until: null };
}

/** How many live runs that somebody holds have a secret sealed with one of the keys. */
export async function countHeldKeyUses(on: Connection, keys: readonly number[]): Promise<number> {
  const rows = await ask<{ readonly uses: string }>(
    on,
    `select count(*)::text as uses from pliny.task where vault_keys is not null and vault_keys && $1::int[] and lease_by is not null`,
    [keys],
  );
  return Number(rows[0]?.uses ?? 0);
}

/** What of a run is sealed, and as what it was read. */
export interface SealedRun {
  readonly id: string;
  readonly type: string;
  /** Decorated JSON, as text. */
  readonly args: string;
  readonly attrs: string;
  /** Of a live run its nonce; of one in the archive, which has none, its keys. */
  readonly readAs: string;
  /** Of one in the archive, where it is found; null of a live one. */
  readonly keep: string | null;
  readonly endedAt: string | null;
}

interface SealedRuns {
  readonly keys: readonly number[];
  /** The last id that was seen; null at the start. */
  readonly after: string | null;
  readonly limit: number;
}

/** The next live runs, by id, that hold a secret sealed with one of the keys, and that nobody holds. */
export function readRunKeyUses(on: Connection, { keys, after, limit }: SealedRuns): Promise<readonly SealedRun[]> {
  return ask<SealedRun>(
    on,
    `select id::text, type, args::text, json_attrs::text as attrs, nonce::text as "readAs", null as keep, null as "endedAt" from pliny.task
      where vault_keys is not null and vault_keys && $1::int[] and lease_by is null and ($2::uuid is null or id > $2) order by id limit $3`,
    [keys, after, limit],
  );
}

/** The same of runs that have ended. */
export function readArchivedKeyUses(on: Connection, { keys, after, limit }: SealedRuns): Promise<readonly SealedRun[]> {
  return ask<SealedRun>(
    on,
    `select id::text, type, (row -> 'args')::text as args, (row -> 'json_attrs')::text as attrs, vault_keys::text as "readAs", keep,
            ended_at::text as "endedAt" from pliny.archive
      where vault_keys is not null and vault_keys && $1::int[] and ($2::uuid is null or id > $2) order by id limit $3`,
    [keys, after, limit],
  );
}

/** Writes the secrets of a run as they are sealed now; false where another write came first, or somebody has taken it. No move, so no line in the log of moves. */
export async function resealRun(
  on: Connection,
  { id, readAs, keep, endedAt }: SealedRun,
  { args, attrs, vaultKeys, nextNonce }: Pick<NewRun, "args" | "attrs" | "vaultKeys"> & { readonly nextNonce: bigint },
): Promise<boolean> {
  const keys = vaultKeys.length > 0 ? vaultKeys : null;
  const rows = keep === null
    ? await ask(
        on,
        `update pliny.task set args = $3, json_attrs = $4, vault_keys = $5, nonce = $6 where id = $1 and nonce = $2 and lease_by is null returning id`,
        [id, readAs, args, attrs, keys, nextNonce],
      )
    : await ask(
        on,
        `update pliny.archive set row = row || jsonb_build_object('args', $3::jsonb, 'json_attrs', $4::jsonb), vault_keys = $5
          where id = $1 and vault_keys = $2::int[] and keep = $6 and ended_at = $7::timestamptz returning id`,
        [id, readAs, args, attrs, keys, keep, endedAt],
      );
  return rows.length > 0;
}
