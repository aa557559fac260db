// `pliny backfill`: rows that hold an older shape are read, brought up and written in the shape that is written now.

import type { KnownResource, Registry } from "../machine/registry.js";
import type { Resources } from "../machine/resources.js";
import type { Store } from "../store/connection.js";
import { countShapes, readOlderResources, type ShapeCount } from "../store/postgres.js";
import { type Pace, type Progress, runBatches } from "./batches.js";

export interface BackfillOptions {
  readonly registry: Registry;
  readonly resources: Resources;
  readonly store: Store;
}

export interface Backfilled extends Progress {
  readonly before: readonly ShapeCount[];
  readonly after: readonly ShapeCount[];
}

/** All rows of a resource's family that are below the shape that is written now. Safe beside live writers: a row is written only as it was read. */
export async function backfill(known: KnownResource, { registry, resources, store }: BackfillOptions, pace: Pace): Promise<Backfilled> {
  const table = known.root;
  const family = registry.resources.filter(({ root }) => root === table);
  const types = family.map(({ tag }) => tag);
  const before = await countShapes(store, table);
  const below = known.type.write ?? known.type.version;
  const progress = await runBatches(
    { table, read: (after, limit) => readOlderResources(store, table, { types, below, after, limit }), write: (record) => resources.rewrite(record) },
    pace,
  );
  return { ...progress, before, after: await countShapes(store, table) };
}
