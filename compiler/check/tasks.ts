// Tasks: what they take and remember, when they may start and what starts them, and their states.

import { report, type Diagnostic } from "../diagnostic.js";
import { inside, locate } from "../document.js";
import type { Config, Element, Field, Rate, Task, TaskState, Trigger } from "../model.js";
import { camelCase, constantName } from "../naming.js";
import { parseRange, parseRate } from "../scalars.js";
import { compareText } from "../source.js";
import { baseOf, findTask, nameOf, qualified, taskOf, type Context, type Declaration } from "./declare.js";
import { readDeclared } from "./config.js";
import { lint, readElement, readStateElement } from "./elements.js";
import { readFields, readReplaced, type FieldContext, type NamedTypes } from "./fields.js";
import { circles, wayRound } from "./graph.js";
import { checkMachine, readTarget, readTargets, type Machine } from "./machine.js";
import { claimStates } from "./names.js";
import {
  durationMs,
  flag,
  hasAllMembers,
  isLost,
  isWhole,
  items,
  keyOf,
  member,
  members,
  number,
  text,
  texts,
  valueOf,
  type Part,
} from "./part.js";
import { checkDefaults, joinOpenForms, newestVersion, readRemoved, readUpgrades, readVersions } from "./shapes.js";

export interface TaskContext extends Context {
  readonly settings: Config;
  readonly types: NamedTypes;
  /** The states in which a resource, or one that extends it, may be. Null where they are not known. */
  readonly statesOf: (resource: string) => ReadonlySet<string> | null;
}

const minuteMs = 60_000;
const defaults = { timeoutMs: 15 * minuteMs, tries: 3, backoffMs: { min: 1_000, max: minuteMs }, keepMs: 365 * 86_400_000 };

export function readTask(declaration: Declaration, context: TaskContext): Task {
  const { found, declared, settings } = context;
  const { name, of, root } = declaration;
  const own = readVersions(root, found);
  const within: FieldContext = { version: newestVersion(root, own.version), type: null, unindexed: "a task", ...context };
  const written = { args: readFields(member(root, "args"), within), fields: readFields(member(root, "fields"), within), removed: readRemoved(root, within) };
  checkDefaults([...written.args, ...written.fields], own.write, found);
  const { fields: args, removed: left } = joinOpenForms(written.args, written.removed, context);
  const { fields, removed } = joinOpenForms(written.fields, left, context);
  const statesPart = member(root, "states");
  const machine: Machine = {
    of: `of '${qualified(of, name)}'`,
    states: new Set(members(statesPart).map(([state]) => state)),
    isComplete: hasAllMembers(inside(root.at, "states")),
    isSound: isWhole(inside(root.at, "states")) && isWhole(inside(root.at, "on_panic")) && isWhole(inside(root.at, "replaced")),
  };
  const hooks = ["should_start", "should_stop", "on_stop"].filter((keyword) => member(root, keyword) !== null);
  const escalate = text(member(root, "on_panic")) === "escalate" ? ["escalate"] : [];
  claimStates(statesPart, { inherited: [], hooks: [...hooks, ...escalate] }, found);
  const states = members(statesPart).map(([state, part]) => readState(state, part, declaration, machine, context));
  const onPanic = readOnPanic(member(root, "on_panic"), declaration, machine, found);
  const replaced = readReplaced(member(root, "replaced"), new Map(members(statesPart)), { kind: "state", allowed: ["stop"] }, context);
  if (machine.isSound) {
    const steps = states.map(({ name: state, at, to, onTimeout, onUnknown, pollMs, spawns }) => ({
      name: state,
      at,
      to,
      next: [...to, onTimeout, ...(onUnknown === null ? [] : [onUnknown])],
      pauses: pollMs !== null || spawns.length > 0,
      inherited: false,
    }));
    checkMachine(
      steps,
      [...states.slice(0, 1).map((state) => state.name), ...(onPanic === null ? [] : [onPanic]), ...replaced.map(({ to }) => to)],
      found,
    );
  }
  const queue = member(root, "queue");
  const limit = member(root, "limit");
  const owned = ofResource(declaration, context);
  const unique = text(member(root, "unique"));
  const base = of === null ? null : baseOf(declared, of);
  const task: Task = {
    kind: "task",
    of,
    qualifiedName: qualified(of, name),
    qualifiedKey: qualified(
      of === null ? null : (text(member(declared.resources.get(of)?.root ?? null, "key")) ?? of),
      text(member(root, "key")) ?? name,
    ),
    version: own.version,
    write: own.write,
    oldest: own.oldest,
    args,
    fields,
    removed,
    upgrades: readUpgrades(root, { fields: [...written.args, ...written.fields], removed: written.removed, oldest: own.oldest }, within),
    replaced,
    unique: unique === "args" || unique === "none" ? unique : "resource",
    lane: readDeclared(member(queue, "lane"), "lane", { config: declared.config, settings }, found),
    priority: number(member(queue, "priority")) ?? 0,
    limit: { concurrency: number(member(limit, "concurrency")), rate: readRate(member(limit, "rate")) },
    shouldStart: flag(member(root, "should_start")),
    shouldStop: flag(member(root, "should_stop")),
    keepMs: durationMs(member(member(root, "archive"), "keep")) ?? defaults.keepMs,
    timeoutMs: durationMs(member(root, "timeout")),
    states,
    onPanic,
    onStop: member(root, "on_stop") !== null,
    while: owned.while,
    every: owned.every,
    triggers: owned.triggers,
    replacesBase: base !== null && declared.tasksOf.get(base.name)?.has(name) === true,
    ...readElement(root, name, context),
  };
  checkStarters(task, root, found);
  return task;
}

