// Secrets: values that never print, and are stored as only the vault can open them. What was read stays sealed until someone reveals it
// with a reason that stands in the log, and is written again as it was, so that a lost key fails that one reveal and not the row.

import { type CodecErrorCode, DecodeError, EncodeError, refuse, under, withheld } from "./error.js";
import { canonicalText, isList, isText, readTag, type Json, type Read, type Write } from "./json.js";
import { isOpen, type Place, type Reading, type Sealed, type Writing } from "./reading.js";

/** What was given; or what was read: sealed and bound to its place, in the open as it was before it was encrypted, or no more than that there is one. */
type Content<T> =
  | { readonly kind: "given"; readonly value: T }
  | { readonly kind: "withheld"; readonly key: number }
  | { readonly kind: "open"; readonly value: T; readonly json: Json; readonly at: Reading }
  | { readonly kind: "sealed"; readonly sealed: Sealed; readonly at: Reading; readonly open: () => T };

// Given by the class below to the functions of this file alone.
let secretOf: <T>(content: Content<T>) => Secret<T>;
let contentOf: <T>(secret: Secret<T>) => Content<T>;

export class Secret<T> {
  readonly #content: Content<T>;

  private constructor(content: Content<T>) {
    this.#content = content;
  }

  static {
    secretOf = (content) => new Secret(content);
    contentOf = (secret) => secret.#content;
    // What Node asks when it prints an object. Isolated declarations know no methods with a computed name.
    Object.defineProperty(Secret.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: () => "[secret]" });
  }

  static of<T>(value: T): Secret<T> {
    return secretOf({ kind: "given", value });
  }

  /**
   * The value, once the reason stands in the log; each time that it is asked for. What was given to this process and never stored is noted
   * nowhere. Rejects where there is no vault, where the key is lost, where what was sealed is not of its declared type, and where the log
   * cannot be written.
   */
  async reveal(reason: string): Promise<T> {
    if (typeof reason !== "string" || reason.trim() === "") throw new TypeError("A secret is revealed for a reason: say which.");
    const content = this.#content;
    if (content.kind === "given") return content.value;
    if (content.kind === "withheld") throw notRevealed("vault", "a secret that is at hand: this one is withheld");
    if (content.kind === "open") {
      const { place, vault } = content.at;
      // Whoever has no keyring could not note it, and once it is sealed could not open it either.
      if (vault === null) throw under(notRevealed("vault", "a keyring that opens it"), ...place.path);
      await vault.noteReveal(place, reason, canonicalText([content.json]));
      return content.value;
    }
    // Opened first, so that the log tells of no reveal that there was not.
    const value = content.open();
    await content.at.vault?.noteReveal(content.at.place, reason);
    return value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}

/**
 * Checks the envelope; `read` runs when the secret is revealed. Where secrets are given in the clear, or stand in the open in an old shape, it
 * runs at once; of what is given what stands in a `Vault` is withheld: it is left as it is.
 */
export function readSecret<T>(json: Json, read: Read<T>, at: Reading): Secret<T> {
  const { secrets } = at.profile;
  if (secrets === "sealed" && isOpen(at)) {
    try {
      return secretOf({ kind: "open", value: read(json, at), json, at });
    } catch (error) {
      throw withheld(error);
    }
  }
  if (secrets === "sealed") {
    const sealed = readSealed(json);
    return secretOf({ kind: "sealed", sealed, at, open: () => open(sealed, read, at) });
  }
  if (secrets === "given" && !isSealed(json)) {
    try {
      return Secret.of(read(json, at));
    } catch (error) {
      throw withheld(error);
    }
  }
  return secretOf({ kind: "withheld", key: readEnvelope(json, secrets).key });
}

/** Whether it looks like what a secret is stored as. */
export function isSealed(json: Json | undefined): boolean {
  return json !== null && typeof json === "object" && !isList(json) && Object.hasOwn(json, "Vault");
}

