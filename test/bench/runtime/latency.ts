// How long a start waits until its handler is called, at a steady rate.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createPliny } from "../../../runtime/machine/pliny.js";
import { openStore } from "../../../runtime/store/postgres.js";
import { startWorker } from "../../../runtime/worker/worker.js";
import { job, runsOf } from "../../setup/jobs.js";
import { withJobs } from "./opened.js";

export interface Rate {
  /** Whether the worker is told of the start, or finds it when it looks. */
  readonly from: "this process" | "another";
  readonly perSecond: number;
  readonly seconds: number;
}

/** From before the start is sent until its handler is called, in milliseconds, sorted. */
export function latencies(server: string, { from, perSecond, seconds }: Rate): Promise<readonly number[]> {
  const began = new Map<string, number>();
  const waits: number[] = [];
  const code = job("bench", { one: { to: ["stop"], run: (run, { to }) => {
    waits.push(performance.now() - (began.get(run.id) ?? Number.NaN));
    return Promise.resolve(to["stop"]?.() ?? fail());
  } } });
  return withJobs(server, code, async (opened) => {
    const worker = await startWorker({ ...opened, actor: "bench" });
    const life = worker.run();
    const store = openStore({ url: opened.url });
    const other = await createPliny({ registry: opened.registry, store, keys: { keyring: null, indexKeyring: [], shredKeyring: null }, actor: "bench" });
    const handle = runsOf(from === "another" ? other.pliny : opened.pliny, code);
    const count = perSecond * seconds;
    const starts: Promise<unknown>[] = [];
    const first = performance.now();
    for (let at = 0; at < count; at += 1) {
      await sleep(Math.max(0, first + (at * 1000) / perSecond - performance.now()));
      const id = `0190b1a5-7a3e-7cc0-8000-${String(at).padStart(12, "0")}`;
      began.set(id, performance.now());
      starts.push(handle.start(undefined, { id }));
    }
    await Promise.all(starts);
    while (waits.length < count) await sleep(10);
    await worker.stop();
    await life;
    await store.close();
    return waits.toSorted((left, right) => left - right);
  });
}

function fail(): never {
  throw new Error("No such move.");
}
