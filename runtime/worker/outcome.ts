// What a verdict makes of a run, as it is settled: values in, values out.

import type { KnownTask, Registry } from "../machine/registry.js";
import { nextNonce, stateName, storedState } from "../machine/resources.js";
import { Task } from "../machine/task.js";
import type { LogLine } from "../store/postgres.js";
import type { HeldRun, Outcome } from "../store/work.js";
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
  const outcome = (kind: Outcome["kind"], { to = null, wakeMs = 0, deadlineMs = null, attempt = 0, keeps = false, panic = run.panic, note = null, isSaved = true }: Said): Outcome => ({
    id: run.id, nonce: run.nonce, nextNonce: nextNonce(), kind, to, wakeMs, deadlineMs, attempt, signals: run.signals, attrs: isSaved ? (written?.attrs ?? null) : null,
    vaultKeys: isSaved ? (written?.vaultKeys ?? null) : null, keeps, keep: registry.keeps[run.type] ?? "ever", panic, note, parentTaskId: run.parentTaskId,
  });
  switch (verdict.kind) {
    case "stay":
      return { outcome: outcome("stay", { wakeMs: name === "panic" ? Infinity : (state?.pollMs ?? 0) }), ends: null, line: null };
    case "release":
      return { outcome: outcome("retry", { attempt: run.attempt, isSaved: false }), ends: null, line: null };
    case "retry":
      return { outcome: outcome("retry", { attempt: run.attempt + 1, wakeMs: verdict.afterMs, isSaved: false }), ends: null, line: line("warn", verdict.error) };
    case "move": {
      const to = verdict.to === "stop" && code.onStop !== undefined && name !== "__exit__" ? "__exit__" : verdict.to;
      if (to !== "stop") return { outcome: outcome("move", { to: storedState(to), keeps: mayKeep, deadlineMs: taskState(type, to)?.timeoutMs ?? null }), ends: null, line: null };
      // A run that cleaned up after a panic has failed all the same.
      const ends = run.goesTo === "__stop__" ? null : run.panic === null ? "success" : "failure";
      return { outcome: outcome("end", { to: "__stop__" }), ends, line: null };
    }
    case "panic": {
      // What does not decode cannot be cleaned up after, and what fails in cleaning up is not cleaned up after again.
      const cleansUp = type.onPanic !== undefined && type.onPanic !== "escalate" && run.panic === null && run.goesTo !== "__stop__" && task instanceof Task;
      const { message, stack } = told(verdict.error, masking);
      const panic = run.panic === null ? JSON.stringify({ state: run.state, attempt: run.attempt + 1, message, stack, cleansUp }) : withoutCleaning(run.panic, message);
      const parked = outcome("move", { to: "__panic__", wakeMs: cleansUp ? 0 : Infinity, panic, note: message.slice(0, 200) });
      return { outcome: parked, ends: cleansUp || run.goesTo === "__stop__" ? null : "failure", line: line("error", verdict.error) };
    }
  }
}

/** Of an outcome what is not of every one. */
interface Said extends Partial<Pick<Outcome, "to" | "wakeMs" | "deadlineMs" | "attempt" | "keeps" | "panic" | "note">> {
  /** What the handler set is kept. */
  readonly isSaved?: boolean;
}

/** The run as it is after a move, so much later, for the worker that goes on with it. Written out, as it is made once a move. */
export function goingOn(run: HeldRun, outcome: Outcome, laterMs: number): HeldRun {
  return {
    id: run.id, type: run.type, version: run.version, resourceType: run.resourceType, resourceId: run.resourceId, rootId: run.rootId, parentTaskId: run.parentTaskId,
    state: outcome.to ?? run.state, step: run.step + 1n, turn: 0, nonce: outcome.nextNonce, attempt: 0, recoveries: 0, signals: run.signals, bucket: run.bucket,
    args: run.args, attrs: outcome.attrs ?? run.attrs, panic: run.panic, begun: false, goesTo: run.goesTo, stateLeftMs: outcome.deadlineMs,
    leftMs: run.leftMs === null || outcome.to === "__exit__" ? null : run.leftMs - laterMs,
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
