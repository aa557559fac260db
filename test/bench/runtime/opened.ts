// A database of its own for each measurement, with one kind of job in it.

import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { TaskCode } from "../../../runtime/index.js";
import { createPliny } from "../../../runtime/machine/pliny.js";
import { createRegistry } from "../../../runtime/machine/registry.js";
import { applySteps } from "../../../runtime/migrate/apply.js";
import type { Store } from "../../../runtime/store/connection.js";
import { makePartitions } from "../../../runtime/store/partitions.js";
import { openStore } from "../../../runtime/store/postgres.js";
import type { WorkerOptions } from "../../../runtime/worker/worker.js";
import { appOf, makeMoves } from "../../setup/jobs.js";

export interface Opened extends Pick<WorkerOptions, "registry" | "store" | "runs" | "moved" | "pliny" | "masking"> {
  readonly client: Client;
  readonly url: string;
  /** So many statements were sent so far. */
  readonly trips: () => number;
  /** Closes the connections of the store, whose figures are whole from then on. */
  readonly close: () => Promise<void>;
}

export async function withJobs<T>(server: string, code: TaskCode, work: (opened: Opened) => Promise<T>): Promise<T> {
  const name = `bench_${process.pid}_${(databases += 1)}`;
  const admin = await connected(server);
  await admin.query(`create database ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const bare = openStore({ url });
  const client = await connected(url);
  let close = (): Promise<void> => bare.close();
  try {
    let sent = 0;
    const store: Store = { ...bare, query: (text, values) => ((sent += 1), bare.query(text, values)) };
    await applySteps(store);
    await makeMoves(client, [code]);
    const registry = createRegistry(appOf([code]));
    await makePartitions(store, Object.values(registry.keeps));
    const parts = await createPliny({ registry, store, keys: { keyring: null, indexKeyring: [], shredKeyring: null }, actor: "bench" });
    let closed: Promise<void> | null = null;
    close = (): Promise<void> => (closed ??= bare.close());
    return await work({ ...parts, registry, store, client, url, trips: () => sent, close });
  } finally {
    await close();
    await client.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
}

let databases = 0;

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Runs that are due, as a start leaves them. */
export async function fill(client: Client, runs: number): Promise<void> {
  await client.query(
    `with made as (
       insert into pliny.task (id, type, version, state, nonce, root_id, args, args_key, json_attrs, deadline_at, wake_at)
       select gen_random_uuid(), 'bench', 1, 'one', n, gen_random_uuid(), '{"__v": 1}', 'none', '{"__v": 1}', now() + interval '1 h', now() from generate_series(1, $1::int) as n returning id, nonce)
     insert into pliny.transition (subject, step, "to", nonce, by) select id, 1, 'one', nonce, 'bench' from made`,
    [runs],
  );
  await client.query("vacuum analyze pliny.task");
  await client.query("checkpoint");
}

export interface Figures {
  readonly commits: number;
  readonly walBytes: number;
  readonly updates: number;
  readonly hot: number;
}

/** Of connections that were closed, and of others a while ago; the WAL without pages that a checkpoint makes whole. */
export async function figuresOf(client: Client): Promise<Figures> {
  await client.query("select pg_stat_force_next_flush()");
  await sleep(200);
  const { rows } = await client.query(
    `select d.xact_commit::float8 as commits, (w.wal_bytes - w.wal_fpi * 8192)::float8 as "walBytes", t.n_tup_upd::float8 as updates, t.n_tup_hot_upd::float8 as hot
       from pg_stat_database d, pg_stat_wal w, pg_stat_user_tables t where d.datname = current_database() and t.schemaname = 'pliny' and t.relname = 'task'`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("The server keeps no figures.");
  return row;
}
