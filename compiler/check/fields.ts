// Fields and their types: what a type's name leads to, which modifiers may stand beside it, and whether bounds and defaults fit it.

import { report } from "../diagnostic.js";
import { inside, locate, type Place } from "../document.js";
import { fieldTypeNames } from "../keywords.js";
import type { EnumValue, Field, FieldType, NamedType, Replaced } from "../model.js";
import { compareDecimal, compareTimes, compareWhole } from "../scalars.js";
import { compareText, type SourceLocation } from "../source.js";
import { findTask, inOrder, nameOf, qualified, reportUnknown, type Context } from "./declare.js";
import { lint, readElement } from "./elements.js";
import { circles, groups, wayRound } from "./graph.js";
import { claimRecord } from "./names.js";
import { durationMs, flag, isLost, isRecord, items, keyOf, member, members, number, text, valueOf, type Part } from "./part.js";
import { compilePattern, misfit, unstorable, yamlText } from "./values.js";

/** What a field stands in. */
export interface FieldContext extends Context {
  /** The newest version of what holds it; null within a named type, which has none. */
  readonly version: number | null;
  /** The named type that holds it. */
  readonly type: string | null;
  /** What it is a field of, as it is said, where no blind index is kept for it; absent where one may be. */
  readonly unindexed?: string;
  readonly types: NamedTypes;
}

/** The named types, each read when it is first asked for. */
export interface NamedTypes {
  readonly read: (name: string) => NamedType | null;
}

/** Stands for a type of which something is wrong that was said already. Nothing is said of values against it. */
export const unclear: FieldType = { kind: "json" };

/** All named types, by name. */
export function readNamedTypes(context: Context): { readonly types: NamedTypes; readonly all: readonly NamedType[] } {
  const known = new Map<string, NamedType | null>();
  const read = (name: string): NamedType | null => {
    const ready = known.get(name);
    if (ready !== undefined) return ready;
    known.set(name, null);
    const declaration = context.declared.types.get(name);
    if (declaration === undefined) return null;
    const { root } = declaration;
    const within: FieldContext = { version: null, type: name, types, ...context };
    const is = member(root, "is");
    const type: NamedType = {
      kind: "type",
      is:
        is === null
          ? { kind: "record", fields: readFields(member(root, "fields"), { unindexed: `the type '${name}'`, ...within }) }
          : { kind: "field", field: readField(name, is, within) },
      ...readElement(root, name, context),
    };
    known.set(name, type);
    return type;
  };
  const types: NamedTypes = { read };
  // What a named field stands for is read before it, however long the chain. Of those that stand for one another none is known while
  // they are read; `checkRequirements` says what is wrong with them.
  const standing = inOrder(context.declared.types).filter(({ root }) => member(root, "is") !== null);
  const standsFor = new Map(standing.map(({ name, root }) => [name, namesWithin(member(root, "is"))]));
  for (const group of groups([...standsFor.keys()], (name) => (standsFor.get(name) ?? []).filter((other) => standsFor.has(other)))) {
    if (group.length > 1) for (const name of group) known.set(name, null);
    for (const name of group) {
      known.delete(name);
      read(name);
    }
  }
  const all = inOrder(context.declared.types).flatMap(({ name }) => read(name) ?? []);
  checkRequirements(all, context);
  return { types, all };
}

/** The names of types in a field and in what it holds. */
function namesWithin(part: Part | null): readonly string[] {
  if (part === null) return [];
  const name = text(typePartOf(part));
  return [...(name === null ? [] : [name]), ...namesWithin(member(part, "of")), ...namesWithin(member(part, "keys"))];
}

/** A mapping of names to fields, in the order of the spec. */
export function readFields(part: Part | null, context: FieldContext): readonly Field[] {
  return members(part).map(([name, field]) => readField(name, field, context));
}

