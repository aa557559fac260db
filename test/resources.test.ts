// Resources on a real Postgres: made, read, saved and referred to, by one release and by two.

import { setTimeout } from "node:timers/promises";
import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { Database, Replica, Team, type TeamCreate } from "../generated/index.js";
import { Conflict, Desynchronized, Invalid, NewerShape, NotFound } from "../runtime/errors.js";
import type { Connection, Store } from "../runtime/store/connection.js";
import { readResources } from "../runtime/store/postgres.js";
import { app } from "../specs/app.js";
import { usePostgres } from "./postgres.js";
import { makeTables, open, type Opened } from "./setup/store.js";

const postgres = usePostgres(18);
const acme: TeamCreate = { name: "acme", contact: "ada@acme.example" };

async function start(): Promise<Opened & { readonly client: Client; readonly url: string }> {
  const client = await postgres.copyOf(makeTables);
  const url = postgres.urlOf(client);
  return { ...(await open(app, url)), client, url };
}

/** Counts the statements that name a table. */
function counted(store: Store, part: string): { readonly count: () => number } {
  let count = 0;
  const { query } = store;
  Object.assign(store, {
    query: (text: string, values: readonly unknown[]) => {
      if (text.includes(part)) count += 1;
      return query(text, values);
    },
  });
  return { count: () => count };
}

describe("made and read", () => {
  test("with defaults, its parent and its type; and read again by its id", async () => {
    const { pliny } = await start();
    const team = await Team.create(pliny, acme);
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: team, labels: new Map([["tier", "1"]]) });
    const read = await Database.get(pliny, database.id);
    expect(read).toMatchObject({ id: database.id, type: "database", state: "creating", step: 1n, name: "orders", plan: "hobby", connections: 10, password: null });
    expect(read.labels).toEqual(new Map([["tier", "1"]]));
    expect(read.parent.id).toBe(team.id);
    expect(await read.parent.load()).toMatchObject({ name: "acme" });
    expect(read.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
    await expect(Team.get(pliny, database.id)).rejects.toThrow(NotFound);
    await expect(Database.get(pliny, team.id)).rejects.toThrow(`There is no database ${team.id}, or it is gone.`);
  });

  test("a subtype is read through its base, as what it is; a base is no subtype", async () => {
    const { pliny } = await start();
    const team = await Team.create(pliny, acme);
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: team });
    const replica = await Replica.create(pliny, { name: "copy", region: "eu", parent: team, primary: database });
    expect(await Database.get(pliny, replica.id)).toBeInstanceOf(Replica);
    expect(await replica.primary.load()).toMatchObject({ name: "orders" });
    await expect(Replica.get(pliny, database.id)).rejects.toThrow(NotFound);
  });

  test("twice with the same id is once", async () => {
    const { pliny, client } = await start();
    const id = "0190b1a5-7a3e-7cc0-8000-000000000001";
    await Team.create(pliny, acme, { id });
    expect(await Team.create(pliny, acme, { id })).toMatchObject({ id, name: "acme" });
    expect((await client.query("select from app.team")).rowCount).toBe(1);
  });

  test("what must be unique and is not is a conflict; a parent that is gone is not found", async () => {
    const { pliny } = await start();
    await Team.create(pliny, acme);
    await expect(Team.create(pliny, acme)).rejects.toThrow(Conflict);
    const gone = Object.assign(Object.create(Team.prototype) as Team, {});
    Object.defineProperty(gone, "id", { value: "0190b1a5-7a3e-7cc0-8000-00000000dead" });
    await expect(Database.create(pliny, { name: "orders", region: "eu", parent: gone })).rejects.toThrow(NotFound);
  });

  test("everything that is wrong is said at once, by the stored names, with what it got", async () => {
    const { pliny, client } = await start();
    const team = await Team.create(pliny, acme);
    const refused = Database.create(pliny, {
      name: "X", region: "eu", parent: team, connections: 9999, labels: new Map([["a", "b".repeat(70)]]), plan: "gold" as "hobby",
    }).catch((error: unknown) => error);
    const error = await refused;
    expect(error).toBeInstanceOf(Invalid);
    expect(String(error)).toBe([
      "Invalid: A database cannot be made of what was given:",
      '  /name: expected at least 2 characters, got "X"',
      '  /name: expected text that matches /^[a-z][a-z0-9-]*$/u, got "X"',
      '  /plan: expected one of "hobby", "standard", "premium", got "gold"',
      "  /connections: expected at most 500, got 9999",
      `  /labels/a: expected at most 63 characters, got "${"b".repeat(40)}…"`,
    ].join("\n"));
    expect((await client.query("select from app.database")).rowCount).toBe(0);
  });
});

