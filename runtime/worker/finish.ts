// What moves a resource without a person: the end of a run that its state started, and the end of its time there. Both in one transaction with
// what they end or start, the resource locked first, as everywhere.

import { type Moved, startedBy, stateOf, timeoutName } from "../machine/consequences.js";
import type { KnownResource, KnownTask, Registry } from "../machine/registry.js";
import { currentState, nextNonce, storedState } from "../machine/resources.js";
import type { Connection, Store } from "../store/connection.js";
import { moveResource } from "../store/postgres.js";
import { type LockedResource, lockResource, stopResource } from "../store/runs.js";
import { dropTimer, type Timer } from "../store/timers.js";
import { type Outcome, settleRuns } from "../store/work.js";

export interface FinishOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly moved: Moved;
  readonly actor: string;
}

/** The end of a run on a resource. */
export interface End {
  readonly known: KnownTask;
  readonly resourceId: string;
  readonly ends: "success" | "failure";
}

export interface Finish {
  /** Whether such an end may lead a resource on: then it is settled with that. */
  mayLead(known: KnownTask, ends: End["ends"]): boolean;
  /** Settles the run and moves its resource, if that waits for it; gives the run's id, or nothing where it was overtaken. */
  settleWith(outcome: Outcome, end: End): Promise<readonly string[]>;
  /** Moves a resource whose time in its state is over; false where it was not to be. */
  timeOut(timer: Timer): Promise<boolean>;
}

export function createFinish({ registry, store, moved, actor }: FinishOptions): Finish {
  // Most tasks are started by no state, and then nobody has to look.
  const awaited = new Set(registry.resources.flatMap((owner) => Object.keys(owner.type.states).map((name) => startedBy(registry, owner, stateOf(owner, name)))));
  return { mayLead, settleWith, timeOut };

  function mayLead(known: KnownTask, ends: End["ends"]): boolean {
    return awaited.has(known) || escalates(known, ends);
  }

  // What its state waits for is asked under its lock: whoever enters that state meanwhile joins this run, or sees that it has ended.
  function settleWith(outcome: Outcome, { known, resourceId, ends }: End): Promise<readonly string[]> {
    return store.transaction(async (on) => {
      const locked = known.root === null ? null : await lockResource(on, known.root, resourceId);
      const landed = await settleRuns(on, [outcome], actor);
      const owner = locked && registry.ofTag(locked.type);
      if (owner && landed.length > 0) await follow(on, { owner, locked, known, ends, note: `${known.type.name} ${outcome.id}` });
      return landed;
    });
  }

  async function follow(on: Connection, { owner, locked, known, ends, note }: Following): Promise<void> {
    const from = currentState(locked.state, owner.type);
    const state = stateOf(owner, from);
    const waits = state !== undefined && startedBy(registry, owner, state) === known;
    if (!waits && !(state && escalates(known, ends))) return;
    const to = (waits ? (ends === "success" ? state.then : state.else) : undefined) ?? "panic";
    await leave(on, { owner, id: locked.id, from, to, nonce: locked.nonce, note }, known);
  }

  function timeOut(timer: Timer): Promise<boolean> {
    return store.transaction(async (on) => {
      const owner = registry.ofTag(timer.type);
      if (timer.name !== timeoutName || owner === null) return false;
      const locked = await lockResource(on, owner.root, timer.subject);
      const from = locked ? currentState(locked.state, owner.type) : "";
      const state = stateOf(owner, from);
      const taken = await dropTimer(on, timer);
      if (!taken || !state || locked?.step !== timer.step) return false;
      await leave(on, { owner, id: locked.id, from, to: state.onTimeout ?? "panic", nonce: locked.nonce, note: "it took too long" });
      return true;
    });
  }

  async function leave(on: Connection, leaving: Leaving, ended?: KnownTask): Promise<void> {
    const { owner, id, from, to, nonce, note } = leaving;
    const writing = { id, nonce, nextNonce: nextNonce(), by: actor, note };
    if (to === "stop") {
      const answer = await stopResource(on, { table: owner.root, childTables: registry.childTables(owner.root), keeps: registry.keeps, exits: registry.exits, ...writing });
      if (answer === "stopped") return;
      // What belongs to it has not stopped: it waits for a person.
      return leave(on, { ...leaving, to: "panic", note: `${note}: it has children that have not stopped` }, ended);
    }
    const made = await moveResource(on, owner.root, { ...writing, to: storedState(to), attrs: null, vaultKeys: [] });
    if (made) await moved(on, { known: owner, id, from, to, step: made.step, note }, ended);
  }
}

function escalates({ type }: KnownTask, ends: End["ends"]): boolean {
  return ends === "failure" && type.onPanic === "escalate";
}

interface Following extends Omit<End, "resourceId"> {
  readonly owner: KnownResource;
  readonly locked: LockedResource;
  readonly note: string;
}

interface Leaving {
  readonly owner: KnownResource;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly nonce: bigint;
  readonly note: string;
}
