// Records that other releases wrote, and write: what is read of an older shape and of a newer one, and what a save keeps. The shapes are those
// of the case `versions`, whose document is at shape 5, is written in shape 4, and is read from shape 2 on.

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { refusalsOf } from "../runtime/codec/check.js";
import {
  type Codec, DecodeError, detached, EncodeError, type JsonRecord, nothing, optional, parseJson, profiles, type Reading, readJson, Secret, type Vault, writeJson, writeRequired, type Writing,
} from "../runtime/codec/index.js";
import { isSameSecret, valueGiven } from "../runtime/codec/secret.js";
import { findUnreadRows } from "../runtime/commands/frozen-rows.js";
import { readGiven, readStored, readStoredRun, type StoredType, type StoredValues, writeStored, writeStoredRun } from "../runtime/codec/stored.js";
import { databaseCodec, databaseRules } from "../generated/database.shape.js";
import { databaseUpgrades } from "../specs/database.handlers.js";
import { everythingCodec, everythingRules } from "./cases/fields-all-types/expected/everything.shape.js";
import { letterCodec, letterCopyCodec, type LetterCopyFields, letterCopyRules, type LetterFields, letterRules } from "./cases/encrypted-later/expected/letter.shape.js";
import type { DocumentPrintUpgrades, DocumentUpgrades } from "./cases/versions/expected/document.js";
import {
  documentCodec, documentPrintArgsCodec, documentPrintArgsRules, documentPrintCodec, documentPrintRules, documentRules,
} from "./cases/versions/expected/document.shape.js";
import { notedVault } from "./setup/vault.js";

const vault: Vault = {
  seal: (text) => [1, Buffer.from(text).toString("base64url")],
  open: ([, blob]) => Buffer.from(blob, "base64url").toString(),
  noteReveal: () => Promise.resolve(),
};
const at = { ...detached("store"), vault, place: { root: "document", id: "0190b1a5-7a3e-7cc0-8000-000000000001", path: [] } };
const document: StoredType = { codec: documentCodec, rules: documentRules };
const database: StoredType = { codec: databaseCodec, rules: databaseRules };
const everything: StoredType = { codec: everythingCodec, rules: everythingRules };

const upgrades: DocumentUpgrades = {
  to4: ({ title }) => ({ secret: title === null ? null : Secret.of(`about ${title}`) }),
  to5: ({ writer }) => {
    const [first = "", last = null] = writer?.split(" ") ?? [];
    return { author: writer === null ? null : { first, last } };
  },
  from5: ({ author }) => ({ writer: author && [author.first, author.last].join(" "), rating: "bad", mistake: null }),
};

const read = (record: JsonRecord): ReturnType<typeof readStored> => readStored({ type: document, record, at }, upgrades);

describe("an older shape", () => {
  test("is brought up version by version: constants where something is absent, then what is written by hand", async () => {
    const { fields, version, isNewer } = read({ __v: 2, title: "Bread", writer: "Ada Lovelace" });
    expect(fields).toMatchObject({ title: "Bread", words: 0, author: { first: "Ada", last: "Lovelace" }, body: "", status: "draft" });
    expect(Object.keys(fields)).toEqual(["title", "body", "words", "secret", "author", "status"]);
    expect({ version, isNewer }).toEqual({ version: 2, isNewer: false });
    const { secret } = fields as { readonly secret: Secret<string> };
    expect(await secret.reveal("the test looks")).toBe("about Bread");
  });

  test("keeps what is there: a constant is for what is absent", () => {
    const codec = { ...documentCodec, history: { ...documentCodec.history, set: { 3: { title: "Untitled", words: 0 } } } };
    const titled = (record: JsonRecord): object => readStored({ type: { ...document, codec }, record, at }).fields;
    expect(titled({ __v: 2, title: "Bread" })).toMatchObject({ title: "Bread" });
    expect(titled({ __v: 2 })).toMatchObject({ title: "Untitled" });
  });

  test("takes no constant that belongs to an upgrade it has behind it", () => {
    expect(() => read({ __v: 3, title: "Bread" })).toThrow(expect.objectContaining({ code: "missing", pointer: "/words" }));
  });

  test("has no member of a later shape, whatever stands there", () => {
    expect(read({ __v: 2, title: "Bread", words: 9 }).fields).toMatchObject({ words: 0 });
  });

  test("that lacks what is required after all upgrades is an error that names it", () => {
    expect(() => read({ __v: 2, writer: "Ada" })).toThrow(new DecodeError({ code: "missing", expected: "a value after the upgrade to shape 5", got: "none", pointer: "/title" }));
  });

  test("older than is read is refused, and so is no version at all", () => {
    expect(() => read({ __v: 1, title: "Bread" })).toThrow("/__v: expected a shape from 2 to 5, got shape 1");
    for (const __v of [0, -1, 1.5, "2", null]) expect(() => read({ __v, title: "Bread" })).toThrow("/__v: expected a positive integer");
    expect(() => read({ title: "Bread" })).toThrow("/__v");
  });

  test("a value of another type is an error with its place", () => {
    expect(() => read({ __v: 2, title: "Bread", writer: 7 })).toThrow("/writer: expected text");
  });

  test("a hand-written upgrade that fails says which, and why is its cause", () => {
    const broken: DocumentUpgrades = { ...upgrades, to5: () => { throw new Error("no author"); } };
    const readBroken = (): unknown => readStored({ type: document, record: { __v: 4, title: "Bread", words: 1 }, at }, broken);
    expect(readBroken).toThrow(expect.objectContaining({ code: "upgrade", cause: new Error("no author") }));
    expect(readBroken).toThrow("expected what `to5` makes of it");
  });

  test("the example's: host and port become an endpoint, over the port that was not written yet", () => {
    const record = { __v: 1, name: "orders", region: "eu", host: "db.internal" };
    const { fields, lostFound } = readStored({ type: database, record, at }, databaseUpgrades);
    expect(fields).toMatchObject({ endpoint: "postgres://db.internal:5432/orders", plan: "hobby", connections: 10 });
    expect(lostFound).toEqual({});
  });
});

