// A worker's lease, renewed from a thread of its own: a handler that keeps the event loop busy does not lose what its worker holds. A loop that
// shows no sign at all for long is taken for stuck, and the process is ended, so that others go on with its runs.

import { createRequire } from "node:module";
import { Worker as Thread } from "node:worker_threads";
import type { KeptLease, Lease } from "./connection.js";
import { leaseCell, type LeaseThreadData, signCell, trustedUntil } from "./lease-cells.js";

const signEveryMs = 500;

export function keepLease(url: string, lease: Lease): KeptLease {
  const cells = new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT));
  Atomics.store(cells, leaseCell, trustedUntil(lease.since, lease.leaseMs));
  const data: LeaseThreadData = { url, id: lease.id, leaseMs: lease.leaseMs, stallMs: lease.stallMs, cells };
  // A thread takes JavaScript only, also where this file is run from its source.
  const thread = new Thread(createRequire(import.meta.url).resolve("#lease-thread"), { workerData: data, execArgv: [] });
  // What went wrong in it shows as a lease that is not renewed.
  thread.on("error", () => {});
  thread.unref();
  const sign = setInterval(() => Atomics.add(cells, signCell, 1n), signEveryMs).unref();
  return {
    isHeld: () => process.hrtime.bigint() < Atomics.load(cells, leaseCell),
    async release() {
      clearInterval(sign);
      Atomics.store(cells, leaseCell, 0n);
      await thread.terminate();
    },
  };
}
