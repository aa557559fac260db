// Each generated codec of the example and of the golden cases over values of its type: what is written is canonical and reads as it was,
// from text and from a real `jsonb` column.

import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/compile.js";
import { canonicalText, detached, type JsonRecord, type Reading, type Writing } from "../runtime/codec/index.js";
import { jsonbBytes } from "../runtime/codec/storable.js";
import { usePostgres } from "./postgres.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";
import { storedRecords, type StoredRecord, storedType } from "./setup/records.js";
import { fieldValues, told } from "./setup/values.js";
import { notedVault } from "./setup/vault.js";

// The long tests run the same, many more times.
const count = 12 * Number(process.env["PLINY_EFFORT"] ?? 1);

const { vault } = notedVault();

interface Told extends StoredRecord {
  readonly title: string;
  readonly code: string;
  readonly values: fc.Arbitrary<object>;
}

const records: readonly Told[] = [
  { name: "the example", folder: projectRoot, code: "generated" },
  ...goldenCases.map(({ name, folder }) => ({ name, folder, code: "expected" })),
].flatMap(({ name, folder, code }) => {
  if (!existsSync(join(folder, code))) return [];
  const { model } = compile(compileFolder(folder).sources);
  return storedRecords(model).map((record) => ({
    ...record,
    title: `${name}: ${record.type}, ${record.part}`,
    code: join(folder, code),
    values: fieldValues(record.fields, { model, write: record.of.version }),
  }));
});

function place({ type, part }: StoredRecord): Reading & Writing {
  const root = { root: type, id: "0190b1a5-7a3e-7cc0-8000-000000000001", path: part === "args" ? ["args"] : [] };
  return { ...detached("store"), vault, place: root };
}

test("there are records of every kind of field", () => {
  const kinds = new Set(records.flatMap(({ fields }) => fields.map(({ type }) => type.kind)));
  expect(kinds.size).toBe(22);
  expect(records.some(({ part }) => part === "args")).toBe(true);
});

describe("what is written is canonical and reads as it was", () => {
  test.each(records)("$title", async (record) => {
    const { codec } = await storedType(record.code, record);
    const at = place(record);
    const roundTrip = async (fields: object): Promise<void> => {
      const written = codec.encode(fields, at);
      const text = canonicalText(written);
      const json: JsonRecord = JSON.parse(text);
      expect(canonicalText(json)).toBe(text);
      // Every JavaScript object lists keys that look like indexes first.
      if (!/"\d+":/.test(text)) expect(JSON.stringify(written)).toBe(text);
      const read = codec.decode(json, at);
      expect(await told(read)).toBe(await told(fields));
      expect(canonicalText(codec.encode(read, at))).toBe(text);
    };
    await fc.assert(fc.asyncProperty(record.values, roundTrip), { numRuns: count });
  });
});

describe("a real `jsonb` column", () => {
  const postgres = usePostgres(18);

  test("gives back equal values, of the same canonical text", async () => {
    const client = await postgres.database();
    await client.query("create table record (at bigint, attributes jsonb)");
    for (const record of records) {
      const { codec } = await storedType(record.code, record);
      const at = place(record);
      const values = fc.sample(record.values, count);
      const texts = values.map((fields) => canonicalText(codec.encode(fields, at)));
      await client.query("truncate record");
      await client.query("insert into record select at, attributes from jsonb_array_elements($1) with ordinality each(attributes, at)", [`[${texts.join()}]`]);
      const { rows } = await client.query<{ readonly attributes: JsonRecord; readonly bytes: number }>(
        "select attributes, octet_length(attributes::text) as bytes from record order by at",
      );
      expect(rows.map(({ attributes }) => canonicalText(attributes)), record.title).toEqual(texts);
      for (const [index, { attributes, bytes }] of rows.entries()) {
        expect(jsonbBytes(attributes), record.title).toBe(bytes);
        expect(await told(codec.decode(attributes, at)), record.title).toBe(await told(values[index]));
      }
    }
  });
});
