// One task in TypeScript: the class of a run, the constant that tells the runtime of it, the handlers' interface and the switch that calls them.

import type { Imports } from "../imports.js";
import { type Field, findResource, findTask, inShape, type Model, type Resource, type Task, type TaskState } from "../model.js";
import { camelCase, className, constantName, fileName, pascalCase, stringLiteral } from "../naming.js";
import { checkedFields, docComment, fieldType, holdsClosedEnum, isInherited, literal, mayBeNull, memberName, numberLiteral, objectText, type Scope, setterType, setterValue, typeText } from "./field-text.js";
import { derivedNames, nestedName, shapeName } from "./names.js";

export interface TaskView {
  readonly doc: readonly string[];
  readonly class: string;
  readonly constant: string;
  readonly base: string;
  readonly row: string;
  readonly members: readonly string[];
  readonly typeType: string;
  readonly settings: readonly string[];
  readonly states: readonly string[];
  readonly handlersName: string;
  readonly upgradesName: string;
  readonly checksName: string;
  readonly handlers: readonly string[];
  readonly upgrades: readonly string[];
  readonly checks: readonly string[];
  readonly parameters: string;
  readonly codeType: string;
  readonly cases: readonly string[];
  readonly hooks: readonly string[];
}

const codec = "pliny/codec";
const runtime = "pliny/runtime";

export function taskView(model: Model, task: Task, imports: Imports): TaskView {
  const own = className(task.qualifiedName);
  const derived = derivedNames(model, own);
  const shape = shapeModule(task);
  const scope = { model, imports, home: shape };
  const owner = task.of === null ? undefined : findResource(model, task.of);
  const state = imports.type(shape, derived("State"));
  const args = task.args.length > 0 ? imports.type(shape, derived("Args")) : "object";
  const fields = task.fields.length > 0 ? imports.type(shape, derived("Fields")) : "object";
  const ownerClass = owner ? pascalCase(owner.name) : "null";
  const upgrades = upgradeLines(task, (version) => storedShape(task, version, scope), scope);
  const checks = [...checkLines(task.args, `${own}Args`, scope), ...checkLines(task.fields, own, scope)];
  const parameters = [
    `handlers: ${derived("Handlers")}`,
    ...(upgrades.length > 0 ? [`upgrades: ${derived("Upgrades")}`] : []),
    ...(checks.length > 0 ? [`checks: ${derived("Checks")}`] : []),
  ];
  return {
    doc: docComment(task, ""),
    class: own,
    constant: constantName(task.qualifiedName),
    base: imports.value(runtime, "Task"),
    row: `${imports.type(runtime, "TaskRow")}<${args}, ${fields}, ${state}, ${ownerClass}>`,
    members: [
      `override get state(): ${state} { return this._row.state; }`,
      ...(task.args.length > 0 ? [`override get args(): ${args} { return this._row.args; }`] : []),
      ...(owner ? [`get ${camelCase(owner.name)}(): ${ownerClass} { return this._row.owner; }`] : []),
      ...accessors(task.fields.map((field) => ({ ...field, immutable: field.immutable && !mayBeNull(field, model) })), own, scope),
      ...(owner ? [] : globalHandle(task, own, scope)),
    ].map((line) => `  ${line}`),
    typeType: `${imports.type(runtime, "TaskType")}<${own}>`,
    settings: settings(task, own, shape, imports),
    states: task.states.map((one) => `${memberName(one.name)}: ${stateText(one)},`),
    handlersName: derived("Handlers"),
    upgradesName: derived("Upgrades"),
    checksName: derived("Checks"),
    handlers: [...task.states.flatMap((one) => handlerLines(task, one, own, scope)), ...hookMethods(task, own, imports)],
    upgrades,
    checks,
    parameters: parameters.join(", "),
    codeType: imports.type(runtime, "TaskCode"),
    cases: task.states.flatMap((one) => [`case ${stringLiteral(one.name)}:`, `  return handlers.${camelCase(one.name)}(task, ${offerText(one)});`]),
    hooks: [
      ...(task.shouldStart ? [`shouldStart: (task: ${own}) => handlers.shouldStart(task),`] : []),
      ...(task.shouldStop ? [`shouldStop: (task: ${own}) => handlers.shouldStop(task),`] : []),
      ...(task.onStop ? [`onStop: (task: ${own}, step) => handlers.onStop(task, step),`] : []),
      ...(upgrades.length > 0 ? ["upgrades,"] : []),
      ...(checks.length > 0 ? ["checks,"] : []),
    ],
  };
}