describe("saved", () => {
  test("what was set, under compare-and-set; nothing where nothing changed", async () => {
    const { pliny, client } = await start();
    const team = await Team.create(pliny, acme);
    const other = await Team.get(pliny, team.id);
    team.limit = 7;
    await team.save();
    expect(await Team.get(pliny, team.id)).toMatchObject({ limit: 7 });
    const before = (await client.query("select nonce, xmin from app.team")).rows;
    team.limit = 7;
    await team.save();
    expect((await client.query("select nonce, xmin from app.team")).rows).toEqual(before);
    other.limit = 8;
    await expect(other.save()).rejects.toThrow(Desynchronized);
    await other.reload();
    expect(other.limit).toBe(7);
    other.limit = 8;
    await other.save();
    await client.query("delete from app.team");
    other.limit = 9;
    await expect(other.save()).rejects.toThrow(NotFound);
  });

  test("what is set while a save is under way is for the next", async () => {
    const { pliny } = await start();
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: await Team.create(pliny, acme) });
    database.connections = 20;
    const saved = database.save();
    database.connections = 30;
    await saved;
    expect([(await Database.get(pliny, database.id)).connections, database.connections]).toEqual([20, 30]);
    await database.save();
    expect((await Database.get(pliny, database.id)).connections).toBe(30);
  });

  test("what is immutable stays, and may be filled in once", async () => {
    const { pliny } = await start();
    const team = await Team.create(pliny, acme);
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: team });
    await database.save({ role: "orders_1" });
    const again = await Database.get(pliny, database.id);
    await expect(again.save({ role: "other" })).rejects.toThrow("/role: expected what it was set to first, for it is immutable");
    await expect(again.save({ role: null })).rejects.toThrow("/role: expected what it was set to first");
    await again.save({ role: "orders_1" });
  });

  test("an older shape is written up; members that nobody knows stay where they are", async () => {
    const { pliny, client } = await start();
    const team = await Team.create(pliny, acme);
    const { id } = await Database.create(pliny, { name: "orders", region: "eu", parent: team });
    const stored = { __v: 2, name: "orders", region: "eu", plan: "std", host: "db.internal", port: 5433, labels: { Dict: {} }, later: { Time: "x" } };
    await client.query("update app.database set json_attrs = $1", [stored]);
    const database = await Database.get(pliny, id);
    expect(database).toMatchObject({ endpoint: "postgres://db.internal:5433/orders", plan: "standard", lostFound: { later: { Time: "x" } } });
    database.connections = 20;
    await database.save();
    expect((await client.query("select json_attrs from app.database")).rows[0]).toEqual({
      json_attrs: {
        __v: 3, name: "orders", region: "eu", plan: "standard", endpoint: "postgres://db.internal:5433/orders", labels: { Dict: {} },
        connections: 20, later: { Time: "x" },
      },
    });
  });

  test("what a newer release knows of a value that is not set stays in it; where it is set, it goes with the old value", async () => {
    const { pliny, client } = await start();
    const team = await Team.create(pliny, acme);
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: team, maintenance: { day: "mon", from: "03:00", length: 3_600_000 } });
    await client.query(`update app.database set json_attrs = jsonb_set(json_attrs, '{maintenance,zone}', '"UTC"')`);
    const read = await Database.get(pliny, database.id);
    await read.save({ connections: 20 });
    expect((await client.query("select json_attrs -> 'maintenance' ->> 'zone' as zone from app.database")).rows).toEqual([{ zone: "UTC" }]);
    await read.save({ maintenance: { day: "tue", from: "03:00", length: 3_600_000 } });
    expect((await client.query("select json_attrs -> 'maintenance' as window from app.database")).rows).toEqual([{ window: { day: "tue", from: "03:00", length: { Dur: "PT3600S" } } }]);
  });

  test("a newer shape is read, and not saved", async () => {
    const { pliny, client, resources, store } = await start();
    const team = await Team.create(pliny, acme);
    await client.query(`update app.team set json_attrs = jsonb_set(json_attrs, '{__v}', '9') || '{"motto": "more"}'`);
    const newer = await Team.get(pliny, team.id);
    expect(newer).toMatchObject({ name: "acme", lostFound: { motto: "more" } });
    expect(() => { newer.limit = 3; }).toThrow(NewerShape);
    await expect(newer.save({ limit: 3 })).rejects.toThrow(NewerShape);
    const [record] = await readResources(store, "team", [team.id]);
    expect(record && (await resources.rewrite(record))).toBe(true);
    expect((await client.query("select json_attrs ->> 'motto' as motto from app.team")).rows).toEqual([{ motto: "more" }]);
  });
});