/** What only a task that acts on a resource can have. */
function ofResource(declaration: Declaration, context: TaskContext): Pick<Task, "while" | "every" | "triggers"> {
  const { found } = context;
  const { of, name, root } = declaration;
  const whilePart = member(root, "while");
  const everyPart = member(root, "every");
  const everyWhile = member(everyPart, "while");
  const triggersPart = member(root, "triggers");
  const every = {
    intervalMs: durationMs(member(everyPart, "interval")),
    missed: text(member(everyPart, "missed")),
    spread: flag(member(everyPart, "spread")),
  };
  const readEvery = (states: readonly string[] | null): Task["every"] =>
    every.intervalMs === null
      ? null
      : {
          intervalMs: every.intervalMs,
          while: states,
          missed: every.missed === "skip" || every.missed === "all" ? every.missed : "latest",
          spread: every.spread,
        };
  if (of === null) {
    for (const [keyword, part] of [
      ["while", whilePart],
      ["every: while", everyWhile],
      ["triggers", triggersPart],
    ] as const) {
      if (part !== null) found.push(report.needsResource(keyOf(part), { keyword, task: name }));
    }
    return { while: null, every: readEvery(null), triggers: [] };
  }
  const states = context.statesOf(of);
  const machine: Machine = { of: `of '${of}'`, states: states ?? new Set(), isComplete: states !== null, isSound: states !== null };
  const read = (part: Part | null): readonly string[] | null =>
    part === null || states === null ? null : readTargets(part, "while", machine, found);
  const whileStates = read(whilePart);
  const everyStates = read(everyWhile);
  if (whilePart !== null && whileStates !== null && machine.isSound) {
    for (const { text: state, part } of texts(everyWhile)) {
      if (!whileStates.includes(state)) found.push(report.everyOutsideWhile(valueOf(part), { state, first: keyOf(whilePart) }));
    }
  }
  return { while: whileStates, every: readEvery(everyStates), triggers: readTriggers(triggersPart, declaration, context) };
}

function readTriggers(part: Part | null, declaration: Declaration, context: TaskContext): readonly Trigger[] {
  return items(part).flatMap((trigger): readonly Trigger[] => {
    const taskPart = member(trigger, "task");
    const ends = text(member(trigger, "ends"));
    const task = taskPart === null ? null : findTask(taskPart, declaration.of, { orGlobal: false }, context);
    if (taskPart === null || task === null) return [];
    if (task === declaration) {
      context.found.push(report.triggersItself(valueOf(taskPart), { task: declaration.name }));
      return [];
    }
    if (declaration.of !== null && !isOfFamily(task, declaration.of, context)) {
      context.found.push(
        report.startsForeign(valueOf(taskPart), { task: qualified(task.of, task.name), resource: declaration.of, first: nameOf(task) }),
      );
      return [];
    }
    return [{ task: task.name, ends: ends === "success" || ends === "failure" ? ends : "any" }];
  });
}

/** Whether a task acts on a resource or on its base. */
export function isOfFamily(task: Declaration, resource: string, { declared }: Context): boolean {
  return task.of === resource || (task.of !== null && baseOf(declared, resource)?.name === task.of);
}