/** Whether there is a record of its fields, if only of those that it had. */
export function remembersAnything(task: Task): boolean {
  return task.fields.length + task.removed.length > 0;
}

/** The module of the shape file that a task's stored records stand in. */
export function shapeModule(task: Task): string {
  return `./${fileName(task.of ?? task.name)}.shape`;
}

/** The type of what starts a run: `void` where it takes nothing. */
export function startType(model: Model, task: Task, imports: Imports): string {
  return task.args.length === 0 ? "void" : imports.type(shapeModule(task), derivedNames(model, className(task.qualifiedName))("Start"));
}

/** A getter each, and a setter where the value may change. Nobody but its handlers gives a run's fields, so what never changes is set once. */
export function accessors(fields: readonly Field[], prefix: string, scope: Scope): readonly string[] {
  return fields.flatMap((field) => {
    const name = camelCase(field.name);
    const own = nestedName(scope.model, prefix, field.name);
    const over = isInherited(name) ? "override " : "";
    const stored = `this._row.fields.${name}`;
    const value = field.encrypted === null && holdsClosedEnum(field.type, scope.model) ? `${scope.imports.value(codec, "known")}(${stored}, ${stringLiteral(name)})` : stored;
    const getter = `${over}get ${name}(): ${fieldType(field, own, scope)} { return ${value}; }`;
    const doc = docComment(field, "");
    if (field.immutable) return [...doc, getter];
    const setter = `${over}set ${name}(value: ${setterType(field, own, scope)}) { this._set(${stringLiteral(name)}, ${setterValue(field, scope)}); }`;
    return [...doc, getter, setter];
  });
}

function globalHandle(task: Task, own: string, { imports, model }: Scope): readonly string[] {
  const handle = `${imports.type(runtime, "TaskHandle")}<${own}, ${startType(model, task, imports)}>`;
  return [`static on(pliny: ${imports.type(runtime, "Pliny")}): ${handle} { return pliny.runs(${constantName(task.qualifiedName)}Type, null); }`];
}