export function readField(name: string, part: Part, context: FieldContext): Field {
  const type = readType(part, context);
  const inherited = type.kind === "named" ? standIn(type.name, context) : null;
  const encrypted = member(part, "encrypted");
  const value = member(part, "default");

  if (encrypted !== null && (type.kind === "resource" || type.kind === "task")) {
    context.found.push(
      report.modifierMisplaced(keyOf(encrypted), {
        modifier: "encrypted",
        beside: describe(type),
        hint: "Remove it: a reference is never encrypted.",
      }),
    );
  }
  if (value !== null) checkValue(value, type, { what: "default", of: `'${name}'` }, context);
  const element = readElement(part, name, context);
  const lookup = member(encrypted, "lookup");
  if (lookup !== null && flag(lookup) && context.unindexed !== undefined)
    lint(report.lookupUnused(keyOf(lookup), { of: context.unindexed }), [element], context.found);
  return {
    type,
    required: flag(member(part, "required"), inherited?.required),
    default: value === null ? inherited?.default : value.value,
    immutable: flag(member(part, "immutable"), inherited?.immutable),
    since: readSince(member(part, "since"), context),
    check: member(part, "check") !== null,
    encrypted:
      encrypted === null
        ? (inherited?.encrypted ?? null)
        : { since: null, lookup: flag(lookup), normalize: text(member(encrypted, "normalize")) === "lower" ? "lower" : null },
    // Last, for what is added to a spread object is added a hundred times more slowly.
    ...element,
  };
}

/** The field that a named type stands for; null where it is a record. */
function standIn(name: string, { types, declared }: FieldContext): Field | null {
  if (member(declared.types.get(name)?.root ?? null, "is") === null) return null;
  const named = types.read(name);
  return named?.is.kind === "field" ? named.is.field : null;
}

/** Says so where a written value is none of its type: a default, or a constant of an upgrade. */
export function checkValue(
  value: Part,
  type: FieldType,
  said: { readonly what: string; readonly of: string },
  context: FieldContext,
): void {
  const underlying = resolved(type, context.types);
  if (underlying === unclear) return;
  if (withoutValues.has(underlying.kind)) {
    context.found.push(
      report.valueMisplaced(said.what === "default" ? keyOf(value) : valueOf(value), { what: said.what, of: describe(type) }),
    );
    return;
  }
  const wrong = misfit(underlying, value.value, () => writtenAt(valueOf(value)));
  if (wrong !== null) context.found.push(report.valueMisfit(valueOf(value), { ...said, ...wrong }));
}

function writtenAt({ file, start, end }: SourceLocation): string {
  return file.text.slice(start, end);
}

const withoutValues: ReadonlySet<FieldType["kind"]> = new Set([
  "bytes",
  "list",
  "set",
  "dict",
  "map",
  "record",
  "named",
  "resource",
  "task",
]);

/** What a named field stands for; a named record and any other type stand for themselves. */
export function resolved(type: FieldType, types: NamedTypes): FieldType {
  const seen = new Set<string>();
  let current = type;
  while (current.kind === "named") {
    const named = types.read(current.name);
    if (named === null || seen.has(current.name)) return unclear;
    if (named.is.kind === "record") return current;
    seen.add(current.name);
    current = named.is.field.type;
  }
  return current;
}

/** A type as it is said: "a string", "the type 'address'". */
export function describe(type: FieldType): string {
  switch (type.kind) {
    case "named":
      return `the type '${type.name}'`;
    case "resource":
      return `a reference to '${type.name}'`;
    case "task":
      return `a reference to a run of '${type.name}'`;
    case "json":
      return "free JSON";
    default:
      return /^[aeiou]/.test(type.kind) ? `an ${type.kind}` : `a ${type.kind}`;
  }
}

/** `since` of a field or of an enum's value; 1 where it is none or none that there can be. */
export function readSince(part: Part | null, { version, type, found }: FieldContext): number {
  const since = number(part);
  if (part === null || since === null) return 1;
  if (version === null) found.push(report.sinceInType(keyOf(part), { type: type ?? "" }));
  else if (since > version)
    found.push(report.shapeOutOfRange(valueOf(part), { what: "since", number: since, lowest: 1, highest: version }));
  else return since;
  return 1;
}

function typePartOf(part: Part): Part | null {
  return isRecord(part.value) ? member(part, "type") : part;
}

/** The type that a field, or an element of a container, is written with. */
export function readType(part: Part, context: FieldContext): FieldType {
  const typePart = typePartOf(part);
  const name = text(typePart);
  if (typePart === null || name === null) return unclear;
  const builtIn = builtInTypes[name];
  if (builtIn !== undefined && Object.hasOwn(builtInTypes, name)) return builtIn(part, context);
  const { declared } = context;
  if (declared.types.has(name)) return { kind: "named", name };
  if (declared.resources.has(name)) return { kind: "resource", name };
  if (declared.tasks.has(name)) return { kind: "task", name };
  if (name.includes(".")) {
    const task = findTask(typePart, null, { orGlobal: false }, context);
    return task === null ? unclear : { kind: "task", name: qualified(task.of, task.name) };
  }
  const gone = declared.goneElements.get(name);
  if (gone !== undefined) context.found.push(report.refersToGone(valueOf(typePart), { name, kind: gone.kind, first: nameOf(gone) }));
  else if (!declared.hasNameless && !declared.homelessTasks.has(name)) {
    reportUnknown(
      context.found,
      { part: typePart },
      {
        name,
        kind: "type",
        known: [...fieldTypeNames, ...declared.types.keys(), ...declared.resources.keys(), ...declared.tasks.keys()],
        hint: "Use a field type, a named type, a resource or a task, as `resource.task`.",
      },
    );
  }
  return unclear;
}

