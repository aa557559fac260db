// A thread that parses specs beside the main one: `yaml` takes most of the time of a first run, and a machine has more than one core.

import { parentPort, workerData } from "node:worker_threads";
import { remember, type CacheEntry } from "../cache.js";
import type { Checked } from "../diagnostic.js";
import type { SpecDocument } from "../document.js";
import { parseSpec } from "../parse.js";
import type { SourceFile } from "../source.js";

/** One spec as it was parsed, and as text for the cache, which may take none. */
export interface Reading {
  readonly entry: CacheEntry | null;
  /** Null between threads where there is an entry: text goes across faster. */
  readonly parsed: Checked<readonly SpecDocument[]> | null;
}

export function readSpec(source: SourceFile): Reading {
  const parsed = parseSpec(source);
  return { entry: remember(source, parsed), parsed };
}

if (parentPort) {
  const sources: readonly SourceFile[] = workerData;
  const answer = sources.map(readSpec).map(({ entry, parsed }): Reading => ({ entry, parsed: entry ? null : parsed }));
  // oxlint takes every postMessage for a window’s; a thread’s has no origin.
  parentPort.postMessage(answer, []);
}
