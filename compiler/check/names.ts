// The name spaces: which names are taken before any spec is written, which are taken by others, and which become one in TypeScript. A name
// is claimed in a space; what stands in its way is said once.

import { report, type Diagnostic } from "../diagnostic.js";
import { inside, locate, type Place } from "../document.js";
import { fieldTypeNames } from "../keywords.js";
import type { Gone } from "../model.js";
import { camelCase, className, pascalCase, pluralOf } from "../naming.js";
import { compareText, type SourceLocation } from "../source.js";
import { baseOf, inOrder, nameOf, qualified, taskOf, type Context, type Declaration } from "./declare.js";
import { member, members, items, text, valueOf, type Part } from "./part.js";

/** Something that has a name in a space. */
export interface Named {
  readonly name: string;
  /** What it is, as it is said of it: "the field 'plan' of 'database'". */
  readonly what: string;
  readonly at: Place;
  /** Whether its name stands as the key or as the value of `at`. */
  readonly part: "key" | "value";
  /** Under which key it is stored, where it says so. */
  readonly key?: Part | null;
  /** It stands in this space because it stands in another, where its own faults are said. */
  readonly inherited?: boolean;
}

interface Space {
  /** What is named in it, as in "'stop' may not name …". */
  readonly names: string;
  /** Names that are taken from the start, in camelCase, and by what. */
  readonly reserved: ReadonlyMap<string, string>;
  /** Names that were used and never will be again. */
  readonly removed?: readonly Named[];
}

const nothing: ReadonlyMap<string, string> = new Map();

/** Claims the names in a space: none is reserved, none is there twice, none becomes another in camelCase, none is stored as another. */
export function claimNames(entries: readonly Named[], { names, reserved, removed = [] }: Space, found: Diagnostic[]): void {
  const byName = new Map<string, Named>();
  const inCode = new Map<string, Named>();
  const removedNames = new Map<string, Named>();
  for (const entry of removed) {
    const first = removedNames.get(entry.name);
    if (first !== undefined && entry.inherited !== true)
      found.push(report.nameTaken(placeOf(entry), { name: entry.name, owner: "another removed field", first: placeOf(first) }));
    removedNames.set(entry.name, first ?? entry);
  }
  for (const entry of entries) {
    const { name } = entry;
    const camel = camelCase(name);
    const why = reserved.get(camel);
    const first = byName.get(name);
    const other = inCode.get(camel);
    const gone = removedNames.get(name);
    if (entry.inherited !== true) {
      if (why !== undefined) found.push(report.nameReserved(placeOf(entry), { name, names, why }));
      else if (first !== undefined) found.push(report.nameTaken(placeOf(entry), { name, owner: first.what, first: placeOf(first) }));
      else if (other !== undefined)
        found.push(report.namesCollide(placeOf(entry), { name, other: other.name, inCode: camel, first: placeOf(other) }));
      else if (gone !== undefined) found.push(report.removedNameUsed(placeOf(entry), { name, first: placeOf(gone) }));
    }
    if (first === undefined) byName.set(name, entry);
    if (other === undefined) inCode.set(camel, entry);
  }
  claimKeys([...entries, ...removed], new Map([...removedNames, ...byName]), found);
}

function claimKeys(entries: readonly Named[], byName: ReadonlyMap<string, Named>, found: Diagnostic[]): void {
  const byKey = new Map<string, Named>();
  for (const entry of entries) {
    const key = text(entry.key ?? null);
    if (key === null || entry.key === undefined || entry.key === null || key === entry.name) continue;
    const first = byName.get(key) ?? byKey.get(key);
    if (first === undefined) byKey.set(key, entry);
    else if (entry.inherited !== true) found.push(report.keyTaken(valueOf(entry.key), { key, owner: first.what, first: placeOf(first) }));
  }
}

function placeOf(entry: Named): SourceLocation {
  return locate(entry.at, entry.part);
}

/** The members of a mapping of names to fields, as they are claimed. */
function fieldEntries(part: Part | null, what: (name: string) => string, inherited = false): readonly Named[] {
  return members(part).map(([name, field]): Named => ({
    name,
    what: what(name),
    at: field.at,
    part: "key",
    key: member(field, "key"),
    inherited,
  }));
}

/** The fields that are listed as removed. One that says how a field stood before it was a secret, or after, is that field (`joinOpenForms`). */
function removedEntries(root: Part, inherited = false): readonly Named[] {
  const joined = new Set<string>();
  return items(member(root, "removed")).flatMap((tombstone): readonly Named[] => {
    const field = member(tombstone, "field");
    const name = text(field);
    if (field === null || name === null) return [];
    const now = member(member(root, "fields"), name) ?? member(member(root, "args"), name);
    if (now !== null && !joined.has(name) && (member(now, "encrypted") === null) !== (member(tombstone, "encrypted") === null)) {
      joined.add(name);
      return [];
    }
    return [{ name, what: "a removed field", at: field.at, part: "value", key: member(tombstone, "key"), inherited }];
  });
}

