// What a worker that is struck down and those who watch it agree on: where it may be struck, the tasks that it runs, and what their handlers
// leave outside.

import { createApp, type DatabaseProvisionHandlers } from "../../generated/index.js";
import type { App, Next, TaskCode } from "../../runtime/index.js";
import { type Keys, loadKeys } from "../../runtime/machine/vaults.js";
import type { Connection } from "../../runtime/store/connection.js";
import { claimRuns, settleRuns } from "../../runtime/store/work.js";
import * as databaseCode from "../../specs/database.handlers.js";
import * as dumpCode from "../../specs/dump.handlers.js";
import * as replicaCode from "../../specs/replica.handlers.js";
import * as teamCode from "../../specs/team.handlers.js";
import { appOf, job, type JobState } from "./jobs.js";

export const points = {
  claimed: "after the claim's commit",
  read: "after the read",
  called: "before the handler",
  inside: "in the handler",
  affected: "after its outside effect",
  settling: "before the settle is sent",
  committing: "after the settle, before the commit that takes the resource along",
  settled: "after its commit and before its answer",
} as const;

export type Point = keyof typeof points;

/** Where a worker ends or pauses itself, the first time that so many runs are there. */
export interface Fate {
  readonly at: Point;
  readonly signal: "SIGKILL" | "SIGSTOP";
  readonly runs: number;
  /** Only a settle that ends a run counts. */
  readonly ends: boolean;
}

/** What a worker process is told, as JSON. */
export interface Orders {
  /** For the log. */
  readonly name: string;
  readonly url: string;
  /** Another database, where effects and marks are left. */
  readonly outsideUrl: string;
  /** Names of jobs; null for the example. */
  readonly jobs: readonly string[] | null;
  readonly leaseMs: number;
  readonly stallMs: number;
  /** A handler takes from 0 to so many milliseconds. */
  readonly workMs: number;
  readonly fate: Fate | null;
}

const key = (alg: string): string => JSON.stringify({ 1: { alg, key: Buffer.alloc(32, 1).toString("base64url"), state: "primary" } });

export const keys: Keys = loadKeys({ keyring: key("a256gcm-hkdf"), indexKeyring: key("hmac-sha256"), shredKeyring: key("a256gcm-hkdf") });

/** Marks say that a worker was where it was to be struck, that it came back, and what became of what it sent then. */
export const outsideTables: string = `
create table effect (run uuid not null, step int not null, state text not null, key text not null, pid int not null, at timestamptz not null default clock_timestamp());
create table mark (worker text not null, what text not null, pid int not null, runs int, ms float8, sent uuid[], landed uuid[], at timestamptz not null default clock_timestamp());`;

/** What handlers meet besides pliny. */
export interface Outside {
  reach(point: Point, runs: number): Promise<void>;
  /** Whatever the handler of that state is for. */
  work(state: string): Promise<void>;
  leave(run: { readonly id: string; readonly step: bigint; readonly state: string }, key: string): Promise<void>;
}

/** A state that has an effect and goes on. */
function does(outside: Outside, to: string, given: Partial<Omit<JobState, "to" | "run">> = {}): JobState {
  return {
    ...given,
    to: [to],
    run: async (run, step) => {
      await act(outside, run, step.key);
      return goingTo(step.to, to);
    },
  };
}

async function act(outside: Outside, run: Parameters<Outside["leave"]>[0], key: string): Promise<void> {
  await outside.work(run.state);
  await outside.reach("inside", 1);
  await outside.leave(run, key);
  await outside.reach("affected", 1);
}

function goingTo(to: { readonly [state: string]: () => Next }, state: string): Next {
  const next = to[state];
  if (next === undefined) throw new TypeError(`It does not go to ${state}.`);
  return next();
}

const kinds: { readonly [kind: string]: (name: string, outside: Outside) => TaskCode } = {
  plain: (name, outside) => job(name, { one: does(outside, "two"), two: does(outside, "three"), three: does(outside, "stop") }),
  risky: (name, outside) => job(name, { make: does(outside, "done", { onUnknown: "look" }), look: does(outside, "done"), done: does(outside, "stop") }),
  five: (name, outside) => job(name, {
    a: does(outside, "b"), b: does(outside, "c"), c: does(outside, "d", { onUnknown: "look" }), look: does(outside, "d"), d: does(outside, "e"), e: does(outside, "stop"),
  }),
  blocks: (name) => job(name, { only: { to: ["stop"], run: () => { for (;;); } } }),
  exits: (name) => job(name, { only: { to: ["stop"], run: () => process.exit(7) } }),
};

/** What its states leave outside, by the part of its name before `_`. */
export const effectsOf: { readonly [kind: string]: { readonly [state: string]: "again" | { readonly unknown: string } } } = {
  plain: { one: "again", two: "again", three: "again" },
  risky: { make: { unknown: "look" }, look: "again", done: "again" },
  five: { a: "again", b: "again", c: { unknown: "look" }, look: "again", d: "again", e: "again" },
  blocks: {},
  exits: {},
  provision: { draw: "again", create_role: "again", create_database: { unknown: "look_up" }, look_up: "again", admit: "again" },
};

/** A job by its name, the part of which before `_` says what it does. */
export function jobNamed(name: string, outside: Outside): TaskCode {
  const code = kinds[name.split("_")[0] ?? ""]?.(name, outside);
  if (code === undefined) throw new TypeError(`There is no job '${name}'.`);
  return { ...code, run: async (run, step) => {
    await outside.reach("called", 1);
    return code.run(run, step);
  } };
}

/** The example, with handlers that only leave an effect. */
export function exampleApp(outside: Outside): App {
  const provision: DatabaseProvisionHandlers = {
    ...databaseCode.databaseProvision,
    draw: (task, { to, key }) => act(outside, task, key).then(to.createRole),
    createRole: (task, { to, key }) => act(outside, task, key).then(to.createDatabase),
    createDatabase: (task, { to, key }) => act(outside, task, key).then(to.admit),
    lookUp: (task, { to, key }) => act(outside, task, key).then(to.admit),
    admit: async (task, { to, key }) => {
      await act(outside, task, key);
      await task.database.save({ endpoint: "postgres://server:5432/orders" });
      return to.stop();
    },
  };
  return createApp({ ...databaseCode, ...dumpCode, ...replicaCode, ...teamCode, databaseProvision: provision });
}

export function appFor({ jobs }: Pick<Orders, "jobs">, outside: Outside): App {
  return jobs === null ? exampleApp(outside) : appOf(jobs.map((name) => jobNamed(name, outside)));
}

/** The statements that a worker is struck at, as the product itself writes them. */
export async function readStatements(): Promise<{ readonly claim: string; readonly settle: string }> {
  return {
    claim: await textOf((on) => claimRuns(on, { worker: "", types: [], limit: 0, floor: null })),
    settle: await textOf((on) => settleRuns(on, [], "")),
  };
}

async function textOf(send: (on: Connection) => Promise<unknown>): Promise<string> {
  const texts: string[] = [];
  await send({ query: (text) => Promise.resolve({ rows: texts.push(text) > 0 ? [] : [] }) });
  const [text] = texts;
  if (text === undefined || texts.length > 1) throw new TypeError("It is one statement.");
  return text;
}
