// Runs between objects and rows: what a caller gives is checked and encoded, a run is started or the live one joined, and what is stored is
// decoded, with what it acts on.

import { createHash, createHmac } from "node:crypto";
import { promises as timers } from "node:timers";
import { v7 } from "uuid";
import { refusalsOf } from "../codec/check.js";
import { canonicalText, type JsonRecord, type Place, type Reading, type Vault, type Writing } from "../codec/index.js";
import { isList } from "../codec/json.js";
import { profiles } from "../codec/profile.js";
import { blankOf, readStoredRun, writeStoredRun } from "../codec/stored.js";
import { parseJson } from "../codec/text.js";
import type { Pliny, ResourceRow, TaskHandle, TaskRow, TaskType, WriteOptions } from "../contract.js";
import { Conflict, Invalid, NotFound, NotStartable, OtherArgs, PlinyError } from "../errors.js";
import { type Connection, isPassing, type Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { type NewRun, readEndedRun, readEndedRuns, readLiveRuns, readRun, readRunsById, readRunsOf, retryRunWithKey, type RunRecord, type StartAnswer, startRun } from "../store/runs.js";
import { KeyringError } from "../vault/keyring.js";
import { Bell } from "./bell.js";
import type { KnownResource, KnownTask, Registry } from "./registry.js";
import { keysUsed, nextNonce, noteOf, type Resources, stateName, storedState, taken } from "./resources.js";
import { Task } from "./task.js";
import type { Keys, Vaults } from "./vaults.js";

export interface RunsOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly vaults: Vaults;
  readonly keys: Keys;
  readonly resources: Resources;
  readonly actor: string;
  readonly pliny: () => Pliny;
}

/** What a run acts on. */
export interface Owner {
  readonly known: KnownResource;
  readonly id: string;
}

export interface Runs extends Pick<Pliny, "runs" | "tasks"> {
  /** Rings when this process has made work for a worker. */
  readonly bell: Bell;
  /** A run that is about to be started: its args checked, filled in and sealed. Rejects with Invalid. */
  prepare(task: KnownTask, run: PreparedRun): Promise<NewRun>;
  /** Starts it, or joins the live one; that one is tried again where it panicked, if it waits in panic. */
  begin(on: Connection, task: KnownTask, run: NewRun): Promise<StartAnswer>;
  /** Lets the live run in its place go on where it panicked, if it waits in panic. */
  retry(on: Connection, task: KnownTask, run: NewRun): Promise<void>;
  /** The fields of a run that was read here as they are now, to be stored with its step. Throws Invalid where what its handler set may not be. */
  written(task: KnownTask, record: RunRecord, run: Task): { readonly attrs: string; readonly vaultKeys: readonly number[] };
  /** Those runs as objects, with what they act on; one that cannot be read is the error that says why. */
  readRuns(records: readonly RunRecord[], on?: Connection): Promise<readonly (Task | Error)[]>;
  /** Runs by their ids, live ones and those that have ended; those that are gone are not among them. */
  readMany(ids: readonly string[]): Promise<ReadonlyMap<string, Task | Error>>;
}

export interface PreparedRun {
  /** Null for a global task. */
  readonly owner: Owner | null;
  readonly args: object;
  /** Where it is going to be started. */
  readonly on: Connection;
  readonly id?: string;
  readonly parentTaskId?: string;
  readonly bucket?: Date;
  readonly note: string | null;
}

// Another start of the same key is committed within this many pauses, or something is wrong.
const pausesMs = [2, 10, 50, 200, 1000];

