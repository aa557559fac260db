// What is asked of values when they are given, and never of what is read: each rule of each type from both sides, all that is wrong at once, and
// of a secret nothing but that it is wrong. A simple judge, who knows the model and no generated code, agrees about any value.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/compile.js";
import { type Field, type FieldType, findType, type Model } from "../compiler/model.js";
import { camelCase } from "../compiler/naming.js";
import { checkedTypes, mayBeNull } from "../compiler/views/field-text.js";
import { type GivenValues, refusalsOf } from "../runtime/codec/check.js";
import { detached, Ref, Secret, TaskRef } from "../runtime/codec/index.js";
import { valueGiven } from "../runtime/codec/secret.js";
import { readStored, type StoredType, writeStored } from "../runtime/codec/stored.js";
import { accountCodec, accountDefaults, accountRules } from "./cases/fields-modifiers/expected/account.shape.js";
import { everythingCodec, everythingRules } from "./cases/fields-all-types/expected/everything.shape.js";
import { personCodec, personDefaults, personRules } from "./cases/named-types/expected/person.shape.js";
import { documentCodec, documentDefaults, documentRules } from "./cases/versions/expected/document.shape.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";
import { storedRecords, storedType, writeCode } from "./setup/records.js";
import { fieldValues, told } from "./setup/values.js";
import { notedVault } from "./setup/vault.js";

const count = 40 * Number(process.env["PLINY_EFFORT"] ?? 1);

const everything: StoredType = { codec: everythingCodec, rules: everythingRules };
const account: StoredType = { codec: accountCodec, rules: accountRules, defaults: accountDefaults };
const person: StoredType = { codec: personCodec, rules: personRules, defaults: personDefaults };
const document: StoredType = { codec: documentCodec, rules: documentRules, defaults: documentDefaults };
const agreeing = new Proxy({}, { get: () => () => true });

/** What is said, a line a refusal; of a record that is there already, unless another is told. */
function said(type: StoredType, given: object, more: Partial<GivenValues> = {}): readonly string[] {
  const predicates = { own: agreeing, types: new Proxy({}, { get: () => agreeing }) };
  return refusalsOf({ type, given, before: {}, predicates, ...more }).map(({ pointer, expected, got }) => `${pointer}: ${expected}; ${got}`);
}

const ms = (text: string): number => Date.parse(text);
const nines = "9".repeat(60);

