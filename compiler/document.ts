// A spec document as `parse` hands it on: plain values of a checked shape, and where each of them was written.
// It is plain data throughout, so that it can be kept in a cache and sent between threads.

import type { SourceFile, SourceLocation } from "./source.js";

export type SpecValue = null | boolean | number | string | readonly SpecValue[] | SpecRecord;
export interface SpecRecord {
  readonly [key: string]: SpecValue;
}

export type DocumentKind = "resource" | "task" | "type" | "config";

/** Steps from the root of a document to a value: keys of records, indexes of lists. */
export type SpecPath = readonly (string | number)[];

export interface SpecDocument {
  readonly kind: DocumentKind;
  readonly file: SourceFile;
  /** Where all of it stands: the offsets of its start and its end. */
  readonly span: readonly [start: number, end: number];
  /** What stands in the file, whatever its shape. */
  readonly written: SpecValue;
  /**
   * Four offsets a value of `written`: start and end of its key (of the value itself where it has no key), start and end of the value.
   * Values in preorder, the members of a record in the order of `Object.keys`.
   */
  readonly places: readonly number[];
  /** `written` without what has not the right shape (the same object where nothing was taken away). The checks read this. */
  readonly spec: SpecRecord;
  /**
   * The paths of what was taken away, or of where something required is missing; each has a diagnostic already. A list that holds something
   * wrong is taken away whole, so that indexes in `spec` are those of `written`. The empty path says that the document could not be read
   * (its syntax is wrong): `spec` then holds its name and no more, and nothing should be said of what it lacks.
   */
  readonly lost: readonly SpecPath[];
}

/** A value of a document, kept as a path so that offsets are looked up only for what is reported. */
export interface Place {
  readonly document: SpecDocument;
  readonly path: SpecPath;
}

/** The place of something inside another. */
export function inside(place: Place, ...steps: SpecPath): Place {
  return { document: place.document, path: [...place.path, ...steps] };
}

/**
 * Where a place stands in its file: its key (for an item of a list the item itself) or its value.
 * Where the path leads to nothing that was written, its nearest ancestor is taken.
 */
export function locate(place: Place, part: "key" | "value"): SourceLocation {
  const { file, places, written } = place.document;
  let value = written;
  let index = 0;
  for (const step of place.path) {
    if (value === null || typeof value !== "object") break;
    const member = layoutOf(value).members.get(String(step));
    if (member === undefined) break;
    index += member.offset;
    value = member.value;
  }
  const first = index * 4 + (part === "key" ? 0 : 2);
  return { file, start: places[first] ?? 0, end: places[first + 1] ?? 0 };
}

/** How many values a list or a record holds, itself included, and how far into them each of its members begins. */
interface Layout {
  readonly size: number;
  readonly members: ReadonlyMap<string, { readonly offset: number; readonly value: SpecValue }>;
}

// Kept as long as the value is: a document of which ten thousand things are wrong is counted once.
const layouts = new WeakMap<object, Layout>();

function layoutOf(value: readonly SpecValue[] | SpecRecord): Layout {
  const known = layouts.get(value);
  if (known !== undefined) return known;
  const members = new Map<string, { readonly offset: number; readonly value: SpecValue }>();
  let size = 1;
  for (const [key, member] of Object.entries(value) as [string, SpecValue][]) {
    members.set(key, { offset: size, value: member });
    size += member === null || typeof member !== "object" ? 1 : layoutOf(member).size;
  }
  const layout = { size, members };
  layouts.set(value, layout);
  return layout;
}
