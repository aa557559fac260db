// `pliny dev` as somebody uses it: the example, in a folder of its own, from nothing to databases that exist; stopped, started again, changed.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildPackage } from "./setup/package.js";
import { projectRoot } from "./setup/project.js";
import { hasTerminal } from "./setup/terminal.js";

const outer = mkdtempSync(join(tmpdir(), "pliny-dev-"));
const cli = join(outer, "package/dist/compiler/cli.js");

beforeAll(() => {
  // The server has a user of its own where this runs as root.
  chmodSync(outer, 0o755);
  buildPackage(join(outer, "package"));
});
afterAll(() => rmSync(outer, { recursive: true, force: true }));

function makeProject(name: string): string {
  const folder = join(outer, name);
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const part of ["specs", "generated", "pliny.yaml"]) cpSync(join(projectRoot, part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  symlinkSync(join(outer, "package"), join(folder, "node_modules/pliny"));
  symlinkSync(join(projectRoot, "node_modules/pg"), join(folder, "node_modules/pg"));
  return folder;
}

interface Running {
  readonly child: ChildProcess;
  /** All that it said so far. */
  readonly said: () => string;
  /** Waits until it said that, from here on; gives what it said until then. */
  readonly until: (pattern: RegExp, withinMs?: number) => Promise<string>;
  readonly ended: Promise<number | null>;
}

function start(folder: string, args: readonly string[], command: readonly string[] = [process.execPath, cli]): Running {
  const { PLINY_POSTGRES: _postgres, PLINY_KEYRING: _keyring, FORCE_COLOR: _forced, NO_COLOR: _refused, ...env } = process.env;
  const [program = "", ...rest] = command;
  const child = spawn(program, [...rest, ...args], { cwd: folder, env: { ...env, TERM: "xterm" }, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  let read = 0;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => void (said += text.replaceAll("\r\n", "\n")));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
  });
  const until = async (pattern: RegExp, withinMs = 60_000): Promise<string> => {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = pattern.exec(said.slice(read));
      if (found) {
        const passed = said.slice(read, read + found.index + found[0].length);
        read += passed.length;
        return passed;
      }
      if (performance.now() > end || child.exitCode !== null) expect.fail(`It did not say ${String(pattern)}, but:\n${said.slice(read)}`);
      await pause(20);
    }
  };
  return { child, said: () => said, until, ended };
}

function run(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): { readonly status: number | null; readonly said: string } {
  const { PLINY_POSTGRES: _postgres, PLINY_KEYRING: _keyring, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, env: { ...inherited, ...env }, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

/** What `.pliny/env` tells a shell. */
function environmentOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readFileSync(join(folder, ".pliny/env"), "utf8").trim().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 2, -1)]));
}

async function ask(folder: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: environmentOf(folder)["PLINY_POSTGRES"] });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

