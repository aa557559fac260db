// What there is to know of each field type, one row a type: how a stored value is read in SQL, what its decorated JSON looks like, and which
// changes leave stored values readable.

import type { SpecRecord, SpecValue } from "./document.js";
import type { Field, FieldType, Resource, Task } from "./model.js";
import { sqlString } from "./naming.js";
import { forms, parseDuration } from "./scalars.js";

export type FieldKind = FieldType["kind"];

/** A JSON Schema (2020-12, as OpenAPI 3.1 takes it). */
export type JsonSchema = SpecRecord;

/** One row. `schema` is a method, so that the row of any type can be asked with that type. */
export interface FieldTypeRow<T extends FieldType = FieldType> {
  /** The tag that its decorated JSON carries; null: it is plain JSON. */
  readonly tag: string | null;
  /** Its values are primitives in TypeScript, so they may be keys of a map and elements of a set. `named` says what it stands for. */
  readonly primitive: boolean;
  /** Types that a field of this one may become in place: the stored form is the same, so old values read, and the index stays as it is. */
  readonly widensTo: readonly FieldKind[];
  /** How an index reads it: immutable, and sorted as the values are. Null: it has no order, and stands in no index, filter or sort. */
  readonly index: SqlReading | null;
  /** How a view shows it. */
  readonly column: SqlReading;
  /** The decorated JSON of a value. */
  schema(type: T, scope: SchemaScope): JsonSchema;
}

export interface SqlReading {
  /** The type of the expression, in SQL. */
  readonly type: string;
  readonly read: (stored: Stored) => string;
  /** A default of the spec, of the same SQL type. */
  readonly literal: (value: SpecValue) => string;
  /** What an absent value reads as where there is no default; null: null. */
  readonly absent: string | null;
}

/** A stored value as SQL expressions. `->` binds looser than `::` and `collate`, so these stand in brackets where those follow. */
export interface Stored {
  /** As jsonb. */
  readonly json: string;
  /** As text; objects and arrays as their JSON. */
  readonly text: string;
  /** What its tag holds, as jsonb. Null where it is tagged otherwise or not at all. */
  readonly tagged: (tag: string) => string;
  /** The same as text. */
  readonly taggedText: (tag: string) => string;
}

/** A member of a jsonb expression. Keys are `[a-z_][a-z0-9_]*`, so quotes suffice. */
export function stored(record: string, key: string): Stored {
  return {
    json: `${record} -> '${key}'`,
    text: `${record} ->> '${key}'`,
    tagged: (tag) => `${record} -> '${key}' -> '${tag}'`,
    taggedText: (tag) => `${record} -> '${key}' ->> '${tag}'`,
  };
}

/** What a schema must know of the rest of the specs. */
export interface SchemaScope {
  readonly typeOf: (type: FieldType) => JsonSchema;
  readonly fieldOf: (field: Field) => JsonSchema;
  readonly named: (name: string) => JsonSchema;
  /** The stored keys of a resource and those that extend it. */
  readonly resourceKeys: (name: Resource["name"]) => readonly string[];
  readonly taskKeys: (name: Task["qualifiedName"]) => readonly string[];
}

const text = (value: SpecValue): string => sqlString(String(value));

/** Byte order, which is the order of code points in UTF-8, whatever the database's locale is, and stays so when the operating system changes its mind. */
const asText: SqlReading = { type: "text", read: (value) => `(${value.text}) collate "C"`, literal: text, absent: null };

/** `int` and `float` are read alike, `NaN` and the infinities too, so that neither widening nor `special` leaves an index that refuses a value. */
const asNumber: SqlReading = {
  type: "numeric",
  read: (value) => `coalesce(${value.taggedText("Num")}, ${value.text})::numeric`,
  literal: (value) => (Number.isFinite(value) ? String(value) : `'${String(value)}'::numeric`),
  absent: null,
};

const taggedNumber = (tag: string): SqlReading => ({
  type: "numeric",
  read: (value) => `(${value.taggedText(tag)})::numeric`,
  literal: String,
  absent: null,
});

/** ISO texts sort as the moments do. A cast to `timestamptz` depends on the session's settings, so no index could hold it. */
const taggedText = (tag: string, literal: SqlReading["literal"]): SqlReading => ({
  type: "text",
  read: (value) => `(${value.taggedText(tag)}) collate "C"`,
  literal,
  absent: null,
});

const shown = (type: string, tag: string, literal: (value: SpecValue) => string): SqlReading => ({
  type,
  read: (value) => `(${value.taggedText(tag)})::${type}`,
  literal: (value) => `${literal(value)}::${type}`,
  absent: null,
});

