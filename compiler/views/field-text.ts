// A field as TypeScript: the text of its type, and of the expressions that read and write its stored form.

import type { Imports } from "../imports.js";
import type { Encrypted, EnumValue, Field, FieldType, Model } from "../model.js";
import { findResource, findTask, findType } from "../model.js";
import { camelCase, className, commentText, fileName, pascalCase, stringLiteral } from "../naming.js";
import type { SpecValue } from "../document.js";
import { parseDuration } from "../scalars.js";
import { nestedName } from "./names.js";

/** The file that the text stands in, and the module that declares the enums and records inside the fields it speaks of. */
export interface Scope {
  readonly model: Model;
  readonly imports: Imports;
  readonly home: string;
}

/** What a file must declare for its fields: an enum or a record inside them has a name of its own, made of where it stands. */
export interface Declaration {
  readonly name: string;
  readonly type: Extract<FieldType, { readonly kind: "enum" | "record" }>;
  readonly doc: string | null;
}

const codec = "pliny/codec";

/** The types that are one symbol of the codec, and what they are in TypeScript. */
const scalars = {
  string: { type: "string", codec: "String" },
  int: { type: "number", codec: "Int" },
  float: { type: "number", codec: "Float" },
  bigint: { type: "bigint", codec: "Bigint" },
  decimal: { type: "Decimal", codec: "Decimal" },
  bool: { type: "boolean", codec: "Bool" },
  uuid: { type: "string", codec: "Uuid" },
  url: { type: "string", codec: "Url" },
  date: { type: "string", codec: "Date" },
  time: { type: "Date", codec: "Time" },
  duration: { type: "number", codec: "Duration" },
  bytes: { type: "Uint8Array", codec: "Bytes" },
  json: { type: "unknown", codec: "Json" },
} as const;

type Scalar = keyof typeof scalars;

function isScalar(kind: FieldType["kind"]): kind is Scalar {
  return kind in scalars;
}

/** The enums and records inside a field, outermost first. `name` is that of the field's own. */
export function declarationsOf(model: Model, type: FieldType, name: string, doc: string | null): readonly Declaration[] {
  switch (type.kind) {
    case "enum":
      return [{ name, type, doc }];
    case "record":
      return [{ name, type, doc }, ...type.fields.flatMap((field) => declarationsOf(model, field.type, nestedName(model, name, field.name), field.doc))];
    case "list":
    case "set":
    case "dict":
      return declarationsOf(model, type.of, name, null);
    case "map":
      return [...declarationsOf(model, type.keys, `${name}Key`, null), ...declarationsOf(model, type.of, name, null)];
    default:
      return [];
  }
}

/** What a getter gives where there is a value: `readonly string[]`. */
export function typeText(type: FieldType, name: string, scope: Scope): string {
  const { imports } = scope;
  if (isScalar(type.kind)) return scalarType(type.kind, imports);
  switch (type.kind) {
    case "enum":
    case "record":
      return imports.type(scope.home, name);
    case "list": {
      const item = typeText(type.of, name, scope);
      return `readonly ${item.startsWith("readonly ") ? `(${item})` : item}[]`;
    }
    case "set":
      return `${imports.global("ReadonlySet")}<${typeText(type.of, name, scope)}>`;
    case "dict":
      return `${imports.global("ReadonlyMap")}<string, ${typeText(type.of, name, scope)}>`;
    case "map":
      return `${imports.global("ReadonlyMap")}<${typeText(type.keys, `${name}Key`, scope)}, ${typeText(type.of, name, scope)}>`;
    case "named":
      return imports.type("./types", pascalCase(type.name));
    case "resource":
      return `${imports.type(codec, "Ref")}<${resourceClass(type.name, scope)}>`;
    case "task":
      return `${imports.type(codec, "TaskRef")}<${taskClass(type.name, scope)}>`;
  }
}

