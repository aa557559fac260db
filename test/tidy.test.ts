// The rules of the house that neither a type nor the linter tells: how files are named and opened, that every mistake and every keyword has
// a case, what is public, and how much is generated.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Project } from "ts-morph";
import { describe, expect, test } from "vitest";
import { hasErrors, report } from "../compiler/diagnostic.js";
import type { SpecValue } from "../compiler/document.js";
import { configSchema, findKeyword, type JsonSchema, kinds, keywords, languageSchema } from "../compiler/keywords.js";
import { parseSpec } from "../compiler/parse.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

// Those of git and those about to be; not those that are deleted and yet known to it.
const committed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: projectRoot,
  encoding: "utf8",
})
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(projectRoot, path)));
const ours = committed.filter((path) => !path.startsWith("test/cases/") && !path.startsWith("generated/"));
const sources = ours.filter((path) => /\.(ts|mjs)$/.test(path));

function read(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}

describe("files", () => {
  test("are named in kebab-case, by what they hold", () => {
    const usual = /^(README|ARCHITECTURE|CHANGELOG|CONTRIBUTING|LICENSE)(\.md)?$/;
    const wrong = ours.filter((path) =>
      path.split("/").some((part) => !usual.test(part) && !/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(part)),
    );
    expect(wrong).toEqual([]);
    const vague = ours.filter((path) => /(^|[-_.])(utils?|helpers?|common|managers?|services?|misc|info)([-_.]|$)/.test(basename(path)));
    expect(vague).toEqual([]);
  });

  test("can be checked out on Windows, which keeps some names and characters for itself", () => {
    const wrong = committed.filter((path) => path.split("/").some((part) => /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:"|?*\\]|[. ]$/i.test(part)));
    expect(wrong).toEqual([]);
  });

  test.each(sources)("%s opens with a sentence of what it is for", (path) => {
    const [comment = ""] = /^(\/\/ .*\n)+/.exec(read(path).replace(/^#!.*\n/, "")) ?? [];
    expect(comment).toMatch(/^\/\/ \S.* .*[\s\S]*[.:]\n$/);
  });

  test("leave nothing to be done without saying when", () => {
    const undone = new RegExp(
      `\\b(${["TO", "FIX"].map((start, at) => start + ["DO", "ME"][at]).join("|")})\\b(?! (when|once|until|after) )`,
    );
    expect(ours.filter((path) => undone.test(read(path)))).toEqual([]);
  });

  test("name no machine and no registry", () => {
    const machine = /\/(home|root|Users|work)\/|[A-Z]:\\Users|registry\.npm|npmjs\.(org|com)|"resolved"\s*:/;
    const wrong = committed.filter((path) => machine.test(read(path)));
    expect(wrong).toEqual([]);
  });
});

describe("every mistake", () => {
  const mistakes = Object.entries(report).map(([name, make]) => ({ name, code: make.code, severity: make.severity, story: make.story }));
  const printed = goldenCases
    .map(({ folder }) => join(folder, "diagnostics.txt"))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  // What the disk or a handlers' file has to do with is no matter of specs alone, and a spec that is too large is none for git; the tests
  // of the commands make and check it.
  const commandTests = ["test/cli.test.ts", "test/files.test.ts", "test/handlers.test.ts", "test/diff.test.ts"].map(read).join("\n");

  test("has a code of its own", () => {
    const codes = mistakes.map((mistake) => mistake.code);
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
  });

  test.each(mistakes)("$name ($code) is shown by a golden case, and has a story", ({ code, story }) => {
    const byCommands = /^(GEN|ALW)/.test(code) || code === report.fileTooLarge.code;
    expect(byCommands ? printed + commandTests : printed).toMatch(new RegExp(`\\b${code}\\b`));
    expect(story.length).toBeGreaterThan(80);
  });
});

describe("every keyword", () => {
  const used = keywordsUsed();

  test.each(keywords.map(({ kind, keyword }) => `${kind}: ${keyword}`))("%s stands in a spec of some case that is right", (keyword) => {
    expect(used).toContain(keyword);
  });
});

/** The rows of `keywords` that the example and the golden cases without an error use, found by walking their documents along the language's schema. */
function keywordsUsed(): ReadonlySet<string> {
  const used = new Set<string>();
  const definitions = languageSchema().definitions ?? {};
  const isKind = (name: string): name is keyof typeof kinds => Object.hasOwn(kinds, name);

  /** A schema and all that it refers to, whatever the condition; the names of the definitions among them say what kind the value is of. */
  const unfold = (schema: JsonSchema, names: Set<string>): readonly JsonSchema[] => {
    const parts = [
      schema,
      ...[schema.then, schema.else, ...(schema.allOf ?? [])].flatMap((part) => (part === undefined ? [] : unfold(part, names))),
    ];
    if (schema.$ref === undefined) return parts;
    const name = decodeURIComponent(schema.$ref.slice("#/definitions/".length));
    const definition = definitions[name];
    if (definition === undefined || names.has(name)) return parts;
    names.add(name);
    return [...parts, ...unfold(definition, names)];
  };

  const visit = (value: SpecValue, schemas: readonly JsonSchema[]): void => {
    if (value === null || typeof value !== "object") return;
    const names = new Set<string>();
    const parts = schemas.flatMap((schema) => unfold(schema, names));
    if (Array.isArray(value)) {
      for (const item of value)
        visit(
          item,
          parts.flatMap((part) => (part.items === undefined ? [] : [part.items])),
        );
      return;
    }
    const type = "type" in value ? `${String(value["type"])} field` : "";
    // What stands in an element of a container stands in a field; `element` among the kinds is what all elements of a spec may carry.
    const candidates = [...[...names].filter((name) => name !== "element"), type, "field", "element"].filter(isKind);
    for (const [keyword, member] of Object.entries(value)) {
      for (const kind of candidates) if (findKeyword(kind, keyword) !== undefined) used.add(`${kind}: ${keyword}`);
      const inner = parts.flatMap((part) => [part.properties?.[keyword], part.additionalProperties]);
      visit(
        member,
        inner.filter((schema) => schema !== undefined && typeof schema !== "boolean"),
      );
    }
  };

  for (const folder of [projectRoot, ...goldenCases.map((goldenCase) => goldenCase.folder)]) {
    const { sources, diagnostics } = compileFolder(folder);
    if (hasErrors(diagnostics)) continue;
    for (const source of sources) {
      for (const document of parseSpec(source).value)
        visit(document.spec, [document.kind === "config" ? configSchema() : { $ref: `#/definitions/${document.kind}` }]);
    }
  }
  return used;
}

describe("what is public", () => {
  const project = new Project({ tsConfigFilePath: join(projectRoot, "tsconfig.json"), skipAddingFilesFromTsConfig: true });

  test.each([
    ["pliny", "compiler/index.ts"],
    ["pliny/runtime", "runtime/index.ts"],
    ["pliny/codec", "runtime/codec/index.ts"],
  ])("%s", async (entry, path) => {
    const names = [...project.addSourceFileAtPath(join(projectRoot, path)).getExportedDeclarations()].map(
      ([name, declarations]) =>
        `${declarations.map((declaration) => declaration.getKindName().replace(/Declaration$/, "")).join("+")} ${name}`,
    );
    await expect(`${names.sort().join("\n")}\n`).toMatchFileSnapshot(`public/${entry.replace("/", "-")}.txt`);
  });
});

test("the example makes at most eight lines of TypeScript a line of spec", () => {
  const lines = (texts: readonly string[]): number => texts.flatMap((text) => text.split("\n")).filter((line) => line.trim() !== "").length;
  const { sources: specs, files } = compileFolder(projectRoot);
  const specLines = lines(specs.filter((spec) => spec.path.startsWith("specs/")).map((spec) => spec.text));
  const generatedLines = lines(files.filter((file) => file.path.endsWith(".ts")).map((file) => file.text));
  expect(specLines).toBeGreaterThan(100);
  expect(generatedLines).toBeGreaterThan(specLines);
  expect(generatedLines / specLines).toBeLessThanOrEqual(8);
});
