// What is asked of values when a person or a program gives them: at creation, save, start and transition. Never asked of what is read, so that
// a rule that is tightened strands nothing. Everything that is wrong is said at once.

import { CodecError, type CodecRefusal, describe } from "./error.js";
import type { FieldRules, RecordRules } from "./given.js";
import { detached, type Writing } from "./reading.js";
import { isSameSecret, isWithheld, Secret, valueGiven } from "./secret.js";
import { checkStorable } from "./storable.js";
import { blankOf, type StoredType, writtenBy } from "./stored.js";

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
  /** The shape that it is in already; absent where it is new. */
  readonly version?: number;
  readonly predicates?: Predicates;
  /** The hand-written ones, one of which may say a value in the shape that is written. */
  readonly upgrades?: object;
}

/**
 * All that is wrong with values, by field in the order of the spec; empty where nothing is. A pointer is made of stored keys, of positions and
 * of the keys of dicts; a map's are positions, then 0 for the key or 1 for the value. Of what is secret it says nothing but which rule it
 * breaks. Throws what a hand-written predicate throws.
 */
export function refusalsOf({ type, given, before, version, predicates = {}, upgrades = {} }: GivenValues): readonly CodecRefusal[] {
  const { codec, rules, defaults = {} } = type;
  const blank: Values = { ...blankOf(codec) };
  const members = Object.keys(blank);
  const former: Values = { ...before };
  const values: Values = { ...blank, ...former, ...given };
  const isAsked = (member: string): boolean => before === null || Object.hasOwn(given, member);
  const wrongTypes = refusedTypes(type, { values, isAsked });
  const shape = writtenBy(codec, version);
  const refusals = members.flatMap((member, index): readonly CodecRefusal[] => {
    if (!isAsked(member)) return [];
    const rule = rules[member] ?? none;
    const value = values[member];
    const where: Where = { pointer: `/${codec.keys[index] ?? member}`, isSecret: false, predicates, shape };
    // A default and an empty container stand in for what is not given, and not for null; no container stands in for one that is required.
    const isMissing = isAbsent(value) && (rule.required === true || !isAbsent(blank[member]));
    const isLeftOut = rule.required === true && !Object.hasOwn(given, member) && isContainer(value) && !Object.hasOwn(defaults, member);
    if (isMissing || (before === null && isLeftOut)) return [missing(where)];
    const wrongType = wrongTypes.get(where.pointer);
    if (wrongType) return [wrongType];
    const [since] = codec.history?.shapes?.[codec.keys[index] ?? ""] ?? [1];
    // It would be lost, and nobody would hear of it. One that is required has to be given all the same, and its upgrade stands in for it.
    const isTooNew = since > shape && rule.required !== true && Object.hasOwn(given, member) && !isAbsent(value) && typeof Reflect.get(upgrades, `from${since}`) !== "function";
    if (isTooNew) return [{ code: "rule", expected: `nothing, for shape ${shape} is written, which has no such member`, got: rule.encrypted ? "[secret]" : describe(value), pointer: where.pointer }];
    return rule === none ? [] : [...changed(former[member], value, rule, where), ...broken(value, rule, where)];
  });
  const strangers = Object.keys(given).filter((member) => !members.includes(member));
  return [...refusals, ...strangers.map((member) => unknownMember(member, members))];
}

interface Values {
  readonly [member: string]: unknown;
}

const none: FieldRules = {};

/** How deep in which record a value stands, and what is asked of it there. */
interface Where {
  readonly pointer: string;
  /** Nothing is told of the value, nor where in it something is wrong, for the keys of a dict are data too. */
  readonly isSecret: boolean;
  readonly predicates: Predicates;
  /** The one that is written. */
  readonly shape: number;
}

interface Asked {
  readonly values: Values;
  readonly isAsked: (member: string) => boolean;
}

const looking: Writing = { ...detached("store"), sparse: true };

/** By the pointer of a field, what is not of its type. An encoder stops at the first, so that one is taken out and the rest tried again. */
function refusedTypes({ codec }: StoredType, { values, isAsked }: Asked): ReadonlyMap<string, CodecRefusal> {
  const refused = new Map<string, CodecRefusal>();
  const members = Object.keys(blankOf(codec));
  const tried: { [member: string]: unknown } = {};
  // What is not asked about was there before.
  for (const member of members) tried[member] = isAsked(member) ? (values[member] ?? null) : null;
  for (;;) {
    try {
      checkStorable(codec.encode(tried, looking));
      return refused;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      const [, key = ""] = error.pointer.split("/");
      const member = members[codec.keys.indexOf(key)];
      const field = `/${key}`;
      if (member === undefined || refused.has(field)) throw error;
      const { code, expected, got, pointer } = error;
      refused.set(field, { code, expected, got, pointer: withoutTags(pointer) });
      tried[member] = null;
    }
  }
}

