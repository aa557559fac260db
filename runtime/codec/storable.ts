// What is written has to be read again. Readers of rows have limits, of which the writers of single members know nothing: they are asked here,
// of a whole record, before it is gone where nobody could read it.

import { EncodeError } from "./error.js";
import { depthForm, depthMax, isList, type Json, type JsonRecord } from "./json.js";
import { profiles } from "./profile.js";
import { utf8Bytes } from "./text.js";

/**
 * Throws an EncodeError with code `limit` for a record that could not be read from a row again. It names the member that is too deep, or takes the
 * most where all together take too much, and tells nothing of what stands in it, for that may be a secret.
 */
export function checkStorable(record: JsonRecord): void {
  const sizes = Object.entries(record).map(([key, member]) => ({ key, bytes: memberBytes(key, member), depth: depthOf(member) }));
  const deep = sizes.find(({ depth }) => depth >= depthMax);
  if (deep) throw tooMuch(deep.key, depthForm);
  const { bytesMax } = profiles.store;
  if (sizes.reduce((sum, { bytes }) => sum + bytes, 0) <= bytesMax) return;
  throw tooMuch(sizes.reduce((most, one) => (one.bytes > most.bytes ? one : most)).key, `at most ${bytesMax} bytes in all members together`);
}

function tooMuch(key: string, expected: string): EncodeError {
  return new EncodeError({ code: "limit", expected, got: "more", pointer: `/${key}` });
}

function depthOf(json: Json | undefined): number {
  if (typeof json !== "object" || json === null) return 0;
  let deepest = 0;
  for (const member of Object.values(json)) deepest = Math.max(deepest, depthOf(member));
  return deepest + 1;
}

/** How many bytes it takes when it comes back from `jsonb`: with a space behind each comma and colon, and numbers without an exponent. */
export function jsonbBytes(json: Json): number {
  if (typeof json === "number") return numberBytes(json);
  if (json === null || typeof json !== "object") return utf8Bytes(JSON.stringify(json));
  let bytes = 0;
  if (isList(json)) for (const item of json) bytes += jsonbBytes(item) + 2;
  else for (const [key, member] of Object.entries(json)) bytes += memberBytes(key, member);
  // Between n elements stand n - 1 commas, each with its space; the brackets take as much as one more would.
  return Math.max(bytes, 2);
}

function memberBytes(key: string, member: Json | undefined): number {
  return member === undefined ? 0 : utf8Bytes(JSON.stringify(key)) + 2 + jsonbBytes(member) + 2;
}

function numberBytes(number: number): number {
  const [mantissa = "", power] = String(number).split("e");
  if (power === undefined) return mantissa.length;
  const exponent = Number(power);
  const sign = number < 0 ? 1 : 0;
  // JavaScript takes an exponent from 1e21 on, where all digits stand before the point, and below 1e-6, where all stand behind it and some zeros.
  if (exponent > 0) return sign + exponent + 1;
  return sign + "0.".length + (-exponent - 1) + mantissa.replace(/[-.]/g, "").length;
}
