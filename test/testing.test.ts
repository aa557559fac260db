// `pliny/testing` as users' tests use it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startTesting, type Testing } from "pliny/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApp, Database, Dump, Team } from "../generated/index.js";
import type { App } from "../runtime/index.js";
import * as database from "../specs/database.handlers.js";
import * as dump from "../specs/dump.handlers.js";
import * as replica from "../specs/replica.handlers.js";
import * as team from "../specs/team.handlers.js";
import { projectRoot } from "./setup/project.js";

const schema = readFileSync(join(projectRoot, "generated/schema.sql"), "utf8");
let testing: Testing;

beforeAll(async () => {
  testing = await startTesting({ schema });
});
afterAll(() => testing.close());

/** The example with a provision that needs no server; `createRole` fails so often before it goes well. */
function appOf(failures: number): App {
  let calls = 0;
  return createApp({
    ...database, ...dump, ...replica, ...team,
    databaseProvision: {
      ...database.databaseProvision,
      createRole: (_, { to }) => ((calls += 1) <= failures ? Promise.reject(new Error("not yet")) : Promise.resolve(to.createDatabase())),
      createDatabase: (_, { to }) => Promise.resolve(to.admit()),
      admit: (_, { to }) => Promise.resolve(to.stop()),
      cleanUp: (_, { to }) => Promise.resolve(to.stop()),
    },
  });
}

test("works until nothing is due; what waits goes on when its time has come", async () => {
  const pliny = await testing.open(appOf(2));
  const parent = await Team.create(pliny, { name: "acme", contact: "a@acme.example" });
  const one = await Database.create(pliny, { name: "orders", region: "eu", parent });
  expect(await pliny.runUntilIdle()).toBe(1);
  expect((await one.provision.running()).map(({ state, attempt }) => [state, attempt])).toEqual([["create_role", 2]]);
  expect(await pliny.runUntilIdle()).toBe(0);
  await pliny.clock.advance(500);
  expect(await pliny.runUntilIdle()).toBe(1);
  expect(await pliny.runUntilIdle()).toBe(0);
  await pliny.clock.advance(1_000);
  expect(await pliny.runUntilIdle()).toBe(1);
  await one.reload();
  expect(one.state).toBe("online");
  expect(await (await one.parent.load()).contact.reveal("a test")).toBe("a@acme.example");
  await pliny.close();
});

test("a resource whose time in a state is over goes where the spec says", async () => {
  const pliny = await testing.open(appOf(0));
  const parent = await Team.create(pliny, { name: "acme", contact: "a@acme.example" });
  const one = await Database.create(pliny, { name: "orders", region: "eu", parent });
  await pliny.runUntilIdle();
  await one.reload();
  const made = await Dump.create(pliny, { folder: "/nowhere", parent: one });
  await pliny.clock.advance(3 * 3_600_000 - 60_000);
  await pliny.runUntilIdle();
  await made.reload();
  expect(made.state).toBe("writing");
  await pliny.clock.advance(120_000);
  await pliny.runUntilIdle();
  await made.reload();
  expect(made.state).toBe("failed");
});

test("each has a database of its own, side by side; all is gone once it is closed", async () => {
  const [one, two] = await Promise.all([testing.open(appOf(0)), testing.open(appOf(0))]);
  await Team.create(one, { name: "acme", contact: "a@acme.example" });
  await Team.create(two, { name: "acme", contact: "a@acme.example" });
  expect(new URL(one.url).pathname).not.toBe(new URL(two.url).pathname);
  const other = await startTesting({ schema, postgres: one.url });
  const third = await other.open(appOf(0));
  await Team.create(third, { name: "acme", contact: "a@acme.example" });
  const { rows: before } = await databasesOf(one.url);
  await other.close();
  const { rows: after } = await databasesOf(one.url);
  // It and its template.
  expect(before.length - after.length).toBe(2);
  await expect(Team.create(third, { name: "other", contact: "a@acme.example" })).rejects.toThrow("pool");
});

async function databasesOf(url: string): Promise<{ readonly rows: readonly object[] }> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url });
  await client.connect();
  const found = await client.query<object>("select datname from pg_database where datname like 'pliny\\_test%'");
  await client.end();
  return found;
}

test("its server leaves nothing behind", async () => {
  const own = await startTesting({ schema });
  const pliny = await own.open(appOf(0));
  const { Client } = await import("pg");
  const client = new Client({ connectionString: pliny.url });
  await client.connect();
  const { rows: [row] } = await client.query<{ readonly folder: string; readonly fsync: string }>("select current_setting('data_directory') as folder, current_setting('fsync') as fsync");
  await client.end();
  expect(row?.fsync).toBe("off");
  expect(existsSync(row?.folder ?? "")).toBe(true);
  await own.close();
  expect(existsSync(row?.folder ?? "none")).toBe(false);
});
