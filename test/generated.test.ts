// What the generated TypeScript does when it runs: its codecs, the getters and setters of its classes, the switch that calls handlers, and
// what `createApp` joins. What it lets a user write is in generated-types.test.ts.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import {
  canonicalText, type Codec, type Json, type JsonRecord, type Place, profiles, Ref, Secret, TaskRef, type Vault, writeText,
} from "../runtime/codec/index.js";
import type { App, Pliny, ResourceRow, StepOffer, TaskRow } from "../runtime/index.js";
import {
  type Code, type createApp, Database, databaseCodec, databaseDumpCodec, type DatabaseFields, DatabaseProvision, databaseProvisionCode,
  type DatabaseProvisionHandlers, databaseResizeCodec, DatabaseRotatePassword, databaseRotatePasswordCodec, databaseType, Dump, dumpCodec,
  DumpErase, Replica, replicaCodec, ReplicaPromote, replicaPromoteCode, Team, teamCodec, TeamRotatePasswords, teamRotatePasswordsArgsCodec,
  teamRotatePasswordsCode,
} from "../generated/index.js";
import { app } from "../specs/app.js";
import { accountCodec, accountDefaults } from "./cases/fields-modifiers/expected/account.shape.js";
import { Person, Persons } from "./cases/named-types/expected/person.js";
import { printerPrintCode } from "./cases/tasks/expected/printer.js";
import { compile } from "../compiler/compile.js";
import type { GeneratedFile } from "../compiler/emit.js";
import {
  allFields, type Field, type FieldType, findResource, findTask, findType, type Model, type Resource, type Task,
} from "../compiler/model.js";
import { camelCase, className, commentText, constantName, fileName } from "../compiler/naming.js";
import { handWritten } from "../compiler/views/index-file.js";
import { derivedNames } from "../compiler/views/names.js";
import { compileFolder, filesUnder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";
import { writeCode } from "./setup/records.js";

const id = "0190b1a5-7a3e-7cc0-8000-000000000001";
const otherId = id.replace("1", "2");
const time = new Date("2027-01-31T12:00:00.250Z");

/** Seals by writing the place before the text, so that a test sees both. */
const vault: Vault = {
  seal: (text, place) => [7, `${placeText(place)} ${text}`],
  open([, blob], place) {
    const head = `${placeText(place)} `;
    if (!blob.startsWith(head)) throw new Error(`${blob} was not sealed at ${placeText(place)}`);
    return blob.slice(head.length);
  },
  noteReveal: () => Promise.resolve(),
};
const place: Place = { root: "database", id, path: [] };
const at = { profile: profiles.store, vault, place, load: (type: string, of: string) => Promise.resolve({ type, id: of }) };

function placeText({ root, path }: Place): string {
  return [root, ...path].join("/");
}

const ref = <T>(type: string): Ref<T> => new Ref<T>(type, id, () => Promise.reject(new Error("not loaded here")));
const run = <T>(type: string): TaskRef<T> => new TaskRef<T>(type, id, () => Promise.reject(new Error("not loaded here")));

const none = {
  name: "orders", plan: "hobby", region: "eu", connections: 10, maintenance: null, labels: new Map<string, string>(), role: null,
  endpoint: null, password: null, passwordAt: null, lastResize: null, lastDump: null,
} as const;
const all: DatabaseFields = {
  name: "orders", plan: "premium", region: "apac", connections: 500, maintenance: { day: "sun", from: "03:30", length: 5_400_000 },
  labels: new Map([["Äpfel", "{}"], ["stage", "live"]]), role: "db_1", endpoint: "https://db1.example.org:5432/orders",
  password: Secret.of("open sesame"), passwordAt: time, lastResize: run("database.resize"), lastDump: ref("dump"),
};

const sealed = (path: string, value: string): object => ({ Vault: [7, `database/${path} ${JSON.stringify([value])}`] });
const [before, then] = [
  { __v: 3, connections: 500, endpoint: "https://db1.example.org:5432/orders", labels: { Dict: { stage: "live", Äpfel: "{}" } } },
  {
    last_dump: { Resource: ["dump", id] }, last_resize: { Task: ["database.resize", id] },
    maintenance: { day: "sun", from: "03:30", length: { Dur: "PT5400S" } }, name: "orders", password: sealed("password", "open sesame"),
    password_at: { Time: "2027-01-31T12:00:00.250Z" }, plan: "premium",
  },
];
const least = { __v: 3, connections: 10, labels: { Dict: {} }, name: "orders", plan: "hobby" };

const records = [
  stored("database, all fields", databaseCodec, all, { ...before, ...then, region: "apac", role: "db_1" }),
  stored("database, no more than it must", databaseCodec, none, { ...least, region: "eu" }),
  stored("replica, all fields", replicaCodec, { ...all, primary: ref<Database>("database"), lag: 1500, promotedAt: time }, {
    ...before, lag: { Dur: "PT1.5S" }, ...then, primary: { Resource: ["database", id] }, promoted_at: { Time: "2027-01-31T12:00:00.250Z" },
    region: "apac", role: "db_1",
  }),
  stored("replica, no more than it must", replicaCodec, { ...none, primary: ref<Database>("replica"), lag: null, promotedAt: null }, {
    ...least, primary: { Resource: ["replica", id] }, region: "eu",
  }),
  stored("team, all fields", teamCodec, { name: "ants", contact: Secret.of("ann@ants.org"), limit: 0, members: new Set([otherId, id]) }, {
    __v: 1, contact: sealed("contact", "ann@ants.org"), limit: 0, members: { Set: [id, otherId] }, name: "ants",
  }),
  stored("team, no more than it must", teamCodec, { name: "ants", contact: Secret.of(""), limit: 5, members: new Set<string>() }, {
    __v: 1, contact: sealed("contact", ""), limit: 5, members: { Set: [] }, name: "ants",
  }),
  stored(
    "dump, all fields", dumpCodec,
    { folder: "/d/1", rows: new Map([["b", 1], ["a", 0]]), size: 2n ** 70n, checksum: "ab".repeat(32), takenAt: time },
    {
      __v: 1, checksum: "ab".repeat(32), folder: "/d/1", rows: { Dict: { a: 0, b: 1 } }, size: { Int: "1180591620717411303424" },
      taken_at: { Time: "2027-01-31T12:00:00.250Z" },
    },
  ),
  stored(
    "dump, no more than it must", dumpCodec,
    { folder: "", rows: new Map<string, number>(), size: null, checksum: null, takenAt: null },
    { __v: 1, folder: "", rows: { Dict: {} } },
  ),
  stored("run of dump, all fields", databaseDumpCodec, { dump: ref<Dump>("dump"), tables: ["b", "a", "b"] }, {
    __v: 1, dump: { Resource: ["dump", id] }, tables: ["b", "a", "b"],
  }),
  stored("run of dump, nothing", databaseDumpCodec, { dump: null, tables: [] }, { __v: 1, tables: [] }),
  stored("run of resize, all fields", databaseResizeCodec, { before: 10 }, { __v: 1, before: 10 }),
  stored("run of resize, nothing", databaseResizeCodec, { before: null }, { __v: 1 }),
  stored("run of rotate_password, all fields", databaseRotatePasswordCodec, { password: Secret.of('"') }, {
    __v: 1, password: sealed("password", '"'),
  }),
  stored("run of rotate_password, nothing", databaseRotatePasswordCodec, { password: null }, { __v: 1 }),
  stored("args of rotate_passwords", teamRotatePasswordsArgsCodec, { olderThan: 86_400_000 }, { __v: 1, older_than: { Dur: "PT86400S" } }),
];

interface Stored {
  readonly title: string;
  readonly check: () => Promise<void>;
}

/** A record, and what it is as JSON, member by member in that order. */
function stored<Fields extends object>(title: string, codec: Codec<Fields>, fields: Fields, json: object): Stored {
  return { title, check: () => roundTrip(codec, fields, JSON.stringify(json)) };
}

async function roundTrip<Fields extends object>(codec: Codec<Fields>, fields: Fields, text: string): Promise<void> {
  const written = JSON.stringify(codec.encode(fields, at));
  expect(written).toBe(text);
  expect(writeText(codec, fields, at)).toBe(text);
  const json: JsonRecord = JSON.parse(written);
  expect(written).toBe(canonicalText(json));
  const read = codec.decode(json, at);
  expect(await opened(read)).toEqual(await opened(fields));
  expect(JSON.stringify(codec.encode(read, at))).toBe(text);
}

/** What `toEqual` can look into: secrets revealed, references as what they name. */
async function opened(fields: object): Promise<object> {
  const members = Object.entries(fields).map(async ([name, value]: [string, unknown]): Promise<readonly [string, unknown]> => {
    if (value instanceof Secret) return [name, { secret: await value.reveal("to compare") }];
    if (value instanceof Ref || value instanceof TaskRef) return [name, { kind: value.kind, type: value.type, id: value.id }];
    return [name, value];
  });
  return Object.fromEntries(await Promise.all(members));
}

describe("records", () => {
  test.each(records)("$title: written, read and written again", ({ check }) => check());

  test("what is absent reads as null, as its default, as an empty container", () => {
    expect(databaseCodec.decode({ __v: 3, name: "orders", region: "eu" }, at)).toEqual(none);
    expect(teamRotatePasswordsArgsCodec.decode({ __v: 1 }, at)).toEqual({ olderThan: 0 });
    expect(databaseDumpCodec.decode({ __v: 1 }, at)).toEqual({ dump: null, tables: [] });
    const { maintenance } = databaseCodec.decode({ ...least, region: "eu", maintenance: { day: "mon", from: "03:00" } }, at);
    expect(maintenance).toEqual({ day: "mon", from: "03:00", length: 3_600_000 });
  });

  test("a default that is no finite number is one in code, and on the wire as its tag says", async () => {
    const secret = { Vault: [7, 'database/secret_required ["long enough"]'] };
    const given = { __v: 2, fixed: "f", later: "l", required: "r", secret_required: secret };
    const read = accountCodec.decode(given, at);
    expect([read.dNan, read.dInf, await read.dLeast.reveal("to compare")]).toEqual([NaN, Infinity, -Infinity]);
    const written = accountCodec.encode(read, at);
    const least = { Vault: [7, 'database/d_least [{"Num":"-Infinity"}]'] };
    expect(written).toMatchObject({ d_nan: { Num: "NaN" }, d_inf: { Num: "Infinity" }, d_least: least });
    expect(accountCodec.decode(written, at).dNan).toBe(accountDefaults.dNan);
  });

  test("what must be there and is not is named by its stored key", () => {
    expect(() => databaseCodec.decode({ __v: 3, name: "orders" }, at)).toThrow("/region: expected a value");
    expect(() => replicaCodec.decode({ __v: 3, name: "orders", region: "eu" }, at)).toThrow("/primary: expected a value");
    expect(() => databaseCodec.decode({ __v: 3, name: "orders", region: "eu", password_at: 5 }, at)).toThrow("/password_at: ");
  });

  test("references load what they name", async () => {
    const { lastDump } = databaseCodec.decode({ __v: 3, name: "orders", region: "eu", last_dump: { Resource: ["dump", id] } }, at);
    expect(await lastDump?.load()).toEqual({ type: "dump", id });
  });
});

/** A connection that keeps what it was asked, and answers with the row that comes of it. */
function recorder(): { readonly pliny: Pliny; readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  const record = (name: string) => (...args: readonly unknown[]): unknown => {
    calls.push([name, ...args]);
    return name === "save" || name === "move" ? Promise.resolve(args[0]) : args[0];
  };
  const methods = ["create", "get", "save", "move", "runs", "runsOf", "update"];
  const pliny: unknown = Object.fromEntries(methods.map((name) => [name, record(name)]));
  // It has the methods that the tests below call; what they give is looked at by none.
  return { pliny: pliny as Pliny, calls };
}

function rowOf(type: string, state: string, fields: object): ResourceRow {
  return { id, type, state, step: 3n, nonce: 1n, parent: ref("team"), createdAt: time, updatedAt: time, fields, lostFound: {}, stored: { __v: 1 }, isNewer: false };
}

function taskOf(type: string, state: string, owner: unknown): TaskRow {
  return { id, type, state, step: 1n, attempt: 1, bucket: null, args: { olderThan: 5 }, fields: {}, owner };
}

describe("objects", () => {
  test("getters read the row, setters keep what was changed until it is saved", async () => {
    const { pliny, calls } = recorder();
    const database = new Database(rowOf("database", "online", all), pliny);
    const read: Record<string, unknown> = Object.fromEntries(Object.keys(all).map((name) => [name, Reflect.get(database, name)]));
    expect(await opened(read)).toEqual(await opened(all));
    expect([database.id, database.state, database.step, database.team.type, database.parent.id]).toEqual([id, "online", 3n, "team", id]);
    database.connections = 20;
    database.maintenance = null;
    expect([database.connections, database.maintenance]).toEqual([20, null]);
    await database.save({ plan: "hobby" }, { why: "they asked" });
    await database.transition("deleting", {}, "they left");
    expect(calls.map(([name, , ...rest]) => [name, ...rest])).toEqual([
      ["save", { connections: 20, maintenance: null, plan: "hobby" }, { why: "they asked" }],
      ["move", "deleting", {}, { why: "they left" }],
    ]);
  });

  test("what is immutable has no setter at run time either", () => {
    const database = new Database(rowOf("database", "online", all), recorder().pliny);
    expect(["name", "region", "role", "state", "team"].map((name) => Reflect.set(database, name, "other"))).toEqual(Array(5).fill(false));
    expect(Reflect.set(database, "connections", 5)).toBe(true);
  });

  test("a secret is wrapped when it is set, and prints nowhere", async () => {
    const { pliny, calls } = recorder();
    const database = new Database(rowOf("database", "online", none), pliny);
    database.password = "open sesame";
    expect(database.password).toBeInstanceOf(Secret);
    expect(await database.password?.reveal("to look")).toBe("open sesame");
    const given = Secret.of("again");
    database.password = given;
    expect(database.password).toBe(given);
    await database.save();
    const inspected = [database, calls].map((value) => inspect(value, { depth: 9, showHidden: true }));
    const printed = [...inspected, JSON.stringify(calls[0]?.[2]), String(given)].join();
    expect(printed).not.toContain("again");
    expect(printed).toContain("[secret]");
    database.password = null;
    expect(database.password).toBeNull();
  });

  test("an object is set as a reference to it", async () => {
    const { pliny } = recorder();
    const database = new Database(rowOf("database", "online", none), pliny);
    const dump = new Dump(rowOf("dump", "stored", {}), pliny);
    database.lastDump = dump;
    expect([database.lastDump?.type, database.lastDump?.id, await database.lastDump?.load()]).toEqual(["dump", id, dump]);
    // The same where the reference is a named type.
    const [person, friend] = [id, otherId].map((own) => new Person({ ...rowOf("person", "live", {}), id: own }, pliny));
    if (person === undefined || friend === undefined) throw new Error("no person");
    person.friend = friend;
    expect([person.friend?.type, person.friend?.id, await person.friend?.load()]).toEqual(["person", otherId, friend]);
    expect(Person.where(pliny, { friend: { in: [person, ref("person")] } })).toBeInstanceOf(Persons);
  });

  test("a value that a closed enum does not have: the row reads, its getter alone throws, and it is written as it was", () => {
    const json = { ...least, plan: "enterprise", maintenance: { day: "someday", from: "03:00", length: { Dur: "PT1S" } }, region: "mars" };
    const fields = databaseCodec.decode(json, at);
    const database = new Database(rowOf("database", "online", fields), recorder().pliny);
    expect([database.name, database.connections, database.region]).toEqual(["orders", 10, "mars"]);
    expect(() => database.plan).toThrow('/plan: expected one of "hobby", "standard", "premium", got "enterprise"');
    expect(() => database.maintenance).toThrow("/maintenance/day: ");
    expect(databaseCodec.encode(fields, at)).toMatchObject({ plan: "enterprise", maintenance: { day: "someday" }, region: "mars" });
    database.plan = "premium";
    expect(database.plan).toBe("premium");
  });

  test("a value that was replaced reads as the new one", () => {
    expect(databaseCodec.decode({ ...least, plan: "std", region: "eu" }, at).plan).toBe("standard");
  });

  test("classes ask the connection for their own type", async () => {
    const { pliny, calls } = recorder();
    await Database.create(pliny, { parent: ref<Team>("team"), name: "orders", region: "eu" });
    await Replica.get(pliny, id);
    await Replica.where(pliny, { plan: "hobby" }).update({ connections: 5 });
    await new Replica(rowOf("replica", "online", {}), pliny).provision;
    await new Database(rowOf("database", "online", {}), pliny).provision;
    const asked = calls.map(([name, about]) => [name, typeName(about)]);
    expect(asked).toEqual([
      ["create", "database"], ["get", "replica"], ["update", "replica"], ["runs", "replica.provision"], ["runs", "database.provision"],
    ]);
    expect(new Replica(rowOf("replica", "online", {}), pliny)).toBeInstanceOf(Database);
    expect(databaseType.class).toBe(Database);
  });
});

/** The name of a type, or of the one that a query is of. */
function typeName(about: unknown): unknown {
  const { type, name } = about as { readonly type?: { readonly name: string }; readonly name?: string };
  return type?.name ?? name;
}

/** Says which form it was asked for, and with what. */
const offer: StepOffer = {
  offer: (to) => said("offer", to),
  offerPoll: (to) => said("offerPoll", to),
  offerSpawns: (to, tasks) => said("offerSpawns", to, tasks),
  offerPollSpawns: (to, tasks) => said("offerPollSpawns", to, tasks),
  refuse: (state) => Promise.reject(new Error(`refused ${state}`)),
};
// A step that tells what it was made of, in place of one that moves.
function said<Step>(...words: readonly unknown[]): Step {
  return words as Step;
}
/** Handlers whatever their names: each gives back its name, its run and its step. */
function anyHandlers<Handlers>(): Handlers {
  return new Proxy({}, { get: (_, name) => (task: unknown, step: unknown) => [name, task, step] }) as Handlers;
}

describe("dispatch", () => {
  const provision = databaseProvisionCode(anyHandlers<DatabaseProvisionHandlers>());
  test.each([
    ["draw", ["draw", { createRole: "create_role" }]],
    ["create_role", ["createRole", { createDatabase: "create_database" }]],
    ["create_database", ["createDatabase", { admit: "admit" }]],
    ["look_up", ["lookUp", { createDatabase: "create_database", admit: "admit" }]],
    ["admit", ["admit", { stop: "stop" }]],
    ["clean_up", ["cleanUp", { stop: "stop" }]],
  ])("provision in %s", async (state, [method, to]) => {
    const task = new DatabaseProvision(taskOf("database.provision", state, null), recorder().pliny);
    expect(await provision.run(task, offer)).toEqual([method, task, ["offer", to]]);
  });

  test.each(["stop", "panic", "new", "from_the_future", "createRole", "constructor"])("provision refuses %s", async (state) => {
    const task = new DatabaseProvision(taskOf("database.provision", state, null), recorder().pliny);
    await expect(provision.run(task, offer)).rejects.toThrow(`refused ${state}`);
  });

  test("a state with poll may stay, one with spawns may spawn", async () => {
    const { pliny } = recorder();
    const promote = replicaPromoteCode(anyHandlers());
    const task = (state: string): ReplicaPromote => new ReplicaPromote(taskOf("replica.promote", state, null), pliny);
    expect(await promote.run(task("catch_up"), offer)).toEqual(["catchUp", task("catch_up"), ["offerPoll", { detach: "detach" }]]);
    const backUp = ["offerSpawns", { stop: "stop" }, { dump: "database.dump" }];
    expect(await promote.run(task("back_up"), offer)).toEqual(["backUp", task("back_up"), backUp]);
    const rotate = new TeamRotatePasswords(taskOf("team.rotate_passwords", "rotate", new Team(rowOf("team", "active", {}), pliny)), pliny);
    const step = ["offerSpawns", { stop: "stop" }, { databaseRotatePassword: "database.rotate_password" }];
    expect(await teamRotatePasswordsCode(anyHandlers()).run(rotate, offer)).toEqual(["rotate", rotate, step]);
    expect([rotate.args.olderThan, rotate.team.state]).toEqual([5, "active"]);
  });

  test("hooks go to the handlers of their names, where the spec has them", async () => {
    const { run: _, type, ...hooks } = printerPrintCode(anyHandlers());
    const { shouldStart, shouldStop, onStop, ...rest } = hooks;
    expect([type.name, rest]).toEqual(["printer.print", {}]);
    const task = { the: "run" };
    const step = { pliny: recorder().pliny, signal: AbortSignal.timeout(0), key: "" };
    expect(await shouldStart?.(task)).toEqual(["shouldStart", task, undefined]);
    expect(await shouldStop?.(task)).toEqual(["shouldStop", task, undefined]);
    expect(await onStop?.(task, step)).toEqual(["onStop", task, step]);
    expect(Object.keys(replicaPromoteCode(anyHandlers()))).toEqual(["type", "run"]);
  });
});

describe("what is written by hand for the example", () => {
  /** Steps that can be taken: a move tells where it leads, and the runs that are started are kept. */
  function steps(spawned: unknown[]): StepOffer {
    const step = <Step>(to: object, tasks: object = {}): Step => {
      const start = (task: unknown) => (...given: readonly unknown[]): unknown => spawned.push([task, ...given]);
      const spawn = Object.entries(tasks).map(([method, task]) => [method, start(task)]);
      const moves = Object.entries(to).map(([method, state]) => [method, () => ({ to: state })]);
      const made: unknown = { to: Object.fromEntries(moves), spawn: Object.fromEntries(spawn), stay: () => "stays" };
      // The handlers that are called below ask for nothing else.
      return made as Step;
    };
    return { offer: step, offerPoll: step, offerSpawns: step, offerPollSpawns: step, refuse: offer.refuse };
  }
  const runOf = (name: string): App["tasks"][number]["run"] => called(app.tasks.find(({ type }) => type.name === name)).run;

  test("the app calls it for its task and state", async () => {
    const { pliny } = recorder();
    const dumped = mkdtempSync(join(tmpdir(), "pliny-dump-"));
    const dump = new Dump(rowOf("dump", "erasing", { folder: dumped }), pliny);
    expect(await runOf("dump.erase")(new DumpErase(taskOf("dump.erase", "remove", dump), pliny), steps([]))).toEqual({ to: "stop" });
    expect(existsSync(dumped)).toBe(false);

    const rotate = new DatabaseRotatePassword(taskOf("database.rotate_password", "draw", null), pliny);
    expect(await runOf("database.rotate_password")(rotate, steps([]))).toEqual({ to: "change" });
    expect(Object.keys(rotate._changes)).toEqual(["password"]);
    expect(await rotate.password?.reveal("to look")).toMatch(/^[\w-]{32}$/);
  });

  test("it spawns runs on what it finds", async () => {
    const { pliny } = recorder();
    const databaseOf = (state: string, passwordAt: Date | null): Database => new Database(rowOf("database", state, { passwordAt }), pliny);
    // One was never changed, one long ago, one will be changed in years to come: the handler reads the clock.
    const online = [null, "1970-01-01", "9999-12-31"].map((date) => databaseOf("online", date === null ? null : new Date(date)));
    const children: readonly object[] = [...online, databaseOf("failed", null), new Team(rowOf("team", "active", {}), pliny)];
    const team = new Team(rowOf("team", "active", {}), { ...pliny, children: () => Promise.resolve(children) });
    const spawned: unknown[] = [];
    const row = { ...taskOf("team.rotate_passwords", "rotate", team), args: { olderThan: 0 } };
    expect(await runOf("team.rotate_passwords")(new TeamRotatePasswords(row, pliny), steps(spawned))).toEqual({ to: "stop" });
    expect(spawned).toHaveLength(2);
    expect(spawned).toEqual([["database.rotate_password", online[0]], ["database.rotate_password", online[1]]]);
  });

  test("what is not written yet says so", async () => {
    const task = new ReplicaPromote(taskOf("replica.promote", "detach", null), recorder().pliny);
    const refusal = await runOf("replica.promote")(task, steps([])).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "NOT_IMPLEMENTED", message: "replica.promote: detach is not written yet." });
  });
});

