// `pliny diff` on real repositories: which commit or folder it reads, and what it says where that cannot be done; what people have accepted; and
// golden projects in test/diff/projects/, whose findings `npx vitest run -u test/diff.test.ts` rewrites.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { diff, type DiffOptions } from "../compiler/commands/diff.js";
import type { Context, Outcome } from "../compiler/commands/outcome.js";
import { compile } from "../compiler/compile.js";
import { hasErrors } from "../compiler/diagnostic.js";
import { diffModels } from "../compiler/diff.js";
import { openProject, readSpecs } from "../compiler/files.js";
import { renderDiagnostics } from "../compiler/render.js";
import { isFinding, judgeChanges } from "../compiler/rules.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { diffSpecs, today } from "./setup/diffs.js";
import { projectRoot } from "./setup/project.js";

const outer = mkdtempSync(join(tmpdir(), "pliny-diff-"));
let folder = "";
let count = 0;

beforeEach(() => {
  folder = join(outer, String((count += 1)));
  mkdirSync(folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => {
  rmSync(outer, { recursive: true, force: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function git(...args: readonly string[]): string {
  const who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...who, ...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

function commit(message: string): string {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
  return git("rev-parse", "HEAD");
}

async function run(options: Partial<DiffOptions> & { readonly base: string }, at: string = folder): Promise<Outcome> {
  const project = openProject(at);
  if (project === null) throw new Error(`There is no folder ${at}.`);
  const never = new AbortController().signal;
  const context: Context = {
    project, now: () => 0, wallClock: () => Date.parse(`${today}T12:00:00Z`), input: async () => new Uint8Array(), environment: {}, user: () => "test",
    interruption: () => never, urgency: () => never, say: () => {}, show: async () => {}, board: null, progress: () => {},
  };
  return diff(context, { preset: "ci", failOn: null, baseline: null, writeBaseline: false, ...options });
}

/** All that is said, in short. */
function saying({ exitCode, diagnostics, lines, notes = [] }: Outcome): string {
  return [`exit ${exitCode}`, ...diagnostics.map(({ code, severity, at }) => `${severity} ${code} ${at.file.path}`), ...lines, ...notes].join("\n");
}

const database = "resource: database\nfields:\n  name: string\n  host: string\n";
const withoutHost = "resource: database\nfields:\n  name: string\n";

describe("a commit", () => {
  beforeEach(() => {
    git("init", "--quiet");
    put("specs/database.yaml", database);
    commit("One");
    put("specs/database.yaml", withoutHost);
  });

  test("is compared with what stands in the folder, committed or not", async () => {
    expect(saying(await run({ base: "HEAD" }))).toMatch(/^exit 1\nerror FLD001 specs\/database.yaml\n1 change since HEAD \([0-9a-f]{10}\), 1 finding; 1 of them fails the diff/);
    commit("Two");
    expect(saying(await run({ base: "HEAD" }))).toMatch(/^exit 0\nNothing changed since HEAD/);
    expect(saying(await run({ base: "HEAD^" }))).toContain("error FLD001");
    git("tag", "v1", "HEAD^");
    for (const base of ["v1", git("rev-parse", "v1"), git("rev-parse", "--short", "v1"), "main~1"]) expect(saying(await run({ base }))).toContain("error FLD001");
  });

  test("is named before the old place", async () => {
    const { diagnostics } = await run({ base: "main" });
    expect(renderDiagnostics(diagnostics, { format: "text", colour: false })).toContain("was main:specs/database.yaml:4:3\n    4 |   host: string");
  });

  test("fails the diff from the severity on that is asked for, and shows what the preset shows", async () => {
    put("specs/database.yaml", "resource: database\nfields:\n  name: string\n  host: { type: string, immutable: true }\n  port: int\n");
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 0\nwarning FLD019 .*\ninfo FLD004 /);
    expect((await run({ base: "main", failOn: "warning" })).exitCode).toBe(1);
    expect(saying(await run({ base: "main", preset: "local", failOn: "info" }))).toMatch(/^exit 1\n2 changes/);
    expect(saying(await run({ base: "main", preset: "release" }))).toContain("No running system was asked");
    put("specs/database.yaml", withoutHost);
    expect((await run({ base: "main", failOn: "never" })).exitCode).toBe(0);
  });

  test("is read as it was in a worktree, in a folder below the top, and in a clone", async () => {
    commit("Two");
    git("worktree", "add", "--quiet", "../tree", "main", "--detach");
    expect(saying(await run({ base: "main~1" }, join(outer, "tree")))).toContain("error FLD001");
    git("worktree", "remove", "--force", "../tree");
    mkdirSync(join(folder, "packages/control"), { recursive: true });
    git("mv", "specs", "packages/control/specs");
    commit("Three");
    put("packages/control/specs/more.yaml", "resource: more\n");
    expect(saying(await run({ base: "main" }, join(folder, "packages/control")))).toMatch(/^exit 0\ninfo RES004 specs\/more.yaml\n/);
  });

  test("is compared with a merge as with any other", async () => {
    git("checkout", "--quiet", "-b", "side");
    commit("Side");
    git("checkout", "--quiet", "main");
    put("specs/other.yaml", "resource: other\n");
    commit("Main");
    git("merge", "--quiet", "--no-ff", "--message", "Merge", "side");
    expect(saying(await run({ base: "HEAD^1" }))).toMatch(/^exit 1\nerror FLD001 specs\/database.yaml\n1 change/);
    expect(saying(await run({ base: "HEAD^2" }))).toMatch(/^exit 0\ninfo RES004 specs\/other.yaml\n/);
  });

  test("that has more than HEAD is told of: what it got seems to have been removed", async () => {
    git("checkout", "--quiet", "-b", "side");
    commit("Side");
    git("checkout", "--quiet", "main");
    put("specs/other.yaml", "resource: other\n");
    commit("Main");
    git("checkout", "--quiet", "side");
    const said = saying(await run({ base: "main" }));
    expect(said).toContain("error RES001");
    expect(said).toContain("pliny diff --base $(git merge-base main HEAD)");
    expect(saying(await run({ base: git("merge-base", "main", "HEAD") }))).not.toContain("RES001");
  });

  test("where the specs lay elsewhere is read there, if that is clear", async () => {
    commit("Two");
    git("mv", "specs", "moved");
    mkdirSync(join(folder, "control"));
    git("mv", "moved", "control/specs");
    commit("Three");
    const control = join(folder, "control");
    expect(saying(await run({ base: "main~1" }, control))).toMatch(/^exit 0\nNothing changed.*\nThe specs have moved: at 'main~1' they lie in the top folder\.$/);
    expect(saying(await run({ base: "main~2:" }, control))).toContain("error FLD001");
    // Two that are no more: nobody guesses.
    git("mv", "control", "b");
    put("a/specs/x.yaml", "resource: x\n");
    const before = commit("Four");
    git("rm", "--quiet", "-r", "a");
    git("mv", "b", "c");
    expect(saying(await run({ base: before }, join(folder, "c")))).toMatch(/^exit 2\nerror: .*several folders: a\/, b\/\. Say from which: `pliny diff --base [0-9a-f]+:a`\.$/);
    expect(saying(await run({ base: `${before}:b` }, join(folder, "c")))).toMatch(/^exit 0\nNothing changed/);
  });

  test("keeps its links, its line ends and what it calls otherwise", async () => {
    put("elsewhere/linked.yaml", "resource: linked\n");
    symlinkSync("../elsewhere/linked.yaml", join(folder, "specs/linked.yaml"));
    symlinkSync("nowhere.yaml", join(folder, "specs/dangling.yaml"));
    put("specs/ümläut und leer.yaml", "resource: odd\r\nfields: { a: int }\r\n");
    put("specs/.hidden.yaml", "resource: [");
    commit("Two");
    rmSync(join(folder, "specs/dangling.yaml"));
    expect(saying(await run({ base: "main" }))).toContain("error GEN103 main:specs/dangling.yaml");
    commit("Three");
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 0\nNothing changed/);
  });
});

describe("a base that cannot be read: why, and the next command to type", () => {
  test("a name that there is not", async () => {
    git("init", "--quiet");
    put("specs/database.yaml", database);
    expect(saying(await run({ base: "HEAD" }))).toMatch(/^exit 2\nerror: there is no commit yet.*`git add \. && git commit`\.$/);
    commit("One");
    expect(saying(await run({ base: "mian" }))).toMatch(/^exit 2\nerror: there is no commit 'mian' here. Did you mean `pliny diff --base main`\?\.?$/);
    expect(saying(await run({ base: "release-7" }))).toMatch(/`git branch` lists those that there are\.$/);
    expect(saying(await run({ base: "--output=x" }))).toMatch(/^exit 2\nerror: there is no commit '--output=x' here/);
    expect(saying(await run({ base: "./nowhere" }))).toMatch(/^exit 2\nerror: there is no folder \.\/nowhere\.$/);
    git("remote", "add", "origin", folder);
    git("fetch", "--quiet", "origin");
    git("update-ref", "refs/remotes/origin/release-7", "HEAD");
    expect(saying(await run({ base: "release-7" }))).toContain("Did you mean `pliny diff --base origin/release-7`?");
    expect(saying(await run({ base: "ffffffffffffffffffffffffffffffffffffffff" }))).toContain("`git fetch origin ffffffffffffffffffffffffffffffffffffffff`, then `pliny diff --base FETCH_HEAD`");
  });

  test("a shallow clone, and the command that it says works", async () => {
    git("init", "--quiet");
    put("specs/database.yaml", database);
    commit("One");
    git("branch", "old");
    put("specs/database.yaml", withoutHost);
    commit("Two");
    const from = folder;
    folder = join(outer, `${count}-clone`);
    execFileSync("git", ["clone", "--quiet", "--depth=1", `file://${from}`, folder], { stdio: "ignore" });
    expect(saying(await run({ base: "origin/main" }))).toMatch(/^exit 0\nNothing changed/);
    expect(saying(await run({ base: "HEAD^" }))).toMatch(/^exit 2\nerror: this clone is shallow.*`git fetch --deepen=10`, then `pliny diff --base HEAD\^`\.$/);
    const said = saying(await run({ base: "origin/old" }));
    const [, next = ""] = /Run `git (fetch [^`]*)`, then `pliny diff --base FETCH_HEAD`\.$/.exec(said) ?? [];
    git(...next.split(" "));
    expect(saying(await run({ base: "FETCH_HEAD" }))).toContain("error FLD001");
    git("fetch", "--quiet", "--deepen=10");
    expect(saying(await run({ base: "HEAD^" }))).toContain("error FLD001");
  });

  test("no specs, on either side", async () => {
    git("init", "--quiet");
    put("README.md", "Nothing yet.\n");
    commit("One");
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 2\nerror GEN101 specs/);
    mkdirSync(join(folder, "specs"));
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 2\nerror GEN102 specs/);
    put("specs/database.yaml", database);
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 2\nerror: 'main' has no specs in specs\/.*`git log --oneline -- specs` lists them\.$/);
    expect(saying(await run({ base: "main:far" }))).toMatch(/^exit 2\nerror: 'main' has no specs in far\/specs\//);
    mkdirSync(join(folder, "other"));
    expect(saying(await run({ base: "./other" }))).toMatch(/^exit 2\nerror: the folder \.\/other holds no specs/);
  });

  test("specs that do not compile, of either side, and those of another time", async () => {
    git("init", "--quiet");
    put("specs/database.yaml", "resource: database\ncolumns: { name: text }\n");
    commit("One");
    put("specs/database.yaml", database);
    const outcome = await run({ base: "main" });
    expect(saying(outcome)).toMatch(/^exit 2\nerror SPC\d+ main:specs\/database.yaml\nThe specs of 'main' do not compile with pliny \d.*If they were written for another version.*`git log --oneline -- specs`/);
    expect(outcome.diagnostics.every(({ edit }) => edit === null)).toBe(true);
    commit("Two");
    put("specs/database.yaml", "resource: database\ncolumns: {}\n");
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 2\nerror SPC\d+ specs\/database.yaml$/);
    put("specs/database.yaml", "<<<<<<< ours\nresource: database\n=======\nresource: db\n>>>>>>> theirs\n");
    commit("Three");
    put("specs/database.yaml", database);
    expect(saying(await run({ base: "main" }))).toContain("error GEN005 main:specs/database.yaml");
  });

  test("no repository, and no git", async () => {
    put("specs/database.yaml", database);
    vi.stubEnv("GIT_CEILING_DIRECTORIES", outer);
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 2\nerror: git reads no repository here \(not a git repository.*`pliny diff --base \.\.\/base`\.$/);
    vi.stubEnv("PATH", join(folder, "specs"));
    expect(saying(await run({ base: "main" }))).toMatch(/^exit 2\nerror: git is not installed/);
    put("base/specs/database.yaml", database);
    expect(saying(await run({ base: "base" }))).toMatch(/^exit 0\nNothing changed since base/);
  });
});

test("a folder is read as a project is, and named before the old place", async () => {
  put("specs/database.yaml", withoutHost);
  put("base/specs/all/database.yaml", database);
  const { diagnostics, exitCode } = await run({ base: "./base/" });
  expect(exitCode).toBe(1);
  expect(diagnostics.flatMap(({ related }) => related.map(({ at }) => at.file.path))).toEqual(["./base/specs/all/database.yaml"]);
  chmodSync(join(folder, "base"), 0o755);
});

describe("a baseline", () => {
  const lines = (): readonly string[] => readFileSync(join(folder, "pliny.baseline"), "utf8").split("\n").filter((line) => !/^#|^$/.test(line));

  test("lets be what stands in it, wherever that has moved, and tells of what is found no more", async () => {
    put("base/specs/database.yaml", database);
    put("specs/database.yaml", withoutHost);
    const with_ = { base: "./base", baseline: "pliny.baseline" };
    expect(saying(await run({ ...with_, writeBaseline: true }))).toMatch(/^exit 0\nerror FLD001 .*\n1 change .*1 finding \(1 in the baseline\); none of them fails the diff\.\n1 finding written to pliny\.baseline\.$/);
    expect(lines()).toEqual([expect.stringMatching(/^[A-Za-z0-9]{16} FLD001 The field 'host'/)]);
    put("specs/database.yaml", `# A comment.\n\n${withoutHost}`);
    const known = await run(with_);
    expect(saying(known)).toMatch(/^exit 0\nerror FLD001 /);
    expect(renderDiagnostics(known.diagnostics, { format: "text", colour: false })).toMatch(/^error FLD001 \(in the baseline\) [\s\S]*\n1 in the baseline\.\n$/);
    put("specs/database.yaml", "resource: database\nfields:\n  host: string\n");
    expect(saying(await run(with_))).toMatch(/^exit 1\nwarning ALW003 pliny\.baseline\nerror FLD001 /);
    put("specs/database.yaml", database);
    expect(saying(await run(with_))).toMatch(/^exit 0\nwarning ALW003 pliny\.baseline\n/);
    expect(saying(await run({ ...with_, writeBaseline: true }))).toContain("0 findings written");
    expect(lines()).toEqual([]);
  });

  test("that is not there or makes no sense: why, and what to type", async () => {
    put("base/specs/database.yaml", database);
    put("specs/database.yaml", withoutHost);
    const next = "`pliny diff --base ./base --baseline pliny.baseline --write-baseline`";
    expect(saying(await run({ base: "./base", baseline: "pliny.baseline" }))).toBe(`exit 2\nerror: there is no baseline pliny.baseline. Write it with what is to be let be now: ${next}.`);
    put("pliny.baseline", "# Fine.\n<<<<<<< ours\n");
    expect(saying(await run({ base: "./base", baseline: "pliny.baseline" }))).toContain(`error: pliny.baseline:2 is no line of a baseline`);
    expect(saying(await run({ base: "./base", writeBaseline: true }))).toMatch(/^exit 2\nerror: --write-baseline has to be told which file/);
    expect(saying(await run({ base: "./base", baseline: "../other", writeBaseline: true }))).toMatch(/^exit 2\nerror: a baseline is a file of the project/);
  });
});

describe("what is accepted", () => {
  const before = "resource: database\nfields: { size: int, name: string }";
  const after = (allow: string): string => `resource: database\nfields: { size: { type: int, max: 9${allow} }, name: string }`;
  const codes = (next: string, options: { readonly on?: string } = {}): readonly string[] => diffSpecs(before, next, options).diagnostics.map(({ code, severity }) => `${code} ${severity}`);

  test("at the element, or at one that it lies in, until its day", () => {
    expect(codes(after(""))).toEqual(["FLD017 error"]);
    expect(codes(after(", allow: { rule: FLD017, reason: none is larger }"))).toEqual([]);
    expect(codes(after("").replace("fields", "allow: { rule: FLD017, reason: none is larger }\nfields"))).toEqual([]);
    const dated = after(", allow: { rule: FLD017, reason: none is larger, expires: 2026-07-01 }");
    expect(codes(dated, { on: "2026-06-30" })).toEqual([]);
    expect(codes(dated, { on: "2026-07-01" })).toEqual(["FLD017 error", "ALW001 warning"]);
  });

  test("is told of where it accepts nothing", () => {
    expect(codes(after(", allow: { rule: FLD013, reason: another rule }"))).toEqual(["FLD017 error", "ALW002 warning"]);
    expect(codes(`${before}\nallow: { rule: FLD017, reason: long ago }`)).toEqual(["ALW002 warning"]);
    // Of what the compiler finds by itself the compiler knows.
    expect(codes(`${before}\nallow: { rule: IDX006, reason: few rows }`)).toEqual([]);
  });

  test("for all, by `levels`", () => {
    const specs = (level: string): readonly { readonly path: string; readonly text: string }[] => [
      { path: "specs/spec.yaml", text: after("") },
      { path: "pliny.yaml", text: `levels: { FLD017: ${level} }` },
    ];
    const severities = (level: string): readonly string[] => diffSpecs(before, specs(level)).findings.map(({ severity }) => severity);
    expect([severities("off"), severities("warn"), severities("error")]).toEqual([[], ["warning"], ["error"]]);
  });

  test("what is not stable yet may change for those who call it, and not what is stored", () => {
    const at = (stability: string, x: string): string => `resource: database\nstability: ${stability}\nfields: { size: ${x} }`;
    const severities = (stability: string, x: string): readonly string[] => diffSpecs(at(stability, "int"), at(stability, x)).findings.map(({ severity }) => severity);
    expect([severities("stable", "{ type: int, max: 9 }"), severities("beta", "{ type: int, max: 9 }"), severities("draft", "string")]).toEqual([["error"], ["warning"], ["error"]]);
  });
});

test("what is deprecated may go when its sunset has come, and not a day before", () => {
  const severities = (before: string, after: string, on: string): readonly string[] => diffSpecs(before, after, { on }).findings.map(({ code, severity }) => `${code} ${severity}`);
  const sunset = "deprecated: { since: 2026-01-31, sunset: 2026-07-31 }";
  const api = (rest: string): string => `resource: database\nfields: { note: { type: string, ${sunset} } }\nstates: { live: { to: [idle, stop] }, idle: { to: live, ${sunset} } }\n${rest}`;
  const cases: readonly (readonly [before: string, after: string, code: string, then: string])[] = [
    [`resource: database\n${sunset}\napi: { get: true }`, `resource: database\n${sunset}`, "API001", "info"],
    [api("indexes: [[note]]\napi: { list: { filter: [note] } }"), api("indexes: [[note]]\napi: { list: {} }"), "API001", "info"],
    [api("api: { get: true, moves: { idle: [] } }"), api("api: { get: true }"), "API001", "info"],
    [api("api: { get: true }"), api("api: { get: true, hide: note }"), "API009", "info"],
    [`resource: database\n---\ntask: dump\n${sunset}\nevery: { interval: 1h }\nstates: { run: { to: stop } }`, "resource: database\n---\ntask: dump\ngone: true", "TSK001", "warning"],
  ];
  for (const [before, after, code, then] of cases) {
    expect(severities(before, after, "2026-07-30")).toEqual([`${code} error`]);
    expect(severities(before, after, "2026-07-31")).toEqual([`${code} ${then}`]);
  }
});

test("whatever is compared with whatever: something is said, once, of places that there are", () => {
  const all = goldenCases.flatMap(({ name, folder: at }) => {
    const { sources, diagnostics } = compileFolder(at);
    return hasErrors(diagnostics) ? [] : [{ name, model: compile(sources).model }];
  });
  expect(all.length).toBeGreaterThan(20);
  for (const before of all) {
    for (const after of all) {
      const changes = diffModels(before.model, after.model);
      const findings = judgeChanges(changes, after.model, { today, baseName: (path) => path }).filter(isFinding);
      expect(changes.length === 0, `${before.name} → ${after.name}`).toBe(before === after);
      expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(findings.length);
      for (const { at, was, nextActions, message } of findings) {
        for (const place of [at, ...(was === null ? [] : [was]), ...nextActions.flatMap(({ edits }) => edits.map((edit) => edit.at))])
          expect(place.start <= place.end && place.end <= Math.max(place.file.text.length, 0), message).toBe(true);
        expect(message).not.toMatch(/undefined|\[object/);
      }
    }
  }
});

test("a fingerprint is of the change: the same whatever stands around it, and another for another change", () => {
  const of = (before: string, after: string): string | undefined => diffSpecs(before, after).findings.find(({ code }) => code === "FLD017")?.fingerprint;
  const first = of("resource: a\nfields: { x: int }", "resource: a\nfields: { x: { type: int, max: 5 } }");
  expect(first).toMatch(/^[A-Za-z0-9]{16}$/);
  expect(of("# A comment.\nresource: a\nfields:\n  y: int\n  x: int", "resource: a\nfields:\n  x:\n    max: 5\n    type: int\n  y: int")).toBe(first);
  expect(of("resource: a\nfields: { x: int }", "resource: b\nkey: a\nfields: { z: { type: int, key: x, max: 5 } }")).toBe(first);
  expect(of("resource: a\nfields: { x: int }", "resource: a\nfields: { x: { type: int, max: 6 } }")).not.toBe(first);
});

const projects = join(projectRoot, "test/diff/projects");

describe.each(readdirSync(projects))("test/diff/projects/%s", (name) => {
  const read = (side: string): ReturnType<typeof readSpecs>["value"] => {
    const project = openProject(join(projects, name, side));
    if (project === null) throw new Error(`${name} has no ${side}.`);
    const { value, diagnostics } = readSpecs(project);
    expect(hasErrors(diagnostics)).toBe(false);
    return value;
  };

  test("says what it said", async () => {
    const { diagnostics } = diffSpecs(read("before"), read("after"));
    await expect(renderDiagnostics(diagnostics, { format: "text", colour: false })).toMatchFileSnapshot(join(projects, name, "findings.txt"));
  });

  test("says nothing of either side by itself", () => {
    for (const side of ["before", "after"]) expect(diffSpecs(read(side), read(side).toReversed()).changes).toEqual([]);
  });
});
