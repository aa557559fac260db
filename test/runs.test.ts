// Runs of tasks on a real Postgres, up to the point where a worker takes them: started once, joined, refused, found again, and referred to.

import { setTimeout } from "node:timers/promises";
import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { Database, DatabaseDump, DatabaseResize, Replica, ReplicaProvision, Team, TeamRotatePasswords } from "../generated/index.js";
import { Invalid, NotStartable, OtherArgs } from "../runtime/errors.js";
import { withPartitions } from "../runtime/store/partitions.js";
import { readLiveRuns } from "../runtime/store/runs.js";
import { settleRuns } from "../runtime/store/work.js";
import { app } from "../specs/app.js";
import { usePostgres } from "./postgres.js";
import { makeTables, open, type Opened } from "./setup/store.js";

const postgres = usePostgres(18);

async function start(): Promise<Opened & { readonly client: Client; readonly team: Team; readonly database: Database }> {
  const client = await postgres.copyOf(makeTables);
  const opened = await open(app, postgres.urlOf(client));
  const team = await Team.create(opened.pliny, { name: "acme", contact: "a@a.example" });
  const database = await Database.create(opened.pliny, { name: "orders", region: "eu", parent: team });
  return { ...opened, client, team, database };
}

async function end({ store }: Opened, id: string, type: string, resourceId: string): Promise<void> {
  const run = (await readLiveRuns(store, { types: [type], resourceId })).find((live) => live.id === id) ?? expect.fail("It is not live.");
  await withPartitions(store, () => settleRuns(store, [{
    id, nonce: run.nonce, nextNonce: 1n, kind: "end", to: "__stop__", wakeMs: 0, deadlineMs: null, attempt: 0, signals: 0, attrs: null, vaultKeys: null,
    keeps: false, keep: "365", panic: null, note: null, parentTaskId: null,
  }], "test"), ["365"]);
}

