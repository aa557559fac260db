// Postgres: every statement that the runtime sends, each under its name, and the only place that knows the driver. Values go in and come out as
// text where drivers differ in how they read a type, so that a caller's own connection serves as well.

import { Pool } from "pg";
import { ask, type Connection, isUnanswered, type Store } from "./connection.js";
import { keepLease } from "./lease.js";
import { withPartitions } from "./partitions.js";

export interface StoreOptions {
  /** `postgres://user@host:port/database`. */
  readonly url: string;
  /** At most so many connections, 4 unless said. */
  readonly connections?: number;
  /** How long to wait for the answer to a statement and for a connection, in milliseconds; 60 s unless said. */
  readonly answerMs?: number;
}

/** What a paused process holds locked is free again after this, which is before its lease is over: else whoever takes over would wait for it. */
const beginText = "begin; set local idle_in_transaction_session_timeout = '10s'";

export function openStore({ url, connections = 4, answerMs = 60_000 }: StoreOptions): Store {
  const pool = new Pool({
    connectionString: url, max: connections, application_name: "pliny", keepAlive: true, keepAliveInitialDelayMillis: 10_000, query_timeout: answerMs,
    connectionTimeoutMillis: answerMs,
  });
  // A connection that breaks while nobody uses it is no matter: whoever needs one next gets another.
  pool.on("error", () => {});
  return {
    query: (text, values = []) => pool.query<object>(text, [...values]),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      // Where it breaks between two statements, the next one says so.
      const ignore = (): void => {};
      client.on("error", ignore);
      try {
        await client.query(beginText);
        const made = await work({ query: (text, values = []) => client.query<object>(text, [...values]) });
        await client.query("commit");
        return made;
      } catch (error) {
        // Where nothing came back, nothing would come back to this either.
        if (isUnanswered(error)) broken = new Error("It does not answer.", { cause: error });
        else {
          await client.query("rollback").catch((failure: Error) => {
            broken = failure;
          });
        }
        throw error;
      } finally {
        client.off("error", ignore);
        client.release(broken);
      }
    },
    keepLease: (lease) => keepLease(url, lease),
    close: () => pool.end(),
  };
}

