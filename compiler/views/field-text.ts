// A field as TypeScript: the text of its type, and of the expressions that read and write its stored form.

import type { Imports } from "../imports.js";
import type { Encrypted, EnumValue, Field, FieldType, Model } from "../model.js";
import { findResource, findTask, findType } from "../model.js";
import { camelCase, className, commentText, fileName, pascalCase, stringLiteral } from "../naming.js";
import type { SpecValue } from "../document.js";
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
  const kind = resolve(field.type, scope.model).kind;
  let text = inner;
  if (field.encrypted) text = `${inner} | ${scope.imports.type(codec, "Secret")}<${inner}>`;
  else if (field.type.kind === "resource") text = `${resourceClass(field.type.name, scope)} | ${inner}`;
  else if (field.type.kind === "task") text = `${taskClass(field.type.name, scope)} | ${inner}`;
  else if (kind === "resource" || kind === "task") text = inner;
  return mayBeNull(field, scope.model) && text !== "unknown" ? `${text} | null` : text;
}

/** What a setter hands on: `toSecret(value)`. */
export function setterValue(field: Field, scope: Scope): string {
  if (field.encrypted) return `${scope.imports.value(codec, "toSecret")}(value)`;
  if (field.type.kind === "resource") return `${scope.imports.value(codec, "toRef")}(value)`;
  if (field.type.kind === "task") return `${scope.imports.value(codec, "toTaskRef")}(value)`;
  return "value";
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

/** The member of a decoder's literal: `name: required(record, "name", readString, at)`. */
export function readMember(field: Field, name: string, scope: Scope, defaults: string | null): string {
  const { imports, model } = scope;
  const read = field.encrypted
    ? `(value, at) => ${imports.value(codec, "readSecret")}(value, ${readFunction(field.type, name, scope, 1)}, at)`
    : readFunction(field.type, name, scope, 0);
  const key = stringLiteral(field.key);
  if (isContainer(field, model)) {
    return `${imports.value(codec, "defaulted")}(record, ${key}, ${read}, at, ${emptyContainer(resolve(field.type, model).kind, imports)})`;
  }
  if (field.default !== undefined) {
    const value = defaults === null ? defaultText(field, scope) : `${defaults}.${camelCase(field.name)}`;
    return `${imports.value(codec, "defaulted")}(record, ${key}, ${read}, at, ${value})`;
  }
  return `${imports.value(codec, field.required ? "required" : "optional")}(record, ${key}, ${read}, at)`;
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

export function readFunction(type: FieldType, name: string, scope: Scope, depth: number): string {
  const { imports } = scope;
  const value = level(depth);
  if (isScalar(type.kind)) return imports.value(codec, `read${scalarCodec(type)}`);
  switch (type.kind) {
    case "enum":
      return `(${value}, at) => ${imports.value(codec, "readEnum")}(${value}, ${imports.value(scope.home, enumConstant(name))}, at)`;
    case "record":
      return imports.value(scope.home, `read${name}`);
    case "list":
    case "set":
    case "dict": {
      const item = readFunction(type.of, name, scope, depth + 1);
      return `(${value}, at) => ${imports.value(codec, `read${pascalCase(type.kind)}`)}(${value}, ${item}, at)`;
    }
    case "map": {
      const keys = readFunction(type.keys, `${name}Key`, scope, depth + 1);
      const item = readFunction(type.of, name, scope, depth + 1);
      return `(${value}, at) => ${imports.value(codec, "readMap")}(${value}, ${keys}, ${item}, at)`;
    }
    case "named":
      return imports.value("./types", `read${pascalCase(type.name)}`);
    case "resource": {
      const key = stringLiteral(findResource(scope.model, type.name)?.key ?? type.name);
      return `(${value}, at) => ${imports.value(codec, "readRef")}<${resourceClass(type.name, scope)}>(${value}, ${key}, at)`;
    }
    case "task": {
      const key = stringLiteral(findTask(scope.model, type.name)?.qualifiedKey ?? type.name);
      return `(${value}, at) => ${imports.value(codec, "readTaskRef")}<${taskClass(type.name, scope)}>(${value}, ${key}, at)`;
    }
  }
}

/** The member of an encoder's literal: `writeString(fields.name, at)`. */
export function writeMember(field: Field, name: string, scope: Scope): string {
  const { imports, model } = scope;
  const value = `fields.${camelCase(field.name)}`;
  const write = field.encrypted
    ? `(value, at) => ${imports.value(codec, "writeSecret")}(value, ${writeFunction(field.type, name, scope, 1)}, at)`
    : writeFunction(field.type, name, scope, 0);
  if (mayBeNull(field, model)) return `${imports.value(codec, "writeOptional")}(${value}, ${write}, at)`;
  if (field.encrypted) return `${imports.value(codec, "writeSecret")}(${value}, ${writeFunction(field.type, name, scope, 0)}, at)`;
  return writeCall(field.type, name, value, scope);
}

function writeCall(type: FieldType, name: string, value: string, scope: Scope): string {
  const { imports } = scope;
  if (type.kind === "list" || type.kind === "set" || type.kind === "dict") {
    return `${imports.value(codec, `write${pascalCase(type.kind)}`)}(${value}, ${writeFunction(type.of, name, scope, 0)}, at)`;
  }
  if (type.kind === "map") {
    const keys = writeFunction(type.keys, `${name}Key`, scope, 0);
    return `${imports.value(codec, "writeMap")}(${value}, ${keys}, ${writeFunction(type.of, name, scope, 0)}, at)`;
  }
  return `${writeFunction(type, name, scope, 0)}(${value}, at)`;
}

export function writeFunction(type: FieldType, name: string, scope: Scope, depth: number): string {
  const { imports } = scope;
  const value = level(depth);
  if (isScalar(type.kind)) return imports.value(codec, `write${scalarCodec(type)}`);
  switch (type.kind) {
    case "enum":
      return imports.value(codec, "writeEnum");
    case "record":
      return imports.value(scope.home, `write${name}`);
    case "named":
      return imports.value("./types", `write${pascalCase(type.name)}`);
    case "resource":
      return imports.value(codec, "writeRef");
    case "task":
      return imports.value(codec, "writeTaskRef");
    case "list":
    case "set":
    case "dict": {
      const item = writeFunction(type.of, name, scope, depth + 1);
      return `(${value}, at) => ${imports.value(codec, `write${pascalCase(type.kind)}`)}(${value}, ${item}, at)`;
    }
    case "map": {
      const keys = writeFunction(type.keys, `${name}Key`, scope, depth + 1);
      const item = writeFunction(type.of, name, scope, depth + 1);
      return `(${value}, at) => ${imports.value(codec, "writeMap")}(${value}, ${keys}, ${item}, at)`;
    }
  }
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
    const own = camelCase(`${member}_${field.name}`.replace(/^_/, ""));
    const name = nestedName(model, prefix, field.name);
    const inner = recordIn(field.type);
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
    case "bigint":
      return `${String(value)}n`;
    case "decimal":
      return `${scope.imports.value(codec, "decimal")}(${literal(value)})`;
    case "time":
      return `new ${scope.imports.global("Date")}(${literal(value)})`;
    default:
      return literal(value);
  }
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
  if (deprecated) lines.push(...commentText(["@deprecated", deprecatedText(deprecated)].join(" ")));
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

/** The rules that hold when values are given, as one line of data; undefined where there are none. */
export function rulesText(field: Field, model: Model): string | undefined {
  const type = resolve(field.type, model);
  const bounds: { [name: string]: string | undefined } = {};
  for (const bound of ["min", "max", "pattern", "scale"] as const) {
    const value = bound in type ? (type as { readonly [name: string]: unknown })[bound] : null;
    if (typeof value === "string" || typeof value === "number") bounds[bound] = literal(value);
  }
  const element = "of" in type ? ruleOfElement(type.of, model) : undefined;
  const text = objectText({
    required: field.required ? "true" : undefined,
    immutable: field.immutable ? "true" : undefined,
    ...bounds,
    of: element,
    check: field.check ? "true" : undefined,
    encrypted: encryptedText(field.encrypted),
  });
  // TypeScript takes a member that every object inherits for one of another type, unless it is said.
  return text === "{}" && !isInherited(camelCase(field.name)) ? undefined : text;
}

/** Whether every object of JavaScript has a member of that name. */
export function isInherited(member: string): boolean {
  return member in Object.prototype;
}

function ruleOfElement(type: FieldType, model: Model): string | undefined {
  const resolved = resolve(type, model);
  const bounds: { [name: string]: string | undefined } = {};
  for (const bound of ["min", "max", "pattern", "scale"] as const) {
    const value = bound in resolved ? (resolved as { readonly [name: string]: unknown })[bound] : null;
    if (typeof value === "string" || typeof value === "number") bounds[bound] = literal(value);
  }
  const text = objectText({ ...bounds, of: "of" in resolved ? ruleOfElement(resolved.of, model) : undefined });
  return text === "{}" ? undefined : text;
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
