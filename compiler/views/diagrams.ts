// State diagrams in Mermaid: of the states of a resource or of a task, for its page, and of what a diff changed in them.

import type { Change } from "../diff.js";
import type { Model, Replaced, Resource, Task } from "../model.js";
import { mermaidText } from "../naming.js";
import { durationText } from "../scalars.js";

interface Drawing {
  readonly states: readonly DrawnState[];
  readonly moves: readonly DrawnMove[];
}

interface DrawnState {
  readonly name: string;
  readonly label: string;
}

interface DrawnMove {
  readonly from: string;
  readonly to: string;
  /** Empty: someone asks for it, or the handler chooses it. */
  readonly when: string;
}

export function resourceDiagram(resource: Resource): string {
  return diagram(drawResource(resource));
}

export function taskDiagram(task: Task): string {
  return diagram(drawTask(task));
}

function drawResource({ states }: Resource): Drawing {
  return {
    states: states.map(({ name, starts }) => ({ name, label: starts === null ? name : `${name} (${starts})` })),
    moves: states.flatMap((state) => [
      ...(state.then === null ? [] : [{ from: state.name, to: state.then, when: `${state.starts ?? ""} succeeds` }]),
      ...(state.else === null ? [] : [{ from: state.name, to: state.else, when: `${state.starts ?? ""} fails` }]),
      ...(state.onTimeout === null || state.timeoutMs === null ? [] : [{ from: state.name, to: state.onTimeout, when: `after ${durationText(state.timeoutMs)}` }]),
      ...state.to.map((to) => ({ from: state.name, to, when: "" })),
    ]),
  };
}

function drawTask(task: Task): Drawing {
  const moves = task.states.flatMap((state) => [
    ...state.to.map((to) => ({ from: state.name, to, when: state.spawns.length === 0 ? "" : `${state.join} of ${state.spawns.map((spawn) => spawn.task).join(", ")}` })),
    ...(state.onTimeout === "panic" ? [] : [{ from: state.name, to: state.onTimeout, when: `after ${durationText(state.timeoutMs)}` }]),
    ...(state.onUnknown === null ? [] : [{ from: state.name, to: state.onUnknown, when: "effect unknown" }]),
  ]);
  const cleanUp = task.onPanic === null || task.onPanic === "escalate" ? [] : [{ from: "panic", to: task.onPanic, when: "" }];
  return {
    states: task.states.map(({ name, pollMs }) => ({ name, label: pollMs === null ? name : `${name} (every ${durationText(pollMs)})` })),
    moves: [...moves, ...cleanUp],
  };
}

/**
 * The smallest subset of Mermaid that says it: states declared under a name of ours, since a state may be called `end` or `note`, and arrows
 * with a label. Moves into panic are always possible and not drawn, unless the spec leads there.
 */
function diagram({ states, moves }: Drawing): string {
  const [first] = states;
  if (first === undefined) return "";
  const declared = withPanic({ states, moves }).map(({ name, label }) => `  state "${mermaidText(label)}" as ${nodeOf(name)}`);
  const drawn = [...arrowsOf(moves)].map(
    ([arrow, labels]) => `  ${arrow}${labels.length === 0 ? "" : `: ${mermaidText(labels.join(", "))}`}`,
  );
  return ["```mermaid", "stateDiagram-v2", ...declared, `  [*] --> ${nodeOf(first.name)}`, ...drawn, "```"].join("\n");
}

function withPanic({ states, moves }: Drawing): readonly DrawnState[] {
  const panics = states.length > 0 && moves.some((move) => move.from === "panic" || move.to === "panic");
  return panics ? [...states, { name: "panic", label: "panic" }] : states;
}

/** One arrow for each pair, with all the ways to go it. */
function arrowsOf(moves: readonly DrawnMove[]): ReadonlyMap<string, readonly string[]> {
  const arrows = new Map<string, readonly string[]>();
  for (const { from, to, when } of moves) {
    const arrow = `${nodeOf(from)} --> ${to === "stop" ? "[*]" : nodeOf(to)}`;
    const labels = arrows.get(arrow) ?? [];
    arrows.set(arrow, when === "" || labels.includes(when) ? labels : [...labels, when]);
  }
  return arrows;
}