function scalarType(kind: Scalar, imports: Imports): string {
  const { type } = scalars[kind];
  if (type === "Decimal") return imports.type(codec, type);
  return type === "Date" || type === "Uint8Array" ? imports.global(type) : type;
}

/** A field's type in its record: wrapped where it is secret, with null where it may be absent. */
export function fieldType(field: Field, name: string, scope: Scope): string {
  const inner = typeText(field.type, name, scope);
  const text = field.encrypted ? `${scope.imports.type(codec, "Secret")}<${inner}>` : inner;
  return mayBeNull(field, scope.model) && text !== "unknown" ? `${text} | null` : text;
}

/** What a setter takes: what the getter gives, or the plain value of a secret, or the object that a reference is to. */
export function setterType(field: Field, name: string, scope: Scope): string {
  const inner = typeText(field.type, name, scope);
  const target = targetClass(field.type, scope);
  let text = inner;
  if (field.encrypted) text = `${inner} | ${scope.imports.type(codec, "Secret")}<${inner}>`;
  else if (target !== null) text = `${target} | ${inner}`;
  return mayBeNull(field, scope.model) && text !== "unknown" ? `${text} | null` : text;
}

/** What a setter hands on: `toSecret(value)`. */
export function setterValue(field: Field, scope: Scope): string {
  if (field.encrypted) return `${scope.imports.value(codec, "toSecret")}(value)`;
  const { kind } = resolve(field.type, scope.model);
  if (kind === "resource") return `${scope.imports.value(codec, "toRef")}(value)`;
  if (kind === "task") return `${scope.imports.value(codec, "toTaskRef")}(value)`;
  return "value";
}

/** The class of what a reference is to, be it written as itself or as a named type; null of any other type. */
export function targetClass(written: FieldType, scope: Scope): string | null {
  const type = resolve(written, scope.model);
  if (type.kind === "resource") return resourceClass(type.name, scope);
  return type.kind === "task" ? taskClass(type.name, scope) : null;
}

/** `required`, a default and containers are never null. */
export function mayBeNull(field: Field, model: Model): boolean {
  return !field.required && field.default === undefined && !isContainer(field, model);
}

function isContainer(field: Field, model: Model): boolean {
  if (field.encrypted) return false;
  const { kind } = resolve(field.type, model);
  return kind === "list" || kind === "set" || kind === "dict" || kind === "map";
}

/** A named type as what it stands for; a named record stays. */
export function resolve(type: FieldType, model: Model): FieldType {
  if (type.kind !== "named") return type;
  const named = findType(model, type.name);
  return named?.is.kind === "field" ? resolve(named.is.field.type, model) : type;
}

/** The member of a decoder's literal: `labels: defaulted(record, "labels", readLabels, at, new Map())`. */
export function readMember(field: Field, name: string, scope: Scope, defaults: string | null): string {
  const { imports, model } = scope;
  const key = stringLiteral(field.key);
  const direct = readDirectly(field, name, scope);
  if (direct !== null) return `record[${key}] == null ? ${absentMember(field, scope, defaults)} : ${direct}`;
  const read = memberFunction("read", field, name, scope);
  if (isContainer(field, model)) {
    return `${imports.value(codec, "defaulted")}(record, ${key}, ${read}, at, ${emptyContainer(resolve(field.type, model).kind, imports)})`;
  }
  if (field.default !== undefined) {
    return `${imports.value(codec, "defaulted")}(record, ${key}, ${read}, at, ${defaultOf(field, scope, defaults)})`;
  }
  return `${imports.value(codec, field.required ? "required" : "optional")}(record, ${key}, ${read}, at)`;
}

/**
 * The call that reads a member of one value where it stands: `readString(record["name"], at, "name")`. Null where a member is read by a
 * function that is handed on, with what it throws caught for its pointer: containers and records, what may hold a secret, free-form JSON,
 * types that have a name. The same call for each, with a key and a function that vary, took a fifth longer.
 */
