// The only file of the compiler that touches the disk. It reads specs, compares what was made with what is there, and writes: in
// `generated/`, in the cache, and, for the commands that edit what people wrote, in `specs/`. It writes through no link and leaves alone
// what is not pliny's.

import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  watch,
  writeSync,
  type BigIntStats,
  type Dirent,
  type Stats,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { report, type Checked, type Diagnostic } from "./diagnostic.js";
import type { GeneratedFile } from "./emit.js";
import { hashOf } from "./fingerprint.js";
import { carriesHeader } from "./header.js";
import { decodeSource, maxBytes } from "./scan.js";
import { compareText, type SourceFile, type SourceLocation } from "./source.js";

/** Where a project lies: the folder that holds `pliny.yaml`, `specs/` and `generated/`. Absolute, and free of links. */
export interface Project {
  readonly folder: string;
}

export const specsFolder = "specs";
export const generatedFolder = "generated";
export const configFile = "pliny.yaml";

/** Folders of `generated/` whose files are written once and then stay as they are, whoever wrote them. */
const frozenFolders = ["migrations", "vectors"];

/** The project in a folder, or null where there is no such folder. */
export function openProject(folder: string): Project | null {
  try {
    const real = realpathSync(resolve(folder));
    return statSync(real).isDirectory() ? { folder: real } : null;
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

/** Every spec and `pliny.yaml`, sorted by path. Names that begin with a dot are passed over. */
export function readSpecs(project: Project): Checked<readonly SourceFile[]> {
  const sources: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const root = join(project.folder, specsFolder);
  if (!existsSync(root)) return { value: [], diagnostics: [report.specsMissing(place(specsFolder), hasYaml(project))] };

  const read = (path: string, target: string): void => {
    const entry = statSync(target);
    if (!entry.isFile()) return void diagnostics.push(noFile(path, entry));
    if (entry.size > maxBytes) return void diagnostics.push(report.fileTooLarge(place(path), entry.size));
    const source = decodeSource(path, readFileSync(target));
    diagnostics.push(...source.diagnostics);
    if (source.value) sources.push(source.value);
  };
  walkSpecs(project, diagnostics, (path, target) => {
    if (path.endsWith(".yaml")) read(path, target);
    else if (/\.ya?ml$/i.test(path)) diagnostics.push(report.ymlFile(place(path)));
  });
  if (sources.length === 0 && diagnostics.length === 0) diagnostics.push(report.noSpecs(place(specsFolder)));
  if (lstatOf(join(project.folder, "pliny.yml"))) diagnostics.push(report.ymlFile(place("pliny.yml")));
  if (lstatOf(join(project.folder, configFile))) {
    orSay(configFile, diagnostics, () => {
      const target = realpathSync(join(project.folder, configFile));
      if (isInside(project, target)) read(configFile, target);
      else diagnostics.push(report.linkOutside(place(configFile), fromProject(project, target)));
    });
  }
  return { value: sources.sort((left, right) => compareText(left.path, right.path)), diagnostics };
}

/** Conflicts that a merge left in specs. Where there are any, nothing else of the specs is worth saying. */
export function findMergeMarkers(sources: readonly SourceFile[]): readonly Diagnostic[] {
  return sources.flatMap((source) => {
    const at = mergeMarker(source);
    return at ? [report.mergeMarkers(at, "spec")] : [];
  });
}

// ---- generated/

/** What stands under `generated/`, by path relative to it. Links are named and never followed. */
export interface GeneratedFolder {
  readonly files: ReadonlySet<string>;
  /** The text of one of `files`, read when it is first asked for; empty where another run has removed it since. Throws what the disk refuses. */
  readonly text: (path: string) => string;
  readonly folders: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
  /** Pipes, sockets and devices: to read one may take for ever. */
  readonly others: ReadonlySet<string>;
  /** Files that a run which was killed left half-written. */
  readonly leftovers: readonly string[];
  /**
   * What the disk says of each thing in here without reading it: kind, size, inode and time of change. Where all of it is what it was after the
   * last run (`stampOf`), nothing in here has changed since: whoever writes to a file cannot keep its `ctime`.
   */
  readonly marks: ReadonlyMap<string, string>;
}

/** What is to be done so that `generated/` holds what was made. Paths are relative to it. */
export interface WritePlan {
  readonly write: readonly GeneratedFile[];
  readonly remove: readonly string[];
  /** Those of `write` that are not there yet. */
  readonly added: ReadonlySet<string>;
  readonly unchanged: number;
}

/** What a run made: texts, and paths of what stands there already as it would be made again. */
export interface Made {
  readonly files: readonly GeneratedFile[];
  readonly kept: readonly string[];
}

/**
 * Looks at all of `generated/` once. A temporary file counts as left over when it is a minute old: a younger one may be of a run beside
 * this.
 */
export function openGenerated(project: Project, clock: { readonly nowMs: number }): Checked<GeneratedFolder> {
  const files = new Set<string>();
  const folders = new Set<string>();
  const links = new Set<string>();
  const others = new Set<string>();
  const leftovers: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const root = join(project.folder, generatedFolder);
  const texts = new Map<string, string>();
  const marks = new Map<string, string>();

  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      try {
        const stats = lstatSync(`${root}/${path}`, { bigint: true });
        marks.set(path, markOf(stats));
        if (entry.isSymbolicLink()) links.add(path);
        else if (entry.isDirectory()) {
          folders.add(path);
          walk(path);
        } else if (entry.isFile()) {
          if (!temporaryName.test(entry.name)) files.add(path);
          else if (clock.nowMs - Number(stats.mtimeMs) > 60_000) leftovers.push(path);
        } else others.add(path);
      } catch (error) {
        // What another run removed meanwhile is no matter.
        if (codeOf(error) !== "ENOENT") diagnostics.push(report.unreadable(place(`${generatedFolder}/${path}`), reasonOf(error)));
      }
    }
  };

  const entry = lstatOf(root);
  if (entry?.isSymbolicLink()) diagnostics.push(report.generatedLink(place(generatedFolder)));
  else if (entry && !entry.isDirectory()) diagnostics.push(report.inTheWay(place(generatedFolder), "a file", "a folder"));
  else if (entry) {
    try {
      walk("");
    } catch (error) {
      diagnostics.push(report.unreadable(place(generatedFolder), reasonOf(error)));
    }
  }
  const text = (path: string): string => {
    const known = texts.get(path) ?? readIfThere(join(root, path)) ?? "";
    texts.set(path, known);
    return known;
  };
  return { value: { files, text, folders, links, others, leftovers, marks }, diagnostics };
}