describe("each rule of each type, from both sides", () => {
  // Of a member: values that may be given, and others with what is said of them.
  const table: readonly (readonly [member: string, given: readonly unknown[], refused: readonly (readonly [value: unknown, said: string])[]])[] = [
    ["string", ["ä", "a".repeat(10), "𝒜".repeat(10)], [
      ["𝒜".repeat(11), `/string: at most 10 characters; "${"𝒜".repeat(11)}"`],
      ["a1", '/string: text that matches /^\\p{L}+$/u; "a1"'],
      ["a\u0000", '/string: text without U+0000 and lone surrogates; "a\\u0000"'],
      ["\ud800", '/string: text without U+0000 and lone surrogates; "\\ud800"'],
    ]],
    ["int", [-5, 5, 0, -0], [[-6, "/int: at least -5; -6"], [6, "/int: at most 5; 6"], [0.5, "/int: an integer within ±(2^53-1); 0.5"]]],
    ["float", [-0.5, 1500, 5e-324], [
      [-0.5000001, "/float: at least -0.5; -0.5000001"],
      [1500.0001, "/float: at most 1500; 1500.0001"],
      [Infinity, "/float: a finite number; Infinity"],
      [NaN, "/float: a finite number; NaN"],
    ]],
    ["special", [NaN, Infinity, -Infinity, 1], [["NaN", '/special: a number, or one of "NaN", "Infinity" and "-Infinity" as {"Num": …}; "NaN"']]],
    ["bigint", [-9223372036854775809n, 9223372036854775808n, 0n], [
      [-9223372036854775810n, "/bigint: at least -9223372036854775809; -9223372036854775810n"],
      [9223372036854775809n, "/bigint: at most 9223372036854775808; 9223372036854775809n"],
      [10n ** 60n - 1n, `/bigint: at most 9223372036854775808; ${nines.slice(0, 40)}…`],
      [5, '/bigint: an integer of at most 1024 digits as {"Int": "…"}, without leading zeros; 5'],
    ]],
    ["decimal", ["-0.10", "-0.1", "99.90", "99.9", "0", "0.00", "-0.09", "7"], [
      ["-0.11", '/decimal: at least -0.10; "-0.11"'],
      ["-1", '/decimal: at least -0.10; "-1"'],
      ["99.91", '/decimal: at most 99.90; "99.91"'],
      ["100", '/decimal: at most 99.90; "100"'],
      ["1.000", '/decimal: at most 2 digits after the point; "1.000"'],
      ["-0.100", '/decimal: at most 2 digits after the point; "-0.100"'],
    ]],
    ["date", ["2000-02-29", "2099-12-31"], [
      ["2000-02-28", '/date: at least 2000-02-29; "2000-02-28"'],
      ["2100-01-01", '/date: at most 2099-12-31; "2100-01-01"'],
      ["0001-01-01", '/date: at least 2000-02-29; "0001-01-01"'],
      ["2001-02-29", '/date: a day as {"Date": "2016-07-06"}, in the years 0001 to 9999; "2001-02-29"'],
    ]],
    ["time", [new Date("2000-01-01T00:00:00.000Z"), new Date("2099-12-31T23:59:59.999Z")], [
      [new Date(ms("2000-01-01T00:00:00Z") - 1), "/time: at least 2000-01-01T00:00:00Z; 1999-12-31T23:59:59.999Z"],
      [new Date(ms("2099-12-31T23:59:59.999Z") + 1), "/time: at most 2099-12-31T23:59:59.999Z; 2100-01-01T00:00:00.000Z"],
      [new Date(NaN), '/time: a time in UTC as {"Time": "2016-07-06T20:53:20.123Z"}, in the years 0001 to 9999; an invalid Date'],
    ]],
    ["duration", [1, 129_600_000], [[0, "/duration: at least 1; 0"], [129_600_001, "/duration: at most 129600000; 129600001"]]],
    ["bytes", [new Uint8Array(1), new Uint8Array(1024), Buffer.from("a")], [
      [new Uint8Array(0), "/bytes: at least 1 byte; a Uint8Array of 0"],
      [new Uint8Array(1025), "/bytes: at most 1024 bytes; a Uint8Array of 1025"],
    ]],
    ["enum", ["a", "16", "ä"], [["b", '/enum: one of "a", "yes", "16", "two words", "ä"; "b"'], [16, "/enum: text; 16"]]],
    ["enumOpen", ["a", "z"], [[1, "/enum_open: text; 1"]]],
    ["list", [["a"], ["a", "b", "c"]], [
      [[], "/list: at least 1 element; a list of 0"],
      [["a", "b", "c", "d"], "/list: at most 3 elements; a list of 4"],
      [["a", null], "/list/1: text; null"],
    ]],
    ["listDeep", [[], [[]], [[0, 1, 2]]], [
      [[[0], [0, -1]], "/list_deep/1/1: at least 0; -1"],
      [[[1, 2, 3, 4]], "/list_deep/0: at most 3 elements; a list of 4"],
      [[[1], ["1"]], '/list_deep/1/0: an integer within ±(2^53-1); "1"'],
    ]],
    ["set", [new Set(), new Set(["1.5", "2"])], [
      [new Set(["1", "1.25"]), '/set/1: at most 1 digit after the point; "1.25"'],
      [new Set("0123456789"), "/set: at most 9 elements; a Set of 10"],
      [new Set(["1", 2]), '/set/1: a decimal number of at most 1024 digits as {"Dec": "…"}, without exponent and leading zeros; 2'],
    ]],
    ["setEnum", [new Set(["x", "y"])], [[new Set(["x", "z"]), '/set_enum/1: one of "x", "y"; "z"']]],
    ["dict", [new Map([["~/", new Date(0)]])], [
      [new Map([["Dict", new Date(0)], ["~/", new Date(NaN)]]), '/dict/~0~1: a time in UTC as {"Time": "2016-07-06T20:53:20.123Z"}, in the years 0001 to 9999; an invalid Date'],
      [new Map(["a", "b", "c", "d", "e"].map((key) => [key, new Date(0)])), "/dict: at most 4 elements; a Map of 5"],
    ]],
    ["dictJson", [new Map([["Json", { Time: null }]])], [[new Map([["Json", { Map: { a: undefined, "A/": NaN } }]]), "/dict_json/Json/Map/A~1: a finite number; NaN"]]],
    ["map", [new Map([[1n, new Uint8Array(4)]])], [
      [new Map([[7n, new Uint8Array(4)], [8n, new Uint8Array(5)]]), "/map/1/1: at most 4 bytes; a Uint8Array of 5"],
      [new Map<unknown, unknown>([[7n, new Uint8Array(4)], [8, new Uint8Array(4)]]), '/map/1/0: an integer of at most 1024 digits as {"Int": "…"}, without leading zeros; 8'],
    ]],
    ["mapDeep", [new Map([["k", new Map([["2000-01-01", { at: null }]])]])], [
      [new Map([["m", new Map()]]), '/map_deep/0/0: one of "k", "l"; "m"'],
      [new Map([["k", new Map([["2000-01-01", { at: 1 }]])]]), '/map_deep/0/1/0/1/at: a time in UTC as {"Time": "2016-07-06T20:53:20.123Z"}, in the years 0001 to 9999; 1'],
    ]],
    ["record", [{ a: null, b: 1, c: { d: false } }, { a: "x", b: 1, c: null }], [
      [{ a: null, b: null, c: null }, "/record/b: a value; none"],
      [{ a: null, b: 1, c: { d: null } }, "/record/c/d: a value; none"],
      [{ a: null, b: 1, c: {} }, "/record/c/d: true or false; undefined"],
      [{ a: null, b: 1, c: 1 }, "/record/c: a record; 1"],
      ["x", '/record: a record; "x"'],
      [[], "/record: a record; a list of 0"],
    ]],
    ["namedList", [[{ x: 1, y: 2 }]], [
      [[{ x: 1, y: 2 }, { x: 1, y: null }], "/named_list/1/y: a value; none"],
      [[null], "/named_list/0: a record; null"],
    ]],
    ["others", [[]], [[Array.from({ length: 16 }, () => new Ref("everything", "00000000-0000-0000-0000-000000000000", () => Promise.reject(new Error()))), "/others: at most 15 elements; a list of 16"]]],
  ];

  test.each(table)("%s", (member, given, refused) => {
    for (const value of given) expect(said(everything, { [member]: value })).toEqual([]);
    for (const [value, line] of refused) expect(said(everything, { [member]: value })).toEqual([line]);
  });

  test("a text that breaks two rules is told both", () => {
    expect(said(everything, { string: "" })).toEqual(['/string: at least 1 character; ""', '/string: text that matches /^\\p{L}+$/u; ""']);
  });

  test("a special float may be infinite within its bounds, and NaN, of which bounds say nothing", () => {
    for (const value of [0, Infinity, NaN]) expect(said(account, { dInf: value })).toEqual([]);
    expect(said(account, { dInf: -Infinity })).toEqual(["/d_inf: at least 0; -Infinity"]);
  });

  test("a pattern is not anchored unless it is written so, and remembers nothing from one value to the next", () => {
    const rules = { string: { pattern: "b" } };
    for (let time = 0; time < 3; time += 1) expect(said({ ...everything, rules }, { string: "abc" })).toEqual([]);
    expect(said({ ...everything, rules }, { string: "ac" })).toEqual(['/string: text that matches /b/u; "ac"']);
  });
});

