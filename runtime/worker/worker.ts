// A worker: claims what is due, has each run's handler called, and settles what came of it. It holds nothing that is not in Postgres: whoever it is
// that dies here, another goes on.

import { randomUUID } from "node:crypto";
import type { Pliny } from "../contract.js";
import { type Moved, startedBy, stateOf, timeoutName } from "../machine/consequences.js";
import type { KnownResource, KnownTask, Registry } from "../machine/registry.js";
import { nextNonce, storedState } from "../machine/resources.js";
import type { Runs } from "../machine/runs.js";
import { Task } from "../machine/task.js";
import type { Connection, Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { moveResource, readResources, writeLog } from "../store/postgres.js";
import {
  announceWorker, type ClaimedRun, claimRuns, lockResource, type Outcome, renewLease, retireWorker, settleRuns, stopResource, takeOver, takeTimers,
} from "../store/runs.js";
import { execute, type Verdict } from "./execute.js";

export interface WorkerOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly runs: Runs;
  readonly moved: Moved;
  readonly pliny: Pliny;
  readonly actor: string;
  /** So many runs at once, 10 unless said. */
  readonly slots?: number;
  readonly leaseMs?: number;
  readonly random?: () => number;
}

export interface Worker {
  readonly id: string;
  /** Takes what is due, once, and settles it; gives how many it took. */
  tick(): Promise<number>;
  /** Does what is due by the clock: frees what dead workers held, moves resources whose time in a state is over. */
  watch(): Promise<void>;
  /** Renews the lease; false where it was lost, and then this worker claims nothing any more. */
  renew(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Somebody else moved the run meanwhile; nothing of what came of it here is written. */
class Overtaken extends Error {}

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { registry, store, runs, moved, pliny, actor, slots = 10, leaseMs = 15_000, random = Math.random } = options;
  const id = randomUUID();
  const aborting = new AbortController();
  const types = [...registry.tasks].sort((left, right) => (right.type.priority ?? 0) - (left.type.priority ?? 0)).map(({ tag }) => tag);
  const can = Object.fromEntries(registry.tasks.map(({ tag, type }) => [tag, type.version]));
  const keeps = Object.values(registry.keeps);
  await announceWorker(store, { id, leaseMs, can, release: null });
  return { id, tick, watch, renew, stop };

  async function tick(): Promise<number> {
    const claimed = await claimRuns(store, { worker: id, types, limit: slots });
    const tasks = await runs.readRuns(claimed);
    await Promise.all(claimed.map((run, at) => work(run, tasks[at] ?? new Error(`${run.type} ${run.id} was not read.`))));
    return claimed.length;
  }

  async function work(run: ClaimedRun, task: Task | Error): Promise<void> {
    const known = registry.taskOfTag(run.type);
    if (known === null) return;
    const { onPanic } = known.type;
    const verdict: Verdict =
      task instanceof Error
        ? { kind: "panic", error: task }
        : run.state === "__panic__"
          ? onPanic !== undefined && isToBeCleanedUp(run) ? { kind: "move", to: onPanic } : { kind: "stay" }
          : await execute({
            task, code: known.code, pliny, attempt: run.attempt + 1, turn: run.turn, late: run.late, recoveries: run.recoveries, signal: aborting.signal, random,
          });
    try {
      await settle({ run, known, task, verdict });
    } catch (error) {
      if (error instanceof Overtaken) return;
      throw error;
    }
  }

  async function settle({ run, known, task, verdict }: Worked): Promise<void> {
    const outcome = outcomeOf({ run, known, task, verdict }, runs, registry);
    if (verdict.kind === "panic") await noteError(run, verdict.error);
    const waiting = outcome.ends === null ? null : await waitingFor(run, known);
    if (waiting === null) {
      const [landed] = await withPartitions(store, () => settleRuns(store, [outcome.outcome], actor), keeps);
      if (landed === undefined) throw new Overtaken();
      return;
    }
    const to = (outcome.ends === "success" ? waiting.then : waiting.else) ?? "panic";
    await withPartitions(store, () => store.transaction((on) => finish(on, { run, known, outcome: outcome.outcome, waiting, to })), keeps);
  }

  /** The run and the resource that waits for it, in one transaction: the resource is locked first, as everywhere. */
  async function finish(on: Connection, { run, known, outcome, waiting, to }: Finish): Promise<void> {
    const { owner, from } = waiting;
    const locked = await lockResource(on, owner.root, { id: waiting.id, state: storedState(from) });
    const [landed] = await settleRuns(on, [outcome], actor);
    if (landed === undefined) throw new Overtaken();
    // It has left that state by another way, and no longer waits.
    if (locked === null) return;
    const note = `${known.type.name} ${run.id}`;
    await leave(on, { owner, id: waiting.id, from, to, nonce: locked.nonce, note }, known);
  }

  async function leave(on: Connection, { owner, id: resourceId, from, to, nonce, note }: Leaving, ended?: KnownTask): Promise<void> {
    const writing = { id: resourceId, nonce, nextNonce: nextNonce(), by: actor, note };
    if (to === "stop") {
      const childTables = [...new Set(registry.resources.filter(({ parentRoot }) => parentRoot === owner.root).map(({ root }) => root))];
      const answer = await stopResource(on, { table: owner.root, childTables, keeps: registry.keeps, ...writing });
      if (answer === "stopped") return;
      // What belongs to it has not stopped: it waits for a person.
      return leave(on, { owner, id: resourceId, from, to: "panic", nonce, note: `${note}: it has children that have not stopped` }, ended);
    }
    const made = await moveResource(on, owner.root, { ...writing, to: storedState(to), attrs: null, vaultKeys: [] });
    if (made) await moved(on, { known: owner, id: resourceId, from, to, step: made.step, note }, ended);
  }

  /** The resource whose state started that task, if it is in that state still. */
  async function waitingFor(run: ClaimedRun, known: KnownTask): Promise<Waiting | null> {
    if (run.resourceId === null || known.root === null) return null;
    const [record] = await readResources(store, known.root, [run.resourceId]);
    const owner = record && registry.ofTag(record.type);
    const state = owner && stateOf(owner, record.state);
    if (!owner || !state || startedBy(registry, owner, state) !== known) return null;
    return { owner, id: run.resourceId, from: record.state, then: state.then, else: state.else };
  }

  async function noteError(run: ClaimedRun, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    await writeLog(store, [{ level: "error", kind: "error", type: run.type, id: run.id, actor, message, data: { state: run.state, step: String(run.step) } }]);
  }

  async function watch(): Promise<void> {
    await takeOver(store);
    await withPartitions(
      store,
      () =>
        store.transaction(async (on) => {
          for (const timer of await takeTimers(on, 100)) {
            const owner = registry.ofTag(timer.type);
            if (timer.name !== timeoutName || owner === null) continue;
            const [record] = await readResources(on, owner.root, [timer.subject]);
            const state = record && stateOf(owner, record.state);
            if (!record || !state || record.step !== timer.step) continue;
            const locked = await lockResource(on, owner.root, { id: record.id, state: record.state });
            if (locked?.step !== timer.step) continue;
            await leave(on, { owner, id: record.id, from: record.state, to: state.onTimeout ?? "panic", nonce: locked.nonce, note: "it took too long" });
          }
        }),
      keeps,
    );
  }

  function renew(): Promise<boolean> {
    return renewLease(store, { id, leaseMs });
  }

  async function stop(): Promise<void> {
    aborting.abort();
    await retireWorker(store, id);
  }
}

interface Worked {
  readonly run: ClaimedRun;
  readonly known: KnownTask;
  readonly task: Task | Error;
  readonly verdict: Verdict;
}

interface Waiting {
  readonly owner: KnownResource;
  readonly id: string;
  readonly from: string;
  readonly then: string | undefined;
  readonly else: string | undefined;
}

interface Finish {
  readonly run: ClaimedRun;
  readonly known: KnownTask;
  readonly outcome: Outcome;
  readonly waiting: Waiting;
  readonly to: string;
}

interface Leaving {
  readonly owner: KnownResource;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly nonce: bigint;
  readonly note: string;
}

/** What a verdict makes of a run; `ends` where that is its success or its failure, which is what a resource may wait for. */
function outcomeOf({ run, known, task, verdict }: Worked, runs: Runs, registry: Registry): { readonly outcome: Outcome; readonly ends: "success" | "failure" | null } {
  const { type } = known;
  const state = type.states[run.state];
  const saved = task instanceof Task && Object.keys(task._changes).length > 0 ? runs.written(known, run, task) : { attrs: null, vaultKeys: null };
  const base = {
    id: run.id, nonce: run.nonce, nextNonce: nextNonce(), signals: run.signals, keeps: false, keep: registry.keeps[run.type] ?? "ever", wakeMs: 0, deadlineMs: null,
    attempt: 0, panic: run.panic, note: null, to: null, ...saved,
  };
  switch (verdict.kind) {
    case "stay":
      return { outcome: { ...base, kind: "stay", wakeMs: run.state === "__panic__" ? Infinity : (state?.pollMs ?? 0) }, ends: null };
    case "retry":
      return { outcome: { ...base, kind: "retry", attempt: run.attempt + 1, wakeMs: verdict.afterMs, attrs: null, vaultKeys: null }, ends: null };
    case "move": {
      // A run that cleaned up after a panic has failed all the same.
      if (verdict.to === "stop") return { outcome: { ...base, kind: "end", to: "__stop__" }, ends: run.panic === null ? "success" : "failure" };
      return { outcome: { ...base, kind: "move", to: storedState(verdict.to), deadlineMs: type.states[verdict.to]?.timeoutMs ?? null }, ends: null };
    }
    case "panic": {
      const { error } = verdict;
      // What does not decode cannot be cleaned up after, and what fails in cleaning up is not cleaned up after again.
      const cleansUp = type.onPanic !== undefined && type.onPanic !== "escalate" && run.panic === null && task instanceof Task;
      const [message, stack] = error instanceof Error ? [error.message, error.stack ?? null] : [String(error), null];
      const panic = run.panic === null ? JSON.stringify({ state: run.state, attempt: run.attempt + 1, message, stack, cleansUp }) : withoutCleaning(run.panic, message);
      const outcome: Outcome = { ...base, kind: "move", to: "__panic__", wakeMs: cleansUp ? 0 : Infinity, panic, note: message.slice(0, 200) };
      return { outcome, ends: cleansUp ? null : "failure" };
    }
  }
}

/** What is kept of a panic, for the person who looks, and for what cleans up. */
interface KeptPanic {
  readonly state: string;
  readonly cleansUp: boolean;
}

function isToBeCleanedUp({ panic }: ClaimedRun): boolean {
  const kept: KeptPanic | null = panic === null ? null : JSON.parse(panic);
  return kept?.cleansUp === true;
}

function withoutCleaning(panic: string, message: string): string {
  const kept: KeptPanic = JSON.parse(panic);
  return JSON.stringify({ ...kept, cleansUp: false, whileCleaningUp: message });
}
