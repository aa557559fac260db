// How the checks read a document: a part is a value together with where it was written. Absent, or of another shape, reads as null; `parse`
// has said so already. What a part lacks because `parse` took it away is never missed twice: `isLost`, `isWhole`.

import { inside, locate, type Place, type SpecDocument, type SpecRecord, type SpecValue } from "../document.js";
import { parseDuration } from "../scalars.js";
import type { SourceLocation } from "../source.js";

export interface Part {
  readonly value: SpecValue;
  readonly at: Place;
}

export function rootOf(document: SpecDocument): Part {
  return { value: document.spec, at: { document, path: [] } };
}

/** A member of a record; null where there is none. */
export function member(part: Part | null, name: string): Part | null {
  if (part === null || !isRecord(part.value)) return null;
  const value = part.value[name];
  // What every object inherits, such as `constructor`, is no member.
  return value === undefined || !Object.hasOwn(part.value, name) ? null : { value, at: inside(part.at, name) };
}

/** The members of a record, as written. */
export function members(part: Part | null): readonly (readonly [string, Part])[] {
  if (part === null || !isRecord(part.value)) return [];
  return Object.entries(part.value).map(([name, value]) => [name, { value, at: inside(part.at, name) }]);
}

/** The items of a list; anything else stands for a list of itself. */
export function items(part: Part | null): readonly Part[] {
  if (part === null) return [];
  if (!isList(part.value)) return [part];
  return part.value.map((value, index) => ({ value, at: inside(part.at, index) }));
}

export function text(part: Part | null): string | null {
  return part !== null && typeof part.value === "string" ? part.value : null;
}

export function number(part: Part | null): number | null {
  return part !== null && typeof part.value === "number" ? part.value : null;
}

export function flag(part: Part | null, otherwise = false): boolean {
  return part !== null && typeof part.value === "boolean" ? part.value : otherwise;
}

export function durationMs(part: Part | null): number | null {
  const written = text(part);
  return written === null ? null : parseDuration(written);
}

/** The texts among the items of a part, each with its place. */
export function texts(part: Part | null): readonly { readonly text: string; readonly part: Part }[] {
  return items(part).flatMap((item) => (typeof item.value === "string" ? [{ text: item.value, part: item }] : []));
}

export function isRecord(value: SpecValue): value is SpecRecord {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isList(value: SpecValue): value is readonly SpecValue[] {
  return Array.isArray(value);
}

/** It, or what it stood in, was taken away: nothing can be said of it. */
export function isLost(place: Place): boolean {
  return place.document.lost.some((lost) => lost.length <= place.path.length && lost.every((step, at) => step === place.path[at]));
}

/** Nothing was taken away from it, around it or within it: what it lacks was not written. */
export function isWhole(place: Place): boolean {
  return !place.document.lost.some((lost) => lost.every((step, at) => at >= place.path.length || step === place.path[at]));
}

/** Which members it has is known, whatever was taken away within them. */
export function hasAllMembers(place: Place): boolean {
  const { path, document } = place;
  return !document.lost.some((lost) => lost.length <= path.length + 1 && lost.every((step, at) => at >= path.length || step === path[at]));
}

export function keyOf(part: Part): SourceLocation {
  return locate(part.at, "key");
}

export function valueOf(part: Part): SourceLocation {
  return locate(part.at, "value");
}
