// Resources: what is remembered of them, who owns them, what extends them, and their states.

import { report } from "../diagnostic.js";
import { inside, locate } from "../document.js";
import type { Element, Field, Index, Replaced, Resource, ResourceState, StateElement, Task, Tombstone, Upgrade } from "../model.js";
import { findResource, findTask, inOrder, nameOf, qualified, reportUnknown, taskOf, type Context, type Declaration } from "./declare.js";
import { readElement, readStateElement } from "./elements.js";
import { fieldTypeRow } from "../field-types.js";
import { describe, readFields, readReplaced, resolved, unclear, type FieldContext, type NamedTypes } from "./fields.js";
import { circles, wayRound } from "./graph.js";
import { checkMachine, readTarget, readTargets, type Machine } from "./machine.js";
import { claimStates, pluralName } from "./names.js";
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
  text,
  texts,
  valueOf,
  type Part,
} from "./part.js";
import { checkDefaults, checkMissing, joinOpenForms, newestVersion, readRemoved, readUpgrades, readVersions, type Versions } from "./shapes.js";
import { checkArgs, isOfFamily } from "./tasks.js";

/** A resource as far as it can be read without its tasks. */
export interface Draft {
  readonly declaration: Declaration;
  readonly element: Element;
  readonly base: Draft | null;
  readonly parent: string | null;
  readonly versions: Versions;
  readonly fields: readonly Field[];
  readonly removed: readonly Tombstone[];
  readonly upgrades: readonly Upgrade[];
  readonly unique: readonly Index[];
  readonly indexes: readonly Index[];
  /** Its fields and those it inherits, by name. */
  readonly fieldsByName: ReadonlyMap<string, Field>;
  /** Where each of its states is written, the inherited ones included; their order is that of the model. */
  readonly states: ReadonlyMap<string, Part>;
}

const defaultState = "live";
const dayMs = 86_400_000;

/** All resources without their states' moves, bases before those that extend them, each group by name. */
export function readDrafts(types: NamedTypes, context: Context): ReadonlyMap<string, Draft> {
  const { declared } = context;
  const drafts = new Map<string, Draft>();
  const all = inOrder(declared.resources);
  const isSubtype = (declaration: Declaration): boolean => member(declaration.root, "extends") !== null;
  for (const declaration of all) if (!isSubtype(declaration)) drafts.set(declaration.name, readDraft(declaration, null, types, context));
  for (const declaration of all) {
    if (!isSubtype(declaration)) continue;
    const base = readBase(declaration, context);
    drafts.set(declaration.name, readDraft(declaration, base === null ? null : (drafts.get(base.name) ?? null), types, context));
  }
  checkParents(drafts, context);
  return drafts;
}

function readBase(declaration: Declaration, context: Context): Declaration | null {
  const part = member(declaration.root, "extends");
  const base = part === null ? null : findResource(part, context);
  if (part === null || base === null) return null;
  const root = text(member(base.root, "extends"));
  if (base !== declaration && root === null) return base;
  context.found.push(
    report.extendsSubtype(valueOf(part), { base: base.name, root: base === declaration || root === declaration.name ? null : root }),
  );
  return null;
}

function readDraft(declaration: Declaration, base: Draft | null, types: NamedTypes, context: Context): Draft {
  const { found } = context;
  const { root, name } = declaration;
  const parentPart = member(root, "parent");
  const parent = parentPart === null ? null : findResource(parentPart, context);
  const versions = base?.versions ?? readVersions(root, found);
  const newest = newestVersion(base?.declaration.root ?? root, versions.version);
  // A subtype whose base is not known has versions that are not known either.
  const isOrphan = base === null && member(root, "extends") !== null;
  const within: FieldContext = { version: isOrphan ? Number.MAX_SAFE_INTEGER : newest, type: null, types, ...context };
  const written = { fields: readFields(member(root, "fields"), within), removed: readRemoved(root, within) };
  checkDefaults(written.fields, versions.write, found);
  const upgrades = base?.upgrades ?? (isOrphan ? [] : readUpgrades(root, { ...written, oldest: versions.oldest }, within));
  const { fields, removed } = joinOpenForms(written.fields, written.removed, context);
  if (base !== null) checkMissing(base.declaration.root, { fields, oldest: versions.oldest, newest, upgrades, inherits: true }, within);
  const fieldsByName = new Map([...(base?.fieldsByName ?? []), ...fields.map((field) => [field.name, field] as const)]);
  const statesPart = member(root, "states");
  const own = statesPart === null && base === null ? [[defaultState, root] as const] : members(statesPart);
  const draft: Draft = {
    declaration,
    element: readElement(root, name, context),
    base,
    parent: base === null ? (parent?.name ?? null) : base.parent,
    versions,
    fields,
    removed,
    upgrades,
    unique: [],
    indexes: [],
    fieldsByName,
    states: new Map([...(base?.states ?? []), ...own.filter(([state]) => base?.states.has(state) !== true)]),
  };
  return { ...draft, unique: readIndexes("unique", draft, types, context), indexes: readIndexes("indexes", draft, types, context) };
}