function nodeOf(state: string): string {
  return `s_${state}`;
}

// ---- what changed

export interface ChangedDiagram {
  /** What it is of: `resource database`. */
  readonly title: string;
  /** The source of a flowchart, the only kind of Mermaid in which an arrow may have a colour. */
  readonly mermaid: string;
}

/** Of each resource and task whose states or moves are not what they were: those that changed, then the new ones, then what is no more. */
export function changedDiagrams(before: Model, after: Model, changes: readonly Change[]): readonly ChangedDiagram[] {
  const touched = touchedStates(changes);
  const old = machinesOf(before);
  const now = machinesOf(after);
  const both = [...now].flatMap(([key, machine]) => {
    const was = old.get(key);
    return was === undefined ? [] : [{ title: machine.title, ...compare(was.drawing, machine, touched.get(key) ?? new Set()) }];
  });
  const added = [...now].filter(([key]) => !old.has(key)).map(([, machine]) => ({ title: machine.title, ...compare(nothing, machine, new Set()) }));
  const removed = [...old]
    .filter(([key]) => !now.has(key))
    .map(([, { title, drawing }]) => ({ title, ...compare(drawing, { drawing: nothing, replaced: [] }, new Set()) }));
  return [...both, ...added, ...removed].filter(({ differs }) => differs).map(({ title, mermaid }) => ({ title, mermaid }));
}

interface Machine {
  readonly title: string;
  readonly drawing: Drawing;
  readonly replaced: readonly Replaced[];
}

const nothing: Drawing = { states: [], moves: [] };

/** By stored names. */
function machinesOf(model: Model): ReadonlyMap<string, Machine> {
  const resources = model.resources.map((resource) => {
    const machine = { title: `resource ${resource.name}`, drawing: drawResource(resource), replaced: resource.replaced };
    return [`resource ${resource.key}`, machine] as const;
  });
  const tasks = [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks].map((task) => {
    const machine = { title: `task ${task.qualifiedName}`, drawing: drawTask(task), replaced: task.replaced };
    return [`task ${task.qualifiedKey}`, machine] as const;
  });
  return new Map([...resources, ...tasks]);
}

// What the arrows show already.
const drawnAsMoves: ReadonlySet<string> = new Set(["to", "then", "else", "on_timeout", "on_unknown", "timeout"]);

/** States of today in which something else changed than where they lead. */
function touchedStates(changes: readonly Change[]): ReadonlyMap<string, ReadonlySet<string>> {
  const touched = new Map<string, Set<string>>();
  for (const { element, state, keyword } of changes) {
    const of = element?.after;
    if (of == null || of.kind === "type" || state?.after == null || state.before === null || drawnAsMoves.has(keyword)) continue;
    const key = of.kind === "task" ? `task ${of.qualifiedKey}` : `resource ${of.key}`;
    touched.set(key, (touched.get(key) ?? new Set()).add(state.after.name));
  }
  return touched;
}

type Fate = "same" | "added" | "changed" | "removed";

interface Fated {
  readonly fate: Fate;
  readonly text: string;
}

/** Colours of GitHub's own, which are told apart on light and on dark ground; what is no more is broken as well, for who sees no colours. */
const paints: Readonly<Record<Exclude<Fate, "same">, { readonly node: string; readonly arrow: string }>> = {
  added: { node: "fill:#dafbe1,stroke:#1a7f37,color:#1f2328", arrow: "stroke:#1a7f37,stroke-width:3px" },
  changed: { node: "fill:#fff8c5,stroke:#9a6700,color:#1f2328", arrow: "stroke:#9a6700,stroke-width:3px" },
  removed: { node: "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:5 5", arrow: "stroke:#cf222e,stroke-width:2px" },
};

/** Mermaid refuses a text of 50,000 characters and 500 arrows; what is half as large is a picture of nothing. */
const arrowsMax = 200;

