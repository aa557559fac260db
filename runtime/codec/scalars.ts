// The field types that are one value: how each is read and written. Reading checks type and canonical form, so that equal values have equal
// text; constraints of a field are checked where values are given. Forms are checked by plain loops, which allocate nothing.

import { refuse, refuseToWrite } from "./error.js";
import { isTagged, isText, readTag, textForm, type Json } from "./json.js";
import type { Reading, Writing } from "./reading.js";

/** A decimal number as text, its scale kept: `12.50`. `decimal` makes one. */
export type Decimal = `${number}`;

export function readString(json: Json, _at: Reading, key?: string): string {
  if (typeof json !== "string") refuse("type", "text", json, key);
  if (!isText(json)) refuse("form", textForm, json, key);
  return json;
}

export function writeString(value: string, _at: Writing): string {
  if (typeof value !== "string") refuseToWrite("type", "text", value);
  if (!isText(value)) refuseToWrite("form", textForm, value);
  return value;
}

export function readBool(json: Json, _at: Reading, key?: string): boolean {
  if (typeof json !== "boolean") refuse("type", "true or false", json, key);
  return json;
}

export function writeBool(value: boolean, _at: Writing): boolean {
  if (typeof value !== "boolean") refuseToWrite("type", "true or false", value);
  return value;
}

const intForm = "an integer within ±(2^53-1)";

/** Adding 0 makes -0 a 0, here and below. */
export function readInt(json: Json, _at: Reading, key?: string): number {
  if (typeof json !== "number") refuse("type", intForm, json, key);
  if (!Number.isSafeInteger(json)) refuse("form", intForm, json, key);
  return json + 0;
}

export function writeInt(value: number, _at: Writing): number {
  if (!Number.isSafeInteger(value)) refuseToWrite("form", intForm, value);
  return value + 0;
}

const floatForm = "a finite number";

export function readFloat(json: Json, _at: Reading, key?: string): number {
  if (typeof json !== "number") refuse("type", floatForm, json, key);
  if (!Number.isFinite(json)) refuse("form", floatForm, json, key);
  return json + 0;
}

export function writeFloat(value: number, _at: Writing): number {
  if (!Number.isFinite(value)) refuseToWrite("form", floatForm, value);
  return value + 0;
}

const specialForm = 'a number, or one of "NaN", "Infinity" and "-Infinity" as {"Num": …}';

/** A float of a field with `special: true`. */
export function readSpecialFloat(json: Json, at: Reading, key?: string): number {
  if (typeof json === "number") return readFloat(json, at, key);
  const payload = readTag(json, "Num", specialForm, key);
  if (payload !== "NaN" && payload !== "Infinity" && payload !== "-Infinity") refuse("form", specialForm, json, key);
  return Number(payload);
}

export function writeSpecialFloat(value: number, _at: Writing): Json {
  if (typeof value !== "number") refuseToWrite("type", specialForm, value);
  return Number.isFinite(value) ? value + 0 : { Num: String(value) };
}

const digitsMax = 1024;
const bigintForm = `an integer of at most ${digitsMax} digits as {"Int": "…"}, without leading zeros`;

export function readBigint(json: Json, _at: Reading, key?: string): bigint {
  const text = isTagged(json) && typeof json.Int === "string" ? json.Int : readTaggedText(json, "Int", { expected: bigintForm, key });
  if (!isInteger(text)) refuse("form", bigintForm, json, key);
  return BigInt(text);
}

export function writeBigint(value: bigint, _at: Writing): { readonly Int: string } {
  if (typeof value !== "bigint") refuseToWrite("type", bigintForm, value);
  const text = value.toString();
  if (text.length > digitsMax && !isInteger(text)) refuseToWrite("form", bigintForm, value);
  return { Int: text };
}

const decimalForm = `a decimal number of at most ${digitsMax} digits as {"Dec": "…"}, without exponent and leading zeros`;

export function readDecimal(json: Json, _at: Reading, key?: string): Decimal {
  const text = isTagged(json) && typeof json.Dec === "string" ? json.Dec : readTaggedText(json, "Dec", { expected: decimalForm, key });
  if (!isNumeral(text)) refuse("form", decimalForm, json, key);
  return text;
}

export function writeDecimal(value: Decimal, _at: Writing): { readonly Dec: Decimal } {
  return { Dec: decimal(value) };
}

/** Text as a decimal number: digits, with a point between if wanted; no exponent, no leading zeros, no -0. Throws an EncodeError. */
export function decimal(text: string): Decimal {
  if (typeof text !== "string") refuseToWrite("type", decimalForm, text);
  if (!isNumeral(text)) refuseToWrite("form", decimalForm, text);
  return text;
}

