// The one layout of a spec, rule by rule; and, on specs that were shaken, that nothing is lost and that a second run changes nothing.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fmt, formatSpec } from "../compiler/commands/fmt.js";
import type { Context } from "../compiler/commands/outcome.js";
import { openProject } from "../compiler/files.js";
import { parseSpec } from "../compiler/parse.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

/** Formats, and checks on the way that a second run changes nothing. */
function format(text: string): string {
  const once = formatSpec({ path: "specs/any.yaml", text });
  expect(formatSpec({ path: "specs/any.yaml", text: once })).toBe(once);
  return once;
}

describe("rules", () => {
  test("two spaces, lists too; the author's order; one blank line in a row; one line break at the end", () => {
    expect(
      format(
        "resource: team\n\n\n\nfields:\n\n     name: string\n     plan:\n        type: enum\n        of:\n        - a\n        - b\nstates:\n   live:\n      to: stop\n\n\n",
      ),
    ).toBe(
      "resource: team\n\nfields:\n  name: string\n  plan:\n    type: enum\n    of:\n      - a\n      - b\nstates:\n  live:\n    to: stop\n",
    );
  });

  test("lists of lists, and mappings in lists, begin behind their dashes", () => {
    expect(format("unique:\n-   - a\n    -   b\n- [c,d]\nremoved:\n-    field: x\n     type:   int\n-\n  field: y\n")).toBe(
      "unique:\n  - - a\n    - b\n  - [c, d]\nremoved:\n  - field: x\n    type: int\n  - field: y\n",
    );
  });

  test("brackets: spaces in braces, none in square ones, one line where they fit", () => {
    expect(
      format("fields: {name: {type:   string,required: true}  ,  plan: {type: enum, of: [ a,b ,\n   c ]}, none: {}, empty: [ ], }\n"),
    ).toBe("fields: { name: { type: string, required: true }, plan: { type: enum, of: [a, b, c] }, none: {}, empty: [] }\n");
  });

  test("what exceeds 140 columns goes over several lines, level by level", () => {
    const long = (name: string): string =>
      `${name}: { type: enum, of: [${Array.from({ length: 12 }, (_, at) => `value_${name}_${at}`).join(", ")}] }`;
    expect(format(`fields: { ${long("a")}, b: int }\n`)).toBe(
      `fields:\n  a:\n    type: enum\n    of:\n${Array.from({ length: 12 }, (_, at) => `      - value_a_${at}\n`).join("")}  b: int\n`,
    );
  });

  test("brackets with a comment inside go over several lines, and the comment stays with its item", () => {
    expect(
      format(
        "of: [ a, # the first\n  b,\n  # before the last\n  c # the last\n  # after\n]\nfields: {\n  # why\n  a: int, # what\n  b: string }\n",
      ),
    ).toBe(
      "of:\n  - a # the first\n  - b\n  # before the last\n  - c # the last\n  # after\nfields:\n  # why\n  a: int # what\n  b: string\n",
    );
  });

  test("quotes stay, single where they can be", () => {
    expect(
      format(`a: "x"\nb: 'x'\nc: x\nd: "it's"\ne: 'it''s'\nf: "a\\\\d"\ng: "a\\nb"\nh: "\\u200b"\ni: 'say "it''s"'\n"j": "16"\n`),
    ).toBe(`a: 'x'\nb: 'x'\nc: x\nd: "it's"\ne: "it's"\nf: 'a\\d'\ng: "a\\nb"\nh: "\\u200b"\ni: 'say "it''s"'\n'j': '16'\n`);
  });

  test("block text keeps its lines, its chomping and what is indented in it", () => {
    expect(
      format("a: |\n      one\n        two\n\n      three\n\n\nb: >-\n   x\n\n   y\nc: |+\n  z\n\n\nd: |2\n    indented\n   less\n"),
    ).toBe("a: |\n  one\n    two\n\n  three\n\nb: >-\n  x\n\n  y\nc: |+\n  z\n\n\nd: |2\n    indented\n   less\n");
  });

  test("text over several lines keeps its lines", () => {
    expect(format('a: one\n      two\n\n      three   # said\nb: "one\n  two\\\n     \\ three"\n')).toBe(
      'a: one\n  two\n\n  three # said\nb: "one\n  two\\\n  \\ three"\n',
    );
  });

  test("a column that the author began is kept straight, also after a longer key; none is begun for him", () => {
    expect(format("fields:\n  a:    int\n  bcd: int\n  efghijk: int\n\n  x: int\n  yz: int\n")).toBe(
      "fields:\n  a:       int\n  bcd:     int\n  efghijk: int\n\n  x: int\n  yz: int\n",
    );
    expect(format("resource: team\nparent: firm\nversion: 2\nunique:  [[name]]\nindexes: [[plan]]\n")).toBe(
      "resource: team\nparent: firm\nversion: 2\nunique:  [[name]]\nindexes: [[plan]]\n",
    );
    expect(format("a: 1   # one\nlong: 22 # two\nx: 3\n")).toBe("a: 1      # one\nlong: 22  # two\nx: 3\n");
  });

  test("comments stay where they were said, at the depth that they were said at", () => {
    const text =
      "# first\n\n# of the resource\nresource: team # behind\nfields: # of all fields\n  # of name\n  name: string\n  # the end of fields\n# of states\nstates:\n  live:\n    # of to\n    to: stop\n# last\n---\n# of the second\ntask: x\n\n# the very last\n";
    expect(format(text)).toBe(text);
  });

  test("CRLF, a byte order mark and documents between marks", () => {
    expect(format("\ufeffresource: a\r\n\r\n---   # second\r\n\r\n\r\ntask:  b\r\n...\r\n# tail\r\n")).toBe(
      "resource: a\n\n--- # second\ntask: b\n...\n# tail\n",
    );
  });

  test.each(["a: &x 1\nb: *x\n", "a: !!str 1\n", "%YAML 1.1\n---\na: 1\n", "a: [1\n", "a: 1\n\tb: 2\n", "? a\n: b\n", "<<<<<<< HEAD\n"])(
    "what the language forbids is left as it is: %j",
    (text) => {
      expect(formatSpec({ path: "specs/any.yaml", text })).toBe(text);
    },
  );
});

