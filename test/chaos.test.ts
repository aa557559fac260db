// Workers as processes that are killed with -9, paused past their lease, blocked and ended by their own handlers, on a real Postgres; what is left
// of it is judged by one checker. Where each is struck is marked by itself just before, so that no test passes because nothing happened.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Database, Team } from "../generated/index.js";
import { ask, isPassing, type Store } from "../runtime/store/connection.js";
import { makePartitions } from "../runtime/store/partitions.js";
import { openStore } from "../runtime/store/postgres.js";
import { startWorker } from "../runtime/worker/worker.js";
import { usePostgres } from "./postgres.js";
import { appFor, effectsOf, type Fate, keys, type Orders, type Outside, outsideTables, type Point, points, readStatements } from "./setup/chaos.js";
import { judgeHistory, type LiveRun, type Promised, readHistory } from "./setup/history.js";
import { makeMoves, runsOf } from "./setup/jobs.js";
import { projectRoot } from "./setup/project.js";
import { makeOwnTables, makeTables, open, type Opened } from "./setup/store.js";

const postgres = usePostgres(18);
// The long tests run all of it, and longer.
const effort = Number(process.env["PLINY_EFFORT"] ?? 1);
const isLong = effort > 1;
const leaseMs = 1_500;
/** What promise 6 allows on top of the lease. */
const graceMs = 2_000;

// In one file, which starts in a fifth of the time that its sources take; below the project, whose packages it imports.
const program = join(projectRoot, `.pliny/worker-${process.pid}`);
beforeAll(async () => {
  const conditions = ["pliny-source"];
  await build({
    root: projectRoot, configFile: false, logLevel: "warn", publicDir: false, resolve: { conditions }, ssr: { resolve: { conditions } },
    build: { ssr: "test/setup/worker-process.ts", outDir: program, target: "node20" },
  });
});
afterAll(() => rmSync(program, { recursive: true, force: true }));

interface Field extends Opened {
  readonly client: Client;
  readonly outside: Client;
  /** Starts a worker in a process of its own. */
  readonly spawn: (given: Partial<Orders> & Pick<Orders, "name">) => WorkerProcess;
  /** A worker in this process, which nothing strikes. */
  readonly rescue: (settings?: { readonly leaseMs: number; readonly slots?: number }) => Promise<() => Promise<void>>;
  /** Starts so many runs of each of these jobs; gives their ids. */
  readonly start: (names: readonly string[], count: number) => Promise<readonly string[]>;
  readonly marks: (what?: string) => Promise<readonly Mark[]>;
  /** All that was started has ended. */
  readonly whenDone: () => Promise<void>;
  /** What speaks against what was done here. */
  readonly against: (promised?: Partial<Promised>) => Promise<readonly string[]>;
}

interface Mark {
  readonly worker: string;
  readonly what: string;
  readonly runs: number | null;
  readonly ms: number | null;
  readonly sent: readonly string[] | null;
  readonly landed: readonly string[] | null;
  readonly at: Date;
}

