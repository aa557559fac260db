// The example control plane on a real database: its resources, stored and read, with keys of their own and whatever code a test gives.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { onTestFinished } from "vitest";
import type { App } from "../../runtime/index.js";
import { createPliny, type PlinyParts } from "../../runtime/machine/pliny.js";
import { createRegistry, type Registry } from "../../runtime/machine/registry.js";
import { type Keys, loadKeys } from "../../runtime/machine/vaults.js";
import { steps } from "../../runtime/migrate/steps.js";
import type { Store } from "../../runtime/store/connection.js";
import { openStore } from "../../runtime/store/postgres.js";
import { projectRoot } from "./project.js";

/** 32 bytes that are all the same, as a keyring spells them. */
export function keyText(byte: number): string {
  return Buffer.alloc(32, byte).toString("base64url");
}

export const keys: Keys = loadKeys({
  keyring: JSON.stringify({ 1: { alg: "a256gcm-hkdf", key: keyText(1), state: "primary" } }),
  indexKeyring: JSON.stringify({ 1: { alg: "hmac-sha256", key: keyText(2), state: "primary" } }),
  shredKeyring: JSON.stringify({ 1: { alg: "a256gcm-hkdf", key: keyText(3), state: "primary" } }),
});

export interface Opened extends PlinyParts {
  readonly registry: Registry;
  readonly store: Store;
}

/** Makes the tables of the example in an empty database. */
export function makeTables(client: Client): Promise<void> {
  return makeTablesOf(client, readFileSync(join(projectRoot, "generated/schema.sql"), "utf8"));
}

/** The runtime's own tables alone. */
export function makeOwnTables(client: Client): Promise<void> {
  return makeTablesOf(client, "");
}

/** Those of other generated SQL. */
export async function makeTablesOf(client: Client, schema: string): Promise<void> {
  for (const step of steps) await client.query(`begin; ${step.sql} commit;`);
  await client.query(schema);
}

/** A process of an app on a database. */
export async function open(app: App, url: string, given: Partial<Keys> = {}): Promise<Opened> {
  const store = openStore({ url });
  onTestFinished(() => store.close());
  const registry = createRegistry(app);
  const parts = await createPliny({ registry, store, keys: { ...keys, ...given }, actor: "test" });
  return { ...parts, registry, store };
}
