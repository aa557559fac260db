// Records: their members, their version, and the codec of what is stored as one.

import { DecodeError, describe, refuse, refuseToWrite, under } from "./error.js";
import { isList, type Json, type JsonRecord, type Read, type Write } from "./json.js";
import type { Reading, Writing } from "./reading.js";

/** How the fields of a type are stored, in its newest shape. What other releases write is read and written by `readStored` and `writeStored`. */
export interface Codec<Fields> {
  readonly version: number;
  /** Stored keys of its members, in the order in which `decode` gives them. */
  readonly keys: readonly string[];
  /** Absent where there was only ever one shape. */
  readonly history?: History;
  /** `__v` included. */
  encode(fields: Fields, at: Writing): JsonRecord;
  /** What `encode` gives as text, for records of single values only: there it takes half the time. To be called by `writeText`. */
  text?(fields: Fields, at: Writing): string;
  decode(json: JsonRecord, at: Reading): Fields;
}

/** The canonical text of a record in its newest shape. Throws an EncodeError. */
export function writeText<Fields>(codec: Codec<Fields>, fields: Fields, at: Writing): string {
  if (codec.text) {
    try {
      return codec.text(fields, at);
    } catch {
      // The encoder says the same again, and where.
    }
  }
  return JSON.stringify(codec.encode(fields, at));
}

/** What tells the shapes of a record from each other. */
export interface History {
  /** The oldest shape that is read, where it is not 1. */
  readonly oldest?: number;
  /** The shape that is written, where it is not the newest. */
  readonly write?: number;
  /**
   * By stored key, for members that are not in every shape: the first shape that has it, and the first that has it no more. A member that
   * left within the newest version has no second: rows of that version may hold it still.
   */
  readonly shapes?: { readonly [key: string]: readonly [since: number, until?: number] };
  /** By stored key, for secrets that stood in the open once: the first shape in which they are sealed. */
  readonly sealed?: { readonly [key: string]: number };
  /** By version: what absent members become on the way to it. */
  readonly set?: { readonly [version: number]: object };
  /** Members that are no more, for hand-written upgrades. */
  decode?(json: JsonRecord, at: Reading): object;
  /** The same for a release that still writes them. */
  encode?(fields: object, at: Writing): JsonRecord;
}

/** No fields at all. */
export type NoFields = Readonly<Record<string, never>>;

/** For a task without args or fields. */
export const nothing: Codec<NoFields> = {
  version: 1,
  keys: [],
  encode: () => ({ __v: 1 }),
  decode: (json) => {
    readVersion(json);
    return {};
  },
};

/**
 * JSON as a record: no list, and no tagged value, which is told by its capital letter. Members that nobody asks for stay where they are; it
 * is the same object.
 */
export function readRecord(json: Json): JsonRecord {
  if (json === null || typeof json !== "object" || isList(json)) refuse("type", "a record", json);
  for (const key in json) {
    const unit = key.charCodeAt(0);
    if (!((unit >= 0x61 && unit <= 0x7a) || unit === 0x5f)) refuse("form", "a record, its keys in lower case", json);
  }
  return json;
}

/** Looks whether a value has members at all. Throws an EncodeError. */
export function checkRecord(value: object): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseToWrite("type", "a record", value);
}

/** The shape that a stored record has, `__v`. */
export function readVersion(record: JsonRecord): number {
  const version = record["__v"];
  if (typeof version === "number" && Number.isSafeInteger(version) && version >= 1) return version;
  const code = version === undefined ? "missing" : "form";
  throw new DecodeError({ code, expected: "a positive integer", got: describe(version), pointer: "/__v" });
}

/** A member that must be there. Absent and null are the same thing, here and below. */
export function required<T>(record: JsonRecord, key: string, read: Read<T>, at: Reading): T {
  const json = memberOf(record, key);
  try {
    if (json !== undefined && json !== null) return read(json, at);
    // The values of such a record are `Older`, whatever the decoder’s type says: whoever asked for them fills them in.
    return at.partial?.record === record ? (null as T) : refuse("missing", "a value", json);
  } catch (error) {
    throw under(error, key);
  }
}

/** What a member that must be there is where it is not, for who has looked already. */
export function missing<T>(record: JsonRecord, key: string, at: Reading): T {
  // As above.
  return at.partial?.record === record ? (null as T) : refuse("missing", "a value", memberOf(record, key), key);
}

export function optional<T>(record: JsonRecord, key: string, read: Read<T>, at: Reading): T | null {
  const json = memberOf(record, key);
  if (json === undefined || json === null) return null;
  try {
    return read(json, at);
  } catch (error) {
    throw under(error, key);
  }
}

/** `value` is what an absent member reads as. */
export function defaulted<T>(record: JsonRecord, key: string, read: Read<T>, at: Reading, value: NoInfer<T>): T {
  const json = memberOf(record, key);
  if (json === undefined || json === null) return standIn(record, at, value);
  try {
    return read(json, at);
  } catch (error) {
    throw under(error, key);
  }
}

/** What a member with a default is where it is not there. */
export function standIn<T>(record: JsonRecord, at: Reading, value: T): T {
  return at.partial?.record === record && at.partial.absent === "null" ? (null as T) : value;
}

/** `key`, the stored one, is what the pointer of an error starts with. */
export function writeRequired<T>(value: T, write: Write<T>, at: Writing, key: string): Json | undefined {
  if (value === null && at.sparse) return undefined;
  try {
    return write(value, at);
  } catch (error) {
    throw under(error, key);
  }
}

/** Undefined, which JSON.stringify leaves out, for null. */
export function writeOptional<T>(value: T | null, write: Write<T>, at: Writing, key?: string): Json | undefined {
  if (value === null) return undefined;
  try {
    return write(value, at);
  } catch (error) {
    throw key === undefined ? error : under(error, key);
  }
}

// Of all names that a member may have, `constructor` alone is one that every object has already.
function memberOf(record: JsonRecord, key: string): Json | undefined {
  return key !== "constructor" || Object.hasOwn(record, key) ? record[key] : undefined;
}
