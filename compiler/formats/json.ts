// Diagnostics as JSON for programs; `schema.ts` says what it holds.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic, Edit } from "../diagnostic.js";
import { isFinding, type Finding } from "../rules.js";
import { region } from "./place.js";

export function plainDiagnostic(diagnostic: Diagnostic): object {
  const { code, severity, at, message, hint, edit, related } = diagnostic;
  return {
    file: at.file.path,
    ...region(at),
    code,
    severity,
    message,
    hint,
    edit: edit === null ? null : plainEdit(edit),
    related: related.map((other) => ({ file: other.at.file.path, ...region(other.at), message: other.message })),
    ...(isFinding(diagnostic) ? plainFinding(diagnostic) : {}),
  };
}

function plainFinding(finding: Finding): object {
  const { axes: hurt, why, was, nextActions, fingerprint } = finding;
  return {
    axes: hurt,
    why,
    was: was === null ? null : { file: was.file.path, ...region(was) },
    nextActions: nextActions.map(({ text, edits }) => ({ text, edits: edits.map(plainEdit) })),
    fingerprint,
    inBaseline: isInBaseline(finding),
  };
}

function plainEdit({ at, newText }: Edit): object {
  return { file: at.file.path, ...region(at), newText };
}
