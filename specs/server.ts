// The Postgres server that holds the databases: the one that PLINY_POSTGRES names, as somebody who may do all on it.

import { Client, DatabaseError, escapeIdentifier, Pool } from "pg";

const connectionTimeoutMillis = 10_000;

let pool: Pool | undefined;

/** Sends statements that concern the server as a whole. Names and texts stand in them quoted; secrets not at all. */
export async function query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  pool ??= connect();
  const { rows } = await pool.query<Row>(text, [...values]);
  return rows;
}

/** Ends the connections; the next statement makes new ones. A process may end without it. */
export async function disconnect(): Promise<void> {
  const ending = pool;
  pool = undefined;
  await ending?.end();
}

/** Where a role signs in to the database of its name, without its password. */
export function endpointOf(role: string): string {
  return `postgres://${role}@${address().host}/${role}`;
}

/** Drops the database that is named after a role, whoever is connected; it may be gone already. */
export async function dropDatabase(role: string): Promise<void> {
  await query(`drop database if exists ${escapeIdentifier(role)} with (force)`);
}

/** It may be gone already, and owns nothing once its database is. */
export async function dropRole(role: string): Promise<void> {
  await query(`drop role if exists ${escapeIdentifier(role)}`);
}

export interface Visit {
  readonly database: string;
  /** What pg_stat_activity calls it. */
  readonly as: string;
  readonly signal: AbortSignal;
}

/** Works in one database on a connection of its own, which ends with the work or as soon as the signal aborts. */
export async function visit<T>({ database, as, signal }: Visit, work: (client: Client) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const url = address();
  url.pathname = `/${database}`;
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(" ");
  const client = new Client({ connectionString: url.href, application_name: as, options, connectionTimeoutMillis });
  // Whoever waits for an answer is told as well.
  client.on("error", () => {});
  const hangUp = (): void => void client.end();
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    await client.connect();
    await client.query(tablesOnly);
    return await work(client);
  } finally {
    signal.removeEventListener("abort", hangUp);
    await client.end();
  }
}

/** An owner may set these for the database; what we write must not depend on it. */
const settings = {
  search_path: "", datestyle: "ISO", intervalstyle: "postgres", extra_float_digits: "3", bytea_output: "hex",
  statement_timeout: "0", idle_in_transaction_session_timeout: "0",
};

/** As pg_dump does: nobody may put a view, and code of theirs in it, in a table's place while we look away. Older servers lack it. */
const tablesOnly = "select set_config(name, 'view, foreign-table', false) from pg_settings where name = 'restrict_nonsystem_relation_kind'";

/**
 * Whether Postgres itself refused, and would do so again: then nothing was done. Not so where the connection was lost, where it is busy or
 * going down, and where somebody else was at the same.
 */
export function isRefusal(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && !/^(08|40|57|53300|23505)/.test(error.code ?? "");
}

export function isDuplicateDatabase(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "42P04";
}

function connect(): Pool {
  const connectionString = address().href;
  const made = new Pool({ connectionString, application_name: "databases", max: 4, allowExitOnIdle: true, connectionTimeoutMillis });
  // One that breaks while nobody uses it is no matter: whoever asks next gets another.
  made.on("error", () => {});
  return made;
}

/** Nothing of it is ever said, as it may hold a password. */
function address(): URL {
  const url = process.env["PLINY_POSTGRES"] ?? "";
  if (!/^postgres(ql)?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new Error("PLINY_POSTGRES does not say which server holds the databases: set it to postgres://user@host:port/database.");
  }
  return new URL(url);
}