const asJson = (read: SqlReading["read"], absent: string | null): SqlReading => ({
  type: "jsonb",
  read,
  literal: (value) => `${sqlString(JSON.stringify(value))}::jsonb`,
  absent: absent === null ? null : `'${absent}'::jsonb`,
});

/** `["database", uuid]`: the id alone, for its type is the field's. */
const asReference = (tag: string): SqlReading => ({
  type: "uuid",
  read: (value) => `(${value.tagged(tag)} ->> 1)::uuid`,
  literal: text,
  absent: null,
});

/** base64url does not sort as its bytes do, and Postgres decodes only base64 with its padding. */
const asBytes: SqlReading = {
  type: "bytea",
  read: (value) => {
    const payload = value.taggedText("Bytes");
    return `decode(rpad(translate(${payload}, '-_', '+/'), (length(${payload}) + 3) / 4 * 4, '='), 'base64')`;
  },
  literal: text,
  absent: null,
};

const asBoolean: SqlReading = { type: "boolean", read: (value) => `(${value.text})::boolean`, literal: String, absent: null };

/** Seconds, exactly: `PT5400S` → 5400. */
const asSeconds: SqlReading = {
  type: "numeric",
  read: (value) => `btrim(${value.taggedText("Dur")}, 'PTS')::numeric`,
  literal: (value) => secondsText(value),
  absent: null,
};

export const fieldTypes: { readonly [K in FieldKind]: FieldTypeRow<Extract<FieldType, { readonly kind: K }>> } = {
  string: {
    tag: null,
    primitive: true,
    widensTo: [],
    index: asText,
    column: asText,
    schema: ({ min, max, pattern }) => ({ type: "string", ...present({ minLength: min, maxLength: max, pattern }) }),
  },
  int: {
    tag: null,
    primitive: true,
    widensTo: ["float"],
    index: asNumber,
    column: asNumber,
    schema: ({ min, max }) => ({ type: "integer", minimum: min ?? Number.MIN_SAFE_INTEGER, maximum: max ?? Number.MAX_SAFE_INTEGER }),
  },
  float: {
    tag: null,
    primitive: true,
    widensTo: [],
    index: asNumber,
    column: asNumber,
    schema: ({ min, max, special }) => {
      const finite = { type: "number", ...present({ minimum: min, maximum: max }) };
      return special ? { anyOf: [finite, tagged("Num", { enum: ["NaN", "Infinity", "-Infinity"] })] } : finite;
    },
  },
  bigint: {
    tag: "Int",
    primitive: true,
    widensTo: [],
    index: taggedNumber("Int"),
    column: taggedNumber("Int"),
    schema: () => tagged("Int", { type: "string", pattern: forms.wholeText.pattern }),
  },
  decimal: {
    tag: "Dec",
    primitive: true,
    widensTo: [],
    index: taggedNumber("Dec"),
    column: taggedNumber("Dec"),
    schema: () => tagged("Dec", { type: "string", pattern: forms.decimalText.pattern }),
  },
  bool: { tag: null, primitive: true, widensTo: [], index: asBoolean, column: asBoolean, schema: () => ({ type: "boolean" }) },
  // Shown as text, not as `uuid`: after it was widened to `string` and released back, a cast would fail on what was stored meanwhile.
  uuid: {
    tag: null,
    primitive: true,
    widensTo: ["string"],
    index: asText,
    column: asText,
    schema: () => ({ type: "string", pattern: forms.uuid.pattern }),
  },
  url: { tag: null, primitive: true, widensTo: ["string"], index: asText, column: asText, schema: () => ({ type: "string", format: "uri" }) },
  json: {
    tag: "Json",
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.tagged("Json"), null),
    schema: () => tagged("Json", {}),
  },
  date: {
    tag: "Date",
    primitive: true,
    widensTo: [],
    index: taggedText("Date", text),
    column: shown("date", "Date", text),
    schema: () => tagged("Date", { type: "string", pattern: forms.date.pattern }),
  },
  time: {
    tag: "Time",
    primitive: false,
    widensTo: [],
    index: taggedText("Time", timeLiteral),
    column: shown("timestamptz", "Time", timeLiteral),
    schema: () => tagged("Time", { type: "string", pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$" }),
  },
  duration: {
    tag: "Dur",
    primitive: true,
    widensTo: [],
    index: asSeconds,
    column: shown("interval", "Dur", (value) => `'PT${secondsText(value)}S'`),
    schema: () => tagged("Dur", { type: "string", pattern: "^PT(?:0|[1-9][0-9]*)(?:\\.[0-9]{0,2}[1-9])?S$" }),
  },
  bytes: {
    tag: "Bytes",
    primitive: false,
    widensTo: [],
    index: asBytes,
    column: asBytes,
    schema: ({ min, max }) => tagged("Bytes", { type: "string", pattern: "^[A-Za-z0-9_-]*$", ...present({ minLength: digitsOf(min), maxLength: digitsOf(max) }) }),
  },
  enum: {
    tag: null,
    primitive: true,
    widensTo: ["string"],
    index: asText,
    column: asText,
    schema: ({ values, open, replaced }) =>
      open ? { type: "string", minLength: 1, maxLength: 63 } : { enum: [...values.map(({ value }) => value), ...replaced.map(({ from }) => from)] },
  },
  list: {
    tag: null,
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.json, "[]"),
    schema: ({ of, min, max }, scope) => ({ type: "array", items: scope.typeOf(of), ...present({ minItems: min, maxItems: max }) }),
  },
  set: {
    tag: "Set",
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.tagged("Set"), "[]"),
    schema: ({ of, min, max }, scope) => tagged("Set", { type: "array", items: scope.typeOf(of), uniqueItems: true, ...present({ minItems: min, maxItems: max }) }),
  },
  dict: {
    tag: "Dict",
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.tagged("Dict"), "{}"),
    schema: ({ of, min, max }, scope) => tagged("Dict", { type: "object", additionalProperties: scope.typeOf(of), ...present({ minProperties: min, maxProperties: max }) }),
  },
  map: {
    tag: "Map",
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.tagged("Map"), "[]"),
    schema: ({ keys, of, min, max }, scope) =>
      tagged("Map", {
        type: "array",
        items: { type: "array", prefixItems: [scope.typeOf(keys), scope.typeOf(of)], items: false, minItems: 2 },
        ...present({ minItems: min, maxItems: max }),
      }),
  },
  record: {
    tag: null,
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.json, null),
    schema: ({ fields }, scope) => recordSchema(fields, scope),
  },
  // A named record; what stands for a field is resolved before a row is asked for.
  named: {
    tag: null,
    primitive: false,
    widensTo: [],
    index: null,
    column: asJson((value) => value.json, null),
    schema: ({ name }, scope) => scope.named(name),
  },
  resource: {
    tag: "Resource",
    primitive: false,
    widensTo: [],
    index: asReference("Resource"),
    column: asReference("Resource"),
    schema: ({ name }, scope) => tagged("Resource", reference(scope.resourceKeys(name))),
  },
  task: {
    tag: "Task",
    primitive: false,
    widensTo: [],
    index: asReference("Task"),
    column: asReference("Task"),
    schema: ({ name }, scope) => tagged("Task", reference(scope.taskKeys(name))),
  },
};

