// The golden cases of test/cases/: each a project as a user could have it (`specs/**/*.yaml`, perhaps `pliny.yaml`), and beside it what
// must come of it: `expected/`, every byte of generated/, and `diagnostics.txt`, what the compiler says.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../compiler/compile.js";
import { type Diagnostic, hasErrors, sortDiagnostics } from "../../compiler/diagnostic.js";
import type { GeneratedFile } from "../../compiler/emit.js";
import { findMergeMarkers, openProject, readSpecs } from "../../compiler/files.js";
import type { SourceFile } from "../../compiler/source.js";
import { projectRoot } from "./project.js";

export const casesFolder: string = join(projectRoot, "test/cases");

export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
}

export const goldenCases: readonly GoldenCase[] = readdirSync(casesFolder)
  .filter((name) => statSync(join(casesFolder, name)).isDirectory())
  .sort()
  .map((name) => ({ name, folder: join(casesFolder, name) }));

export interface CaseResult {
  readonly sources: readonly SourceFile[];
  readonly files: readonly GeneratedFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles the project in a folder, as `pliny generate` would, up to the point of writing. */
export function compileFolder(folder: string, order: "as read" | "reversed" = "as read"): CaseResult {
  const project = openProject(folder);
  if (project === null) throw new Error(`${folder} is no folder.`);
  const read = readSpecs(project);
  const sources = order === "reversed" ? read.value.toReversed() : read.value;
  const conflicts = findMergeMarkers(sources);
  const found = conflicts.length > 0 ? conflicts : read.diagnostics;
  const compiled = hasErrors(found) ? { files: [], diagnostics: [] } : compile(sources);
  return { sources, files: compiled.files, diagnostics: sortDiagnostics([...found, ...compiled.diagnostics]) };
}

/** Paths of all files in a folder and those below it, relative to it, with `/`, sorted; none where there is no such folder. */
export function filesUnder(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}
