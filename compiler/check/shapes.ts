// What is stored and how it came to be: versions, fields, the fields that were removed, and how an old shape becomes a newer one.

import { report } from "../diagnostic.js";
import { inside, locate } from "../document.js";
import type { Field, Resource, Task, Tombstone, Upgrade } from "../model.js";
import { reportUnknown, type Context } from "./declare.js";
import { lint } from "./elements.js";
import { checkValue, readField, type FieldContext } from "./fields.js";
import { isLost, isRecord, isWhole, items, keyOf, member, members, number, rootOf, text, valueOf, type Part } from "./part.js";

export interface Versions {
  readonly version: number;
  readonly write: number;
  readonly oldest: number;
}

/** `version`, `write` and `oldest`: oldest ≤ write ≤ version. */
export function readVersions(root: Part, found: FieldContext["found"]): Versions {
  const part = { write: member(root, "write"), oldest: member(root, "oldest") };
  const version = number(member(root, "version")) ?? 1;
  const write = number(part.write) ?? version;
  const oldest = number(part.oldest) ?? 1;
  const isKnown = !isLost(inside(root.at, "version"));
  if (isKnown && part.write !== null && write > version) {
    found.push(
      report.versionsCrossed(valueOf(part.write), { what: "write", number: write, limit: `the version, ${version}`, isAbove: true }),
    );
    return { version, write: version, oldest: Math.min(oldest, version) };
  }
  if (isKnown && part.oldest !== null && oldest > write) {
    const limit = write === version ? `the version, ${version}` : `what is written, ${write}`;
    found.push(report.versionsCrossed(valueOf(part.oldest), { what: "oldest", number: oldest, limit, isAbove: true }));
    return { version, write, oldest: Math.min(write, version) };
  }
  return { version, write, oldest };
}

/** The newest version that `since`, `until` and upgrades may name: all of them where `version` could not be read. */
export function newestVersion(root: Part, version: number): number {
  return isLost(inside(root.at, "version")) ? Number.MAX_SAFE_INTEGER : version;
}

/** The fields listed under `removed`. */
export function readRemoved(root: Part, context: FieldContext): readonly Tombstone[] {
  return items(member(root, "removed")).flatMap((part): readonly Tombstone[] => {
    const name = text(member(part, "field"));
    if (name === null) return [];
    const field = readField(name, part, context);
    const untilPart = member(part, "until");
    const until = number(untilPart);
    const newest = context.version ?? 1;
    if (untilPart !== null && until !== null && (until <= field.since || until > newest)) {
      context.found.push(
        report.shapeOutOfRange(valueOf(untilPart), { what: "until", number: until, lowest: field.since + 1, highest: newest }),
      );
      return [{ until: null, ...field }];
    }
    return [{ until, ...field }];
  });
}

/** Says which defaults are values that the shape which is written has not yet: what nobody gives would be refused. */
export function checkDefaults(fields: readonly Field[], write: number, found: FieldContext["found"]): void {
  for (const { name, type, default: value, at } of fields) {
    const since = type.kind === "enum" ? (type.values.find((each) => each.value === value)?.since ?? 1) : 1;
    if (since > write) found.push(report.defaultTooNew(locate(inside(at, "default"), "value"), { field: name, since, write }));
  }
}

interface Joined {
  readonly fields: readonly Field[];
  /** Those that are no field any more. */
  readonly removed: readonly Tombstone[];
}

/**
 * Fields that were encrypted in a version after they came. A tombstone of the same name says until when such a field stood in the open: the two
 * are one field, whose old values are sealed as rows are brought up.
 */
export function joinOpenForms(fields: readonly Field[], removed: readonly Tombstone[], { found }: Context): Joined {
  const joined = fields.map((field): Field => {
    const before = removed.find(({ name }) => name === field.name);
    // Where both are secrets, or neither is, the name was said to be used again.
    if (before === undefined || (field.encrypted === null) === (before.encrypted === null)) return field;
    const { encrypted } = field;
    const said = { field: field.name, version: field.since, first: locate(before.at, "key") };
    const wrong = {
      opened: encrypted === null, version: before.until !== field.since, key: before.key !== field.key, type: formOf(before) !== formOf(field),
    };
    const by = (["opened", "version", "key", "type"] as const).find((each) => wrong[each]);
    if (by !== undefined) found.push(report.openFormMisfit(locate(field.at, "key"), { ...said, by }));
    return encrypted === null ? field : { ...field, since: before.since, encrypted: { ...encrypted, since: field.since } };
  });
  return { fields: joined, removed: removed.filter(({ name }) => !fields.some((field) => field.name === name)) };
}

