// The first tick: a resource whose state starts a task, workers that run its handlers, and what becomes of both, on a real Postgres.

import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import {
  createApp, Database, type DatabaseDeprovisionHandlers, type DatabaseProvisionHandlers, type DatabaseResizeHandlers, Team,
} from "../generated/index.js";
import { NotDone } from "../runtime/errors.js";
import { lookAround, type Outcome } from "../runtime/store/work.js";
import { createFinish } from "../runtime/worker/finish.js";
import { startWorker, type Worker, type WorkerOptions } from "../runtime/worker/worker.js";
import * as databaseCode from "../specs/database.handlers.js";
import * as dumpCode from "../specs/dump.handlers.js";
import * as replicaCode from "../specs/replica.handlers.js";
import * as teamCode from "../specs/team.handlers.js";
import { usePostgres } from "./postgres.js";
import { makeTables, open, type Opened } from "./setup/store.js";

const postgres = usePostgres(18);

const provision: DatabaseProvisionHandlers = {
  ...databaseCode.databaseProvision,
  createRole: (_, { to }) => Promise.resolve(to.createDatabase()),
  createDatabase: (_, { to }) => Promise.resolve(to.admit()),
  lookUp: (_, { to }) => Promise.resolve(to.admit()),
  admit: async (task, { to }) => {
    await task.database.save({ endpoint: "postgres://server:5432/orders" });
    return to.stop();
  },
  cleanUp: (_, { to }) => Promise.resolve(to.stop()),
};
const resize: DatabaseResizeHandlers = {
  measure: (task, { to }) => {
    task.before = 10;
    return Promise.resolve(to.change());
  },
  change: (_, { to }) => Promise.resolve(to.stop()),
  restore: (_, { to }) => Promise.resolve(to.stop()),
};
const deprovision: DatabaseDeprovisionHandlers = {
  ...databaseCode.databaseDeprovision,
  dropDatabase: (_, { to }) => Promise.resolve(to.dropRole()),
  dropRole: (_, { to }) => Promise.resolve(to.stop()),
};

interface Started extends Opened {
  readonly client: Client;
  readonly database: Database;
  readonly worker: (options?: Partial<WorkerOptions>) => Promise<Worker>;
  /** Ticks until nothing is due. */
  readonly drain: (worker: Worker) => Promise<number>;
}

async function start(code: { readonly provision?: Partial<DatabaseProvisionHandlers>; readonly resize?: Partial<DatabaseResizeHandlers>; readonly deprovision?: Partial<DatabaseDeprovisionHandlers> } = {}): Promise<Started> {
  const app = createApp({
    ...databaseCode, ...dumpCode, ...replicaCode, ...teamCode, databaseProvision: { ...provision, ...code.provision }, databaseResize: { ...resize, ...code.resize },
    databaseDeprovision: { ...deprovision, ...code.deprovision },
  });
  const client = await postgres.copyOf(makeTables);
  const opened = await open(app, postgres.urlOf(client));
  const team = await Team.create(opened.pliny, { name: "acme", contact: "a@a.example" });
  const database = await Database.create(opened.pliny, { name: "orders", region: "eu", parent: team });
  const worker = (options: Partial<WorkerOptions> = {}): Promise<Worker> => startWorker({ ...opened, actor: "worker", random: () => 0, stepsAHold: 1, ...options });
  const drain = async (of: Worker): Promise<number> => {
    let taken = 0;
    for (let quiet = 0; quiet < 2;) {
      await client.query("update pliny.task set wake_at = now() where wake_at < now() + interval '1 minute'");
      const took = await of.tick();
      taken += took;
      quiet = took === 0 ? quiet + 1 : 0;
    }
    return taken;
  };
  return { ...opened, client, database, worker, drain };
}

function endOf(run: Pick<Outcome, "id" | "nonce">): Outcome {
  return {
    ...run, nextNonce: 5n, kind: "end", to: "__stop__", wakeMs: 0, deadlineMs: null, attempt: 0, signals: 0, attrs: null, vaultKeys: null,
    keeps: false, keep: "365", panic: null, note: null, parentTaskId: null,
  };
}

/** The states that a subject went through; steps without gap or fork. */
async function states({ pliny }: Opened, id: string): Promise<readonly string[]> {
  const moves = (await pliny.history(id)).filter(({ to }) => to !== null);
  expect(moves.map(({ step }) => Number(step))).toEqual(moves.map((_, at) => at + 1));
  return moves.map(({ to }) => to ?? "");
}

