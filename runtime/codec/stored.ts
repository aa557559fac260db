// Records as other releases wrote them, and write them. An older shape is read as far as it goes and brought up, version by version; a newer
// one is read as far as it is known here, and its fields are not saved. What nobody here knows stays where it is.

import { DecodeError, describe, EncodeError, under } from "./error.js";
import type { RecordRules } from "./given.js";
import { isList, type Json, type JsonRecord, setMember } from "./json.js";
import { detached, type Reading, type Writing } from "./reading.js";
import { type Codec, type History, readVersion } from "./record.js";
import { checkStorable } from "./storable.js";

/** What of a record's type reading and writing it takes. */
export interface StoredType {
  readonly codec: Codec<object>;
  readonly rules: RecordRules;
  readonly defaults?: object;
}

/** A record as it was read. */
export interface Stored {
  readonly fields: object;
  /** The shape it was written in, `__v`. */
  readonly version: number;
  /** Whoever wrote it knows more: its fields may be read and not saved. */
  readonly isNewer: boolean;
  /** Members that this shape has not, by stored key; a save keeps them. */
  readonly lostFound: JsonRecord;
}

export interface StoredSource {
  readonly type: StoredType;
  readonly record: JsonRecord;
  readonly at: Reading;
}

export interface StoredValues {
  readonly type: StoredType;
  readonly fields: object;
  readonly at: Writing;
  /** Of a record that was there: the shape it was in, and what nobody here knows of it. It never goes back to an older shape. */
  readonly version?: number;
  readonly lostFound?: JsonRecord;
  /** The record that was there, and which members are changed: in the same shape the others stay as they are, with all that nobody here knows in them. */
  readonly kept?: { readonly record: JsonRecord; readonly changed: ReadonlySet<string> };
}

/**
 * Reads what is stored, whichever release wrote it. `upgrades` are the hand-written ones: `to3` makes shape 3 of shape 2. In a newer shape a
 * member that must be there here, and is not, throws when somebody asks for it. Throws a DecodeError: for a shape older than is read, for an
 * upgrade that fails, and for what is not of its declared type.
 */
export function readStored(source: StoredSource, upgrades: object = {}): Stored {
  const part = readPart(source);
  bringUp([part], upgrades);
  return storedOf(part);
}

/** The same as it stands, for who has no upgrades at hand: in an older shape any member may be null. Throws what reading throws. */
export function readAsWritten(source: StoredSource): Stored {
  const { values: fields, version } = readPart(source);
  const { codec } = source.type;
  return { fields, version, isNewer: version > codec.version, lostFound: lostFoundOf(codec, source.record, version) };
}

/** The args and the fields of a run: they have one version and are upgraded together, though each was written in a shape of its own. */
export function readStoredRun(args: StoredSource, fields: StoredSource, upgrades: object = {}): { readonly args: Stored; readonly fields: Stored } {
  const parts = { args: readPart(args), fields: readPart(fields) };
  bringUp([parts.args, parts.fields], upgrades);
  return { args: storedOf(parts.args), fields: storedOf(parts.fields) };
}

/**
 * Writes the shape that this release writes, and what stood beside it. `upgrades` are the hand-written ones: `from3` makes shape 2 of shape
 * 3. Throws an EncodeError: also where one of them fails.
 */
export function writeStored(values: StoredValues, upgrades: object = {}): JsonRecord {
  return writePart(values, goBack([values], upgrades));
}

/** The args and the fields of a run. */
export function writeStoredRun(
  args: StoredValues,
  fields: StoredValues,
  upgrades: object = {},
): { readonly args: JsonRecord; readonly fields: JsonRecord } {
  const older = goBack([args, fields], upgrades);
  return { args: writePart(args, older), fields: writePart(fields, older) };
}

/**
 * Reads what a client gives, in the newest shape: members that it leaves out, or gives as null, are null. Throws a DecodeError, with its
 * pointer, for what is not of its declared type and for members that the type does not have, at any depth.
 */
export function readGiven({ codec }: StoredType, record: JsonRecord, at: Reading): object {
  const strange = Object.keys(record).find((key) => !codec.keys.includes(key));
  if (strange !== undefined) throw stranger(codec.keys, strange);
  const fields = codec.decode(record, { ...at, partial: { record, absent: "null" } });
  // What is written again is all that was understood.
  refuseStrangers(record, codec.encode(fields, { ...at, sparse: true }));
  return fields;
}

function refuseStrangers(given: Json | undefined, understood: Json | undefined): void {
  if (typeof given !== "object" || given === null || typeof understood !== "object" || understood === null) return;
  const members = new Map<string, Json | undefined>(Object.entries(understood));
  for (const [step, member] of Object.entries(given)) {
    if (member === null) continue;
    // What is in a list was read, but for the URL of a reference, which is told and not kept.
    if (!members.has(step) && !isList(given)) throw stranger([...members.keys()], step);
    try {
      refuseStrangers(member, members.get(step));
    } catch (error) {
      throw under(error, step);
    }
  }
}

