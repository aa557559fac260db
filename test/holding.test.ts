// What a worker does with a run of any task: it keeps what may go on, asks what the spec lets it ask, waits, gives up, and stops; on a real Postgres.

import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import type { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { NotDone, PlinyError } from "../runtime/errors.js";
import type { TaskCode } from "../runtime/index.js";
import { Task } from "../runtime/machine/task.js";
import { codeOf, type Store } from "../runtime/store/connection.js";
import { makePartitions } from "../runtime/store/partitions.js";
import { openStore } from "../runtime/store/postgres.js";
import { readRun } from "../runtime/store/runs.js";
import { backoff, execute } from "../runtime/worker/execute.js";
import { Interrupt } from "../runtime/worker/interrupt.js";
import { startWorker, type Worker, type WorkerOptions } from "../runtime/worker/worker.js";
import { usePostgres } from "./postgres.js";
import { appOf, type Job, job, makeMoves, runsOf } from "./setup/jobs.js";
import { makeOwnTables, open, type Opened } from "./setup/store.js";
import { openWire } from "./setup/wire.js";

const postgres = usePostgres(18);

interface Started extends Opened {
  readonly client: Client;
  readonly worker: (options?: Partial<WorkerOptions>) => Promise<Worker>;
}

async function start(jobs: readonly TaskCode[]): Promise<Started> {
  const client = await postgres.copyOf(makeOwnTables);
  await makeMoves(client, jobs);
  const opened = await open(appOf(jobs), postgres.urlOf(client));
  await makePartitions(opened.store, Object.values(opened.registry.keeps));
  const worker = async (options: Partial<WorkerOptions> = {}): Promise<Worker> => {
    const made = await startWorker({ ...opened, actor: "worker", random: () => 0, ...options });
    onTestFinished(() => made.stop({ graceMs: 0 }));
    return made;
  };
  return { ...opened, client, worker };
}

/** Begins one run and gives it. */
async function begin({ pliny }: Opened, code: TaskCode): Promise<Job> {
  return runsOf(pliny, code).start();
}

async function states({ pliny }: Opened, id: string): Promise<readonly string[]> {
  const moves = (await pliny.history(id)).filter(({ to }) => to !== null);
  expect(moves.map(({ step }) => Number(step))).toEqual(moves.map((_, at) => at + 1));
  return moves.map(({ to }) => to ?? "");
}

async function until(what: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await what())) {
    if (performance.now() > end) expect.fail("It did not come to that.");
    await pause(10);
  }
}

const two = (first: (run: Job) => Promise<unknown> | void, second: (run: Job) => Promise<unknown> | void = () => {}): TaskCode =>
  job("two", {
    first: { to: ["second"], run: async (run, { to }) => (await first(run), to["second"]?.() ?? expect.fail("to")) },
    second: { to: ["stop"], run: async (run, { to }) => (await second(run), to["stop"]?.() ?? expect.fail("to")) },
  });

const waiting = (): { readonly promise: Promise<void>; readonly free: () => void } => {
  let free = (): void => {};
  const promise = new Promise<void>((resolve) => {
    free = resolve;
  });
  return { promise, free };
};

/** As it will be in a process that is cut off from others: what it asks may be looked at, or fail. */
function through(store: Store, look: (text: string, send: () => Promise<{ readonly rows: readonly object[] }>) => Promise<{ readonly rows: readonly object[] }>): Store {
  return { ...store, query: (text, values) => look(text, () => store.query(text, values)) };
}

