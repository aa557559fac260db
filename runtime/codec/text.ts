// From text to JSON, with limits before any work: JSON.parse does what it can do, after one scan that tells whether there may be anything
// in the text that it would let pass (a key twice, a number that it rounds, text that no row can hold). Only then, or where it refuses, the
// text is looked at piece by piece, to say what is wrong and where.

import { type CodecErrorCode, DecodeError, describe, refuse, under } from "./error.js";
import { canonicalText, depthMax, isList, isText, type Json, textForm } from "./json.js";
import type { Profile } from "./profile.js";

/**
 * The JSON that the text spells, which nothing is lost of: no key twice (where the profile asks), no integer and no number of free-form
 * JSON that a double cannot hold, no text that a row cannot hold. Bytes are UTF-8 without a byte order mark. Throws a DecodeError with a
 * JSON pointer, whatever the text.
 */
export function parseJson(source: string | Uint8Array, profile: Profile): Json {
  const text = readText(source, profile);
  const seen = scan(text);
  if (seen.isDoubtful) examine(text, profile);
  const json = parse(text, profile);
  if (profile.duplicateKeys === "refused" && countMembers(json) !== seen.members) examine(text, profile);
  if (profile.canonicalText && canonicalText(json) !== text) refuseText("form", "canonical text", "another spelling of it");
  return json;
}

/** Text of at most as many bytes as the profile allows; bytes are UTF-8. */
export function readText(source: string | Uint8Array, { bytesMax }: Profile): string {
  if (source.length > bytesMax || (typeof source === "string" && !fitsUtf8(source, bytesMax))) {
    refuseText("limit", `at most ${bytesMax} bytes of text`, "more");
  }
  return typeof source === "string" ? source : fromUtf8(source);
}

function parse(text: string, profile: Profile): Json {
  try {
    const json: Json = JSON.parse(text);
    return json;
  } catch (error) {
    // A SyntaxError quotes the text, as it likes and as far as it likes.
    if (!(error instanceof SyntaxError)) throw error;
    examine(text, profile);
    return refuseText("syntax", "JSON", "something else");
  }
}

/** Whether it takes at most so many bytes; counted only where its length leaves that open. */
function fitsUtf8(text: string, bytesMax: number): boolean {
  return text.length * 3 <= bytesMax || utf8Bytes(text) <= bytesMax;
}

/** How many bytes of UTF-8 it takes. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Half a pair counts for two bytes, the whole for four.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuseText("syntax", "UTF-8", "other bytes");
  }
}

interface Scan {
  /** How many members the objects of the text have, keys met twice counted twice. */
  readonly members: number;
  readonly isDoubtful: boolean;
}

const quote = 0x22;
const backslash = 0x5c;
const [openList, openRecord, closeList, closeRecord, colon] = [0x5b, 0x7b, 0x5d, 0x7d, 0x3a];
const [minus, point, zero, nine] = [0x2d, 0x2e, 0x30, 0x39];

// A number of up to so many characters is held by a double as it is written, unless it has an exponent.
const exactMax = 15;
// The largest double has so many digits.
const spelledMax = 308;
// As for `Int` and `Dec`: more than any double needs, its exponent spelt out.
const digitsMax = 1024;

/** Whether the text is JSON is not asked here: where it is not, JSON.parse says so. */
function scan(text: string): Scan {
  const { length } = text;
  let depth = 0;
  let deepest = 0;
  let members = 0;
  const hasEscapes = text.includes("\\");
  let hasLongInteger = false;
  let hasLongFraction = false;
  let isBoundless = false;
  for (let at = 0; at < length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) {
      at = text.indexOf('"', at + 1);
      while (hasEscapes && at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
      if (at === -1) break;
    } else if (unit === colon) {
      members += 1;
    } else if (unit === openRecord || unit === openList) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (unit === closeRecord || unit === closeList) {
      depth -= 1;
    } else if (unit <= nine && unit >= minus) {
      const start = at;
      let isPlain = true;
      let hasExponent = false;
      for (at += 1; at < length; at += 1) {
        const inner = text.charCodeAt(at);
        if (inner >= zero && inner <= nine) continue;
        if (inner === 0x65 || inner === 0x45) hasExponent = true;
        else if (inner !== point && inner !== 0x2b && inner !== minus) break;
        isPlain = false;
      }
      if (hasExponent || at - start > exactMax) {
        if (isPlain) hasLongInteger = true;
        else hasLongFraction = true;
        if ((hasExponent || at - start > spelledMax) && !isBounded(text.slice(start, at))) isBoundless = true;
      }
      at -= 1;
    }
  }
  const mayHoldJson = hasLongFraction && (text.includes('"Json"') || (hasEscapes && text.includes("\\u")));
  const mayBeNoText = (hasEscapes && /\\u(?:0000|[dD][89a-fA-F])/.test(text)) || /[\ud800-\udfff]/u.test(text);
  return { members, isDoubtful: deepest > depthMax || hasLongInteger || isBoundless || mayHoldJson || mayBeNoText };
}

