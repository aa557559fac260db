// `connect` on real databases: empty ones, those that it made before, those that others made, and those that it cannot use.

import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createApp, Database, Team } from "../generated/index.js";
import { type App, connect, type ConnectedPliny, type ConnectOptions, PlinyError, type ResourceCode, type TaskCode } from "../runtime/index.js";
import { createRegistry } from "../runtime/machine/registry.js";
import { movesOf } from "../runtime/migrate/release.js";
import { steps } from "../runtime/migrate/steps.js";
import { app } from "../specs/app.js";
import { casesFolder, goldenCases } from "./setup/cases.js";
import { postgresVersions, usePostgres } from "./postgres.js";
import { projectRoot } from "./setup/project.js";
import { keyText } from "./setup/store.js";

const schema = readFileSync(join(projectRoot, "generated/schema.sql"), "utf8");
const keyring = JSON.stringify({ 1: { alg: "a256gcm-hkdf", key: keyText(1), state: "primary" } });
const indexKeyring = JSON.stringify({ 1: { alg: "hmac-sha256", key: keyText(2), state: "primary" } });

/** A connection that ends with the test. */
async function open(options: Partial<ConnectOptions>): Promise<ConnectedPliny> {
  const pliny = await connect({ app, ...options });
  onTestFinished(() => pliny.close());
  return pliny;
}

async function refusal(options: Partial<ConnectOptions>): Promise<PlinyError> {
  const error: unknown = await connect({ app, ...options }).then((pliny) => pliny.close().then(() => expect.fail("It connected.")), (thrown: unknown) => thrown);
  return error instanceof PlinyError ? error : expect.fail(String(error));
}

/** One that the server's own user may pass through. */
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pliny-connect-"));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function rowsOf(client: Client, text: string): Promise<readonly unknown[]> {
  return (await client.query<Record<string, unknown>>(text)).rows.map((row) => Object.values(row)[0]);
}

describe.each(postgresVersions)("on Postgres %s", (version) => {
  const postgres = usePostgres(version);

  test("an empty database is given the tables of the runtime and of the app; the next one finds them, and needs no schema", async () => {
    const client = await postgres.database();
    const url = postgres.urlOf(client);
    const first = await open({ postgres: url, schema, keyring, indexKeyring });
    expect(first.url).toBe(url);
    const { id } = await Team.create(first, { name: "acme", contact: "a@acme.example" });
    const second = await open({ postgres: url, keyring, indexKeyring });
    expect((await Team.get(second, id)).name).toBe("acme");
    expect(await rowsOf(client, "select number from pliny.migration order by 1")).toEqual(steps.map(({ number }) => number));
    expect(await rowsOf(client, "select types -> 'resource database' -> 'version' from pliny.release")).toEqual([3]);
    expect(await rowsOf(client, "select count(*)::int from pg_inherits where inhparent in ('pliny.log'::regclass, 'pliny.transition'::regclass)")).toEqual([10]);
  });

  test("any number of processes may come at once to an empty database", async () => {
    const client = await postgres.database();
    const all = await Promise.all(Array.from({ length: 6 }, () => open({ postgres: postgres.urlOf(client), schema, connections: 2 })));
    expect(all).toHaveLength(6);
    expect(await rowsOf(client, "select count(*)::int from pliny.release")).toEqual([1]);
    expect(await rowsOf(client, "select number from pliny.migration order by 1")).toEqual(steps.map(({ number }) => number));
  });

  test("tables that psql made of generated/schema.sql are taken for what they are", async () => {
    const client = await postgres.database();
    const empty = await refusal({ postgres: postgres.urlOf(client) });
    expect(empty).toMatchObject({ code: "TABLES", message: expect.stringContaining("Give connect the text of generated/schema.sql as `schema`") });
    await client.query(schema);
    await open({ postgres: postgres.urlOf(client) });
    expect(await rowsOf(client, "select count(*)::int from pliny.release")).toEqual([1]);
  });
});

const postgres = usePostgres(18);

/** A database that this app made. */
async function made(): Promise<{ readonly client: Client; readonly url: string }> {
  const client = await postgres.database();
  const url = postgres.urlOf(client);
  await (await connect({ app, postgres: url, schema })).close();
  return { client, url };
}

