// What the generated TypeScript lets a user write: a table of snippets for one run of strict `tsc`. A line that must not compile ends in
// `// error` and the codes of what is wrong with it; every other line must compile.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileFolder } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";
import { typeCheck, writeProject } from "./setup/typescript.js";

interface Snippet {
  readonly title: string;
  /** The project whose generated code it is written against. */
  readonly of?: string;
  /** Parameters of the function that the lines stand in. */
  readonly given: string;
  readonly lines: string;
}

/** The root of this project is one, too. */
const example = ".";

const snippets: readonly Snippet[] = [
  {
    title: "what the snippets themselves are made of can fail",
    given: "text: string",
    lines: `
      same<string, string>(true);
      same<string, string | null>(true); // error TS2345
      same<"a", string>(true); // error TS2345
      take<number>(text); // error TS2345
    `,
  },
  {
    title: "what is immutable has no setter",
    given: "database: Database, dump: Dump",
    lines: `
      database.plan = "premium";
      database.name = "other"; // error TS2540
      database.role = null; // error TS2540
      database.parent = database.parent; // error TS2540
      database.state = "online"; // error TS2540
      database.id = ""; // error TS2540
      dump.size = 1n; // error TS2540
      dump.checksum = null; // error TS2540
      dump.rows = new Map([["orders", 3]]);
    `,
  },
  {
    title: "what is required, has a default or is a container is never null; the rest may be",
    given: "database: Database, team: Team, dump: Dump",
    lines: `
      same<typeof database.name, string>(true);
      same<typeof database.connections, number>(true);
      same<typeof database.labels, ReadonlyMap<string, string>>(true);
      same<typeof database.maintenance, MaintenanceWindow | null>(true);
      same<typeof database.lastDump, Ref<Dump> | null>(true);
      same<typeof team.members, ReadonlySet<string>>(true);
      same<typeof dump.size, bigint | null>(true);
      database.plan = null; // error TS2322
      database.connections = null; // error TS2322
      database.labels = null; // error TS2322
      team.members = null; // error TS2322
      team.contact = null; // error TS2322
      database.maintenance = { day: "mon", from: "03:00", length: null }; // error TS2322
      database.maintenance = null;
      database.endpoint = null;
      database.passwordAt = null;
      database.lastDump = null;
      database.endpoint = undefined; // error TS2322
    `,
  },
  {
    title: "null rules of every modifier",
    of: "test/cases/fields-modifiers",
    given: "account: Account",
    lines: `
      account.required = null; // error TS2322
      account.later = null; // error TS2322
      account.dString = null; // error TS2322
      account.dEnum = null; // error TS2322
      account.dBigint = null; // error TS2322
      account.checkedList = null; // error TS2322
      account.secretRequired = null; // error TS2322
      account.secretDefault = null; // error TS2322
      account.checked = null;
      account.secretMap = null;
      account.inner = null;
      account.setOnce = null; // error TS2540
    `,
  },
  {
    title: "a secret is set as plain value or Secret and read as Secret",
    given: "database: Database, team: Team, run: DatabaseRotatePassword",
    lines: `
      same<typeof database.password, Secret<string> | null>(true);
      same<typeof team.contact, Secret<string>>(true);
      const text: string = team.contact; // error TS2322
      take<string>(text + await team.contact.reveal("to write to them"));
      same<ReturnType<typeof team.contact.reveal>, Promise<string>>(true);
      take<string>(team.contact.reveal("to write to them")); // error TS2345
      database.password = "open sesame";
      database.password = Secret.of("open sesame");
      database.password = 5; // error TS2322
      database.password = Secret.of(5); // error TS2322
      run.password = "open sesame";
      await team.save({ contact: "ann@example.org" });
      await team.save({ contact: Secret.of("ann@example.org") });
    `,
  },
  {
    title: "a reference is set as the object or a Ref of it, and read as a Ref",
    given: "database: Database, dump: Dump, resize: DatabaseResize",
    lines: `
      database.lastDump = dump;
      database.lastDump = new Ref<Dump>("dump", dump.id, async () => dump);
      database.lastDump = dump.id; // error TS2322
      database.lastDump = database; // error TS2322
      database.lastResize = resize;
      database.lastResize = dump; // error TS2322
      const loaded = await database.parent.load();
      same<typeof loaded, Team>(true);
      same<typeof dump.database, Ref<Database>>(true);
    `,
  },
  {
    title: "enums: closed ones take their values, open ones any text",
    given: "database: Database, pliny: Pliny, team: Team",
    lines: `
      same<DatabasePlan, "hobby" | "standard" | "premium">(true);
      database.plan = "enterprise"; // error TS2322
      database.plan = "std"; // error TS2322
      if (database.plan === "std") return; // error TS2367
      if (database.region === "apac") return;
      await Database.create(pliny, { parent: team, name: "orders", region: "apac" });
      await Database.create(pliny, { parent: team, name: "orders", region: 3 }); // error TS2322
      take<MaintenanceWindow>({ day: "mon", from: "03:00", length: 1 });
      take<MaintenanceWindow>({ day: "monday", from: "03:00", length: 1 }); // error TS2322
    `,
  },
  {
    title: "`to` offers the moves of the state and no others; only they, `stay` and `panic` make what a handler returns",
    given: "",
    lines: `
      take<Pick<DatabaseProvisionHandlers, "lookUp" | "admit">>({
        async lookUp(task, { to, panic }) {
          same<typeof to, { readonly [State in "createDatabase" | "admit"]: () => Next }>(true);
          if (task.attempt === 1) return to.createDatabase();
          if (task.attempt === 2) return to.stop(); // error TS2339
          if (task.attempt === 3) return to.create_database(); // error TS2551
          if (task.attempt === 4) return panic("no answer");
          return to.admit();
        },
        async admit(task, { to, key, signal, pliny }) {
          take<readonly [string, AbortSignal, Pliny]>([key, signal, pliny]);
          same<typeof task.database, Database>(true);
          return to.stop();
        },
      });
      take<Pick<DatabaseProvisionHandlers, "draw">>({ draw: async () => "create_role" }); // error TS2322
      take<Pick<DatabaseProvisionHandlers, "draw">>({ draw: async () => ({}) }); // error TS2322
      take<Pick<DatabaseProvisionHandlers, "draw">>({ draw: async () => {} }); // error TS2322
    `,
  },
  {
    title: "`stay` is offered by a state with poll alone",
    given: "",
    lines: `
      take<Pick<DatabaseDeprovisionHandlers, "eraseDumps" | "dropRole">>({
        async eraseDumps(task, { to, stay }) { return task.attempt > 1 ? to.dropDatabase() : stay(); },
        async dropRole(task, step) {
          return task.attempt > 1 ? step.to.stop() : step.stay(); // error TS2339
        },
      });
    `,
  },
  {
    title: "`spawn` is offered by a state with spawns alone; on another resource it takes the owner",
    given: "database: Database, replica: Replica",
    lines: `
      take<TeamRotatePasswordsHandlers>({
        async rotate(task, { to, spawn }) {
          spawn.databaseRotatePassword(database);
          spawn.databaseRotatePassword(replica);
          spawn.databaseRotatePassword(new Ref<Database>("database", "", async () => database));
          spawn.databaseRotatePassword(); // error TS2554
          spawn.databaseRotatePassword(task.team); // error TS2345
          spawn.databaseRotatePassword(database, { olderThan: 1 }); // error TS2345
          spawn.dump(database); // error TS2339
          return to.stop();
        },
      });
      take<Pick<ReplicaPromoteHandlers, "detach" | "backUp">>({
        async detach(_task, step) {
          step.spawn.dump(); // error TS2339
          return step.to.backUp();
        },
        async backUp(task, { to, spawn }) {
          spawn.dump();
          spawn.dump(task.replica); // error TS2345
          return to.stop();
        },
      });
    `,
  },
  {
    title: "`spawn` takes the args of the task",
    of: "test/cases/tasks",
    given: "",
    lines: `
      take<CountAllHandlers>({
        async all(_task, { to, spawn }) {
          spawn.countInk({ day: "2027-01-31" });
          spawn.countInk(); // error TS2554
          spawn.countInk({}); // error TS2345
          spawn.countInk({ day: 31 }); // error TS2322
          return to.stop();
        },
      });
    `,
  },
  {
    title: "filters ask of what is indexed, and for ranges where values sort",
    given: "pliny: Pliny, team: Team, dump: Dump, database: Database",
    lines: `
      Database.where(pliny);
      Database.where(pliny, { plan: "hobby", state: { in: ["online", "failed"] }, parent: team });
      Database.where(pliny, { name: { gte: "a", lt: "b" }, createdAt: { gt: new Date(0) }, parent: { in: [team, database.parent] } });
      Database.where(pliny, { plan: { gt: "hobby" } }); // error TS2353
      Database.where(pliny, { plan: "enterprise" }); // error TS2322
      Database.where(pliny, { plan: null }); // error TS2322
      Database.where(pliny, { state: "gone" }); // error TS2322
      Database.where(pliny, { state: { lt: "online" } }); // error TS2353
      Database.where(pliny, { connections: 10 }); // error TS2353
      Database.where(pliny, { endpoint: null }); // error TS2353
      Database.where(pliny, { parent: dump }); // error TS2322
      Database.where(pliny, { createdAt: "2027-01-31" }); // error TS2322
      Team.where(pliny, { contact: "ann@example.org", name: { lt: "b" } });
      Team.where(pliny, { contact: { gt: "ann" } }); // error TS2353
      Team.where(pliny, { limit: 5 }); // error TS2353
      Team.where(pliny, { parent: team }); // error TS2353
      Replica.where(pliny, { primary: database, plan: "hobby" });
      Replica.where(pliny, { primary: { gt: database } }); // error TS2353
      Database.where(pliny, { primary: database }); // error TS2353
      await Database.where(pliny).breakdown("plan");
      await Database.where(pliny).breakdown("connections"); // error TS2345
    `,
  },
  {
    title: "a field of a named type is what the type stands for, its modifiers and its reference included",
    of: "test/cases/named-types",
    given: "person: Person, pliny: Pliny, address: Address",
    lines: `
      same<typeof person.work, Secret<Address> | null>(true);
      same<typeof person.phone, Secret<Phone>>(true);
      same<typeof person.friend, Ref<Person> | null>(true);
      same<Grid, readonly (readonly Position[])[]>(true);
      person.balance = null; // error TS2322
      person.phone = "+491234";
      person.friend = person;
      person.home = { ...address, geo: { x: 1, y: 2 } }; // error TS2741
      person.grid = []; // error TS2540
      await Person.create(pliny, { home: address, alias: "a", balance: person.balance }); // error TS2345
    `,
  },
  {
    title: "filters of types that sort and types that do not; null where the field may be",
    of: "test/cases/fields-modifiers",
    given: "pliny: Pliny",
    lines: `
      Account.where(pliny, { dBigint: { gt: 5n }, dDecimal: { lte: "1.5" }, dTime: { gte: new Date(0) }, dDate: { lt: "2027-01-31" } });
      Account.where(pliny, { dDuration: { gt: 5 }, dFloat: { gt: 0.5 }, dInt: { in: [1, 2] }, normalized: null });
      Account.where(pliny, { dBool: { gt: false } }); // error TS2353
      Account.where(pliny, { dUuid: { gt: "" } }); // error TS2353
      Account.where(pliny, { dUrl: { gt: "" } }); // error TS2353
      Account.where(pliny, { dEnum: { gt: "red" } }); // error TS2353
      Account.where(pliny, { normalized: { gt: "a" } }); // error TS2353
      Account.where(pliny, { dInt: null }); // error TS2322
    `,
  },
  {
    title: "transition goes only where a move leads",
    given: "database: Database, dump: Dump, team: Team",
    lines: `
      await database.transition("updating", { plan: "premium" }, "they pay");
      await database.transition("deleting");
      await database.transition("stop");
      await database.transition("online"); // error TS2345
      await database.transition("failed"); // error TS2345
      await database.transition("updating", { name: "other" }); // error TS2353
      await dump.transition("stored");
      await dump.transition("writing"); // error TS2345
      await team.transition("active");
      await team.transition("gone"); // error TS2345
    `,
  },
  {
    title: "create asks for what is required, and for the parent",
    given: "pliny: Pliny, team: Team, database: Database, dump: Dump",
    lines: `
      await Database.create(pliny, { parent: team, name: "orders", region: "eu" });
      await Database.create(pliny, { parent: database.parent, name: "orders", region: "eu", password: "open sesame", lastDump: dump });
      await Database.create(pliny, { name: "orders", region: "eu" }); // error TS2741
      await Database.create(pliny, { parent: database, name: "orders", region: "eu" }); // error TS2322
      await Database.create(pliny, { parent: team, name: "orders" }); // error TS2741
      await Database.create(pliny, { parent: team, region: "eu" }); // error TS2741
      await Database.create(pliny, { parent: team, name: null, region: "eu" }); // error TS2322
      await Database.create(pliny, { parent: team, name: "orders", region: "eu", connections: undefined }); // error TS2379
      await Database.create(pliny, { parent: team, name: "orders", region: "eu", state: "online" }); // error TS2353
      await Database.create(pliny, { parent: team, name: "orders", region: "eu", host: "db1" }); // error TS2353
      await Team.create(pliny, { name: "ants", contact: "ann@example.org" });
      await Team.create(pliny, { name: "ants" }); // error TS2345
      await Replica.create(pliny, { parent: team, name: "copy", region: "eu", primary: database });
      await Replica.create(pliny, { parent: team, name: "copy", region: "eu" }); // error TS2741
    `,
  },
  {
    title: "save and update change nothing that is fixed; what may be set once may be given",
    given: "database: Database, databases: Databases, dump: Dump, replicas: Replicas",
    lines: `
      await database.save();
      await database.save({ plan: "premium", role: "db_1" });
      await database.save({ name: "other" }); // error TS2353
      await database.save({ region: "us" }); // error TS2353
      await database.save({ connections: null }); // error TS2322
      await dump.save({ size: 5n, checksum: "", takenAt: new Date(0) });
      await dump.save({ folder: "/tmp" }); // error TS2353
      await databases.update({ connections: 5 });
      await databases.update({ name: "other" }); // error TS2353
      await replicas.update({ connections: 5, lag: 3 });
      await replicas.update({ name: "other" }); // error TS2353
      await replicas.update({ primary: database }); // error TS2353
    `,
  },
  {
    title: "start takes the args of the task, and they may be left out where none is required",
    given: "database: Database, team: Team, databases: Databases, teams: Teams",
    lines: `
      same<Awaited<ReturnType<typeof database.dump.start>>, DatabaseDump>(true);
      await database.dump.start();
      await database.dump.start({ fast: true }); // error TS2345
      await team.rotatePasswords.start();
      await team.rotatePasswords.start({});
      await team.rotatePasswords.start({ olderThan: 5 }, { why: "a leak" });
      await team.rotatePasswords.start({ olderThan: "5" }); // error TS2322
      await team.rotatePasswords.start({ newerThan: 5 }); // error TS2353
      await databases.dump.start();
      await teams.rotatePasswords.start({ olderThan: 5 });
      await team.dump.start(); // error TS2339
    `,
  },
  {
    title: "start asks for args that are required; a global task is started without a resource",
    of: "test/cases/tasks",
    given: "printer: Printer, pliny: Pliny, run: PrinterPrint, global: CountInk",
    lines: `
      await printer.print.start({ text: "hello" });
      await printer.print.start({ copies: 2 }); // error TS2345
      await printer.print.start(); // error TS2554
      await CountInk.on(pliny).start({ day: "2027-01-31" });
      await CountInk.on(pliny).start(); // error TS2554
      await CountAll.on(pliny).start();
      same<typeof run.args.text, string>(true);
      run.args.text = "other"; // error TS2540
      run.sheet = 2;
      take<Printer>(run.printer);
      global.printer; // error TS2339
    `,
  },
  {
    title: "hooks that the spec names are handlers too",
    of: "test/cases/tasks",
    given: "handlers: PrinterPrintHandlers",
    lines: `
      same<keyof PrinterPrintHandlers, "feed" | "ink" | "eject" | "shouldStart" | "shouldStop" | "onStop">(true);
      same<keyof PrinterTestPageHandlers, "print">(true);
      const { onStop, ...others } = handlers;
      take<PrinterPrintHandlers["onStop"]>(onStop);
      take<PrinterPrintHandlers>(others); // error TS2741
    `,
  },
  {
    title: "createApp misses handlers and upgrades that are not written",
    given: "code: Code, app: App",
    lines: `
      app = createApp(code);
      createApp(take<Omit<Code, "databaseDump">>(code)); // error TS2741
      createApp(take<Omit<Code, "databaseUpgrades">>(code)); // error TS2741
      createApp({ ...code, databaseDump: take<Omit<DatabaseDumpHandlers, "discard">>(code.databaseDump) }); // error TS2741
      createApp({ ...code, databaseUpgrades: {} }); // error TS2741
      createApp({ ...code, databaseDump: code.databaseResize }); // error TS2739
      take<App>(app);
    `,
  },
  {
    title: "createApp misses checks that are not written",
    of: "test/cases/fields-modifiers",
    given: "code: Code",
    lines: `
      createApp({ ...code, accountChecks: { checked: (text) => text !== "" || "empty", checkedList: (list) => list.length < 3 || "" } });
      createApp(take<Omit<Code, "accountChecks">>(code)); // error TS2741
      createApp({ ...code, accountChecks: { checked: () => true } }); // error TS2741
      createApp({ ...code, accountChecks: { checked: () => true, checkedList: () => false } }); // error TS2322
      createApp(take<Omit<Code, "accountSignInChecks">>(code)); // error TS2741
    `,
  },
  {
    title: "a subtype stands wherever its base may, with its tasks, and its dataset too",
    given: "database: Database, replica: Replica, databases: Databases, replicas: Replicas",
    lines: `
      take<Database>(replica);
      take<Replica>(database); // error TS2739
      take<Databases>(replicas);
      take<Replicas>(databases); // error TS2741
      take<DatabaseFields>(take<ReplicaFields>({ ...take<DatabaseFields & Pick<ReplicaFields, "primary" | "lag" | "promotedAt">>() }));
      await replica.dump.start();
      await replica.promote.start();
      await database.promote.start(); // error TS2339
      same<Awaited<ReturnType<typeof replica.provision.latest>>, ReplicaProvision | null>(true);
      same<Awaited<ReturnType<typeof database.provision.latest>>, DatabaseProvision | ReplicaProvision | null>(true);
      for await (const one of replicas.each()) same<typeof one, Replica>(true);
      for await (const one of databases.each()) same<typeof one, Database>(true);
      await replicas.dump.start();
      await databases.promote.start(); // error TS2339
      same<typeof replica.team, Ref<Team>>(true);
      replica.primary = database; // error TS2540
    `,
  },
  {
    title: "a base is in any state of its family, a subtype in its own",
    of: "test/cases/subtypes",
    given: "vehicle: Vehicle, truck: Truck, bicycle: Bicycle",
    lines: `
      take<Vehicle>(truck);
      take<Vehicle>(bicycle);
      take<readonly Vehicles[]>([take<Trucks>(), take<Bicycles>()]);
      if (vehicle.state === "loading" || truck.state === "loading") return;
      if (bicycle.state === "loading") return; // error TS2367
      await truck.transition("loading");
      await bicycle.transition("loading"); // error TS2345
      Bicycle.where(take<Pliny>(), { state: "loading" }); // error TS2322
      await bicycle.inspect.start({ reason: "rust" });
      await bicycle.load.start(); // error TS2339
      await truck.repair.start({ quick: true });
      same<keyof BicycleFields, keyof VehicleFields>(true);
      take<Ref<Truck>>(take<Wheel>().truck);
      take<Ref<Bicycle>>(take<Wheel>().truck); // error TS2345
    `,
  },
  {
    title: "API: bodies hold what may be given, queries what may be asked, objects all but what is hidden",
    given: "team: Team, ref: Ref<Team>, object: DatabaseObject",
    lines: `
      take<Routes["POST /databases"]["body"]>({ parent: ref, name: "orders", region: "eu" });
      take<Routes["POST /databases"]["body"]>({ name: "orders", region: "eu" }); // error TS2345
      take<Routes["POST /databases"]["body"]>({ parent: team, name: "orders", region: "eu" }); // error TS2739
      take<Routes["POST /databases"]["body"]>({ parent: ref, name: "orders", region: "eu", role: "me" }); // error TS2353
      take<Routes["PATCH /databases/{id}"]["body"]>({ maintenance: null, labels: new Map() });
      take<Routes["PATCH /databases/{id}"]["body"]>({ plan: "premium" }); // error TS2353
      take<Routes["POST /databases/{id}/moves/updating"]["body"]>({ plan: "premium" });
      take<Routes["POST /databases/{id}/moves/creating"]["body"]>({}); // error TS2339
      take<Routes["POST /databases/{id}/tasks/dump"]["body"]>({}); // error TS2339
      take<Routes["POST /teams/{id}/tasks/rotate_passwords"]["body"]>({ olderThan: 3 });
      take<DatabaseQuery>({ plan: { in: ["hobby"] }, createdAt: { gt: new Date(0) }, sort: "-name", limit: 10, count: "exact" });
      take<DatabaseQuery>({ name: "orders" }); // error TS2353
      take<DatabaseQuery>({ sort: "plan" }); // error TS2322
      take<ReplicaQuery>({ primary: new Ref<Database>("database", "", async () => take<Database>()), sort: "name" });
      same<typeof object.type, "database">(true);
      same<typeof object.connections, number>(true);
      object.role; // error TS2339
      object.plan = "hobby"; // error TS2540
      same<Routes["GET /databases"]["response"], Page<DatabaseObject>>(true);
      same<keyof typeof routes, keyof Routes>(true);
      routes["GET /databases/{id}/tasks"]; // error TS2551
      take<Routes["PATCH /dumps/{id}"]>(); // error TS2339
    `,
  },
  {
    title: "an upgrade is given the older shape, where all may be null and tombstones stand, and gives what is new",
    given: "old: DatabaseFields2",
    lines: `
      same<typeof old.name, string | null>(true);
      same<typeof old.connections, number | null>(true);
      same<typeof old.labels, ReadonlyMap<string, string> | null>(true);
      same<typeof old.host, string | null>(true);
      same<typeof old.port, number | null>(true);
      old.endpoint; // error TS2339
      take<Database>().host; // error TS2339
      take<DatabaseUpgrades>({ to3: ({ host }) => ({ endpoint: host, connections: 3 }) });
      take<DatabaseUpgrades>({ to3: () => ({ endpoint: undefined }) }); // error TS2322
      take<DatabaseUpgrades>({ to3: () => ({ connections: 3 }) }); // error TS2322
      take<DatabaseUpgrades>({ to3: () => ({ endpoint: null, connections: null }) }); // error TS2322
      take<DatabaseUpgrades>({}); // error TS2741
    `,
  },
  {
    title: "while an older shape is written, an upgrade has its way back; a task's sees args and fields",
    of: "test/cases/versions",
    given: "third: DocumentFields3, fourth: DocumentFields4",
    lines: `
      same<typeof third.tags, readonly string[] | null>(true);
      same<typeof third.rating, "good" | "bad" | null>(true);
      third.secret; // error TS2339
      third.subtitle; // error TS2339
      fourth.tags; // error TS2339
      same<typeof fourth.secret, Secret<string> | null>(true);
      same<keyof DocumentUpgrades, "to4" | "to5" | "from5">(true);
      take<DocumentUpgrades["to4"]>(() => ({ secret: null }));
      take<DocumentUpgrades["to4"]>(() => ({})); // error TS2345
      take<DocumentUpgrades["to5"]>(({ writer }) => ({ author: writer === null ? null : { first: writer, last: null } }));
      take<DocumentUpgrades["from5"]>(({ author }) => ({ writer: author?.first ?? null, rating: null, mistake: null }));
      take<DocumentUpgrades["from5"]>(() => ({ writer: null })); // error TS2345
      take<DocumentPrintUpgrades["to3"]>(({ copies, duplex }) => ({ pages: duplex === true ? copies : null }));
      take<DocumentPrintUpgrades["to3"]>(({ pages }) => ({ pages })); // error TS2339
    `,
  },
];

