// The README is true: its spec compiles, its class is what is generated, its handlers fit.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../compiler/compile.js";
import { projectRoot } from "./setup/project.js";
import { typeCheck, writeProject } from "./setup/typescript.js";

const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
const [spec = ""] = blocks("yaml");
const [excerpt = "", handlers = "", program = "", tests = ""] = blocks("ts");

// What the README leaves to the reader: an owner, and a cloud.
const owner = "resource: team\n";
const around = `import type { DatabaseProvisionHandlers } from "./index.js";

declare const cloud: {
  allocate(ask: { plan: string; idempotencyKey: string; signal: AbortSignal }): Promise<{ id: string }>;
  isUp(id: string | null): Promise<boolean>;
};
`;

const beside = `import { readFileSync } from "node:fs";
import { type App, connect } from "pliny/runtime";
import { startTesting } from "pliny/testing";
import { Database, type Team } from "./index.js";

declare const app: App;
declare const team: Team;
`;

function blocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);
}

test("the spec compiles, and the class stands so in what is generated", () => {
  const { files, diagnostics } = compile([
    { path: "specs/database.yaml", text: spec },
    { path: "specs/team.yaml", text: owner },
  ]);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const made = files.find(({ path }) => path === "database.ts")?.text.split("\n");
  const lines = excerpt.split("\n").filter((line) => line.trim() !== "" && line.trim() !== "…");
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) expect(made).toContain(line);
});

test("strict tsc has nothing to say of the handlers, the program and its tests", () => {
  const folder = mkdtempSync(join(tmpdir(), "pliny-readme-"));
  const { files } = compile([
    { path: "specs/database.yaml", text: spec },
    { path: "specs/team.yaml", text: owner },
  ]);
  writeProject(folder, new Map([["generated", files]]));
  writeFileSync(join(folder, "generated/handlers.ts"), around + handlers);
  writeFileSync(join(folder, "generated/program.ts"), `${beside}export async function main(): Promise<void> {\n${program}}\nexport async function test(): Promise<void> {\n${tests}}\n`);
  expect([handlers, program, tests].map((text) => /to\.boot\(\)|connect\(|startTesting\(/.exec(text)?.[0])).toEqual(["to.boot()", "connect(", "startTesting("]);
  expect(typeCheck(folder)).toBe("");
  rmSync(folder, { recursive: true });
});
