// One call of a handler: a run and its code in, what it decided out. It knows neither Postgres nor who else works: what a handler returned,
// threw or did not come to becomes a value, and whoever called settles it.

import type { ExitStep, Next, Pliny, PollStep, Step, StepOffer, TaskCode, TaskStateType, TaskType } from "../contract.js";
import { NotDone, PlinyError } from "../errors.js";
import type { Task } from "../machine/task.js";
import type { HeldRun } from "../store/work.js";
import type { Interrupt } from "./interrupt.js";

/** What comes of a call. */
export type Verdict =
  | { readonly kind: "move"; readonly to: string }
  | { readonly kind: "stay" }
  /** Failed, and to be tried again. */
  | { readonly kind: "retry"; readonly afterMs: number; readonly error: unknown }
  /** Given up because the worker stops or lost its lease: this try does not count. */
  | { readonly kind: "release" }
  | { readonly kind: "panic"; readonly error: unknown };

/** A run as it is about to be given to its handler. */
export interface Call {
  readonly run: HeldRun;
  readonly task: Task;
  readonly code: TaskCode;
  readonly pliny: Pliny;
  readonly interrupt: Interrupt;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
}

/** A run that took down, or blocked, so many workers in one step is not tried again. */
export const recoveriesMax = 3;

/** What a handler that was told to end may still take, in milliseconds. */
const graceMs = 5_000;

/** A timer takes no more milliseconds than this, which are 24 days. */
const timerMaxMs = 2 ** 31 - 1;

const retry: TaskStateType["retry"] = { max: 3, backoffMs: { min: 1_000, max: 60_000 } };

/** Where a run with `should_start` waits, and what one with `on_stop` passes: states of ours, with the defaults of a spec's. */
const own: { readonly [state: string]: TaskStateType } = {
  new: { to: [], timeoutMs: 900_000, retry, pollMs: 30_000 },
  __exit__: { to: ["stop"], timeoutMs: 900_000, retry },
};

/** What a state of a task allows; undefined of one that it has not, or at which no handler is called. */
export function taskState(type: TaskType<unknown>, name: string): TaskStateType | undefined {
  const states = Object.hasOwn(own, name) ? own : type.states;
  return Object.hasOwn(states, name) ? states[name] : undefined;
}

/** Whether that state's handler has an effect that nobody could tell if it did not come back. */
export function isUnknown(type: TaskType<unknown>, name: string): boolean {
  return taskState(type, name)?.onUnknown !== undefined;
}

/** Says what becomes of a run without its handler, or calls it. Never throws. */
export async function execute(call: Call): Promise<Verdict> {
  const { run, task, code, interrupt } = call;
  const state = taskState(code.type, task.state);
  if (state === undefined) return panic("NO_HANDLER", `${code.type.name} has no state '${task.state}' here.`);
  if ((run.leftMs ?? 1) <= 0) return panic("TIMEOUT", `${code.type.name} took too long.`);
  // It was called, and whoever called it did not come back.
  if (run.begun && state.onUnknown !== undefined) return { kind: "move", to: state.onUnknown };
  if (run.recoveries >= recoveriesMax) {
    return panic("TAKEN_OVER", `${code.type.name} was taken over ${run.recoveries} times in '${task.state}': whoever ran it died or was blocked.`);
  }
  if ((run.stateLeftMs ?? 1) <= 0) return outOfTime(call, state);
  // Told to end before it began. Only now, for a release forgets that a handler was called.
  if (interrupt.reason !== null) return { kind: "release" };
  return untilDeadline(call, state);
}

/** Calls the handler, and gives it up a while after it was told to end: at its deadline, or because the worker does. */
function untilDeadline(call: Call, state: TaskStateType): Promise<Verdict> {
  const { run, task, code, interrupt } = call;
  const leftMs = Math.min(run.stateLeftMs ?? state.timeoutMs, run.leftMs ?? Infinity);
  return new Promise((resolve) => {
    const deadline = together(leftMs) > timerMaxMs ? undefined : setTimeout(() => interrupt.abort(new PlinyError("TIMEOUT", `${code.type.name} has been in '${task.state}' for too long.`)), together(leftMs));
    let grace: NodeJS.Timeout | undefined;
    // What the handler says after it was given up is heard by nobody.
    const decided = (verdict: Verdict): void => {
      clearTimeout(deadline);
      clearTimeout(grace);
      interrupt.onAbort(() => {});
      resolve(verdict);
    };
    interrupt.onAbort(() => {
      grace = setTimeout(() => decided(interrupted(call, state)), graceMs);
    });
    answered(call).then(decided, (error: unknown) => decided(failed(call, state, error)));
  });
}

