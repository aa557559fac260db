// Takes runs that a worker holds as far as they go: reads them, has their handlers called, settles what came of it, and goes on with those that
// may go on. What was settled together is read together again.

import type { Pliny } from "../contract.js";
import type { KnownTask, Registry } from "../machine/registry.js";
import { stateName } from "../machine/resources.js";
import type { Runs } from "../machine/runs.js";
import { Task } from "../machine/task.js";
import { isPassing, type Store } from "../store/connection.js";
import { type LogLine, writeLog } from "../store/postgres.js";
import { beginRuns, type HeldRun, putOffRun } from "../store/work.js";
import type { Masking } from "../vault/masking.js";
import { execute, isUnknown, type Verdict } from "./execute.js";
import type { End, Finish } from "./finish.js";
import { Interrupt } from "./interrupt.js";
import { goingOn, isToBeCleanedUp, judge, type Judged } from "./outcome.js";
import { landing, type Patience } from "./patience.js";
import type { Answer, Settler } from "./settle.js";

/** A run that a worker holds, step after step. */
export interface Holding {
  readonly run: HeldRun;
  readonly known: KnownTask;
  /** When it was claimed, in milliseconds of `performance.now`. */
  readonly since: number;
  /** When what is left of its times was so, in the same milliseconds. */
  readonly at: number;
  /** How many steps it has made since then. */
  readonly steps: number;
  /** Ends the call of its handler. */
  readonly interrupt: Interrupt;
}

export interface AdvanceOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly runs: Runs;
  readonly pliny: Pliny;
  readonly masking: Pick<Masking, "mask">;
  readonly actor: string;
  readonly settler: Settler;
  readonly finish: Finish;
  readonly patience: Patience;
  readonly random: () => number;
  /** Whether the worker goes on with a run that may go on. */
  readonly mayKeep: (holding: Holding) => boolean;
}

export interface Advance {
  /** Those that are held now. */
  readonly holdings: ReadonlySet<Holding>;
  /** Takes hold of them; each is let go by itself. */
  take(taken: readonly HeldRun[]): void;
  /** Resolves when nothing is held. */
  whenIdle(): Promise<void>;
}

