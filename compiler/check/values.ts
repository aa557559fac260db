// Whether a written value is one of its field's: of its type, within its bounds, in its pattern.

import type { SpecValue } from "../document.js";
import type { FieldType } from "../model.js";
import { didYouMean, stringLiteral } from "../naming.js";
import { compareDecimal, compareTimes, compareWhole, durationText, forms, fraction, hasForm, parseDuration, type Form } from "../scalars.js";
import { compareText } from "../source.js";
import { isRecord } from "./part.js";

/** Why a value does not fit, and what to write in its place where that is clear. */
export interface Misfit {
  readonly why: string;
  readonly edit: string | null;
  readonly hint: string | null;
}

/**
 * Null where the value, which is written as `raw()`, fits. Types that have no written values (bytes, containers, records, references) are
 * the caller's to refuse.
 */
export function misfit(type: FieldType, value: SpecValue, raw: () => string): Misfit | null {
  const isNot = (expected: string): Misfit => {
    const isScalar = typeof value === "number" || typeof value === "boolean";
    return { why: `it is not ${expected}`, edit: isScalar && / text/.test(expected) ? `'${raw()}'` : null, hint: null };
  };
  const ofForm = (form: Form): Misfit | null => (typeof value === "string" && hasForm(value, form) ? null : isNot(form.expected));
  switch (type.kind) {
    case "string": {
      if (typeof value !== "string") return isNot("a text");
      const unusable = unstorable(value);
      if (unusable !== null) return { why: unusable, edit: null, hint: null };
      const length = [...value].length;
      if (type.pattern !== null && compilePattern(type.pattern).pattern?.test(value) === false)
        return { why: `it does not match ${type.pattern}`, edit: null, hint: null };
      return outside(type, (bound) => length - bound, { measured: `its length, ${length}, is` });
    }
    case "int":
      if (typeof value !== "number" || !Number.isInteger(value)) return isNot("a whole number");
      if (!Number.isSafeInteger(value)) return { why: "it is beyond ±9007199254740991; use `bigint`", edit: null, hint: null };
      return outside(type, (bound) => value - bound);
    case "float":
      if (typeof value !== "number") return isNot("a number");
      if (!Number.isFinite(value)) {
        if (!specialNumber.test(raw())) return { why: "it is beyond what a number holds", edit: null, hint: null };
        const kind = Number.isNaN(value) ? "no number" : "infinite";
        if (!type.special) return { why: `it is ${kind}`, edit: null, hint: "Write `special: true` beside it, or another value." };
      }
      // `.nan` lies beyond no bound, for it compares with nothing.
      return outside(type, (bound) => value - bound);
    case "bigint":
      if (typeof value !== "string" || !hasForm(value, forms.wholeText)) return isNot(forms.wholeText.expected);
      return outside(type, (bound) => compareWhole(value, bound));
    case "decimal":
      if (typeof value !== "string" || !hasForm(value, forms.decimalText)) return isNot(forms.decimalText.expected);
      if (type.scale !== null && fraction(value).length > type.scale)
        return { why: `it has more than ${type.scale} digits after the point`, edit: null, hint: null };
      return outside(type, (bound) => compareDecimal(value, bound));
    case "bool":
      return typeof value === "boolean" ? null : isNot("`true` or `false`");
    case "uuid":
      return ofForm(forms.uuid);
    case "url":
      return typeof value === "string" && URL.canParse(value) ? null : isNot("a URL, such as https://example.org/");
    case "date":
      return ofForm(forms.date) ?? outside(type, (bound) => compareText(String(value), bound));
    case "time":
      return ofForm(forms.time) ?? outside(type, (bound) => compareTimes(String(value), bound));
    case "duration": {
      const ms = typeof value === "string" ? parseDuration(value) : null;
      return ms === null ? isNot(forms.durationOrZero.expected) : outside(type, (bound) => ms - bound, { say: durationText });
    }
    case "enum": {
      if (typeof value !== "string") return isNot("a text");
      if (type.values.some((each) => each.value === value)) return null;
      const replacement = type.replaced.find((each) => each.from === value)?.to;
      const near =
        replacement ??
        didYouMean(
          value,
          type.values.map((each) => each.value),
        );
      const listing = type.values.length > 12 ? null : `Use one of: ${type.values.map((each) => yamlText(each.value)).join(", ")}.`;
      return { why: "it is none of its values", edit: near === null ? null : yamlText(near), hint: listing };
    }
    case "json":
      return unsayable(value);
    case "bytes":
    case "list":
    case "set":
    case "dict":
    case "map":
    case "record":
    case "named":
    case "resource":
    case "task":
      return null;
  }
}

/** How YAML spells what is no finite number. Other texts that read as infinite, such as `1e999`, were meant as numbers. */
const specialNumber = /^[-+]?\.(?:inf|nan)$/i;

/** A text as YAML reads it back: plain where it is a plain word, else quoted. A JSON text is a YAML text. */
export function yamlText(text: string): string {
  return /^[A-Za-z][A-Za-z_-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : stringLiteral(text);
}

function outside<Bound extends number | string>(
  { min, max }: { readonly min: Bound | null; readonly max: Bound | null },
  compare: (bound: Bound) => number,
  { measured = "it is", say = String }: { readonly measured?: string; readonly say?: (bound: Bound) => string } = {},
): Misfit | null {
  if (min !== null && compare(min) < 0) return { why: `${measured} less than ${say(min)}`, edit: null, hint: null };
  if (max !== null && compare(max) > 0) return { why: `${measured} more than ${say(max)}`, edit: null, hint: null };
  return null;
}

/** Why neither Postgres nor JSON holds a text; null where they do. */
export function unstorable(text: string): string | null {
  if (text.includes("\0")) return "it holds U+0000";
  return /\p{Cs}/u.test(text) ? "it holds half of a surrogate pair" : null;
}

/** A regular expression under the `u` flag, or why it is none. */
export function compilePattern(source: string): { readonly pattern: RegExp | null; readonly why: string | null } {
  try {
    return { pattern: new RegExp(source, "u"), why: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { pattern: null, why: message.replace(/^Invalid regular expression: /, "").replace(`/${source}/u: `, "") };
  }
}

function unsayable(value: SpecValue): Misfit | null {
  if (typeof value === "string") {
    const why = unstorable(value);
    return why === null ? null : { why, edit: null, hint: null };
  }
  if (typeof value === "number") return Number.isFinite(value) ? null : { why: "JSON has no such number", edit: null, hint: null };
  if (value === null || typeof value === "boolean") return null;
  const inner = isRecord(value) ? Object.entries(value).flat() : value;
  return inner.map(unsayable).find((found) => found !== null) ?? null;
}