/** The members of a record, which is an interface in TypeScript and so has no members of its own. */
export function claimRecord(part: Part | null, found: Diagnostic[]): void {
  claimNames(
    fieldEntries(part, (name) => `the field '${name}'`),
    { names: "a field of a record", reserved: nothing },
    found,
  );
}

interface StateSpace {
  readonly inherited: readonly Named[];
  /** The keywords that are methods of the handlers beside those of the states. */
  readonly hooks: readonly string[];
}

/** States of one machine. */
export function claimStates(part: Part | null, { inherited, hooks }: StateSpace, found: Diagnostic[]): void {
  const own = members(part).map(([name, state]): Named => ({ name, what: `the state '${name}'`, at: state.at, part: "key" }));
  const inheritedNames = new Set(inherited.map((state) => state.name));
  claimNames(
    [...inherited, ...own.filter((state) => !inheritedNames.has(state.name))],
    { names: "a state", reserved: new Map([...reservedStates, ...hooks.map((hook) => [camelCase(hook), `its handler would be that of \`${hook}:\``] as const)]) },
    found,
  );
}

/** All name spaces that lie between documents, and those of the members of resources and tasks. */
export function checkNames(context: Context): void {
  const { declared, found } = context;
  claimElements(context);
  claimClasses(context);
  claimPlurals(context);
  for (const resource of inOrder(declared.resources)) claimMembers(resource, context);
  for (const type of inOrder(declared.types)) claimRecord(member(type.root, "fields"), found);
  for (const task of [...inOrder(declared.tasks), ...inOrder(declared.tasksOf).flatMap(inOrder)]) claimTaskMembers(task, found);
}

function claimElements({ declared, found }: Context): void {
  const elements = [...inOrder(declared.resources), ...inOrder(declared.types), ...inOrder(declared.tasks)];
  claimNames(
    elements.map(({ kind, name, root }): Named => {
      const key = member(root, "key");
      // A key that is the name of something gone is said to be so below.
      return {
        name,
        what: `the ${kind} '${name}'`,
        at: inside(root.at, kind),
        part: "value",
        key: declared.goneElements.has(text(key) ?? "") ? null : key,
      };
    }),
    { names: "a resource, a type or a global task", reserved: reservedElements },
    found,
  );
  for (const element of elements) {
    reportGone(element, (name) => declared.goneElements.get(name), found);
  }
}

/** What is gone lends neither its name nor its key. */
function reportGone(declaration: Declaration, find: (name: string) => Gone | undefined, found: Diagnostic[]): void {
  const key = member(declaration.root, "key");
  const [goneName, goneKey] = [find(declaration.name), find(text(key) ?? "")];
  if (goneName !== undefined)
    found.push(report.goneNameUsed(nameOf(declaration), { name: declaration.name, kind: goneName.kind, first: nameOf(goneName) }));
  if (key !== null && goneKey !== undefined)
    found.push(report.goneNameUsed(valueOf(key), { name: goneKey.name, kind: goneKey.kind, first: nameOf(goneKey) }));
}

/** The classes of the generated code: one each resource, type, task and dataset. Names made up beside them give way to these. */
function claimClasses({ declared, found }: Context): void {
  const elements = [...inOrder(declared.resources), ...inOrder(declared.types), ...inOrder(declared.tasks)];
  const classes = new Map<string, Declaration>();
  for (const element of elements) classes.set(pascalCase(element.name), classes.get(pascalCase(element.name)) ?? element);
  for (const task of inOrder(declared.tasksOf).flatMap(inOrder)) {
    const name = className(qualified(task.of, task.name));
    const first = classes.get(name);
    // Two tasks of one resource that are one in camelCase are said to be so among its members.
    if (first === undefined) classes.set(name, task);
    else if (first.of !== task.of)
      found.push(report.classesCollide(nameOf(task), { className: name, owner: called(task), other: called(first), first: nameOf(first) }));
  }
  for (const resource of inOrder(declared.resources)) {
    const name = pascalCase(pluralName(resource));
    const what = `the dataset of '${resource.name}'`;
    const own = classes.get(name);
    // A plural that is a name as it is written is reported with the plurals.
    const isSaid = own !== undefined && own.of === null && (own === resource || own.name === pluralName(resource));
    if (own !== undefined && !isSaid)
      found.push(report.classesCollide(pluralPlace(resource), { className: name, owner: what, other: called(own), first: nameOf(own) }));
  }
}

function called({ kind, of, name }: Declaration): string {
  return `the ${kind} '${qualified(of, name)}'`;
}

export function pluralName(resource: Declaration): string {
  return text(member(resource.root, "plural")) ?? pluralOf(resource.name);
}

function pluralPlace(resource: Declaration): SourceLocation {
  const plural = member(resource.root, "plural");
  return plural === null ? nameOf(resource) : valueOf(plural);
}

