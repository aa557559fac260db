// The example control plane on a server that a test may cut it off from, and what tests ask of it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { expect, onTestFinished, vi } from "vitest";
import { type Code, createApp, Database, type Dump, Team } from "../../generated/index.js";
import { startWorker } from "../../runtime/worker/worker.js";
import * as databaseCode from "../../specs/database.handlers.js";
import * as dumpCode from "../../specs/dump.handlers.js";
import * as replicaCode from "../../specs/replica.handlers.js";
import { disconnect } from "../../specs/server.js";
import * as teamCode from "../../specs/team.handlers.js";
import type { Postgres } from "../postgres.js";
import { makeTables, open, type Opened } from "./store.js";
import { openWire, type Wire } from "./wire.js";

/** What is written by hand of it. */
export const code: Code = { ...databaseCode, ...dumpCode, ...replicaCode, ...teamCode };

export interface Started extends Opened {
  /** To the database of pliny, past the wire. */
  readonly client: Client;
  /** What handlers reach the server by. */
  readonly wire: Wire;
  readonly dumps: string;
  /** What there was on the server before. */
  readonly before: Names;
  readonly create: (name: string, connections?: number) => Promise<Database>;
  /** Works until nothing is due within a minute. */
  readonly drain: () => Promise<void>;
  /** Creates one and works until it is online. */
  readonly provisioned: (name: string, connections?: number) => Promise<Database>;
}

export async function start(postgres: Postgres, given: Partial<Code> = {}): Promise<Started> {
  const client = await postgres.copyOf(makeTables);
  const wire = await openWire(postgres.urlOf(client));
  const dumps = mkdtempSync(join(tmpdir(), "pliny-dumps-"));
  vi.stubEnv("PLINY_POSTGRES", wire.url);
  vi.stubEnv("PLINY_DUMPS", dumps);
  onTestFinished(async () => {
    await disconnect();
    vi.unstubAllEnvs();
    rmSync(dumps, { recursive: true });
  });
  const opened = await open(createApp({ ...code, ...given }), postgres.urlOf(client));
  const team = await Team.create(opened.pliny, { name: "acme", contact: "a@a.example" });
  const worker = await startWorker({ ...opened, actor: "worker", leaseMs: 600_000, random: () => 0 });
  onTestFinished(() => worker.stop());
  const create = (name: string, connections = 10): Promise<Database> => Database.create(opened.pliny, { name, connections, region: "eu", parent: team });
  const drain = async (): Promise<void> => {
    for (let quiet = 0; quiet < 2;) {
      await client.query("update pliny.task set wake_at = now() where wake_at < now() + interval '1 minute'");
      quiet = (await worker.tick()) === 0 ? quiet + 1 : 0;
    }
  };
  const provisioned = async (name: string, connections?: number): Promise<Database> => {
    const database = await create(name, connections);
    await drain();
    await database.reload();
    expect(database.state).toBe("online");
    return database;
  };
  const before = await onServer({ client, before: { roles: [], databases: [] } });
  return { ...opened, client, wire, dumps, before, create, drain, provisioned };
}

export function passwordOf(database: Database): Promise<string | undefined> {
  return database.password?.reveal("to sign in") ?? Promise.resolve(undefined);
}

/** Signs in to a database as its role, or another. */
export async function signIn({ endpoint }: Database, password: string | undefined, user?: string | null): Promise<Client> {
  const url = new URL(endpoint ?? "");
  url.password = password ?? "";
  if (user != null) url.username = user;
  const client = new Client({ connectionString: url.href });
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

export interface Names {
  readonly roles: readonly string[];
  readonly databases: readonly string[];
}

/** All roles and databases that there are on the server, but for those that were there before. */
export async function onServer({ client, before }: Pick<Started, "client" | "before">): Promise<Names> {
  const { rows: roles } = await client.query<{ readonly name: string }>("select rolname as name from pg_roles order by 1");
  const { rows: databases } = await client.query<{ readonly name: string }>("select datname as name from pg_database order by 1");
  const namesOf = (rows: readonly { readonly name: string }[], known: readonly string[]): readonly string[] => rows.map(({ name }) => name).filter((name) => !known.includes(name));
  return { roles: namesOf(roles, before.roles), databases: namesOf(databases, before.databases) };
}

export async function limitOf({ client }: Started, { role }: Database): Promise<number | undefined> {
  const { rows: [found] } = await client.query<{ readonly limit: number }>("select rolconnlimit as limit from pg_roles where rolname = $1", [role]);
  return found?.limit;
}

/** Dumps it, and gives what came of that. */
export async function dumpOf({ drain }: Started, database: Database): Promise<Dump> {
  const run = await database.dump.start();
  await drain();
  const ended = (await database.dump.history()).find(({ id }) => id === run.id);
  const dump = await ended?.dump?.load();
  if (dump === undefined) throw new Error("There is no dump of it.");
  return dump;
}

export interface DumpedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

export function filesOf({ folder }: Dump): readonly DumpedFile[] {
  return readdirSync(folder).flatMap((moment) => readdirSync(join(folder, moment)).sort().map((name) => ({ name, bytes: readFileSync(join(folder, moment, name)) })));
}

export function linesOf(files: readonly DumpedFile[], part: string): readonly unknown[] {
  const file = files.find(({ name }) => name.includes(part));
  return file === undefined ? [] : file.bytes.toString().split("\n").slice(0, -1).map((line) => JSON.parse(line) as unknown);
}

/** All that stands in the tables of pliny, as text. */
export async function everythingIn(client: Client): Promise<string> {
  const { rows: tables } = await client.query<{ readonly name: string }>("select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'pliny')");
  const texts: string[] = [];
  for (const { name } of tables) texts.push(...(await client.query<{ readonly text: string }>(`select t::text as text from ${name} t`)).rows.map(({ text }) => text));
  return texts.join("\n");
}
