// Two releases of one system beside each other, on the same rows: what each writes is read and saved by the other, value by value, through
// the code that is generated for each. Whether a change of a spec is safe is thus shown and not argued. Of resources and tasks that only the
// new one has, or that are gone for ever, nothing is said: no row of theirs is read by the other.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc, { type Arbitrary } from "fast-check";
import { compile } from "../../compiler/compile.js";
import { type Field, type FieldType, findType, type Model, type Resource, type Task } from "../../compiler/model.js";
import { camelCase } from "../../compiler/naming.js";
import { refusalsOf } from "../../runtime/codec/check.js";
import { canonicalText, detached, type JsonRecord, known, nothing, type Reading, type Writing } from "../../runtime/codec/index.js";
import { readStored, readStoredRun, type Stored, type StoredType, type StoredValues, writeStored, writeStoredRun } from "../../runtime/codec/stored.js";
import { sourcesOf } from "./diffs.js";
import { storedRecords, storedType, writeCode } from "./records.js";
import { fieldValues, told } from "./values.js";
import { notedVault } from "./vault.js";

export interface Release {
  readonly spec: string;
  /** What is written by hand, by stored type: `{ database: { to3: … } }`. */
  readonly upgrades?: { readonly [type: string]: object };
}

/** `old reads new`: the old release reads what the new one wrote; `old saves new`: and writes it again, for the new one to read. */
export type Meeting = "new reads old" | "new saves old" | "old reads new" | "old saves new";

/** A value that one of two releases does not get through whole. */
export interface Finding {
  /** The stored type: `database`, `database.resize`. */
  readonly type: string;
  readonly meeting: Meeting;
  /** What is wrong, with the stored key of the member. */
  readonly problem: string;
  /** The first row that showed it, as it was written; empty where it could not be. */
  readonly row: readonly JsonRecord[];
}

