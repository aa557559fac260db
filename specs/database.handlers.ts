// What is done to databases.

import { NotImplemented } from "pliny/runtime";
import {
  Dump, type DatabaseDeprovisionHandlers, type DatabaseDumpHandlers, type DatabaseProvisionHandlers, type DatabaseResizeHandlers,
  type DatabaseRotatePasswordHandlers, type DatabaseUpgrades,
} from "../generated/index.js";
import { drawCredentials, drawPassword } from "./credentials.js";

export const databaseUpgrades: DatabaseUpgrades = {
  to3({ host, port, name }) {
    return { endpoint: host === null ? null : `postgres://${host}:${port ?? 5432}/${name ?? ""}` };
  },
};

export const databaseProvision: DatabaseProvisionHandlers = {
  async draw(task, { to }) {
    await drawCredentials(task.database);
    return to.createRole();
  },
  async createRole() {
    throw new NotImplemented("database.provision: createRole");
  },
  async createDatabase() {
    throw new NotImplemented("database.provision: createDatabase");
  },
  async lookUp() {
    throw new NotImplemented("database.provision: lookUp");
  },
  async admit() {
    throw new NotImplemented("database.provision: admit");
  },
  async cleanUp() {
    throw new NotImplemented("database.provision: cleanUp");
  },
};

export const databaseResize: DatabaseResizeHandlers = {
  async measure() {
    throw new NotImplemented("database.resize: measure");
  },
  async change() {
    throw new NotImplemented("database.resize: change");
  },
  async restore() {
    throw new NotImplemented("database.resize: restore");
  },
};

export const databaseRotatePassword: DatabaseRotatePasswordHandlers = {
  async draw(task, { to }) {
    task.password = drawPassword();
    return to.change();
  },
  async change() {
    throw new NotImplemented("database.rotate_password: change");
  },
};

export const databaseDump: DatabaseDumpHandlers = {
  async begin() {
    throw new NotImplemented("database.dump: begin");
  },
  async write() {
    throw new NotImplemented("database.dump: write");
  },
  async seal() {
    throw new NotImplemented("database.dump: seal");
  },
  async discard(task, { to }) {
    // What was written so far goes when the dump is erased, which a dump that failed is after a week.
    const dump = await task.dump?.load();
    if (dump?.state === "writing") await dump.transition("failed", {}, "writing it panicked");
    return to.stop();
  },
};

export const databaseDeprovision: DatabaseDeprovisionHandlers = {
  async eraseDumps(task, { to, stay }) {
    const children = await task.database.children();
    const dumps = children.filter((child) => child instanceof Dump).filter((dump) => dump.state !== "stop");
    if (dumps.length === 0) return to.dropDatabase();
    for (const dump of dumps) await askToGo(dump);
    return stay();
  },
  async dropDatabase() {
    throw new NotImplemented("database.deprovision: dropDatabase");
  },
  async dropRole() {
    throw new NotImplemented("database.deprovision: dropRole");
  },
};

/** One that is being written has lost its writer, whose run was stopped when the database left its state: it fails first. */
async function askToGo(dump: Dump): Promise<void> {
  const why = "its database is dropped";
  if (dump.state === "writing") await dump.transition("failed", {}, why);
  if (dump.state === "stored" || dump.state === "failed") await dump.transition("erasing", {}, why);
}
