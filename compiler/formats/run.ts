// What a format may say of the run that found the diagnostics, besides of these.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic, Severity } from "../diagnostic.js";
import { shortHashOf } from "../fingerprint.js";
import { isFinding } from "../rules.js";
import type { SourceLocation } from "../source.js";

export interface Run {
  /** As it was called: `diff`. */
  readonly command: string;
  /** Of pliny. */
  readonly version: string | null;
  /** Why the command could not do what it was asked for, where no diagnostic says so. */
  readonly problem: string | null;
  /** What it came to, in sentences. */
  readonly summary: readonly string[];
  /** The least severe that fails it. */
  readonly failOn: Severity | "never";
  /** What stands before the paths of files of the base, which nobody finds in the tree: `main:`. */
  readonly basePrefix: string | null;
  /** Where the project lies in the repository: `packages/control/`, or nothing. */
  readonly folder: string;
  /** State diagrams of what changed, in Mermaid. Drawn only for who shows them. */
  readonly diagrams: () => readonly Diagram[];
}

export interface Diagram {
  /** What it is of: `resource database`. */
  readonly title: string;
  readonly mermaid: string;
}

export const plainRun: Run = {
  command: "check",
  version: null,
  problem: null,
  summary: [],
  failOn: "error",
  basePrefix: null,
  folder: "",
  diagrams: () => [],
};

export const ranks: Readonly<Record<Severity | "never", number>> = { info: 0, warning: 1, error: 2, never: 3 };

/** Whether it is of those for which the command fails. */
export function failsRun(diagnostic: Diagnostic, { failOn }: Pick<Run, "failOn">): boolean {
  return !isInBaseline(diagnostic) && ranks[diagnostic.severity] >= ranks[failOn];
}

export function isOfBase({ file }: SourceLocation, { basePrefix }: Run): boolean {
  return basePrefix !== null && file.path.startsWith(basePrefix);
}

/** The path of a file from the top of the repository. One of the base is where it was, if it is there still. */
export function repositoryPath(at: SourceLocation, run: Run): string {
  return run.folder + (isOfBase(at, run) ? at.file.path.slice(run.basePrefix?.length) : at.file.path);
}

/** One each, by which they are known again in the next run, on whichever line they stand then. */
export function fingerprintsOf(diagnostics: readonly Diagnostic[], run: Run): readonly string[] {
  const times = new Map<string, number>();
  return diagnostics.map((diagnostic) => {
    const { code, at, message } = diagnostic;
    const print = isFinding(diagnostic)
      ? diagnostic.fingerprint
      : shortHashOf([code, repositoryPath(at, run), message]);
    const time = (times.get(print) ?? 0) + 1;
    times.set(print, time);
    return time === 1 ? print : `${print}-${time}`;
  });
}
