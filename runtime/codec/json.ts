// JSON as values, the tags in it, free-form JSON, and canonical text (RFC 8785): keys in the order of their UTF-16 units, numbers and
// strings as JavaScript writes them.

import { refuse, refuseToWrite, under } from "./error.js";
import type { Reading, Writing } from "./reading.js";

export type Json = null | boolean | number | string | readonly Json[] | JsonRecord;

/** Members that are undefined count as absent, as they do for JSON.stringify. */
export interface JsonRecord {
  readonly [key: string]: Json | undefined;
}

/**
 * Reads JSON as a type: checks the type and the canonical form, never a constraint. Throws a DecodeError. Readers of single values take the
 * key of the member that they read, which the pointer of the error then starts with; to those of containers and records it is not given.
 */
export type Read<T> = (json: Json, at: Reading, key?: string) => T;

/** Writes a value as JSON. Throws an EncodeError for what cannot be said. */
export type Write<T> = (value: T, at: Writing) => Json;

/** How deep lists and objects may stand in one another. It keeps recursion off the end of the stack, too. */
export const depthMax = 64;

/** Free-form JSON as it is, in `{"Json": …}`. Nothing in it is interpreted; any order of keys will do, since `jsonb` changes it. */
export function readJson(json: Json, _at: Reading): unknown {
  return readFree(json, depthMax);
}

/** Free-form JSON, copied with its keys sorted at every depth. Members that are undefined are left out. */
export function writeJson(value: unknown, _at: Writing): Json {
  return writeFree(value, depthMax);
}

/** The same, for who knows how much deeper it may go. */
export function readFree(json: Json, depthLeft: number): Json {
  const payload = readTag(json, "Json", 'any JSON as {"Json": …}');
  try {
    checkPlain(payload, depthLeft);
  } catch (error) {
    throw under(error, "Json");
  }
  return payload;
}

export function writeFree(value: unknown, depthLeft: number): Json {
  try {
    return { Json: plainJson(value, depthLeft) };
  } catch (error) {
    throw under(error, "Json");
  }
}

/**
 * Canonical text. It is what JSON.stringify gives for records with keys in order, except where a `Dict` or free-form data has keys that
 * look like indexes (`"10"`): every JavaScript object lists those first, by number, so only this function puts them in their place.
 */
