// What `pliny diff` costs besides reading its two sides: 1,000 resources with 200 changes of ten kinds, in processes that are new each time, by
// what `npm run build` made.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type * as Compile from "../../../compiler/compile.js";
import type * as Diff from "../../../compiler/diff.js";
import type { Model } from "../../../compiler/model.js";
import type * as Parse from "../../../compiler/parse.js";
import type * as Render from "../../../compiler/render.js";
import type * as Rules from "../../../compiler/rules.js";
import type { SourceFile } from "../../../compiler/source.js";
import { median } from "../compile/measure.js";
import { manySpecs } from "../compile/specs.js";

/** One change of a spec each: what it says, and what it says instead. */
const changes: readonly (readonly [from: string, to: string])[] = [
  ["  labels:   {", "  note:     string\n  labels:   {"],
  ["default: hobby", "default: standard"],
  ["max: 63", "max: 32"],
  ["of: [hobby, standard, premium]", "of: [hobby, standard, premium, free]"],
  ["indexes: [[plan, state]]", "indexes: [[plan, state], [region]]"],
  ["timeout: 1h", "timeout: 30m"],
  ["to: [creating, deleting]", "to: [deleting]"],
  ["  address:  { type: url }\n", ""],
  ["  update: [window, labels]", "  update: [window]"],
  ["poll: 30s", "poll: 10s"],
];

const changedCount = 200;

interface Once {
  readonly readMs: number;
  readonly diffMs: number;
  readonly changes: number;
  readonly findings: number;
}

const built = (path: string): Promise<unknown> => import(new URL(`../../../dist/compiler/${path}`, import.meta.url).href);
const [{ checkDocuments }, { diffModels }, { parseSpec }, { renderDiagnostics }, { isFinding, judgeChanges }] = (await Promise.all(
  ["compile.js", "diff.js", "parse.js", "render.js", "rules.js"].map(built),
)) as [typeof Compile, typeof Diff, typeof Parse, typeof Render, typeof Rules];

const { values } = parseArgs({ options: { count: { type: "string", default: "1000" }, rounds: { type: "string", default: "7" }, once: { type: "boolean", default: false } } });
const count = Number(values.count);

if (values.once) process.stdout.write(JSON.stringify(once()));
else report(Array.from({ length: Number(values.rounds) }, run));

function once(): Once {
  const before = manySpecs(count);
  const after = before.map((file, at) => (at % Math.floor(count / changedCount) === 0 ? changed(file, at / Math.floor(count / changedCount)) : file));
  const startedAt = performance.now();
  const [base, head] = [modelOf(before), modelOf(after)];
  const readAt = performance.now();
  const found = diffModels(base, head);
  const diagnostics = judgeChanges(found, head, { today: "2027-01-31", baseName: (path) => `main:${path}` });
  renderDiagnostics(diagnostics, { format: "text", colour: false });
  return { readMs: readAt - startedAt, diffMs: performance.now() - readAt, changes: found.length, findings: diagnostics.filter(isFinding).length };
}

function modelOf(sources: readonly SourceFile[]): Model {
  const { value, diagnostics } = checkDocuments(sources.map(parseSpec));
  if (diagnostics.some(({ severity }) => severity === "error")) throw new Error(renderDiagnostics(diagnostics, { format: "text", colour: false }));
  return value;
}

function changed({ path, text }: SourceFile, at: number): SourceFile {
  const [from, to] = changes[at % changes.length] ?? ["", ""];
  if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
  return { path, text: text.replace(from, to) };
}

function run(): Once {
  const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), "--once", "--count", String(count)], { encoding: "utf8" });
  if (child.status !== 0) throw new Error(child.stderr);
  const told: Once = JSON.parse(child.stdout);
  return told;
}

function report(runs: readonly Once[]): void {
  const [readMs, diffMs] = [median(runs.map((each) => each.readMs)), median(runs.map((each) => each.diffMs))];
  const [first] = runs;
  process.stdout.write(
    `Node ${process.version}, ${runs.length} processes, medians\n` +
      `${count} resources, ${first?.changes ?? 0} changes, ${first?.findings ?? 0} findings\n` +
      `  reading and checking both sides  ${(readMs / 1000).toFixed(2)} s\n` +
      `  all besides                      ${(diffMs / 1000).toFixed(2)} s   ${(diffMs / readMs).toFixed(2)} × of that\n`,
  );
}
