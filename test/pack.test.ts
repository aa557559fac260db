// The package as a user gets it: packed, checked by publint and are-the-types-wrong, installed into an empty folder, and run there.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "./setup/project.js";

const folder = mkdtempSync(join(tmpdir(), "pliny-pack-"));
const project = join(folder, "project");
const manifest: PackageManifest = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
let tarball = "";

interface PackageManifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

beforeAll(() => {
  succeed("npm", ["run", "--silent", "build"], projectRoot);
  succeed("npm", ["pack", "--silent", "--pack-destination", folder], projectRoot);
  tarball = join(folder, `pliny-${manifest.version}.tgz`);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

describe("the package", () => {
  test("publint has nothing to say", async () => {
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer } });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test("the types are right, whoever resolves them", () => {
    const attw = join(projectRoot, "node_modules/@arethetypeswrong/cli/dist/index.js");
    expect(run(process.execPath, [attw, tarball, "--profile", "esm-only"], folder)).toMatchObject({ status: 0 });
  });

  test("holds what users need and no more", () => {
    const { stdout } = succeed("tar", ["-tzf", tarball], folder);
    const others = stdout
      .trim()
      .split("\n")
      .filter((path) => !/^package\/(dist\/.+\.(js|d\.ts)|dist\/schema\/(check|diff)\.json|package\.json|README\.md|LICENSE)$/.test(path));
    expect(others).toEqual([]);
    expect(stdout).toContain("package/dist/shape.js\n");
    expect(stdout).toContain("package/dist/templates.js\n");
    expect(stdout).toContain("package/dist/schema/diff.json\n");
  });
});

describe("in an empty folder", () => {
  beforeAll(() => {
    mkdirSync(project);
    // `--prefer-offline`: what this project installed is in npm's cache already.
    const typescript = `typescript@${manifest.devDependencies["typescript"] ?? ""}`;
    succeed("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball, typescript], project);
  }, 300_000);

  test("init, generate and tsc succeed", () => {
    for (const command of [["pliny", "init"], ["pliny", "generate"], ["tsc"]]) succeed("npx", ["--no-install", ...command], project);
    expect(readdirSync(join(project, "generated"))).toContain("index.ts");
  });

  test("a second run changes nothing, and --check agrees", () => {
    const before = snapshotOf(join(project, "generated"));
    succeed("npx", ["--no-install", "pliny", "generate"], project);
    expect(snapshotOf(join(project, "generated"))).toEqual(before);
    succeed("npx", ["--no-install", "pliny", "generate", "--check"], project);
  });

  test("no public type needs Node's types, and every entry point loads", () => {
    expect(existsSync(join(project, "node_modules/@types/node"))).toBe(false);
    const entries = ["pliny", "pliny/runtime", "pliny/codec"];
    mkdirSync(join(project, "entries"));
    writeFileSync(join(project, "entries/entries.ts"), entries.map((entry, at) => `export * as entry${at} from "${entry}";\n`).join(""));
    const options = { strict: true, module: "nodenext", target: "es2023", types: [], skipLibCheck: false, noEmit: true };
    writeFileSync(join(project, "entries/tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["entries.ts"] }));
    succeed("npx", ["--no-install", "tsc", "-p", "entries"], project);
    succeed(
      process.execPath,
      ["--input-type=module", "--eval", entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("")],
      project,
    );
  });

  test("generate loads neither typescript, ts-morph, pg nor ioredis", () => {
    rmSync(join(project, "node_modules/.cache"), { recursive: true, force: true });
    // All of these, and `yaml`, are CommonJS, whose cache names every module that was loaded.
    const spy = join(folder, "spy.mjs");
    writeFileSync(
      spy,
      'import { createRequire } from "node:module";\nprocess.on("exit", () => console.error(Object.keys(createRequire(import.meta.url).cache).join("\\n")));\n',
    );
    const { status, stderr } = run(
      process.execPath,
      ["--import", pathToFileURL(spy).href, join(project, "node_modules/pliny/dist/compiler/cli.js"), "generate"],
      project,
    );
    expect(status).toBe(0);
    expect(stderr).toContain("node_modules/yaml/");
    expect(stderr).not.toMatch(/node_modules\/(typescript|ts-morph|@ts-morph|pg|ioredis)\//);
  });
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], cwd: string): Outcome {
  // npm tells its children of this project's settings; the folder is to be seen as it is.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_")));
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", env: inherited, maxBuffer: 1 << 28 });
  return { status, stdout, stderr };
}

function succeed(command: string, args: readonly string[], cwd: string): Outcome {
  const outcome = run(command, args, cwd);
  expect(outcome.status, `${command} ${args.join(" ")}\n${outcome.stdout}${outcome.stderr}`).toBe(0);
  return outcome;
}

function snapshotOf(path: string): readonly (readonly [string, string])[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "utf8")] as const);
}