describe("pliny dev", () => {
  test("makes databases of YAML, shows their tasks, and finds everything again", { timeout: 240_000 }, async () => {
    const folder = makeProject("example");
    const first = start(folder, ["dev", "--run", "specs/start.ts"]);
    const shown = await first.until(/There are 4 resources now:[^]*It goes on until Ctrl-C\./);
    for (const line of ["team acme → active", "database orders → creating", "database.provision of orders → create_database", "database orders → online"]) expect(shown).toContain(line);
    expect(shown).toMatch(/ {2}database +scratch +online/);
    expect(shown).toContain("specs/tour.ts");
    for (const name of ["secrets", "index", "shred"]) expect(statSync(join(folder, `.pliny/${name}-keyring.json`)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, ".pliny/env")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, ".pliny/.gitignore"), "utf8")).toBe("*\n");
    // They exist: roles and databases beside pliny's own.
    expect(await ask(folder, "select count(*)::int as made from pg_database d join pg_roles r on r.oid = d.datdba where d.datname like 'db\\_%' and r.rolname = d.datname")).toEqual([{ made: 3 }]);
    expect(await ask(folder, "select name, state from app.databases order by name")).toMatchObject([{ name: "customers" }, { name: "orders" }, { name: "scratch" }]);
    const passwords = /postgres:\/\/postgres:([^@]+)@/.exec(environmentOf(folder)["PLINY_POSTGRES"] ?? "")?.[1] ?? expect.fail("no password");
    expect(first.said()).not.toContain(passwords);

    expect(run(folder, ["keys", "status"], environmentOf(folder))).toMatchObject({ status: 0, said: expect.stringMatching(/keyring +1 +primary +4/) });
    expect(run(folder, ["run", "specs/tour.ts"], environmentOf(folder))).toMatchObject({ status: 0, said: expect.stringContaining("The password of scratch was ") });
    await first.until(/dump \S+ → stored/);
    await first.until(/database\.dump of customers → stop/);

    first.child.kill("SIGINT");
    expect(await first.ended).toBe(0);
    expect(first.said()).toContain("finds everything again");
    expect(existsSync(join(folder, ".pliny/postgres/data/postmaster.pid"))).toBe(false);

    const second = start(folder, ["dev", "--run", "specs/start.ts"]);
    const again = await second.until(/There are 5 resources now:[^]*It goes on until Ctrl-C\./);
    expect(again).not.toContain("Made .pliny");
    // At the addresses that were noted.
    const [address = "none"] = /postgres:\/\/db_\S+/.exec(shown) ?? [];
    expect(again).toContain(`orders is online, at ${address}`);
    expect(await ask(folder, "select count(*)::int as made from pg_database where datname like 'db\\_%'")).toEqual([{ made: 3 }]);
    second.child.kill("SIGINT");
    expect(await second.ended).toBe(0);
  });

  test("begins again when a handler or a spec changes; says what is wrong with a spec, and with a database that other specs made", { timeout: 240_000 }, async () => {
    const folder = makeProject("changing");
    const running = start(folder, ["dev"]);
    await running.until(/Worker \S+ takes up to 10 runs/);
    const handlers = join(folder, "specs/team.handlers.ts");
    writeFileSync(handlers, `${readFileSync(handlers, "utf8")}\nconsole.log("the new code is here");\n`);
    await running.until(/Changed: specs\/team\.handlers\.ts\.[^]*the new code is here[^]*Worker \S+ takes/);

    const spec = join(folder, "specs/team.yaml");
    const text = readFileSync(spec, "utf8");
    writeFileSync(spec, text.replace("to: [suspended, stop]", "to: [suspnded, stop]"));
    await running.until(/suspnded[^]*suspended/);
    writeFileSync(spec, text.replace("Those who rent databases, and pay for them.", "Those who rent databases."));
    await running.until(/wrote generated\/team\.ts[^]*Worker \S+ takes/);
    writeFileSync(spec, text.replace("states:\n", "states:\n  invited: { to: [active] }\n"));
    const refused = await running.until(/pliny worker ended with 2[^\n]*/);
    expect(refused).toMatch(/other specs[^]*invited/);
    writeFileSync(spec, text);
    await running.until(/Worker \S+ takes/);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
  });

  test("ends when it is told to twice, whatever a handler holds open", { timeout: 240_000 }, async () => {
    const folder = makeProject("endless");
    const handlers = join(folder, "specs/database.handlers.ts");
    const endless = "console.log(`this one hangs`);\n    setInterval(() => {}, 1000);\n    await new Promise(() => {});\n    await drawCredentials(";
    writeFileSync(handlers, readFileSync(handlers, "utf8").replace("await drawCredentials(", endless));
    const running = start(folder, ["dev", "--run", "specs/start.ts"]);
    await running.until(/this one hangs/);
    running.child.kill("SIGINT");
    await running.until(/Once more ends that at once/);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
    expect(running.said()).toContain("The worker has stopped.");
  });

  test("takes its worker along, however it ends", { timeout: 240_000 }, async () => {
    const folder = makeProject("gone");
    const running = start(folder, ["dev"]);
    await running.until(/Worker \S+ takes/);
    running.child.kill("SIGKILL");
    const again = start(folder, ["dev"]);
    await again.until(/Worker \S+ takes/);
    await expect.poll(() => ask(folder, "select count(*)::int as workers from pliny.worker"), { timeout: 20_000 }).toEqual([{ workers: 1 }]);
    again.child.kill("SIGINT");
    expect(await again.ended).toBe(0);
  });

  test("Ctrl-C twice ends what does not come to its end; the next start goes on with it", { timeout: 240_000 }, async () => {
    const folder = makeProject("impatient");
    const handlers = join(folder, "specs/database.handlers.ts");
    const text = readFileSync(handlers, "utf8");
    writeFileSync(handlers, text.replace("await drawCredentials(task.database);", "await new Promise((resolve) => setTimeout(resolve, 600_000));"));
    const first = start(folder, ["dev", "--run", "specs/start.ts"]);
    await first.until(/database\.provision of scratch → draw/);
    await pause(1_000);
    first.child.kill("SIGINT");
    await first.until(/Stopping: waits up to 10 s for what is under way\. Once more ends that at once; what is cut off goes on/);
    const asked = performance.now();
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(0);
    // What a handler may take once it is told to end, and not the ten seconds besides.
    expect(performance.now() - asked).toBeLessThan(9_500);
    writeFileSync(handlers, text);
    const second = start(folder, ["dev", "--run", "specs/start.ts"]);
    await second.until(/ {2}database +scratch +online/);
    expect(await ask(folder, "select count(*)::int as failed from pliny.log where kind = 'error'")).toEqual([{ failed: 0 }]);
    second.child.kill("SIGINT");
    expect(await second.ended).toBe(0);
  });

  test.skipIf(!hasTerminal)("on a terminal shows a table that is drawn in its place, and Ctrl-C ends it", { timeout: 120_000 }, async () => {
    const folder = makeProject("terminal");
    const open = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    const running = start(folder, ["dev", "--run", "specs/start.ts"], ["python3", "-c", open, process.execPath, cli]);
    await running.until(/\u001b\[J\nteam +acme +active[^\n]*\ndatabase +orders +creating[^\n]*provision: /);
    await running.until(/It goes on until Ctrl-C\./);
    running.child.stdin?.write("\u0003");
    expect(await running.ended).toBe(0);
  });
});

