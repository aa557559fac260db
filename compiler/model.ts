// The model: what the specs say, checked, with everything derived that can be derived. Nothing after `check` sees YAML, and nothing sorts
// again: resources, types and tasks come by name, fields and states as they were written. Elements name each other; `find…` looks them up.

import type { Place, SpecValue } from "./document.js";

export interface Model {
  readonly config: Config;
  readonly resources: readonly Resource[];
  readonly types: readonly NamedType[];
  /** Tasks with no `of`. A resource's own tasks stand in the resource. */
  readonly tasks: readonly Task[];
  /** What is gone for ever, so that its name is never used again. */
  readonly gone: readonly Gone[];
}

/** What every element of a spec may carry. */
export interface Element {
  /** As the spec writes it: snake_case. */
  readonly name: string;
  /** The name it is stored and sent by: `key` where it was renamed, else the name. */
  readonly key: string;
  readonly doc: string | null;
  readonly deprecated: Deprecated | null;
  readonly stability: "draft" | "beta" | "stable";
  readonly allow: readonly Allowance[];
  readonly at: Place;
}

export interface Deprecated {
  readonly since: string | null;
  readonly sunset: string | null;
  readonly use: string | null;
}

export interface Allowance {
  readonly rule: string;
  readonly reason: string;
  readonly expires: string | null;
  readonly at: Place;
}

export interface Resource extends Element {
  readonly kind: "resource";
  /** For routes, datasets and views. */
  readonly plural: string;
  /** The resource it extends, by name. */
  readonly base: string | null;
  /** The root of its family: its base, or itself. By name. */
  readonly root: string;
  /** Those that extend it, by name. */
  readonly subtypes: readonly string[];
  /** The owner's resource, by name; a subtype has its base's. */
  readonly parent: string | null;
  /** Resources whose parent is this one (a subtype has its base's too), by name. */
  readonly children: readonly string[];
  readonly version: number;
  readonly write: number;
  readonly oldest: number;
  /** Its own, in the order of the spec; a subtype's do not include what it inherits (`allFields`). */
  readonly fields: readonly Field[];
  readonly removed: readonly Tombstone[];
  readonly upgrades: readonly Upgrade[];
  readonly unique: readonly Index[];
  readonly indexes: readonly Index[];
  /** All of them: a subtype's are its base's, widened, and then its own. */
  readonly states: readonly ResourceState[];
  /** Old state → state. */
  readonly replaced: readonly Replaced[];
  readonly api: Api | null;
  readonly archive: { readonly afterMs: number; readonly keepMs: number | null };
  readonly ownKey: boolean;
  /** Its own, by name; a subtype's do not include what it inherits (`allTasks`). */
  readonly tasks: readonly Task[];
}

export interface Gone {
  readonly kind: "resource" | "task" | "type";
  readonly name: string;
  readonly of: string | null;
  readonly doc: string | null;
  readonly at: Place;
}

/** Old value → the value that it reads as. */
export interface Replaced {
  readonly from: string;
  readonly to: string;
}

export interface Field extends Element {
  readonly type: FieldType;
  readonly required: boolean;
  /** As written and checked against the type; `undefined` where there is none. */
  readonly default: SpecValue | undefined;
  readonly immutable: boolean;
  readonly since: number;
  /** A hand-written predicate belongs to it; a named type may have one besides. */
  readonly check: boolean;
  readonly encrypted: Encrypted | null;
}

export interface Encrypted {
  /** The first shape in which it is sealed, of a field that stood in the open in shapes before; null where it was a secret from its beginning. */
  readonly since: number | null;
  readonly lookup: boolean;
  readonly normalize: "lower" | null;
}

/** A field that is no more. It was in the shapes `since` … `until - 1`; where `until` is null it left within the newest version. */
export interface Tombstone extends Field {
  readonly until: number | null;
}

/** How shape `version - 1` becomes shape `version`. */
export interface Upgrade {
  readonly version: number;
  /** Constants for what is absent; null where the upgrade is hand-written (`code`). */
  readonly set: readonly { readonly field: string; readonly value: SpecValue }[] | null;
  readonly at: Place;
}

