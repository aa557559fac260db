// What must hold for any spec, tried on many: no text makes the compiler throw, none of it becomes code, order means nothing, and `fmt`
// changes the looks alone.

import fc from "fast-check";
import { marked } from "marked";
import { describe, expect, test } from "vitest";
import { layOut } from "../compiler/commands/layout.js";
import { compile } from "../compiler/compile.js";
import { hasErrors } from "../compiler/diagnostic.js";
import type { GeneratedFile } from "../compiler/emit.js";
import { parseSpec } from "../compiler/parse.js";
import type { SourceFile } from "../compiler/source.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { marker, nastySources } from "./setup/nasty.js";
import { projectRoot } from "./setup/project.js";
import { readSyntax, type Syntax } from "./setup/typescript.js";

// The long tests run the same, many more times.
const runs = (count: number): number => count * Number(process.env["PLINY_EFFORT"] ?? 1);

const example = compileFolder(projectRoot).sources;
const specs: readonly SourceFile[] = [...example, ...goldenCases.flatMap(({ folder }) => compileFolder(folder).sources)];

describe("any text gives an answer", () => {
  const answers = (text: string): void => {
    const result = compile([{ path: "specs/any.yaml", text }]);
    for (const { at, code, message } of result.diagnostics) {
      expect(at.start).toBeGreaterThanOrEqual(0);
      expect(at.end).toBeGreaterThanOrEqual(at.start);
      expect(at.end).toBeLessThanOrEqual(at.file.text.length);
      expect(code).toMatch(/^[A-Z]{3}\d{3}$/);
      expect(message).not.toBe("");
    }
    if (hasErrors(result.diagnostics)) expect(result.files).toEqual([]);
  };

  test("random text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 400 }), answers), { numRuns: runs(150) });
  });

  test("random bits of YAML", () => {
    const bit = fc.constantFrom(
      "resource: ",
      "task: ",
      "type: ",
      "a",
      "b_c",
      "states:",
      "fields:",
      "{",
      "}",
      "[",
      "]",
      ", ",
      ": ",
      "\n",
      "\n  ",
      "\n    ",
      "- ",
      "? ",
      "---\n",
      "...\n",
      "|\n",
      ">-\n",
      "'",
      '"',
      "\\",
      "&a ",
      "*a",
      "<<: ",
      "!!str ",
      "!x ",
      "%YAML 1.1\n",
      "#",
      "\t",
      "~",
      "null",
      "true",
      "0x1f",
      "1e9999",
      "-",
      ".inf",
      "2027-01-31",
      "1h30m",
      "to: stop",
      "\u0000",
      "\ufeff",
      "\ud800",
    );
    fc.assert(
      fc.property(
        fc.array(bit, { maxLength: 60 }).map((bits) => bits.join("")),
        answers,
      ),
      { numRuns: runs(400) },
    );
  });

  test("a spec with a stretch cut, doubled or replaced", () => {
    const broken = fc
      .record({
        spec: fc.constantFrom(...specs),
        at: fc.nat(),
        length: fc.nat({ max: 80 }),
        put: fc.oneof(fc.constant(""), fc.constantFrom(": ", "{", "]", "\n", "'", "- ", "9", "~", "x")),
        again: fc.boolean(),
      })
      .map(({ spec, at, length, put, again }) => {
        const start = at % (spec.text.length + 1);
        return `${spec.text.slice(0, start)}${put}${spec.text.slice(again ? Math.max(0, start - length) : start + length)}`;
      });
    fc.assert(fc.property(broken, answers), { numRuns: runs(120) });
  });

  test("a value of another kind in any place", () => {
    // Lines of flow style hold most of a spec; any `key: value` of theirs gets a value that nobody expects.
    const odd = fc.constantFrom(
      "null",
      "true",
      "-1",
      "1.5",
      "''",
      "[]",
      "{}",
      "[[]]",
      "{ a: { b: [1] } }",
      "stop",
      "panic",
      "new",
      "__stop__",
      "constructor",
      "__proto__",
      "1h",
      "99999999999999999999",
    );
    const swapped = fc.record({ spec: fc.constantFrom(...specs), at: fc.nat(), value: odd }).map(({ spec, at, value }) => {
      const values = [...spec.text.matchAll(/(?<=[a-z_]: )[^\s,{}[\]#'"]+(?=[ ,\n}])/g)];
      const found = values[at % Math.max(values.length, 1)];
      return found === undefined
        ? spec.text
        : `${spec.text.slice(0, found.index)}${value}${spec.text.slice(found.index + found[0].length)}`;
    });
    fc.assert(fc.property(swapped, answers), { numRuns: runs(120) });
  });
});

test("the order of files means nothing", () => {
  const expected = compile(example);
  fc.assert(
    fc.property(fc.shuffledSubarray([...example], { minLength: example.length }), (sources) => {
      expect(compile(sources).files).toEqual(expected.files);
    }),
    { numRuns: runs(8) },
  );
});

describe("fmt changes the looks alone", () => {
  test.each(specs.map((spec) => [spec.path, spec] as const))("%s", (_, spec) => {
    const parsed = parseSpec(spec);
    if (hasErrors(parsed.diagnostics)) return;
    const formatted = layOut(spec.text);
    const again = parseSpec({ path: spec.path, text: formatted ?? "" });
    expect(again.value.map((document) => document.written)).toEqual(parsed.value.map((document) => document.written));
    expect(layOut(formatted ?? "")).toBe(formatted);
    expect(commentsIn(formatted ?? "")).toEqual(commentsIn(spec.text));
  });
});

/** The words of its comments; a `#` inside a quoted text is taken along on either side. */
function commentsIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<=^|\s)#.*$/gm)].map((match) => match[0].trim());
}