/** Timers of one length are cheap, however many, and those of many lengths are not: one of more than 5 s ends with its second. */
function together(ms: number): number {
  return ms < 5_000 ? ms : Math.ceil(ms / 1_000) * 1_000;
}

async function answered(call: Call): Promise<Verdict> {
  const { task, code } = call;
  if (task.state === "__exit__") {
    await code.onStop?.(task, exitStep(call));
    return { kind: "move", to: "stop" };
  }
  if (task.state === "new") {
    const [first = "stop"] = Object.keys(code.type.states);
    return code.shouldStart === undefined || (await code.shouldStart(task)) ? { kind: "move", to: first } : { kind: "stay" };
  }
  if ((await code.shouldStop?.(task)) === true) return { kind: "move", to: "stop" };
  return decisionOf(await code.run(task, stepOffer(call)));
}

/** A throw is tried again as often as the state says; where an effect may be unknown, only one that says that nothing was done. */
function failed(call: Call, state: TaskStateType, error: unknown): Verdict {
  const { run, interrupt, random } = call;
  if (state.onUnknown !== undefined && !(error instanceof NotDone)) return { kind: "move", to: state.onUnknown };
  if (interrupt.reason !== null) return interrupted(call, state);
  const attempt = run.attempt + 1;
  const { max, backoffMs } = state.retry;
  if (attempt >= max) return { kind: "panic", error };
  return { kind: "retry", afterMs: backoff(attempt, backoffMs, random), error };
}

function interrupted(call: Call, state: TaskStateType): Verdict {
  if (state.onUnknown !== undefined) return { kind: "move", to: state.onUnknown };
  return call.interrupt.reason?.code === "TIMEOUT" ? outOfTime(call, state) : { kind: "release" };
}

/** A run whose own time is over panics; else the state says where its timeout leads. */
function outOfTime({ run, task, code }: Call, state: TaskStateType): Verdict {
  const isWhole = run.leftMs !== null && run.leftMs <= (run.stateLeftMs ?? Infinity);
  if (!isWhole && state.onTimeout !== undefined) return { kind: "move", to: state.onTimeout };
  return panic("TIMEOUT", `${code.type.name} took too long${isWhole ? "" : ` in '${task.state}'`}.`);
}

function panic(code: string, message: string): Verdict {
  return { kind: "panic", error: new PlinyError(code, message) };
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

function stepOffer({ run, pliny, interrupt }: Call): StepOffer {
  const key = `${run.id}:${run.step}.${run.turn}`;
  const step = <To extends string>(to: { readonly [Method in To]: string }): Step<To> => {
    const moves: { [method: string]: () => Next } = {};
    for (const [method, state] of Object.entries<string>(to)) moves[method] = () => next({ kind: "move", to: state });
    return {
      // Made of the very keys that the type has.
      to: moves as Step<To>["to"], pliny, key,
      get signal() {
        return interrupt.signal;
      },
      panic: (why) => next({ kind: "panic", error: new PlinyError("PANIC", why) }),
    };
  };
  const noSpawns = (): never => {
    throw new PlinyError("NO_SPAWNS", "Runs that a handler starts with its step come with a later version.");
  };
  return {
    offer: step,
    offerPoll: <To extends string>(to: { readonly [Method in To]: string }): PollStep<To> => Object.assign(step(to), { stay: () => next({ kind: "stay" }) }),
    offerSpawns: noSpawns,
    offerPollSpawns: noSpawns,
    refuse: (state) => Promise.reject(new PlinyError("NO_HANDLER", `There is no handler for '${state}'.`)),
  };
}

function exitStep({ run, pliny, interrupt }: Call): ExitStep {
  return { pliny, signal: interrupt.signal, key: `${run.id}:exit` };
}
