// The primitives of the codec: each type there and back through text, what is canonical about it, and each thing that must be refused, by
// place.

import { setImmediate } from "node:timers/promises";
import { format, inspect } from "node:util";
import fc, { type Arbitrary } from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  canonicalText,
  type Codec,
  decimal,
  type Decimal,
  DecodeError,
  defaulted,
  EncodeError,
  type EnumValues,
  type Given,
  inside,
  type Input,
  type Json,
  type JsonRecord,
  known,
  nothing,
  type Older,
  type Open,
  optional,
  type Place,
  profiles,
  type Read,
  readBigint,
  readBool,
  readBytes,
  readDate,
  readDecimal,
  readDict,
  readDuration,
  readEnum,
  readFloat,
  type Reading,
  readInt,
  readJson,
  readList,
  readMap,
  readRecord,
  readRef,
  readSecret,
  readSet,
  readSpecialFloat,
  readString,
  readTaskRef,
  readTime,
  readUrl,
  readUuid,
  readVersion,
  Ref,
  required,
  type Rules,
  Secret,
  type TaskRef,
  textBigint,
  textBool,
  textBytes,
  textDate,
  textDecimal,
  textDuration,
  textEnum,
  textFloat,
  textInt,
  textRef,
  textSpecialFloat,
  textString,
  textTaskRef,
  textTime,
  textUrl,
  textUuid,
  toRef,
  toSecret,
  toTaskRef,
  Unknown,
  type Vault,
  type Write,
  writeBigint,
  writeBool,
  writeBytes,
  writeDate,
  writeDecimal,
  writeDict,
  writeDuration,
  writeEnum,
  writeFloat,
  writeInt,
  writeJson,
  writeList,
  writeMap,
  writeOptional,
  writeRef,
  writeRequired,
  writeSecret,
  writeSet,
  writeSpecialFloat,
  writeString,
  writeText,
  writeTaskRef,
  writeTime,
  writeUrl,
  writeUuid,
  type Writing,
} from "pliny/codec";
import { compareCanonical } from "../runtime/codec/json.js";
import { isWithheld, keysOf } from "../runtime/codec/secret.js";
import { notedVault } from "./setup/vault.js";

const id = "018f3c1e-7b2a-7c3d-8e4f-0123456789ab";
const otherId = "018f3c1e-7b2a-7c3d-8e4f-0123456789ac";
const place: Place = { root: "database", id, path: [] };
const { store: profile } = profiles;
const reading: Reading = { profile, load: (type, asked) => Promise.resolve({ type, id: asked }), place, vault: null };
const writing: Writing = { profile, place, vault: null };

const text: Arbitrary<string> = fc.string({ unit: "binary" }).map((value) => value.replaceAll("\u0000", ""));
const double: Arbitrary<number> = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const [firstTime, lastTime] = [new Date("0001-01-01T00:00:00.000Z"), new Date("9999-12-31T23:59:59.999Z")];
const time: Arbitrary<Date> = fc.date({ min: firstTime, max: lastTime, noInvalidDate: true });
const uuid: Arbitrary<string> = fc.uuid();
const numeral: Arbitrary<Decimal> = fc
  .tuple(fc.bigInt(), fc.option(fc.stringMatching(/^[0-9]{1,20}$/)))
  .map(([whole, fraction]) => (fraction === null ? String(whole) : `${whole}.${fraction}`))
  .filter((value) => !/^-0(\.0*)?$/.test(value))
  .map(decimal);

/** One type: how it is read and written, values of it, and the JSON that is expected, made by other means than the codec's. */
interface Case<T> {
  readonly values: Arbitrary<T>;
  readonly read: Read<T>;
  readonly write: Write<T>;
  /** How it is written as text at once, in a flat record. */
  readonly text?: (value: T, at: Writing) => string;
  readonly said: (value: T) => unknown;
}

function roundTrip<T>(name: string, { values, read, write, text, said }: Case<T>): void {
  test(`${name}: there and back through text, and canonical`, () => {
    fc.assert(
      fc.property(values, (value) => {
        const json = write(value, writing);
        expect(json).toEqual(said(value));
        if (text) expect(text(value, writing)).toBe(JSON.stringify(json));
        const back = read(JSON.parse(JSON.stringify(json)), reading);
        expect(back).toEqual(value);
        expect(canonicalText(write(back, writing))).toBe(canonicalText(json));
      }),
    );
  });
}

