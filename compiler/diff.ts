// Two models → what changed between them: values in, values out. Elements are the same where their stored names are, whatever they are called
// and wherever they stand. A change names the row of `keywords` that it is a change of, and so the rules that may speak of it.

import { inside, type Place, type SpecValue } from "./document.js";
import { kinds, type Changes, type KeywordKind } from "./keywords.js";
import {
  findResource,
  findTask,
  findType,
  taskOf,
  type Api,
  type Element,
  type Encrypted,
  type Field,
  type FieldType,
  type Gone,
  type Index,
  type Model,
  type NamedType,
  type Replaced,
  type Resource,
  type ResourceState,
  type StateElement,
  type Task,
  type TaskState,
  type Tombstone,
} from "./model.js";
import { compareDecimal, compareTimes } from "./scalars.js";

export type Declared = Resource | Task | NamedType;
export type State = ResourceState | TaskState;
export type How = keyof Changes;

/** The same thing in both models; null where it is not there. */
export interface Pair<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** A value and where it stands; `at` is null for what is no element's. Of a map or a list it is the one member that changed. */
export interface Side {
  readonly value: SpecValue;
  readonly at: Place | null;
}

/** What a change lies in. */
export interface Scope {
  readonly models: { readonly before: Model; readonly after: Model };
  /** Null for what stands in `pliny.yaml`. */
  readonly element: Pair<Declared> | null;
  /** Where the outermost field is listed. */
  readonly list: "fields" | "args" | "removed" | "is" | null;
  /** The field it is a change of, last, and those around it. */
  readonly fields: readonly Pair<Field>[];
  readonly state: Pair<State> | null;
  /** The types it is a change of, or within. */
  readonly types: { readonly before: FieldType; readonly after: FieldType } | null;
  /** It is within what the keys of a map are. */
  readonly isKey: boolean;
  /** By stored names. */
  readonly path: readonly string[];
}

export interface Change extends Scope {
  readonly kind: KeywordKind;
  readonly keyword: string;
  readonly how: How;
  readonly before: Side | null;
  readonly after: Side | null;
}

interface Walk extends Scope {
  readonly found: Change[];
}

/** What changed, the elements in the order of the newer model and then what is no more. */
export function diffModels(before: Model, after: Model): readonly Change[] {
  const found: Change[] = [];
  const walk: Walk = {
    models: { before, after },
    element: null,
    list: null,
    fields: [],
    state: null,
    types: null,
    isKey: false,
    path: [],
    found,
  };
  diffConfig(walk);
  diffDeclared(walk, "resource", before.resources, after.resources);
  diffDeclared(walk, "type", before.types, after.types);
  diffDeclared(walk, "task", allTasksOf(before), allTasksOf(after));
  diffGone(walk);
  return found;
}

/** A resource's stored name; of one that is not there, its name. */
export function resourceKey(model: Model, name: string): string {
  return findResource(model, name)?.key ?? name;
}

/** A type with what a named field stands for in its place; a named record as the record that it is. */
export function standing(model: Model, type: FieldType): FieldType {
  let current = type;
  while (current.kind === "named") {
    const is = findType(model, current.name)?.is;
    if (is === undefined) return current;
    if (is.kind === "record") return is;
    current = is.field.type;
  }
  return current;
}

/** The field of a resource or of its base by its name. */
export function fieldOf(model: Model, resource: Resource, name: string): Field | undefined {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  return [...resource.fields, ...(base?.fields ?? [])].find((field) => field.name === name);
}

/** What a place holds; undefined where nothing was written. */
export function writtenAt(place: Place): SpecValue | undefined {
  let value: SpecValue = place.document.spec;
  for (const step of place.path) {
    if (value === null || typeof value !== "object") return undefined;
    const members: readonly [string, SpecValue][] = Object.entries(value);
    const member = members.find(([name]) => name === String(step));
    if (member === undefined) return undefined;
    value = member[1];
  }
  return value;
}

// ---- elements