function readDirectly(field: Field, name: string, { imports, home, model }: Scope): string | null {
  const { type } = field;
  if (field.encrypted || type.kind === "json" || isInherited(field.key)) return null;
  const key = stringLiteral(field.key);
  const call = (reader: string, of: string = ""): string => `${reader}(record[${key}], ${of}at, ${key})`;
  if (isScalar(type.kind)) return call(imports.value(codec, `read${scalarCodec(type)}`));
  switch (type.kind) {
    case "enum":
      return call(imports.value(codec, "readEnum"), `${imports.value(home, enumConstant(name))}, `);
    case "resource":
    case "task":
      return call(referenceReader(type, { imports, home, model }), `${referenceKey(type, model)}, `);
    default:
      return null;
  }
}

/** What such a member is where it is not there. */
function absentMember(field: Field, scope: Scope, defaults: string | null): string {
  const { imports } = scope;
  if (field.default !== undefined) return `${imports.value(codec, "standIn")}(record, at, ${defaultOf(field, scope, defaults)})`;
  return field.required ? `${imports.value(codec, "missing")}(record, ${stringLiteral(field.key)}, at)` : "null";
}

function defaultOf(field: Field, scope: Scope, defaults: string | null): string {
  return defaults === null ? defaultText(field, scope) : `${defaults}.${camelCase(field.name)}`;
}

/** The member of an encoder's literal: `writeRequired(fields.name, writeString, at, "name")`. */
export function writeMember(field: Field, name: string, scope: Scope): string {
  const function_ = scope.imports.value(codec, mayBeNull(field, scope.model) ? "writeOptional" : "writeRequired");
  return `${function_}(fields.${camelCase(field.name)}, ${memberFunction("write", field, name, scope)}, at, ${stringLiteral(field.key)})`;
}

/**
 * The member of a text: `,"name":${textString(fields.name, at)}`, as an expression that is added to those before it. Null for what is no
 * single value: a record with such members is written as a whole by JSON.stringify, which is as quick there.
 */
export function textMember(field: Field, { imports, model }: Scope): string | null {
  const writer = textWriter(field);
  if (writer === null) return null;
  const value = `fields.${camelCase(field.name)}`;
  const text = `\`,"${field.key}":\${${imports.value(codec, writer)}(${value}, at)}\``;
  return mayBeNull(field, model) ? `(${value} === null ? "" : ${text})` : text;
}

function textWriter({ type, encrypted }: Field): string | null {
  if (encrypted || type.kind === "json") return null;
  if (isScalar(type.kind)) return `text${scalarCodec(type)}`;
  if (type.kind === "enum") return "textEnum";
  return type.kind === "resource" ? "textRef" : type.kind === "task" ? "textTaskRef" : null;
}

/** Whether a record is written as text at once: all of its members are single values. */
export function isFlat(fields: readonly Field[]): boolean {
  return fields.length > 0 && fields.every((field) => textWriter(field) !== null);
}

/** What reads or writes a member. A secret is bound to its place, so that whatever is or may hold one is told the way to it. */
function memberFunction(way: "read" | "write", field: Field, name: string, scope: Scope): string {
  const { imports, model } = scope;
  if (field.encrypted) {
    const inner = codecFunction(way, field.type, name, scope, 1);
    return `(value, at) => ${imports.value(codec, `${way}Secret`)}(value, ${inner}, ${imports.value(codec, "inside")}(at, ${stringLiteral(field.key)}))`;
  }
  const inner = codecFunction(way, field.type, name, scope, 0);
  if (!holdsSecret(field.type, model)) return inner;
  const call = inner.startsWith("(") ? `(${inner})` : inner;
  return `(value, at) => ${call}(value, ${imports.value(codec, "inside")}(at, ${stringLiteral(field.key)}))`;
}

