// `pliny diff`: what the specs changed since a base, what of it breaks something and for whom. Both sides are compiled by today's compiler.

import { isAbsolute, relative, resolve } from "node:path";
import { version } from "#version";
import { readBase } from "../base.js";
import { applyBaseline, baselineText, isInBaseline, readBaseline, type BaselineEntry } from "../baseline.js";
import { hasErrors, type Diagnostic, type Severity } from "../diagnostic.js";
import { findFile, findMergeMarkers, readInput, writeText, type Project } from "../files.js";
import { failsRun, ranks } from "../formats/run.js";
import type { Change } from "../diff.js";
import type { Finding } from "../rules.js";
import { decodeSource, maxBytes } from "../scan.js";
import type { SourceLocation } from "../source.js";
import { plural, stopped, unusable, type Context, type Outcome } from "./outcome.js";
import { loadDocuments, parseSpecs } from "./specs.js";

export const presets = ["local", "ci", "release"] as const;
export const failOns = ["error", "warning", "info", "never"] as const;

export type Preset = (typeof presets)[number];
export type FailOn = (typeof failOns)[number];

export interface DiffOptions {
  /** A commit or a folder. */
  readonly base: string;
  readonly preset: Preset;
  /** Null: as the preset says. */
  readonly failOn: FailOn | null;
  /** A file of findings that are known. */
  readonly baseline: string | null;
  /** Write that file rather than read it. */
  readonly writeBaseline: boolean;
}

/** What is shown, and from which severity on the diff fails. */
const byPreset: Readonly<Record<Preset, { readonly shows: Severity; readonly failOn: FailOn; readonly notes: readonly string[] }>> = {
  local: { shows: "error", failOn: "error", notes: [] },
  ci: { shows: "info", failOn: "error", notes: [] },
  release: {
    shows: "info",
    failOn: "error",
    notes: ["No running system was asked: how many rows and runs a finding touches is not known."],
  },
};

export async function diff(context: Context, { base: name, preset, failOn, baseline: file, writeBaseline }: DiffOptions): Promise<Outcome> {
  if (writeBaseline && file === null)
    return unusable(`--write-baseline has to be told which file: \`pliny diff --base ${name} --baseline pliny.baseline --write-baseline\``);
  const loaded = file === null || writeBaseline ? [] : loadBaseline(context.project, file, name);
  if (typeof loaded === "string") return unusable(loaded);

  const { specs, value: parsed, diagnostics: found } = await loadDocuments(context);
  if (!parsed) return stopped(found);
  const { checkDocuments } = await import("../compile.js");
  const { value: model, diagnostics: wrong } = checkDocuments(parsed);
  if (hasErrors(wrong)) return stopped([...found, ...wrong]);

  const read = readBase(context.project, name);
  if (typeof read === "string") return unusable(read);
  const { sources, commit, prefix, notes } = read.value;
  const conflicts = findMergeMarkers(sources);
  const before = checkDocuments(conflicts.length > 0 ? [] : (await parseSpecs({ ...specs, sources }, context)).parsed);
  const unread = conflicts.length > 0 ? conflicts : [...read.diagnostics, ...before.diagnostics];
  const base = { name, commit };
  if (hasErrors(unread))
    return { ...stopped(ofBase(unread, prefix)), facts: { base }, lines: uncompiled(name), notes, run: { basePrefix: prefix } };

  context.progress("Comparing");
  const { diffModels } = await import("../diff.js");
  const { isFinding, judgeChanges } = await import("../rules.js");
  const { shows, failOn: usual, notes: reservations } = byPreset[preset];
  const changes = diffModels(before.value, model);
  const today = new Date(context.wallClock()).toISOString().slice(0, 10);
  const judging = judgeChanges(changes, model, { today, baseName: (path) => `${prefix}${path}` });
  const limit = failOn ?? usual;
  const accepted = writeBaseline ? judging.filter(isFinding).filter((finding) => failsRun(finding, { failOn: limit })) : [];
  const written = file !== null && writeBaseline ? keepBaseline(context.project, file, accepted) : null;
  if (written !== null && "problem" in written) return written.problem;
  const judged = applyBaseline(judging, written?.entries ?? loaded);
  const failing = judged.filter((diagnostic) => failsRun(diagnostic, { failOn: limit }));
  const { changedDiagrams } = await import("../views/diagrams.js");
  return {
    exitCode: failing.length > 0 ? 1 : 0,
    diagnostics: judged.filter(({ severity }) => ranks[severity] >= ranks[shows]),
    facts: { base, preset, failOn: limit, baseline: file, changes: changes.map(plainChange) },
    lines: [
      summary(base, changes, { judged, failing, limit }),
      ...(written === null ? [] : [`${plural(accepted.length, "finding")} written to ${file ?? ""}.`]),
    ],
    notes: [...notes, ...reservations],
    run: { failOn: limit, basePrefix: prefix, diagrams: () => changedDiagrams(before.value, model, changes) },
  };
}