describe("scalars", () => {
  roundTrip("string", { values: text, read: readString, write: writeString, text: textString, said: (value) => value });
  roundTrip("bool", { values: fc.boolean(), read: readBool, write: writeBool, text: textBool, said: (value) => value });
  roundTrip("int", { values: fc.maxSafeInteger(), read: readInt, write: writeInt, text: textInt, said: (value) => value });
  roundTrip("float", { values: double, read: readFloat, write: writeFloat, text: textFloat, said: (value) => value });
  roundTrip("special float", {
    values: fc.oneof(double, fc.constantFrom(NaN, Infinity, -Infinity)),
    read: readSpecialFloat,
    write: writeSpecialFloat,
    text: textSpecialFloat,
    said: (value) => (Number.isFinite(value) ? value : { Num: String(value) }),
  });
  roundTrip("bigint", { values: fc.bigInt(), read: readBigint, write: writeBigint, text: textBigint, said: (value) => ({ Int: String(value) }) });
  roundTrip("decimal", { values: numeral, read: readDecimal, write: writeDecimal, text: textDecimal, said: (value) => ({ Dec: value }) });
  roundTrip("uuid", { values: uuid, read: readUuid, write: writeUuid, text: textUuid, said: (value) => value });
  const url = fc.webUrl({ withQueryParameters: true, withFragments: true });
  roundTrip("url", { values: url, read: readUrl, write: writeUrl, text: textUrl, said: (value) => value });
  roundTrip("date", {
    values: time.map((value) => value.toISOString().slice(0, 10)),
    read: readDate,
    write: writeDate,
    text: textDate,
    said: (value) => ({ Date: value }),
  });
  roundTrip("time", { values: time, read: readTime, write: writeTime, text: textTime, said: (value) => ({ Time: value.toISOString() }) });
  roundTrip("duration", {
    values: fc.maxSafeNat(),
    read: readDuration,
    write: writeDuration,
    text: textDuration,
    said: (value) => {
      const digits = String(value).padStart(4, "0");
      return { Dur: `PT${digits.slice(0, -3)}.${digits.slice(-3)}`.replace(/\.?0*$/, "S") };
    },
  });
  roundTrip("bytes", {
    values: fc.uint8Array({ maxLength: 200 }),
    read: readBytes,
    write: writeBytes,
    text: textBytes,
    said: (value) => ({ Bytes: Buffer.from(value).toString("base64url") }),
  });
  test("bytes of any length are those that Buffer makes", () => {
    for (const length of [0, 1, 2, 3, 5, 6, 7, 30_001]) {
      const value = Uint8Array.from({ length }, (_, at) => (at * 167 + (at >> 8)) & 0xff);
      const { Bytes } = writeBytes(value, writing);
      expect(Bytes).toBe(Buffer.from(value).toString("base64url"));
      expect(readBytes({ Bytes }, reading)).toEqual(value);
    }
  });

  const anyJson = fc.jsonValue({ maxDepth: 8, stringUnit: "binary" }).filter((value) => !JSON.stringify(value).includes("\\u0000"));
  roundTrip<unknown>("json", { values: anyJson, read: readJson, write: writeJson, said: (value) => ({ Json: value }) });

  test("the first and the last of their kind", () => {
    expect(writeTime(new Date("0001-01-01T00:00:00.000Z"), writing)).toEqual({ Time: "0001-01-01T00:00:00.000Z" });
    expect(readTime({ Time: "0001-01-01T00:00:00.000Z" }, reading).toISOString()).toBe("0001-01-01T00:00:00.000Z");
    expect(readTime({ Time: "9999-12-31T23:59:59.999Z" }, reading).getTime()).toBe(253_402_300_799_999);
    expect(readDate({ Date: "2000-02-29" }, reading)).toBe("2000-02-29");
    expect(writeDuration(250, writing)).toEqual({ Dur: "PT0.25S" });
    expect(writeDuration(5_400_000, writing)).toEqual({ Dur: "PT5400S" });
    expect(writeDuration(0, writing)).toEqual({ Dur: "PT0S" });
    expect(readDuration({ Dur: "PT9007199254740.991S" }, reading)).toBe(Number.MAX_SAFE_INTEGER);
    expect(readBytes({ Bytes: "" }, reading)).toEqual(new Uint8Array());
    expect(readInt(9007199254740991, reading)).toBe(Number.MAX_SAFE_INTEGER);
    expect(readBigint({ Int: "9".repeat(1024) }, reading)).toBe(10n ** 1024n - 1n);
    expect(readDecimal({ Dec: "12.50" }, reading)).toBe("12.50");
    expect(readDecimal({ Dec: "-0.01" }, reading)).toBe("-0.01");
    expect(readDecimal({ Dec: "0.00" }, reading)).toBe("0.00");
  });

  test("text at once is what JSON.stringify makes, where it has to be escaped too", () => {
    for (const value of ["", "\"", "\\", "\n\u001f\u007f\u2028", "😀", "Ä", "</script>"]) expect(textString(value, writing)).toBe(JSON.stringify(value));
    expect([textInt(-0, writing), textFloat(1e21, writing), textFloat(-0, writing), textFloat(5e-324, writing)]).toEqual(["0", "1e+21", "0", "5e-324"]);
    expect(textEnum("eu", writing)).toBe('"eu"');
    const unknown: unknown = readEnum<"eu">("us", { values: ["eu"] }, reading);
    expect(textEnum(unknown as string, writing)).toBe('"us"');
    expect(textRef(readRef({ Resource: ["replica", id] }, "database", reading), writing)).toBe(`{"Resource":["replica","${id}"]}`);
    expect(textTaskRef(readTaskRef({ Task: ["database.resize", id] }, "database.resize", reading), writing)).toBe(`{"Task":["database.resize","${id}"]}`);
    for (const wrong of ["\ud800", "a\u0000", "\udc00\ud800"]) expect(thrown(() => textString(wrong, writing))).toMatchObject({ code: "form" });
  });

  test("a text that cannot be said is refused as the encoder refuses it, by its place", () => {
    const encode: Codec<{ name: string }>["encode"] = ({ name }, at) => ({ __v: 1, name: writeRequired(name, writeString, at, "name") });
    const flat: Codec<{ name: string }> = {
      version: 1, keys: ["name"], encode, text: ({ name }, at) => `{"__v":1,"name":${textString(name, at)}}`, decode: () => ({ name: "" }),
    };
    expect(writeText(flat, { name: "a" }, writing)).toBe('{"__v":1,"name":"a"}');
    expect(thrown(() => writeText(flat, { name: "\u0000" }, writing))).toMatchObject({ code: "form", pointer: "/name" });
  });

  test("-0 is written and read as 0", () => {
    for (const write of [writeInt, writeFloat, writeSpecialFloat]) expect(write(-0, writing)).toBe(0);
    for (const read of [readInt, readFloat, readSpecialFloat]) expect(read(-0, reading)).toBe(0);
    expect(writeJson([-0], writing)).toEqual({ Json: [0] });
  });

  test("a float may be spelt as one likes", () => {
    expect(readFloat(JSON.parse("1e2"), reading)).toBe(100);
    expect(readFloat(JSON.parse("100.0"), reading)).toBe(100);
    expect(readFloat(JSON.parse("9007199254740993"), reading)).toBe(9007199254740992);
  });

  test("days exist as the calendar has them", () => {
    const upTo = (max: number): Arbitrary<number> => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(upTo(9999), upTo(12), upTo(31), (year, month, day) => {
        const date = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
        const there = new Date(0);
        there.setUTCFullYear(year, month - 1, day);
        const exists = there.getUTCDate() === day;
        expect(tried(() => readDate({ Date: date }, reading))).toBe(exists);
        expect(tried(() => readTime({ Time: `${date}T00:00:00.000Z` }, reading))).toBe(exists);
      }),
    );
  });
});

describe("JSON", () => {
  test("keys are sorted at every depth, __proto__ and constructor are ordinary ones", () => {
    const value: unknown = JSON.parse('{"b":{"z":1,"a":2},"__proto__":{"x":1},"constructor":1,"toJSON":"t","a":[{"d":1,"c":2}]}');
    const json = writeJson(value, writing);
    const written = JSON.stringify(json);
    expect(written).toBe('{"Json":{"__proto__":{"x":1},"a":[{"c":2,"d":1}],"b":{"a":2,"z":1},"constructor":1,"toJSON":"t"}}');
    expect(canonicalText(json)).toBe(written);
    expect(Object.hasOwn({}, "x")).toBe(false);
  });

  test("what looks like a tag stays what it is", () => {
    const value = { Time: "x", Vault: [1, "y"] };
    expect(readJson(JSON.parse(JSON.stringify(writeJson(value, writing))), reading)).toEqual(value);
  });

  test("canonical text sorts by UTF-16 units, keys that look like indexes too, and knows RFC 8785's numbers and strings", () => {
    expect(canonicalText({ 10: "a", 9: "b", "-": "c" })).toBe('{"-":"c","10":"a","9":"b"}');
    // RFC 8785, 3.2.3: a sorted object.
    const names = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    const members = sorted.map((name) => `${JSON.stringify(name)}:0`);
    expect(canonicalText(Object.fromEntries(names.map((name) => [name, 0])))).toBe(`{${members.join(",")}}`);
    // RFC 8785, 3.2.2: an example of literals, strings and numbers.
    const sample = [
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],',
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    ];
    const canonical = [
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],',
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ];
    expect(canonicalText(JSON.parse(sample.join("")))).toBe(canonical.join(""));
  });

  test.each([
    ["0000000000000000", "0"], ["8000000000000000", "0"], ["0000000000000001", "5e-324"], ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"], ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"], ["c340000000000000", "-9007199254740992"], ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"], ["44b52d02c7e14af6", "1e+23"], ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"], ["444b1ae4d6e2ef4f", "999999999999999900000"], ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"], ["3eb0c6f7a0b5ed8d", "0.000001"], ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"], ["41b3de4355555555", "333333333.3333333"], ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"], ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("the double %s is written as in RFC 8785, appendix B: %s", (bits, text) => {
    const double = new DataView(Uint8Array.from(bits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)).buffer).getFloat64(0);
    expect(canonicalText(double)).toBe(text);
  });

  test.each([NaN, Infinity, -Infinity])("%s has no canonical text", (number) => {
    expect(() => canonicalText([number])).toThrow(EncodeError);
  });

  test("values compare as their canonical texts do", () => {
    const near = fc.string({ unit: fc.constantFrom(" ", "!", '"', "#", "\\", "]", "\n", "a", "é", "\u{1f600}", "\ufb33"), maxLength: 4 });
    const sign = (left: string, right: string): number => Number(left > right) - Number(left < right);
    const json = fc.oneof(near, fc.integer(), fc.boolean(), fc.bigInt().map((value) => ({ Int: String(value) })));
    fc.assert(fc.property(json, json, (left, right) => {
      expect(Math.sign(compareCanonical(left, right))).toBe(sign(canonicalText(left), canonicalText(right)));
    }));
  });
});