/** A pointer into stored JSON as one into the value. Nothing but a tag begins with a capital letter, but for the keys of a dict and in free-form JSON. */
function withoutTags(pointer: string): string {
  const [, ...steps] = pointer.split("/");
  const kept: string[] = [];
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (!/^[A-Z]/.test(step)) kept.push(step);
    else if (step === "Dict") kept.push(...steps.splice(0, 1));
    else if (step === "Json") kept.push(...steps.splice(0));
  }
  return kept.map((step) => `/${step}`).join("");
}

/** What is immutable and is not what it was first, in records inside one another too. */
function changed(was: unknown, value: unknown, rules: FieldRules, where: Where): readonly CodecRefusal[] {
  if (isAbsent(was)) return [];
  if (rules.immutable) return isSame(was, value) ? [] : [refusal("rule", "what it was set to first, for it is immutable", value, where)];
  if (rules.fields === undefined) return [];
  const [former, values] = [membersOf(was), membersOf(value)];
  return Object.entries(rulesWithin(rules)).flatMap(([member, rule]) => changed(former[member], values[member], rule, within(where, rule.key ?? member)));
}

/** Whether two values are equal. Of a secret that was given that cannot be told, unless it is the same object. */
function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right) || left === right || (isAbsent(left) && isAbsent(right))) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Secret) return right instanceof Secret && isSameSecret(left, right);
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime();
  if (left instanceof Set) return right instanceof Set && left.size === right.size && [...left].every((item) => right.has(item));
  if (left instanceof Map) return right instanceof Map && left.size === right.size && [...left].every(([key, item]) => right.has(key) && isSame(item, right.get(key)));
  if (left instanceof Uint8Array) return right instanceof Uint8Array && left.length === right.length && left.every((byte, index) => byte === right[index]);
  const [first, second] = [membersOf(left), membersOf(right)];
  return [...new Set([...Object.keys(first), ...Object.keys(second)])].every((key) => isSame(first[key], second[key]));
}

/** The rules of a value, and of all that is in it, that it breaks. */
function broken(value: unknown, rules: FieldRules, where: Where): readonly CodecRefusal[] {
  if (isAbsent(value)) return rules.required ? [missing(where)] : [];
  if (value instanceof Secret) {
    // One that was read was looked at when it was given.
    const given = valueGiven(value);
    return given === null ? [] : broken(given.value, rules, { ...where, isSecret: true });
  }
  const outside = [tooSmall(value, rules), tooLarge(value, rules), unlike(value, rules), tooFine(value, rules)].flatMap((expected) => expected ?? []);
  const unknown = noneOf(value, rules, where);
  const found = [
    ...outside.map((expected) => refusal("rule", expected, value, where)),
    ...(unknown === null ? [] : [refusal("unknown", unknown, value, where)]),
  ];
  return [...found, ...brokenWithin(value, rules, where), ...(found.length > 0 ? [] : refusedByHand(value, rules, where))];
}

const notKnownWhich = "a secret in the clear, for it cannot be told which one is to stay as it is";

function brokenWithin(value: unknown, rules: FieldRules, where: Where): readonly CodecRefusal[] {
  const { of = none, keys } = rules;
  if (of === none && keys === undefined && rules.fields === undefined) return [];
  if (Array.isArray(value) || value instanceof Set) return [...value].flatMap((item, index) => broken(item, of, within(where, index)));
  if (value instanceof Map) {
    if (keys === undefined) return [...value].flatMap(([key, item]) => broken(item, of, within(where, String(key))));
    return [...value].flatMap(([key, item], index) => [
      ...broken(key, keys, within(within(where, index), 0)),
      ...broken(item, of, within(within(where, index), 1)),
    ]);
  }
  if (rules.fields === undefined) return [];
  const values = membersOf(value);
  return Object.entries(rulesWithin(rules)).flatMap(([member, rule]) => {
    const place = within(where, rule.key ?? member);
    // Those that leave a stored one as it is are that one by now (`withStored`).
    return isWithheld(values[member]) ? [refusal("vault", notKnownWhich, values[member], place)] : broken(values[member], rule, place);
  });
}

/** Whether a value for one of the members may be a secret, or hold one. */
export function holdsSecret(rules: RecordRules, entered: ReadonlySet<RecordRules> = new Set()): boolean {
  // Types refer to each other in circles.
  if (entered.has(rules)) return false;
  const within = new Set([...entered, rules]);
  const isOne = (rule: FieldRules): boolean =>
    rule.encrypted !== undefined || holdsSecret(rulesWithin(rule), within) || (rule.of !== undefined && isOne(rule.of)) || (rule.keys !== undefined && isOne(rule.keys));
  return Object.values(rules).some(isOne);
}