const uuidForm = "a UUID in lower case";

export function readUuid(json: Json, _at: Reading, key?: string): string {
  if (typeof json !== "string") refuse("type", uuidForm, json, key);
  if (!isUuid(json)) refuse("form", uuidForm, json, key);
  return json;
}

export function writeUuid(value: string, _at: Writing): string {
  if (typeof value !== "string") refuseToWrite("type", uuidForm, value);
  if (!isUuid(value)) refuseToWrite("form", uuidForm, value);
  return value;
}

const urlForm = "an absolute URL";

/**
 * Reading asks only what every language can tell: a scheme, a colon, and no spaces or control characters. Parsers, and their versions,
 * differ about the rest, and a stored row must stay readable.
 */
export function readUrl(json: Json, _at: Reading, key?: string): string {
  if (typeof json !== "string") refuse("type", urlForm, json, key);
  if (!hasScheme(json)) refuse("form", urlForm, json, key);
  return json;
}

export function writeUrl(value: string, _at: Writing): string {
  if (typeof value !== "string") refuseToWrite("type", urlForm, value);
  if (!hasScheme(value) || !URL.canParse(value)) refuseToWrite("form", urlForm, value);
  return value;
}

const dateForm = 'a day as {"Date": "2016-07-06"}, in the years 0001 to 9999';

export function readDate(json: Json, _at: Reading, key?: string): string {
  const text = isTagged(json) && typeof json.Date === "string" ? json.Date : readTaggedText(json, "Date", { expected: dateForm, key });
  if (text.length !== 10 || !startsWithDay(text)) refuse("form", dateForm, json, key);
  return text;
}

export function writeDate(value: string, _at: Writing): { readonly Date: string } {
  if (typeof value !== "string") refuseToWrite("type", dateForm, value);
  if (value.length !== 10 || !startsWithDay(value)) refuseToWrite("form", dateForm, value);
  return { Date: value };
}

const timeForm = 'a time in UTC as {"Time": "2016-07-06T20:53:20.123Z"}, in the years 0001 to 9999';

export function readTime(json: Json, _at: Reading, key?: string): Date {
  const ms = timeToMs(isTagged(json) && typeof json.Time === "string" ? json.Time : readTaggedText(json, "Time", { expected: timeForm, key }));
  if (Number.isNaN(ms)) refuse("form", timeForm, json, key);
  return new Date(ms);
}

export function writeTime(value: Date, _at: Writing): { readonly Time: string } {
  if (!(value instanceof Date)) refuseToWrite("type", timeForm, value);
  const ms = value.getTime();
  if (!(ms >= firstMs && ms <= lastMs)) refuseToWrite("form", timeForm, value);
  return { Time: timeText(ms) };
}

const durationForm = 'a duration in seconds, to the millisecond, as {"Dur": "PT5400S"} or {"Dur": "PT0.25S"}';

/** In milliseconds. */
export function readDuration(json: Json, _at: Reading, key?: string): number {
  const ms = durationToMs(isTagged(json) && typeof json.Dur === "string" ? json.Dur : readTaggedText(json, "Dur", { expected: durationForm, key }));
  if (!Number.isSafeInteger(ms)) refuse("form", durationForm, json, key);
  return ms;
}

/** From whole milliseconds, which are not negative. */
export function writeDuration(ms: number, _at: Writing): { readonly Dur: string } {
  if (!Number.isSafeInteger(ms) || ms < 0) refuseToWrite("form", "whole milliseconds within 0 and 2^53-1", ms);
  const rest = ms % 1000;
  const seconds = String((ms - rest) / 1000);
  if (rest === 0) return { Dur: `PT${seconds}S` };
  let fraction = String(rest).padStart(3, "0");
  while (fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return { Dur: `PT${seconds}.${fraction}S` };
}

const bytesForm = 'bytes as {"Bytes": "…"}, base64url without padding, unused bits 0';

export function readBytes(json: Json, _at: Reading, key?: string): Uint8Array {
  const text = isTagged(json) && typeof json.Bytes === "string" ? json.Bytes : readTaggedText(json, "Bytes", { expected: bytesForm, key });
  return fromBase64url(text) ?? refuse("form", bytesForm, json, key);
}

export function writeBytes(value: Uint8Array, _at: Writing): { readonly Bytes: string } {
  if (!(value instanceof Uint8Array)) refuseToWrite("type", bytesForm, value);
  return { Bytes: toBase64url(value) };
}

/** Lower case, `8-4-4-4-12` hexadecimal digits. */
export function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  if (text.charCodeAt(8) !== dash || text.charCodeAt(13) !== dash || text.charCodeAt(18) !== dash || text.charCodeAt(23) !== dash) return false;
  let digits = 0;
  for (let at = 0; at < 36; at += 1) digits += hexDigits[text.charCodeAt(at)] ?? 0;
  return digits === 32;
}