describe("a start", () => {
  test("gives a run in its first state, with its args, on what it acts on; and is a line of its history", async () => {
    const { team, pliny } = await start();
    const run = await team.rotatePasswords.start({ olderThan: 3_600_000 });
    expect(run).toBeInstanceOf(TeamRotatePasswords);
    expect(run).toMatchObject({ type: "team.rotate_passwords", state: "rotate", step: 1n, attempt: 1, bucket: null, args: { olderThan: 3_600_000 } });
    expect(run.team.id).toBe(team.id);
    expect(await pliny.history(run.id)).toMatchObject([{ step: 1n, to: "rotate", by: "test" }]);
    expect((await team.tasks()).map((task) => (task instanceof TeamRotatePasswords ? task.id : task))).toEqual([run.id]);
  });

  test("joins the live run that was given the same args, as defaults fill them in; other args are told, with the run", async () => {
    const { team } = await start();
    const first = await team.rotatePasswords.start();
    expect((await team.rotatePasswords.start({ olderThan: 0 })).id).toBe(first.id);
    const refused: unknown = await team.rotatePasswords.start({ olderThan: 1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OtherArgs);
    expect(refused).toMatchObject({ code: "OTHER_ARGS", runId: first.id });
    expect(await Promise.all([1, 2, 3, 4].map(async () => (await team.rotatePasswords.start()).id))).toEqual(Array.from({ length: 4 }, () => first.id));
  });

  test("is a new run once the other has ended; asked again with its own id it is that one, live or not", async () => {
    const opened = await start();
    const { team, pliny } = opened;
    const id = "0190b1a5-7a3e-7cc0-8000-00000000cafe";
    await team.rotatePasswords.start(undefined, { id, why: "the leak" });
    expect((await team.rotatePasswords.start(undefined, { id })).id).toBe(id);
    await end(opened, id, "team.rotate_passwords", team.id);
    expect(await team.rotatePasswords.start(undefined, { id })).toMatchObject({ id, state: "stop", step: 2n });
    const next = await team.rotatePasswords.start();
    expect(next.id).not.toBe(id);
    expect((await team.rotatePasswords.running()).map((run) => run.id)).toEqual([next.id]);
    expect(await team.rotatePasswords.latest()).toMatchObject({ id: next.id });
    expect((await team.rotatePasswords.history()).map((run) => [run.id, run.state])).toEqual([[next.id, "rotate"], [id, "stop"]]);
    expect((await pliny.history(id)).map(({ to, note }) => [to, note])).toEqual([["rotate", "the leak"], ["stop", null]]);
  });

  test("is refused with all that is wrong with its args", async () => {
    const { team, client } = await start();
    await expect(team.rotatePasswords.start({ olderThan: -1 })).rejects.toThrow(Invalid);
    // @ts-expect-error It has no such arg.
    await expect(team.rotatePasswords.start({ olderThan: "1h", younger: 2 })).rejects.toThrow(/\/older_than: expected whole milliseconds.*\n.*\/younger: expected one of olderThan/);
    expect((await client.query("select from pliny.task where type = 'team.rotate_passwords'")).rowCount).toBe(0);
  });

  test("needs what it acts on, in a state in which it may be started", async () => {
    const { client, database, team } = await start();
    await expect(database.rotatePassword.start()).rejects.toThrow(NotStartable);
    await client.query("update app.database set state = 'online', nonce = 4");
    await database.reload();
    expect((await database.rotatePassword.start()).state).toBe("draw");
    await client.query("update app.team set state = '__stop__'");
    await expect(team.rotatePasswords.start()).rejects.toThrow(`team.rotate_passwords is not started on team ${team.id}`);
  });

  test("on a subtype starts its own task in its base's place, which both names find", async () => {
    const { pliny, team, database } = await start();
    const replica = await Replica.create(pliny, { name: "copy", region: "eu", parent: team, primary: database });
    const asBase = await Database.get(pliny, replica.id);
    const run = await asBase.provision.start();
    expect(run).toBeInstanceOf(ReplicaProvision);
    expect((await replica.provision.running()).map(({ id }) => id)).toEqual([run.id]);
    expect((await asBase.provision.latest())?.id).toBe(run.id);
    expect((await database.provision.running()).map(({ type }) => type)).toEqual(["database.provision"]);
  });

  test("whose answer is lost is asked again, and is one run", async () => {
    const { client, team, store } = await start();
    const { query } = store;
    let losses = 0;
    Object.assign(store, { query: async (text: string, values: readonly unknown[]) => {
      const answer = await query(text, values);
      if (text.includes("insert into pliny.task") && (losses += 1) === 1) throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
      return answer;
    } });
    const run = await team.rotatePasswords.start();
    expect(losses).toBe(2);
    expect((await client.query("select id from pliny.task where type = 'team.rotate_passwords'")).rows).toEqual([{ id: run.id }]);
  });

  test("in a transaction of the caller's joins the run that another's has just committed", async () => {
    const { client, team } = await start();
    const other = await postgres.connect(client);
    for (const one of [client, other]) await one.query("begin");
    const first = await team.rotatePasswords.start(undefined, { transaction: client });
    const second = team.rotatePasswords.start(undefined, { transaction: other });
    await setTimeout(200);
    await client.query("commit");
    expect((await second).id).toBe(first.id);
    await other.query("commit");
  });

  test("in a transaction of the caller's comes with it, or not at all", async () => {
    const { client, team } = await start();
    await team.rotatePasswords.start().then((run) => client.query("delete from pliny.task where id = $1", [run.id]));
    await client.query("begin");
    const run = await team.rotatePasswords.start(undefined, { transaction: client });
    expect(await team.rotatePasswords.running()).toEqual([]);
    await client.query("rollback");
    expect(await team.rotatePasswords.running()).toEqual([]);
    expect(run.state).toBe("rotate");
  });
});

describe("a reference to a run", () => {
  test("loads it, live or ended, those of a page together; its secrets are its own", async () => {
    const opened = await start();
    const { client, database, pliny } = opened;
    await client.query("update app.database set state = 'online', nonce = 4");
    await database.reload();
    const run = await database.resize.start();
    await database.save({ lastResize: run });
    const read = await Database.get(pliny, database.id);
    const loaded = await read.lastResize?.load();
    expect(loaded).toBeInstanceOf(DatabaseResize);
    expect(loaded?.database.id).toBe(database.id);
    await end(opened, run.id, "database.resize", database.id);
    expect(await (await Database.get(pliny, database.id)).lastResize?.load()).toMatchObject({ id: run.id, state: "stop" });
    await client.query("delete from pliny.archive");
    await expect((await Database.get(pliny, database.id)).lastResize?.load()).rejects.toThrow(`There is no database.resize ${run.id}, or it is gone.`);
  });

  test("a history costs as many queries, however long it is", async () => {
    const opened = await start();
    const { client, database, store } = opened;
    await client.query("update app.database set state = 'online', nonce = 4");
    await database.reload();
    const sent: string[] = [];
    const { query } = store;
    Object.assign(store, { query: (text: string, values: readonly unknown[]) => (sent.push(text), query(text, values)) });
    const costs: number[] = [];
    for (let runs = 1; runs <= 3; runs += 1) {
      await end(opened, (await database.resize.start()).id, "database.resize", database.id);
      sent.length = 0;
      expect(await database.resize.history()).toHaveLength(runs);
      costs.push(sent.length);
    }
    expect(new Set(costs).size).toBe(1);
  });

  test("runs on one resource that are read together have it each by itself, from one query", async () => {
    const { client, database, runs, store } = await start();
    await client.query("update app.database set state = 'online', nonce = 4");
    await database.reload();
    const ids = [(await database.dump.start()).id, (await database.resize.start()).id];
    const sent: string[] = [];
    const { query } = store;
    Object.assign(store, { query: (text: string, values: readonly unknown[]) => (sent.push(text), query(text, values)) });
    const [dump, resize] = [...(await runs.readMany(ids)).values()];
    if (!(dump instanceof DatabaseDump && resize instanceof DatabaseResize)) expect.fail("They are others.");
    expect(sent.filter((text) => /from "?app"?\."?database/.test(text))).toHaveLength(1);
    resize.database.plan = "premium";
    expect([resize.database.id, dump.database.id, dump.database.plan]).toEqual([database.id, database.id, "hobby"]);
  });

  test("a run that cannot be read says why, is left as it is, and harms no other", async () => {
    const { client, database, runs, store } = await start();
    await client.query("update app.database set state = 'online', nonce = 4");
    await database.reload();
    const [broken, whole] = [await database.dump.start(), await database.resize.start()];
    await client.query(`update pliny.task set json_attrs = '{"__v": 1, "tables": {"Set": 1}}' where id = $1`, [broken.id]);
    const read = await runs.readMany([broken.id, whole.id]);
    expect(read.get(whole.id)).toBeInstanceOf(DatabaseResize);
    expect(String(read.get(broken.id))).toContain(`database.dump ${broken.id} cannot be read: /tables: expected a list`);
    expect((await readLiveRuns(store, { types: ["database.dump"], resourceId: database.id }))[0]?.attrs).toContain("Set");
    expect(broken).toBeInstanceOf(DatabaseDump);
  });
});