function markOf({ mode, size, ino, ctimeNs }: BigIntStats): string {
  return `${mode} ${size} ${ino} ${ctimeNs}`;
}

/** All marks in one hash. */
export function stampOf(marks: GeneratedFolder["marks"]): string {
  const paths = [...marks.keys()].sort(compareText);
  return hashOf(paths.map((path) => `${path}\0${marks.get(path)}`).join("\0"));
}

/**
 * The marks after a plan was carried out. Only what it touched is looked at again: what somebody else changed meanwhile keeps the mark that it
 * had, and so the next run sees that it differs.
 */
export function marksAfter(project: Project, { marks }: GeneratedFolder, { written, removed }: Written): GeneratedFolder["marks"] {
  const after = new Map(marks);
  const touched = [...written, ...removed];
  for (const path of new Set([...touched, ...touched.flatMap((each) => [...foldersOf(each)])])) {
    const stats = lstatSync(join(project.folder, generatedFolder, path), { bigint: true, throwIfNoEntry: false });
    if (stats) after.set(path, markOf(stats));
    else after.delete(path);
  }
  return after;
}

/** Reads every file that is there, and says which cannot be read. */
export function readTexts(there: GeneratedFolder): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const path of there.files) orSay(`${generatedFolder}/${path}`, diagnostics, () => there.text(path));
  return diagnostics;
}

/** What a run made, and what the one before it made where nothing in `generated/` has changed since: what both made alike need not be read. */
export interface Records {
  readonly made: MadeRecord;
  readonly before: MadeRecord;
}

