// The names that generated code makes up: `DatabaseFields` of a resource, `DatabasePlan` of an enum in one. What the specs name comes first: a
// made-up name that equals a class of the specs, or that an enum shares with one of the endings below, takes a `_` behind.

import type { Config, Model } from "../model.js";
import { className, pascalCase } from "../naming.js";

/** What is appended to the class name of a resource, a type or a task to name what belongs to it. */
export type Ending =
  "Args" | "Changes" | "Checks" | "Create" | "Fields" | "Filter" | "Handlers" | "Move" | "Object" | "Query" | "Start" | "State" | "Upgrades";

const endings: readonly Ending[] = [
  "Args", "Changes", "Checks", "Create", "Fields", "Filter", "Handlers", "Move", "Object", "Query", "Start", "State", "Upgrades",
];

// By the config, which a model has in common with whoever watches it.
const classes = new WeakMap<Config, ReadonlySet<string>>();

/** The classes that the specs name: resources, their datasets, types and tasks. */
export function specified(model: Model): ReadonlySet<string> {
  const known = classes.get(model.config);
  if (known) return known;
  const tasks = [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
  const names = new Set([
    ...model.resources.flatMap((resource) => [pascalCase(resource.name), pascalCase(resource.plural)]),
    ...model.types.map((type) => pascalCase(type.name)),
    ...tasks.map((task) => className(task.qualifiedName)),
  ]);
  classes.set(model.config, names);
  return names;
}

/** What belongs to a class: `Database` and `Fields` → `DatabaseFields`. */
export function derivedNames(model: Model, of: string): (ending: Ending) => string {
  return (ending) => (specified(model).has(of + ending) ? `${of}${ending}_` : of + ending);
}

/** An older shape of a stored record: `DatabaseFields` and 2 → `DatabaseFields2`. */
export function shapeName(model: Model, record: string, version: number): string {
  const name = `${record}${version}`;
  return specified(model).has(name) ? `${name}_` : name;
}

/** `Database` and `plan` → `DatabasePlan`: an enum or a record inside a field. */
export function nestedName(model: Model, of: string, field: string): string {
  const name = of + pascalCase(field);
  return specified(model).has(name) || endings.some((ending) => name.endsWith(ending)) ? `${name}_` : name;
}
