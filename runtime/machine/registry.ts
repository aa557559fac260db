// Which types there are: by the name that code knows them by, and by the tag that their rows carry. A subtype's rows stand in the table of its
// family's root, and what is written by hand for the root goes for it too.

import type { Predicates } from "../codec/check.js";
import type { App, ResourceCode, ResourceType } from "../contract.js";

/** A type of resource with what belongs to it. */
export interface KnownResource {
  readonly type: ResourceType<unknown>;
  /** What its rows are stored and sent as. */
  readonly tag: string;
  /** The root of its family, by tag: the name of the table, and what secrets are bound to. */
  readonly root: string;
  /** The root of its parent's family; null where it has no parent. */
  readonly parentRoot: string | null;
  readonly upgrades: object;
  readonly predicates: Predicates;
}

export interface Registry {
  readonly resources: readonly KnownResource[];
  /** How long ended runs are kept, by the tag of their task: days, or `ever`. */
  readonly keeps: { readonly [task: string]: string };
  /** Throws where there is none: the name is of code that `createApp` did not join. */
  ofType(type: ResourceType<unknown>): KnownResource;
  /** Null where there is none: a newer release may know it. */
  ofTag(tag: string): KnownResource | null;
}

export function createRegistry(app: App): Registry {
  const codes = new Map(app.resources.map((code) => [code.type.name, code]));
  const known = app.resources.map(knownOf);
  const byName = new Map(known.map((one) => [one.type.name, one]));
  const byTag = new Map(known.map((one) => [one.tag, one]));
  return {
    resources: known,
    keeps: Object.fromEntries(app.tasks.map(({ type }) => [type.key ?? type.name, String(Math.ceil(type.keepMs / dayMs))])),
    ofType(type) {
      const one = byName.get(type.name);
      if (one === undefined) throw new TypeError(`There is no resource '${type.name}' in this app.`);
      return one;
    },
    ofTag: (tag) => byTag.get(tag) ?? null,
  };

  function knownOf(code: ResourceCode): KnownResource {
    const { type, upgrades = {}, checks = {} } = code;
    const base = type.extends === undefined ? undefined : codes.get(type.extends);
    const parent = type.parent === undefined ? undefined : codes.get(type.parent);
    return {
      type,
      tag: tagOf(type),
      root: tagOf(base?.type ?? type),
      parentRoot: parent === undefined ? null : tagOf(rootOf(parent)),
      upgrades: base?.upgrades ?? upgrades,
      predicates: { own: { ...base?.checks, ...checks }, types: app.typeChecks },
    };
  }

  function rootOf({ type }: ResourceCode): ResourceType<unknown> {
    return (type.extends === undefined ? undefined : codes.get(type.extends)?.type) ?? type;
  }
}

const dayMs = 86_400_000;

function tagOf({ name, key }: ResourceType<unknown>): string {
  return key ?? name;
}