/** A row of a resource's table. */
export interface ResourceRecord {
  readonly id: string;
  /** Its own type and state as they are stored. */
  readonly type: string;
  readonly state: string;
  readonly step: bigint;
  readonly nonce: bigint;
  readonly rootId: string;
  readonly parentId: string | null;
  /** Decorated JSON, as text. */
  readonly attrs: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const resourceColumns = `id::text, type, state, step::text, nonce::text, root_id::text as "rootId", parent_id::text as "parentId", json_attrs::text as attrs,
  floor(extract(epoch from created_at) * 1000)::text as "createdMs", floor(extract(epoch from updated_at) * 1000)::text as "updatedMs"`;

/** As `resourceColumns` name them. */
interface ResourceAnswer extends Omit<ResourceRecord, "step" | "nonce" | "createdAt" | "updatedAt"> {
  readonly step: string;
  readonly nonce: string;
  readonly createdMs: string;
  readonly updatedMs: string;
}

function recordOf({ step, nonce, createdMs, updatedMs, ...row }: ResourceAnswer): ResourceRecord {
  return { ...row, step: BigInt(step), nonce: BigInt(nonce), createdAt: new Date(Number(createdMs)), updatedAt: new Date(Number(updatedMs)) };
}

export interface NewResource extends Pick<ResourceRecord, "id" | "type" | "state" | "nonce" | "parentId" | "attrs"> {
  readonly vaultKeys: readonly number[];
  /** The table of its parent, where it has one: its root is that of the parent. */
  readonly parentTable: string | null;
  /** For the log. */
  readonly by: string;
  readonly note: string | null;
}

/** The new row; null where there is one of that id, or no parent that has not stopped. */
export async function insertResource(on: Connection, table: string, row: NewResource): Promise<ResourceRecord | null> {
  const { id, type, state, nonce, parentId, parentTable, attrs, vaultKeys } = row;
  const { by, note } = row;
  const root = parentTable === null ? "select $1::uuid as root_id" : `select root_id from ${tableName(parentTable)} where id = $5 and state <> '__stop__' for share`;
  const rows = await ask<ResourceAnswer>(
    on,
    `with parent as materialized (${root}),
     made as (
       insert into ${tableName(table)} (id, type, state, nonce, root_id, parent_id, json_attrs, vault_keys)
       select $1, $2, $3, $4, root_id, $5, $6, $7 from parent on conflict (id) do nothing returning *),
     logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step, state, nonce, $8, $9 from made)
     select ${resourceColumns} from made`,
    [id, type, state, nonce, parentId, attrs, keysParameter(vaultKeys), by, note],
  );
  return rows.map(recordOf)[0] ?? null;
}

/** Those of them that are there, in any order. */
export async function readResources(on: Connection, table: string, ids: readonly string[]): Promise<readonly ResourceRecord[]> {
  const rows = await ask<ResourceAnswer>(on, `select ${resourceColumns} from ${tableName(table)} where id = any ($1::uuid[])`, [ids]);
  return rows.map(recordOf);
}

export interface SavedResource {
  readonly id: string;
  /** What was read. */
  readonly nonce: bigint;
  readonly nextNonce: bigint;
  readonly attrs: string;
  readonly vaultKeys: readonly number[];
  /** For the log. */
  readonly by: string;
  readonly note: string | null;
}

/** The row as it is now; null where another write came first, or it is gone. */
export async function saveResource(on: Connection, table: string, saved: SavedResource): Promise<ResourceRecord | null> {
  const { id, nonce, nextNonce, attrs, vaultKeys, by, note } = saved;
  const rows = await ask<ResourceAnswer>(
    on,
    `with saved as (
       update ${tableName(table)} set json_attrs = $3, vault_keys = $4, nonce = $5, updated_at = now() where id = $1 and nonce = $2 returning *),
     logged as (insert into pliny.transition (subject, step, nonce, by, note) select id, step, nonce, $6, $7 from saved)
     select ${resourceColumns} from saved`,
    [id, nonce, attrs, keysParameter(vaultKeys), nextNonce, by, note],
  );
  return rows.map(recordOf)[0] ?? null;
}

export interface MovedResource extends Omit<SavedResource, "attrs"> {
  readonly to: string;
  /** Null where its fields stay as they are. */
  readonly attrs: string | null;
}

/** Moves a row, and saves its fields with it; null where another write came first, or it is gone. Throws what the database refuses of a move. */
export async function moveResource(on: Connection, table: string, moved: MovedResource): Promise<ResourceRecord | null> {
  const { id, nonce, nextNonce, attrs, vaultKeys, to, by, note } = moved;
  const rows = await ask<ResourceAnswer>(
    on,
    `with moved as (
       update ${tableName(table)} set state = $6, step = step + 1, json_attrs = coalesce($3, json_attrs), nonce = $5, updated_at = now(),
              vault_keys = case when $3::jsonb is null then vault_keys else $4 end
        where id = $1 and nonce = $2 returning *),
     logged as (insert into pliny.transition (subject, step, "to", nonce, by, note) select id, step, state, nonce, $7, $8 from moved)
     select ${resourceColumns} from moved`,
    [id, nonce, attrs, keysParameter(vaultKeys), nextNonce, to, by, note],
  );
  return rows.map(recordOf)[0] ?? null;
}

/** Those of a table whose parent it is, by id. */
export async function readChildren(on: Connection, table: string, parentId: string): Promise<readonly ResourceRecord[]> {
  const rows = await ask<ResourceAnswer>(on, `select ${resourceColumns} from ${tableName(table)} where parent_id = $1 order by id`, [parentId]);
  return rows.map(recordOf);
}

/** Whether a write landed whose answer was lost: the log keeps the nonce that it gave. */
export async function hasLanded(on: Connection, subject: string, nonce: bigint): Promise<boolean> {
  const rows = await ask(on, `select from pliny.transition where subject = $1 and nonce = $2`, [subject, nonce]);
  return rows.length > 0;
}

/** A line of the log of moves. */
export interface MoveRecord {
  readonly step: bigint;
  /** Null for a save. */
  readonly to: string | null;
  readonly at: Date;
  readonly by: string | null;
  readonly note: string | null;
}

/** What happened to a resource or a run, from its beginning. */
export async function readMoves(on: Connection, subject: string): Promise<readonly MoveRecord[]> {
  const rows = await ask<{ readonly step: string; readonly to: string | null; readonly atMs: string; readonly by: string | null; readonly note: string | null }>(
    on,
    `select step::text, "to", floor(extract(epoch from at) * 1000)::text as "atMs", by, note from pliny.transition where subject = $1 order by step, at, "to" nulls last`,
    [subject],
  );
  return rows.map(({ step, atMs, ...row }) => ({ ...row, step: BigInt(step), at: new Date(Number(atMs)) }));
}

export interface OlderRows {
  /** Types by their stored names. */
  readonly types: readonly string[];
  /** Rows whose shape is older than this. */
  readonly below: number;
  /** The last id that was seen; null at the start. */
  readonly after: string | null;
  readonly limit: number;
}

/** The next rows, by id, that hold an older shape. */
export async function readOlderResources(on: Connection, table: string, { types, below, after, limit }: OlderRows): Promise<readonly ResourceRecord[]> {
  const rows = await ask<ResourceAnswer>(
    on,
    `select ${resourceColumns} from ${tableName(table)}
      where type = any ($1) and json_attrs -> '__v' < to_jsonb($2::int) and ($3::uuid is null or id > $3) order by id limit $4`,
    [types, below, after, limit],
  );
  return rows.map(recordOf);
}

/** How many rows of a type hold a shape. */
export interface ShapeCount {
  readonly type: string;
  readonly version: number;
  readonly rows: number;
}

export async function countShapes(on: Connection, table: string): Promise<readonly ShapeCount[]> {
  const rows = await ask<{ readonly type: string; readonly version: string; readonly rows: string }>(
    on,
    `select type, json_attrs ->> '__v' as version, count(*)::text as rows from ${tableName(table)} group by 1, 2 order by 1, 2`,
  );
  return rows.map(({ type, version, rows: count }) => ({ type, version: Number(version), rows: Number(count) }));
}

/** How many rows hold a secret that was sealed with a key: by an index, a key at a time. */
export async function countKeyUses(on: Connection, table: string, key: number): Promise<number> {
  const rows = await ask<{ readonly uses: string }>(
    on,
    `select count(*)::text as uses from ${tableName(table)} where vault_keys is not null and vault_keys @> array[$1::int]`,
    [key],
  );
  return Number(rows[0]?.uses ?? 0);
}

/** The next rows, by id, that hold a secret sealed with one of the keys. */
export async function readKeyUses(
  on: Connection,
  table: string,
  { keys, after, limit }: { readonly keys: readonly number[]; readonly after: string | null; readonly limit: number },
): Promise<readonly ResourceRecord[]> {
  const rows = await ask<ResourceAnswer>(
    on,
    `select ${resourceColumns} from ${tableName(table)}
      where vault_keys is not null and vault_keys && $1::int[] and ($2::uuid is null or id > $2) order by id limit $3`,
    [keys, after, limit],
  );
  return rows.map(recordOf);
}

export interface StaleIndexes {
  /** Types by their stored names. */
  readonly types: readonly string[];
  /** Stored keys of the fields that are looked up. */
  readonly fields: readonly string[];
  /** Ids of the index keys that are live, as text. */
  readonly live: readonly string[];
  /** They have keys of their own: of those whose key is destroyed nothing is indexed any more. */
  readonly ownKeys: boolean;
  readonly after: string | null;
  readonly limit: number;
}

/** The next rows, by id, in which a sealed field is indexed under other keys than those that are live, and can be indexed again. */
export async function readStaleIndexes(
  on: Connection,
  table: string,
  { types, fields, live, ownKeys, after, limit }: StaleIndexes,
): Promise<readonly ResourceRecord[]> {
  const rows = await ask<ResourceAnswer>(
    on,
    `select ${resourceColumns} from ${tableName(table)} r
      where type = any ($1) and ($4::uuid is null or id > $4)${ownKeys ? " and exists (select from pliny.data_key d where d.id = r.id and d.blob is not null)" : ""} and exists (
        select from unnest($2::text[]) as field (key) where r.json_attrs #> array[field.key, 'Vault'] is not null and $3::text[] is distinct from coalesce((
          select array_agg(k order by k collate "C") from jsonb_object_keys(r.json_attrs #> array['__idx', field.key, 'Dict']) as k), '{}'))
      order by id limit $5`,
    [types, fields, [...live].sort(), after, limit],
  );
  return rows.map(recordOf);
}

/** The ids of rows in which a field that is looked up has one of these indexes, each under its key. */
export async function findIndexed(on: Connection, table: string, { field, index }: { readonly field: string; readonly index: object }): Promise<readonly ResourceRecord[]> {
  const rows = await ask<ResourceAnswer>(
    on,
    `select ${resourceColumns} from ${tableName(table)} r join jsonb_each_text($2::jsonb) as i (key, value)
         on (r.json_attrs -> '__idx' -> $1::text -> 'Dict') @> jsonb_build_object(i.key, i.value)
      order by id`,
    [field, JSON.stringify(index)],
  );
  return [...new Map(rows.map((row) => [row.id, recordOf(row)])).values()];
}

// ---- keys

/** A key as a keyring has it: its id, and a value that tells its bytes from others without telling them. */
export interface KeyCheck {
  readonly keyring: string;
  readonly id: number;
  readonly value: string;
}

/** Remembers keys that were never met, and gives what is remembered of all of them. */
export async function meetKeys(on: Connection, checks: readonly KeyCheck[]): Promise<readonly KeyCheck[]> {
  const columns = [checks.map((one) => one.keyring), checks.map((one) => one.id), checks.map((one) => one.value)];
  await on.query(
    `insert into pliny.key_check (keyring, id, value) select * from unnest($1::text[], $2::int[], $3::text[]) on conflict do nothing`,
    columns,
  );
  return ask<KeyCheck>(
    on,
    `select k.keyring, k.id, k.value from pliny.key_check k join unnest($1::text[], $2::int[]) as asked (keyring, id) on (k.keyring, k.id) = (asked.keyring, asked.id)`,
    columns.slice(0, 2),
  );
}

/** The key of one resource, sealed under a shred key; both null once it was destroyed. */
export interface DataKey {
  readonly id: string;
  readonly shredKey: number | null;
  readonly blob: string | null;
}

const dataKeyColumns = `id::text, shred_key as "shredKey", blob`;

export async function readDataKeys(on: Connection, ids: readonly string[]): Promise<readonly DataKey[]> {
  return ask<DataKey>(on, `select ${dataKeyColumns} from pliny.data_key where id = any ($1::uuid[])`, [ids]);
}

/** Keeps a new one, unless the resource has one; gives the one that it has. */
export async function keepDataKey(on: Connection, type: string, key: DataKey): Promise<DataKey> {
  const made = await ask<DataKey>(
    on,
    `insert into pliny.data_key (id, type, shred_key, blob) values ($1, $2, $3, $4) on conflict (id) do nothing returning ${dataKeyColumns}`,
    [key.id, type, key.shredKey, key.blob],
  );
  return made[0] ?? (await readDataKeys(on, [key.id]))[0] ?? key;
}

/** Puts one under another shred key; false where it was destroyed or changed meanwhile. */
export async function rewrapDataKey(on: Connection, before: DataKey, after: DataKey): Promise<boolean> {
  const rows = await ask(on, `update pliny.data_key set shred_key = $3, blob = $4 where id = $1 and blob = $2 returning id`, [
    before.id, before.blob, after.shredKey, after.blob,
  ]);
  return rows.length > 0;
}

/**
 * Forgets one for good, and with it the blind indexes of its resource, which would tell still whether its secrets are equal to others; false
 * where there is none left. The log says so in the same transaction, if `on` is one. The resource changes its nonce in any case: who read it
 * before writes nothing to it any more, no new index either.
 */
export async function destroyDataKey(
  on: Connection,
  table: string,
  { id, nextNonce, by, note }: { readonly id: string; readonly nextNonce: bigint; readonly by: string; readonly note: string },
): Promise<boolean> {
  const rows = await ask(
    on,
    `with gone as (
       update pliny.data_key set shred_key = null, blob = null, destroyed_at = now(), destroyed_by = $3 where id = $1 and blob is not null returning id),
     bare as (
       update ${tableName(table)} r set json_attrs = json_attrs - '__idx', vault_keys = null, nonce = $2, updated_at = now() from gone
        where r.id = gone.id returning r.id, r.step, r.nonce),
     logged as (insert into pliny.transition (subject, step, nonce, by, note) select id, step, nonce, $3, $4 from bare)
     select id from gone`,
    [id, nextNonce, by, note],
  );
  return rows.length > 0;
}

/** The next data keys, by id, under other shred keys than this one. */
export async function readDataKeysUnder(
  on: Connection,
  { keys, after, limit }: { readonly keys: readonly number[]; readonly after: string | null; readonly limit: number },
): Promise<readonly (DataKey & { readonly type: string })[]> {
  return ask(
    on,
    `select ${dataKeyColumns}, type from pliny.data_key where shred_key = any ($1::int[]) and ($2::uuid is null or id > $2) order by id limit $3`,
    [keys, after, limit],
  );
}

/** Ids of all keys of a keyring that this database has met. */
export async function readKeyIds(on: Connection, keyring: string): Promise<readonly number[]> {
  const rows = await ask<{ readonly id: number }>(on, `select id from pliny.key_check where keyring = $1 order by id`, [keyring]);
  return rows.map(({ id }) => id);
}

export async function countDataKeys(on: Connection, shredKey: number): Promise<number> {
  const rows = await ask<{ readonly uses: string }>(on, `select count(*)::text as uses from pliny.data_key where shred_key = $1`, [shredKey]);
  return Number(rows[0]?.uses ?? 0);
}

// ---- the log

/** A line of `pliny.log`. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly kind: "transition" | "tick" | "error" | "action" | "notice" | "reveal";
  /** What it is about, by its stored name. */
  readonly type: string | null;
  readonly id: string | null;
  readonly actor: string | null;
  readonly message: string;
  readonly data: object | null;
}

