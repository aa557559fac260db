// What `pliny decode` and `pliny encode` do, between text and text: stored attributes, args and messages as people read them, and back.

import type { CodecRefusal } from "../codec/error.js";
import { canonicalText, type Json, type JsonRecord } from "../codec/json.js";
import { type Profile, type ProfileName, profiles } from "../codec/profile.js";
import { detached } from "../codec/reading.js";
import { readRecord } from "../codec/record.js";
import { readAsWritten, readGiven, type StoredType } from "../codec/stored.js";
import { parseJson, readText } from "../codec/text.js";
import { readValue, writeValue } from "../codec/value.js";
import { fromListing, toListing } from "./listing.js";

export type { StoredType };

export interface TextOptions {
  readonly profile: ProfileName;
  /** What it must be; null where that is not known. */
  readonly type: StoredType | null;
}

export interface Translated {
  readonly text: string;
  /** Members that the type has not, by stored key. They stay where they are. */
  readonly unknown: readonly string[];
}

/** Decorated JSON to a listing. */
export function decodeText(source: Uint8Array, options: TextOptions): Translated | CodecRefusal {
  return refusalOr(() => {
    const json = parseJson(source, fromOutside(options.profile));
    const { unknown } = checked(json, options);
    return { text: toListing(json), unknown };
  });
}

/** A listing, or JSON, to canonical decorated JSON. */
export function encodeText(source: Uint8Array, options: TextOptions): Translated | CodecRefusal {
  return refusalOr(() => {
    const profile = fromOutside(options.profile);
    const text = readText(source, profile);
    // No line of a listing begins with a bracket, but for `[]` and `{}`, which are JSON too.
    const { json, unknown } = checked(parseJson(/^\s*[[{]/.test(text) ? text : fromListing(text), profile), options);
    return { text: `${canonicalText(json)}\n`, unknown };
  });
}

/** Members that a codec has not. Among what is lost and found are members that are no more, which this release may still write. */
export function strangersIn({ history }: StoredType["codec"], lostFound: JsonRecord): readonly string[] {
  return Object.keys(lostFound).filter((key) => !key.startsWith("__") && !Object.hasOwn(history?.shapes ?? {}, key));
}

/** Text that people hand over may have a key twice, wherever they have it from. */
function fromOutside(name: ProfileName): Profile {
  return { ...profiles[name], duplicateKeys: "refused" };
}

/** The value as it is written again. A type checks it and changes nothing: what it would leave out or put in may be what is looked for. */
function checked(json: Json, { profile, type }: TextOptions): { readonly json: Json; readonly unknown: readonly string[] } {
  const at = detached(profile);
  const again = writeValue(readValue(json, at), at);
  if (type === null) return { json: again, unknown: [] };
  const record = readRecord(json);
  if (at.profile.unknownKeys === "refused") {
    readGiven(type, record, at);
    return { json: again, unknown: [] };
  }
  const { lostFound } = readAsWritten({ type, record, at });
  return { json: again, unknown: strangersIn(type.codec, lostFound) };
}

/** A refusal may come from a generated codec, which has loaded a `pliny/codec` of its own: of another class, by the same name. */
export function refusalOr<T>(work: () => T): T | CodecRefusal {
  try {
    return work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { code, expected, got, pointer } = error;
    return { code, expected, got, pointer };
  }
}

function isRefusal(error: unknown): error is CodecRefusal {
  return error instanceof Error && (error.name === "DecodeError" || error.name === "EncodeError") && "pointer" in error && "got" in error;
}

/** A codec with its rules, out of a generated module of which nothing is known. */
export function isStoredType(made: { readonly codec: unknown; readonly rules: unknown }): made is StoredType {
  const { codec, rules } = made;
  const isCodec = typeof codec === "object" && codec !== null && "decode" in codec && "encode" in codec && "keys" in codec;
  return isCodec && typeof codec.decode === "function" && typeof codec.encode === "function" && typeof rules === "object" && rules !== null;
}

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}

/** In bytes. */
export function limitOf(profile: ProfileName): number {
  return profiles[profile].bytesMax;
}