/** A clock and a trigger give no args. */
function checkStarters(task: Task, root: Part, found: Diagnostic[]): void {
  for (const [keyword, by] of [
    ["every", "the clock"],
    ["triggers", "a trigger"],
  ] as const) {
    const part = member(root, keyword);
    if (part !== null) checkArgs(task, { part, which: "key", by }, found);
  }
}

/** Says so where something that gives no args starts a task that requires some. */
export function checkArgs(
  task: Task,
  { part, which, by }: { readonly part: Part; readonly which: "key" | "value"; readonly by: string },
  found: Diagnostic[],
): void {
  const required = task.args.filter((arg) => arg.required && arg.default === undefined);
  const [first] = required;
  if (first === undefined) return;
  found.push(
    report.startNeedsArgs(locate(part.at, which), {
      task: task.name,
      args: required.map((arg) => arg.name),
      by,
      first: locate(first.at, "key"),
    }),
  );
}

function readOnPanic(part: Part | null, { name, of }: Declaration, machine: Machine, found: Diagnostic[]): string | null {
  if (text(part) !== "escalate" || part === null) return readTarget(part, "on_panic", machine, found);
  if (of !== null) return "escalate";
  found.push(report.needsResource(valueOf(part), { keyword: "on_panic: escalate", task: name }));
  return null;
}

function readState(name: string, part: Part, declaration: Declaration, machine: Machine, context: TaskContext): TaskState {
  const { found, declared, settings } = context;
  const retry = member(part, "retry");
  const join = member(part, "join");
  const spawns = member(part, "spawns");
  if (join !== null && spawns === null && !isLost(inside(part.at, "spawns")))
    found.push(report.withoutEffect(keyOf(join), { keyword: "join", without: "spawns" }));
  const onUnknown = member(part, "on_unknown");
  const onTimeout = member(part, "on_timeout");
  // Where an effect may be unknown only `NotDone` is worth another try, and only where the spec asks for it.
  const tries = onUnknown !== null && retry === null ? 1 : defaults.tries;
  return {
    to: readTargets(member(part, "to"), "to", machine, found),
    timeoutMs: durationMs(member(part, "timeout")) ?? defaults.timeoutMs,
    onTimeout: readTarget(onTimeout, "on_timeout", machine, found) ?? "panic",
    retry: { max: number(member(retry, "max")) ?? tries, backoffMs: readBackoff(member(retry, "backoff"), found) },
    pollMs: durationMs(member(part, "poll")),
    spawns: readSpawns(spawns, declaration, context),
    join: text(join) === "any" ? "any" : "all",
    breaker: readDeclared(member(part, "breaker"), "breaker", { config: declared.config, settings }, found),
    onUnknown: readTarget(onUnknown, "on_unknown", machine, found),
    expectMs: durationMs(member(part, "expect")),
    alarmMs: durationMs(member(part, "alarm")),
    ...readStateElement(part, name, context),
  };
}

function readBackoff(part: Part | null, found: Diagnostic[]): { readonly min: number; readonly max: number } {
  const range = parseRange(text(part) ?? "");
  if (part === null || range === null) return defaults.backoffMs;
  const { minMs, maxMs } = range;
  if (minMs <= maxMs) return { min: minMs, max: maxMs };
  const [lower = "", upper = ""] = (text(part) ?? "").split("..");
  found.push(report.boundsCrossed(valueOf(part), { lower, upper, first: null }));
  return { min: maxMs, max: minMs };
}

function readRate(part: Part | null): Rate | null {
  return parseRate(text(part) ?? "");
}

function readSpawns(part: Part | null, declaration: Declaration, context: TaskContext): TaskState["spawns"] {
  const spawns = new Map<string, { readonly task: string; readonly method: string; readonly written: string; readonly part: Part }>();
  for (const { text: written, part: item } of texts(part)) {
    const task = findTask(item, declaration.of, { orGlobal: true }, context);
    if (task === null) continue;
    const method = written.includes(".") ? constantName(written) : camelCase(written);
    const spawn = { task: qualified(task.of, task.name), method, written, part: item };
    const first = spawns.get(method);
    if (first === undefined) spawns.set(method, spawn);
    else if (first.task === spawn.task) context.found.push(report.namedTwice(valueOf(item), { name: written, keyword: "spawns" }));
    else
      context.found.push(
        report.namesCollide(valueOf(item), { name: written, other: first.written, inCode: method, first: valueOf(first.part) }),
      );
  }
  return [...spawns.values()].map(({ task, method }) => ({ task, method }));
}

