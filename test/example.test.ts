// The example does what it says, on a real Postgres: databases that one can sign in to, whose rows are dumped, and that are gone without a trace.
// That it ends in the same place wherever a handler is cut off is shown in test/long/example.test.ts.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Dump } from "../generated/index.js";
import { startWorker } from "../runtime/worker/worker.js";
import { query } from "../specs/server.js";
import { postgresVersions, usePostgres } from "./postgres.js";
import { dumpOf, everythingIn, filesOf, limitOf, linesOf, onServer, passwordOf, signIn, start, type Started } from "./setup/example.js";
import { projectRoot } from "./setup/project.js";
import type { Fate } from "./setup/wire.js";

describe.each(postgresVersions)("on Postgres %i", (version) => {
  const postgres = usePostgres(version);

  test("a database that is provisioned lets its role in with its password, as often as it may, and nobody else", async () => {
    const started = await start(postgres);
    const [orders, other] = [await started.provisioned("orders", 2), await started.provisioned("other")];
    expect(orders.endpoint).toBe(`postgres://${orders.role}@${new URL(started.wire.url).host}/${orders.role}`);
    const password = await passwordOf(orders);
    const mine = await signIn(orders, password);
    await mine.query("create table line (id int primary key); insert into line values (1)");
    expect((await mine.query("select rolsuper, rolcreatedb, rolcreaterole, rolconnlimit from pg_roles where rolname = current_user")).rows).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolconnlimit: 2 },
    ]);
    await expect(signIn(orders, "another")).rejects.toMatchObject({ code: "28P01" });
    await expect(signIn(orders, await passwordOf(other), other.role)).rejects.toMatchObject({ code: "42501" });
    await signIn(orders, password);
    await expect(signIn(orders, password)).rejects.toMatchObject({ code: "53300" });
    expect(await onServer(started)).toEqual({ roles: [orders.role, other.role], databases: [orders.role, other.role] });
  });

  test("resizing changes how many may sign in, and a rotated password counts from then on for those who come", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders", 1);
    const old = await passwordOf(orders);
    const session = await signIn(orders, old);
    await expect(signIn(orders, old)).rejects.toMatchObject({ code: "53300" });
    await orders.transition("updating", { connections: 3 });
    await started.drain();
    await orders.reload();
    expect([orders.state, await limitOf(started, orders)]).toEqual(["online", 3]);
    expect(await orders.lastResize?.load()).toMatchObject({ state: "stop", before: 1 });
    await signIn(orders, old);

    const before = orders.passwordAt;
    const run = await orders.rotatePassword.start();
    await started.drain();
    await orders.reload();
    const fresh = await passwordOf(orders);
    expect(fresh).not.toBe(old);
    expect(orders.passwordAt?.getTime()).toBeGreaterThan(before?.getTime() ?? Infinity);
    await expect(signIn(orders, old)).rejects.toMatchObject({ code: "28P01" });
    await signIn(orders, fresh);
    expect((await session.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect((await orders.rotatePassword.history()).map(({ id, state, password }) => [id, state, password])).toEqual([[run.id, "stop", null]]);
  });

  test("a dump holds the rows of every table, and its size and checksum are those of its files", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query(`
      create table line (id bigint primary key, price numeric, at timestamptz, note text, tags text[], raw bytea, "__proto__" int);
      insert into line values (9007199254740993, 0.10, '2027-01-31 12:00:00.123456+00', E'a "b"\\n', '{x,NULL}', '\\x00ff', 7), (2, null, null, '', null, null, null);
      create schema "Odd/../one"; create table "Odd/../one"."Ta'ble;" (n int); insert into "Odd/../one"."Ta'ble;" select generate_series(1, 1001);
      create table "ta'ble;" (); insert into "ta'ble;" default values;
      create table part (n int) partition by range (n); create table part_1 partition of part for values from (0) to (10); insert into part values (3);
      create table base (n int); create table heir (m int) inherits (base); insert into base values (1); insert into heir values (2, 3);
      create table empty (n int); create temp table mine (n int); create view seen as select * from line; create materialized view kept as select 1 as one`);
    const url = new URL(orders.endpoint ?? "");
    await started.client.query(`alter database ${url.pathname.slice(1)} set datestyle = 'German'`);
    const dump = await dumpOf(started, orders);
    expect(dump.state).toBe("stored");
    expect(Object.fromEntries(dump.rows)).toEqual({
      '"Odd/../one"."Ta\'ble;"': 1001, "public.\"ta'ble;\"": 1, "public.line": 2, "public.part_1": 1, "public.base": 1, "public.heir": 1, "public.empty": 0,
    });
    const files = filesOf(dump);
    expect(files.map(({ name }) => name)).toEqual([
      "000000-_Odd_.._one_._Ta_ble_.jsonl", "000001-public._ta_ble_.jsonl", "000002-public.base.jsonl", "000003-public.empty.jsonl", "000004-public.heir.jsonl",
      "000005-public.line.jsonl", "000006-public.part_1.jsonl",
    ]);
    const [line] = linesOf(files, "line");
    expect(JSON.stringify(line)).toBe(String.raw`{"id":"9007199254740993","price":"0.10","at":"2027-01-31 12:00:00.123456+00","note":"a \"b\"\n","tags":"{x,NULL}","raw":"\\x00ff","__proto__":"7"}`);
    expect(linesOf(files, "Odd")).toEqual(Array.from({ length: 1001 }, (_, at) => ({ n: String(at + 1) })));
    expect(linesOf(files, "_ta_ble_")).toEqual([{}]);
    const bytes = Buffer.concat(files.map((file) => file.bytes));
    expect([dump.size, dump.checksum]).toEqual([BigInt(bytes.length), createHash("sha256").update(bytes).digest("hex")]);
    expect(Math.abs((dump.takenAt?.getTime() ?? 0) - Date.now())).toBeLessThan(30_000);
    await orders.reload();
    expect(orders.lastDump?.id).toBe(dump.id);

    await mine.query("update line set note = 'c' where id = 2");
    const second = await dumpOf(started, orders);
    expect(second.id).not.toBe(dump.id);
    expect(second.checksum).not.toBe(dump.checksum);
    expect(filesOf(dump).map((file) => file.bytes.length)).toEqual(files.map((file) => file.bytes.length));
  });

  test("one that is deprovisioned leaves neither database nor role nor dumps, whoever is connected", async () => {
    const started = await start(postgres);
    const [orders, other] = [await started.provisioned("orders"), await started.provisioned("other")];
    const mine = await signIn(orders, await passwordOf(orders));
    const dump = await dumpOf(started, orders);
    expect(existsSync(dump.folder)).toBe(true);
    await orders.reload();
    await orders.transition("deleting");
    await started.drain();
    await orders.reload();
    expect(orders.state).toBe("stop");
    expect(await onServer(started)).toEqual({ roles: [other.role], databases: [other.role] });
    expect(readdirSync(started.dumps).filter((id) => id === dump.id)).toEqual([]);
    await expect(mine.query("select 1")).rejects.toThrow(/terminat|not queryable/);
  });
});