describe("containers", () => {
  const odd = fc.constantFrom("__proto__", "constructor", "toJSON", "10", "9");
  const strings: Read<ReadonlySet<string>> = (json, at) => readSet(json, readString, at);
  roundTrip("list", {
    values: fc.array(text),
    read: (json, at) => readList(json, readString, at),
    write: (value, at) => writeList(value, writeString, at),
    said: (value) => value,
  });
  roundTrip("set", {
    values: fc.array(text).map((items) => new Set(items)),
    read: strings,
    write: (value, at) => writeSet(value, writeString, at),
    said: (value) => ({ Set: [...value].map((item) => JSON.stringify(item)).sort().map((item): unknown => JSON.parse(item)) }),
  });
  roundTrip("set of bigint", {
    values: fc.array(fc.bigInt()).map((items) => new Set(items)),
    read: (json, at) => readSet(json, readBigint, at),
    write: (value, at) => writeSet(value, writeBigint, at),
    said: (value) => ({ Set: [...value].map((item) => `${item}"`).sort().map((item) => ({ Int: item.slice(0, -1) })) }),
  });
  roundTrip("dict", {
    values: fc.array(fc.tuple(fc.oneof(text, odd), double)).map((pairs) => new Map(pairs)),
    read: (json, at) => readDict(json, readFloat, at),
    write: (value, at) => writeDict(value, writeFloat, at),
    said: (value) => ({ Dict: JSON.parse(`{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(",")}}`) }),
  });
  roundTrip("map", {
    values: fc.array(fc.tuple(fc.maxSafeInteger(), time)).map((pairs) => new Map(pairs)),
    read: (json, at) => readMap(json, readInt, readTime, at),
    write: (value, at) => writeMap(value, writeInt, writeTime, at),
    said: (value) => {
      const keys = [...value.keys()].map(String).sort();
      return { Map: keys.map((key) => [Number(key), { Time: value.get(Number(key))?.toISOString() }]) };
    },
  });
  roundTrip("list of sets of dates", {
    values: fc.array(fc.array(time.map((value) => value.toISOString().slice(0, 10))).map((items) => new Set(items))),
    read: (json, at) => readList(json, (item, inner) => readSet(item, readDate, inner), at),
    write: (value, at) => writeList(value, (item, inner) => writeSet(item, writeDate, inner), at),
    said: (value) => value.map((items) => ({ Set: [...items].sort().map((item) => ({ Date: item })) })),
  });

  test("keys of a dict are written in order", () => {
    const dict = new Map([["b", 1], ["\ufb33", 2], ["a", 3], ["\u{1f600}", 4]]);
    expect(JSON.stringify(writeDict(dict, writeInt, writing))).toBe('{"Dict":{"a":3,"b":1,"\u{1f600}":4,"\ufb33":2}}');
  });

  test("a prototype is polluted by nothing", () => {
    const dict = readDict(JSON.parse('{"Dict":{"__proto__":"evil","constructor":"c"}}'), readString, reading);
    expect([...dict]).toEqual([["__proto__", "evil"], ["constructor", "c"]]);
    expect(JSON.stringify(writeDict(dict, writeString, writing))).toBe('{"Dict":{"__proto__":"evil","constructor":"c"}}');
  });
});

const plans: EnumValues<"hobby" | "standard"> = { values: ["hobby", "standard"], replaced: { std: "standard" } };
const regions: EnumValues<Open<"eu" | "us">> = { values: ["eu", "us"], open: true };
const readPlan: Read<"hobby" | "standard"> = (json, at) => readEnum(json, plans, at);