/** Parents are there before their children, so they never go round. A family counts as one, for it shares its parent. */
function checkParents(drafts: ReadonlyMap<string, Draft>, { found }: Context): void {
  const rootOf = (name: string): string => drafts.get(name)?.base?.declaration.name ?? name;
  const parentOf = (name: string): readonly string[] => {
    const parent = drafts.get(name)?.parent ?? null;
    return parent === null ? [] : [rootOf(parent)];
  };
  const roots = [...drafts.values()].filter((draft) => draft.base === null).map((draft) => draft.declaration.name);
  for (const group of circles(roots, parentOf)) {
    const way = wayRound(group, parentOf);
    const first = drafts.get(way[0] ?? "");
    if (first !== undefined)
      found.push(report.parentsCircle(locate(inside(first.declaration.at, "parent"), "value"), { way, parent: first.parent ?? "" }));
  }
}

export const fixedColumns: readonly string[] = ["parent", "state", "created_at"];

/**
 * Whether something may be indexed, filtered or sorted by; says so where it may not. `keyword` is where it stands.
 */
export function isColumn(
  part: Part,
  keyword: "unique" | "indexes" | "filter" | "sort",
  draft: Draft,
  types: NamedTypes,
  { found }: Context,
): boolean {
  const name = text(part);
  if (name === null) return false;
  const { declaration } = draft;
  if (name === "parent") {
    const mayHaveOne =
      draft.parent !== null ||
      member((draft.base ?? draft).declaration.root, "parent") !== null ||
      isLost(inside((draft.base ?? draft).declaration.at, "parent"));
    if (!mayHaveOne)
      found.push(
        report.noSuchName(valueOf(part), {
          name,
          kind: "field",
          of: `of '${declaration.name}'`,
          near: null,
          newText: null,
          hint: "Add `parent: <resource>`, or remove it here.",
        }),
      );
    return draft.parent !== null;
  }
  if (fixedColumns.includes(name)) return true;
  const field = draft.fieldsByName.get(name);
  if (field === undefined) {
    reportUnknownField(part, "value", name, draft, { found, more: fixedColumns });
    return false;
  }
  const type = resolved(field.type, types);
  const { encrypted } = field;
  const isComparable = encrypted === null ? type === unclear || fieldTypeRow(type).index !== null : encrypted.lookup && keyword !== "sort";
  if (isComparable) return true;
  const first = locate(field.at, "key");
  if (encrypted === null) found.push(report.notComparable(valueOf(part), { field: name, of: describe(field.type), keyword, first }));
  else if (keyword === "sort") found.push(report.secretNotSorted(valueOf(part), { field: name, first }));
  else found.push(report.secretNotFound(valueOf(part), { field: name, first }));
  return false;
}