describe("what pliny init begins with", () => {
  test("runs as it is, and keeps what its handlers set", { timeout: 120_000 }, async () => {
    const folder = makeProject("beginner");
    for (const part of ["specs", "generated", "pliny.yaml"]) rmSync(join(folder, part), { recursive: true });
    expect(run(folder, ["init"])).toMatchObject({ status: 0, said: expect.stringContaining("npx pliny dev") });
    writeFileSync(join(folder, "specs/start.ts"), [
      'import type { Pliny } from "pliny/runtime";', 'import { Site } from "../generated/index.js";', "",
      "export async function main(pliny: Pliny): Promise<void> {", '  await Site.create(pliny, { name: "home" });', "}", "",
    ].join("\n"));
    const running = start(folder, ["dev", "--run", "specs/start.ts"]);
    await running.until(/There is 1 resource now:\n {2}site +home +online[^]*It goes on until Ctrl-C\./);
    expect(await ask(folder, "select name, address from app.sites")).toEqual([{ name: "home", address: "https://home.example.com" }]);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
  });
});

describe("pliny generate --watch", () => {
  test("makes what a changed spec asks for, until Ctrl-C", { timeout: 60_000 }, async () => {
    const folder = makeProject("watched");
    const running = start(folder, ["generate", "--watch"]);
    await running.until(/0 files written/);
    const spec = join(folder, "specs/team.yaml");
    writeFileSync(spec, readFileSync(spec, "utf8").replace("Those who rent databases, and pay for them.", "Those who rent."));
    await running.until(/Changed: specs\/team\.yaml\.[^]*wrote generated\/team\.ts/);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
    expect(readdirSync(join(folder, "generated")).some((name) => name.includes(".tmp"))).toBe(false);
  });
});

describe("pliny worker and pliny run", () => {
  test("say what they lack", () => {
    const folder = makeProject("lacking");
    expect(run(folder, ["worker"])).toMatchObject({ status: 2, said: expect.stringContaining("PLINY_POSTGRES") });
    expect(run(folder, ["worker"], { PLINY_POSTGRES: "postgres://nobody@127.0.0.1:1/none" })).toMatchObject({ status: 2, said: expect.stringContaining("nothing answers at that host and port") });
    expect(run(folder, ["run", "specs/nothing.ts"], { PLINY_POSTGRES: "postgres://nobody@127.0.0.1:1/none" })).toMatchObject({ status: 2 });
  });
});
