// Each field type on real Postgres: its index expression sorts stored values as the values themselves sort, tells equal from unequal, and is
// immutable, or no index could be made of it.

import fc from "fast-check";
import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { fieldTypes, stored, type FieldKind } from "../compiler/field-types.js";
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