describe("a resource", () => {
  test("whose first state starts a task comes with its run, and goes on when that ends", async () => {
    const started = await start();
    const { client, database, drain, worker } = started;
    const [run] = await database.provision.running();
    expect(run?.state).toBe("draw");
    expect(await drain(await worker())).toBe(4);
    await database.reload();
    expect(database).toMatchObject({ state: "online", endpoint: "postgres://server:5432/orders", step: 2n });
    expect(database.role).toMatch(/^db_/);
    expect(await database.password?.reveal("to see")).toHaveLength(32);
    expect(await states(started, database.id)).toEqual(["creating", "online"]);
    expect(await states(started, run?.id ?? "")).toEqual(["draw", "create_role", "create_database", "admit", "stop"]);
    const { rows } = await client.query(`select count(distinct tx)::int as txs from pliny.transition where "to" in ('online', '__stop__')`);
    expect(rows).toEqual([{ txs: 1 }]);
    expect((await client.query("select from pliny.timer")).rowCount).toBe(0);
    expect((await database.provision.latest())?.state).toBe("stop");
  });

  test("that goes into a state with a task starts it with the move, and ends it when it leaves by another way", async () => {
    const started = await start();
    const { database, drain, worker } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    await database.transition("updating", { plan: "premium" }, "they grew");
    expect((await database.resize.running()).map(({ state }) => state)).toEqual(["measure"]);
    await one.tick();
    expect((await database.resize.running()).map(({ state, before }) => [state, before])).toEqual([["change", 10]]);
    await drain(one);
    await database.reload();
    expect(database).toMatchObject({ state: "online", plan: "premium" });
    await database.transition("updating");
    const [run] = await database.resize.running();
    await database.stop();
    expect(await database.resize.running()).toEqual([]);
    expect(await states(started, run?.id ?? "")).toEqual(["measure", "stop"]);
  });

  test("that goes into a state whose task runs already waits for that run, and the log says so", async () => {
    const started = await start();
    const { client, database, drain, worker } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    const run = await database.resize.start();
    await database.transition("updating");
    expect((await database.resize.running()).map(({ id }) => id)).toEqual([run.id]);
    expect((await client.query("select id, type, message from pliny.log where kind = 'notice'")).rows).toEqual([
      { id: run.id, type: "database.resize", message: `database ${database.id} went to updating and waits for this run, which was live.` },
    ]);
    await drain(one);
    await database.reload();
    expect(database.state).toBe("online");
  });

  test("that waits for a run which panicked, whatever that was given, has it tried again", async () => {
    const started = await start();
    const { client, database, drain, worker } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    const run = await database.resize.start();
    await client.query("update pliny.task set args_key = 'other'");
    await client.query(`update pliny.task set state = '__panic__', step = step + 1, wake_at = 'infinity', panic = '{"state": "measure", "cleansUp": false}'`);
    await database.transition("updating");
    expect((await database.resize.running()).map(({ id, state }) => [id, state])).toEqual([[run.id, "measure"]]);
    expect((await client.query("select message from pliny.log where kind = 'notice'")).rows).toEqual([
      { message: `database ${database.id} went to updating and waits for this run, which was live and was given other args.` },
    ]);
    await drain(one);
    await database.reload();
    expect(database.state).toBe("online");
  });

  test("that a handler changes and does not save stays as it was, and the log says so", async () => {
    const started = await start({ resize: { change: (task, { to }) => {
      task.database.plan = "premium";
      return Promise.resolve(to.stop());
    } } });
    const { client, database, drain, worker } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    const run = await database.resize.start();
    await drain(one);
    await database.reload();
    expect(database.plan).toBe("hobby");
    expect((await client.query("select level, type, id, message from pliny.log where kind = 'notice'")).rows).toEqual([
      { level: "warn", type: "database.resize", id: run.id, message: "database.resize ended 'change' and had not saved what it set of its database: plan. That is lost; have it call save() there." },
    ]);
  });

  test("stops in the transaction in which its last task does", async () => {
    const started = await start();
    const { database, drain, worker, client } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    await database.transition("deleting");
    await drain(one);
    await database.reload();
    expect(database.state).toBe("stop");
    expect((await client.query("select from pliny.task")).rowCount).toBe(0);
    expect(await states(started, database.id)).toEqual(["creating", "online", "deleting", "stop"]);
  });

  test("whose time in a state is over goes where the spec says, once, and its run ends", async () => {
    const started = await start();
    const { client, database, worker } = started;
    const [one, two] = [await worker(), await worker()];
    expect((await client.query("select name, type, step::int from pliny.timer")).rows).toEqual([{ name: "timeout", type: "database", step: 1 }]);
    await client.query("update pliny.timer set due_at = now()");
    await Promise.all([one.watch(), two.watch(), one.watch()]);
    await database.reload();
    expect(database).toMatchObject({ state: "failed", step: 2n });
    expect(await database.provision.running()).toEqual([]);
    expect((await database.history()).at(-1)?.note).toBe("it took too long");
  });
});

