// Enums, and what stands for a stored value that a closed enum does not have (a newer release wrote it): it is kept and written again as it
// is, and only who reads the field hears of it, so that a roll-back poisons no row. A tag that is not known is kept in the same way.

import { refuse, under } from "./error.js";
import type { Json } from "./json.js";
import { readString, writeString } from "./scalars.js";
import type { Reading, Writing } from "./reading.js";

/** Texts of `T` complete in an editor, and any other is allowed too. Plain `string` would swallow them. */
export type Open<T extends string> = T | (string & {});

/** An enum: `{ values: ["hobby", "standard"], replaced: { std: "standard" } }`. Where it is open, `T` is an `Open<…>`. */
export interface EnumValues<T extends string> {
  readonly values: readonly T[];
  /** Old value → the value that it reads as. */
  readonly replaced?: { readonly [old: string]: T };
  readonly open?: true;
}

/** Stands where a value of `T` should, for JSON that is not understood here. */
export class Unknown {
  readonly json: Json;
  readonly expected: string;

  constructor(json: Json, expected: string) {
    this.json = json;
    this.expected = expected;
  }

  /** Of a tagged value. Null for the value of an enum. */
  get tag(): string | null {
    return this.json === null || typeof this.json !== "object" ? null : (Object.keys(this.json)[0] ?? null);
  }

  /** What stands under the tag. */
  get payload(): Json {
    return this.json === null || typeof this.json !== "object" ? this.json : (Object.values(this.json)[0] ?? null);
  }

  toString(): string {
    return typeof this.json === "string" ? this.json : JSON.stringify(this.json);
  }

  toJSON(): Json {
    return this.json;
  }
}

/**
 * One of the values. A replaced one reads as the new one. Any other text is kept: as it is where the enum is open, as an `Unknown` where it
 * is closed, and then whoever hands the value out calls `known` on it first. (Where the profile keeps no unknown values it is refused.)
 */
export function readEnum<T extends string>(json: Json, of: EnumValues<T>, at: Reading, key?: string): T {
  for (const value of of.values) if (value === json) return value;
  const text = readString(json, at, key);
  if (of.replaced && Object.hasOwn(of.replaced, text)) return of.replaced[text] ?? refuse("unknown", oneOf(of), json, key);
  if (!of.open && at.profile.unknownValues === "refused") refuse("unknown", oneOf(of), json, key);
  const kept: unknown = of.open ? text : new Unknown(text, oneOf(of));
  // The one place where a type is not what it says: an open enum's T allows any text, a closed one's `Unknown` goes no further than `known`.
  return kept as T;
}

/** Its text. What was not known when it was read is written as it was. */
export function writeEnum(value: string, at: Writing): Json {
  const given: unknown = value;
  return given instanceof Unknown ? given.json : writeString(value, at);
}

/**
 * The value, after a look whether an `Unknown` is in it, at any depth: then a DecodeError with code `unknown`, whose pointer starts with
 * `key` and goes on as the value does for who reads it (a set's items by position, a map's by the text of their keys). To be called by the
 * getter of each field whose type is, or holds, a closed enum.
 */
export function known<T>(value: T, key: string): T {
  if (typeof value === "object" && value !== null) refuseUnknown(value, key);
  return value;
}

function refuseUnknown(value: unknown, step: string | number): void {
  if (value === null || typeof value !== "object") return;
  try {
    if (value instanceof Unknown) refuse("unknown", value.expected, value.json);
    if (Array.isArray(value) || value instanceof Set) [...value].forEach(refuseUnknown);
    else if (value instanceof Map) for (const [key, item] of value) [key, item].forEach((part) => refuseUnknown(part, String(key)));
    else if (Object.getPrototypeOf(value) === Object.prototype) for (const [key, item] of Object.entries(value)) refuseUnknown(item, key);
  } catch (error) {
    throw under(error, step);
  }
}

function oneOf(of: EnumValues<string>): string {
  return `one of ${of.values.map((value) => JSON.stringify(value)).join(", ")}`;
}
