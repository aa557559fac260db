// `schema.sql` and `views.sql` on real Postgres, oldest and newest: rows in, rows out, and what is refused.

import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/compile.js";
import { steps } from "../runtime/migrate/steps.js";
import { postgresVersions, usePostgres } from "./postgres.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

interface Sql {
  readonly schema: string;
  readonly views: string;
}

/** Specs in, SQL out. */
function sqlOf(...specs: readonly string[]): Sql {
  const result = compile(specs.map((text, at) => ({ path: `specs/${at}.yaml`, text })));
  expect(result.diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
  return sqlIn(result.files);
}

function sqlIn(files: readonly { readonly path: string; readonly text: string }[]): Sql {
  const text = (path: string): string => files.find((file) => file.path === path)?.text ?? "";
  return { schema: text("schema.sql"), views: text("views.sql") };
}

async function applySteps(client: Client): Promise<void> {
  for (const step of steps) await client.query(`begin; ${step.sql} commit;`);
}

async function apply(client: Client, sql: Sql): Promise<void> {
  await applySteps(client);
  await client.query(sql.schema);
  await client.query(sql.views);
}

interface Row {
  readonly id?: number;
  readonly type?: string;
  readonly state?: string;
  readonly parent?: number;
  readonly attrs?: object;
  readonly vaultKeys?: readonly number[];
}

/** An id that a test can read: 7 → 00000000-0000-0000-0000-000000000007. */
function idOf(number: number): string {
  return `00000000-0000-0000-0000-${String(number).padStart(12, "0")}`;
}

let lastId = 1000;

async function insert(client: Client, table: string, row: Row): Promise<string> {
  lastId += 1;
  const id = idOf(row.id ?? lastId);
  const parent = row.parent === undefined ? null : idOf(row.parent);
  await client.query(`insert into app."${table}" (id, type, state, nonce, root_id, parent_id, json_attrs, vault_keys) values ($1, $2, $3, 1, $1, $4, $5, $6)`, [
    id, row.type ?? table, row.state ?? "live", parent, JSON.stringify({ __v: 1, ...row.attrs }), row.vaultKeys ?? null,
  ]);
  return id;
}

async function move(client: Client, table: string, id: string, state: string): Promise<void> {
  await client.query(`update app."${table}" set state = $2, step = step + 1 where id = $1`, [id, state]);
}

/** What Postgres says to a statement that it refuses. */
async function refusal(refused: Promise<unknown>): Promise<object> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof Error) return { ...error, message: error.message };
  }
  throw new Error("It was not refused.");
}

/** All that compiles. */
const projects = [...goldenCases, { name: "the example", folder: projectRoot }].flatMap(({ name, folder }) => {
  const { files } = compileFolder(folder);
  return files.length > 0 ? [{ name, sql: sqlIn(files) }] : [];
});

const hosting = `
resource: team
fields: { name: { type: string, required: true } }
unique: [[name]]
---
resource: database
parent: team
fields:
  name: { type: string, required: true }
  plan: { type: enum, of: [hobby, standard], default: hobby, replaced: { std: standard } }
  size: int
unique: [[parent, name], [plan, size]]
states:
  creating: { starts: provision, then: online, else: failed, timeout: 1h }
  online:   { to: [updating, deleting] }
  updating: { starts: resize, then: online, else: failed, timeout: 1h, on_timeout: stuck }
  stuck:    { to: [deleting] }
  failed:   { to: [creating, deleting] }
  deleting: { to: stop }
replaced: { booting: creating }
---
resource: replica
extends: database
fields: { slot: string }
unique: [[slot]]
states:
  online:    { to: [promoting] }
  promoting: { to: [online] }
---
task: provision
of: database
should_start: true
on_stop: code
states:
  allocate: { to: [boot], on_unknown: look_up, on_timeout: look_up }
  look_up:  { to: [boot] }
  boot:     { to: [stop] }
  clean_up: { to: [stop] }
on_panic: clean_up
---
task: resize
of: database
states: { resize: { to: [stop] } }
`;

