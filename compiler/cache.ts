// What the last run already knew: each spec as `parse` left it, by the hash of its text, and what the whole run made. The cache is text
// whose first line says which compiler wrote it and what the rest hashes to; anything else is no cache. It may be deleted at any time.

import { createHash } from "node:crypto";
import type { Checked, Diagnostic } from "./diagnostic.js";
import type { SpecDocument, SpecValue } from "./document.js";
import type { MadeRecord } from "./files.js";
import { hashOf } from "./fingerprint.js";
import type { SourceFile } from "./source.js";

export interface Cache {
  readonly lastRun: LastRun | null;
  /** By the path of the spec. */
  readonly entries: ReadonlyMap<string, CacheEntry>;
}

/** One spec: the hash of its text, and its documents as `remember` writes them. They are taken apart only when they are asked for. */
export interface CacheEntry {
  readonly hash: string;
  /** The documents as JSON, and behind a tab each the places of each: they are ten times as many values, and needed only for what is reported. */
  readonly documents: string;
}

/** A run that made everything it should: from what, what, and what it said. */
export interface LastRun {
  readonly inputs: string;
  readonly made: MadeRecord;
  /** What the disk said of `generated/` afterwards (`GeneratedFolder.stamp`). */
  readonly stamp: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly units: readonly StoredUnit[];
}

/** A unit of what was made: its texts stand in `generated/`, and their hashes in `made`. */
export interface StoredUnit {
  readonly name: string;
  readonly asked: readonly (readonly [asked: string, fingerprint: string])[];
  readonly paths: readonly string[];
}

interface Run extends Omit<LastRun, "diagnostics"> {
  /** Diagnostics as JSON, files by their paths. */
  readonly diagnostics: string;
}

export const emptyCache: Cache = { lastRun: null, entries: new Map() };

/** Reads what `writtenCache` gave. A text of another compiler, a torn or a foreign one is an empty cache. */
export function readCacheText(text: string, identity: string, sources: readonly SourceFile[]): Cache {
  const lineEnd = text.indexOf("\n");
  if (text.slice(0, lineEnd) !== firstLine(identity, text.slice(lineEnd + 1))) return emptyCache;
  const [run = "null", ...lines] = text.slice(lineEnd + 1).split("\n");
  const entries = new Map<string, CacheEntry>();
  for (const line of lines) {
    const [hash = "", path = ""] = line.split("\t", 2);
    entries.set(path, { hash, documents: line.slice(hash.length + path.length + 2) });
  }
  // The hash in the first line proves that this compiler wrote these lines; so they are what `cacheText` put there.
  const stored = JSON.parse(run) as Run | null;
  return { lastRun: stored && { ...stored, diagnostics: reviveDiagnostics(stored.diagnostics, sources) }, entries };
}

export function cacheText(cache: Cache, identity: string): string {
  const { lastRun } = cache;
  const run: Run | null = lastRun && {
    ...lastRun,
    diagnostics: JSON.stringify(lastRun.diagnostics, (key, value: unknown) => (key === "file" ? pathOf(value) : value)),
  };
  const lines = [...cache.entries].filter(([path]) => !/[\t\n]/.test(path)).map(([path, entry]) => `${entry.hash}\t${path}\t${entry.documents}`);
  const rest = [JSON.stringify(run), ...lines].join("\n");
  return `${firstLine(identity, rest)}\n${rest}`;
}

/** A spec as it was parsed when its text was this one; null where it was another. */
export function recall(cache: Cache, source: SourceFile): Checked<readonly SpecDocument[]> | null {
  const entry = cache.entries.get(source.path);
  return !entry || entry.hash !== hashOf(source.text) ? null : recallEntry(entry, source);
}

/** What an entry that belongs to this very text says. */
export function recallEntry(entry: CacheEntry, source: SourceFile): Checked<readonly SpecDocument[]> {
  // Written by `remember`, as the first line of the cache proves.
  const [json = "[]", ...places] = entry.documents.split("\t");
  const stored = JSON.parse(json) as readonly StoredDocument[];
  return {
    value: stored.map(({ kind, span, written, spec, lost }, at) => {
      let known: readonly number[] | null = null;
      return {
        kind,
        file: source,
        span,
        written,
        get places() {
          return (known ??= readPlaces(places[at] ?? ""));
        },
        spec: spec ?? (written as SpecDocument["spec"]),
        lost,
      };
    }),
    diagnostics: [],
  };
}

/** A document without its file and its places, and without `spec` where that is what was written. */
interface StoredDocument extends Omit<SpecDocument, "file" | "places" | "spec"> {
  readonly spec?: SpecDocument["spec"];
}

/** What to keep of a spec that was parsed; null where something was wrong with it, or JSON cannot say it. */
export function remember(source: SourceFile, parsed: Checked<readonly SpecDocument[]>): CacheEntry | null {
  if (parsed.diagnostics.length > 0 || !parsed.value.every((document) => isJson(document.written))) return null;
  const stored = parsed.value.map(({ kind, span, written, spec, lost }): StoredDocument => ({
    kind,
    span,
    written,
    lost,
    ...(spec === written ? {} : { spec }),
  }));
  return { hash: hashOf(source.text), documents: [JSON.stringify(stored), ...parsed.value.map(({ places }) => placesText(places))].join("\t") };
}

/** Each number as what it is more than the one before: half as much text. */
function placesText(places: readonly number[]): string {
  return places.map((place, at) => place - (places[at - 1] ?? 0)).join(",");
}

function readPlaces(text: string): readonly number[] {
  let place = 0;
  return text.split(",").map((more) => (place += Number(more)));
}

/** One hash of everything that a run reads. */
export function inputsOf(sources: readonly SourceFile[]): string {
  const hash = createHash("sha256");
  for (const { path, text } of sources) hash.update(`${path}\0${text.length}\0${text}`);
  return hash.digest("hex");
}

function firstLine(identity: string, rest: string): string {
  return `pliny cache 2 ${hashOf(identity)} ${hashOf(rest)}`;
}

/** JSON has neither infinities nor a negative zero. */
function isJson(value: SpecValue): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value !== "object" || Object.values(value).every(isJson);
}

function pathOf(file: unknown): string {
  return typeof file === "object" && file !== null && "path" in file ? String(file.path) : "";
}

function reviveDiagnostics(json: string, sources: readonly SourceFile[]): readonly Diagnostic[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return JSON.parse(json, (key, value: unknown) =>
    key === "file" ? (byPath.get(String(value)) ?? { path: String(value), text: "" }) : value,
  ) as readonly Diagnostic[];
}
