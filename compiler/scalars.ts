// The small texts of a spec that mean a number or a moment: durations, ranges, rates, dates, times, whole and decimal numbers as text.
// Each form is a pattern, which the JSON Schema of the language takes too, and a function that reads it.

import { compareText } from "./source.js";

export interface Form {
  /** A regular expression, anchored, for the `u` flag. It lets nothing through that its reader below refuses, but for a range upside down. */
  readonly pattern: string;
  /** What it is, as it is said in a message: "a duration, such as 90s or 1h30m". */
  readonly expected: string;
}

// The digits of each unit are limited so that no sum of them leaves the safe integers; 999999 days are 2737 years.
const duration = "(?=[0-9])(?:[0-9]{1,6}d)?(?:[0-9]{1,8}h)?(?:[0-9]{1,9}m(?!s))?(?:[0-9]{1,10}s)?(?:[0-9]{1,13}ms)?";
const longDuration = `(?=[0-9a-z]*[1-9])${duration}`;
const year = "(?!0000)[0-9]{4}";
const leapYear = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
const date = `(?:${year}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|${leapYear}-02-29)`;
const name = "[a-z][a-z0-9_]{0,39}";

export const forms = {
  name: { pattern: `^${name}$`, expected: "a name: small letters, digits and `_`, a letter first, at most 40 characters" },
  /** A field's type or a task: a name, or a resource's task. */
  reference: { pattern: `^${name}(?:\\.${name})?$`, expected: "a name, such as `database`, or a resource's task, such as `database.resize`" },
  /** Longer than nothing. */
  duration: { pattern: `^${longDuration}$`, expected: "a duration, such as 90s or 1h30m (units d h m s ms)" },
  /** May be nothing. */
  durationOrZero: { pattern: `^${duration}$`, expected: "a duration, such as 0s, 90s or 1h30m (units d h m s ms)" },
  range: { pattern: `^${longDuration}(?:\\.\\.${longDuration})?$`, expected: "a duration or a range of them, such as 5s or 2s..1m" },
  rate: { pattern: `^[1-9][0-9]{0,8}/${longDuration}$`, expected: "a rate, such as 100/1m" },
  date: { pattern: `^${date}$`, expected: "a date, such as 2027-01-31" },
  time: {
    pattern: `^${date}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,3})?Z$`,
    expected: "a time in UTC, such as 2027-01-31T12:00:00Z",
  },
  wholeText: { pattern: "^(?:0|-?[1-9][0-9]*)$", expected: "a whole number as text, such as '9007199254740993'" },
  decimalText: { pattern: "^(?!-0(?:\\.0*)?$)-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?$", expected: "a decimal number as text, such as '0.10'" },
  uuid: {
    pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    expected: "a UUID in small letters, such as '0190163d-8694-739b-aea5-966c26f8ad91'",
  },
  rule: { pattern: "^[A-Z]{3}[0-9]{3}$", expected: "the id of a rule, such as FLD001" },
} as const satisfies Record<string, Form>;

const compiled = new Map<Form, RegExp>();

/** Whether a text has a form. */
export function hasForm(text: string, form: Form): boolean {
  const known = compiled.get(form);
  const pattern = known ?? new RegExp(form.pattern, "u");
  if (known === undefined) compiled.set(form, pattern);
  return pattern.test(text);
}

const unitsMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** `1h30m` in milliseconds, a safe integer; null for a text that is no duration. Zero is one. */
export function parseDuration(text: string): number | null {
  if (!hasForm(text, forms.durationOrZero)) return null;
  let sumMs = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|[dhms])/g)) sumMs += Number(digits) * unitsMs[unit as keyof typeof unitsMs];
  return sumMs;
}

/** `2s..1m`, or `5s` for 5s..5s. Null for a text that is no range; whether it is upside down is for the caller to ask. */
export function parseRange(text: string): { readonly minMs: number; readonly maxMs: number } | null {
  if (!hasForm(text, forms.range)) return null;
  const [first, last] = text.split("..");
  const minMs = parseDuration(first ?? "");
  const maxMs = parseDuration(last ?? first ?? "");
  return minMs === null || maxMs === null ? null : { minMs, maxMs };
}

/** `100/1m`: a hundred in each minute. Null for a text that is no rate. */
export function parseRate(text: string): { readonly count: number; readonly perMs: number } | null {
  if (!hasForm(text, forms.rate)) return null;
  const [count, per] = text.split("/");
  const perMs = parseDuration(per ?? "");
  return perMs === null ? null : { count: Number(count), perMs };
}

/** `2027-01-31T12:00:00Z` in milliseconds since 1970; null for a text that is no such time. */
export function parseTime(text: string): number | null {
  return hasForm(text, forms.time) ? Date.parse(text) : null;
}

/** Milliseconds as the shortest duration that says them: 5400000 → `1h30m`. */
export function durationText(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, unitMs] of Object.entries(unitsMs)) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text === "" ? "0s" : text;
}

/** Compares whole numbers as text, by sign, number of digits and digits. They may have more than it is quick to calculate with. */
export function compareWhole(left: string, right: string): number {
  const [isLeftNegative, isRightNegative] = [left.startsWith("-"), right.startsWith("-")];
  if (isLeftNegative !== isRightNegative) return isLeftNegative ? -1 : 1;
  const [leftDigits, rightDigits] = [left.replace(/^-?0*/, ""), right.replace(/^-?0*/, "")];
  const difference = leftDigits.length - rightDigits.length || compareText(leftDigits, rightDigits);
  return isLeftNegative ? -difference : difference;
}

/** Compares decimal numbers as text. */
export function compareDecimal(left: string, right: string): number {
  const digits = Math.max(fraction(left).length, fraction(right).length);
  const scaled = (text: string): string => text.replace(".", "") + "0".repeat(digits - fraction(text).length);
  return compareWhole(scaled(left), scaled(right));
}

/** Compares times as text. */
export function compareTimes(left: string, right: string): number {
  return (parseTime(left) ?? 0) - (parseTime(right) ?? 0);
}

/** The digits after the point. */
export function fraction(decimal: string): string {
  return decimal.split(".")[1] ?? "";
}