function claimPlurals({ declared, found }: Context): void {
  const owners = new Map<string, Declaration>();
  const keys = new Map<string, Declaration>();
  const resources = inOrder(declared.resources);
  for (const resource of resources) {
    const key = text(member(resource.root, "key"));
    if (key !== null) keys.set(key, resource);
  }
  for (const resource of resources) {
    const plural = pluralName(resource);
    const taken = (owner: string, first: Declaration | null): void => {
      found.push(
        report.pluralTaken(pluralPlace(resource), {
          plural,
          name: resource.name,
          owner,
          first: first === null || first === resource ? null : nameOf(first),
        }),
      );
    };
    const element = declared.resources.get(plural) ?? declared.types.get(plural) ?? declared.tasks.get(plural);
    const keyed = keys.get(plural);
    const other = owners.get(camelCase(plural));
    const why = reservedPlurals.get(camelCase(plural));
    if (element === resource) taken("it is the resource's own name", null);
    else if (element !== undefined) taken(`it is the name of a ${element.kind}`, element);
    else if (keyed !== undefined) taken(keyed === resource ? "it is the resource's own key" : `it is the key of '${keyed.name}'`, keyed);
    else if (other !== undefined) {
      // Of two resources that are one in camelCase that is said.
      if (camelCase(other.name) !== camelCase(resource.name)) taken(`it is the plural of '${other.name}' too`, other);
    } else if (why !== undefined)
      found.push(report.nameReserved(pluralPlace(resource), { name: plural, names: "many of a resource", why }));
    if (other === undefined) owners.set(camelCase(plural), resource);
  }
}

/** A resource's fields and tasks and its parent's name are members of one class; a subtype's class has those of its base as well. */
function claimMembers(resource: Declaration, { declared, found }: Context): void {
  const base = baseOf(declared, resource.name);
  const membersOf = (owner: Declaration, inherited: boolean): readonly Named[] => {
    const parent = member(owner.root, "parent");
    const parentName = text(parent);
    const tasks = [...(declared.tasksOf.get(owner.name)?.values() ?? [])]
      .filter((task) => !inherited || taskOf(declared, resource.name, task.name) === task)
      .sort((left, right) => compareText(left.name, right.name));
    return [
      ...(parent === null || parentName === null
        ? []
        : [{ name: parentName, what: `the parent of '${owner.name}'`, at: parent.at, part: "value", inherited } as const]),
      ...fieldEntries(member(owner.root, "fields"), (name) => `the field '${name}' of '${owner.name}'`, inherited),
      ...tasks.map(({ name, root }): Named => {
        const key = member(root, "key");
        const isGone = declared.goneTasks.has(qualified(owner.name, text(key) ?? ""));
        return {
          name,
          what: `the task '${owner.name}.${name}'`,
          at: inside(root.at, "task"),
          part: "value",
          key: isGone ? null : key,
          inherited,
        };
      }),
    ];
  };
  claimNames(
    [...(base === null ? [] : membersOf(base, true)), ...membersOf(resource, false)],
    {
      names: "a field, a task or the parent of a resource",
      reserved: reservedMembers,
      removed: [
        ...(base === null ? [] : removedEntries(base.root, true)),
        ...removedEntries(resource.root),
      ],
    },
    found,
  );
  for (const task of declared.tasksOf.get(resource.name)?.values() ?? []) {
    reportGone(task, (name) => declared.goneTasks.get(qualified(resource.name, name)), found);
  }
}

/** A task's fields and args are members of one class, and so is what it acts on, by its name. */
function claimTaskMembers(task: Declaration, found: Diagnostic[]): void {
  const of = member(task.root, "of");
  claimNames(
    [
      ...(of === null || task.of === null ? [] : [{ name: task.of, what: "what it acts on", at: of.at, part: "value" } as const]),
      ...fieldEntries(member(task.root, "args"), (name) => `the arg '${name}'`),
      ...fieldEntries(member(task.root, "fields"), (name) => `the field '${name}'`),
    ],
    {
      names: "a field or an arg of a task, or what it acts on",
      reserved: reservedTaskMembers,
      removed: removedEntries(task.root),
    },
    found,
  );
}

function reserve(...groups: readonly (readonly [names: string, why: string])[]): ReadonlyMap<string, string> {
  return new Map(groups.flatMap(([names, why]) => names.split(" ").map((name) => [camelCase(name), why] as const)));
}

const objectVerbs =
  "save reload transition stop panic rewind done links forms then catch finally constructor to_json to_string value_of where";
const taken = "index types api client app task tasks event events breakdown";
const javaScript = "array error function map object promise record set symbol";

const reservedElements = reserve(
  [taken, "a route or a generated file has that name"],
  [javaScript, "its class would hide JavaScript's"],
  [fieldTypeNames.join(" "), "it is a field type"],
);

const reservedPlurals = reserve([taken, "a route or a generated file has that name"], [javaScript, "its class would hide JavaScript's"]);

const reservedMembers = reserve(
  [
    `id type state step created_at updated_at parent children descendants tasks history log lost_found ${objectVerbs}`,
    "every resource has a member of that name",
  ],
  ["count each page breakdown update start", "every dataset has a member of that name"],
);

const reservedTaskMembers = reserve([
  `id type state step attempt bucket args children notice ${objectVerbs}`,
  "every task has a member of that name",
]);

const reservedStates = reserve(["new stop panic", "every machine has a state of that name"]);
