// What was made of each resource the last time, so that a run need not make it again.

import type { LastRun, StoredUnit } from "../cache.js";
import type { Recall, Unit } from "../compile.js";

export function storeUnits(units: readonly Unit[]): readonly StoredUnit[] {
  return units.map(({ name, asked, paths }) => ({ name, asked: [...asked()], paths }));
}

/** Remembers the units of a run whose files still stand in `generated/` as they were made, as `isAsMade` says. */
export function recallUnits({ units }: Pick<LastRun, "units">, isAsMade: (path: string) => boolean): Recall {
  const known = new Map(units.map((unit) => [unit.name, unit]));
  return (name, fingerprint) => {
    const unit = known.get(name);
    if (!unit || !unit.asked.every(([asked, print]) => fingerprint(asked) === print) || !unit.paths.every(isAsMade)) return null;
    return { name, asked: () => new Map(unit.asked), paths: unit.paths, files: [] };
  };
}