/** Databases for jobs of these names, or for the example; what handlers in this process do meanwhile. */
async function prepare(jobs: readonly string[] | null, work: Outside["work"] = () => Promise.resolve()): Promise<Field> {
  const [client, outside] = [await postgres.database(), await postgres.database()];
  await outside.query(outsideTables);
  const [url, outsideUrl] = [postgres.urlOf(client), postgres.urlOf(outside)];
  const notes = openStore({ url: outsideUrl, connections: 1 });
  onTestFinished(() => notes.close());
  const calm: Outside = {
    reach: () => Promise.resolve(),
    work,
    leave: async ({ id, step, state }, key) => {
      await notes.query("insert into effect (run, step, state, key, pid) values ($1, $2, $3, $4, $5)", [id, String(step), state, key, process.pid]);
    },
  };
  const app = appFor({ jobs }, calm);
  await (jobs === null ? makeTables : makeOwnTables)(client);
  if (jobs !== null) await makeMoves(client, app.tasks);
  const opened = await open(app, url, keys);
  await makePartitions(opened.store, Object.values(opened.registry.keeps));
  const started: string[] = [];
  return {
    ...opened, client, outside,
    start: async (names, count) => {
      const ids: string[] = [];
      for (const code of app.tasks.filter(({ type }) => names.includes(type.name))) for (let at = 0; at < count; at += 1) ids.push((await runsOf(opened.pliny, code).start()).id);
      started.push(...ids);
      return ids;
    },
    whenDone: () => until("all has ended", async () => (await countOf(client, "select from pliny.task where state <> '__panic__'")) === 0),
    against: async (promised = {}) => {
      const effects = Object.fromEntries(app.tasks.map(({ type: { name } }) => [name, effectsOf[name.split(/[_.]/)[jobs === null ? 1 : 0] ?? ""] ?? {}]));
      const history = await readHistory(client, outside, jobs === null ? ["team", "database"] : []);
      return judgeHistory(history, { started, mayWait: () => false, effects, waits: [], ...promised });
    },
    spawn: (given) => spawnWorker({ url, outsideUrl, jobs, leaseMs, stallMs: 60_000, workMs: 5, fate: null, ...given }),
    rescue: async (settings = { leaseMs }) => {
      const worker = await startWorker({ ...opened, actor: "rescuer", ...settings });
      let stopped: Promise<void> | null = null;
      const stop = (): Promise<void> => (stopped ??= worker.stop({ graceMs: 0 }));
      onTestFinished(stop);
      void worker.run();
      return stop;
    },
    marks: async (what) => (await outside.query<Mark>("select * from mark where $1::text is null or what = $1 order by at", [what ?? null])).rows,
  };
}

interface WorkerProcess {
  readonly name: string;
  readonly send: (signal: "SIGKILL" | "SIGSTOP" | "SIGCONT") => void;
  /** The signal or the code that ended it. */
  readonly ended: Promise<string>;
  /** Ends it as a program would be ended. */
  readonly stop: () => Promise<string>;
}

/** It ends with the test, however that ends. */
function spawnWorker(orders: Orders): WorkerProcess {
  const child = fork(join(program, "worker-process.js"), [JSON.stringify(orders)], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const guard = guarded(child);
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      guard.kill("SIGKILL");
      resolve(signal ?? String(code));
    });
  });
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  onTestFinished(async () => {
    if (!isOver()) child.kill("SIGKILL");
    await ended;
  });
  return {
    name: orders.name, ended,
    send: (signal) => void child.kill(signal),
    stop: () => {
      if (!isOver()) child.send("stop");
      return ended;
    },
  };
}

/** One that is paused cannot see that whoever started it is gone: this ends it then. */
function guarded({ pid }: ChildProcess): ChildProcess {
  return spawn("sh", ["-c", 'read -r _; kill -9 "$0"', String(pid)], { stdio: ["pipe", "ignore", "ignore"] });
}

async function until(what: string, is: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await is())) {
    if (performance.now() > end) expect.fail(`It did not come to that: ${what}`);
    await pause(25);
  }
}

async function countOf(client: Client, text: string): Promise<number> {
  return (await client.query(text)).rowCount ?? 0;
}


const all: readonly Point[] = ["claimed", "read", "called", "inside", "affected", "settling", "settled"];
const jobsAt = (point: Point): readonly string[] => [`plain_${point}`, `risky_${point}`];
const perJob = 3;

/** A worker for each point, which is struck there with the runs of two jobs of its own. */
async function strikeAt(signal: Fate["signal"], work?: Outside["work"]): Promise<{ readonly field: Field; readonly workers: ReadonlyMap<Point, WorkerProcess>; readonly ids: ReadonlyMap<Point, readonly string[]> }> {
  const field = await prepare(all.flatMap(jobsAt), work);
  const ids = new Map<Point, readonly string[]>();
  for (const point of all) ids.set(point, await field.start(jobsAt(point), perJob));
  const runs = 2 * perJob;
  const workers = new Map(all.map((point) => {
    const isSettle = point === "settling" || point === "settled";
    return [point, field.spawn({ name: point, jobs: jobsAt(point), fate: { at: point, signal, runs: isSettle ? 1 : runs, ends: false } })] as const;
  }));
  await until("each was where it is struck", async () => (await field.marks()).length === all.length);
  expect((await field.marks()).map(({ worker, what }) => `${worker} ${what}`).sort()).toEqual(all.map((point) => `${point} ${point}`).sort());
  return { field, workers, ids };
}

