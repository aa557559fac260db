// A keyring as text, edited key by key: made, grown, and led through the states of a rotation. What cannot be loaded is refused before it is
// edited and before it is given back. Entries are written one a line in the order of their ids, whatever their order was.

import { randomBytes } from "node:crypto";
import { loadIndexKeyring } from "../vault/blind-index.js";
import { KeyringError, type KeyState, loadKeyring } from "../vault/keyring.js";

/** What keys are for: to seal secrets, to find them again, or to seal the keys of resources with `own_key`. */
export type KeyringUse = "secrets" | "index" | "shred";

export interface KeyringRow {
  /** What messages and the database call it. */
  readonly name: string;
  /** Where processes find it: its JSON text, or the path of a file that holds it. */
  readonly variable: string;
  /** The algorithms that a new key may have; the first unless another is asked for. */
  readonly algorithms: readonly [string, ...string[]];
}

export const keyrings: { readonly [use in KeyringUse]: KeyringRow } = {
  secrets: { name: "keyring", variable: "PLINY_KEYRING", algorithms: ["a256gcm-hkdf", "fernet"] },
  index: { name: "index keyring", variable: "PLINY_INDEX_KEYRING", algorithms: ["hmac-sha256"] },
  shred: { name: "shred keyring", variable: "PLINY_SHRED_KEYRING", algorithms: ["a256gcm-hkdf"] },
};

/** What may be told of a key. */
export interface KeyFacts {
  readonly id: number;
  readonly alg: string;
  readonly state: KeyState;
  /** Tells keys apart and nothing else of them. */
  readonly checkValue: string;
}

/** The keys of a keyring in the order of their ids. Throws a KeyringError where it cannot be loaded, as everything here does. */
export function listKeys(text: string, use: KeyringUse): readonly KeyFacts[] {
  const entries = readEntries(text, use);
  const keys = use === "index" ? loadIndexKeyring(text) : [...loadKeyring(text, { name: keyrings[use].name }).keys.values()];
  return keys.map(({ id, state, checkValue }) => ({ id, alg: entries.get(id)?.alg ?? "", state, checkValue }));
}

export interface NewKey {
  /** One of `algorithms`; null for the first of them. */
  readonly alg: string | null;
  /** Null for one more than the largest that is there. A key that is gone leaves its id used up for the databases that have met it. */
  readonly id: number | null;
}

export interface GrownKeyring {
  readonly text: string;
  readonly added: KeyFacts;
}

/**
 * With one more key of random bytes: staged, so that nothing is sealed with it before every process has it; or primary, where it is the
 * first, as nothing can be sealed before. `text` is null where there is no keyring yet.
 */
export function addKey(text: string | null, use: KeyringUse, { alg, id }: NewKey): GrownKeyring {
  const { name, algorithms } = keyrings[use];
  const known = algorithms.find((each) => each === (alg ?? algorithms[0]));
  if (known === undefined) throw new KeyringError(`A new key of the ${name} may be of ${algorithms.join(" or ")}, not of ${alg}.`);
  const entries = text === null ? new Map<number, Entry>() : readEntries(text, use);
  const added = id ?? Math.max(0, ...entries.keys()) + 1;
  if (entries.has(added)) throw new KeyringError(`The ${name} has a key ${added} already.`);
  const state: KeyState = entries.size === 0 ? "primary" : "staged";
  const grown = written(entries, use, [added, { alg: known, key: randomBytes(32).toString("base64url"), state }]);
  const facts = listKeys(grown, use).find((key) => key.id === added);
  if (facts === undefined) throw new Error(`Key ${added} was added and is not there.`);
  return { text: grown, added: facts };
}

/**
 * With another primary key; the one before goes on opening. Out of `decrypt` too, which is the way back where a key was promoted before every
 * process had it.
 */
export function promoteKey(text: string, use: KeyringUse, id: number): string {
  const entries = readEntries(text, use);
  const { state, bind } = entryOf(entries, use, id);
  if (state === "primary") throw new KeyringError(`Key ${id} of the ${keyrings[use].name} is primary already.`);
  if (state === "disabled") throw new KeyringError(`Key ${id} of the ${keyrings[use].name} is disabled: it was retired, and a new key is what follows it.`);
  if (bind !== undefined) throw new KeyringError(`Key ${id} of the ${keyrings[use].name} binds none, so it only reads what others wrote.`);
  const before = [...entries].find(([, entry]) => entry.state === "primary");
  return written(entries, use, [id, { ...entryOf(entries, use, id), state: "primary" }], ...(before ? [[before[0], { ...before[1], state: "decrypt" }] as const] : []));
}

/** With a key that does nothing any more. Its bytes stay, so that this can be undone. */
export function retireKey(text: string, use: KeyringUse, id: number): string {
  const entries = readEntries(text, use);
  const entry = entryOf(entries, use, id);
  if (entry.state === "disabled") throw new KeyringError(`Key ${id} of the ${keyrings[use].name} is disabled already.`);
  refusePrimary(entry, use, id);
  return written(entries, use, [id, { ...entry, state: "disabled" }]);
}

/** Without a key, for good: what it sealed opens nowhere again. */
export function removeKey(text: string, use: KeyringUse, id: number): string {
  const entries = readEntries(text, use);
  refusePrimary(entryOf(entries, use, id), use, id);
  entries.delete(id);
  return written(entries, use);
}

/** An entry in its long form. */
interface Entry {
  readonly alg: string;
  readonly key: string;
  readonly state: string;
  readonly bind?: string;
}

/** Loads the keyring, which says all that is wrong with it, and reads it again as what is to be written. */
function readEntries(text: string, use: KeyringUse): Map<number, Entry> {
  if (use === "index") loadIndexKeyring(text);
  else loadKeyring(text, { name: keyrings[use].name });
  const json: Readonly<Record<string, Entry | string>> = JSON.parse(text);
  return new Map(Object.entries(json).map(([id, entry]) => [Number(id), typeof entry === "string" ? { alg: "fernet", key: entry, state: "primary" } : entry]));
}

function entryOf(entries: ReadonlyMap<number, Entry>, use: KeyringUse, id: number): Entry {
  const entry = entries.get(id);
  if (entry === undefined) throw new KeyringError(`The ${keyrings[use].name} has no key ${id}; it has ${[...entries.keys()].join(", ")}.`);
  return entry;
}

function refusePrimary({ state }: Entry, use: KeyringUse, id: number): void {
  if (state === "primary") throw new KeyringError(`Key ${id} of the ${keyrings[use].name} is primary: make another primary first, and rotate.`);
}

function written(entries: ReadonlyMap<number, Entry>, use: KeyringUse, ...changed: readonly (readonly [number, Entry])[]): string {
  const all = [...new Map([...entries, ...changed])].sort(([left], [right]) => left - right);
  const text = `{\n${all.map(([id, entry]) => `  "${id}": ${JSON.stringify(entry)}`).join(",\n")}\n}\n`;
  readEntries(text, use);
  return text;
}
