// Which vault seals and opens the secrets of which row: that of the keyring, or for a resource with `own_key` one of its own. And what stands
// under `__idx`, by which a secret with `lookup` is found again.

import { EncodeError, type Json, type JsonRecord, type Vault } from "../codec/index.js";
import { isList } from "../codec/json.js";
import { blankOf } from "../codec/stored.js";
import type { Connection, Store } from "../store/connection.js";
import { keepDataKey, type KeyCheck, meetKeys, readDataKeys, writeLog } from "../store/postgres.js";
import { blindIndex, type IndexKeyring, loadIndexKeyring } from "../vault/blind-index.js";
import { type Keyring, KeyringError, loadKeyring } from "../vault/keyring.js";
import type { Masking } from "../vault/masking.js";
import { createOwnVault, makeDataKey } from "../vault/own-key.js";
import { type Audience, createVault } from "../vault/vault.js";
import type { KnownResource } from "./registry.js";

/** What there is to seal with, to find by, and to shred with; null and empty where nothing was given. */
export interface Keys {
  readonly keyring: Keyring | null;
  readonly indexKeyring: IndexKeyring;
  readonly shredKeyring: Keyring | null;
}

/** The same as JSON text. */
export type KeyTexts = { readonly [Use in keyof Keys]: string | null };

/** Throws a KeyringError where one is not as it should be. */
export function loadKeys({ keyring, indexKeyring, shredKeyring }: KeyTexts): Keys {
  return {
    keyring: keyring === null ? null : loadKeyring(keyring),
    indexKeyring: indexKeyring === null ? [] : loadIndexKeyring(indexKeyring),
    shredKeyring: shredKeyring === null ? null : loadKeyring(shredKeyring, { name: "shred keyring" }),
  };
}

export interface VaultsOptions {
  readonly store: Store;
  readonly keys: Keys;
  /** Who reveals, for the log. */
  readonly actor: string;
  readonly masking: Masking;
}

interface Row {
  readonly known: KnownResource;
  readonly id: string;
}

export interface Vaults {
  /** That of the keyring; null where there is none. */
  readonly shared: Vault | null;
  /**
   * The vaults of resources that were read, by their ids, which are those of the runs on them as well: one query more where some have keys of
   * their own. Of any other id it is that of the keyring; null where nothing can be opened.
   */
  forReading(rows: readonly Row[], on?: Connection): Promise<(id: string) => Vault | null>;
  /**
   * The vault of a resource that is about to be written, or a run on it; its own key is made if it has none yet. In a transaction it is
   * asked for there, where a key that is not committed yet can be seen.
   */
  forWriting(row: Row, on?: Connection): Promise<Vault | null>;
  /** A vault that remembers what it seals, and the index of all that; `before` is the index of what stays as it was sealed. */
  indexing(known: KnownResource, vault: Vault | null, before: Json | undefined): Indexing;
}

export interface Indexing {
  readonly vault: Vault | null;
  /** What stands under `__idx` of a record that was written with that vault; null where none of its fields can be looked up. */
  readonly index: (record: JsonRecord) => JsonRecord | null;
}

/** Throws a KeyringError where an id stands for other bytes than this database has met under it. */
export async function openVaults({ store, keys, actor, masking }: VaultsOptions): Promise<Vaults> {
  await refuseStrangers(store, keys);
  const { keyring, indexKeyring, shredKeyring } = keys;
  const audience: Audience = {
    masking,
    noteReveal: ({ root, id, path }, reason) =>
      writeLog(store, [{ level: "info", kind: "reveal", type: root, id, actor, message: reason, data: { field: path.join(".") } }]),
  };
  const shared = keyring && createVault(keyring, audience);
  const ownVault = ({ known: { root }, id }: Row, key: { readonly shredKey: number | null; readonly blob: string | null }): Vault | null => {
    const wrapped = key.shredKey === null || key.blob === null ? null : ([key.shredKey, key.blob] as const);
    return shredKeyring && createOwnVault({ owner: { root, id }, wrapped, shredKeys: shredKeyring }, audience);
  };
  return {
    shared,
    async forReading(rows, on = store) {
      const owners = rows.filter(({ known }) => known.type.ownKey);
      const found = owners.length === 0 ? [] : await readDataKeys(on, owners.map(({ id }) => id));
      const byId = new Map(found.map((key) => [key.id, key]));
      const own = new Map(owners.map((row) => [row.id, ownVault(row, byId.get(row.id) ?? { shredKey: null, blob: null })]));
      return (id) => (own.has(id) ? (own.get(id) ?? null) : shared);
    },
    async forWriting(row, on = store) {
      const { known, id } = row;
      if (!known.type.ownKey || shredKeyring === null) return known.type.ownKey ? null : shared;
      const [there] = await readDataKeys(on, [id]);
      if (there) return ownVault(row, there);
      const [shredKey, blob] = makeDataKey({ root: known.root, id }, shredKeyring);
      return ownVault(row, await keepDataKey(on, known.root, { id, shredKey, blob }));
    },
    indexing: (known, vault, before) => indexingVault(known, vault, { before, indexKeyring }),
  };
}