/** Says that a resource has no such field, unless one of that name was written and could not be read. */
export function reportUnknownField(
  part: Part,
  which: "key" | "value",
  name: string,
  draft: Draft,
  { found, more = [], hint }: { readonly found: Context["found"]; readonly more?: readonly string[]; readonly hint?: string },
): void {
  const family = draft.base === null ? [draft] : [draft, draft.base];
  if (family.some(({ declaration }) => isLost(inside(declaration.at, "fields", name)))) return;
  // What a resource inherits is not known where its base is not.
  if (draft.base === null && member(draft.declaration.root, "extends") !== null) return;
  reportUnknown(
    found,
    { part, which },
    {
      name,
      kind: "field",
      of: `of '${draft.declaration.name}'`,
      known: [...draft.fieldsByName.keys(), ...more],
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

function readIndexes(keyword: "unique" | "indexes", draft: Draft, types: NamedTypes, context: Context): readonly Index[] {
  const known = new Set<string>();
  return items(member(draft.declaration.root, keyword)).flatMap((index): readonly Index[] => {
    const columns: string[] = [];
    for (const { text: column, part } of texts(index)) {
      if (columns.includes(column)) context.found.push(report.namedTwice(valueOf(part), { name: column, keyword }));
      else if (isColumn(part, keyword, draft, types, context)) columns.push(column);
      else return [];
    }
    const name = columns.join(", ");
    if (known.has(name)) context.found.push(report.namedTwice(valueOf(index), { name: `[${name}]`, keyword }));
    if (columns.length === 0 || known.has(name)) return [];
    known.add(name);
    return [{ columns, at: index.at }];
  });
}

/** A resource whole: its states as well, for which its tasks are needed. Its API and its children are added by the caller. */
export function readResource(
  draft: Draft,
  bases: ReadonlyMap<string, Resource>,
  tasks: ReadonlyMap<string, Task>,
  context: Context,
): Resource {
  const { declaration, element, base } = draft;
  const { root, name } = declaration;
  const { found } = context;
  const inherited = base === null ? null : (bases.get(base.declaration.name) ?? null);
  const statesPart = member(root, "states");
  const machine: Machine = {
    of: `of '${name}'`,
    states: new Set(draft.states.keys()),
    isComplete: familyParts(draft).every((each) => hasAllMembers(inside(each.at, "states"))) && !isOrphaned(draft),
    isSound:
      familyParts(draft).every((each) => isWhole(inside(each.at, "states")) && isWhole(inside(each.at, "replaced"))) && !isOrphaned(draft),
  };
  claimStates(
    statesPart,
    {
      inherited: (inherited?.states ?? []).map((state) => ({ name: state.name, what: "an inherited state", at: state.at, part: "key", inherited: true })),
      hooks: [],
    },
    found,
  );
  const states = [...draft.states].map(([state, part]): ResourceState => {
    const from = inherited?.states.find((each) => each.name === state);
    const own = member(statesPart, state);
    if (from === undefined) return readState(state, part === root ? null : part, draft, machine, tasks, context);
    return own === null ? { ...from, inherited: true } : widen(from, own, draft, machine, context);
  });
  const replaced = readReplaced(member(root, "replaced"), draft.states, { kind: "state", allowed: [] }, context);
  reportRevived(draft, inherited, context);
  checkResourceMachine(states, [...(inherited?.replaced ?? []), ...replaced], inherited, machine, context);
  if (inherited !== null) checkInheritedStarts(states, draft, tasks, context);
  const archive = member(root, "archive");
  return {
    kind: "resource",
    plural: pluralName(declaration),
    base: base?.declaration.name ?? null,
    root: base?.declaration.name ?? name,
    subtypes: [],
    parent: draft.parent,
    children: [],
    version: draft.versions.version,
    write: draft.versions.write,
    oldest: draft.versions.oldest,
    fields: draft.fields,
    removed: draft.removed,
    upgrades: base === null ? draft.upgrades : [],
    unique: draft.unique,
    indexes: draft.indexes,
    states,
    replaced,
    api: null,
    archive: inherited?.archive ?? {
      afterMs: durationMs(member(archive, "after")) ?? 30 * dayMs,
      keepMs: durationMs(member(archive, "keep")),
    },
    ownKey: inherited?.ownKey ?? flag(member(root, "own_key")),
    tasks: inOrder(context.declared.tasksOf.get(name) ?? new Map<string, Declaration>()).flatMap(
      (task) => tasks.get(qualified(name, task.name)) ?? [],
    ),
    ...element,
  };
}

/** A state that the base has replaced may not live on in a subtype: it would read as the new one. */
function reportRevived({ declaration, base }: Draft, inherited: Resource | null, { found }: Context): void {
  const states = member(declaration.root, "states");
  for (const { from } of inherited?.replaced ?? []) {
    const state = member(states, from);
    const target = member(member(base?.declaration.root ?? null, "replaced"), from);
    if (state !== null && target !== null) found.push(report.replacedStillThere(keyOf(target), { value: from, kind: "state", first: keyOf(state) }));
  }
}

function familyParts({ declaration, base }: Draft): readonly Declaration[] {
  return base === null ? [declaration] : [declaration, base.declaration];
}

/** It extends something that could not be found, so what it inherits is not known. */
function isOrphaned({ declaration, base }: Draft): boolean {
  return base === null && member(declaration.root, "extends") !== null;
}

/** A state of its own; `part` is null for the state that a resource without `states` has. */
function readState(
  name: string,
  part: Part | null,
  draft: Draft,
  machine: Machine,
  tasks: ReadonlyMap<string, Task>,
  context: Context,
): ResourceState {
  const { found } = context;
  const [startsPart, thenPart, elsePart] = [member(part, "starts"), member(part, "then"), member(part, "else")];
  const [timeoutPart, onTimeoutPart] = [member(part, "timeout"), member(part, "on_timeout")];
  const starts = startsPart === null ? null : readStarts(startsPart, name, draft, tasks, context);
  const then = readTarget(thenPart, "then", machine, found);
  const otherwise = readTarget(elsePart, "else", machine, found) ?? (startsPart === null ? null : "panic");
  const timeoutMs = durationMs(timeoutPart);
  const onTimeout = readTarget(onTimeoutPart, "on_timeout", machine, found);
  if (part !== null) {
    const lacks = (keyword: string): boolean => member(part, keyword) === null && !isLost(inside(part.at, keyword));
    for (const [keyword, each, without] of [
      ["then", thenPart, "starts"],
      ["else", elsePart, "starts"],
      ["on_timeout", onTimeoutPart, "timeout"],
    ] as const) {
      if (each !== null && lacks(without)) {
        found.push(report.withoutEffect(keyOf(each), { keyword, without }));
        machine.isSound = false;
      }
    }
    if (startsPart !== null && lacks("then")) {
      found.push(report.startsWithoutThen(keyOf(startsPart), { state: name, task: text(startsPart) ?? "" }));
      machine.isSound = false;
    }
  }
  const unwritten: StateElement = { name, doc: null, deprecated: null, stability: "stable", allow: [], at: draft.declaration.at };
  return {
    to: part === null ? ["stop"] : readTargets(member(part, "to"), "to", machine, found),
    starts,
    then: startsPart === null ? null : then,
    else: startsPart === null ? null : otherwise,
    timeoutMs,
    onTimeout: timeoutMs === null ? null : (onTimeout ?? otherwise ?? "panic"),
    expectMs: durationMs(member(part, "expect")),
    alarmMs: durationMs(member(part, "alarm")),
    inherited: false,
    ...(part === null ? unwritten : readStateElement(part, name, context)),
  };
}

function readStarts(part: Part, state: string, { declaration }: Draft, tasks: ReadonlyMap<string, Task>, context: Context): string | null {
  const { found } = context;
  const started = findTask(part, declaration.name, { orGlobal: false }, context);
  if (started === null) return null;
  if (!isOfFamily(started, declaration.name, context)) {
    found.push(
      report.startsForeign(valueOf(part), {
        task: qualified(started.of, started.name),
        resource: declaration.name,
        first: nameOf(started),
      }),
    );
    return null;
  }
  const task = tasks.get(qualified(started.of, started.name));
  if (task !== undefined) {
    checkArgs(task, { part, which: "value", by: `the state '${state}'` }, found);
    if (task.while !== null && isWhole(inside(task.at, "while")) && !task.while.includes(state)) {
      found.push(report.startOutsideWhile(valueOf(part), { task: task.name, state, first: locate(inside(task.at, "while"), "key") }));
    }
  }
  return started.name;
}

/** An inherited state to which moves are added. */
function widen(from: ResourceState, own: Part, draft: Draft, machine: Machine, context: Context): ResourceState {
  const { found } = context;
  for (const [keyword, part] of members(own)) {
    if (keyword === "to" || keyword === "doc") continue;
    found.push(report.inheritedChanged(keyOf(part), { keyword, of: `the state '${from.name}'`, base: draft.base?.declaration.name ?? "" }));
  }
  const added = readTargets(member(own, "to"), "to", machine, found).filter((state) => !from.to.includes(state));
  return { ...from, doc: text(member(own, "doc")) ?? from.doc, to: [...from.to, ...added], inherited: added.length === 0, at: own.at };
}

function checkResourceMachine(
  states: readonly ResourceState[],
  replaced: readonly Replaced[],
  inherited: Resource | null,
  machine: Machine,
  { found }: Context,
): void {
  if (!machine.isSound) return;
  const fromBase = new Set(inherited?.states.map((state) => state.name));
  const steps = states.map(({ name, at, to, then, else: otherwise, onTimeout }) => ({
    name,
    at,
    to,
    next: [...to, then, otherwise, onTimeout].filter((state) => state !== null),
    pauses: true,
    inherited: fromBase.has(name),
  }));
  checkMachine(steps, [...states.slice(0, 1).map((state) => state.name), ...replaced.map(({ to }) => to)], found);
}

/** A subtype's task that takes the place of its base's is started by the base's states too. */
function checkInheritedStarts(
  states: readonly ResourceState[],
  { declaration }: Draft,
  tasks: ReadonlyMap<string, Task>,
  { found, declared }: Context,
): void {
  for (const state of states) {
    const started = state.starts === null ? undefined : taskOf(declared, declaration.name, state.starts);
    const task = started === undefined || started.of !== declaration.name ? undefined : tasks.get(qualified(started.of, started.name));
    if (
      task === undefined ||
      !task.replacesBase ||
      task.while === null ||
      task.while.includes(state.name) ||
      !isWhole(inside(task.at, "while"))
    )
      continue;
    found.push(
      report.startOutsideWhile(locate(inside(task.at, "while"), "value"), {
        task: task.name,
        state: state.name,
        first: locate(state.at, "key"),
      }),
    );
  }
}
