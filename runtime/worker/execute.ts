// One call of a handler: a run and its code in, what it decided out. It knows neither Postgres nor who else works: what a handler returned,
// threw or did not come to becomes a value, and whoever called settles it.

import type { ExitStep, Next, Pliny, PollStep, Step, StepOffer, TaskCode, TaskStateType, TaskType } from "../contract.js";
import { NotDone, PlinyError } from "../errors.js";
import type { Task } from "../machine/task.js";

/** What comes of a call. */
export type Verdict =
  | { readonly kind: "move"; readonly to: string }
  | { readonly kind: "stay" }
  /** Failed, and to be tried again. */
  | { readonly kind: "retry"; readonly afterMs: number; readonly error: unknown }
  | { readonly kind: "panic"; readonly error: unknown };

/** A run as it is about to be given to its handler. */
export interface Call {
  readonly task: Task;
  readonly code: TaskCode;
  readonly pliny: Pliny;
  /** Which try it is, from 1. */
  readonly attempt: number;
  readonly turn: number;
  /** Its time in its state is over, or its time altogether. */
  readonly late: "state" | "run" | null;
  /** How often it was taken over in this step. */
  readonly recoveries: number;
  /** Aborts when the lease is lost, and when the worker stops. */
  readonly signal: AbortSignal;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
}

/** A run that took down, or blocked, so many workers in one step is not tried again. */
const recoveriesMax = 3;

/** What a handler that was told to end may still take, in milliseconds. */
const graceMs = 5_000;

export async function execute(call: Call): Promise<Verdict> {
  const { task, code, late, recoveries } = call;
  const type: TaskType<unknown> = code.type;
  const state = Object.hasOwn(type.states, task.state) ? type.states[task.state] : undefined;
  if (state === undefined) return { kind: "panic", error: new PlinyError("NO_HANDLER", `${type.name} has no state '${task.state}' here.`) };
  if (recoveries >= recoveriesMax) {
    return { kind: "panic", error: new PlinyError("TAKEN_OVER", `${type.name} was taken over ${recoveries} times in '${task.state}': whoever ran it died or was blocked.`) };
  }
  if (late === "run") return { kind: "panic", error: new PlinyError("TIMEOUT", `${type.name} took too long.`) };
  if (late === "state") return timedOut(type, task.state);
  try {
    return await called(call, state);
  } catch (error) {
    return failed(call, state, error);
  }
}

/** Calls the handler, and gives it up when the deadline of its state is over. */
async function called(call: Call, state: TaskStateType): Promise<Verdict> {
  const { task, code, signal } = call;
  if ((await code.shouldStop?.(task)) === true) return { kind: "move", to: "stop" };
  const deadline = AbortSignal.timeout(state.timeoutMs);
  const offer = stepOffer(call, AbortSignal.any([signal, deadline]));
  const handler = code.run(task, offer);
  const overdue = new Promise<Verdict>((resolve) => {
    deadline.addEventListener("abort", () => setTimeout(() => resolve(timedOut(code.type, task.state)), graceMs).unref(), { once: true });
  });
  // What the handler says after that is refused by the nonce; that it threw is nobody's to catch then.
  handler.catch(() => {});
  return Promise.race([handler.then(decisionOf), overdue]);
}

function timedOut(type: TaskType<unknown>, state: string): Verdict {
  const to = type.states[state]?.onTimeout;
  return to === undefined ? { kind: "panic", error: new PlinyError("TIMEOUT", `${type.name} took too long in '${state}'.`) } : { kind: "move", to };
}

/** A throw is tried again as often as the state says; where an effect may be unknown, only one that says that nothing was done. */
function failed({ attempt, random }: Call, state: TaskStateType, error: unknown): Verdict {
  if (state.onUnknown !== undefined && !(error instanceof NotDone)) return { kind: "move", to: state.onUnknown };
  const { max, backoffMs } = state.retry;
  if (attempt >= max) return { kind: "panic", error };
  return { kind: "retry", afterMs: backoff(attempt, backoffMs, random), error };
}

/** Doubles from the least to the most, and anything from half of that to the whole, so that those who failed together do not come back together. */
export function backoff(attempt: number, { min, max }: { readonly min: number; readonly max: number }, random: () => number): number {
  const whole = Math.min(max, min * 2 ** (attempt - 1));
  return Math.round(whole / 2 + (whole / 2) * random());
}

// A `Next` is an object that nobody else can make: what it stands for is looked up here.
const decisions = new WeakMap<object, Verdict>();

function next(verdict: Verdict): Next {
  const made: object = Object.freeze({});
  decisions.set(made, verdict);
  // The type has a member that exists in no program, so that only this function makes one.
  return made as Next;
}

function decisionOf(made: Next): Verdict {
  const verdict = typeof made === "object" && made !== null ? decisions.get(made) : undefined;
  if (verdict === undefined) throw new TypeError("A handler returns what `to`, `stay` or `panic` of its step gave it.");
  return verdict;
}

function stepOffer({ task, pliny, turn }: Call, signal: AbortSignal): StepOffer {
  const key = `${task.id}:${task.step}.${turn}`;
  const step = <To extends string>(to: { readonly [Method in To]: string }): Step<To> => {
    const moves: { [method: string]: () => Next } = {};
    for (const [method, state] of Object.entries<string>(to)) moves[method] = () => next({ kind: "move", to: state });
    // Made of the very keys that the type has.
    return { to: moves as Step<To>["to"], pliny, signal, key, panic: (why) => next({ kind: "panic", error: new PlinyError("PANIC", why) }) };
  };
  const stay = (): Next => next({ kind: "stay" });
  const noSpawns = (): never => {
    throw new PlinyError("NO_SPAWNS", "Runs that a handler starts with its step come with a later version.");
  };
  return {
    offer: step,
    offerPoll: <To extends string>(to: { readonly [Method in To]: string }): PollStep<To> => ({ ...step(to), stay }),
    offerSpawns: noSpawns,
    offerPollSpawns: noSpawns,
    refuse: (state) => Promise.reject(new PlinyError("NO_HANDLER", `There is no handler for '${state}'.`)),
  };
}

/** What `on_stop` is given. */
export function exitStep({ task, pliny, signal }: Pick<Call, "task" | "pliny" | "signal">): ExitStep {
  return { pliny, signal, key: `${task.id}:exit` };
}
