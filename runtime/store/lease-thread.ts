// The thread behind `keepLease`, which nobody imports.

import { promises as timers } from "node:timers";
import { workerData } from "node:worker_threads";
import { Client } from "pg";
import { leaseCell, type LeaseThreadData, signCell, trustedUntil } from "./lease-cells.js";
import { renewLease } from "./work.js";

const lookEveryMs = 250;

await keep(workerData);

async function keep({ url, id, leaseMs, stallMs, cells }: LeaseThreadData): Promise<void> {
  let client: Client | null = null;
  let sign = -1n;
  let silentMs = 0;
  // At once, for what announced the worker may be a while ago.
  let renewedAt = -Infinity;
  for (;;) {
    await timers.setTimeout(lookEveryMs);
    const seen = Atomics.load(cells, signCell);
    // Counted in looks, not by the clock: while the whole process was paused nothing was silent.
    silentMs = seen === sign ? silentMs + lookEveryMs : 0;
    sign = seen;
    if (silentMs >= stallMs) {
      await noteStall();
      process.kill(process.pid, "SIGKILL");
    }
    if (performance.now() - renewedAt >= leaseMs / 3) await renew();
  }

  async function renew(): Promise<void> {
    const sentAt = process.hrtime.bigint();
    try {
      client ??= await connected(url);
      if (!(await renewLease(client, { id, leaseMs }))) {
        Atomics.store(cells, leaseCell, 0n);
        process.exit();
      }
      renewedAt = performance.now();
      // Given back meanwhile: it stays so.
      if (Atomics.load(cells, leaseCell) !== 0n) Atomics.store(cells, leaseCell, trustedUntil(sentAt, leaseMs));
    } catch {
      // Tried again at the next look, for as long as it takes; until then the lease runs down.
      await client?.end().catch(() => {});
      client = null;
    }
  }

  async function noteStall(): Promise<void> {
    const message = `The event loop of worker ${id} stood still for ${Math.round(silentMs / 1_000)} s, and its process was ended. What it held goes on elsewhere.`;
    const noted = client?.query("insert into pliny.log (level, kind, message) values ('error', 'error', $1)", [message]).catch(() => {});
    await Promise.race([noted, timers.setTimeout(1_000)]);
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: "pliny lease", connectionTimeoutMillis: 2_000, query_timeout: 3_000 });
  client.on("error", () => {});
  await client.connect();
  return client;
}
