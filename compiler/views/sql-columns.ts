// How SQL reads what a resource's rows hold: the fixed columns, and the fields in `json_attrs` by their stored keys. An index, a filter, a
// sort and a view use one expression, of the value as it is read: a replaced value is the new one, an absent value its default. So they
// never disagree, and a query on a view finds the index.

import { fieldTypeRow, stored, type SqlReading } from "../field-types.js";
import { allFields, findType, type Field, type FieldType, type Model, type Resource } from "../model.js";
import { sqlString } from "../naming.js";
import { resolve } from "./field-text.js";

/** What `unique`, `indexes`, filters and sorts may name besides fields, and the column behind it. */
const fixedColumns: ReadonlyMap<string, string> = new Map([
  ["parent", "parent_id"],
  ["state", "state"],
  ["created_at", "created_at"],
]);

export interface IndexColumn {
  /** The name by which plans and indexes know it: the field's stored key. */
  readonly key: string;
  /** A column, or an immutable expression that sorts as the values do. */
  readonly sql: string;
  readonly isExpression: boolean;
}

/** What an index, a filter or a sort reads for a field of a resource, or for `parent`, `state`, `created_at`; null where there is no such thing. */
export function indexColumn(model: Model, resource: Resource, name: string): IndexColumn | null {
  const column = fixedColumns.get(name);
  if (column !== undefined) return { key: name, sql: column, isExpression: false };
  const field = allFields(model, resource).find((candidate) => candidate.name === name);
  if (field === undefined) return null;
  if (field.encrypted) return field.encrypted.lookup ? { key: field.key, sql: blindIndexText(field), isExpression: true } : null;
  const type = resolve(field.type, model);
  const reading = fieldTypeRow(type).index;
  return reading === null ? null : { key: field.key, sql: asRead(field, type, reading), isExpression: true };
}

/** The blind index of a secret, one value a live index key: `{"3": "…"}`. What asks for equality asks for one of its values. */
export function blindIndex(field: Field): string {
  return `json_attrs -> '__idx' -> '${field.key}' -> 'Dict'`;
}

/** The same as text, equal for equal secrets while exactly one index key is live. */
function blindIndexText(field: Field): string {
  return `(json_attrs -> '__idx' -> '${field.key}' ->> 'Dict') collate "C"`;
}

/** How a view shows a field. It never fails on a row of another shape, and never shows what is encrypted. */
export function viewColumn(model: Model, resource: Resource, field: Field): string {
  const value = stored("json_attrs", field.key);
  if (field.encrypted) return `case when ${value.text} is not null then '[secret]' end`;
  const type = resolve(field.type, model);
  const row = fieldTypeRow(type);
  const shown = asRead(field, type, row.column);
  // A version may have switched `encrypted` off: until the back-fill is done, rows of an older shape hold a secret here, or in here.
  const wasSecret = field.since < resource.version && !isIndexed(model, resource, field);
  if (row.column.type === "jsonb") return holdsSecrets(type, model, wasSecret) || (wasSecret && row.tag === null) ? maskSecrets(shown) : shown;
  return wasSecret && (row.tag === null || field.default !== undefined) ? `case when ${value.tagged("Vault")} is null then ${shown} end` : shown;
}

function asRead(field: Field, type: FieldType, reading: SqlReading): string {
  const value = stored("json_attrs", field.key);
  let sql = reading.read(value);
  if (type.kind === "enum" && type.replaced.length > 0) {
    const replaced = type.replaced.map(({ from, to }) => `when ${sqlString(from)} then ${sqlString(to)}`).join(" ");
    sql = `case ${value.text} ${replaced} else ${sql} end`;
  }
  const absent = field.default === undefined ? reading.absent : reading.literal(field.default);
  return absent === null ? sql : `coalesce(${sql}, ${absent})`;
}

/** A field in an index was read by it on every row, so no row holds it encrypted (the index goes before `encrypted` is switched). */
function isIndexed(model: Model, resource: Resource, field: Field): boolean {
  const family = model.resources.filter((other) => other.root === resource.root);
  return family.some((member) => [...member.unique, ...member.indexes].some((index) => index.columns.includes(field.name)));
}

/** jsonb is written one way only, and a quote inside a text is `\\"`, so no text of a user is taken for a secret. */
function maskSecrets(json: string): string {
  return `regexp_replace((${json})::text, '\\{"Vault": \\[[0-9]+, "[A-Za-z0-9_=-]*"\\]\\}', '"[secret]"', 'g')::jsonb`;
}

/** Whether there is a secret somewhere in a value; with `changed`, also where a record in it may have had one once. A named type never changes so. */
function holdsSecrets(type: FieldType, model: Model, changed: boolean, entered: Set<string> = new Set()): boolean {
  const inField = (field: Field): boolean => field.encrypted !== null || holdsSecrets(field.type, model, changed, entered);
  switch (type.kind) {
    case "list":
    case "set":
    case "dict":
    case "map":
      return holdsSecrets(type.of, model, changed, entered);
    case "record":
      return changed || type.fields.some(inField);
    case "named": {
      const named = findType(model, type.name);
      if (named === undefined || entered.has(type.name)) return false;
      // Once is enough: types that hold each other many times over would take for ever.
      entered.add(type.name);
      const fields = named.is.kind === "record" ? named.is.fields : [named.is.field];
      return fields.some((field) => field.encrypted !== null || holdsSecrets(field.type, model, false, entered));
    }
    default:
      return false;
  }
}