/** What its stored values look like; a bound or a pattern is nothing of that. */
function formOf({ type }: Field): string {
  return JSON.stringify(type, ["kind", "name", "keys", "of", "fields", "key", "type", "encrypted", "special", "unit"]);
}

interface Shaped {
  readonly fields: readonly Field[];
  readonly removed: readonly Tombstone[];
  readonly oldest: number;
}

/** How older shapes become newer ones: what `set` gives is in that shape and fits its field, and no upgrade that is needed is missing. */
export function readUpgrades(root: Part, { fields, removed, oldest }: Shaped, context: FieldContext): readonly Upgrade[] {
  const newest = context.version ?? 1;
  const fieldsByName = new Map(fields.map((field) => [field.name, field]));
  const removedByName = new Map(removed.map((field) => [field.name, field]));
  const upgrades = members(member(root, "upgrades")).flatMap(([written, part]): readonly Upgrade[] => {
    const version = Number(written);
    if (!Number.isInteger(version)) return [];
    if (version < 2 || version > newest) {
      context.found.push(report.upgradeOutOfRange(keyOf(part), { upgrade: version, version: newest }));
      return [];
    }
    const set = isRecord(part.value) ? members(member(part, "set")) : null;
    return [{ version, set: set === null ? null : set.flatMap(([name, value]) => readConstant(name, value, version)), at: part.at }];
  });
  // What stood in the open before it was encrypted is there.
  const unfilled = fields.filter(({ name }) => removedByName.get(name)?.required !== true);
  checkMissing(root, { fields: unfilled, oldest, newest, upgrades, inherits: false }, context);
  return [...upgrades].sort((left, right) => left.version - right.version);

  function readConstant(name: string, value: Part, version: number): readonly { readonly field: string; readonly value: Part["value"] }[] {
    const field = fieldsByName.get(name);
    const tombstone = removedByName.get(name);
    const declared = field ?? tombstone;
    if (declared === undefined) {
      if (!isWithin(root, name))
        reportUnknown(
          context.found,
          { part: value, which: "key" },
          { name, kind: "field", known: [...fields, ...removed].map((each) => each.name) },
        );
      return [];
    }
    if (declared.since > version || (tombstone?.until != null && tombstone.until <= version)) {
      context.found.push(report.notInShape(keyOf(value), { field: name, version, first: locate(declared.at, "key") }));
      return [];
    }
    checkValue(value, declared.type, { what: "constant", of: `'${name}'` }, context);
    return [{ field: name, value: value.value }];
  }
}

/** Upgrades that lead to a shape than which nothing older is read. */
export function checkNeverRun(of: Resource | Task, { found }: Context): void {
  const oldest = member(rootOf(of.at.document), "oldest");
  // One that could not be so was taken for another.
  if (oldest === null || number(oldest) !== of.oldest) return;
  for (const { version, at } of of.upgrades) {
    if (version > of.oldest) continue;
    lint(report.upgradeNeverRun(locate(at, "key"), { upgrade: version, oldest: of.oldest, first: valueOf(oldest) }), [of], found);
  }
}

/** A field of that name was written, and taken away because something is wrong with it. */
function isWithin(root: Part, name: string): boolean {
  return isLost(inside(root.at, "fields", name)) || isLost(inside(root.at, "args", name)) || !isWhole(inside(root.at, "removed"));
}

/** Says which required fields came with a version that no upgrade leads to. */
export function checkMissing(
  root: Part,
  {
    fields,
    oldest,
    newest,
    upgrades,
    inherits,
  }: {
    readonly fields: readonly Field[];
    readonly oldest: number;
    readonly newest: number;
    readonly upgrades: readonly Upgrade[];
    readonly inherits: boolean;
  },
  { found }: FieldContext,
): void {
  if (!isWhole(inside(root.at, "upgrades"))) return;
  for (const field of fields) {
    const { since } = field;
    if (!field.required || field.default !== undefined || since <= Math.max(oldest, 1) || since > newest) continue;
    const upgrade = upgrades.find((each) => each.version === since);
    if (upgrade !== undefined && (upgrade.set === null || upgrade.set.some((each) => each.field === field.name))) continue;
    // A constant that does not fit is there, and was reported.
    const written = member(member(member(root, "upgrades"), String(since)), "set");
    if (member(written, field.name) !== null) continue;
    found.push(report.upgradeMissing(locate(inside(field.at, "since"), "value"), { field: field.name, version: since, inherits }));
  }
}