export function canonicalText(json: Json): string {
  if (typeof json === "number" && !Number.isFinite(json)) refuseToWrite("form", "a finite number", json);
  if (json === null || typeof json !== "object") return JSON.stringify(json);
  if (isList(json)) return `[${json.map(canonicalText).join(",")}]`;
  const members: string[] = [];
  for (const key of Object.keys(json).sort()) {
    const member = json[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalText(member)}`);
  }
  return `{${members.join(",")}}`;
}

/**
 * Below zero where the canonical text of `left` sorts before that of `right`, zero where they are equal. Texts are compared in place as far
 * as that gives the same answer: up to the first difference, unless JSON escapes what differs there or sorts it before the closing quote.
 */
export function compareCanonical(left: Json, right: Json): number {
  if (typeof left === "string" && typeof right === "string") {
    const shared = Math.min(left.length, right.length);
    let at = 0;
    while (at < shared && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
    if (at === left.length && at === right.length) return 0;
    const leftUnit = at < left.length ? left.charCodeAt(at) : endOfText;
    const rightUnit = at < right.length ? right.charCodeAt(at) : endOfText;
    if (isOwnText(leftUnit) && isOwnText(rightUnit)) return leftUnit - rightUnit;
  }
  const leftText = canonicalText(left);
  const rightText = canonicalText(right);
  if (leftText === rightText) return 0;
  return leftText < rightText ? -1 : 1;
}

// The closing quote, 0x22, as a number that no unit of a text has: it sorts before all that stands for itself between quotes.
const endOfText = 0x22 + 0.5;

function isOwnText(unit: number): boolean {
  return unit > 0x22 && unit !== 0x5c;
}

/** Array.isArray does not narrow lists that are readonly. */
export function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

/** Whether it has one member. Each reader then looks for its tag by name, which is quicker than by a variable; `readTag` says what is wrong. */
export function isTagged(json: Json): json is JsonRecord {
  if (json === null || typeof json !== "object") return false;
  let members = 0;
  for (const _ in json) members += 1;
  return members === 1;
}

/** The payload of a value that must be `{tag: payload}` and nothing else. */
export function readTag(json: Json, tag: string, expected: string, key?: string): Json {
  if (json === null || typeof json !== "object" || isList(json)) refuse("type", expected, json, key);
  const payload = json[tag];
  if (payload === undefined) refuse("type", expected, json, key);
  for (const member in json) if (member !== tag) refuse("form", expected, json, key);
  return payload;
}

/** Sets a member whatever its key: assigned plainly, `__proto__` would change the record's prototype. */
export function setMember(record: { [key: string]: Json }, key: string, value: Json): void {
  if (key === "__proto__") Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  else record[key] = value;
}

/** Unicode scalar values without U+0000: no lone surrogate, and nothing that Postgres cannot hold. */
export function isText(text: string): boolean {
  return !mayBeNoText.test(text) || isWellFormed(text);
}

// Found several times as quickly as by a loop, and most texts have none of them.
const mayBeNoText = /[\0\ud800-\udfff]/;

function isWellFormed(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0) return false;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    at += 1;
    const next = text.charCodeAt(at);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
  }
  return true;
}

export const textForm = "text without U+0000 and lone surrogates";
export const depthForm: string = `JSON at most ${depthMax} deep`;

/** That rows can hold all of it: its texts, its numbers, its depth. */
export function checkPlain(json: Json, depthLeft: number): void {
  if (typeof json === "string" && !isText(json)) refuse("form", textForm, json);
  if (typeof json === "number" && !Number.isFinite(json)) refuse("form", "a number that a double can hold", json);
  if (json === null || typeof json !== "object") return;
  if (depthLeft === 0) refuse("limit", depthForm, json);
  let step: string | number = 0;
  try {
    if (isList(json)) {
      for (const item of json) {
        checkPlain(item, depthLeft - 1);
        step += 1;
      }
      return;
    }
    for (step of Object.keys(json)) {
      if (!isText(step)) refuse("form", `a key that is ${textForm}`, step);
      const member = json[step];
      if (member !== undefined) checkPlain(member, depthLeft - 1);
    }
  } catch (error) {
    throw under(error, step);
  }
}

function plainJson(value: unknown, depthLeft: number): Json {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      if (!isText(value)) refuseToWrite("form", textForm, value);
      return value;
    case "number":
      if (!Number.isFinite(value)) refuseToWrite("form", "a finite number", value);
      return value + 0;
    case "object":
      if (value === null) return null;
      if (depthLeft === 0) refuseToWrite("limit", depthForm, value);
      return Array.isArray(value) ? plainList(value, depthLeft - 1) : plainRecord(value, depthLeft - 1);
    default:
      return refuseToWrite("type", "JSON", value);
  }
}

function plainList(value: readonly unknown[], depthLeft: number): Json {
  const items: Json[] = [];
  try {
    for (const item of value) items.push(plainJson(item, depthLeft));
  } catch (error) {
    throw under(error, items.length);
  }
  return items;
}

function plainRecord(value: object, depthLeft: number): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuseToWrite("type", "JSON, made of plain records and lists", value);
  const members: { readonly [key: string]: unknown } = { ...value };
  const record: { [key: string]: Json } = {};
  for (const key of Object.keys(members).sort()) {
    try {
      if (!isText(key)) refuseToWrite("form", `a key that is ${textForm}`, key);
      if (members[key] !== undefined) setMember(record, key, plainJson(members[key], depthLeft));
    } catch (error) {
      throw under(error, key);
    }
  }
  return record;
}
