// Values of any type that a spec can declare, as generated code gives and takes them: the smallest, the largest, the empty and the nasty
// among them. Constraints (`min`, `pattern` and the like) hold where values are given and are asked of no stored one, so these ignore them.

import fc, { type Arbitrary } from "fast-check";
import { type Field, type FieldType, findResource, findTask, findType, type Model } from "../../compiler/model.js";
import { camelCase } from "../../compiler/naming.js";
import { mayBeNull } from "../../compiler/views/field-text.js";
import { Ref, Secret, TaskRef, Unknown } from "../../runtime/codec/index.js";

/** Whose values they are. */
export interface Giver {
  readonly model: Model;
  /** The shape that it writes: a value of an enum that came later is not given yet. */
  readonly write: number;
}

/** The fields of a record by the names of their members. What may be null is so at times. */
export function fieldValues(fields: readonly Field[], giver: Giver): Arbitrary<object> {
  const made = recordValues(fields, { ...giver, entered: [] });
  if (made === null) throw new Error("A record that has to hold itself has no value.");
  return made;
}

/** How a value is told to somebody who knows less or more of its type. */
export interface Telling {
  /** Texts that have another name now. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** What is secret is told as what it is. */
  readonly opened?: boolean;
  /** The members of records that are told; all of them where this is absent. */
  readonly members?: ReadonlySet<string>;
}

/** A value as text, the same for equal values and for no others: what is secret revealed, what has no order sorted, what is null left out. */
export async function told(value: unknown, telling: Telling = {}): Promise<string> {
  const each = (values: Iterable<unknown>): Promise<readonly string[]> => Promise.all([...values].map((one) => told(one, telling)));
  if (typeof value === "string") return JSON.stringify(telling.renamed?.get(value) ?? value);
  if (typeof value === "bigint") return `${value}n`;
  // There is no -0.
  if (value === null || typeof value !== "object") return String(value ?? null);
  if (value instanceof Date) return `Date(${value.toISOString()})`;
  if (value instanceof Uint8Array) return `Bytes(${Buffer.from(value).toString("hex")})`;
  if (value instanceof Secret) {
    const plain = await told(await value.reveal("to compare"), telling);
    return telling.opened ? plain : `Secret(${plain})`;
  }
  if (value instanceof Ref || value instanceof TaskRef) return `${value.kind}(${value.type} ${value.id})`;
  if (value instanceof Unknown) return `Unknown(${JSON.stringify(value.json)})`;
  if (Array.isArray(value)) return `[${(await each(value)).join()}]`;
  if (value instanceof Set) return `Set(${[...new Set(await each(value))].sort().join()})`;
  if (value instanceof Map) return `Map(${(await each(value)).toSorted().join()})`;
  const members = Object.entries(value).filter(([name, member]) => member !== null && (telling.members?.has(name) ?? true));
  const texts = await Promise.all(members.map(async ([name, member]) => `${name}: ${await told(member, telling)}`));
  return `{${texts.toSorted().join()}}`;
}

interface Within extends Giver {
  /** Named types on the way here. */
  readonly entered: readonly string[];
}

/** So often may a named type stand in itself. */
const recursionMax = 2;

function recordValues(fields: readonly Field[], within: Within): Arbitrary<object> | null {
  const members: { [member: string]: Arbitrary<unknown> } = {};
  for (const field of fields) {
    const isOptional = mayBeNull(field, within.model);
    const value = valuesOf(field.type, within);
    if (value === null && !isOptional) return null;
    const given = value === null || field.encrypted === null ? value : value.map((plain) => Secret.of(plain));
    members[camelCase(field.name)] = given === null ? fc.constant(null) : isOptional ? fc.option(given, { freq: 4 }) : given;
  }
  return fc.record(members, { noNullPrototype: true });
}