describe("named types", () => {
  const home = { street: null, city: "Ulm", country: "DE", geo: null, lines: [], secret: null, labels: new Map(), renamed: null };
  const leaf = { name: "leaf", below: [], byName: new Map(), first: null };

  test("rules of a record, of a field that stands for another, and of the elements of one", () => {
    expect(said(person, { home, tags: new Set(["a"]), grid: [[{ x: 0, y: 0, exact: true }]] })).toEqual([]);
    expect(said(person, { others: [home, { ...home, lines: ["1", "2", "3", "4"], labels: new Map([["a", ""], ["b", " "]]), geo: { x: null, y: 1, exact: true } }] })).toEqual([
      "/others/1/geo/x: a value; none",
      "/others/1/lines: at most 3 elements; a list of 4",
      '/others/1/labels/a: at least 1 character; ""',
      '/others/1/labels/a: text that matches /^\\S+$/u; ""',
      '/others/1/labels/b: text that matches /^\\S+$/u; " "',
    ]);
    expect(said(person, { tags: new Set(["a", "b c"]) })).toEqual(['/tags/1: text that matches /^\\S+$/u; "b c"']);
    expect(said(person, { balance: "1.005" })).toEqual(['/balance: at most 2 digits after the point; "1.005"']);
  });

  test("what holds others of its kind, as deep as it goes, by its stored keys", () => {
    const wrong = { ...leaf, name: "no leaf", below: null };
    const tree = { ...leaf, first: { ...leaf, byName: new Map([["up/down", { ...leaf, below: [leaf, wrong] }]]) } };
    expect(said(person, { tree })).toEqual([
      '/tree/first/by_name/up~1down/below/1/name: text that matches /^\\S+$/u; "no leaf"',
      "/tree/first/by_name/up~1down/below/1/below: a value; none",
    ]);
  });
});

describe("null, absent and unknown", () => {
  const needed = { required: "r", fixed: "f", later: "l", secretRequired: Secret.of("long enough") };

  test("what is required must be given and stay; defaults and empty containers stand in for what is absent, and not for null", () => {
    expect(said(account, needed, { before: null })).toEqual([]);
    expect(said(account, {}, { before: null })).toEqual(["/required: a value; none", "/fixed: a value; none", "/later: a value; none", "/secret_required: a value; none"]);
    expect(said(account, {})).toEqual([]);
    const nothing = { required: null, dString: null, checkedList: null, dJson: null, secretDefault: undefined, renamed: null, secretRecord: null };
    expect(said(account, nothing)).toEqual(["/required", "/d_string", "/d_json", "/checked_list", "/secret_default"].map((at) => `${at}: a value; none`));
  });

  test("an empty container does not stand in for one that is required, a default does", () => {
    const rules = { ...everythingRules, list: { required: true as const }, json: { required: true as const } };
    expect(said({ ...everything, rules }, { json: 1 }, { before: null })).toEqual(["/list: a value; none"]);
    expect(said({ ...everything, rules }, { json: 1, list: [] }, { before: null })).toEqual([]);
    expect(said({ ...account, rules: { dJson: { required: true } } }, needed, { before: null })).toEqual([]);
  });

  test("a container that may not be empty has to be given", () => {
    expect(said(everything, {}, { before: null })).toEqual(["/list: at least 1 element; a list of 0"]);
  });

  test("members that there are not are refused, whatever they are called", () => {
    const given: object = JSON.parse('{"__proto__":1,"constructor":2,"req/uired":3,"d_string":4}');
    expect(said(account, given).map((line) => line.replace(/one of required,.*;/, "…"))).toEqual([
      '/__proto__: … "__proto__"', '/constructor: … "constructor"', '/req~1uired: … "req/uired"', '/d_string: … "d_string"',
    ]);
  });

  test("all that is wrong is said at once, in the order of the spec, cut short", () => {
    const blank = Object.fromEntries(Object.keys(everything.codec.decode({}, detached("store"))).map((member) => [member, Symbol("x")]));
    const lines = said(everything, { ...blank, nobody: "x".repeat(60) }, { before: null });
    expect(lines.map((line) => /^\/(\w+): .*; a symbol$/.exec(line)?.[1])).toEqual([...everything.codec.keys, undefined]);
    expect(lines.at(-1)).toMatch(/^\/nobody: one of shortString, .*; "nobody"$/);
    expect(said(everything, { string: "1".repeat(60) }).at(-1)).toBe(`/string: text that matches /^\\p{L}+$/u; "${"1".repeat(40)}…"`);
  });
});

