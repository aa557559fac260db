// Every mistake a spec can hold, each said once: its code, its severity, its words and its long story. A call site passes what it has at hand.
// The catalogue is joined here; diagnostic/ has its parts.

import { apiMistakes } from "./diagnostic/api.js";
import { diskMistakes } from "./diagnostic/disk.js";
import { elementMistakes } from "./diagnostic/elements.js";
import { fieldMistakes } from "./diagnostic/fields.js";
import { machineMistakes } from "./diagnostic/machines.js";
import type { Diagnostic } from "./diagnostic/mistake.js";
import { shapeMistakes } from "./diagnostic/shapes.js";
import { textMistakes } from "./diagnostic/text.js";
import { compareText } from "./source.js";

export type { Diagnostic, Edit, Mistake, Severity } from "./diagnostic/mistake.js";

/** What a phase made, and what it found; it goes on after an error. */
export interface Checked<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** The catalogue. SPC001–SPC039: text and shape (`parse`). SPC040–SPC099: meaning (`check`). IDX: indexes. ALW: what is accepted (`rules`). GEN: the generated folder (`files`). */
export const report = {
  ...textMistakes,
  ...elementMistakes,
  ...fieldMistakes,
  ...shapeMistakes,
  ...machineMistakes,
  ...apiMistakes,
  ...diskMistakes,
} as const;

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

/** By file, then by place, then by code: the same on every machine and whatever the locale. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted(
    (left, right) =>
      compareText(left.at.file.path, right.at.file.path) ||
      left.at.start - right.at.start ||
      compareText(left.code, right.code) ||
      compareText(left.message, right.message),
  );
}
