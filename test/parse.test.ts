// Reading specs: any text gives documents and diagnostics and never an exception, in time that grows with its length; every value knows its
// place; what is left after a mistake has the right shape.

import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findShapeErrors } from "#shape";
import type { Diagnostic } from "../compiler/diagnostic.js";
import { locate, type SpecDocument, type SpecPath, type SpecValue } from "../compiler/document.js";
import { openProject, readSpecs } from "../compiler/files.js";
import { configSchema, fieldTypeNames, findKeyword, keywords, languageSchema } from "../compiler/keywords.js";
import { parseSpec } from "../compiler/parse.js";
import { durationText, forms, hasForm, parseDuration, parseRange, parseRate, parseTime } from "../compiler/scalars.js";
import { decodeSource, maxBytes } from "../compiler/scan.js";
import type { SourceFile } from "../compiler/source.js";
import { goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

const sources: readonly SourceFile[] = [projectRoot, ...goldenCases.map(({ folder }) => folder)].flatMap((folder) => {
  const project = openProject(folder);
  return project === null ? [] : readSpecs(project).value;
});
const good = sources.filter((source) => parseSpec(source).diagnostics.length === 0);

function parse(text: string, path: string = "specs/any.yaml"): { readonly documents: readonly SpecDocument[]; readonly codes: readonly string[]; readonly diagnostics: readonly Diagnostic[] } {
  const { value, diagnostics } = parseSpec({ path, text });
  return { documents: value, codes: diagnostics.map(({ code }) => code), diagnostics };
}

/** What is underlined by the first diagnostic. */
function underlined(text: string): string {
  const [first] = parse(text).diagnostics;
  return first === undefined ? "" : text.slice(first.at.start, first.at.end);
}

function everyPath(value: SpecValue, path: SpecPath = []): readonly SpecPath[] {
  if (value === null || typeof value !== "object") return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => everyPath(member, [...path, Array.isArray(value) ? Number(key) : key]))];
}