describe("immutable", () => {
  const inner = { plain: "p", hidden: null, fallback: 1, once: null };
  const fixed = "what it was set to first, for it is immutable";

  test("is filled once, and then stays; an equal value in another object is no change", () => {
    expect(said(account, { setOnce: new Date(1) }, { before: { setOnce: null } })).toEqual([]);
    expect(said(account, { setOnce: new Date(1), fixed: "f" }, { before: { setOnce: new Date(1), fixed: "f" } })).toEqual([]);
    expect(said(account, { fixed: "g", setOnce: new Date(2) }, { before: { setOnce: new Date(1), fixed: "f" } })).toEqual([
      `/fixed: ${fixed}; "g"`, `/set_once: ${fixed}; 1970-01-01T00:00:00.002Z`,
    ]);
    expect(said(account, { setOnce: null }, { before: { setOnce: new Date(1) } })).toEqual([`/set_once: ${fixed}; null`]);
    const grid = [[{ x: 0, y: NaN, exact: true }]];
    expect(said(person, { grid: structuredClone(grid) }, { before: { grid } }).filter((line) => line.includes("immutable"))).toEqual([]);
    expect(said(person, { grid: [[{ x: 0, y: 1, exact: false }]] }, { before: { grid: [[{ x: 0, y: 1, exact: true }]] } })).toEqual([`/grid: ${fixed}; a list of 1`]);
  });

  test.each(Object.entries({
    record: [{ a: "x", b: 1, c: null }, { c: null, b: 1, a: "x" }, { a: "x", b: 2, c: null }],
    set: [new Set(["1", "2"]), new Set(["2", "1"]), new Set(["1", "3"])],
    dict: [new Map([["a", new Date(1)], ["b", new Date(2)]]), new Map([["b", new Date(2)], ["a", new Date(1)]]), new Map([["a", new Date(1)], ["b", new Date(3)]])],
    bytes: [new Uint8Array([1, 2]), Buffer.from([1, 2]), new Uint8Array([1, 2, 0])],
    bigint: [1n, 1n, 2n],
    list: [["a", "b"], ["a", "b"], ["b", "a"]],
    special: [NaN, NaN, 0],
    self: ["1", "1", "2"].map((digit) => new Ref("everything", `${digit.repeat(8)}-0000-0000-0000-000000000000`, () => Promise.reject(new Error()))),
  }))("%s", (member, [was, same, other]) => {
    const type = { ...everything, rules: { [member]: { immutable: true as const } } };
    const isChange = (value: unknown): boolean => said(type, { [member]: value }, { before: { [member]: was } }).length > 0;
    expect([isChange(was), isChange(same), isChange(other), isChange(null)]).toEqual([false, false, true, true]);
  });

  test("holds in records too, also where the record goes", () => {
    const before = { inner: { ...inner, once: "first" } };
    expect(said(account, { inner: { ...inner, plain: "q", once: "first" } }, { before })).toEqual([]);
    expect(said(account, { inner: { ...inner, once: "second" } }, { before })).toEqual([`/inner/once: ${fixed}; "second"`]);
    expect(said(account, { inner: null }, { before })).toEqual([`/inner/once: ${fixed}; undefined`]);
    expect(said(account, { inner: { ...inner, once: "second" } }, { before: { inner } })).toEqual([]);
  });

  test("a secret is the same where it is the one that is stored, or withheld, whoever opens it; one that is given is another", () => {
    const { vault, notes } = notedVault();
    const type = { ...account, rules: { ...account.rules, secret: { immutable: true as const, encrypted: {} } } };
    const at = { ...detached("store"), vault };
    const record = writeStored({ type, fields: { ...accountDefaults, ...needed(), secret: Secret.of("first") }, at });
    const [before, again] = [readStored({ type, record, at }).fields, readStored({ type, record, at: detached("store") }).fields];
    const other = writeStored({ type, fields: { ...accountDefaults, ...needed(), secret: Secret.of("first") }, at });
    const withheld = type.codec.decode({ __v: 2, required: "", fixed: "", later: "", secret_required: "x", secret: { Vault: [1, null] } }, detached("api-in"));
    const isChange = (fields: object): boolean => said(type, { secret: Reflect.get(fields, "secret") }, { before }).length > 0;
    expect([isChange(before), isChange(again), isChange(withheld)]).toEqual([false, false, false]);
    expect(isChange(readStored({ type, record: other, at }).fields)).toBe(true);
    expect(said(type, { secret: Secret.of("first") }, { before })).toEqual([`/secret: ${fixed}; [secret]`]);
    expect(notes).toEqual([]);
  });

  function needed(): object {
    return { required: "r", fixed: "f", later: "l", secretRequired: Secret.of("long enough"), checkedList: [], ...nulls() };
  }

  function nulls(): object {
    const names = ["setOnce", "checked", "renamed", "secretRecord", "secretMap", "secretJson", "lookedUp", "normalized", "inner", "onItsWayOut", "draft", "beta", "stable", "excused"];
    return Object.fromEntries(names.map((name) => [name, null]));
  }
});

