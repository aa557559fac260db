// What is done to databases.

import { mkdir, rm } from "node:fs/promises";
import { escapeIdentifier, escapeLiteral } from "pg";
import { NotDone } from "pliny/runtime";
import {
  type Database, type DatabaseDeprovisionHandlers, type DatabaseDump, type DatabaseDumpHandlers, type DatabaseProvisionHandlers,
  type DatabaseResizeHandlers, type DatabaseRotatePasswordHandlers, type DatabaseUpgrades, Dump,
} from "../generated/index.js";
import { drawCredentials, drawPassword, scramVerifier } from "./credentials.js";
import { addUp, dumpIdOf, folderOf, listTables, sweep, writeTables } from "./dump-files.js";
import { dropDatabase, dropRole, endpointOf, isDuplicateDatabase, isRefusal, query, visit } from "./server.js";

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
  async createRole(task, { to }) {
    const role = roleOf(task.database);
    const password = await task.database.password?.reveal("to give it to its role");
    if (password === undefined) throw new Error("No password was drawn for it.");
    const [there] = await query("select from pg_roles where rolname = $1", [role]);
    await query(`${there ? "alter" : "create"} role ${escapeIdentifier(role)} login password ${await passwordText(password)}`);
    return to.createDatabase();
  },
  async createDatabase(task, { to }) {
    const name = escapeIdentifier(roleOf(task.database));
    try {
      // Closed until it is admitted. Of template0, for where somebody is connected to the template, and there nobody is, we are refused.
      await query(`create database ${name} owner ${name} template template0 allow_connections false`);
    } catch (error) {
      // No other database has this name: an earlier try made it.
      if (isDuplicateDatabase(error)) return to.admit();
      throw isRefusal(error) ? new NotDone(error.message, { cause: error }) : error;
    }
    return to.admit();
  },
  async lookUp(task, { to }) {
    const [there] = await query("select from pg_database where datname = $1", [roleOf(task.database)]);
    return there ? to.admit() : to.createDatabase();
  },
  async admit(task, { to }) {
    const { database } = task;
    const role = roleOf(database);
    const name = escapeIdentifier(role);
    // As they are sent together, all of them are done or none.
    await query(`
      alter role ${name} connection limit ${database.connections};
      revoke all on database ${name} from public;
      grant connect on database ${name} to ${name};
      alter database ${name} allow_connections true`);
    await database.save({ endpoint: endpointOf(role) });
    return to.stop();
  },
  async cleanUp(task, { to }) {
    const { role, endpoint } = task.database;
    // One that was handed over holds somebody's rows: only deprovisioning drops it. The name and the password serve the next try.
    if (role !== null && endpoint === null) {
      await dropDatabase(role);
      await dropRole(role);
    }
    return to.stop();
  },
};

export const databaseResize: DatabaseResizeHandlers = {
  async measure(task, { to, panic }) {
    const role = roleOf(task.database);
    const [found] = await query<{ readonly limit: number }>("select rolconnlimit as limit from pg_roles where rolname = $1", [role]);
    if (!found) return panic(`There is no role ${role}.`);
    task.before = found.limit;
    return to.change();
  },
  async change(task, { to }) {
    const { database } = task;
    await limitConnections(database, database.connections);
    database.lastResize = task;
    await database.save();
    return to.stop();
  },
  async restore(task, { to }) {
    if (task.before !== null) await limitConnections(task.database, task.before);
    return to.stop();
  },
};

export const databaseRotatePassword: DatabaseRotatePasswordHandlers = {
  async draw(task, { to }) {
    task.password = drawPassword();
    return to.change();
  },
  async change(task, { to }) {
    const { database } = task;
    const password = await task.password?.reveal("to give it to the role");
    if (password === undefined) throw new Error("No password was drawn.");
    // Until it is saved as well the run alone knows it, and gives the same again at its next try.
    await query(`alter role ${escapeIdentifier(roleOf(database))} password ${await passwordText(password)}`);
    await database.save({ password, passwordAt: new Date() });
    task.password = null;
    return to.stop();
  },
};