function settings(task: Task, own: string, shape: string, imports: Imports): readonly string[] {
  const constant = constantName(task.qualifiedName);
  const record = (name: string, fields: readonly Field[]): string =>
    objectText({
      codec: imports.value(shape, `${name}Codec`),
      rules: imports.value(shape, `${name}Rules`),
      defaults: fields.some((field) => field.default !== undefined) ? imports.value(shape, `${name}Defaults`) : undefined,
    });
  const { concurrency, rate } = task.limit;
  const lines: { readonly [name: string]: string | undefined } = {
    name: stringLiteral(task.qualifiedName),
    key: task.qualifiedKey === task.qualifiedName ? undefined : stringLiteral(task.qualifiedKey),
    of: task.of === null ? undefined : stringLiteral(task.of),
    version: String(task.version),
    write: task.write === task.version ? undefined : String(task.write),
    oldest: task.oldest === 1 ? undefined : String(task.oldest),
    class: own,
    args: task.args.length > 0 ? record(`${constant}Args`, task.args) : undefined,
    fields: remembersAnything(task) ? record(constant, task.fields) : undefined,
    unique: stringLiteral(task.unique),
    lane: task.lane === null ? undefined : stringLiteral(task.lane),
    priority: task.priority === 0 ? undefined : String(task.priority),
    limit:
      concurrency === null && rate === null
        ? undefined
        : objectText({
            concurrency: concurrency === null ? undefined : numberLiteral(concurrency),
            rate: rate === null ? undefined : `{ count: ${numberLiteral(rate.count)}, perMs: ${numberLiteral(rate.perMs)} }`,
          }),
    while: task.while === null ? undefined : literal(task.while),
    timeoutMs: optionalNumber(task.timeoutMs),
    keepMs: numberLiteral(task.keepMs),
    onPanic: task.onPanic === null ? undefined : stringLiteral(task.onPanic),
    every: task.every
      ? objectText({
          intervalMs: numberLiteral(task.every.intervalMs),
          while: task.every.while === null ? undefined : literal(task.every.while),
          missed: stringLiteral(task.every.missed),
          spread: task.every.spread ? "true" : undefined,
        })
      : undefined,
    triggers: task.triggers.length > 0 ? literal(task.triggers.map(({ task: name, ends }) => ({ task: name, ends }))) : undefined,
    replaced: task.replaced.length > 0 ? `{ ${task.replaced.map(({ from, to }) => `${memberName(from)}: ${stringLiteral(to)}`).join(", ")} }` : undefined,
  };
  return memberLines(lines);
}

/** A member a line, leaving out what is undefined. */
export function memberLines(members: { readonly [name: string]: string | undefined }): readonly string[] {
  return Object.entries(members).flatMap(([name, text]) => (text === undefined ? [] : [`${name}: ${text},`]));
}

export function optionalNumber(value: number | null): string | undefined {
  return value === null ? undefined : numberLiteral(value);
}

function stateText(state: TaskState): string {
  const { min, max } = state.retry.backoffMs;
  return objectText({
    to: literal(state.to),
    timeoutMs: numberLiteral(state.timeoutMs),
    onTimeout: state.onTimeout === "panic" ? undefined : stringLiteral(state.onTimeout),
    retry: `{ max: ${numberLiteral(state.retry.max)}, backoffMs: { min: ${numberLiteral(min)}, max: ${numberLiteral(max)} } }`,
    pollMs: optionalNumber(state.pollMs),
    spawns: state.spawns.length > 0 ? literal(state.spawns.map((spawn) => spawn.task)) : undefined,
    join: state.spawns.length > 0 ? stringLiteral(state.join) : undefined,
    breaker: state.breaker === null ? undefined : stringLiteral(state.breaker),
    onUnknown: state.onUnknown === null ? undefined : stringLiteral(state.onUnknown),
    expectMs: optionalNumber(state.expectMs),
    alarmMs: optionalNumber(state.alarmMs),
  });
}

function handlerLines(task: Task, state: TaskState, own: string, scope: Scope): readonly string[] {
  const { imports } = scope;
  const moves = state.to.map((to) => stringLiteral(camelCase(to))).join(" | ");
  const spawns = state.spawns.map((spawn) => `${spawn.method}: ${spawnType(task, spawn.task, scope)}`);
  const forms = [
    ...(state.pollMs === null ? [] : [`${imports.type(runtime, "PollStep")}<${moves}>`]),
    ...(spawns.length === 0 ? [] : [`${imports.type(runtime, "SpawnStep")}<${moves}, { ${spawns.join("; ")} }>`]),
  ];
  const step = forms.length === 0 ? `${imports.type(runtime, "Step")}<${moves}>` : forms.join(" & ");
  const promise = imports.global("Promise");
  return [...docComment(state, ""), `${camelCase(state.name)}(task: ${own}, step: ${step}): ${promise}<${imports.type(runtime, "Next")}>;`];
}