/** The app with other types: of resources and tasks by name. */
function changed(change: { readonly resources?: (code: ResourceCode) => readonly ResourceCode[]; readonly tasks?: (code: TaskCode) => readonly TaskCode[] }): App {
  return { ...app, resources: app.resources.flatMap(change.resources ?? ((code) => [code])), tasks: app.tasks.flatMap(change.tasks ?? ((code) => [code])) };
}

function withDatabase(type: Partial<ResourceCode["type"]>): App {
  return changed({ resources: (code) => [code.type.name === "database" ? { ...code, type: { ...code.type, ...type } } : code] });
}

const databaseStates = app.resources.find(({ type }) => type.name === "database")?.type.states ?? {};

describe("a database that other specs made is refused, and told what differs:", () => {
  const ofDump = (name: string): boolean => name === "dump" || name.startsWith("dump.");
  test.each<[string, App, readonly string[]]>([
    [
      "a resource and its tasks",
      changed({ resources: (code) => (ofDump(code.type.name) ? [] : [code]), tasks: (code) => (ofDump(code.type.name) ? [] : [code]) }),
      ["resource dump is gone", "task dump.erase is gone"],
    ],
    [
      "a state and its moves",
      withDatabase({ states: { ...databaseStates, frozen: { to: ["online"] } } }),
      ["resource database, move frozen → online is new", "resource database, state frozen is new"],
    ],
    ["a move", withDatabase({ states: { ...databaseStates, online: { to: ["updating"] } } }), ["resource database, move online → deleting is gone"]],
    ["a version", withDatabase({ version: 4 }), ["resource database, version: was 3, is 4", "resource database, written version: was 3, is 4"]],
    ["an index", withDatabase({ indexes: [["region"]] }), ["resource database, index plan, state is gone"]],
    ["what is unique", withDatabase({ unique: [["name"]] }), ["resource database, unique parent, name is gone", "resource database, unique name is new"]],
    ["own keys", withDatabase({ ownKey: true }), ["resource database, own_key: was false, is true"]],
  ])("%s", async (_, other, lines) => {
    const { client, url } = await made();
    const { code, message } = await refusal({ app: other, postgres: url, schema });
    expect(code).toBe("OTHER_SPECS");
    expect(message.split("\n")).toEqual([
      "This database was made from other specs than this app:",
      ...lines.map((line) => `  ${line}`),
      "Nothing in it was touched. Run the app with the specs that made it, or give these a database of their own",
    ]);
    expect(await rowsOf(client, "select count(*)::int from pliny.release")).toEqual([1]);
  });

  test("and of much that differs the first few, and how many more", async () => {
    const { url } = await made();
    const { message } = await refusal({ app: { ...app, resources: [], tasks: [] }, postgres: url });
    expect(message.split("\n")).toHaveLength(11);
    expect(message).toMatch(/\n {2}and 5 more\n/);
  });

  test("while other handlers, lanes and breakers are no other specs", async () => {
    const { url } = await made();
    const other = createApp(new Proxy(Object.create(null), { get: () => ({}) }));
    await open({ app: { ...other, lanes: {}, breakers: {} }, postgres: url });
  });
});