describe.each(postgresVersions)("Postgres %i", (version) => {
  const postgres = usePostgres(version);

  test("every case and the example apply to an empty database", async () => {
    const client = await postgres.database();
    await applySteps(client);
    expect(projects.map(({ name }) => name)).toContain("the example");
    for (const { name, sql } of projects) {
      try {
        await client.query("drop schema if exists app cascade; delete from pliny.move");
        await client.query(sql.schema);
        await client.query(sql.views);
        // The views are made anew after each migration.
        await client.query(sql.views);
        const { rows } = await client.query<{ view: string }>("select quote_ident(table_name) as view from information_schema.views where table_schema = 'app'");
        for (const { view } of rows) expect((await client.query(`select * from app.${view}`)).rows).toEqual([]);
      } catch (error) {
        throw new Error(`The SQL of '${name}' does not apply.`, { cause: error });
      }
    }
  });

  describe("moves", () => {
    test("from the first state, along the moves of the spec, to the end", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      const id = await insert(client, "database", { parent: 1, state: "creating" });
      for (const state of ["failed", "creating", "online", "updating", "stuck", "deleting", "__stop__"]) await move(client, "database", id, state);
      const { rows } = await client.query("select state, step from app.databases");
      expect(rows).toEqual([{ state: "__stop__", step: "8" }]);
    });

    test("what is no move is refused, and told where it may go", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      const id = await insert(client, "database", { parent: 1, state: "creating" });
      expect(await refusal(move(client, "database", id, "updating"))).toMatchObject({
        code: "23514",
        constraint: "legal_move",
        schema: "app",
        table: "database",
        message: "A database does not go from creating to updating.",
        detail: `Row ${id}.`,
        hint: "From creating it may go to failed, online, __stop__, __panic__.",
      });
      // A state of the subtype alone.
      await move(client, "database", id, "online");
      expect(await refusal(move(client, "database", id, "promoting"))).toMatchObject({ message: "A database does not go from online to promoting." });
    });

    test("anything but what has stopped may stop or panic; out of a panic to any state of the type", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      const id = await insert(client, "database", { parent: 1, state: "creating" });
      await move(client, "database", id, "__panic__");
      expect(await refusal(move(client, "database", id, "promoting"))).toMatchObject({ message: "A database does not go from __panic__ to promoting." });
      expect(await refusal(move(client, "database", id, "__new__"))).toMatchObject({ message: "A database does not go from __panic__ to __new__." });
      await move(client, "database", id, "stuck");
      await move(client, "database", id, "__panic__");
      await move(client, "database", id, "__stop__");
      for (const state of ["__panic__", "creating", "online"]) {
        expect(await refusal(move(client, "database", id, state))).toMatchObject({ hint: "What has stopped goes nowhere: make a new one." });
      }
    });

    test("a row begins in its first state, whatever else it might be in", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      for (const state of ["online", "__new__", "__stop__", "__panic__", "nowhere"]) {
        expect(await refusal(insert(client, "database", { parent: 1, state }))).toMatchObject({
          constraint: "legal_move",
          message: `A new database does not begin in ${state}.`,
          hint: "It begins in creating.",
        });
      }
      expect(await refusal(insert(client, "database", { parent: 1, type: "tenant", state: "creating" }))).toMatchObject({
        message: "There is no type 'tenant': pliny.move has no row for it.",
      });
    });

    test("a subtype has its own moves, and no row changes its type", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      const id = await insert(client, "database", { parent: 1, type: "replica", state: "creating" });
      for (const state of ["online", "promoting", "online", "updating"]) await move(client, "database", id, state);
      expect(await refusal(client.query("update app.database set type = 'database'"))).toMatchObject({ message: "A replica does not become a database." });
    });

    test("a save, a claim and a stay are no moves", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      const id = await insert(client, "team", { attrs: { name: "a" } });
      await client.query("delete from pliny.move");
      await client.query(`update app.team set json_attrs = '{}', nonce = 2, state = state where id = $1`, [id]);
      expect(await refusal(move(client, "team", id, "live2"))).toMatchObject({ message: "There is no type 'team': pliny.move has no row for it." });
    });

    test("who is found in a state that was replaced goes on from there", async () => {
      const client = await postgres.database();
      const sql = sqlOf(hosting);
      await apply(client, sql);
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      await client.query("insert into pliny.move values ('database', '__new__', 'booting')");
      const [one, other] = [await insert(client, "database", { parent: 1, state: "booting" }), await insert(client, "database", { parent: 1, state: "booting" })];
      expect((await client.query("select distinct state from app.databases")).rows).toEqual([{ state: "creating" }]);
      await move(client, "database", one, "creating");
      await move(client, "database", other, "online");
      expect(await refusal(insert(client, "database", { parent: 1, type: "replica", state: "booting" }))).toMatchObject({ hint: "It begins in creating." });
    });

    test("runs of tasks have theirs", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      const { rows } = await client.query(`select "from", "to" from pliny.move where type = 'database.provision' order by 1, 2`);
      expect(rows.map((row: { from: string; to: string }) => `${row.from} ${row.to}`)).toEqual([
        "__exit__ __stop__",
        "__new__ __exit__",
        "__new__ __new__",
        "__new__ allocate",
        "allocate __exit__",
        "allocate boot",
        "allocate look_up",
        "boot __exit__",
        "boot __stop__",
        "clean_up __exit__",
        "clean_up __stop__",
        "look_up __exit__",
        "look_up boot",
      ]);
      // The trigger stands on any table that has a type and a state.
      await client.query(`
        create table run (id int, type text, state text);
        create trigger check_insert before insert on run for each row execute function pliny.check_move();
        create trigger check_move before update of state on run for each row when (old.state is distinct from new.state) execute function pliny.check_move();
        insert into run values (1, 'database.provision', '__new__');
        update run set state = 'allocate'; update run set state = '__panic__'; update run set state = 'clean_up';
        update run set state = '__panic__'; update run set state = '__new__'; update run set state = '__exit__'; update run set state = '__stop__';
      `);
      expect(await refusal(client.query("insert into run values (2, 'database.resize', '__new__')"))).toMatchObject({ hint: "It begins in resize." });
    });
  });

  describe("unique", () => {
    const again = { code: "23505" };

    test("is among those that have not stopped", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      for (const id of [1, 2]) await insert(client, "team", { id, attrs: { name: `team ${id}` } });
      const first = await insert(client, "database", { parent: 1, state: "creating", attrs: { name: "main", size: 1 } });
      await insert(client, "database", { parent: 2, state: "creating", attrs: { name: "main", size: 2 } });
      expect(await refusal(insert(client, "database", { parent: 1, state: "creating", attrs: { name: "main", size: 3 } }))).toMatchObject({
        ...again,
        constraint: "database-unique-parent-name",
      });
      await insert(client, "database", { parent: 1, state: "creating", attrs: { name: "MAIN", size: 4 } });
      await move(client, "database", first, "__stop__");
      await insert(client, "database", { parent: 1, state: "creating", attrs: { name: "main", size: 3 } });
    });

    test("takes an absent value for its default, and a replaced one for the new", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      const plan = (name: string, attrs: object): Promise<string> => insert(client, "database", { parent: 1, state: "creating", attrs: { name, ...attrs } });
      await plan("a", { size: 1 });
      expect(await refusal(plan("b", { plan: "hobby", size: 1 }))).toMatchObject({ ...again, constraint: "database-unique-plan-size" });
      await plan("c", { plan: "std", size: 1 });
      expect(await refusal(plan("d", { plan: "standard", size: 1 }))).toMatchObject(again);
      // A value that is null equals none.
      await plan("e", {});
      await plan("f", {});
    });

    test("of a subtype is among its own rows", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      const slot = (type: string, name: string): Promise<string> => insert(client, "database", { type, parent: 1, state: "creating", attrs: { name, slot: "s1" } });
      await slot("replica", "a");
      await slot("database", "b");
      expect(await refusal(slot("replica", "c"))).toMatchObject({ ...again, constraint: "replica-unique-slot" });
    });
  });

  describe("an index is made for", () => {
    test("what is always asked, what the spec names and each secret that is looked up, in each order of the columns", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(everyType));
      const { rows } = await client.query<{ name: string }>("select indexname as name from pg_indexes where schemaname = 'app' and tablename = 'sample' order by 1");
      expect(rows.map(({ name }) => name)).toEqual([
        "sample-id",
        "sample-index-a_bigint",
        "sample-index-a_bool-a_bytes",
        "sample-index-a_decimal-a_date",
        "sample-index-a_duration-state",
        "sample-index-a_float",
        "sample-index-a_int",
        "sample-index-a_run",
        "sample-index-a_sample",
        "sample-index-a_time",
        "sample-index-a_url-a_uuid",
        "sample-index-created_at",
        "sample-index-state",
        "sample-index-stored_text",
        "sample-lookup-an_email",
        "sample-unique-an_email",
        "sample-vault_keys",
      ]);
    });

    test("equality of a secret: unique by its blind index, found by any of its keys", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(everyType));
      const secret = (hash: string): object => ({ an_email: { Vault: [1, "gAAAA"] }, __idx: { an_email: { Dict: { 3: hash } } } });
      await insert(client, "sample", { attrs: secret("abc") });
      await insert(client, "sample", { attrs: secret("def") });
      await insert(client, "sample", { attrs: {} });
      await insert(client, "sample", { attrs: {} });
      expect(await refusal(insert(client, "sample", { attrs: secret("abc") }))).toMatchObject({ code: "23505", constraint: "sample-unique-an_email" });
      await client.query("set enable_seqscan = off");
      const { rows } = await client.query<{ "QUERY PLAN": string }>(
        `explain select from app.sample where json_attrs -> '__idx' -> 'an_email' -> 'Dict' @> '{"3": "abc"}'`,
      );
      expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("sample-lookup-an_email");
    });

    test("a condition on a view", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(everyType));
      await client.query("set enable_seqscan = off");
      for (const [condition, index] of [
        ["a_text = 'x'", "stored_text"],
        ["a_int > 5", "a_int"],
        ["a_float = 0.5", "a_float"],
        ["a_bigint < 7", "a_bigint"],
        [`a_sample = '${idOf(1)}'`, "a_sample"],
        ["a_bool and a_bytes = 'x'", "a_bool-a_bytes"],
        ["state = 'live'", "state"],
      ]) {
        const { rows } = await client.query<{ "QUERY PLAN": string }>(`explain select * from app.samples where ${condition}`);
        expect(rows.map((row) => row["QUERY PLAN"]).join("\n"), condition).toContain(`"sample-index-${index}"`);
      }
    });
  });

  describe("a view", () => {
    const stored = {
      stored_text: "It's {\"Vault\": [1, \"x\"]}",
      a_int: -5,
      a_float: { Num: "Infinity" },
      a_bigint: { Int: "9007199254740993" },
      a_decimal: { Dec: "12.50" },
      a_bool: true,
      a_uuid: idOf(7),
      a_url: "https://example.com/",
      a_json: { Json: { Time: "noon" } },
      a_date: { Date: "2027-01-31" },
      a_time: { Time: "2027-01-31T12:00:00.250Z" },
      a_duration: { Dur: "PT5400.25S" },
      a_bytes: { Bytes: "_-8" },
      a_enum: "old",
      a_list: ["a", "b"],
      a_set: { Set: [1, 2] },
      a_dict: { Dict: { a: 1 } },
      a_map: { Map: [["a", 1]] },
      a_record: { inner: "x", pin: { Vault: [1, "c2VjcmV0_-="] } },
      a_named: { street: "y", door: { Vault: [12, "c2VjcmV0"] } },
      a_sample: { Resource: ["sample", idOf(8)] },
      a_run: { Task: ["sample.work", idOf(9)] },
      a_secret: { Vault: [1, "c2VjcmV0"] },
    };

    test("shows each type as SQL has it, and no secret", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(everyType));
      await client.query("set timezone = 'Asia/Tokyo'; set intervalstyle = 'iso_8601'");
      await insert(client, "sample", { id: 5, attrs: stored });
      const { rows } = await client.query(`select row_to_json(samples) as row from (select ${fieldNames.join(", ")} from app.samples) as samples`);
      expect(rows[0]).toEqual({
        row: {
          a_text: "It's {\"Vault\": [1, \"x\"]}",
          a_int: -5,
          a_float: "Infinity",
          a_bigint: 9007199254740992,
          a_decimal: 12.5,
          a_bool: true,
          a_uuid: idOf(7),
          a_url: "https://example.com/",
          a_json: { Time: "noon" },
          a_date: "2027-01-31",
          a_time: "2027-01-31T21:00:00.25+09:00",
          a_duration: "PT1H30M0.25S",
          a_bytes: "\\xffef",
          a_enum: "new",
          a_list: ["a", "b"],
          a_set: [1, 2],
          a_dict: { a: 1 },
          a_map: [["a", 1]],
          a_record: { inner: "x", pin: "[secret]" },
          a_named: { street: "y", door: "[secret]" },
          a_sample: idOf(8),
          a_run: idOf(9),
          a_secret: "[secret]",
          an_email: null,
          with_default: "PT1H",
        },
      });
    });

    test("and an index read a number that is none, as value and as default, and sort by it", async () => {
      const client = await postgres.database();
      await apply(
        client,
        sqlOf(`
resource: gauge
fields:
  high: { type: float, special: true, default: .inf }
  low: { type: float, special: true, default: -.inf }
  none: { type: float, special: true, default: .nan }
indexes: [[high], [low], [none]]
`),
      );
      await insert(client, "gauge", { id: 1, attrs: {} });
      await insert(client, "gauge", { id: 2, attrs: { high: { Num: "-Infinity" }, low: { Num: "NaN" }, none: 1.5 } });
      await insert(client, "gauge", { id: 3, attrs: { high: 7, low: 7, none: 7 } });
      const { rows } = await client.query("select high::text, low::text, none::text from app.gauges order by id");
      expect(rows).toEqual([
        { high: "Infinity", low: "-Infinity", none: "NaN" },
        { high: "-Infinity", low: "NaN", none: "1.5" },
        { high: "7", low: "7", none: "7" },
      ]);
      const sorted = await client.query<{ id: string }>("select id from app.gauges order by high");
      expect(sorted.rows.map(({ id }) => id)).toEqual([idOf(2), idOf(3), idOf(1)]);
    });

    test("has a column of its own type for each field", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(everyType));
      const { rows } = await client.query<{ name: string; type: string }>(
        "select column_name as name, data_type as type from information_schema.columns where table_schema = 'app' and table_name = 'samples' order by ordinal_position",
      );
      expect(Object.fromEntries(rows.map(({ name, type }) => [name, type]))).toEqual({
        id: "uuid",
        type: "text",
        state: "text",
        step: "bigint",
        created_at: "timestamp with time zone",
        updated_at: "timestamp with time zone",
        a_text: "text",
        a_int: "numeric",
        a_float: "numeric",
        a_bigint: "numeric",
        a_decimal: "numeric",
        a_bool: "boolean",
        a_uuid: "text",
        a_url: "text",
        a_json: "jsonb",
        a_date: "date",
        a_time: "timestamp with time zone",
        a_duration: "interval",
        a_bytes: "bytea",
        a_enum: "text",
        a_list: "jsonb",
        a_set: "jsonb",
        a_dict: "jsonb",
        a_map: "jsonb",
        a_record: "jsonb",
        a_named: "jsonb",
        a_sample: "uuid",
        a_run: "uuid",
        a_secret: "text",
        an_email: "text",
        with_default: "interval",
      });
    });

    test("reads rows of any shape: nothing in them, an unknown value, a secret where now there is none", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(everyType.replace("resource: sample", "resource: sample\nversion: 2\nupgrades: { 2: code }").replace(/^(?:indexes|unique):.*$/gm, "")));
      const secret = { Vault: [1, "c2VjcmV0"] };
      await insert(client, "sample", { id: 1, attrs: {} });
      await insert(client, "sample", { id: 2, attrs: { a_enum: "of a later release" } });
      await insert(client, "sample", { id: 3, attrs: Object.fromEntries(Object.keys(stored).map((key) => [key, secret])) });
      await insert(client, "sample", { id: 4, attrs: { ...stored, a_list: [{ Vault: [1, "c2VjcmV0"] }] } });
      const { rows } = await client.query("select * from app.samples order by id");
      expect(rows[0]).toMatchObject({ a_text: null, a_list: [], a_set: [], a_dict: {}, a_map: [], a_record: null, with_default: { hours: 1 } });
      expect(rows[1]).toMatchObject({ a_enum: "of a later release" });
      expect(rows[2]).toMatchObject({ a_text: null, a_int: null, a_bool: null, a_time: null, a_sample: null, a_list: "[secret]" });
      expect(rows[3]).toMatchObject({ a_list: ["[secret]"] });
      expect(JSON.stringify(rows)).not.toContain("c2VjcmV0");
    });

    test("is read-only", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      const readOnly = { code: "55000", detail: "Views that do not select from a single table or view are not automatically updatable." };
      expect(await refusal(client.query("update app.teams set state = '__stop__'"))).toMatchObject(readOnly);
      expect(await refusal(client.query("delete from app.replicas"))).toMatchObject(readOnly);
    });

    test("of a subtype shows its rows, with what it inherits; the base's shows the family", async () => {
      const client = await postgres.database();
      await apply(client, sqlOf(hosting));
      await insert(client, "team", { id: 1, attrs: { name: "a" } });
      await insert(client, "database", { id: 2, parent: 1, state: "creating", attrs: { name: "main" } });
      await insert(client, "database", { id: 3, type: "replica", parent: 1, state: "creating", attrs: { name: "copy", slot: "s1" } });
      expect((await client.query("select id, type, parent, name from app.databases order by id")).rows).toEqual([
        { id: idOf(2), type: "database", parent: idOf(1), name: "main" },
        { id: idOf(3), type: "replica", parent: idOf(1), name: "copy" },
      ]);
      expect((await client.query("select id, name, plan, slot from app.replicas")).rows).toEqual([{ id: idOf(3), name: "copy", plan: "hobby", slot: "s1" }]);
    });

    test("carries the docs, whatever stands in them", async () => {
      const client = await postgres.database();
      const doc = "It's a \\ \"quoted\" 'text'; drop table app.thing; -- */ $$ ${x}\n\u202eend";
      await apply(client, sqlOf(`resource: thing\ndoc: ${JSON.stringify(doc)}\nfields: { name: { type: string, doc: ${JSON.stringify(doc)} }, pin: { type: string, encrypted: true } }`));
      const { rows } = await client.query(
        "select obj_description('app.things'::regclass) as view, col_description('app.things'::regclass, 7) as name, col_description('app.things'::regclass, 8) as pin",
      );
      expect(rows[0]).toEqual({ view: doc, name: doc, pin: "Encrypted: shows only whether there is a value." });
    });

    test("of a table that is in use gives up soon, and nothing is lost", async () => {
      const client = await postgres.database();
      const sql = sqlOf(hosting);
      await apply(client, sql);
      const other = await postgres.connect(client);
      await other.query("begin; lock table app.databases in access share mode");
      const started = Date.now();
      expect(await refusal(client.query(sql.views))).toMatchObject({ code: "55P03" });
      expect(Date.now() - started).toBeLessThan(10_000);
      await client.query("rollback");
      await other.query("commit");
      expect((await client.query("select * from app.teams")).rows).toEqual([]);
    });
  });

  test("names that are SQL keywords, and names too long for Postgres, are names", async () => {
    const client = await postgres.database();
    const long = "x".repeat(40);
    const sql = sqlOf(`
resource: user
fields: { select: string, null: { type: time }, from: { type: enum, of: ["it's", 'a\\b'], default: "it's" }, ${long}: int, ${long.slice(1)}y: { type: int, default: -1 } }
unique: [[select, "null", from], [${long}, ${long.slice(1)}y]]
indexes: [[${long.slice(1)}y, ${long}]]
states: { table: { to: [end] }, end: { to: [stop, table] } }
---
resource: order
parent: user
plural: where_
---
resource: renamed
key: window
plural: windows
fields: { label: { type: string, key: grant } }
unique: [[label]]
`);
    await apply(client, sql);
    await insert(client, "user", { id: 1, state: "table", attrs: { select: "x", null: { Time: "2027-01-31T12:00:00.000Z" } } });
    expect(await refusal(insert(client, "user", { state: "table", attrs: { select: "x", null: { Time: "2027-01-31T12:00:00.000Z" }, from: "it's" } }))).toMatchObject({
      constraint: "user-unique-select-null-from",
    });
    await insert(client, "order", { parent: 1 });
    expect(await refusal(insert(client, "order", { parent: 3 }))).toMatchObject({ code: "23503", constraint: "order-parent" });
    await insert(client, "window", { attrs: { grant: "g" } });
    expect((await client.query(`select "select", "null", "from", "${long.slice(1)}y" as long from app.users`)).rows).toEqual([
      { select: "x", null: new Date("2027-01-31T12:00:00Z"), from: "it's", long: "-1" },
    ]);
    expect((await client.query(`select (select label from app.windows) as label, (select parent from app.where_) as parent`)).rows).toEqual([
      { label: "g", parent: idOf(1) },
    ]);
    const { rows } = await client.query<{ name: string }>("select indexname as name from pg_indexes where schemaname = 'app' and length(indexname) >= 60");
    expect(rows.map(({ name }) => name.slice(0, 16)).sort()).toEqual(["user-index-xxxxx", "user-unique-xxxx"]);
  });

  test("the steps are applied once, and a database that is not empty is refused whole", async () => {
    const client = await postgres.database();
    const sql = sqlOf(hosting);
    await apply(client, sql);
    expect(await refusal(client.query(sql.schema))).toMatchObject({ code: "42P07" });
    await client.query("rollback");
    await client.query("select from app.databases");
  });
});