export function createRuns({ registry, store, vaults, keys, resources, actor, pliny }: RunsOptions): Runs {
  const bell = new Bell();
  // Those that its runs were read with; what is set in them is sealed alike.
  const vaultsOfRuns = new WeakMap<Task, Vault | null>();
  return { bell, runs, tasks, prepare, begin, retry, written, readRuns, readMany };

  function runs<Run, Args>(type: TaskType<Run>, row: ResourceRow | null): TaskHandle<Run, Args> {
    const owner = row === null ? null : { known: resources.knownOf(row.type), id: row.id };
    const task = registry.taskOf(type, owner?.known ?? null);
    // A task that takes the place of its base's is asked for under both names.
    const which = { types: [...new Set([task.tag, registry.taskOf(type, null).tag])], resourceId: owner?.id ?? null };
    // The registry has the class of each task.
    const objectsOf = async (records: readonly RunRecord[], on: Connection = store): Promise<readonly Run[]> => (await readRuns(records, on)).map((run) => orThrow(run) as Run);
    const objectOf = async (record: RunRecord, on?: Connection): Promise<Run> => {
      const [run] = await objectsOf([record], on);
      return run ?? notFound(type.name, record.id);
    };
    return {
      async start(args, options = {}) {
        const id = await start(task, owner, Object.assign({}, args), options);
        const on = options.transaction ?? store;
        const record = (await readRun(on, id)) ?? (await readEndedRun(on, id));
        return record ? objectOf(record, on) : notFound(type.name, id);
      },
      running: async () => objectsOf(await readLiveRuns(store, which)),
      async latest() {
        const [live] = await readLiveRuns(store, which);
        const [ended] = live ? [] : await readEndedRuns(store, { ...which, limit: 1 });
        const record = live ?? ended;
        return record ? objectOf(record) : null;
      },
      async history(limit = 50) {
        const live = await readLiveRuns(store, which);
        const ended = live.length >= limit ? [] : await readEndedRuns(store, { ...which, limit: limit - live.length });
        return objectsOf([...live, ...ended].slice(0, limit));
      },
    };
  }

  async function tasks(row: ResourceRow): Promise<readonly object[]> {
    return (await readRuns(await readRunsOf(store, row.id))).map(orThrow);
  }

  /** The id of the run that was started or joined. */
  async function start(task: KnownTask, owner: Owner | null, args: object, options: WriteOptions): Promise<string> {
    const { id = v7(), transaction: on = store } = options;
    const answer = await asked(task, () => prepare(task, { owner, args, on, id, note: noteOf(options) }), options);
    switch (answer.result) {
      case "started":
      case "joined":
        bell.ring();
        return answer.id;
      case "ended":
        return answer.id;
      case "differs":
        throw new OtherArgs(task.type.name, answer.id);
      case "noOwner":
        throw new NotStartable(task.type.name, owner === null ? "nothing" : `${owner.known.type.name} ${owner.id}`);
      case "again":
        throw new Conflict(`Another start of ${task.type.name} is under way and does not end.`);
    }
  }

  /** Where the answer is lost it is asked again: its id tells whether it was started. */
  async function asked(task: KnownTask, prepared: () => Promise<NewRun>, { transaction }: WriteOptions): Promise<StartAnswer> {
    let made: NewRun | null = null;
    const send = async (): Promise<StartAnswer> => {
      made ??= await prepared();
      const run = made;
      return transaction ? begin(transaction, task, run) : withPartitions(store, () => begin(store, task, run));
    };
    let failure: unknown = null;
    for (const pauseMs of pausesMs) {
      const answer = await send().catch((error: unknown): StartAnswer => {
        if (transaction || !isPassing(error)) throw error;
        failure = error;
        return { result: "again" };
      });
      if (answer.result !== "again") return answer;
      await timers.setTimeout(pauseMs);
    }
    if (failure !== null) throw failure;
    return { result: "again" };
  }

  async function begin(on: Connection, task: KnownTask, run: NewRun): Promise<StartAnswer> {
    const answer = await startRun(on, run);
    if (answer.result === "joined") await retry(on, task, run);
    return answer;
  }

  async function retry(on: Connection, { type }: KnownTask, { uniqueKey, endsMs }: NewRun): Promise<void> {
    if (uniqueKey === null) return;
    const deadlinesMs = Object.fromEntries(Object.entries(type.states).map(([state, { timeoutMs }]) => [state, timeoutMs]));
    await retryRunWithKey(on, { uniqueKey, nextNonce: nextNonce(), deadlinesMs, endsMs, by: actor });
  }

  async function prepare(task: KnownTask, { owner, args, on, id = v7(), parentTaskId, bucket, note }: PreparedRun): Promise<NewRun> {
    const { type, tag } = task;
    const given = taken(task.args.rules, args);
    const refusals = refusalsOf({ type: task.args, given, before: null, predicates: task.predicates, upgrades: task.upgrades });
    if (refusals.length > 0) throw new Invalid(`${type.name} cannot be started with what was given`, refusals);
    const [begins = ""] = Object.keys(type.states);
    const first = task.code.shouldStart === undefined ? begins : storedState("new");
    const fields = { ...blankOf(task.args.codec), ...given };
    // Also where only its handlers will have something to seal: they are given what there is.
    const vault = owner !== null && mayHoldSecrets(task) ? await vaults.forWriting(owner, on) : vaults.shared;
    const { args: argsRecord, fields: fieldsRecord } = writeStoredRun(
      { type: task.args, fields, at: writingAt(placeOf(task, id, "args"), vault) },
      { type: task.fields, fields: blankOf(task.fields.codec), at: writingAt(placeOf(task, id, "fields"), vault) },
      task.upgrades,
    );
    const plain = plainArgs(task, fields);
    const text = JSON.stringify(argsRecord);
    return {
      id, type: tag, version: type.write ?? type.version, state: first, nonce: nextNonce(),
      owner: owner === null ? null : { table: owner.known.root, id: owner.id, states: type.while?.map(storedState) ?? null },
      parentTaskId: parentTaskId ?? null, args: text, attrs: JSON.stringify(fieldsRecord), vaultKeys: keysUsed(owner?.known ?? null, [argsRecord, fieldsRecord]),
      uniqueKey: type.unique === "none" ? null : digest(canonicalText([tag, owner?.id ?? null, ...(type.unique === "args" ? [plain.toString("base64")] : [])])),
      argsKey: plain, deadlineMs: type.states[first]?.timeoutMs ?? null, endsMs: type.timeoutMs ?? null, bucket: bucket ?? null, by: actor, note,
    };
  }

  /** What tells args from others: of secrets nobody can guess it without the index key. */
  function plainArgs({ type, args, secrets }: KnownTask, fields: object): Buffer {
    const plain: Writing = { profile: profiles["api-in"], place: nowhere, vault: null };
    const text = canonicalText(args.codec.encode(fields, plain));
    if (!secrets.args) return digest(text);
    const key = keys.indexKeyring.find(({ state }) => state === "primary");
    if (key === undefined) throw new KeyringError(`${type.name} has secret args, which are compared under an index key; there is none that is primary.`);
    return createHmac("sha256", key.index("pliny/args/1", type.name)).update(text).digest();
  }

  function written(task: KnownTask, record: RunRecord, run: Task): { readonly attrs: string; readonly vaultKeys: readonly number[] } {
    const [args, fieldsRecord] = [recordIn(record.args), recordIn(record.attrs)];
    const at = readingAt(task, record, vaultsOfRuns.get(run) ?? null);
    const read = readStoredRun({ type: task.args, record: args, at: at("args") }, { type: task.fields, record: fieldsRecord, at: at("fields") }, task.upgrades);
    const given = taken(task.fields.rules, run._changes);
    const { predicates, upgrades } = task;
    const refusals = refusalsOf({ type: task.fields, given, before: read.fields.fields, version: read.fields.version, predicates, upgrades });
    if (refusals.length > 0) throw new Invalid(`${task.type.name} ${record.id} cannot be saved with what its handler set`, refusals);
    const { fields } = writeStoredRun(
      { type: task.args, fields: read.args.fields, at: at("args") },
      { type: task.fields, fields: { ...read.fields.fields, ...given }, at: at("fields"), version: read.fields.version, lostFound: read.fields.lostFound, kept: { record: fieldsRecord, changed: new Set(Object.keys(given)) } },
      task.upgrades,
    );
    return { attrs: JSON.stringify(fields), vaultKeys: keysUsed(ownerOf(record), [args, fields]) };
  }

  async function readRuns(records: readonly RunRecord[], on: Connection = store): Promise<readonly (Task | Error)[]> {
    const sealing = records.flatMap((record) => {
      const [task, known] = [registry.taskOfTag(record.type), ownerOf(record)];
      return record.resourceId !== null && known && task && mayHoldSecrets(task) ? [{ known, id: record.resourceId }] : [];
    });
    const owners = await ownersOf(records, on);
    const vaultOf = await vaults.forReading(sealing, on);
    return records.map((record, index) => {
      try {
        const task = registry.taskOfTag(record.type);
        if (!task) throw new PlinyError("UNKNOWN_TYPE", `This release knows no task '${record.type}'.`);
        const owner = record.resourceId === null ? null : (owners[index] ?? new NotFound(record.resourceType ?? "resource", record.resourceId));
        if (owner instanceof Error) throw owner;
        const vault = vaultOf(record.resourceId ?? record.id);
        const run: unknown = new task.type.class(rowOf(task, record, { owner, vault }), pliny());
        if (!(run instanceof Task)) return new TypeError(`The class of '${task.type.name}' is none of a task.`);
        vaultsOfRuns.set(run, vault);
        return run;
      } catch (error) {
        return new PlinyError("POISON", `${record.type} ${record.id} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    });
  }

  function rowOf(task: KnownTask, record: RunRecord, { owner, vault }: { readonly owner: object | null; readonly vault: Vault | null }): TaskRow {
    const at = readingAt(task, record, vault);
    const { args, fields } = readStoredRun(
      { type: task.args, record: recordIn(record.args), at: at("args") },
      { type: task.fields, record: recordIn(record.attrs), at: at("fields") },
      task.upgrades,
    );
    const { id, step, attempt, bucket } = record;
    const name = stateName(record.state);
    const state = task.type.replaced && Object.hasOwn(task.type.replaced, name) ? (task.type.replaced[name] ?? name) : name;
    return { id, type: task.tag, state, step, attempt: attempt + 1, bucket, args: args.fields, fields: fields.fields, owner };
  }

  /** What each of them acts on: a query a family. Two that act on one have an object each, so that neither saves what the other has set. */
  async function ownersOf(records: readonly RunRecord[], on: Connection): Promise<readonly (object | undefined)[]> {
    const byTable = new Map<string, { readonly at: number; readonly id: string }[]>();
    for (const [at, { resourceType, resourceId }] of records.entries()) {
      if (resourceType === null || resourceId === null) continue;
      const asked = byTable.get(resourceType) ?? [];
      asked.push({ at, id: resourceId });
      byTable.set(resourceType, asked);
    }
    const owners: (object | undefined)[] = records.map(() => undefined);
    const families = [...byTable].map(async ([table, asked]) => {
      const found = await resources.readEach(table, asked.map(({ id }) => id), on);
      for (const [index, { at }] of asked.entries()) owners[at] = found[index];
    });
    await Promise.all(families);
    return owners;
  }

  async function readMany(ids: readonly string[]): Promise<ReadonlyMap<string, Task | Error>> {
    const records = await readRunsById(store, ids);
    const found = await readRuns(records);
    return new Map(records.flatMap(({ id }, at) => {
      const run = found[at];
      return run === undefined ? [] : [[id, run] as const];
    }));
  }

  /** The family of what a run acts on; of a global task, and of one that only a newer release knows, null. */
  function ownerOf({ resourceType }: RunRecord): KnownResource | null {
    return resourceType === null ? null : registry.ofTag(resourceType);
  }

  function readingAt(task: KnownTask, { id }: RunRecord, vault: Vault | null): (part: "args" | "fields") => Reading {
    return (part) => ({ ...writingAt(placeOf(task, id, part), vault), load: (tag, target) => pliny().load(tag, target) });
  }
}

function writingAt(place: Place, vault: Vault | null): Writing {
  return { profile: profiles.store, place, vault };
}

function mayHoldSecrets({ secrets }: KnownTask): boolean {
  return secrets.args || secrets.fields;
}

const nowhere: Place = { root: "", id: "", path: [] };

/** Secrets of a run are bound to its task, and those of its args to them. */
export function placeOf({ tag }: Pick<KnownTask, "tag">, id: string, part: "args" | "fields"): Place {
  return { root: tag, id, path: part === "args" ? ["args"] : [] };
}

function orThrow(run: Task | Error): Task {
  if (run instanceof Error) throw run;
  return run;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function notFound(type: string, id: string): never {
  throw new NotFound(type, id);
}

function recordIn(text: string): JsonRecord {
  const json = parseJson(text, profiles.store);
  if (json === null || typeof json !== "object" || isList(json)) throw new TypeError("It holds no record.");
  return json;
}