/** Writes lines, at once. */
export function writeLog(store: Store, lines: readonly LogLine[]): Promise<void> {
  return withPartitions(store, () => insertLog(store, lines));
}

/** The same in a transaction, which has to be run in `withPartitions`. */
export async function insertLog(on: Connection, lines: readonly LogLine[]): Promise<void> {
  await on.query(
    `insert into pliny.log (level, kind, type, id, actor, message, data)
     select level, kind, type, id, actor, message, data
       from jsonb_to_recordset($1::jsonb) as line (level text, kind text, type text, id uuid, actor text, message text, data jsonb)`,
    [JSON.stringify(lines)],
  );
}

// ----

/** Those of the tables that are not there, or may not be seen. Names as statements write them. */
export async function findMissingTables(on: Connection, tables: readonly string[]): Promise<readonly string[]> {
  const rows = await ask<{ readonly name: string }>(on, `select name from unnest($1::text[]) as t (name) where to_regclass(name) is null`, [tables]);
  return rows.map(({ name }) => name);
}

/** Stored names are of lower-case letters, digits and `_` alone; quoted they may be any word. */
export function tableName(key: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(key)) throw new TypeError(`'${key}' is no stored name of a resource.`);
  return `app."${key}"`;
}

function keysParameter(keys: readonly number[]): readonly number[] | null {
  return keys.length === 0 ? null : keys;
}