/** A task of the same resource (or its base's, or a global one) takes its args; another resource's also what it is to act on. */
function spawnType(task: Task, spawned: string, scope: Scope): string {
  const { imports, model } = scope;
  const target = findTask(model, spawned);
  if (!target) return "never";
  const args = startType(model, target, imports);
  const family = task.of === null ? [] : [task.of, findResource(model, task.of)?.base ?? task.of];
  if (target.of === null || family.includes(target.of)) return `${imports.type(runtime, "Spawn")}<${args}>`;
  const owner = imports.type(`./${fileName(target.of)}`, pascalCase(target.of));
  return `${imports.type(runtime, "SpawnOn")}<${owner}, ${args}>`;
}

function hookMethods(task: Task, own: string, imports: Imports): readonly string[] {
  const promise = imports.global("Promise");
  return [
    ...(task.shouldStart ? [`shouldStart(task: ${own}): ${promise}<boolean>;`] : []),
    ...(task.shouldStop ? [`shouldStop(task: ${own}): ${promise}<boolean>;`] : []),
    ...(task.onStop ? [`onStop(task: ${own}, step: ${imports.type(runtime, "ExitStep")}): ${promise}<void>;`] : []),
  ];
}

function offerText(state: TaskState): string {
  const to = objectText(Object.fromEntries(state.to.map((name) => [camelCase(name), stringLiteral(name)])));
  const form = `step.offer${state.pollMs === null ? "" : "Poll"}`;
  if (state.spawns.length === 0) return `${form}(${to})`;
  return `${form}Spawns(${to}, ${objectText(Object.fromEntries(state.spawns.map((spawn) => [spawn.method, stringLiteral(spawn.task)])))})`;
}

/** What is stored of a run in a shape: an upgrade is given its args with its fields, for they have one version. */
function storedShape(task: Task, version: number, { imports, model, home }: Scope): string {
  const derived = derivedNames(model, className(task.qualifiedName));
  const isOlder = version < task.version;
  const shape = (record: string): string => imports.type(home, isOlder ? shapeName(model, record, version) : record);
  const fields = task.fields.length > 0 || (isOlder && task.removed.length > 0) ? [shape(derived("Fields"))] : [];
  const args = task.args.length > 0 ? [shape(derived("Args"))] : [];
  const parts = [...fields, ...args];
  return parts.length === 0 ? "object" : parts.join(" & ");
}

/** One method a hand-written upgrade, and one back while the older shape is still written. What a method does not give stays as it was. */
export function upgradeLines(of: Resource | Task, shapeOf: (version: number) => string, scope: Scope): readonly string[] {
  const { imports } = scope;
  const current = of.kind === "task" ? [...of.fields, ...of.args] : of.fields;
  const pick = (version: number, fields: readonly Field[]): string => {
    const all = shapeOf(version);
    const rest = `${imports.global("Partial")}<${all}>`;
    if (fields.length === 0) return rest;
    return `${imports.global("Pick")}<${all}, ${fields.map((field) => stringLiteral(camelCase(field.name))).join(" | ")}> & ${rest}`;
  };
  return of.upgrades
    .filter((upgrade) => upgrade.set === null)
    .flatMap(({ version }) => {
      const added = [...current, ...of.removed].filter((field) => field.since === version && inShape(field, version));
      const dropped = of.removed.filter((field) => (field.until ?? of.version) === version && field.since < version);
      const up = `to${version}(old: ${shapeOf(version - 1)}): ${pick(version, added)};`;
      return of.write < version ? [up, `from${version}(value: ${shapeOf(version)}): ${pick(version - 1, dropped)};`] : [up];
    });
}

/** One predicate a field with `check: code`. */
export function checkLines(fields: readonly Field[], prefix: string, scope: Scope): readonly string[] {
  const { imports, model } = scope;
  return checkedFields(model, fields, prefix).map(
    ({ field, member, name }) => `readonly ${member}: ${imports.type(runtime, "Check")}<${typeText(field.type, name, scope)}>;`,
  );
}
