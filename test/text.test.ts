// From text to JSON and to values without a type: what is refused before any work, that errors name the place and give little away, that
// nothing is lost on the way through values and listings, and that no text can do more than be refused.

import { Buffer } from "node:buffer";
import fc, { type Arbitrary } from "fast-check";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import {
  canonicalText, decimal, DecodeError, detached, EncodeError, type EnumValues, type Json, parseJson, type ProfileName, profiles, readEnum,
  readRef, readTaskRef, readValue, Ref, TaggedValue, Unknown, type Value, writeRef, writeTaskRef, writeValue,
} from "pliny/codec";
import type { StoredType } from "../runtime/codec/stored.js";
import { fromListing, toListing } from "../runtime/commands/listing.js";
import { decodeText, encodeText } from "../runtime/commands/stored-text.js";
import { documentCodec, documentRules } from "./cases/versions/expected/document.shape.js";

const id = "018f3c1e-7b2a-7c3d-8e4f-0123456789ab";
const names: readonly ProfileName[] = ["store", "queue", "api-in", "api-out", "canonical"];
const store = detached("store");

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

function refusal(text: string | Uint8Array, name: ProfileName = "api-in"): unknown {
  const error = thrown(() => parseJson(text, profiles[name]));
  if (error !== undefined) expect(error).toBeInstanceOf(DecodeError);
  return error;
}

describe("limits", () => {
  const quoted = (bytes: number, unit = "a"): string => {
    const units = unit.repeat((bytes - 2) / Buffer.byteLength(unit));
    return `"${units}${"a".repeat(bytes - 2 - Buffer.byteLength(units))}"`;
  };
  const mebi = 1024 * 1024;

  test("1 MiB from the API, 8 MiB from storage, in bytes of UTF-8", () => {
    expect(refusal(quoted(mebi))).toBeUndefined();
    expect(refusal(quoted(mebi + 1))).toMatchObject({ code: "limit", pointer: "" });
    expect(refusal(quoted(mebi + 1), "store")).toBeUndefined();
    expect(refusal(quoted(8 * mebi), "store")).toBeUndefined();
    expect(refusal(quoted(8 * mebi + 1), "store")).toMatchObject({ code: "limit" });
    expect(refusal(quoted(mebi, "é"))).toBeUndefined();
    expect(refusal(`${quoted(mebi, "é")} `)).toMatchObject({ code: "limit" });
    for (const unit of ["€", "😀"]) {
      expect(refusal(quoted(mebi, unit))).toBeUndefined();
      expect(refusal(quoted(mebi + 1, unit))).toMatchObject({ code: "limit" });
    }
    expect(refusal(Buffer.from(quoted(mebi, "é")))).toBeUndefined();
    expect(refusal(Buffer.from(`${quoted(mebi, "é")} `))).toMatchObject({ code: "limit" });
  });

  test("text of any length and depth ends in a value or a refusal", () => {
    const long = 8 * mebi;
    expect(refusal("[".repeat(long), "store")).toMatchObject({ code: "limit", pointer: "/0".repeat(64) });
    expect(refusal('{"a":'.repeat(100_000), "store")).toMatchObject({ code: "limit", pointer: "/a".repeat(64) });
    expect(refusal(`"${"\\".repeat(long - 1)}`, "store")).toMatchObject({ code: "syntax" });
    expect(refusal(`"${"a".repeat(mebi)}`, "store")).toMatchObject({ code: "syntax" });
    expect(refusal(`"${"\\u00e9".repeat(mebi)}"`, "store")).toBeUndefined();
    expect(refusal(`"${"\\ud83d\\ude00".repeat(mebi / 2)}\\ud83d"`, "store")).toMatchObject({ code: "form" });
    expect(refusal("9".repeat(long), "store")).toMatchObject({ code: "limit" });
    expect(refusal(`0.${"0".repeat(long - 3)}1`, "store")).toMatchObject({ code: "limit" });
    expect(refusal("9".repeat(1024), "store")).toMatchObject({ code: "form" });
    expect(refusal(`{${'"a":1,'.repeat(100_000)}"b":1}`)).toMatchObject({ code: "duplicate", pointer: "/a" });
  });
});