function stranger(known: readonly string[], key: string): DecodeError {
  return new DecodeError({ code: "unknown", expected: `one of ${known.join(", ")}`, got: describe(key), pointer: `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}` });
}

interface Part extends StoredSource {
  readonly version: number;
  /** Where it is older: null for what is absent, and what is no more beside it. Changed while it is brought up. */
  readonly values: object;
}

function readPart({ type, record, at }: StoredSource): Part {
  const { codec } = type;
  const version = readVersion(record);
  if (version === codec.version) return { type, record, at, version, values: codec.decode(record, at) };
  const oldest = codec.history?.oldest ?? 1;
  if (version < oldest)
    throw new DecodeError({ code: "version", expected: `a shape from ${oldest} to ${codec.version}`, got: `shape ${version}`, pointer: "/__v" });
  const isNewer = version > codec.version;
  const seen = isNewer ? record : sorted(Object.entries(record).filter(([key]) => isInShape(codec.history, key, version)));
  const partial: Reading = { ...withOpenPlaces(codec, version, at), partial: { record: seen, absent: isNewer ? "default" : "null" } };
  const values = codec.decode(seen, partial);
  return { type, record, at, version, values: isNewer ? values : { ...values, ...codec.history?.decode?.(seen, partial) } };
}

/** Each step is given all parts, and changes those that are below it. */
function bringUp(parts: readonly Part[], upgrades: object): void {
  const newest = Math.max(...parts.map((part) => part.type.codec.version));
  for (let version = Math.min(...parts.map((part) => part.version)) + 1; version <= newest; version += 1) {
    const below = parts.filter((part) => part.version < version);
    for (const { type, values } of below) {
      const constants = Object.entries(type.codec.history?.set?.[version] ?? {});
      Object.assign(values, Object.fromEntries(constants.filter(([member]) => isAbsent(values, member))));
    }
    const made = Object.entries(call(upgrades, `to${version}`, Object.assign({}, ...parts.map((part) => part.values))));
    for (const { type, values } of below) {
      const known = membersOf(type.codec);
      Object.assign(values, Object.fromEntries(made.filter(([member]) => known.has(member))));
    }
  }
}

function storedOf({ type, record, version, values }: Part): Stored {
  const { codec } = type;
  const isNewer = version > codec.version;
  const fields = version === codec.version ? values : isNewer ? guarded(type, values, version) : completed(type, values);
  return { fields, version, isNewer, lostFound: lostFoundOf(codec, record, version) };
}

/** What is absent after all upgrades reads as it does in a record of today. */
function completed({ codec, rules }: StoredType, values: object): object {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  const blank = blankOf(codec);
  const fields: object = { ...blank, ...Object.fromEntries(given.filter(([member]) => Object.hasOwn(blank, member))) };
  for (const member of Object.keys(blank)) {
    if (rules[member]?.required && isAbsent(fields, member)) throw missing(member, `after the upgrade to shape ${codec.version}`);
  }
  return fields;
}

/** What must be there, and a newer release does not write. */
function guarded({ rules }: StoredType, values: object, version: number): object {
  for (const member of Object.keys(values)) {
    if (!rules[member]?.required || !isAbsent(values, member)) continue;
    const get = (): never => {
      throw missing(member, `in shape ${version}, which a newer release wrote`);
    };
    Object.defineProperty(values, member, { get, enumerable: true, configurable: true });
  }
  return values;
}

function missing(member: string, where: string): DecodeError {
  return new DecodeError({ code: "missing", expected: `a value ${where}`, got: "none", pointer: `/${member}` });
}

/** All members in the shape before the one that is written, where hand-written code goes back so far. */
function goBack(parts: readonly StoredValues[], upgrades: object): object {
  const newest = Math.max(...parts.map(({ type }) => type.codec.version));
  const write = Math.min(...parts.map(({ type, version }) => writtenBy(type.codec, version)));
  let values: object = Object.assign({}, ...parts.map(({ fields }) => fields));
  for (let version = newest; version > write; version -= 1) values = { ...values, ...call(upgrades, `from${version}`, values) };
  return values;
}

function writePart(values: StoredValues, older: object): JsonRecord {
  const record = recordOf(values, older);
  checkStorable(record);
  return record;
}

function recordOf({ type: { codec }, fields, at, version, lostFound, kept }: StoredValues, older: object): JsonRecord {
  const write = writtenBy(codec, version);
  const encoded = codec.encode(fields, withOpenPlaces(codec, write, at));
  const written = kept && kept.record["__v"] === write ? { ...encoded, ...unchanged(codec, kept) } : encoded;
  if (write === codec.version && Object.keys(lostFound ?? {}).length === 0) return written;
  const members = Object.entries({ ...lostFound, ...(write < codec.version ? codec.history?.encode?.({ ...formerOf(codec), ...older }, at) : {}), ...written });
  return { __v: write, ...sorted(members.filter(([key, value]) => key !== "__v" && value !== undefined && isInShape(codec.history, key, write))) };
}

