// The command line as a process: what it prints where, what it exits with, what it loads, and what a run leaves on the disk.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildPackage, tsc } from "./setup/package.js";
import { projectRoot } from "./setup/project.js";
import { hasTerminal, runOnTerminal } from "./setup/terminal.js";

const outer = mkdtempSync(join(tmpdir(), "pliny-cli-"));
// The package as it is built, from the sources of this moment.
const built = join(outer, "package");
const cli = join(built, "dist/compiler/cli.js");
let folder = "";
let count = 0;

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function pliny(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly node?: readonly string[];
    readonly input?: string;
  } = {},
): Run {
  const { FORCE_COLOR: _forced, NO_COLOR: _refused, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...(options.node ?? []), cli, ...args], {
    cwd: options.cwd ?? folder,
    encoding: "utf8",
    input: options.input ?? "",
    env: { ...inherited, ...options.env },
    maxBuffer: 1 << 26,
    // Far more than any of them takes: one that waits for ever fails its test rather than keeping all tests waiting.
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function read(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

function filesOf(path: string): readonly string[] {
  return existsSync(join(folder, path)) ? readdirSync(join(folder, path), { recursive: true, encoding: "utf8" }).sort() : [];
}

const broken = "resource: team\nstates:\n  live: { too: stop }\n";

beforeAll(() => {
  buildPackage(built);
}, 120_000);

beforeEach(() => {
  count += 1;
  folder = join(outer, `project-${count}`);
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(projectRoot, join(folder, "node_modules/pliny"));
});

afterAll(() => rmSync(outer, { recursive: true }));

describe("a first project", () => {
  test("init, generate, generate again, --check: each says what it did; tsc agrees", () => {
    const init = pliny(["init"]);
    expect(init).toMatchObject({ status: 0, stderr: "" });
    expect(init.stdout).toContain("wrote specs/site.yaml");
    expect(init.stdout).toContain("npx pliny generate");
    expect(read("specs/site.yaml")).toMatch(/^# yaml-language-server: \$schema=\.\.\/generated\/schema\/pliny\.schema\.json\n/);

    const first = pliny(["generate"]);
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(/wrote generated\/site\.ts\n[\s\S]*\d+ files written, 0 removed, 0 unchanged\.\n/);
    expect(filesOf("generated")).toContain("schema/pliny.schema.json");
    expect(filesOf("node_modules/.cache/pliny")).toHaveLength(1);

    expect(pliny(["generate"]).stdout).toMatch(/^0 files written, 0 removed, \d+ unchanged\.\n$/);
    expect(pliny(["generate", "--check"])).toMatchObject({ status: 0, stderr: "" });
    expect(pliny(["check"])).toMatchObject({ status: 0, stderr: "" });
    expect(pliny(["fmt", "--check"])).toMatchObject({ status: 0, stderr: "" });
    expect(pliny(["handlers", "--check"])).toMatchObject({ status: 0, stderr: "" });

    const checked = spawnSync(
      process.execPath,
      [tsc, "--customConditions", "pliny-source", "--types", "node", "--typeRoots", join(projectRoot, "node_modules/@types")],
      { cwd: folder, encoding: "utf8" },
    );
    expect(checked.stdout).toBe("");
  }, 120_000);

  test("init keeps what is there, and says so", () => {
    put("package.json", '{ "name": "mine" }\n');
    put("specs/site.yaml", "resource: mine\n");
    const { status, stdout } = pliny(["init"]);
    expect(status).toBe(0);
    expect(stdout).toContain("kept  package.json");
    expect(stdout).toContain("npm pkg set type=module");
    expect(stdout).toContain("the example was left out");
    expect(filesOf("specs")).toEqual(["site.yaml"]);
    expect(pliny(["generate"]).status).toBe(0);
    expect([read("package.json"), read("specs/site.yaml")]).toEqual(['{ "name": "mine" }\n', "resource: mine\n"]);
    expect(JSON.parse(pliny(["init", "--json"]).stdout)).toMatchObject({
      command: "init",
      exitCode: 0,
      written: [],
      kept: expect.arrayContaining(["pliny.yaml"]),
    });
  });
});

test("neither the time zone, nor the language, nor the platform's line ends change a byte of what is made", () => {
  const spec =
    "resource: issue\ndoc: |\n  One line.\n  Another.\nfields:\n  at: { type: time, default: '2026-03-29T01:30:00Z' }\n  day: { type: date, default: '2026-03-29' }\n  size: { type: int, default: 1234567 }\n";
  const made = [
    { env: { TZ: "UTC", LC_ALL: "C", LANG: "C" }, text: spec },
    { env: { TZ: "Asia/Kolkata", LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" }, text: spec },
    { env: { TZ: "America/St_Johns", LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8" }, text: spec.replaceAll("\n", "\r\n") },
  ].map(({ env, text }) => {
    rmSync(join(folder, "generated"), { recursive: true, force: true });
    rmSync(join(folder, "node_modules/.cache"), { recursive: true, force: true });
    put("specs/issue.yaml", text);
    expect(pliny(["generate"], { env }).status).toBe(0);
    return filesOf("generated")
      .filter((path) => statSync(join(folder, "generated", path)).isFile())
      .map((path) => [path, read(`generated/${path}`)]);
  });
  expect(made[0]?.length).toBeGreaterThan(8);
  expect(made[1]).toEqual(made[0]);
  expect(made[2]).toEqual(made[0]);
});

describe("drift", () => {
  test("--check names files with GEN001 and GEN002, exits 1 and writes nothing", () => {
    pliny(["init"]);
    pliny(["generate"]);
    put("generated/old.ts", "// Code generated by pliny from specs/old.yaml. DO NOT EDIT.\n");
    put("generated/site.ts", `${read("generated/site.ts")}// by hand\n`);
    rmSync(join(folder, "generated/schema.sql"));
    const check = pliny(["generate", "--check", "--json"]);
    expect(check.status).toBe(1);
    const document = JSON.parse(check.stdout);
    expect(document.drift).toEqual(
      expect.arrayContaining([
        { file: "generated/site.ts", code: "GEN001" },
        { file: "generated/schema.sql", code: "GEN001" },
        { file: "generated/old.ts", code: "GEN002" },
      ]),
    );
    expect(document.drift).toHaveLength(3);
    expect(read("generated/site.ts")).toContain("// by hand");
    const mended = pliny(["generate"]);
    expect(mended.stdout).toContain("removed generated/old.ts");
    expect(pliny(["generate", "--check"]).status).toBe(0);
  });

  test("what a merge tore is mended by the remedy that is given", () => {
    pliny(["init"]);
    pliny(["generate"]);
    const spec = read("specs/site.yaml");
    put("specs/site.yaml", `${spec}<<<<<<< HEAD\n=======\n# theirs\n>>>>>>> branch\n`);
    put("generated/site.ts", read("generated/site.ts").replace("\n\n", "\n<<<<<<< HEAD\n=======\n>>>>>>> branch\n"));
    const refused = pliny(["generate"]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("GEN005");
    put("specs/site.yaml", spec);
    expect(pliny(["generate", "--check"])).toMatchObject({ status: 1, stderr: expect.stringContaining("GEN005") });
    expect(pliny(["generate"]).status).toBe(0);
    expect(pliny(["generate", "--check"]).status).toBe(0);
  });
});

describe("frozen rows", () => {
  const spec = (fields: string, more = ""): string => `resource: note\n${more}fields: { text: { type: string, required: true }${fields} }\n`;
  const check = (): { readonly status: number | null; readonly found: readonly { readonly code: string; readonly message: string; readonly line: number }[]; readonly stdout: string } => {
    const { status, stdout } = pliny(["generate", "--check", "--json"]);
    const { diagnostics }: { readonly diagnostics: readonly { readonly code: string; readonly message: string; readonly file: string; readonly line: number }[] } = JSON.parse(stdout);
    return { status, stdout, found: diagnostics.map(({ code, message, file, line }) => ({ code, message: `${file}: ${message}`, line })) };
  };
  const generate = (text: string): void => {
    put("specs/note.yaml", text);
    expect(pliny(["generate"])).toMatchObject({ status: 0, stderr: "" });
  };

  test("that what is generated now does not read fail --check, each with its place and the remedy", () => {
    put("package.json", '{ "type": "module" }\n');
    generate(spec(", size: int, kind: { type: enum, of: [a, b] }"));
    expect(check()).toMatchObject({ status: 0, found: [] });
    generate(spec(", size: string, kind: { type: enum, of: [b] }, more: int"));
    // From the same specs, with all files as they were made: there is nothing to compile, and they are asked for all the same.
    for (const _ of [1, 2]) {
      expect(check()).toMatchObject({
        status: 1,
        found: [
          { code: "GEN006", line: 2, message: "generated/vectors/note.1.json: /0/fields/size cannot be read any more: expected text, got 1; nor can 2 more of this file." },
        ],
      });
    }
    generate(spec(", size: int, kind: { type: enum, of: [b] }"));
    expect(check().found).toEqual([{ code: "GEN006", line: 2, message: expect.stringMatching(/: \/0\/fields\/kind cannot be read any more: expected .*"b", got "a"/) }]);
    generate(spec(", size: int, kind: { type: enum, of: [b], replaced: { a: b } }"));
    expect(check()).toMatchObject({ status: 0, found: [] });
    generate(spec(", kind: { type: enum, of: [a, b] }"));
    expect(check().found).toEqual([{ code: "GEN006", line: 2, message: expect.stringContaining("/0/fields/size cannot be read any more: expected one of text, kind, got a member that is no more; nor can") }]);
    const told = pliny(["generate", "--check"]);
    expect(told.stderr).toContain("If this one was never released, delete the file and run `pliny generate`.");
    expect(told.stdout).toContain("does not read all that earlier versions wrote");
    rmSync(join(folder, "generated/vectors/note.1.json"));
    generate(spec(", kind: { type: enum, of: [a, b] }"));
    expect(check()).toMatchObject({ status: 0, found: [] });
  }, 120_000);

  test("of an older version are read as far as they must be, and not where `oldest` says so, or where their type is no more", () => {
    put("package.json", '{ "type": "module" }\n');
    generate(spec(", size: int"));
    generate(spec(", size: string", "version: 2\n"));
    expect(check().found).toEqual([expect.objectContaining({ code: "GEN006", message: expect.stringContaining("note.1.json: /0/fields/size cannot") })]);
    generate(spec(", size: string", "version: 2\noldest: 2\n"));
    expect(check()).toMatchObject({ status: 0, found: [] });
    generate(spec(", length: { type: string, since: 2 }", "version: 2\nremoved: [{ field: size, type: int, until: 2 }]\n"));
    rmSync(join(folder, "generated/vectors/note.2.json"));
    generate(spec(", length: { type: string, since: 2 }", "version: 2\nremoved: [{ field: size, type: int, until: 2 }]\n"));
    expect(check()).toMatchObject({ status: 0, found: [] });
    put("generated/vectors/note.1.json", "{}\n");
    expect(check().found).toEqual([{ code: "GEN006", line: 1, message: "generated/vectors/note.1.json: This file cannot be read any more: expected a list of rows, got a record." }]);
    put("generated/vectors/note.1.json", "[");
    expect(check().found).toEqual([{ code: "GEN006", line: 1, message: "generated/vectors/note.1.json: /0 cannot be read any more: expected JSON, got the end of the text." }]);
    rmSync(join(folder, "node_modules/pliny"));
    expect(check()).toMatchObject({ status: 1, found: [{ code: "GEN007", message: expect.stringContaining("note.shape.ts cannot be loaded") }] });
    generate("resource: other\n---\nresource: note\ngone: true\n");
    expect(check()).toMatchObject({ status: 0, found: [] });
  }, 120_000);
});

describe("a spec that does not compile", () => {
  test("does not keep the mistakes of the others back, nor does one that cannot be read", () => {
    put("specs/torn.yaml", "resource: torn\nfields: { a: [ }\n");
    put("specs/old.yml", "resource: old\n");
    put("specs/team.yaml", "resource: team\nparent: old\nstates: { live: { to: gone } }\n");
    writeFileSync(join(folder, "specs/bytes.yaml"), Buffer.from([0x72, 0xff]));
    for (const command of ["check", "generate"]) {
      const { status, stderr } = pliny([command]);
      expect(status).toBe(2);
      // `old` may be the name of what could not be read, so nobody says that there is no such resource.
      expect(stderr.match(/^error \S+ \S+:/gm)).toEqual([
        "error SPC001 specs/bytes.yaml:1:2:",
        "error GEN105 specs/old.yml:1:1:",
        expect.stringMatching(/^error \S+ specs\/team.yaml:3:/),
        expect.stringMatching(/^error \S+ specs\/torn.yaml:2:/),
      ]);
      expect(existsSync(join(folder, "generated"))).toBe(false);
    }
  });

  test("is refused by its size before it is read, and the others are read all the same", () => {
    const large = `resource: ledger\n${"# A comment that is here to make this file larger than it may be.\n".repeat(16_384)}`;
    put("specs/large.yaml", large);
    put("specs/team.yaml", "resource: team\nparent: nobody\n");
    const { status, stderr } = pliny(["check"]);
    expect(status).toBe(2);
    expect(stderr).toContain(
      `error SPC002 specs/large.yaml:1:1: This file has ${large.length} bytes; a spec has at most 1048576 (1 MiB).\n` +
        "  hint: Split it into several files: order and grouping mean nothing.\n",
    );
    // What could not be read may declare anything, so no name is said to be missing.
    expect(stderr).toContain("1 error.");
    put("specs/large.yaml", large.slice(0, 1_048_576));
    expect(pliny(["check"]).stderr).toMatch(/^error SPC048 specs\/team\.yaml:2:9: .*nobody[^]*\n1 error\.\n$/);
  });

  test("is told on stderr with exit code 2, and nothing is written", () => {
    put("specs/team.yaml", broken);
    for (const command of ["check", "generate", "handlers"]) {
      const { status, stdout, stderr } = pliny([command]);
      expect(status, command).toBe(2);
      expect(stdout, command).toBe("");
      expect(stderr, command).toMatch(/specs\/team\.yaml:3:11[\s\S]*too: stop/);
      expect(stderr, command).not.toContain("\u001b[");
    }
    expect(filesOf("generated")).toEqual([]);
  });

  test("is one document on stdout with --json, --format sarif and --format github", () => {
    put("specs/team.yaml", broken);
    const json = pliny(["check", "--json"]);
    expect(json.status).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      command: "check",
      exitCode: 2,
      diagnostics: expect.arrayContaining([expect.objectContaining({ severity: "error" })]),
    });
    const sarif = JSON.parse(pliny(["check", "--format", "sarif"]).stdout);
    expect(sarif).toMatchObject({
      version: "2.1.0",
      runs: [{ results: expect.arrayContaining([expect.objectContaining({ level: "error" })]) }],
    });
    expect(pliny(["check", "--format", "github"]).stdout).toMatch(/^::error file=specs\/team\.yaml,line=3/m);
  });

  test.each([
    [{}, false],
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "true", NO_COLOR: "1" }, true],
    [{ FORCE_COLOR: "" }, false],
  ])("is told in a pipe with %j in colour: %j", (env, coloured) => {
    put("specs/team.yaml", broken);
    expect(pliny(["check"], { env }).stderr.includes("\u001b[1;31merror")).toBe(coloured);
  });

  test("a folder without specs is told what to do", () => {
    expect(pliny(["generate"])).toMatchObject({ status: 2, stderr: expect.stringMatching(/GEN101[\s\S]*pliny init/) });
    mkdirSync(join(folder, "specs"));
    expect(pliny(["generate"])).toMatchObject({ status: 2, stderr: expect.stringContaining("GEN102") });
  });
});

describe.skipIf(!hasTerminal)("on a terminal (skipped where there is no python3 to open one)", () => {
  const ticking = (): readonly string[] => {
    put("clock.mjs", "let ms = 0;\nperformance.now = () => (ms += Number(process.env.TICK_MS));\n");
    return ["--import", pathToFileURL(join(folder, "clock.mjs")).href];
  };

  test.each([
    [{}, true],
    [{ NO_COLOR: "" }, true],
    [{ NO_COLOR: "1" }, false],
    [{ FORCE_COLOR: "0" }, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true],
    [{ TERM: "dumb" }, false],
  ])("with %j mistakes are in colour: %j", (env, coloured) => {
    put("specs/team.yaml", broken);
    const { status, shown } = runOnTerminal([process.execPath, cli, "check"], { cwd: folder, env });
    expect(status).toBe(2);
    expect(shown).toContain("too: stop");
    expect(shown.includes("\u001b[1;31merror")).toBe(coloured);
    expect(shown.includes("\u001b[")).toBe(coloured);
  });

  test("there is no colour where stderr, which tells of mistakes, leads to a file", () => {
    put("specs/team.yaml", broken);
    runOnTerminal(["sh", "-c", '"$0" "$1" check 2> told', process.execPath, cli], { cwd: folder, env: {} });
    expect(read("told")).toContain("too: stop");
    expect(read("told")).not.toContain("\u001b[");
  });

  test("progress is shown from the second on that it takes long, and gone in the end", () => {
    pliny(["init"]);
    const command = [process.execPath, ...ticking(), cli, "check"];
    const long = runOnTerminal(command, { cwd: folder, env: { TICK_MS: "600" } });
    expect(long).toMatchObject({ status: 0, shown: expect.stringMatching(/^\r\u001b\[K\S.*\r\u001b\[K2 files read; nothing is wrong\.\n$/s) });
    const [quick, dumb] = [{ TICK_MS: "0.001" }, { TICK_MS: "600", TERM: "dumb" }].map((env) => runOnTerminal(command, { cwd: folder, env }));
    for (const run of [quick, dumb]) expect(run).toEqual({ status: 0, shown: "2 files read; nothing is wrong.\n" });
  });

  test("none of it is shown in a pipe, however long it takes", () => {
    pliny(["init"]);
    expect(pliny(["check"], { node: ticking(), env: { TICK_MS: "600" } })).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("usage", () => {
  test.each([
    [["genrate"], /unknown command 'genrate'[\s\S]*generate/],
    [["generate", "--chek"], /unknown option '--chek'[\s\S]*--check/],
    [["generate", "--format", "xml"], /Allowed choices are text, json, sarif, github/],
    [["check", "--json", "--format", "sarif"], /cannot be used with/],
    [["check", "one", "two"], /too many arguments/],
    [["explain"], /missing required argument/],
    [["check", "--cwd", "nowhere"], /no folder nowhere/],
    [["fmt", "specs/none.yaml"], /GEN101|no spec/],
    [[], /Usage: pliny/],
  ] as const)("%j exits 2", (args, words) => {
    const { status, stderr, stdout } = pliny(args);
    expect(`${stderr}${stdout}`).toMatch(words);
    expect(status).toBe(2);
  });

  test.each(["init", "generate", "check", "diff", "fmt", "handlers", "explain"])("%s --help has an example and exits 0", (command) => {
    const { status, stdout } = pliny([command, "--help"]);
    expect(stdout).toMatch(new RegExp(`Example:\\n  pliny ${command}`));
    expect(status).toBe(0);
  });

  test("--version is the package's", () => {
    expect(pliny(["--version"]).stdout.trim()).toBe(JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")).version);
  });

  test("--cwd names the project from anywhere", () => {
    pliny(["init", "--cwd", folder], { cwd: outer });
    expect(pliny(["check", "--cwd", folder], { cwd: outer })).toMatchObject({ status: 0 });
  });

  test("explain tells of a code and of a keyword, and guesses what was meant", () => {
    expect(pliny(["explain", "GEN001"])).toMatchObject({ status: 0, stdout: expect.stringContaining("pliny generate") });
    expect(pliny(["explain", "on_unknown"])).toMatchObject({ status: 0, stdout: expect.stringContaining("on_unknown") });
    expect(pliny(["explain", "on_unknwon"])).toMatchObject({ status: 2, stderr: expect.stringContaining("on_unknown") });
  });
});

describe("fmt", () => {
  const untidy =
    "# what it is\nresource:   team\nfields:\n   name:    {type: string,required: true}   # theirs\n   plan: {type: string}\nstates:\n    live: {to: stop}\n\n\n\n";

  test("lays out, keeps comments, and has nothing to do the second time", () => {
    put("specs/team.yaml", untidy);
    expect(pliny(["fmt", "--check"])).toMatchObject({ status: 1, stderr: expect.stringContaining("GEN121") });
    expect(read("specs/team.yaml")).toBe(untidy);
    expect(pliny(["fmt"])).toMatchObject({ status: 0, stdout: expect.stringContaining("wrote specs/team.yaml") });
    expect(read("specs/team.yaml")).toBe(
      "# what it is\nresource: team\nfields:\n  name: { type: string, required: true }  # theirs\n  plan: { type: string }\nstates:\n  live: { to: stop }\n",
    );
    expect(pliny(["fmt", "--check", "specs/team.yaml"]).status).toBe(0);
  });

  test("leaves a file alone that it cannot read, lays out the others, and exits 2", () => {
    put("specs/bad.yaml", "resource: [team\n");
    put("specs/team.yaml", untidy);
    expect(pliny(["fmt"])).toMatchObject({ status: 2, stderr: expect.stringContaining("specs/bad.yaml") });
    expect(read("specs/bad.yaml")).toBe("resource: [team\n");
    expect(read("specs/team.yaml")).not.toBe(untidy);
  });
});

describe("handlers", () => {
  test("adds what a changed spec asks for, touches nothing else, and --check says so first", () => {
    pliny(["init"]);
    put(
      "specs/site.yaml",
      read("specs/site.yaml")
        .replace("  check:    { to: [stop]", "  warm:     { to: [check] }\n  check:    { to: [warm, stop]")
        .replace("allocate: { to: [check]", "allocate: { to: [warm, check]"),
    );
    const before = read("specs/site.handlers.ts");
    expect(pliny(["handlers", "--check"])).toMatchObject({ status: 1, stderr: expect.stringContaining("`sitePublish.warm`") });
    expect(read("specs/site.handlers.ts")).toBe(before);
    expect(pliny(["handlers"])).toMatchObject({ status: 0, stdout: expect.stringContaining("+ sitePublish.warm") });
    const after = read("specs/site.handlers.ts");
    expect(after).toContain('  async warm() {\n    throw new NotImplemented("site.publish: warm");\n  },\n  async check(');
    expect(
      after
        .replace('  async warm() {\n    throw new NotImplemented("site.publish: warm");\n  },\n', "")
        .replace('import { NotImplemented } from "pliny/runtime";\n', ""),
    ).toBe(before);
    expect(pliny(["handlers"]).stdout).toBe("Nothing is missing.\n");
  });

  test("refuses a file that is no TypeScript, and says where", () => {
    pliny(["init"]);
    put("specs/site.handlers.ts", "export const = 1;\n");
    expect(pliny(["handlers"])).toMatchObject({ status: 2, stderr: expect.stringMatching(/GEN131[\s\S]*specs\/site\.handlers\.ts:1:14/) });
  });
});

describe("the cache", () => {
  test("changes no answer: torn, foreign, stale or gone, the run gives the same", () => {
    pliny(["init"]);
    pliny(["generate"]);
    const [name = ""] = filesOf("node_modules/.cache/pliny");
    const cache = `node_modules/.cache/pliny/${name}`;
    const good = read(cache);
    for (const text of [good.slice(0, -40), good.replace("small", "sma11"), "{}", ""]) {
      put(cache, text);
      expect(JSON.parse(pliny(["generate", "--json", "--stats"]).stdout)).toMatchObject({
        written: [],
        removed: [],
        stats: { counts: { fromCache: 0 } },
      });
      expect(JSON.parse(pliny(["generate", "--json", "--stats"]).stdout)).toMatchObject({
        written: [],
        stats: { counts: { specs: 2, fromCache: 2 } },
      });
    }
    put("specs/site.yaml", read("specs/site.yaml").replace("max: 63", "max: 64"));
    expect(JSON.parse(pliny(["generate", "--json", "--stats"]).stdout)).toMatchObject({
      written: expect.arrayContaining(["generated/site.shape.ts"]),
      stats: { counts: { fromCache: 1 } },
    });
  });

  test("an edit by hand is seen though size and time are what they were", () => {
    pliny(["init"]);
    pliny(["generate"]);
    const path = join(folder, "generated/site.ts");
    const [text, { atimeMs, mtimeMs }] = [read("generated/site.ts"), statSync(path)];
    writeFileSync(path, text.replace("class Site", "class Sale"));
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
    expect(JSON.parse(pliny(["generate", "--json"]).stdout).written).toEqual(["generated/site.ts"]);
    expect(read("generated/site.ts")).toBe(text);
  });

  test("numbers that JSON has no words for are not lost in it", () => {
    const spec = (value: string): string => `resource: gauge\nfields: { size: { type: float, special: true, default: ${value} } }\n`;
    for (const [value, made] of [[".inf", "Infinity"], ["-.inf", "-Infinity"], [".nan", "NaN"], ["0.5", "0.5"]] as const) {
      put("specs/gauge.yaml", spec(value));
      put("specs/team.yaml", `resource: team\ndoc: Beside ${made}.\n`);
      expect(pliny(["generate"]).status).toBe(0);
      expect(read("generated/gauge.shape.ts")).toContain(`  size: ${made},`);
      // The other spec alone has changed, so this one would come from the cache if it could.
      put("specs/team.yaml", "resource: team\n");
      expect(pliny(["generate"]).status).toBe(0);
      expect(read("generated/gauge.shape.ts")).toContain(`  size: ${made},`);
      expect(pliny(["generate"]).stdout).toMatch(/^0 files written/);
      expect(pliny(["generate", "--check"]).status).toBe(0);
    }
  });

  test("warnings are told again though nothing was to be done", () => {
    put("specs/team.yaml", "resource: team\nstates: { live: { to: stop } }\n---\ntask: idle\nof: team\nstates: { wait: { to: stop } }\n");
    const first = pliny(["generate"]);
    expect(first.stderr).toContain("warning");
    expect(pliny(["generate"]).stderr).toBe(first.stderr);
  });
});

describe("two runs at once", () => {
  test("write whole files, each over the other's, and what is there in the end is what the specs give", async () => {
    for (let at = 0; at < 40; at += 1) put(`specs/team_${at}.yaml`, `resource: team_${at}\nfields: { name: string, size: int }\n`);
    for (const start of ["nothing is there", "files are stale", "nothing changed"]) {
      if (start === "files are stale") for (let at = 0; at < 40; at += 2) put(`specs/team_${at}.yaml`, `resource: team_${at}\nfields: { name: { type: string, max: 9 }, size: int }\n`);
      const runs = [1, 2].map(async () => {
        const child = spawn(process.execPath, [cli, "generate"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
        let stderr = "";
        child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        const [status] = await once(child, "close");
        return { status, stderr };
      });
      expect(await Promise.all(runs), start).toEqual([{ status: 0, stderr: "" }, { status: 0, stderr: "" }]);
      expect(pliny(["generate", "--check"]), start).toMatchObject({ status: 0, stderr: "" });
      expect(filesOf("generated").filter((path) => path.endsWith(".pliny"))).toEqual([]);
    }
  });
});

describe.skipIf(process.platform === "win32")("what is no file where a file should be is told, and nobody waits for it", () => {
  const makePipe = (path: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    execFileSync("mkfifo", [join(folder, path)]);
  };

  test.each(["check", "generate", "fmt", "handlers"])("%s: a pipe and a socket among the specs", async (command) => {
    put("specs/team.yaml", "resource: team\n");
    makePipe("specs/pipe.yaml");
    const server = createServer().listen(join(folder, "specs/socket.yaml"));
    await once(server, "listening");
    const run = pliny([command]);
    server.close();
    expect(run.status).toBe(2);
    expect(run.stderr.match(/^error .*/gm)).toEqual([
      "error GEN103 specs/pipe.yaml:1:1: This cannot be read: it is neither a file nor a folder.",
      "error GEN103 specs/socket.yaml:1:1: This cannot be read: it is neither a file nor a folder.",
    ]);
    expect(existsSync(join(folder, "generated"))).toBe(false);
  });

  test("a pipe among the handlers", () => {
    put("specs/team.yaml", "resource: team\n");
    makePipe("specs/team.handlers.ts");
    const told = "error GEN103 specs/team.handlers.ts:1:1: This cannot be read: it is neither a file nor a folder.";
    expect(pliny(["handlers"])).toMatchObject({ status: 2, stderr: expect.stringContaining(told) });
    expect(pliny(["check"])).toMatchObject({ status: 0 });
  });

  test.each([
    ["team.ts", "a file"],
    ["docs", "a folder"],
  ])("generated/%s as a pipe, which stays where it is", (path, wanted) => {
    put("specs/team.yaml", "resource: team\n");
    makePipe(`generated/${path}`);
    for (const args of [["generate"], ["generate", "--check"]]) {
      const { status, stderr } = pliny(args);
      expect(status).toBe(2);
      expect(stderr).toMatch(`error GEN108 generated/${path}:1:1: Here is a pipe, a socket or a device where ${wanted} belongs.\n`);
    }
    expect(statSync(join(folder, "generated", path)).isFIFO()).toBe(true);
    expect(filesOf("generated")).toEqual([path]);
  });

  test("a folder called pliny.yaml", () => {
    put("specs/team.yaml", "resource: team\n");
    mkdirSync(join(folder, "pliny.yaml"));
    expect(pliny(["check"])).toMatchObject({ status: 2, stderr: expect.stringContaining("error GEN103 pliny.yaml:1:1: This cannot be read: it is a folder.") });
  });

  test.each(["pliny.yaml", "generated"])("%s as a pipe", (path) => {
    put("specs/team.yaml", "resource: team\n");
    makePipe(path);
    expect(pliny(["generate"])).toMatchObject({ status: 2, stderr: expect.stringMatching(new RegExp(`^error GEN10[38] ${path}:1:1: `)) });
    expect(statSync(join(folder, path)).isFIFO()).toBe(true);
  });
});

test("generate loads no TypeScript, no ts-morph, no database; without changes not even YAML", () => {
  pliny(["init"]);
  put(
    "spy.mjs",
    'import { createRequire } from "node:module";\nprocess.on("exit", () => process.stderr.write(Object.keys(createRequire(import.meta.url).cache).join("\\n")));\n',
  );
  const node = ["--import", pathToFileURL(join(folder, "spy.mjs")).href];
  const first = pliny(["generate"], { node });
  expect(first.stderr).toContain("/node_modules/yaml/");
  expect(first.stderr).not.toMatch(/node_modules\/(typescript|ts-morph|@ts-morph|pg|ioredis)\//);
  const second = pliny(["generate"], { node });
  expect(second.stderr).toContain("/node_modules/commander/");
  expect(second.stderr).not.toMatch(/node_modules\/(yaml|handlebars)\//);
  expect(pliny(["handlers"], { node }).stderr).toContain("/node_modules/ts-morph/");
});

test("a bug says that it is one, with its stack, and exits 3", () => {
  pliny(["init"]);
  put("boom.mjs", 'performance.now = () => { throw new Error("boom"); };\n');
  const { status, stdout, stderr } = pliny(["generate"], { node: ["--import", pathToFileURL(join(folder, "boom.mjs")).href] });
  expect(status).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/This is a bug[\s\S]*Error: boom\n    at /);
});

test("many specs are read by two threads, which tell of each as one would", () => {
  const named = (at: number): string => `specs/team_${String(at).padStart(3, "0")}.yaml`;
  for (let at = 0; at < 320; at += 1) put(named(at), `resource: team_${at}\nstates: { live: { to: stop } }\n`);
  for (const at of [5, 315]) put(named(at), broken);
  const wrong = JSON.parse(pliny(["check", "--json"]).stdout);
  expect(new Set(wrong.diagnostics.map((diagnostic: { file: string }) => diagnostic.file))).toEqual(new Set([named(5), named(315)]));
  for (const at of [5, 315]) put(named(at), `resource: team_${at}\nstates: { live: { to: stop } }\n`);
  expect(JSON.parse(pliny(["check", "--json"]).stdout)).toMatchObject({ specs: 320, resources: 320, diagnostics: [] });
  rmSync(join(folder, "node_modules/.cache"), { recursive: true });
  const stats = JSON.parse(pliny(["generate", "--json", "--stats"]).stdout).stats;
  expect(stats.counts).toMatchObject({ specs: 320, fromCache: 0 });
  for (const phase of ["scan", "yaml", "shape"]) expect(stats.milliseconds[phase], phase).toBeGreaterThan(0);
});

test("a pipe that closes early is no error", async () => {
  for (let at = 0; at < 200; at += 1) put(`specs/team_${at}.yaml`, broken.replace("team", `team_${at}`));
  const child = spawn(process.execPath, [cli, "check", "--json"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.once("data", () => child.stdout.destroy());
  const [status] = await once(child, "close");
  expect(stderr).not.toContain("EPIPE");
  expect(stderr).not.toContain("bug");
  expect(status).toBe(2);
});

test.skipIf(!existsSync("/dev/full"))("output that cannot be written is not taken for findings", () => {
  const full = openSync("/dev/full", "w");
  try {
    const { status, stderr } = spawnSync(process.execPath, [cli, "explain", "GEN001"], { stdio: ["ignore", full, "pipe"], encoding: "utf8" });
    expect(stderr).toMatch(/^error: the output cannot be written: .*ENOSPC/);
    expect(status).toBe(3);
  } finally {
    closeSync(full);
  }
});

describe("decode and encode", () => {
  const row = '{"label": "top", "__v": 1, "opened": {"Time": "2027-01-31T12:00:00.250Z"}, "pin": {"Vault": [2, "gAAAAAB_-w=="]}}';
  const listing = "__v: 1\nlabel: top\nopened: !Time 2027-01-31T12:00:00.250Z\npin: !Vault 2 gAAAAAB_-w==\n";
  const canonical = '{"__v":1,"label":"top","opened":{"Time":"2027-01-31T12:00:00.250Z"},"pin":{"Vault":[2,"gAAAAAB_-w=="]}}\n';

  test("a row from standard input or a file, to a listing and back; errors name the place, on stderr", () => {
    put("row.json", row);
    expect(pliny(["decode"], { input: row })).toEqual({ status: 0, stdout: listing, stderr: "" });
    expect(pliny(["decode", "row.json"])).toEqual({ status: 0, stdout: listing, stderr: "" });
    expect(pliny(["encode", "-"], { input: listing })).toEqual({ status: 0, stdout: canonical, stderr: "" });
    expect(pliny(["encode", "row.json"])).toEqual({ status: 0, stdout: canonical, stderr: "" });
    const wrong = pliny(["decode"], { input: '{"a":[{"Int":"007"}]}' });
    expect(wrong).toMatchObject({ status: 1, stdout: "" });
    expect(wrong.stderr).toMatch(/^error: \/a\/0: expected an integer .*, got \{"Int": "007"\}\n$/);
    const asJson = pliny(["encode", "--json"], { input: "a: ?" });
    expect(asJson.status).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ command: "encode", exitCode: 1, refusal: { code: "syntax", pointer: "" } });
    const twice = '{"a":1,"a":1}';
    expect(pliny(["decode"], { input: twice }).stderr).toContain("/a: expected each key once");
    expect(pliny(["encode"], { input: "a: 1\na: 2\n" }).stderr).toContain("/a: expected each key once");
    expect(pliny(["decode", "--profile", "api-in"], { input: `"${"a".repeat(1 << 20)}"` }).stderr).toContain("1048576 bytes");
  });

  test("checked against the type that generated/ has", () => {
    rmSync(join(folder, "node_modules/pliny"));
    symlinkSync(built, join(folder, "node_modules/pliny"));
    put("package.json", '{ "type": "module" }\n');
    put(
      "specs/box.yaml",
      [
        "resource: box", "fields:", "  label: { type: string, required: true }", "  opened: time",
        "  pin: { type: string, encrypted: true }", "  kind: { type: enum, of: [small, large], default: small, replaced: { tiny: small } }", "---", "task: lift", "of: box",
        "args: { by: string }", "fields: { height: int }", "states: { lift: { to: stop } }", "",
      ].join("\n"),
    );
    expect(pliny(["generate"]).status).toBe(0);
    expect(pliny(["decode", "--type", "box"], { input: row })).toEqual({ status: 0, stdout: listing, stderr: "" });
    const kept = pliny(["encode", "--type", "box"], { input: "__v: 1\nlabel: top\nkind: tiny\nlid: [1]\n" });
    expect(kept).toMatchObject({ status: 0, stdout: '{"__v":1,"kind":"tiny","label":"top","lid":[1]}\n' });
    expect(kept.stderr).toBe("note: box has no lid; kept as it is\n");
    const wrong = pliny(["decode", "--type", "box"], { input: '{"__v":1,"label":"top","opened":"noon"}' });
    expect(wrong).toMatchObject({ status: 1, stdout: "" });
    expect(wrong.stderr).toContain("error: /opened: expected a time in UTC");
    expect(pliny(["decode", "--type", "box"], { input: '{"label":"top"}' }).stderr).toContain("/__v");
    expect(pliny(["decode", "--type", "box.lift"], { input: '{"__v":1,"height":3}' }).stdout).toBe("__v: 1\nheight: 3\n");
    expect(pliny(["decode", "--type", "box.lift", "--args"], { input: '{"__v":1,"by":3}' })).toMatchObject({ status: 1, stdout: "" });
    for (const [args, said] of [
      [["--type", "crate"], "there is no generated/crate.shape.ts"],
      [["--type", "../box"], "is no type"],
      [["--type", "box", "--args"], "has no boxArgsCodec"],
      [["--args"], "name the task"],
      [["nowhere.json"], "nowhere.json cannot be read"],
      [["--profile", "none"], "api-in"],
    ] as const) {
      const refused = pliny(["decode", ...args]);
      expect(refused).toMatchObject({ status: 2, stdout: "" });
      expect(refused.stderr).toContain(said);
    }
  });
});