describe("a newer shape", () => {
  const record = { __v: 6, title: "Bread", words: 3, pages: 12, status: { Nope: 1 } };

  test("is read as far as it is known, and told to be newer", () => {
    const { fields, isNewer, lostFound } = read({ ...record, status: "final" });
    expect({ fields: { ...fields }, isNewer, lostFound }).toEqual({
      fields: { title: "Bread", body: "", words: 3, secret: null, author: null, status: "final" },
      isNewer: true,
      lostFound: { pages: 12 },
    });
  });

  test("what must be there and is not throws when it is asked for, and not before", () => {
    const { fields } = read({ __v: 6, title: "Bread" });
    expect(Reflect.get(fields, "title")).toBe("Bread");
    expect(() => Reflect.get(fields, "words")).toThrow("/words: expected a value in shape 6, which a newer release wrote, got none");
  });
});

describe("what a save writes", () => {
  const fields = { title: "Bread", body: "Flour", words: 2, secret: null, author: { first: "Ada", last: null }, status: "review" };

  test("is the shape that this release writes: without what came later, with what it must still say", () => {
    expect(writeStored({ type: document, fields, at }, upgrades)).toEqual({
      __v: 4, body: "Flour", rating: "bad", status: "review", title: "Bread", words: 2, writer: "Ada ",
    });
  });

  test("its members come in canonical order, with those that nobody knows among them", () => {
    const written = writeStored({ type: document, fields, at, lostFound: { zebra: 1, apple: { Json: [] } } }, upgrades);
    expect(Object.keys(written)).toEqual(["__v", "apple", "body", "rating", "status", "title", "words", "writer", "zebra"]);
  });

  test("older and newer readers get out of it what was in it", () => {
    const record = writeStored({ type: document, fields, at }, upgrades);
    expect(read(record).fields).toMatchObject({ title: "Bread", words: 2, author: { first: "Ada" }, status: "review" });
  });

  test("members that nobody knows stay, those that were used up go, those that are still written stay", () => {
    const { lostFound } = read({ __v: 4, title: "Bread", words: 1, writer: "Ada", mistake: true, subtitle: "gone", other: { Time: "x" } });
    // `writer` and `mistake` are in shape 4, which is written; `subtitle` left with shape 3.
    expect(lostFound).toEqual({ mistake: true, other: { Time: "x" }, writer: "Ada" });
  });

  test("in a row that a later release has brought up already stays in that shape, with all that is in it", () => {
    const stored: JsonRecord = { __v: 5, author: { first: "Ada" }, body: "", rating: "good", status: "final", title: "Bread", words: 1 };
    const { fields, version, lostFound } = read(stored);
    expect(lostFound).toEqual({});
    expect(writeStored({ type: document, fields, at, version, lostFound }, upgrades)).toEqual({
      __v: 5, author: { first: "Ada" }, body: "", status: "final", title: "Bread", words: 1,
    });
    const older = read({ __v: 2, title: "Bread", writer: "Ada" });
    expect(writeStored({ type: document, fields: older.fields, at, version: 2, lostFound: {} }, upgrades)).toMatchObject({ __v: 4, writer: "Ada " });
  });

  test("`__proto__` and `constructor` are keys like others", () => {
    const record = JSON.parse('{"__v":5,"title":"Bread","words":1,"__proto__":{"x":1},"constructor":2}') as JsonRecord;
    const { fields: decoded, lostFound } = read(record);
    const written = writeStored({ type: document, fields: decoded, at, lostFound }, upgrades);
    expect(JSON.stringify(written)).toBe('{"__v":4,"__proto__":{"x":1},"body":"","constructor":2,"rating":"bad","status":"draft","title":"Bread","words":1}');
    expect(Object.getPrototypeOf(written)).toBe(Object.prototype);
  });
});

