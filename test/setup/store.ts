// The example control plane on a real database: its resources, stored and read, with keys of their own and whatever code a test gives.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Client } from "pg";
import { onTestFinished } from "vitest";
import type { App, Pliny } from "../../runtime/index.js";
import { createConsequences, type Moved } from "../../runtime/machine/consequences.js";
import { createRegistry, type Registry } from "../../runtime/machine/registry.js";
import { createResources, type Resources } from "../../runtime/machine/resources.js";
import { createRuns, type Runs } from "../../runtime/machine/runs.js";
import { type Keys, openVaults } from "../../runtime/machine/vaults.js";
import { steps } from "../../runtime/migrate/steps.js";
import type { Store } from "../../runtime/store/connection.js";
import { openStore } from "../../runtime/store/postgres.js";
import { loadIndexKeyring } from "../../runtime/vault/blind-index.js";
import { loadKeyring } from "../../runtime/vault/keyring.js";
import { Masking } from "../../runtime/vault/masking.js";
import { projectRoot } from "./project.js";

/** 32 bytes that are all the same, as a keyring spells them. */
export function keyText(byte: number): string {
  return Buffer.alloc(32, byte).toString("base64url");
}

export const keys: Keys = {
  keyring: loadKeyring(JSON.stringify({ 1: { alg: "a256gcm-hkdf", key: keyText(1), state: "primary" } })),
  indexKeyring: loadIndexKeyring(JSON.stringify({ 1: { alg: "hmac-sha256", key: keyText(2), state: "primary" } })),
  shredKeyring: loadKeyring(JSON.stringify({ 1: { alg: "a256gcm-hkdf", key: keyText(3), state: "primary" } }), { name: "shred keyring" }),
};

export interface Opened {
  readonly pliny: Pliny;
  readonly resources: Resources;
  readonly runs: Runs;
  readonly moved: Moved;
  readonly registry: Registry;
  readonly store: Store;
  readonly masking: Masking;
}

/** Makes the tables of the example, or of other generated SQL, in an empty database. */
export async function makeTables(client: Client, schema: string = readFileSync(join(projectRoot, "generated/schema.sql"), "utf8")): Promise<void> {
  for (const step of steps) await client.query(`begin; ${step.sql} commit;`);
  await client.query(schema);
}

/** A process of an app on a database. Only what is asked of resources is there. */
export async function open(app: App, url: string, given: Partial<Keys> = {}): Promise<Opened> {
  const store = openStore({ url });
  onTestFinished(() => store.close());
  const registry = createRegistry(app);
  const masking = new Masking();
  const vaults = await openVaults({ store, keys: { ...keys, ...given }, actor: "test", masking });
  const all = { ...keys, ...given };
  const [actor, whole] = ["test", (): Pliny => pliny];
  const moved = createConsequences({ registry, runs: () => runs, actor });
  const resources = createResources({ registry, store, vaults, actor, pliny: whole, moved, readRuns: (ids) => runs.readMany(ids) });
  const sleep = (ms: number): Promise<void> => setTimeout(ms);
  const runs = createRuns({ registry, store, vaults, keys: all, resources, actor, pliny: whole, sleep });
  const absent = (): never => {
    throw new Error("This is not asked here.");
  };
  const pliny: Pliny = {
    ...resources, ...runs,
    runsOf: absent, count: absent, breakdown: absent,
    page: absent, update: absent, notice: absent,
  };
  return { pliny, resources, runs, moved, registry, store, masking };
}