/** With the secrets that stand in the open in a shape. */
function withOpenPlaces<At extends Reading | Writing>({ history }: Codec<object>, version: number, at: At): At {
  if (history?.sealed === undefined) return at;
  const open = Object.entries(history.sealed).filter(([, since]) => version < since);
  return open.length === 0 ? at : { ...at, open: new Set(open.map(([key]) => JSON.stringify([...at.place.path, key]))) };
}

/** Members as they stand in a record, but for those that are changed. */
function unchanged(codec: Codec<object>, { record, changed }: NonNullable<StoredValues["kept"]>): JsonRecord {
  const members = Object.keys(blankOf(codec));
  return Object.fromEntries(codec.keys.flatMap((key, at) => (changed.has(members[at] ?? "") ? [] : [[key, Object.hasOwn(record, key) ? record[key] : undefined]])));
}

/** A row that a later release has brought up already stays so: to write it back would lose what came with the newer shape. */
export function writtenBy(codec: Codec<object>, version = 1): number {
  return Math.min(codec.version, Math.max(codec.history?.write ?? codec.version, version));
}

function call(upgrades: object, method: string, values: object): object {
  const upgrade: unknown = Reflect.get(upgrades, method);
  if (typeof upgrade !== "function") return {};
  try {
    const made: unknown = Reflect.apply(upgrade, upgrades, [values]);
    if (typeof made === "object" && made !== null) return made;
    throw new TypeError(`${method} gave ${describe(made)}.`);
  } catch (error) {
    const Refusal = method.startsWith("from") ? EncodeError : DecodeError;
    throw new Refusal({ code: "upgrade", expected: `what \`${method}\` makes of it`, got: "an error", pointer: "" }, { cause: error });
  }
}

function isInShape(history: History | undefined, key: string, version: number): boolean {
  const shape = history?.shapes && Object.hasOwn(history.shapes, key) ? history.shapes[key] : undefined;
  if (shape === undefined) return true;
  const [since, until] = shape;
  return since <= version && (until === undefined || version < until);
}

/** Members that are not of today's shape. What an upgrade has used up is not among them, unless the shape that is written has it still. */
function lostFoundOf(codec: Codec<object>, record: JsonRecord, version: number): JsonRecord {
  const known = knownKeys(codec);
  const write = writtenBy(codec, version);
  const lost: { [key: string]: Json } = {};
  for (const key of Object.keys(record)) {
    const member = record[key];
    if (!known.has(key) && member !== undefined && isInShape(codec.history, key, write)) setMember(lost, key, member);
  }
  return lost;
}

// What is the same for every record of a codec, made when it is first asked for.
const keySets = new WeakMap<Codec<object>, ReadonlySet<string>>();
const blanks = new WeakMap<Codec<object>, object>();
const memberSets = new WeakMap<Codec<object>, ReadonlySet<string>>();

function knownKeys(codec: Codec<object>): ReadonlySet<string> {
  const known = keySets.get(codec) ?? new Set(["__v", "__idx", ...codec.keys]);
  keySets.set(codec, known);
  return known;
}

/** The fields of a record in which nothing stands: defaults, empty containers, and null for the rest, also where it must not stay so. */
export function blankOf(codec: Codec<object>): object {
  const record: JsonRecord = { __v: codec.version };
  const blank = blanks.get(codec) ?? codec.decode(record, { ...detached("store"), partial: { record, absent: "default" } });
  blanks.set(codec, blank);
  return blank;
}

/** Members that are no more, each of them null. */
function formerOf(codec: Codec<object>): object {
  const record: JsonRecord = {};
  return codec.history?.decode?.(record, { ...detached("store"), partial: { record, absent: "null" } }) ?? {};
}

function membersOf(codec: Codec<object>): ReadonlySet<string> {
  const members = memberSets.get(codec) ?? new Set([...Object.keys(blankOf(codec)), ...Object.keys(formerOf(codec))]);
  memberSets.set(codec, members);
  return members;
}

function isAbsent(values: object, member: string): boolean {
  const value: unknown = Reflect.get(values, member);
  return value === null || value === undefined;
}

/** A record with its members in canonical order. */
function sorted(members: readonly (readonly [string, Json | undefined])[]): JsonRecord {
  const record: { [key: string]: Json } = {};
  for (const [key, member] of members.toSorted(([left], [right]) => (left < right ? -1 : 1))) if (member !== undefined) setMember(record, key, member);
  return record;
}