describe("a run", () => {
  test("that may go on goes on in its worker, with one claim and one settle a step", async () => {
    const seen: (readonly [string, string])[] = [];
    const code = job("five", Object.fromEntries(["a", "b", "c", "d", "e"].map((name, at, all) => [name, {
      to: [all[at + 1] ?? "stop"],
      run: async (run: Job, { to, key }) => (seen.push([run.state, key]), to[all[at + 1] ?? "stop"]?.() ?? expect.fail("to")),
    }])));
    const started = await start([code]);
    const run = await begin(started, code);
    const sent: string[] = [];
    const store = through(started.store, (text, send) => (sent.push(text), send()));
    const worker = await startWorker({ ...started, store, actor: "worker" });
    expect(await worker.tick()).toBe(1);
    expect(seen).toEqual(["a", "b", "c", "d", "e"].map((state, at) => [state, `${run.id}:${at + 1}.0`]));
    expect(await states(started, run.id)).toEqual(["a", "b", "c", "d", "e", "stop"]);
    expect(sent.filter((text) => /lease_by = \$1, wake_at = null/.test(text))).toHaveLength(1);
    expect(sent.filter((text) => /as moved|moved as/.test(text))).toHaveLength(5);
    await worker.stop();
  });

  test("that has had its steps is left to be claimed again", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker({ stepsAHold: 1 });
    expect([await worker.tick(), await worker.tick(), await worker.tick()]).toEqual([1, 1, 0]);
    expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
  });

  test("a slow one keeps no other back that was claimed with it", async () => {
    const gate = waiting();
    let calls = 0;
    const code = two(() => ((calls += 1) === 1 ? gate.promise : undefined));
    const started = await start([code]);
    await begin(started, code);
    await pause(2);
    await begin(started, code);
    const tick = (await started.worker()).tick();
    await until(async () => (await started.client.query("select from pliny.archive")).rowCount === 1);
    expect((await started.client.query("select state from pliny.task")).rows).toEqual([{ state: "first" }]);
    gate.free();
    await tick;
    expect((await started.client.query("select from pliny.archive")).rowCount).toBe(2);
  });

  test("waits in new until should_start says yes, and stops where should_stop does", async () => {
    let may = false;
    let asked = 0;
    const code = job("shy", { only: { to: ["stop"], run: (_, { stay }) => Promise.resolve(stay()) } }, {
      shouldStart: () => {
        asked += 1;
        return Promise.resolve(may);
      }, shouldStop: () => Promise.resolve(asked > 3),
    });
    const started = await start([code]);
    const run = await begin(started, code);
    expect(run.state).toBe("new");
    const worker = await started.worker();
    expect([await worker.tick(), await worker.tick()]).toEqual([1, 0]);
    expect((await started.client.query("select round(extract(epoch from wake_at - now())) as s from pliny.task")).rows).toEqual([{ s: "30" }]);
    may = true;
    for (let at = 0; at < 4; at += 1) {
      await started.client.query("update pliny.task set wake_at = now()");
      asked += 1;
      await worker.tick();
    }
    expect(await states(started, run.id)).toEqual(["new", "only", "stop"]);
    expect(asked).toBeGreaterThan(3);
  });

  test("passes on_stop before it ends, at least once and with a key; its end is recorded once", async () => {
    const keys: string[] = [];
    const code = job("leaver", { only: { to: ["stop"], run: (_, { to }) => Promise.resolve(to["stop"]?.() ?? expect.fail("to")) } }, {
      onStop: (_, { key }) => (keys.push(key) < 2 ? Promise.reject(new Error("not yet")) : Promise.resolve()),
    });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker();
    await worker.tick();
    await started.client.query("update pliny.task set wake_at = now()");
    await worker.tick();
    expect(keys).toEqual([`${run.id}:exit`, `${run.id}:exit`]);
    expect(await states(started, run.id)).toEqual(["only", "__exit__", "stop"]);
    expect((await started.client.query("select row ->> 'panic' as panic from pliny.archive")).rows).toEqual([{ panic: null }]);
  });

  test("cleans up also where its time is over", async () => {
    let stops = 0;
    const code = job("long", { only: { to: ["stop"], run: (_, { to }) => Promise.resolve(to["stop"]?.() ?? expect.fail("to")) } }, { timeoutMs: 3_600_000, onStop: () => Promise.resolve(void (stops += 1)) });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker({ stepsAHold: 1 });
    await worker.tick();
    await started.client.query("update pliny.task set ends_by = ends_by - interval '2 h'");
    await worker.tick();
    expect(stops).toBe(1);
    expect(await states(started, run.id)).toEqual(["only", "__exit__", "stop"]);
  });

  test("that waits in panic is tried again where it was by who starts it, with all its time", async () => {
    let broken = true;
    const code = job("fragile", { only: { to: ["stop"], run: (_, { stay, panic }) => Promise.resolve(broken ? panic("no") : stay()), pollMs: 3_600_000 } }, { unique: "resource", timeoutMs: 7_200_000 });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker();
    await worker.tick();
    broken = false;
    const again = await begin(started, code);
    expect([again.id, again.state]).toEqual([run.id, "only"]);
    await worker.tick();
    expect(await states(started, run.id)).toEqual(["only", "panic", "only"]);
    expect((await started.client.query("select round(extract(epoch from deadline_at - now()) / 60) as m, round(extract(epoch from ends_by - now()) / 60) as all, panic from pliny.task")).rows).toEqual([{ m: "15", all: "120", panic: null }]);
  });

  test("that is out of time altogether panics, also where its state has time left", async () => {
    const code = job("long", { only: { to: ["stop"], run: (_, { stay }) => Promise.resolve(stay()), pollMs: 3_600_000 } }, { timeoutMs: 3_600_000 });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker();
    await worker.tick();
    await started.client.query("update pliny.task set ends_by = now(), wake_at = now()");
    await worker.tick();
    expect(await states(started, run.id)).toEqual(["only", "panic"]);
    expect((await started.client.query("select panic ->> 'message' as why from pliny.task")).rows).toEqual([{ why: "long took too long." }]);
  });
});