describe("a timer", () => {
  test("that was read before its resource went on takes none that was set since", async () => {
    const { client, database, registry, store, moved } = await start();
    const finish = createFinish({ registry, store, moved, actor: "worker" });
    await client.query("update pliny.timer set due_at = now()");
    expect(await lookAround(store, { types: ["team"], limit: 10 })).toEqual([]);
    const [timer] = await lookAround(store, { types: ["database"], limit: 10 });
    await database.transition("deleting");
    expect(await finish.timeOut(timer ?? expect.fail("no timer"))).toBe(false);
    expect((await client.query("select step::int, due_at > now() as later from pliny.timer")).rows).toEqual([{ step: 2, later: true }]);
  });
});

describe("the end of a run, and a person who moves the resource that waits for it,", () => {
  test("to the state that waits for it: it leads on from there, or another run is started", async () => {
    const started = await start();
    const { client, database, drain, registry, store, moved, worker } = started;
    await drain(await worker());
    await database.reload();
    const finish = createFinish({ registry, store, moved, actor: "worker" });
    const known = registry.taskOfTag("database.resize") ?? expect.fail("no task");
    const seen = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      const run = await database.resize.start();
      const { rows: [row] } = await client.query("select nonce from pliny.task where id = $1", [run.id]);
      const end = (): Promise<boolean> => finish.settleWith(endOf({ id: run.id, nonce: BigInt(row?.["nonce"]) }), { known, resourceId: database.id, ends: "success" }).then((landed) => landed.length > 0);
      const enter = (): Promise<void> => database.transition("updating");
      await Promise.all(round % 2 === 0 ? [end(), enter()] : [enter(), end()]);
      await database.reload();
      const live = await database.resize.running();
      seen.add(`${database.state} ${live.length}`);
      expect(["online 0", "updating 1"]).toContain(`${database.state} ${live.length}`);
      await drain(await worker());
      await database.reload();
      expect(database.state).toBe("online");
    }
    expect(seen.size).toBe(2);
  });

  test("both or neither of the run's, whoever comes first", async () => {
    const { client, database, pliny, registry, store, moved } = await start();
    const finish = createFinish({ registry, store, moved, actor: "worker" });
    const known = registry.taskOfTag("database.provision") ?? expect.fail("no task");
    const parent = await database.parent.load();
    const seen = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      const one = await Database.create(pliny, { name: `n${round}`, region: "eu", parent });
      const { rows: [run] } = await client.query("select id, nonce from pliny.task where resource_id = $1", [one.id]);
      const outcome = endOf({ id: run?.["id"], nonce: BigInt(run?.["nonce"]) });
      const end = (): Promise<boolean> => finish.settleWith(outcome, { known, resourceId: one.id, ends: "success" }).then((landed) => landed.length > 0);
      const leave = (): Promise<boolean> => one.transition("deleting").then(() => true, () => false);
      const [ended, left] = round % 2 === 0 ? await Promise.all([end(), leave()]) : (await Promise.all([leave(), end()])).toReversed();
      const states = async (id: string): Promise<readonly string[]> => (await pliny.history(id)).map(({ to }) => to ?? "");
      seen.add(`${ended} ${left}`);
      expect(await states(one.id)).toEqual(["creating", ended ? "online" : "deleting"]);
      expect(await states(outcome.id)).toEqual(["draw", "stop"]);
      expect((await pliny.history(outcome.id)).at(-1)?.by).toBe(ended ? "worker" : "test");
    }
    expect([...seen].every((pair) => pair === "true false" || pair === "false true")).toBe(true);
  });
});