/** Compares what was made with what is there; touches nothing. Errors name what stands in the way of writing. */
export function planWrites(there: GeneratedFolder, { files, kept }: Made, records: Records | null): Checked<WritePlan> {
  const diagnostics: Diagnostic[] = [];
  const write: GeneratedFile[] = [];
  const added = new Set<string>();
  const byLowerCase = new Map<string, string>();
  const madePaths = new Set([...files.map((file) => file.path), ...kept]);
  const isOurs = (path: string): boolean => !isFrozen(path) && carriesHeader(there.text(path));
  const stale = [...there.files].filter((path) => !madePaths.has(path) && isOurs(path));
  const staleByLowerCase = new Set(stale.map((path) => path.toLowerCase()));
  const refusedFolders = new Set<string>();
  const isAsBefore = (path: string): boolean => records !== null && records.made[path] === records.before[path];
  let unchanged = kept.length;

  for (const path of kept) byLowerCase.set(path.toLowerCase(), path);
  for (const file of files) {
    const at = place(`${generatedFolder}/${file.path}`);
    const twin = byLowerCase.get(file.path.toLowerCase());
    if (twin !== undefined) diagnostics.push(report.samePath(at, twin));
    byLowerCase.set(file.path.toLowerCase(), file.path);

    const folders = [...foldersOf(file.path)];
    const obstacle = folders.map((folder) => obstacleAt(there, folder, isOurs)).find((found) => found !== null) ?? null;
    const isThere = there.files.has(file.path);
    // What is in the way of several files is said once.
    if (obstacle) {
      if (!refusedFolders.has(obstacle.at.file.path)) diagnostics.push(obstacle);
      refusedFolders.add(obstacle.at.file.path);
    } else if (there.links.has(file.path)) diagnostics.push(report.generatedLink(at));
    else if (there.folders.has(file.path)) diagnostics.push(report.inTheWay(at, "a folder", "a file"));
    else if (there.others.has(file.path)) diagnostics.push(report.inTheWay(at, "a pipe, a socket or a device", "a file"));
    // On a disk that ignores case the stale file is this one, and is about to go; so it is written whatever it holds.
    else if (!isThere || staleByLowerCase.has(file.path.toLowerCase())) {
      if (!isThere) added.add(file.path);
      write.push(file);
    } else if (isFrozen(file.path) || isAsBefore(file.path)) unchanged += 1;
    else {
      const text = there.text(file.path);
      if (sameText(text, file.text)) unchanged += 1;
      else if (carriesHeader(text) || text === "" || isTornByMerge(text)) write.push(file);
      else diagnostics.push(report.notOurs(at));
    }
  }
  for (const path of there.files) {
    // A run that finds markers makes no record.
    if (records || !isFrozen(path)) continue;
    const at = mergeMarker({ path: `${generatedFolder}/${path}`, text: there.text(path) });
    if (at) diagnostics.push(report.mergeMarkers(at, "frozen"));
  }
  const torn = [...there.files].filter(
    (path) => !isFrozen(path) && !madePaths.has(path) && !carriesHeader(there.text(path)) && isTornByMerge(there.text(path)),
  );
  const remove = [...stale, ...torn, ...there.leftovers].sort(compareText);
  return { value: { write, remove, added, unchanged }, diagnostics };
}

/** The drift that `--check` reports: one diagnostic for each file that `generate` would write or remove. */
export function describeDrift(there: GeneratedFolder, plan: WritePlan): readonly Diagnostic[] {
  const written = plan.write.map((file) => {
    const path = `${generatedFolder}/${file.path}`;
    const text = there.files.has(file.path) ? there.text(file.path) : "";
    const torn = mergeMarker({ path, text });
    if (torn) return report.mergeMarkers(torn, "generated");
    if (plan.added.has(file.path)) return report.drift(place(path), "missing");
    const at = firstDifference(text, file.text);
    return report.drift({ file: { path, text }, start: at.start, end: at.end }, "differs");
  });
  return [...written, ...plan.remove.map((path) => report.noLongerMade(place(`${generatedFolder}/${path}`)))];
}

/** What a run made, short enough to be remembered: paths and hashes of texts. */
export type MadeRecord = Readonly<Record<string, string>>;

export function recordOf({ files, kept }: Made, before: MadeRecord): MadeRecord {
  const hashes = kept.map((path) => [path, before[path] ?? ""] as const);
  return Object.fromEntries([...hashes, ...files.map(({ path, text }) => [path, hashOf(text)] as const)]);
}

/** Whether a file of such a run stands there as it was made; Git may have turned its line ends into CRLF. Of a frozen one it is enough that it is there. */
export function isAsMade(there: GeneratedFolder, path: string, record: MadeRecord): boolean {
  if (!there.files.has(path)) return false;
  return isFrozen(path) ? !mergeMarker({ path, text: there.text(path) }) : hashOf(withoutReturns(there.text(path))) === record[path];
}

