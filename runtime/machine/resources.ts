// Resources between objects and rows: what was given is checked, encoded and written under compare-and-set; what is stored is decoded,
// whichever release wrote it. What they refer to is loaded a page at a time.

import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";
import { refusalsOf } from "../codec/check.js";
import { canonicalText, type Json, type JsonRecord, type Reading, readVersion, Ref, toRef, toSecret, toTaskRef, type Vault, type Writing } from "../codec/index.js";
import { profiles } from "../codec/profile.js";
import { isWithheld, keysOf, withStored } from "../codec/secret.js";
import type { RecordRules } from "../codec/given.js";
import { isList } from "../codec/json.js";
import { blankOf, readStored, writeStored } from "../codec/stored.js";
import { parseJson } from "../codec/text.js";
import type { Pliny, ResourceRow, ResourceType, Transition, WriteOptions } from "../contract.js";
import { Conflict, Desynchronized, HasChildren, IllegalMove, Invalid, NewerShape, NotFound, PlinyError } from "../errors.js";
import { codeOf, type Connection, isConnectionLost, type Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { hasLanded, insertResource, moveResource, readChildren, readMoves, readResources, type ResourceRecord, saveResource } from "../store/postgres.js";
import { stopResource } from "../store/runs.js";
import type { KnownResource, Registry } from "./registry.js";
import { Resource } from "./resource.js";
import { Task } from "./task.js";
import { indexKeysOf, type Vaults } from "./vaults.js";

export interface ResourcesOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly vaults: Vaults;
  /** Who does it, for the log. */
  readonly actor: string;
  /** What objects are given to call: the whole of which this is a part. */
  readonly pliny: () => Pliny;
  /** What a move brings with it, in the transaction that makes it: runs that end and start, deadlines. */
  readonly moved: (on: Connection, move: ResourceMove) => Promise<void>;
  /** Runs by their ids, to which rows refer as well. */
  readonly readRuns: (ids: readonly string[]) => Promise<ReadonlyMap<string, object | Error>>;
}

/** A move of a resource; `from` is null where it was made. States as code names them. */
export interface ResourceMove {
  readonly known: KnownResource;
  readonly id: string;
  readonly from: string | null;
  readonly to: string;
  /** The step that it is at now. */
  readonly step: bigint;
  readonly note: string | null;
}

/** The verbs of resources, and what else of them a page or a program needs. */
export interface Resources extends Pick<Pliny, "create" | "get" | "save" | "move" | "reload" | "load" | "children" | "history"> {
  /**
   * Those rows as objects, whose references are loaded together: a query a family, whichever of them is asked for first. A row that cannot be
   * read is the error that says why, so that it harms no other.
   */
  readPage(records: readonly ResourceRecord[], on?: Connection): Promise<readonly (Resource | Error)[]>;
  /** For each of the ids its row of a family's table as an object of its own, read in one query; undefined where it is gone. */
  readEach(table: string, ids: readonly string[], on?: Connection): Promise<readonly (Resource | Error | undefined)[]>;
  /** Rows of a family's table as objects, by id; those that are gone are not among them. */
  readMany(table: string, ids: readonly string[], on?: Connection): Promise<ReadonlyMap<string, Resource | Error>>;
  /** A type by the tag of its rows. Throws where this release knows none. */
  knownOf(tag: string): KnownResource;
  /** Writes a row in the shape that is written now; false where another write came first. A newer shape stays as it is. */
  rewrite(record: ResourceRecord): Promise<boolean>;
}