describe("a value that the shape that is written has not", () => {
  const now = 'one of "draft", "review", for shape 4 is written, which has no other';

  test("is refused until that shape is written; a row that a later release has brought up takes it", () => {
    expect(said(document, { status: "review" }, { version: 4 })).toEqual([]);
    expect(said(document, { status: "final" }, { version: 4 })).toEqual([`/status: ${now}; "final"`]);
    expect(said(document, { status: "final" }, { version: 2 })).toEqual([`/status: ${now}; "final"`]);
    expect(said(document, { title: "t", words: 1, status: "final" }, { before: null })).toEqual([`/status: ${now}; "final"`]);
    expect(said(document, { status: "final" }, { version: 5 })).toEqual([]);
    expect(said(document, { status: "lost" }, { version: 4 })).toEqual(['/status: one of "draft", "review"; "lost"']);
  });

  test("what is replaced is given by its new name", () => {
    expect(said(document, { status: "wip" }, { version: 5 })).toEqual(['/status: one of "draft", "review", "final"; "wip"']);
  });
});

describe("predicates that are written by hand", () => {
  const ask = (check: (value: unknown) => unknown, given: object = { checked: "it" }): readonly string[] =>
    said(account, given, { predicates: { own: { checked: check, checkedList: check } } });

  test("say yes by true and by nothing else; a text says what they expect", () => {
    expect(ask(() => true)).toEqual([]);
    expect(ask(() => "something nicer")).toEqual(['/checked: something nicer; "it"']);
    for (const answer of [false, undefined, null, 1, {}, Promise.resolve(true)]) expect(ask(() => answer)).toEqual([`/checked: what the check 'checked' accepts; "it"`]);
  });

  test("are given the value, as a method of who wrote them, and nothing that is of another type, too large, or null", () => {
    const seen: unknown[] = [];
    const own = { limit: 2, checkedList(value: readonly number[]): boolean { seen.push(value); return value.length <= this.limit; } };
    const asked = (checkedList: unknown): readonly string[] => said(account, { checkedList }, { predicates: { own } });
    expect(asked([1, 2])).toEqual([]);
    expect(asked([1, 2, 3])).toEqual(["/checked_list: what the check 'checkedList' accepts; a list of 3"]);
    asked(["1"]);
    asked(Array.from({ length: 11 }, () => 1));
    expect(ask((value) => seen.push(value), { checked: null })).toEqual([]);
    expect(seen).toEqual([[1, 2], [1, 2, 3]]);
  });

  test("that throw are heard: no stub and no mistake passes for a value that is wrong", () => {
    const broken = new Error("no connection");
    expect(() => ask(() => { throw broken; })).toThrow(broken);
    expect(() => said(account, { checked: "it" }, { predicates: {} })).toThrow("The check 'checked' is not written.");
  });

  test("those of a named type are asked of its fields, and a field's own besides", () => {
    const rules = { string: { checks: ["string", "slug.value"] } };
    const predicates = { own: { string: () => "own" }, types: { slug: { value: () => "of the type" } } };
    expect(said({ ...everything, rules }, { string: "x" }, { predicates })).toEqual(['/string: own; "x"', '/string: of the type; "x"']);
  });
});

describe("a member that the shape which is written has not", () => {
  const author = { first: "Ada", last: null };

  test("is refused where nothing says it in that shape, for it would be lost", () => {
    expect(said(document, { author }, { version: 4 })).toEqual(["/author: nothing, for shape 4 is written, which has no such member; a record"]);
    expect(said(document, { author: null }, { version: 4 })).toEqual([]);
    expect(said(document, { author }, { version: 5 })).toEqual([]);
    expect(said(document, { author }, { version: 4, upgrades: { from5: () => ({ writer: "Ada" }) } })).toEqual([]);
  });
});

