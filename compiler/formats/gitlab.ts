// Diagnostics as a Code Quality report, which GitLab shows in a merge request.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic, Severity } from "../diagnostic.js";
import { harmless, region } from "./place.js";
import { fingerprintsOf, repositoryPath, type Run } from "./run.js";

const severities: Readonly<Record<Severity, string>> = { error: "critical", warning: "major", info: "info" };

/** https://docs.gitlab.com/ci/testing/code_quality/ */
export function codeQuality(diagnostics: readonly Diagnostic[], run: Run): readonly object[] {
  const fingerprints = fingerprintsOf(diagnostics, run);
  const issues = diagnostics.map((diagnostic, at) => {
    const known = isInBaseline(diagnostic);
    return {
      check_name: diagnostic.code,
      description: `${known ? "In the baseline: " : ""}${saying(diagnostic)}`,
      fingerprint: fingerprints[at],
      severity: known ? severities.info : severities[diagnostic.severity],
      location: { path: repositoryPath(diagnostic.at, run), lines: { begin: region(diagnostic.at).line } },
    };
  });
  if (run.problem === null) return issues;
  const problem = {
    check_name: "pliny",
    description: harmless(run.problem),
    fingerprint: `pliny-${run.command}`,
    severity: "blocker",
    // There is no other place, and an issue has to have one.
    location: { path: `${run.folder}pliny.yaml`, lines: { begin: 1 } },
  };
  return [...issues, problem];
}

function saying({ message, hint }: Diagnostic): string {
  return harmless(hint === null ? message : `${message} ${hint}`);
}
