// `pliny keys`, as far as it is about what is stored: which key is used by how many rows, rotation to the primary ones, and the end of keys
// that are to be unreadable.

import type { Json, JsonRecord, Place } from "../codec/index.js";
import { isList } from "../codec/json.js";
import { profiles } from "../codec/profile.js";
import { isSealed, keysOf, readSealed } from "../codec/secret.js";
import { checkStorable } from "../codec/storable.js";
import { parseJson } from "../codec/text.js";
import { NotFound } from "../errors.js";
import type { KnownResource, Registry } from "../machine/registry.js";
import { keysUsed, nextNonce } from "../machine/resources.js";
import { placeOf } from "../machine/runs.js";
import { indexOf, type Keys, lookedUp } from "../machine/vaults.js";
import {
  countDataKeys, countKeyUses, type DataKey, destroyDataKey, insertLog, readDataKeys, readDataKeysUnder, readKeyIds, readKeyUses, readStaleIndexes,
  type ResourceRecord, rewrapDataKey, saveResource, writeLog,
} from "../store/postgres.js";
import type { Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { countHeldKeyUses, countRunKeyUses, forgetArgs, readArchivedKeyUses, readRunKeyUses, resealRun } from "../store/runs.js";
import { type Keyring, KeyringError } from "../vault/keyring.js";
import { openOwnKeyring, rewrapDataKey as sealAgain } from "../vault/own-key.js";
import { resealed } from "../vault/reseal.js";
import { contextOf, openUnder, sealUnder } from "../vault/vault.js";
import { type Pace, type Progress, runBatches } from "./batches.js";

export interface KeysOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly keys: Keys;
  /** Who does it, for the log. */
  readonly actor: string;
}

/** How many rows hold what a key sealed. */
export interface KeyUses {
  /** Of all tables together: resources, live runs and runs that have ended. */
  readonly uses: number;
  /** How many of them are runs that have ended. */
  readonly archived: number;
  /** When the last of those goes, if it is not sealed again before; null where there is none, or one is kept for ever. */
  readonly archivedUntil: Date | null;
}

export interface KeyStatus extends KeyUses {
  readonly keyring: string;
  readonly id: number;
  /** Null where the keyring has no key of that id: what it sealed is lost to whoever has this keyring. */
  readonly state: string | null;
}

/** Every key that the database has met or a keyring has. Counted by the indexes on `vault_keys`, a key and a table at a time. */
export async function keyStatus({ registry, store, keys }: KeysOptions): Promise<readonly KeyStatus[]> {
  const tables = tablesOf(registry, (known) => known.type.ownKey !== true);
  const shared = await statusOf("keyring", keys.keyring?.keys, async (id) => {
    const rows = await Promise.all(tables.map((table) => countKeyUses(store, table, id)));
    const { live, archived, until } = await countRunKeyUses(store, id);
    return { uses: rows.reduce((sum, one) => sum + one, live + archived), archived, archivedUntil: until };
  });
  const all = tablesOf(registry, () => true);
  const index = await statusOf("index keyring", new Map(keys.indexKeyring.map((key) => [key.id, key])), async (id) => {
    const rows = await Promise.all(all.map((table) => countKeyUses(store, table, -id)));
    return { uses: rows.reduce((sum, one) => sum + one, 0), archived: 0, archivedUntil: null };
  });
  const shred = await statusOf("shred keyring", keys.shredKeyring?.keys, async (id) => ({ uses: await countDataKeys(store, id), archived: 0, archivedUntil: null }));
  return [...shared, ...index, ...shred];

  async function statusOf(name: string, known: ReadonlyMap<number, { readonly state: string }> | undefined, count: (id: number) => Promise<KeyUses>): Promise<readonly KeyStatus[]> {
    const ids = new Set([...(await readKeyIds(store, name)), ...(known?.keys() ?? [])]);
    const sorted = [...ids].sort((left, right) => left - right);
    return Promise.all(sorted.map(async (id) => ({ keyring: name, id, state: known?.get(id)?.state ?? null, ...(await count(id)) })));
  }
}

/**
 * Seals again, under the primary keys, all that other keys of the keyrings have sealed, and indexes again what is indexed under other index
 * keys than the live ones. Runs that a worker holds are left to a later rotation (`heldRuns`). It may be cut off anywhere and run again.
 * Throws a KeyringError where there is no primary key to seal with.
 */
export async function rotateKeys(options: KeysOptions, pace: Pace): Promise<readonly Progress[]> {
  const { registry, store, keys, actor } = options;
  const done: Progress[] = [];
  for (const table of tablesOf(registry, (known) => known.type.ownKey !== true)) if (keys.keyring) done.push(await rotateTable(table, keys.keyring, store, pace));
  for (const table of tablesOf(registry, (known) => lookedUp(known).size > 0)) done.push(...(await rotateIndexes(table, options, pace)));
  // The archive last, since what was live before may have ended meanwhile.
  if (keys.keyring) {
    const rotation = { keyring: keys.keyring, store, pace };
    done.push(await rotateRuns("runs", readRunKeyUses, rotation), await rotateRuns("archived runs", readArchivedKeyUses, rotation));
  }
  if (keys.shredKeyring && registry.resources.some(({ type }) => type.ownKey)) done.push(await rotateDataKeys(keys.shredKeyring, store, pace));
  const [rows, failed] = [done.reduce((sum, one) => sum + one.done, 0), done.reduce((sum, one) => sum + one.failed.length, 0)];
  const message = `Rotated the secrets of ${rows} rows; ${failed} could not be.`;
  await writeLog(store, [{ level: failed > 0 ? "warn" : "info", kind: "action", type: null, id: null, actor, message, data: { tables: done } }]);
  return done;
}