describe("a handler", () => {
  const risky = (call: (run: Job) => Promise<void>, retry = { max: 1, backoffMs: { min: 1, max: 1 } }): TaskCode =>
    job("risky", {
      make: { to: ["stop"], onUnknown: "look", retry, run: async (run, { to }) => (await call(run), to["stop"]?.() ?? expect.fail("to")) },
      look: { to: ["stop"], run: (_, { to }) => Promise.resolve(to["stop"]?.() ?? expect.fail("to")) },
    });

  test("whose effect could not be told is called once, though its worker dies in it; it was noted before", async () => {
    const gate = waiting();
    let calls = 0;
    const code = risky(() => ((calls += 1), gate.promise));
    const started = await start([code]);
    const run = await begin(started, code);
    const [slow, quick] = [await started.worker(), await started.worker()];
    const late = slow.tick();
    await until(() => calls === 1);
    expect((await started.client.query("select begun from pliny.task")).rows).toEqual([{ begun: true }]);
    await started.client.query("update pliny.worker set until = now() - interval '1 s' where id = $1", [slow.id]);
    await quick.watch();
    await quick.tick();
    gate.free();
    await late;
    expect(calls).toBe(1);
    expect(await states(started, run.id)).toEqual(["make", "look", "stop"]);
  });

  test("whose effect could not be told is not forgotten by a worker that is told to end before it looks", async () => {
    const code = risky(() => expect.fail("It was called."));
    const { pliny, runs, store } = await start([code]);
    const { id } = await runsOf(pliny, code).start();
    const record = (await readRun(store, id)) ?? expect.fail("no run");
    const [task] = await runs.readRuns([record]);
    const run = { ...record, begun: true, goesTo: null, stateLeftMs: 1_000, leftMs: null };
    const interrupt = new Interrupt();
    interrupt.abort(new PlinyError("LEASE_LOST", "It lost its lease."));
    const called = { run, task: task instanceof Task ? task : expect.fail("no task"), code, pliny, interrupt, random: () => 0 };
    expect(await execute(called)).toEqual({ kind: "move", to: "look" });
    expect(await execute({ ...called, run: { ...run, begun: false } })).toEqual({ kind: "release" });
  });

  test("that says that nothing was done is called again, as often as the state allows", async () => {
    let calls = 0;
    const code = risky(() => ((calls += 1) < 3 ? Promise.reject(new NotDone("busy")) : Promise.resolve()), { max: 3, backoffMs: { min: 1, max: 1 } });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker();
    for (let at = 0; at < 3; at += 1) {
      await started.client.query("update pliny.task set wake_at = now() where wake_at is not null");
      await worker.tick();
    }
    expect(calls).toBe(3);
    expect(await states(started, run.id)).toEqual(["make", "stop"]);
  });

  test("that never returns is told to end at its deadline, and loses its slot; the run times out", async () => {
    let reason: unknown = null;
    const code = job("stuck", {
      hang: { to: ["stop"], timeoutMs: 300, onTimeout: "after", run: (_, { signal }) => new Promise(() => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
        });
      }) },
      after: { to: ["stop"], run: (_, { to }) => Promise.resolve(to["stop"]?.() ?? expect.fail("to")) },
    });
    const started = await start([code]);
    const run = await begin(started, code);
    await (await started.worker()).tick();
    expect(reason).toMatchObject({ code: "TIMEOUT" });
    expect(await states(started, run.id)).toEqual(["hang", "after", "stop"]);
  });

  test("may throw anything", async () => {
    const thrown: readonly unknown[] = [undefined, null, "text", 7, { toString: () => { throw new Error("no"); } }, Object.create(null), new Error("a\u0000b\ud800")];
    const code = job("thrower", { only: { to: ["stop"], retry: { max: 1, backoffMs: { min: 1, max: 1 } }, run: (run) => Promise.reject(thrown[Number(run.id.at(-1)) % 7]) } });
    const started = await start([code]);
    for (let at = 0; at < 7; at += 1) await runsOf(started.pliny, code).start(undefined, { id: `0190b1a5-7a3e-7cc0-8000-00000000000${at}` });
    await (await started.worker()).tick();
    const { rows } = await started.client.query("select state, panic ->> 'message' as why from pliny.task order by id");
    expect(rows).toEqual(["thrown: undefined", "thrown: null", "thrown: text", "thrown: 7", "thrown: what cannot be written as text", "thrown: what cannot be written as text", "a\ufffdb\ufffd"].map((why) => ({ state: "__panic__", why })));
  });
});