describe("what must be refused when read", () => {
  const anyDate: Read<unknown> = readTime;
  const contact: Read<unknown> = (json, at) => {
    const record = readRecord(json);
    return { name: required(record, "name", readString, at), tags: optional(record, "tags", (value) => readDict(value, readInt, at), at) };
  };
  const reads: { readonly [name: string]: Read<unknown> } = {
    string: readString, int: readInt, float: readFloat, special: readSpecialFloat, bigint: readBigint, decimal: readDecimal, bool: readBool,
    uuid: readUuid, url: readUrl, date: readDate, time: anyDate, duration: readDuration, bytes: readBytes, json: readJson, contact,
    list: (json, at) => readList(json, readInt, at),
    set: (json, at) => readSet(json, readString, at),
    dict: (json, at) => readDict(json, readFloat, at),
    map: (json, at) => readMap(json, readString, readInt, at),
    contacts: (json, at) => readDict(json, (item) => readList(item, contact, at), at),
    ref: (json, at) => readRef(json, "database", at),
    taskRef: (json, at) => readTaskRef(json, "database.provision", at),
    plan: readPlan,
    record: readRecord,
    secret: (json, at) => readSecret(json, readString, at),
  };
  const deep = (levels: number): string => `{"Json":${"[".repeat(levels)}${"]".repeat(levels)}}`;

  test.each([
    ["time", '{"Time":"2016-07-06T20:53:20+01:00"}', ""],
    ["time", '{"Time":"2016-07-06T20:53:20Z"}', ""],
    ["time", '{"Time":"2016-07-06T20:53:20.1234Z"}', ""],
    ["time", '{"Time":"2016-02-30T00:00:00.000Z"}', ""],
    ["time", '{"Time":"2016-07-06T24:00:00.000Z"}', ""],
    ["time", '{"Time":"2016-06-30T23:59:60.000Z"}', ""],
    ["time", '{"Time":"0000-01-01T00:00:00.000Z"}', ""],
    ["time", '{"Time":"+12016-01-01T00:00:00.000Z"}', ""],
    ["time", '{"Time":"2016-07-06 20:53:20.123Z"}', ""],
    ["time", '{"Time":"2016-07-06T20:53:20.123z"}', ""],
    ["time", '{"Time":"2016-07-06T20:53:20.123Z","x":1}', ""],
    ["time", '{"Time":1467838400123}', ""],
    ["time", '{"Nope":1}', ""],
    ["time", '"2016-07-06T20:53:20.123Z"', ""],
    ["time", '["2016-07-06T20:53:20.123Z"]', ""],
    ["date", '{"Date":"2016-13-01"}', ""],
    ["date", '{"Date":"2015-02-29"}', ""],
    ["date", '{"Date":"1900-02-29"}', ""],
    ["date", '{"Date":"2016-7-6"}', ""],
    ["date", '{"Date":"2016-07-06T"}', ""],
    ["duration", '{"Dur":"PT1.50S"}', ""],
    ["duration", '{"Dur":"PT01S"}', ""],
    ["duration", '{"Dur":"PT.5S"}', ""],
    ["duration", '{"Dur":"PT1.S"}', ""],
    ["duration", '{"Dur":"PT0.0001S"}', ""],
    ["duration", '{"Dur":"PT9007199254740.0001S"}', ""],
    ["duration", '{"Dur":"-PT1S"}', ""],
    ["duration", '{"Dur":"PT1H"}', ""],
    ["duration", '{"Dur":"PTS"}', ""],
    ["duration", '{"Dur":"PT9007199254740.992S"}', ""],
    ["bigint", '{"Int":"007"}', ""],
    ["bigint", '{"Int":7}', ""],
    ["bigint", '{"Int":"+7"}', ""],
    ["bigint", '{"Int":"-0"}', ""],
    ["bigint", '{"Int":""}', ""],
    ["bigint", '{"Int":"-"}', ""],
    ["bigint", '{"Int":"0x10"}', ""],
    ["bigint", '{"Int":"1.0"}', ""],
    ["bigint", `{"Int":"${"9".repeat(1025)}"}`, ""],
    ["bigint", "7", ""],
    ["decimal", '{"Dec":"1e5"}', ""],
    ["decimal", '{"Dec":"00.5"}', ""],
    ["decimal", '{"Dec":".5"}', ""],
    ["decimal", '{"Dec":"5."}', ""],
    ["decimal", '{"Dec":"1.2.3"}', ""],
    ["decimal", '{"Dec":"-0.00"}', ""],
    ["decimal", '{"Dec":" 1"}', ""],
    ["decimal", '{"Dec":"Infinity"}', ""],
    ["decimal", `{"Dec":"0.${"1".repeat(1024)}"}`, ""],
    ["decimal", "1.5", ""],
    ["special", '{"Num":"nan"}', ""],
    ["special", '{"Num":"1"}', ""],
    ["special", "1e400", ""],
    ["float", "1e400", ""],
    ["float", '{"Num":"NaN"}', ""],
    ["float", '"1"', ""],
    ["int", "9007199254740993", ""],
    ["int", "1.5", ""],
    ["int", '"1"', ""],
    ["bool", "0", ""],
    ["bytes", '{"Bytes":"_-9"}', ""],
    ["bytes", '{"Bytes":"AAAAA"}', ""],
    ["bytes", '{"Bytes":"AA=="}', ""],
    ["bytes", '{"Bytes":"A A"}', ""],
    ["bytes", '{"Bytes":"A+/A"}', ""],
    ["bytes", '{"Bytes":"AAA\u00e9"}', ""],
    ["uuid", `"${id.toUpperCase()}"`, ""],
    ["uuid", `"{${id}}"`, ""],
    ["uuid", `"${id.replaceAll("-", "")}"`, ""],
    ["url", '"/relative"', ""],
    ["url", '"https://example.com/a b"', ""],
    ["url", '"1http://example.com"', ""],
    ["url", '"https:"', ""],
    ["string", '"\\u0000"', ""],
    ["string", '"\\ud800"', ""],
    ["string", '"\\udc00\\ud800"', ""],
    ["string", "null", ""],
    ["json", '{"Json":["\\u0000"]}', "/Json/0"],
    ["json", '{"Json":{"a":[1,{"b/c~d":1e400}]}}', "/Json/a/1/b~1c~0d"],
    ["json", '{"Json":{"\\ud800":1}}', "/Json/\ud800"],
    ["json", deep(65), `/Json${"/0".repeat(64)}`],
    ["json", '{"a":1}', ""],
    ["list", '{"Set":[1]}', ""],
    ["list", "[1,null]", "/1"],
    ["set", '{"Set":["a","a"]}', "/Set/1"],
    ["set", '{"Set":["b","a"]}', "/Set/1"],
    ["set", '{"Set":["a",null]}', "/Set/1"],
    ["set", '{"Set":{"a":1}}', ""],
    ["set", '["a"]', ""],
    ["dict", '{"Dict":{"a":1,"b":"x"}}', "/Dict/b"],
    ["dict", '{"Dict":{"a":null}}', "/Dict/a"],
    ["dict", '{"Dict":{"\\u0000":1}}', "/Dict/\u0000"],
    ["dict", '{"Dict":[]}', ""],
    ["dict", '{"a":1}', ""],
    ["map", '{"Map":[["b",1],["a",2]]}', "/Map/1/0"],
    ["map", '{"Map":[["a",1],["a",2]]}', "/Map/1/0"],
    ["map", '{"Map":[["a"]]}', "/Map/0"],
    ["map", '{"Map":[["a",1],[2,2]]}', "/Map/1/0"],
    ["map", '{"Map":[["a",1],["b","x"]]}', "/Map/1/1"],
    ["ref", '{"Resource":["app"]}', ""],
    ["ref", `{"Resource":["app","${id}",1]}`, ""],
    ["ref", `{"Resource":["App","${id}"]}`, ""],
    ["ref", '{"Resource":["app","1"]}', ""],
    ["ref", `{"Task":["app","${id}"]}`, ""],
    ["taskRef", `{"Task":["a.b.c","${id}"]}`, ""],
    ["plan", "1", ""],
    ["record", '{"Time":"2016-07-06T20:53:20.123Z"}', ""],
    ["record", '{"a":1,"Time":"x"}', ""],
    ["record", "[]", ""],
    ["record", "null", ""],
    ["contact", "{}", "/name"],
    ["contact", '{"name":null}', "/name"],
    ["contact", '{"name":"x","tags":{"Dict":{"a":"b"}}}', "/tags/Dict/a"],
    ["contacts", '{"Dict":{"ops":[{"name":"x"},{"name":1}]}}', "/Dict/ops/1/name"],
    ["secret", '{"Vault":[1]}', ""],
    ["secret", '{"Vault":[-1,"x"]}', ""],
    ["secret", '{"Vault":["1","x"]}', ""],
    ["secret", '"open"', ""],
  ])("%s: %s at '%s'", (name, written, pointer) => {
    const read = reads[name];
    expect(read).toBeDefined();
    const error = thrown(() => read?.(JSON.parse(written), reading));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ name: "DecodeError", pointer });
    expect(String(error)).toMatch(/^DecodeError: (\/[^:]*: )?expected .+, got .+$/);
  });

  test("64 levels of free-form JSON are not too many", () => {
    expect(readJson(JSON.parse(deep(64)), reading)).toBeInstanceOf(Array);
    expect(tried(() => readJson(JSON.parse(deep(100_000)), reading))).toBe(false);
  });

  test.each([undefined, null, 0, 1.5, -1, "1", 9007199254740992])("__v: %s", (version) => {
    const record: JsonRecord = version === undefined ? {} : { __v: version };
    expect(thrown(() => readVersion(record))).toMatchObject({ name: "DecodeError", pointer: "/__v" });
  });

  test("any JSON at all gives a value or a DecodeError, never anything else", () => {
    const tags = ["Time", "Date", "Dur", "Int", "Dec", "Num", "Bytes", "Set", "Dict", "Map", "Json", "Resource", "Task", "Vault"];
    const tagged = fc.constantFrom(...tags, "a");
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, "", "a", "\u0000", "PT1S", "NaN", "2016-07-06"),
        fc.array(tie("json"), { maxLength: 3 }),
        fc.dictionary(tagged, tie("json"), { maxKeys: 2 }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(reads)), json, (name, value) => {
        const error = thrown(() => reads[name]?.(value, reading));
        if (error !== undefined) expect(error).toBeInstanceOf(DecodeError);
      }),
      { numRuns: 2000 },
    );
  });
});

/** What a program without types may hand over. */
const wrong = <T>(value: unknown): T => value as T;