/** Code of the example and of each case that is right: as it is committed, or, where it is not, in a folder of its own. */
const folder = mkdtempSync(join(tmpdir(), "pliny-generated-"));
afterAll(() => rmSync(folder, { recursive: true }));

const committed = [{ name: "the example", folder: projectRoot, code: "generated" }]
  .concat(goldenCases.map(({ name, folder }) => ({ name, folder, code: "expected" })))
  .map((project) => ({ ...project, ...compileFolder(project.folder), code: join(project.folder, project.code) }));
// No case has a state that may stay and spawn.
const watcher = `
resource: printer
---
task: check
of: printer
args: { ink: { type: int, required: true } }
states: { look: { to: stop } }
---
task: watch
of: printer
every: { interval: 1h }
states: { see: { poll: 5s, spawns: [check], to: stop } }
`;
const sources = [{ path: "specs/printer.yaml", text: watcher }];
const projects = [...committed, { name: "poll and spawns", sources, files: compile(sources).files, code: "" }]
  .filter(({ files }) => files.length > 0)
  .map((project) => ({ ...project, model: compile(project.sources).model }))
  .map((project) => ({ ...project, code: existsSync(project.code) ? project.code : written(project) }));

function written({ name, files }: { readonly name: string; readonly files: readonly GeneratedFile[] }): string {
  writeCode(join(folder, name), files);
  return join(folder, name);
}

