// What a resource's API exposes, and whether its indexes serve it.

import { report } from "../diagnostic.js";
import { inside, locate } from "../document.js";
import { servedBy, type Api, type Field, type Index, type Resource } from "../model.js";
import { findTask, nameOf, qualified, type Context } from "./declare.js";
import { lint } from "./elements.js";
import type { NamedTypes } from "./fields.js";
import { isTarget, readTarget, type Machine } from "./machine.js";
import { flag, hasAllMembers, isWhole, items, member, members, texts, valueOf, type Part } from "./part.js";
import { fixedColumns, isColumn, reportUnknownField, type Draft } from "./resources.js";
import { isOfFamily } from "./tasks.js";

/** A resource's API; a subtype's adds to its base's. */
export function readApi(draft: Draft, resource: Resource, base: Resource | null, types: NamedTypes, context: Context): Api | null {
  const { root, name } = draft.declaration;
  const part = member(root, "api");
  const inherited = base?.api ?? null;
  if (part === null) {
    if (inherited !== null) checkCreate(inherited.create, null, inherited, draft, context);
    return inherited;
  }
  const listPart = member(part, "list");
  const filter = readColumns(member(listPart, "filter"), "filter", draft, types, context);
  const sort = readColumns(member(listPart, "sort"), "sort", draft, types, context);
  reportUnserved(
    [
      ["filter", member(listPart, "filter"), filter],
      ["sort", member(listPart, "sort"), sort],
    ],
    draft,
    resource,
    base,
    context,
  );
  const machine: Machine = {
    of: `of '${name}'`,
    states: new Set(draft.states.keys()),
    isComplete:
      hasAllMembers(inside(root.at, "states")) && (draft.base === null || hasAllMembers(inside(draft.base.declaration.at, "states"))),
    isSound: isWhole(inside(root.at, "states")),
  };
  const createPart = member(part, "create");
  const create = createPart === null ? null : readFieldNames(createPart, "create", draft, context).map((field) => field.name);
  const moves = readMoves(member(part, "moves"), resource, machine, draft, context);
  const allMoves = [
    ...(inherited?.moves ?? []),
    ...moves.filter((move) => inherited?.moves.some((each) => each.state === move.state) !== true),
  ];
  const api: Api = {
    list:
      listPart === null
        ? (inherited?.list ?? null)
        : { filter: joined(inherited?.list?.filter, filter), sort: joined(inherited?.list?.sort, sort) },
    get: flag(member(part, "get"), inherited?.get),
    create: create === null ? (inherited?.create ?? null) : joined(inherited?.create, create),
    update: readUpdate(member(part, "update"), inherited, draft, context),
    moves: allMoves,
    delete: readDelete(member(part, "delete"), allMoves, machine, context, part) ?? inherited?.delete ?? null,
    start: joined(inherited?.start, readStart(member(part, "start"), draft, context)),
    hide: joined(
      inherited?.hide,
      readFieldNames(member(part, "hide"), "hide", draft, context).map((field) => field.name),
    ),
    strict: flag(member(part, "strict"), inherited?.strict),
    at: part.at,
  };
  checkCreate(api.create, createPart, inherited, draft, context);
  return api;
}

function joined(inherited: readonly string[] | null | undefined, own: readonly string[]): readonly string[] {
  return [...new Set([...(inherited ?? []), ...own])];
}

function readColumns(part: Part | null, keyword: "filter" | "sort", draft: Draft, types: NamedTypes, context: Context): readonly string[] {
  const columns: string[] = [];
  for (const { text: column, part: item } of texts(part)) {
    if (columns.includes(column)) context.found.push(report.namedTwice(valueOf(item), { name: column, keyword }));
    else if (isColumn(item, keyword, draft, types, context)) columns.push(column);
  }
  return columns;
}

/** The fields that a list names; each must be one of the resource's own or inherited ones. */
function readFieldNames(part: Part | null, keyword: string, draft: Draft, { found }: Context): readonly Field[] {
  const fields = new Set<Field>();
  for (const { text: name, part: item } of texts(part)) {
    const field = draft.fieldsByName.get(name);
    if (field === undefined) {
      const hint = name === draft.parent || name === "parent" ? "Remove it: the parent is given always." : undefined;
      reportUnknownField(item, "value", name, draft, { found, ...(hint === undefined ? {} : { hint }) });
    } else if (fields.has(field)) found.push(report.namedTwice(valueOf(item), { name, keyword }));
    else fields.add(field);
  }
  return [...fields];
}

/** Fields that a client sets later: not those that are immutable and have their value from the start. */
function readChangeable(part: Part | null, keyword: string, draft: Draft, context: Context): readonly string[] {
  const fields = readFieldNames(part, keyword, draft, context);
  for (const field of fields) {
    if (!field.immutable || !(field.required || field.default !== undefined)) continue;
    const item = texts(part).find((each) => each.text === field.name);
    if (item !== undefined)
      context.found.push(report.neverUpdated(valueOf(item.part), { field: field.name, keyword, first: locate(field.at, "key") }));
  }
  return fields.map((field) => field.name);
}

function readUpdate(part: Part | null, inherited: Api | null, draft: Draft, context: Context): readonly string[] | null {
  if (part === null) return inherited?.update ?? null;
  return joined(inherited?.update, readChangeable(part, "update", draft, context));
}