export type FieldType =
  | { readonly kind: "string"; readonly min: number | null; readonly max: number | null; readonly pattern: string | null }
  | { readonly kind: "int"; readonly min: number | null; readonly max: number | null; readonly unit: string | null }
  | { readonly kind: "float"; readonly min: number | null; readonly max: number | null; readonly unit: string | null; readonly special: boolean }
  | { readonly kind: "bigint"; readonly min: string | null; readonly max: string | null; readonly unit: string | null }
  | { readonly kind: "decimal"; readonly min: string | null; readonly max: string | null; readonly scale: number | null }
  | { readonly kind: "bool" }
  | { readonly kind: "uuid" }
  | { readonly kind: "url" }
  | { readonly kind: "json" }
  /** Bounds are ISO text. */
  | { readonly kind: "date"; readonly min: string | null; readonly max: string | null }
  | { readonly kind: "time"; readonly min: string | null; readonly max: string | null }
  /** Bounds in milliseconds. */
  | { readonly kind: "duration"; readonly min: number | null; readonly max: number | null }
  /** Bounds in bytes. */
  | { readonly kind: "bytes"; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "enum"; readonly values: readonly EnumValue[]; readonly open: boolean; readonly replaced: readonly Replaced[] }
  | { readonly kind: "list"; readonly of: FieldType; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "set"; readonly of: FieldType; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "dict"; readonly of: FieldType; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "map"; readonly keys: FieldType; readonly of: FieldType; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  /** A named type of the specs, by name. */
  | { readonly kind: "named"; readonly name: string }
  /** A reference to a resource, by name. */
  | { readonly kind: "resource"; readonly name: string }
  /** A reference to a run of a task: `resource.task`, or a global task's name. */
  | { readonly kind: "task"; readonly name: string };

export interface EnumValue {
  readonly value: string;
  readonly since: number;
  readonly doc: string | null;
  readonly deprecated: Deprecated | null;
}

/** `type: address` with `fields` (a record) or with `is` (a named field, whose modifiers come with it). */
export interface NamedType extends Element {
  readonly kind: "type";
  readonly is: { readonly kind: "record"; readonly fields: readonly Field[] } | { readonly kind: "field"; readonly field: Field };
}

/** One index: names of fields, or `parent`, `state`, `created_at`. */
export interface Index {
  readonly columns: readonly string[];
  readonly at: Place;
}

/** A state has what every element may carry but a key: it is renamed by `replaced`. */
export type StateElement = Omit<Element, "key">;

export interface ResourceState extends StateElement {
  /** Where it may go by a move that someone asks for; `stop` as written. */
  readonly to: readonly string[];
  /** The task it starts, by the name the resource knows it by. */
  readonly starts: string | null;
  /** Where success and failure of that run lead; both null where it starts none. */
  readonly then: string | null;
  readonly else: string | null;
  readonly timeoutMs: number | null;
  /** Where the timeout leads; null where there is none. */
  readonly onTimeout: string | null;
  readonly expectMs: number | null;
  readonly alarmMs: number | null;
  /** Inherited from the base unchanged. */
  readonly inherited: boolean;
}

export interface Api {
  readonly list: { readonly filter: readonly string[]; readonly sort: readonly string[] } | null;
  readonly get: boolean;
  /** Fields that a client gives; null where it may not. The parent is always given. */
  readonly create: readonly string[] | null;
  readonly update: readonly string[] | null;
  readonly moves: readonly { readonly state: string; readonly fields: readonly string[] }[];
  readonly delete: string | null;
  readonly start: readonly string[];
  readonly hide: readonly string[];
  readonly strict: boolean;
  readonly at: Place;
}

export interface Task extends Element {
  readonly kind: "task";
  /** What it acts on, by name; null for a global task. */
  readonly of: string | null;
  /** `database.provision`, or the bare name of a global task. */
  readonly qualifiedName: string;
  /** The same by stored keys: its type tag, for ever. */
  readonly qualifiedKey: string;
  readonly version: number;
  readonly write: number;
  readonly oldest: number;
  readonly args: readonly Field[];
  readonly fields: readonly Field[];
  readonly removed: readonly Tombstone[];
  readonly upgrades: readonly Upgrade[];
  readonly replaced: readonly Replaced[];
  readonly unique: "resource" | "args" | "none";
  readonly lane: string | null;
  readonly priority: number;
  readonly limit: { readonly concurrency: number | null; readonly rate: Rate | null };
  readonly shouldStart: boolean;
  readonly shouldStop: boolean;
  /** States of the resource in which it may be started; null: all but `stop`. */
  readonly while: readonly string[] | null;
  readonly keepMs: number;
  readonly timeoutMs: number | null;
  readonly states: readonly TaskState[];
  /** A state, or `escalate`; null: it waits in panic. */
  readonly onPanic: string | null;
  readonly onStop: boolean;
  readonly every: Every | null;
  readonly triggers: readonly Trigger[];
  /** It takes the place of its base resource's task of that name. */
  readonly replacesBase: boolean;
}

export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

export interface Every {
  readonly intervalMs: number;
  readonly while: readonly string[] | null;
  readonly missed: "skip" | "latest" | "all";
  readonly spread: boolean;
}

export interface Trigger {
  readonly task: string;
  readonly ends: "success" | "failure" | "any";
}

export interface TaskState extends StateElement {
  readonly to: readonly string[];
  readonly timeoutMs: number;
  /** `panic` unless the spec says another. */
  readonly onTimeout: string;
  readonly retry: { readonly max: number; readonly backoffMs: { readonly min: number; readonly max: number } };
  readonly pollMs: number | null;
  /** Tasks it may start, resolved: `resource.task`, or a global task's name. `method` is what the handler calls: `spawn.configureDns(…)`. */
  readonly spawns: readonly { readonly task: string; readonly method: string }[];
  readonly join: "all" | "any";
  readonly breaker: string | null;
  readonly onUnknown: string | null;
  readonly expectMs: number | null;
  readonly alarmMs: number | null;
}

export interface Config {
  readonly rules: number;
  readonly app: string | null;
  readonly imports: "js" | "ts";
  readonly lanes: readonly { readonly name: string; readonly encrypted: boolean }[];
  readonly breakers: readonly { readonly name: string; readonly failures: number; readonly withinMs: number; readonly openMs: number }[];
  readonly contractAfterMs: number;
  readonly levels: readonly { readonly rule: string; readonly level: "off" | "warn" | "error" }[];
}

interface Lookup {
  readonly resource: (name: string) => Resource | undefined;
  readonly type: (name: string) => NamedType | undefined;
  readonly task: (qualifiedName: string) => Task | undefined;
}

const lookups = new WeakMap<Model, Lookup>();

function lookupOf(model: Model): Lookup {
  const known = lookups.get(model);
  if (known) return known;
  const tasks = [...model.tasks, ...model.resources.flatMap((resource) => resource.tasks)];
  const resources = new Map(model.resources.map((resource) => [resource.name, resource]));
  const types = new Map(model.types.map((type) => [type.name, type]));
  const byName = new Map(tasks.map((task) => [task.qualifiedName, task]));
  const made: Lookup = { resource: (name) => resources.get(name), type: (name) => types.get(name), task: (name) => byName.get(name) };
  lookups.set(model, made);
  return made;
}

/** What was asked of a model: names that were looked up, and whether somebody went through all of a kind. */
interface Asked {
  readonly resources: Set<string>;
  readonly types: Set<string>;
  readonly tasks: Set<string>;
  everything: boolean;
}

/** The same model, noting what is asked of it. What is made with it alone depends on nothing else, but for the config and the names. */
export function watchModel(model: Model): { readonly watched: Model; readonly asked: Asked } {
  const asked: Asked = { resources: new Set(), types: new Set(), tasks: new Set(), everything: false };
  const { resource, type, task } = lookupOf(model);
  const all = <T>(items: T): T => {
    asked.everything = true;
    return items;
  };
  const watched: Model = {
    config: model.config,
    get resources() {
      return all(model.resources);
    },
    get types() {
      return all(model.types);
    },
    get tasks() {
      return all(model.tasks);
    },
    get gone() {
      return all(model.gone);
    },
  };
  lookups.set(watched, {
    resource: (name) => (asked.resources.add(name), resource(name)),
    type: (name) => (asked.types.add(name), type(name)),
    task: (name) => (asked.tasks.add(name), task(name)),
  });
  return { watched, asked };
}

export function findResource(model: Model, name: string): Resource | undefined {
  return lookupOf(model).resource(name);
}

export function findType(model: Model, name: string): NamedType | undefined {
  return lookupOf(model).type(name);
}

/** A task by its qualified name: `database.provision`, or the bare name of a global one. */
export function findTask(model: Model, qualifiedName: string): Task | undefined {
  return lookupOf(model).task(qualifiedName);
}

/** Whether a field that is no more was part of a shape. */
export function inShape(field: Field & Partial<Tombstone>, version: number): boolean {
  return field.since <= version && (field.until === undefined || field.until === null || version < field.until);
}

/** A resource's fields with those it inherits, the base's first. */
export function allFields(model: Model, resource: Resource): readonly Field[] {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  return base ? [...base.fields, ...resource.fields] : resource.fields;
}

/** The tasks that act on a resource, by the names it knows them by: its own, then those of its base that it does not replace. */
export function allTasks(model: Model, resource: Resource): readonly Task[] {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  const own = new Set(resource.tasks.map((task) => task.name));
  return base ? [...resource.tasks, ...base.tasks.filter((task) => !own.has(task.name))] : resource.tasks;
}

/** The task that a resource calls by a bare name: its own, or its base's. */
export function taskOf(model: Model, resource: Resource, name: string): Task | undefined {
  return findTask(model, `${resource.name}.${name}`) ?? (resource.base === null ? undefined : findTask(model, `${resource.base}.${name}`));
}

/** What a filter or a sort may name without reading every row. */
export function servedColumns(model: Model, resource: Resource): readonly string[] {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  return servedBy([...(base ? [...base.unique, ...base.indexes] : []), ...resource.unique, ...resource.indexes]);
}

/** What indexes serve: `parent`, `state`, `created_at`, and each field that stands first in one, or after `parent` and `state` only. */
export function servedBy(indexes: readonly Index[]): readonly string[] {
  const served = new Set(["parent", "state", "created_at"]);
  for (const index of indexes) {
    const first = index.columns.find((column) => column !== "parent" && column !== "state");
    if (first !== undefined) served.add(first);
  }
  return [...served];
}
