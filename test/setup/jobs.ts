// Global tasks made by hand, for tests of what any task does: their types and code as generated code has them, and their legal moves as generated
// SQL has them.

import type { Client } from "pg";
import { type App, type ExitStep, type Next, type PollStep, type Step, Task, type TaskCode, type TaskHandle, type TaskStateType, type TaskType, type Pliny } from "../../runtime/index.js";

/** A run of a job. */
export class Job extends Task {}

type Handler = (run: Job, step: Step<string> & Pick<PollStep<string>, "stay">) => Promise<Next>;

/** A state: its handler, and what the spec would say of it. */
export type JobState = Partial<Omit<TaskStateType, "to">> & { readonly to: readonly string[]; readonly run: Handler };

export interface JobGiven extends Partial<Pick<TaskType<unknown>, "onPanic" | "timeoutMs" | "unique" | "priority">> {
  readonly shouldStart?: (run: Job) => Promise<boolean>;
  readonly shouldStop?: (run: Job) => Promise<boolean>;
  readonly onStop?: (run: Job, step: ExitStep) => Promise<void>;
}

/** States by name, the first is where it starts. */
export function job(name: string, states: { readonly [state: string]: JobState }, given: JobGiven = {}): TaskCode {
  const { shouldStart, shouldStop, onStop, ...ofType } = given;
  const type: TaskType<Job> = {
    name, version: 1, class: Job, unique: "none", keepMs: 86_400_000, ...ofType,
    states: Object.fromEntries(Object.entries(states).map(([state, says]) => [state, { timeoutMs: 900_000, retry: { max: 3, backoffMs: { min: 1_000, max: 60_000 } }, ...says }])),
  };
  return {
    type,
    run: async (run, step) => {
      const state = run instanceof Job ? states[run.state] : undefined;
      if (!(run instanceof Job) || state === undefined) return step.refuse(run instanceof Job ? run.state : "");
      return state.run(run, step.offerPoll(Object.fromEntries(state.to.map((to) => [to, to]))));
    },
    ...(shouldStart && { shouldStart: (run) => shouldStart(jobIn(run)) }),
    ...(shouldStop && { shouldStop: (run) => shouldStop(jobIn(run)) }),
    ...(onStop && { onStop: (run, step) => onStop(jobIn(run), step) }),
  };
}

function jobIn(run: object): Job {
  if (run instanceof Job) return run;
  throw new TypeError("It is no run of a job.");
}

export function appOf(jobs: readonly TaskCode[]): App {
  return { resources: [], tasks: jobs, typeChecks: {}, lanes: {}, breakers: {} };
}

export function runsOf(pliny: Pliny, { type }: TaskCode): TaskHandle<Job, void> {
  // Made by `job`.
  return pliny.runs(type as TaskType<Job>, null);
}

/** Their legal moves, as `generate` would write them. */
export async function makeMoves(client: Client, jobs: readonly TaskCode[]): Promise<void> {
  const moves = jobs.flatMap(({ type, shouldStart, onStop }) => {
    const names = Object.keys(type.states);
    const exits = onStop === undefined ? [] : [...(shouldStart ? ["__new__"] : []), ...names].map((from) => [type.name, from, "__exit__"]);
    return [
      [type.name, "__new__", names[0]], ...(shouldStart ? [[type.name, "__new__", "__new__"]] : []), ...exits, ...(onStop ? [[type.name, "__exit__", "__stop__"]] : []),
      ...names.flatMap((from) => {
        const { to = [], onTimeout, onUnknown } = type.states[from] ?? {};
        return [...to, onTimeout, onUnknown].flatMap((state) => (state === undefined ? [] : [[type.name, from, state === "stop" ? "__stop__" : state]]));
      }),
    ];
  });
  for (const move of moves) await client.query(`insert into pliny.move (type, "from", "to") values ($1, $2, $3) on conflict do nothing`, move);
}
