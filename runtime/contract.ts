// The types that generated code and the runtime agree on. Nothing is imported here but the codec's own types, and no type is of one resource.

import type { Codec, Json, JsonRecord, RecordRules, Ref } from "./codec/index.js";

/** A resource as it is stored, decoded. */
export interface ResourceRow<Fields = object, State extends string = string, Parent = unknown> {
  readonly id: string;
  /** Its own type, by the name that it is stored and sent by. */
  readonly type: string;
  readonly state: State;
  /** How many transitions it has made. */
  readonly step: bigint;
  /** Changes with every write; a write compares it. */
  readonly nonce: bigint;
  readonly parent: Parent;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly fields: Fields;
  /** Members met in storage that this release does not know; kept as they are on save. */
  readonly lostFound: { readonly [key: string]: Json | undefined };
  /** As it was read, `__v` and `__idx` included. */
  readonly stored: JsonRecord;
  /** A newer release wrote it: its fields may be read and not saved. */
  readonly isNewer: boolean;
}

/** A live run of a task as it is stored, decoded. */
export interface TaskRow<Args = object, Fields = object, State extends string = string, Owner = unknown> {
  readonly id: string;
  readonly type: string;
  readonly state: State;
  readonly step: bigint;
  /** Which try of this step's handler it is, from 1. */
  readonly attempt: number;
  /** The time bucket of the `every` that started it. */
  readonly bucket: Date | null;
  readonly args: Args;
  readonly fields: Fields;
  /** What it acts on; null for a global task. */
  readonly owner: Owner;
}

/** Makes the object of a row. Generated classes inherit their constructor, so that this is all the runtime needs of them. */
export interface ResourceClass<T> {
  new (row: ResourceRow, pliny: Pliny): T;
}
export interface TaskClass<T> {
  new (row: TaskRow, pliny: Pliny): T;
}

/** What a state of a resource allows and causes. Times in milliseconds. */
export interface ResourceStateType {
  readonly to?: readonly string[];
  /** The type of the task that it starts, and where that run's end leads. */
  readonly starts?: string;
  readonly then?: string;
  readonly else?: string;
  readonly timeoutMs?: number;
  readonly onTimeout?: string;
  readonly expectMs?: number;
  readonly alarmMs?: number;
}

/** A stored record: its codec, the rules of what is given, and the defaults of what is not. */
export interface RecordType {
  readonly codec: Codec<object>;
  readonly rules: RecordRules;
  readonly defaults?: object;
}

/** What the runtime knows of one type of resource; generated as a constant. */
export interface ResourceType<T> {
  readonly name: string;
  /** Its stored type tag, where it is not the name. */
  readonly key?: string;
  readonly plural: string;
  /** The type that it extends, by name. */
  readonly extends?: string;
  /** The parent's type, by name. */
  readonly parent?: string;
  /** The newest shape. */
  readonly version: number;
  /** The shape that is written, where it is not the newest. */
  readonly write?: number;
  /** The oldest shape that is read, where it is not 1. */
  readonly oldest?: number;
  readonly class: ResourceClass<T>;
  readonly fields: RecordType;
  /** The first is where it starts. */
  readonly states: { readonly [state: string]: ResourceStateType };
  /** Old state → state. */
  readonly replaced?: { readonly [state: string]: string };
  /** Columns, by the names of the spec. */
  readonly unique?: readonly (readonly string[])[];
  readonly indexes?: readonly (readonly string[])[];
  readonly archive: { readonly afterMs: number; readonly keepMs?: number };
  readonly ownKey?: true;
}

/** What a state of a task allows. Times in milliseconds. */
export interface TaskStateType {
  readonly to: readonly string[];
  readonly timeoutMs: number;
  /** A state; without it a timeout panics. */
  readonly onTimeout?: string;
  readonly retry: { readonly max: number; readonly backoffMs: { readonly min: number; readonly max: number } };
  /** The handler may `stay` and is called again after this. */
  readonly pollMs?: number;
  /** Types of the tasks that it may start. */
  readonly spawns?: readonly string[];
  readonly join?: "all" | "any";
  readonly breaker?: string;
  readonly onUnknown?: string;
  readonly expectMs?: number;
  readonly alarmMs?: number;
}

/** What the runtime knows of one type of task; generated as a constant. */
export interface TaskType<T> {
  readonly name: string;
  /** Its stored type tag, where it is not the name. */
  readonly key?: string;
  /** The resource's type it acts on, by name; a global task has none. */
  readonly of?: string;
  readonly version: number;
  readonly write?: number;
  readonly oldest?: number;
  readonly class: TaskClass<T>;
  /** Absent where it takes none. */
  readonly args?: RecordType;
  readonly fields?: RecordType;
  /** The first is where a run starts. */
  readonly states: { readonly [state: string]: TaskStateType };
  readonly replaced?: { readonly [state: string]: string };
  readonly unique: "resource" | "args" | "none";
  readonly lane?: string;
  readonly priority?: number;
  readonly limit?: { readonly concurrency?: number; readonly rate?: { readonly count: number; readonly perMs: number } };
  /** States of the resource in which it may be started; absent: all but `stop`. */
  readonly while?: readonly string[];
  readonly timeoutMs?: number;
  /** How long a finished run stays readable. */
  readonly keepMs: number;
  /** A state, or `escalate`. */
  readonly onPanic?: string;
  readonly every?: { readonly intervalMs: number; readonly while?: readonly string[]; readonly missed: "skip" | "latest" | "all"; readonly spread?: true };
  readonly triggers?: readonly { readonly task: string; readonly ends: "success" | "failure" | "any" }[];
}