describe("a worker", () => {
  test(`that is killed with -9 ${all.map((point) => points[point]).join(", ")}: others go on, each step happens once`, async () => {
    const { field, workers } = await strikeAt("SIGKILL");
    for (const worker of workers.values()) expect(await worker.ended).toBe("SIGKILL");
    await field.rescue();
    await field.whenDone();
    expect(await field.against()).toEqual([]);
  }, 120_000);

  test("that is paused there until another took over and went on: what it says then is refused; it goes on under a new name", async () => {
    const lastStates = ["three", "done"];
    let free = (): void => {};
    const gate = new Promise<void>((resolve) => {
      free = resolve;
    });
    // The other waits at the end, so that the late ones still find something to harm.
    const { field, workers, ids } = await strikeAt("SIGSTOP", (state) => (lastStates.includes(state) ? gate : Promise.resolve()));
    onTestFinished(() => free());
    const names = (await field.client.query<{ readonly id: string }>("select id::text from pliny.worker")).rows.map(({ id }) => id);
    const stop = await field.rescue({ leaseMs: 15_000, slots: 100 });
    const atEnd = `select from pliny.task where state in ('three', 'done') and lease_by is not null`;
    await until("another went on with all", async () => (await countOf(field.client, atEnd)) === all.length * 2 * perJob);
    for (const worker of workers.values()) worker.send("SIGCONT");
    await until("each is back", async () => (await field.marks("back")).length === all.length);
    for (const { ms } of await field.marks("back")) expect(ms).toBeGreaterThan(leaseMs);
    await until("each said what came of it", async () => new Set((await field.marks("late")).map(({ worker }) => worker)).size === all.length);
    free();
    await field.whenDone();
    await stop();
    // What each held is its own no more; what is new is.
    const later = new Map<Point, readonly string[]>();
    for (const point of all) later.set(point, await field.start(jobsAt(point), 1));
    await field.whenDone();
    for (const point of all) {
      for (const id of later.get(point) ?? []) {
        const { rows } = await field.client.query(`select distinct by from pliny.transition where subject = $1 and step > 1`, [id]);
        expect(rows, points[point]).toEqual([{ by: point }]);
      }
      const late = (await field.marks("late")).filter(({ worker }) => worker === point);
      const old = new Set(ids.get(point));
      const [sent, landed] = [late.flatMap((one) => one.sent ?? []), late.flatMap((one) => one.landed ?? [])];
      // It was sent, and refused.
      expect(sent.filter((id) => old.has(id)), points[point]).not.toEqual([]);
      expect(landed.filter((id) => old.has(id)), points[point]).toEqual([]);
    }
    // One that is short of time may lose its lease once more, and is between two names for a moment.
    await until("each has a new name", async () => {
      const { rows } = await field.client.query<{ readonly id: string }>("select id::text from pliny.worker");
      return rows.length === all.length && !rows.some(({ id }) => names.includes(id));
    });
    expect(await field.against()).toEqual([]);
    for (const worker of workers.values()) expect(await worker.stop()).toBe("0");
    expect(await countOf(field.client, "select from pliny.worker")).toBe(0);
  }, 120_000);
});

test("a transaction whose connection goes between two statements is rolled back and told so, and nothing else is harmed", async () => {
  const client = await postgres.database();
  await client.query("create table one (id int)");
  const store = openStore({ url: postgres.urlOf(client), connections: 1 });
  onTestFinished(() => store.close());
  const lost: unknown = await store.transaction(async (on) => {
    await on.query("insert into one values (1)");
    const [backend] = await ask<{ readonly pid: number }>(on, "select pg_backend_pid() as pid");
    await client.query("select pg_terminate_backend($1)", [backend?.pid]);
    await pause(200);
    return on.query("insert into one values (2)");
  }).catch((error: unknown) => error);
  expect(isPassing(lost)).toBe(true);
  expect((await store.query("select from one")).rows).toEqual([]);
});

