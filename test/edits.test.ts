// `pliny generate` after any edits gives what it would give without its memory: the same files, the same diagnostics, the same report. Random
// edits of specs, of `generated/` and of the cache, run after run; beside each run one that starts from the same folder and remembers nothing.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { generate } from "../compiler/commands/generate.js";
import type { Outcome } from "../compiler/commands/outcome.js";
import { openProject } from "../compiler/files.js";
import { compileFolder, filesUnder } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

const runs = (count: number): number => count * Number(process.env["PLINY_EFFORT"] ?? 1);
const outer = mkdtempSync(join(tmpdir(), "pliny-edits-"));
afterAll(() => rmSync(outer, { recursive: true }));

const original: ReadonlyMap<string, string> = new Map(compileFolder(projectRoot).sources.map(({ path, text }) => [path, text]));

/** A project that is worked on; random numbers choose where an edit falls. */
interface Work {
  readonly folder: string;
  /** The caches of earlier runs. */
  readonly caches: string[];
}

type Edit = (work: Work, pick: <T>(from: readonly T[]) => T) => void;

/** How a text is written anew; each of them is tried on one spec. */
const rewrites: Readonly<Record<string, (text: string, pick: <T>(from: readonly T[]) => T) => string>> = {
  "takes a line away": (text, pick) => withLine(text, pick, () => []),
  "doubles a line": (text, pick) => withLine(text, pick, (line) => [line, line]),
  "writes a comment": (text, pick) => withLine(text, pick, (line) => [line, "# a comment"]),
  "changes a number": (text, pick) => withLine(text, pick, (line) => [line.replace(/\d+/, (digits) => String(Number(digits) + 1))]),
  "changes a doc": (text) => text.replace(/doc: (\w)/, "doc: Now $1"),
  "changes a modifier": (text) => text.replace(/required: true|immutable: true|open: true|max: \d+/, "deprecated: {}"),
  "adds a field": (text, pick) => text.replace(/^fields:\n/m, `fields:\n  ${pick(["size", "note", "plan"])}: { type: ${pick(["string", "int", "team", "missing"])} }\n`),
  "adds an element": (text, pick) =>
    `${text}---\n${pick([
      "resource: site\nparent: team\nfields: { name: string }\nindexes: [[name], [name]]\n",
      "type: money\nfields: { amount: decimal, owner: team }\n",
      "task: sweep\nstates: { run: { to: [stop] } }\n",
      "task: tidy\nof: team\nstates: { run: { to: [stop] } }\n",
      "resource: dump_log\nextends: dump\nfields: { size: int }\n",
      "resource: old_site\ngone: true\n",
    ])}`,
  "renames a word": (text, pick) => {
    const word = pick([...new Set(text.match(/[a-z_]{4,}/g))]);
    return text.replace(new RegExp(`\\b${word}\\b`, pick(["", "g"])), `${word}_${pick(["a", "b"])}`);
  },
  breaks: (text, pick) => withLine(text, pick, (line) => [line, pick(["  - [", "\t", "nothing: here"])]),
};

const edits: Readonly<Record<string, Edit>> = {
  ...Object.fromEntries(
    Object.entries(rewrites).map(([name, rewrite]): [string, Edit] => [
      `${name} of a spec`,
      ({ folder }, pick) => {
        const path = pick(["pliny.yaml", ...specsIn(folder), ...specsIn(folder)]);
        if (existsSync(join(folder, path))) put(folder, path, rewrite(readFileSync(join(folder, path), "utf8"), pick));
      },
    ]),
  ),
  "renames a word in all specs": ({ folder }, pick) => {
    const [word, end] = [pick(["team", "database", "plan", "provision", "online", "maintenance_window"]), pick(["_a", "_b"])];
    for (const path of specsIn(folder)) put(folder, path, readFileSync(join(folder, path), "utf8").replace(new RegExp(`\\b${word}\\b`, "g"), word + end));
  },
  "mends a spec": ({ folder }, pick) => {
    const [path, text] = pick([...original]);
    put(folder, path, text);
  },
  "mends all specs": ({ folder }) => mend(folder),
  "takes a file away": ({ folder }, pick) => rmSync(join(folder, pick(["pliny.yaml", ...specsIn(folder)])), { force: true }),
  "renames a file": ({ folder }, pick) => {
    const path = pick(specsIn(folder));
    renameSync(join(folder, path), join(folder, path.replace(/([^/]*)$/, pick(["a-$1", "z-$1"]))));
  },
  "adds what is warned of": ({ folder }) => put(folder, "specs/idle.yaml", "task: idle\nstates: { run: { to: [stop] } }\n"),
  "sets levels": ({ folder }, pick) => put(folder, "pliny.yaml", `imports: ${pick(["ts", "js"])}\nlevels: { IDX006: ${pick(["off", "error"])} }\n`),
  "spoils a generated file": ({ folder }, pick) => {
    const path = pick(generatedIn(folder));
    writeFileSync(join(folder, path), pick(["", "by hand\n", `${readFileSync(join(folder, path), "utf8")}\n`, "<<<<<<< a\n=======\n>>>>>>> b\n"]));
  },
  "takes a generated file away": ({ folder }, pick) => rmSync(join(folder, pick(generatedIn(folder)))),
  "adds a generated file": ({ folder }) => put(folder, "generated/stale.ts", "// Code generated by pliny from specs/. DO NOT EDIT.\n"),
  "takes an older cache": ({ folder, caches }, pick) => writeCacheOf(folder, pick(caches)),
  "spoils the cache": ({ folder, caches }, pick) => {
    const text = caches.at(-1) ?? "";
    const at = Math.floor((text.length * pick([1, 2, 3, 4, 5, 6, 7])) / 8);
    writeCacheOf(folder, text.slice(0, at) + pick(["", "0", text.slice(at + 1)]));
  },
};