describe("secrets", () => {
  const canary = "canary-7f3a91";

  test("are looked at in the clear, closed enums in them too, and nothing is told of them", () => {
    const rules = {
      secret: { encrypted: {}, min: 20, pattern: "^x", checks: ["secret"] },
      secretRecord: { encrypted: {}, fields: { pin: { required: true as const, max: 2, oneOf: ["12"] } } },
      secretMap: { encrypted: {}, of: { max: 1 }, keys: { min: 20 } },
    };
    const type = { ...account, rules };
    const given = {
      secret: Secret.of(canary),
      secretRecord: Secret.of({ pin: canary, at: null }),
      secretMap: Secret.of(new Map([[canary, new Uint8Array(3)]])),
      lookedUp: Secret.of(7),
      secretJson: Secret.of({ [canary]: NaN }),
      normalized: canary,
    };
    expect(said(type, given)).toEqual([
      "/secret: at least 20 characters; [secret]",
      "/secret: text that matches /^x/u; [secret]",
      "/secret_record: at most 2 characters; [secret]",
      '/secret_record: one of "12"; [secret]',
      "/secret_map: at least 20 characters; [secret]",
      "/secret_map: at most 1 byte; [secret]",
      "/secret_json: a finite number; [secret]",
      "/looked_up: text; [secret]",
      "/normalized: a Secret; [secret]",
    ]);
  });

  test("a closed enum that is encrypted has its values, wherever it stands", () => {
    const text = `resource: door\nfields:
  color: { type: enum, of: [red, green], encrypted: true }
  colors: { type: dict, of: { type: enum, of: [red, green] }, encrypted: true }
  inner: { type: record, fields: { color: { type: enum, of: [red], encrypted: true } } }`;
    return generated([text], async ([release]) => {
      const { type } = release ?? expect.fail();
      expect(said(type, { color: Secret.of("red"), colors: Secret.of(new Map([["a", "green"]])), inner: { color: Secret.of("red") } })).toEqual([]);
      expect(said(type, { color: Secret.of(canary), colors: Secret.of(new Map([[canary, canary]])), inner: { color: Secret.of(canary) } })).toEqual([
        '/color: one of "red", "green"; [secret]', '/colors: one of "red", "green"; [secret]', '/inner/color: one of "red"; [secret]',
      ]);
    });
  });

  test("what a predicate says is told unless it quotes them, what it throws is not", () => {
    const type = { ...account, rules: { secret: { encrypted: {}, checks: ["secret"] } } };
    const ask = (secret: (value: string) => unknown): readonly string[] => said(type, { secret: Secret.of(canary) }, { predicates: { own: { secret } } });
    expect(ask((value) => value === canary)).toEqual([]);
    expect(ask(() => "a digit or two")).toEqual(["/secret: a digit or two; [secret]"]);
    const quoting: readonly ((value: string) => string)[] = [
      (value) => value, (value) => `no ${value.slice(2).toUpperCase()}`, (value) => `none that begins with ${value.slice(0, 3)}`, (value) => `${value.slice(-3)} is no end`,
    ];
    for (const check of quoting) expect(ask(check)).toEqual(["/secret: what the check 'secret' accepts; [secret]"]);
    const short = { ...type, rules: { secret: { encrypted: {}, checks: ["secret"] }, secretJson: { encrypted: {}, checks: ["secret"] } } };
    const asked = said(short, { secret: Secret.of("7"), secretJson: Secret.of({ pin: 1234 }) }, { predicates: { own: { secret: () => "no 7, no 1234" } } });
    expect(asked).toEqual(["/secret: what the check 'secret' accepts; [secret]", "/secret_json: what the check 'secret' accepts; [secret]"]);
    const thrown = (): unknown => {
      try {
        return ask((value) => { throw new Error(value, { cause: value }); });
      } catch (error) {
        return error;
      }
    };
    const error = thrown();
    expect(error).toEqual(new Error("The check 'secret' threw an error, which is not shown, for it may quote the secret."));
    expect(error instanceof Error && `${error.stack}${String(error.cause)}`).not.toContain(canary);
  });

  test("that were read stay sealed, though their key is lost", () => {
    const { vault } = notedVault();
    const { vault: without } = notedVault();
    const at = { ...detached("store"), vault };
    const record = { __v: 2, secret: { Vault: vault.seal(JSON.stringify([canary]), { root: "", id: "", path: ["secret"] }) } };
    const { secret } = { secret: null, ...account.codec.decode(record, { ...at, vault: without, partial: { record, absent: "null" } }) };
    expect(secret).toBeInstanceOf(Secret);
    expect(said(account, { secret })).toEqual([]);
  });
});

describe("a judge who knows the model only", () => {
  const cases = [{ name: "the example", folder: projectRoot, code: "generated" }, ...goldenCases.map(({ name, folder }) => ({ name, folder, code: "expected" }))];
  const records = cases.flatMap(({ name, folder, code }) => {
    if (!existsSync(join(folder, code))) return [];
    const { model } = compile(compileFolder(folder).sources);
    return storedRecords(model).filter(({ fields }) => fields.length > 0).map((record) => ({ ...record, title: `${name}: ${record.type}, ${record.part}`, code: join(folder, code), model }));
  });

  test.each(records)("agrees about $title", async ({ code, model, ...record }) => {
    const type = await storedType(code, record);
    const values = fieldValues(record.fields, { model, write: record.of.version });
    const predicates = { own: picky, types: new Proxy({}, { get: () => picky }) };
    const changes = fc.array(fc.tuple(fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 5 }), fc.constantFrom(...junk)), { maxLength: 3 });
    const at = { ...detached("store"), vault: notedVault().vault };
    let refused = 0;
    const agree = (fields: object, replaced: readonly (readonly [readonly number[], unknown])[]): void => {
      const given = replaced.reduce<unknown>((whole, [path, value]) => replacedAt(whole, path, value), fields);
      const wrong = refusalsOf({ type, given: Object(given), before: null, predicates, upgrades: allWaysBack });
      const judged = record.fields.filter((field) => !mayBe(Reflect.get(Object(given), camelCase(field.name)), field, { model, write: record.of.write }));
      refused += judged.length;
      expect([...new Set(wrong.map(({ pointer }) => pointer.split("/")[1]))]).toEqual(judged.map(({ key }) => key));
      // What is not refused can be written.
      const written = Object.fromEntries(Object.entries(Object(given)).map(([member, value]) => [member, value ?? null]));
      if (wrong.length === 0) type.codec.encode(written, at);
    };
    fc.assert(fc.property(values, changes, agree), { numRuns: count });
    expect(refused).toBeGreaterThan(0);
  });
});