/** Whether a value of the type may be, or hold, one that a closed enum does not have. */
export function holdsClosedEnum(type: FieldType, model: Model): boolean {
  return reaches(type, model, { type: (one) => one.kind === "enum" && !one.open, field: () => false });
}

/** Whether a field inside the type is encrypted. */
function holdsSecret(type: FieldType, model: Model): boolean {
  return reaches(type, model, { type: () => false, field: (field) => field.encrypted !== null });
}

interface Tests {
  readonly type: (type: FieldType) => boolean;
  readonly field: (field: Field) => boolean;
}

/** Whether the type, one inside it, or a field inside it passes a test. What is encrypted is not looked into; a named type is entered once. */
function reaches(type: FieldType, model: Model, tests: Tests, entered: Set<string> = new Set()): boolean {
  if (tests.type(type)) return true;
  const through = (fields: readonly Field[]): boolean =>
    fields.some((field) => tests.field(field) || (field.encrypted === null && reaches(field.type, model, tests, entered)));
  switch (type.kind) {
    case "record":
      return through(type.fields);
    case "map":
      return reaches(type.keys, model, tests, entered) || reaches(type.of, model, tests, entered);
    case "list":
    case "set":
    case "dict":
      return reaches(type.of, model, tests, entered);
    case "named": {
      const is = findType(model, type.name)?.is;
      if (is === undefined || entered.has(type.name)) return false;
      // Wherever it is met again, it has been looked into already: types that hold each other many times over would take for ever.
      entered.add(type.name);
      return through(is.kind === "record" ? is.fields : [is.field]);
    }
    default:
      return false;
  }
}

function emptyContainer(kind: FieldType["kind"], imports: Imports): string {
  if (kind === "list") return "[]";
  return `new ${imports.global(kind === "set" ? "Set" : "Map")}()`;
}

// Names of the parameters of nested functions, so that none hides another.
const levels = ["value", "item", "inner", "innermost"];

function level(depth: number): string {
  return levels[depth] ?? `value${depth}`;
}

/** A function of the codec, or one made of them, that reads or writes a value of the type. */
export function codecFunction(way: "read" | "write", type: FieldType, name: string, scope: Scope, depth: number): string {
  const { imports } = scope;
  const value = level(depth);
  if (isScalar(type.kind)) return imports.value(codec, way + scalarCodec(type));
  switch (type.kind) {
    case "enum":
      if (way === "write") return imports.value(codec, "writeEnum");
      return `(${value}, at) => ${imports.value(codec, "readEnum")}(${value}, ${imports.value(scope.home, enumConstant(name))}, at)`;
    case "record":
      return imports.value(scope.home, way + name);
    case "list":
    case "set":
    case "dict": {
      const item = codecFunction(way, type.of, name, scope, depth + 1);
      return `(${value}, at) => ${imports.value(codec, way + pascalCase(type.kind))}(${value}, ${item}, at)`;
    }
    case "map": {
      const keys = codecFunction(way, type.keys, `${name}Key`, scope, depth + 1);
      const item = codecFunction(way, type.of, name, scope, depth + 1);
      return `(${value}, at) => ${imports.value(codec, `${way}Map`)}(${value}, ${keys}, ${item}, at)`;
    }
    case "named":
      return imports.value("./types", way + pascalCase(type.name));
    case "resource":
      if (way === "write") return imports.value(codec, "writeRef");
      return `(${value}, at) => ${referenceReader(type, scope)}(${value}, ${referenceKey(type, scope.model)}, at)`;
    case "task":
      if (way === "write") return imports.value(codec, "writeTaskRef");
      return `(${value}, at) => ${referenceReader(type, scope)}(${value}, ${referenceKey(type, scope.model)}, at)`;
  }
}

type ReferenceType = Extract<FieldType, { readonly kind: "resource" | "task" }>;

