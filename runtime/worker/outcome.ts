// What a verdict makes of a run, as it is settled: values in, values out.

import type { KnownTask, Registry } from "../machine/registry.js";
import { nextNonce, stateName, storedState } from "../machine/resources.js";
import { Task } from "../machine/task.js";
import type { LogLine } from "../store/postgres.js";
import type { HeldRun, Outcome, Settled } from "../store/work.js";
import type { Masking } from "../vault/masking.js";
import { taskState, type Verdict } from "./execute.js";

/** A run that was executed, and what came of it. */
export interface Executed {
  readonly run: HeldRun;
  readonly known: KnownTask;
  /** Or why it could not be read. */
  readonly task: Task | Error;
  readonly verdict: Verdict;
}

export interface Judged {
  readonly outcome: Outcome;
  /** Of an end: whether it succeeded, which is what a resource may wait for. Null where it goes on, and where it was ended from outside. */
  readonly ends: "success" | "failure" | null;
  /** What is kept of an error for people. */
  readonly line: LogLine | null;
}

interface Judging {
  readonly registry: Registry;
  /** Its fields as they are now, where some were set. */
  readonly written: { readonly attrs: string; readonly vaultKeys: readonly number[] } | null;
  /** The worker goes on with a run that may go on. */
  readonly mayKeep: boolean;
  readonly actor: string;
  /** Takes out of what is written down what was revealed. */
  readonly masking: Pick<Masking, "mask">;
}

export function judge({ run, known, task, verdict }: Executed, { registry, written, mayKeep, actor, masking }: Judging): Judged {
  const { type, code } = known;
  const line = (level: LogLine["level"], error: unknown): LogLine =>
    ({ level, kind: "error", type: run.type, id: run.id, actor, message: told(error, masking).message, data: { state: run.state, step: String(run.step) } });
  const name = task instanceof Task ? task.state : stateName(run.state);
  const state = taskState(type, name);
  const saved = { attrs: written?.attrs ?? null, vaultKeys: written?.vaultKeys ?? null };
  const base = {
    id: run.id, nonce: run.nonce, nextNonce: nextNonce(), signals: run.signals, parentTaskId: run.parentTaskId, keeps: false, keep: registry.keeps[run.type] ?? "ever",
    wakeMs: 0, deadlineMs: null, attempt: 0, panic: run.panic, note: null, to: null, ...saved,
  };
  switch (verdict.kind) {
    case "stay":
      return { outcome: { ...base, kind: "stay", wakeMs: name === "panic" ? Infinity : (state?.pollMs ?? 0) }, ends: null, line: null };
    case "release":
      return { outcome: { ...base, kind: "retry", attempt: run.attempt, attrs: null, vaultKeys: null }, ends: null, line: null };
    case "retry": {
      const outcome: Outcome = { ...base, kind: "retry", attempt: run.attempt + 1, wakeMs: verdict.afterMs, attrs: null, vaultKeys: null };
      return { outcome, ends: null, line: line("warn", verdict.error) };
    }
    case "move": {
      if (verdict.to !== "stop") {
        const to = storedState(verdict.to);
        return { outcome: { ...base, kind: "move", to, keeps: mayKeep, deadlineMs: taskState(type, verdict.to)?.timeoutMs ?? null }, ends: null, line: null };
      }
      if (code.onStop !== undefined && name !== "__exit__") {
        return { outcome: { ...base, kind: "move", to: "__exit__", keeps: mayKeep, deadlineMs: taskState(type, "__exit__")?.timeoutMs ?? null }, ends: null, line: null };
      }
      // A run that cleaned up after a panic has failed all the same.
      const ends = run.goesTo === "__stop__" ? null : run.panic === null ? "success" : "failure";
      return { outcome: { ...base, kind: "end", to: "__stop__" }, ends, line: null };
    }
    case "panic": {
      // What does not decode cannot be cleaned up after, and what fails in cleaning up is not cleaned up after again.
      const cleansUp = type.onPanic !== undefined && type.onPanic !== "escalate" && run.panic === null && run.goesTo !== "__stop__" && task instanceof Task;
      const { message, stack } = told(verdict.error, masking);
      const panic = run.panic === null ? JSON.stringify({ state: run.state, attempt: run.attempt + 1, message, stack, cleansUp }) : withoutCleaning(run.panic, message);
      const outcome: Outcome = { ...base, kind: "move", to: "__panic__", wakeMs: cleansUp ? 0 : Infinity, panic, note: message.slice(0, 200) };
      return { outcome, ends: cleansUp || run.goesTo === "__stop__" ? null : "failure", line: line("error", verdict.error) };
    }
  }
}

/** The run as it is after a settle, for the worker that goes on with it. */
export function goingOn(run: HeldRun, outcome: Outcome, { step, leftMs }: Settled): HeldRun {
  return {
    ...run, state: outcome.to ?? run.state, step, turn: 0, nonce: outcome.nextNonce, attempt: 0, recoveries: 0, begun: false, attrs: outcome.attrs ?? run.attrs,
    stateLeftMs: outcome.deadlineMs, leftMs,
  };
}

/** What is kept of a panic, for the person who looks, and for what cleans up. */
interface KeptPanic {
  readonly state: string;
  readonly cleansUp: boolean;
}

/** Whether a run in panic goes to `on_panic` now; else it waits for a person. */
export function isToBeCleanedUp({ panic }: HeldRun): boolean {
  const kept: KeptPanic | null = panic === null ? null : JSON.parse(panic);
  return kept?.cleansUp === true;
}

function withoutCleaning(panic: string, message: string): string {
  const kept: KeptPanic = JSON.parse(panic);
  return JSON.stringify({ ...kept, cleansUp: false, whileCleaningUp: message });
}

/** Of whatever was thrown, what may be kept and Postgres takes as text: nothing that was revealed, neither NUL nor half a surrogate pair. */
function told(error: unknown, masking: Pick<Masking, "mask">): { readonly message: string; readonly stack: string | null } {
  const [message, stack] = error instanceof Error ? [error.message, error.stack ?? null] : [thrown(error), null];
  return { message: storable(masking.mask(message)), stack: stack === null ? null : storable(masking.mask(stack)) };
}

function thrown(error: unknown): string {
  try {
    return `thrown: ${String(error)}`;
  } catch {
    return "thrown: what cannot be written as text";
  }
}

function storable(text: string): string {
  return text.slice(0, 10_000).replaceAll("\u0000", "\uFFFD").replaceAll(/\p{Surrogate}/gu, "\uFFFD");
}