/** Tasks that spawn one another in a circle, and tasks that spawn themselves though one live run is allowed. */
export function checkSpawns(tasks: readonly Task[], { found, declared }: Context): void {
  const byName = new Map(tasks.map((task) => [task.qualifiedName, task]));
  const replacements = tasks.filter((task) => task.replacesBase);
  const startedBy = (task: Task, state: TaskState): readonly string[] =>
    state.spawns.flatMap((spawn) => [spawn.task, ...replacing(task, spawn, { replacements, byName, declared })]);
  const next = (name: string): readonly string[] => {
    const task = byName.get(name);
    return task?.states.flatMap((state) => startedBy(task, state)) ?? [];
  };
  for (const group of circles([...byName.keys()].sort(compareText), next)) {
    const way = wayRound(group, group.length === 1 ? next : (name) => next(name).filter((following) => following !== name));
    const first = byName.get(way[0] ?? "");
    const state = first?.states.find((each) => startedBy(first, each).some((task) => task === way[1]));
    if (first === undefined || state === undefined) continue;
    const at = locate(inside(state.at, "spawns"), "value");
    if (group.length > 1) found.push(report.spawnsCircle(at, { way }));
    else if (first.unique === "resource") found.push(report.spawnsItself(at, { task: first.name }));
  }
}

interface Family {
  readonly replacements: readonly Task[];
  readonly byName: ReadonlyMap<string, Task>;
  readonly declared: Context["declared"];
}

/** A bare name means a subtype's own task where the run that spawns it, of the base's task, acts on one of the subtype. */
function replacing(task: Task, spawn: TaskState["spawns"][number], { replacements, byName, declared }: Family): readonly string[] {
  const spawned = byName.get(spawn.task);
  if (task.of === null || spawned?.of !== task.of || spawn.method !== camelCase(spawned.name)) return [];
  return replacements
    .filter(({ name, of }) => of !== null && name === spawned.name && baseOf(declared, of)?.name === task.of)
    .filter(({ of }) => !replacements.some((other) => other.of === of && other.name === task.name))
    .map((replacement) => replacement.qualifiedName);
}

/** A subtype's task that takes the place of its base's takes the same args. */
export function checkReplacements(tasks: ReadonlyMap<string, Task>, { found, declared }: Context): void {
  for (const task of tasks.values()) {
    if (!task.replacesBase || task.of === null) continue;
    const base = tasks.get(qualified(baseOf(declared, task.of)?.name ?? null, task.name));
    if (base === undefined || !isWhole(inside(task.at, "args")) || !isWhole(inside(base.at, "args"))) continue;
    if (signature(task.args) === signature(base.args)) continue;
    const part = member({ value: task.at.document.spec, at: task.at }, "args");
    found.push(
      report.argsDiffer(locate(part === null ? inside(task.at, "task") : part.at, part === null ? "value" : "key"), {
        task: task.qualifiedName,
        base: base.qualifiedName,
        first: locate(inside(base.at, "task"), "value"),
      }),
    );
  }
}

/** What two tasks must agree on in their args, as a text that is equal where they do. */
function signature(args: readonly Field[]): string {
  const leaveOut: ReadonlySet<string> = new Set(["at", "doc", "deprecated", "stability", "allow"]);
  const agreed = [...args].sort((left, right) => compareText(left.name, right.name));
  return JSON.stringify(agreed, (key, value: unknown) => (leaveOut.has(key) ? undefined : value));
}

/** Warns of tasks that nothing in the specs starts. `starters` are the resources, with the names by which their states and API start tasks. */
export function checkStarted(
  tasks: ReadonlyMap<string, Task>,
  starters: readonly { readonly resource: string; readonly tasks: readonly string[] }[],
  within: (task: Task) => readonly Element[],
  { found, declared }: Context,
): void {
  const started = new Set<string>();
  for (const { resource, tasks: names } of starters) {
    for (const name of names) {
      const task = taskOf(declared, resource, name);
      if (task !== undefined) started.add(qualified(task.of, task.name));
    }
  }
  for (const task of tasks.values()) for (const state of task.states) for (const spawn of state.spawns) started.add(spawn.task);
  for (const task of tasks.values()) {
    const { spec } = task.at.document;
    if (spec["every"] !== undefined || spec["triggers"] !== undefined || started.has(task.qualifiedName)) continue;
    const base = task.replacesBase && task.of !== null ? baseOf(declared, task.of) : null;
    if (base !== null && started.has(qualified(base.name, task.name))) continue;
    lint(report.taskNotStarted(locate(inside(task.at, "task"), "value"), { task: task.qualifiedName }), within(task), found);
  }
}
