// Two sides of a diff as texts: what is found between them, and what becomes of it when an edit is made.

import { compile } from "../../compiler/compile.js";
import { type Diagnostic, hasErrors } from "../../compiler/diagnostic.js";
import { type Change, diffModels } from "../../compiler/diff.js";
import type { Model } from "../../compiler/model.js";
import { renderDiagnostics } from "../../compiler/render.js";
import { type Finding, isFinding, judgeChanges } from "../../compiler/rules.js";
import type { SourceFile } from "../../compiler/source.js";
import type { Edit } from "../../compiler/diagnostic/mistake.js";

/** Specs as one text, or by path. */
export type Specs = string | readonly SourceFile[];

export interface Diff {
  readonly changes: readonly Change[];
  readonly diagnostics: readonly Diagnostic[];
  readonly findings: readonly Finding[];
}

// After the sunsets of the examples, or before them: 2026-07-31.
export const today = "2026-06-01";

const config =
  "lanes: { slow: {} }\nbreakers: { cloud: { failures: 5, within: 1m, open: 30s }, mail: { failures: 5, within: 1m, open: 30s } }\n";

export function sourcesOf(specs: Specs): readonly SourceFile[] {
  return typeof specs === "string"
    ? [
        { path: "specs/spec.yaml", text: `${specs}\n` },
        { path: "pliny.yaml", text: config },
      ]
    : specs;
}

/** The model of specs that compile. */
export function modelOf(specs: Specs): Model {
  const { model, diagnostics } = compile(sourcesOf(specs));
  if (hasErrors(diagnostics)) throw new Error(renderDiagnostics(diagnostics, { format: "text", colour: false }));
  return model;
}

export function diffSpecs(before: Specs, after: Specs, { on = today }: { readonly on?: string } = {}): Diff {
  const model = modelOf(after);
  const changes = diffModels(modelOf(before), model);
  const diagnostics = judgeChanges(changes, model, { today: on, baseName: (path) => `base:${path}` });
  return { changes, diagnostics, findings: diagnostics.filter(isFinding) };
}

/** Specs after edits that are made together. */
export function edited(specs: Specs, edits: readonly Edit[]): readonly SourceFile[] {
  const last = edits.toSorted((left, right) => right.at.start - left.at.start);
  return sourcesOf(specs).map(({ path, text }) => ({
    path,
    text: last
      .filter(({ at }) => at.file.path === path)
      .reduce((made, { at, newText }) => made.slice(0, at.start) + newText + made.slice(at.end), text),
  }));
}
