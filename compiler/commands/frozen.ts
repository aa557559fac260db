// The frozen rows of `generated/vectors`, read with what is generated now: a database holds such rows, whichever release wrote them.

import { findUnreadRows, type RowParts } from "../../runtime/commands/frozen-rows.js";
import { type Diagnostic, report } from "../diagnostic.js";
import { generatedFolder, type Project } from "../files.js";
import type { Model, Resource, Task } from "../model.js";
import { fileName } from "../naming.js";
import { remembersAnything } from "../views/task.js";
import { loadType } from "./decode.js";

export interface FrozenRows {
  readonly project: Project;
  readonly model: Model;
  /** Files of vectors, relative to `generated/`, whose other files are as the model gives them. */
  readonly paths: readonly string[];
  readonly text: (path: string) => string;
}

/** What of frozen rows cannot be read any more. Rows of a type that is no more are nobody's to read. */
export async function findUnread({ project, model, paths, text }: FrozenRows): Promise<readonly Diagnostic[]> {
  const owners = new Map(storedTypes(model).map((of) => [vectorName(of), of]));
  const diagnostics: Diagnostic[] = [];
  const unasked: Diagnostic[] = [];
  for (const path of paths) {
    const of = owners.get(path.replace(/^vectors\//, "").replace(/\.\d+\.json$/, ""));
    if (of === undefined) continue;
    const file = { path: `${generatedFolder}/${path}`, text: text(path) };
    const parts = await loadParts(project, of);
    if (typeof parts === "string") unasked.push(report.vectorsUnasked({ file, start: 0, end: 0 }, parts));
    else {
      for (const { refusal, others, start } of findUnreadRows(file.text, parts)) diagnostics.push(report.vectorUnread({ file, start, end: start }, { ...refusal, others }));
    }
  }
  // What keeps one from being loaded keeps all of them.
  return [...diagnostics, ...unasked.slice(0, 1)];
}

function storedTypes({ resources, tasks }: Model): readonly (Resource | Task)[] {
  return [...resources.flatMap((resource) => [resource, ...resource.tasks]), ...tasks];
}

/** As `vectorFiles` names its files, but for the version. */
function vectorName(of: Resource | Task): string {
  return (of.kind === "task" ? of.qualifiedKey : of.key).split(".").map(fileName).join(".");
}

/** Why they cannot be loaded, where they cannot. */
async function loadParts(project: Project, of: Resource | Task): Promise<RowParts | string> {
  const name = of.kind === "task" ? of.qualifiedName : of.name;
  const args = of.kind === "task" && of.args.length > 0 ? await loadType(project, name, true) : null;
  const fields = of.kind === "resource" || remembersAnything(of) ? await loadType(project, name, false) : null;
  if (typeof args === "string") return args;
  return typeof fields === "string" ? fields : { args, fields };
}
