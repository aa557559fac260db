// The frozen rows of `generated/vectors`: what a released version may have left, today's code reads, and writes again as it was. When they
// are made, and that they then stay.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { compile } from "../compiler/compile.js";
import { openGenerated, openProject, planWrites, writeGenerated } from "../compiler/files.js";
import { type FieldType, findType, type Model } from "../compiler/model.js";
import { fileName } from "../compiler/naming.js";
import { canonicalText, detached, type JsonRecord, known, nothing } from "../runtime/codec/index.js";
import { readStored, readStoredRun, type Stored, type StoredType, type StoredValues, writeStored, writeStoredRun } from "../runtime/codec/stored.js";
import { databaseUpgrades } from "../specs/database.handlers.js";
import { compileFolder, filesUnder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";
import { storedRecords, storedType } from "./setup/records.js";

interface Row {
  readonly args?: JsonRecord;
  readonly fields?: JsonRecord;
}

/** Generated code with the vectors beside it. */
interface Frozen {
  readonly model: Model;
  readonly code: string;
}

const at = detached("store");
const upgrades: { readonly [type: string]: object } = { database: databaseUpgrades, replica: databaseUpgrades };

const projects = [{ name: "the example", folder: projectRoot, code: "generated" }]
  .concat(goldenCases.map(({ name, folder }) => ({ name, folder, code: "expected" })))
  .map(({ name, folder, code }) => ({ name, code: join(folder, code), model: compile(compileFolder(folder).sources).model }))
  .flatMap((project) => filesUnder(join(project.code, "vectors")).map((file) => ({ ...project, file })));

function rowsOf({ code, file }: { readonly code: string; readonly file: string }): readonly Row[] {
  const rows: readonly Row[] = JSON.parse(readFileSync(join(code, "vectors", file), "utf8"));
  return rows;
}

/** `database.rotate-password.1.json` is of version 1. */
function versionOf(file: string): number {
  return Number(/\.(\d+)\.json$/.exec(file)?.[1]);
}

interface Reader {
  readonly fields: readonly string[];
  readonly version: number;
  readonly read: (row: Row) => readonly Stored[];
  /** In the shape that it was in. */
  readonly write: (stored: readonly Stored[]) => Row;
}

/** What reads the rows of a file with today's codecs. */
async function readerOf({ model, code }: Frozen, file: string): Promise<Reader> {
  const isOf = (type: string): boolean => file.replace(/\.\d+\.json$/, "") === type.split(".").map(fileName).join(".");
  const records = storedRecords(model).filter(({ type }) => isOf(type));
  const [first] = records;
  if (first === undefined) throw new Error(`No type has the rows of ${file}.`);
  const types: { [part in "args" | "fields"]: StoredType } = { args: { codec: nothing, rules: {} }, fields: { codec: nothing, rules: {} } };
  for (const record of records) types[record.part] = await storedType(code, record);
  const source = (part: "args" | "fields", row: Row): { type: StoredType; record: JsonRecord; at: typeof at } => ({ type: types[part], record: row[part] ?? { __v: 1 }, at });
  const values = (part: "args" | "fields", stored: Stored | undefined): StoredValues => ({ type: types[part], at, ...(stored ?? { fields: {} }) });
  const byHand = upgrades[first.type] ?? {};
  return {
    fields: records.flatMap(({ part, fields }) => fields.map(({ key }) => `${part}.${key}`)),
    version: first.of.version,
    read(row) {
      if (first.of.kind === "resource") return [readStored(source("fields", row), byHand)];
      const { args, fields } = readStoredRun(source("args", row), source("fields", row), byHand);
      return [args, fields];
    },
    write(stored) {
      const [one, two] = stored;
      if (first.of.kind === "resource") return { fields: writeStored(values("fields", one), byHand) };
      return writeStoredRun(values("args", one), values("fields", two), byHand);
    },
  };
}

describe.each(projects)("$name: $file", ({ model, code, file }) => {
  test("is read by today's codecs, in full", async () => {
    const { read } = await readerOf({ model, code }, file);
    for (const row of rowsOf({ code, file })) {
      for (const { fields, version, isNewer, lostFound } of read(row)) {
        expect({ isNewer, lostFound }).toEqual({ isNewer: false, lostFound: {} });
        expect(version).toBeLessThanOrEqual(versionOf(file));
        for (const [member, value] of Object.entries(fields)) known(value, member);
      }
    }
  });

  test("at today's version, is written again as it was, but for fields that came since", async () => {
    const { version, read, write } = await readerOf({ model, code }, file);
    if (versionOf(file) !== version) return;
    const rows = rowsOf({ code, file });
    for (const row of rows) {
      const again = write(read(row));
      for (const part of ["args", "fields"] as const) {
        const frozen = row[part];
        if (frozen === undefined) continue;
        // What no row has did not exist; the first row has everything.
        const since = new Set(Object.keys(again[part] ?? {}).filter((key) => rows[0]?.[part]?.[key] === undefined));
        const members = Object.entries(again[part] ?? {}).filter(([key]) => !since.has(key));
        expect(canonicalText(Object.fromEntries(members))).toBe(canonicalText(frozen));
        expect(JSON.stringify(frozen)).toBe(canonicalText(frozen));
      }
    }
  });
});

test("shapes 1 and 2 of the example read as they did when shape 3 came", async () => {
  const code = join(projectRoot, "generated");
  const { model } = compile(compileFolder(projectRoot).sources);
  const read = async (file: string): Promise<readonly unknown[]> => {
    const reader = await readerOf({ model, code }, file);
    return rowsOf({ code, file }).flatMap((row) => reader.read(row).map(({ fields }) => fields));
  };
  expect(await read("database.1.json")).toMatchObject([
    { name: "orders", plan: "standard", connections: 25, endpoint: "postgres://db1.example.org:5432/orders", maintenance: { day: "sun", length: 5_400_000 } },
    { name: "orders", plan: "hobby", region: "us", connections: 10, endpoint: null, labels: new Map() },
  ]);
  expect(await read("database.2.json")).toMatchObject([
    { plan: "premium", endpoint: "postgres://db2.example.org:6432/orders", passwordAt: new Date("2027-01-31T12:00:00.250Z") },
    { plan: "standard", region: "ap", endpoint: "postgres://db2.example.org:5432/orders" },
    { plan: "hobby", endpoint: null },
  ]);
});

describe("rows that are made", () => {
  const made = [{ name: "the example", folder: projectRoot }, ...goldenCases].map(({ name, folder }) => ({ name, ...compileFolder(folder) }));
  const withVectors = made.filter(({ files }) => files.length > 0).map(({ name, sources, files }) => ({ name, files, model: compile(sources).model }));

  test.each(withVectors)("$name: every record has rows, the first of which sets every field", ({ files, model }) => {
    for (const { type, part, of, fields } of storedRecords(model)) {
      if (fields.length === 0) continue;
      const path = `vectors/${type.split(".").map(fileName).join(".")}.${of.version}.json`;
      const rows: readonly Row[] = JSON.parse(files.find((file) => file.path === path)?.text ?? "[]");
      expect(Object.keys(rows[0]?.[part] ?? {}).sort(), path).toEqual(["__v", ...fields.map(({ key }) => key)].sort());
      const text = JSON.stringify(rows.map((row) => row[part]));
      const values = fields.filter(({ encrypted }) => encrypted === null).flatMap((field) => enumValues(model, field.type));
      expect(values.filter((value) => !text.includes(JSON.stringify(value))), path).toEqual([]);
    }
  });

  test("of types that hold each other without end, or many times over, come to an end", () => {
    const levels = Array.from({ length: 40 }, (_, at) => `---\ntype: t${at}\nfields: { a: t${at + 1}, b: t${at + 1} }\n`).join("");
    const spec = `resource: chain\nfields: { name: { type: string, required: true }, first: t0, loop: loop }\n${levels}---\ntype: t40\nfields: { x: int }\n---\ntype: loop\nfields: { name: { type: string, required: true }, next: loop, more: { type: list, of: loop } }`;
    const { files, diagnostics } = compile([{ path: "specs/chain.yaml", text: spec }]);
    expect(diagnostics).toEqual([]);
    const { text = "" } = files.find(({ path }) => path === "vectors/chain.1.json") ?? {};
    expect(JSON.parse(text)).toContainEqual({ fields: { __v: 1, name: "text" } });
    expect(text.length).toBeLessThan(200_000);
  });

  /** The values of all enums in a type, but for those that stand in a secret or beside each other in a map. */
  function enumValues(model: Model, type: FieldType, entered: readonly string[] = []): readonly string[] {
    switch (type.kind) {
      case "enum":
        return type.values.map(({ value }) => value);
      case "list":
      case "set":
      case "dict":
        return enumValues(model, type.of, entered);
      case "record":
        return type.fields.filter(({ encrypted }) => encrypted === null).flatMap((field) => enumValues(model, field.type, entered));
      case "named": {
        const is = findType(model, type.name)?.is;
        if (is === undefined || entered.includes(type.name)) return [];
        return enumValues(model, is.kind === "record" ? { kind: "record", fields: is.fields } : is.field.type, [...entered, type.name]);
      }
      default:
        return [];
    }
  }
});

describe("a file", () => {
  /** A project in a folder of its own; writes what the spec gives, and says which vectors were written or removed. */
  function project(): { readonly generate: (spec: string) => readonly string[]; readonly vectors: string } {
    const folder = mkdtempSync(join(tmpdir(), "pliny-vectors-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const generate = (spec: string): readonly string[] => {
      const opened = openProject(folder);
      if (opened === null) throw new Error("There is no folder.");
      mkdirSync(join(folder, "generated"), { recursive: true });
      const { value: there } = openGenerated(opened, { nowMs: 0 });
      const { value: plan, diagnostics } = planWrites(there, { files: compile([{ path: "specs/a.yaml", text: spec }]).files, kept: [] }, null);
      expect(diagnostics).toEqual([]);
      const { value: done } = writeGenerated(opened, plan);
      return [...done.written, ...done.removed].filter((path) => path.startsWith("vectors/"));
    };
    return { generate, vectors: join(folder, "generated/vectors") };
  }

  const spec = (fields: string, version = 1): string => `resource: note\nversion: ${version}\nfields: { text: { type: string, required: true }${fields} }\n`;

  test("is written when its version is first met, and stays as it is when a field is added in place", () => {
    const { generate, vectors } = project();
    expect(generate(spec(""))).toEqual(["vectors/note.1.json"]);
    const before = readFileSync(join(vectors, "note.1.json"), "utf8");
    expect(generate(spec(", tag: string"))).toEqual([]);
    expect(readFileSync(join(vectors, "note.1.json"), "utf8")).toBe(before);
  });

  test("stays beside that of the next version, also where the type is no more", () => {
    const { generate, vectors } = project();
    generate(spec(""));
    expect(generate(spec(", tag: { type: string, since: 2 }", 2))).toEqual(["vectors/note.2.json"]);
    expect(generate("resource: other\n---\nresource: note\ngone: true\n")).toEqual([]);
    expect(filesUnder(vectors)).toEqual(["note.1.json", "note.2.json"]);
  });

  test("that somebody deletes before the version is released is made anew", () => {
    const { generate, vectors } = project();
    generate(spec(""));
    rmSync(join(vectors, "note.1.json"));
    expect(generate(spec(", tag: { type: string, required: true }"))).toEqual(["vectors/note.1.json"]);
    expect(readFileSync(join(vectors, "note.1.json"), "utf8")).toContain('"tag":');
  });

  test("is not made where nothing is stored but the version", () => {
    const { generate, vectors } = project();
    expect(generate("resource: bare\n---\ntask: go\nof: bare\nstates: { go: { to: stop } }\n")).toEqual([]);
    expect(existsSync(vectors)).toBe(false);
  });
});
