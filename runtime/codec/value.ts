// Decorated JSON without its type: every tag is known by name, and what it stands for checked by the same rules as where a type is at hand.
// For what is read by people and by tools that have no spec: listings, pages, clients of another age.

import { readDict, readList, readMap, readSet, writeDict, writeList, writeMap, writeSet } from "./containers.js";
import { Unknown } from "./enum.js";
import { refuse, refuseToWrite, under } from "./error.js";
import {
  checkPlain, depthForm, depthMax, isList, isText, type Json, type JsonRecord, readFree, readTag, textForm, writeFree,
} from "./json.js";
import type { Reading, Writing } from "./reading.js";
import { readVersion } from "./record.js";
import { type Address, readAddress, writeAddress } from "./reference.js";
import {
  type Decimal, isAddress, readBigint, readBytes, readDate, readDecimal, readDuration, readSpecialFloat, readTime, writeBigint, writeBytes,
  writeDate, writeDecimal, writeDuration, writeSpecialFloat, writeTime,
} from "./scalars.js";
import { envelopeForms, readEnvelope } from "./secret.js";

/** What decorated JSON says. A string is text or a uuid, a number an int or a float: only a type could tell. */
export type Value = null | boolean | number | string | readonly Value[] | ValueRecord | Tagged | Unknown;

export interface ValueRecord {
  readonly [key: string]: Value | undefined;
}

/** What stands under each tag. */
export interface TaggedValues {
  readonly Time: Date;
  readonly Date: string;
  /** In milliseconds. */
  readonly Dur: number;
  readonly Int: bigint;
  readonly Dec: Decimal;
  /** NaN or infinite. */
  readonly Num: number;
  readonly Bytes: Uint8Array;
  readonly Set: ReadonlySet<Value>;
  readonly Dict: ReadonlyMap<string, Value>;
  readonly Map: ReadonlyMap<Value, Value>;
  readonly Json: unknown;
  readonly Resource: Address;
  readonly Task: Address;
  readonly Vault: SealedValue;
  readonly Link: ValueRecord;
  readonly Form: ValueRecord;
}

export type TagName = keyof TaggedValues;

/** A secret, which stays closed. `blob` is null where it is withheld. */
export interface SealedValue {
  readonly key: number;
  readonly blob: string | null;
}

/** One tagged value; its class tells it from a record. */
export class TaggedValue<Tag extends TagName> {
  readonly tag: Tag;
  readonly value: TaggedValues[Tag];

  constructor(tag: Tag, value: TaggedValues[Tag]) {
    this.tag = tag;
    this.value = value;
  }
}

export type Tagged = { [Tag in TagName]: TaggedValue<Tag> }[TagName];

/** Any value. A tag that is not known is refused, or kept as an `Unknown` that writes itself as it was: the profile says which. */
export function readValue(json: Json, at: Reading): Value {
  return read(json, at, depthMax);
}

/** Throws an EncodeError for what cannot be said, and for a tag that the profile does not have. */
export function writeValue(value: Value, at: Writing): Json {
  return write(value, at, depthMax);
}

interface TagRow<Tag extends TagName> {
  /** Reads the whole value, its tag included; `depthLeft` is what its payload may have. */
  readonly read: (json: Json, at: Reading, depthLeft: number) => TaggedValues[Tag];
  readonly write: (value: TaggedValues[Tag], at: Writing, depthLeft: number) => Json;
}

