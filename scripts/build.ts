// `npm run build`: everything that ships, into dist/. First the artefacts, which the sources import; then the sources, as JavaScript and
// declarations; then whatever an earlier build left there is removed.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { root, writeArtefacts } from "./artefacts.js";

const dist = join(root, "dist");
const made = new Set([...writeArtefacts(), ...compileSources()].map((path) => join(dist, path)));
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isDirectory() && !made.has(path)) rmSync(path, { force: true });
}

/** Runs tsc and returns what it wrote, relative to dist/. Ends the build where it finds a mistake. */
function compileSources(): readonly string[] {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--listEmittedFiles"], { cwd: root, encoding: "utf8" });
  const lines = run.stdout.split("\n");
  if (run.status !== 0) {
    process.stderr.write(`${lines.filter((line) => !line.startsWith("TSFILE:")).join("\n")}${run.stderr}`);
    process.exit(1);
  }
  return lines
    .filter((line) => line.startsWith("TSFILE: "))
    .map((line) => relative(dist, resolve(root, line.slice("TSFILE: ".length).trim())));
}