describe("a run that escalates", () => {
  test("takes what it acts on into panic with it, from where that waits for nothing", async () => {
    const { client, database, drain, registry, store, moved, worker } = await start();
    await drain(await worker());
    await database.reload();
    const known = registry.taskOfTag("database.rotate_password") ?? expect.fail("no task");
    const run = await database.rotatePassword.start();
    const { rows: [row] } = await client.query("select nonce from pliny.task");
    const outcome: Outcome = { ...endOf({ id: run.id, nonce: BigInt(row?.["nonce"]) }), kind: "move", to: "__panic__", wakeMs: Infinity, panic: '{"state": "draw"}' };
    const finish = createFinish({ registry, store, moved, actor: "worker" });
    expect(await finish.settleWith(outcome, { known: { ...known, type: { ...known.type, onPanic: "escalate" } }, resourceId: database.id, ends: "failure" })).toEqual([outcome.id]);
    await database.reload();
    expect([database.state, (await database.rotatePassword.running()).map(({ state }) => state)]).toEqual(["panic", ["panic"]]);
  });
});

describe("a handler", () => {
  test("that throws is tried again, with the same key; then what was begun is cleaned up, and the resource has failed", async () => {
    const keys: string[] = [];
    const started = await start({ provision: { createRole: (_, { key }) => Promise.reject(Object.assign(new Error(`no server ${keys.push(key)}`))) } });
    const { database, drain, worker, client } = started;
    const [run] = await database.provision.running();
    await drain(await worker());
    expect(keys).toHaveLength(5);
    expect(new Set(keys)).toEqual(new Set([`${run?.id}:2.0`]));
    expect(await states(started, run?.id ?? "")).toEqual(["draw", "create_role", "panic", "clean_up", "stop"]);
    await database.reload();
    expect(database.state).toBe("failed");
    expect((await client.query("select type, message, data from pliny.log where kind = 'error' and level = 'error'")).rows).toEqual([{ type: "database.provision", message: "no server 5", data: { state: "create_role", step: "2" } }]);
    expect((await client.query("select row #>> '{panic,message}' as message, row #>> '{panic,state}' as state, row #>> '{panic,attempt}' as attempt, row #>> '{panic,stack}' as stack from pliny.archive")).rows).toEqual([
      { message: "no server 5", state: "create_role", attempt: "5", stack: expect.stringMatching(/^Error: no server 5\n +at .*worker\.test\.ts/) },
    ]);
    await database.transition("creating", {}, "the server is back");
    expect((await database.provision.running()).map(({ state }) => state)).toEqual(["draw"]);
  });

  test("whose effect may be unknown is called once, and then somebody looks; that nothing was done is another try", async () => {
    let calls = 0;
    const started = await start({ provision: { createDatabase: () => {
      calls += 1;
      return Promise.reject(new Error("the connection broke"));
    } } });
    const [run] = await started.database.provision.running();
    await started.drain(await started.worker());
    expect(calls).toBe(1);
    expect(await states(started, run?.id ?? "")).toEqual(["draw", "create_role", "create_database", "look_up", "admit", "stop"]);

    calls = 0;
    const other = await start({ provision: { createDatabase: (_, { to }) => ((calls += 1) < 2 ? Promise.reject(new NotDone("busy")) : Promise.resolve(to.admit())) } });
    await other.drain(await other.worker());
    expect(calls).toBe(2);
    await other.database.reload();
    expect(other.database.state).toBe("online");
  });

  test("that gives up leaves a run in panic where nothing cleans up; a person tries again, where it was", async () => {
    let broken = true;
    const started = await start({ deprovision: { dropRole: (_, { to, panic }) => Promise.resolve(broken ? panic("somebody is connected") : to.stop()) } });
    const { database, drain, worker } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    await database.transition("deleting");
    const [run] = await database.deprovision.running();
    await drain(one);
    await database.reload();
    expect(database.state).toBe("failed");
    expect((await database.deprovision.running()).map(({ id, state }) => [id, state])).toEqual([[run?.id, "panic"]]);
    broken = false;
    await database.transition("deleting", {}, "they left");
    await drain(one);
    await database.reload();
    expect(database.state).toBe("stop");
    expect(await states(started, run?.id ?? "")).toEqual(["erase_dumps", "drop_database", "drop_role", "panic", "drop_role", "stop"]);
  });

  test("that returns what is none of its step's panics", async () => {
    const started = await start({ provision: { createRole: () => Promise.resolve({} as never), cleanUp: (_, { to }) => Promise.resolve(to.stop()) } });
    await started.drain(await started.worker());
    const { rows } = await started.client.query("select message from pliny.log where kind = 'error' and level = 'error'");
    expect(rows).toEqual([{ message: "A handler returns what `to`, `stay` or `panic` of its step gave it." }]);
  });
});