function rotateTable(table: string, keyring: Keyring, store: Store, pace: Pace): Promise<Progress> {
  const primary = primaryOf(keyring);
  const others = othersThan(primary, keyring);
  return runBatches(
    {
      table,
      read: (after, limit) => readKeyUses(store, table, { keys: others, after, limit }),
      write: (row) => {
        const made = sealedAgain(recordIn(row.id, row.attrs), { place: { root: table, id: row.id, path: [] }, others, keyring });
        return writeRow(store, table, { row, record: made, vaultKeys: keysUsed(null, made) });
      },
    },
    pace,
  );
}

/** How many live runs a rotation has left for later, because a worker holds them: what it does with them would be lost. */
export async function heldRuns({ store, keys: { keyring } }: KeysOptions): Promise<number> {
  return keyring === null ? 0 : countHeldKeyUses(store, othersThan(primaryOf(keyring), keyring));
}

interface Rotation {
  readonly keyring: Keyring;
  readonly store: Store;
  readonly pace: Pace;
}

function rotateRuns(table: string, read: typeof readRunKeyUses, { keyring, store, pace }: Rotation): Promise<Progress> {
  const others = othersThan(primaryOf(keyring), keyring);
  return runBatches(
    {
      table,
      read: (after, limit) => read(store, { keys: others, after, limit }),
      write: (run) => {
        const part = (name: "args" | "fields", text: string): JsonRecord => sealedAgain(recordIn(run.id, text), { place: placeOf({ tag: run.type }, run.id, name), others, keyring });
        const [args, fields] = [part("args", run.args), part("fields", run.attrs)];
        for (const record of [args, fields]) checkStorable(record);
        return resealRun(store, run, { args: JSON.stringify(args), attrs: JSON.stringify(fields), vaultKeys: keysOf([args, fields]), nextNonce: nextNonce() });
      },
    },
    pace,
  );
}

/** A row whose secrets are to be indexed again, and the data key of one that has its own. */
interface Indexed extends ResourceRecord {
  readonly dataKey?: DataKey | undefined;
}

async function rotateIndexes(table: string, { registry, store, keys }: KeysOptions, pace: Pace): Promise<readonly Progress[]> {
  const { keyring, indexKeyring, shredKeyring } = keys;
  const family = registry.resources.filter((known) => known.root === table && lookedUp(known).size > 0);
  const live = indexKeyring.filter(({ state }) => state === "primary" || state === "decrypt").map(({ id }) => String(id));
  if (indexKeyring.length === 0) return [];
  const done: Progress[] = [];
  for (const known of family) {
    const fields = [...lookedUp(known).keys()];
    const ownKeys = known.type.ownKey === true;
    if ((ownKeys ? shredKeyring : keyring) === null) continue;
    const read = async (after: string | null, limit: number): Promise<readonly Indexed[]> => {
      const rows = await readStaleIndexes(store, table, { types: [known.tag], fields, live, ownKeys, after, limit });
      const dataKeys = ownKeys ? await readDataKeys(store, rows.map(({ id }) => id)) : [];
      return rows.map((row) => ({ ...row, dataKey: dataKeys.find(({ id }) => id === row.id) }));
    };
    const keyringOf = ({ id, dataKey }: Indexed): Keyring | null => {
      if (!ownKeys || shredKeyring === null) return keyring;
      const wrapped = dataKey === undefined || dataKey.shredKey === null || dataKey.blob === null ? null : ([dataKey.shredKey, dataKey.blob] as const);
      return wrapped && openOwnKeyring({ owner: { root: table, id }, wrapped, shredKeys: shredKeyring });
    };
    const write = async (row: Indexed): Promise<boolean> => {
      const opening = keyringOf(row);
      // Its key was destroyed meanwhile; it is not met again.
      if (opening === null) return false;
      const record = recordIn(row.id, row.attrs);
      const entries = fields.filter((key) => isSealed(record[key])).map((key) => {
        const context = contextOf({ root: table, id: row.id, path: [key] });
        const value = valueIn(openUnder(opening, readSealed(record[key] ?? null), context));
        return [key, indexOf(known, key, { value, indexKeyring })] as const;
      });
      // What a newer release looks up besides is its own to index.
      const others = Object.entries(indexesIn(record)).filter(([key]) => !fields.includes(key));
      const made = { ...record, __idx: Object.fromEntries([...others, ...entries]) };
      return writeRow(store, table, { row, record: made, vaultKeys: keysUsed(known, made) });
    };
    done.push(await runBatches({ table: `${table}, indexes`, read, write }, pace));
  }
  return done;
}