const tags: { readonly [Tag in TagName]: TagRow<Tag> } = {
  Time: { read: (json, at) => readTime(json, at), write: writeTime },
  Date: { read: (json, at) => readDate(json, at), write: writeDate },
  Dur: { read: (json, at) => readDuration(json, at), write: writeDuration },
  Int: { read: (json, at) => readBigint(json, at), write: writeBigint },
  Dec: { read: (json, at) => readDecimal(json, at), write: writeDecimal },
  Num: { read: (json, at) => readSpecialFloat(json, at), write: writeSpecialFloat },
  Bytes: { read: (json, at) => readBytes(json, at), write: writeBytes },
  Set: {
    read: (json, at, depthLeft) => readSet(json, elementReader(depthLeft - 1), at),
    write: (value, at, depthLeft) => writeSet(value, elementWriter(depthLeft - 1), at),
  },
  Dict: {
    read: (json, at, depthLeft) => readDict(json, elementReader(depthLeft - 1), at),
    write: (value, at, depthLeft) => writeDict(value, elementWriter(depthLeft - 1), at),
  },
  Map: {
    read: (json, at, depthLeft) => readMap(json, elementReader(depthLeft - 2), elementReader(depthLeft - 2), at),
    write: (value, at, depthLeft) => writeMap(value, elementWriter(depthLeft - 2), elementWriter(depthLeft - 2), at),
  },
  Json: {
    read: (json, _at, depthLeft) => readFree(json, depthLeft),
    write: (value, _at, depthLeft) => writeFree(value, depthLeft),
  },
  Resource: { read: (json, at) => readAddress(json, "Resource", at), write: (value, at) => writeAddress(value, "Resource", at) },
  Task: { read: (json, at) => readAddress(json, "Task", at), write: (value, at) => writeAddress(value, "Task", at) },
  Vault: { read: (json, at) => readEnvelope(json, at.profile.secrets), write: writeSealed },
  Link: {
    read: (json, at, depthLeft) => readLink(json, { tag: "Link", at, depthLeft }),
    write: (value, at, depthLeft) => ({ Link: writeRecord(value, at, depthLeft) }),
  },
  Form: {
    read: (json, at, depthLeft) => readLink(json, { tag: "Form", at, depthLeft }),
    write: (value, at, depthLeft) => ({ Form: writeRecord(value, at, depthLeft) }),
  },
};

function isTagName(key: string): key is TagName {
  return Object.hasOwn(tags, key);
}

function isApiOnly(tag: TagName): boolean {
  return tag === "Link" || tag === "Form";
}

const isTag = /^[A-Z][A-Za-z0-9]*$/;
const isKey = /^(?:[a-z][a-z0-9_]*|__v|__idx|__type)$/;
const keyForm = "a key as a_name, __v, __idx or __type, or one tag and nothing else";
const elementForm = "an element, which is never null";
const finiteForm = "a number that a double can hold";

function read(json: Json, at: Reading, depthLeft: number): Value {
  if (typeof json === "string") {
    if (!isText(json)) refuse("form", textForm, json);
    return json;
  }
  if (typeof json === "number") {
    if (!Number.isFinite(json)) refuse("form", finiteForm, json);
    return json + 0;
  }
  if (json === null || typeof json !== "object") return json;
  if (depthLeft <= 0) refuse("limit", depthForm, json);
  if (isList(json)) return readList(json, elementReader(depthLeft - 1), at);
  const keys = Object.keys(json);
  const [key = ""] = keys;
  if (keys.length === 1 && isTag.test(key)) return readTagged(json, key, { at, depthLeft: depthLeft - 1 });
  return readMembers(json, keys, { at, depthLeft: depthLeft - 1 });
}

interface Within {
  readonly at: Reading;
  readonly depthLeft: number;
}

function readTagged(json: Json, tag: string, { at, depthLeft }: Within): Value {
  if (depthLeft <= 0 && isContainer(readTag(json, tag, depthForm))) refuse("limit", depthForm, json);
  if (isTagName(tag)) {
    if (isApiOnly(tag) && !at.profile.links) refuse("form", "no link or form, which the API alone has", json);
    return taggedValue(tag, tags[tag].read(json, at, depthLeft));
  }
  const expected = `one of the tags ${Object.keys(tags).join(", ")}`;
  if (at.profile.unknownTags === "refused") refuse("unknown", expected, json);
  try {
    checkPlain(readTag(json, tag, expected), depthLeft);
  } catch (error) {
    throw under(error, tag);
  }
  return new Unknown(json, expected);
}

function isContainer(payload: Json): boolean {
  return payload !== null && typeof payload === "object";
}

// A tag read from text and the value that its own row made are of one kind, which a union of all kinds cannot say.
function taggedValue(tag: TagName, value: TaggedValues[TagName]): Tagged {
  return new TaggedValue(tag, value) as Tagged;
}

function readMembers(json: JsonRecord, keys: readonly string[], { at, depthLeft }: Within): ValueRecord {
  const members: { [key: string]: Value } = {};
  for (const key of keys) {
    if (!isKey.test(key)) refuse("form", keyForm, json);
    const member = json[key];
    if (member === undefined) continue;
    try {
      members[key] = read(member, at, depthLeft);
    } catch (error) {
      throw under(error, key);
    }
  }
  if (json["__v"] !== undefined) readVersion(json);
  return members;
}