export function createResources({ registry, store, vaults, actor, pliny, moved, readRuns }: ResourcesOptions): Resources {
  return { create, get, save, move, reload, load, children, history, readPage, readEach, readMany, knownOf, rewrite };

  async function create<T>(type: ResourceType<T>, values: object, options: WriteOptions = {}): Promise<T> {
    const known = registry.ofType(type);
    const { parent, ...rest }: { readonly parent?: unknown } = { ...values };
    const given = taken(type.fields.rules, rest);
    const refusals = refusalsOf({ type: type.fields, given, before: null, predicates: known.predicates, upgrades: known.upgrades });
    if (refusals.length > 0) throw new Invalid(`A ${type.name} cannot be made of what was given`, refusals);
    const id = options.id ?? v7();
    const owner = known.parentRoot === null ? null : parentIn(parent, known);
    const [state = "live"] = Object.keys(type.states);
    const made = await sent({ known, id, options }, async () => {
      const vault = await vaults.forWriting({ known, id }, options.transaction);
      const record = encode(known, { ...blankOf(type.fields.codec), ...type.fields.defaults, ...given }, { id, vault, before: null, given });
      return together(options, async (on) => {
        const row = await insertResource(on, known.root, {
          id, type: known.tag, state, nonce: nextNonce(), parentId: owner, parentTable: known.parentRoot, ...textsOf(known, record), by: actor, note: noteOf(options),
        });
        if (row) await moved(on, { known, id, from: null, to: state, step: row.step, note: noteOf(options) });
        return row;
      });
    });
    if (made) return objectOf(made, type, options.transaction);
    // The same call once more, after an answer that was lost; or the parent is gone.
    const [there] = await readResources(options.transaction ?? store, known.root, [id]);
    if (!there) throw new NotFound(type.parent ?? type.name, owner ?? id);
    return objectOf(there, type, options.transaction);
  }

  async function get<T>(type: ResourceType<T>, id: string): Promise<T> {
    const known = registry.ofType(type);
    const [record] = await readResources(store, known.root, [id]);
    return record ? objectOf(record, type) : missing(type, id);
  }

  async function save(row: ResourceRow, changes: object, options: WriteOptions = {}): Promise<ResourceRow> {
    const known = knownOf(row.type);
    const record = await changed(known, row, { changes, on: options.transaction });
    if (record === null) return row;
    return written({ known, id: row.id, options }, (on, nonce) => saveResource(on, known.root, { ...textsOf(known, record), ...writeOf(row, nonce, options) }));
  }

  /** Its moves are those of its state, stop and panic; out of panic it may go anywhere. The database refuses others as well. */
  async function move(row: ResourceRow, to: string, values: object, options: WriteOptions = {}): Promise<ResourceRow> {
    const known = knownOf(row.type);
    const { type, root } = known;
    const states = Object.keys(type.states);
    const allowed = row.state === "panic" ? states : row.state === "stop" ? [] : [...(type.states[row.state]?.to ?? []), "panic"];
    if (row.state === "stop" || (to !== "stop" && !allowed.includes(to))) {
      throw new IllegalMove(`${type.name} ${row.id}`, { from: row.state, to, allowed: row.state === "stop" ? ["nowhere: it has stopped"] : [...new Set([...allowed, "stop"])] });
    }
    const record = await changed(known, row, { changes: values, on: options.transaction });
    return written({ known, id: row.id, options }, async (on, nonce) => {
      const texts = record === null ? { attrs: null, vaultKeys: [] } : textsOf(known, record);
      if (to !== "stop") {
        return together(options, async (connection) => {
          const made = await moveResource(connection, root, { ...texts, ...writeOf(row, nonce, options), to: storedState(to) });
          if (made) await moved(connection, { known, id: row.id, from: row.state, to, step: made.step, note: noteOf(options) });
          return made;
        });
      }
      if (record !== null) throw new TypeError(`${type.name} ${row.id} cannot be saved and stopped at once: save it first.`);
      const answer = await stop(known, row, { nonce, options });
      if (answer === "hasChildren") throw new HasChildren(type.name, row.id);
      return answer === "lost" ? null : ((await readResources(on, root, [row.id]))[0] ?? null);
    });
  }

  function stop({ root }: KnownResource, row: ResourceRow, { nonce, options }: { readonly nonce: bigint; readonly options: WriteOptions }): ReturnType<typeof stopResource> {
    const stopping = { table: root, id: row.id, nonce: row.nonce, nextNonce: nonce, childTables: registry.childTables(root), keeps: registry.keeps, exits: registry.exits, by: actor, note: noteOf(options) };
    return together(options, (connection) => stopResource(connection, stopping));
  }

  /** In the transaction of the caller, or one of its own. */
  function together<T>({ transaction }: WriteOptions, work: (on: Connection) => Promise<T>): Promise<T> {
    return transaction ? work(transaction) : store.transaction(work);
  }

  async function children({ type: name, id }: ResourceRow): Promise<readonly object[]> {
    const { root } = knownOf(name);
    const found = await Promise.all(registry.childTables(root).map(async (table) => readPage(await readChildren(store, table, id))));
    return found.flat().map(orThrow);
  }

  async function history(id: string): Promise<readonly Transition[]> {
    const moves = await readMoves(store, id);
    return moves.map(({ to, by, ...rest }) => ({ ...rest, to: to === null ? null : stateName(to), by: by ?? "" }));
  }

  /** What a record becomes by what is given; null where that changes nothing. */
  async function changed(known: KnownResource, row: ResourceRow, { changes, on }: Changing): Promise<JsonRecord | null> {
    if (Object.keys(changes).length === 0) return null;
    const { type, predicates } = known;
    if (row.isNewer) throw new NewerShape(row.type, row.id, Number(row.stored["__v"]));
    const before = await currentFields(known, row);
    const given = Object.assign({}, withStored(taken(type.fields.rules, changes), before));
    const refusals = refusalsOf({ type: type.fields, given, before, version: readVersion(row.stored), predicates, upgrades: known.upgrades });
    if (refusals.length > 0) throw new Invalid(`${type.name} ${row.id} cannot be saved with what was given`, refusals);
    const vault = await vaults.forWriting({ known, id: row.id }, on);
    const record = encode(known, { ...row.fields, ...given }, { id: row.id, vault, before: row, given });
    return canonicalText(record) === canonicalText(row.stored) ? null : record;
  }

  function writeOf(row: ResourceRow, nonce: bigint, options: WriteOptions): { readonly id: string; readonly nonce: bigint; readonly nextNonce: bigint; readonly by: string; readonly note: string | null } {
    return { id: row.id, nonce: row.nonce, nextNonce: nonce, by: actor, note: noteOf(options) };
  }

  /** The row as it was written; where the answer was lost, the log tells whether it was. */
  async function written(of: Write, write: (on: Connection, nonce: bigint) => Promise<ResourceRecord | null>): Promise<ResourceRow> {
    const { known, id, options } = of;
    const [on, nonce] = [options.transaction ?? store, nextNonce()];
    const record = await sent(of, () => write(on, nonce));
    if (record) return rowOf(record, on);
    const [there] = options.transaction || !(await hasLanded(store, id, nonce)) ? [] : await readResources(store, known.root, [id]);
    return there ? rowOf(there) : lost(known, id, on);
  }

  /** Where the connection goes before it answers it is sent once more, which waits for what Postgres has in hand still; one of the two lands. */
  function sent<T>(of: Write, write: () => Promise<T>): Promise<T> {
    return writing(of, write).catch((error: unknown) => {
      if (of.options.transaction || !isConnectionLost(error)) throw error;
      return writing(of, write);
    });
  }

  async function reload(row: ResourceRow): Promise<ResourceRow> {
    const known = knownOf(row.type);
    const [record] = await readResources(store, known.root, [row.id]);
    return record ? rowOf(record) : missing(known.type, row.id);
  }

  async function load(tag: string, id: string): Promise<unknown> {
    const known = knownOf(tag);
    const [object] = await readPage(await readResources(store, known.root, [id]));
    return object === undefined ? missing(known.type, id) : orThrow(object);
  }

  async function readPage(records: readonly ResourceRecord[], on: Connection = store): Promise<readonly (Resource | Error)[]> {
    const page = createPage(registry, { readMany, readRuns });
    const reading = await vaults.forReading(records.flatMap(({ type, id }) => {
      const known = registry.ofTag(type);
      return known ? [{ known, id }] : [];
    }), on);
    return records.map((record) => {
      try {
        const { type } = knownOf(record.type);
        const object: unknown = new type.class(decode(record, page, reading(record.id)), pliny());
        return object instanceof Resource ? object : new TypeError(`The class of '${type.name}' is none of a resource.`);
      } catch (error) {
        return new PlinyError("POISON", `${record.type} ${record.id} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    });
  }

  async function readMany(table: string, ids: readonly string[], on: Connection = store): Promise<ReadonlyMap<string, Resource | Error>> {
    const objects = await readEach(table, ids, on);
    return new Map(ids.flatMap((id, index) => {
      const object = objects[index];
      return object === undefined ? [] : [[id, object] as const];
    }));
  }

  async function readEach(table: string, ids: readonly string[], on: Connection = store): Promise<readonly (Resource | Error | undefined)[]> {
    const records = new Map((await readResources(on, table, [...new Set(ids)])).map((record) => [record.id, record]));
    const objects = (await readPage(ids.flatMap((id) => records.get(id) ?? []), on)).values();
    return ids.map((id) => (records.has(id) ? objects.next().value : undefined));
  }

  async function rewrite(record: ResourceRecord): Promise<boolean> {
    const known = knownOf(record.type);
    const row = await rowOf(record);
    if (row.isNewer) return true;
    const vault = await vaults.forWriting({ known, id: record.id });
    const written = encode(known, row.fields, { id: record.id, vault, before: row, given: {} });
    const attrs = JSON.stringify(written);
    return (await writing({ known, id: record.id, options: {} }, () => saveResource(store, known.root, { id: record.id, nonce: record.nonce, nextNonce: nextNonce(), attrs, vaultKeys: keysUsed(known, written), by: actor, note: `written in shape ${String(written["__v"])}` }))) !== null;
  }

  // ---- between rows and records

  /** An object of a type; a row of another member of its family, unless it extends the type, is none of it. */
  async function objectOf<T>(record: ResourceRecord, type: ResourceType<T>, on: Connection = store): Promise<T> {
    const own = registry.ofTag(record.type)?.type;
    if (own && own.name !== type.name && own.extends !== type.name) return missing(type, record.id);
    const [object] = await readPage([record], on);
    // The registry has the class of each type, and that of a subtype extends its base's.
    return (object === undefined ? missing(type, record.id) : orThrow(object)) as T;
  }

  async function rowOf(record: ResourceRecord, on: Connection = store): Promise<ResourceRow> {
    const reading = await vaults.forReading([{ known: knownOf(record.type), id: record.id }], on);
    return decode(record, createPage(registry, { readMany, readRuns }), reading(record.id));
  }

  function decode(record: ResourceRecord, page: Page, vault: Vault | null): ResourceRow {
    const known = knownOf(record.type);
    const { type, root, upgrades, parentRoot } = known;
    const json = parseJson(record.attrs, profiles.store);
    if (json === null || typeof json !== "object" || Array.isArray(json)) throw new PlinyError("POISON", `${type.name} ${record.id} holds no record.`);
    const at: Reading = { profile: profiles.store, place: { root, id: record.id, path: [] }, vault, load: page.load, meet: page.meet };
    const stored = json as JsonRecord;
    const { fields, isNewer, lostFound } = readStored({ type: type.fields, record: stored, at }, upgrades);
    const { id, step, nonce, createdAt, updatedAt, parentId } = record;
    if (parentId !== null && parentRoot !== null) page.meet(parentRoot, parentId);
    const parent = parentId === null || parentRoot === null ? null : new Ref(parentRoot, parentId, () => page.load(parentRoot, parentId));
    return { id, type: known.tag, state: currentState(record.state, type), step, nonce, parent, createdAt, updatedAt, fields, lostFound, stored, isNewer };
  }

  /** `given` names the members of `fields` that are not as they were in `before`. */
  function encode(known: KnownResource, fields: object, { id, vault, before, given }: Encoding): JsonRecord {
    const { type, root, upgrades } = known;
    const indexing = vaults.indexing(known, vault, before?.stored["__idx"]);
    const at: Writing = { profile: profiles.store, place: { root, id, path: [] }, vault: indexing.vault };
    const there =
      before === null
        ? { lostFound: {} }
        : { version: readVersion(before.stored), lostFound: before.lostFound, kept: { record: before.stored, changed: new Set(Object.keys(given)) } };
    const record = writeStored({ type: type.fields, fields, at, ...there }, upgrades);
    const index = indexing.index(record);
    return index === null ? record : { __idx: index, ...record };
  }

  /** As it is stored, so that what was set since does not count as what was there. */
  async function currentFields(known: KnownResource, row: ResourceRow): Promise<object> {
    const at: Reading = { profile: profiles.store, place: { root: known.root, id: row.id, path: [] }, vault: null, load };
    return readStored({ type: known.type.fields, record: row.stored, at }, known.upgrades).fields;
  }

  function knownOf(tag: string): KnownResource {
    const known = registry.ofTag(tag);
    if (!known) throw new PlinyError("UNKNOWN_TYPE", `This release knows no resource '${tag}'.`);
    return known;
  }

  /** Runs what writes, and says of what Postgres refuses what it means. In a transaction of the caller's it is tried once. */
  async function writing<T>({ known: { type }, id, options }: Write, write: () => Promise<T>): Promise<T> {
    try {
      return await (options.transaction ? write() : withPartitions(store, write, Object.values(registry.keeps)));
    } catch (error) {
      if (codeOf(error) !== "23505") throw error;
      const index = error instanceof Error && "constraint" in error ? String(error.constraint) : "";
      throw new Conflict(`Another ${type.name} that has not stopped has the same values in ${index}; ${id} was not written.`, { cause: error });
    }
  }

  async function lost(known: KnownResource, id: string, on: Connection): Promise<never> {
    const [there] = await readResources(on, known.root, [id]);
    throw there ? new Desynchronized(known.type.name, id) : new NotFound(known.type.name, id);
  }
}

interface Changing {
  readonly changes: object;
  /** The transaction of the caller, if there is one. */
  readonly on: Connection | undefined;
}

interface Encoding {
  readonly id: string;
  readonly vault: Vault | null;
  readonly before: ResourceRow | null;
  readonly given: object;
}

interface Write {
  readonly known: KnownResource;
  readonly id: string;
  readonly options: WriteOptions;
}

/** What was given, as fields hold it: secrets sealed off, and references to objects. */
export function taken(rules: RecordRules, values: object): object {
  return Object.fromEntries(
    Object.entries(values)
      // A client that gives a secret back withheld leaves it as it is.
      .filter(([, value]) => value !== undefined && !isWithheld(value))
      .map(([member, value]) => {
        if (value instanceof Resource) return [member, toRef(value)];
        if (value instanceof Task) return [member, toTaskRef(value)];
        return [member, rules[member]?.encrypted ? toSecret<unknown>(value) : value];
      }),
  );
}

function parentIn(parent: unknown, { type }: KnownResource): string {
  if (parent instanceof Resource || parent instanceof Ref) return parent.id;
  throw new Invalid(`A ${type.name} cannot be made of what was given`, [
    { code: "missing", expected: `its parent, a ${type.parent ?? "resource"} or a reference to one`, got: parent === undefined ? "none" : "something else", pointer: "/parent" },
  ]);
}

function missing(type: ResourceType<unknown>, id: string): never {
  throw new NotFound(type.name, id);
}

/**
 * Which keys stand behind what is written of a resource, or of a run on it, that of a global task having none: those of the keyring that seal it,
 * a data key being of no keyring; and those of the index keyring, as negative numbers, under which it is looked up.
 */
export function keysUsed(owner: KnownResource | null, json: Json): readonly number[] {
  const sealing = owner?.type.ownKey ? [] : keysOf(json);
  const indexing = json !== null && typeof json === "object" && !isList(json) ? indexKeysOf(json) : [];
  return [...indexing.map((id) => -id), ...sealing].sort((left, right) => left - right);
}

/** A write that gives a row another nonce than it had is seen by whoever read it before. */
export function nextNonce(): bigint {
  if (noncesLeft === 0) {
    // Many at once, for to ask for randomness costs more than to get it.
    randomFillSync(nonces);
    noncesLeft = nonces.length;
  }
  noncesLeft -= 1;
  return nonces[noncesLeft] ?? 0n;
}

const nonces = new BigInt64Array(512);
let noncesLeft = 0;

export function noteOf({ why = "" }: WriteOptions): string | null {
  return why === "" ? null : why;
}

function textsOf(known: KnownResource, record: JsonRecord): { readonly attrs: string; readonly vaultKeys: readonly number[] } {
  return { attrs: JSON.stringify(record), vaultKeys: keysUsed(known, record) };
}

/** `new`, `stop` and `panic` as code writes them. */
export function stateName(stored: string): string {
  return stored === "__stop__" || stored === "__panic__" || stored === "__new__" ? stored.slice(2, -2) : stored;
}

export function storedState(name: string): string {
  return name === "stop" || name === "panic" || name === "new" ? `__${name}__` : name;
}

/** A state that was replaced is the one in its place. */
export function currentState(stored: string, { replaced = {} }: ResourceType<unknown>): string {
  const name = stateName(stored);
  return Object.hasOwn(replaced, name) ? (replaced[name] ?? name) : name;
}

interface Page {
  readonly meet: (tag: string, id: string) => void;
  readonly load: (tag: string, id: string) => Promise<unknown>;
}

function orThrow<T extends object>(object: T | Error): T {
  if (object instanceof Error) throw object;
  return object;
}

/** References that were read together: the first that is loaded brings all those of its family along, in one query. */
function createPage(registry: Registry, { readMany, readRuns }: Pick<Resources, "readMany"> & Pick<ResourcesOptions, "readRuns">): Page {
  const met = new Map<string, Set<string>>();
  const loaded = new Map<string, Promise<ReadonlyMap<string, object | Error>>>();
  // Runs of all tasks stand in one table.
  const tableOf = (tag: string): string | null => registry.ofTag(tag)?.root ?? (registry.taskOfTag(tag) ? runsTable : null);
  return {
    meet(tag, id) {
      const table = tableOf(tag) ?? tag;
      met.set(table, (met.get(table) ?? new Set()).add(id));
    },
    async load(tag, id) {
      const table = tableOf(tag);
      if (table === null) throw new PlinyError("UNKNOWN_TYPE", `This release knows no type '${tag}'.`);
      const ids = [...(met.get(table) ?? [])];
      const all = loaded.get(table) ?? (table === runsTable ? readRuns(ids) : readMany(table, ids));
      loaded.set(table, all);
      const object = (await all).get(id);
      if (object === undefined) throw new NotFound(tag, id);
      return orThrow(object);
    },
  };
}

const runsTable = "pliny.task";
