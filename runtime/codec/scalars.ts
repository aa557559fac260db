// The field types that are one value: how each is read and written. Reading checks type and canonical form, so that equal values have equal
// text; constraints of a field are checked where values are given. Forms are checked by plain loops, which allocate nothing.

import { refuse, refuseToWrite } from "./error.js";
import { isText, readTag, textForm, type Json } from "./json.js";
import type { Reading, Writing } from "./reading.js";

/** A decimal number as text, its scale kept: `12.50`. `decimal` makes one. */
export type Decimal = `${number}`;

export function readString(json: Json, _at: Reading): string {
  if (typeof json !== "string") refuse("type", "text", json);
  if (!isText(json)) refuse("form", textForm, json);
  return json;
}

export function writeString(value: string, _at: Writing): Json {
  if (typeof value !== "string") refuseToWrite("type", "text", value);
  if (!isText(value)) refuseToWrite("form", textForm, value);
  return value;
}

export function readBool(json: Json, _at: Reading): boolean {
  if (typeof json !== "boolean") refuse("type", "true or false", json);
  return json;
}

export function writeBool(value: boolean, _at: Writing): Json {
  if (typeof value !== "boolean") refuseToWrite("type", "true or false", value);
  return value;
}

const intForm = "an integer within ±(2^53-1)";

/** Adding 0 makes -0 a 0, here and below. */
export function readInt(json: Json, _at: Reading): number {
  if (typeof json !== "number") refuse("type", intForm, json);
  if (!Number.isSafeInteger(json)) refuse("form", intForm, json);
  return json + 0;
}

export function writeInt(value: number, _at: Writing): Json {
  if (!Number.isSafeInteger(value)) refuseToWrite("form", intForm, value);
  return value + 0;
}

const floatForm = "a finite number";

export function readFloat(json: Json, _at: Reading): number {
  if (typeof json !== "number") refuse("type", floatForm, json);
  if (!Number.isFinite(json)) refuse("form", floatForm, json);
  return json + 0;
}

export function writeFloat(value: number, _at: Writing): Json {
  if (!Number.isFinite(value)) refuseToWrite("form", floatForm, value);
  return value + 0;
}

const specialForm = 'a number, or one of "NaN", "Infinity" and "-Infinity" as {"Num": …}';

/** A float of a field with `special: true`. */
export function readSpecialFloat(json: Json, at: Reading): number {
  if (typeof json === "number") return readFloat(json, at);
  const payload = readTag(json, "Num", specialForm);
  if (payload !== "NaN" && payload !== "Infinity" && payload !== "-Infinity") refuse("form", specialForm, json);
  return Number(payload);
}

export function writeSpecialFloat(value: number, _at: Writing): Json {
  if (typeof value !== "number") refuseToWrite("type", specialForm, value);
  return Number.isFinite(value) ? value + 0 : { Num: String(value) };
}

const digitsMax = 1024;
const bigintForm = `an integer of at most ${digitsMax} digits as {"Int": "…"}, without leading zeros`;

export function readBigint(json: Json, _at: Reading): bigint {
  const text = readTaggedText(json, "Int", bigintForm);
  if (!isNumeral(text) || text.includes(".")) refuse("form", bigintForm, json);
  return BigInt(text);
}

export function writeBigint(value: bigint, _at: Writing): Json {
  if (typeof value !== "bigint") refuseToWrite("type", bigintForm, value);
  const text = value.toString();
  if (!isNumeral(text)) refuseToWrite("form", bigintForm, value);
  return { Int: text };
}

const decimalForm = `a decimal number of at most ${digitsMax} digits as {"Dec": "…"}, without exponent and leading zeros`;

export function readDecimal(json: Json, _at: Reading): Decimal {
  const text = readTaggedText(json, "Dec", decimalForm);
  if (!isNumeral(text)) refuse("form", decimalForm, json);
  return text;
}

export function writeDecimal(value: Decimal, _at: Writing): Json {
  return { Dec: decimal(value) };
}

/** Text as a decimal number: digits, with a point between if wanted; no exponent, no leading zeros, no -0. Throws an EncodeError. */
export function decimal(text: string): Decimal {
  if (typeof text !== "string") refuseToWrite("type", decimalForm, text);
  if (!isNumeral(text)) refuseToWrite("form", decimalForm, text);
  return text;
}

const uuidForm = "a UUID in lower case";

export function readUuid(json: Json, _at: Reading): string {
  if (typeof json !== "string") refuse("type", uuidForm, json);
  if (!isUuid(json)) refuse("form", uuidForm, json);
  return json;
}

