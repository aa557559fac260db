// Who is who: the resources, types and tasks that the documents declare, what is gone, and where a name leads.

import type { Diagnostic } from "../diagnostic.js";
import { report } from "../diagnostic.js";
import { inside, locate, type Place, type SpecDocument } from "../document.js";
import type { Gone } from "../model.js";
import { didYouMean } from "../naming.js";
import { compareText, type SourceLocation } from "../source.js";
import { flag, isLost, keyOf, member, rootOf, text, valueOf, type Part } from "./part.js";

export interface Declaration {
  readonly kind: "resource" | "task" | "type";
  readonly name: string;
  /** What a task acts on; null for a global task, and for what is no task. */
  readonly of: string | null;
  readonly root: Part;
  readonly at: Place;
}

export interface Declared {
  readonly config: Part | null;
  readonly resources: ReadonlyMap<string, Declaration>;
  readonly types: ReadonlyMap<string, Declaration>;
  /** Tasks with no `of`. */
  readonly tasks: ReadonlyMap<string, Declaration>;
  /** A resource's own tasks by name, for each name that stands under `of`. */
  readonly tasksOf: ReadonlyMap<string, ReadonlyMap<string, Declaration>>;
  readonly gone: readonly Gone[];
  /** Gone resources, types and global tasks by name. */
  readonly goneElements: ReadonlyMap<string, Gone>;
  /** Gone tasks of resources, by `resource.task`. */
  readonly goneTasks: ReadonlyMap<string, Gone>;
  /** There is a document whose name could not be read: whatever is not found may be it. */
  readonly hasNameless: boolean;
  /** Tasks of which is not known what they act on. */
  readonly homelessTasks: ReadonlySet<string>;
}

/** What every check is given: where it puts what it finds, and who is who. */
export interface Context {
  readonly found: Diagnostic[];
  readonly declared: Declared;
}

/** Takes in the documents. Of two that declare the same, the one that comes first by file and place is taken. */
export function declare(documents: readonly SpecDocument[], found: Diagnostic[]): Declared {
  const resources = new Map<string, Declaration>();
  const types = new Map<string, Declaration>();
  const tasks = new Map<string, Declaration>();
  const tasksOf = new Map<string, Map<string, Declaration>>();
  const gone: Gone[] = [];
  const goneElements = new Map<string, Gone>();
  const goneTasks = new Map<string, Gone>();
  const homelessTasks = new Set<string>();
  let config: Part | null = null;
  let hasNameless = false;

  for (const document of documents.toSorted(
    (left, right) => compareText(left.file.path, right.file.path) || left.span[0] - right.span[0],
  )) {
    const root = rootOf(document);
    const { kind } = document;
    if (kind === "config") {
      config ??= root;
      continue;
    }
    const name = text(member(root, kind));
    if (name === null) {
      hasNameless = true;
      continue;
    }
    if (kind === "task" && isLost(inside(root.at, "of"))) {
      homelessTasks.add(name);
      continue;
    }
    const of = kind === "task" ? text(member(root, "of")) : null;
    if (flag(member(root, "gone"))) {
      const entry: Gone = { kind, name, of, doc: text(member(root, "doc")), at: root.at };
      const known = of === null ? goneElements : goneTasks;
      const first = known.get(qualified(of, name));
      if (first !== undefined) {
        found.push(report.nameTaken(nameOf(entry), { name, owner: `a ${first.kind} that is gone`, first: nameOf(first) }));
        continue;
      }
      known.set(qualified(of, name), entry);
      gone.push(entry);
      continue;
    }
    const declaration: Declaration = { kind, name, of, root, at: root.at };
    if (of !== null) {
      const siblings = tasksOf.get(of) ?? new Map<string, Declaration>();
      tasksOf.set(of, siblings);
      claim(declaration, [siblings], siblings, found);
    } else {
      const all = [resources, types, tasks];
      claim(declaration, all, kind === "resource" ? resources : kind === "type" ? types : tasks, found);
    }
  }
  return { config, resources, types, tasks, tasksOf, gone, goneElements, goneTasks, hasNameless, homelessTasks };
}

function claim(
  declaration: Declaration,
  spaces: readonly ReadonlyMap<string, Declaration>[],
  own: Map<string, Declaration>,
  found: Diagnostic[],
): void {
  for (const space of spaces) {
    const first = space.get(declaration.name);
    if (first === undefined) continue;
    const owner = first.kind === declaration.kind ? `another ${first.kind}` : `a ${first.kind}`;
    found.push(report.nameTaken(nameOf(declaration), { name: declaration.name, owner, first: nameOf(first) }));
    return;
  }
  own.set(declaration.name, declaration);
}

/** Where a document says the name of what it declares. */
export function nameOf({ kind, at }: Declaration | Gone): SourceLocation {
  return locate(inside(at, kind), "value");
}

/** By name, so that neither files nor their order decide who is reported. */
export function inOrder<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map.keys()].sort(compareText).flatMap((name) => map.get(name) ?? []);
}

export function qualified(of: string | null, name: string): string {
  return of === null ? name : `${of}.${name}`;
}

/** The base that a resource names; null where it names none that there is. */
export function baseOf(declared: Declared, resource: string): Declaration | null {
  const base = text(member(declared.resources.get(resource)?.root ?? null, "extends"));
  return base === null || base === resource ? null : (declared.resources.get(base) ?? null);
}

/** A resource and its base: where its tasks, fields and states may be found. */
export function familyOf(declared: Declared, resource: string): readonly string[] {
  const base = baseOf(declared, resource);
  return base === null ? [resource] : [resource, base.name];
}