function referenceReader(type: ReferenceType, scope: Scope): string {
  if (type.kind === "resource") return `${scope.imports.value(codec, "readRef")}<${resourceClass(type.name, scope)}>`;
  return `${scope.imports.value(codec, "readTaskRef")}<${taskClass(type.name, scope)}>`;
}

/** The stored key of what a reference is declared to be to. */
function referenceKey({ kind, name }: ReferenceType, model: Model): string {
  return stringLiteral((kind === "resource" ? findResource(model, name)?.key : findTask(model, name)?.qualifiedKey) ?? name);
}

function scalarCodec(type: FieldType): string {
  if (!isScalar(type.kind)) throw new Error(`${type.kind} is no scalar`);
  return type.kind === "float" && type.special ? "SpecialFloat" : scalars[type.kind].codec;
}

/** The constant that lists an enum's values: `databasePlanValues`. */
export function enumConstant(name: string): string {
  return `${name.slice(0, 1).toLowerCase()}${name.slice(1)}Values`;
}

function resourceClass(name: string, scope: Scope): string {
  return scope.imports.type(`./${fileName(name)}`, pascalCase(name));
}

function taskClass(name: string, scope: Scope): string {
  const owner = name.includes(".") ? name.slice(0, name.indexOf(".")) : name;
  return scope.imports.type(`./${fileName(owner)}`, className(name));
}

/** A field that has a hand-written predicate, however deep it stands. */
export interface CheckedField {
  readonly field: Field;
  /** The predicate's name: `window`, or `windowStart` inside a record. */
  readonly member: string;
  /** The name that an enum or a record of the field goes by. */
  readonly name: string;
}

/** The fields with `check: code`, inside records and containers too. */
export function checkedFields(model: Model, fields: readonly Field[], prefix: string, member: string = ""): readonly CheckedField[] {
  return fields.flatMap((field) => {
    const inner = recordIn(field.type);
    if (!field.check && !inner) return [];
    const own = camelCase(`${member}_${field.name}`.replace(/^_/, ""));
    const name = nestedName(model, prefix, field.name);
    return [...(field.check ? [{ field, member: own, name }] : []), ...(inner ? checkedFields(model, inner.fields, name, `${member}_${field.name}`.replace(/^_/, "")) : [])];
  });
}

/** The record that a type is or holds; a named one has checks of its own. */
function recordIn(type: FieldType): Extract<FieldType, { readonly kind: "record" }> | null {
  if (type.kind === "record") return type;
  return "of" in type ? recordIn(type.of) : null;
}

/** A default as an expression of the field's type in TypeScript. */
export function defaultText(field: Field, scope: Scope): string {
  const text = plainDefault(field, scope);
  return field.encrypted ? `${scope.imports.value(codec, "toSecret")}(${text})` : text;
}

function plainDefault(field: Field, scope: Scope): string {
  const value = field.default ?? null;
  switch (resolve(field.type, scope.model).kind) {
    case "float":
      return typeof value === "number" ? floatText(value, scope) : literal(value);
    case "bigint":
      return `${String(value)}n`;
    case "decimal":
      return `${scope.imports.value(codec, "decimal")}(${literal(value)})`;
    case "time":
      return `new ${scope.imports.global("Date")}(${literal(value)})`;
    case "duration":
      return numberLiteral(parseDuration(String(value)) ?? 0);
    default:
      return literal(value);
  }
}

/** What is not finite is a global of JavaScript rather than a literal. */
function floatText(value: number, { imports }: Scope): string {
  if (Number.isFinite(value)) return numberLiteral(value);
  return Number.isNaN(value) ? imports.global("NaN") : `${value < 0 ? "-" : ""}${imports.global("Infinity")}`;
}

