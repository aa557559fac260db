// That each rule of the linter bites: tiny files, each of which breaks one rule of .oxlintrc.json, and others that look alike and break
// none.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "./setup/project.js";

// Each file breaks one rule and no other; the same linter runs over the project, with the same settings.
const bad: readonly (readonly [path: string, rule: string, text: string])[] = [
  ["compiler/one.ts", "import(no-cycle)", 'import type { Two } from "./two.js";\nexport type One = Two | 1;'],
  ["compiler/two.ts", "import(no-cycle)", 'import type { One } from "./one.js";\nexport type Two = One | 2;'],
  ["compiler/any.ts", "typescript(no-explicit-any)", "export const value: any = 1;"],
  ["compiler/default.ts", "import(no-default-export)", "export default 1;"],
  ["compiler/bang.ts", "typescript(no-non-null-assertion)", "export const first = (list: readonly string[]): string => list[0]!;"],
  ["compiler/ignore.ts", "typescript(ban-ts-comment)", '// @ts-ignore\nexport const value: number = "1";'],
  ["compiler/equal.ts", "eslint(eqeqeq)", "export const same = (left: unknown, right: unknown): boolean => left == right;"],
  ["compiler/console.ts", "eslint(no-console)", 'console.log("printed");'],
  ["compiler/environment.ts", "eslint(no-restricted-globals)", "export const home = process.env;"],
  ["compiler/clock.ts", "eslint(no-restricted-properties)", "export const now = Date.now();"],
  ["compiler/type-import.ts", "typescript(consistent-type-imports)", 'import { Source } from "./source.js";\nexport type Text = Source;'],
  ["compiler/Loud.ts", "unicorn(filename-case)", "export const value = 1;"],
  ["compiler/disk.ts", "eslint(no-restricted-imports)", 'export { readFileSync } from "node:fs";'],
  ["compiler/yaml.ts", "eslint(no-restricted-imports)", 'export { parse } from "yaml";'],
  ["compiler/lazy.ts", "eslint(no-restricted-imports)", 'export const load = (): Promise<unknown> => import("ts-morph");'],
  ["compiler/views/phase.ts", "eslint(no-restricted-imports)", 'export { parseSpec } from "../parse.js";'],
  ["compiler/emit.ts", "eslint(no-restricted-imports)", 'export { checkModel } from "./check.js";'],
  ["compiler/runtime.ts", "eslint(no-restricted-imports)", 'export { work } from "../runtime/worker/worker.js";'],
  ["compiler/views/contract.ts", "eslint(no-restricted-imports)", 'export { column } from "../../runtime/contract.js";'],
  ["compiler/command.ts", "eslint(no-restricted-imports)", 'export { generate } from "./commands/generate.js";'],
  ["compiler/commands/disk.ts", "eslint(no-restricted-imports)", 'export { readFileSync } from "node:fs";'],
  ["compiler/commands/morph.ts", "eslint(no-restricted-imports)", 'export { Project } from "ts-morph";'],
  ["compiler/commands/database.ts", "eslint(no-restricted-imports)", 'export { Client } from "pg";'],
  ["runtime/compiler.ts", "eslint(no-restricted-imports)", 'export { compile } from "../compiler/compile.js";'],
  ["runtime/generated.ts", "eslint(no-restricted-imports)", 'export { Team } from "../generated/team.js";'],
  ["runtime/worker/database.ts", "eslint(no-restricted-imports)", 'export { Client } from "pg";'],
  ["runtime/store/redis.ts", "eslint(no-restricted-imports)", 'export { Redis } from "ioredis";'],
  ["runtime/store/upwards.ts", "eslint(no-restricted-imports)", 'export { Row } from "../machine/resource.js";'],
  ["runtime/machine/upwards.ts", "eslint(no-restricted-imports)", 'export { work } from "../worker/worker.js";'],
  ["runtime/vault/upwards.ts", "eslint(no-restricted-imports)", 'export { Row } from "../machine/resource.js";'],
  ["runtime/vault/disk.ts", "eslint(no-restricted-imports)", 'export { readFileSync } from "node:fs";'],
  ["runtime/contract.ts", "eslint(no-restricted-imports)", 'export { Row } from "./machine/resource.js";'],
  ["runtime/codec/upwards.ts", "eslint(no-restricted-imports)", 'export { Row } from "../contract.js";'],
  ["runtime/codec/node.ts", "eslint(no-restricted-imports)", 'export { Buffer } from "node:buffer";'],
  ["runtime/codec/vault.ts", "eslint(no-restricted-imports)", 'export { seal } from "../vault/vault.js";'],
  ["generated/deep.ts", "eslint(no-restricted-imports)", 'export { Row } from "pliny/runtime/machine.js";'],
  ["generated/by-hand.ts", "eslint(no-restricted-imports)", 'export { app } from "../specs/app.js";'],
  ["generated/team.shape.ts", "eslint(no-restricted-imports)", 'export { Resource } from "pliny/runtime";'],
  [
    "generated/database.shape.ts",
    "eslint(no-restricted-imports)",
    'import { Replica } from "./replica.js";\nexport const name = Replica.name;',
  ],
  ["specs/deep.ts", "eslint(no-restricted-imports)", 'export { Row } from "../runtime/machine/resource.js";'],
  ["test/skipped.test.ts", "vitest(no-disabled-tests)", 'import { test } from "vitest";\ntest.skip("nothing", () => {});'],
  ["test/alone.test.ts", "vitest(no-focused-tests)", 'import { test } from "vitest";\ntest.only("nothing", () => {});'],
];
const good: readonly (readonly [path: string, text: string])[] = [
  ["compiler/parse.ts", 'export { parse } from "yaml";\nexport { findShapeErrors } from "#shape";'],
  ["compiler/compile.ts", 'export { checkModel } from "./check.js";\nexport { parseSpec } from "./parse.js";'],
  ["compiler/files.ts", 'export { readFileSync } from "node:fs";'],
  ["compiler/views/types-of-contract.ts", 'export type { Column } from "../../runtime/contract.js";'],
  ["compiler/commands/handlers.ts", 'export { Project } from "ts-morph";\nexport { readSpecs } from "../files.js";'],
  ["runtime/store/postgres.ts", 'export { Client } from "pg";'],
  ["runtime/queue/redis.ts", 'export { Redis } from "ioredis";'],
  ["runtime/vault/seal.ts", 'export { createHmac } from "node:crypto";\nexport { canonicalText } from "../codec/json.js";'],
  ["runtime/worker/worker.ts", 'export { claim } from "../store/claim.js";'],
  [
    "generated/replica.ts",
    'import type { Sibling } from "./sibling.js";\nexport { Resource } from "pliny/runtime";\nexport type Replica = Sibling;',
  ],
  ["generated/sibling.ts", 'import type { Replica } from "./replica.js";\nexport type Sibling = Replica;'],
  ["generated/replica.shape.ts", 'export { readString } from "pliny/codec";\nexport { readTeam } from "./team.shape.js";'],
  [
    "specs/app.ts",
    'export { createApp } from "../generated/index.js";\nexport { connect } from "pliny/runtime";\nexport { Cloud } from "cloud";',
  ],
];
const found = lint([...bad.map(([path, , text]) => [path, text] as const), ...good]);

test.each(bad)("%s: %s", (path, rule) => {
  expect(found.filter((finding) => finding.path === path).map((finding) => finding.rule)).toEqual([rule]);
});

test.each(good)("%s is as it should be", (path) => {
  expect(found.filter((finding) => finding.path === path)).toEqual([]);
});

/** Runs the linter over files in a folder of their own, under the settings of this project. */
function lint(files: readonly (readonly [path: string, text: string])[]): readonly { readonly path: string; readonly rule: string }[] {
  const folder = mkdtempSync(join(tmpdir(), "pliny-lint-"));
  copyFileSync(join(projectRoot, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  }
  const oxlint = join(projectRoot, "node_modules/oxlint/bin/oxlint");
  const { stdout } = spawnSync(process.execPath, [oxlint, "--format", "json", "."], { cwd: folder, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  const { diagnostics }: { diagnostics: readonly { code: string; filename: string }[] } = JSON.parse(stdout);
  return diagnostics.map(({ code, filename }) => ({ path: filename, rule: code }));
}