describe("a dump", () => {
  const postgres = usePostgres(18);

  /** Another worker does what it finds, while the first is held up. */
  async function otherwise(started: Started): Promise<void> {
    const other = await startWorker({ ...started, actor: "other worker", random: () => 0 });
    for (let at = 0; at < 5; at += 1) {
      await started.client.query("update pliny.task set wake_at = now() where wake_at is not null");
      await other.tick();
    }
    await other.stop();
  }

  test("is of one moment, whatever is written while it is", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query("create table a as select generate_series(1, 500) as n; create table b as select generate_series(1, 500) as n");
    let moved = 0;
    started.wire.onStatement = async (text): Promise<Fate> => {
      // What a worker leaves that is killed while it writes.
      const [id = ""] = readdirSync(started.dumps);
      if (text.startsWith("close")) mkdirSync(join(started.dumps, id, "2027-01-31T12-00-00.000Z"), { recursive: true });
      if (text.startsWith("fetch")) moved += (await mine.query("with gone as (delete from b where n = (select max(n) from b) returning n) insert into a select n + 1000 from gone")).rowCount ?? 0;
      return "pass";
    };
    const dump = await dumpOf(started, orders);
    expect(moved).toBeGreaterThan(2);
    expect(Object.fromEntries(dump.rows)).toEqual({ "public.a": 500, "public.b": 500 });
    expect(readdirSync(dump.folder)).toEqual([dump.takenAt?.toISOString().replaceAll(":", "-")]);
  });

  test("that cannot be written fails, and leaves no files", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query("create table a as select 1 as n");
    started.wire.onStatement = (text) => (text.startsWith("fetch") ? "after" : "pass");
    const dump = await dumpOf(started, orders);
    expect([dump.state, dump.takenAt, readdirSync(started.dumps)]).toEqual(["failed", null, []]);
    started.wire.onStatement = () => "pass";
    expect((await dumpOf(started, orders)).state).toBe("stored");
  });

  test("that is asked for while its database is dropped is not made", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    await orders.transition("deleting");
    const ended: string[] = [];
    started.wire.onStatement = async (text): Promise<Fate> => {
      if (!text.startsWith("drop database")) return "pass";
      const { id } = await orders.dump.start();
      await otherwise(started);
      ended.push(...(await started.pliny.history(id)).map(({ to }) => to ?? ""));
      return "pass";
    };
    await started.drain();
    await orders.reload();
    expect(ended).toEqual(["begin", "panic", "discard", "stop"]);
    expect([orders.state, readdirSync(started.dumps)]).toEqual(["stop", []]);
  });

  test("runs no code of the owner's with the rights of whoever dumps", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query(`
      create type mood as enum ('good');
      create function leak(mood) returns json language plpgsql as $$ begin execute format('alter role %I superuser', session_user); return '"x"'; end $$;
      create function leak_text(mood) returns text language plpgsql as $$ begin raise exception 'called as %', current_user; end $$;
      create cast (mood as json) with function leak (mood); create cast (mood as text) with function leak_text (mood) as implicit;
      create table felt (mood mood); insert into felt values ('good');
      create function peek() returns int language plpgsql as $$ begin raise exception 'called as %', current_user; end $$;
      create table bait (n int)`);
    // A view in the place of a table, between the look and the lock.
    let baited = false;
    started.wire.onStatement = async (text): Promise<Fate> => {
      if (text.startsWith("begin") && !baited) {
        baited = true;
        await mine.query("drop table bait; create view bait as select peek() as n");
      }
      return "pass";
    };
    const run = await orders.dump.start();
    await started.drain();
    const ended = (await orders.dump.history()).find(({ id }) => id === run.id);
    const dump = await ended?.dump?.load();
    // The first try met the view, the second saw that it is no table.
    expect([baited, dump?.state]).toEqual([true, "stored"]);
    expect(linesOf(dump ? filesOf(dump) : [], "felt")).toEqual([{ mood: "good" }]);
    expect(await everythingIn(started.client)).not.toContain("called as");
  });

  test("whose database is deleted while it is written fails, and goes with it", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query("create table a as select generate_series(1, 500) as n");
    await orders.reload();
    let asked = false;
    started.wire.onStatement = async (text): Promise<Fate> => {
      if (!text.startsWith("close") || asked) return "pass";
      asked = true;
      await orders.transition("deleting");
      await otherwise(started);
      expect((await orders.children()).map((child) => (child instanceof Dump ? child.state : ""))).toEqual(["stop"]);
      expect((await onServer(started)).databases).toEqual([orders.role]);
      return "pass";
    };
    await orders.dump.start();
    await started.drain();
    await orders.reload();
    expect([asked, orders.state]).toEqual([true, "stop"]);
    expect(await onServer(started)).toEqual({ roles: [], databases: [] });
    expect(readdirSync(started.dumps)).toEqual([]);
  });
});