describe("on specs that were shaken", () => {
  const texts = [projectRoot, ...goldenCases.map(({ folder }) => folder)].flatMap((folder) =>
    compileFolder(folder).sources.map((source) => source.text),
  );
  const shakes: readonly ((line: string, mark: string) => string)[] = [
    (line, mark) => `${line}\n        # ${mark}`,
    (line) => `\n\n${line}`,
    (line, mark) => `${line}   # ${mark}`,
    (line, mark) => line.replace(/([,{[]) ?/, `$1 # ${mark}\n          `),
    (line, mark) => line.replace(/: /, `: # ${mark}\n          `),
    (line) => line.replace(/: /, ":     "),
    (line) => line.replace(/, /, ",\n              "),
    (line, mark) => line.replace(/ ?([}\]])$/, `\n # ${mark}\n          $1`),
  ];
  const shaken = fc
    .tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(), fc.nat({ max: shakes.length - 1 })), { minLength: 1, maxLength: 6 }))
    .map(([text, edits]) => {
      const lines = text.split("\n");
      for (const [at, [where, which]] of edits.entries())
        lines[where % lines.length] = shakes[which]?.(lines[where % lines.length] ?? "", `mark ${at}!`) ?? "";
      return lines.join("\n");
    });

  test("the values are the same, every comment is there, a second run changes nothing", () => {
    let changed = 0;
    const written = (text: string): unknown => parseSpec({ path: "specs/any.yaml", text }).value.map((document) => document.written);
    const marks = (text: string): readonly string[] => (text.match(/# mark \d!/g) ?? []).toSorted();
    fc.assert(
      fc.property(shaken, (text) => {
        const formatted = format(text);
        if (formatted !== text) changed += 1;
        expect(written(formatted)).toEqual(written(text));
        expect(marks(formatted)).toEqual(marks(text));
      }),
      { numRuns: 300 },
    );
    // Most of what was shaken is still YAML; else this would say nothing.
    expect(changed).toBeGreaterThan(200);
  });
});

describe("the line ends of a file", () => {
  test.each([
    ["CRLF stays where there is nothing else", "resource: a\r\ndoc: |\r\n  b\r\n\r\n  c\r\n", null],
    ["CRLF stays in what is laid out", "resource:  a\r\nfields: {b: int}\r\n", "resource: a\r\nfields:   { b: int }\r\n"],
    ["a mixture becomes LF", "resource:  a\r\nfields: {b: int}\n", "resource: a\nfields:   { b: int }\n"],
  ])("%s", (_, before, after) => {
    const folder = mkdtempSync(join(tmpdir(), "pliny-fmt-"));
    try {
      const path = join(folder, "specs/a.yaml");
      mkdirSync(join(folder, "specs"));
      writeFileSync(path, before);
      const project = openProject(folder);
      if (project === null) throw new Error(`${folder} is no folder.`);
      const context: Context = {
        project, now: () => 0, wallClock: () => 0, input: () => Promise.resolve(new Uint8Array()), progress: () => {},
        environment: {}, user: () => "test", interruption: () => new AbortController().signal,
        urgency: () => new AbortController().signal, say: () => {}, show: () => Promise.resolve(), board: null,
      };
      expect(fmt(context, { check: true, paths: [] }).exitCode).toBe(after === null ? 0 : 1);
      fmt(context, { check: false, paths: [] });
      expect(readFileSync(path, "utf8")).toBe(after ?? before);
      expect(fmt(context, { check: true, paths: [] }).exitCode).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