describe("runs that were taken over twice in a step", () => {
  test("are worked on one at a time, so that the one that takes workers down panics alone", async () => {
    let at = 0;
    let most = 0;
    const code = job("together", { only: { to: ["stop"], run: async (_, { to }) => {
      most = Math.max(most, (at += 1));
      await pause(20);
      at -= 1;
      return to["stop"]?.() ?? expect.fail("to");
    } } });
    const started = await start([code]);
    for (let count = 0; count < 6; count += 1) await begin(started, code);
    await started.client.query("update pliny.task set recoveries = 2");
    const worker = await started.worker();
    void worker.run();
    await until(async () => (await started.client.query("select from pliny.archive")).rowCount === 6);
    expect(most).toBe(1);
  });
});

describe("a try that failed", () => {
  const waits = fc.record({ attempt: fc.integer({ min: 1, max: 60 }), min: fc.integer({ min: 1, max: 60_000 }), more: fc.integer({ min: 0, max: 3_600_000 }), random: fc.double({ min: 0, max: 1, noNaN: true }) });

  test("waits for twice as long as the one before, up to the most, or anything from half of that", () => {
    fc.assert(fc.property(waits, ({ attempt, min, more, random }) => {
      const wait = backoff(attempt, { min, max: min + more }, () => random);
      const whole = Math.min(min + more, min * 2 ** (attempt - 1));
      expect(wait).toBeGreaterThanOrEqual(Math.floor(whole / 2));
      expect(wait).toBeLessThanOrEqual(Math.ceil(whole));
    }));
    expect([1, 2, 3, 4, 5].map((attempt) => backoff(attempt, { min: 1_000, max: 6_000 }, () => 1))).toEqual([1_000, 2_000, 4_000, 6_000, 6_000]);
  });
});