describe("what no reader of rows could take", () => {
  const notes: Codec<{ readonly notes: unknown }> = {
    version: 1,
    keys: ["notes"],
    encode: (fields, writing) => ({ __v: 1, notes: writeRequired(fields.notes, writeJson, writing, "notes") }),
    decode: (record, reading) => ({ notes: optional(record, "notes", readJson, reading) }),
  };
  const type: StoredType = { codec: notes, rules: { notes: {} } };
  const nested = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1);
  // As `jsonb` spells it.
  const room = profiles.store.bytesMax - '{"__v": 1, "notes": {"Json": ""}}'.length;
  const largest = 1e300;

  test.each<readonly [what: string, most: unknown, more: unknown]>([
    ["deeper than 64 in all", nested(62), nested(63)],
    ["longer than 8 MiB", "a".repeat(room), "a".repeat(room + 1)],
    ["longer in bytes", "é".repeat(room / 2), "é".repeat(room / 2 + 1)],
    ["longer when it is escaped", "\n".repeat(room / 2), "\n".repeat(room / 2 + 1)],
    ["longer as `jsonb` spells its numbers", Array(20_000).fill(largest), Array(30_000).fill(largest)],
  ])("is not written: %s", (_, most, more) => {
    const write = (value: unknown): JsonRecord => writeStored({ type, fields: { notes: value }, at });
    expect(parseJson(JSON.stringify(write(most)), profiles.store)).toEqual({ __v: 1, notes: { Json: most } });
    expect(() => write(more)).toThrow(/^\/notes: expected (JSON at most 64 deep|at most 8388608 bytes in all members together), got more$/);
    expect(refusalsOf({ type, given: { notes: most }, before: null })).toEqual([]);
    expect(refusalsOf({ type, given: { notes: more }, before: null })).toMatchObject([{ code: "limit", got: "more", pointer: "/notes" }]);
  });
});

