// `vectors/<type>.<version>.json`: rows as a release of that version may leave them, one a line, which every later release must still read.
// They are made of the model alone, when the version is first met, and stay as they are from then on. Constraints are asked of what is given
// and never of a row, so they are not kept here either. What is in a secret only its key opens: it stands here as an envelope.

import { allFields, type Field, type FieldType, findResource, findTask, findType, type Model, type Resource, type Task } from "../model.js";
import { fileName } from "../naming.js";
import { mayBeNull, resolve } from "./field-text.js";

export interface VectorFile {
  readonly path: string;
  readonly text: string;
}

/** The rows of a resource, or of the runs of a task: all that is set, all that may be absent, then each value not met yet. */
export function vectorFiles(model: Model, of: Resource | Task): readonly VectorFile[] {
  const type = of.kind === "task" ? of.qualifiedKey : of.key;
  const parts = of.kind === "task" ? { args: of.args, fields: of.fields } : { fields: allFields(model, of) };
  const rows = Object.entries(parts).flatMap(([part, fields]) => {
    const scope: Scope = { model, entered: [], budget: { left: samplesMax } };
    return fields.length === 0 ? [] : [{ part, records: recordSamples(fields, scope) }];
  });
  const count = Math.max(0, ...rows.map(({ records }) => records.length));
  if (count === 0 || rows.some(({ records }) => records.length === 0)) return [];
  const line = (at: number): string => {
    const members = rows.map(({ part, records }) => `"${part}":${JSON.stringify({ __v: of.version, ...(records[at] ?? records[0]) })}`);
    return `{${members.join(",")}}`;
  };
  const lines = [...new Set(Array.from({ length: count }, (_, at) => line(at)))];
  const name = type.split(".").map(fileName).join(".");
  return [{ path: `vectors/${name}.${of.version}.json`, text: `[\n${lines.join(",\n")}\n]\n` }];
}

type Wire = null | boolean | number | string | readonly Wire[] | WireRecord;
interface WireRecord {
  readonly [key: string]: Wire;
}

interface Scope {
  readonly model: Model;
  /** Named types on the way here: none is entered twice. */
  readonly entered: readonly string[];
  /** Named types that hold each other many times over have more values than anybody would read: such a type has no rows here. */
  readonly budget: { left: number };
}

const samplesMax = 2_000;

/** Every member set; none that may be absent; then, one after the other, what the members have not shown yet. None where one cannot be set. */
function recordSamples(fields: readonly Field[], scope: Scope): readonly WireRecord[] {
  const members = fields
    .map((field) => ({ key: field.key, least: leastOf(field, scope.model), samples: samplesOf(field, scope) }))
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  if (members.some(({ least, samples }) => least === "a value" && samples.length === 0)) return [];
  const count = Math.max(1, ...members.map(({ samples }) => samples.length));
  const record = (at: number | "least"): WireRecord =>
    Object.fromEntries(
      members.flatMap(({ key, least, samples }) => {
        const sample = at === "least" ? undefined : samples[at];
        const value = sample ?? (least === "a value" ? samples[0] : least);
        return value === undefined ? [] : [[key, value] as const];
      }),
    );
  return [record(0), record("least"), ...Array.from({ length: count - 1 }, (_, at) => record(at + 1))];
}

/** What a release writes of a field where it may leave it: a value, an empty container, or nothing. */
function leastOf(field: Field, model: Model): "a value" | Wire | undefined {
  if (mayBeNull(field, model)) return undefined;
  return field.encrypted === null ? (empty[resolve(field.type, model).kind] ?? "a value") : "a value";
}

const empty: { readonly [kind in FieldType["kind"]]?: Wire } = { list: [], set: { Set: [] }, dict: { Dict: {} }, map: { Map: [] } };

function samplesOf(field: Field, scope: Scope): readonly Wire[] {
  return field.encrypted === null ? typeSamples(field.type, scope) : [{ Vault: [0, "sealed"] }];
}

