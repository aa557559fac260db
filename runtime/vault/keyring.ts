// A keyring: JSON text → keys by id. In its long form an entry is `"1": {"alg": …, "key": …, "state": …}`; the short form
// `"0": "<fernet key>"` stands for a Fernet key that is primary. No message says anything of what stands in it but ids.

import { PlinyError } from "../errors.js";
import { a256gcm } from "./a256gcm.js";
import { type Cipher, fromBase64url } from "./cipher.js";
import { boundFernet, unboundFernet } from "./fernet.js";

/**
 * What becomes of a key, in this order: `staged` opens, so that every process knows it before one seals with it; `primary` seals too;
 * `decrypt` opens; `disabled` does nothing.
 */
export type KeyState = "staged" | "primary" | "decrypt" | "disabled";

export interface VaultKey extends Cipher {
  readonly id: number;
  readonly state: KeyState;
}

export interface Keyring {
  /** What messages call it. */
  readonly name: string;
  readonly keys: ReadonlyMap<number, VaultKey>;
  /** The key that seals: the one that is named so, never the largest id. Without one nothing is sealed. */
  readonly primary: VaultKey | null;
}

/** A keyring that cannot be used. */
export class KeyringError extends PlinyError {
  constructor(message: string) {
    super("KEYRING", message);
    this.name = "KeyringError";
  }
}

/** An entry of a keyring, by itself and beside the others found right. */
export interface KeyEntry {
  readonly id: number;
  readonly alg: string;
  readonly state: KeyState;
  readonly bytes: Uint8Array;
  readonly bindsNone: boolean;
}

/** What a message calls the keyring, and the algorithms that its keys may have. */
export interface KeyringKind {
  readonly name: string;
  readonly algorithms: readonly string[];
  /** That of the short form; null where there is none. */
  readonly short: string | null;
}

export interface LoadOptions {
  /** What messages call the keyring. */
  readonly name?: string;
  /** In milliseconds, for the time stamps of Fernet tokens. */
  readonly now?: () => number;
}

/** A keyring of keys that seal. Throws a KeyringError if anything in it is not as it should be: no key is left out and missed later. */
export function loadKeyring(text: string | undefined, { name = "keyring", now = Date.now }: LoadOptions = {}): Keyring {
  const entries = readKeyring(text, { name, algorithms: ["a256gcm-hkdf", "fernet"], short: "fernet" });
  const keys = entries.map((entry): VaultKey => ({ id: entry.id, state: entry.state, ...cipherOf(entry, now) }));
  return { name, keys: new Map(keys.map((key) => [key.id, key])), primary: keys.find((key) => key.state === "primary") ?? null };
}

/** The entries of a keyring of one kind, in the order of their ids. Throws a KeyringError. */
export function readKeyring(text: string | undefined, kind: KeyringKind): readonly KeyEntry[] {
  const the = `The ${kind.name}`;
  if (text === undefined || text.trim() === "") throw new KeyringError(`${the} is missing.`);
  const json = parse(text, the);
  if (!isObject(json)) throw new KeyringError(`${the} is not an object of keys by id.`);
  if (Object.keys(json).length === 0) throw new KeyringError(`${the} holds no key.`);
  refuseTwice(text, the);
  const entries = Object.entries(json).map(([idText, entry]) => readEntry(idText, entry, kind)).sort((left, right) => left.id - right.id);
  refusePairs(entries, the);
  return entries;
}

// Of 32 bits, as a row keeps the ids of its keys in an `int[]`.
const idMax = 2_147_483_647;
const states: readonly KeyState[] = ["staged", "primary", "decrypt", "disabled"];
const members: readonly string[] = ["alg", "key", "state", "bind"];

function cipherOf({ id, alg, bytes, bindsNone }: KeyEntry, now: () => number): Cipher {
  if (alg === "a256gcm-hkdf") return a256gcm(bytes, id);
  return bindsNone ? unboundFernet(bytes) : boundFernet(bytes, now);
}

function parse(text: string, the: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A SyntaxError quotes the text that it could not read.
    throw new KeyringError(`${the} is not JSON.`);
  }
}

function readEntry(idText: string, entry: unknown, { name, algorithms, short }: KeyringKind): KeyEntry {
  const id = readId(idText);
  if (id === null) throw new KeyringError(`The ${name} has an id that is not an integer from 0 to ${idMax}.`);
  const refuse = (message: string): never => {
    throw new KeyringError(`Key ${id} of the ${name} ${message}`);
  };
  const forms = short === null ? "is not an object with alg, key and state." : "is neither an object with alg, key and state nor a text.";
  const given: unknown = typeof entry === "string" && short !== null ? { alg: short, key: entry, state: "primary" } : entry;
  if (!isObject(given)) return refuse(forms);
  if (Object.keys(given).some((member) => !members.includes(member))) refuse(`has a member that is none of ${members.join(", ")}.`);
  const alg = algorithms.find((each) => each === given["alg"]) ?? refuse(`needs an alg that is known: ${algorithms.join(" or ")}.`);
  const state = states.find((each) => each === given["state"]) ?? refuse(`needs a state that is known: ${states.join(", ")}.`);
  const bytes = readKeyBytes(given["key"]) ?? refuse("needs a key of 32 bytes in base64url.");
  const { bind } = given;
  const bindsNone = bind !== undefined;
  if (bindsNone && (bind !== "none" || alg !== "fernet")) refuse('may have as its bind only "none", and only if its alg is fernet.');
  if (bindsNone && state !== "decrypt") refuse("binds none, so it only reads what others wrote: its state must be decrypt.");
  return { id, alg, state, bytes, bindsNone };
}

/** What holds between keys. Two ids with the same bytes would make a rotation that changes nothing, or one key serve two algorithms. */
function refusePairs(entries: readonly KeyEntry[], the: string): void {
  const [first, second] = entries.filter((entry) => entry.state === "primary");
  if (first && second) throw new KeyringError(`${the} has two primary keys, ${first.id} and ${second.id}.`);
  const idByBytes = new Map<string, number>();
  for (const { id, bytes } of entries) {
    const key = Buffer.from(bytes).toString("base64url");
    const other = idByBytes.get(key);
    if (other !== undefined) throw new KeyringError(`${the} has the same bytes under two ids, ${other} and ${id}.`);
    idByBytes.set(key, id);
  }
}

function readId(text: string): number | null {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= idMax ? Number(text) : null;
}

/** Padded or not. */
function readKeyBytes(text: unknown): Uint8Array | null {
  if (typeof text !== "string") return null;
  const bytes = fromBase64url(text.length === 44 && text.endsWith("=") ? text.slice(0, 43) : text);
  return bytes?.length === 32 ? bytes : null;
}

/** JSON.parse takes the last of members with one name and says nothing. `text` is JSON already. */
function refuseTwice(text: string, the: string): void {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const name: unknown = JSON.parse(token.slice(0, -colon.length));
      const seen = open.at(-1);
      if (typeof name !== "string" || seen === undefined) continue;
      if (seen.has(name)) throw new KeyringError(`${the} has ${readId(name) === null ? "a member" : `key ${name}`} twice.`);
      seen.add(name);
    }
  }
}

function isObject(value: unknown): value is { readonly [member: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
