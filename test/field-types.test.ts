// Each field type. On real Postgres its index expression sorts stored values as the values themselves sort, tells equal from unequal, and is
// immutable, or no index could be made of it. Its JSON Schema takes what is stored, and nothing that is spelt another way.

import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { fieldTypeRow, fieldTypes, secretSchema, stored, type FieldKind, type JsonSchema, type SchemaScope } from "../compiler/field-types.js";
import type { FieldType } from "../compiler/model.js";
import { postgresVersions, usePostgres } from "./postgres.js";

interface Case<V> {
  readonly values: fc.Arbitrary<V>;
  /** As decorated JSON. */
  readonly encode: (value: V) => unknown;
  readonly compare: (left: V, right: V) => number;
}

function define<V>(values: fc.Arbitrary<V>, encode: (value: V) => unknown, compare: (left: V, right: V) => number): Case<unknown> {
  return { values, encode: (value) => encode(value as V), compare: (left, right) => compare(left as V, right as V) };
}

const byCodePoint = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));
const ascending = <V extends number | bigint | boolean | string>(left: V, right: V): number => (left < right ? -1 : left > right ? 1 : 0);
const anyText = fc.string({ unit: "binary" }).filter((text) => !text.includes("\u0000"));
/** Few letters, so that case, accents, punctuation and prefixes meet. */
const likeText = fc.string({ unit: fc.constantFrom("a", "A", "b", "B", "ä", "-", "_", " ", "1", "\uffff", "😀") });
const texts = fc.oneof(anyText, likeText);
const milliseconds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

/** NaN after everything, as Postgres has it. */
function byNumber(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return ascending(left, right);
}

function encodeFloat(value: number): unknown {
  if (!Number.isFinite(value)) return { Num: String(value) };
  return Object.is(value, -0) ? 0 : value;
}

/** 12.50 and 12.5 are one value; the scale is kept. Compared as whole numbers of the finest digit. */
function byDecimal(left: string, right: string): number {
  const fine = (text: string): bigint => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(30, "0"));
  };
  return ascending(fine(left), fine(right));
}

const decimals = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.string({ unit: fc.constantFrom("0", "1", "5", "9"), maxLength: 20 }))
  .map(([negative, whole, fraction]) => {
    const text = `${whole}${fraction === "" ? "" : `.${fraction}`}`;
    return negative && /[1-9]/.test(text) ? `-${text}` : text;
  });

function encodeDuration(ms: number): unknown {
  const fraction = String(ms % 1000).padStart(3, "0").replace(/0+$/, "");
  return { Dur: `PT${Math.floor(ms / 1000)}${fraction === "" ? "" : `.${fraction}`}S` };
}

const times = fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });

const cases = {
  string: define(texts, (value) => value, byCodePoint),
  url: define(fc.webUrl(), (value) => value, byCodePoint),
  enum: define(texts.filter((text) => text !== ""), (value) => value, byCodePoint),
  uuid: define(fc.uuid(), (value) => value, byCodePoint),
  int: define(fc.maxSafeInteger(), (value) => value, ascending),
  float: define(fc.double(), encodeFloat, byNumber),
  bigint: define(fc.bigInt(), (value) => ({ Int: String(value) }), ascending),
  decimal: define(decimals, (value) => ({ Dec: value }), byDecimal),
  bool: define(fc.boolean(), (value) => value, ascending),
  date: define(times, (value) => ({ Date: value.toISOString().slice(0, 10) }), (left, right) => byCodePoint(left.toISOString().slice(0, 10), right.toISOString().slice(0, 10))),
  time: define(times, (value) => ({ Time: value.toISOString() }), (left, right) => left.getTime() - right.getTime()),
  duration: define(fc.oneof(milliseconds, fc.integer({ min: 0, max: 5000 })), encodeDuration, ascending),
  bytes: define(fc.uint8Array(), (value) => ({ Bytes: Buffer.from(value).toString("base64url") }), (left, right) => Buffer.compare(left, right)),
  resource: define(fc.uuid(), (value) => ({ Resource: ["database", value] }), byCodePoint),
  task: define(fc.uuid(), (value) => ({ Task: ["database.provision", value] }), byCodePoint),
} satisfies Partial<Record<FieldKind, Case<unknown>>>;