function indexesIn({ __idx: indexes = null }: JsonRecord): JsonRecord {
  return indexes === null || typeof indexes !== "object" || isList(indexes) ? {} : indexes;
}

/** What others sealed may be anything, and an error of JSON.parse would quote it. */
function valueIn(plain: string): Json {
  try {
    const json: Json = JSON.parse(plain);
    if (isList(json) && json.length === 1) return json[0] ?? null;
  } catch {
    // Said below, of whatever it is.
  }
  throw new TypeError("A secret that is looked up holds no JSON of one value, so it has no index.");
}

function rotateDataKeys(keyring: Keyring, store: Store, pace: Pace): Promise<Progress> {
  const others = othersThan(primaryOf(keyring), keyring);
  return runBatches(
    {
      table: "data keys",
      read: (after, limit) => readDataKeysUnder(store, { keys: others, after, limit }),
      write: async ({ type, ...before }) => {
        if (before.shredKey === null || before.blob === null) return true;
        const [shredKey, blob] = sealAgain([before.shredKey, before.blob], { root: type, id: before.id }, keyring);
        return rewrapDataKey(store, before, { id: before.id, shredKey, blob });
      },
    },
    pace,
  );
}

/**
 * Destroys the data key of a resource with `own_key`, for good: its secrets and those of its runs are unreadable here from now on, and no index
 * tells of them. A dump that was taken before holds the key still, sealed under its shred key: it is blind only when that one is gone too. Throws
 * where there is none left to destroy.
 */
export async function destroyOwnKey(
  { registry, store, actor }: KeysOptions,
  known: KnownResource,
  { id, why }: { readonly id: string; readonly why: string },
): Promise<void> {
  if (!known.type.ownKey) throw new KeyringError(`A ${known.type.name} has no key of its own: its spec does not say \`own_key: true\`.`);
  const secret = registry.tasks.filter(({ root, secrets }) => root === known.root && secrets.args);
  const secretArgs = { tasks: secret.map(({ tag }) => tag), uniqueTasks: secret.filter(({ type }) => type.unique === "args").map(({ tag }) => tag) };
  await withPartitions(store, () =>
    store.transaction(async (on) => {
      if (!(await destroyDataKey(on, known.root, { id, nextNonce: nextNonce(), by: actor, note: why }))) throw new NotFound(`key of ${known.type.name}`, id);
      // It is locked by now, so that no other run has begun meanwhile.
      await forgetArgs(on, { resourceId: id, ...secretArgs });
      await insertLog(on, [{ level: "warn", kind: "action", type: known.tag, id, actor, message: why, data: { action: "destroyed its data key" } }]);
    }),
  );
}

/** Writes that a shred key is about to leave its keyring, before it does: what can no longer be read must not go without a trace. */
export function logShredding({ store, actor }: KeysOptions, shredKey: number): Promise<void> {
  const message = `Shred key ${shredKey} leaves the shred keyring: what is sealed under it in older dumps is unreadable.`;
  return writeLog(store, [{ level: "warn", kind: "action", type: null, id: null, actor, message, data: { action: "shredded a key", key: shredKey } }]);
}

/** How many data keys are still sealed under a shred key, and would be lost with it. */
export function ownKeysUnder({ store }: KeysOptions, shredKey: number): Promise<number> {
  return countDataKeys(store, shredKey);
}

function tablesOf(registry: Registry, which: (known: KnownResource) => boolean): readonly string[] {
  return [...new Set(registry.resources.filter(which).map(({ root }) => root))];
}

function primaryOf({ name, primary }: Keyring): number {
  if (primary === null) throw new KeyringError(`The ${name} has no primary key, so there is nothing to rotate to. Make one primary: \`pliny keys promote <id>\`.`);
  return primary.id;
}

/** The keys that open and are not the primary one. */
function othersThan(primary: number, { keys }: Keyring): readonly number[] {
  return [...keys.values()].filter(({ id, state }) => id !== primary && state !== "disabled").map(({ id }) => id);
}

function sealedAgain(record: JsonRecord, { place, others, keyring }: { readonly place: Place; readonly others: readonly number[]; readonly keyring: Keyring }): JsonRecord {
  return resealed(record, {
    place,
    isCurrent: ([id]) => !others.includes(id),
    reseal: (sealed, at) => sealUnder(keyring, openUnder(keyring, sealed, contextOf(at)), contextOf(at)),
  });
}

function recordIn(id: string, text: string): JsonRecord {
  const json = parseJson(text, profiles.store);
  if (json === null || typeof json !== "object" || isList(json)) throw new TypeError(`${id} holds no record.`);
  return json;
}

async function writeRow(
  store: Store,
  table: string,
  { row, record, vaultKeys }: { readonly row: ResourceRecord; readonly record: JsonRecord; readonly vaultKeys: readonly number[] },
): Promise<boolean> {
  checkStorable(record);
  const written = { id: row.id, nonce: row.nonce, nextNonce: nextNonce(), attrs: JSON.stringify(record), vaultKeys, by: "pliny keys rotate", note: null };
  return (await withPartitions(store, () => saveResource(store, table, written))) !== null;
}