declare const made: unique symbol;

/** What a handler decided. Only `to`, `stay` and `panic` of its step make one. */
export interface Next {
  readonly [made]: true;
}

/** What every handler is given besides its run. */
export interface Step<To extends string> {
  /** The moves that this state allows. */
  readonly to: { readonly [State in To]: () => Next };
  /** The connection, to reach other resources by. */
  readonly pliny: Pliny;
  /** Gives up: the run waits in `panic` for a person, or goes where `on_panic` leads. */
  readonly panic: (why: string) => Next;
  /** Aborts at the deadline, when the lease is lost, and when somebody stops or moves the run. */
  readonly signal: AbortSignal;
  /** `<run>:<step>.<turn>`: the same at each try, another after each commit. Hand it to what happens outside. */
  readonly key: string;
}

/** A state with `poll`: its handler may stay and is called again. */
export interface PollStep<To extends string> extends Step<To> {
  readonly stay: () => Next;
}

/** A state with `spawns`: the runs it starts are committed with its move, which waits for them. */
export interface SpawnStep<To extends string, Spawns> extends Step<To> {
  readonly spawn: Spawns;
}

/** Starts a run on the same resource (or a global one) with the step. */
export type Spawn<Args> = (args: Args) => void;

/** Starts a run on another resource with the step. */
export type SpawnOn<Owner, Args> = (owner: Owner | Ref<Owner>, args: Args) => void;

/** Makes the step that the handler of one state is offered; the generated `switch` calls the form that its state allows. */
export interface StepOffer {
  offer<To extends string>(to: { readonly [Method in To]: string }): Step<To>;
  offerPoll<To extends string>(to: { readonly [Method in To]: string }): PollStep<To>;
  offerSpawns<To extends string, Spawns>(to: { readonly [Method in To]: string }, tasks: { readonly [Method in keyof NoInfer<Spawns>]: string }): SpawnStep<To, Spawns>;
  offerPollSpawns<To extends string, Spawns>(
    to: { readonly [Method in To]: string },
    tasks: { readonly [Method in keyof NoInfer<Spawns>]: string },
  ): PollStep<To> & SpawnStep<To, Spawns>;
  /** A state that has no handler: `stop`, `panic`, or one that this release does not know. Always rejects. */
  refuse(state: string): Promise<Next>;
}

/** What is written by hand for one type of task, joined with its type. */
export interface TaskCode {
  readonly type: TaskType<unknown>;
  run(task: object, step: StepOffer): Promise<Next>;
  /** Asked in `new` before the run starts, every 30 s until it says yes. */
  shouldStart?(task: object): Promise<boolean>;
  /** Asked before each handler; yes stops the run, which counts as success. */
  shouldStop?(task: object): Promise<boolean>;
  /** Passed before the end, however it ends; called at least once. */
  onStop?(task: object, step: ExitStep): Promise<void>;
  readonly upgrades?: object;
  readonly checks?: object;
}

/** What `on_stop` is given. */
export interface ExitStep {
  readonly pliny: Pliny;
  readonly signal: AbortSignal;
  readonly key: string;
}

/** What is written by hand for one type of resource, joined with its type. */
export interface ResourceCode {
  readonly type: ResourceType<unknown>;
  readonly upgrades?: object;
  readonly checks?: object;
}

/** Generated code and hand-written code, joined by the generated `createApp`. */
export interface App {
  readonly resources: readonly ResourceCode[];
  readonly tasks: readonly TaskCode[];
  /** Hand-written checks of named types, by the type's name. */
  readonly typeChecks: { readonly [type: string]: object };
  readonly lanes: { readonly [lane: string]: { readonly encrypted: boolean } };
  readonly breakers: { readonly [breaker: string]: { readonly failures: number; readonly withinMs: number; readonly openMs: number } };
}

/**
 * A hand-written check of a value: true, or what is expected instead, as in "expected …". It is asked of no null, and of nothing that is of
 * another type or breaks another rule; what it throws reaches the caller. What it says of a secret is told only where that is a text of which
 * it repeats no three characters in a row.
 */
export type Check<T> = (value: T) => true | string;

/** A user's own transaction, so that their writes and ours commit together. */
export interface Transaction {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly object[] }>;
}

export interface WriteOptions {
  readonly transaction?: Transaction;
  /** Given by the caller so that a repeated call is recognised (UUID v7); made where it is not. */
  readonly id?: string;
  /** For the log. */
  readonly why?: string;
}