describe("what goes wrong for good", () => {
  const postgres = usePostgres(18);

  /** The control plane, as somebody from whom rights can be taken. */
  async function startAsOperator(rights: string): Promise<Started> {
    const client = await postgres.database();
    const { rowCount } = await client.query("select from pg_roles where rolname = 'operator'");
    await client.query(`${rowCount === 0 ? "create" : "alter"} role operator login password 'operator' ${rights}`);
    const started = await start(postgres);
    const url = new URL(started.wire.url);
    [url.username, url.password] = ["operator", "operator"];
    vi.stubEnv("PLINY_POSTGRES", url.href);
    return started;
  }

  test("is cleaned up after, and the next try uses the name and the password that were drawn", async () => {
    const started = await startAsOperator("nosuperuser createrole nocreatedb");
    const orders = await started.create("orders");
    await started.drain();
    await orders.reload();
    expect([orders.state, orders.endpoint]).toEqual(["failed", null]);
    expect(await onServer(started)).toEqual({ roles: [], databases: [] });
    const [role, password] = [orders.role, await passwordOf(orders)];
    await started.client.query("alter role operator superuser");
    await orders.transition("creating");
    await started.drain();
    await orders.reload();
    expect([orders.state, orders.role, await passwordOf(orders)]).toEqual(["online", role, password]);
    await signIn(orders, password);
  });

  test("drops no rows of a database that was handed over, and gives it back its limit", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders", 5);
    const mine = await signIn(orders, await passwordOf(orders));
    await mine.query("create table line as select 1 as n");
    started.wire.onStatement = (text) => (text.includes("connection limit 7") ? "after" : "pass");
    await orders.transition("updating", { connections: 7 });
    await started.drain();
    await orders.reload();
    expect([orders.state, await limitOf(started, orders)]).toEqual(["failed", 5]);
    started.wire.onStatement = (text) => (text.includes("revoke all") ? "before" : "pass");
    await orders.transition("creating");
    await started.drain();
    await orders.reload();
    expect(orders.state).toBe("failed");
    expect((await mine.query("select n from line")).rows).toEqual([{ n: 1 }]);
    started.wire.onStatement = () => "pass";
    await orders.transition("creating");
    await started.drain();
    await orders.reload();
    expect([orders.state, await limitOf(started, orders)]).toEqual(["online", 7]);
  });

  test("tells no password: not in a table, the log, an error or a statement", async () => {
    const started = await start(postgres);
    const orders = await started.provisioned("orders");
    const passwords = [await passwordOf(orders)];
    started.wire.onStatement = (text) => (text.startsWith("alter role") ? "after" : "pass");
    await orders.rotatePassword.start();
    await started.drain();
    const [stuck] = await orders.rotatePassword.running();
    expect(stuck?.state).toBe("panic");
    passwords.push(await stuck?.password?.reveal("to look for it"));
    // It is the role's by now; the run alone knows it, and keeps it.
    await expect(signIn(orders, passwords[0])).rejects.toMatchObject({ code: "28P01" });
    await signIn(orders, passwords[1]);
    const stored = await everythingIn(started.client);
    expect(stored).toContain("Connection terminated");
    for (const password of passwords) {
      expect(password).toHaveLength(32);
      expect(stored).not.toContain(password);
      expect(started.wire.sent()).not.toContain(password);
    }
    expect(started.wire.sent()).toContain("SCRAM-SHA-256$4096:");
  });
});

describe("the server", () => {
  const postgres = usePostgres(18);

  test("is named by PLINY_POSTGRES, or an error says what to set, without what was set", async () => {
    for (const url of ["", "host=here password=hunter2", "http://u:hunter2@here"]) {
      vi.stubEnv("PLINY_POSTGRES", url);
      const error = await query("select 1").catch((thrown: unknown) => String(thrown));
      expect(error).toMatch(/PLINY_POSTGRES .* postgres:\/\/user@host:port\/database/);
      expect(error).not.toContain("hunter2");
    }
    vi.unstubAllEnvs();
  });

  test("keeps no process alive", async () => {
    const url = postgres.urlOf(await postgres.database());
    const program = `
      import { query } from "./specs/server.ts";
      console.log(await query("select 1 as one"));
      const answered = performance.now();
      process.on("exit", () => console.log(performance.now() - answered < 5000));`;
    const said = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      cwd: projectRoot, encoding: "utf8", env: { ...process.env, PLINY_POSTGRES: url }, timeout: 25_000,
    });
    expect(said).toBe("[ { one: 1 } ]\ntrue\n");
  });
});