describe("a settle", () => {
  test("whose answer is lost is found in the log, and happens once", async () => {
    let second = 0;
    const code = two(() => {}, () => void (second += 1));
    const started = await start([code]);
    const run = await begin(started, code);
    let losses = 0;
    const store = through(started.store, async (text, send) => {
      const answer = await send();
      if (/moved as/.test(text) && (losses += 1) <= 2) throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "ECONNRESET" });
      return answer;
    });
    await (await started.worker({ store })).tick();
    expect(losses).toBeGreaterThanOrEqual(2);
    expect(second).toBe(1);
    expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
  });

  test("that Postgres still has in hand when it is sent again is found to have happened, and the run goes on", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const run = await begin(started, code);
    const other = await postgres.connect(started.client);
    let sent = 0;
    const store = through(started.store, async (text, send) => {
      if (!/moved as/.test(text) || (sent += 1) > 1) return send();
      // Somebody locks the row, so that it waits; then the connection goes, and it lands later.
      await other.query("begin; select from pliny.task for update");
      void send();
      await until(async () => (await started.client.query("select from pg_locks where not granted")).rowCount === 1);
      setTimeout(() => void other.query("commit"), 500);
      throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "ECONNRESET" });
    });
    await (await started.worker({ store })).tick();
    expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
  });

  test("of many: what Postgres refuses of one harms no other, and that one panics", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const bad = job("bad", { one: { to: ["gone"], run: (_, { to }) => Promise.resolve(to["gone"]?.() ?? expect.fail("to")) }, gone: { to: ["stop"], run: (_, { to }) => Promise.resolve(to["stop"]?.() ?? expect.fail("to")) } });
    const both = await open(appOf([code, bad]), postgres.urlOf(started.client));
    await makeMoves(started.client, [bad]);
    await started.client.query(`delete from pliny.move where type = 'bad' and "to" = 'gone'`);
    const runs = await Promise.all([...Array.from({ length: 8 }, () => begin(both, code)), begin(both, bad)]);
    await (await started.worker({ ...both })).tick();
    for (const run of runs.slice(0, 8)) expect(await states(both, run.id)).toEqual(["first", "second", "stop"]);
    expect(await states(both, runs[8]?.id ?? "")).toEqual(["one", "panic"]);
    expect((await started.client.query("select panic ->> 'message' as why from pliny.task")).rows).toEqual([{ why: "A bad does not go from one to gone." }]);
  });

  test("that Postgres refuses for good, its panic too: the run is left for a minute, and its effect stays noted", async () => {
    const code = job("risky", { make: { to: ["stop"], onUnknown: "look", run: (_, { to }) => Promise.resolve(to["stop"]?.() ?? expect.fail("to")) }, look: { to: ["stop"], run: () => expect.fail("look") } });
    const started = await start([code]);
    await begin(started, code);
    const store = through(started.store, (text, send) => (/moved as/.test(text) ? Promise.reject(Object.assign(new Error("no"), { code: "XX000" })) : send()));
    const worker = await started.worker({ store });
    await worker.tick();
    const { rows } = await started.client.query("select state, begun, lease_by, round(extract(epoch from wake_at - now()) / 60) as m from pliny.task");
    expect(rows).toEqual([{ state: "make", begun: true, lease_by: null, m: "1" }]);
    expect((await started.client.query("select message from pliny.log")).rows).toEqual([{ message: "It cannot be settled: no" }]);
  });

  test("that takes too long for many goes one by one", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const runs = await Promise.all(Array.from({ length: 8 }, () => begin(started, code)));
    await started.client.query(`
      create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.1); return new; end';
      create trigger slow before insert on pliny.transition for each row execute function slow();`);
    const hurried = openStore({ url: `${postgres.urlOf(started.client)}?options=-c%20statement_timeout%3D400` });
    onTestFinished(() => hurried.close());
    let refusals = 0;
    const store = through(hurried, (_, send) => send().catch((error: unknown) => {
      refusals += codeOf(error) === "57014" ? 1 : 0;
      throw error;
    }));
    await (await started.worker({ store, slots: 8 })).tick();
    expect(refusals).toBeGreaterThanOrEqual(3);
    for (const run of runs) expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
  });

  test("that always takes too long is given up: the run is left for a minute, and it is said", async () => {
    const code = two(() => {});
    const started = await start([code]);
    await begin(started, code);
    const store = through(started.store, (text, send) => (/moved as/.test(text) ? Promise.reject(Object.assign(new Error("canceling statement due to statement timeout"), { code: "57014" })) : send()));
    await (await started.worker({ store })).tick();
    const { rows } = await started.client.query("select state, lease_by, attempt, round(extract(epoch from wake_at - now()) / 60) as m from pliny.task");
    expect(rows).toEqual([{ state: "first", lease_by: null, attempt: 0, m: "1" }]);
    expect((await started.client.query("select message from pliny.log")).rows).toEqual([{ message: "It cannot be settled: canceling statement due to statement timeout" }]);
  });

  test("of which nothing is heard any more is sent again on another connection, and happens once", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const run = await begin(started, code);
    const wire = await openWire(postgres.urlOf(started.client));
    let silences = 0;
    wire.onStatement = (text) => (/moved as/.test(text) && (silences += 1) <= 2 ? "silence" : "pass");
    const store = openStore({ url: wire.url, answerMs: 300 });
    onTestFinished(() => store.close());
    await (await started.worker({ store })).tick();
    expect(silences).toBeGreaterThan(2);
    expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
    wire.onStatement = (text) => (/begin/.test(text) ? "pass" : "silence");
    const begunAt = performance.now();
    await expect(store.transaction((on) => on.query("select 1"))).rejects.toThrow("Query read timeout");
    expect(performance.now() - begunAt).toBeLessThan(550);
  });

  test("waits for a Postgres that is away", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const run = await begin(started, code);
    let refusals = 0;
    const store = through(started.store, (text, send) => (/moved as/.test(text) && (refusals += 1) <= 5 ? Promise.reject(Object.assign(new Error("no"), { code: refusals % 2 ? "ECONNREFUSED" : "53300" })) : send()));
    await (await started.worker({ store })).tick();
    expect(refusals).toBeGreaterThan(5);
    expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
  });
});