/** A state that `replaced` leads to is the one that it replaces, under another name. */
function compare(
  before: Drawing,
  { drawing: after, replaced }: Pick<Machine, "drawing" | "replaced">,
  touched: ReadonlySet<string>,
): { readonly differs: boolean; readonly mermaid: string } {
  const names = new Set(before.states.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const { from, to } of replaced) if (names.has(from) && !names.has(to) && ![...renamed.values()].includes(to)) renamed.set(from, to);
  const todays = (name: string): string => renamed.get(name) ?? name;

  const old = new Map(withPanic(before).map(({ name, label }) => [todays(name), { name, label }]));
  const states = withPanic(after).map(({ name, label }): Fated & { readonly name: string } => {
    const was = old.get(name);
    const isOther = was !== undefined && (was.label !== label || was.name !== name || touched.has(name));
    return { name, fate: was === undefined ? "added" : isOther ? "changed" : "same", text: was === undefined || was.name === name ? label : `${label}, was ${was.name}` };
  });
  const here = new Set(states.map(({ name }) => name));
  const gone = [...old].filter(([name]) => !here.has(name)).map(([name, { label }]) => ({ name, fate: "removed" as const, text: label }));

  const oldArrows = arrowsOf(before.moves.map(({ from, to, when }) => ({ from: todays(from), to: todays(to), when })));
  const newArrows = arrowsOf(after.moves);
  const arrows = [...newArrows].map(([arrow, labels]): Fated & { readonly arrow: string } => {
    const was = oldArrows.get(arrow);
    const text = labels.join(", ");
    return { arrow, fate: was === undefined ? "added" : was.join(", ") === text ? "same" : "changed", text };
  });
  const goneArrows = [...oldArrows].filter(([arrow]) => !newArrows.has(arrow)).map(([arrow, labels]) => ({ arrow, fate: "removed" as const, text: labels.join(", ") }));
  const [first] = after.states.length > 0 ? after.states : before.states;
  const all = { states: [...states, ...gone], arrows: [...arrows, ...goneArrows] };
  const [firstBefore] = before.states;
  const startMoved = firstBefore !== undefined && first !== undefined && todays(firstBefore.name) !== first.name;
  const differs = startMoved || [...all.states, ...all.arrows].some(({ fate }) => fate !== "same");
  return { differs, mermaid: differs && first !== undefined ? flowchart(first.name, all, startMoved) : "" };
}

function flowchart(
  first: string,
  { states, arrows }: { readonly states: readonly (Fated & { readonly name: string })[]; readonly arrows: readonly (Fated & { readonly arrow: string })[] },
  startMoved: boolean,
): string {
  const used = new Set([...states, ...arrows].map(({ fate }) => fate));
  if (arrows.length > arrowsMax) {
    const count = (fate: Fate): number => [...states, ...arrows].filter((each) => each.fate === fate).length;
    const said = `${states.length} states and ${arrows.length} moves are too many to draw. Of both together ${count("added")} are new, ${count("changed")} changed, ${count("removed")} are no more.`;
    return ["flowchart LR", `  all["${mermaidText(said)}"]`].join("\n");
  }
  const nodes = states.map(({ name, fate, text }) => `  ${nodeOf(name)}["${mermaidText(text)}"]${fate === "same" ? "" : `:::${fate}`}`);
  const start = `  begin(("start")) --> ${nodeOf(first)}`;
  const drawn = arrows.map(({ arrow, fate, text }) => {
    const [from = "", to = ""] = arrow.split(" --> ");
    return `  ${from} ${fate === "removed" ? "-.->" : "-->"}${text === "" ? "" : `|"${mermaidText(text)}"|`} ${to === "[*]" ? `finish(("stop"))` : to}`;
  });
  const styles = (["added", "changed", "removed"] as const).flatMap((fate) => {
    // The arrow from the start is the first.
    const own = arrows.flatMap((arrow, at) => (arrow.fate === fate ? [at + 1] : []));
    const numbers = fate === "changed" && startMoved ? [0, ...own] : own;
    return [
      ...(numbers.length === 0 ? [] : [`  linkStyle ${numbers.join(",")} ${paints[fate].arrow}`]),
      ...(used.has(fate) ? [`  classDef ${fate} ${paints[fate].node}`] : []),
    ];
  });
  return ["flowchart LR", ...nodes, start, ...drawn, ...styles].join("\n");
}
