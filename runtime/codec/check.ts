// What is asked of values when a person or a program gives them: at creation, save, start and transition. Never asked of what is read, so that
// a rule that is tightened strands nothing. Everything that is wrong is said at once.

import { type CodecRefusal, DecodeError, describe, EncodeError } from "./error.js";
import type { FieldRules, RecordRules } from "./given.js";
import { canonicalText } from "./json.js";
import { profiles } from "./profile.js";
import { detached, type Vault, type Writing } from "./reading.js";
import { Secret, valueGiven } from "./secret.js";
import { blankOf, type StoredType } from "./stored.js";

/** Hand-written predicates: of the record's own fields, and by the name of their type those of named types. */
export interface Predicates {
  readonly own?: object;
  readonly types?: { readonly [type: string]: object };
}

export interface GivenValues {
  readonly type: StoredType;
  /** Values by member. What is not given is not looked at, unless the record is new. */
  readonly given: object;
  /** What the record holds already; null where it is new. */
  readonly before: object | null;
  readonly predicates?: Predicates;
}

/**
 * All that is wrong with values, by field in the order of the spec; empty where nothing is. The first step of a pointer is a stored key, those
 * after it are as a program sees the value.
 */
export function refusalsOf({ type, given, before, predicates = {} }: GivenValues): readonly CodecRefusal[] {
  const blank = blankOf(type.codec);
  const members = Object.keys(blank);
  const keyOf = (member: string): string => type.codec.keys[members.indexOf(member)] ?? member;
  const strangers = Object.keys(given).filter((member) => !members.includes(member));
  const asked = members.filter((member) => before === null || Object.hasOwn(given, member));
  const values: Values = { ...blank, ...before, ...given };
  const wrongTypes = refusedTypes(type, values, asked);
  const refusals = asked.flatMap((member): readonly CodecRefusal[] => {
    const rules = type.rules[member] ?? {};
    const key = keyOf(member);
    const value = values[member];
    // A default and an empty container stand in for what is not given, and not for null.
    if ((value === null || value === undefined) && (rules.required || Reflect.get(blank, member) !== null))
      return [refusal("missing", "a value", { got: "none", pointer: `/${key}` })];
    const wrongType = wrongTypes.get(key);
    if (wrongType) return [wrongType];
    const fixed = before !== null && rules.immutable === true && isChanged(type, { member, key, before, values });
    const { encrypted } = rules;
    const found = [
      ...(fixed ? [refusal("rule", "what it was set to first, for it is immutable", { got: describe(value), pointer: `/${key}` })] : []),
      ...broken(value, rules, { predicates, pointer: `/${key}` }),
    ];
    return encrypted ? found.map((each) => ({ ...each, got: "[secret]" })) : found;
  });
  const unknown = strangers.map((member) => refusal("unknown", `one of ${members.join(", ")}`, { got: describe(member), pointer: `/${member}` }));
  return [...refusals, ...unknown];
}

interface Values {
  readonly [member: string]: unknown;
}

// A secret that was read stays as it is sealed; one that was given is looked at in the clear, and nowhere kept.
const lookingVault: Vault = { seal: () => [0, "-"], open: () => "", noteReveal: () => Promise.resolve() };
const looking: Writing = { ...detached("store"), vault: lookingVault, sparse: true };
const storeProfile = { ...profiles.store, unknownValues: "refused" } as const;

/**
 * By stored key, what is not of its type: what cannot be written, or would not be read again as a value that the type has. A codec stops at the
 * first, so that one is taken out and the rest tried again.
 */
function refusedTypes({ codec }: StoredType, values: Values, asked: readonly string[]): ReadonlyMap<string, CodecRefusal> {
  const members = Object.keys(blankOf(codec));
  const refused = new Map<string, CodecRefusal>();
  // What is not asked about was there before.
  let tried: Values = Object.fromEntries(members.map((member) => [member, asked.includes(member) ? values[member] : null]));
  for (;;) {
    try {
      const record = codec.encode(tried, looking);
      codec.decode(record, { ...detached("store"), profile: storeProfile, partial: { record, absent: "null" } });
      return refused;
    } catch (error) {
      if (!(error instanceof EncodeError || error instanceof DecodeError)) throw error;
      const key = error.pointer.split("/")[1] ?? "";
      const member = members[codec.keys.indexOf(key)];
      if (member === undefined || refused.has(key)) throw error;
      refused.set(key, error);
      tried = { ...tried, [member]: null };
    }
  }
}

interface Change {
  readonly member: string;
  readonly key: string;
  readonly before: object;
  readonly values: Values;
}

/** Whether a value that is there becomes another. What is sealed cannot be compared, and is another unless it is the same object. */
function isChanged({ codec }: StoredType, { member, key, before, values }: Change): boolean {
  const was: unknown = Reflect.get(before, member);
  const value = values[member];
  if (was === null || was === undefined || was === value) return false;
  if (was instanceof Secret || value instanceof Secret) return true;
  const textOf = (one: unknown): string => canonicalText(codec.encode({ ...blankOf(codec), [member]: one }, looking)[key] ?? null);
  return textOf(was) !== textOf(value);
}

interface Where {
  readonly predicates: Predicates;
  readonly pointer: string;
}

