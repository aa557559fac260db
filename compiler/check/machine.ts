// What holds for every state machine, a resource's and a task's alike: targets exist, every state is entered, every state leads to
// `stop`, and nothing runs in circles without a pause.

import { report, type Diagnostic } from "../diagnostic.js";
import { locate, type Place } from "../document.js";
import { reportUnknown } from "./declare.js";
import { circles, deadEnds, leadingTo, reachable, wayRound } from "./graph.js";
import { texts, valueOf, type Part } from "./part.js";

export interface Machine {
  /** Whose it is, as it is said: "of 'database'". */
  readonly of: string;
  readonly states: ReadonlySet<string>;
  /** `states` are all there are: a name that is not among them is wrong. */
  readonly isComplete: boolean;
  /** False as soon as something in it is not known: then nothing is said of where its states lead. */
  isSound: boolean;
}

/** Keywords under which states are named, and which of the reserved ones may stand there. */
const reservedUnder = {
  to: ["stop"],
  then: ["stop"],
  else: ["stop", "panic"],
  on_timeout: ["stop", "panic"],
  on_unknown: ["stop"],
  on_panic: [],
  while: ["panic"],
  moves: ["stop"],
  delete: ["stop"],
} as const satisfies Record<string, readonly string[]>;

export type TargetKeyword = keyof typeof reservedUnder;

const reserved: ReadonlySet<string> = new Set(["new", "stop", "panic"]);

/** The states that a part names. Those that there are not are left out, and said. */
export function readTargets(part: Part | null, keyword: TargetKeyword, machine: Machine, found: Diagnostic[]): readonly string[] {
  const known = new Set<string>();
  for (const target of texts(part)) {
    const { text: state } = target;
    if (known.has(state)) found.push(report.namedTwice(valueOf(target.part), { name: state, keyword }));
    else if (isTarget(state, { part: target.part, keyword, which: "value" }, machine, found)) known.add(state);
  }
  return [...known];
}

/** The one state that a part names. */
export function readTarget(part: Part | null, keyword: TargetKeyword, machine: Machine, found: Diagnostic[]): string | null {
  return readTargets(part, keyword, machine, found)[0] ?? null;
}

/** Whether a state may stand under a keyword; says so where it may not. */
export function isTarget(
  state: string,
  { part, keyword, which }: { readonly part: Part; readonly keyword: TargetKeyword; readonly which: "key" | "value" },
  machine: Machine,
  found: Diagnostic[],
): boolean {
  if (reserved.has(state) && machine.states.has(state)) {
    // Declared as a state of its own, which was reported.
    machine.isSound = false;
    return true;
  }
  if (reserved.has(state)) {
    const allowed: readonly string[] = reservedUnder[keyword];
    if (allowed.includes(state)) return true;
    found.push(report.targetNotAllowed(locate(part.at, which), { target: state, keyword }));
    machine.isSound = false;
    return false;
  }
  if (machine.states.has(state)) return true;
  if (machine.isComplete)
    reportUnknown(
      found,
      { part, which },
      { name: state, kind: "state", of: machine.of, known: [...machine.states, ...reservedUnder[keyword]] },
    );
  machine.isSound = false;
  return false;
}

/** A state as the graph sees it. */
export interface Step {
  readonly name: string;
  readonly at: Place;
  /** Where it leads by moves alone. */
  readonly to: readonly string[];
  /** Where it leads at all. */
  readonly next: readonly string[];
  /** Its handler may wait there, or a machine is at rest there anyway. */
  readonly pauses: boolean;
  /** What is wrong with it is said where it was inherited from. */
  readonly inherited: boolean;
}

/** Checks where the states lead. `roots` are entered from outside, the first state among them. */
export function checkMachine(steps: readonly Step[], roots: readonly string[], found: Diagnostic[]): void {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const names = steps.map((step) => step.name);
  const next = (name: string): readonly string[] => byName.get(name)?.next ?? [];
  const at = (name: string): Step | undefined => byName.get(name);

  const entered = reachable(roots, next);
  for (const step of steps) {
    if (!entered.has(step.name) && !step.inherited)
      found.push(report.stateNotEntered(locate(step.at, "key"), { state: step.name, first: names[0] ?? "" }));
  }

  const ending = leadingTo("stop", names, next);
  const stuck = names.filter((name) => entered.has(name) && !ending.has(name));
  for (const states of deadEnds(stuck, next)) {
    const first = states.map(at).find((step) => step?.inherited === false);
    if (first !== undefined) found.push(report.stateNeverStops(locate(first.at, "key"), { states }));
  }

  const restless = names.filter((name) => byName.get(name)?.pauses === false);
  const to = (name: string): readonly string[] => byName.get(name)?.to ?? [];
  for (const group of circles(restless, to)) {
    const way = wayRound(group, to);
    const first = at(way[0] ?? "");
    if (first !== undefined) found.push(report.statesSpin(locate(first.at, "key"), { way }));
  }
}