/** Runs so many values of every stored type that both releases have each way, and says what goes wrong: once for each type, way and member. */
export async function findBreaks(releases: { readonly old: Release; readonly next: Release }, count: number): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "pliny-releases-"));
  try {
    const { old, next, gone } = await loadBoth(releases, folder);
    const findings: Finding[] = [];
    for (const [type, older] of old) {
      const newer = next.get(type);
      if (newer === undefined) {
        if (!gone.has(type)) findings.push({ type, meeting: "new reads old", problem: "nothing is known of it", row: [] });
        continue;
      }
      for (const state of unknownStates(older, newer)) findings.push({ type, meeting: "new reads old", problem: `the state '${state}' is not known`, row: [] });
      findings.push(...(await meet(older, newer, count)), ...(await meet(newer, older, count)));
    }
    return findings;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the old release takes from whoever gives it, at creation and start, and the new one does not: once for each type and member. */
export async function findRefusals(releases: { readonly old: Release; readonly next: Release }, count: number): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "pliny-releases-"));
  try {
    const { old, next } = await loadBoth(releases, folder);
    const found = new Set<string>();
    for (const [type, older] of old) {
      // What starts a task gives args; whatever creates a resource gives fields.
      const [was, is] = [older.parts[0], next.get(type)?.parts[0]];
      if (was === undefined || is === undefined) continue;
      for (const [given = {}] of fc.sample(older.values, count)) {
        for (const values of [given, Object.fromEntries(Object.entries(given).filter(([name]) => was.type.rules[name]?.required === true))]) {
          if (refusalsOf({ type: was.type, given: values, before: null }).length > 0) continue;
          for (const { pointer } of refusalsOf({ type: is.type, given: values, before: null })) found.add(`${type}${pointer}`);
        }
      }
    }
    return [...found];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function loadBoth({ old, next }: { readonly old: Release; readonly next: Release }, folder: string): Promise<Both> {
  const { gone } = compile(sourcesOf(next.spec)).model;
  return { old: await load(old, join(folder, "old")), next: await load(next, join(folder, "next")), gone: new Set(gone.map(({ of, name }) => (of === null ? name : `${of}.${name}`))) };
}

interface Both {
  readonly old: ReadonlyMap<string, Side>;
  readonly next: ReadonlyMap<string, Side>;
  /** Types that the new release says are gone. */
  readonly gone: ReadonlySet<string>;
}

function unknownStates({ of: before }: Side, { of: after }: Side): readonly string[] {
  const knows = new Set([...after.states.map(({ name }) => name), ...after.replaced.map(({ from }) => from)]);
  return before.states.map(({ name }) => name).filter((state) => !knows.has(state));
}

/** The fields of a resource; the args and the fields of a run. */
interface Part {
  readonly type: StoredType;
  readonly fields: readonly Field[];
  readonly at: Reading & Writing;
}

/** What a release knows of one stored type. */
interface Side {
  readonly release: "old" | "new";
  readonly model: Model;
  readonly of: Resource | Task;
  readonly parts: readonly Part[];
  readonly values: Arbitrary<readonly object[]>;
  readonly upgrades: object;
  /** Members that the hand-written upgrades have set since this was emptied, by where they lead. */
  readonly upgraded: { readonly to: Set<string>; readonly from: Set<string> };
}

const { vault } = notedVault();

async function load({ spec, upgrades = {} }: Release, code: string): Promise<ReadonlyMap<string, Side>> {
  const { model, files, diagnostics } = compile(sourcesOf(spec));
  const wrong = diagnostics.filter(({ severity }) => severity === "error");
  if (wrong.length > 0) throw new Error(`The spec does not compile: ${wrong.map(({ message }) => message).join(" ")}\n${spec}`);
  writeCode(code, files);
  const sides = new Map<string, Side>();
  const records = storedRecords(model);
  const tasks = [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
  for (const of of [...model.resources, ...tasks]) {
    const type = of.kind === "task" ? of.qualifiedKey : of.key;
    const parts: Part[] = [];
    for (const part of of.kind === "task" ? (["args", "fields"] as const) : (["fields"] as const)) {
      const record = records.find((one) => one.of === of && one.part === part);
      parts.push({
        type: record === undefined ? { codec: nothing, rules: {} } : await storedType(code, record),
        fields: record?.fields ?? [],
        at: { ...detached("store"), vault, place: { root: type, id: "0190b1a5-7a3e-7cc0-8000-000000000001", path: part === "args" ? ["args"] : [] } },
      });
    }
    const values = fc.tuple(...parts.map(({ fields }) => fieldValues(fields, { model, write: of.write })));
    const upgraded = { to: new Set<string>(), from: new Set<string>() };
    const release = code.endsWith("old") ? "old" : "new";
    sides.set(type, { release, model, of, parts, values, upgrades: watched(upgrades[type] ?? {}, upgraded), upgraded });
  }
  return sides;
}

/** The same upgrades, which note the members that they set. */
function watched(upgrades: object, upgraded: Side["upgraded"]): object {
  const methods = Object.entries(upgrades).map(([name, upgrade]: [string, unknown]) => {
    if (typeof upgrade !== "function") throw new Error(`${name} is no upgrade.`);
    const call = (values: unknown): unknown => {
      const made: unknown = Reflect.apply(upgrade, upgrades, [values]);
      for (const member of Object.keys(Object(made))) upgraded[name.startsWith("to") ? "to" : "from"].add(member);
      return made;
    };
    return [name, call] as const;
  });
  return Object.fromEntries(methods);
}

function read({ parts, upgrades }: Side, row: readonly JsonRecord[]): readonly Stored[] {
  const [first, second] = parts.map(({ type, at }, index) => ({ type, at, record: row[index] ?? {} }));
  if (first === undefined) throw new Error("Nothing is stored of it.");
  if (second === undefined) return [readStored(first, upgrades)];
  const { args, fields } = readStoredRun(first, second, upgrades);
  return [args, fields];
}

function write({ parts, upgrades }: Side, values: readonly Omit<StoredValues, "type" | "at">[]): readonly JsonRecord[] {
  const [first, second] = parts.map(({ type, at }, index) => ({ type, at, ...(values[index] ?? { fields: {} }) }));
  if (first === undefined) throw new Error("Nothing is stored of it.");
  if (second === undefined) return [writeStored(first, upgrades)];
  const { args, fields } = writeStoredRun(first, second, upgrades);
  return [args, fields];
}

async function meet(writer: Side, reader: Side, count: number): Promise<readonly Finding[]> {
  const findings = new Map<string, Finding>();
  const type = writer.of.kind === "task" ? writer.of.qualifiedKey : writer.of.key;
  const note = (meeting: Meeting, row: readonly JsonRecord[], problems: readonly Problem[]): void => {
    for (const { where, what } of problems) {
      const key = `${meeting} ${where}`;
      if (!findings.has(key)) findings.set(key, { type, meeting, problem: where === "" ? what : `${where}: ${what}`, row });
    }
  };
  const [reads, saves] = reader.release === "new" ? (["new reads old", "new saves old"] as const) : (["old reads new", "old saves new"] as const);
  for (const values of fc.sample(writer.values, count)) {
    const { rows, problems } = rowsOf(writer, values);
    note(reads, [], problems);
    for (const row of rows) {
      note(reads, row, await readProblems(writer, reader, row));
      note(saves, row, await saveProblems(writer, reader, row));
    }
  }
  return [...findings.values()];
}

/** Values as they are written, and as they were before there were fields with a default; or why they cannot be written. */
function rowsOf(writer: Side, values: readonly object[]): { readonly rows: readonly (readonly JsonRecord[])[]; readonly problems: readonly Problem[] } {
  try {
    const written = write(writer, values.map((fields) => ({ fields })));
    return { rows: [written, withoutDefaults(writer, written)], problems: [] };
  } catch (error) {
    return { rows: [], problems: [problemOf(error)] };
  }
}

function withoutDefaults({ parts }: Side, row: readonly JsonRecord[]): readonly JsonRecord[] {
  return row.map((record, index) => {
    const defaulted = parts[index]?.fields.filter((field) => field.default !== undefined).map(({ key }) => key) ?? [];
    return Object.fromEntries(Object.entries(record).filter(([key]) => !defaulted.includes(key)));
  });
}

interface Problem {
  /** The pointer to a member, by its stored key; empty for the row. */
  readonly where: string;
  readonly what: string;
}

/** What the reader gets of each member must be what its writer gets of it. */
async function readProblems(writer: Side, reader: Side, row: readonly JsonRecord[]): Promise<readonly Problem[]> {
  reader.upgraded.to.clear();
  try {
    const got = read(reader, row);
    const untold = got.filter(({ version, isNewer }, index) => isNewer !== version > (reader.parts[index]?.type.codec.version ?? 0));
    const isSet = ({ name }: Field): boolean => reader.upgraded.to.has(camelCase(name));
    const changed = await changes({ by: writer, stored: read(writer, row) }, { by: reader, stored: got }, { between: [writer, reader], mayFill: true, isSet });
    return [...untold.map(({ version }) => ({ where: "", what: `nobody is told that shape ${version} is newer` })), ...changed];
  } catch (error) {
    return [problemOf(error)];
  }
}

/** What the reader reads and saves must be to its writer what it was. */
async function saveProblems(writer: Side, reader: Side, row: readonly JsonRecord[]): Promise<readonly Problem[]> {
  for (const { to, from } of [writer.upgraded, reader.upgraded]) {
    to.clear();
    from.clear();
  }
  try {
    const got = read(reader, row);
    const newer = got.find(({ isNewer }) => isNewer);
    if (newer) return [{ where: "", what: `shape ${newer.version} is newer, so that its fields are not saved` }];
    // A save of something else: what it does not change stays as it is.
    const saved = write(reader, got.map((stored, index) => ({ ...stored, kept: { record: row[index] ?? {}, changed: new Set() } })));
    const again = read(writer, saved);
    // What an upgrade has set, its way back has to undo, where it has one.
    const isSet = ({ name }: Field): boolean => {
      const member = camelCase(name);
      return [writer.upgraded, reader.upgraded].some(({ to, from }) => to.has(member) && !from.has(member));
    };
    const mayFill = reader.release === "new";
    const changed = await changes({ by: writer, stored: read(writer, row) }, { by: writer, stored: again }, { between: [writer, reader], mayFill, isSet });
    return [...row.flatMap((record, index) => lostKeys(record, saved[index] ?? {}, reader.parts[index])), ...changed];
  } catch (error) {
    return [problemOf(error)];
  }
}

/** Members that the reader has never heard of, which a save in the same shape keeps byte for byte. */
function lostKeys(before: JsonRecord, after: JsonRecord, part: Part | undefined): readonly Problem[] {
  if (before["__v"] !== after["__v"]) return [];
  const heardOf = new Set(["__v", ...(part?.type.codec.keys ?? []), ...Object.keys(part?.type.codec.history?.shapes ?? {})]);
  const isLost = (key: string): boolean => canonicalText(before[key] ?? null) !== canonicalText(after[key] ?? null);
  return Object.keys(before)
    .filter((key) => !heardOf.has(key) && isLost(key))
    .map((key) => ({ where: `/${key}`, what: "a member that the reader does not know is lost" }));
}

interface Seen {
  readonly by: Side;
  readonly stored: readonly Stored[];
}

interface Terms {
  /** Whose names for values, and whose members of records, are to be told from each other. */
  readonly between: readonly [Side, Side];
  /** What was absent may read as a default. */
  readonly mayFill: boolean;
  /** An upgrade has the last word. */
  readonly isSet: (field: Field) => boolean;
}

async function changes(before: Seen, after: Seen, { between, mayFill, isSet }: Terms): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const [index, { fields }] of before.by.parts.entries()) {
    for (const field of fields) {
      const other = sameField(after.by.parts[index], field);
      if (other === undefined || isSet(other)) continue;
      const [insideOne, insideOther] = [inside(before.by.model, field.type), inside(after.by.model, other.type)];
      const renamed = new Map(between.flatMap((side) => inside(side.model, sameField(side.parts[index], field)?.type ?? field.type).renamed));
      const shared = insideOne.members.filter((member) => insideOther.members.includes(member));
      const isSame = shared.length === insideOne.members.length && shared.length === insideOther.members.length;
      // Of one that was encrypted since it came the value is asked, and not whether it is a secret to both.
      const opened = [field, other].some(({ encrypted }) => encrypted !== null && encrypted.since !== null);
      const telling = { renamed, opened, ...(isSame ? {} : { members: new Set(shared) }) };
      const where = `/${other.key}`;
      const was = await told(valueIn(before.stored[index], field), telling);
      try {
        const is = await told(known(valueIn(after.stored[index], other), other.key), telling);
        if (was !== is && !(mayFill && was === "null")) problems.push({ where, what: `${shown(was)} reads as ${shown(is)}` });
      } catch (error) {
        problems.push({ where, what: problemOf(error).what });
      }
    }
  }
  return problems;
}