/** The app of a project, its hand-written code made up: whatever is asked for by name is what `part` gives for that name. */
async function appOf(code: string, part: (name: string) => unknown): Promise<App> {
  const { createApp: create }: { createApp: typeof createApp } = await import(join(code, "index.ts"));
  const written: unknown = new Proxy({}, { get: (_, name) => part(String(name)) });
  // It has every name that the code of any specs may have.
  return create(written as Code);
}

function tasksOf(model: Model): readonly Task[] {
  return [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
}

test("a state with both is typed as both", () => {
  const { files } = called(projects.find(({ name }) => name === "poll and spawns"));
  const { text } = called(files.find(({ path }) => path === "printer.ts"));
  const step = 'PollStep<"stop"> & SpawnStep<"stop", { check: Spawn<PrinterCheckStart> }>';
  expect(text).toContain(`see(task: PrinterWatch, step: ${step}): Promise<Next>;`);
});

describe.each(projects)("$name", ({ code, files, model, sources }) => {
  test("each file runs, whichever is the first", async () => {
    for (const file of filesUnder(code).filter((name) => name.endsWith(".ts"))) {
      vi.resetModules();
      await expect(import(join(code, file)), file).resolves.toBeTypeOf("object");
    }
  });

  test("createApp joins every resource and every task of the specs with what is written for it", async () => {
    const asked: string[] = [];
    const app = await appOf(code, (name) => (asked.push(name), { name }));
    expect(app.resources.map(({ type }) => type.name)).toEqual(model.resources.map(({ name }) => name));
    expect(app.tasks.map(({ type }) => type.name)).toEqual(tasksOf(model).map((task) => task.qualifiedName));
    expect(Object.keys(app.lanes)).toEqual(model.config.lanes.map(({ name }) => name));
    expect(Object.keys(app.breakers)).toEqual(model.config.breakers.map(({ name }) => name));

    const parts = handWritten(model);
    expect(asked.sort()).toEqual(parts.map(({ constant }) => constant).sort());
    const joined = [...app.resources, ...app.tasks].flatMap(({ type, upgrades, checks }) => [
      ...(upgrades === undefined ? [] : [[upgrades, `${constantName(type.name)}Upgrades`] as const]),
      ...(checks === undefined ? [] : [[checks, `${constantName(type.name)}Checks`] as const]),
    ]);
    const ofTypes = Object.entries(app.typeChecks).map(([name, checks]) => [checks, `${constantName(name)}Checks`] as const);
    for (const [given, name] of [...joined, ...ofTypes]) expect(given).toEqual({ name });
    expect(joined.length + ofTypes.length).toBe(parts.filter((part) => /(Upgrades|Checks)_?$/.test(part.interface)).length);
  });

  test("every state of every task calls its own handler, and offers what the spec lets it", async () => {
    const app = await appOf(code, () => anyHandlers());
    for (const task of tasksOf(model)) {
      const { run } = called(app.tasks.find(({ type }) => type.name === task.qualifiedName));
      for (const state of task.states) {
        const to = Object.fromEntries(state.to.map((name) => [camelCase(name), name]));
        const spawns = Object.fromEntries(state.spawns.map(({ method, task }) => [method, task]));
        const form = `offer${state.pollMs === null ? "" : "Poll"}${state.spawns.length === 0 ? "" : "Spawns"}`;
        const offered = [form, to, ...(state.spawns.length === 0 ? [] : [spawns])];
        const given = { state: state.name };
        expect(await run(given, offer), `${task.qualifiedName} in ${state.name}`).toEqual([camelCase(state.name), given, offered]);
      }
      for (const state of ["stop", "panic", "new", "toString"]) await expect(run({ state }, offer)).rejects.toThrow(`refused ${state}`);
    }
  });

  test("the runtime is told of every state, and of every old one and what it reads as, inherited ones too", async () => {
    const app = await appOf(code, () => anyHandlers());
    for (const of of [...model.resources, ...tasksOf(model)]) {
      const { type } = called([...app.resources, ...app.tasks].find(({ type }) => type.name === nameOf(of)));
      expect(Object.entries(type.states).map(([name, { to = [] }]) => [name, to])).toEqual(of.states.map(({ name, to }) => [name, to]));
      const base = of.kind === "resource" && of.base !== null ? findResource(model, of.base) : undefined;
      const replaced = [...(base?.replaced ?? []), ...of.replaced].map(({ from, to }) => [from, to]);
      expect(type.replaced ?? {}, nameOf(of)).toEqual(Object.fromEntries(replaced));
    }
  });

  test("classes have a getter for each field, and a setter where it may change", async () => {
    const app = await appOf(code, () => anyHandlers());
    const classes = [
      ...model.resources.map((of) => ({ of, fields: allFields(model, of), isFixed: (field: Field) => field.immutable })),
      // A run's own handlers set its fields: they are fixed once there is a value from the start.
      ...tasksOf(model).map((of) => ({ of, fields: of.fields, isFixed: (field: Field) => field.immutable && !startsAsNull(field, model) })),
    ];
    for (const { of, fields, isFixed } of classes) {
      const { type } = called([...app.resources, ...app.tasks].find(({ type }) => type.name === nameOf(of)));
      for (const field of fields) {
        const { get, set } = propertyOf(type.class.prototype, camelCase(field.name));
        expect([get, set].map((accessor) => typeof accessor), `${nameOf(of)}: ${field.name}`)
          .toEqual(["function", isFixed(field) ? "undefined" : "function"]);
      }
    }
  });

  test("records, full or almost empty, are read and written again as they were; what is wrong is named by its key", async () => {
    const app = await appOf(code, () => anyHandlers());
    const stored = [
      ...model.resources.map((of) => ({ of, part: "fields", fields: allFields(model, of) })),
      ...tasksOf(model).flatMap((of) => [{ of, part: "fields", fields: of.fields }, { of, part: "args", fields: of.args }]),
    ] as const;
    for (const { of, part, fields } of stored) {
      const { type } = called([...app.resources, ...app.tasks].find(({ type }) => type.name === nameOf(of)));
      const record = part === "args" ? ("args" in type ? type.args : undefined) : type.fields;
      // Fields that a task had once are still met in what is stored.
      if (of.kind === "task" && fields.length === 0 && (part === "args" || of.removed.length === 0)) {
        expect(record).toBeUndefined();
        continue;
      }
      const { codec, defaults = {} } = called(record);
      const all = { __v: of.version, ...members(fields, model, []) };
      const least = { __v: of.version, ...members(fields.filter((field) => field.required), model, []) };
      expect(codec.version).toBe(of.version);
      expect(JSON.stringify(codec.encode(codec.decode(all, keyless), keyless)), nameOf(of)).toBe(canonicalText(all));

      for (const { name, key } of fields) {
        const [wrong, place] = [{ ...codec.decode(all, keyless), [camelCase(name)]: Symbol("wrong") }, new RegExp(`^/${key}[:/]`)];
        expect(() => codec.encode(wrong, keyless), nameOf(of)).toThrow(place);
        expect(() => codec.decode({ ...all, [key]: { Wrong: 1 } }, keyless), nameOf(of)).toThrow(place);
      }

      const read = codec.decode(least, keyless);
      expect(Object.keys(read).sort()).toEqual(fields.map(({ name }) => camelCase(name)).sort());
      expect(Object.keys(defaults).sort(), nameOf(of))
        .toEqual(fields.filter((field) => field.default !== undefined).map(({ name }) => camelCase(name)).sort());
      for (const field of fields.filter(({ required }) => !required)) {
        const value: unknown = Reflect.get(read, camelCase(field.name));
        if (field.default !== undefined) expect(value).toEqual(Reflect.get(defaults, camelCase(field.name)));
        else if (startsAsNull(field, model)) expect(value, field.name).toBeNull();
        else expect([...(value as Iterable<unknown>)], field.name).toEqual([]);
      }
      if (!fields.some((field) => field.default !== undefined && field.encrypted !== null)) {
        const again = codec.encode(read, keyless);
        expect(codec.decode(JSON.parse(JSON.stringify(again)), keyless)).toEqual(read);
        expect(JSON.stringify(again)).toBe(canonicalText(again));
      }
    }
  });

  test("the first line of each file names the specs that it is made of", () => {
    const known = new Set([...sources.map(({ path }) => path), "specs/"]);
    for (const { path, text } of files.filter(({ path }) => path.endsWith(".ts"))) {
      const [, from = ""] = /^\/\/ Code generated by pliny from (.+)\. DO NOT EDIT\.\n\n/.exec(text) ?? [];
      expect(from.split(", ").filter((source) => !known.has(source)), path).toEqual([]);
    }
  });

  test("what a spec says of an element stands above it", () => {
    for (const { file, inside, member, doc } of documented(model)) {
      const { text } = called(files.find(({ path }) => path === file));
      expect(commentAbove(text, inside, member), `${file}: ${inside} ${member}`).toEqual(expect.arrayContaining([...commentText(doc)]));
    }
  });
});

/** What a test has looked up, which is there. */
function called<T>(found: T | undefined): T {
  if (found === undefined) throw new Error("It is not there.");
  return found;
}

function nameOf(of: Resource | Task): string {
  return of.kind === "task" ? of.qualifiedName : of.name;
}

/** A property of a class or of one that it extends. */
function propertyOf(prototype: object | null, name: string): PropertyDescriptor {
  if (prototype === null || prototype === Object.prototype) return {};
  return Object.getOwnPropertyDescriptor(prototype, name) ?? propertyOf(Object.getPrototypeOf(prototype), name);
}

/** A field that was given no value and has no default reads as null, but for a container. */
function startsAsNull(field: Field, model: Model): boolean {
  const isContainer = field.encrypted === null && ["list", "set", "dict", "map"].includes(plainType(field.type, model).kind);
  return !field.required && field.default === undefined && !isContainer;
}

/** A named field as what it stands for. */
function plainType(type: FieldType, model: Model): FieldType {
  const is = type.kind === "named" ? called(findType(model, type.name)).is : undefined;
  return is?.kind === "field" ? plainType(is.field.type, model) : type;
}

/** Nothing is sealed or opened: what was read is written as it is. */
const keyless = { ...at, vault: null };

/** Values of the types that hold no others, as they are stored. */
const scalars: { readonly [kind in FieldType["kind"]]?: Json } = {
  string: "\"ä\"", int: -7, float: 0.5, bigint: { Int: "-18446744073709551616" }, decimal: { Dec: "-0.1" }, bool: true, uuid: id,
  url: "https://example.org/", date: { Date: "2028-02-29" }, time: { Time: "2027-01-31T12:00:00.250Z" }, duration: { Dur: "PT1.5S" },
  bytes: { Bytes: "AQI" }, json: { Json: { Any: [null, { a: 1 }] } },
};

/** The members of a record, as they are stored. */
function members(fields: readonly Field[], model: Model, entered: readonly string[]): JsonRecord {
  return Object.fromEntries(
    fields.map((field) => [field.key, field.encrypted === null ? sample(field.type, model, entered) : { Vault: [7, "sealed"] }]),
  );
}

/** A value as it is stored, every member set; undefined where a named type would hold itself. */
function sample(type: FieldType, model: Model, entered: readonly string[]): Json | undefined {
  const scalar = scalars[type.kind];
  if (scalar !== undefined) return scalar;
  const within = (inner: FieldType): readonly Json[] => {
    const value = sample(inner, model, entered);
    return value === undefined ? [] : [value];
  };
  switch (type.kind) {
    case "enum":
      return called(type.values.at(-1)).value;
    case "list":
      return within(type.of);
    case "set":
      return { Set: within(type.of) };
    case "dict":
      return { Dict: Object.fromEntries(within(type.of).map((value) => ["Any Key", value])) };
    case "map":
      return { Map: within(type.of).map((value) => [...within(type.keys), value]) };
    case "record":
      return members(type.fields, model, entered);
    case "resource":
      return { Resource: [called(findResource(model, type.name)).key, id] };
    case "task":
      return { Task: [called(findTask(model, type.name)).qualifiedKey, id] };
    case "named": {
      if (entered.includes(type.name)) return undefined;
      const { is } = called(findType(model, type.name));
      const names = [...entered, type.name];
      return is.kind === "field" ? sample(is.field.type, model, names) : members(is.fields, model, names);
    }
    default:
      throw new Error(`There is no sample of ${type.kind}.`);
  }
}

interface Documented {
  readonly file: string;
  /** The class or interface, and the member in it; without one the class or interface itself is meant. */
  readonly inside: string;
  readonly member?: string;
  readonly doc: string;
}

/** Whatever the specs say of what becomes a class, an interface or a member. */
function documented(model: Model): readonly Documented[] {
  const said = (file: string, inside: string, elements: readonly (Pick<Field, "name" | "doc">)[], prefix: string): readonly Documented[] =>
    elements.flatMap(({ name, doc }) => (doc === null ? [] : [{ file, inside, member: `${prefix}${camelCase(name)}`, doc }]));
  const classed = (of: Resource | Task): readonly Documented[] => {
    const own = className(nameOf(of));
    const file = fileName(of.kind === "task" ? (of.of ?? of.name) : of.name);
    const derived = derivedNames(model, own);
    return [
      ...(of.doc === null ? [] : [{ file: `${file}.ts`, inside: `class ${own}`, doc: of.doc }]),
      ...said(`${file}.ts`, `class ${own}`, of.fields, "get "),
      ...said(`${file}.shape.ts`, `interface ${derived("Fields")}`, of.fields, "readonly "),
      ...(of.kind === "resource" ? [] : said(`${file}.shape.ts`, `interface ${derived("Args")}`, of.args, "readonly ")),
      ...(of.kind === "resource" ? [] : said(`${file}.ts`, `interface ${derived("Handlers")}`, of.states, "")),
    ];
  };
  const typed = model.types.flatMap((type) => {
    const kind = type.is.kind === "record" ? "interface" : "type";
    const inside = `${kind} ${className(type.name)}`;
    return [
      ...(type.doc === null ? [] : [{ file: "types.ts", inside, doc: type.doc }]),
      ...(type.is.kind === "record" ? said("types.ts", inside, type.is.fields, "readonly ") : []),
    ];
  });
  return [...model.resources.flatMap(classed), ...tasksOf(model).flatMap(classed), ...typed];
}

/** The lines of the comment above a declaration, or above a member of it; the comment marks are taken off. */
function commentAbove(text: string, inside: string, member?: string): readonly string[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^export ${inside}\\b`).test(line));
  const end = member === undefined ? start : lines.findIndex((line, index) => index > start && new RegExp(`^  ${member}\\b`).test(line));
  const first = lines.slice(0, end).findLastIndex((line) => !/^\s*(\/\*\*|\*)/.test(line)) + 1;
  return lines.slice(first, end).map((line) => line.trim().replace(/^(\/\*\*|\*\/|\*) ?/, "").replace(/ ?\*\/$/, ""));
}