describe("what cannot be said is refused when written", () => {
  test.each<[string, () => Json, string]>([
    ["NUL", () => writeString("a\u0000", writing), ""],
    ["a lone surrogate", () => writeString("\ud800a", writing), ""],
    ["undefined as text", () => writeString(wrong(undefined), writing), ""],
    ["NaN", () => writeFloat(NaN, writing), ""],
    ["Infinity", () => writeFloat(Infinity, writing), ""],
    ["2^53", () => writeInt(2 ** 53, writing), ""],
    ["1.5 as int", () => writeInt(1.5, writing), ""],
    ["text as special float", () => writeSpecialFloat(wrong("x"), writing), ""],
    ["a number as bigint", () => writeBigint(wrong(1), writing), ""],
    ["a bigint of 1,025 digits", () => writeBigint(10n ** 1024n, writing), ""],
    ["1e5 as decimal", () => writeDecimal("1e5", writing), ""],
    ["1 as bool", () => writeBool(wrong(1), writing), ""],
    ["an upper-case UUID", () => writeUuid(id.toUpperCase(), writing), ""],
    ["a relative URL", () => writeUrl("/x", writing), ""],
    ["what no URL parser takes", () => writeUrl("https://[", writing), ""],
    ["30 February", () => writeDate("2016-02-30", writing), ""],
    ["an invalid Date", () => writeTime(new Date(NaN), writing), ""],
    ["year 0", () => writeTime(new Date("0000-12-31T23:59:59.999Z"), writing), ""],
    ["year 10000", () => writeTime(new Date("+010000-01-01T00:00:00.000Z"), writing), ""],
    ["text as time", () => writeTime(wrong("2016-07-06T20:53:20.123Z"), writing), ""],
    ["a negative duration", () => writeDuration(-1, writing), ""],
    ["half a millisecond", () => writeDuration(0.5, writing), ""],
    ["a list as bytes", () => writeBytes(wrong([1]), writing), ""],
    ["undefined in JSON's list", () => writeJson({ a: [1, undefined] }, writing), "/Json/a/1"],
    ["NaN in JSON", () => writeJson({ a: NaN }, writing), "/Json/a"],
    ["a Date in JSON", () => writeJson({ a: { b: new Date(0) } }, writing), "/Json/a/b"],
    ["a Map in JSON", () => writeJson([new Map()], writing), "/Json/0"],
    ["a function in JSON", () => writeJson({ toJSON: () => 1 }, writing), "/Json/toJSON"],
    ["a bigint in JSON", () => writeJson(1n, writing), "/Json"],
    ["a lone surrogate as key", () => writeJson({ "\ud800": 1 }, writing), "/Json/\ud800"],
    ["a circle in JSON", () => writeJson(circle(), writing), `/Json${"/a".repeat(64)}`],
    ["null in a list", () => writeList<string>(["a", wrong(null)], writeString, writing), "/1"],
    ["undefined in a set", () => writeSet<string>(new Set(["a", wrong<string>(undefined)]), writeString, writing), "/Set/1"],
    ["NaN in a dict", () => writeDict(new Map([["a", NaN]]), writeFloat, writing), "/Dict/a"],
    ["NUL in a dict's key", () => writeDict(new Map([["\u0000", 1]]), writeFloat, writing), "/Dict/\u0000"],
    ["undefined in a dict", () => writeDict(new Map([["a", wrong<number>(undefined)]]), writeFloat, writing), "/Dict/a"],
    ["a record as dict", () => writeDict(wrong<ReadonlyMap<string, number>>({}), writeFloat, writing), ""],
    ["NaN in a map", () => writeMap(new Map([["a", 1], ["b", NaN]]), writeString, writeFloat, writing), "/Map/1/1"],
    ["NUL in a map's key", () => writeMap(new Map([["\u0000", 1]]), writeString, writeFloat, writing), "/Map/0/0"],
    ["a reference without an id", () => writeRef(new Ref("database", "", () => Promise.resolve(1)), writing), ""],
    ["a reference by class name", () => writeRef(new Ref("Database", id, () => Promise.resolve(1)), writing), ""],
    ["a resource as a run", () => writeTaskRef(wrong(new Ref("database", id, () => Promise.resolve(1))), writing), ""],
    ["a member", () => writeRequired(new Set([NaN]), (value, at) => writeSet(value, writeFloat, at), writing, "sizes") ?? null, "/sizes/Set/0"],
    ["an optional member", () => writeOptional(NaN, writeFloat, writing, "size") ?? null, "/size"],
  ])("%s", (_, write, pointer) => {
    const error = thrown(write);
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({ name: "EncodeError", pointer });
  });

  function circle(): unknown {
    const value: { a?: unknown } = {};
    value.a = value;
    return value;
  }
});

describe("enums", () => {
  test("a value, a replaced one, an unknown one of an open enum", () => {
    expect(readEnum("hobby", plans, reading)).toBe("hobby");
    expect(readEnum("std", plans, reading)).toBe("standard");
    expect(readEnum("asia", regions, reading)).toBe("asia");
    expect(writeEnum("asia", writing)).toBe("asia");
    expect(known(readEnum("std", plans, reading), "plan")).toBe("standard");
  });

  test("an unknown value of a closed enum is kept, written as it was, and refused to who reads it", () => {
    for (const met of ["gold", "constructor", "__proto__"]) {
      const plan = readEnum(met, plans, reading);
      expect(plan).toBeInstanceOf(Unknown);
      expect(writeEnum(plan, writing)).toBe(met);
      expect(JSON.stringify({ plan })).toBe(`{"plan":"${met}"}`);
      const error = thrown(() => known(plan, "plan"));
      expect(error).toMatchObject({ code: "unknown", pointer: "/plan", expected: 'one of "hobby", "standard"', got: `"${met}"` });
    }
  });

  test("at any depth", () => {
    const set: Read<unknown> = (json, at) => readSet(json, readPlan, at);
    const list: Read<unknown> = (json, at) => readList(json, (item) => readMap(item, readPlan, set, at), at);
    const fine = list(JSON.parse('[{"Map":[["hobby",{"Set":["std"]}]]}]'), reading);
    expect(known(fine, "all")).toEqual([new Map([["hobby", new Set(["standard"])]])]);
    const inSet = list(JSON.parse('[{"Map":[]},{"Map":[["hobby",{"Set":["gold"]}]]}]'), reading);
    expect(thrown(() => known(inSet, "all"))).toMatchObject({ pointer: "/all/1/hobby/0" });
    const inKey = list(JSON.parse('[{"Map":[["gold",{"Set":[]}]]}]'), reading);
    expect(thrown(() => known(inKey, "all"))).toMatchObject({ pointer: "/all/0/gold" });
    const inDict = readDict(JSON.parse('{"Dict":{"a/b":"gold"}}'), readPlan, reading);
    expect(thrown(() => known({ inner: inDict }, "all"))).toMatchObject({ pointer: "/all/inner/a~1b" });
  });

  test("what was unknown keeps its place in sets and maps", () => {
    const set: Json = JSON.parse('{"Set":["gold","hobby","zinc"]}');
    expect(canonicalText(writeSet(readSet(set, readPlan, reading), writeEnum, writing))).toBe(canonicalText(set));
    const [left, right] = [readEnum("gold", plans, reading), readEnum("gold", plans, reading)];
    expect(writeSet(new Set([left, right]), writeEnum, writing)).toEqual({ Set: ["gold"] });
    expect(thrown(() => writeMap(new Map([[left, 1], [right, 2]]), writeEnum, writeInt, writing))).toMatchObject({ name: "EncodeError", code: "order" });
    const map: Json = JSON.parse('{"Map":[["gold",1],["hobby",2]]}');
    expect(canonicalText(writeMap(readMap(map, readPlan, readInt, reading), writeEnum, writeInt, writing))).toBe(canonicalText(map));
  });
});