const harmless = compile(nastySources("harmless"));

describe("no text of a spec becomes code", () => {
  const nasty = fc
    .array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.constantFrom(
            "'",
            '"',
            "`",
            "\\",
            "*/",
            "/*",
            "//",
            "${",
            "}",
            "$$",
            "--",
            ";",
            "\n",
            "\r",
            "\t",
            "\u2028",
            "\u2029",
            "\u0001",
            "\u202e",
            "</script>",
            "<!--",
            "@ts-ignore",
            "E'",
            "{{",
            "}}",
            "```",
            "|",
            "]]>",
            "\\u0022",
          ),
        },
        { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 3 }) },
      ),
      { minLength: 1, maxLength: 6 },
    )
    // An enum value has at most 63 characters, its markers and letters among them.
    .map((bits) => bits.join("").slice(0, 40));

  test("the harmless text passes, and is found in every kind of file", () => {
    expect(harmless.diagnostics).toEqual([]);
    for (const kind of [".ts", ".md", ".sql"])
      expect(
        harmless.files.some((file) => file.path.endsWith(kind) && file.text.includes(marker)),
        kind,
      ).toBe(true);
  });

  test("whatever the text, the code has the same shape, and the text stands in literals and comments alone", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const result = compile(nastySources(text));
        // Some texts are refused: a lone surrogate, a NUL. Then nothing is made.
        if (hasErrors(result.diagnostics)) return expect(result.files).toEqual([]);
        expect(result.files.map((file) => file.path)).toEqual(harmless.files.map((file) => file.path));
        for (const [at, file] of result.files.entries()) expectSameShape(file, at);
      }),
      {
        numRuns: runs(50),
        examples: [
          ["*/"],
          ["`${process.exit()}`"],
          ["'; DROP TABLE x; --"],
          ["\n@ts-ignore"],
          ["$$"],
          ["</script>"],
          ["\u2028"],
          ["\\"],
          ["\n```\n"],
        ],
      },
    );
  });

  test("hardly a text is refused", () => {
    for (const text of ["'", '"', "`", "\\", "*/", "${x}", "\n", "</script>", "--", "$$", "\u2028", "\u0001"]) {
      expect(compile(nastySources(text)).diagnostics, JSON.stringify(text)).toEqual([]);
    }
  });
});

const harmlessSyntax = new Map<number, Syntax>(
  harmless.files.flatMap((file, at) => (file.path.endsWith(".ts") ? [[at, readSyntax(file.text)] as const] : [])),
);

/** That a file has the shape of the `at`th of the harmless ones. */
function expectSameShape(file: GeneratedFile, at: number): void {
  const expected = harmless.files[at]?.text ?? "";
  if (file.path.endsWith(".ts")) {
    const syntax = readSyntax(file.text);
    expect(syntax.errors, file.path).toEqual([]);
    expect(syntax.shape.join(" "), file.path).toBe(harmlessSyntax.get(at)?.shape.join(" "));
    expectOnlyIn(syntax.quiet, file);
    expect(file.text, file.path).not.toMatch(/^[\s/*]*@ts-/m);
  } else if (file.path.endsWith(".sql")) {
    const sql = readSql(file.text);
    expect(sql.shape, file.path).toEqual(readSql(expected).shape);
    expectOnlyIn(sql.quiet, file);
  } else if (file.path.endsWith(".json")) {
    expect(shapeOfJson(JSON.parse(file.text)), file.path).toEqual(shapeOfJson(JSON.parse(expected)));
  } else {
    // Markdown: a text may break a line or not; beyond that it makes no tag, no cell, no link that a harmless one does not.
    expect(tagsOf(file.text), file.path).toEqual(tagsOf(expected));
  }
}

function tagsOf(markdown: string): readonly string[] {
  return [...String(marked.parse(markdown)).matchAll(/<[!/]?[a-z-]+/gi)]
    .map((match) => match[0])
    .filter((tag) => !/^<\/?(br|p)$/.test(tag));
}

function expectOnlyIn(stretches: readonly (readonly [number, number])[], file: GeneratedFile): void {
  for (let at = file.text.indexOf(marker); at !== -1; at = file.text.indexOf(marker, at + 1)) {
    const inside = stretches.some(([start, end]) => start <= at && at + marker.length <= end);
    if (!inside) expect.fail(`${file.path}: the text of a spec became code: ${file.text.slice(Math.max(0, at - 60), at + 60)}`);
  }
}

/** Postgres' tokens: the words outside literals and comments, and where those stand. */
function readSql(text: string): { readonly shape: readonly string[]; readonly quiet: readonly (readonly [number, number])[] } {
  const token = /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|\w+|\S/g;
  const shape: string[] = [];
  const quiet: [number, number][] = [];
  for (const { 0: word, index } of text.matchAll(token)) {
    if (/^(--|\/\*)/.test(word)) quiet.push([index, index + word.length]);
    else if (/^([eE]?'|\$\w*\$)/.test(word)) {
      quiet.push([index, index + word.length]);
      shape.push("literal");
    } else shape.push(word);
  }
  return { shape, quiet };
}

function shapeOfJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOfJson);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.includes(marker) ? marker : key, shapeOfJson(member)]));
}
