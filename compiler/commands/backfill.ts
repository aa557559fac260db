// `pliny backfill`: rows that hold an older shape than is written now, brought up to it.

import { backfill, type Backfilled } from "../../runtime/commands/backfill.js";
import { type DatabaseOptions, paceOf, type PaceOptions, progressLines, unknownResource, withApp } from "./app.js";
import { type Context, type Outcome, plural, unusable } from "./outcome.js";

export interface BackfillOptions extends DatabaseOptions, PaceOptions {
  /** By the names of their specs; all if none is named. */
  readonly resources: readonly string[];
}

export function backfillRows(context: Context, options: BackfillOptions): Promise<Outcome> {
  return withApp(context, options, async (opened) => {
    const known = opened.registry.resources;
    const names = known.map(({ type }) => type.name);
    const unknown = options.resources.find((name) => !names.includes(name));
    if (unknown !== undefined) return unusable(unknownResource(unknown, names));
    const wanted = options.resources.length === 0 ? known : known.filter(({ type }) => options.resources.includes(type.name));
    // Subtypes stand in the table of their family's root, and are done with it.
    const families = new Map(wanted.map((one) => [one.root, one]));
    const pace = paceOf(context, options, "Filling back");
    const done: Backfilled[] = [];
    for (const family of families.values()) if (!pace.signal?.aborted) done.push(await backfill(family, opened, pace));
    return told(done, pace.signal?.aborted === true);
  });
}

function told(done: readonly Backfilled[], wasInterrupted: boolean): Outcome {
  const failed = done.reduce((sum, one) => sum + one.failed.length, 0);
  return {
    exitCode: failed > 0 || wasInterrupted ? 1 : 0,
    diagnostics: [],
    facts: { tables: done, interrupted: wasInterrupted },
    lines: done.flatMap((one) => [...progressLines(one, "written"), `  before: ${shapes(one.before)}`, `  after:  ${shapes(one.after)}`]),
    notes: wasInterrupted ? ["note: interrupted; what is done stays done, and running it again goes on"] : [],
  };
}

function shapes(counts: Backfilled["before"]): string {
  return counts.map(({ type, version, rows }) => `${type} in version ${version}: ${plural(rows, "row")}`).join("; ") || "no rows";
}