function allTasksOf(model: Model): readonly Task[] {
  return [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
}

function storedName(declared: Declared): string {
  return declared.kind === "task" ? declared.qualifiedKey : declared.key;
}

interface Matched<T> {
  readonly pairs: readonly { readonly before: T; readonly after: T }[];
  readonly added: readonly T[];
  readonly removed: readonly T[];
  /** Called the same and stored otherwise. */
  readonly rekeyed: readonly { readonly before: T; readonly after: T }[];
}

/** By stored name; what is left over is the same thing under another one where its name is the same. */
function match<T>(
  before: readonly T[],
  after: readonly T[],
  { key, name }: { readonly key: (item: T) => string; readonly name: (item: T) => string },
): Matched<T> {
  const old = new Map(before.map((item) => [key(item), item]));
  const now = new Set(after.map(key));
  const pairs = after.flatMap((item) => {
    const was = old.get(key(item));
    return was === undefined ? [] : [{ before: was, after: item }];
  });
  const left = before.filter((item) => !now.has(key(item)));
  const isNew = after.filter((item) => !old.has(key(item)));
  const rekeyed = isNew.flatMap((item) => {
    const was = left.find((each) => name(each) === name(item));
    return was === undefined ? [] : [{ before: was, after: item }];
  });
  return {
    pairs,
    rekeyed,
    added: isNew.filter((item) => !rekeyed.some((pair) => pair.after === item)),
    removed: left.filter((item) => !rekeyed.some((pair) => pair.before === item)),
  };
}

const byKey = { key: (item: Element): string => item.key, name: (item: Element): string => item.name };
const byStoredName = { key: storedName, name: (item: Declared): string => (item.kind === "task" ? item.qualifiedName : item.name) };

function diffDeclared(walk: Walk, kind: Declared["kind"], before: readonly Declared[], after: readonly Declared[]): void {
  const { models } = walk;
  const { pairs, added, removed, rekeyed } = match(before, after, byStoredName);
  for (const pair of pairs) diffElement(within(walk, pair), pair);
  const moved = kind === "task" ? movedTasks(removed, added) : [];
  for (const pair of moved)
    note(within(walk, pair), { kind, keyword: "of", how: how(ofOf(pair.before), ofOf(pair.after)) }, sides(pair, "of"));
  for (const pair of rekeyed) note(within(walk, pair), { kind, keyword: "key", how: rekeying(pair) }, sides(pair, "key"));
  for (const item of added) {
    if (moved.some((pair) => pair.after === item)) continue;
    note(within(walk, { before: null, after: item }), { kind, keyword: kind, how: "added" }, { before: null, after: side(item.at, kind) });
  }
  for (const item of removed) {
    if (moved.some((pair) => pair.before === item)) continue;
    // What a resource did is gone with it.
    if (
      item.kind === "task" &&
      item.of !== null &&
      !models.after.resources.some(({ key }) => key === resourceKey(models.before, item.of ?? ""))
    )
      continue;
    const gone = models.after.gone.find((each) => isGone(each, item, models));
    const at = within(walk, { before: item, after: null });
    if (gone === undefined) note(at, { kind, keyword: kind, how: "removed" }, { before: side(item.at, kind), after: null });
    else
      note(
        at,
        { kind, keyword: "gone", how: "added" },
        { before: side(item.at, kind), after: { value: true, at: inside(gone.at, "gone") } },
      );
  }
}

function ofOf(declared: Declared): string | null {
  return declared.kind === "task" ? declared.of : null;
}

/** Tasks that act on something else than they did; only where it is clear which is which. */
function movedTasks(
  removed: readonly Declared[],
  added: readonly Declared[],
): readonly { readonly before: Declared; readonly after: Declared }[] {
  return added.flatMap((after) => {
    const before = removed.filter((each) => each.name === after.name);
    const others = added.filter((each) => each.name === after.name);
    const [only] = before;
    return only === undefined || before.length > 1 || others.length > 1 ? [] : [{ before: only, after }];
  });
}

function isGone(gone: Gone, item: Declared, { before, after }: Scope["models"]): boolean {
  if (gone.kind !== item.kind || (gone.name !== item.name && gone.name !== item.key)) return false;
  if (item.kind !== "task" || item.of === null) return gone.of === null;
  return gone.of !== null && resourceKey(after, gone.of) === resourceKey(before, item.of);
}

/** What was gone for ever stays so. */
function diffGone(walk: Walk): void {
  const { before, after } = walk.models;
  for (const { kind, name, of, at } of before.gone) {
    if (after.gone.some((each) => each.kind === kind && each.name === name && each.of === of)) continue;
    const all: readonly Declared[] = kind === "resource" ? after.resources : kind === "type" ? after.types : allTasksOf(after);
    const again = all.find((each) => (each.name === name || each.key === name) && ofOf(each) === of) ?? null;
    const scope = { ...walk, path: [kind, of === null ? name : `${of}.${name}`] };
    note(
      scope,
      { kind, keyword: "gone", how: "removed" },
      { before: { value: name, at: inside(at, kind) }, after: again === null ? null : side(again.at, kind) },
    );
  }
}

function within(walk: Walk, pair: Pair<Declared>): Walk {
  const element = pair.before ?? pair.after;
  return { ...walk, element: pair, path: element === null ? [] : [element.kind, storedName(element)] };
}

/** How a stored name changed beside a name that did not. */
function rekeying({ before, after }: { readonly before: Element; readonly after: Element }): How {
  return before.key === before.name ? "added" : after.key === after.name ? "removed" : "changed";
}

const stabilities: readonly Element["stability"][] = ["draft", "beta", "stable"];

function diffStability(walk: Walk, { before, after }: { readonly before: StateElement; readonly after: StateElement }): void {
  const order = (value: SpecValue): number => stabilities.findIndex((each) => each === value);
  compare(
    walk,
    { kind: "element", keyword: "stability" },
    { before: before.stability, after: after.stability },
    { at: places(before, after), order: (left, right) => order(left) - order(right) },
  );
}

function diffElement(walk: Walk, pair: { readonly before: Declared; readonly after: Declared }): void {
  const { before, after } = pair;
  if (before.name !== after.name) note(walk, { kind: after.kind, keyword: "key", how: "added" }, sides(pair, "key"));
  diffStability(walk, pair);
  if (before.kind === "resource" && after.kind === "resource") diffResource(walk, before, after);
  else if (before.kind === "task" && after.kind === "task") diffTask(walk, before, after);
  else if (before.kind === "type" && after.kind === "type") diffNamedType(walk, before, after);
}

function diffResource(walk: Walk, before: Resource, after: Resource): void {
  const { models } = walk;
  const at = places(before, after);
  const kind = "resource";
  const key = (model: Model, name: string | null): string | null => (name === null ? null : resourceKey(model, name));
  const [wasBase, isBase] = [key(models.before, before.base), key(models.after, after.base)];
  compare(walk, { kind, keyword: "extends" }, { before: wasBase, after: isBase }, { at });
  // Whatever else differs comes of that.
  if (wasBase !== isBase) return;
  compare(walk, { kind, keyword: "plural" }, { before: before.plural, after: after.plural }, { at });
  const bases = {
    before: before.base === null ? null : (findResource(models.before, before.base) ?? null),
    after: after.base === null ? null : (findResource(models.after, after.base) ?? null),
  };
  if (after.base === null) {
    compare(
      walk,
      { kind, keyword: "parent" },
      { before: key(models.before, before.parent), after: key(models.after, after.parent) },
      { at },
    );
    compare(walk, { kind, keyword: "own_key" }, { before: before.ownKey, after: after.ownKey }, { at });
    diffShapes(walk, before, after);
    const archive = { before: inside(before.at, "archive"), after: inside(after.at, "archive") };
    compare(
      walk,
      { kind: "archive", keyword: "after" },
      { before: before.archive.afterMs, after: after.archive.afterMs },
      { at: archive, order: numbers },
    );
    compare(
      walk,
      { kind: "archive", keyword: "keep" },
      { before: before.archive.keepMs, after: after.archive.keepMs },
      { at: archive, order: numbers },
    );
  }
  diffMembers(walk, before, after);
  diffIndexes(walk, "unique", before, after);
  diffIndexes(walk, "indexes", before, after);
  const own = (states: readonly ResourceState[], base: Resource | null): readonly ResourceState[] =>
    base === null
      ? states
      : states.map((state) => {
          const inherited = base.states.find((each) => each.name === state.name);
          return inherited === undefined ? state : { ...state, ...silent, to: state.to.filter((each) => !inherited.to.includes(each)) };
        });
  diffStates(
    walk,
    { states: own(before.states, bases.before), replaced: before.replaced, at: before.at },
    { states: own(after.states, bases.after), replaced: after.replaced, at: after.at },
    {
      kind: "resource",
      state: "resource state",
      inherited: new Set([...(bases.before?.states ?? []), ...(bases.after?.states ?? [])].map((state) => state.name)),
    },
  );
  const inherited = { before: bases.before?.api ?? null, after: bases.after?.api ?? null };
  diffApi(walk, { before: ownApi(before.api, inherited.before), after: ownApi(after.api, inherited.after) }, inherited, at);
}

/** What a subtype's state says that its base has said already. */
const silent = {
  starts: null,
  then: null,
  else: null,
  timeoutMs: null,
  onTimeout: null,
  expectMs: null,
  alarmMs: null,
  stability: "stable",
} as const;

/** `version`, `write`, `oldest` and the upgrades between. */
function diffShapes(walk: Walk, before: Resource | Task, after: Resource | Task): void {
  const at = places(before, after);
  const { kind } = after;
  for (const keyword of ["version", "write", "oldest"] as const)
    compare(walk, { kind, keyword }, { before: before[keyword], after: after[keyword] }, { at, order: numbers });
  const constants = ({ upgrades }: Resource | Task, version: number): string | null => {
    const upgrade = upgrades.find((each) => each.version === version);
    return upgrade === undefined ? null : JSON.stringify(upgrade.set);
  };
  const versions = new Set([...before.upgrades, ...after.upgrades].map((upgrade) => upgrade.version));
  for (const version of [...versions].sort(numbers)) {
    const scope = { ...walk, path: [...walk.path, "upgrades", String(version)] };
    const [was, is] = [constants(before, version), constants(after, version)];
    if (was === is) continue;
    const bothSet = was !== null && is !== null && was !== "null" && is !== "null";
    const values = { before: was, after: is };
    const found = { before: inside(before.at, "upgrades", String(version)), after: inside(after.at, "upgrades", String(version)) };
    if (bothSet)
      note(
        scope,
        { kind: "upgrade", keyword: "set", how: "changed" },
        { before: { value: was, at: inside(found.before, "set") }, after: { value: is, at: inside(found.after, "set") } },
      );
    else note(scope, { kind, keyword: "upgrades", how: how(was, is) }, sidesAt(values, found));
  }
}

function diffNamedType(walk: Walk, before: NamedType, after: NamedType): void {
  if (before.is.kind === "record" && after.is.kind === "record")
    diffFields({ ...walk, list: "fields" }, { kind: "type", keyword: "fields" }, before.is.fields, after.is.fields);
  else if (before.is.kind === "field" && after.is.kind === "field") {
    const pair = { before: before.is.field, after: after.is.field };
    diffField({ ...walk, list: "is", fields: [pair] }, pair);
  } else
    note(
      walk,
      { kind: "type", keyword: "is", how: "changed" },
      {
        before: { value: before.is.kind, at: inside(before.at, before.is.kind === "record" ? "fields" : "is") },
        after: { value: after.is.kind, at: inside(after.at, after.is.kind === "record" ? "fields" : "is") },
      },
    );
}

function diffTask(walk: Walk, before: Task, after: Task): void {
  const { models } = walk;
  const at = places(before, after);
  const kind = "task";
  diffShapes(walk, before, after);
  diffFields({ ...walk, list: "args" }, { kind, keyword: "args" }, before.args, after.args);
  diffMembers(walk, before, after);
  const plain: readonly (readonly [keyword: string, before: SpecValue, after: SpecValue])[] = [
    ["unique", before.unique, after.unique],
    ["should_start", before.shouldStart, after.shouldStart],
    ["should_stop", before.shouldStop, after.shouldStop],
    ["on_panic", before.onPanic, after.onPanic],
    ["on_stop", before.onStop, after.onStop],
    ["while", before.while, after.while],
  ];
  for (const [keyword, was, is] of plain) compare(walk, { kind, keyword }, { before: was, after: is }, { at });
  compare(walk, { kind, keyword: "timeout" }, { before: before.timeoutMs, after: after.timeoutMs }, { at, order: numbers });
  compare(walk, { kind: "queue", keyword: "lane" }, { before: before.lane, after: after.lane }, { at: insideBoth(at, "queue") });
  compare(
    walk,
    { kind: "queue", keyword: "priority" },
    { before: before.priority, after: after.priority },
    { at: insideBoth(at, "queue"), order: numbers },
  );
  compare(
    walk,
    { kind: "limit", keyword: "concurrency" },
    { before: before.limit.concurrency, after: after.limit.concurrency },
    { at: insideBoth(at, "limit"), order: numbers },
  );
  const rate = (task: Task): SpecValue => (task.limit.rate === null ? null : [task.limit.rate.count, task.limit.rate.perMs]);
  compare(walk, { kind: "limit", keyword: "rate" }, { before: rate(before), after: rate(after) }, { at: insideBoth(at, "limit") });
  compare(
    walk,
    { kind: "task archive", keyword: "keep" },
    { before: before.keepMs, after: after.keepMs },
    { at: insideBoth(at, "archive"), order: numbers },
  );
  if (before.every === null || after.every === null)
    compare(walk, { kind, keyword: "every" }, { before: before.every?.intervalMs ?? null, after: after.every?.intervalMs ?? null }, { at });
  else {
    const every = insideBoth(at, "every");
    compare(
      walk,
      { kind: "every", keyword: "interval" },
      { before: before.every.intervalMs, after: after.every.intervalMs },
      { at: every },
    );
    compare(walk, { kind: "every", keyword: "while" }, { before: before.every.while, after: after.every.while }, { at: every });
    compare(walk, { kind: "every", keyword: "missed" }, { before: before.every.missed, after: after.every.missed }, { at: every });
    compare(walk, { kind: "every", keyword: "spread" }, { before: before.every.spread, after: after.every.spread }, { at: every });
  }
  const triggers = (model: Model, task: Task): readonly Item[] =>
    task.triggers.map((trigger) => {
      const resource = task.of === null ? undefined : findResource(model, task.of);
      const started = resource === undefined ? undefined : taskOf(model, resource, trigger.task);
      return { id: `${started?.key ?? trigger.task} ${trigger.ends}`, value: `${trigger.task} (${trigger.ends})` };
    });
  diffItems(walk, { kind, keyword: "triggers" }, { before: triggers(models.before, before), after: triggers(models.after, after) }, at);
  diffStates(walk, before, after, { kind, state: "task state", inherited: new Set() });
}

// ---- fields

/** Fields, and those that were removed. */
function diffMembers(walk: Walk, before: Resource | Task, after: Resource | Task): void {
  diffFields({ ...walk, list: "fields" }, { kind: after.kind, keyword: "fields" }, before.fields, after.fields);
  const scope: Walk = { ...walk, list: "removed", path: [...walk.path, "removed"] };
  const { pairs, removed } = match<Tombstone>(before.removed, after.removed, byKey);
  for (const pair of pairs) {
    const field: Walk = { ...scope, fields: [pair], path: [...scope.path, pair.after.key] };
    compare(
      field,
      { kind: "tombstone", keyword: "until" },
      { before: pair.before.until, after: pair.after.until },
      { at: places(pair.before, pair.after) },
    );
    compare(
      field,
      { kind: "field", keyword: "since" },
      { before: pair.before.since, after: pair.after.since },
      { at: places(pair.before, pair.after) },
    );
    diffForm(field, pair);
  }
  for (const item of removed) {
    const again = [...after.fields, ...(after.kind === "task" ? after.args : [])].find((field) => field.key === item.key);
    // A field that takes the name again is told of as one that is added.
    if (again === undefined)
      note(
        { ...scope, fields: [{ before: item, after: null }], path: [...scope.path, item.key] },
        { kind: after.kind, keyword: "removed", how: "removed" },
        { before: side(item.at), after: null },
      );
  }
}

function diffFields(
  walk: Walk,
  of: { readonly kind: KeywordKind; readonly keyword: string },
  before: readonly Field[],
  after: readonly Field[],
): void {
  const scope = (pair: Pair<Field>): Walk => ({
    ...walk,
    fields: [...walk.fields, pair],
    path: [...walk.path, of.keyword, (pair.before ?? pair.after)?.key ?? ""],
  });
  const { pairs, added, removed, rekeyed } = match(before, after, byKey);
  for (const pair of pairs) diffField(scope(pair), pair);
  for (const pair of rekeyed) note(scope(pair), { kind: "field", keyword: "key", how: rekeying(pair) }, sides(pair, "key"));
  for (const field of added) note(scope({ before: null, after: field }), { ...of, how: "added" }, { before: null, after: side(field.at) });
  for (const field of removed) {
    const tombstone = walk.fields.length > 0 ? undefined : tombstones(walk.element?.after ?? null).find((each) => each.key === field.key);
    const pair = { before: field, after: tombstone ?? null };
    if (tombstone === undefined) note(scope(pair), { ...of, how: "removed" }, { before: side(field.at), after: null });
    else {
      note(scope(pair), { kind: of.kind, keyword: "removed", how: "added" }, { before: side(field.at), after: side(tombstone.at) });
      diffForm({ ...scope(pair), list: "removed" }, { before: field, after: tombstone });
    }
  }
}

function tombstones(declared: Declared | null): readonly Tombstone[] {
  return declared === null || declared.kind === "type" ? [] : declared.removed;
}

function diffField(walk: Walk, pair: { readonly before: Field; readonly after: Field }): void {
  const { before, after } = pair;
  const at = places(before, after);
  const kind = "field";
  if (before.name !== after.name) note(walk, { kind, keyword: "key", how: "added" }, sides(pair, "key"));
  diffStability(walk, pair);
  diffType(walk, { before: before.type, after: after.type }, { at, kind, keyword: "type" });
  // What comes along with a named type is told of at that type.
  const isSame = before.type.kind === "named" && after.type.kind === "named" && before.type.name === after.type.name;
  const isInherited = (keyword: string): boolean =>
    isSame && [at.before, at.after].every((place) => writtenAt(inside(place, keyword)) === undefined);
  const plain: readonly (readonly [keyword: string, before: SpecValue | undefined, after: SpecValue | undefined])[] = [
    ["required", before.required, after.required],
    ["default", before.default, after.default],
    ["immutable", before.immutable, after.immutable],
    ["since", before.since, after.since],
    ["check", before.check, after.check],
  ];
  for (const [keyword, was, is] of plain) if (!isInherited(keyword)) compare(walk, { kind, keyword }, { before: was, after: is }, { at });
  if (!isInherited("encrypted")) diffEncryption(walk, { before: before.encrypted, after: after.encrypted }, at);
}

function diffEncryption(walk: Walk, { before, after }: Pair<Encrypted>, at: Places): void {
  if (before === null || after === null) {
    compare(walk, { kind: "field", keyword: "encrypted" }, { before: before !== null, after: after !== null }, { at });
    return;
  }
  const inner = insideBoth(at, "encrypted");
  compare(walk, { kind: "encryption", keyword: "lookup" }, { before: before.lookup, after: after.lookup }, { at: inner });
  compare(walk, { kind: "encryption", keyword: "normalize" }, { before: before.normalize, after: after.normalize }, { at: inner });
}

const ofForm: ReadonlySet<string> = new Set(["type", "of", "keys", "scale", "unit", "encrypted", "fields"]);

/** Of a field that is no more nothing counts but what its stored values look like. */
function diffForm(walk: Walk, pair: { readonly before: Field; readonly after: Field }): void {
  const found: Change[] = [];
  const at = places(pair.before, pair.after);
  diffType({ ...walk, found }, { before: pair.before.type, after: pair.after.type }, { at, kind: "field", keyword: "type" });
  diffEncryption({ ...walk, found }, { before: pair.before.encrypted, after: pair.after.encrypted }, at);
  walk.found.push(...found.filter((change) => ofForm.has(change.keyword)));
}

interface TypeAt {
  readonly at: Places;
  /** Where another type is said. */
  readonly kind: KeywordKind;
  readonly keyword: string;
}

function diffType(walk: Walk, types: { readonly before: FieldType; readonly after: FieldType }, said: TypeAt): void {
  if (types.before.kind === "named" && types.after.kind === "named") {
    if (types.before.name === types.after.name) return;
    // Two that hold themselves would lead round for ever.
    const step = `${types.before.name}|${types.after.name}`;
    if (walk.path.includes(step)) return;
    return diffForms({ ...walk, path: [...walk.path, step] }, types, said);
  }
  diffForms(walk, types, said);
}

function diffForms(walk: Walk, types: { readonly before: FieldType; readonly after: FieldType }, { at, kind, keyword }: TypeAt): void {
  const { models } = walk;
  const before = standing(models.before, types.before);
  const after = standing(models.after, types.after);
  const scope: Walk = { ...walk, types: { before, after } };
  if (typeTag(models.before, before) !== typeTag(models.after, after))
    note(
      scope,
      { kind, keyword, how: "changed" },
      {
        before: { value: typeText(types.before), at: inside(at.before, keyword) },
        after: { value: typeText(types.after), at: inside(at.after, keyword) },
      },
    );
  diffModifiers(scope, { before, after }, at);
  if (after.kind === "enum" && before.kind === "enum") diffEnum(scope, before, after, at);
  if (before.kind !== after.kind) return;
  if (before.kind === "record" && after.kind === "record")
    diffFields(scope, { kind: "record field", keyword: "fields" }, before.fields, after.fields);
  const container = kindOf(after);
  if ("of" in before && "of" in after)
    diffType(stepped(scope, "of"), { before: before.of, after: after.of }, { at: insideBoth(at, "of"), kind: container, keyword: "of" });
  if ("keys" in before && "keys" in after)
    diffType(
      { ...stepped(scope, "keys"), isKey: true },
      { before: before.keys, after: after.keys },
      { at: insideBoth(at, "keys"), kind: container, keyword: "keys" },
    );
}

/** What a type's own modifiers stand in. */
function kindOf({ kind }: FieldType): KeywordKind {
  const name = `${kind} field`;
  return isKind(name) ? name : "field";
}

function isKind(name: string): name is KeywordKind {
  return Object.hasOwn(kinds, name);
}

function stepped(walk: Walk, step: string): Walk {
  return { ...walk, path: [...walk.path, step] };
}

/** What a stored value of the type looks like. */
function typeTag(model: Model, type: FieldType): string {
  if (type.kind === "resource") return `resource ${resourceKey(model, type.name)}`;
  if (type.kind === "task") return `task ${findTask(model, type.name)?.qualifiedKey ?? type.name}`;
  return type.kind;
}

export function typeText(type: FieldType): string {
  return type.kind === "named" || type.kind === "resource" || type.kind === "task" ? type.name : type.kind;
}

/** Bounds by what they bound: a text where a number would lose digits. */
const orders: { readonly [kind in FieldType["kind"]]?: (left: string, right: string) => number } = {
  bigint: compareDecimal,
  decimal: compareDecimal,
  time: compareTimes,
};

function diffModifiers(walk: Walk, { before, after }: { readonly before: FieldType; readonly after: FieldType }, at: Places): void {
  const read = (type: FieldType, keyword: string): SpecValue => {
    const value: unknown = Object.entries(type).find(([name]) => name === keyword)?.[1];
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
  };
  // Of another type only the bounds that it takes over from a narrower one can be compared.
  const isKin = before.kind === after.kind || before.kind === "int" || after.kind === "string";
  if (!isKin) return;
  const kind = kindOf(after);
  const text = orders[after.kind];
  const order = (left: SpecValue, right: SpecValue): number =>
    typeof left === "number" && typeof right === "number" ? left - right : (text ?? compareCode)(String(left), String(right));
  for (const keyword of ["min", "max"] as const)
    compare(walk, { kind, keyword }, { before: read(before, keyword), after: read(after, keyword) }, { at, order });
  for (const keyword of ["pattern", "unit", "scale", "special"] as const)
    compare(walk, { kind, keyword }, { before: read(before, keyword), after: read(after, keyword) }, { at });
}

function compareCode(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

type Enum = Extract<FieldType, { readonly kind: "enum" }>;

function diffEnum(walk: Walk, before: Enum, after: Enum, at: Places): void {
  const kind = "enum field";
  const valueAt = (place: Place, { values }: Enum, value: string): Place =>
    inside(
      place,
      "of",
      values.findIndex((each) => each.value === value),
    );
  compare(walk, { kind, keyword: "open" }, { before: before.open, after: after.open }, { at });
  for (const value of after.values) {
    const scope = { ...walk, path: [...walk.path, "of", value.value] };
    const was = before.values.find((each) => each.value === value.value);
    const place = valueAt(at.after, after, value.value);
    if (was === undefined) note(scope, { kind, keyword: "of", how: "added" }, { before: null, after: { value: value.value, at: place } });
    else
      compare(
        scope,
        { kind: "enum value", keyword: "since" },
        { before: was.since, after: value.since },
        { at: { before: valueAt(at.before, before, value.value), after: place } },
      );
  }
  diffReplaced(
    walk,
    { kind, keyword: "of" },
    { before: before.values.map((each) => each.value), after: after.values.map((each) => each.value) },
    { before: before.replaced, after: after.replaced },
    {
      at,
      valueAt: (value) => valueAt(at.before, before, value),
    },
  );
}

/** Values or states that are no more: with what each of them reads as, or without. */
function diffReplaced(
  walk: Walk,
  of: { readonly kind: KeywordKind; readonly keyword: string },
  names: { readonly before: readonly string[]; readonly after: readonly string[] },
  replaced: { readonly before: readonly Replaced[]; readonly after: readonly Replaced[] },
  { at, valueAt }: { readonly at: Places; readonly valueAt: (name: string) => Place },
): void {
  const target = (list: readonly Replaced[], from: string): string | null => list.find((each) => each.from === from)?.to ?? null;
  for (const name of names.before) {
    if (names.after.includes(name)) continue;
    const to = target(replaced.after, name);
    const scope = { ...walk, path: [...walk.path, of.keyword, name] };
    if (to === null) note(scope, { ...of, how: "removed" }, { before: { value: name, at: valueAt(name) }, after: null });
    else
      note(
        scope,
        { kind: of.kind, keyword: "replaced", how: "added" },
        { before: { value: name, at: valueAt(name) }, after: { value: to, at: inside(at.after, "replaced", name) } },
      );
  }
  for (const { from, to } of replaced.before) {
    const is = target(replaced.after, from);
    if (is === to || names.after.includes(from)) continue;
    note(
      { ...walk, path: [...walk.path, "replaced", from] },
      { kind: of.kind, keyword: "replaced", how: is === null ? "removed" : "changed" },
      {
        before: { value: is === null ? from : to, at: inside(at.before, "replaced", from) },
        after: is === null ? null : { value: is, at: inside(at.after, "replaced", from) },
      },
    );
  }
}

// ---- states

interface Machine {
  readonly states: readonly State[];
  readonly replaced: readonly Replaced[];
  readonly at: Place;
}

function diffStates(
  walk: Walk,
  before: Machine,
  after: Machine,
  {
    kind,
    state: stateKind,
    inherited,
  }: { readonly kind: "resource" | "task"; readonly state: "resource state" | "task state"; readonly inherited: ReadonlySet<string> },
): void {
  const renamed = (name: string): string =>
    after.states.some((each) => each.name === name) ? name : (after.replaced.find((each) => each.from === name)?.to ?? name);
  const own = (states: readonly State[]): readonly string[] => states.map((each) => each.name).filter((name) => !inherited.has(name));
  const [wasFirst, isFirst] = [before.states[0], after.states[0]];
  if (wasFirst !== undefined && isFirst !== undefined && renamed(wasFirst.name) !== isFirst.name)
    note(
      walk,
      { kind, keyword: "states", how: "changed" },
      { before: { value: wasFirst.name, at: wasFirst.at }, after: { value: isFirst.name, at: isFirst.at } },
    );
  for (const state of after.states) {
    const was = before.states.find((each) => each.name === state.name);
    const scope = { ...walk, path: [...walk.path, "states", state.name] };
    const pair = { before: was ?? before.states.find((each) => renamed(each.name) === state.name) ?? null, after: state };
    if (was === undefined && !inherited.has(state.name))
      note(
        { ...scope, state: { before: null, after: state } },
        { kind, keyword: "states", how: "added" },
        { before: null, after: { value: state.name, at: state.at } },
      );
    if (pair.before !== null) diffState({ ...scope, state: pair }, pair.before, state, { kind: stateKind, renamed });
  }
  diffReplaced(
    walk,
    { kind, keyword: "states" },
    { before: own(before.states), after: after.states.map((each) => each.name) },
    { before: before.replaced, after: after.replaced },
    {
      at: places(before, after),
      valueAt: (name) => before.states.find((each) => each.name === name)?.at ?? before.at,
    },
  );
}

function diffState(
  walk: Walk,
  before: State,
  after: State,
  { kind, renamed }: { readonly kind: "resource state" | "task state"; readonly renamed: (name: string) => string },
): void {
  const at = places(before, after);
  const moved = (name: string | null): string | null => (name === null ? null : renamed(name));
  diffStability(walk, { before, after });
  diffItems(
    walk,
    { kind, keyword: "to" },
    { before: before.to.map((name) => ({ id: renamed(name), value: name })), after: after.to.map((name) => ({ id: name, value: name })) },
    at,
  );
  compare(walk, { kind, keyword: "timeout" }, { before: before.timeoutMs, after: after.timeoutMs }, { at, order: numbers });
  if (before.timeoutMs !== null && after.timeoutMs !== null)
    compare(walk, { kind, keyword: "on_timeout" }, { before: moved(before.onTimeout), after: after.onTimeout }, { at });
  if ("starts" in before && "starts" in after) {
    const task = (model: Model, resource: Declared | null, name: string | null): string | null =>
      name === null || resource === null || resource.kind !== "resource" ? name : (taskOf(model, resource, name)?.key ?? name);
    const { models, element } = walk;
    compare(
      walk,
      { kind, keyword: "starts" },
      {
        before: task(models.before, element?.before ?? null, before.starts),
        after: task(models.after, element?.after ?? null, after.starts),
      },
      { at },
    );
    if (before.starts === null || after.starts === null) return;
    compare(walk, { kind, keyword: "then" }, { before: moved(before.then), after: after.then }, { at });
    compare(walk, { kind, keyword: "else" }, { before: moved(before.else), after: after.else }, { at });
  } else if ("retry" in before && "retry" in after) {
    const key = (model: Model, names: readonly { readonly task: string }[]): readonly Item[] =>
      names.map(({ task }) => ({ id: findTask(model, task)?.qualifiedKey ?? task, value: task }));
    compare(
      walk,
      { kind: "retry", keyword: "max" },
      { before: before.retry.max, after: after.retry.max },
      { at: insideBoth(at, "retry"), order: numbers },
    );
    compare(walk, { kind, keyword: "poll" }, { before: before.pollMs, after: after.pollMs }, { at });
    diffItems(
      walk,
      { kind, keyword: "spawns" },
      { before: key(walk.models.before, before.spawns), after: key(walk.models.after, after.spawns) },
      at,
    );
    if (before.spawns.length > 0 && after.spawns.length > 0)
      compare(walk, { kind, keyword: "join" }, { before: before.join, after: after.join }, { at });
    compare(walk, { kind, keyword: "breaker" }, { before: before.breaker, after: after.breaker }, { at });
    compare(walk, { kind, keyword: "on_unknown" }, { before: moved(before.onUnknown), after: after.onUnknown }, { at });
  }
}

// ---- what else a resource has

function diffIndexes(walk: Walk, keyword: "unique" | "indexes", before: Resource, after: Resource): void {
  const { models } = walk;
  const items = (model: Model, resource: Resource, indexes: readonly Index[]): readonly Item[] =>
    indexes.map(({ columns, at }) => ({
      id: columns.map((column) => fieldOf(model, resource, column)?.key ?? column).join(", "),
      value: columns,
      at,
    }));
  diffItems(
    walk,
    { kind: "resource", keyword },
    { before: items(models.before, before, before[keyword]), after: items(models.after, after, after[keyword]) },
    places(before, after),
  );
}

/** What an API adds to its base's. */
function ownApi(api: Api | null, base: Api | null): Api | null {
  if (api === null || base === null) return api;
  const without = (own: readonly string[] | null, inherited: readonly string[] | null): readonly string[] | null =>
    own === null ? null : inherited === null ? own : own.filter((each) => !inherited.includes(each));
  return {
    ...api,
    list:
      api.list === null
        ? null
        : {
            filter: without(api.list.filter, base.list?.filter ?? null) ?? [],
            sort: without(api.list.sort, base.list?.sort ?? null) ?? [],
          },
    get: api.get && !base.get,
    create: without(api.create, base.create),
    update: without(api.update, base.update),
    moves: api.moves.filter(({ state }) => !base.moves.some((each) => each.state === state)),
    delete: api.delete === base.delete ? null : api.delete,
    start: without(api.start, base.start) ?? [],
    hide: without(api.hide, base.hide) ?? [],
    strict: api.strict && !base.strict,
  };
}

function diffApi(walk: Walk, { before, after }: Pair<Api>, inherited: Pair<Api>, owner: Places): void {
  const { models, element } = walk;
  const at = insideBoth(owner, "api");
  // Of what the base offers, or did, the base's own diff tells.
  const isTold = (keyword: "list" | "create" | "update"): boolean =>
    [inherited.before, inherited.after].some((api) => api !== null && api[keyword] !== null);
  if (before === null || after === null) {
    if (inherited.before === null && inherited.after === null)
      compare(walk, { kind: "resource", keyword: "api" }, { before: before !== null, after: after !== null }, { at: owner });
    return;
  }
  const kind = "api";
  const scope = { ...walk, path: [...walk.path, "api"] };
  const stored =
    (side: "before" | "after") =>
    (name: string): Item => {
      const resource = element?.[side];
      const field = resource?.kind === "resource" ? fieldOf(models[side], resource, name) : undefined;
      return { id: field?.key ?? name, value: name };
    };
  const items = (
    was: readonly string[] | null,
    is: readonly string[] | null,
  ): { readonly before: readonly Item[]; readonly after: readonly Item[] } => ({
    before: (was ?? []).map(stored("before")),
    after: (is ?? []).map(stored("after")),
  });
  for (const keyword of ["list", "create", "update"] as const)
    if (!isTold(keyword)) compare(scope, { kind, keyword }, { before: before[keyword] !== null, after: after[keyword] !== null }, { at });
  compare(scope, { kind, keyword: "get" }, { before: before.get, after: after.get }, { at });
  compare(scope, { kind, keyword: "delete" }, { before: before.delete, after: after.delete }, { at });
  compare(scope, { kind, keyword: "strict" }, { before: before.strict, after: after.strict }, { at });
  if (before.list !== null && after.list !== null)
    for (const keyword of ["filter", "sort"] as const)
      diffItems(
        stepped(scope, "list"),
        { kind: "api list", keyword },
        items(before.list[keyword], after.list[keyword]),
        insideBoth(at, "list"),
      );
  for (const keyword of ["create", "update"] as const)
    if (before[keyword] !== null && after[keyword] !== null)
      diffItems(scope, { kind, keyword }, items(before[keyword], after[keyword]), at);
  diffItems(
    scope,
    { kind, keyword: "start" },
    { before: before.start.map((name) => taskItem(walk, "before", name)), after: after.start.map((name) => taskItem(walk, "after", name)) },
    at,
  );
  diffItems(scope, { kind, keyword: "hide" }, items(before.hide, after.hide), at);
  const names = (api: Api): readonly Item[] => api.moves.map(({ state }) => ({ id: state, value: state }));
  diffItems(scope, { kind, keyword: "moves" }, { before: names(before), after: names(after) }, at);
  for (const { state, fields } of after.moves) {
    const was = before.moves.find((each) => each.state === state);
    const pairs = was === undefined ? null : items(was.fields, fields);
    const within = (item: Item): Item => ({ id: item.id, value: [state, String(item.value)] });
    if (pairs !== null)
      diffItems(
        stepped(scope, state),
        { kind, keyword: "moves" },
        { before: pairs.before.map(within), after: pairs.after.map(within) },
        at,
      );
  }
}

function taskItem({ models, element }: Walk, side: "before" | "after", name: string): Item {
  const resource = element?.[side];
  const task = resource?.kind === "resource" ? taskOf(models[side], resource, name) : undefined;
  return { id: task?.key ?? name, value: name };
}

// ---- pliny.yaml

function diffConfig(walk: Walk): void {
  const { before, after } = { before: walk.models.before.config, after: walk.models.after.config };
  const named = (list: readonly { readonly name: string }[]): readonly Item[] => list.map(({ name }) => ({ id: name, value: name }));
  const scope = { ...walk, path: ["config"] };
  for (const keyword of ["lanes", "breakers"] as const)
    diffItems(scope, { kind: "config", keyword }, { before: named(before[keyword]), after: named(after[keyword]) }, null);
  for (const lane of after.lanes) {
    const was = before.lanes.find((each) => each.name === lane.name);
    if (was !== undefined)
      compare(
        { ...scope, path: ["config", "lanes", lane.name] },
        { kind: "lane", keyword: "encrypted" },
        { before: was.encrypted, after: lane.encrypted },
        { at: null },
      );
  }
  for (const breaker of after.breakers) {
    const was = before.breakers.find((each) => each.name === breaker.name);
    if (was === undefined) continue;
    const inner = { ...scope, path: ["config", "breakers", breaker.name] };
    compare(inner, { kind: "breaker", keyword: "failures" }, { before: was.failures, after: breaker.failures }, { at: null });
    compare(inner, { kind: "breaker", keyword: "within" }, { before: was.withinMs, after: breaker.withinMs }, { at: null });
    compare(inner, { kind: "breaker", keyword: "open" }, { before: was.openMs, after: breaker.openMs }, { at: null });
  }
}

// ---- noting

interface Places {
  readonly before: Place;
  readonly after: Place;
}

function places(before: { readonly at: Place }, after: { readonly at: Place }): Places {
  return { before: before.at, after: after.at };
}

function insideBoth(at: Places, step: string): Places {
  return { before: inside(at.before, step), after: inside(at.after, step) };
}

function side(at: Place, step?: string): Side {
  const place = step === undefined ? at : inside(at, step);
  return { value: writtenAt(place) ?? null, at: place };
}

function sides({ before, after }: { readonly before: Element; readonly after: Element }, step: string): Pair<Side> {
  return { before: side(before.at, step), after: side(after.at, step) };
}

function sidesAt(values: { readonly before: SpecValue; readonly after: SpecValue }, at: Places | null): Pair<Side> {
  return {
    before: values.before === null ? null : { value: values.before, at: at?.before ?? null },
    after: values.after === null ? null : { value: values.after, at: at?.after ?? null },
  };
}

function note({ found, ...scope }: Walk, of: Pick<Change, "kind" | "keyword" | "how">, { before, after }: Pair<Side>): void {
  found.push({ ...scope, path: [...scope.path, of.keyword], ...of, before, after });
}

function numbers(left: SpecValue, right: SpecValue): number {
  return Number(left) - Number(right);
}

function how(before: SpecValue, after: SpecValue): How {
  return before === null ? "added" : after === null ? "removed" : "changed";
}

/** Notes what differs of one value. `false` is as good as nothing; an amount is raised or lowered by its order. */
function compare(
  walk: Walk,
  of: { readonly kind: KeywordKind; readonly keyword: string },
  values: { readonly before: SpecValue | undefined; readonly after: SpecValue | undefined },
  { at, order }: { readonly at: Places | null; readonly order?: (left: SpecValue, right: SpecValue) => number },
): void {
  // What is off is not there; only a default may be `false` and be there.
  const read = (value: SpecValue | undefined): SpecValue =>
    value === undefined || (value === false && of.keyword !== "default") ? null : value;
  const [before, after] = [read(values.before), read(values.after)];
  if (Object.is(before, after) || (Array.isArray(before) && JSON.stringify(before) === JSON.stringify(after))) return;
  const plain = how(before, after);
  const found = plain !== "changed" || order === undefined ? plain : order(before, after) < 0 ? "raised" : "lowered";
  note(walk, { ...of, how: found }, sidesAt({ before, after }, at === null ? null : insideBoth(at, of.keyword)));
}

/** A member of a list: what it is known by, as it is said, and where it stands if not in the list under its number. */
interface Item {
  readonly id: string;
  readonly value: SpecValue;
  readonly at?: Place;
}

/** Notes what came to a list and what left it. */
function diffItems(
  walk: Walk,
  of: { readonly kind: KeywordKind; readonly keyword: string },
  { before, after }: { readonly before: readonly Item[]; readonly after: readonly Item[] },
  at: Places | null,
): void {
  const place = (item: Item, whole: Place | undefined): Place | null => item.at ?? (whole === undefined ? null : inside(whole, of.keyword));
  const scope = (item: Item): Walk => ({ ...walk, path: [...walk.path, of.keyword, item.id] });
  for (const item of after)
    if (!before.some((each) => each.id === item.id))
      note(scope(item), { ...of, how: "added" }, { before: null, after: { value: item.value, at: place(item, at?.after) } });
  for (const item of before)
    if (!after.some((each) => each.id === item.id))
      note(scope(item), { ...of, how: "removed" }, { before: { value: item.value, at: place(item, at?.before) }, after: null });
}