test("a run that remembers gives what one that does not", async () => {
  // Specs that are wrong in many ways say little; so they are mended often.
  const names = [...Object.keys(edits), ...Array.from({ length: 8 }, () => "mends all specs"), ...Array.from({ length: 4 }, () => "adds what is warned of")];
  const seen = { recalled: 0, clean: 0, warned: 0, refused: 0 };
  let count = 0;
  const step = fc.record({ edits: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }), choices: fc.infiniteStream(fc.nat()) });
  const sequence = async (steps: readonly { readonly edits: readonly string[]; readonly choices: Iterator<number> }[]): Promise<void> => {
    const work: Work = { folder: join(outer, String((count += 1))), caches: [] };
    mend(work.folder);
    await compare(work);
    for (const { edits: some, choices } of steps) {
      const pick = <T>(from: readonly T[]): T => {
        const [first] = from.slice(Number(choices.next().value) % from.length);
        if (first === undefined) throw new Error("There is nothing to pick from.");
        return first;
      };
      for (const name of some) if (generatedIn(work.folder).length > 0 && specsIn(work.folder).length > 0) edits[name]?.(work, pick);
      await compare(work);
    }
    rmSync(work.folder, { recursive: true });
  };
  const compare = async ({ folder, caches }: Work): Promise<void> => {
    const cold = `${folder}-cold`;
    cpSync(folder, cold, { recursive: true });
    rmSync(join(cold, "node_modules/.cache"), { recursive: true, force: true });
    const [again, anew] = [await run(folder), await run(cold)];
    expect(told(again)).toEqual(told(anew));
    expect(contents(folder)).toEqual(contents(cold));
    rmSync(cold, { recursive: true });
    caches.push(cacheOf(folder));
    const { stats } = again.facts as { readonly stats?: { readonly counts: Readonly<Record<string, number>> } };
    seen.recalled += stats?.counts["fromCache"] ?? 0;
    seen[again.exitCode === 0 ? (again.diagnostics.length > 0 ? "warned" : "clean") : "refused"] += 1;
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 10 }), sequence), { numRuns: runs(20), endOnFailure: true });
  expect(Math.min(seen.clean, seen.warned, seen.refused)).toBeGreaterThan(5);
  expect(seen.recalled).toBeGreaterThan(50);
});

/** Runs `pliny generate` in a folder. */
async function run(folder: string): Promise<Outcome> {
  const project = openProject(folder);
  if (project === null) throw new Error(`${folder} is no folder.`);
  const never = (): AbortSignal => new AbortController().signal;
  return generate(
    {
      project, now: () => 0, wallClock: () => 0, input: () => Promise.resolve(new Uint8Array()), progress: () => {}, environment: {},
      user: () => "test", interruption: never, urgency: never, say: () => {}, show: () => Promise.resolve(), board: null,
    },
    { check: false, stats: true },
  );
}

/** What is told of a run, but for what it took and how much of it was remembered. */
function told({ exitCode, diagnostics, facts }: Outcome): object {
  return { exitCode, diagnostics, facts: { ...facts, stats: null } };
}

function contents(folder: string): ReadonlyMap<string, string> {
  return new Map(generatedIn(folder).map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

function generatedIn(folder: string): readonly string[] {
  return filesUnder(join(folder, "generated")).map((path) => `generated/${path}`);
}

function specsIn(folder: string): readonly string[] {
  return filesUnder(join(folder, "specs")).map((path) => `specs/${path}`);
}

/** The specs are those of the example again, and what a merge left is gone. */
function mend(folder: string): void {
  rmSync(join(folder, "specs"), { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const [path, text] of original) put(folder, path, text);
  for (const [path, text] of contents(folder)) if (text.includes("<<<<<<<")) rmSync(join(folder, path));
}

function put(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function withLine(text: string, pick: <T>(from: readonly T[]) => T, change: (line: string) => readonly string[]): string {
  const lines = text.split("\n");
  const at = pick([...lines.keys()]);
  return lines.flatMap((line, number) => (number === at ? change(line) : [line])).join("\n");
}

function cacheOf(folder: string): string {
  const [name] = filesUnder(join(folder, "node_modules/.cache/pliny"));
  return name === undefined ? "" : readFileSync(join(folder, "node_modules/.cache/pliny", name), "utf8");
}

function writeCacheOf(folder: string, text: string): void {
  const [name] = filesUnder(join(folder, "node_modules/.cache/pliny"));
  if (name !== undefined) writeFileSync(join(folder, "node_modules/.cache/pliny", name), text);
}