describe("a worker that runs", () => {
  test("finds what is there, and at once what this process starts; many of them make each step once", async () => {
    const seen = new Map<string, number>();
    const count = (run: Job): void => void seen.set(`${run.id} ${run.state}`, (seen.get(`${run.id} ${run.state}`) ?? 0) + 1);
    const code = two(count, count);
    const started = await start([code]);
    const runs = await Promise.all(Array.from({ length: 50 }, () => begin(started, code)));
    const workers = [await started.worker(), await started.worker(), await started.worker()];
    const lives = workers.map((one) => one.run());
    const others = await Promise.all(Array.from({ length: 50 }, () => begin(started, code)));
    await until(async () => (await started.client.query("select from pliny.archive")).rowCount === 100);
    expect([...seen.values()]).toEqual(Array.from({ length: 200 }, () => 1));
    for (const run of [...runs, ...others]) expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
    await Promise.all(workers.map((one) => one.stop()));
    await Promise.all(lives);
    expect((await started.client.query("select from pliny.worker")).rowCount).toBe(0);
  });

  test("fills the slots that slow handlers leave, however few", async () => {
    const gate = waiting();
    let calls = 0;
    const code = job("mixed", { only: { to: ["stop"], run: async (_, { to }) => {
      if ((calls += 1) <= 8) await gate.promise;
      return to["stop"]?.() ?? expect.fail("to");
    } } });
    const started = await start([code]);
    for (let at = 0; at < 20; at += 1) await begin(started, code);
    const worker = await started.worker({ slots: 10 });
    void worker.run();
    await until(async () => (await started.client.query("select from pliny.archive")).rowCount === 12);
    gate.free();
    await worker.stop();
  });

  test("that stops at once calls no handler that it went on to meanwhile, and leaves the run to others", async () => {
    let second = 0;
    const code = two(() => {}, () => ((second += 1), new Promise(() => {})));
    const started = await start([code]);
    await begin(started, code);
    let stopping: Promise<void> | null = null;
    const store = through(started.store, async (text, send) => {
      if (/moved as/.test(text) && stopping === null) {
        stopping = worker.stop({ graceMs: 0 });
        await pause(100);
      }
      return send();
    });
    const worker = await started.worker({ store });
    void worker.run();
    await until(() => stopping !== null);
    await stopping;
    expect(second).toBe(0);
    expect((await started.client.query("select state, lease_by, wake_at <= now() as due from pliny.task")).rows).toEqual([{ state: "second", lease_by: null, due: true }]);
  });

  test("keeps its lease while a handler blocks the event loop for longer than that", async () => {
    const code = two(() => {
      const end = performance.now() + 4_000;
      while (performance.now() < end);
    });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker({ leaseMs: 2_000 });
    void worker.run();
    const { id } = worker;
    await until(async () => (await started.client.query("select from pliny.archive")).rowCount === 1);
    expect(worker.id).toBe(id);
    expect(await states(started, run.id)).toEqual(["first", "second", "stop"]);
    expect((await started.client.query("select row ->> 'recoveries' as recoveries, row ->> 'attempt' as attempt from pliny.archive")).rows).toEqual([{ recoveries: null, attempt: "0" }]);
  });

  test("that lost its lease ends its handlers, is somebody else from then on, and goes on", async () => {
    const reasons: unknown[] = [];
    const code = job("waiter", { wait: { to: ["stop"], run: (_, { signal, to }) =>
      new Promise((resolve, reject) => {
        if (reasons.length > 0) resolve(to["stop"]?.() ?? expect.fail("to"));
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(new Error("told to end"));
        });
      }) } });
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker({ leaseMs: 1_500 });
    const { id } = worker;
    void worker.run();
    await until(async () => (await started.client.query("select from pliny.task where lease_by is not null")).rowCount === 1);
    await started.client.query("update pliny.worker set until = now() - interval '1 s'");
    await until(async () => (await started.client.query("select from pliny.archive")).rowCount === 1);
    expect(reasons).toEqual([expect.any(PlinyError)]);
    expect(reasons).toMatchObject([{ code: "LEASE_LOST" }]);
    expect(worker.id).not.toBe(id);
    expect(await states(started, run.id)).toEqual(["wait", "stop"]);
  });

  test("ends the handler of a run that somebody else stopped meanwhile", async () => {
    let reason: unknown = null;
    const code = job("waiter", { wait: { to: ["stop"], run: (_, { signal }) => new Promise((__, reject) => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
        reject(new Error("told to end"));
      });
    }) } });
    const started = await start([code]);
    await begin(started, code);
    const worker = await started.worker();
    void worker.run();
    await until(async () => (await started.client.query("select from pliny.task where lease_by is not null")).rowCount === 1);
    await started.client.query("delete from pliny.task");
    await until(() => reason !== null);
    expect(reason).toMatchObject({ code: "OVERTAKEN" });
  });

  test("stops when what is under way is done; what is not is told to end, and left to others with its tries", async () => {
    const gate = waiting();
    let began = 0;
    const code = two(() => ((began += 1), gate.promise));
    const started = await start([code]);
    const run = await begin(started, code);
    const worker = await started.worker();
    const life = worker.run();
    await until(() => began === 1);
    const stopped = worker.stop();
    await begin(started, code);
    await pause(100);
    gate.free();
    await stopped;
    await life;
    expect((await started.client.query("select state, lease_by, attempt, wake_at <= now() as due from pliny.task order by id")).rows).toEqual([
      { state: "second", lease_by: null, attempt: 0, due: true }, { state: "first", lease_by: null, attempt: 0, due: true },
    ]);
    expect(await states(started, run.id)).toEqual(["first", "second"]);

    const slow = job("slow", { only: { to: ["stop"], run: (_, { signal }) => new Promise((__, reject) => {
      began += 1;
      signal.addEventListener("abort", () => reject(new Error("told to end")));
    }) } });
    const other = await start([slow]);
    await begin(other, slow);
    const second = await other.worker();
    void second.run();
    await until(() => began === 2);
    const patient = second.stop();
    await second.stop({ graceMs: 0 });
    await patient;
    expect((await other.client.query("select state, lease_by, attempt, wake_at <= now() as due from pliny.task")).rows).toEqual([{ state: "only", lease_by: null, attempt: 0, due: true }]);
    expect((await other.client.query("select from pliny.log")).rowCount).toBe(0);
  });

  test("tells what keeps it from working for longer than a moment, once, and that it works again", async () => {
    const code = two(() => {});
    const started = await start([code]);
    const told: string[] = [];
    let awayUntil = -1;
    const store = through(started.store, (_, send) =>
      (performance.now() < awayUntil ? Promise.reject(Object.assign(new Error("could not extend file: No space left on device"), { code: "53100" })) : send()));
    const worker = await started.worker({ store, onTrouble: (message) => told.push(message) });
    void worker.run();
    awayUntil = performance.now() + 500;
    await pause(1_000);
    expect(told).toEqual([]);
    awayUntil = performance.now() + 5_000;
    await until(() => told.length === 2);
    expect(told[0]).toMatch(/^For \d s Postgres has not taken what this worker sends: could not extend file: No space left on device\. Make room on the disk of the database\. It is sent again until it is taken; nothing is lost\.$/);
    expect(told[1]).toBe("Postgres takes what this worker sends again.");
  });

  test("stops also where Postgres does not answer", async () => {
    const started = await start([two(() => {})]);
    let isSilent = false;
    const store = through(started.store, (_, send) => (isSilent ? new Promise(() => {}) : send()));
    const worker = await started.worker({ store });
    void worker.run();
    isSilent = true;
    await pause(500);
    await worker.stop({ graceMs: 0 });
  });

  test("asks an idle database at most five times a second", async () => {
    const code = two(() => {});
    const started = await start([code]);
    let sent = 0;
    const store = through(started.store, (_, send) => ((sent += 1), send()));
    const worker = await started.worker({ store });
    void worker.run();
    await pause(1_500);
    sent = 0;
    await pause(4_000);
    // The lease is renewed by a thread, once in five seconds.
    expect(sent).toBeLessThanOrEqual(4 * 5 - 1);
    expect(sent).toBeGreaterThan(4);
  });
});
