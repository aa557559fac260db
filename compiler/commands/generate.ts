// `pliny generate`: specs in, `generated/` out. All of it is made in memory first and written only if nothing is wrong; with `--check`
// nothing is written and drift is reported.

import { inputsOf, type LastRun } from "../cache.js";
import type { Recall } from "../compile.js";
import { hasErrors, type Diagnostic } from "../diagnostic.js";
import { describeDrift, generatedFolder, holdsAll, isAsMade, marksAfter, olderVectors, openGenerated, planWrites, readTexts, recordOf, stampOf, writeGenerated } from "../files.js";
import { recallUnits, storeUnits } from "./recall.js";
import { listed, plural, stopped, type Context, type Outcome } from "./outcome.js";
import { allThatIsWrong, keep, openSpecs, parseSpecs, type ParsedSpecs } from "./specs.js";

export interface GenerateOptions {
  readonly check: boolean;
  readonly stats: boolean;
}

export async function generate(context: Context, options: GenerateOptions): Promise<Outcome> {
  const watch = stopwatch(context);
  const { value: specs, diagnostics: found } = watch.measure("read", () => openSpecs(context));
  if (hasErrors(found)) return stopped(await allThatIsWrong(specs, found, context));

  const inputs = watch.measure("compare", () => inputsOf(specs.sources));
  const counts = (parsed: ParsedSpecs | null, made: number): Record<string, number> => ({
    specs: specs.sources.length,
    fromCache: parsed ? parsed.recalled : specs.sources.length,
    files: made,
  });
  const unchanged = (run: LastRun): Outcome => {
    const count = Object.keys(run.made).length;
    return finished({ diagnostics: run.diagnostics, written: [], removed: [], unchanged: count }, { options, stats: watch.stats(counts(null, count)) });
  };
  const { value: there, diagnostics: obstacles } = watch.measure("compare", () => openGenerated(context.project, { nowMs: context.wallClock() }));
  if (hasErrors(obstacles)) return stopped(obstacles);

  // Where the files are as the last run left them they need not be read. `--check` takes no stamp's word.
  const last = options.check ? null : specs.cache.lastRun;
  const stamp = stampOf(there.marks);
  const isStamped = last?.stamp === stamp;
  // From the same specs the same files; so there is nothing to compile.
  if (last && isStamped && last.inputs === inputs) return unchanged(last);
  const unreadable = isStamped ? [] : watch.measure("compare", () => readTexts(there));
  if (hasErrors(unreadable)) return stopped(unreadable);
  const known = specs.cache.lastRun;
  const isDone = known !== null && known.inputs === inputs && watch.measure("compare", () => holdsAll(there, known.made));
  // Rows of older versions are read by the model's types, and who makes a model sees all the rest as well.
  if (isDone && !(options.check && olderVectors(there, known.made).length > 0)) {
    watch.measure("cache", () => keep(specs, specs.cache, { ...known, stamp }));
    return unchanged(known);
  }

  const parsed = await watch.measureAsync("parse", () => parseSpecs(specs, context));
  watch.add(parsed.parsingMs);
  const { compileDocuments } = await watch.measureAsync("load", () => import("../compile.js"));
  context.progress("Compiling");
  // `--check` is to find what anything else may have got wrong, so it makes all of it again.
  const recall: Recall = last ? recallUnits(last, (path) => isStamped || isAsMade(there, path, last.made)) : () => null;
  const { model, files, kept, units, diagnostics } = compileDocuments(parsed.parsed, { measure: watch.measure, recall });
  const made = { files, kept };
  const record = watch.measure("compare", () => recordOf(made, last?.made ?? {}));
  if (hasErrors(diagnostics)) {
    watch.measure("cache", () => keep(specs, parsed, specs.cache.lastRun));
    return stopped(diagnostics);
  }
  const { value: plan, diagnostics: refused } = watch.measure("compare", () => planWrites(there, made, last && isStamped ? { made: record, before: last.made } : null));
  if (hasErrors(refused)) return stopped([...diagnostics, ...refused]);

  if (options.check) {
    watch.measure("cache", () => keep(specs, parsed, specs.cache.lastRun));
    const drift = describeDrift(there, plan);
    const paths = drift.length > 0 ? [] : olderVectors(there, record);
    // What reads them is what stands in `generated/`, so it has to be what the specs give.
    const unread = paths.length === 0 ? [] : await watch.measureAsync("vectors", async () => (await import("./frozen.js")).findUnread({ project: context.project, model, paths, text: there.text }));
    return checked([...diagnostics, ...drift, ...unread], { options, stats: watch.stats(counts(parsed, files.length)) });
  }
  context.progress("Writing");
  const { value: done, diagnostics: failures } = watch.measure("write", () => writeGenerated(context.project, plan));
  if (hasErrors(failures)) return { ...stopped([...diagnostics, ...failures]), facts: { ...done } };
  watch.measure("cache", () => {
    const after = stampOf(marksAfter(context.project, there, done));
    keep(specs, parsed, { inputs, made: record, stamp: after, diagnostics, units: storeUnits(units) });
  });
  const count = files.length + kept.length;
  return finished({ diagnostics, ...done, unchanged: plan.unchanged }, { options, stats: watch.stats(counts(parsed, count)) });
}

