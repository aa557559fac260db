// What the compiler does to a disk: what it reads, what it refuses, what it writes and what it leaves alone. Every test has a folder of its own.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Diagnostic } from "../compiler/diagnostic.js";
import type { GeneratedFile } from "../compiler/emit.js";
import {
  createFile,
  describeDrift,
  findCacheFile,
  findMergeMarkers,
  holdsAll,
  openGenerated,
  openProject,
  planWrites,
  readSpecs,
  readTexts,
  recordOf,
  writeGenerated,
  writeText,
  type Project,
} from "../compiler/files.js";
import { header } from "../compiler/header.js";

let outer = "";
let folder = "";
const nowMs = Date.now();

beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), "pliny-files-"));
  folder = join(outer, "project");
  mkdirSync(folder);
});

afterEach(() => rmSync(outer, { recursive: true }));

function put(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  symlinkSync(target, join(folder, path));
}

function project(): Project {
  const opened = openProject(folder);
  if (!opened) throw new Error("The test's folder is gone.");
  return opened;
}

function codes(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.at.file.path}`);
}

/** A generated file whose body is `body`. */
function made(path: string, body: string): GeneratedFile {
  return {
    path,
    text: `${header(["specs/team.yaml"], path.endsWith(".sql") ? "sql" : path.endsWith(".md") ? "markdown" : "typescript")}\n\n${body}\n`,
  };
}

/** Everything in `generated/`, as `path: text`. */
function contents(): Readonly<Record<string, string>> {
  const root = join(folder, "generated");
  if (!existsSync(root)) return {};
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => statSync(join(root, path)).isFile());
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Reads, plans and, if nothing stands in the way, writes. */
function generate(files: readonly GeneratedFile[]): {
  readonly refused: readonly string[];
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
} {
  const there = openGenerated(project(), { nowMs });
  const plan = planWrites(there.value, { files, kept: [] }, null);
  const refused = [...there.diagnostics, ...readTexts(there.value), ...plan.diagnostics];
  if (refused.length > 0) return { refused: codes(refused), written: [], removed: [], unchanged: 0 };
  const done = writeGenerated(project(), plan.value);
  return { refused: codes(done.diagnostics), ...done.value, unchanged: plan.value.unchanged };
}

describe("reading specs", () => {
  test("takes every .yaml below specs/ and pliny.yaml, sorted by path, and nothing else", () => {
    put("specs/team.yaml", "resource: team\n");
    put("specs/b/deep.yaml", "resource: deep\n");
    put("specs/team.handlers.ts", "export {};\n");
    put("specs/.hidden.yaml", "resource: hidden\n");
    put("specs/.git/config.yaml", "resource: hidden\n");
    put("pliny.yaml", "rules: 1\n");
    put("other.yaml", "resource: other\n");
    const { value, diagnostics } = readSpecs(project());
    expect(diagnostics).toEqual([]);
    expect(value.map((source) => source.path)).toEqual(["pliny.yaml", "specs/b/deep.yaml", "specs/team.yaml"]);
    expect(value[2]?.text).toBe("resource: team\n");
  });

  test("says that there is no folder specs/, and notices specs beside it", () => {
    expect(codes(readSpecs(project()).diagnostics)).toEqual(["GEN101 specs"]);
    put("team.yaml", "resource: team\n");
    expect(readSpecs(project()).diagnostics[0]?.hint).toContain("move them there");
  });

  test("says that specs/ holds no spec", () => {
    put("specs/README.md", "");
    expect(codes(readSpecs(project()).diagnostics)).toEqual(["GEN102 specs"]);
  });

  test.each(["specs/team.yml", "specs/team.YAML", "specs/team.Yml", "pliny.yml"])("says that a spec ends in .yaml: %s", (path) => {
    put("specs/user.yaml", "resource: user\n");
    put(path, "resource: team\n");
    const { diagnostics } = readSpecs(project());
    expect(codes(diagnostics)).toEqual([`GEN105 ${path}`]);
    expect(diagnostics[0]?.hint).toBe(`Rename it to ${path.replace(/\.\w+$/, ".yaml")}.`);
  });

  test("reports what cannot be read, and reads the rest", () => {
    link("specs/gone.yaml", "nowhere.yaml");
    link("specs/round.yaml", "round.yaml");
    put("specs/team.yaml", "resource: team\n");
    put("specs/latin.yaml", new Uint8Array([0x64, 0x6f, 0x63, 0x3a, 0x20, 0xe9]));
    put("specs/large.yaml", "#".repeat(1_048_577));
    const { value, diagnostics } = readSpecs(project());
    expect(value.map((source) => source.path)).toEqual(["specs/team.yaml"]);
    expect(codes(diagnostics)).toEqual(expect.arrayContaining(["GEN103 specs/gone.yaml", "GEN103 specs/round.yaml"]));
    expect(diagnostics).toHaveLength(4);
  });

  test("follows links inside the project, and none that leads out of it", () => {
    put("shared/team.yaml", "resource: team\n");
    link("specs/team.yaml", "../shared/team.yaml");
    link("specs/more", "../shared");
    link("specs/more-again", ".");
    writeFileSync(join(outer, "secret.yaml"), "resource: secret\n");
    link("specs/secret.yaml", "../../secret.yaml");
    link("specs/outside", outer);
    const { value, diagnostics } = readSpecs(project());
    expect(value.map((source) => source.path)).toEqual(["specs/more/team.yaml", "specs/team.yaml"]);
    expect(codes(diagnostics)).toEqual(["GEN104 specs/outside", "GEN104 specs/secret.yaml"]);
  });

  test("refuses a folder specs/ that is a link to somewhere else", () => {
    mkdirSync(join(outer, "elsewhere"));
    link("specs", "../elsewhere");
    expect(codes(readSpecs(project()).diagnostics)).toContain("GEN104 specs");
  });

  test("finds what a merge left in a spec, and no text that merely looks like it", () => {
    const text = "resource: team\n<<<<<<< HEAD\ndoc: a\n=======\ndoc: b\n>>>>>>> branch\n";
    const found = findMergeMarkers([
      { path: "specs/team.yaml", text },
      { path: "specs/doc.yaml", text: "doc: |\n  <<<<<<< HEAD\n  >>>>>>> x\n" },
    ]);
    expect(codes(found)).toEqual(["GEN005 specs/team.yaml"]);
    expect(text.slice(found[0]?.at.start, found[0]?.at.end)).toBe("<<<<<<< HEAD");
  });
});

describe("writing generated/", () => {
  test("writes what differs, leaves what does not, removes what is no longer made, and folders that are empty then", () => {
    expect(generate([made("team.ts", "1"), made("docs/old/page.md", "1"), made("schema.sql", "1")]).written).toEqual([
      "team.ts",
      "docs/old/page.md",
      "schema.sql",
    ]);
    const before = statSync(join(folder, "generated/schema.sql"));
    expect(generate([made("team.ts", "2"), made("schema.sql", "1")])).toEqual({
      refused: [],
      written: ["team.ts"],
      removed: ["docs/old/page.md"],
      unchanged: 1,
    });
    expect(contents()).toEqual({ "team.ts": made("team.ts", "2").text, "schema.sql": made("schema.sql", "1").text });
    expect(existsSync(join(folder, "generated/docs"))).toBe(false);
    const after = statSync(join(folder, "generated/schema.sql"));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  test("leaves no temporary file, and clears away one that a killed run left a minute ago", () => {
    put("generated/.team.ts.4711.pliny", "// Code gen");
    put("generated/.team.ts.4712.pliny", "// Code gen");
    const longAgo = nowMs / 1000 - 120;
    utimesSync(join(folder, "generated/.team.ts.4711.pliny"), longAgo, longAgo);
    expect(generate([made("team.ts", "1")]).removed).toEqual([".team.ts.4711.pliny"]);
    expect(Object.keys(contents())).toEqual([".team.ts.4712.pliny", "team.ts"]);
  });

  test("never removes nor overwrites a file without the header", () => {
    put("generated/notes.md", "mine\n");
    put("generated/team.ts", "export const mine = 1;\n");
    expect(generate([made("team.ts", "1"), made("plan.ts", "1")]).refused).toEqual(["GEN106 generated/team.ts"]);
    expect(contents()).toEqual({ "notes.md": "mine\n", "team.ts": "export const mine = 1;\n" });
  });

  test("writes over an empty file, since nothing is lost by that", () => {
    put("generated/team.ts", "");
    expect(generate([made("team.ts", "1")]).written).toEqual(["team.ts"]);
  });

  test("removes a JSON file that carries the header as $comment", () => {
    put("generated/schema/old.json", `{\n  "$comment": "Code generated by pliny from specs/team.yaml. DO NOT EDIT."\n}\n`);
    put("generated/schema/mine.json", `{ "title": "Code generated by pliny" }\n`);
    expect(generate([made("team.ts", "1")]).removed).toEqual(["schema/old.json"]);
    expect(Object.keys(contents())).toEqual(["schema/mine.json", "team.ts"]);
  });

  test("never touches migrations/ and vectors/, but adds to them", () => {
    put("generated/migrations/1_init/plan.json", "{}\n");
    put("generated/migrations/1_init/step.sql", made("step.sql", "1").text);
    put("generated/vectors/team.json", "[1]\n");
    expect(
      generate([
        { path: "vectors/team.json", text: "[2]\n" },
        { path: "vectors/plan.json", text: "[3]\n" },
      ]),
    ).toEqual({
      refused: [],
      written: ["vectors/plan.json"],
      removed: [],
      unchanged: 1,
    });
    expect(contents()).toEqual({
      "migrations/1_init/plan.json": "{}\n",
      "migrations/1_init/step.sql": made("step.sql", "1").text,
      "vectors/team.json": "[1]\n",
      "vectors/plan.json": "[3]\n",
    });
  });

  test.each([
    ["generated/ itself", (target: string) => link("generated", target), "GEN107 generated"],
    ["a folder in it", (target: string) => link("generated/docs", target), "GEN107 generated/docs"],
    ["a file in it", (target: string) => link("generated/docs/team.md", join(target, "team.md")), "GEN107 generated/docs/team.md"],
  ])("writes through no link: %s", (_, make, expected) => {
    const target = join(outer, "elsewhere");
    mkdirSync(target);
    writeFileSync(join(target, "team.md"), made("team.md", "theirs").text);
    make(target);
    expect(generate([made("docs/team.md", "ours"), ...(expected.endsWith(".md") ? [] : [made("docs/user.md", "ours")])]).refused).toEqual([expected]);
    expect(readdirSync(target)).toEqual(["team.md"]);
    expect(readFileSync(join(target, "team.md"), "utf8")).toContain("theirs");
  });

  test("removes nothing behind a link", () => {
    const target = join(outer, "elsewhere");
    mkdirSync(target);
    writeFileSync(join(target, "old.ts"), made("old.ts", "theirs").text);
    link("generated/other", target);
    expect(generate([made("team.ts", "1")]).removed).toEqual([]);
    expect(readdirSync(target)).toEqual(["old.ts"]);
  });

  test.each(["../outside.ts", "/etc/team.ts", "docs/../../outside.ts", "a//b.ts", "C:\\team.ts"])(
    "takes a path like %s for a bug",
    (path) => {
      expect(() => generate([{ path, text: made("team.ts", "1").text }])).toThrow("no path under generated/");
      expect(readdirSync(outer)).toEqual(["project"]);
    },
  );

  test("says what stands in the way", () => {
    put("generated/team.ts/mine.txt", "mine");
    put("generated/docs", "mine");
    expect(generate([made("team.ts", "1"), made("docs/team.md", "1")]).refused).toEqual([
      "GEN108 generated/team.ts",
      "GEN108 generated/docs",
    ]);
    rmSync(join(folder, "generated"), { recursive: true });
    put("generated", "mine");
    expect(generate([made("team.ts", "1")]).refused).toEqual(["GEN108 generated"]);
  });

  test("a file of ours may become a folder", () => {
    put("generated/docs", made("docs.ts", "1").text);
    expect(generate([made("docs/team.md", "1")])).toMatchObject({ refused: [], written: ["docs/team.md"], removed: ["docs"] });
  });

  test("two names that are one on disks that ignore case are refused", () => {
    expect(generate([made("team.ts", "1"), made("Team.ts", "2")]).refused).toEqual(["GEN109 generated/Team.ts"]);
    expect(contents()).toEqual({});
  });

  test("a name that changes its case only is removed first and written then, whatever the disk thinks of case", () => {
    put("generated/Team.ts", made("team.ts", "1").text);
    expect(generate([made("team.ts", "1")])).toMatchObject({ written: ["team.ts"], removed: ["Team.ts"] });
    expect(contents()).toEqual({ "team.ts": made("team.ts", "1").text });
  });

  test("line ends that git turned into CRLF are no drift", () => {
    put("generated/team.ts", made("team.ts", "1").text.replaceAll("\n", "\r\n"));
    expect(generate([made("team.ts", "1")])).toMatchObject({ written: [], unchanged: 1 });
  });

  test("says what the disk refuses, and has written what came before", () => {
    const there = openGenerated(project(), { nowMs });
    const plan = planWrites(there.value, { files: [made("a.ts", "1"), made("docs/b.md", "1")], kept: [] }, null);
    // Between looking and writing somebody puts a link there.
    mkdirSync(join(outer, "elsewhere"));
    link("generated/docs", join(outer, "elsewhere"));
    const { value, diagnostics } = writeGenerated(project(), plan.value);
    expect(value.written).toEqual(["a.ts"]);
    expect(codes(diagnostics)).toEqual(["GEN110 generated/docs/b.md"]);
    expect(readdirSync(join(outer, "elsewhere"))).toEqual([]);
  });
});

describe("merge markers in generated/", () => {
  const torn = "// Code generated by pliny from specs/team.yaml. DO NOT EDIT.\n\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> branch\n";

  test("are written over once the specs are resolved, also where they stand above the header", () => {
    put("generated/team.ts", torn);
    put("generated/plan.ts", `<<<<<<< HEAD\n${made("plan.ts", "1").text}=======\n${made("plan.ts", "2").text}>>>>>>> branch\n`);
    put("generated/gone.ts", `<<<<<<< HEAD\n=======\n${made("gone.ts", "2").text}>>>>>>> branch\n`);
    const there = openGenerated(project(), { nowMs }).value;
    const files = [made("team.ts", "3"), made("plan.ts", "3")];
    expect(codes(describeDrift(there, planWrites(there, { files, kept: [] }, null).value))).toEqual([
      "GEN005 generated/team.ts",
      "GEN005 generated/plan.ts",
      "GEN002 generated/gone.ts",
    ]);
    expect(generate(files)).toMatchObject({ refused: [], written: ["team.ts", "plan.ts"], removed: ["gone.ts"] });
    expect(contents()).toEqual({ "team.ts": made("team.ts", "3").text, "plan.ts": made("plan.ts", "3").text });
  });

  test("in what is frozen are refused, since nothing would ever write it anew", () => {
    put("generated/migrations/1_init/plan.json", "<<<<<<< HEAD\n{}\n=======\n[]\n>>>>>>> branch\n");
    expect(generate([made("team.ts", "1")]).refused).toEqual(["GEN005 generated/migrations/1_init/plan.json"]);
  });

  test("in a file that is not ours are not ours", () => {
    put("generated/notes.md", "<<<<<<< HEAD\nmine\n=======\nmine too\n>>>>>>> branch\n");
    expect(generate([made("team.ts", "1")]).refused).toEqual([]);
    expect(Object.keys(contents())).toContain("notes.md");
  });
});

describe("drift", () => {
  test("names each file that would be written or removed, and the first line that differs", () => {
    put("generated/team.ts", made("team.ts", "by hand").text);
    put("generated/old.ts", made("old.ts", "1").text);
    const there = openGenerated(project(), { nowMs }).value;
    const drift = describeDrift(there, planWrites(there, { files: [made("team.ts", "1"), made("plan.ts", "1")], kept: [] }, null).value);
    expect(codes(drift)).toEqual(["GEN001 generated/team.ts", "GEN001 generated/plan.ts", "GEN002 generated/old.ts"]);
    expect(drift[0]?.at.file.text.slice(drift[0].at.start, drift[0].at.end)).toBe("by hand");
  });

  test("a record of what was made matches the folder, until anything of ours in it changes", () => {
    const files = [made("team.ts", "1"), made("docs/team.md", "1"), { path: "vectors/team.json", text: "[1]\n" }];
    generate(files);
    put("generated/notes.md", "mine\n");
    const record = recordOf({ files, kept: [] }, {});
    const matches = (): boolean => holdsAll(openGenerated(project(), { nowMs }).value, record);
    expect(matches()).toBe(true);
    put("generated/vectors/team.json", "[kept as it is]\n");
    expect(matches()).toBe(true);
    put("generated/old.ts", made("old.ts", "1").text);
    expect(matches()).toBe(false);
    rmSync(join(folder, "generated/old.ts"));
    rmSync(join(folder, "generated/vectors/team.json"));
    expect(matches()).toBe(false);
    generate(files);
    put("generated/team.ts", made("team.ts", "2").text);
    expect(matches()).toBe(false);
  });
});

describe("what people write", () => {
  test("is replaced whole, keeps its mode, and is written through a link inside the project only", () => {
    put("specs/team.yaml", "resource: team\n");
    link("specs/linked.yaml", "team.yaml");
    expect(writeText(project(), "specs/linked.yaml", "resource: team # new\n")).toEqual([]);
    expect(readFileSync(join(folder, "specs/team.yaml"), "utf8")).toBe("resource: team # new\n");
    writeFileSync(join(outer, "other.yaml"), "theirs\n");
    link("specs/other.yaml", "../../other.yaml");
    expect(codes(writeText(project(), "specs/other.yaml", "ours\n"))).toEqual(["GEN104 specs/other.yaml"]);
    expect(readFileSync(join(outer, "other.yaml"), "utf8")).toBe("theirs\n");
    expect(readdirSync(join(folder, "specs"))).toEqual(["linked.yaml", "other.yaml", "team.yaml"]);
  });

  test("is created only where there is nothing, not even a link that leads nowhere", () => {
    expect(createFile(project(), "specs/a.yaml", "1").value).toBe(true);
    expect(createFile(project(), "specs/a.yaml", "2").value).toBe(false);
    link("specs/b.yaml", "nowhere");
    expect(createFile(project(), "specs/b.yaml", "2").value).toBe(false);
    expect(readFileSync(join(folder, "specs/a.yaml"), "utf8")).toBe("1");
    mkdirSync(join(outer, "elsewhere"));
    link("linked", join(outer, "elsewhere"));
    expect(codes(createFile(project(), "linked/c.yaml", "1").diagnostics)).toEqual(["GEN104 linked/c.yaml"]);
    expect(codes(createFile(project(), "linked/deep/c.yaml", "1").diagnostics)).toEqual(["GEN104 linked/deep/c.yaml"]);
    expect(readdirSync(join(outer, "elsewhere"))).toEqual([]);
  });
});

describe("the cache", () => {
  test("lies in the nearest node_modules, a file for each project, and nowhere behind a link", () => {
    expect(findCacheFile(project())).toBeNull();
    mkdirSync(join(outer, "node_modules"));
    const shared = findCacheFile(project());
    expect(shared).toContain(join(project().folder, "../node_modules/.cache/pliny/"));
    mkdirSync(join(folder, "node_modules"));
    const own = findCacheFile(project());
    expect(own).toContain(join(project().folder, "node_modules/.cache/pliny/"));
    expect(own).not.toBe(shared);
    rmSync(join(folder, "node_modules"), { recursive: true });
    link("node_modules", join(outer, "node_modules"));
    expect(findCacheFile(project())).toBeNull();
  });
});