/** A field of each type, and indexes over each that has an order. */
const everyType = `
resource: sample
fields:
  a_text: { type: string, key: stored_text }
  a_int: int
  a_float: { type: float, special: true }
  a_bigint: bigint
  a_decimal: decimal
  a_bool: bool
  a_uuid: uuid
  a_url: url
  a_json: json
  a_date: date
  a_time: time
  a_duration: duration
  a_bytes: bytes
  a_enum: { type: enum, of: [new], replaced: { old: new } }
  a_list: { type: list, of: string }
  a_set: { type: set, of: int }
  a_dict: { type: dict, of: int }
  a_map: { type: map, keys: string, of: int }
  a_record: { type: record, fields: { inner: string, pin: { type: string, encrypted: true } } }
  a_named: address
  a_sample: sample
  a_run: sample.work
  a_secret: { type: json, encrypted: true }
  an_email: { type: string, encrypted: { lookup: true } }
  with_default: { type: duration, default: 1h }
unique: [[an_email]]
indexes: [[a_text], [a_int], [a_float], [a_bigint], [a_decimal, a_date], [a_bool, a_bytes], [a_url, a_uuid], [a_time], [a_duration, state], [a_sample], [a_run]]
---
type: address
fields: { street: string, door: { type: string, encrypted: true } }
---
task: work
of: sample
every: { interval: 1d }
states: { work: { to: stop } }
`;

const fieldNames = [
  "a_text", "a_int", "a_float", "a_bigint", "a_decimal", "a_bool", "a_uuid", "a_url", "a_json", "a_date", "a_time", "a_duration", "a_bytes", "a_enum", "a_list", "a_set",
  "a_dict", "a_map", "a_record", "a_named", "a_sample", "a_run", "a_secret", "an_email", "with_default",
];