/** Every version has a way back to the shape that is written. */
const allWaysBack = new Proxy({}, { get: () => () => ({}) });

/** A predicate that some texts do not please. */
const picky = new Proxy({}, { get: () => (value: unknown) => pleases(value) });

function pleases(value: unknown): boolean {
  return typeof value !== "string" || value.length % 3 !== 1;
}

const junk: readonly unknown[] = [
  null, undefined, "", "x", "two words", "x\u0000", "\ud800", "2000-01-01", "12.345", "-0", "a:b", 0, -1, 1.5, 1e300, NaN, Infinity, 5n, -(10n ** 1_024n), true, Symbol("x"),
  () => 1, [], ["x"], [null], {}, new Set(["x"]), new Set([1]), new Map([["a", "b"]]), new Map([[1, "b"]]), new Date(0), new Date(NaN), new Uint8Array(2_000),
  Secret.of("x"), Secret.of({}), new Ref("team", "00000000-0000-0000-0000-000000000000", () => Promise.reject(new Error())),
  new TaskRef("team.work", "00000000-0000-0000-0000-000000000000", () => Promise.reject(new Error())), { a: undefined }, Array.from({ length: 600 }, () => "x"),
];

/** The value with another in one place of it: a member, an element, an entry's value, or what is in a secret. */
function replacedAt(whole: unknown, [step, ...path]: readonly number[], value: unknown): unknown {
  if (step === undefined) return value;
  const pick = <T>(all: readonly T[]): T | undefined => all[step % Math.max(all.length, 1)];
  if (Array.isArray(whole)) return whole.length === 0 ? value : whole.map((item: unknown, index) => (index === step % whole.length ? replacedAt(item, path, value) : item));
  if (whole instanceof Map) {
    const entry = pick([...whole]);
    return entry === undefined ? value : new Map([...whole, [entry[0], replacedAt(entry[1], path, value)]]);
  }
  if (whole === null || typeof whole !== "object" || Object.getPrototypeOf(whole) !== Object.prototype) return value;
  const entry = pick(Object.entries(whole));
  return entry === undefined ? value : { ...whole, [entry[0]]: replacedAt(entry[1], path, value) };
}

interface Judging {
  readonly model: Model;
  readonly write: number;
}

/** Whether a field may be given a value. */
function mayBe(value: unknown, field: Field, judging: Judging): boolean {
  if (value === null || value === undefined) return mayBeNull(field, judging.model);
  const isChecked = field.check || checkedTypes(field.type, judging.model).length > 0;
  const plain: unknown = field.encrypted ? value instanceof Secret && valueGiven(value)?.value : value;
  return (!field.encrypted || value instanceof Secret) && isOf(plain, field.type, judging) && (!isChecked || pleases(plain));
}

function isOf(value: unknown, type: FieldType, judging: Judging): boolean {
  const all = (items: Iterable<unknown>, of: FieldType): boolean => [...items].every((item) => isOf(item, of, judging));
  switch (type.kind) {
    case "string":
      return isText(value) && isWithin([...value].length, type) && (type.pattern === null || new RegExp(type.pattern, "u").test(value));
    case "int":
      return Number.isSafeInteger(value) && isWithin(Number(value), type);
    case "float":
      return typeof value === "number" && (type.special || Number.isFinite(value)) && (Number.isNaN(value) || isWithin(value, type));
    case "bigint":
      return typeof value === "bigint" && value.toString().replace("-", "").length <= 1_024 && isBetween(value, type, BigInt);
    case "decimal":
      return isDecimal(value) && (value.split(".")[1] ?? "").length <= (type.scale ?? Infinity) && isBetween(scaled(value), type, scaled);
    case "bool":
      return typeof value === "boolean";
    case "uuid":
      return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
    case "url":
      return isText(value) && URL.canParse(value) && !/[\u0000-\u0020\u007f-\u00a0]/.test(value);
    case "date":
      return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) && isBetween(Date.parse(value), type, Date.parse);
    case "time":
      return value instanceof Date && !Number.isNaN(value.getTime()) && isBetween(value.getTime(), type, Date.parse);
    case "duration":
      return Number.isSafeInteger(value) && Number(value) >= 0 && isWithin(Number(value), type);
    case "bytes":
      return value instanceof Uint8Array && isWithin(value.length, type);
    case "json":
      return isJson(value);
    case "enum":
      return isText(value) && (type.open || type.values.some((one) => one.value === value && one.since <= judging.write));
    case "list":
      return Array.isArray(value) && isWithin(value.length, type) && all(value, type.of);
    case "set":
      return value instanceof Set && isWithin(value.size, type) && all(value, type.of);
    case "dict":
      return value instanceof Map && isWithin(value.size, type) && [...value.keys()].every(isText) && all(value.values(), type.of);
    case "map":
      return value instanceof Map && isWithin(value.size, type) && all(value.keys(), type.keys) && all(value.values(), type.of);
    case "record":
      return isRecord(value, type.fields, judging);
    case "named": {
      const is = findType(judging.model, type.name)?.is;
      return is?.kind === "record" ? isRecord(value, is.fields, { ...judging, write: Infinity }) : is !== undefined && isOf(value, is.field.type, judging);
    }
    case "resource":
      return value instanceof Ref;
    case "task":
      return value instanceof TaskRef;
  }
}

