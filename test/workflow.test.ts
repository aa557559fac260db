// What CI runs, run for real in repositories of its own: the steps of the workflow that `init` writes, its shell recipe, and the diff of our own specs.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { buildPackage } from "./setup/package.js";
import { projectRoot } from "./setup/project.js";

const outer = mkdtempSync(join(tmpdir(), "pliny-workflow-"));
const built = join(outer, "package");
const programs = join(outer, "bin");
let folder = "";
let count = 0;

beforeAll(() => {
  buildPackage(built);
  mkdirSync(join(built, "scripts"));
  copyFileSync(join(projectRoot, "scripts/diff-specs.mjs"), join(built, "scripts/diff-specs.mjs"));
  mkdirSync(programs);
  // `npx pliny` is the package as it is built; GitHub stands in a file.
  program("npx", `shift\nexec "${process.execPath}" "${join(built, "dist/compiler/cli.js")}" "$@"`);
  program("gh", `echo "$@" >> "$CALLS"\ncase "$*" in *--paginate*) cat "$COMMENTS" ;; esac`);
});
beforeEach(() => {
  folder = join(outer, String((count += 1)));
  mkdirSync(folder);
  run("git init --quiet --initial-branch=main");
});
afterAll(() => rmSync(outer, { recursive: true, force: true }));

function program(name: string, script: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
}

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

function run(script: string, env: Readonly<Record<string, string>> = {}, cwd: string = folder): Ran {
  const who = Object.fromEntries(["AUTHOR", "COMMITTER"].flatMap((role) => [[`GIT_${role}_NAME`, "Test"], [`GIT_${role}_EMAIL`, "test@example.org"]]));
  const { status, stdout } = spawnSync("bash", ["-e", "-c", `exec 2>&1\n${script}`], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...who, PATH: `${programs}:${process.env["PATH"] ?? ""}`, ...env },
  });
  return { status, output: stdout };
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function commit(): void {
  expect(run("git add --all && git commit --quiet --message change").status).toBe(0);
}

const spec = "resource: database\nfields:\n  name: string\n  host: string\n";
const broken = "resource: database\nfields:\n  name: string\n";

function install(project: string): void {
  mkdirSync(join(project, "node_modules"));
  symlinkSync(built, join(project, "node_modules/pliny"));
}

const tightened = "resource: database\nfields:\n  name: { type: string, max: 9 }\n  host: string\n";

/** A project as `init` leaves it, generated and committed. */
function start(): void {
  put("specs/database.yaml", spec);
  put(".gitignore", "node_modules\npliny.md\npliny.sarif\nsummary.md\n");
  install(folder);
  expect(run("npx pliny init && npx pliny generate").status).toBe(0);
  commit();
}

test("each step of the workflow does in a pull request what it says", () => {
  start();
  const workflow = parse(readFileSync(join(folder, ".github/workflows/pliny.yml"), "utf8"));
  expect(workflow.permissions).toEqual({ contents: "read" });
  const { steps } = workflow.jobs.specs;
  for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w/-]+@v\d+$/);
  const step = (name: string): string => {
    const found = steps.find((each: { name?: string }) => each.name === name);
    return found.run;
  };
  expect(run(step("generated/ is what the specs give"))).toMatchObject({ status: 0 });

  run("git checkout --quiet -b side");
  put("specs/database.yaml", broken);
  expect(run("npx pliny generate").status).toBe(0);
  commit();
  run("git checkout --quiet main && git merge --quiet --no-ff --message merge side");
  expect(run(step("What the specs break"))).toMatchObject({ status: 1, output: expect.stringMatching(/^::error file=specs\/database\.yaml,.*title=FLD001::/m) });
  const env = { GITHUB_STEP_SUMMARY: join(folder, "summary.md"), CALLS: join(outer, "calls"), COMMENTS: join(outer, "comments"), GITHUB_REPOSITORY: "a/b", PULL: "7" };
  expect(run(step("The same for people and for code scanning"), env).status).toBe(0);
  expect(readFileSync(join(folder, "summary.md"), "utf8")).toMatch(/^<!-- pliny diff -->\n[\s\S]*FLD001/);
  expect(JSON.parse(readFileSync(join(folder, "pliny.sarif"), "utf8")).runs[0].results[0].ruleId).toBe("FLD001");

  writeFileSync(env.COMMENTS, "");
  expect(run(step("Comment"), env).status).toBe(0);
  writeFileSync(env.COMMENTS, "42\n");
  expect(run(step("Comment"), env).status).toBe(0);
  const calls = readFileSync(env.CALLS, "utf8");
  expect(calls).toContain("--method POST repos/a/b/issues/7/comments --field body=@pliny.md");
  expect(calls).toContain("--method PATCH repos/a/b/issues/comments/42 --field body=@pliny.md");
  expect(calls).toContain('startswith("<!-- pliny diff -->")');
});