describe("a database that is not this app's is refused, and stays as it was:", () => {
  test("tables that psql made of other specs", async () => {
    const client = await postgres.database();
    await refusal({ postgres: postgres.urlOf(client) });
    await client.query(schema);
    await client.query(`delete from pliny.move where type = 'dump' and "from" = 'failed'; insert into pliny.move values ('dump', 'stored', 'writing')`);
    const { code, message } = await refusal({ postgres: postgres.urlOf(client), schema });
    expect(code).toBe("OTHER_SPECS");
    expect(message).toContain("dump, move stored → writing is gone\n  dump, move failed → erasing is new");
    expect(await rowsOf(client, "select count(*)::int from pliny.release")).toEqual([0]);
  });

  test("a table of the same name in schema app", async () => {
    const client = await postgres.database();
    await client.query("create schema app; create table app.team as select 1 as id");
    const { code, message } = await refusal({ postgres: postgres.urlOf(client), schema });
    expect([code, message]).toEqual(["TABLES", expect.stringContaining('app."team" in this database is not of pliny\'s making, and was not touched')]);
    expect(await rowsOf(client, "select tablename::text from pg_tables where schemaname = 'app'")).toEqual(["team"]);
  });

  test("some of the app's tables, and not all", async () => {
    const client = await postgres.database();
    await refusal({ postgres: postgres.urlOf(client) });
    await client.query(schema);
    await client.query("drop table app.dump");
    expect((await refusal({ postgres: postgres.urlOf(client), schema })).message).toContain('The database has no app."dump"');
  });

  test.each([["empty", "create schema pliny"], ["of the same names", "create schema pliny; create table pliny.migration (number text); create table pliny.move (a int)"]])(
    "a schema pliny that is another's, %s",
    async (_, sql) => {
      const client = await postgres.database();
      await client.query(sql);
      const { code, message } = await refusal({ postgres: postgres.urlOf(client), schema });
      expect([code, message]).toEqual(["TABLES", expect.stringContaining("has a schema pliny that the runtime's numbered steps did not make, and nothing in it was touched")]);
    },
  );

  test("one that a newer pliny works on", async () => {
    const { client, url } = await made();
    await client.query("insert into pliny.migration (number, name) values (99, 'tomorrow')");
    expect(await refusal({ postgres: url })).toMatchObject({ code: "NEWER", message: expect.stringContaining("it has made 99 numbered steps, and this one knows") });
  });

  test.each([
    ["other specs", readFileSync(join(casesFolder, "versions/expected/schema.sql"), "utf8"), "TABLES", 'The database has no app."database"'],
    ["no specs", "create table app.team (", "SCHEMA", "What `schema` says is not applied: "],
  ])("a schema of %s leaves nothing behind", async (_, text, code, said) => {
    const client = await postgres.database();
    expect(await refusal({ postgres: postgres.urlOf(client), schema: text })).toMatchObject({ code, message: expect.stringContaining(said) });
    expect(await rowsOf(client, "select count(*)::int from pg_tables where schemaname = 'app'")).toEqual([0]);
    await open({ postgres: postgres.urlOf(client), schema });
  });
});