describe("what a handler", () => {
  test("revealed stands in nothing that is kept of its error", async () => {
    let password = "";
    const started = await start({ provision: { createRole: async (task) => {
      password = (await task.database.password?.reveal("to sign in")) ?? "";
      throw new Error(`FATAL: no pg_hba.conf entry for ${password}`);
    } } });
    await started.drain(await started.worker());
    expect(password).toHaveLength(32);
    const { rows } = await started.client.query(`select (select string_agg(l::text, '') from pliny.log l) || (select string_agg(a::text, '') from pliny.archive a) || (select string_agg(t::text, '') from pliny.transition t) as text`);
    expect(rows[0]?.["text"]).toContain("no pg_hba.conf entry for [secret]");
    expect(rows[0]?.["text"]).not.toContain(password);
  });

  test("set is checked as what anybody gives is: the run panics, and keeps what it had", async () => {
    const started = await start({ resize: { measure: (task, { to }) => {
      task.before = 1.5;
      return Promise.resolve(to.change());
    } } });
    const { client, database, drain, worker } = started;
    const one = await worker();
    await drain(one);
    await database.reload();
    await database.transition("updating");
    await one.tick();
    const { rows } = await client.query("select panic ->> 'message' as why, json_attrs from pliny.task where type = 'database.resize'");
    expect(rows).toEqual([{ why: expect.stringMatching(/\/before: expected .* got 1\.5/), json_attrs: { __v: 1 } }]);
  });
});

describe("workers", () => {
  test("of many each step is settled by one; one that dies is replaced, and what it says later is refused", async () => {
    const held: (() => void)[] = [];
    let first = true;
    const started = await start({ provision: { createRole: async (_, { to }) => {
      if (first) {
        first = false;
        await new Promise<void>((resolve) => { held.push(resolve); });
      }
      return to.createDatabase();
    } } });
    const { client, database, drain, worker } = started;
    const [slow, quick] = [await worker(), await worker()];
    await slow.tick();
    const late = slow.tick();
    while (held.length === 0) await new Promise((resolve) => { setTimeout(resolve, 10); });
    await client.query("update pliny.worker set until = now() - interval '1 s' where id = $1", [slow.id]);
    await quick.watch();
    expect(await slow.renew()).toBe(false);
    await drain(quick);
    held.forEach((free) => free());
    await late;
    await database.reload();
    expect(database.state).toBe("online");
    const [run] = await database.provision.history();
    expect(await states(started, run?.id ?? "")).toEqual(["draw", "create_role", "create_database", "admit", "stop"]);
    expect(await slow.tick()).toBe(0);
  });

  test("a run that takes down each worker that holds it panics at the third take-over", async () => {
    const { client, database, drain, worker } = await start();
    await client.query("update pliny.task set recoveries = 3");
    await drain(await worker());
    await database.reload();
    expect(database.state).toBe("failed");
    expect((await client.query("select message from pliny.log where kind = 'error'")).rows[0]?.["message"]).toContain("was taken over 3 times in 'draw'");
  });

  test("a run that does not decode panics with its bytes kept", async () => {
    const { client, database, drain, worker } = await start();
    await client.query(`update pliny.task set json_attrs = '{"__v": "two"}'`);
    await drain(await worker());
    await database.reload();
    expect(database.state).toBe("failed");
    expect((await client.query("select state, json_attrs, panic ->> 'message' as why from pliny.task")).rows).toEqual([
      { state: "__panic__", json_attrs: { __v: "two" }, why: expect.stringContaining("/__v: expected a positive integer") },
    ]);
  });

  test("one that stops leaves what it held to others at once", async () => {
    const { client, worker } = await start();
    const one = await worker();
    await client.query("update pliny.task set lease_by = $1, wake_at = null", [one.id]);
    await one.stop();
    expect((await client.query("select lease_by, wake_at <= now() as due from pliny.task")).rows).toEqual([{ lease_by: null, due: true }]);
  });
});
