// Frozen rows, as `generated/vectors` has them, read by the codecs of today: what of them cannot be read any more, and where it stands.

import { type CodecRefusal, describe } from "../codec/error.js";
import { isList, type Json } from "../codec/json.js";
import { profiles } from "../codec/profile.js";
import { detached, type Reading } from "../codec/reading.js";
import { nothing, readRecord, readVersion } from "../codec/record.js";
import { readAsWritten, type StoredType } from "../codec/stored.js";
import { parseJson } from "../codec/text.js";
import { refusalOr, strangersIn } from "./stored-text.js";

export type { StoredType };

/** What a row is made of: the fields of a resource, or the args and the fields of a run; null where the type has none. */
export interface RowParts {
  readonly args: StoredType | null;
  readonly fields: StoredType | null;
}

export interface UnreadRow {
  /** Into the file; a whole file that is no list of rows has "". */
  readonly refusal: CodecRefusal;
  /** Rows after it of which the same is to be said. */
  readonly others: number;
  /** Of the line that it stands on, where each row has one, as they are made. */
  readonly start: number;
}

/** Each thing that cannot be read, with the first row that shows it. */
export function findUnreadRows(text: string, types: RowParts): readonly UnreadRow[] {
  const made = refusalOr(() => ({ rows: parseJson(text, profiles.store) }));
  const whole = (refusal: CodecRefusal): readonly UnreadRow[] => [{ refusal, others: 0, start: 0 }];
  if ("code" in made) return whole(made);
  const { rows } = made;
  if (!isList(rows)) return whole({ code: "type", expected: "a list of rows", got: describe(rows), pointer: "" });
  const found = new Map<string, UnreadRow>();
  for (const [row, json] of rows.entries()) {
    for (const part of ["args", "fields"] as const) {
      const stored = json !== null && typeof json === "object" && !isList(json) ? json[part] : undefined;
      const refusal = stored === undefined ? null : refusalOfStored(stored, types[part] ?? none);
      if (refusal === null) continue;
      const same = `${part}${refusal.pointer} ${refusal.expected}`;
      const first = found.get(same);
      if (first !== undefined) found.set(same, { ...first, others: first.others + 1 });
      else found.set(same, { refusal: { ...refusal, pointer: `/${row}/${part}${refusal.pointer}` }, others: 0, start: startOfRow(text, { row, count: rows.length }) });
    }
  }
  return [...found.values()];
}

const none: StoredType = { codec: nothing, rules: {} };

// A value that no enum has any more is kept where a row is read, and is not what this asks for.
const inFull: Reading = { ...detached("store"), profile: { ...profiles.store, unknownValues: "refused" } };

/**
 * Why a stored record cannot be read in full by a type; null where it can, or is of a shape that the type says is read no more. What the
 * record has and no shape of the type counts as not read.
 */
function refusalOfStored(json: Json, { codec, rules }: StoredType): CodecRefusal | null {
  return refusalOr(() => {
    const record = readRecord(json);
    if (readVersion(record) < (codec.history?.oldest ?? 1)) return null;
    const { lostFound } = readAsWritten({ type: { codec, rules }, record, at: inFull });
    const [lost] = strangersIn(codec, lostFound);
    return lost === undefined ? null : { code: "unknown" as const, expected: codec.keys.length === 0 ? "no members" : `one of ${codec.keys.join(", ")}`, got: "a member that is no more", pointer: `/${lost}` };
  });
}

function startOfRow(text: string, { row, count }: { readonly row: number; readonly count: number }): number {
  const lines = text.split("\n");
  if (lines.length < count + 2) return 0;
  return lines.slice(0, row + 1).reduce((sum, line) => sum + line.length + 1, 0);
}