describe("errors", () => {
  test("name the pointer, and the offset where the text ends to be JSON", () => {
    expect(String(refusal('{"a/b":[1,{"c~d":tru}]}'))).toBe('DecodeError: /a~1b/1/c~0d: expected JSON, got "t" at offset 17');
    expect(String(refusal('{"a":[1,2'))).toBe('DecodeError: /a: expected "," or "]", got the end of the text');
    expect(String(refusal('{"a":{"b":1,"b":2}}'))).toBe('DecodeError: /a/b: expected each key once, got "b" again');
    const lossy = "12345678901234567890";
    expect(String(refusal(`{"x":[${lossy}]}`))).toBe(`DecodeError: /x/0: expected a number that a double can hold, got ${lossy}`);
  });

  test("of the text, give no more than forty characters away", () => {
    const secret = "hunter2 ".repeat(40);
    const whole = `"${secret}"`;
    const wrong = [`"${secret}`, `{"a":"${secret}\n"}`, `[${secret}]`, `{${whole}:1,${whole}:2}`, `["${secret}\\u0000"]`, `${whole} ${whole}`];
    for (const text of wrong) {
      const error = refusal(text);
      if (!(error instanceof DecodeError)) throw new Error(`${text} was taken.`);
      expect(error.got.length).toBeLessThan(64);
      expect(error.cause).toBeUndefined();
    }
  });

  test("bytes that are no UTF-8, and a byte order mark", () => {
    for (const bytes of [[0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0xc0, 0xaf]]) {
      expect(refusal(Uint8Array.from(bytes))).toMatchObject({ code: "syntax", expected: "UTF-8" });
    }
    expect(refusal(Uint8Array.from([0xef, 0xbb, 0xbf, 0x31]))).toMatchObject({ code: "syntax", pointer: "" });
    expect(parseJson(Buffer.from('"é😀"'), profiles.store)).toBe("é😀");
  });
});

describe("profiles", () => {
  test("a key twice is looked for where text comes from outside; jsonb cannot hold one", () => {
    expect(names.filter((name) => refusal('{"a":1,"a":1}', name) !== undefined)).toEqual(["queue", "api-in", "api-out", "canonical"]);
  });

  const plans: EnumValues<"hobby"> = { values: ["hobby"] };
  const tries: { readonly [what: string]: (name: ProfileName) => unknown } = {
    "unknown tags": (name) => readValue({ Nope: 1 }, detached(name)),
    "unknown values of a closed enum": (name) => readEnum("gold", plans, detached(name)),
    "sealed secrets": (name) => readValue({ Vault: [1, "x"] }, detached(name)),
    "withheld secrets": (name) => readValue({ Vault: [1, null] }, detached(name)),
    "a resource with its URL": (name) => readRef({ Resource: ["team", id, "/teams/1"] }, "team", detached(name)),
    "a run with its URL": (name) => readTaskRef({ Task: ["sweep", id, "https://example.org/1"] }, "sweep", detached(name)),
    links: (name) => readValue({ Link: { rel: "self", href: "/teams/1" } }, detached(name)),
    "spaces in text": (name) => parseJson("[1, 2]", profiles[name]),
  };
  test.each([
    ["unknown tags", ["store", "api-out"]],
    ["unknown values of a closed enum", ["store", "queue", "api-out", "canonical"]],
    ["sealed secrets", ["store", "queue", "canonical"]],
    ["withheld secrets", ["api-in", "api-out"]],
    ["a resource with its URL", ["api-in", "api-out"]],
    ["a run with its URL", ["api-in", "api-out"]],
    ["links", ["api-out"]],
    ["spaces in text", ["store", "queue", "api-in", "api-out"]],
  ])("%s: %j", (what, taken) => {
    expect(names.filter((name) => thrown(() => tries[what]?.(name)) === undefined)).toEqual(taken);
  });

  test("a typed reference leaves its URL behind; an untyped one keeps it", () => {
    const at = detached("api-out");
    const json: Json = { Resource: ["team", id, "/teams/1"] };
    expect(writeRef(readRef(json, "team", at), at)).toEqual({ Resource: ["team", id] });
    expect(writeTaskRef(readTaskRef({ Task: ["sweep", id, "/x"] }, "sweep", at), at)).toEqual({ Task: ["sweep", id] });
    expect(writeValue(readValue(json, at), at)).toEqual(json);
    expect(thrown(() => writeValue(readValue(json, at), store))).toMatchObject({ name: "EncodeError", code: "form" });
  });

  test("an unknown tag is kept byte for byte, and known as what it is", () => {
    const text = '{"a":[{"Nope":{"Time":"x","b":[null,1.5]}}]}';
    const value = readValue(parseJson(text, profiles["api-out"]), detached("api-out"));
    expect(value).toEqual({ a: [expect.any(Unknown)] });
    const [unknown] = Object.values(value ?? {}).flat();
    expect(unknown).toMatchObject({ tag: "Nope", payload: { Time: "x", b: [null, 1.5] } });
    expect(canonicalText(writeValue(value, detached("api-out")))).toBe(text);
    expect(thrown(() => writeValue(value, detached("queue")))).toMatchObject({ name: "EncodeError", code: "unknown", pointer: "/a/0" });
  });
});