/**
 * Seals it for the place of `at`; what is sealed for that place already stays as it is. What comes from another place is opened and sealed
 * again, which nobody sees and the log does not tell. Where secrets are withheld it writes whose key sealed it; where they are given, its plain
 * value, and so where an old shape has it in the open. Throws an EncodeError where there is no vault to seal with, and where there is not what is
 * to be written.
 */
export function writeSecret<T>(value: Secret<T>, write: Write<T>, at: Writing): Json {
  if (!(value instanceof Secret)) throw new EncodeError({ code: "type", expected: "a Secret", got: "[secret]", pointer: "" });
  const content = contentOf(value);
  const { secrets } = at.profile;
  if (at.sparse) return content.kind === "given" ? plainJson(content.value, write, at) : null;
  if (content.kind === "withheld") {
    if (secrets === "sealed") throw notWritten("a secret that is at hand", "one that is withheld");
    return { Vault: [content.key, null] };
  }
  if (secrets === "withheld") {
    if (content.kind === "given") throw notWritten("a secret that is stored", "one that is not yet");
    return { Vault: [content.kind === "open" ? 0 : content.sealed[0], null] };
  }
  if (secrets === "given") {
    if (content.kind === "sealed") throw notWritten("a secret in the clear", "one that is sealed");
    return plainJson(content.value, write, at);
  }
  if (isOpen(at)) return plainJson(valueIn(content), write, at);
  if (content.kind === "sealed" && isSamePlace(content.at.place, at.place)) return { Vault: content.sealed };
  if (at.vault === null) throw notWritten("a keyring, for a secret is written sealed or not at all", "none");
  return { Vault: at.vault.seal(canonicalText([plainJson(valueIn(content), write, at)]), at.place) };
}

function valueIn<T>(content: Exclude<Content<T>, { readonly kind: "withheld" }>): T {
  return content.kind === "sealed" ? content.open() : content.value;
}

function notWritten(expected: string, got: string): EncodeError {
  return new EncodeError({ code: "vault", expected, got, pointer: "" });
}

/** Whether it stands for a secret that is left as it is. */
export function isWithheld(value: unknown): boolean {
  return value instanceof Secret && contentOf(value).kind === "withheld";
}

/**
 * What is given, in which each secret that comes withheld is the one that is stored at the same place: in a record, or under the same key of a
 * dict or map. In a list nobody can tell which one is meant, so that it stays withheld there.
 */
export function withStored(given: unknown, stored: unknown): unknown {
  if (given instanceof Secret) return isWithheld(given) && stored instanceof Secret ? stored : given;
  if (given instanceof Map && stored instanceof Map) return new Map([...given].map(([key, value]) => [key, withStored(value, stored.get(key))]));
  if (!isRecordValue(given) || !isRecordValue(stored)) return given;
  const members = new Map(Object.entries(stored));
  return Object.fromEntries(Object.entries(given).map(([member, value]) => [member, withStored(value, members.get(member))]));
}