/** Plain data as an expression. `__proto__` as a member's name would set the prototype, so it is computed. */
export function literal(value: SpecValue | undefined): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return stringLiteral(value);
  if (typeof value === "number") return numberLiteral(value);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map((item: SpecValue) => literal(item)).join(", ")}]`;
  const members = Object.entries(value).map(([key, member]) => `${memberName(key)}: ${literal(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** `3_600_000`: digits in threes, as people write them. */
export function numberLiteral(value: number): string {
  const text = String(value);
  return /^-?\d{5,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, "_") : text;
}

export function memberName(key: string): string {
  if (key === "__proto__") return `["__proto__"]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : stringLiteral(key);
}

/** A record as one line of an object literal, leaving out what is undefined: `{ required: true, max: 63 }`. */
export function objectText(members: { readonly [name: string]: string | undefined }): string {
  const present = Object.entries(members).flatMap(([name, text]) => (text === undefined ? [] : [`${memberName(name)}: ${text}`]));
  return present.length === 0 ? "{}" : `{ ${present.join(", ")} }`;
}

/** A doc comment of one or more lines, indented; none where there is nothing to say. */
export function docComment(element: { readonly doc: string | null; readonly deprecated?: Field["deprecated"] }, indent: string): readonly string[] {
  const lines = element.doc === null ? [] : [...commentText(element.doc)];
  const { deprecated } = element;
  if (deprecated) lines.push(`@deprecated ${commentText(deprecatedText(deprecated)).join(" ")}`.trimEnd());
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${lines[0] ?? ""} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}

function deprecatedText(deprecated: NonNullable<Field["deprecated"]>): string {
  const parts = [
    deprecated.use === null ? null : `Use ${deprecated.use}.`,
    deprecated.since === null ? null : `Since ${deprecated.since}.`,
    deprecated.sunset === null ? null : `Until ${deprecated.sunset}.`,
  ];
  return parts.filter((part) => part !== null).join(" ");
}

/** The rules that hold when a value is given, as one line of data; undefined where there are none. */
export function rulesText(field: Field, scope: Scope, within: Within): string | undefined {
  const own = { ...within, path: `${within.path}_${field.name}`, isRoot: false };
  const predicates = [...(field.check ? [predicate(own)] : []), ...checkedTypes(field.type, scope.model).map((name) => `${name}.value`)];
  // A record is given whole: what may not be null in it has to be there.
  const isRequired = within.isRoot ? field.required : !mayBeNull(field, scope.model);
  const rules = {
    required: isRequired ? "true" : undefined,
    immutable: field.immutable ? "true" : undefined,
    ...typeRules(field.type, scope, own),
    checks: predicates.length > 0 ? literal(predicates) : undefined,
    encrypted: encryptedText(field.encrypted),
  };
  const hasRules = Object.values(rules).some((rule) => rule !== undefined);
  // The codec says the keys of what is stored; those of records inside are nowhere else.
  const isOtherwiseCalled = hasRules && !within.isRoot && field.key !== camelCase(field.name);
  const text = objectText({ key: isOtherwiseCalled ? stringLiteral(field.key) : undefined, ...rules });
  // TypeScript takes a member that every object inherits for one of another type, unless it is said.
  return text === "{}" && !isInherited(camelCase(field.name)) ? undefined : text;
}

/** Where a rule stands: in which named type, and on the way through which fields. */
interface Within {
  readonly type: string | null;
  readonly path: string;
  /** Whether it is of a field of what is stored, and not of a record inside one. */
  readonly isRoot: boolean;
  /** The shape that is written. */
  readonly write: number;
}

/** What a predicate is called: as in the interface of its owner, which is a named type where one is said. */
function predicate({ type, path }: Pick<Within, "type" | "path">): string {
  return `${type === null ? "" : `${type}.`}${camelCase(path.replace(/^_/, ""))}`;
}

/** The named types with a predicate that a type stands for. */
export function checkedTypes(type: FieldType, model: Model): readonly string[] {
  const named = type.kind === "named" ? findType(model, type.name) : undefined;
  if (named?.is.kind !== "field") return [];
  return [...(named.is.field.check ? [named.name] : []), ...checkedTypes(named.is.field.type, model)];
}

/** Whether every object of JavaScript has a member of that name. */
export function isInherited(member: string): boolean {
  return member in Object.prototype;
}

type TypeRules = { readonly [rule in "min" | "max" | "pattern" | "scale" | "oneOf" | "since" | "of" | "keys" | "fields"]?: string | undefined };

function typeRules(written: FieldType, scope: Scope, within: Within): TypeRules {
  const type = resolve(written, scope.model);
  switch (type.kind) {
    case "string":
      return { ...bounds(type), pattern: type.pattern === null ? undefined : stringLiteral(type.pattern) };
    case "enum":
      return type.open ? {} : enumRules(type.values, within);
    case "decimal":
      return { ...bounds(type), scale: type.scale === null ? undefined : String(type.scale) };
    case "int":
    case "float":
    case "bigint":
    case "date":
    case "time":
    case "duration":
    case "bytes":
      return bounds(type);
    case "list":
    case "set":
    case "dict":
      return { ...bounds(type), of: elementRules(type.of, scope, within) };
    case "map": {
      const [keys, of] = [elementRules(type.keys, scope, within), elementRules(type.of, scope, within)];
      // What has rules for its keys is told to be no dict.
      return { ...bounds(type), keys: keys ?? (of === undefined ? undefined : "{}"), of };
    }
    case "record": {
      const members = type.fields.map((field) => [camelCase(field.name), rulesText(field, scope, within)] as const);
      const text = objectText(Object.fromEntries(members));
      return { fields: text === "{}" ? undefined : text };
    }
    case "named": {
      const constant = scope.imports.value("./types", rulesConstant(pascalCase(type.name)));
      // Types refer to each other in any order, and in circles: among themselves they are asked when they are needed.
      return { fields: scope.home === "./types" ? `() => ${constant}` : constant };
    }
    default:
      return {};
  }
}

function bounds({ min, max }: { readonly min: number | string | null; readonly max: number | string | null }): TypeRules {
  return { min: min === null ? undefined : literal(min), max: max === null ? undefined : literal(max) };
}

/** The values, and those that the shape that is written has not yet. */
function enumRules(values: readonly EnumValue[], { write }: Within): TypeRules {
  const later = values.filter(({ since }) => since > write).map(({ value, since }) => [value, String(since)] as const);
  return { oneOf: literal(values.map(({ value }) => value)), since: later.length === 0 ? undefined : objectText(Object.fromEntries(later)) };
}

function elementRules(type: FieldType, scope: Scope, within: Within): string | undefined {
  const text = objectText(typeRules(type, scope, within));
  return text === "{}" ? undefined : text;
}

/** The constant that holds the rules of a named record: `addressRules`. */
export function rulesConstant(name: string): string {
  return `${name.slice(0, 1).toLowerCase()}${name.slice(1)}Rules`;
}

function encryptedText(encrypted: Encrypted | null): string | undefined {
  if (!encrypted) return undefined;
  if (!encrypted.lookup) return "{}";
  return objectText({ lookup: "true", normalize: encrypted.normalize === null ? undefined : stringLiteral(encrypted.normalize) });
}

/** The table of an enum's values, as the codec reads it. */
export function enumTable(type: Extract<FieldType, { readonly kind: "enum" }>): string {
  const replaced = type.replaced.map(({ from, to }) => `${memberName(from)}: ${stringLiteral(to)}`);
  return objectText({
    values: `[${type.values.map(({ value }) => stringLiteral(value)).join(", ")}]`,
    replaced: replaced.length === 0 ? undefined : `{ ${replaced.join(", ")} }`,
    open: type.open ? "true" : undefined,
  });
}

/** `"eu" | "us"`. */
export function unionText(values: readonly EnumValue[]): string {
  return values.map(({ value }) => stringLiteral(value)).join(" | ");
}
