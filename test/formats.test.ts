// The formats for other programs: each holds what its readers ask for, by a schema or a parser of theirs, and no text of a spec breaks out of one.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { Ajv, type ValidateFunction } from "ajv";
import fc from "fast-check";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { describe, expect, test } from "vitest";
import { applyBaseline, baselineText, readBaseline } from "../compiler/baseline.js";
import { compile } from "../compiler/compile.js";
import { report, type Diagnostic } from "../compiler/diagnostic.js";
import { markdown } from "../compiler/formats/markdown.js";
import { plainRun, type Run } from "../compiler/formats/run.js";
import { reportSchemas } from "../compiler/formats/schema.js";
import { renderDiagnostics, type Format } from "../compiler/render.js";
import { rules } from "../compiler/rules.js";
import { changedDiagrams } from "../compiler/views/diagrams.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { diffSpecs, modelOf } from "./setup/diffs.js";
import { projectRoot } from "./setup/project.js";

const diffRun: Run = { ...plainRun, command: "diff", version: "1.0.0", basePrefix: "base:", summary: ["It is compared."] };

/** What is found in the example of each rule, some of it in a baseline; and in each golden case. */
const diffs = rules.map(({ code, words }) => {
  const { diagnostics, findings } = diffSpecs(words.example.before, words.example.after);
  const baseline = readBaseline({ path: "pliny.baseline", text: `${baselineText(findings.slice(0, 1))}AAAAAAAAAAAAAAAA FLD001 gone\n` });
  return { name: code, diagnostics: code.endsWith("1") && "length" in baseline ? applyBaseline(diagnostics, baseline) : diagnostics };
});
const checks = goldenCases.map(({ name, folder }) => ({ name, diagnostics: compileFolder(folder).diagnostics }));
const cases = [...diffs.map((each) => ({ ...each, run: diffRun })), ...checks.map((each) => ({ ...each, run: plainRun }))];

function render(diagnostics: readonly Diagnostic[], format: Format, run: Run = diffRun): string {
  return renderDiagnostics(diagnostics, { format, colour: false, run });
}

function isUri(value: string): boolean {
  return /^(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-F]{2})*$/.test(value);
}

function validator(schema: object): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
  ajv.addFormat("uri", (value) => isUri(value) && URL.canParse(value));
  ajv.addFormat("uri-reference", isUri);
  ajv.addFormat("date-time", (value) => !Number.isNaN(Date.parse(value)));
  return ajv.compile(schema);
}

test("sarif is valid by the published schema, whatever is found", () => {
  // Its draft-04 uses nothing that draft-07 reads otherwise.
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(join(projectRoot, "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"), "utf8"));
  const isValid = validator(schema);
  for (const { name, diagnostics, run } of cases) {
    const log = JSON.parse(render(diagnostics, "sarif", run));
    isValid(log);
    expect(isValid.errors, name).toBeNull();
    const [{ results, tool }] = log.runs;
    for (const result of results) {
      expect(tool.driver.rules[result.ruleIndex]).toMatchObject({ id: result.ruleId, help: { text: expect.stringContaining(result.ruleId) } });
      expect(result.partialFingerprints["pliny/v1"]).toMatch(/^[A-Za-z0-9]{1,16}(-\d+)?$/);
      expect(JSON.stringify(result.locations)).not.toContain("base%3A");
    }
    const prints = results.map((result: { partialFingerprints: object }) => JSON.stringify(result.partialFingerprints));
    expect(new Set(prints).size, name).toBe(prints.length);
  }
  const failed = JSON.parse(render([], "sarif", { ...diffRun, problem: "there is no commit 'x'" }));
  expect(isValid(failed)).toBe(true);
  expect(failed.runs[0].invocations[0]).toMatchObject({ executionSuccessful: false });
  expect(isValid({ ...failed, runs: [{}] })).toBe(false);
});