const folder = mkdtempSync(join(tmpdir(), "pliny-snippets-"));
afterAll(() => rmSync(folder, { recursive: true }));

const parts = new Map(
  [...new Set(snippets.map(({ of = example }) => of))].map((name) => [name, compileFolder(join(projectRoot, name)).files]),
);

describe("types", () => {
  /** By file and line, the codes of what is wrong there. */
  const found = new Map<string, string>();

  beforeAll(() => {
    const files = snippets.map((snippet, at) => ({ path: `${at}.ts`, text: fileText(snippet) }));
    writeProject(folder, new Map([...parts, ["snippets", files]]));
    writeFileSync(join(folder, "globals.d.ts"), globals);
    for (const [, place = "", code = ""] of typeCheck(folder).matchAll(/^(\S+\(\d+),\d+\): error (TS\d+)/gm)) {
      found.set(place, `${found.get(place) ?? ""} ${code}`);
    }
  });

  test("nothing is wrong outside of the snippets", () => {
    expect([...found.keys()].filter((place) => !place.startsWith("snippets/"))).toEqual([]);
  });

  test.each(snippets.map((snippet, at) => ({ title: snippet.title, snippet, at })))("$title", ({ snippet, at }) => {
    const text = fileText(snippet);
    const marked = text.split("\n").map((line, index) => {
      const codes = found.get(`snippets/${at}.ts(${index + 1}`);
      return line.replace(/ \/\/ error.*$/, "") + (codes === undefined ? "" : ` // error${codes}`);
    });
    expect(marked.join("\n")).toBe(text);
  });
});

/** What snippets use of the library. */
const library = [
  ...["App", "Next", "Page", "Pliny"].map((name) => ({ kind: "type", name, module: "pliny/runtime" })),
  ...["Ref", "Secret"].map((name) => ({ kind: "class", name, module: "pliny/codec" })),
];

/** `take` is a place for a value of a type, and gives one; `same` takes true where two types are the same. */
const globals = `
declare function take<T>(value?: T): T;
declare function same<A, B>(are: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false): void;
`;

/** A module of its own, which imports what it names. */
function fileText({ of = example, given, lines }: Snippet): string {
  const text = `export async function snippet(${given}): Promise<void> {${lines}}\n`;
  const words = new Set(text.match(/\w+/g));
  const generated = (parts.get(of) ?? []).flatMap((file) => [...file.text.matchAll(/^export (\w+) (\w+)/gm)]);
  const imports = generated.map(([, kind = "", name = ""]) => ({ kind, name, module: `../${of}/index.js` }));
  return [...imports, ...library]
    .filter(({ name }) => words.has(name))
    .map(({ kind, name, module }) => `import { ${kind === "type" || kind === "interface" ? "type " : ""}${name} } from "${module}";`)
    .concat(text)
    .join("\n");
}