function readMoves(part: Part | null, resource: Resource, machine: Machine, draft: Draft, context: Context): Api["moves"] {
  const { found } = context;
  const legal = new Set(["stop", ...resource.states.flatMap((state) => state.to)]);
  return members(part).flatMap(([state, fieldsPart]): Api["moves"] => {
    const fields = readChangeable(fieldsPart, "moves", draft, context);
    if (!isTarget(state, { part: fieldsPart, keyword: "moves", which: "key" }, machine, found)) return [];
    if (machine.isSound && !legal.has(state)) found.push(report.moveNeverLegal(locate(fieldsPart.at, "key"), { state }));
    return [{ state, fields }];
  });
}

function readDelete(part: Part | null, moves: Api["moves"], machine: Machine, { found }: Context, api: Part): string | null {
  const state = readTarget(part, "delete", machine, found);
  if (part === null || state === null || state === "stop") return state;
  if (!moves.some((move) => move.state === state) && isWhole(inside(api.at, "moves")))
    found.push(report.deleteNotMove(valueOf(part), { state }));
  return state;
}

function readStart(part: Part | null, { declaration }: Draft, context: Context): readonly string[] {
  const { found } = context;
  const started = new Set<string>();
  for (const { text: written, part: item } of texts(part)) {
    const task = findTask(item, declaration.name, { orGlobal: false }, context);
    if (task === null) continue;
    if (!isOfFamily(task, declaration.name, context)) {
      found.push(
        report.startsForeign(valueOf(item), { task: qualified(task.of, task.name), resource: declaration.name, first: nameOf(task) }),
      );
    } else if (started.has(task.name)) found.push(report.namedTwice(valueOf(item), { name: written, keyword: "start" }));
    else started.add(task.name);
  }
  return [...started];
}

/** Where a client may create, what is required must be among what it gives. */
function checkCreate(create: readonly string[] | null, part: Part | null, inherited: Api | null, draft: Draft, { found }: Context): void {
  if (create === null) return;
  const isInherited = (field: Field): boolean => inherited?.create != null && draft.base?.fieldsByName.get(field.name) === field;
  const missing = [...draft.fieldsByName.values()].filter(
    (field) => field.required && field.default === undefined && !create.includes(field.name) && !isInherited(field),
  );
  const [first] = missing;
  if (first === undefined) return;
  const firstAt = locate(first.at, "key");
  found.push(
    report.createIncomplete(part === null ? firstAt : valueOf(part), {
      resource: draft.declaration.name,
      fields: missing.map((field) => field.name),
      first: firstAt,
    }),
  );
}

type Listed = readonly (readonly [keyword: string, part: Part | null, columns: readonly string[]])[];

/** A filter or a sort reads the whole table unless an index serves it; a blind index serves a secret. */
function reportUnserved(listed: Listed, draft: Draft, resource: Resource, base: Resource | null, { found }: Context): void {
  const served = new Set(servedBy([...(base?.unique ?? []), ...(base?.indexes ?? []), ...resource.unique, ...resource.indexes]));
  // An index of which something is wrong may have been meant for it.
  for (const [each, { root }] of [
    [resource, draft.declaration],
    ...(base === null || draft.base === null ? [] : [[base, draft.base.declaration] as const]),
  ] as const) {
    if (!isWhole(inside(root.at, "indexes")) || !isWhole(inside(root.at, "unique"))) return;
    if (items(member(root, "indexes")).length > each.indexes.length || items(member(root, "unique")).length > each.unique.length) return;
  }
  for (const [keyword, part, columns] of listed) {
    for (const column of columns) {
      const field = draft.fieldsByName.get(column);
      const item = texts(part).find((each) => each.text === column);
      if (served.has(column) || field === undefined || item === undefined || field.encrypted !== null) continue;
      served.add(column);
      lint(report.notIndexed(valueOf(item.part), { field: column, keyword }), [resource, field], found);
    }
  }
}

/** Indexes that others serve as well. Those that `unique` makes lack what has stopped, so they stand in for their equals only. */
export function checkIndexes(resource: Resource, base: Resource | null, { found }: Context): void {
  const plain: readonly Index[] = [...(base?.indexes ?? []), ...resource.indexes];
  const unique: readonly Index[] = [...(base?.unique ?? []), ...resource.unique];
  for (const index of resource.indexes) {
    const [only, second] = index.columns;
    const isFixed = second === undefined && fixedColumns.includes(only ?? "");
    const longer = plain.find((other) => other !== index && begins(other, index));
    reportRedundant(index, isFixed ? null : (longer ?? unique.find((other) => equals(other, index))));
  }
  for (const index of resource.unique) reportRedundant(index, base?.unique.find((other) => equals(other, index)));

  function reportRedundant(index: Index, other: Index | null | undefined): void {
    if (other === undefined) return;
    const said = { index: index.columns.join(", "), other: other?.columns.join(", ") ?? null, first: other && locate(other.at, "value") };
    lint(report.indexRedundant(locate(index.at, "value"), said), [resource], found);
  }
}

function begins(longer: Index, { columns }: Index): boolean {
  return columns.every((column, position) => longer.columns[position] === column);
}

function equals(left: Index, right: Index): boolean {
  return left.columns.length === right.columns.length && begins(left, right);
}
