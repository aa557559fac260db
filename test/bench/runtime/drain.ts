// A worker that drains what is due.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { startWorker } from "../../../runtime/worker/worker.js";
import { job } from "../../setup/jobs.js";
import { figuresOf, fill, withJobs } from "./opened.js";

export interface Drained {
  /** Moves, and ends, that were committed. */
  readonly perSecond: number;
  /** Each a move. */
  readonly walBytes: number;
  readonly commits: number;
  readonly roundTrips: number;
  /** Of all updates of pliny.task, the share that touched no index. */
  readonly hot: number;
  /** Of the time, the share that this process had a processor. */
  readonly busy: number;
}

export interface DrainGiven {
  readonly runs: number;
  readonly states: number;
  readonly slots: number;
}

const names = ["one", "two", "three", "four", "five"];

export function drained(server: string, { runs, states, slots }: DrainGiven): Promise<Drained> {
  const used = names.slice(0, states);
  const moves = runs * states;
  let calls = 0;
  const code = job("bench", Object.fromEntries(used.map((name, at) => {
    const next = used[at + 1] ?? "stop";
    return [name, {
      to: [next],
      run: (_, { to }) => {
        calls += 1;
        return Promise.resolve(to[next]?.() ?? fail());
      },
    }];
  })));
  return withJobs(server, code, async (opened) => {
    await fill(opened.client, runs);
    const before = await figuresOf(opened.client);
    const trips = opened.trips();
    const worker = await startWorker({ ...opened, actor: "bench", slots });
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const life = worker.run();
    while (calls < moves || (await left(opened.client))) await sleep(5);
    const tookMs = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    const roundTrips = opened.trips() - trips;
    await worker.stop();
    await life;
    await opened.close();
    const after = await figuresOf(opened.client);
    return {
      perSecond: moves / (tookMs / 1000), walBytes: (after.walBytes - before.walBytes) / moves, commits: (after.commits - before.commits) / moves, roundTrips: roundTrips / moves,
      hot: (after.hot - before.hot) / Math.max(1, after.updates - before.updates), busy: (user + system) / 1000 / tookMs,
    };
  });
}

async function left(client: Client): Promise<boolean> {
  return ((await client.query("select from pliny.task limit 1")).rowCount ?? 0) > 0;
}

function fail(): never {
  throw new Error("No such move.");
}
