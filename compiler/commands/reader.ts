// A thread that parses specs beside the main one: `yaml` takes most of the time of a first run, and a machine has more than one core.

import { parentPort, workerData } from "node:worker_threads";
import { remember, type CacheEntry } from "../cache.js";
import type { Checked } from "../diagnostic.js";
import type { SpecDocument } from "../document.js";
import { parseSpec } from "../parse.js";
import type { SourceFile } from "../source.js";

/** One spec as it was parsed: as text for the cache, which goes from thread to thread faster, or as it is where the cache takes none. */
export type Reading = { readonly entry: CacheEntry } | { readonly entry: null; readonly parsed: Checked<readonly SpecDocument[]> };

export function readSpec(source: SourceFile): Reading {
  const parsed = parseSpec(source);
  const entry = remember(source, parsed);
  return entry ? { entry } : { entry, parsed };
}

if (parentPort) {
  const sources: readonly SourceFile[] = workerData;
  const answer = sources.map(readSpec);
  // oxlint takes every postMessage for a window’s; a thread’s has no origin.
  parentPort.postMessage(answer, []);
}