test("the shell recipe passes what is safe and fails what breaks, in a shallow clone too; and init touches neither file again", () => {
  start();
  run("git checkout --quiet -b side");
  put("specs/database.yaml", tightened);
  expect(run("npx pliny generate").status).toBe(0);
  commit();
  expect(run("sh ci/pliny.sh main")).toMatchObject({ status: 1, output: expect.stringContaining("FLD017") });
  expect(run("sh ci/pliny.sh side").status).toBe(0);
  const clone = join(outer, `${count}-clone`);
  run(`git clone --quiet --depth=1 --branch side "file://${folder}" "${clone}"`);
  install(clone);
  expect(run("sh ci/pliny.sh", {}, clone)).toMatchObject({ status: 1, output: expect.stringContaining("FLD017") });
  put("generated/schema.sql", "");
  expect(run("sh ci/pliny.sh main"), "both are said").toMatchObject({ status: 1, output: expect.stringMatching(/GEN001[\s\S]*FLD017/) });
  put("ci/pliny.sh", "mine\n");
  expect(run("npx pliny init").output).toContain("kept  ci/pliny.sh");
  expect(readFileSync(join(folder, "ci/pliny.sh"), "utf8")).toBe("mine\n");
});

test("below the top of a repository init says where GitHub looks for the workflow, and what to change in it", () => {
  mkdirSync(join(folder, "packages/control"), { recursive: true });
  const { status, output } = run("npx pliny init", {}, join(folder, "packages/control"));
  expect(status).toBe(0);
  expect(output).toContain("move .github/workflows/pliny.yml there, with `defaults: { run: { working-directory: packages/control } }` in it and packages/control/pliny.sarif for sarif_file.");
  expect(run("npx pliny init", {}, join(folder, "packages/control")).output).not.toContain("GitHub reads");
  expect(run("npx pliny init").output).not.toContain("GitHub reads");
});

test("our own CI compares with the commit before, and says where it cannot", () => {
  const compare = (cwd: string = folder): Ran => run(`"${process.execPath}" "${join(built, "scripts/diff-specs.mjs")}" "${cwd}"`);
  expect(compare()).toMatchObject({ status: 77, output: expect.stringContaining("there is no commit in it") });
  put("specs/database.yaml", "resource: database\ncolumns: {}\n");
  commit();
  expect(compare()).toMatchObject({ status: 77, output: expect.stringContaining("SKIPPED: this is the first commit") });
  put("specs/database.yaml", spec);
  commit();
  expect(compare()).toMatchObject({ status: 77, output: expect.stringMatching(/do not compile with pliny[\s\S]*SKIPPED: the specs are not compared/) });
  put("specs/more.yaml", "resource: more\n");
  commit();
  expect(compare().status).toBe(0);
  put("specs/database.yaml", broken);
  commit();
  expect(compare()).toMatchObject({ status: 1, output: expect.stringContaining("FLD001") });
  put("pliny.yaml", "levels: { FLD001: warn }\n");
  commit();
  expect(run("git diff --quiet").status).toBe(0);
  expect(compare().status).toBe(0);
  run("git checkout --quiet -b side");
  put("specs/more.yaml", "resource: less\n");
  commit();
  put("note.md", "More.\n");
  commit();
  expect(compare(), "a branch is compared with where it left main").toMatchObject({ status: 1, output: expect.stringContaining("RES001") });
  const clone = join(outer, `${count}-clone`);
  run(`git clone --quiet --depth=1 --branch main "file://${folder}" "${clone}"`);
  expect(compare(clone)).toMatchObject({ status: 77, output: expect.stringContaining("`git fetch --deepen=1` brings it") });
  put("specs/more.yaml", "resource: [\n");
  expect(compare().status).toBe(2);
  expect(existsSync(join(folder, "generated"))).toBe(false);
});