type TypeReader = (part: Part, context: FieldContext) => FieldType;

const builtInTypes: Readonly<Record<string, TypeReader>> = {
  string: (part, context) => ({ kind: "string", pattern: readPattern(member(part, "pattern"), context), ...sizes(part, context) }),
  int: (part, context) => ({
    kind: "int",
    unit: text(member(part, "unit")),
    ...bounds(part, number, (left, right) => left - right, context),
  }),
  float: (part, context) => ({
    kind: "float",
    unit: text(member(part, "unit")),
    // What was meant by one that could not be read is not known.
    special: flag(member(part, "special"), isLost(inside(part.at, "special"))),
    ...bounds(part, number, (left, right) => left - right, context),
  }),
  bigint: (part, context) => ({ kind: "bigint", unit: text(member(part, "unit")), ...bounds(part, text, compareWhole, context) }),
  decimal: (part, context) => ({ kind: "decimal", scale: number(member(part, "scale")), ...bounds(part, text, compareDecimal, context) }),
  bool: () => ({ kind: "bool" }),
  uuid: () => ({ kind: "uuid" }),
  url: () => ({ kind: "url" }),
  json: () => ({ kind: "json" }),
  date: (part, context) => ({ kind: "date", ...bounds(part, text, compareText, context) }),
  time: (part, context) => ({ kind: "time", ...bounds(part, text, compareTimes, context) }),
  duration: (part, context) => ({ kind: "duration", ...bounds(part, durationMs, (left, right) => left - right, context) }),
  bytes: (part, context) => ({ kind: "bytes", ...sizes(part, context) }),
  enum: readEnum,
  list: (part, context) => ({ kind: "list", of: readElementType(member(part, "of"), context), ...sizes(part, context) }),
  set: (part, context) => ({ kind: "set", of: readPrimitive(member(part, "of"), "an element of a set", context), ...sizes(part, context) }),
  dict: (part, context) => ({ kind: "dict", of: readElementType(member(part, "of"), context), ...sizes(part, context) }),
  map: (part, context) => ({
    kind: "map",
    keys: readPrimitive(member(part, "keys"), "a key of a map", context),
    of: readElementType(member(part, "of"), context),
    ...sizes(part, context),
  }),
  record: (part, context) => {
    claimRecord(member(part, "fields"), context.found);
    return { kind: "record", fields: readFields(member(part, "fields"), { ...context, unindexed: "a record within a field" }) };
  },
};

interface Bounds<T> {
  readonly min: T | null;
  readonly max: T | null;
}

function sizes(part: Part, context: FieldContext): Bounds<number> {
  return bounds(part, number, (left, right) => left - right, context);
}

function bounds<T>(
  part: Part,
  read: (part: Part | null) => T | null,
  compare: (left: T, right: T) => number,
  context: FieldContext,
): Bounds<T> {
  const [lower, upper] = [member(part, "min"), member(part, "max")];
  const [min, max] = [read(lower), read(upper)];
  if (lower === null || upper === null || min === null || max === null || compare(min, max) <= 0) return { min, max };
  context.found.push(
    report.boundsCrossed(valueOf(upper), { lower: String(lower.value), upper: String(upper.value), first: valueOf(lower) }),
  );
  // Nothing lies between them, so nothing could be said of a default.
  return { min: null, max: null };
}

function readPattern(part: Part | null, { found }: FieldContext): string | null {
  const source = text(part);
  if (part === null || source === null) return null;
  const { why } = compilePattern(source);
  if (why === null) return source;
  found.push(report.patternInvalid(valueOf(part), { why }));
  return null;
}