interface Database {
  readonly type: "database" | "replica";
  readonly id: string;
  readonly name: string;
}
interface Provision {
  readonly type: "database.provision";
  readonly id: string;
}

describe("references", () => {
  test("there and back, lazily loaded", async () => {
    const asked: string[] = [];
    const load: Reading["load"] = async (type, which) => {
      asked.push(`${type} ${which}`);
      return { type, id: which, name: "prod" };
    };
    const at: Reading = { ...reading, load };
    const ref = readRef<Database>(JSON.parse(`{"Resource":["replica","${id}"]}`), "database", at);
    expect([ref.type, ref.id, asked]).toEqual(["replica", id, []]);
    expect((await ref.load()).name).toBe("prod");
    expect(asked).toEqual([`replica ${id}`]);
    expect(writeRef(ref, writing)).toEqual({ Resource: ["replica", id] });
    const run = readTaskRef<Provision>({ Task: ["database.provision", id] }, "database.provision", at);
    expect(writeTaskRef(run, writing)).toEqual({ Task: ["database.provision", id] });
    expect(writeTaskRef(readTaskRef({ Task: ["vacuum", id] }, "vacuum", at), writing)).toEqual({ Task: ["vacuum", id] });
    expect((await run.load()).id).toBe(id);
  });

  test("what loads is what was asked for", async () => {
    for (const loaded of [null, undefined, { type: "database", id: otherId }, { type: "team", id }]) {
      const ref = readRef<Database>({ Resource: ["database", id] }, "database", { ...reading, load: () => Promise.resolve(loaded) });
      await expect(ref.load()).rejects.toThrow(DecodeError);
    }
  });

  test("a setter takes the object, a reference, or null", async () => {
    const database: Database = { type: "replica", id, name: "prod" };
    const ref = toRef(database);
    expect(writeRef(ref, writing)).toEqual({ Resource: ["replica", id] });
    expect(await ref.load()).toBe(database);
    expect(toRef(ref)).toBe(ref);
    expect(toRef<Database>(null)).toBeNull();
    const run: Provision = { type: "database.provision", id };
    expect(writeTaskRef(toTaskRef(run), writing)).toEqual({ Task: ["database.provision", id] });
    expect(toTaskRef<Provision>(null)).toBeNull();
  });
});

describe("secrets", () => {
  test("never print", async () => {
    const secret = Secret.of("hunter2");
    expect([String(secret), `${secret}`, inspect(secret)]).toEqual(["[secret]", "[secret]", "[secret]"]);
    expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
    expect(inspect({ secret }, { showHidden: true })).toBe("{ secret: [secret] }");
    expect([format("%o", secret), format("%O", secret), format("%s", secret)]).toEqual(["[secret]", "[secret]", "[secret]"]);
    expect(format("%j", { secret })).toBe('{"secret":"[secret]"}');
    expect(inspect(secret, { customInspect: false, showHidden: true })).toBe("Secret {}");
    expect(structuredClone(secret)).toEqual({});
    expect({ ...secret }).toEqual({});
    expect(Reflect.ownKeys(secret)).toEqual([]);
    expect(await secret.reveal("to log in")).toBe("hunter2");
    await expect(secret.reveal(" ")).rejects.toThrow("for a reason");
    expect(toSecret(secret)).toBe(secret);
    expect(await toSecret("x").reveal("a test")).toBe("x");
    expect(toSecret<string>(null)).toBeNull();
  });

  test("are sealed for their place, opened with a reason, and written again as they were", async () => {
    const { vault, notes } = notedVault();
    const at = { ...inside(reading, "password"), vault };
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const json: Json = JSON.parse(JSON.stringify(writeSecret(Secret.of(value), writeString, at)));
        const secret = readSecret(json, readString, at);
        const noted = notes.length;
        expect(await secret.reveal("to see")).toBe(value);
        expect(notes.slice(noted)).toEqual([{ place: at.place, reason: "to see" }]);
        expect(writeSecret(secret, writeString, { ...at, vault: null })).toEqual(json);
      }),
    );
  });

  test("are revealed once it stands in the log, each time, and not where it cannot", async () => {
    const { vault } = notedVault();
    const at = inside(reading, "password");
    const json = writeSecret(Secret.of("hunter2"), writeString, { ...at, vault });
    const events: string[] = [];
    let written = (): void => undefined;
    const log = new Promise<void>((resolve) => {
      written = resolve;
    });
    const noteReveal = async (_: Place, reason: string): Promise<void> => {
      events.push(`asked: ${reason}`);
      await log;
      events.push(`written: ${reason}`);
    };
    const secret = readSecret(json, readString, { ...at, vault: { ...vault, noteReveal } });
    const reveals = ["a", "b", "b"].map(async (reason) => events.push(await secret.reveal(reason)));
    await setImmediate();
    expect(events).toEqual(["asked: a", "asked: b", "asked: b"]);
    written();
    await Promise.all(reveals);
    expect(events.slice(3)).toEqual(["written: a", "written: b", "written: b", "hunter2", "hunter2", "hunter2"]);
    const full: Vault = { ...vault, noteReveal: () => Promise.reject(new Error("the log is full")) };
    await expect(readSecret(json, readString, { ...at, vault: full }).reveal("to see")).rejects.toThrow("the log is full");
  });

  test("that cannot be opened are noted nowhere", async () => {
    const { vault, notes } = notedVault();
    const at = { ...inside(reading, "password"), vault };
    await expect(readSecret({ Vault: [1, "AAAA"] }, readString, at).reveal("to see")).rejects.toThrow("/password: expected what key 1");
    await expect(readSecret({ Vault: vault.seal("[1]", at.place) }, readString, at).reveal("to see")).rejects.toThrow("/password: expected text");
    expect(notes).toEqual([]);
  });

  test("from another place they are opened and sealed again, which is noted nowhere", async () => {
    const { vault, notes } = notedVault();
    const at = { ...inside(reading, "password"), vault };
    const json = writeSecret(Secret.of("hunter2"), writeString, at);
    const elsewhere = { ...at, place: { ...at.place, id: otherId } };
    const copy = writeSecret(readSecret(json, readString, at), writeString, elsewhere);
    expect(copy).not.toEqual(json);
    const beside = { ...inside(reading, "old_password"), vault };
    const inHere = writeSecret(readSecret(json, readString, at), writeString, beside);
    expect(notes).toEqual([]);
    expect(await readSecret(copy, readString, elsewhere).reveal("to see")).toBe("hunter2");
    expect(await readSecret(inHere, readString, beside).reveal("to see")).toBe("hunter2");
    await expect(readSecret(json, readString, elsewhere).reveal("to see")).rejects.toThrow("sealed for this place");
    await expect(readSecret(json, readString, inside(at, "inner")).reveal("to see")).rejects.toThrow("sealed for this place");
  });

  test("without a vault they are neither sealed nor opened", async () => {
    const sealed: Json = { Vault: [1, "AAAA"] };
    const at = inside(reading, "password");
    expect(thrown(() => writeSecret(Secret.of("hunter2"), writeString, at))).toMatchObject({ name: "EncodeError", code: "vault" });
    const secret = readSecret(sealed, readString, at);
    await expect(secret.reveal("to see")).rejects.toMatchObject({ name: "DecodeError", code: "vault", pointer: "/password" });
    expect(writeSecret(secret, writeString, at)).toEqual(sealed);
  });

  test("tell which keys a stored record uses, but for what is free-form data", () => {
    const sealed = (key: number): Json => ({ Vault: [key, "AAAA"] });
    const record = {
      __v: 1, pin: sealed(12), list: [sealed(3), { inner: sealed(12) }], dict: { Dict: { Vault: sealed(5), Json: sealed(0) } },
      map: { Map: [["a", sealed(7)]] }, notes: { Json: sealed(99) }, tag: { Dict: { Vault: [98, "AAAA"] } }, unknown: { Nope: [sealed(4)] },
    };
    expect(keysOf(record)).toEqual([0, 3, 4, 5, 7, 12]);
    expect(keysOf({ __v: 1, name: "x" })).toEqual([]);
    expect(thrown(() => keysOf({ pin: { Vault: ["canary", "x"] } }))).toMatchObject({ name: "DecodeError", got: "[secret]" });
  });

  test("are in no message, wherever they are found wrong", async () => {
    const canary = "canary-77";
    const { vault } = notedVault();
    const at = { ...inside(reading, "password"), vault };
    const dict: Write<ReadonlyMap<string, number>> = (value, inner) => writeDict(value, writeInt, inner);
    const errors = [
      thrown(() => readSecret(canary, readString, at)),
      thrown(() => readSecret({ Vault: [canary, canary] }, readString, at)),
      thrown(() => readSecret({ Vault: canary }, readString, at)),
      thrown(() => writeSecret(Secret.of(`${canary}\u0000`), writeString, at)),
      thrown(() => writeSecret(Secret.of(new Map([[canary, 0.5]])), dict, at)),
      await rejected(readSecret({ Vault: vault.seal(canary, at.place) }, readString, at).reveal("to see")),
      await rejected(readSecret({ Vault: vault.seal(`["${canary}"]`, at.place) }, readInt, at).reveal("to see")),
      await rejected(readSecret({ Vault: vault.seal(`["${canary}",1]`, at.place) }, readInt, at).reveal("to see")),
      thrown(() => readString({ Vault: [1, canary] }, at)),
      thrown(() => readString({ Vault: canary }, at)),
      thrown(() => writeSecret(wrong<Secret<string>>(canary), writeString, at)),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(canary);
    }
  });
});