/** Null where a value would hold itself without end. */
function valuesOf(type: FieldType, within: Within): Arbitrary<unknown> | null {
  const { model, write, entered } = within;
  switch (type.kind) {
    case "list": {
      const item = valuesOf(type.of, within);
      return item === null ? fc.constant([]) : fc.array(item, { maxLength: 4 });
    }
    case "set": {
      const item = valuesOf(type.of, within);
      return item === null ? fc.constant(new Set()) : fc.uniqueArray(item, { maxLength: 4, selector: String }).map((items) => new Set(items));
    }
    case "dict": {
      const item = valuesOf(type.of, within);
      return item === null ? fc.constant(new Map()) : mapOf(texts, item);
    }
    case "map": {
      const [key, item] = [valuesOf(type.keys, within), valuesOf(type.of, within)];
      return key === null || item === null ? fc.constant(new Map()) : mapOf(key, item);
    }
    case "record":
      return recordValues(type.fields, within);
    case "named": {
      if (entered.filter((name) => name === type.name).length === recursionMax) return null;
      const inner: Within = { ...within, entered: [...entered, type.name] };
      const is = findType(model, type.name)?.is;
      if (is === undefined) throw new Error(`There is no type ${type.name}.`);
      return is.kind === "record" ? recordValues(is.fields, inner) : valuesOf(is.field.type, inner);
    }
    case "enum": {
      const values = type.values.filter(({ since }) => since <= write).map(({ value }) => value);
      // A text that was replaced reads as the new one, so that it is no value.
      const others = texts.filter((text) => text !== "" && text.length <= 63 && type.replaced.every(({ from }) => from !== text));
      return type.open ? fc.oneof(fc.constantFrom(...values), others) : fc.constantFrom(...values);
    }
    case "resource": {
      const resource = findResource(model, type.name);
      const family = [type.name, ...(resource?.subtypes ?? [])].map((name) => findResource(model, name)?.key ?? name);
      return fc.tuple(fc.constantFrom(...family), fc.uuid()).map(([key, id]) => new Ref(key, id, notLoaded));
    }
    case "task": {
      const key = findTask(model, type.name)?.qualifiedKey ?? type.name;
      return fc.uuid().map((id) => new TaskRef(key, id, notLoaded));
    }
    case "float":
      return type.special ? fc.oneof(floats, fc.constantFrom(NaN, Infinity, -Infinity)) : floats;
    default:
      return scalars[type.kind];
  }
}

function mapOf(keys: Arbitrary<unknown>, items: Arbitrary<unknown>): Arbitrary<ReadonlyMap<unknown, unknown>> {
  const pairs = fc.uniqueArray(fc.tuple(keys, items), { maxLength: 4, selector: ([key]) => String(key) });
  return pairs.map((entries) => new Map(entries));
}

const notLoaded = (): Promise<never> => Promise.reject(new Error("Nothing is loaded here."));

// Keys of objects that JavaScript treats in its own way, escapes, both ends of Unicode, and text that looks like what it is not.
const texts = fc.oneof(
  fc.constantFrom(
    "", " ", "10", "2", "__proto__", "constructor", "toJSON", "__v", "null", '"', "\\", '{"Time":"x"}', "\u0001", "\u007f", "\ud7ff", "\ue000", "\uffff",
    "\u{10ffff}", "e\u0301", "\u2028", "'; drop table x; --", "a".repeat(63),
  ),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);

const floats = fc.oneof(
  fc.constantFrom(0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e21, 1e-7, 0.1 + 0.2, 2 ** 53),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const times = fc.oneof(
  fc.constantFrom("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000Z", "2028-02-29T12:00:00.250Z").map((text) => new Date(text)),
  fc.date({ min: new Date("0001-01-01T00:00:00.000Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
);

const decimals = fc.oneof(
  fc.constantFrom("0", "0.00", "-0.01", "12.50", "9".repeat(1_024), `-${"9".repeat(512)}.${"9".repeat(512)}`),
  fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 })).map(
    ([whole, fraction]) => `${whole}.${fraction.join("")}`,
  ),
);

const jsonValues = fc.oneof(
  fc.constantFrom(null, JSON.parse('{"__proto__":{"x":1},"10":1,"2":2,"constructor":[]}'), { Time: "x" }, [[], {}], { Vault: [1, "x"] }),
  fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" }),
);

type Scalar = Exclude<FieldType["kind"], "list" | "set" | "dict" | "map" | "record" | "named" | "enum" | "resource" | "task" | "float">;

const scalars: { readonly [Kind in Scalar]: Arbitrary<unknown> } = {
  string: texts,
  int: fc.oneof(fc.constantFrom(0, -0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER), fc.maxSafeInteger()),
  bigint: fc.oneof(fc.constantFrom(0n, 2n ** 63n, -(10n ** 1_023n), 10n ** 1_024n - 1n), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })),
  decimal: decimals,
  bool: fc.boolean(),
  uuid: fc.oneof(fc.constantFrom("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"), fc.uuid()),
  url: fc.oneof(fc.constantFrom("a:b", "https://example.org", "postgres://u:p@h:5432/d?x=%20#y", "urn:isbn:0451450523"), fc.webUrl()),
  json: jsonValues,
  date: times.map((time) => time.toISOString().slice(0, 10)),
  time: times,
  duration: fc.oneof(fc.constantFrom(0, 1, 250, 5_400_000, Number.MAX_SAFE_INTEGER), fc.nat()),
  bytes: fc.uint8Array({ maxLength: 6 }),
};