/** The rules of a field, and of all that is in it, that its value breaks. */
function broken(value: unknown, rules: FieldRules, where: Where): readonly CodecRefusal[] {
  if (value === null || value === undefined) return rules.required ? [refusal("missing", "a value", { got: "none", pointer: where.pointer })] : [];
  if (value instanceof Secret) return brokenSecret(value, rules, where);
  const expected = [tooSmall(value, rules), tooLarge(value, rules), unlike(value, rules), tooFine(value, rules)].flatMap((one) => one ?? []);
  const found = expected.map((one) => refusal("rule", one, { got: describe(value), pointer: where.pointer }));
  return [...found, ...brokenWithin(value, rules, where), ...(found.length > 0 ? [] : refusedByHand(value, rules, where))];
}

/** A secret that was read was looked at when it was given. */
function brokenSecret(value: Secret<unknown>, rules: FieldRules, where: Where): readonly CodecRefusal[] {
  const given = valueGiven(value);
  return given === null ? [] : broken(given.value, rules, where);
}

function brokenWithin(value: unknown, rules: FieldRules, where: Where): readonly CodecRefusal[] {
  const at = (step: string | number): Where => ({ ...where, pointer: `${where.pointer}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}` });
  const { of, keys } = rules;
  const members = membersOf(rules);
  if (Array.isArray(value)) return of ? value.flatMap((item, index) => broken(item, of, at(index))) : [];
  if (value instanceof Set) return of ? [...value].flatMap((item, index) => broken(item, of, at(index))) : [];
  if (value instanceof Map) {
    return [...value].flatMap(([key, item], index) => [
      ...(keys ? broken(key, keys, at(index)) : []),
      ...(of ? broken(item, of, at(typeof key === "string" ? key : index)) : []),
    ]);
  }
  if (members === null || typeof value !== "object" || value === null) return [];
  const values: Values = { ...value };
  return Object.entries(members).flatMap(([member, rule]) => broken(values[member], rule, at(member)));
}

function membersOf({ fields }: FieldRules): RecordRules | null {
  return typeof fields === "function" ? fields() : (fields ?? null);
}

function tooSmall(value: unknown, { min }: FieldRules): string | null {
  return min === undefined || compareToBound(value, min) >= 0 ? null : `at least ${min}${unitOf(value, min)}`;
}

function tooLarge(value: unknown, { max }: FieldRules): string | null {
  return max === undefined || compareToBound(value, max) <= 0 ? null : `at most ${max}${unitOf(value, max)}`;
}

function unlike(value: unknown, { pattern }: FieldRules): string | null {
  return pattern === undefined || typeof value !== "string" || expressionOf(pattern).test(value) ? null : `text that matches /${pattern}/u`;
}

function tooFine(value: unknown, { scale }: FieldRules): string | null {
  if (scale === undefined || typeof value !== "string") return null;
  const [, fraction = ""] = value.split(".");
  return fraction.length <= scale ? null : `at most ${scale} digits after the point`;
}

/** What of a value its bounds count. */
function unitOf(value: unknown, bound: number | string): string {
  if (value instanceof Uint8Array) return " bytes";
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) return " elements";
  return typeof value === "string" && typeof bound === "number" ? " characters" : "";
}

/** Below zero where the value is below the bound; what a bound says nothing of is equal to it. */
function compareToBound(value: unknown, bound: number | string): number {
  const size = sizeOf(value);
  if (typeof bound === "number") return size === null || Number.isNaN(size) ? 0 : size - bound;
  if (typeof value === "bigint") return value < BigInt(bound) ? -1 : value > BigInt(bound) ? 1 : 0;
  if (value instanceof Date) return value.getTime() - Date.parse(bound);
  if (typeof value !== "string") return 0;
  // Days sort as texts do; of decimals only the digits behind the point do.
  if (/^\d{4}-\d\d-\d\d$/.test(bound)) return value < bound ? -1 : value > bound ? 1 : 0;
  return compareDecimals(value, bound);
}

/** A number itself; of a text its code points, of bytes their number, of a container its elements. */
function sizeOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "string") return [...value].length;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  return value instanceof Set || value instanceof Map ? value.size : null;
}

function compareDecimals(left: string, right: string): number {
  const places = Math.max(...[left, right].map((text) => (text.split(".")[1] ?? "").length));
  const scaled = (text: string): bigint => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(places, "0"));
  };
  const [first, second] = [scaled(left), scaled(right)];
  return first < second ? -1 : first > second ? 1 : 0;
}

const expressions = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern, "u");
  expressions.set(pattern, known);
  return known;
}

/** What hand-written predicates say against it. One that throws says so by its message. */
function refusedByHand(value: unknown, { checks = [] }: FieldRules, { predicates, pointer }: Where): readonly CodecRefusal[] {
  return checks.flatMap((name) => {
    const [type, member] = name.includes(".") ? name.split(".") : [null, name];
    const owner = type == null ? predicates.own : predicates.types?.[type];
    const predicate: unknown = owner && member !== undefined ? Reflect.get(owner, member) : undefined;
    if (typeof predicate !== "function") throw new TypeError(`The check '${name}' is not written.`);
    const answer: unknown = Reflect.apply(predicate, owner, [value]);
    if (answer === true) return [];
    return [refusal("rule", typeof answer === "string" ? answer : `what the check '${name}' accepts`, { got: describe(value), pointer })];
  });
}

function refusal(code: CodecRefusal["code"], expected: string, { got, pointer }: { readonly got: string; readonly pointer: string }): CodecRefusal {
  return { code, expected, got, pointer };
}