// 1 where a unit is a digit of a UUID.
const hexDigits: Uint8Array = new Uint8Array(128);
for (const digit of "0123456789abcdef") hexDigits[digit.charCodeAt(0)] = 1;

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

function readTaggedText(json: Json, tag: string, { expected, key }: { readonly expected: string; readonly key: string | undefined }): string {
  const payload = readTag(json, tag, expected, key);
  if (typeof payload !== "string") refuse("type", expected, json, key);
  return payload;
}

const integer = /^(?:0|-?[1-9][0-9]*)$/;

function isInteger(text: string): boolean {
  return text.length <= digitsMax + 1 && integer.test(text) && (text.length <= digitsMax || text.charCodeAt(0) === dash);
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

// What is made of anything but digits is larger than any part of a day.
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - zero;
  return digit >= 0 && digit <= 9 ? digit : 10_000;
}

function twoDigits(text: string, at: number): number {
  return digitAt(text, at) * 10 + digitAt(text, at + 1);
}

function startsWithDay(text: string): boolean {
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return false;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= daysIn(year, month));
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const firstMs = -62_135_596_800_000; // 0001-01-01T00:00:00.000Z
const lastMs = 253_402_300_799_999; //  9999-12-31T23:59:59.999Z
const dayMs = 86_400_000;

// Days are counted from the 1st of March of the year 0, so that a leap day ends its year (Howard Hinnant, "chrono-compatible low-level date
// algorithms"). Whole numbers throughout, which `| 0` tells the machine too: a seventh of the time of `toISOString`, half that of `new Date(text)`.
const daysBefore1970 = 719_468;

/**
 * NaN where it is none. Digits are read in place, not by a function: V8 inlines only so much into a decoder, and it would be called for each.
 * What is no digit makes one of `outside` negative: 0 to 9 are the only numbers that neither are nor leave less than nothing of 9.
 */
function timeToMs(text: string): number {
  if (text.length !== 24) return NaN;
  const separators =
    (text.charCodeAt(4) ^ dash) | (text.charCodeAt(7) ^ dash) | (text.charCodeAt(10) ^ 0x54) | (text.charCodeAt(13) ^ 0x3a) |
    (text.charCodeAt(16) ^ 0x3a) | (text.charCodeAt(19) ^ point) | (text.charCodeAt(23) ^ 0x5a);
  let outside = 0;
  let year = 0;
  for (let at = 0; at < 4; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    outside |= digit | (9 - digit);
    year = year * 10 + digit;
  }
  const month1 = text.charCodeAt(5) - zero;
  const month2 = text.charCodeAt(6) - zero;
  const day1 = text.charCodeAt(8) - zero;
  const day2 = text.charCodeAt(9) - zero;
  const hour1 = text.charCodeAt(11) - zero;
  const hour2 = text.charCodeAt(12) - zero;
  const minute1 = text.charCodeAt(14) - zero;
  const minute2 = text.charCodeAt(15) - zero;
  const second1 = text.charCodeAt(17) - zero;
  const second2 = text.charCodeAt(18) - zero;
  const ms1 = text.charCodeAt(20) - zero;
  const ms2 = text.charCodeAt(21) - zero;
  const ms3 = text.charCodeAt(22) - zero;
  outside |= month1 | (9 - month1) | month2 | (9 - month2) | day1 | (9 - day1) | day2 | (9 - day2) | hour1 | (9 - hour1) | hour2 | (9 - hour2);
  outside |= minute1 | (9 - minute1) | minute2 | (9 - minute2) | second1 | (9 - second1) | second2 | (9 - second2);
  outside |= ms1 | (9 - ms1) | ms2 | (9 - ms2) | ms3 | (9 - ms3);
  const month = month1 * 10 + month2;
  const day = day1 * 10 + day2;
  const hour = hour1 * 10 + hour2;
  if (separators !== 0 || outside < 0 || year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute1 > 5 || second1 > 5) return NaN;
  if (day > 28 && day > daysIn(year, month)) return NaN;
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const marches = month > 2 ? year : year - 1;
  const era = (marches / 400) | 0;
  const inEra = marches - era * 400;
  const days = era * 146_097 + inEra * 365 + (inEra >> 2) - ((inEra / 100) | 0) + (((153 * fromMarch + 2) / 5) | 0) + day - 1 - daysBefore1970;
  const seconds = hour * 3600 + (minute1 * 10 + minute2) * 60 + second1 * 10 + second2;
  return days * dayMs + seconds * 1000 + ms1 * 100 + ms2 * 10 + ms3;
}