describe("a secret that stood in the open in an older shape", () => {
  const letter: StoredType = { codec: letterCodec, rules: letterRules };
  const { vault: noted, notes, masking } = notedVault();
  const here: Reading & Writing = { ...detached("store"), vault: noted, place: { root: "letter", id: at.place.id, path: [] } };
  const old: JsonRecord = { __v: 1, body: "Dear Ada", title: "Hello", tags: { Set: ["a"] }, writer: "Bob" };
  const readLetter = (record: JsonRecord, within: Reading = here): LetterFields => readStored({ type: letter, record, at: within }).fields as LetterFields;
  const copied = (fields: object, within: object = {}): StoredValues & { readonly at: Reading } => ({ type: { codec: letterCopyCodec, rules: letterCopyRules }, fields, at: { ...here, place: { ...here.place, root: "letter.copy" }, ...within } });

  test("is read as a secret: it prints nothing, its reveal is noted first and masked after, and without a vault it is kept and not revealed", async () => {
    const { body, sender, tags } = readLetter(old);
    expect([inspect(body), String(body), JSON.stringify(body)]).toEqual(["[secret]", "[secret]", '"[secret]"']);
    expect([await body.reveal("to answer"), await sender?.reveal("to answer"), await tags?.reveal("to answer")]).toEqual(["Dear Ada", "Bob", new Set(["a"])]);
    expect(notes.map(({ place, reason }) => [...place.path, reason])).toEqual([["body", "to answer"], ["writer", "to answer"], ["tags", "to answer"]]);
    expect(masking.mask("it said Dear Ada")).toBe("it said [secret]");
    await expect(readLetter(old, { ...here, vault: null }).body.reveal("to answer")).rejects.toThrow("/body: expected a keyring that opens it, got [secret]");
    const full = { ...noted, noteReveal: () => Promise.reject(new Error("the log is full")) };
    await expect(readLetter(old, { ...here, vault: full }).body.reveal("to answer")).rejects.toThrow("the log is full");
  });

  test("is sealed by a save, each to its place; what is sealed already stays as it is", async () => {
    const saved = writeStored({ type: letter, fields: readLetter(old), at: here, version: 1, kept: { record: old, changed: new Set() } });
    expect(saved).toEqual({ __v: 2, body: { Vault: [1, expect.any(String)] }, tags: { Vault: [1, expect.any(String)] }, title: "Hello", writer: { Vault: [1, expect.any(String)] } });
    const again = readLetter(saved);
    expect([await again.body.reveal("to see"), await again.sender?.reveal("to see")]).toEqual(["Dear Ada", "Bob"]);
    expect(writeStored({ type: letter, fields: again, at: here, version: 2 })).toEqual(saved);
    expect(() => writeStored({ type: letter, fields: readLetter(old), at: { ...here, vault: null } })).toThrow("/body: expected a keyring");
  });

  test("is in one form in each shape, and what is in the other is refused without being told", () => {
    expect(() => readLetter({ ...old, body: { Vault: [1, "x"] } })).toThrow("/body: expected text, got [secret]");
    expect(() => readLetter({ ...old, tags: "hush" })).toThrow(/^\/tags: expected a set .*, got \[secret\]$/);
    expect(() => readLetter({ ...old, __v: 2 })).toThrow("/body: expected a secret as");
    expect(() => readLetter({ ...old, __v: 3 })).toThrow("/body: expected a secret as");
  });

  test("frozen rows of both shapes are read, and of a row that holds what its shape has not it is said where", () => {
    const rows = (...records: readonly object[]): string => JSON.stringify(records.map((fields) => ({ fields })));
    const parts = { args: null, fields: letter };
    expect(findUnreadRows(rows(old, { __v: 2, body: { Vault: [0, "sealed"] } }), parts)).toEqual([]);
    expect(findUnreadRows(rows(old, { __v: 2, body: "Dear Ada" }), parts)).toMatchObject([{ refusal: { pointer: "/1/fields/body", got: "[secret]" } }]);
  });

  test("stays in the open for as long as the older shape is written, whatever it was given as; sealed once, it stays sealed", async () => {
    expect(writeStored(copied({ sheets: Secret.of([1, 2]) }))).toEqual({ __v: 1, sheets: [1, 2] });
    const { sheets } = readStored({ ...copied({}), record: { __v: 1, sheets: [3] } }).fields as LetterCopyFields;
    expect(writeStored(copied({ sheets }))).toEqual({ __v: 1, sheets: [3] });
    // In another run's row, which a later release has brought up.
    const sealed = writeStored({ ...copied({ sheets }), version: 2 });
    expect(sealed).toEqual({ __v: 2, sheets: { Vault: [1, expect.any(String)] } });
    const other = readStored({ ...copied({}), record: sealed }).fields as LetterCopyFields;
    expect(writeStored({ ...copied(other), version: 2 })).toEqual(sealed);
    expect(writeStored(copied(other, { place: { root: "letter.copy", id: "0190b1a5-7a3e-7cc0-8000-000000000002", path: [] } }))).toEqual({ __v: 1, sheets: [3] });
    expect(isSameSecret(sheets ?? expect.fail(), other.sheets ?? expect.fail())).toBe(false);
  });

  test("goes to a client as any secret does", () => {
    const out = letterCodec.encode(readLetter(old), { ...detached("api-out") });
    expect(out).toMatchObject({ body: { Vault: [0, null] }, writer: { Vault: [0, null] } });
    expect(JSON.stringify(out)).not.toMatch(/Ada|Bob/);
    // Given again, and the same that is stored, it is no other.
    const [one, same, other] = [old, old, { ...old, body: "Dear Eve" }].map((record) => readLetter(record).body);
    expect([isSameSecret(one ?? expect.fail(), same ?? expect.fail()), isSameSecret(one ?? expect.fail(), other ?? expect.fail())]).toEqual([true, false]);
    expect(valueGiven(one ?? expect.fail())).toBeNull();
  });
});

