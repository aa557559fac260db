// compile(): the phases in order, the one place where they meet. Spec text in, file text out; no disk, no clock, no environment.

import { checkModel } from "./check.js";
import { hasErrors, sortDiagnostics, type Checked, type Diagnostic } from "./diagnostic.js";
import type { SpecDocument } from "./document.js";
import { emitUnits, type Emitted, type GeneratedFile, type Recall } from "./emit.js";
import type { Model } from "./model.js";
import { parseSpec } from "./parse.js";
import { compareText, type SourceFile } from "./source.js";

export type { Recall, Unit } from "./emit.js";

export interface CompileResult {
  readonly model: Model;
  /** What belongs under `generated/`; none where there is an error. */
  readonly files: readonly GeneratedFile[];
  /** Of all phases and all files, by file, place and code. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Runs a phase, and may measure it on the way. */
export type Measure = <T>(phase: "check" | "emit", run: () => T) => T;

/**
 * Specs in, everything else out: the model, the generated files and what is wrong. The order of the sources does not matter, and nothing is
 * thrown on a bad spec.
 */
export function compile(sources: readonly SourceFile[]): CompileResult {
  const { model, files, diagnostics } = compileDocuments(sources.map(parseSpec), { measure: (_, run) => run(), recall: () => null });
  return { model, files, diagnostics };
}

/** How a run is watched, and what it need not do again. */
export interface Run {
  readonly measure: Measure;
  readonly recall: Recall;
}

/** The same from texts that are parsed already, with what to remember of it. */
export function compileDocuments(
  parsed: readonly Checked<readonly SpecDocument[]>[],
  { measure, recall }: Run,
): CompileResult & Pick<Emitted, "kept" | "units"> {
  const { value: model, diagnostics } = measure("check", () => checkDocuments(parsed));
  const emitted = hasErrors(diagnostics) ? { files: [], kept: [], units: [] } : measure("emit", () => emitUnits(model, recall));
  return { model, ...emitted, diagnostics };
}

/** As far as the model, which is all that is needed to say what is wrong. */
export function checkDocuments(parsed: readonly Checked<readonly SpecDocument[]>[]): Checked<Model> {
  const documents = parsed.flatMap((file) => file.value).toSorted((left, right) => compareText(left.file.path, right.file.path));
  const checked = checkModel(documents);
  return { value: checked.value, diagnostics: sortDiagnostics([...parsed, checked].flatMap((phase) => phase.diagnostics)) };
}
