// The golden cases: specs in; files and diagnostics out, every byte of them. `UPDATE=1 npx vitest run test/cases.test.ts` rewrites what is
// expected; git shows what that changed. A case that is wrong has no expected/; a case that is right need not have one.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasErrors } from "../compiler/diagnostic.js";
import { renderDiagnostics } from "../compiler/render.js";
import { compileFolder, filesUnder, goldenCases, type CaseResult, type GoldenCase } from "./setup/cases.js";

const update = process.env["UPDATE"] === "1";

test("there are cases", () => {
  expect(goldenCases.length).toBeGreaterThan(0);
});

describe.each(goldenCases)("$name", (goldenCase) => {
  const result = compileFolder(goldenCase.folder);

  // A test and not a step before all of them, so that `-t` rewrites what it names and nothing else.
  test.each(update ? ["expected"] : [])("%s is rewritten", () => rewrite(goldenCase, result));

  test("diagnostics", () => {
    expect(render(result)).toBe(expectedDiagnostics(goldenCase));
  });

  test("files: none after an error, else what is expected, every byte", () => {
    const folder = join(goldenCase.folder, "expected");
    if (hasErrors(result.diagnostics)) expect([...result.files, ...filesUnder(folder)]).toEqual([]);
    else expect(result.files.length).toBeGreaterThan(0);
    if (!existsSync(folder)) return;
    const files = ofTheCase(result);
    expect(files.map((file) => file.path).sort()).toEqual(filesUnder(folder));
    for (const file of files) expect(file.text, file.path).toBe(readFileSync(join(folder, file.path), "utf8"));
  });

  test("the same again, and whatever the order of the files", () => {
    for (const again of [compileFolder(goldenCase.folder), compileFolder(goldenCase.folder, "reversed")]) {
      expect(again.files).toEqual(result.files);
      expect(render(again)).toBe(render(result));
    }
  });
});

/** The schemas for editors are the same whatever the specs; the example's generated code has them. */
function ofTheCase(result: CaseResult): CaseResult["files"] {
  return result.files.filter((file) => !file.path.startsWith("schema/"));
}

function render(result: CaseResult): string {
  return result.diagnostics.length === 0 ? "" : renderDiagnostics(result.diagnostics, { format: "text", colour: false });
}

function expectedDiagnostics(goldenCase: GoldenCase): string {
  const path = join(goldenCase.folder, "diagnostics.txt");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function rewrite(goldenCase: GoldenCase, result: CaseResult): void {
  const diagnostics = join(goldenCase.folder, "diagnostics.txt");
  const expected = join(goldenCase.folder, "expected");
  if (result.diagnostics.length > 0) writeFileSync(diagnostics, render(result));
  else rmSync(diagnostics, { force: true });
  if (!existsSync(expected)) return;
  rmSync(expected, { recursive: true });
  for (const file of ofTheCase(result)) {
    mkdirSync(dirname(join(expected, file.path)), { recursive: true });
    writeFileSync(join(expected, file.path), file.text);
  }
}
