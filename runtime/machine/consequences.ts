// What a move of a resource brings with it, in the transaction that makes it: the run of the state that it leaves ends, that of the state that it
// enters starts, and its deadline stands in a timer.

import type { ResourceStateType } from "../contract.js";
import type { Connection } from "../store/connection.js";
import { insertLog } from "../store/postgres.js";
import { endRuns } from "../store/runs.js";
import { dropTimer, setTimer } from "../store/timers.js";
import type { KnownResource, KnownTask, Registry } from "./registry.js";
import type { ResourceMove } from "./resources.js";
import type { Runs } from "./runs.js";

export interface ConsequencesOptions {
  readonly registry: Registry;
  readonly runs: () => Pick<Runs, "prepare" | "begin" | "retry" | "bell">;
  readonly actor: string;
}

/** `ended` is the run whose end is this very move, and is settled by whoever makes it. */
export type Moved = (on: Connection, move: ResourceMove, ended?: KnownTask) => Promise<void>;

export function createConsequences({ registry, runs, actor }: ConsequencesOptions): Moved {
  return async (on, { known, id, from, to, step, note }, ended) => {
    const [left, entered] = [stateOf(known, from), stateOf(known, to)];
    const [before, after] = [startedBy(registry, known, left), startedBy(registry, known, entered)];
    if (left?.timeoutMs !== undefined) await dropTimer(on, { subject: id, name: timeoutName });
    if (before && before !== ended) {
      await endRuns(on, { resourceId: id, type: before.tag }, { keeps: registry.keeps, exits: registry.exits, by: actor, note: `${known.type.name} went to ${to}` });
    }
    if (after) {
      const run = await runs().prepare(after, { owner: { known, id }, args: {}, on, note });
      const answer = await runs().begin(on, after, run);
      // The state waits for it, whatever it was given.
      if (answer.result === "differs") await runs().retry(on, after, run);
      if (answer.result === "joined" || answer.result === "differs") {
        const message = `${known.type.name} ${id} went to ${to} and waits for this run, which was live${answer.result === "differs" ? " and was given other args" : ""}.`;
        await insertLog(on, [{ level: "info", kind: "notice", type: after.tag, id: answer.id, actor, message, data: null }]);
      }
      runs().bell.ring();
    }
    if (entered?.timeoutMs !== undefined) await setTimer(on, { subject: id, name: timeoutName, type: known.tag, step, afterMs: entered.timeoutMs });
  };
}

export const timeoutName = "timeout";

export function stateOf({ type }: KnownResource, state: string | null): ResourceStateType | undefined {
  return state !== null && Object.hasOwn(type.states, state) ? type.states[state] : undefined;
}

/** The task that a state starts, as this resource knows it. */
export function startedBy(registry: Registry, known: KnownResource, state: ResourceStateType | undefined): KnownTask | null {
  const named = state?.starts === undefined ? undefined : registry.tasks.find(({ type }) => type.name === state.starts);
  return named ? registry.taskOf(named.type, known) : null;
}
