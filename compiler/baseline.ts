// A baseline: findings of the diff that are known and let be, kept in a file by their fingerprints. One a line, so that git merges two of them and
// people see in a review what is let be.

import { report, sortDiagnostics, type Diagnostic } from "./diagnostic.js";
import type { Finding } from "./rules.js";
import { compareText, positionAt, type SourceFile, type SourceLocation } from "./source.js";

/** A finding that stands in the baseline: it is shown and counted, and fails nothing. */
export interface KnownFinding extends Finding {
  readonly inBaseline: true;
}

export interface BaselineEntry {
  readonly fingerprint: string;
  readonly code: string;
  readonly at: SourceLocation;
}

const opening = `# What \`pliny diff\` is to let be: findings that are known. Written by --write-baseline, and read again by --baseline.
# A line is a fingerprint, a rule and what the rule said; only the fingerprint counts, which is of the change and of no line or place.
`;

/** The text of a baseline that holds these findings. */
export function baselineText(findings: readonly Finding[]): string {
  const lines = findings.map(({ fingerprint, code, message }) => [code, fingerprint, message.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, " ")] as const);
  return `${opening}${lines
    .toSorted((left, right) => compareText(left.join(" "), right.join(" ")))
    .map(([code, fingerprint, message]) => `${fingerprint} ${code} ${message}\n`)
    .join("")}`;
}

/** What stands in a baseline; or the first line that is none of it. Lines that are empty or begin with `#` say nothing. */
export function readBaseline(file: SourceFile): readonly BaselineEntry[] | { readonly line: number } {
  const entries: BaselineEntry[] = [];
  for (const { 0: text, index } of file.text.matchAll(/^.*$/gm)) {
    if (/^\s*(?:#|$)/.test(text)) continue;
    const [, fingerprint, code] = /^([A-Za-z0-9]{16}) ([A-Z]{3}\d{3})(?:\s|$)/.exec(text) ?? [];
    if (fingerprint === undefined || code === undefined) return { line: positionAt(file, index).line };
    entries.push({ fingerprint, code, at: { file, start: index, end: index + fingerprint.length } });
  }
  return entries;
}

/** Findings with those of the baseline marked; and a warning for each entry that nothing is found for. */
export function applyBaseline(diagnostics: readonly Diagnostic[], entries: readonly BaselineEntry[]): readonly Diagnostic[] {
  const known = new Set(entries.map(({ fingerprint }) => fingerprint));
  const met = new Set<string>();
  const marked = diagnostics.map((diagnostic) => {
    if (!("fingerprint" in diagnostic) || typeof diagnostic.fingerprint !== "string" || !known.has(diagnostic.fingerprint)) return diagnostic;
    met.add(diagnostic.fingerprint);
    return { ...diagnostic, inBaseline: true };
  });
  const unused = entries.filter(({ fingerprint }) => !met.has(fingerprint)).map(({ at, code }) => report.baselineUnused(at, { rule: code }));
  return sortDiagnostics([...marked, ...unused]);
}

export function isInBaseline(diagnostic: Diagnostic): diagnostic is KnownFinding {
  return "inBaseline" in diagnostic;
}
