// An app on its database, for commands: for those that work on stored rows, which read, rewrite and rotate, and start or move nothing; and for
// those that run it.

import { connect, type ConnectedPliny } from "../connect.js";
import type { App } from "../contract.js";
import { PlinyError } from "../errors.js";
import { createPliny } from "../machine/pliny.js";
import { createRegistry, type Registry } from "../machine/registry.js";
import type { Resources } from "../machine/resources.js";
import { type Keys, loadKeys } from "../machine/vaults.js";
import type { Store } from "../store/connection.js";
import { findMissingTables, openStore, tableName } from "../store/postgres.js";
import type { KeyringUse } from "./keyring-text.js";
import { unreachable } from "./reason.js";

export interface Opening {
  readonly app: App;
  /** `postgres://user@host:port/database`. */
  readonly url: string;
  /** JSON text each; null where there is none. */
  readonly keyrings: { readonly [use in KeyringUse]: string | null };
  /** Who does it, for the log. */
  readonly actor: string;
}

export type { App, ConnectedPliny };

export interface OpenApp {
  readonly registry: Registry;
  readonly resources: Resources;
  readonly store: Store;
  readonly keys: Keys;
  readonly actor: string;
  readonly close: () => Promise<void>;
}

/**
 * Throws a PlinyError where Postgres cannot be asked, where it lacks tables of the app, and where a keyring is not as it should be or not the one
 * that this database has met.
 */
export async function openApp({ app, url, keyrings: texts, actor }: Opening): Promise<OpenApp> {
  const keys = loadKeys({ keyring: texts.secrets, indexKeyring: texts.index, shredKeyring: texts.shred });
  const registry = createRegistry(app);
  const store = openStore({ url });
  try {
    await refuseMissingTables(store, registry);
    const { resources } = await createPliny({ registry, store, keys, actor });
    return { registry, resources, store, keys, actor, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The same for what starts and moves things; `schema` is for a database that is empty yet. Throws what `connect` throws. */
export function connectApp({ app, url, keyrings: { secrets, index, shred }, actor }: Opening, schema: string | null): Promise<ConnectedPliny> {
  return connect({
    app, postgres: url, actor, ...(schema === null ? {} : { schema }),
    ...(secrets === null ? {} : { keyring: secrets }), ...(index === null ? {} : { indexKeyring: index }), ...(shred === null ? {} : { shredKeyring: shred }),
  });
}

/** Whether a value that a module exports is what `createApp` gives. */
export function isApp(value: unknown): value is App {
  if (typeof value !== "object" || value === null || !("resources" in value) || !("tasks" in value) || !("typeChecks" in value)) return false;
  const { resources, tasks } = value;
  return [resources, tasks].every((codes) => Array.isArray(codes) && codes.every((code: unknown) => typeof code === "object" && code !== null && "type" in code));
}

/** The first thing that is asked, so that it tells as well whether anybody answers. */
async function refuseMissingTables(store: Store, registry: Registry): Promise<void> {
  const tables = [...new Set(["pliny.key_check", "pliny.data_key", "pliny.log", ...registry.resources.map(({ root }) => tableName(root))])];
  let missing: readonly string[];
  try {
    missing = await findMissingTables(store, tables);
  } catch (error) {
    throw unreachable(error);
  }
  if (missing.length === 0) return;
  const remedy = missing.some((name) => name.startsWith("pliny."))
    ? "Those of schema pliny come first, by the numbered steps of the runtime; then those of generated/schema.sql"
    : "generated/schema.sql makes them; where some of its tables are there already, make the others only";
  throw new PlinyError("TABLES", `The database has no ${missing.join(", ")}. ${remedy}`);
}