const text: Arbitrary<string> = fc.string({ unit: "binary" }).map((value) => value.replaceAll("\u0000", ""));
const odd = fc.constantFrom("__proto__", "constructor", "toJSON", "Time", "Json", "10", "9", "true", "a: b", "- x", "#", "!Int", '"', "");
const anyText = fc.oneof(text, odd);
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const freeJson = fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }).filter((value) => !JSON.stringify(value).includes("\\u0000"));
const key = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/), fc.constantFrom("constructor", "__type", "__idx"));
const address = fc.record({ type: fc.constantFrom("team", "database"), id: fc.uuid(), url: fc.constant(null) });
const time = fc.date({ min: new Date("0001-01-01T00:00:00.000Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });

/** Any value at all, but of an unknown tag. */
const { value: anyValue } = fc.letrec<{ element: Value; value: Value }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.constant(null), tie("element")),
  element: fc.oneof(
    { depthSize: "small" },
    fc.boolean(),
    double,
    anyText,
    fc.oneof(
      time.map((value) => new TaggedValue("Time", value)),
      time.map((value) => new TaggedValue("Date", value.toISOString().slice(0, 10))),
      fc.maxSafeNat().map((value) => new TaggedValue("Dur", value)),
      fc.bigInt().map((value) => new TaggedValue("Int", value)),
      fc.bigInt().map((value) => new TaggedValue("Dec", decimal(`${value}.50`))),
      fc.constantFrom(NaN, Infinity, -Infinity).map((value) => new TaggedValue("Num", value)),
      fc.uint8Array().map((value) => new TaggedValue("Bytes", value)),
      freeJson.map((value) => new TaggedValue("Json", value)),
      address.map((value) => new TaggedValue("Resource", value)),
      address.map((value) => new TaggedValue("Task", value)),
      fc.record({ key: fc.maxSafeNat(), blob: anyText.filter((blob) => blob !== "") }).map((value) => new TaggedValue("Vault", value)),
    ),
    fc.array(tie("element"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }).map((members): Value => ({ ...members })),
    fc.uniqueArray(anyText, { maxLength: 4 }).map((items) => new TaggedValue("Set", new Set(items))),
    fc.array(fc.tuple(anyText, tie("element")), { maxLength: 4 }).map((pairs) => new TaggedValue("Dict", new Map(pairs))),
    fc.array(fc.tuple(double, tie("element")), { maxLength: 4 }).map((pairs) => new TaggedValue<"Map">("Map", new Map(pairs))),
  ),
}));

