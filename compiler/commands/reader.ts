// A thread that parses specs beside the main one: `yaml` takes most of the time of a first run, and a machine has more than one core.

import { parentPort, workerData } from "node:worker_threads";
import { remember, type CacheEntry } from "../cache.js";
import type { Checked } from "../diagnostic.js";
import type { SpecDocument } from "../document.js";
import { parseMeasured, type Measure } from "../parse.js";
import type { SourceFile } from "../source.js";

/** One spec as it was parsed, and as text for the cache, which may take none. */
export interface Reading {
  readonly entry: CacheEntry | null;
  /** Null between threads where there is an entry: text goes across faster. */
  readonly parsed: Checked<readonly SpecDocument[]> | null;
}

/** The milliseconds that each phase of parsing took, over all specs that were read. */
export type ParsingMs = Readonly<Record<Parameters<Measure>[0], number>>;

/** What a thread read, and what that took. */
export interface Readings {
  readonly readings: readonly Reading[];
  readonly parsingMs: ParsingMs;
}

export function readSpec(source: SourceFile, measure: Measure): Reading {
  const parsed = parseMeasured(source, measure);
  return { entry: remember(source, parsed), parsed };
}

/** Adds up what phases take. */
export function parsingWatch(now: () => number): { readonly measure: Measure; readonly parsingMs: ParsingMs } {
  const parsingMs = { scan: 0, yaml: 0, shape: 0 };
  const measure: Measure = (phase, run) => {
    const begin = now();
    try {
      return run();
    } finally {
      parsingMs[phase] += now() - begin;
    }
  };
  return { measure, parsingMs };
}

if (parentPort) {
  const sources: readonly SourceFile[] = workerData;
  const { measure, parsingMs } = parsingWatch(() => performance.now());
  const readings = sources.map((source): Reading => {
    const { entry, parsed } = readSpec(source, measure);
    return { entry, parsed: entry ? null : parsed };
  });
  // oxlint takes every postMessage for a window’s; a thread’s has no origin.
  parentPort.postMessage({ readings, parsingMs } satisfies Readings, []);
}