/** The row of a type. */
export function fieldTypeRow(type: FieldType): FieldTypeRow {
  return fieldTypes[type.kind];
}

/** A secret on the wire: which key, and what only that key opens. */
export const secretSchema: JsonSchema = tagged("Vault", { type: "array", prefixItems: [{ type: "integer", minimum: 0 }, { type: ["string", "null"] }], items: false, minItems: 2 });

/** A record by its stored keys. What another release added may stand in it too. */
export function recordSchema(fields: readonly Field[], scope: SchemaScope): JsonSchema {
  const required = fields.filter((field) => field.required).map((field) => field.key);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.key, field.encrypted ? secretSchema : scope.fieldOf(field)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function tagged(tag: string, payload: JsonSchema): JsonSchema {
  return { type: "object", properties: { [tag]: payload }, required: [tag], additionalProperties: false };
}

/** `[key, uuid]`; the API adds the URL. */
function reference(keys: readonly string[]): JsonSchema {
  const [only, ...others] = keys;
  const type = others.length === 0 ? { const: only ?? null } : { enum: keys };
  return { type: "array", prefixItems: [type, { type: "string", pattern: forms.uuid.pattern }, { type: "string" }], items: false, minItems: 2 };
}

/** The members that are given. */
function present(members: Record<string, SpecValue>): SpecRecord {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

/** How many base64url digits that many bytes have. */
function digitsOf(bytes: number | null): number | null {
  return bytes === null ? null : Math.ceil((bytes * 4) / 3);
}

/** A time as it is stored: three digits of a second. */
function timeLiteral(value: SpecValue): string {
  return sqlString(new Date(String(value)).toISOString());
}

/** `1h30m` → `5400`; `250ms` → `0.25`. */
function secondsText(value: SpecValue): string {
  const ms = parseDuration(String(value)) ?? 0;
  const fraction = String(ms % 1000).padStart(3, "0").replace(/0+$/, "");
  return `${Math.floor(ms / 1000)}${fraction === "" ? "" : `.${fraction}`}`;
}
