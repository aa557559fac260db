// What was made of each resource the last time, so that a run need not make it again.

import { hashOf, type StoredUnit } from "../cache.js";
import type { Recall, Unit } from "../compile.js";

export function storeUnits(units: readonly Unit[]): readonly StoredUnit[] {
  return units.map(({ name, asked, files }) => ({ name, asked: [...asked()], files: files.map(({ path, text }) => [path, hashOf(text)] as const) }));
}

/** Remembers the units of a run whose texts still stand in `generated/` as they were made. */
export function recallUnits(stored: readonly StoredUnit[], there: ReadonlyMap<string, string>): Recall {
  const units = new Map(stored.map((unit) => [unit.name, unit]));
  return (name, fingerprint) => {
    const unit = units.get(name);
    if (!unit || !unit.asked.every(([asked, print]) => fingerprint(asked) === print)) return null;
    const files = unit.files.flatMap(([path, hash]) => {
      const text = there.get(path);
      return text === undefined || hashOf(text) !== hash ? [] : [{ path, text }];
    });
    return files.length === unit.files.length ? { name, asked: () => new Map(unit.asked), files } : null;
  };
}