/** Within a record all members are given. */
function isRecord(value: unknown, fields: readonly Field[], judging: Judging): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return fields.every((field) => {
    const member: unknown = Reflect.get(value, camelCase(field.name));
    return member !== undefined && mayBe(member, field, judging);
  });
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === "boolean" || isText(value)) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.entries(value).every(([key, member]) => isText(key) && (member === undefined || isJson(member)));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && !/\p{Cs}|\0/u.test(value);
}

function isDecimal(value: unknown): value is string {
  return typeof value === "string" && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value) && !/^-[0.]*$/.test(value) && value.replace(/\D/g, "").length <= 1_024;
}

function scaled(decimal: string): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(1_024, "0"));
}

function isWithin(size: number, { min, max }: { readonly min: number | null; readonly max: number | null }): boolean {
  return size >= (min ?? -Infinity) && size <= (max ?? Infinity);
}

function isBetween<T extends bigint | number>(value: T, { min, max }: { readonly min: string | null; readonly max: string | null }, read: (bound: string) => T): boolean {
  return (min === null || value >= read(min)) && (max === null || value <= read(max));
}

describe("what is read", () => {
  const loose = `fields:
  name: { type: string }
  size: { type: int }
  weight: { type: decimal }
  born: date
  parts: { type: list, of: string }
  color: { type: enum, of: [red, green, blue] }
  inner: { type: record, fields: { pin: string, note: string } }
  code: { type: string, encrypted: true }`;
  const tight = `fields:
  name: { type: string, immutable: true, min: 3, pattern: '^x', check: code }
  size: { type: int, min: 10, max: 20 }
  weight: { type: decimal, scale: 0, max: '0' }
  born: { type: date, min: 2099-12-31 }
  parts: { type: list, of: { type: string, max: 0 }, max: 1 }
  color: { type: enum, of: [red] }
  inner: { type: record, fields: { pin: { type: string, max: 0 }, note: { type: string, pattern: '^x' } } }
  code: { type: string, encrypted: true, min: 50 }`;

  test("is asked of nothing: what was written before a rule is read after it", () =>
    generated([`resource: door\n${loose}`, `resource: door\n${tight}`], async ([first, second]) => {
      const { vault } = notedVault();
      const at = { ...detached("store"), vault };
      const [{ type: before, fields, model }, { type: after }] = [first ?? expect.fail(), second ?? expect.fail()];
      const roundTrip = async (values: object): Promise<void> => {
        const stored = writeStored({ type: before, fields: values, at });
        const read = readStored({ type: after, record: stored, at });
        expect(writeStored({ type: after, ...read, at })).toEqual(stored);
        expect(await told({ ...read.fields, color: null })).toBe(await told({ ...values, color: null }));
      };
      await fc.assert(fc.asyncProperty(fieldValues(fields, { model, write: 1 }), roundTrip), { numRuns: count });
      const all = { name: "a", size: 1, weight: "1.5", born: "2000-01-01", parts: ["a", "b"], color: "blue", inner: { pin: "1", note: "n" }, code: Secret.of("c") };
      expect(said(before, all, { before: null })).toEqual([]);
      expect(new Set(said(after, all, { before: null }).map((line) => line.split(":")[0]))).toEqual(
        new Set(["/name", "/size", "/weight", "/born", "/parts", "/parts/0", "/parts/1", "/color", "/inner/pin", "/inner/note", "/code"]),
      );
    }));
});

interface Release {
  readonly type: StoredType;
  readonly fields: readonly Field[];
  readonly model: Model;
}

/** Compiles specs, each as a release of its own, and gives the first record of each to a test. */
async function generated(texts: readonly string[], use: (releases: readonly Release[]) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pliny-given-"));
  try {
    const releases = texts.map((text) => compile([{ path: "specs/door.yaml", text }]));
    const types = releases.map(async ({ model, files, diagnostics }, index): Promise<Release> => {
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      writeCode(join(folder, String(index)), files);
      const [record] = storedRecords(model);
      return { type: await storedType(join(folder, String(index)), record ?? expect.fail("nothing is stored")), fields: record?.fields ?? [], model };
    });
    await use(await Promise.all(types));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