function rulesWithin({ fields = {} }: FieldRules): RecordRules {
  return typeof fields === "function" ? fields() : fields;
}

/** Of a list its items. A reference has what it is to. */
function membersOf(value: unknown): Values {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function tooSmall(value: unknown, { min }: FieldRules): string | null {
  return min === undefined || compareToBound(value, min) >= 0 ? null : `at least ${measured(value, min)}`;
}

function tooLarge(value: unknown, { max }: FieldRules): string | null {
  return max === undefined || compareToBound(value, max) <= 0 ? null : `at most ${measured(value, max)}`;
}

function unlike(value: unknown, { pattern }: FieldRules): string | null {
  return pattern === undefined || typeof value !== "string" || expressionOf(pattern).test(value) ? null : `text that matches /${pattern}/u`;
}

function tooFine(value: unknown, { scale }: FieldRules): string | null {
  if (scale === undefined || typeof value !== "string") return null;
  const [, fraction = ""] = value.split(".");
  return fraction.length <= scale ? null : `at most ${counted(scale, "digit")} after the point`;
}

/** Not one of an enum's values, or one that whoever reads the shape that is written would not know. */
function noneOf(value: unknown, { oneOf, since }: FieldRules, { shape }: Where): string | null {
  if (oneOf === undefined) return null;
  const isLater = (one: string): boolean => since !== undefined && Object.hasOwn(since, one) && (since[one] ?? 0) > shape;
  const found = oneOf.find((one) => one === value);
  if (found !== undefined && !isLater(found)) return null;
  const listed = oneOf.filter((one) => !isLater(one)).map((one) => JSON.stringify(one));
  return `one of ${listed.join(", ")}${found === undefined ? "" : `, for shape ${shape} is written, which has no other`}`;
}

/** A bound with what is counted of the value. */
function measured(value: unknown, bound: number | string): string {
  if (typeof bound === "string" || typeof value === "number") return String(bound);
  return counted(bound, value instanceof Uint8Array ? "byte" : typeof value === "string" ? "character" : "element");
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** Below zero where the value is below the bound. A bound says nothing of NaN, which only a field that asks for it can hold. */
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

/** What hand-written predicates say against a value. What one says of a secret is told unless it quotes it, and what it throws is not. */
function refusedByHand(value: unknown, { checks = [] }: FieldRules, where: Where): readonly CodecRefusal[] {
  return checks.flatMap((name) => {
    const answer = askPredicate(name, value, where);
    if (answer === true) return [];
    const isTold = typeof answer === "string" && !(where.isSecret && mayQuote(answer, value));
    return [refusal("rule", isTold ? answer : `what the check '${name}' accepts`, value, where)];
  });
}

/** Whether three characters in a row of a secret text stand in another, in upper or lower case. Of other secrets nobody knows how they are spelt. */
function mayQuote(text: string, secret: unknown): boolean {
  if (typeof secret !== "string") return true;
  const [said, hidden] = [text.toLowerCase(), secret.toLowerCase()];
  const last = Math.max(hidden.length - 3, 0);
  for (let at = 0; at <= last; at += 1) if (said.includes(hidden.slice(at, at + 3))) return true;
  return false;
}

function askPredicate(name: string, value: unknown, { predicates, isSecret }: Where): unknown {
  const [type, member] = name.includes(".") ? name.split(".") : [null, name];
  const owner = type == null ? predicates.own : predicates.types?.[type];
  const predicate: unknown = owner && member !== undefined ? Reflect.get(owner, member) : undefined;
  if (typeof predicate !== "function") throw new TypeError(`The check '${name}' is not written.`);
  try {
    return Reflect.apply(predicate, owner, [value]);
  } catch (error) {
    if (!isSecret) throw error;
  }
  // Without its cause, which would be printed.
  throw new Error(`The check '${name}' threw an error, which is not shown, for it may quote the secret.`);
}

function refusal(code: CodecRefusal["code"], expected: string, value: unknown, { pointer, isSecret }: Where): CodecRefusal {
  return { code, expected, got: isSecret || value instanceof Secret ? "[secret]" : describe(value), pointer };
}

function missing({ pointer }: Where): CodecRefusal {
  return { code: "missing", expected: "a value", got: "none", pointer };
}

function unknownMember(member: string, members: readonly string[]): CodecRefusal {
  return { code: "unknown", expected: `one of ${members.join(", ")}`, got: describe(member), pointer: pointerTo("", member) };
}

function within(where: Where, step: string | number): Where {
  return where.isSecret ? where : { ...where, pointer: pointerTo(where.pointer, step) };
}

function pointerTo(pointer: string, step: string | number): string {
  return `${pointer}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Set || value instanceof Map;
}
