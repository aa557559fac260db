// What objects ask of the runtime, put together from its parts: once for programs, for commands and for tests.

import type { Pliny } from "../contract.js";
import { PlinyError } from "../errors.js";
import type { Store } from "../store/connection.js";
import { writeLog } from "../store/postgres.js";
import { Masking } from "../vault/masking.js";
import { createConsequences, type Moved } from "./consequences.js";
import type { Registry } from "./registry.js";
import { createResources, type Resources } from "./resources.js";
import { createRuns, type Runs } from "./runs.js";
import { type Keys, openVaults } from "./vaults.js";

export interface PlinyOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly keys: Keys;
  /** Who does it, for the log. */
  readonly actor: string;
}

/** The whole, and the parts that workers and commands use of it. */
export interface PlinyParts {
  readonly pliny: Pliny;
  readonly resources: Resources;
  readonly runs: Runs;
  readonly moved: Moved;
  readonly masking: Masking;
}

/** Throws a KeyringError where a key is not the one that this database has met under its id. */
export async function createPliny({ registry, store, keys, actor }: PlinyOptions): Promise<PlinyParts> {
  const masking = new Masking();
  const vaults = await openVaults({ store, keys, actor, masking });
  const whole = (): Pliny => pliny;
  const moved = createConsequences({ registry, runs: () => runs, actor });
  const resources = createResources({ registry, store, vaults, actor, pliny: whole, moved, readRuns: (ids) => runs.readMany(ids) });
  const runs = createRuns({ registry, store, vaults, keys, resources, actor, pliny: whole });
  const { create, get, save, move, reload, load, children, history } = resources;
  const pliny: Pliny = {
    create, get, save, move, reload, load, children, history,
    runs: runs.runs,
    tasks: runs.tasks,
    notice: (taskId, message) => writeLog(store, [{ level: "info", kind: "notice", type: null, id: taskId, actor, message: masking.mask(message), data: null }]),
    runsOf: () => {
      throw unanswered("runs of many resources at once");
    },
    count: () => Promise.reject(unanswered("count")),
    breakdown: () => Promise.reject(unanswered("breakdown")),
    page: () => Promise.reject(unanswered("page")),
    update: () => Promise.reject(unanswered("update")),
  };
  return { pliny, resources, runs, moved, masking };
}

function unanswered(what: string): PlinyError {
  return new PlinyError("NOT_IMPLEMENTED", `Datasets cannot be asked yet (${what}): go by single resources, with get and children.`);
}
