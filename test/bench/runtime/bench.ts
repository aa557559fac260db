// What runs cost on Postgres: 20,000 of one state and 2,000 of five, drained by one worker; how long a start waits for its handler; beside the
// same rows written by pgbench, one by one and 100 at a time. Each on the same server in one run, so that a slow machine is slow for all.
// Run it from the project: `npx tsx test/bench/runtime/bench.ts [--rounds 3] [--only drain|steps|latency|floor]`.

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbedded } from "../../../runtime/store/embedded.js";
import { latencies } from "./latency.js";
import { drained, type Drained } from "./drain.js";
import { floorOf } from "./floor.js";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" }, only: { type: "string" }, slots: { type: "string", default: "500" } } });
const rounds = Number(values.rounds);
const asked = (name: string): boolean => values.only === undefined || values.only === name;

const folder = await mkdtemp(join(tmpdir(), "pliny-bench-"));
await chmod(folder, 0o755);
const server = await startEmbedded({ folder: join(folder, "postgres") });
try {
  process.stdout.write(`Node ${process.version}, Postgres 18 with synchronous_commit on, ${rounds} rounds, medians.\n\n`);
  const slots = Number(values.slots);
  if (asked("drain")) await table("20,000 runs of one state", { runs: 20_000, states: 1, slots });
  if (asked("steps")) await table("2,000 runs of five states", { runs: 2_000, states: 5, slots });
  if (asked("floor")) {
    for (const { each, runs } of [{ each: 1, runs: 2_000 }, { each: 100, runs: 20_000 }]) {
      const rates = (await repeated(() => floorOf(server.url, { each, runs }))).flatMap((rate) => (rate === null ? [] : [rate]));
      const said = rates.length === 0 ? "is not installed here, and was left out" : `${median(rates).toFixed(0)} moves a second`;
      process.stdout.write(`The same rows by pgbench, ${each} a commit: ${said}.\n`);
    }
  }
  if (asked("latency")) {
    for (const from of ["this process", "another"] as const) {
      const waits = await latencies(server.url, { from, perSecond: 100, seconds: 10 });
      process.stdout.write(`Start → handler at 100 a second, started by ${from}: p50 ${at(waits, 0.5)} ms, p90 ${at(waits, 0.9)} ms, p99 ${at(waits, 0.99)} ms.\n`);
    }
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function table(title: string, given: { readonly runs: number; readonly states: number; readonly slots: number }): Promise<void> {
  const all = await repeated(() => drained(server.url, given));
  const of = (pick: (one: Drained) => number): string => median(all.map(pick)).toFixed(pick(all[0] ?? fail()) < 10 ? 3 : 0);
  process.stdout.write(
    `${title}: ${of(({ perSecond }) => perSecond)} moves a second; a move costs ${of(({ walBytes }) => walBytes)} bytes of WAL, ` +
      `${of(({ commits }) => commits)} commits, ${of(({ roundTrips }) => roundTrips)} round trips; ${of(({ hot }) => hot * 100)} % HOT; this process was busy ${of(({ busy }) => busy * 100)} % of the time.\n`,
  );
}

async function repeated<T>(work: () => Promise<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await work());
  return all;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1);
}

function fail(): never {
  throw new Error("Nothing was measured.");
}