describe("moved", () => {
  const begin = async (): Promise<Awaited<ReturnType<typeof start>> & { readonly team: Team; readonly database: Database }> => {
    const begun = await start();
    const team = await Team.create(begun.pliny, acme, { why: "they signed" });
    return { ...begun, team, database: await Database.create(begun.pliny, { name: "orders", region: "eu", parent: team }) };
  };

  test("by a legal move, with what was set, once; its history says who, when and why", async () => {
    const { pliny, team } = await begin();
    const other = await Team.get(pliny, team.id);
    team.limit = 3;
    await team.transition("suspended", { members: new Set() }, "the bill bounced");
    expect(team).toMatchObject({ state: "suspended", step: 2n, limit: 3 });
    expect(await Team.get(pliny, team.id)).toMatchObject({ state: "suspended", step: 2n, limit: 3 });
    await expect(other.transition("suspended")).rejects.toThrow(Desynchronized);
    await team.save({ limit: 4 });
    await team.transition("active");
    expect((await team.history()).map(({ at, ...move }) => ({ ...move, at: at.getTime() > Date.now() - 60_000 }))).toEqual([
      { step: 1n, to: "active", by: "test", note: "they signed", at: true },
      { step: 2n, to: "suspended", by: "test", note: "the bill bounced", at: true },
      { step: 2n, to: null, by: "test", note: null, at: true },
      { step: 3n, to: "active", by: "test", note: null, at: true },
    ]);
  });

  test("by no other: neither by the types, nor here, nor by the database", async () => {
    const { client, pliny, database, team } = await begin();
    await expect(database.transition("updating")).rejects.toThrow(`database ${database.id} does not go from creating to updating. From creating it may go to deleting, panic, stop.`);
    // @ts-expect-error It is no state of a team.
    await expect(team.transition("online")).rejects.toThrow("team");
    await expect(client.query("update app.database set state = 'updating'")).rejects.toThrow("A database does not go from creating to updating.");
    await client.query("update app.team set state = '__panic__', nonce = 9");
    const panicked = await Team.get(pliny, team.id);
    expect(panicked.state).toBe("panic");
    await panicked.transition("suspended", {}, "a person looked");
    await client.query("update app.database set state = '__stop__', nonce = 9");
    await expect((await Database.get(pliny, database.id)).transition("deleting")).rejects.toThrow("From stop it may go to nowhere: it has stopped.");
  });

  test("a state that was replaced reads as the one in its place; a newer shape may be moved, and stays as it is", async () => {
    const { client, pliny, team } = await begin();
    await client.query(`update app.team set json_attrs = json_attrs || '{"__v": 9, "motto": "more"}', nonce = 9`);
    const newer = await Team.get(pliny, team.id);
    await newer.transition("suspended");
    expect((await client.query("select state, json_attrs ->> 'motto' as motto, json_attrs ->> '__v' as v, vault_keys from app.team")).rows).toEqual([{ state: "suspended", motto: "more", v: "9", vault_keys: [-1, 1] }]);
    await expect(newer.transition("active", { limit: 1 })).rejects.toThrow(NewerShape);
  });

  test("stopped, once all that belongs to it has, and then nothing is made under it", async () => {
    const { pliny, team, database } = await begin();
    await expect(team.stop()).rejects.toThrow(`team ${team.id} has children that have not stopped.`);
    expect((await team.children()).map((child) => (child instanceof Database ? child.id : child))).toEqual([database.id]);
    await database.stop({ why: "no longer needed" });
    expect(database.state).toBe("stop");
    await team.stop();
    expect((await database.history()).at(-1)).toMatchObject({ step: 2n, to: "stop", note: "no longer needed" });
    await expect(Database.create(pliny, { name: "late", region: "eu", parent: team })).rejects.toThrow(NotFound);
  });

  test("in a transaction of the caller's it happens with it, or not at all", async () => {
    const { client, pliny, team } = await begin();
    await client.query("begin");
    await team.transition("suspended", {}, "", { transaction: client });
    expect(await Team.get(pliny, team.id)).toMatchObject({ state: "active" });
    await client.query("rollback");
    await team.reload();
    expect(team).toMatchObject({ state: "active", step: 1n });
    await client.query("begin");
    await team.save({ limit: 2 }, { transaction: client });
    await client.query("commit");
    expect(await Team.get(pliny, team.id)).toMatchObject({ limit: 2 });
  });

  test("when the connection goes before the answer comes, what was made is made once, and what Postgres has in hand still is waited for", async () => {
    const { pliny, store, client } = await start();
    // The first write makes the partitions.
    await Team.create(pliny, { ...acme, name: "first" });
    const { transaction, query } = store;
    const lost = (): Error => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    let [creates, saves] = [0, 0];
    Object.assign(store, { transaction: async <T>(work: (on: Connection) => Promise<T>) => {
      const made = await transaction(work);
      if ((creates += 1) === 1) throw lost();
      return made;
    } });
    const team = await Team.create(pliny, acme);
    expect((await client.query("select id from app.team where json_attrs ->> 'name' = 'acme'")).rows).toEqual([{ id: team.id }]);

    await client.query("begin; select from app.team for update");
    Object.assign(store, { query: async (text: string, values: readonly unknown[]) => {
      const answer = query(text, values);
      if (!text.includes("update app") || (saves += 1) > 1) return answer;
      await setTimeout(200);
      void setTimeout(200).then(() => client.query("commit"));
      throw lost();
    } });
    team.contact = "grace@acme.example";
    await team.save();
    expect((await pliny.history(team.id)).map(({ to }) => to)).toEqual(["active", null]);
    expect([creates, saves]).toEqual([2, 2]);
  });

  test("when the connection goes before the answer comes, the log tells that it happened", async () => {
    const { store, pliny, team } = await begin();
    const { transaction } = store;
    let cut = 0;
    const failing: Store["transaction"] = async (work) => {
      const made = await transaction(work);
      if ((cut += 1) > 1) return made;
      throw new Error("Connection terminated unexpectedly");
    };
    Object.assign(store, { transaction: failing });
    await team.transition("suspended");
    expect([cut, team.state, (await Team.get(pliny, team.id)).step]).toEqual([2, "suspended", 2n]);
  });
});

