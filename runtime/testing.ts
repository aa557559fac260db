// What tests of a control plane stand on, imported as `pliny/testing`: a real Postgres, a database of its own for each test, a clock that moves when
// it is told to, and a worker that works until nothing is due.

import { randomBytes } from "node:crypto";
import { promises as disk } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "./connect.js";
import type { App, Pliny } from "./contract.js";
import { createPliny } from "./machine/pliny.js";
import { createRegistry } from "./machine/registry.js";
import { loadKeys } from "./machine/vaults.js";
import { type EmbeddedServer, startEmbedded } from "./store/embedded.js";
import { openStore } from "./store/postgres.js";
import { moveClock } from "./store/work.js";
import { startWorker } from "./worker/worker.js";

export interface TestingOptions {
  /** The text of `generated/schema.sql`. */
  readonly schema: string;
  /** A server on which databases may be made and dropped, as `postgres://user@host:port/database`. Without it one is started, and removed at the end. */
  readonly postgres?: string;
}

export interface Testing {
  /** An app on a database of its own, that is gone once it is closed. Two apps of the same specs may differ in their handlers. */
  open(app: App): Promise<TestPliny>;
  /** Closes what is open still, and removes everything. */
  close(): Promise<void>;
}

export interface TestPliny extends Pliny {
  /** Its database, with the password. */
  readonly url: string;
  readonly clock: TestClock;
  /** Works on what is due until nothing is any more, and gives how many runs it took. What waits for later, or for a person, stays as it is. */
  runUntilIdle(): Promise<number>;
  /** Drops the database. */
  close(): Promise<void>;
}

export interface TestClock {
  /**
   * Lets so many milliseconds pass: whatever is due at a time comes nearer by as much. What is stored of the past keeps its time, and the clock of
   * the process goes on as it is.
   */
  advance(ms: number): Promise<void>;
}

/** Starts what tests need; once a test file is enough. Throws a PlinyError that says what to do where Postgres cannot be started. */
export async function startTesting({ schema, postgres }: TestingOptions): Promise<Testing> {
  const server = postgres === undefined ? await startTemporary() : null;
  const url = server?.url ?? postgres ?? "";
  const admin = openStore({ url, connections: 2 });
  const prefix = `pliny_test_${randomBytes(6).toString("hex")}`;
  const opened = new Set<TestPliny>();
  const made: string[] = [];
  let template: Promise<string> | null = null;
  return { open, close };

  async function open(app: App): Promise<TestPliny> {
    template ??= makeTemplate(app);
    const from = await template;
    const name = `${prefix}_${made.length + 1}`;
    made.push(name);
    await admin.query(`create database ${name} template ${from}`);
    const registry = createRegistry(app);
    const store = openStore({ url: addressOf(name) });
    const parts = await createPliny({ registry, store, keys, actor: "test" });
    const worker = await startWorker({ ...parts, registry, store, actor: "test", random: () => 0 });
    const test: TestPliny = {
      ...parts.pliny,
      url: addressOf(name),
      clock: { advance: (ms) => moveClock(store, ms) },
      async runUntilIdle() {
        for (let all = 0; ; ) {
          await worker.watch();
          const taken = await worker.tick();
          if (taken === 0) return all;
          all += taken;
        }
      },
      async close() {
        if (!opened.delete(test)) return;
        await worker.stop({ graceMs: 0 });
        await store.close();
        await drop(name);
      },
    };
    opened.add(test);
    return test;
  }

  /** A database with all tables, to be copied: that takes a fraction of what it takes to make them. */
  async function makeTemplate(app: App): Promise<string> {
    const name = `${prefix}_template`;
    made.push(name);
    await admin.query(`create database ${name}`);
    const pliny = await connect({ app, postgres: addressOf(name), schema, actor: "test" });
    await pliny.close();
    return name;
  }

  function addressOf(name: string): string {
    return Object.assign(new URL(url), { pathname: `/${name}` }).href;
  }

  async function drop(name: string): Promise<void> {
    await admin.query(`drop database if exists ${name} with (force)`);
  }

  async function close(): Promise<void> {
    for (const test of opened) await test.close();
    if (server === null) for (const name of made) await drop(name);
    await admin.close();
    await server?.remove();
  }
}

/** One that need not outlive a crash, and so waits for no disk. */
async function startTemporary(): Promise<EmbeddedServer & { readonly remove: () => Promise<void> }> {
  const folder = await disk.mkdtemp(join(tmpdir(), "pliny-testing-"));
  // Its own user, where this one is root, has to get to its data.
  await disk.chmod(folder, 0o755);
  const server = await startEmbedded({ folder: join(folder, "postgres") });
  const store = openStore({ url: server.url, connections: 1 });
  for (const name of ["fsync", "full_page_writes", "synchronous_commit"]) await store.query(`alter system set ${name} = off`);
  await store.query("select pg_reload_conf()");
  await store.close();
  return {
    ...server,
    async remove() {
      await server.stop();
      await disk.rm(folder, { recursive: true, force: true });
    },
  };
}

function keyOf(alg: string): string {
  return JSON.stringify({ 1: { alg, key: randomBytes(32).toString("base64url"), state: "primary" } });
}

/** For this process alone. */
const keys = loadKeys({ keyring: keyOf("a256gcm-hkdf"), indexKeyring: keyOf("hmac-sha256"), shredKeyring: keyOf("a256gcm-hkdf") });