/** Values of a type as they are stored, an ordinary one first. */
function typeSamples(type: FieldType, scope: Scope): readonly Wire[] {
  const { model, entered, budget } = scope;
  budget.left -= 1;
  if (budget.left < 0) return [];
  const inside = (inner: FieldType): readonly Wire[] => typeSamples(inner, scope);
  switch (type.kind) {
    case "enum":
      return [...type.values.map(({ value }) => value), ...(type.open ? [unheardOf(type)] : [])];
    case "list":
      return [inside(type.of)];
    case "set":
      return [{ Set: byText(inside(type.of), JSON.stringify) }];
    case "dict":
      return [{ Dict: Object.fromEntries(byText(inside(type.of).map((value, at) => [`Key ${at}`, value] as const), ([key]) => key)) }];
    case "map": {
      const values = inside(type.of);
      const pairs = values.length === 0 ? [] : inside(type.keys).map((key, at) => [key, values[at % values.length] ?? null] as const);
      return [{ Map: byText(pairs, ([key]) => JSON.stringify(key)) }];
    }
    case "record":
      return recordSamples(type.fields, scope);
    case "named": {
      const is = findType(model, type.name)?.is;
      if (is === undefined || entered.includes(type.name)) return [];
      const within = { ...scope, entered: [...entered, type.name] };
      return is.kind === "record" ? recordSamples(is.fields, within) : typeSamples(is.field.type, within);
    }
    case "resource": {
      const family = [type.name, ...(findResource(model, type.name)?.subtypes ?? [])];
      return family.map((name) => ({ Resource: [findResource(model, name)?.key ?? name, id] }));
    }
    case "task":
      return [{ Task: [findTask(model, type.name)?.qualifiedKey ?? type.name, id] }];
    case "float":
      return [...scalars.float, ...(type.special ? ["NaN", "Infinity", "-Infinity"].map((text) => ({ Num: text })) : [])];
    default:
      return scalars[type.kind];
  }
}

/** A value that an open enum has not, and that no other reads as. */
function unheardOf({ values, replaced }: Extract<FieldType, { readonly kind: "enum" }>): string {
  const taken = [...values.map(({ value }) => value), ...replaced.map(({ from }) => from)];
  let value = "another";
  while (taken.includes(value)) value += "_";
  return value;
}

/** In the order of their texts, none twice. */
function byText<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  const texts = new Map(items.map((item) => [textOf(item), item]));
  return [...texts].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, item]) => item);
}

const id = "0190b1a5-7a3e-7cc0-8000-000000000001";

type Scalar = Exclude<FieldType["kind"], "enum" | "list" | "set" | "dict" | "map" | "record" | "named" | "resource" | "task">;

const scalars: { readonly [Kind in Scalar]: readonly Wire[] } = {
  string: ["text", '"Zo\u00eb" \\ \u{1f600}', ""],
  int: [1, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  float: [0.5, -Number.MAX_VALUE, Number.MIN_VALUE],
  bigint: [{ Int: "1" }, { Int: "-18446744073709551616" }],
  decimal: [{ Dec: "12.50" }, { Dec: "-0.001" }],
  bool: [true, false],
  uuid: [id],
  url: ["https://example.org/?q=%20#a"],
  json: [{ Json: { Time: [null, { a: 1 }] } }, { Json: [] }],
  date: [{ Date: "2028-02-29" }, { Date: "0001-01-01" }, { Date: "9999-12-31" }],
  time: [{ Time: "2027-01-31T12:00:00.250Z" }, { Time: "0001-01-01T00:00:00.000Z" }, { Time: "9999-12-31T23:59:59.999Z" }],
  duration: [{ Dur: "PT5400S" }, { Dur: "PT0S" }, { Dur: "PT0.25S" }],
  bytes: [{ Bytes: "_-8" }, { Bytes: "" }],
};
