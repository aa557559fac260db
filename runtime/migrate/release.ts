// Which specs made a database. What of an app its tables and moves depend on is a summary with a hash, kept in `pliny.release`: a program of the
// same specs goes on, and one of others is told what differs before it writes. What handlers do is no part of it.

import { createHash } from "node:crypto";
import { canonicalText, type Json, type JsonRecord } from "../codec/index.js";
import { isList } from "../codec/json.js";
import { PlinyError } from "../errors.js";
import type { KnownResource, KnownTask, Registry } from "../machine/registry.js";
import { stateName } from "../machine/resources.js";
import { lookedUp } from "../machine/vaults.js";
import { ask, codeOf, type Connection, isConnectionLost, type Store } from "../store/connection.js";
import { findMissingTables, tableName } from "../store/postgres.js";
import { lockSchema } from "./apply.js";

/** By resource and task, in words that a message can use: `{ "resource database": { "version": 3, "move": ["new → creating", …], … }, … }`. */
export type Summary = JsonRecord;

/**
 * Makes the app's tables in an empty database, of `schema`, the text of its `schema.sql`; finds them in one that was made before. Throws a
 * PlinyError where other specs made it, naming what differs, and where tables of the same names are somebody else's. Comes after the steps.
 */
export async function recogniseDatabase(store: Store, registry: Registry, schema: string | null): Promise<void> {
  const summary = summaryOf(registry);
  const hash = hashOf(summary);
  if (await isMadeBy(store, { hash, summary })) return;
  await store.transaction(async (on) => {
    await lockSchema(on);
    if (await isMadeBy(on, { hash, summary })) return;
    await refuseStrangers(on, registry);
    if ((await missingTables(on, registry)).all) await makeTables(on, schema);
    const { missing } = await missingTables(on, registry);
    if (missing.length > 0) {
      throw new PlinyError("TABLES", `The database has no ${missing.join(", ")}, and others of this app's tables. Make them with what generated/schema.sql says of them, or give the app an empty database`);
    }
    const differing = differences(await readMoves(on), movesOf(registry));
    if (differing.length > 0) throw otherSpecs(differing);
    await on.query("insert into pliny.release (hash, types) values ($1, $2)", [hash, JSON.stringify(summary)]);
  });
}

/** Everything of the app that its tables, their indexes and the moves of their rows depend on, by stored names. */
export function summaryOf({ resources, tasks }: Registry): Summary {
  return Object.fromEntries([
    ...resources.map((known) => [`resource ${known.tag}`, { ...versionsOf(known.type), ...resourceSummary(known, resources), move: resourceMoves(known, resources) }]),
    ...tasks.map((known) => [`task ${known.tag}`, { ...versionsOf(known.type), state: Object.keys(known.type.states).sort(), move: taskMoves(known) }]),
  ]);
}

export function hashOf(summary: Summary): string {
  return createHash("sha256").update(canonicalText(summary)).digest("hex");
}

/** What differs between what a database was made of and what there is now, a line each. */
export function differences(before: Summary, after: Summary): readonly string[] {
  return namesIn(before, after).flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (is === undefined) return [`${name} is gone`];
    if (was === undefined) return [`${name} is new`];
    return isRecord(was) && isRecord(is) ? namesIn(was, is).flatMap((fact) => factDifferences(`${name}, ${fact}`, was[fact] ?? null, is[fact] ?? null)) : [];
  });
}

function factDifferences(fact: string, was: Json, is: Json): readonly string[] {
  if (canonicalText(was) === canonicalText(is)) return [];
  if (!isList(was) || !isList(is)) return [`${fact}: was ${shown(was)}, is ${shown(is)}`];
  const [before, after] = [was.map(shown), is.map(shown)];
  return [
    ...before.filter((item) => !after.includes(item)).map((item) => `${fact} ${item} is gone`),
    ...after.filter((item) => !before.includes(item)).map((item) => `${fact} ${item} is new`),
  ];
}

function shown(value: Json): string {
  return value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
}

function namesIn(before: JsonRecord, after: JsonRecord): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
}

function isRecord(value: Json): value is JsonRecord {
  return value !== null && typeof value === "object" && !isList(value);
}