test("json is valid by the schemas that ship", () => {
  const isValid = { diff: validator(reportSchemas.diff), check: validator(reportSchemas.check) };
  for (const { name, diagnostics, run } of cases) {
    const command = run.command === "diff" ? "diff" : "check";
    const plain = { command, exitCode: 2, diagnostics: JSON.parse(render(diagnostics, "json", run)) };
    isValid[command](plain);
    expect(isValid[command].errors, name).toBeNull();
    expect(isValid[command]({ ...plain, exitCode: 1 })).toBe(false);
    expect(isValid[command]({ ...plain, other: 1 })).toBe(false);
  }
});

test.each(rules.map(({ code, words }) => ({ code, ...words.example })).filter(({ before, after }) => !/code|lane/.test(before + after)).filter((_, at) => at % 8 === 0))(
  "json of a real run is valid too: $code",
  ({ before, after }) => {
    const folder = mkdtempSync(join(tmpdir(), "pliny-formats-"));
    try {
      for (const [side, text] of Object.entries({ base: before, head: after })) {
        mkdirSync(join(folder, side, "specs"), { recursive: true });
        writeFileSync(join(folder, side, "specs/spec.yaml"), text);
      }
      const cli = join(projectRoot, "dist/compiler/cli.js");
      const said = (...args: readonly string[]): unknown => JSON.parse(spawnSync(process.execPath, [cli, ...args, "--json", "--cwd", join(folder, "head")], { encoding: "utf8" }).stdout);
      const [diff, check] = [validator(reportSchemas.diff), validator(reportSchemas.check)];
      const outcome = said("diff", "--base", join(folder, "base"));
      diff(outcome);
      expect(diff.errors).toBeNull();
      expect(outcome).toMatchObject({ base: { commit: null } });
      expect(outcome).not.toHaveProperty("changes", []);
      check(said("check"));
      expect(check.errors).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("gitlab asks for a path, a line and a fingerprint that no other has", () => {
  for (const { name, diagnostics, run } of cases) {
    const issues = JSON.parse(render(diagnostics, "gitlab", { ...run, folder: "packages/control/" }));
    for (const { check_name: code, description, severity, location } of issues) {
      expect([code.length, description.length > 0, location.lines.begin > 0]).toEqual([6, true, true]);
      expect(["info", "minor", "major", "critical", "blocker"]).toContain(severity);
      expect(location.path).toMatch(/^packages\/control\/(?!base:)/);
    }
    expect(new Set(issues.map((issue: { fingerprint: string }) => issue.fingerprint)).size, name).toBe(diagnostics.length);
  }
  expect(JSON.parse(render([], "gitlab", { ...diffRun, problem: "no" }))).toMatchObject([{ severity: "blocker" }]);
});

describe("junit", () => {
  const suiteOf = (xml: string): XmlElement => {
    const suite = parseXml(xml).root?.children.find((child) => child instanceof XmlElement);
    if (suite instanceof XmlElement) return suite;
    throw new Error("There is no suite.");
  };

  test("fails what the command fails for, skips what is in the baseline, and is never without a test", () => {
    for (const { diagnostics, run } of cases) {
      const xml = render(diagnostics, "junit", run);
      const { tests, failures, skipped } = suiteOf(xml).attributes;
      expect(Number(tests)).toBe(Math.max(diagnostics.length, 1));
      expect(Number(failures)).toBe(xml.split("<failure ").length - 1);
      expect(Number(skipped)).toBe(diagnostics.filter((each) => "inBaseline" in each).length);
    }
    const [first] = diffSpecs("resource: a", "resource: a\nfields: { x: int }").diagnostics;
    expect(render(first === undefined ? [] : [first], "junit", { ...diffRun, failOn: "info" })).toContain('failures="1"');
    expect(render([], "junit", { ...diffRun, problem: "no" })).toContain('<error message="no"/>');
  });
});

test("no text of a spec or a path breaks out of XML, Markdown or a workflow command", () => {
  const mark = fc.constantFrom(..."\\`*_{}[]()#+-.!|<>~&$:;=\"'/@%^ \t\n\r\u0000\u202e\ufffe\ud800aZé😀", "]]>", "<!--", "-->", "```", "</details>", "\n\n", "::error::");
  const nasty = fc.array(mark, { maxLength: 14 }).map((marks) => marks.join(""));
  fc.assert(
    fc.property(nasty, nasty, (text, path) => {
      const at = { file: { path: path === "" ? "a" : path, text }, start: 0, end: text.length };
      const found = [{ ...report.unknownKey(at, { key: text, where: text, near: null, elsewhere: null, allowed: [] }), hint: text, edit: { at, newText: text } }];
      const run = { ...diffRun, problem: text, summary: [text] };
      expect(parseXml(render(found, "junit", run)).root?.children.filter((child) => child.type === "element")).toHaveLength(1);
      expect(render(found, "github", run).trimEnd().split(/[\r\n]/)).toHaveLength(2);
      const kinds = fromMarkdown(render(found, "md", run), { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }).children;
      expect(kinds.filter((node) => node.type === "table")).toHaveLength(1);
      const [table] = kinds.filter((node) => node.type === "table");
      expect(table?.type === "table" ? table.children.map((row) => row.children.length) : []).toEqual([4, 4]);
      expect(kinds.filter((node) => node.type === "html")).toHaveLength(1);
      expect(kinds.filter((node) => node.type === "code" || node.type === "list" || node.type === "thematicBreak")).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

describe("md", () => {
  const before = "resource: database\nstates:\n  live: { to: [idle, old, stop] }\n  idle: { to: live }\n  old: { to: live }";
  const after = "resource: database\nstates:\n  live: { to: [busy, stop] }\n  idle: { to: live }\n  busy: { to: [live, idle] }";

  test("begins with its mark, counts by severity and axis, and draws what changed", () => {
    const { diagnostics, changes } = diffSpecs(before, after);
    const text = markdown(diagnostics, { ...diffRun, diagrams: () => changedDiagrams(modelOf(before), modelOf(after), changes) });
    expect(text.split("\n")[0]).toBe("<!-- pliny diff -->");
    expect(text).toContain("| Errors |");
    expect(text).toMatch(/s_busy\["busy"\]:::added[\s\S]*s_old\["old"\]:::removed[\s\S]*s_live -\.-> s_idle/);
    expect(text).toMatch(/linkStyle [\d,]+ stroke:#1a7f37[\s\S]*linkStyle [\d,]+ stroke:#cf222e/);
  });

  test("is never longer than GitHub takes, and says what was left out", () => {
    const [example] = diffSpecs("resource: a\nfields: { x: int }", "resource: a").diagnostics;
    if (example === undefined) throw new Error("no finding");
    const many = Array.from({ length: 900 }, (_, at) => ({ ...example, message: `${"😀".repeat(40)}${at}` }));
    const text = markdown(many, { ...diffRun, diagrams: () => [{ title: "x", mermaid: "y".repeat(60_000) }] });
    expect(text.length).toBeLessThanOrEqual(65_536);
    const shown = text.split("\n").filter((line) => line.startsWith("| FLD001")).length;
    expect(shown).toBeGreaterThan(50);
    expect(text).toContain(`${900 - shown} findings and 1 diagram are left out`);
  });

  test("nothing that did not change is drawn", () => {
    const { changes } = diffSpecs(after, after.replace("resource: database", "resource: database\ndoc: Other."));
    expect(changedDiagrams(modelOf(after), modelOf(after), changes)).toEqual([]);
  });
});

test("github shows ten of a kind, so the tenth says how many more stand in the log", () => {
  const { diagnostics } = compile([{ path: "specs/a.yaml", text: `resource: a\nfields:\n${Array.from({ length: 14 }, (_, at) => `  f${at}: nonesuch\n`).join("")}` }]);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const lines = render(errors, "github").trimEnd().split("\n");
  expect(errors.length).toBeGreaterThan(10);
  expect(lines.filter((line) => line.startsWith("::error "))).toHaveLength(10);
  expect(lines[9]).toBe(`::error title=pliny diff::${errors.length - 9} more of this kind stand in the log of this step.`);
  expect(lines.slice(10)).toHaveLength(errors.length - 9);
});