function sameField(part: Part | undefined, { key, name }: Field): Field | undefined {
  return part?.fields.find((field) => field.key === key) ?? part?.fields.find((field) => field.name === name);
}

function valueIn(stored: Stored | undefined, { name }: Field): unknown {
  return Reflect.get(stored?.fields ?? {}, camelCase(name));
}

interface Inside {
  /** Old values of enums, and what they read as. */
  readonly renamed: readonly (readonly [string, string])[];
  /** Of all records, by the names that code has for them. */
  readonly members: readonly string[];
}

/** What there is in a type that two releases may see in different ways. */
function inside(model: Model, type: FieldType, entered: readonly string[] = []): Inside {
  const all = (parts: readonly Inside[]): Inside => ({
    renamed: parts.flatMap(({ renamed }) => renamed),
    members: parts.flatMap(({ members }) => members),
  });
  const within = (inner: FieldType): Inside => inside(model, inner, entered);
  const record = (fields: readonly Field[], names: readonly string[]): Inside =>
    all(fields.map((field) => all([{ renamed: [], members: [camelCase(field.name)] }, inside(model, field.type, names)])));
  switch (type.kind) {
    case "enum":
      return { renamed: type.replaced.map(({ from, to }) => [from, to] as const), members: [] };
    case "list":
    case "set":
    case "dict":
      return within(type.of);
    case "map":
      return all([within(type.keys), within(type.of)]);
    case "record":
      return record(type.fields, entered);
    case "named": {
      const is = findType(model, type.name)?.is;
      if (is === undefined || entered.includes(type.name)) return all([]);
      const names = [...entered, type.name];
      return is.kind === "record" ? record(is.fields, names) : inside(model, is.field.type, names);
    }
    default:
      return all([]);
  }
}

/** An error of the codec starts with the pointer to what is wrong. */
function problemOf(error: unknown): Problem {
  const message = messageOf(error);
  const [, where = "", what = message] = /^(\/[^/:]*)[^:]*: (.*)$/s.exec(message) ?? [];
  return { where, what };
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  throw error;
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
