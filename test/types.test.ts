// All that is generated for all golden cases passes `tsc` under its strictest flags, in one run, and gets there by no trick.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { nastySources } from "./setup/nasty.js";
import { readSyntax, typeCheck, writeProject } from "./setup/typescript.js";
import { compile } from "../compiler/compile.js";

const folder = mkdtempSync(join(tmpdir(), "pliny-types-"));
afterAll(() => rmSync(folder, { recursive: true }));

const parts = new Map(
  goldenCases.map(({ name, folder: source }) => [name, compileFolder(source).files] as const).filter(([, files]) => files.length > 0),
);
parts.set("nasty", compile(nastySources("\"'`*/${}\n\\")).files);
const sources = [...parts].flatMap(([part, files]) =>
  files.filter((file) => file.path.endsWith(".ts")).map((file) => ({ path: `${part}/${file.path}`, text: file.text })),
);

test("strict tsc has nothing to say", () => {
  expect(sources.length).toBeGreaterThan(0);
  writeProject(folder, parts);
  expect(typeCheck(folder)).toBe("");
});

test("tsc would say so, were there a mistake", () => {
  const broken = mkdtempSync(join(tmpdir(), "pliny-broken-"));
  writeProject(
    broken,
    new Map([["broken", [{ path: "broken.ts", text: 'import { type None } from "pliny/runtime";\nexport const none: None = [1][0];\n' }]]]),
  );
  expect(typeCheck(broken)).toContain("broken.ts");
  rmSync(broken, { recursive: true });
});

describe.each(sources)("$path", ({ text }) => {
  test("no any, no `!`, no disabled check", () => {
    const { shape, errors } = readSyntax(text);
    expect(errors).toEqual([]);
    expect(shape).not.toContain("AnyKeyword");
    expect(shape).not.toContain("NonNullExpression");
    expect(text).not.toMatch(/^[\s/*]*(@ts-|(oxlint|eslint)-disable)/m);
  });
});
