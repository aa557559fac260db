// Diagnostics as SARIF 2.1.0 for code scanning.

import { isInBaseline } from "../baseline.js";
import { report, type Diagnostic, type Edit, type Severity } from "../diagnostic.js";
import { axes, findRule, isFinding } from "../rules.js";
import { compareText, type SourceLocation } from "../source.js";
import { placeText, region } from "./place.js";
import { fingerprintsOf, isOfBase, repositoryPath, type Run } from "./run.js";

const levels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

/**
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/, and what GitHub reads of it:
 * https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
 */
export function sarif(diagnostics: readonly Diagnostic[], run: Run): object {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].toSorted(compareText);
  const fingerprints = fingerprintsOf(diagnostics, run);
  const failure = run.problem === null ? {} : { toolExecutionNotifications: [{ level: "error", message: { text: run.problem } }] };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "pliny", ...(run.version === null ? {} : { version: run.version }), rules: codes.map(ruleOf) } },
        // What one command finds takes the place of what it found before, and not of what others find.
        automationDetails: { id: `pliny ${run.command}/` },
        invocations: [{ executionSuccessful: run.problem === null, ...failure }],
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((diagnostic, at) => resultOf(diagnostic, run, { ruleIndex: codes.indexOf(diagnostic.code), fingerprint: fingerprints[at] ?? "" })),
      },
    ],
  };
}

function ruleOf(code: string): object {
  const { name, severity, story, tags } = describe(code);
  return {
    id: code,
    name,
    shortDescription: { text: /^.*?[.:](?=\s|$)/s.exec(story)?.[0] ?? story },
    fullDescription: { text: story.split("\n\n")[0] ?? story },
    help: { text: `${story.trimEnd()}\n\npliny explain ${code} tells more.` },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags },
  };
}

/** What a code is called, how severe it is, and its story: of a mistake, or of a rule of the diff. */
function describe(code: string): { readonly name: string; readonly severity: Severity; readonly story: string; readonly tags: readonly string[] } {
  const [name, mistake] = Object.entries(report).find(([, each]) => each.code === code) ?? [code, null];
  if (mistake !== null) return { name: name.slice(0, 1).toUpperCase() + name.slice(1), severity: mistake.severity, story: mistake.story, tags: ["specs"] };
  const rule = findRule(code);
  if (rule === undefined) return { name, severity: "error", story: code, tags: [] };
  const { change, why, safe } = rule.words;
  return { name, severity: rule.severity, story: `${change}\n\n${why}\n\nThe safe path: ${safe}`, tags: ["compatibility", ...rule.axes.map((axis) => axes[axis])] };
}

function resultOf(diagnostic: Diagnostic, run: Run, { ruleIndex, fingerprint }: { readonly ruleIndex: number; readonly fingerprint: string }): object {
  const { code, severity, at, message, hint, related } = diagnostic;
  // A place in the base is in no file that could be shown, so it is said.
  const old = related.filter((other) => isOfBase(other.at, run)).map((other) => `${other.message.replace(/\.$/, "")}: ${placeText(other.at)}.`);
  const here = related.filter((other) => !isOfBase(other.at, run));
  const places = here.map((other, id) => ({ id, message: { text: other.message }, physicalLocation: place(other.at, run) }));
  const fixes = fixesOf(diagnostic).map(({ text, edits }) => ({ description: { text }, artifactChanges: edits.map((edit) => change(edit, run)) }));
  return {
    ruleId: code,
    ruleIndex,
    level: levels[severity],
    message: { text: [message, ...(hint === null ? [] : [hint]), ...old].join(" ") },
    locations: [{ physicalLocation: place(at, run) }],
    ...(places.length === 0 ? {} : { relatedLocations: places }),
    ...(fixes.length === 0 ? {} : { fixes }),
    partialFingerprints: { "pliny/v1": fingerprint },
    ...(isInBaseline(diagnostic) ? { suppressions: [{ kind: "external", status: "accepted", justification: "It stands in the baseline." }] } : {}),
  };
}

/** Each way to mend it: edits that are made together. */
function fixesOf(diagnostic: Diagnostic): readonly { readonly text: string; readonly edits: readonly Edit[] }[] {
  if (isFinding(diagnostic)) return diagnostic.nextActions.filter(({ edits }) => edits.length > 0);
  const { edit, hint, message } = diagnostic;
  return edit === null ? [] : [{ text: hint ?? message, edits: [edit] }];
}

function change({ at, newText }: Edit, run: Run): object {
  const { artifactLocation, region: deletedRegion } = place(at, run);
  return { artifactLocation, replacements: [{ deletedRegion, insertedContent: { text: newText } }] };
}

function place(at: SourceLocation, run: Run): { readonly artifactLocation: object; readonly region: object } {
  const { line, column, endLine, endColumn } = region(at);
  return {
    artifactLocation: { uri: repositoryPath(at, run).split("/").map(uriStep).join("/") },
    region: { startLine: line, startColumn: column, endLine, endColumn },
  };
}

/** A step of a path in a URI. Halves of surrogate pairs, which no URI can hold, become U+FFFD. */
function uriStep(step: string): string {
  return encodeURIComponent(step.replace(/\p{Cs}/gu, "\ufffd"));
}