/** JSON text, more or less. */
const { nearly } = fc.letrec<{ nearly: string }>((tie) => ({
  nearly: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("null", "true", "1", "-0", "1e400", "01", "9007199254740993", "0.12345678901234567891"),
    fc.constantFrom('"\\u0000"', '"\\ud800"', '"é"', "", "nul", "}"),
    fc.array(tie("nearly"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
    fc
      .array(fc.tuple(fc.constantFrom("a", "a", "__v", "Json", "Time", "Set", "Dict", "\\u0061", "__proto__"), tie("nearly")), { maxLength: 3 })
      .map((members) => `{${members.map(([name, member]) => `"${name}": ${member}`).join(",")}}`),
  ),
}));

describe("properties", () => {
  test("any text gives a value or a DecodeError, in every profile, and is taken only if JSON.parse takes it", () => {
    const cut = fc.tuple(nearly, fc.nat(40)).map(([each, at]) => each.slice(0, at));
    const whole = fc.oneof(fc.string({ unit: "binary" }), nearly, cut, fc.json());
    fc.assert(
      fc.property(whole, fc.constantFrom(...names), (each, name) => {
        const native = thrown(() => JSON.parse(each));
        const error = thrown(() => readValue(parseJson(each, profiles[name]), detached(name)));
        if (error !== undefined) expect(error).toBeInstanceOf(DecodeError);
        if (native !== undefined) expect(refusal(each, name)).toBeDefined();
      }),
      { numRuns: 3000 },
    );
  });

  test("what JSON.parse refuses is refused with a reason and not merely refused", () => {
    const mark = fc.constantFrom("", "x", ",", "]", "}", '"', "\u0001", "\\");
    const cut = fc.tuple(fc.json(), fc.nat(30), mark).map(([each, at, end]) => each.slice(0, at) + end);
    fc.assert(
      fc.property(cut, (each) => {
        if (thrown(() => JSON.parse(each)) !== undefined) expect(refusal(each)).not.toMatchObject({ got: "something else" });
      }),
      { numRuns: 3000 },
    );
  });

  test("any bytes give a value or a DecodeError", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => void refusal(bytes)), { numRuns: 1000 });
  });

  test("a key is met twice if and only if it is there twice", () => {
    const keys = fc.array(fc.constantFrom("a", "b", "\\u0061", "__proto__", ""), { maxLength: 4 });
    fc.assert(
      fc.property(keys, keys, (left, right) => {
        const object = (all: readonly string[]): string => `{${all.map((each) => `"${each}":[":,"]`).join(",")}}`;
        const isTwice = (all: readonly string[]): boolean => new Set(all.map((each) => each.replace("\\u0061", "a"))).size < all.length;
        const error = refusal(`[${object(left)},{"x":${object(right)}}]`);
        expect(error !== undefined).toBe(isTwice(left) || isTwice(right));
        if (error !== undefined) expect(error).toMatchObject({ code: "duplicate" });
      }),
    );
  });

  test("a value there and back through text, and through a listing; canonical text is its own", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const json = writeValue(value, store);
        const written = canonicalText(json);
        const back = parseJson(written, profiles.canonical);
        expect(canonicalText(back)).toBe(written);
        expect(canonicalText(writeValue(readValue(back, store), store))).toBe(written);
        const listing = toListing(json);
        expect(canonicalText(parseJson(fromListing(listing), profiles["api-in"]))).toBe(written);
        expect(canonicalText(parseJson(JSON.stringify(json, null, 2), profiles.store))).toBe(written);
      }),
      { numRuns: 500 },
    );
  });

  test("any listing gives text or a refusal", () => {
    const line = fc.constantFrom("a:", "- ", "-", "a: 1", "- - x", "!Set", '"a": [', "!Dict {}", "x: !Vault 1 null", "# c", "?", '"');
    const lines = fc.array(fc.tuple(fc.nat(3), line));
    const listing = lines.map((all) => all.map(([indent, each]) => `${"  ".repeat(indent)}${each}`).join("\n"));
    fc.assert(
      fc.property(fc.oneof(listing, fc.string({ unit: "binary" })), (each) => {
        const made = encodeText(Buffer.from(each), { profile: "store", type: null });
        expect("code" in made ? typeof made.pointer : typeof made.text).toBe("string");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("user data", () => {
  test("what looks like a tag stays what it is, in JSON and as a dict's key", () => {
    const written = '{"Dict":{"Int":{"Json":{"Vault":[1,"x"]}},"Time":"x","__v":{"Json":{"Time":"x"}}}}';
    const value = readValue(parseJson(written, profiles["api-in"]), detached("api-in"));
    const [sealed, when] = [new TaggedValue("Json", { Vault: [1, "x"] }), new TaggedValue("Json", { Time: "x" })];
    expect(value).toEqual(new TaggedValue("Dict", new Map<string, Value>([["Int", sealed], ["Time", "x"], ["__v", when]])));
    expect(canonicalText(writeValue(value, detached("api-in")))).toBe(written);
  });

  test("__proto__, constructor and toJSON change nothing but the data they are in", () => {
    const written = '{"Dict":{"__proto__":{"Json":{"__proto__":{"polluted":1},"toJSON":1}},"constructor":"c","toJSON":"t"}}';
    const value = readValue(parseJson(written, profiles["api-in"]), detached("api-in"));
    expect(canonicalText(writeValue(value, detached("api-in")))).toBe(written);
    expect(JSON.stringify(writeValue(value, store))).toBe(written);
    expect("polluted" in {}).toBe(false);
    expect(canonicalText(parseJson(fromListing(toListing(writeValue(value, store))), profiles.store))).toBe(written);
    expect(readValue({ constructor: 1 }, store)).toEqual({ constructor: 1 });
    expect(thrown(() => readValue(JSON.parse('{"__proto__":{"a":1}}'), store))).toMatchObject({ name: "DecodeError", code: "form" });
  });
});

describe("what cannot be said without a type", () => {
  const wrong = (value: unknown): Value => value as Value;
  const nested = (levels: number, inmost: Value): Value => (levels === 0 ? inmost : [nested(levels - 1, inmost)]);
  test.each<[string, () => Value, string]>([
    ["undefined in a list", () => [1, wrong(undefined)], "/1"],
    ["null in a list", () => [1, null], "/1"],
    ["null in a dict", () => new TaggedValue("Dict", new Map([["a", null]])), "/Dict/a"],
    ["an invalid date", () => ({ a: new TaggedValue("Time", new Date(NaN)) }), "/a"],
    ["NaN", () => ({ a: [NaN] }), "/a/0"],
    ["NUL", () => ({ a: "\u0000" }), "/a"],
    ["a key in capitals", () => ({ a: { B: 1 } }), "/a"],
    ["a bare Date", () => [wrong(new Date(0))], "/0"],
    ["a function", () => wrong(() => 1), ""],
    ["65 levels", () => nested(64, []), "/0".repeat(64)],
    ["an empty set at the 65th level", () => nested(63, new TaggedValue("Set", new Set())), "/0".repeat(63)],
    ["a map's key twice", () => new TaggedValue<"Map">("Map", new Map<Value, Value>([[["a"], 1], [["a"], 2]])), ""],
    ["a reference by class name", () => new TaggedValue("Resource", { type: "Team", id, url: null }), ""],
    ["a withheld secret, in storage", () => new TaggedValue("Vault", { key: 1, blob: null }), ""],
    ["a link, in storage", () => new TaggedValue("Link", { rel: "self", href: "/x" }), ""],
  ])("%s", (_, value, pointer) => {
    const error = thrown(() => writeValue(value(), store));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({ pointer });
  });

  test("a reference's load is nobody's here", async () => {
    const ref = readRef({ Resource: ["team", id] }, "team", store);
    expect(ref).toBeInstanceOf(Ref);
    await expect(ref.load()).rejects.toThrow(`team ${id}`);
  });
});

describe("with a type", () => {
  const type: StoredType = { codec: documentCodec, rules: documentRules };
  const decode = (text: string, profile: ProfileName = "store"): unknown => decodeText(Buffer.from(text), { profile, type });
  const encode = (text: string): unknown => encodeText(Buffer.from(text), { profile: "store", type });

  test("a row of any shape is checked, though what brings it up is written by hand and not here", () => {
    // Of shape 5 an author is required, which only the hand-written upgrade makes of a writer; of shape 3 words are.
    expect(decode('{"__v":3,"title":"Bread","writer":"Ada"}')).toEqual({ text: "__v: 3\ntitle: Bread\nwriter: Ada\n", unknown: [] });
    expect(decode('{"__v":3,"title":"Bread","writer":7}')).toMatchObject({ code: "type", pointer: "/writer" });
    expect(decode('{"__v":1,"title":"Bread"}')).toMatchObject({ code: "version", pointer: "/__v" });
    expect(decode('{"__v":9,"pages":1}')).toMatchObject({ unknown: ["pages"] });
  });

  test("nothing is left out or put in, at any depth, whatever the type would make of it", () => {
    const row = '{"__v":5,"author":{"first":"Ada","middle":"K."},"status":"wip","title":"Bread","words":1}';
    expect(encode(row)).toEqual({ text: `${row}\n`, unknown: [] });
  });

  test("what a client gives is checked as a server does", () => {
    expect(decode('{"title":"Bread","secret":"hush"}', "api-in")).toEqual({ text: "secret: hush\ntitle: Bread\n", unknown: [] });
    expect(decode('{"author":{"first":"Ada","middle":"K."}}', "api-in")).toMatchObject({ code: "unknown", pointer: "/author/middle" });
  });
});

describe("listings", () => {
  const row = {
    __v: 3, labels: { Dict: { "10": "a: b", stage: "live", true: "yes" } }, last_dump: { Resource: ["dump", id] },
    maintenance: { length: { Dur: "PT5400S" } },
    name: "orders", nested: [[1, [2]], [{ a: { Set: [{ Int: "1" }] }, b: [] }]], note: { Json: { Time: "x", list: [{ q: null }] } },
    odd: ["", " x", "x ", "a\nb", "no", "ä", "1", "- a", "#", "x: y", "!Int 1"], password: { Vault: [7, "gAAAAAB_-w=="] },
    password_at: { Time: "2027-01-31T12:00:00.250Z" }, sealed: { Vault: [1, "null"] }, size: 1e21,
  };
  const listing = [
    "__v: 3", "labels: !Dict", '  "10": "a: b"', "  stage: live", '  "true": "yes"', `last_dump: !Resource dump ${id}`, "maintenance:",
    "  length: !Dur PT5400S", "name: orders", "nested:", "  - - 1", "    - - 2", "  - - a: !Set", "        - !Int 1", "      b: []",
    "note: !Json", "  Time: x", "  list:", "    - q: null", "odd:", '  - ""', '  - " x"', '  - "x "', '  - "a\\nb"', '  - "no"', "  - ä",
    '  - "1"', '  - "- a"', '  - "#"', '  - "x: y"', '  - "!Int 1"', "password: !Vault 7 gAAAAAB_-w==",
    "password_at: !Time 2027-01-31T12:00:00.250Z", 'sealed: !Vault', "  - 1", '  - "null"', "size: 1e+21", "",
  ].join("\n");

  test("read well, lead back, and are YAML", () => {
    const source = Buffer.from(JSON.stringify(row));
    expect(decodeText(source, { profile: "store", type: null })).toEqual({ text: listing, unknown: [] });
    expect(encodeText(Buffer.from(listing), { profile: "store", type: null })).toEqual({ text: `${canonicalText(row)}\n`, unknown: [] });
    expect(encodeText(source, { profile: "store", type: null })).toEqual({ text: `${canonicalText(row)}\n`, unknown: [] });
    const read: unknown = parseYaml(listing, { logLevel: "silent" });
    const nested = [[1, [2]], [{ a: ["1"], b: [] }]];
    expect(read).toMatchObject({ labels: row.labels.Dict, name: "orders", nested, note: row.note.Json, odd: row.odd });
  });

  test("a person may add comments and empty lines, and quote what need not be", () => {
    const mine = '# mine\n\n"name": "orders"\n  # and\nat: !Time "2027-01-31T12:00:00.250Z"\nlist: [1, 2]\r\n';
    expect(canonicalText(JSON.parse(fromListing(mine)))).toBe('{"at":{"Time":"2027-01-31T12:00:00.250Z"},"list":[1,2],"name":"orders"}');
  });

  test.each([
    ["a: 1\n  b: 2", "syntax", "", "line 2"],
    ["a:\n    b: 2", "syntax", "", "line 2"],
    ["a:", "syntax", "", "line 2"],
    ["a: 1\nb", "syntax", "", "line 2"],
    ["a: [1", "syntax", "", "line 1"],
    ["a: ?x", "syntax", "", "line 1"],
    ["a: 1\na: 2", "duplicate", "/a", ""],
    ["a: !Int 007", "form", "/a", ""],
    ["a: !Set\n  - b\n  - a", "order", "/a/Set/1", ""],
    ["a: 9007199254740993", "form", "/a", ""],
    ["- ".repeat(70) + "1", "limit", "/0".repeat(64), ""],
    ["- ".repeat(1000) + "1", "syntax", "", "line 1"],
  ])("%j is refused", (wrong, code, pointer, got) => {
    const made = encodeText(Buffer.from(wrong), { profile: "api-in", type: null });
    expect(made).toMatchObject({ code, pointer, got: expect.stringContaining(got) });
  });
});