export const databaseDump: DatabaseDumpHandlers = {
  async begin(task, { to, pliny, signal, key, panic }) {
    const { database } = task;
    if (database.state === "deleting") return panic("Its database is being dropped.");
    const id = dumpIdOf(task.id);
    const folder = folderOf(id);
    task.tables = await visit({ database: roleOf(database), as: key, signal }, listTables);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Last, so that none is left behind by what fails. By its id, whoever tries again gets this one.
    task.dump = await Dump.create(pliny, { parent: database, folder }, { id });
    return to.write();
  },
  async write(task, { to, panic, signal, key }) {
    const { database, tables } = task;
    const dump = await dumpOf(task);
    if (dump.state !== "writing") return panic(`Dump ${dump.id} is ${dump.state}.`);
    // Where an earlier try came to its end and was cut off after it, there is nothing to do.
    if (dump.takenAt === null) {
      const writing = { tables, folder: dump.folder, signal };
      const written = await visit({ database: roleOf(database), as: key, signal }, (client) => writeTables(client, writing));
      // Refused where another try was quicker, or the dump is no longer wanted.
      await dump.save(written);
    }
    task.tables = [];
    return to.seal();
  },
  async seal(task, { to, panic }) {
    const { database } = task;
    const dump = await dumpOf(task);
    const { folder, takenAt, state } = dump;
    if (state !== "stored") {
      if (state !== "writing" || takenAt === null) return panic(`Dump ${dump.id} is ${state}.`);
      await sweep({ folder, takenAt });
      await dump.transition("stored", await addUp({ folder, takenAt }));
    }
    await database.save({ lastDump: task.dump });
    return to.stop();
  },
  async discard(task, { to }) {
    const dump = await task.dump?.load();
    if (dump && dump.state !== "stored") {
      if (dump.state === "writing") await dump.transition("failed", {}, "writing it panicked");
      await rm(dump.folder, { recursive: true, force: true });
    }
    return to.stop();
  },
};

export const databaseDeprovision: DatabaseDeprovisionHandlers = {
  async eraseDumps(task, { to, stay }) {
    const { database } = task;
    // Who writes one at this moment has still to find out that it failed; a run that begins from now on makes none.
    const writers = (await database.dump.running()).filter((run) => run.state !== "panic");
    const children = await database.children();
    const dumps = children.filter((child) => child instanceof Dump).filter((dump) => dump.state !== "stop");
    for (const dump of dumps) await askToGo(dump);
    return dumps.length === 0 && writers.length === 0 ? to.dropDatabase() : stay();
  },
  async dropDatabase(task, { to }) {
    const { role } = task.database;
    if (role !== null) await dropDatabase(role);
    return to.dropRole();
  },
  async dropRole(task, { to }) {
    const { role } = task.database;
    if (role !== null) await dropRole(role);
    return to.stop();
  },
};

/** The role, which the database on the server is named after. */
function roleOf({ role }: Database): string {
  if (role === null) throw new Error("It was never provisioned: it has no role.");
  return role;
}

/** A password as statements may hold it: only what Postgres needs to know it again. */
async function passwordText(password: string): Promise<string> {
  return escapeLiteral(await scramVerifier(password));
}

async function limitConnections(database: Database, limit: number): Promise<void> {
  await query(`alter role ${escapeIdentifier(roleOf(database))} connection limit ${limit}`);
}

async function dumpOf({ dump }: DatabaseDump): Promise<Dump> {
  if (dump === null) throw new Error("The run has no dump.");
  return dump.load();
}

/** One that is being written fails first, which its writer finds when it comes to save it. */
async function askToGo(dump: Dump): Promise<void> {
  const why = "its database is dropped";
  if (dump.state === "writing") await dump.transition("failed", {}, why);
  if (dump.state === "stored" || dump.state === "failed") await dump.transition("erasing", {}, why);
}
