// Which types there are: by the name that code knows them by, and by the tag that their rows carry. A subtype's rows stand in the table of its
// family's root, and what is written by hand for the root goes for it too.

import { holdsSecret, type Predicates } from "../codec/check.js";
import { nothing } from "../codec/index.js";
import type { StoredType } from "../codec/stored.js";
import type { App, ResourceCode, ResourceType, TaskCode, TaskType } from "../contract.js";

/** A type of resource with what belongs to it. */
export interface KnownResource {
  readonly type: ResourceType<unknown>;
  /** What its rows are stored and sent as. */
  readonly tag: string;
  /** The root of its family, by tag: the name of the table, and what secrets are bound to. */
  readonly root: string;
  /** The root of its parent's family; null where it has no parent. */
  readonly parentRoot: string | null;
  readonly upgrades: object;
  readonly predicates: Predicates;
}

/** A task with what belongs to it. */
export interface KnownTask {
  readonly type: TaskType<unknown>;
  readonly code: TaskCode;
  /** What its runs are stored and sent as. */
  readonly tag: string;
  /** The root of the family that it acts on, by tag; null for a global task. */
  readonly root: string | null;
  readonly args: StoredType;
  readonly fields: StoredType;
  /** What of its runs may hold secrets. */
  readonly secrets: { readonly args: boolean; readonly fields: boolean };
  readonly upgrades: object;
  readonly predicates: Predicates;
}

export interface Registry {
  readonly resources: readonly KnownResource[];
  readonly tasks: readonly KnownTask[];
  /** The task that a resource knows by that name: a subtype's own comes before its base's. Throws where there is none. */
  taskOf(type: TaskType<unknown>, owner: KnownResource | null): KnownTask;
  /** Null where there is none: a newer release may know it. */
  taskOfTag(tag: string): KnownTask | null;
  /** How long ended runs are kept, by the tag of their task: days, or `ever`. */
  readonly keeps: { readonly [task: string]: string };
  /** Tags of tasks with `on_stop`, which their runs pass before they end. */
  readonly exits: readonly string[];
  /** The tables of those whose parent is of that family. */
  childTables(root: string): readonly string[];
  /** Throws where there is none: the name is of code that `createApp` did not join. */
  ofType(type: ResourceType<unknown>): KnownResource;
  /** Null where there is none: a newer release may know it. */
  ofTag(tag: string): KnownResource | null;
}

export function createRegistry(app: App): Registry {
  const codes = new Map(app.resources.map((code) => [code.type.name, code]));
  const known = app.resources.map(knownOf);
  const byName = new Map(known.map((one) => [one.type.name, one]));
  const byTag = new Map(known.map((one) => [one.tag, one]));
  const tasks = app.tasks.map(knownTask);
  const tasksByName = new Map(tasks.map((one) => [one.type.name, one]));
  const tasksByTag = new Map(tasks.map((one) => [one.tag, one]));
  return {
    resources: known,
    tasks,
    taskOf(type, owner) {
      const name = type.name.slice(type.name.indexOf(".") + 1);
      const task = (owner && tasksByName.get(`${owner.type.name}.${name}`)) ?? tasksByName.get(type.name);
      if (task === undefined) throw new TypeError(`There is no task '${type.name}' in this app.`);
      return task;
    },
    taskOfTag: (tag) => tasksByTag.get(tag) ?? null,
    exits: tasks.filter(({ code }) => code.onStop !== undefined).map(({ tag }) => tag),
    keeps: Object.fromEntries(tasks.map(({ tag, type }) => [tag, String(Math.ceil(type.keepMs / dayMs))])),
    childTables: (root) => [...new Set(known.filter(({ parentRoot }) => parentRoot === root).map((child) => child.root))],
    ofType(type) {
      const one = byName.get(type.name);
      if (one === undefined) throw new TypeError(`There is no resource '${type.name}' in this app.`);
      return one;
    },
    ofTag: (tag) => byTag.get(tag) ?? null,
  };

  function knownOf(code: ResourceCode): KnownResource {
    const { type, upgrades = {}, checks = {} } = code;
    const base = type.extends === undefined ? undefined : codes.get(type.extends);
    const parent = type.parent === undefined ? undefined : codes.get(type.parent);
    return {
      type,
      tag: tagOf(type),
      root: tagOf(base?.type ?? type),
      parentRoot: parent === undefined ? null : tagOf(rootOf(parent)),
      upgrades: base?.upgrades ?? upgrades,
      predicates: { own: { ...base?.checks, ...checks }, types: app.typeChecks },
    };
  }

  function knownTask(code: TaskCode): KnownTask {
    const { type, upgrades = {}, checks = {} } = code;
    const of = type.of === undefined ? undefined : codes.get(type.of);
    const { args = noRecord, fields = noRecord } = type;
    return {
      type,
      code,
      tag: tagOf(type),
      root: of === undefined ? null : tagOf(rootOf(of)),
      args,
      fields,
      secrets: { args: holdsSecret(args.rules), fields: holdsSecret(fields.rules) },
      upgrades,
      predicates: { own: checks, types: app.typeChecks },
    };
  }

  function rootOf({ type }: ResourceCode): ResourceType<unknown> {
    return (type.extends === undefined ? undefined : codes.get(type.extends)?.type) ?? type;
  }
}

const dayMs = 86_400_000;

const noRecord: StoredType = { codec: nothing, rules: {} };

function tagOf({ name, key }: { readonly name: string; readonly key?: string }): string {
  return key ?? name;
}
