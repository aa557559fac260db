// What a dump is made of: a file for each table, with a JSON object a line for each row, all of one snapshot. Each try writes a folder of its
// own inside the dump's, named by the moment of its snapshot; the dump says which of them counts, and what others left is swept away.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";

/** The folder of a new dump, in that of PLINY_DUMPS or in .pliny/dumps. */
export function folderOf(dumpId: string): string {
  return resolve(process.env["PLINY_DUMPS"] ?? join(".pliny", "dumps"), dumpId);
}

/** An id for the dump of a run, the same at each try: a UUID v7 of the run's own time, and of its hash. */
export function dumpIdOf(runId: string): string {
  const hash = createHash("sha256").update(`dump of ${runId}`).digest("hex");
  return `${runId.slice(0, 13)}-7${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
}

/** The tables of a database, quoted and with their schema. Rows of a partitioned table stand in its partitions. */
export async function listTables(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ readonly name: string }>(
    `select format('%I.%I', n.nspname, c.relname) collate "C" as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' order by 1`,
  );
  return rows.map(({ name }) => name);
}

export interface Writing {
  /** As `listTables` gave them. Those that are gone since are left out. */
  readonly tables: readonly string[];
  /** That of the dump. It is not made here: where it is gone, so is the dump. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface Written {
  readonly takenAt: Date;
  /** How many of each table. */
  readonly rows: ReadonlyMap<string, number>;
}

/**
 * Writes the rows of tables as they all stood at one moment. A try that is cut off is made again as a whole, for its snapshot ends with its
 * connection. Tables cannot be changed meanwhile, only their rows.
 */
export async function writeTables(client: Client, { tables, folder, signal }: Writing): Promise<Written> {
  const there = new Set(await listTables(client));
  const present = tables.filter((table) => there.has(table));
  await client.query("begin isolation level repeatable read read only");
  if (present.length > 0) await client.query(`lock table ${present.map((table) => `only ${table}`).join(", ")} in access share mode`);
  // The first that is read fixes the snapshot.
  const { rows: [moment] } = await client.query<{ readonly at: Date }>("select statement_timestamp() as at");
  const takenAt = moment?.at ?? new Date();
  const into = filesFolder({ folder, takenAt });
  await mkdir(into, { mode: 0o700 });
  try {
    const rows = new Map<string, number>();
    for (const [at, table] of present.entries()) {
      rows.set(table, 0);
      const count = (more: number): void => void rows.set(table, (rows.get(table) ?? 0) + more);
      const file = createWriteStream(join(into, fileName(at, table)), { flags: "wx", mode: 0o600, flush: true });
      await pipeline(linesOf(client, table, count), file, { signal });
    }
    return { takenAt, rows };
  } catch (error) {
    await rm(into, { recursive: true, force: true });
    throw error;
  }
}

export interface Finished {
  readonly folder: string;
  readonly takenAt: Date;
}

/** The size in bytes and the SHA-256 of all files, one after the other in the order of their names. */
export async function addUp(finished: Finished): Promise<{ readonly size: bigint; readonly checksum: string }> {
  const hash = createHash("sha256");
  let size = 0n;
  for (const file of (await readdir(filesFolder(finished))).sort()) {
    for await (const chunk of createReadStream(join(filesFolder(finished), file))) {
      hash.update(chunk);
      size += BigInt(chunk.length);
    }
  }
  return { size, checksum: hash.digest("hex") };
}

/** Removes what tries have left that did not come to their end. */
export async function sweep(finished: Finished): Promise<void> {
  for (const entry of await readdir(finished.folder)) {
    const path = join(finished.folder, entry);
    if (path !== filesFolder(finished)) await rm(path, { recursive: true, force: true });
  }
}

function filesFolder({ folder, takenAt }: Finished): string {
  return join(folder, takenAt.toISOString().replaceAll(":", "-"));
}

/** So that the order of files is that of tables, whatever a table is called, and no two of them are one on any disk. */
function fileName(at: number, table: string): string {
  return `${String(at).padStart(6, "0")}-${table.replaceAll(/[^\w.-]+/g, "_").slice(0, 100)}.jsonl`;
}

const batch = 200;

// Each value is written as Postgres spells it: no number loses digits and no time its microseconds. Nor is a cast of the owner's called for
// it, which would run with our rights.
const asSpelt = { getTypeParser: () => (text: string): string => text };

async function* linesOf(client: Client, table: string, count: (rows: number) => void): AsyncGenerator<string, void, undefined> {
  await client.query(`declare lines no scroll cursor for select * from only ${table}`);
  for (;;) {
    const text = `fetch ${batch} from lines`;
    const { fields, rows } = await client.query<(string | null)[]>({ text, rowMode: "array", types: asSpelt });
    if (rows.length === 0) break;
    count(rows.length);
    const objects = rows.map((row) => Object.fromEntries(fields.map(({ name }, at) => [name, row[at]])));
    yield objects.map((object) => `${JSON.stringify(object)}\n`).join("");
  }
  await client.query("close lines");
}