/** What a baseline holds; or why it is of no use, with the next command to type. */
function loadBaseline(project: Project, path: string, base: string): readonly BaselineEntry[] | string {
  const anew = `\`pliny diff --base ${base} --baseline ${path} --write-baseline\``;
  if (findFile(project, path) === null) return `there is no baseline ${path}. Write it with what is to be let be now: ${anew}`;
  const bytes = readInput(project, path, maxBytes + 1);
  if (typeof bytes === "string") return `the baseline ${path} cannot be read (${bytes})`;
  const { value: file } = decodeSource(path, bytes);
  if (file === null) return `the baseline ${path} is no text in UTF-8 of at most ${maxBytes} bytes. Write it anew: ${anew}`;
  const entries = readBaseline(file);
  if ("line" in entries) return `${path}:${entries.line} is no line of a baseline, which is a fingerprint and a rule. Mend it, or write it anew: ${anew}`;
  return entries;
}

/** Writes what fails now in the place of what the file held. */
function keepBaseline(
  project: Project,
  path: string,
  findings: readonly Finding[],
): { readonly entries: readonly BaselineEntry[] } | { readonly problem: Outcome } {
  const within = relative(project.folder, resolve(project.folder, path));
  if (within === "" || within.startsWith("..") || isAbsolute(within))
    return { problem: unusable(`a baseline is a file of the project, to be committed with it, and ${path} lies elsewhere`) };
  const text = baselineText(findings);
  const refused = writeText(project, within, text);
  if (refused.length > 0) return { problem: stopped(refused) };
  const entries = readBaseline({ path, text });
  if ("line" in entries) throw new Error(`Line ${entries.line} of the baseline that was written cannot be read again.`);
  return { entries };
}

/** What is wrong with the base, under the names that its files have there. */
function ofBase(diagnostics: readonly Diagnostic[], prefix: string): readonly Diagnostic[] {
  const renamed = ({ file, start, end }: SourceLocation): SourceLocation => ({
    file: { path: `${prefix}${file.path}`, text: file.text },
    start,
    end,
  });
  return diagnostics.map((diagnostic) => ({
    ...diagnostic,
    at: renamed(diagnostic.at),
    // Nobody edits what is committed.
    edit: null,
    related: diagnostic.related.map(({ at, message }) => ({ at: renamed(at), message })),
  }));
}

function uncompiled(name: string): readonly string[] {
  return [
    `The specs of '${name}' do not compile with pliny ${version}, so there is nothing to compare with. If they were written for another version, ` +
      `bring them up there first; or take a later commit that compiles: \`git log --oneline -- specs\` lists them.`,
  ];
}

interface Judged {
  readonly judged: readonly Diagnostic[];
  readonly failing: readonly Diagnostic[];
  readonly limit: FailOn;
}

function summary(
  { name, commit }: { readonly name: string; readonly commit: string | null },
  changes: readonly Change[],
  { judged, failing, limit }: Judged,
): string {
  const base = commit === null ? name : `${name} (${commit.slice(0, 10)})`;
  if (changes.length === 0 && judged.length === 0) return `Nothing changed since ${base} that anybody would notice.`;
  const verdict =
    failing.length === 0
      ? "none of them fails the diff"
      : `${failing.length} of them ${failing.length === 1 ? "fails" : "fail"} the diff (--fail-on ${limit})`;
  const known = judged.filter(isInBaseline).length;
  const told = known === 0 ? "" : ` (${known} in the baseline)`;
  return `${plural(changes.length, "change")} since ${base}, ${plural(judged.length, "finding")}${told}; ${verdict}.`;
}

function plainChange({ kind, keyword, how, path, before, after }: Change): object {
  return { kind, keyword, how, path: path.join("/"), before: before?.value ?? null, after: after?.value ?? null };
}
