// What a thousand resources cost, as whole processes: time that grows with their number and no faster, and memory within bounds. Figures
// are compared with one another in one run, so that a slow machine passes too.

import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Command, type Measured, measureInTurn } from "../bench/compile/measure.js";
import { manySpecs } from "../bench/compile/specs.js";
import { projectRoot } from "../setup/project.js";

const scratch = mkdtempSync(join(tmpdir(), "pliny-growth-"));
const few = join(scratch, "few");
const many = join(scratch, "many");

beforeAll(() => {
  writeProject(few, 250);
  writeProject(many, 1_000);
});
afterAll(() => rmSync(scratch, { recursive: true }));

test("generate: four times the resources take little more than four times as long, and less than 300 MB", () => {
  const [nothing, small, large] = measureThree([node("--eval", ""), cold(few), cold(many)]);
  expect(large.wallMs - nothing.wallMs).toBeLessThan(4 * 1.5 * (small.wallMs - nothing.wallMs));
  if (large.peakBytes !== null) expect(large.peakBytes).toBeLessThan(300e6);
});

test("generate: a run with nothing to do, and one after an edit of one file, cost a fraction", () => {
  const edit: Command = { ...generate(many), before: () => appendFileSync(join(many, manySpecs(1)[0]?.path ?? ""), "# edited\n") };
  const [first, noop, edited] = measureThree([cold(many), generate(many), edit]);
  expect(noop.wallMs).toBeLessThan(first.wallMs / 3);
  expect(edited.wallMs).toBeLessThan(first.wallMs / 2);
});

test("tsc over what is generated grows with it and no faster", () => {
  measureInTurn([generate(few), generate(many)], 1);
  const [nothing, small, large] = measureThree([typeCheck(few, "nothing.ts"), typeCheck(few, "generated"), typeCheck(many, "generated")]);
  expect(large.wallMs - nothing.wallMs).toBeLessThan(4 * 1.5 * (small.wallMs - nothing.wallMs));
});

function measureThree(commands: readonly [Command, Command, Command]): readonly [Measured, Measured, Measured] {
  const [first, second, third] = measureInTurn(commands, 3);
  if (first === undefined || second === undefined || third === undefined) throw new Error("A command was not measured.");
  return [first, second, third];
}

function node(...args: readonly string[]): Command {
  return { program: process.execPath, args, folder: scratch };
}

function generate(folder: string): Command {
  return { ...node(join(projectRoot, "dist/compiler/cli.js"), "generate"), folder };
}

function cold(folder: string): Command {
  const before = (): void => {
    for (const made of ["generated", "node_modules/.cache"]) rmSync(join(folder, made), { recursive: true, force: true });
  };
  return { ...generate(folder), before };
}

function typeCheck(folder: string, part: string): Command {
  const config = join(folder, `tsconfig.${part}.json`);
  const entry = (name: string): readonly string[] => [join(projectRoot, "dist/runtime", name, "index.d.ts")];
  const compilerOptions = {
    strict: true,
    module: "nodenext",
    target: "es2023",
    lib: ["es2023"],
    types: [],
    skipLibCheck: true,
    noEmit: true,
    paths: { "pliny/runtime": entry("."), "pliny/codec": entry("codec") },
  };
  writeFileSync(join(folder, "nothing.ts"), 'export type { Resource } from "pliny/runtime";\n');
  writeFileSync(config, JSON.stringify({ compilerOptions, include: [part] }));
  return { ...node(join(projectRoot, "node_modules/typescript/bin/tsc"), "-p", config), folder };
}

function writeProject(folder: string, count: number): void {
  // The cache lies in node_modules.
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const { path, text } of manySpecs(count)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