describe("a database that cannot be used is told, with what to do and without the password:", () => {
  const secret = "hunter2-9c41";

  test("nobody there, another password, no such database, no such host, no address", async () => {
    const url = new URL(postgres.urlOf(await postgres.database()));
    const to = (changes: Partial<URL>): string => Object.assign(new URL(url), { password: secret, ...changes }).href;
    const said = [
      [to({ port: "1" }), "nothing answers at that host and port"],
      [to({}), "password authentication failed"],
      [Object.assign(new URL(url), { pathname: "/nowhere" }).href, 'database "nowhere" does not exist'],
      [to({ hostname: "nowhere.invalid" }), "there is no such host"],
      [`postgres//x:${secret}@y`, "is no address as postgres://user@host:port/database"],
      [`postgres://x:${secret}@[y/z`, "is no address as postgres://user@host:port/database"],
    ] as const;
    for (const [at, words] of said) {
      const error = await refusal({ postgres: at });
      expect(error).toMatchObject({ code: "POSTGRES", message: expect.stringContaining(words) });
      expect(`${error.message} ${error.stack ?? ""} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(secret);
    }
  });

  test("one that takes no writes", async () => {
    const { client, url } = await made();
    await client.query(`alter database ${client.database ?? ""} set default_transaction_read_only = on`);
    expect(await refusal({ postgres: url })).toMatchObject({ code: "POSTGRES", message: expect.stringContaining("takes no writes, as default_transaction_read_only is on") });
  });

  test("one that follows another", async () => {
    const folder = join(newFolder(), "postgres");
    await (await connect({ app, folder, schema })).close();
    const signal = join(folder, "data/standby.signal");
    writeFileSync(signal, "");
    const { uid, gid } = statSync(join(folder, "data"));
    chownSync(signal, uid, gid);
    expect(await refusal({ folder })).toMatchObject({ code: "POSTGRES", message: expect.stringContaining("follows another and takes no writes. Connect to the primary") });
    expect(existsSync(join(folder, "data/postmaster.pid"))).toBe(false);
  });

  test("a role that may make no tables", async () => {
    const client = await postgres.database();
    const role = `reader_${client.database ?? ""}`;
    await client.query(`create role ${role} login password '${secret}'`);
    const url = Object.assign(new URL(postgres.urlOf(client)), { username: role, password: secret }).href;
    const error = await refusal({ postgres: url, schema });
    expect(error).toMatchObject({ code: "POSTGRES", message: expect.stringContaining("Postgres does not permit it") });
    expect(error.message).not.toContain(secret);
  });
});

describe("a connection", () => {
  test("without a keyring saves no secret; with another key than before it is not opened", async () => {
    const { url } = await made();
    const without = await open({ postgres: url });
    await expect(Team.create(without, { name: "acme", contact: "a@acme.example" })).rejects.toThrow("/contact: expected a keyring");
    await Team.create(await open({ postgres: url, keyring, indexKeyring }), { name: "acme", contact: "a@acme.example" });
    const other = JSON.stringify({ 1: { alg: "a256gcm-hkdf", key: keyText(9), state: "primary" } });
    expect(await refusal({ postgres: url, keyring: other })).toMatchObject({ code: "KEYRING" });
    expect(await refusal({ postgres: url, keyring: "{" })).toMatchObject({ code: "KEYRING" });
  });

  test("writes notices under its actor, starts workers, and says of datasets that they are not asked yet", async () => {
    const { client, url } = await made();
    const pliny = await open({ postgres: url, keyring, indexKeyring, actor: "tester" });
    const team = await Team.create(pliny, { name: "acme", contact: "a@acme.example" });
    const run = await team.rotatePasswords.start();
    await run.notice("halfway");
    expect((await client.query("select id, actor, message from pliny.log where kind = 'notice'")).rows).toEqual([{ id: run.id, actor: "tester", message: "halfway" }]);
    const worker = await pliny.startWorker({ slots: 1 });
    expect(await rowsOf(client, "select id::text from pliny.worker")).toEqual([worker.id]);
    await worker.stop();
    await expect(Database.where(pliny).count()).rejects.toMatchObject({ code: "NOT_IMPLEMENTED", message: expect.stringContaining("Datasets cannot be asked yet") });
    expect(() => Database.where(pliny).resize.start()).toThrow("Datasets cannot be asked yet");
  });

  test("without an address has a Postgres of its own, which it stops", async () => {
    const folder = newFolder();
    const pliny = await connect({ app, folder: join(folder, "postgres"), schema, keyring, indexKeyring });
    expect(new URL(pliny.url).hostname).toBe("127.0.0.1");
    const { id } = await Team.create(pliny, { name: "acme", contact: "a@acme.example" });
    await Promise.all([pliny.close(), pliny.close()]);
    expect(existsSync(join(folder, "postgres/data/postmaster.pid"))).toBe(false);
    const again = await open({ folder: join(folder, "postgres"), keyring, indexKeyring });
    expect((await Team.get(again, id)).name).toBe("acme");
  });
});

describe("the moves of an app are those of its schema.sql:", () => {
  const projects = [{ name: "the example", code: join(projectRoot, "generated") }, ...goldenCases.map(({ name, folder }) => ({ name, code: join(folder, "expected") }))];
  test.each(projects.filter(({ code }) => existsSync(join(code, "index.ts"))))("$name", async ({ code }) => {
    const { createApp: create }: { createApp: (written: object) => App } = await import(join(code, "index.ts"));
    const rows = [...readFileSync(join(code, "schema.sql"), "utf8").matchAll(/^ {2}\('(.+)', '(.+)', '(.+)'\),?$/gm)].map(([, ...row]) => row.join(" "));
    const stored = (state: string): string => (["new", "stop"].includes(state) ? `__${state}__` : state);
    const moves = Object.entries(movesOf(createRegistry(create(new Proxy({}, { get: () => ({}) }))))).flatMap(([type, { move }]) =>
      move.map((text) => [type, ...text.split(" → ").map(stored)].join(" ")),
    );
    expect(moves.sort()).toEqual(rows.sort());
    expect(rows.length).toBeGreaterThan(0);
  });
});
