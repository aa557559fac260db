// The way from the disk to parsed specs that all commands share: read, refuse what a merge left, take from the cache what has not changed.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { cacheText, emptyCache, readCacheText, recall, recallEntry, type Cache, type CacheEntry, type LastRun } from "../cache.js";
import { hasErrors, sortDiagnostics, type Checked, type Diagnostic } from "../diagnostic.js";
import type { SpecDocument } from "../document.js";
import { compilerIdentity, configFile, findCacheFile, findMergeMarkers, readCache, readSpecs, writeCache } from "../files.js";
import type { SourceFile } from "../source.js";
import type { Context } from "./outcome.js";
import type { ParsingMs, Readings } from "./reader.js";

export interface Specs {
  readonly sources: readonly SourceFile[];
  readonly cache: Cache;
  readonly identity: string;
  /** Where the cache is kept; null where there is no place for it. */
  readonly cacheFile: string | null;
}

/** What stands in `specs/`, and what is known of it. After an error in the diagnostics only `allThatIsWrong` has a use for it. */
export function openSpecs(context: Context): Checked<Specs> {
  const { value: sources, diagnostics } = readSpecs(context.project);
  const conflicts = findMergeMarkers(sources);
  const cacheFile = findCacheFile(context.project);
  const identity = compilerIdentity();
  const text = cacheFile === null ? null : readCache(cacheFile);
  const cache = text === null ? emptyCache : readCacheText(text, identity, sources);
  // What a merge left makes no sense of a spec.
  if (conflicts.length > 0) return { value: { sources: [], cache, identity, cacheFile }, diagnostics: conflicts };
  return { value: { sources, cache, identity, cacheFile }, diagnostics };
}

/** After errors in reading: those, and what is wrong with the specs that could be read. */
export async function allThatIsWrong(specs: Specs, found: readonly Diagnostic[], context: Context): Promise<readonly Diagnostic[]> {
  if (specs.sources.length === 0) return found;
  const { parsed } = await parseSpecs(specs, context);
  const { checkDocuments } = await import("../compile.js");
  // A name that leads nowhere may be that of a spec that could not be read; a document without a name says so.
  const nameless = found
    .filter((diagnostic) => diagnostic.severity === "error")
    .map(({ at }): SpecDocument => {
      const kind = at.file.path === configFile ? "config" : "resource";
      return { kind, file: { path: at.file.path, text: "" }, span: [0, 0], written: {}, places: [], spec: {}, lost: [[]] };
    });
  const { diagnostics } = checkDocuments([...parsed, { value: nameless, diagnostics: [] }]);
  return sortDiagnostics([...found, ...diagnostics]);
}

export interface ParsedSpecs {
  readonly parsed: readonly Checked<readonly SpecDocument[]>[];
  readonly entries: ReadonlyMap<string, CacheEntry>;
  /** How many came from the cache. */
  readonly recalled: number;
  /** What parsing the others took, in both threads together. */
  readonly parsingMs: ParsingMs;
}

/** Parses what the cache does not know. The parser is loaded only if there is such a spec. */
export async function parseSpecs({ sources, cache }: Specs, context: Context): Promise<ParsedSpecs> {
  const known = sources.map((source) => recall(cache, source));
  const unknown = sources.filter((_, at) => !known[at]);
  const { readings, parsingMs } = unknown.length === 0 ? nothingRead : await readAll(unknown, context);
  const unread = readings.values();
  const entries = new Map<string, CacheEntry>();
  const parsed = sources.map((source, at) => {
    const found = known[at];
    const reading = found ? null : unread.next().value;
    const entry = reading ? reading.entry : cache.entries.get(source.path);
    if (entry) entries.set(source.path, entry);
    const now = found ?? reading?.parsed ?? (reading?.entry ? recallEntry(reading.entry, source) : null);
    if (!now) throw new Error(`${source.path} was not parsed.`);
    return now;
  });
  return { parsed, entries, recalled: sources.length - unknown.length, parsingMs };
}

const nothingRead: Readings = { readings: [], parsingMs: { scan: 0, yaml: 0, shape: 0 } };

/** From so many on a second thread pays: starting one costs what parsing some hundred specs does. */
const readersFrom = 300;

async function readAll(sources: readonly SourceFile[], context: Context): Promise<Readings> {
  const { parsingWatch, readSpec } = await import("./reader.js");
  const { measure, parsingMs } = parsingWatch(context.now);
  const read = (specs: readonly SourceFile[]): Readings["readings"] =>
    specs.map((source, at) => {
      context.progress(`Reading specs: ${at + 1} of ${sources.length}`);
      return readSpec(source, measure);
    });
  // Sources of TypeScript are no thread's to run.
  const isBuilt = import.meta.url.endsWith(".js");
  if (sources.length < readersFrom || !isBuilt) return { readings: read(sources), parsingMs };
  const middle = Math.ceil(sources.length / 2);
  const answer = once(new Worker(new URL("reader.js", import.meta.url), { workerData: sources.slice(middle) }), "message");
  const first = read(sources.slice(0, middle));
  const [second = nothingRead]: Readings[] = await answer;
  const { scan, yaml, shape } = second.parsingMs;
  return {
    readings: [...first, ...second.readings],
    parsingMs: { scan: parsingMs.scan + scan, yaml: parsingMs.yaml + yaml, shape: parsingMs.shape + shape },
  };
}

/** Keeps what this run learned, unless the cache says it all already. */
export function keep({ cache, identity, cacheFile }: Specs, { entries }: Pick<ParsedSpecs, "entries">, lastRun: LastRun | null): void {
  if (cacheFile === null) return;
  const { lastRun: known } = cache;
  const sameRun = known?.inputs === lastRun?.inputs && known?.stamp === lastRun?.stamp;
  const sameEntries =
    entries.size === cache.entries.size && [...entries].every(([path, entry]) => cache.entries.get(path)?.hash === entry.hash);
  if (!sameRun || !sameEntries) writeCache(cacheFile, cacheText({ lastRun, entries }, identity));
}

/** Specs read and parsed, for the commands that want the model and nothing else; no documents where something forbids going on. */
export async function loadDocuments(context: Context): Promise<Checked<ParsedSpecs["parsed"] | null> & { readonly specs: Specs }> {
  const { value: specs, diagnostics } = openSpecs(context);
  if (hasErrors(diagnostics)) return { specs, value: null, diagnostics: await allThatIsWrong(specs, diagnostics, context) };
  const parsed = await parseSpecs(specs, context);
  keep(specs, parsed, specs.cache.lastRun);
  return { specs, value: parsed.parsed, diagnostics };
}