type OrderedKind = keyof typeof cases;
const orderedKinds = Object.keys(cases) as readonly OrderedKind[];

test("every type that has an order is here", () => {
  const ordered = Object.entries(fieldTypes).flatMap(([kind, row]) => (row.index === null ? [] : [kind]));
  expect([...orderedKinds].sort()).toEqual(ordered.sort());
});

const bare = { min: null, max: null };
const types = {
  string: { kind: "string", ...bare, pattern: null },
  url: { kind: "url" },
  enum: { kind: "enum", values: [], open: true, replaced: [] },
  uuid: { kind: "uuid" },
  int: { kind: "int", ...bare, unit: null },
  float: { kind: "float", ...bare, unit: null, special: true },
  bigint: { kind: "bigint", ...bare, unit: null },
  decimal: { kind: "decimal", ...bare, scale: null },
  bool: { kind: "bool" },
  date: { kind: "date", ...bare },
  time: { kind: "time", ...bare },
  duration: { kind: "duration", ...bare },
  bytes: { kind: "bytes", ...bare },
  resource: { kind: "resource", name: "database" },
  task: { kind: "task", name: "database.provision" },
} as const satisfies Record<OrderedKind, FieldType>;

const scope: SchemaScope = {
  typeOf: (type) => fieldTypeRow(type).schema(type, scope),
  fieldOf: (field) => scope.typeOf(field.type),
  named: () => ({}),
  resourceKeys: (name) => (name === "database" ? ["database", "replica"] : [name]),
  taskKeys: (name) => [name],
};

function accepts(schema: JsonSchema): (value: unknown) => boolean {
  return new Ajv2020({ validateFormats: false }).compile<unknown>(schema);
}

describe("the JSON Schema", () => {
  // `enum` values are shorter: what longer texts are made of is no enum's.
  test.each(orderedKinds.filter((kind) => kind !== "enum"))("of %s takes what is stored", (kind) => {
    const { values, encode }: Case<unknown> = cases[kind];
    const takes = accepts(scope.typeOf(types[kind]));
    fc.assert(fc.property(values, (value) => takes(encode(value))));
  });

  const id = "0190163d-8694-739b-aea5-966c26f8ad91";
  test.each<readonly [FieldType, readonly unknown[], readonly unknown[]]>([
    [{ kind: "string", min: 1, max: 2, pattern: "^a" }, ["a", "a😀"], ["", "abc", "b", 1, null]],
    [{ kind: "int", min: null, max: 5, unit: null }, [5, -9007199254740991], [6, 0.5, -9007199254740992, "1"]],
    [{ kind: "float", min: null, max: null, unit: null, special: false }, [0.5], [{ Num: "NaN" }]],
    [types.float, [0.5, { Num: "-Infinity" }], [{ Num: "-NaN" }, "NaN"]],
    [types.bigint, [{ Int: "-12" }], [{ Int: "007" }, { Int: 7 }, { Int: "-0" }, 7]],
    [types.decimal, [{ Dec: "12.50" }], [{ Dec: "1e5" }, { Dec: "012" }, { Dec: "-0" }, { Dec: ".5" }]],
    [types.time, [{ Time: "2016-07-06T20:53:20.123Z" }], [{ Time: "2016-07-06T20:53:20+01:00" }, { Time: "2016-07-06T20:53:20.123Z", x: 1 }, { Time: "2016-07-06T20:53:20Z" }]],
    [types.date, [{ Date: "2016-07-06" }], [{ Date: "2016-7-6" }, { Date: "2015-02-29" }]],
    [types.duration, [{ Dur: "PT5400S" }, { Dur: "PT0.25S" }], [{ Dur: "PT1H" }, { Dur: "PT0.50S" }, { Dur: "-PT1S" }, { Dur: "PT01S" }, { Dur: "PT0.S" }]],
    [{ kind: "bytes", min: 1, max: 2 }, [{ Bytes: "_-8" }, { Bytes: "_w" }], [{ Bytes: "" }, { Bytes: "_-__" }, { Bytes: "+/8" }]],
    [{ kind: "enum", values: [{ value: "new", since: 1, doc: null, deprecated: null }], open: false, replaced: [{ from: "old", to: "new" }] }, ["new", "old"], ["other", 1]],
    [{ kind: "list", of: types.bool, min: null, max: 1 }, [[true], []], [[1], [true, true], { Set: [] }]],
    [{ kind: "set", of: types.string, min: null, max: null }, [{ Set: ["a", "b"] }], [{ Set: ["a", "a"] }, ["a"]]],
    [{ kind: "dict", of: types.int, min: null, max: null }, [{ Dict: { constructor: 1 } }], [{ constructor: 1 }, { Dict: { a: "1" } }]],
    [{ kind: "map", keys: types.int, of: types.bool, min: null, max: null }, [{ Map: [[1, true]] }], [{ Map: [[true, 1]] }, { Map: [[1]] }, { Map: [[1, true, 1]] }]],
    [types.resource, [{ Resource: ["replica", id] }, { Resource: ["database", id, "/databases/1"] }], [{ Resource: ["app", id] }, { Resource: ["database"] }]],
    [types.task, [{ Task: ["database.provision", id] }], [{ Task: ["database.resize", id] }, { Resource: ["database.provision", id] }]],
    [{ kind: "json" }, [{ Json: { Time: "x" } }, { Json: null }], [{ Time: "x" }]],
  ])("of $kind takes the one spelling and no other", (type, right, wrong) => {
    const takes = accepts(scope.typeOf(type));
    for (const value of right) expect(takes(value), JSON.stringify(value)).toBe(true);
    for (const value of wrong) expect(takes(value), JSON.stringify(value)).toBe(false);
  });

  test("of a secret has its key and what is sealed, or for the API the key alone", () => {
    const takes = accepts(secretSchema);
    expect([{ Vault: [1, "gAAA"] }, { Vault: [1, null] }].every(takes)).toBe(true);
    expect([{ Vault: ["1", "gAAA"] }, { Vault: [1] }, "gAAA"].some(takes)).toBe(false);
  });
});

