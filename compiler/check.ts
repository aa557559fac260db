// Documents of the right shape → the model: who is who, what every field and state means, and whether it all holds together. Goes on
// after an error and never throws, so that all problems of all files are said in one run; what was said by `parse` is not said again.

import { checkIndexes, readApi } from "./check/api.js";
import { applyLevels, readConfig } from "./check/config.js";
import { declare, findResource, inOrder, qualified, type Context } from "./check/declare.js";
import { readNamedTypes } from "./check/fields.js";
import { checkNames } from "./check/names.js";
import { hasAllMembers, member, rootOf, text } from "./check/part.js";
import { readDrafts, readResource, type Draft } from "./check/resources.js";
import { checkNeverRun } from "./check/shapes.js";
import { checkReplacements, checkSpawns, checkStarted, readTask, type TaskContext } from "./check/tasks.js";
import { report, type Checked, type Diagnostic } from "./diagnostic.js";
import { inside, type SpecDocument } from "./document.js";
import type { Gone, Model, Resource, Task } from "./model.js";
import { compareText } from "./source.js";

/** Documents in, in any order; the model out, with everything derived and sorted, and what is wrong with it. */
export function checkModel(documents: readonly SpecDocument[]): Checked<Model> {
  const found: Diagnostic[] = [];
  const declared = declare(documents, found);
  const context: Context = { found, declared };
  const config = readConfig(declared.config, found);
  checkAny(documents, found);
  checkNames(context);
  checkGone(declared.gone, context);

  const { types, all: namedTypes } = readNamedTypes(context);
  const drafts = readDrafts(types, context);
  const tasks = readTasks({ ...context, settings: config, types, statesOf: statesByFamily(drafts) });
  for (const task of tasks.values()) checkNeverRun(task, context);
  checkSpawns([...tasks.values()], context);
  checkReplacements(tasks, context);

  const resources = new Map<string, Resource>();
  for (const [name, draft] of drafts) {
    const resource = readResource(draft, resources, tasks, context);
    const base = resource.base === null ? null : (resources.get(resource.base) ?? null);
    checkIndexes(resource, base, context);
    checkNeverRun(resource, context);
    resources.set(name, { ...resource, api: readApi(draft, resource, base, types, context) });
  }
  // What could not be read, or leads nowhere, may have been meant to start them.
  const unread = declared.hasNameless || documents.some((document) => document.lost.length > 0);
  if (!unread && !found.some(({ code }) => misled.has(code))) {
    const starters = [...resources.values()].map(({ name, states, api }) => ({
      resource: name,
      tasks: [...states.flatMap((state) => state.starts ?? []), ...(api?.start ?? [])],
    }));
    checkStarted(tasks, starters, (task) => (task.of === null ? [task] : [task, resources.get(task.of) ?? task]), context);
  }

  const model: Model = {
    config,
    resources: related([...resources.values()].sort((left, right) => compareText(left.name, right.name))),
    types: namedTypes,
    tasks: inOrder(declared.tasks).flatMap(({ name }) => tasks.get(name) ?? []),
    gone: [...declared.gone].sort(
      (left, right) => compareText(left.kind, right.kind) || compareText(qualified(left.of, left.name), qualified(right.of, right.name)),
    ),
  };
  return { value: model, diagnostics: applyLevels(found, config) };
}

const misled: ReadonlySet<string> = new Set([report.noSuchName.code, report.refersToGone.code, report.startsForeign.code]);

/** Specs in which nothing stands at all are a mistake; what could not be read stands there. */
function checkAny(documents: readonly SpecDocument[], found: Diagnostic[]): void {
  const [first] = documents;
  if (documents.some((document) => document.kind !== "config")) return;
  const file = first?.file ?? { path: "specs", text: "" };
  found.push(report.nothingDeclared({ file, start: 0, end: 0 }));
}

/** What is gone was of something that there is, or that is gone as well. */
function checkGone(gone: readonly Gone[], context: Context): void {
  for (const { of, at } of gone) {
    if (of === null || context.declared.goneElements.get(of)?.kind === "resource") continue;
    const part = member(rootOf(at.document), "of");
    if (part !== null) findResource(part, context);
  }
}

/** Every task by its qualified name: those of resources, in order, then the global ones. Those of unknown resources are read too. */
function readTasks(context: TaskContext): ReadonlyMap<string, Task> {
  const { declared } = context;
  const tasks = new Map<string, Task>();
  for (const owned of inOrder(declared.tasksOf)) {
    for (const declaration of inOrder(owned)) {
      const of = member(declaration.root, "of");
      if (of !== null) findResource(of, context);
      tasks.set(qualified(declaration.of, declaration.name), readTask(declaration, context));
    }
  }
  for (const declaration of inOrder(declared.tasks)) tasks.set(declaration.name, readTask(declaration, context));
  return tasks;
}

/** The states in which a resource, or one that extends it, may be. */
function statesByFamily(drafts: ReadonlyMap<string, Draft>): (resource: string) => ReadonlySet<string> | null {
  const states = new Map<string, Set<string> | null>();
  for (const [name, draft] of drafts) {
    const isKnown =
      hasAllMembers(inside(draft.declaration.at, "states")) &&
      (draft.base !== null || text(member(draft.declaration.root, "extends")) === null);
    const own = new Set(draft.states.keys());
    states.set(name, isKnown ? own : null);
    if (draft.base === null) continue;
    const family = states.get(draft.base.declaration.name);
    if (!isKnown) states.set(draft.base.declaration.name, null);
    else for (const state of own) family?.add(state);
    if (family === null) states.set(name, null);
  }
  return (resource) => states.get(resource) ?? null;
}

/** The resources with those that extend them and those that they own. */
function related(resources: readonly Resource[]): readonly Resource[] {
  const subtypes = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  for (const { name, base, parent } of resources) {
    for (const [owner, members] of [
      [base, subtypes],
      [parent, children],
    ] as const) {
      if (owner === null) continue;
      const known = members.get(owner);
      if (known === undefined) members.set(owner, [name]);
      else known.push(name);
    }
  }
  return resources.map((resource) => {
    const own = children.get(resource.name) ?? [];
    const inherited = resource.base === null ? [] : (children.get(resource.base) ?? []);
    return { ...resource, subtypes: subtypes.get(resource.name) ?? [], children: [...new Set([...own, ...inherited])].sort(compareText) };
  });
}