/** Whether `generated/` holds exactly what such a run made, so that there is nothing to compare and nothing to write. */
export function holdsAll(there: GeneratedFolder, record: MadeRecord): boolean {
  if (there.leftovers.length > 0 || !Object.keys(record).every((path) => isAsMade(there, path, record))) return false;
  return [...there.files].every((path) => {
    if (Object.hasOwn(record, path)) return true;
    return isFrozen(path) ? !mergeMarker({ path, text: there.text(path) }) : !carriesHeader(there.text(path)) && !isTornByMerge(there.text(path));
  });
}

/** Rows of `generated/vectors` other than such a run made: of an older version, or frozen when the specs said something else. */
export function olderVectors(there: GeneratedFolder, record: MadeRecord): readonly string[] {
  return [...there.files].filter((path) => /^vectors\/.*\.json$/.test(path) && hashOf(withoutReturns(there.text(path))) !== record[path]);
}

export interface Written {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Carries a plan out: what is no longer made goes, then each file is written beside its place and renamed into it, so that whoever reads or
 * whatever crashes finds whole files only. Stops at the first thing the disk refuses and says so.
 */
export function writeGenerated(project: Project, plan: WritePlan): Checked<Written> {
  const written: string[] = [];
  const removed: string[] = [];
  const root = join(project.folder, generatedFolder);
  const checkedFolders = new Set<string>();
  let path = generatedFolder;
  try {
    for (path of plan.remove) {
      rmSync(join(root, path), { force: true });
      removed.push(path);
    }
    for (const file of plan.write) {
      path = file.path;
      makeFolders(root, dirname(file.path), checkedFolders);
      replaceFile(join(root, file.path), file.text);
      written.push(file.path);
    }
    for (path of plan.remove) removeEmptyFolders(root, dirname(path));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { value: { written, removed }, diagnostics: [report.unwritable(place(`${generatedFolder}/${path}`), reasonOf(error))] };
  }
  return { value: { written, removed }, diagnostics: [] };
}

// ---- what people write

/** The text of a file of the project, or null where there is none. Throws what the disk refuses. */
export function readText(project: Project, path: string): string | null {
  return readIfThere(join(project.folder, path));
}

/** The first so many bytes of a file that a command is given, in the project or elsewhere, or a pipe; or why it cannot be read. */
export function readInput(project: Project, path: string, bytesMax: number): Uint8Array | string {
  try {
    const file = openSync(resolve(project.folder, path), "r");
    try {
      const bytes = Buffer.alloc(bytesMax);
      let filled = 0;
      for (let read = -1; read !== 0 && filled < bytesMax; filled += read) read = readSync(file, bytes, filled, bytesMax - filled, null);
      return bytes.subarray(0, filled);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return reasonOf(error);
  }
}

/** Where a file of the project lies, or null where there is none of that name. */
export function findFile(project: Project, path: string): string | null {
  const found = resolve(project.folder, path);
  return existsSync(found) ? found : null;
}

/** Every file in `specs/` that ends in `.handlers.ts`, sorted by path. */
export function listHandlers(project: Project): Checked<readonly SourceFile[]> {
  const found: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  walkSpecs(project, diagnostics, (path, target) => {
    if (!path.endsWith(".handlers.ts")) return;
    const entry = statSync(target);
    if (entry.isFile()) found.push({ path, text: readFileSync(target, "utf8") });
    else diagnostics.push(noFile(path, entry));
  });
  return { value: found.sort((left, right) => compareText(left.path, right.path)), diagnostics };
}

/** Replaces or makes a file that a person owns, keeping its mode. A link is followed as long as it leads to a place inside the project. */
export function writeText(project: Project, path: string, text: string): readonly Diagnostic[] {
  try {
    const folder = realpathSync(join(project.folder, dirname(path)));
    const target = existsSync(join(project.folder, path)) ? realpathSync(join(project.folder, path)) : join(folder, basename(path));
    if (!isInside(project, target)) return [report.linkOutside(place(path), fromProject(project, target))];
    replaceFile(target, text);
    return [];
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [report.unwritable(place(path), reasonOf(error))];
  }
}

/** Makes a file where there is none; says whether it did. Nothing that exists is ever touched. */
export function createFile(project: Project, path: string, text: string): Checked<boolean> {
  try {
    if (lstatOf(join(project.folder, path))) return { value: false, diagnostics: [] };
    const folder = join(project.folder, dirname(path));
    let above = folder;
    while (!lstatOf(above)) above = dirname(above);
    const real = realpathSync(above);
    if (!isInside(project, real)) return { value: false, diagnostics: [report.linkOutside(place(path), fromProject(project, real))] };
    mkdirSync(folder, { recursive: true });
    replaceFile(join(folder, basename(path)), text);
    return { value: true, diagnostics: [] };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { value: false, diagnostics: [report.unwritable(place(path), reasonOf(error))] };
  }
}

/**
 * Calls with each path that changes in `specs/`, and with `pliny.yaml`, until the signal aborts. Names that begin with a dot are passed over. False
 * where there is no `specs/`.
 */
export function watchSpecs(project: Project, signal: AbortSignal, changed: (path: string) => void): boolean {
  if (!existsSync(join(project.folder, specsFolder))) return false;
  const watchers = [
    watch(join(project.folder, specsFolder), { recursive: true, signal }, (_, name) => {
      if (name !== null && !name.split(sep).some((part) => part.startsWith("."))) changed(`${specsFolder}/${name.replaceAll(sep, "/")}`);
    }),
    // A file that is replaced is another one, so its folder is watched.
    watch(project.folder, { signal }, (_, name) => {
      if (name === configFile) changed(configFile);
    }),
  ];
  // A folder that goes away says so as an error, and is as good as changed.
  for (const watcher of watchers) watcher.on("error", () => changed(specsFolder));
  return true;
}

// ---- keyrings

const keyringBytesMax = 1 << 20;

/** The text of a keyring, which may lie anywhere, and null where there is none of that name; or why it cannot be read. */
export function readKeyring(project: Project, path: string): { readonly text: string | null } | string {
  try {
    const target = resolve(project.folder, path);
    if (!lstatOf(target)) return { text: null };
    const entry = statSync(target);
    if (!entry.isFile()) return "it is no file";
    if (entry.size > keyringBytesMax) return `it holds more than ${keyringBytesMax} bytes`;
    return { text: readFileSync(target, "utf8") };
  } catch (error) {
    return reasonOf(error);
  }
}

/**
 * Replaces or makes a keyring at one go, so that only its owner, who stays the same, can read it; gives the mode that it had, or null. Its bytes
 * are on the disk before its name is: of all files this is the one that cannot be made again. A link is refused, as what it leads to may
 * be kept by something else; says why where it cannot be written.
 */
export function writeKeyring(project: Project, path: string, text: string): { readonly modeBefore: number | null } | string {
  try {
    const target = resolve(project.folder, path);
    const before = lstatOf(target);
    if (before?.isSymbolicLink()) return "it is a link: name the file that it leads to";
    if (before && !before.isFile()) return "it is no file";
    replaceFile(target, text, { isSecret: true });
    return { modeBefore: before === null ? null : before.mode & 0o777 };
  } catch (error) {
    return reasonOf(error);
  }
}

/** A place that is a whole file, for what is said of the file and not of its text. */
export function place(path: string): SourceLocation {
  return { file: { path, text: "" }, start: 0, end: 0 };
}

// ---- the cache

/** Where the cache of a project lies: in the nearest `node_modules`, or null where there is none or a link stands in the way. */
export function findCacheFile(project: Project): string | null {
  for (let folder = project.folder; ; folder = dirname(folder)) {
    const entry = lstatOf(join(folder, "node_modules"));
    if (entry?.isDirectory()) {
      const cache = join(folder, "node_modules", ".cache", "pliny");
      const free = [dirname(cache), cache].every((path) => lstatOf(path)?.isDirectory() ?? true);
      const name = createHash("sha256").update(project.folder.slice(folder.length)).digest("hex").slice(0, 8);
      return free ? join(cache, `${name}.json`) : null;
    }
    if (entry || dirname(folder) === folder) return null;
  }
}

/** The text of the cache; null where there is none, or where it cannot be read. */
export function readCache(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

/** Replaces the cache. A folder that may not be written is no mistake: the next run is as slow as this one. */
export function writeCache(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    replaceFile(file, text);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** What tells one build of the compiler from another: name, size and time of each of its own files. */
export function compilerIdentity(): string {
  const sources = import.meta.dirname;
  const artefacts = dirname(createRequire(import.meta.url).resolve("#shape"));
  return [...filesOf(sources, { recursive: true }), ...filesOf(artefacts, { recursive: false })]
    .filter((path) => !path.endsWith(".d.ts"))
    .map((path) => {
      const { size, mtimeMs } = statSync(path);
      return `${path} ${size} ${mtimeMs}`;
    })
    .sort(compareText)
    .join("\n");
}

function filesOf(folder: string, options: { readonly recursive: boolean }): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true, ...options });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

// ---- private

/**
 * Visits every file in `specs/` by its path and by the place that this leads to, which is inside the project. A name that begins with a dot
 * is passed over; what cannot be read, or lies elsewhere, is reported.
 */
function walkSpecs(project: Project, diagnostics: Diagnostic[], visit: (path: string, target: string) => void): void {
  const walk = (folder: string, target: string, above: readonly string[]): void => {
    if (!isInside(project, target)) return void diagnostics.push(report.linkOutside(place(folder), fromProject(project, target)));
    // A link to a folder above would lead round for ever.
    if (above.includes(target)) return;
    for (const entry of readdirSync(target, { withFileTypes: true }).sort(byName)) {
      if (entry.name.startsWith(".")) continue;
      const path = `${folder}/${entry.name}`;
      orSay(path, diagnostics, () => {
        const isLink = entry.isSymbolicLink();
        const isSpec = /\.(ya?ml|handlers\.ts)$/i.test(entry.name);
        if (isLink && !isSpec && !isFolder(join(target, entry.name))) return;
        const next = isLink ? realpathSync(join(target, entry.name)) : join(target, entry.name);
        if (isLink ? isFolder(next) : entry.isDirectory()) walk(path, next, [...above, target]);
        else if (isInside(project, next)) visit(path, next);
        else diagnostics.push(report.linkOutside(place(path), fromProject(project, next)));
      });
    }
  };
  orSay(specsFolder, diagnostics, () => walk(specsFolder, realpathSync(join(project.folder, specsFolder)), []));
}

/** To read what is no file fails, or takes as long as it takes until somebody writes into a pipe. */
function noFile(path: string, entry: Stats): Diagnostic {
  return report.unreadable(place(path), entry.isDirectory() ? "it is a folder" : "it is neither a file nor a folder");
}

/** Does something with a path, and reports it where the disk refuses. */
function orSay(path: string, diagnostics: Diagnostic[], act: () => void): void {
  try {
    act();
  } catch (error) {
    diagnostics.push(report.unreadable(place(path), reasonOf(error)));
  }
}

// `.database.ts.4711.pliny`: hidden, and no editor or compiler takes it for a source.
const temporaryName = /^\..+\.\d+\.pliny$/;

/**
 * Writes beside the place, then renames into it; the temporary file is gone whatever happens short of a crash. A secret is for its owner's eyes
 * from the first byte on, and is on the disk before its name is.
 */
function replaceFile(path: string, text: string, { isSecret = false }: { readonly isSecret?: boolean } = {}): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.pliny`);
  const before = lstatOf(path);
  try {
    const handle = openNew(temporary, isSecret ? 0o600 : 0o666);
    try {
      const bytes = Buffer.from(text, "utf8");
      for (let offset = 0; offset < bytes.length;) offset += writeSync(handle, bytes, offset);
      if (isSecret && before && before.uid !== fstatSync(handle).uid) fchownSync(handle, before.uid, before.gid);
      if (isSecret) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (before && !isSecret) chmodSync(temporary, before.mode & 0o777);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** `wx` follows no link that someone put there meanwhile. What a run of the same number left there goes. */
function openNew(path: string, mode: number): number {
  try {
    return openSync(path, "wx", mode);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    rmSync(path, { force: true });
    return openSync(path, "wx", mode);
  }
}

/** Makes `folder` under `root` step by step, and refuses one that turned into a link since it was looked at. */
function makeFolders(root: string, folder: string, checked: Set<string>): void {
  if (checked.has(folder)) return;
  if (folder !== ".") makeFolders(root, dirname(folder), checked);
  const path = join(root, folder);
  const entry = lstatOf(path);
  // Another run may have made it meanwhile.
  if (!entry) mkdirSync(path, { recursive: true });
  else if (!entry.isDirectory()) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR", syscall: "mkdir" });
  checked.add(folder);
}

function removeEmptyFolders(root: string, folder: string): void {
  for (let path = folder; path !== "."; path = dirname(path)) {
    try {
      rmdirSync(join(root, path));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // Something else is in it, or it is gone already.
      if (codeOf(error) !== "ENOENT") return;
    }
  }
}

function obstacleAt(there: GeneratedFolder, folder: string, isOurs: (path: string) => boolean): Diagnostic | null {
  const at = place(`${generatedFolder}/${folder}`);
  if (there.links.has(folder)) return report.generatedLink(at);
  if (there.others.has(folder)) return report.inTheWay(at, "a pipe, a socket or a device", "a folder");
  // A file of ours goes before anything is written.
  if (there.files.has(folder) && !isOurs(folder)) return report.inTheWay(at, "a file", "a folder");
  return null;
}

/** `docs/resources/team.md` → `docs`, `docs/resources`. A path that could leave `generated/` is a bug of whoever made it. */
function* foldersOf(path: string): Generator<string> {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || /[\\:\u0000]/.test(part)))
    throw new Error(`'${path}' is no path under ${generatedFolder}/.`);
  for (let count = 1; count < parts.length; count += 1) yield parts.slice(0, count).join("/");
}

function isFrozen(path: string): boolean {
  return frozenFolders.includes(path.split("/")[0] ?? "");
}

/** Git may turn line ends into CRLF when it checks out; that is no drift. */
function sameText(left: string, right: string): boolean {
  return left === right || (left.includes("\r\n") && withoutReturns(left) === right);
}

function withoutReturns(text: string): string {
  return text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
}

/** A generated file that a merge has torn carries the header somewhere, though a marker may stand above it. */
function isTornByMerge(text: string): boolean {
  if (!mergeMarker({ path: "", text })) return false;
  const lines = text.split("\n");
  return lines.some(
    (_, at) => (at === 0 || /^(<{7}|={7}|\|{7}|>{7})/.test(lines[at - 1] ?? "")) && carriesHeader(lines.slice(at).join("\n")),
  );
}

/** The first line that a merge left, if the last one is there too. */
function mergeMarker(file: SourceFile): SourceLocation | null {
  if (!file.text.includes("<<<<<<< ") || !file.text.includes(">>>>>>> ")) return null;
  const start = /^<{7} .*$/m.exec(file.text);
  if (!start || !/^>{7} /m.test(file.text.slice(start.index))) return null;
  return { file, start: start.index, end: start.index + start[0].trimEnd().length };
}

/** The first line that differs. */
function firstDifference(there: string, made: string): { readonly start: number; readonly end: number } {
  let at = 0;
  while (at < there.length && at < made.length && there[at] === made[at]) at += 1;
  const start = there.lastIndexOf("\n", at - 1) + 1;
  const end = there.indexOf("\n", start);
  return { start, end: end === -1 ? there.length : end };
}

/** A place outside as it is seen from the project. */
function fromProject(project: Project, path: string): string {
  return relative(project.folder, path).replaceAll("\\", "/");
}

function isInside(project: Project, path: string): boolean {
  return path === project.folder || path.startsWith(project.folder.endsWith(sep) ? project.folder : project.folder + sep);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/** Specs that lie beside `specs/` rather than in it: what a beginner gets wrong. */
function hasYaml(project: Project): boolean {
  return readdirSync(project.folder).some((name) => /\.ya?ml$/.test(name) && name !== configFile);
}

function lstatOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function byName(left: Dirent, right: Dirent): number {
  return compareText(left.name, right.name);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

function codeOf(error: unknown): string {
  return isSystemError(error) ? (error.code ?? "") : "";
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EPERM: "the system does not permit it",
  ENOENT: "it is not there, or is a link that leads nowhere",
  ELOOP: "it is a link that leads round to itself",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
  EMFILE: "too many files are open",
};

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** What the disk said, in words. Anything that the disk did not say is a bug and goes on up. */
function reasonOf(error: unknown): string {
  if (!isSystemError(error)) throw error;
  return reasons[codeOf(error)] ?? error.message;
}