describe("a run: args and fields have one version and are upgraded together, each from its own shape", () => {
  const args: StoredType = { codec: documentPrintArgsCodec, rules: documentPrintArgsRules };
  const fields: StoredType = { codec: documentPrintCodec, rules: documentPrintRules };
  const byHand: DocumentPrintUpgrades = {
    to3: ({ copies }) => ({ pages: (copies ?? 0) * 10, copies: 99 }),
    from3: ({ pages }) => ({ copies: pages ?? 1 }),
  };

  test("fields that were written later than the args keep what they have", () => {
    const at1 = readStoredRun({ type: args, record: { __v: 1, copies: 2 }, at }, { type: fields, record: { __v: 3, pages: 4 }, at }, byHand);
    expect([at1.args.fields, at1.fields.fields]).toEqual([{ copies: 99, duplex: false }, { pages: 4 }]);
    const at2 = readStoredRun({ type: args, record: { __v: 3, copies: 2, duplex: true }, at }, { type: fields, record: { __v: 2 }, at }, byHand);
    expect([at2.args.fields, at2.fields.fields]).toEqual([{ copies: 2, duplex: true }, { pages: 20 }]);
  });

  test("may lack either of the two", () => {
    const none: StoredType = { codec: nothing, rules: {} };
    const read = readStoredRun({ type: args, record: { __v: 1 }, at }, { type: none, record: { __v: 1 }, at }, byHand);
    expect([read.args.fields, read.fields.fields]).toEqual([{ copies: 99, duplex: false }, {}]);
    expect(writeStoredRun({ type: args, fields: read.args.fields, at }, { type: none, fields: {}, at }, byHand).fields).toEqual({ __v: 1 });
  });

  test("are written in the shape that this release writes", () => {
    const written = writeStoredRun({ type: args, fields: { copies: 2, duplex: true }, at }, { type: fields, fields: { pages: 4 }, at }, byHand);
    expect(written).toEqual({ args: { __v: 2, copies: 2, duplex: true }, fields: { __v: 2 } });
  });

  test("a hand-written way back that fails is an error of writing, which says which, and why is its cause", () => {
    const broken: DocumentPrintUpgrades = { ...byHand, from3: () => { throw new Error("no pages"); } };
    const write = (): unknown => writeStoredRun({ type: args, fields: { copies: 2, duplex: true }, at }, { type: fields, fields: { pages: 4 }, at }, broken);
    expect(write).toThrow(EncodeError);
    expect(write).toThrow(expect.objectContaining({ code: "upgrade", expected: "what `from3` makes of it", cause: new Error("no pages") }));
  });
});

describe("what a client gives", () => {
  const given = { ...detached("api-in") };
  const give = (record: JsonRecord): object => readGiven(document, record, given);

  test("is read in the newest shape, what is left out as null, and secrets in the clear", async () => {
    const fields = give({ title: "Bread", author: { first: "Ada", last: null }, secret: "hush", words: null });
    expect(fields).toMatchObject({ title: "Bread", author: { first: "Ada", last: null }, words: null, body: null, status: null });
    expect(await (fields as { readonly secret: Secret<string> }).secret.reveal("to check")).toBe("hush");
    expect(give({ secret: { Vault: [1, null] } })).toMatchObject({ title: null });
  });

  test("a member that the type does not have is refused with its pointer, at any depth, and so is a version", () => {
    expect(() => give({ title: "Bread", pages: 7 })).toThrow('/pages: expected one of title, body, words, secret, author, status, got "pages"');
    expect(() => give({ author: { first: "Ada", middle: "K." } })).toThrow('/author/middle: expected one of first, last, got "middle"');
    expect(() => give({ __v: 5, title: "Bread" })).toThrow("/__v");
    expect(() => give({ writer: "Ada" })).toThrow("/writer");
    expect(() => give(JSON.parse('{"__proto__": {}}') as JsonRecord)).toThrow("/__proto__");
  });

  test("a reference may come with its URL, as it was answered", () => {
    const reference = { Resource: ["everything", "0190b1a5-7a3e-7cc0-8000-000000000001", "/everythings/1"] };
    expect(readGiven(everything, { self: reference, others: [reference] }, given)).toMatchObject({ self: { type: "everything" }, others: [{ type: "everything" }] });
  });

  test("is read in time that grows as it does, and not with its square: a long list would hold up everything", { timeout: 10_000 }, () => {
    const list = Array.from({ length: 30_000 }, () => "a");
    expect(Reflect.get(readGiven(everything, { list }, given), "list")).toHaveLength(list.length);
  });

  test("a value of another type, and one that a closed enum has not, are refused", () => {
    expect(() => give({ title: 7 })).toThrow("/title: expected text, got 7");
    expect(() => give({ status: "lost" })).toThrow('/status: expected one of "draft", "review", "final", got "lost"');
  });
});

test("every codec says the keys of its members, in their order", () => {
  expect(documentCodec.keys).toEqual(["title", "body", "words", "secret", "author", "status"]);
  const codecs: readonly Codec<object>[] = [documentCodec, documentPrintArgsCodec, documentPrintCodec, databaseCodec];
  for (const codec of codecs) {
    const record = {};
    const members = Object.keys(codec.decode(record, { ...at, partial: { record, absent: "null" } }));
    const camelCase = (key: string): string => key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(codec.keys.map(camelCase)).toEqual(members);
  }
});