describe.each(postgresVersions)("Postgres %i", (version) => {
  const postgres = usePostgres(version);

  test.each(orderedKinds)("%s", async (kind) => {
    const client = await postgres.database();
    const expression = expressionOf(kind);
    await client.query("create table sample (at int, json_attrs jsonb not null)");
    await client.query(`create index on sample ((${expression}))`);
    const { values, encode, compare }: Case<unknown> = cases[kind];
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 2, maxLength: 40 }), async (sample) => {
        expect(await ranksOf(client, sample.map(encode), expression)).toEqual(ranks(sample, compare));
      }),
      { numRuns: 40 },
    );
  });

  test("an absent value has no place in the order, and fails nowhere", async () => {
    const client = await postgres.database();
    for (const kind of orderedKinds) {
      const { rows } = await client.query(`select ${expressionOf(kind)} as value from (values ('{}'::jsonb)) as sample (json_attrs)`);
      expect(rows, kind).toEqual([{ value: null }]);
    }
  });

  test("a widened type reads what the narrower one stored, by the same expression", () => {
    for (const [kind, row] of Object.entries(fieldTypes)) {
      for (const wider of row.widensTo) expect(fieldTypes[wider].index?.read(stored("json_attrs", "value")), `${kind} to ${wider}`).toBe(expressionOf(kind as OrderedKind));
    }
  });
});

function expressionOf(kind: OrderedKind): string {
  const reading = fieldTypes[kind].index;
  if (reading === null) throw new Error(`${kind} has no order.`);
  return reading.read(stored("json_attrs", "value"));
}

/** The place of each value among the different ones, as Postgres counts. */
async function ranksOf(client: Client, values: readonly unknown[], expression: string): Promise<readonly number[]> {
  await client.query("delete from sample");
  await client.query(
    "insert into sample select at, json_build_object('value', value)::jsonb from json_array_elements($1::json) with ordinality as given (value, at)",
    [JSON.stringify(values)],
  );
  const { rows } = await client.query<{ rank: string }>(`select dense_rank() over (order by ${expression}) as rank from sample order by at`);
  return rows.map(({ rank }) => Number(rank));
}

function ranks(values: readonly unknown[], compare: (left: unknown, right: unknown) => number): readonly number[] {
  const different = values.toSorted(compare).filter((value, at, sorted) => at === 0 || compare(sorted[at - 1], value) !== 0);
  return values.map((value) => different.findIndex((other) => compare(other, value) === 0) + 1);
}
