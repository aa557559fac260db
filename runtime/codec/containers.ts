// Lists, sets, dicts and maps. Their elements are read and written by functions that the caller gives; an element is never null, for no
// reader takes null. What is built is read-only by its type.

import { refuse, refuseToWrite, under } from "./error.js";
import { compareCanonical, isList, isText, readTag, setMember, textForm, type Json, type Read, type Write } from "./json.js";
import type { Reading, Writing } from "./reading.js";

export function readList<T>(json: Json, read: Read<T>, at: Reading): readonly T[] {
  if (!isList(json)) refuse("type", "a list", json);
  return readItems(json, read, at);
}

export function writeList<T>(value: readonly T[], write: Write<T>, at: Writing): Json {
  if (!Array.isArray(value)) refuseToWrite("type", "a list", value);
  return writeItems(value, write, at);
}

const setForm = 'a set as {"Set": […]}, sorted by canonical text, without duplicates';

export function readSet<T>(json: Json, read: Read<T>, at: Reading): ReadonlySet<T> {
  const items = readTag(json, "Set", setForm);
  if (!isList(items)) refuse("type", setForm, json);
  const set = new Set<T>();
  let index = 0;
  try {
    for (const item of items) {
      set.add(read(item, at));
      index += 1;
    }
  } catch (error) {
    throw under(error, "Set", index);
  }
  refuseUnsorted(items, { tag: "Set", part: [], expected: setForm });
  return set;
}

/** Sorted. An item is left out if its text was there already, as can only be with values that were not known when they were read. */
export function writeSet<T>(value: ReadonlySet<T>, write: Write<T>, at: Writing): Json {
  if (!(value instanceof Set)) refuseToWrite("type", "a Set", value);
  try {
    const items = writeItems(value, write, at).sort(compareCanonical);
    return { Set: items.filter((item, index) => index === 0 || compareCanonical(items[index - 1] ?? null, item) !== 0) };
  } catch (error) {
    throw under(error, "Set");
  }
}

const dictForm = 'a dict as {"Dict": {…}}';

/** Keys are data: any text. The order of keys is not asked for, since `jsonb` changes it. */
export function readDict<T>(json: Json, read: Read<T>, at: Reading): ReadonlyMap<string, T> {
  const members = readTag(json, "Dict", dictForm);
  if (members === null || typeof members !== "object" || isList(members)) refuse("type", dictForm, json);
  const dict = new Map<string, T>();
  let key = "";
  try {
    for (key of Object.keys(members)) {
      if (!isText(key)) refuse("form", `a key that is ${textForm}`, key);
      const member = members[key];
      if (member !== undefined) dict.set(key, read(member, at));
    }
  } catch (error) {
    throw under(error, "Dict", key);
  }
  return dict;
}

/** Members are set in the order of their keys' UTF-16 units; see `canonicalText` for keys that look like indexes. */
export function writeDict<T>(value: ReadonlyMap<string, T>, write: Write<T>, at: Writing): Json {
  if (!(value instanceof Map)) refuseToWrite("type", "a Map", value);
  const members: { [key: string]: Json } = {};
  let key = "";
  try {
    for (key of [...value.keys()].sort()) {
      if (typeof key !== "string" || !isText(key)) refuseToWrite("form", `a key that is ${textForm}`, key);
      const member = value.get(key);
      if (member === undefined) refuseToWrite("type", "a value", member);
      setMember(members, key, write(member, at));
    }
  } catch (error) {
    throw under(error, "Dict", key);
  }
  return { Dict: members };
}

const mapForm = 'a map as {"Map": [[key, value], …]}, sorted by the canonical text of keys, without duplicates';

export function readMap<K, V>(json: Json, readKey: Read<K>, readValue: Read<V>, at: Reading): ReadonlyMap<K, V> {
  const pairs = readTag(json, "Map", mapForm);
  if (!isList(pairs)) refuse("type", mapForm, json);
  const map = new Map<K, V>();
  const keys: Json[] = [];
  let part: readonly number[] = [];
  try {
    for (const pair of pairs) {
      part = [];
      if (!isList(pair) || pair.length !== 2) refuse("type", "a pair [key, value]", pair);
      const [keyJson = null, valueJson = null] = pair;
      part = keyPart;
      const key = readKey(keyJson, at);
      part = valuePart;
      map.set(key, readValue(valueJson, at));
      keys.push(keyJson);
    }
  } catch (error) {
    throw under(error, "Map", keys.length, ...part);
  }
  refuseUnsorted(keys, { tag: "Map", part: keyPart, expected: mapForm });
  return map;
}

export function writeMap<K, V>(value: ReadonlyMap<K, V>, writeKey: Write<K>, writeValue: Write<V>, at: Writing): Json {
  if (!(value instanceof Map)) refuseToWrite("type", "a Map", value);
  const pairs: (readonly [key: Json, value: Json])[] = [];
  let part = keyPart;
  try {
    for (const [key, item] of value) {
      part = keyPart;
      const keyJson = writeKey(key, at);
      part = valuePart;
      pairs.push([keyJson, writeValue(item, at)]);
    }
  } catch (error) {
    throw under(error, "Map", pairs.length, ...part);
  }
  pairs.sort(([left], [right]) => compareCanonical(left, right));
  const twice = pairs.find(([key], index) => index > 0 && compareCanonical(pairs[index - 1]?.[0] ?? null, key) === 0);
  if (twice) refuseToWrite("order", "keys that differ in JSON too", twice[0]);
  return { Map: pairs };
}

const keyPart: readonly number[] = [0];
const valuePart: readonly number[] = [1];

function readItems<T>(items: readonly Json[], read: Read<T>, at: Reading): T[] {
  const values: T[] = [];
  try {
    for (const item of items) values.push(read(item, at));
  } catch (error) {
    throw under(error, values.length);
  }
  return values;
}

function writeItems<T>(values: Iterable<T>, write: Write<T>, at: Writing): Json[] {
  const items: Json[] = [];
  try {
    for (const value of values) items.push(write(value, at));
  } catch (error) {
    throw under(error, items.length);
  }
  return items;
}

function refuseUnsorted(items: readonly Json[], { tag, part, expected }: { tag: string; part: readonly number[]; expected: string }): void {
  for (const [index, item] of items.entries()) {
    const before = items[index - 1];
    if (before === undefined || compareCanonical(before, item) < 0) continue;
    try {
      refuse("order", expected, item);
    } catch (error) {
      throw under(error, tag, index, ...part);
    }
  }
}