interface Done {
  readonly diagnostics: readonly Diagnostic[];
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
}

interface Telling {
  readonly options: GenerateOptions;
  readonly stats: Stats;
}

function finished({ diagnostics, written, removed, unchanged }: Done, { options, stats }: Telling): Outcome {
  if (options.check) return checked(diagnostics, { options, stats });
  const inFolder = (paths: readonly string[]): readonly string[] => paths.map((path) => `${generatedFolder}/${path}`);
  const facts = { written: inFolder(written), removed: inFolder(removed), unchanged, ...(options.stats ? { stats } : {}) };
  const summary = `${plural(written.length, "file")} written, ${removed.length} removed, ${unchanged} unchanged.`;
  return {
    exitCode: 0,
    diagnostics,
    facts,
    lines: [
      ...listed(inFolder(written), "wrote"),
      ...listed(inFolder(removed), "removed"),
      summary,
      ...(options.stats ? describeStats(stats) : []),
    ],
  };
}

function checked(diagnostics: readonly Diagnostic[], { options, stats }: Telling): Outcome {
  const drift = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  const summary =
    drift.length === 0
      ? `${generatedFolder}/ is what the specs give.`
      : drift.every(({ at }) => at.file.path.startsWith(`${generatedFolder}/vectors/`)) ? `${generatedFolder}/ is what the specs give, and does not read all that earlier versions wrote.`
      : `${plural(drift.length, "file")} ${drift.length === 1 ? "differs" : "differ"} from what the specs give. Run \`pliny generate\`.`;
  const facts = {
    drift: drift.map((diagnostic) => ({ file: diagnostic.at.file.path, code: diagnostic.code })),
    ...(options.stats ? { stats } : {}),
  };
  return { exitCode: drift.length === 0 ? 0 : 1, diagnostics, facts, lines: [summary, ...(options.stats ? describeStats(stats) : [])] };
}

// ---- where the time goes

interface Stats {
  readonly milliseconds: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

interface Stopwatch {
  readonly measure: <T>(phase: string, run: () => T) => T;
  readonly measureAsync: <T>(phase: string, run: () => Promise<T>) => Promise<T>;
  /** What was measured elsewhere. */
  readonly add: (spentMs: Readonly<Record<string, number>>) => void;
  readonly stats: (counts: Record<string, number>) => Stats;
}

function stopwatch(context: Context): Stopwatch {
  const spent = new Map<string, number>();
  const begin = context.now();
  const add = (phase: string, ms: number): void => void spent.set(phase, (spent.get(phase) ?? 0) + ms);
  return {
    measure: (phase, run) => {
      const since = context.now();
      try {
        return run();
      } finally {
        add(phase, context.now() - since);
      }
    },
    measureAsync: async (phase, run) => {
      const since = context.now();
      try {
        return await run();
      } finally {
        add(phase, context.now() - since);
      }
    },
    add: (spentMs) => Object.entries(spentMs).forEach(([phase, ms]) => add(phase, ms)),
    stats: (counts) => {
      const phases = [...spent].map(([phase, ms]) => [phase, Math.round(ms * 10) / 10]);
      return { milliseconds: { ...Object.fromEntries(phases), total: Math.round((context.now() - begin) * 10) / 10 }, counts };
    },
  };
}

/** What `parse` is made of, in both threads together; so the parts may be more than the whole. */
const parsing: ReadonlySet<string> = new Set(["scan", "yaml", "shape"]);

function describeStats({ milliseconds, counts }: Stats): readonly string[] {
  const times = Object.entries(milliseconds).map(([phase, ms]) => {
    const name = parsing.has(phase) ? `  ${phase}` : phase;
    return `  ${name.padEnd(12)}${ms.toFixed(1).padStart(9)} ms`;
  });
  return [...times, ...Object.entries(counts).map(([what, count]) => `  ${what.padEnd(12)}${String(count).padStart(9)}`)];
}
