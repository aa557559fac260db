// The example's handlers, cut off at each statement that they send, before it or before its answer: wherever that is, the next try ends in the same
// place.

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Database } from "../../generated/index.js";
import { usePostgres } from "../postgres.js";
import { code, dumpOf, filesOf, limitOf, onServer, passwordOf, signIn, start, type Started } from "../setup/example.js";
import type { Fate, Wire } from "../setup/wire.js";

describe("cut off anywhere, and tried again", { timeout: 120_000 }, () => {
  const postgres = usePostgres(18);

  /** Runs it over and over, with the wire cut at its first statement, its second, and so on until there are no more. */
  async function atEachStatement(wire: Wire, run: (name: string) => Promise<void>, fates: readonly Fate[] = ["before", "after"]): Promise<number> {
    for (let at = 1; ; at += 1) {
      for (const fate of fates) {
        let seen = 0;
        wire.onStatement = () => {
          seen += 1;
          return seen === at ? fate : "pass";
        };
        await run(`at-${at}-${fate}`);
        if (seen < at) return at - 1;
      }
    }
  }

  /** One role and one database more than there were, and its password is the one that it has. */
  async function expectWhole(started: Started, database: Database, before: readonly string[]): Promise<void> {
    await database.reload();
    expect(database.state).toBe("online");
    const names = [...before, database.role].sort();
    expect(await onServer(started)).toEqual({ roles: names, databases: names });
    expect(await limitOf(started, database)).toBe(database.connections);
    const client = await signIn(database, await passwordOf(database));
    await client.query("create table if not exists line (n int)");
    await client.end();
  }

  test("a database is provisioned, once and with the password that it was given first", async () => {
    const started = await start(postgres);
    const cuts = await atEachStatement(started.wire, async (name) => {
      const { roles } = await onServer(started);
      await expectWhole(started, await created(started, name), roles);
    });
    expect(cuts).toBeGreaterThanOrEqual(4);
  });

  async function created({ create, drain, wire }: Started, name: string): Promise<Database> {
    const database = await create(name);
    await drain();
    wire.onStatement = () => "pass";
    return database;
  }

  test("it is resized, and its password rotated", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    let connections = 10;
    const resizes = await atEachStatement(started.wire, async () => {
      await orders.transition("updating", { connections: (connections += 1) });
      await started.drain();
      started.wire.onStatement = () => "pass";
      await expectWhole(started, orders, []);
      expect(await limitOf(started, orders)).toBe(connections);
    });
    expect(resizes).toBe(2);
    const rotations = await atEachStatement(started.wire, async () => {
      const old = await passwordOf(orders);
      await orders.rotatePassword.start();
      await started.drain();
      started.wire.onStatement = () => "pass";
      await expectWhole(started, orders, []);
      expect(await passwordOf(orders)).not.toBe(old);
    });
    expect(rotations).toBe(1);
  });

  test("it is dumped: one dump, of one moment, and nothing left of what was cut off", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query("create table a as select generate_series(1, 10) as n; create table b as select generate_series(1, 20) as n");
    const cuts = await atEachStatement(started.wire, async () => {
      const before = readdirSync(started.dumps);
      const dump = await dumpOf(started, orders);
      expect(dump).toMatchObject({ state: "stored", rows: new Map([["public.a", 10], ["public.b", 20]]) });
      expect(readdirSync(started.dumps).filter((id) => !before.includes(id))).toEqual([dump.id]);
      expect(readdirSync(dump.folder)).toHaveLength(1);
      const bytes = Buffer.concat(filesOf(dump).map((file) => file.bytes));
      expect([dump.size, dump.checksum]).toEqual([BigInt(bytes.length), createHash("sha256").update(bytes).digest("hex")]);
    }, ["after"]);
    expect(cuts).toBeGreaterThanOrEqual(12);
  });

  test("it is deprovisioned", async () => {
    const started = await start(postgres);
    const cuts = await atEachStatement(started.wire, async (name) => {
      const fault = started.wire.onStatement;
      started.wire.onStatement = () => "pass";
      const orders = await started.provisioned(name);
      await orders.transition("deleting");
      started.wire.onStatement = fault;
      await started.drain();
      await orders.reload();
      expect(orders.state).toBe("stop");
      expect(await onServer(started)).toEqual({ roles: [], databases: [] });
    });
    expect(cuts).toBe(2);
  });

  test("a handler that came to its end, and whose worker died before that was written, is called once more to the same end", async () => {
    const lost: string[] = [];
    const twice = <Handlers extends object>(handlers: Handlers): Handlers =>
      new Proxy(handlers, {
        get(target, name, receiver) {
          const handler: unknown = Reflect.get(target, name, receiver);
          if (typeof handler !== "function" || typeof name !== "string") return handler;
          return async (...given: readonly unknown[]): Promise<unknown> => {
            const made: unknown = await Reflect.apply(handler, target, given);
            if (lost.includes(name)) return made;
            lost.push(name);
            throw new Error(`${name} was done, and nobody heard of it`);
          };
        },
      });
    const started = await start(postgres, {
      databaseProvision: twice(code.databaseProvision), databaseResize: twice(code.databaseResize), databaseRotatePassword: twice(code.databaseRotatePassword),
      databaseDump: twice(code.databaseDump), databaseDeprovision: twice(code.databaseDeprovision), dumpErase: twice(code.dumpErase),
    });
    const orders = await started.provisioned("orders");
    await expectWhole(started, orders, []);
    await orders.transition("updating", { connections: 4 });
    await started.drain();
    lost.splice(lost.indexOf("draw"), 1);
    const old = await passwordOf(orders);
    await orders.rotatePassword.start();
    await started.drain();
    await expectWhole(started, orders, []);
    expect(await passwordOf(orders)).not.toBe(old);
    const dump = await dumpOf(started, orders);
    expect([dump.state, readdirSync(dump.folder).length]).toEqual(["stored", 1]);
    await orders.reload();
    await orders.transition("deleting");
    await started.drain();
    await orders.reload();
    expect(orders.state).toBe("stop");
    expect(await onServer(started)).toEqual({ roles: [], databases: [] });
    expect(new Set(lost)).toEqual(new Set([
      "draw", "createRole", "createDatabase", "lookUp", "admit", "measure", "change", "begin", "write", "seal", "eraseDumps", "dropDatabase", "dropRole", "remove",
    ]));
  });
});