/** One line of a subject's history. */
export interface Transition {
  readonly step: bigint;
  /** Null for a save, which moves nothing. */
  readonly to: string | null;
  readonly at: Date;
  readonly by: string;
  readonly note: string | null;
}

/** The runs of one task on one resource, or of a global task. */
export interface TaskHandle<Run, Args> {
  /** Starts a run, or joins the live one: the same args give that run, others are refused. */
  start(args: Args, options?: WriteOptions): Promise<Run>;
  /** The live runs. */
  running(): Promise<readonly Run[]>;
  /** The newest run, live or ended; null if there never was one. */
  latest(): Promise<Run | null>;
  /** Runs, the newest first. */
  history(limit?: number): Promise<readonly Run[]>;
}

/** The runs of one task on every resource of a dataset. */
export interface TaskSet<Run, Args> {
  /** Starts a run on each; what became of it is counted. */
  start(args: Args, options?: WriteOptions): Promise<Started>;
  running(): Promise<readonly Run[]>;
}

export interface Started {
  readonly started: number;
  readonly joined: number;
  readonly differing: number;
  readonly refused: number;
}

/** What a filter may ask of a column whose values have no order that matters: a value, or one of several. */
export type Match<T> = T | { readonly in: readonly T[] };

/** What a filter may ask of a column that sorts: a value, one of several, or a range. */
export type Range<T> = Match<T> | { readonly lt?: T; readonly lte?: T; readonly gt?: T; readonly gte?: T };

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `after` to read on; null at the end. */
  readonly next: string | null;
}

export interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** What a dataset is asked, as plain data. */
export interface DatasetQuery<T> {
  readonly type: ResourceType<T>;
  readonly filter: object;
}

/**
 * A connection: all that objects ask of the runtime. The objects hold their data and this; `connect` makes one on Postgres.
 */
export interface Pliny {
  create<T>(type: ResourceType<T>, values: object, options?: WriteOptions): Promise<T>;
  /** @throws PlinyError `NOT_FOUND` where there is none of that type and id. */
  get<T>(type: ResourceType<T>, id: string): Promise<T>;
  /** Writes what was changed; nothing where nothing was. */
  save(row: ResourceRow, changes: object, options?: WriteOptions): Promise<ResourceRow>;
  reload(row: ResourceRow): Promise<ResourceRow>;
  move(row: ResourceRow, to: string, values: object, options?: WriteOptions): Promise<ResourceRow>;
  children(row: ResourceRow): Promise<readonly object[]>;
  history(id: string): Promise<readonly Transition[]>;
  /** The live runs on a resource. */
  tasks(row: ResourceRow): Promise<readonly object[]>;
  runs<Run, Args>(type: TaskType<Run>, owner: ResourceRow | null): TaskHandle<Run, Args>;
  runsOf<Run, Args>(type: TaskType<Run>, query: DatasetQuery<unknown>): TaskSet<Run, Args>;
  count(query: DatasetQuery<unknown>): Promise<number>;
  breakdown(query: DatasetQuery<unknown>, by: string): Promise<ReadonlyMap<string, number>>;
  page<T>(query: DatasetQuery<T>, options?: PageOptions): Promise<Page<T>>;
  update(query: DatasetQuery<unknown>, values: object, options?: WriteOptions): Promise<number>;
  /** Writes a line of a run into the log. */
  notice(taskId: string, message: string): Promise<void>;
  load(type: string, id: string): Promise<unknown>;
}

/** What the API shows of every resource, besides its fields. Its type is its stored key, which no renaming changes. */
export interface ApiObject<Type extends string, State extends string> {
  readonly type: Type;
  readonly version: number;
  readonly id: string;
  readonly state: State;
  readonly step: bigint;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly links: readonly ApiLink[];
  readonly forms: readonly ApiForm[];
}

/** What the API shows of a run. */
export interface ApiTask<Type extends string, State extends string> extends ApiObject<Type, State> {
  readonly attempt: number;
}

export interface ApiLink {
  readonly rel: string;
  readonly href: string;
}

/** What this actor may do now; `because` says why not, where it is shown and may not be used. */
export interface ApiForm extends ApiLink {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly because: string | null;
}

/** How a list is read. */
export interface ListOptions<Sort extends string> {
  /** A column, with `-` before it for the other direction. */
  readonly sort?: Sort | `-${Sort}`;
  readonly limit?: number;
  readonly after?: string;
  readonly count?: "estimate" | "exact";
}

/** What a route does, as the server reads it. Fields, states and tasks by the names of the spec. */
export interface Route {
  readonly type: string;
  readonly action: "list" | "get" | "create" | "update" | "move" | "delete" | "start";
  /** The state of a move, the task of a start. */
  readonly target?: string;
  /** The fields that may be given. */
  readonly fields?: readonly string[];
  readonly filter?: readonly string[];
  readonly sort?: readonly string[];
  readonly hide?: readonly string[];
  /** Without `If-Match` it is refused. */
  readonly strict?: true;
}
