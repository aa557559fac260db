// A worker in a process of its own, for tests that strike it down: it ends or pauses itself at the point that its orders name, and marks outside
// that it was there. `node … worker-process.ts <orders as JSON>`; the message `stop` ends it as a signal would end a program.

import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "pg";
import { createPliny } from "../../runtime/machine/pliny.js";
import { createRegistry } from "../../runtime/machine/registry.js";
import type { Connection, Store } from "../../runtime/store/connection.js";
import { openStore } from "../../runtime/store/postgres.js";
import { startWorker } from "../../runtime/worker/worker.js";
import { appFor, keys, type Orders, type Outside, type Point, readStatements } from "./chaos.js";

// What `spawnWorker` wrote.
const orders: Orders = JSON.parse(process.argv[2] ?? "");
const { name, url, outsideUrl, leaseMs, stallMs, workMs, fate } = orders;
const statements = await readStatements();
const notes = new Pool({ connectionString: outsideUrl, max: 1 });

let arrived = 0;
let strike: Promise<void> | null = null;
let isBack = false;
let release = (): void => {};
const struck = new Promise<void>((resolve) => {
  release = resolve;
});

const outside: Outside = {
  async reach(point, runs) {
    if (fate === null || point !== fate.at || isBack) return;
    arrived += runs;
    if (arrived >= fate.runs) strike ??= beStruck(point, fate.signal);
    await (strike ?? struck);
  },
  work: () => pause(Math.random() * workMs),
  async leave({ id, step, state }, key) {
    await notes.query("insert into effect (run, step, state, key, pid) values ($1, $2, $3, $4, $5)", [id, String(step), state, key, process.pid]);
  },
};

async function beStruck(point: Point, signal: "SIGKILL" | "SIGSTOP"): Promise<void> {
  await mark(point, { runs: arrived });
  const since = performance.now();
  process.kill(process.pid, signal);
  // Nobody comes here after a SIGKILL, and after a SIGSTOP it is when somebody said SIGCONT.
  await mark("back", { ms: performance.now() - since });
  isBack = true;
  release();
}

async function mark(what: string, { runs = null, ms = null, sent = null, landed = null }: { readonly runs?: number | null; readonly ms?: number | null; readonly sent?: readonly string[] | null; readonly landed?: readonly string[] | null }): Promise<void> {
  await notes.query("insert into mark (worker, what, pid, runs, ms, sent, landed) values ($1, $2, $3, $4, $5, $6, $7)", [name, what, process.pid, runs, ms, sent, landed]);
}

type Rows = { readonly rows: readonly object[] };

/** Sends a statement, and is struck before or after it. */
function watched(on: Connection, after: Point): Connection {
  return {
    async query(text, values = []) {
      if (text === statements.claim) {
        const answer = await on.query(text, values);
        if (answer.rows.length > 0) await outside.reach("claimed", answer.rows.length);
        return answer;
      }
      if (text !== statements.settle) return on.query(text, values);
      const counts = fate?.ends !== true || kindsOf(values).includes("end");
      if (counts) await outside.reach("settling", idsOf(values).length);
      const wasBack = isBack;
      const answer: Rows = await on.query(text, values);
      if (counts) await outside.reach(after, idsOf(values).length);
      if (wasBack) await mark("late", { sent: idsOf(values), landed: answer.rows.flatMap((row) => ("id" in row ? [String(row.id)] : [])) });
      return answer;
    },
  };
}

/** The parameters of a settle are columns: the first has the ids, the fourth what became of each. */
function idsOf([ids]: readonly unknown[]): readonly string[] {
  return Array.isArray(ids) ? ids.map(String) : [];
}

function kindsOf([, , , kinds]: readonly unknown[]): readonly string[] {
  return Array.isArray(kinds) ? kinds.map(String) : [];
}

const real = openStore({ url, connections: 3 });
const store: Store = {
  ...real,
  ...watched(real, "settled"),
  async transaction(work) {
    let settles = 0;
    const made = await real.transaction((on) => work(watched({
      query: (text, values) => {
        if (text === statements.settle && (fate?.ends !== true || kindsOf(values ?? []).includes("end"))) settles += 1;
        return on.query(text, values);
      },
    }, "committing")));
    if (settles > 0) await outside.reach("settled", settles);
    return made;
  },
};

const registry = createRegistry(appFor(orders, outside));
const parts = await createPliny({ registry, store, keys, actor: name });
const runs: typeof parts.runs = {
  ...parts.runs,
  async readRuns(records) {
    const read = await parts.runs.readRuns(records);
    await outside.reach("read", records.length);
    return read;
  },
};
const worker = await startWorker({ ...parts, registry, store, runs, actor: name, leaseMs, stallMs });
void worker.run();
process.send?.("ready");

// Whoever started it is gone: so is the reason to go on.
process.on("disconnect", () => process.exit(1));
process.on("message", () => {
  void worker.stop({ graceMs: 5_000 }).then(async () => {
    await store.close();
    await notes.end();
    process.exit(0);
  });
});