function elementReader(depthLeft: number): (json: Json, at: Reading) => Value {
  return (json, at) => {
    if (json === null) refuse("type", elementForm, json);
    // Then the container of the element stands too deep already.
    if (depthLeft < 0) refuse("limit", depthForm, json);
    return read(json, at, depthLeft);
  };
}

function writeSealed({ key, blob }: SealedValue, at: Writing): Json {
  if ((blob === null) !== (at.profile.secrets !== "sealed")) refuseToWrite("form", envelopeForms[at.profile.secrets], { Vault: null });
  return { Vault: [key, blob] };
}

const methods: readonly unknown[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** A link says where it leads and what that is; a form also by which method. All else in it is as the server likes. */
function readLink(json: Json, { tag, at, depthLeft }: Within & { readonly tag: "Link" | "Form" }): ValueRecord {
  const expected = tag === "Link" ? 'a link as {"Link": {"href": …, "rel": …}}' : 'a form as {"Form": {"href": …, "method": …, "rel": …}}';
  const payload = readTag(json, tag, expected);
  if (payload === null || typeof payload !== "object" || isList(payload)) refuse("type", expected, json);
  const { rel, href, method } = payload;
  if (typeof rel !== "string" || typeof href !== "string" || !isAddress(href)) refuse("form", expected, json);
  if (tag === "Form" && !methods.includes(method)) refuse("form", expected, json);
  try {
    return readMembers(payload, Object.keys(payload), { at, depthLeft: depthLeft - 1 });
  } catch (error) {
    throw under(error, tag);
  }
}

function write(value: Value, at: Writing, depthLeft: number): Json {
  switch (typeof value) {
    case "string":
      if (!isText(value)) refuseToWrite("form", textForm, value);
      return value;
    case "number":
      if (!Number.isFinite(value)) refuseToWrite("form", "a finite number", value);
      return value + 0;
    case "boolean":
      return value;
    case "object":
      return value === null ? null : writeObject(value, at, depthLeft);
    default:
      return refuseToWrite("type", "a value of decorated JSON", value);
  }
}

function writeObject(value: Exclude<Value, null | boolean | number | string>, at: Writing, depthLeft: number): Json {
  if (depthLeft <= 0) refuseToWrite("limit", depthForm, value);
  if (value instanceof TaggedValue) return writeTagged(value, at, depthLeft - 1);
  if (value instanceof Unknown) {
    if (at.profile.unknownTags === "refused") refuseToWrite("unknown", value.expected, value.json);
    return value.json;
  }
  if (isValueList(value)) return writeList(value, elementWriter(depthLeft - 1), at);
  return writeRecord(value, at, depthLeft);
}

function isValueList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function writeTagged<Tag extends TagName>({ tag, value }: TaggedValue<Tag>, at: Writing, depthLeft: number): Json {
  if (isApiOnly(tag) && !at.profile.links) refuseToWrite("form", "no link or form, which the API alone has", { [tag]: null });
  const row: TagRow<Tag> = tags[tag];
  const json = row.write(value, at, depthLeft);
  if (depthLeft <= 0 && isContainer(readTag(json, tag, depthForm))) refuseToWrite("limit", depthForm, value);
  return json;
}

/** Members in canonical order; those that are undefined are left out. */
function writeRecord(value: ValueRecord, at: Writing, depthLeft: number): JsonRecord {
  if (depthLeft <= 0) refuseToWrite("limit", depthForm, value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuseToWrite("type", "a value of decorated JSON", value);
  const members: { [key: string]: Json } = {};
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    if (!isKey.test(key)) refuseToWrite("form", keyForm, value);
    try {
      members[key] = write(member, at, depthLeft - 1);
    } catch (error) {
      throw under(error, key);
    }
  }
  return members;
}

function elementWriter(depthLeft: number): (value: Value, at: Writing) => Json {
  return (value, at) => {
    if (value === null) refuseToWrite("type", elementForm, value);
    if (depthLeft < 0) refuseToWrite("limit", depthForm, value);
    return write(value, at, depthLeft);
  };
}