test("a claim whose answer is lost leaves nothing held that nobody knows of", async () => {
  const field = await prepare(["plain"]);
  const { claim } = await readStatements();
  await field.start(["plain"], 3);
  let losses = 0;
  const query: Store["query"] = async (text, values) => {
    const answer = await field.store.query(text, values);
    if (text === claim && answer.rows.length > 0 && (losses += 1) === 1) throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "ECONNRESET" });
    return answer;
  };
  const worker = await startWorker({ ...field, store: { ...field.store, query }, actor: "deaf", leaseMs });
  onTestFinished(() => worker.stop({ graceMs: 0 }));
  void worker.run();
  await field.whenDone();
  expect(losses).toBeGreaterThan(1);
  expect(await field.against()).toEqual([]);
});

describe("a resource and the run that it waits for", () => {
  const ways = (["settling", "committing", "settled"] as const)
    .flatMap((at) => (["SIGKILL", "SIGSTOP"] as const).map((signal) => ({ at, signal, when: points[at] })))
    .filter(({ at, signal }) => isLong || (at === "committing" && signal === "SIGKILL"));

  test.each(ways)("move together, though the worker meets $signal $when", async ({ at, signal }) => {
    const field = await prepare(null);
    const team = await Team.create(field.pliny, { name: "acme", contact: "a@acme.example" });
    const made: Database[] = [];
    for (const name of ["one", "two", "three"]) made.push(await Database.create(field.pliny, { name, region: "eu", parent: team }));
    const worker = field.spawn({ name: at, fate: { at, signal, runs: 1, ends: true } });
    await until("it was where it is struck", async () => (await field.marks(at)).length === 1);
    await field.rescue();
    await field.whenDone();
    if (signal === "SIGSTOP") {
      worker.send("SIGCONT");
      await until("it is back", async () => (await field.marks("back")).length === 1);
      const four = await Database.create(field.pliny, { name: "four", region: "eu", parent: team });
      made.push(four);
      await field.whenDone();
      expect(await worker.stop()).toBe("0");
    } else expect(await worker.ended).toBe("SIGKILL");
    for (const database of made) {
      await database.reload();
      expect(database).toMatchObject({ state: "online", step: 2n, endpoint: "postgres://server:5432/orders" });
    }
    expect(await field.against({ waits: [{ resource: "database", state: "creating", task: "database.provision" }] })).toEqual([]);
  }, 120_000);
});

describe("the runs of a worker that is killed with -9", () => {
  test("go on within its lease and 2 s, by the clock of the database", async () => {
    const names = Array.from({ length: 6 }, (_, at) => `plain_${at}`);
    const field = await prepare(names);
    const lasts = { leaseMs: 4_000 };
    await field.start(names, 2);
    // More than will ever come: all of them wait in their handlers, until they are killed.
    const workers = names.map((name) => field.spawn({ name, ...lasts, jobs: [name], fate: { at: "inside", signal: "SIGKILL", runs: 1_000, ends: false } }));
    await until("all are held", async () => (await countOf(field.client, "select from pliny.task where lease_by is not null")) === 2 * names.length);
    await field.rescue(lasts);
    await pause(1_000);
    // All at about the same time: nobody but the one that is left looks for what they held.
    const killedAt = new Map<string, number>();
    for (const worker of workers) {
      const at = await clockOf(field.client);
      // One that is short of time may have lost its lease before.
      if ((await countOf(field.client, `select from pliny.task where type = '${worker.name}' and lease_by is not null`)) === 2) killedAt.set(worker.name, at);
      worker.send("SIGKILL");
      await pause(40);
    }
    await field.whenDone();
    const { rows } = await field.client.query<{ readonly type: string; readonly ms: number }>(
      `select a.type, max(extract(epoch from t.at) * 1000)::float8 as ms from pliny.archive a join pliny.transition t on t.subject = a.id and t.step = 2 group by 1`,
    );
    const delays = rows.flatMap(({ type, ms }) => (killedAt.has(type) ? [ms - (killedAt.get(type) ?? 0)] : []));
    expect(delays).toHaveLength(killedAt.size);
    expect(delays.length).toBeGreaterThanOrEqual(names.length / 2);
    expect(Math.max(...delays)).toBeLessThan(lasts.leaseMs + graceMs);
    expect(await field.against({ mayWait: (run) => !killedAt.has(run.type) && isTakenOver(run) })).toEqual([]);
  }, 120_000);
});