function isRecordValue(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The value of a secret that was given and never stored, to be checked; null for one that was read. */
export function valueGiven<T>(secret: Secret<T>): { readonly value: T } | null {
  const content = contentOf(secret);
  return content.kind === "given" ? content : null;
}

/**
 * Whether one secret is what another is, as far as can be told unopened: the same that is stored, or withheld, which is what there is. Of one
 * that was given it cannot be told.
 */
export function isSameSecret(left: Secret<unknown>, right: Secret<unknown>): boolean {
  const [first, second] = [contentOf(left), contentOf(right)];
  if (first.kind === "withheld" || second.kind === "withheld") return true;
  if (first.kind === "given" || second.kind === "given") return first === second;
  return first.kind === second.kind && canonicalText(storedIn(first)) === canonicalText(storedIn(second));
}

function storedIn(content: Extract<Content<unknown>, { readonly kind: "sealed" | "open" }>): Json {
  return content.kind === "sealed" ? content.sealed : content.json;
}

/** What a setter was given, as a secret. NonNullable keeps the first form from taking null for a value. */
export function toSecret<T>(value: NonNullable<T> | Secret<T>): Secret<T>;
export function toSecret<T>(value: T | Secret<T> | null): Secret<T> | null;
export function toSecret<T>(value: T | Secret<T> | null): Secret<T> | null {
  if (value === null) return null;
  return value instanceof Secret ? value : Secret.of(value);
}

/**
 * The ids of the keys that the secrets in stored JSON were sealed with, in order, each once. What looks like a secret in free-form JSON or
 * as the keys of a dict is none. Those of a resource with `own_key` are ids of its own key, and of no keyring.
 */
export function keysOf(json: Json): readonly number[] {
  const ids = new Set<number>();
  collectKeys(json, ids);
  return [...ids].sort((left, right) => left - right);
}

function collectKeys(json: Json | undefined, ids: Set<number>): void {
  if (json === null || typeof json !== "object") return;
  if (isList(json)) {
    for (const item of json) collectKeys(item, ids);
    return;
  }
  for (const [name, member] of Object.entries(json)) {
    if (name === "Json") continue;
    if (name === "Vault") ids.add(readSealed(json)[0]);
    else if (name === "Dict" && member !== null && typeof member === "object") {
      for (const value of Object.values(member)) collectKeys(value, ids);
    } else collectKeys(member, ids);
  }
}

export function readSealed(json: Json): Sealed {
  const { key, blob } = readEnvelope(json, "sealed");
  return [key, blob ?? ""];
}

/** What a secret’s `Vault` must be, by how the profile has secrets. */
export const envelopeForms = {
  sealed: 'a secret as {"Vault": [key id, text]}',
  withheld: 'a secret that is withheld, as {"Vault": [key id, null]}',
  given: 'a secret in the clear, or as {"Vault": [key id, null]} to leave it as it is',
} as const;

/** A `Vault` and nothing else; `blob` is null where the secret is withheld. */
export function readEnvelope(json: Json, secrets: keyof typeof envelopeForms): { readonly key: number; readonly blob: string | null } {
  const expected = envelopeForms[secrets];
  try {
    const pair = readTag(json, "Vault", expected);
    if (!isList(pair) || pair.length !== 2) refuse("type", expected, json);
    const [key, blob = ""] = pair;
    const isBlob = secrets === "sealed" ? typeof blob === "string" && isText(blob) : blob === null;
    if (typeof key !== "number" || !isBlob) refuse("type", expected, json);
    if (!Number.isSafeInteger(key) || key < 0 || blob === "") refuse("form", expected, json);
    return { key, blob: typeof blob === "string" ? blob : null };
  } catch (error) {
    // What stands there instead may well be the secret itself, left open by a mistake.
    throw withheld(error);
  }
}

function open<T>(sealed: Sealed, read: Read<T>, at: Reading): T {
  const steps = at.place.path;
  if (at.vault === null) throw under(notRevealed("vault", "a keyring that opens it"), ...steps);
  const text = at.vault.open(sealed, at.place);
  try {
    const plain: Json = JSON.parse(text);
    if (!isList(plain) || plain.length !== 1) refuse("type", "one value", plain);
    const [json = null] = plain;
    return read(json, at);
  } catch (error) {
    // A SyntaxError quotes the text that it could not read.
    throw under(error instanceof SyntaxError ? notRevealed("form", "JSON") : withheld(error), ...steps);
  }
}

function notRevealed(code: CodecErrorCode, expected: string): DecodeError {
  return new DecodeError({ code, expected, got: "[secret]", pointer: "" });
}

/** What is sealed in a list, or given. */
function plainJson<T>(value: T, write: Write<T>, at: Writing): Json {
  try {
    return write(value, at);
  } catch (error) {
    throw withheld(error);
  }
}

function isSamePlace(left: Place, right: Place): boolean {
  return left.root === right.root && left.id === right.id && canonicalText(left.path) === canonicalText(right.path);
}