/** A number that is spelt with an exponent, or takes longer to say than the largest double, may be larger than that. */
function isBounded(token: string): boolean {
  return token.length <= digitsMax && Number.isFinite(Number(token));
}

/** Whether an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charCodeAt(start - 1) === backslash) start -= 1;
  return (at - start) % 2 === 1;
}

/** Fresh from JSON.parse, so that every member is an object's own. (Did someone add to Object.prototype, we would only look twice.) */
function countMembers(json: Json): number {
  let members = 0;
  if (Array.isArray(json)) {
    for (const item of json) if (typeof item === "object") members += countMembers(item);
  } else if (json !== null && typeof json === "object" && !isList(json)) {
    for (const key in json) {
      members += 1;
      const member = json[key];
      if (typeof member === "object") members += countMembers(member);
    }
  }
  return members;
}

/** What stands at a place: a value; the members of a `Dict`, whose keys are data; free-form JSON, of which no digit may be lost. */
type Standing = "value" | "members" | "free";

const space = /[ \t\n\r]*/y;
const literal = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])/y;
const ownText = /[^"\\\u0000-\u001f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

interface Cursor {
  readonly text: string;
  readonly profile: Profile;
  readonly steps: (string | number)[];
  at: number;
}

/** Reads all of the text and throws the DecodeError of the first thing that is wrong, if there is one. */
function examine(text: string, profile: Profile): void {
  const cursor: Cursor = { text, profile, steps: [], at: 0 };
  try {
    skipSpace(cursor);
    examineValue(cursor, "value", depthMax);
    if (cursor.at < text.length) refuseHere(cursor, "the end of the text");
  } catch (error) {
    throw under(error, ...cursor.steps);
  }
}

function examineValue(cursor: Cursor, standing: Standing, depthLeft: number): void {
  const opening = cursor.text[cursor.at];
  if (opening === "{" || opening === "[") {
    if (depthLeft === 0) refuse("limit", `JSON at most ${depthMax} deep`, opening === "{" ? {} : []);
    if (opening === "{") examineObject(cursor, standing, depthLeft - 1);
    else examineList(cursor, standing, depthLeft - 1);
  } else if (opening === '"') {
    refuseNoText(examineString(cursor), textForm);
  } else {
    const [token = ""] = matchHere(cursor, literal) ?? [];
    if (token === "") refuseHere(cursor, "JSON");
    if (/[0-9]/.test(token)) refuseRounded(token, standing);
    skipSpace(cursor);
  }
}

function examineList(cursor: Cursor, standing: Standing, depthLeft: number): void {
  const { text, steps } = cursor;
  const inner = standing === "members" ? "value" : standing;
  cursor.at += 1;
  skipSpace(cursor);
  if (text[cursor.at] !== "]") {
    steps.push(0);
    for (let index = 0; ; index += 1) {
      steps[steps.length - 1] = index;
      examineValue(cursor, inner, depthLeft);
      if (text[cursor.at] !== ",") break;
      cursor.at += 1;
      skipSpace(cursor);
    }
    steps.pop();
  }
  if (text[cursor.at] !== "]") refuseHere(cursor, '"," or "]"');
  cursor.at += 1;
  skipSpace(cursor);
}

function examineObject(cursor: Cursor, standing: Standing, depthLeft: number): void {
  const { text, steps } = cursor;
  const keys = new Set<string>();
  cursor.at += 1;
  skipSpace(cursor);
  while (text[cursor.at] !== "}") {
    if (text[cursor.at] !== '"') refuseHere(cursor, 'a key in quotes, or "}"');
    const key = examineString(cursor);
    steps.push(key);
    refuseNoText(key, `a key that is ${textForm}`);
    if (keys.has(key) && cursor.profile.duplicateKeys === "refused") refuseText("duplicate", "each key once", `${describe(key)} again`);
    keys.add(key);
    if (text[cursor.at] !== ":") refuseHere(cursor, '":"');
    cursor.at += 1;
    skipSpace(cursor);
    examineValue(cursor, standingUnder(key, standing), depthLeft);
    steps.pop();
    if (text[cursor.at] !== ",") break;
    cursor.at += 1;
    skipSpace(cursor);
    if (text[cursor.at] === "}") refuseHere(cursor, "a key in quotes");
  }
  if (text[cursor.at] !== "}") refuseHere(cursor, '"," or "}"');
  cursor.at += 1;
  skipSpace(cursor);
}

function standingUnder(key: string, standing: Standing): Standing {
  if (standing !== "value") return standing === "free" ? "free" : "value";
  return key === "Json" ? "free" : key === "Dict" ? "members" : "value";
}

// Piece by piece: a pattern that takes a whole string at once runs out of stack on a long one.
function examineString(cursor: Cursor): string {
  const start = cursor.at;
  let hasEscapes = false;
  cursor.at += 1;
  for (;;) {
    matchHere(cursor, ownText);
    if (matchHere(cursor, escape) === null) break;
    hasEscapes = true;
  }
  if (cursor.text[cursor.at] !== '"') refuseHere(cursor, "text that ends in a quote, its control characters escaped");
  cursor.at += 1;
  const token = cursor.text.slice(start, cursor.at);
  skipSpace(cursor);
  return hasEscapes ? String(JSON.parse(token)) : token.slice(1, -1);
}

/** What is lost of an integer, or of free-form JSON, nobody could tell later. Of a float it is but the spelling. */
function refuseRounded(token: string, standing: Standing): void {
  if (token.length > digitsMax) refuseText("limit", `a number of at most ${digitsMax} characters`, `one of ${token.length}`);
  if (Number.isFinite(Number(token)) && (isSaidAgain(token) || (standing !== "free" && isFloat(token)))) return;
  refuseText("form", "a number that a double can hold", token.length > 40 ? `${token.slice(0, 40)}…` : token);
}

function refuseNoText(text: string, expected: string): void {
  if (!isText(text)) refuse("form", expected, text);
}

/** A fraction may be rounded; an integer must be what the double is: `10000000000000001` is not. */
function isFloat(token: string): boolean {
  return !/^-?[0-9]+$/.test(token) || BigInt(token) === BigInt(Number(token));
}

/** Whether canonical text says the same number, though perhaps in another way: `1e2` and `100`. */
function isSaidAgain(token: string): boolean {
  return digitsOf(token) === digitsOf(String(Number(token)));
}

/** `0.0120` as `12e-3`, so that equal numbers have equal text. */
function digitsOf(token: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(token) ?? [];
  const digits = whole + fraction;
  let start = 0;
  while (digits.charCodeAt(start) === zero) start += 1;
  let end = digits.length;
  while (end > start && digits.charCodeAt(end - 1) === zero) end -= 1;
  if (start === end) return "0";
  return `${sign}${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

/** What one of the patterns above matches here; the cursor goes past it. */
function matchHere(cursor: Cursor, sticky: RegExp): RegExpExecArray | null {
  sticky.lastIndex = cursor.at;
  const match = sticky.exec(cursor.text);
  if (match) cursor.at = sticky.lastIndex;
  return match;
}

function skipSpace(cursor: Cursor): void {
  matchHere(cursor, space);
}

function refuseHere({ text, at }: Cursor, expected: string): never {
  return refuseText("syntax", expected, at < text.length ? `${JSON.stringify(text[at])} at offset ${at}` : "the end of the text");
}

function refuseText(code: CodecErrorCode, expected: string, got: string): never {
  throw new DecodeError({ code, expected, got, pointer: "" });
}