function expectInOrder({ documents, diagnostics }: ReturnType<typeof parse>): void {
  for (const { at, message } of diagnostics) {
    expect(at.start).toBeGreaterThanOrEqual(0);
    expect(at.end).toBeGreaterThanOrEqual(at.start);
    expect(at.end).toBeLessThanOrEqual(at.file.text.length);
    expect(message).not.toMatch(/must (NOT|be|have|match)|undefined|\[object/);
  }
  for (const { kind, spec, lost, written, places } of documents) {
    // The name alone is left of what could not be read.
    if (lost.some((path) => path.length === 0)) continue;
    const left = findShapeErrors(kind, spec).filter(({ keyword, instancePath }) => keyword !== "if" && !(keyword === "required" && instancePath === ""));
    expect(left).toEqual([]);
    expect(places).toHaveLength(everyPath(written).length * 4);
    if (lost.length === 0) expect(spec).toBe(written);
  }
}

describe("places", () => {
  test("there are specs without a mistake to look at", () => {
    expect(good.length).toBeGreaterThan(20);
  });

  test.each(good.map((source, at) => [`${source.path} (${at})`, source] as const))("%s: every key and every text stands where it is said to", (_, source) => {
    for (const document of parseSpec(source).value) {
      for (const path of everyPath(document.written)) {
        const key = path.at(-1);
        const keyAt = locate({ document, path }, "key");
        const valueAt = locate({ document, path }, "value");
        const value = path.reduce<SpecValue | undefined>((each, step) => (each !== null && typeof each === "object" ? (each as Record<string | number, SpecValue>)[step] : undefined), document.written);
        const keyText = source.text.slice(keyAt.start, keyAt.end);
        if (typeof key === "string") expect(/["'\\]/.test(keyText.slice(1, -1)) ? key : keyText.replace(/^(["'])(.*)\1$/s, "$2")).toBe(key);
        const written = source.text.slice(valueAt.start, valueAt.end);
        if (typeof value === "number") expect(Number(written.replace(/\.inf$/i, "Infinity").replace(/\.nan$/i, "NaN"))).toBe(value);
        if (typeof value === "boolean") expect(written).toBe(String(value));
        if (typeof value === "string" && /^[a-z_0-9.]+$/.test(value)) expect(written.replace(/^["']|["']$/g, "")).toBe(value);
        if (value !== null && typeof value === "object" && written.startsWith("{")) expect(written.endsWith("}")).toBe(true);
        expect(written).toBe(written.trim());
      }
    }
  });

  test("keys that are numbers come first, and their places with them", () => {
    const text = "resource: page\nupgrades:\n  10: code\n  2: { set: { size: 1 } }\nversion: 10\n";
    const [document] = parse(text).documents;
    if (document === undefined) throw new Error("no document");
    expect(Object.keys((document.written as Record<string, object>)["upgrades"] ?? {})).toEqual(["2", "10"]);
    const at = locate({ document, path: ["upgrades", "10"] }, "value");
    expect(text.slice(at.start, at.end)).toBe("code");
    const size = locate({ document, path: ["upgrades", "2", "set", "size"] }, "key");
    expect(text.slice(size.start, size.end)).toBe("size");
    const version = locate({ document, path: ["version"] }, "value");
    expect(text.slice(version.start, version.end)).toBe("10");
  });

  test("a byte order mark and line ends of Windows move nothing", () => {
    expect(underlined("\ufeffresource: page\r\nfields:\r\n  size: { type: int, mni: 1 }\r\n")).toBe("mni");
  });
});

describe("a mistake stays where it is", () => {
  test("other documents are read on, and of the torn one its name is known", () => {
    const { documents, codes } = parse("resource: a\nfields: { x: [ }\n---\nresource: b\n---\ntask: c\nof: b\nstates: 'open\n---\ntype: d\nfields: {}\n");
    expect(codes).toEqual(["SPC007", "SPC007"]);
    expect(documents.map(({ kind, spec, lost }) => ({ kind, spec, lost }))).toEqual([
      { kind: "resource", spec: { resource: "a" }, lost: [[]] },
      { kind: "resource", spec: { resource: "b" }, lost: [] },
      { kind: "task", spec: { task: "c", of: "b" }, lost: [[]] },
      { kind: "type", spec: { type: "d", fields: {} }, lost: [] },
    ]);
    const [torn] = documents;
    if (torn === undefined) throw new Error("no document");
    const at = locate({ document: torn, path: ["resource"] }, "value");
    expect(torn.file.text.slice(at.start, at.end)).toBe("a");
  });

  test("what is wrong is taken away, with what cannot be without it, and no more", () => {
    const [document] = parse("resource: a\nfields:\n  b: { type: int, min: x }\n  c: { type: 5, max: 1 }\n  d: { type: enum, of: [1] }\n  e: { type: list, of: { type: 5 } }\n  F: int\nunique: [[b], [7]]\nnew: 1\n").documents;
    expect(document?.spec).toEqual({ resource: "a", fields: { b: { type: "int" } } });
    expect(document?.lost).toEqual(expect.arrayContaining([["fields", "b", "min"], ["fields", "c"], ["fields", "d"], ["fields", "e"], ["fields", "F"], ["unique"], ["new"]]));
    expect(document?.written).toMatchObject({ fields: { c: { type: 5, max: 1 } }, new: 1 });
  });

  test("what the root lacks is named as lost", () => {
    const [document] = parse("task: a\n").documents;
    expect(document?.spec).toEqual({ task: "a" });
    expect(document?.lost).toEqual([["states"]]);
  });

  test("keys that JavaScript knows are keys like any other", () => {
    const { documents, codes } = parse("resource: a\n__proto__: { polluted: true }\nconstructor: 1\nfields: { toString: int, to_string: int, __proto__: int }\n");
    expect(codes).toEqual(["SPC019", "SPC019", "SPC025", "SPC025"]);
    expect(Object.keys(documents[0]?.written ?? {})).toEqual(["resource", "__proto__", "constructor", "fields"]);
    expect(documents[0]?.spec).toEqual({ resource: "a", fields: { to_string: "int" } });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("a long key or value does not fill the screen", () => {
    const { diagnostics } = parse(`resource: ${"A".repeat(5_000)}\n${"k".repeat(900)}: 1\n`);
    for (const { message, hint } of diagnostics) expect(message.length + (hint ?? "").length).toBeLessThan(500);
    expect(diagnostics).toHaveLength(2);
  });
});

describe("what is underlined", () => {
  const places: readonly (readonly [text: string, code: string, place: string])[] = [
    ["resource: a\nstates: { x: { to: stop, timout: 1h } }\n", "SPC019", "timout"],
    ["resource: a\nstates:\n  x:\n    to: stop\n    timeout: 1 hour\n", "SPC021", "1 hour"],
    ["resource: a\nfields: { b: { type: enum, of: [16, x] } }\n", "SPC022", "16"],
    ["resource: a\nfields: { 'b c': int }\n", "SPC025", "'b c'"],
    ["resource: a\nfields: { b: { max: 5 } }\n", "SPC020", "b"],
    ["resource: a\nfields:\n  b:\n", "SPC023", "b"],
    ["resource: a\nversion: 0o7\n", "SPC024", "0o7"],
    ["resource: a\nresource: b\n", "SPC008", "resource"],
    ["resource: a\ndoc: &x text\n", "SPC009", "&x"],
    ["resource: a\ndoc: !x text\n", "SPC012", "!x"],
    ["resource: a\nfields: { b: { type: string, pattern: [a-z]{2}, max: 3 } }\n", "SPC007", "[a-z]{2}"],
    ["resource: a\ndoc: 'it''s\n", "SPC007", "'"],
    ["resource: a\nfields: { b: int\nversion: 1\n", "SPC007", "{"],
    ["resource: a\n\tdoc: x\n", "SPC004", "\t"],
    ["%YAML 1.1\n---\nresource: a\n", "SPC005", "%YAML 1.1"],
  ];
  test.each(places)("%j", (text, code, place) => {
    expect(parse(text).codes).toEqual([code]);
    expect(underlined(text)).toBe(place);
  });

  test("an edit mends what it says it mends", () => {
    const wrong = sources.filter((source) => parseSpec(source).diagnostics.some(({ edit }) => edit !== null));
    expect(wrong.length).toBeGreaterThan(5);
    for (const source of wrong) {
      for (const { code, edit } of parseSpec(source).diagnostics) {
        if (edit === null) continue;
        const text = `${source.text.slice(0, edit.at.start)}${edit.newText}${source.text.slice(edit.at.end)}`;
        const same = parseSpec({ path: source.path, text }).diagnostics.filter(({ at, code: other }) => other === code && at.start === edit.at.start && at.end === edit.at.start + edit.newText.length);
        // Of two brackets in a row, or two tabs, the next may be wrong as well; the one that was mended is not.
        expect(same.map(({ message }) => message), `${source.path}: ${edit.newText}`).toEqual([]);
      }
    }
  });
});

describe("any text gives an answer", () => {
  const bit = fc.constantFrom(
    "resource: a\n", "task: ", "type: ", "a", "b_c", "states:", "fields:", "{", "}", "[", "]", ", ", ": ", ":", "\n", "\n  ", "\n    ", "- ", "? ", "---\n", "---", "...\n", "|\n", "|2-\n", ">-\n",
    "'", '"', "\\", "&a ", "*a", "*a : ", "<<: ", "!!str ", "!x ", "%YAML 1.1\n", "#", " #", "\t", "~", "null", "true", "0x1f", "1e9999", "-0", ".nan", "1h30m", "to: stop", "of: ", "enum",
    "\u0000", "\ufeff", "\ud800", "\r", "\r\n", "\u0002", "\u0018", "\u001f", "\u0085", "\u2028", "😀", "__proto__: ", "7: ",
  );

  test("random text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => expectInOrder(parse(text))), { numRuns: 300 });
  });

  test("random bits of YAML", () => {
    fc.assert(fc.property(fc.array(bit, { maxLength: 50 }), fc.constantFrom("specs/any.yaml", "pliny.yaml"), (bits, path) => expectInOrder(parse(bits.join(""), path))), { numRuns: 1_000 });
  });

  test("a spec into which something was put, or of which something was cut", () => {
    const broken = fc.record({ spec: fc.constantFrom(...good), at: fc.nat(), cut: fc.nat({ max: 60 }), put: fc.array(bit, { maxLength: 3 }) });
    fc.assert(
      fc.property(broken, ({ spec, at, cut, put }) => {
        const start = at % (spec.text.length + 1);
        expectInOrder(parse(`${spec.text.slice(0, start)}${put.join("")}${spec.text.slice(start + cut)}`, spec.path));
      }),
      { numRuns: 300 },
    );
  });

  test("a spec in which one value is another", () => {
    const odd = fc.constantFrom("null", "true", "-1", "1.5", "''", "[]", "{}", "[[]]", "[{}]", "{ a: { b: [1] } }", "{ type: list }", "stop", "constructor", "1h", "99999999999999999999", "*x", "&x y");
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(), odd, (spec, at, value) => {
        const values = [...spec.text.matchAll(/(?<=[a-z_]: +)[^\s,{}[\]#'"]+(?=[ ,\n}])/g)];
        const found = values[at % Math.max(values.length, 1)];
        if (found !== undefined) expectInOrder(parse(`${spec.text.slice(0, found.index)}${value}${spec.text.slice(found.index + found[0].length)}`, spec.path));
      }),
      { numRuns: 300 },
    );
  });
});

describe("texts that are made to exhaust what reads them", () => {
  const times = (text: string, size: number): string => text.repeat(Math.floor(size / text.length));
  const lines = (count: number, line: (at: number) => string): string => Array.from({ length: count }, (_, at) => line(at)).join("\n");
  const repeated = [
    "[", "{", "]", "}", "- ", "? ", ": ", "- ? ", "? - ", "{a: ", "[a: ", "[? ", "-\n", "?\n", "- &a ", "!a - ", "&a ", "&a\n", "*a ", "!a ", "? !a ", "-\t", "'\"", "''", '"', "|\n", ">", "`", "@", "%", "%A\n", "#", "---\n",
    "...\n", "---\na: b\n", "resource: a\n---\n", "a\n", "a: b\n", "a: b: ", ": a\n", "? a\n: b\n", "? [a]\n: b\n", "[a]: b\n", '"a": "b"\n', '"a" "b" ', "\n", "\r\n", "\t", "\tx\n", " ", "\u0000", "\u0002", "\u001f", "\ufeff", "\ufeff---\n",
    "\ud800", "\u0085", "# a\n", "-", ":", "?\t",
  ];
  /** Openings that a careless scan would take for text in quotes, a comment or a block. */
  const hidden = [
    "a: ", "a: 'x' ", "a: b\n  'c\nx: ", "a: x\n  '\nb: ", "- 'a\n- ", 'a: "\\"\n" ', "a: b #", "a: [x #\n '", "a: !<'> ", "a: &' ", "--- '", "? |\n x\n: ", "a: |\n b\nc: ", "|\n", "a:\n- |\n  x\n", '[a, "b": ', "a: - ", "--- ",
    "a: &x ", "&x ", "!a ", "a: [\n", "a: {", "a: >\n\n", "resource: a\nx: [",
  ];
  const openings = ["[", "{a: ", "- ", "? ", "- ? ", ",", "1, ", "b\n", "? a, "];

  test.each(repeated)("%j over and over", (text) => {
    for (const before of ["", "resource: a\ndoc: "]) expectInOrder(parse(`${before}${times(text, 30_000)}`));
  });

  test.each(hidden)("%j, then brackets without end", (before) => {
    for (const text of openings) expectInOrder(parse(`${before}${times(text, 15_000)}`));
  });

  test.each([
    ["fields that are all wrong", `resource: a\nfields:\n${lines(8_000, (at) => `  f${at}: { x: 1, max: y }`)}`],
    ["names that are all wrong", `resource: a\nfields:\n${lines(8_000, (at) => `  F${at}: int`)}`],
    ["values that are all numbers", `resource: a\nfields: { b: { type: enum, of: [${"1, ".repeat(20_000)}] } }`],
    ["one key over and over", `resource: a\nfields:\n${"  b: int\n".repeat(20_000)}`],
    ["keys that are numbers", `resource: a\nupgrades:\n${lines(20_000, (at) => `  ${at}: code`)}`],
    ["a staircase", lines(700, (at) => `${" ".repeat(at)}a:`)],
    ["a deep and wide tree", `${lines(60, (at) => `${" ".repeat(at)}a:`)}\n${lines(3_000, (at) => `${" ".repeat(60)}k${at}: 1`)}`],
    ["deep JSON", `resource: a\nfields: { f: { type: json, default: ${"[".repeat(60)}${"1,".repeat(50_000)}${"]".repeat(60)} } }`],
    ["a key without end", `resource: a\n${"k".repeat(500_000)}: 1\n`],
    ["every line a mistake of syntax", lines(10_000, (at) => `- a${at}: b: c`)],
  ])("%s", (_, text) => {
    const read = parse(text);
    expectInOrder(read);
    expect(read.diagnostics.length).toBeLessThan(250);
  });

  test("a whole mebibyte of brackets, of dashes, and one byte more", () => {
    expect(parse("[".repeat(maxBytes)).codes).toEqual(["SPC003"]);
    expect(parse("- ".repeat(maxBytes / 2)).codes).toEqual(["SPC003"]);
    expect(parse(`resource: a\n#${"x".repeat(maxBytes - 13)}`).codes).toEqual([]);
    expect(parse(`resource: a\n#${"x".repeat(maxBytes - 12)}`).codes).toEqual(["SPC002"]);
    // Bytes count, not characters.
    expect(parse(`resource: a\n#${"ü".repeat(maxBytes / 2)}`).codes).toEqual(["SPC002"]);
  });

  test("64 levels are read, of brackets and of indentation each", () => {
    const list = (levels: number): string => `resource: a\nfields: { f: { type: json, default: ${"[".repeat(levels - 2)}${"]".repeat(levels - 2)} } }`;
    expect(parse(list(64)).codes).toEqual([]);
    expect(parse(list(65)).codes).toEqual(["SPC003"]);
    const tree = (levels: number): string => `resource: a\nfields:\n  f:\n    type: json\n    default:\n${lines(levels - 3, (at) => `${" ".repeat(at + 6)}${at === levels - 4 ? "x: 1" : "x:"}`)}`;
    expect(parse(tree(64)).codes).toEqual([]);
    expect(parse(tree(65)).codes).toEqual(["SPC003"]);
  });

  test("what stands in quotes, comments and block text is not counted", () => {
    const deep = "[{".repeat(70);
    expect(parse(`resource: a # ${deep}\n# ${deep}\ndoc: '${deep}\n  ${deep} '''\nallow:\n  rule: FLD001\n  reason: |\n    ${deep}\n${lines(70, (at) => `${" ".repeat(at + 4)}- x\t`)}\n`).codes).toEqual([]);
    expect(parse(`resource: a\ndoc: one ${deep}\n  and ' another [[[ " ${deep}\n  - ${"- ".repeat(70)}\nversion: 1\n`).codes).toEqual([]);
  });
});

describe("bytes", () => {
  const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

  test("are text in UTF-8, a byte order mark taken away", () => {
    expect(decodeSource("a", new TextEncoder().encode("\ufeffdoc: ü€😀\ufffd"))).toEqual({ value: { path: "a", text: "doc: ü€😀\ufffd" }, diagnostics: [] });
    expect(decodeSource("a", bytes())).toEqual({ value: { path: "a", text: "" }, diagnostics: [] });
  });

  test.each([
    ["Latin-1", bytes(0x61, 0xe9, 0x62), 1],
    ["a sequence that is too long", bytes(0xc0, 0xaf), 0],
    ["half of a surrogate pair", bytes(0x61, 0x62, 0xed, 0xa0, 0x80), 2],
    ["a character that is cut", bytes(0x61, 0xe2, 0x82), 1],
    ["wrong after a true U+FFFD", bytes(0xef, 0xbf, 0xbd, 0xff), 1],
  ])("%s is refused where it stands", (_, wrong, at) => {
    const { value, diagnostics } = decodeSource("a", wrong);
    expect(value).toBeNull();
    expect(diagnostics.map(({ code, at: { start } }) => [code, start])).toEqual([["SPC001", at]]);
  });

  test("are a mebibyte at most", () => {
    expect(decodeSource("a", new Uint8Array(maxBytes).fill(0x20)).diagnostics).toEqual([]);
    expect(decodeSource("a", new Uint8Array(maxBytes + 1).fill(0x20)).diagnostics.map(({ code }) => code)).toEqual(["SPC002"]);
  });

  test("any bytes give text or say why not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (any) => {
        const { value, diagnostics } = decodeSource("a", any);
        let isRight = true;
        try {
          new TextDecoder("utf-8", { fatal: true }).decode(any);
        } catch {
          isRight = false;
        }
        expect(value !== null).toBe(isRight);
        expect(diagnostics).toHaveLength(isRight ? 0 : 1);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the schema of the language", () => {
  const ajv = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false });

  test("is JSON Schema draft-07 without alternatives", () => {
    for (const schema of [languageSchema(), configSchema()]) {
      expect(ajv.validateSchema(schema)).toBe(true);
      expect(JSON.stringify(schema)).not.toMatch(/"(oneOf|anyOf)"/);
    }
  });

  test("takes what parse takes", () => {
    const isSpec = ajv.compile(languageSchema());
    const isConfig = ajv.compile(configSchema());
    let count = 0;
    for (const document of good.flatMap((source) => parseSpec(source).value)) {
      count += 1;
      expect((document.kind === "config" ? isConfig : isSpec)(document.written)).toBe(true);
    }
    expect(count).toBeGreaterThan(100);
  });

  test.each([{}, { database: {} }, { resource: "a", task: "b" }, { type: "a" }, { resource: "a", gone: true, fields: {} }, { resource: "a", extends: "b", parent: "c" }])("refuses %j", (value) => {
    expect(ajv.compile(languageSchema())(value)).toBe(false);
  });

  const samples: Readonly<Record<string, object>> = { enum: { of: ["a"] }, list: { of: "int" }, set: { of: "int" }, dict: { of: "int" }, map: { keys: "string", of: "int" }, record: { fields: { a: "int" } } };
  test.each(fieldTypeNames)("a field of type %s takes its own modifiers and those of any field, and no others", (type) => {
    const own = keywords.filter(({ kind }) => kind === `${type} field`).map(({ keyword }) => keyword);
    const all = new Set(keywords.filter(({ kind }) => kind.endsWith(" field")).map(({ keyword }) => keyword));
    const refused = (fields: object): readonly string[] =>
      findShapeErrors("resource", { resource: "a", fields: { f: { type, ...samples[type], ...fields } } }).flatMap(({ keyword, params }) => (keyword === "additionalProperties" ? [String(params["additionalProperty"])] : []));
    expect(refused(Object.fromEntries([...all].map((modifier) => [modifier, null])))).toEqual([...all].filter((modifier) => !own.includes(modifier)));
    expect(refused({ required: true, immutable: true, since: 1, key: "b", check: "code", encrypted: true, doc: "x", stability: "beta" })).toEqual([]);
    const hasDefault = !["bytes", "list", "set", "dict", "map", "record"].includes(type);
    expect(refused({ default: null })).toEqual(hasDefault ? [] : ["default"]);
  });

  test("every keyword has a text, and the rules it names look like rules", () => {
    for (const { kind, keyword, doc, changes } of keywords) {
      expect(doc, `${kind} ${keyword}`).toMatch(/^\S.*[.…]$/);
      for (const rules of Object.values(changes)) expect(rules).toMatch(/^[A-Z]{3}\d{3}( [A-Z]{3}\d{3})*$/);
    }
    expect(findKeyword("task state", "timeout")?.default).toBe("15m");
    expect(findKeyword("resource", "timeout")).toBeUndefined();
  });
});

describe("small texts", () => {
  test("durations", () => {
    expect(["90s", "15m", "1h30m", "7d", "15ms", "1m15ms", "0s"].map(parseDuration)).toEqual([90_000, 900_000, 5_400_000, 604_800_000, 15, 60_015, 0]);
    expect(["", "s", "1", "1.5h", "30m1h", "1h 30m", "-1s", "1S", "1m1m", " 1s", "1s\n", "1000000d", "99999999999999ms"].map(parseDuration)).toEqual(Array.from({ length: 13 }, () => null));
    expect(hasForm("0s", forms.duration)).toBe(false);
    expect(hasForm("0h1ms", forms.duration)).toBe(true);
  });

  test("a duration is a safe integer, and the shortest text of it means it", () => {
    expect(Number.isSafeInteger(parseDuration("999999d99999999h999999999m9999999999s9999999999999ms"))).toBe(true);
    fc.assert(fc.property(fc.nat({ max: 86_399_999_999 }), (ms) => parseDuration(durationText(ms)) === ms));
  });

  test("ranges and rates", () => {
    expect([parseRange("2s..1m"), parseRange("5s"), parseRange("1m..2s")]).toEqual([{ minMs: 2_000, maxMs: 60_000 }, { minMs: 5_000, maxMs: 5_000 }, { minMs: 60_000, maxMs: 2_000 }]);
    expect(["", "2s..", "..2s", "2s...3s", "2s-3s", "0s..1s", "2s..3s..4s"].map(parseRange)).toEqual(Array.from({ length: 7 }, () => null));
    expect(parseRate("100/1m")).toEqual({ count: 100, perMs: 60_000 });
    expect(["0/1m", "100", "/1m", "1.5/1m", "100/0s", "100/m"].map(parseRate)).toEqual(Array.from({ length: 6 }, () => null));
  });

  test("a date has the form exactly if the calendar has the day", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }), (year, month, day) => {
        const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
        const date = new Date(`${text}T00:00:00Z`);
        const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
        expect(hasForm(text, forms.date)).toBe(exists);
        expect(parseTime(`${text}T12:34:56.7Z`)).toBe(exists ? Date.parse(`${text}T12:34:56.700Z`) : null);
      }),
      { numRuns: 3_000 },
    );
    expect(["2024-02-29", "2023-02-29", "2000-02-29", "1900-02-29"].map((text) => hasForm(text, forms.date))).toEqual([true, false, true, false]);
  });
});