function otherSpecs(differing: readonly string[]): PlinyError {
  const more = differing.length - shownDifferences;
  return new PlinyError(
    "OTHER_SPECS",
    [
      "This database was made from other specs than this app:",
      ...differing.slice(0, shownDifferences).map((line) => `  ${line}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
      "Nothing in it was touched. Run the app with the specs that made it, or give these a database of their own",
    ].join("\n"),
  );
}

const shownDifferences = 8;

// ---- what an app says

interface Versioned {
  readonly version: number;
  readonly write?: number;
  readonly oldest?: number;
}

function versionsOf({ version, write = version, oldest = 1 }: Versioned): Summary {
  return { version, "written version": write, "oldest version": oldest };
}

function resourceSummary(known: KnownResource, resources: readonly KnownResource[]): Summary {
  const { type, root, tag, parentRoot } = known;
  const columns = (lists: readonly (readonly string[])[] = []): readonly string[] => lists.map((list) => list.join(", ")).sort();
  return {
    extends: root === tag ? null : root,
    parent: type.parent === undefined ? null : (resources.find((other) => other.type.name === type.parent)?.tag ?? parentRoot),
    state: Object.keys(type.states).sort(),
    unique: columns(type.unique),
    index: columns(type.indexes),
    lookup: [...lookedUp(known).keys()].sort(),
    own_key: type.ownKey ?? false,
  };
}

/** What each type may do, as `from → to`. */
export interface Moves {
  readonly [type: string]: { readonly move: readonly string[] };
}

/** The same rows that `schema.sql` puts into `pliny.move`, by their types. */
export function movesOf({ resources, tasks }: Registry): Moves {
  return Object.fromEntries([
    ...resources.map((known) => [known.tag, { move: resourceMoves(known, resources) }]),
    ...tasks.map((known) => [known.tag, { move: taskMoves(known) }]),
  ]);
}

interface Move {
  readonly from: string;
  readonly to: string | undefined;
}

function resourceMoves({ type, root, tag }: KnownResource, resources: readonly KnownResource[]): readonly string[] {
  const base = root === tag ? undefined : resources.find((other) => other.tag === root);
  const moves = Object.entries(type.states).flatMap(([from, state]) => [...(state.to ?? []), state.then, state.else, state.onTimeout].map((to) => ({ from, to })));
  return movesFrom(Object.keys(type.states)[0], moves, { ...base?.type.replaced, ...type.replaced });
}

function taskMoves({ type, code }: KnownTask): readonly string[] {
  const states = Object.keys(type.states);
  const moves = Object.entries(type.states).flatMap(([from, state]) => [...state.to, state.onTimeout, state.onUnknown].map((to) => ({ from, to })));
  // It waits in `new` until `should_start` says yes, and however it ends it passes the exit first.
  const waits = code.shouldStart ? [{ from: "new", to: "new" }] : [];
  const exits = code.onStop ? [...(code.shouldStart ? ["new"] : []), ...states].map((from) => ({ from, to: exitState })) : [];
  return movesFrom(states[0], [...waits, ...moves, ...exits, ...(code.onStop ? [{ from: exitState, to: "stop" }] : [])], type.replaced ?? {});
}

const exitState = "__exit__";

function movesFrom(first: string | undefined, moves: readonly Move[], replaced: { readonly [old: string]: string }): readonly string[] {
  // What is found in a state that is gone goes on as from the one in its place: there, or straight to where that leads.
  const detours = Object.entries(replaced).flatMap(([from, place]) => [place, ...moves.filter((move) => move.from === place).map(({ to }) => to)].map((to) => ({ from, to })));
  const all = [{ from: "new", to: first ?? "stop" }, ...moves, ...detours];
  return [...new Set(all.flatMap(({ from, to }) => (to === undefined || to === "panic" || (from === to && from !== "new") ? [] : [`${from} → ${to}`])))].sort();
}

// ---- what a database says

async function isMadeBy(on: Connection, { hash, summary }: { readonly hash: string; readonly summary: Summary }): Promise<boolean> {
  const [made] = await ask<{ readonly hash: string; readonly types: Summary }>(on, "select hash, types from pliny.release order by at desc, hash limit 1");
  if (made === undefined) return false;
  if (made.hash !== hash) throw otherSpecs(differences(made.types, summary));
  return true;
}

async function missingTables(on: Connection, { resources }: Registry): Promise<{ readonly missing: readonly string[]; readonly all: boolean }> {
  const tables = [...new Set(resources.map(({ root }) => tableName(root)))];
  const missing = await findMissingTables(on, tables);
  return { missing, all: missing.length === tables.length };
}

/** Every table that schema.sql makes has its trigger; one without it is somebody else's. */
async function refuseStrangers(on: Connection, { resources }: Registry): Promise<void> {
  const strangers = await ask<{ readonly name: string }>(
    on,
    `select name from unnest($1::text[]) as t (name) where to_regclass(name) is not null and not exists (
       select from pg_trigger where tgrelid = to_regclass(name) and tgname = 'check_move' and tgfoid = 'pliny.check_move'::regproc)`,
    [[...new Set(resources.map(({ root }) => tableName(root)))]],
  );
  if (strangers.length === 0) return;
  throw new PlinyError(
    "TABLES",
    `${strangers.map(({ name }) => name).join(", ")} in this database is not of pliny's making, and was not touched. Give the app a database of its own`,
  );
}

async function readMoves(on: Connection): Promise<Moves> {
  const rows = await ask<{ readonly type: string; readonly from: string; readonly to: string }>(on, `select type, "from", "to" from pliny.move`);
  const types = new Map<string, string[]>();
  for (const { type, from, to } of rows) types.set(type, [...(types.get(type) ?? []), `${stateName(from)} → ${stateName(to)}`]);
  return Object.fromEntries([...types].map(([type, move]) => [type, { move: move.sort() }]));
}

async function makeTables(on: Connection, schema: string | null): Promise<void> {
  if (schema === null) {
    throw new PlinyError("TABLES", "The database is empty. Give connect the text of generated/schema.sql as `schema`, and it makes the tables of the app");
  }
  try {
    // Its own transaction is left out: the tables and the record of what made them are there together, or neither is.
    await on.query(schema.replaceAll(/^(begin|commit);$/gm, ""));
  } catch (error) {
    if (isConnectionLost(error) || codeOf(error) === null || /^(42501|25|53|57)/.test(codeOf(error) ?? "")) throw error;
    const said = error instanceof Error ? error.message : "";
    throw new PlinyError("SCHEMA", `What \`schema\` says is not applied: ${said}. Give the text of generated/schema.sql as \`pliny generate\` wrote it`, { cause: error });
  }
}