describe("a run", () => {
  test.skipIf(!isLong).each([["blocks the event loop of", "blocks"], ["ends", "exits"]])("that %s each worker that takes it panics at the third take-over; others go on", async (_, name) => {
    const field = await prepare([name, "plain"]);
    const [bad = ""] = await field.start([name], 1);
    const workers = Array.from({ length: 4 }, (_, at) => field.spawn({ name: `w${at}`, stallMs: 1_500, workMs: 200 }));
    // Whoever is held together with it three times is taken over as often, and nobody could tell the two apart: these are there for two.
    await Promise.race(workers.map(({ ended }) => ended));
    await field.start(["plain"], 10);
    await until("it panicked", async () => (await countOf(field.client, "select from pliny.task where state = '__panic__'")) === 1);
    const ends = await Promise.race([Promise.all(workers.map(({ ended }) => ended)), pause(500).then(() => null)]);
    expect(ends).toBeNull();
    await field.start(["plain"], 3);
    await field.whenDone();
    const codes = await Promise.all(workers.map((worker) => worker.stop()));
    expect(codes.sort()).toEqual(["0", ...Array.from({ length: 3 }, () => (name === "blocks" ? "SIGKILL" : "7"))].sort());
    expect((await field.client.query("select id, panic ->> 'message' as why from pliny.task")).rows).toEqual([{ id: bad, why: `${name} was taken over 3 times in 'only': whoever ran it died or was blocked.` }]);
    expect(await countOf(field.client, "select from pliny.log where message like 'The event loop of worker % stood still for % s, and its process was ended.%'")).toBe(name === "blocks" ? 3 : 0);
    expect(await field.against({ mayWait: ({ id, state }) => id === bad && state === "__panic__" })).toEqual([]);
  }, 120_000);
});

describe("workers that are killed and paused at random", () => {
  const seeds = Array.from({ length: isLong ? 5 : 1 }, (_, at) => Number(process.env["PLINY_SEED"] ?? 20_270_131) + at);

  test.each(seeds)("make each step of 200 runs of five states once (seed %i)", async (seed) => {
    const next = drawing(seed);
    const field = await prepare(["five"]);
    let count = 0;
    const spawned = (): WorkerProcess => field.spawn({ name: `w${(count += 1)}`, workMs: 400 });
    const alive = Array.from({ length: 4 }, spawned);
    const paused: WorkerProcess[] = [];
    const strikes = isLong ? 40 : 7;
    for (let strike = 0; strike < strikes; strike += 1) {
      await field.start(["five"], Math.ceil(200 / strikes));
      await pause(200 + next() * 800);
      const [victim] = alive.splice(Math.floor(next() * alive.length), 1);
      if (victim === undefined) continue;
      if (next() < 0.3) {
        victim.send("SIGSTOP");
        paused.push(victim);
      } else victim.send("SIGKILL");
      if (paused.length > 1) {
        const [back] = paused.splice(0, 1);
        back?.send("SIGCONT");
        if (back) alive.push(back);
      } else alive.push(spawned());
    }
    for (const one of paused) one.send("SIGCONT");
    await field.whenDone();
    const panicked = await countOf(field.client, "select from pliny.task");
    expect(panicked).toBeLessThan(5);
    expect(await countOf(field.client, "select from pliny.archive") + panicked).toBeGreaterThanOrEqual(200);
    expect(await field.against({ mayWait: isTakenOver }), `seed ${seed}`).toEqual([]);
  }, 240_000);
});

/** Three workers in a row were struck, or were short of time for longer than their lease, while it was in one step. */
function isTakenOver({ state, panic }: LiveRun): boolean {
  return state === "__panic__" && panic?.includes(" was taken over 3 times in ") === true;
}

async function clockOf(client: Client): Promise<number> {
  const [row] = (await client.query<{ readonly ms: number }>("select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms")).rows;
  return row?.ms ?? NaN;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