// As it is generated.
interface Address {
  readonly city: string;
  readonly kind: "home" | "work" | null;
}
const addressKind: EnumValues<"home" | "work"> = { values: ["home", "work"] };
function readAddress(json: Json, at: Reading): Address {
  const record = readRecord(json);
  return {
    city: required(record, "city", readString, at),
    kind: optional(record, "kind", (value, at) => readEnum(value, addressKind, at), at),
  };
}
function writeAddress(fields: Address, at: Writing): Json {
  return { city: writeRequired(fields.city, writeString, at, "city"), kind: writeOptional(fields.kind, writeEnum, at, "kind") };
}

interface DatabaseFields {
  readonly name: string;
  readonly plan: "hobby" | "standard";
  readonly password: Secret<string> | null;
  readonly primary: Ref<Database> | null;
  readonly lastRun: TaskRef<Provision> | null;
  readonly replicas: readonly Ref<Database>[];
  readonly labels: ReadonlyMap<string, string>;
  readonly address: Address | null;
  readonly notes: unknown;
}
const readDatabase: Read<Ref<Database>> = (json, at) => readRef(json, "database", at);
const databaseCodec: Codec<DatabaseFields> = {
  version: 3,
  keys: [],
  encode(fields, at) {
    return {
      __v: 3,
      address: writeOptional(fields.address, writeAddress, at, "address"),
      constructor: undefined,
      labels: writeRequired(fields.labels, (value, at) => writeDict(value, writeString, at), at, "labels"),
      last_run: writeOptional(fields.lastRun, writeTaskRef, at, "last_run"),
      name: writeRequired(fields.name, writeString, at, "name"),
      notes: writeOptional(fields.notes, writeJson, at, "notes"),
      password: writeOptional(fields.password, (value, at) => writeSecret(value, writeString, at), inside(at, "password"), "password"),
      plan: writeRequired(fields.plan, writeEnum, at, "plan"),
      primary: writeOptional(fields.primary, writeRef, at, "primary"),
      replicas: writeRequired(fields.replicas, (value, at) => writeList(value, writeRef, at), at, "replicas"),
    };
  },
  decode(record, at) {
    return {
      name: required(record, "name", readString, at),
      plan: defaulted(record, "plan", (value, at) => readEnum(value, plans, at), at, "hobby"),
      password: optional(record, "password", (value, at) => readSecret(value, readString, at), inside(at, "password")),
      primary: optional(record, "primary", readDatabase, at),
      lastRun: optional(record, "last_run", (value, at) => readTaskRef<Provision>(value, "database.provision", at), at),
      replicas: defaulted(record, "replicas", (value, at) => readList(value, readDatabase, at), at, []),
      labels: defaulted(record, "labels", (value, at) => readDict(value, readString, at), at, new Map()),
      address: optional(record, "address", readAddress, at),
      notes: optional(record, "notes", readJson, at),
    };
  },
};

describe("secrets of clients", () => {
  const [given, shown] = [{ ...reading, profile: profiles["api-in"] }, { ...reading, profile: profiles["api-out"] }];
  const stored = (): Secret<string> => readSecret({ Vault: [7, "blob"] }, readString, reading);

  test("are given in the clear, or withheld to be left as they are; sealed ones are refused and not shown", async () => {
    expect(await readSecret("hush", readString, given).reveal("to check")).toBe("hush");
    const left = readSecret({ Vault: [7, null] }, readString, given);
    expect([isWithheld(left), isWithheld(Secret.of("hush")), isWithheld(null)]).toEqual([true, false, false]);
    await expect(left.reveal("to see")).rejects.toMatchObject({ code: "vault", got: "[secret]" });
    for (const [json, code] of [[{ Vault: [7, "hush"] }, "type"], [{ Vault: [null, null] }, "type"], [7, "type"], [{ Vault: [7, null], x: 1 }, "form"]] as const)
      expect(thrown(() => readSecret(json, readString, given))).toMatchObject({ name: "DecodeError", code, got: "[secret]" });
  });

  test("are answered with the id of their key and no more, and read so", () => {
    expect(writeSecret(stored(), writeString, { ...writing, profile: profiles["api-out"] })).toEqual({ Vault: [7, null] });
    const read = readSecret({ Vault: [7, null] }, readString, shown);
    expect(writeSecret(read, writeString, { ...writing, profile: profiles["api-out"] })).toEqual({ Vault: [7, null] });
    expect(thrown(() => readSecret("hush", readString, shown))).toMatchObject({ code: "type", got: "[secret]" });
    expect(thrown(() => writeSecret(Secret.of("hush"), writeString, { ...writing, profile: profiles["api-out"] }))).toMatchObject({ name: "EncodeError", code: "vault" });
  });

  test("go to the server in the clear or withheld, and to the database never withheld", () => {
    const toServer = { ...writing, profile: profiles["api-in"] };
    expect(writeSecret(Secret.of("hush"), writeString, toServer)).toBe("hush");
    const left = readSecret({ Vault: [7, null] }, readString, shown);
    expect(writeSecret(left, writeString, toServer)).toEqual({ Vault: [7, null] });
    expect(thrown(() => writeSecret(stored(), writeString, toServer))).toMatchObject({ name: "EncodeError", code: "vault" });
    expect(thrown(() => writeSecret(left, writeString, writing))).toMatchObject({ name: "EncodeError", got: "one that is withheld" });
  });
});