describe("references", () => {
  test("of a page are loaded by one query a family, in any order and one after the other", async () => {
    const { pliny, resources, store } = await start();
    const teams = await Promise.all(["a", "b", "c"].map((name) => Team.create(pliny, { ...acme, name: `team-${name}` })));
    const databases = await Promise.all(teams.map((team) => Database.create(pliny, { name: "orders", region: "eu", parent: team })));
    const replicas = await Promise.all(databases.map((primary, index) =>
      Replica.create(pliny, { name: `copy-${index}`, region: "eu", primary, parent: teams[0] ?? expect.fail() })));
    const page = await resources.readPage(await readResources(store, "database", replicas.map(({ id }) => id)));
    const reads = counted(store, "app.");
    const names: string[] = [];
    for (const replica of page) {
      if (!(replica instanceof Replica)) return expect.fail("no replica");
      names.push((await replica.primary.load()).name, (await replica.parent.load()).name);
    }
    expect(names).toEqual(["orders", "team-a", "orders", "team-a", "orders", "team-a"]);
    expect(reads.count()).toBe(2);
  });

  test("to what is gone say so, and to what refers back go round", async () => {
    const { pliny, client } = await start();
    const team = await Team.create(pliny, acme);
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: team });
    const replica = await Replica.create(pliny, { name: "copy", region: "eu", parent: team, primary: database });
    const around = await (await (await Replica.get(pliny, replica.id)).primary.load()).parent.load();
    expect(around.id).toBe(team.id);
    await client.query("update app.database set json_attrs = jsonb_set(json_attrs, '{primary}', json_attrs -> 'primary') where id = $1", [replica.id]);
    await client.query("delete from app.database where id = $1", [database.id]);
    await expect((await Replica.get(pliny, replica.id)).primary.load()).rejects.toThrow(`There is no database ${database.id}, or it is gone.`);
  });

  test("to a row that does not decode say why, and are no harm to others", async () => {
    const { pliny, client, resources, store } = await start();
    const team = await Team.create(pliny, acme);
    const databases = await Promise.all(["a-db", "b-db"].map((name) => Database.create(pliny, { name, region: "eu", parent: team })));
    const replicas = await Promise.all(databases.map((primary, at) => Replica.create(pliny, { name: `copy-${at}`, region: "eu", parent: team, primary })));
    await client.query(`update app.database set json_attrs = jsonb_set(json_attrs, '{connections}', '"many"') where id = $1`, [databases[0]?.id]);
    const before = (await client.query("select json_attrs from app.database order by id")).rows;
    const [broken, whole] = await resources.readPage(await readResources(store, "database", replicas.map(({ id }) => id)).then((rows) => rows.toSorted((left, right) => (left.id < right.id ? -1 : 1))));
    if (!(broken instanceof Replica && whole instanceof Replica)) return expect.fail("no replicas");
    await expect(broken.primary.load()).rejects.toThrow(`database ${databases[0]?.id} cannot be read: /connections: expected an integer`);
    expect((await whole.primary.load()).name).toBe("b-db");
    await expect(Database.get(pliny, databases[0]?.id ?? "")).rejects.toThrow("/connections: expected an integer");
    expect((await client.query("select json_attrs from app.database order by id")).rows).toEqual(before);
  });

  test("a row of a type that this release does not know is told, and read by nobody as another", async () => {
    const { pliny, client, resources, store } = await start();
    const team = await Team.create(pliny, acme);
    await client.query(`insert into pliny.move values ('mirror', '__new__', 'on')`);
    const id = "0190b1a5-7a3e-7cc0-8000-00000000beef";
    await client.query(`insert into app.database (id, type, state, nonce, root_id, parent_id, json_attrs) values ($1, 'mirror', 'on', 1, $2, $2, '{"__v": 1}')`, [id, team.id]);
    await expect(Database.get(pliny, id)).rejects.toThrow("This release knows no resource 'mirror'.");
    expect((await resources.readPage(await readResources(store, "database", [id])))[0]).toMatchObject({ name: "PlinyError", code: "POISON" });
  });

  test("to itself, and to a type that this release does not know", async () => {
    const { pliny, client } = await start();
    const team = await Team.create(pliny, acme);
    const replica = await Replica.create(pliny, { name: "copy", region: "eu", parent: team, primary: await Database.create(pliny, { name: "orders", region: "eu", parent: team }) });
    const point = async (tag: string): Promise<void> => {
      await client.query(`update app.database set json_attrs = jsonb_set(json_attrs, '{primary}', $2) where id = $1`, [replica.id, { Resource: [tag, replica.id] }]);
    };
    await point("replica");
    const self = await Replica.get(pliny, replica.id);
    expect((await self.primary.load()).id).toBe(replica.id);
    await point("warehouse");
    await expect((await Replica.get(pliny, replica.id)).primary.load()).rejects.toThrow("This release knows no type 'warehouse'.");
  });
});