/** What `toISOString` says, of a time in the years 0001 to 9999. */
function timeText(ms: number): string {
  const since = Math.floor(ms / dayMs);
  const days = (since + daysBefore1970) | 0;
  const era = (days / 146_097) | 0;
  const inEra = days - era * 146_097;
  const yearOfEra = ((inEra - ((inEra / 1460) | 0) + ((inEra / 36_524) | 0) - ((inEra / 146_096) | 0)) / 365) | 0;
  const inYear = inEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const fromMarch = ((5 * inYear + 2) / 153) | 0;
  const day = inYear - (((153 * fromMarch + 2) / 5) | 0) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const inDay = (ms - since * dayMs) | 0;
  const seconds = (inDay / 1000) | 0;
  const rest = inDay - seconds * 1000;
  const minutes = (seconds / 60) | 0;
  const hour = (minutes / 60) | 0;
  const minute = minutes - hour * 60;
  const second = seconds - minutes * 60;
  return String.fromCharCode(
    zero + ((year / 1000) | 0), zero + (((year / 100) | 0) % 10), zero + (((year / 10) | 0) % 10), zero + (year % 10), dash,
    zero + ((month / 10) | 0), zero + (month % 10), dash, zero + ((day / 10) | 0), zero + (day % 10), 0x54,
    zero + ((hour / 10) | 0), zero + (hour % 10), 0x3a, zero + ((minute / 10) | 0), zero + (minute % 10), 0x3a,
    zero + ((second / 10) | 0), zero + (second % 10), point,
    zero + ((rest / 100) | 0), zero + (((rest / 10) | 0) % 10), zero + (rest % 10), 0x5a,
  );
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
const units: Uint8Array = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0));
const noSextet = 64;
const sextets: Uint8Array = new Uint8Array(128).fill(noSextet);
for (let sextet = 0; sextet < 64; sextet += 1) sextets[alphabet.charCodeAt(sextet)] = sextet;

// As with digits of times, letters are looked up in place.
function toBase64url(bytes: Uint8Array): string {
  const { length } = bytes;
  let text = "";
  let at = 0;
  for (; at + 6 <= length; at += 6) {
    const first = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const then = ((bytes[at + 3] ?? 0) << 16) | ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
    text += String.fromCharCode(
      units[first >> 18] ?? 0, units[(first >> 12) & 63] ?? 0, units[(first >> 6) & 63] ?? 0, units[first & 63] ?? 0,
      units[then >> 18] ?? 0, units[(then >> 12) & 63] ?? 0, units[(then >> 6) & 63] ?? 0, units[then & 63] ?? 0,
    );
  }
  // Past the end of them, bytes count as 0.
  for (; at < length; at += 3) {
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const letters = String.fromCharCode(units[bits >> 18] ?? 0, units[(bits >> 12) & 63] ?? 0, units[(bits >> 6) & 63] ?? 0, units[bits & 63] ?? 0);
    text += letters.slice(0, length - at + 1);
  }
  return text;
}

/** Null where a character is not of the alphabet, one is left over, or a bit that carries nothing is set. */
function fromBase64url(text: string): Uint8Array | null {
  const { length } = text;
  const left = length & 3;
  if (left === 1) return null;
  const bytes = new Uint8Array((length * 3) >> 2);
  let filled = 0;
  // Every sextet there is; one bit of it says that one of them was none.
  let met = 0;
  let at = 0;
  for (; at < length - left; at += 4) {
    const first = sextets[text.charCodeAt(at)] ?? noSextet;
    const second = sextets[text.charCodeAt(at + 1)] ?? noSextet;
    const third = sextets[text.charCodeAt(at + 2)] ?? noSextet;
    const fourth = sextets[text.charCodeAt(at + 3)] ?? noSextet;
    met |= first | second | third | fourth;
    const bits = (first << 18) | (second << 12) | (third << 6) | fourth;
    bytes[filled] = bits >> 16;
    bytes[filled + 1] = bits >> 8;
    bytes[filled + 2] = bits;
    filled += 3;
  }
  if (left > 0) {
    const first = sextets[text.charCodeAt(at)] ?? noSextet;
    const second = sextets[text.charCodeAt(at + 1)] ?? noSextet;
    const third = left === 3 ? (sextets[text.charCodeAt(at + 2)] ?? noSextet) : 0;
    met |= first | second | third;
    const bits = (first << 18) | (second << 12) | (third << 6);
    bytes[filled] = bits >> 16;
    if (left === 3) bytes[filled + 1] = bits >> 8;
    if ((bits & (left === 3 ? 0xff : 0xffff)) !== 0) return null;
  }
  return met < noSextet ? bytes : null;
}