function readEnum(part: Part, context: FieldContext): FieldType {
  const { found } = context;
  const known = new Map<string, Part>();
  const values: EnumValue[] = [];
  for (const item of items(member(part, "of"))) {
    const valuePart = isRecord(item.value) ? member(item, "value") : item;
    const value = text(valuePart);
    if (valuePart === null || value === null) continue;
    const first = known.get(value);
    const why = unstorable(value);
    if (first !== undefined) found.push(report.enumValueTwice(valueOf(valuePart), { value, first: valueOf(first) }));
    else if (why !== null) found.push(report.enumValueUnusable(valueOf(valuePart), { value, why }));
    if (first !== undefined || why !== null) continue;
    known.set(value, valuePart);
    const { doc, deprecated } = readElement(item, value, context);
    values.push({ value, since: readSince(member(item, "since"), context), doc, deprecated });
  }
  const open = flag(member(part, "open"));
  const replaced = readReplaced(member(part, "replaced"), known, { kind: "value", allowed: [] }, context);
  // An enum of which values are unknown lets any value through.
  if (values.length === 0) return unclear;
  return { kind: "enum", values, open, replaced };
}

/** `replaced: { old: new }`: the old one is gone, the new one is there. `known` says where each is declared. */
export function readReplaced(
  part: Part | null,
  known: ReadonlyMap<string, Part>,
  { kind, allowed }: { readonly kind: string; readonly allowed: readonly string[] },
  { found }: Context,
): readonly Replaced[] {
  const replaced: Replaced[] = [];
  for (const [from, target] of members(part)) {
    const to = text(target);
    const still = known.get(from);
    if (still !== undefined) found.push(report.replacedStillThere(keyOf(target), { value: from, kind, first: keyOf(still) }));
    if (to === null) continue;
    if (kind === "state" && reservedTargets.has(to) && !allowed.includes(to))
      found.push(report.targetNotAllowed(valueOf(target), { target: to, keyword: "replaced" }));
    else if (!known.has(to) && !allowed.includes(to)) {
      if (known.size > 0) reportUnknown(found, { part: target }, { name: to, kind, known: known.keys(), write: yamlText });
    } else if (still === undefined) replaced.push({ from, to });
  }
  return replaced;
}

const reservedTargets: ReadonlySet<string> = new Set(["new", "stop", "panic"]);

/** What a container holds. A named field may stand there, unless it asks for what only a field can have. */
function readElementType(part: Part | null, context: FieldContext): FieldType {
  if (part === null) return unclear;
  const type = readType(part, context);
  if (type.kind !== "named") return type;
  const field = standIn(type.name, context);
  if (field === null) return type;
  const { encrypted, check } = field;
  if (encrypted === null && !check) return type;
  const typePart = typePartOf(part) ?? part;
  const modifier = encrypted === null ? "check" : "encrypted";
  context.found.push(
    report.modifierMisplaced(valueOf(typePart), {
      modifier,
      beside: `an element of a container, and '${type.name}' brings it along`,
      hint: `Use a type without \`${modifier}\`, and write it beside the container.`,
    }),
  );
  return type;
}

function readPrimitive(part: Part | null, role: string, context: FieldContext): FieldType {
  const type = readElementType(part, context);
  const underlying = resolved(type, context.types);
  if (part !== null && underlying !== unclear && !primitives.has(underlying.kind)) {
    context.found.push(report.elementNotPrimitive(valueOf(typePartOf(part) ?? part), { role, of: describe(type) }));
    return unclear;
  }
  return type;
}

const primitives: ReadonlySet<FieldType["kind"]> = new Set([
  "string",
  "int",
  "float",
  "bigint",
  "decimal",
  "bool",
  "uuid",
  "url",
  "date",
  "duration",
  "enum",
]);

/** A record that requires one of its own kind, and a named field that stands for itself, could never be written down. */
function checkRequirements(types: readonly NamedType[], { found }: Context): void {
  const required = new Map(types.map((type) => [type.name, requirements(type)]));
  const next = (name: string): readonly string[] => (required.get(name) ?? []).map((each) => each.type);
  for (const group of circles(
    types.map((type) => type.name),
    next,
  )) {
    const way = wayRound(group, next);
    const first = required.get(way[0] ?? "")?.find((each) => each.type === way[1]);
    if (first !== undefined) found.push(report.requiresItself(locate(first.at, "value"), { way }));
  }
}

interface Requirement {
  readonly type: string;
  readonly at: Place;
}

function requirements({ is }: NamedType): readonly Requirement[] {
  return is.kind === "field" ? ofType(is.field) : is.fields.flatMap((field) => (field.required ? ofType(field) : []));
}

function ofType(field: Field): readonly Requirement[] {
  if (field.type.kind === "named") return [{ type: field.type.name, at: inside(field.at, "type") }];
  return field.type.kind === "record" ? field.type.fields.flatMap((inner) => (inner.required ? ofType(inner) : [])) : [];
}