async function refuseStrangers(store: Store, { keyring, indexKeyring, shredKeyring }: Keys): Promise<void> {
  const checksOf = (name: string, keys: Iterable<{ readonly id: number; readonly checkValue: string }>): readonly KeyCheck[] =>
    [...keys].map(({ id, checkValue }) => ({ keyring: name, id, value: checkValue }));
  const checks = [
    ...checksOf("keyring", keyring?.keys.values() ?? []),
    ...checksOf("index keyring", indexKeyring),
    ...checksOf("shred keyring", shredKeyring?.keys.values() ?? []),
  ];
  if (checks.length === 0) return;
  const met = await meetKeys(store, checks);
  const stranger = checks.find(({ keyring: name, id, value }) => met.some((one) => one.keyring === name && one.id === id && one.value !== value));
  if (stranger) {
    throw new KeyringError(
      `Key ${stranger.id} of the ${stranger.keyring} is another than this database has met under that id. What the other sealed would be unreadable; give the new key an id of its own.`,
    );
  }
}

/** The fields of a type that can be looked up: stored key → how their text is made one of its kind. */
export function lookedUp({ type }: KnownResource): ReadonlyMap<string, "lower" | undefined> {
  const { codec, rules } = type.fields;
  return new Map(
    Object.keys(blankOf(codec)).flatMap((member, at) => {
      const encrypted = rules[member]?.encrypted;
      const key = codec.keys[at];
      return encrypted?.lookup && key !== undefined ? [[key, encrypted.normalize] as const] : [];
    }),
  );
}

/** Under which keys of the index keyring a record is looked up. */
export function indexKeysOf({ __idx: indexes = null }: JsonRecord): readonly number[] {
  if (indexes === null || typeof indexes !== "object" || isList(indexes)) return [];
  const dicts = Object.values(indexes).map((index) => (index !== null && typeof index === "object" && !isList(index) ? index.Dict : null));
  return [...new Set(dicts.flatMap((dict) => (dict !== null && typeof dict === "object" && !isList(dict) ? Object.keys(dict).map(Number) : [])))];
}

/** What a field of a type is looked up by. */
export function indexOf(known: KnownResource, key: string, { value, indexKeyring }: { readonly value: Json; readonly indexKeyring: IndexKeyring }): JsonRecord {
  const normalize = lookedUp(known).get(key);
  return blindIndex(indexKeyring, { root: known.root, path: [key], ...(normalize === undefined ? {} : { normalize }) }, value);
}

interface IndexingOptions {
  readonly before: Json | undefined;
  readonly indexKeyring: IndexKeyring;
}

function indexingVault(known: KnownResource, vault: Vault | null, { before, indexKeyring }: IndexingOptions): Indexing {
  const fields = lookedUp(known);
  const kept: JsonRecord = before !== null && typeof before === "object" && !isList(before) ? before : {};
  // What a newer release looks up is kept: this one cannot make it again.
  const strange = Object.entries(kept).filter(([key]) => !fields.has(key));
  if (fields.size === 0) return { vault, index: () => (strange.length === 0 ? null : Object.fromEntries(strange)) };
  const made = new Map<string, JsonRecord>();
  return {
    vault: vault && {
      ...vault,
      seal(text, place) {
        const [key = "", ...deeper] = place.path;
        if (fields.has(key) && deeper.length === 0) {
          if (indexKeyring.length === 0) throw new EncodeError({ code: "vault", expected: "an index keyring, for the field is looked up by it", got: "none", pointer: `/${key}` });
          const [value = null]: readonly Json[] = JSON.parse(text);
          made.set(key, indexOf(known, key, { value, indexKeyring }));
        }
        return vault.seal(text, place);
      },
    },
    index(record) {
      const entries = [...fields.keys()].sort().flatMap((key) => {
        const index = made.get(key) ?? kept[key];
        return record[key] === undefined || index === undefined ? [] : [[key, index] as const];
      });
      const all = [...entries, ...strange];
      return all.length === 0 ? null : Object.fromEntries(all);
    },
  };
}
