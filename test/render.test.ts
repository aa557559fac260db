// How diagnostics are shown: to people, to programs, to code scanning and to GitHub; and the long stories.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { report, type Diagnostic } from "../compiler/diagnostic.js";
import { keywords } from "../compiler/keywords.js";
import { parseSpec } from "../compiler/parse.js";
import { explain, renderDiagnostics, type Format } from "../compiler/render.js";

function find(text: string, path: string = "specs/any.yaml"): readonly Diagnostic[] {
  return parseSpec({ path, text }).diagnostics;
}

function render(diagnostics: readonly Diagnostic[], format: Format = "text", colour: boolean = false): string {
  return renderDiagnostics(diagnostics, { format, colour });
}

/** The two lines of the frame around a stretch of a text. */
function frame(text: string, start: number, end: number): readonly string[] {
  return render([report.anchor({ file: { path: "a.yaml", text }, start, end })]).split("\n").slice(1, 3);
}

describe("text", () => {
  test("says where, what, and what to write instead", () => {
    expect(render(find("resource: a\nstates:\n  x: { to: stop, timout: 1h }\nresource: b\n"))).toBe(
      [
        "error SPC019 specs/any.yaml:3:18: There is no key 'timout' in a state of a resource.",
        "    3 |   x: { to: stop, timout: 1h }",
        "      |                  ^^^^^^",
        "  hint: Did you mean 'timeout'?",
        "  edit: timout → timeout",
        "",
        "error SPC008 specs/any.yaml:4:1: The key 'resource' stands here a second time.",
        "    4 | resource: b",
        "      | ^^^^^^^^",
        "  hint: Remove or rename one of the two.",
        "  see specs/any.yaml:1:1: It stands here first.",
        "",
        "2 errors.",
        "",
      ].join("\n"),
    );
  });

  test("counts what there is, and says nothing of nothing", () => {
    expect(render([])).toBe("");
    const [warning] = find("");
    const [error] = find("resource: a\nresource: b\n");
    if (warning === undefined || error === undefined) throw new Error("no diagnostic");
    expect(render([error, warning, { ...warning, severity: "info" }, error])).toMatch(/\n2 errors, 1 warning, 1 note\.\n$/);
    expect(render([warning])).toMatch(/\n1 warning\.\n$/);
  });

  test("a file without text has no frame", () => {
    expect(render(find(""))).not.toContain("|");
  });

  test("marks stand under what they mark, whatever stands before", () => {
    const cases: readonly (readonly [before: string, marked: string, after: string, shown: string, indent: number, marks: number])[] = [
      ["", "doc", ": x", "doc: x", 0, 3],
      ["\t\t", "doc", ": x", "    doc: x", 4, 3],
      ["数据: ", "库", " # wide", "数据: 库 # wide", 6, 2],
      ["a: 😀 ", "b", "", "a: 😀 b", 6, 1],
      ["e\u0301: ", "b", "", "e\u0301: b", 3, 1],
      ["a\u0007\u001b[31m: ", "b", "\u007f", "a␇␛[31m: b␡", 9, 1],
      ["a\u202eb: ", "c", "", "a\\u{202e}bc".replace("bc", "b: c"), 12, 1],
      ["a: b", "", "", "a: b", 4, 1],
    ];
    for (const [before, marked, after, shown, indent, marks] of cases) {
      const text = `x: 1\n${before}${marked}${after}\r\ny: 2`;
      const start = 5 + before.length;
      expect(frame(text, start, start + marked.length)).toEqual([`    2 | ${shown}`, `      | ${" ".repeat(indent)}${"^".repeat(marks)}`]);
    }
  });

  test("of several lines the first is marked", () => {
    expect(frame("a: {\n  b: 1\n}\n", 3, 15)).toEqual(["    1 | a: {", "      |    ^"]);
  });

  test("a long line is cut around the place", () => {
    const text = `${"x".repeat(500)}HERE${"y".repeat(500)}`;
    const [line = "", marks = ""] = frame(text, 500, 504);
    expect(line).toMatch(/^ {4}1 \| …x{40}HEREy{76}…$/);
    expect(line.indexOf("HERE")).toBe(marks.indexOf("^^^^"));
    const [whole = "", all = ""] = frame(text, 0, text.length);
    expect(whole.length).toBeLessThan(140);
    expect(all).toMatch(/\| \^{120}$/);
    // No pair is torn where the line is cut.
    expect(frame("😀".repeat(300), 300, 302).join("")).not.toContain("\\u{d8");
  });

  test("nothing that a spec or a path holds reaches the terminal as a control character", () => {
    const anything = fc.string({ unit: "binary", maxLength: 80 });
    fc.assert(
      fc.property(anything, anything, fc.nat(), fc.nat(), (text, path, start, length) => {
        const file = { path, text };
        const from = start % (text.length + 1);
        const at = { file, start: from, end: Math.min(from + (length % 50), text.length) };
        const shown = render([report.unknownKey(at, { key: text, where: path, near: text, elsewhere: null, allowed: [] }), report.duplicateKey(at, { key: text, first: at })]);
        expect(shown.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/u);
      }),
      { numRuns: 500 },
    );
  });

  test("colour changes nothing else", () => {
    const diagnostics = find("resource: a\nresource: b\n");
    const coloured = render(diagnostics, "text", true);
    expect(coloured).toContain("\u001b[1;31merror SPC008\u001b[0m");
    expect(coloured.replace(/\u001b\[[0-9;]*m/g, "")).toBe(render(diagnostics));
    expect(render(diagnostics)).not.toContain("\u001b");
  });
});

describe("for programs", () => {
  const diagnostics = find("resource: a\nstates:\n  x: { to: stop, timout: 1h }\nresource: b\n", "specs/an odd, 100%:name.yaml");

  test("json", () => {
    expect(JSON.parse(render(diagnostics, "json"))).toEqual([
      {
        file: "specs/an odd, 100%:name.yaml",
        line: 3,
        column: 18,
        endLine: 3,
        endColumn: 24,
        code: "SPC019",
        severity: "error",
        message: "There is no key 'timout' in a state of a resource.",
        hint: "Did you mean 'timeout'?",
        edit: { file: "specs/an odd, 100%:name.yaml", line: 3, column: 18, endLine: 3, endColumn: 24, newText: "timeout" },
        related: [],
      },
      expect.objectContaining({ code: "SPC008", edit: null, related: [{ file: "specs/an odd, 100%:name.yaml", line: 1, column: 1, endLine: 1, endColumn: 9, message: "It stands here first." }] }),
    ]);
    expect(render([], "json")).toBe("[]\n");
  });

  test("sarif", () => {
    const log = JSON.parse(render([...diagnostics, ...find("", "b.yaml")], "sarif"));
    expect(log).toMatchObject({ version: "2.1.0", $schema: expect.stringContaining("sarif-2.1.0") });
    const [{ tool, results, columnKind }] = log.runs;
    expect(columnKind).toBe("utf16CodeUnits");
    expect(tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual(["SPC008", "SPC014", "SPC019"]);
    for (const rule of tool.driver.rules) {
      expect(rule.fullDescription.text.length).toBeGreaterThan(20);
      expect(rule.help.text).toContain(rule.fullDescription.text);
      expect(rule.shortDescription.text).toMatch(/[.:]$/);
      expect(rule.name).toMatch(/^[A-Z][A-Za-z]+$/);
    }
    for (const result of results) {
      expect(tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(result.message.text).not.toBe("");
      const [{ physicalLocation: { region, artifactLocation } }] = result.locations;
      expect(region.startLine).toBeGreaterThan(0);
      expect(region.startColumn).toBeGreaterThan(0);
      expect(region.endColumn).toBeGreaterThanOrEqual(region.startColumn);
      expect(new URL(artifactLocation.uri, "file:///project/").pathname).toMatch(/^\/project\/(b\.yaml|specs\/an%20odd%2C%20100%25%3Aname\.yaml)$/);
    }
    expect(results.map((result: { level: string }) => result.level)).toEqual(["error", "error", "warning"]);
    expect(results[0].fixes[0].artifactChanges[0].replacements).toEqual([{ deletedRegion: { startLine: 3, startColumn: 18, endLine: 3, endColumn: 24 }, insertedContent: { text: "timeout" } }]);
    expect(results[1].relatedLocations).toHaveLength(1);
  });

  test("github", () => {
    const [unknown, twice] = render(diagnostics, "github").split("\n");
    expect(unknown).toBe(
      "::error file=specs/an odd%2C 100%25%3Aname.yaml,line=3,endLine=3,col=18,endColumn=23,title=SPC019::There is no key 'timout' in a state of a resource.%0ADid you mean 'timeout'?",
    );
    expect(twice).toMatch(/^::error .*title=SPC008::The key/);
    expect(render(find("", "b.yaml"), "github")).toMatch(/^::warning file=b\.yaml,line=1,endLine=1,col=1,endColumn=1,title=SPC014::This file says nothing\.%0A/);
    expect(render([], "github")).toBe("");
  });

  test("no text of a spec ends a workflow command or a line of JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: "binary", maxLength: 30 }), (text, path) => {
        const at = { file: { path, text }, start: 0, end: text.length };
        const made = [report.unknownKey(at, { key: text, where: path, near: null, elsewhere: text, allowed: [] })];
        expect(render(made, "github").split(/[\r\n]/)).toHaveLength(2);
        expect(JSON.parse(render(made, "json"))).toHaveLength(1);
        expect(() => new URL(JSON.parse(render(made, "sarif")).runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, "file:///project/")).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

describe("explain", () => {
  test.each(Object.entries(report))("%s has a story with its code", (_, { code, story, severity }) => {
    expect(explain(code)).toContain(`${code} (${severity})`);
    expect(explain(code.toLowerCase())).toContain(story.trim().slice(0, 60));
  });

  test("a keyword is told wherever it stands", () => {
    const story = explain("timeout") ?? "";
    for (const text of ["In a task: ", "In a state of a resource: ", "In a state of a task: ", "default: 15m", "TMO001", "such as 90s"]) expect(story).toContain(text);
    for (const { keyword, doc } of keywords) expect(explain(keyword)).toContain(doc);
    expect(explain("retry")).toContain("a mapping with max, backoff");
  });

  test("no other word is", () => {
    for (const word of ["", "SPC999", "timout", "constructor", "__proto__"]) expect(explain(word)).toBeNull();
  });
});