describe("a record", () => {
  const full = {
    __v: 3, address: { city: "Wien", kind: "moon" }, labels: { Dict: { a: "b" } }, last_run: { Task: ["vacuum", id] }, name: "prod",
    notes: { Json: { Time: "x" } }, password: { Vault: [1, "AAAA"] }, plan: "gold", primary: { Resource: ["replica", id] },
    replicas: [{ Resource: ["database", otherId] }],
  };

  test("comes back as it was, in canonical order, unknown values included", () => {
    const fields = databaseCodec.decode(JSON.parse(JSON.stringify(full)), reading);
    expect(JSON.stringify(databaseCodec.encode(fields, writing))).toBe(JSON.stringify(full));
    expect(canonicalText(databaseCodec.encode(fields, writing))).toBe(JSON.stringify(full));
    expect(thrown(() => known(fields.plan, "plan"))).toMatchObject({ pointer: "/plan" });
    expect(thrown(() => known(fields.address, "address"))).toMatchObject({ pointer: "/address/kind" });
    expect(known(fields.name, "name")).toBe("prod");
  });

  test("what is absent or null reads as null, or as the default", () => {
    const absent = { password: null, primary: null, lastRun: null, address: null, notes: null };
    for (const members of [{}, { plan: null, labels: null, primary: null }]) {
      const fields = databaseCodec.decode({ __v: 3, name: "prod", ...members }, reading);
      expect(fields).toEqual({ ...absent, name: "prod", plan: "hobby", replicas: [], labels: new Map() });
      const written = JSON.stringify(databaseCodec.encode(fields, writing));
      expect(written).toBe('{"__v":3,"labels":{"Dict":{}},"name":"prod","plan":"hobby","replicas":[]}');
    }
  });

  test("a member may be called constructor", () => {
    expect(optional({}, "constructor", readString, reading)).toBeNull();
    expect(optional({ constructor: "x" }, "constructor", readString, reading)).toBe("x");
    expect(thrown(() => required({}, "constructor", readString, reading))).toMatchObject({ code: "missing" });
  });

  test("errors say where, both ways", () => {
    const wrong = { ...full, replicas: [{ Resource: ["database", id] }, { Resource: ["database"] }] };
    expect(thrown(() => databaseCodec.decode(wrong, reading))).toMatchObject({ name: "DecodeError", pointer: "/replicas/1" });
    const fields = databaseCodec.decode(full, reading);
    const wrongAddress = { ...fields, address: { city: "\u0000", kind: null } };
    expect(thrown(() => databaseCodec.encode(wrongAddress, writing))).toMatchObject({ name: "EncodeError", pointer: "/address/city" });
    const unsealed = { ...fields, password: Secret.of("x") };
    expect(thrown(() => databaseCodec.encode(unsealed, writing))).toMatchObject({ code: "vault", pointer: "/password" });
  });

  test("nothing is a record too", () => {
    const record: JsonRecord = nothing.encode({}, writing);
    expect(record).toEqual({ __v: 1 });
    expect(nothing.decode(record, reading)).toEqual({});
    expect(() => nothing.decode({}, reading)).toThrow(DecodeError);
  });
});

test("types say what may be given", () => {
  type Create = Given<DatabaseFields, "name">;
  expectTypeOf<{ name: string }>().toExtend<Create>();
  expectTypeOf<{ name: string; password: string; primary: Database; lastRun: Provision }>().toExtend<Create>();
  expectTypeOf<{ name: string; password: Secret<string>; primary: Ref<Database>; lastRun: TaskRef<Provision> }>().toExtend<Create>();
  expectTypeOf<{ name: string; password: null; primary: null; labels: ReadonlyMap<string, string> }>().toExtend<Create>();
  expectTypeOf<{ plan: "hobby" }>().not.toExtend<Create>();
  expectTypeOf<{ name: null }>().not.toExtend<Create>();
  expectTypeOf<{ name: string; plan: "gold" }>().not.toExtend<Create>();
  expectTypeOf<{ name: string; plan: null }>().not.toExtend<Create>();
  expectTypeOf<{ name: string; password: number }>().not.toExtend<Create>();
  expectTypeOf<{ name: string; primary: Provision }>().not.toExtend<Create>();
  expectTypeOf<{ name: string; primary: TaskRef<Database> }>().not.toExtend<Create>();
  expectTypeOf<Record<never, never>>().toExtend<Given<DatabaseFields>>();
  expectTypeOf<Create["name"]>().toEqualTypeOf<string>();
  expectTypeOf<keyof Create>().toEqualTypeOf<keyof DatabaseFields>();

  expectTypeOf<Input<Secret<boolean> | null>>().toEqualTypeOf<boolean | Secret<boolean> | null>();
  expectTypeOf<Input<Ref<Database>>>().toEqualTypeOf<Database | Ref<Database>>();
  expectTypeOf<Input<"a" | "b" | null>>().toEqualTypeOf<"a" | "b" | null>();
  expectTypeOf<Input<readonly Ref<Database>[]>>().toEqualTypeOf<readonly Ref<Database>[]>();
  expectTypeOf<Input<unknown>>().toEqualTypeOf<unknown>();
  expectTypeOf<Ref<Database>>().not.toExtend<TaskRef<Database>>();
  expectTypeOf<TaskRef<Database>>().not.toExtend<Ref<Database>>();

  type Both = { readonly a: string | null; readonly b: number | null };
  expectTypeOf<Older<{ readonly a: string; readonly b: number | null }>>().toEqualTypeOf<Both>();
  expectTypeOf<"asia">().toExtend<Open<"eu" | "us">>();
  expectTypeOf<Codec<DatabaseFields>>().toExtend<Codec<object>>();
  expectTypeOf<Rules<DatabaseFields>>().toExtend<Rules<object>>();
  expectTypeOf<{ name: { required: true; max: 63; pattern: string } }>().toExtend<Rules<DatabaseFields>>();
  expectTypeOf<{ password: { encrypted: { lookup: true } } }>().toExtend<Rules<DatabaseFields>>();
  expectTypeOf<{ name: { required: "yes" } }>().not.toExtend<Rules<DatabaseFields>>();

  const given: Database | Ref<Database> = { type: "replica", id, name: "prod" };
  expectTypeOf(toRef(given)).toEqualTypeOf<Ref<Database>>();
  const perhaps = given as Database | Ref<Database> | null;
  expectTypeOf(toRef(perhaps)).toEqualTypeOf<Ref<Database> | null>();
  const secret = "x" as string | Secret<string> | null;
  expectTypeOf(toSecret(secret)).toEqualTypeOf<Secret<string> | null>();
  const plain = "a" as "a" | "b" | Secret<"a" | "b">;
  expectTypeOf(toSecret(plain)).toEqualTypeOf<Secret<"a" | "b">>();
  const flag = true as boolean | Secret<boolean>;
  expectTypeOf(toSecret(flag)).toEqualTypeOf<Secret<boolean>>();
  const anything: unknown = null;
  expectTypeOf(toSecret(anything)).toEqualTypeOf<Secret<unknown> | null>();
  expect(toSecret(anything)).toBeNull();
  expectTypeOf(decimal("1")).toEqualTypeOf<Decimal>();
  expectTypeOf<"1,5">().not.toExtend<Decimal>();
});

function tried(attempt: () => unknown): boolean {
  return thrown(attempt) === undefined;
}

function rejected(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function thrown(attempt: () => unknown): unknown {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}