export function createAdvance(options: AdvanceOptions): Advance {
  const { registry, store, runs, pliny, masking, actor, settler, finish, patience, random, mayKeep } = options;
  const keeps = Object.values(registry.keeps);
  const holdings = new Set<Holding>();
  let idle: (() => void)[] = [];
  let next: Holding[] = [];
  return { holdings, take, whenIdle };

  function take(taken: readonly HeldRun[]): void {
    const since = performance.now();
    for (const run of taken) {
      const known = registry.taskOfTag(run.type);
      if (known !== null) hold({ run, known, since, at: since, steps: 0, interrupt: new Interrupt() });
    }
  }

  function whenIdle(): Promise<void> {
    return holdings.size === 0 ? Promise.resolve() : new Promise((resolve) => {
      idle.push(resolve);
    });
  }

  function hold(holding: Holding): void {
    holdings.add(holding);
    next.push(holding);
    if (next.length === 1) setImmediate(begin);
  }

  function letGo(holding: Holding): void {
    holdings.delete(holding);
    runs.bell.ring();
    if (holdings.size > 0) return;
    const waiting = idle;
    idle = [];
    for (const tell of waiting) tell();
  }

  function begin(): void {
    const group = next;
    next = [];
    read(group).then(
      (read) => read.forEach(([holding, task]) => {
        work(holding, task).catch((error: unknown) => abandon(holding, error));
      }),
      (error: unknown) => group.forEach((holding) => void abandon(holding, error)),
    );
  }

  /** Those that are held still, as objects. Of those whose effect could not be told later it is noted that they are called. */
  async function read(group: readonly Holding[]): Promise<readonly (readonly [Holding, Task | Error])[]> {
    const tasks = await patience.insist(() => runs.readRuns(group.map(({ run }) => run)));
    const pairs = group.map((holding, at): readonly [Holding, Task | Error] => [holding, tasks[at] ?? new Error("It was not read.")]);
    const risky = pairs.filter(([{ run, known }, task]) => task instanceof Task && !run.begun && isUnknown(known.type, task.state)).map(([holding]) => holding);
    if (risky.length === 0) return pairs;
    const begun = new Set(await patience.insist(() => beginRuns(store, risky.map(({ run }) => run))));
    return pairs.filter(([holding]) => {
      const isHeld = !risky.includes(holding) || begun.has(holding.run.id);
      if (!isHeld) letGo(holding);
      return isHeld;
    });
  }

  async function work(holding: Holding, task: Task | Error): Promise<void> {
    const verdict = await decide(holding, task);
    if (task instanceof Task && (verdict.kind === "move" || verdict.kind === "stay") && task._unsaved.length > 0) await noteUnsaved(holding, task);
    let judged = judgeOf(holding, task, verdict);
    let answer = await settle(holding, judged);
    if (answer instanceof Error && !isPassing(answer)) {
      // Postgres refuses it for good: what was set is not kept, and a person sees why.
      judged = judgeOf(holding, task, { kind: "panic", error: answer });
      answer = await settle(holding, judged);
    }
    if (answer instanceof Error) return abandon(holding, answer);
    if (answer === "overtaken" || !judged.outcome.keeps) return letGo(holding);
    const { known, since, at, steps, run, interrupt } = holding;
    const now = performance.now();
    // What told it to end, other than its own deadline, goes for the next step too: it may have come while this one was settled.
    const isOver = interrupt.reason !== null && interrupt.reason.code !== "TIMEOUT";
    hold({ run: goingOn(run, judged.outcome, now - at), known, since, at: now, steps: steps + 1, interrupt: isOver ? interrupt : new Interrupt() });
    holdings.delete(holding);
  }

  async function decide({ run, known, interrupt }: Holding, task: Task | Error): Promise<Verdict> {
    if (task instanceof Error) return { kind: "panic", error: task };
    if (stateName(run.state) !== "panic") return execute({ run, task, code: known.code, pliny, interrupt, random });
    const { onPanic } = known.type;
    return onPanic !== undefined && isToBeCleanedUp(run) ? { kind: "move", to: onPanic } : { kind: "stay" };
  }

  function judgeOf(holding: Holding, task: Task | Error, verdict: Verdict): Judged {
    const { run, known } = holding;
    const isKept = (verdict.kind === "move" || verdict.kind === "stay") && task instanceof Task && Object.keys(task._changes).length > 0;
    try {
      const written = isKept ? runs.written(known, run, task) : null;
      return judge({ run, known, task, verdict }, { registry, written, mayKeep: mayKeep(holding), actor, masking });
    } catch (error) {
      // What the handler set cannot be stored.
      return judge({ run, known, task, verdict: { kind: "panic", error } }, { registry, written: null, mayKeep: false, actor, masking });
    }
  }

  async function settle({ run, known }: Holding, { outcome, ends, line }: Judged): Promise<Answer> {
    if (ends === null || run.resourceId === null || !finish.mayLead(known, ends)) return settler.settle(outcome, line);
    try {
      const end: End = { known, resourceId: run.resourceId, ends };
      const landed = await landing({ store, patience, keeps, outcomes: [outcome] }, () => finish.settleWith(outcome, end));
      if (landed.length === 0) return "overtaken";
      if (line !== null) await note(line);
      return "landed";
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Neither what came of it nor that it panicked can be written: whoever looks at it in a minute tries again, and it is said. */
  async function abandon(holding: Holding, error: unknown): Promise<void> {
    const { run } = holding;
    const why = error instanceof Error ? error.message : String(error);
    await patience.insist(() => putOffRun(store, run, 60_000)).catch(() => {});
    await note({ level: "error", kind: "error", type: run.type, id: run.id, actor, message: `It cannot be settled: ${masking.mask(why).slice(0, 1_000)}`, data: null });
    letGo(holding);
  }

  /** Most likely it was forgotten, and nobody would see why nothing came of it. */
  function noteUnsaved({ run, known }: Holding, { _unsaved: fields }: Task): Promise<void> {
    const message = `${known.type.name} ended '${stateName(run.state)}' and had not saved what it set of its ${run.resourceType ?? "resource"}: ${fields.join(", ")}. That is lost; have it call save() there.`;
    return note({ level: "warn", kind: "notice", type: run.type, id: run.id, actor, message, data: null });
  }

  /** A log that cannot be written harms no run. */
  async function note(line: LogLine): Promise<void> {
    await writeLog(store, [line]).catch(() => {});
  }
}
