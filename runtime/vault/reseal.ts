// Rotation of one record: its secrets are opened and sealed again, and nothing else of it is looked at. So it needs no type, and takes records
// of a newer release as they are.

import { under } from "../codec/error.js";
import { isList, type Json, type JsonRecord, setMember } from "../codec/json.js";
import type { Place, Sealed } from "../codec/reading.js";
import { readSealed } from "../codec/secret.js";

export interface Resealing {
  /** The stored key of the root of its family, and its id. */
  readonly place: Place;
  /** Whether it may stay as it is. */
  readonly isCurrent: (sealed: Sealed) => boolean;
  /** Opens and seals. Throws a DecodeError where it cannot be opened. */
  readonly reseal: (sealed: Sealed, place: Place) => Sealed;
}

/** The record with every secret sealed again that is not current; the same object where there is none. Throws a DecodeError with its pointer. */
export function resealed(record: JsonRecord, { place, isCurrent, reseal }: Resealing): JsonRecord {
  let changed = false;
  const inRecord = (members: JsonRecord, path: readonly string[]): JsonRecord => {
    const made: { [key: string]: Json } = {};
    for (const [key, member] of Object.entries(members)) if (member !== undefined) setMember(made, key, atStep(key, () => inValue(member, [...path, key])));
    return made;
  };
  const inValue = (json: Json, path: readonly string[]): Json => {
    if (json === null || typeof json !== "object") return json;
    if (isList(json)) return json.map((item, index) => atStep(index, () => inValue(item, path)));
    const [tag, ...more] = Object.keys(json);
    if (tag === undefined || more.length > 0 || !/^[A-Z]/.test(tag)) return inRecord(json, path);
    const payload = json[tag] ?? null;
    if (tag === "Vault") {
      const sealed = readSealed(json);
      if (isCurrent(sealed)) return json;
      changed = true;
      return { Vault: reseal(sealed, { ...place, path }) };
    }
    // Free-form data is a user's. The keys of a dict are data and no way to a place, as positions in lists are none.
    if (tag === "Json" || payload === null || typeof payload !== "object") return json;
    if (isList(payload)) return { [tag]: atStep(tag, () => inValue(payload, path)) };
    const dict: { [key: string]: Json } = {};
    for (const [key, member] of Object.entries(payload)) if (member !== undefined) setMember(dict, key, atStep(key, () => inValue(member, path)));
    return { [tag]: dict };
  };
  const made = inRecord(record, place.path);
  return changed ? made : record;
}

function atStep<T>(step: string | number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw under(error, step);
  }
}
