// Secrets: values that never print, and are stored as only the vault can open them. What was read stays sealed until someone reveals it
// with a reason that stands in the log, and is written again as it was, so that a lost key fails that one reveal and not the row.

import { type CodecErrorCode, DecodeError, EncodeError, refuse, under, withheld } from "./error.js";
import { canonicalText, isList, readTag, type Json, type Read, type Write } from "./json.js";
import type { Place, Reading, Sealed, Writing } from "./reading.js";

/** Either what was given, or what was read: sealed, bound to its place. */
type Content<T> =
  | { readonly kind: "given"; readonly value: T }
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

const secretForm = 'a secret as {"Vault": [key id, text]}';

/** Checks the envelope; `read` runs when the secret is revealed. */
export function readSecret<T>(json: Json, read: Read<T>, at: Reading): Secret<T> {
  const sealed = readSealed(json);
  return secretOf({ kind: "sealed", sealed, at, open: () => open(sealed, read, at) });
}

/**
 * Seals it for the place of `at`; what is sealed for that place already stays as it is. What comes from another place is opened and sealed
 * again, which nobody sees and the log does not tell. Throws an EncodeError where there is no vault to do so.
 */
export function writeSecret<T>(value: Secret<T>, write: Write<T>, at: Writing): Json {
  if (!(value instanceof Secret)) throw new EncodeError({ code: "type", expected: "a Secret", got: "[secret]", pointer: "" });
  const content = contentOf(value);
  if (content.kind === "sealed" && isSamePlace(content.at.place, at.place)) return { Vault: content.sealed };
  if (at.vault === null) {
    throw new EncodeError({ code: "vault", expected: "a keyring, for a secret is written sealed or not at all", got: "none", pointer: "" });
  }
  const plain = content.kind === "given" ? content.value : content.open();
  return { Vault: at.vault.seal(plainText(plain, write, at), at.place) };
}

/** The value of a secret that was given and never stored, to be checked; null for one that was read. */
export function valueGiven<T>(secret: Secret<T>): { readonly value: T } | null {
  const content = contentOf(secret);
  return content.kind === "given" ? content : null;
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
  try {
    const sealed = readTag(json, "Vault", secretForm);
    if (!isList(sealed) || sealed.length !== 2) refuse("type", secretForm, json);
    const [key, blob] = sealed;
    if (typeof key !== "number" || typeof blob !== "string") refuse("type", secretForm, json);
    if (!Number.isSafeInteger(key) || key < 0 || blob === "") refuse("form", secretForm, json);
    return [key, blob];
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

/** What is sealed: the canonical text of a list that holds the value. */
function plainText<T>(value: T, write: Write<T>, at: Writing): string {
  try {
    return canonicalText([write(value, at)]);
  } catch (error) {
    throw withheld(error);
  }
}

function isSamePlace(left: Place, right: Place): boolean {
  return left.root === right.root && left.id === right.id && canonicalText(left.path) === canonicalText(right.path);
}