/** A resource's task of that name: its own, else its base's. */
export function taskOf(declared: Declared, resource: string, name: string): Declaration | undefined {
  for (const owner of familyOf(declared, resource)) {
    const task = declared.tasksOf.get(owner)?.get(name);
    if (task !== undefined) return task;
  }
  return undefined;
}

function taskNames(declared: Declared, resource: string): readonly string[] {
  return familyOf(declared, resource).flatMap((owner) => [...(declared.tasksOf.get(owner)?.keys() ?? [])]);
}

/** Says that a name leads nowhere, and names the nearest of those that would do. */
export function reportUnknown(
  found: Diagnostic[],
  { part, which = "value" }: { readonly part: Part; readonly which?: "key" | "value" },
  { name, kind, of = null, known, hint, write = String }: Unknown,
): void {
  const names = [...new Set(known)];
  const near = didYouMean(name, names);
  found.push(
    report.noSuchName(which === "key" ? keyOf(part) : valueOf(part), {
      name,
      kind,
      of,
      near,
      newText: near === null ? null : write(near),
      hint: hint ?? (names.length > 0 && names.length <= 12 ? `Use one of: ${names.map(write).join(", ")}.` : null),
    }),
  );
}

interface Unknown {
  readonly name: string;
  readonly kind: string;
  /** Of what it is one, as it is said: "of 'database'". */
  readonly of?: string | null;
  readonly known: Iterable<string>;
  /** What to do where nothing is near. */
  readonly hint?: string;
  /** How a name is written in the spec in place of what is there. */
  readonly write?: (name: string) => string;
}

/** The resource that a part names. Null, and said so, where there is none. */
export function findResource(part: Part, { found, declared }: Context): Declaration | null {
  const name = text(part);
  if (name === null) return null;
  const resource = declared.resources.get(name);
  if (resource !== undefined) return resource;
  reportNoResource(name, { part, rest: "" }, { found, declared });
  return null;
}

/** `rest` is what is written after the resource's name. */
function reportNoResource(
  name: string,
  { part, rest }: { readonly part: Part; readonly rest: string },
  { found, declared }: Context,
): void {
  const gone = declared.goneElements.get(name);
  if (gone?.kind === "resource") found.push(report.refersToGone(valueOf(part), { name, kind: "resource", first: nameOf(gone) }));
  else if (!declared.hasNameless)
    reportUnknown(found, { part }, { name, kind: "resource", known: declared.resources.keys(), write: (near) => `${near}${rest}` });
}

/**
 * The task that a part names: `resource.task`, or a bare name, which means one of the resource, of its base, and then, where `orGlobal`, a
 * global one. Null, and said so, where there is none.
 */
export function findTask(
  part: Part,
  resource: string | null,
  { orGlobal }: { readonly orGlobal: boolean },
  context: Context,
): Declaration | null {
  const { found, declared } = context;
  const written = text(part);
  if (written === null) return null;
  const [before = "", after] = written.split(".");
  const [owner, name] = after === undefined ? [resource, before] : [before, after];
  if (after !== undefined && !declared.resources.has(before)) {
    reportNoResource(before, { part, rest: `.${name}` }, context);
    return null;
  }
  const bareGlobal = orGlobal && after === undefined;
  const task = (owner === null ? undefined : taskOf(declared, owner, name)) ?? (bareGlobal ? declared.tasks.get(name) : undefined);
  if (task !== undefined) return task;
  const gone =
    (owner === null ? undefined : declared.goneTasks.get(qualified(owner, name))) ??
    (bareGlobal ? declared.goneElements.get(name) : undefined);
  if (gone?.kind === "task") {
    found.push(report.refersToGone(valueOf(part), { name: written, kind: "task", first: nameOf(gone) }));
    return null;
  }
  if (declared.hasNameless || declared.homelessTasks.has(name)) return null;
  const anywhere = taskAnywhere(declared, name);
  // It acts on something that there is not, which is said there.
  if (anywhere?.of != null && !declared.resources.has(anywhere.of)) return null;
  const elsewhere = after === undefined ? anywhere : undefined;
  if (elsewhere === undefined) {
    const own = owner === null ? [] : taskNames(declared, owner).map((each) => (after === undefined ? each : qualified(owner, each)));
    reportUnknown(
      found,
      { part },
      {
        name: written,
        kind: "task",
        of: owner === null ? null : `of '${owner}'`,
        known: [...own, ...(bareGlobal ? declared.tasks.keys() : [])],
      },
    );
  } else if (orGlobal || resource === null) {
    const near = qualified(elsewhere.of, name);
    found.push(
      report.noSuchName(valueOf(part), {
        name,
        kind: resource === null ? "global task" : "task",
        of: resource === null ? null : `of '${resource}'`,
        near,
        newText: near,
        hint: null,
      }),
    );
  } else {
    found.push(report.startsForeign(valueOf(part), { task: qualified(elsewhere.of, name), resource, first: nameOf(elsewhere) }));
  }
  return null;
}

/** A task of that name, whatever it acts on. */
function taskAnywhere(declared: Declared, name: string): Declaration | undefined {
  const [first] = [...declared.tasksOf]
    .filter(([, tasks]) => tasks.has(name))
    .map(([owner]) => owner)
    .sort(compareText);
  return declared.tasks.get(name) ?? (first === undefined ? undefined : declared.tasksOf.get(first)?.get(name));
}
