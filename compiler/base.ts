// Reads the base of a diff, and is the only file of the compiler that asks git. Git is only asked to read.

import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { report, type Checked, type Diagnostic } from "./diagnostic.js";
import { configFile, openProject, place, type Project, readSpecs, specsFolder } from "./files.js";
import { didYouMean } from "./naming.js";
import { decodeSource } from "./scan.js";
import { compareText, type SourceFile } from "./source.js";

/** The specs of another commit or of another folder. */
export interface Base {
  readonly sources: readonly SourceFile[];
  /** The commit that was read; null of a folder. */
  readonly commit: string | null;
  /** What stands before the paths of its files where they are shown: `main:`, `../other/`. */
  readonly prefix: string;
  /** What is to be known of how it was read, in sentences. */
  readonly notes: readonly string[];
}

/**
 * The specs of a commit (a branch, a tag, a hash; `main:packages/control` where the project lay in another folder then), or of a folder; or
 * why they cannot be read, with the next command to type.
 */
export function readBase(project: Project, base: string): Checked<Base> | string {
  const folder = openProject(resolve(project.folder, base));
  const isPath = /^(?:\.{1,2}(?:[\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(base);
  if (isPath) return folder === null ? `there is no folder ${base}` : readBaseFolder(folder, base);
  const inside = git(project, ["rev-parse", "--show-prefix"]);
  if (inside === null || inside.status !== 0) {
    if (folder !== null) return readBaseFolder(folder, base);
    if (inside === null)
      return "git is not installed, or not on the PATH. Install it, or name a folder that holds the base: `pliny diff --base ../base`";
    return `git reads no repository here (${firstLine(inside.errors)}). Run it in a clone, or name a folder that holds the base: \`pliny diff --base ../base\``;
  }
  const [name = "", ...rest] = base.split(":");
  const commit = commitOf(project, name);
  if (commit === null) return folder === null ? whyMissing(project, name) : readBaseFolder(folder, base);
  const today = inside.text.trimEnd();
  const wanted = rest.length === 0 ? null : rest.join(":").replace(/^\.?\/+|\/+$/g, "");
  const place = wanted === null ? whereSpecsLay(project, { commit, name, today }) : { at: wanted === "" ? "" : `${wanted}/`, notes: [] };
  if (typeof place === "string") return place;
  const { value: sources, diagnostics, problem } = readTree(project, commit, place.at);
  if (problem !== null) return problem;
  if (sources.length === 0 && diagnostics.length === 0) return noSpecsAt(name, place.at);
  const notes = [...place.notes, ...partedNote(project, commit, name)];
  return { value: { sources, commit, prefix: `${name}:${place.at}`, notes }, diagnostics };
}

/** Where in its repository a project lies: `packages/control/`, empty at the top, null where it is in none. */
export function folderInRepository(project: Project): string | null {
  const inside = git(project, ["rev-parse", "--show-prefix"]);
  return inside?.status === 0 ? inside.text.trimEnd() : null;
}

function readBaseFolder(folder: Project, base: string): Checked<Base> | string {
  const { value: sources, diagnostics } = readSpecs(folder);
  if (
    sources.every(({ path }) => path === configFile) &&
    !diagnostics.some(({ code }) => code !== report.specsMissing.code && code !== report.noSpecs.code)
  )
    return `the folder ${base} holds no specs: there is no ${specsFolder}/*.yaml in it. Name the folder in which its pliny.yaml stands`;
  return { value: { sources, commit: null, prefix: `${base.replace(/[\\/]+$/, "")}/`, notes: [] }, diagnostics };
}

interface GitAnswer {
  readonly status: number | null;
  readonly bytes: Buffer;
  readonly text: string;
  readonly errors: string;
}

/** What git says; null where there is no git. */
function git(project: Project, args: readonly string[], input: string = ""): GitAnswer | null {
  const { status, stdout, stderr, error } = spawnSync("git", ["-C", project.folder, ...args], {
    input,
    maxBuffer: 1 << 30,
    windowsHide: true,
  });
  if (error !== undefined) {
    if ("code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  return { status, bytes: stdout, text: stdout.toString("utf8"), errors: stderr.toString("utf8") };
}

function gitText(project: Project, args: readonly string[]): string | null {
  const answer = git(project, args);
  return answer?.status === 0 ? answer.text.trim() : null;
}

function commitOf(project: Project, name: string): string | null {
  // What begins with a dash would be an option of git.
  return name === "" || name.startsWith("-") ? null : gitText(project, ["rev-parse", "--verify", "--quiet", `${name}^{commit}`]);
}

/** Why a commit is not here, and how to get it. */
function whyMissing(project: Project, name: string): string {
  const remotes = (gitText(project, ["remote"]) ?? "").split("\n").filter((remote) => remote !== "");
  const remote = remotes.find((each) => name.startsWith(`${each}/`)) ?? remotes[0];
  const branch = remote === undefined ? name : name.replace(`${remote}/`, "");
  if (gitText(project, ["rev-parse", "--is-shallow-repository"]) === "true") {
    const next = /[~^]/.test(name)
      ? `\`git fetch --deepen=10\`, then \`pliny diff --base ${name}\``
      : `\`git fetch --depth=1 ${remote ?? "origin"} ${branch}\`, then \`pliny diff --base FETCH_HEAD\``;
    return `this clone is shallow, and '${name}' is not in it. Run ${next}`;
  }
  if (commitOf(project, "HEAD") === null)
    return "there is no commit yet to compare with. Commit the specs first: `git add . && git commit`";
  const names = (gitText(project, ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"]) ?? "").split(
    "\n",
  );
  const near = names.find((each) => remotes.some((known) => each === `${known}/${name}`)) ?? didYouMean(name, names);
  if (near !== null) return `there is no commit '${name}' here. Did you mean \`pliny diff --base ${near}\`?`;
  return remote === undefined
    ? `there is no commit '${name}' here. \`git branch\` lists those that there are`
    : `there is no commit '${name}' here. Run \`git fetch ${remote} ${branch}\`, then \`pliny diff --base FETCH_HEAD\``;
}

const isSpecPath = (path: string): boolean => path.endsWith(".yaml") && !path.split("/").some((part) => part.startsWith("."));

/** In which folder of a commit the project lies: in the one where it is today, or in the only one that has specs and is no more. */
function whereSpecsLay(
  project: Project,
  { commit, name, today }: { readonly commit: string; readonly name: string; readonly today: string },
): { readonly at: string; readonly notes: readonly string[] } | string {
  const listed = (paths: readonly string[]): readonly string[] =>
    (gitText(project, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, ...paths]) ?? "").split("\0").filter(isSpecPath);
  if (listed([`${today}${specsFolder}`]).length > 0) return { at: today, notes: [] };
  const top = gitText(project, ["rev-parse", "--show-toplevel"]) ?? project.folder;
  const folders = new Set(listed([]).flatMap((path) => /^(|.*?\/)specs\//.exec(path)?.[1] ?? []));
  const left = [...folders].filter((folder) => openProject(join(top, folder, specsFolder)) === null);
  const [only] = left;
  if (only === undefined) return noSpecsAt(name, today);
  if (left.length > 1)
    return `the specs did not lie here at '${name}', and may have come from several folders: ${left.join(", ")}. Say from which: \`pliny diff --base ${name}:${only.replace(/\/$/, "")}\``;
  return { at: only, notes: [`The specs have moved: at '${name}' they lie in ${only === "" ? "the top folder" : only}.`] };
}

function noSpecsAt(name: string, folder: string): string {
  return `'${name}' has no specs in ${folder}${specsFolder}/, so there is nothing to compare with. Take a commit that has some: \`git log --oneline -- ${specsFolder}\` lists them`;
}

/** A branch that lacks what its base got meanwhile seems to have removed it. */
function partedNote(project: Project, commit: string, name: string): readonly string[] {
  if (gitText(project, ["rev-parse", "--is-shallow-repository"]) === "true") return [];
  if (git(project, ["merge-base", "--is-ancestor", commit, "HEAD"])?.status !== 1) return [];
  return [
    `'${name}' has commits that are not in here: what they added reads as removed. Merge it first, or compare with where the two parted: pliny diff --base $(git merge-base ${name} HEAD)`,
  ];
}

/** The specs and `pliny.yaml` of a folder of a commit, by path relative to that folder. */
function readTree(project: Project, commit: string, folder: string): Checked<readonly SourceFile[]> & { readonly problem: string | null } {
  const tree = gitText(project, ["ls-tree", "-r", "-z", "--full-tree", commit, `${folder}${specsFolder}`, `${folder}${configFile}`]) ?? "";
  const entries = tree.split("\0").flatMap((line) => {
    const [, mode = "", type = "", id = "", path = ""] = /^(\d+) (\w+) ([0-9a-f]+)\t([^]*)$/.exec(line) ?? [];
    return type === "blob" && path.startsWith(folder) && isSpecPath(path.slice(folder.length))
      ? [{ path: path.slice(folder.length), id, isLink: mode === "120000" }]
      : [];
  });
  const bytes = git(project, ["cat-file", "--batch"], entries.map(({ id }) => `${id}\n`).join(""))?.bytes ?? Buffer.alloc(0);
  const sources: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  let offset = 0;
  for (const { path, isLink } of entries) {
    const end = bytes.indexOf("\n", offset);
    const [, , size] = bytes.subarray(offset, end).toString("utf8").split(" ");
    if (end === -1 || size === undefined)
      return {
        value: [],
        diagnostics: [],
        problem: `${path} is not in this clone, which is a partial one. Run \`git fetch --refetch\`, or clone without --filter`,
      };
    const text = bytes.subarray(end + 1, end + 1 + Number(size));
    offset = end + 1 + Number(size) + 1;
    const followed = isLink ? followLink(project, `${commit}:${folder}${path}`) : text;
    const source = followed === null ? null : decodeSource(path, followed);
    diagnostics.push(...(source === null ? [report.unreadable(place(path), "it is not there, or is a link that leads nowhere")] : source.diagnostics));
    if (source?.value) sources.push(source.value);
  }
  return { value: sources.sort((left, right) => compareText(left.path, right.path)), diagnostics, problem: null };
}

/** What a link of a commit leads to, where that is a file of the same commit. */
function followLink(project: Project, path: string): Buffer | null {
  const bytes = git(project, ["cat-file", "--batch", "--follow-symlinks"], `${path}\n`)?.bytes ?? Buffer.alloc(0);
  const end = bytes.indexOf("\n");
  const [, size] = /^[0-9a-f]{40,64} blob (\d+)$/.exec(bytes.subarray(0, Math.max(end, 0)).toString("utf8")) ?? [];
  return size === undefined ? null : bytes.subarray(end + 1, end + 1 + Number(size));
}

function firstLine(text: string): string {
  return (text.trim().split("\n")[0] ?? "").replace(/^fatal: /, "");
}
