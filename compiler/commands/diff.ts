// `pliny diff`: what the specs changed since a base, what of it breaks something and for whom. Both sides are compiled by today's compiler.

import { version } from "#version";
import { readBase } from "../base.js";
import { hasErrors, type Diagnostic, type Severity } from "../diagnostic.js";
import { findMergeMarkers } from "../files.js";
import type { Change } from "../diff.js";
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

const ranks: Readonly<Record<Severity | "never", number>> = { info: 0, warning: 1, error: 2, never: 3 };

export async function diff(context: Context, { base: name, preset, failOn }: DiffOptions): Promise<Outcome> {
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
  if (hasErrors(unread)) return { ...stopped(ofBase(unread, prefix)), facts: { base: { name, commit } }, lines: uncompiled(name), notes };

  context.progress("Comparing");
  const { diffModels } = await import("../diff.js");
  const { judgeChanges } = await import("../rules.js");
  const { shows, failOn: usual, notes: reservations } = byPreset[preset];
  const changes = diffModels(before.value, model);
  const today = new Date(context.wallClock()).toISOString().slice(0, 10);
  const judged = judgeChanges(changes, model, { today, baseName: (path) => `${prefix}${path}` });
  const limit = failOn ?? usual;
  const failing = judged.filter(({ severity }) => ranks[severity] >= ranks[limit]);
  const diagnostics = judged.filter(({ severity }) => ranks[severity] >= ranks[shows]);
  return {
    exitCode: failing.length > 0 ? 1 : 0,
    diagnostics,
    facts: { base: { name, commit }, preset, failOn: limit, changes: changes.map(plainChange) },
    lines: [summary({ name, commit }, changes, { judged, failing, limit })],
    notes: [...notes, ...reservations],
  };
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
  return `${plural(changes.length, "change")} since ${base}, ${plural(judged.length, "finding")}; ${verdict}.`;
}

function plainChange({ kind, keyword, how, path, before, after }: Change): object {
  return { kind, keyword, how, path: path.join("/"), before: before?.value ?? null, after: after?.value ?? null };
}
