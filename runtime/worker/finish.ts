// What moves a resource without a person: the end of a run that its state started, and the end of its time there. Both in one transaction with
// what they end or start, the resource locked first, as everywhere.

import { type Moved, startedBy, stateOf, timeoutName } from "../machine/consequences.js";
import type { KnownResource, KnownTask, Registry } from "../machine/registry.js";
import { currentState, nextNonce, storedState } from "../machine/resources.js";
import type { Connection, Store } from "../store/connection.js";
import { moveResource, readResources } from "../store/postgres.js";
import { lockResource, stopResource } from "../store/runs.js";
import { dropTimer, type Timer } from "../store/timers.js";
import { type HeldRun, type Outcome, settleRuns } from "../store/work.js";

export interface FinishOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly moved: Moved;
  readonly actor: string;
}

/** A resource in a state that waits for a run, and where the run's end leads it. */
export interface Waiting {
  readonly owner: KnownResource;
  readonly id: string;
  /** As its row has it. */
  readonly stored: string;
  readonly from: string;
  readonly to: string;
}

export interface Finish {
  /** The resource whose state waits for that run's end; null where none does. */
  waitingFor(run: HeldRun, known: KnownTask, ends: "success" | "failure"): Promise<Waiting | null>;
  /** Settles the run and moves what waits for it; false where the run was overtaken. */
  settleWith(outcome: Outcome, known: KnownTask, waiting: Waiting): Promise<boolean>;
  /** Moves a resource whose time in its state is over; false where it was not to be. */
  timeOut(timer: Timer): Promise<boolean>;
}

export function createFinish({ registry, store, moved, actor }: FinishOptions): Finish {
  // Most tasks are started by no state, and then nobody has to look.
  const awaited = new Set(registry.resources.flatMap((owner) => Object.keys(owner.type.states).map((name) => startedBy(registry, owner, stateOf(owner, name)))));
  return { waitingFor, settleWith, timeOut };

  async function waitingFor(run: HeldRun, known: KnownTask, ends: "success" | "failure"): Promise<Waiting | null> {
    if (run.resourceId === null || known.root === null) return null;
    const escalates = ends === "failure" && known.type.onPanic === "escalate";
    if (!awaited.has(known) && !escalates) return null;
    const [record] = await readResources(store, known.root, [run.resourceId]);
    const owner = record && registry.ofTag(record.type);
    const from = owner ? currentState(record.state, owner.type) : "";
    const state = owner && stateOf(owner, from);
    if (!owner || !state) return null;
    const waits = startedBy(registry, owner, state) === known;
    if (!waits && !escalates) return null;
    const to = (waits ? (ends === "success" ? state.then : state.else) : undefined) ?? "panic";
    return { owner, id: run.resourceId, stored: record.state, from, to };
  }

  function settleWith(outcome: Outcome, known: KnownTask, { owner, id, stored, from, to }: Waiting): Promise<boolean> {
    return store.transaction(async (on) => {
      const locked = await lockResource(on, owner.root, { id, state: stored });
      const [landed] = await settleRuns(on, [outcome], actor);
      if (landed === undefined) return false;
      // Else it has left that state by another way, and no longer waits.
      if (locked !== null) await leave(on, { owner, id, from, to, nonce: locked.nonce, note: `${known.type.name} ${outcome.id}` }, known);
      return true;
    });
  }

  function timeOut(timer: Timer): Promise<boolean> {
    return store.transaction(async (on) => {
      const owner = registry.ofTag(timer.type);
      if (timer.name !== timeoutName || owner === null) return false;
      const [record] = await readResources(on, owner.root, [timer.subject]);
      const from = record ? currentState(record.state, owner.type) : "";
      const state = stateOf(owner, from);
      const locked = record && state ? await lockResource(on, owner.root, { id: record.id, state: record.state }) : null;
      const taken = await dropTimer(on, timer);
      if (!taken || !record || !state || locked?.step !== timer.step) return false;
      await leave(on, { owner, id: record.id, from, to: state.onTimeout ?? "panic", nonce: locked.nonce, note: "it took too long" });
      return true;
    });
  }

  async function leave(on: Connection, leaving: Leaving, ended?: KnownTask): Promise<void> {
    const { owner, id, from, to, nonce, note } = leaving;
    const writing = { id, nonce, nextNonce: nextNonce(), by: actor, note };
    if (to === "stop") {
      const childTables = [...new Set(registry.resources.filter(({ parentRoot }) => parentRoot === owner.root).map(({ root }) => root))];
      const answer = await stopResource(on, { table: owner.root, childTables, keeps: registry.keeps, exits: registry.exits, ...writing });
      if (answer === "stopped") return;
      // What belongs to it has not stopped: it waits for a person.
      return leave(on, { ...leaving, to: "panic", note: `${note}: it has children that have not stopped` }, ended);
    }
    const made = await moveResource(on, owner.root, { ...writing, to: storedState(to), attrs: null, vaultKeys: [] });
    if (made) await moved(on, { known: owner, id, from, to, step: made.step, note }, ended);
  }
}

interface Leaving {
  readonly owner: KnownResource;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly nonce: bigint;
  readonly note: string;
}