export function writeUuid(value: string, _at: Writing): Json {
  if (typeof value !== "string") refuseToWrite("type", uuidForm, value);
  if (!isUuid(value)) refuseToWrite("form", uuidForm, value);
  return value;
}

const urlForm = "an absolute URL";

/**
 * Reading asks only what every language can tell: a scheme, a colon, and no spaces or control characters. Parsers, and their versions,
 * differ about the rest, and a stored row must stay readable.
 */
export function readUrl(json: Json, _at: Reading): string {
  if (typeof json !== "string") refuse("type", urlForm, json);
  if (!hasScheme(json)) refuse("form", urlForm, json);
  return json;
}

export function writeUrl(value: string, _at: Writing): Json {
  if (typeof value !== "string") refuseToWrite("type", urlForm, value);
  if (!hasScheme(value) || !URL.canParse(value)) refuseToWrite("form", urlForm, value);
  return value;
}

const dateForm = 'a day as {"Date": "2016-07-06"}, in the years 0001 to 9999';

export function readDate(json: Json, _at: Reading): string {
  const text = readTaggedText(json, "Date", dateForm);
  if (text.length !== 10 || !startsWithDay(text)) refuse("form", dateForm, json);
  return text;
}

export function writeDate(value: string, _at: Writing): Json {
  if (typeof value !== "string") refuseToWrite("type", dateForm, value);
  if (value.length !== 10 || !startsWithDay(value)) refuseToWrite("form", dateForm, value);
  return { Date: value };
}

const timeForm = 'a time in UTC as {"Time": "2016-07-06T20:53:20.123Z"}, in the years 0001 to 9999';

export function readTime(json: Json, _at: Reading): Date {
  const ms = timeToMs(readTaggedText(json, "Time", timeForm));
  if (Number.isNaN(ms)) refuse("form", timeForm, json);
  return new Date(ms);
}

export function writeTime(value: Date, _at: Writing): Json {
  if (!(value instanceof Date)) refuseToWrite("type", timeForm, value);
  const ms = value.getTime();
  if (!(ms >= firstMs && ms <= lastMs)) refuseToWrite("form", timeForm, value);
  return { Time: value.toISOString() };
}

const durationForm = 'a duration in seconds, to the millisecond, as {"Dur": "PT5400S"} or {"Dur": "PT0.25S"}';

/** In milliseconds. */
export function readDuration(json: Json, _at: Reading): number {
  const ms = durationToMs(readTaggedText(json, "Dur", durationForm));
  if (!Number.isSafeInteger(ms)) refuse("form", durationForm, json);
  return ms;
}

/** From whole milliseconds, which are not negative. */
export function writeDuration(ms: number, _at: Writing): Json {
  if (!Number.isSafeInteger(ms) || ms < 0) refuseToWrite("form", "whole milliseconds within 0 and 2^53-1", ms);
  const rest = ms % 1000;
  const seconds = String((ms - rest) / 1000);
  if (rest === 0) return { Dur: `PT${seconds}S` };
  let fraction = String(rest).padStart(3, "0");
  while (fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return { Dur: `PT${seconds}.${fraction}S` };
}

const bytesForm = 'bytes as {"Bytes": "…"}, base64url without padding, unused bits 0';

export function readBytes(json: Json, _at: Reading): Uint8Array {
  const text = readTaggedText(json, "Bytes", bytesForm);
  return fromBase64url(text) ?? refuse("form", bytesForm, json);
}

export function writeBytes(value: Uint8Array, _at: Writing): Json {
  if (!(value instanceof Uint8Array)) refuseToWrite("type", bytesForm, value);
  return { Bytes: toBase64url(value) };
}

/** Lower case, `8-4-4-4-12` hexadecimal digits. */
export function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  for (let at = 0; at < 36; at += 1) {
    const unit = text.charCodeAt(at);
    const fits = at === 8 || at === 13 || at === 18 || at === 23 ? unit === dash : isDigit(unit) || (unit >= 0x61 && unit <= 0x66);
    if (!fits) return false;
  }
  return true;
}

/** An absolute URL, or the path of one that stands on the same server. */
export function isAddress(text: string): boolean {
  return text.startsWith("/") ? isUnbroken(text) : hasScheme(text);
}

const dash = 0x2d;
const point = 0x2e;
const zero = 0x30;

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function readTaggedText(json: Json, tag: string, expected: string): string {
  const payload = readTag(json, tag, expected);
  if (typeof payload !== "string") refuse("type", expected, json);
  return payload;
}

// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, not -0 at any scale.
function isNumeral(text: string): text is Decimal {
  const start = text.charCodeAt(0) === dash ? 1 : 0;
  if (text.length - start > digitsMax + 1) return false;
  let pointAt = text.length;
  let nonZero = false;
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === point && pointAt === text.length) pointAt = at;
    else if (!isDigit(unit)) return false;
    else if (unit !== zero) nonZero = true;
  }
  const whole = pointAt - start;
  const hasLeadingZero = whole > 1 && text.charCodeAt(start) === zero;
  const hasBarePoint = whole === 0 || pointAt === text.length - 1;
  const digits = pointAt === text.length ? whole : text.length - start - 1;
  return !hasLeadingZero && !hasBarePoint && digits <= digitsMax && (nonZero || start === 0);
}

function hasScheme(text: string): boolean {
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1 || !isLetter(text.charCodeAt(0))) return false;
  for (let at = 1; at < colon; at += 1) {
    const unit = text.charCodeAt(at);
    if (!isLetter(unit) && !isDigit(unit) && unit !== 0x2b && unit !== dash && unit !== point) return false;
  }
  return isUnbroken(text);
}

function isUnbroken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit <= 0x20 || (unit >= 0x7f && unit <= 0xa0)) return false;
  }
  return isText(text);
}

function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
}

/** The number that the digits from `start` to `end` spell; NaN if one of them is no digit, or there are none. */
function numberAt(text: string, start: number, end: number): number {
  let number = start < end ? 0 : NaN;
  for (let at = start; at < end; at += 1) {
    const unit = text.charCodeAt(at);
    if (!isDigit(unit)) return NaN;
    number = number * 10 + unit - zero;
  }
  return number;
}

// A comparison with NaN is false, so these refuse what is not made of digits too.
function startsWithDay(text: string): boolean {
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return false;
  const year = numberAt(text, 0, 4);
  const month = numberAt(text, 5, 7);
  const day = numberAt(text, 8, 10);
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const firstMs = -62_135_596_800_000; // 0001-01-01T00:00:00.000Z
const lastMs = 253_402_300_799_999; //  9999-12-31T23:59:59.999Z
const fourCenturiesMs = 146_097 * 86_400_000;

// Date.UTC takes the years 0 to 99 for those of the last century; the calendar repeats every 400 years, so it is asked about a later one.
function timeToMs(text: string): number {
  if (text.length !== 24 || !startsWithDay(text)) return NaN;
  if (text[10] !== "T" || text[13] !== ":" || text[16] !== ":" || text[19] !== "." || text[23] !== "Z") return NaN;
  const hour = numberAt(text, 11, 13);
  const minute = numberAt(text, 14, 16);
  const second = numberAt(text, 17, 19);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return NaN;
  const [year, month, day] = [numberAt(text, 0, 4), numberAt(text, 5, 7), numberAt(text, 8, 10)];
  return Date.UTC(year + 400, month - 1, day, hour, minute, second, numberAt(text, 20, 23)) - fourCenturiesMs;
}

function durationToMs(text: string): number {
  if (!text.startsWith("PT") || !text.endsWith("S")) return NaN;
  const end = text.length - 1;
  const found = text.indexOf(".");
  const pointAt = found === -1 ? end : found;
  if (text.charCodeAt(2) === zero && pointAt !== 3) return NaN;
  const seconds = numberAt(text, 2, pointAt);
  if (pointAt === end) return seconds * 1000;
  const places = end - pointAt - 1;
  if (places > 3 || text.charCodeAt(end - 1) === zero) return NaN;
  return seconds * 1000 + numberAt(text, pointAt + 1, end) * 10 ** (3 - places);
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const noSextet = 64;
const sextets: Uint8Array = new Uint8Array(128).fill(noSextet);
for (let sextet = 0; sextet < 64; sextet += 1) sextets[alphabet.charCodeAt(sextet)] = sextet;

function toBase64url(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += alphabet.charAt((bits >> held) & 63);
    }
    bits &= 63;
  }
  return held > 0 ? text + alphabet.charAt((bits << (6 - held)) & 63) : text;
}

/** Null where a character is not of the alphabet, one is left over, or a bit that carries nothing is set. */
function fromBase64url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let filled = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sextet = sextets[text.charCodeAt(at)] ?? noSextet;
    if (sextet === noSextet) return null;
    bits = (bits << 6) | sextet;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[filled] = bits >> held;
      filled += 1;
      bits &= (1 << held) - 1;
    }
  }
  return bits === 0 ? bytes : null;
}
