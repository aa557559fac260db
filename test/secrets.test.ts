// Secrets on a real Postgres: what of them is stored, who is told of a reveal, how they are found again, how keys are changed beside live
// writers, and what is unreadable once a key is destroyed.

import { format, inspect } from "node:util";
import type { Client } from "pg";
import { describe, expect, test, vi } from "vitest";
import { Database, Team, type TeamCreate } from "../generated/index.js";
import { detached, Secret } from "../runtime/codec/index.js";
import { type Pace, type Progress, runBatches } from "../runtime/commands/batches.js";
import { backfill } from "../runtime/commands/backfill.js";
import { destroyOwnKey, heldRuns, keyStatus, type KeysOptions, ownKeysUnder, rotateKeys } from "../runtime/commands/keys.js";
import { Conflict, Desynchronized } from "../runtime/errors.js";
import type { App } from "../runtime/index.js";
import { indexOf, type Keys } from "../runtime/machine/vaults.js";
import { withPartitions } from "../runtime/store/partitions.js";
import { findIndexed } from "../runtime/store/postgres.js";
import { readArchivedKeyUses, readRun, readRunKeyUses, readRunsById, resealRun } from "../runtime/store/runs.js";
import { settleRuns } from "../runtime/store/work.js";
import { loadIndexKeyring } from "../runtime/vault/blind-index.js";
import { type Keyring, loadKeyring } from "../runtime/vault/keyring.js";
import { app } from "../specs/app.js";
import { Account, accountCode, AccountSignIn, accountSignInCode } from "./cases/fields-modifiers/expected/account.js";
import { Person, personCode } from "./cases/named-types/expected/person.js";
import { personCodec } from "./cases/named-types/expected/person.shape.js";
import { Customer, customerCode, type CustomerCreate } from "./cases/subscriptions/expected/customer.js";
import { compileFolder, casesFolder } from "./setup/cases.js";
import { usePostgres } from "./postgres.js";
import { keys, keyText, makeTables, makeTablesOf, open, type Opened } from "./setup/store.js";

const postgres = usePostgres(18);
const canary = "canary-4f1c9e";
const acme: TeamCreate = { name: "acme", contact: `${canary}@acme.example` };

type KeyLine = readonly [id: number, byte: number, state: string];

function ring(name: "keyring" | "shred keyring", ...lines: readonly KeyLine[]): Keyring {
  return loadKeyring(JSON.stringify(Object.fromEntries(lines.map(([id, byte, state]) => [id, { alg: "a256gcm-hkdf", key: keyText(byte), state }]))), { name });
}

async function start(of: App = app, schema?: string): Promise<{ readonly client: Client; readonly url: string; readonly process: (given?: Partial<Keys>) => Promise<Opened> }> {
  const client = await (schema === undefined ? postgres.copyOf(makeTables) : postgres.database());
  if (schema !== undefined) await makeTablesOf(client, schema);
  const url = postgres.urlOf(client);
  return { client, url, process: (given) => open(of, url, given) };
}

function optionsOf({ registry, store }: Opened, given: Partial<Keys> = {}): KeysOptions {
  return { registry, store, keys: { ...keys, ...given }, actor: "test" };
}

const pace: Pace = { batch: 7, perSecond: null, sleep: () => Promise.resolve(), now: () => 0, onProgress: () => {} };

/** Every row of every table as text. */
async function everything(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'pliny') order by 1",
  );
  const texts: string[] = [];
  for (const { name } of rows) texts.push(...(await client.query<{ text: string }>(`select t::text as text from ${name} t`)).rows.map(({ text }) => text));
  return texts.join("\n");
}

describe("a secret", () => {
  test("stands in no table, no log line and nothing that is printed; its reveal is logged with who and why", async () => {
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation((text) => Boolean(written.push(String(text))));
    const { client, process: begin } = await start();
    const { pliny, masking } = await begin();
    const team = await Team.create(pliny, acme);
    const read = await Team.get(pliny, team.id);
    const print = (): void => void written.push(inspect(read, { depth: null, showHidden: true }), format("%s %o %O %j", read.contact, read.contact, read.contact, read.contact));
    print();
    expect(await read.contact.reveal("the bill bounced")).toBe(acme.contact);
    print();
    await read.save({ contact: `other-${canary}` });
    await expect(read.save({ contact: `${canary}${"x".repeat(300)}` })).rejects.toThrow("/contact: expected at most 254 characters, got [secret]");
    vi.restoreAllMocks();
    expect(await everything(client)).not.toContain(canary);
    expect(written.join("")).toContain("[secret]");
    expect(written.join("")).not.toContain(canary);
    expect(masking.mask(`it failed: ${String(acme.contact)}`)).toBe("it failed: [secret]");
    expect((await client.query("select level, kind, type, id, actor, message, data from pliny.log")).rows).toEqual([
      { level: "info", kind: "reveal", type: "team", id: team.id, actor: "test", message: "the bill bounced", data: { field: "contact" } },
    ]);
    expect((await client.query("select vault_keys from app.team")).rows).toEqual([{ vault_keys: [1] }]);
  });

  test("is not revealed where the log cannot be written", async () => {
    const { client, process: begin } = await start();
    const { pliny } = await begin();
    const team = await Team.get(pliny, (await Team.create(pliny, acme)).id);
    await client.query("alter table pliny.log rename to log_gone");
    await expect(team.contact.reveal("to see")).rejects.toThrow("log");
  });

  test("is not written without a keyring, and what there is is read and kept without one", async () => {
    const { client, process: begin } = await start();
    const { pliny } = await begin();
    const { id } = await Team.create(pliny, acme);
    const keyless = await begin({ keyring: null });
    await expect(Team.create(keyless.pliny, { ...acme, name: "other" })).rejects.toThrow("/contact: expected a keyring");
    const team = await Team.get(keyless.pliny, id);
    await expect(team.contact.reveal("to see")).rejects.toThrow("/contact: expected a keyring that opens it, got [secret]");
    const before = (await client.query("select json_attrs -> 'contact' as contact, vault_keys from app.team")).rows;
    await team.save({ limit: 9 });
    expect((await client.query("select json_attrs -> 'contact' as contact, vault_keys from app.team")).rows).toEqual(before);
  });

  test("of a lost key fails that reveal and nothing else", async () => {
    const { process: begin } = await start();
    const first = await begin();
    const { id } = await Team.create(first.pliny, acme);
    const other = await begin({ keyring: ring("keyring", [2, 9, "primary"]) });
    const team = await Team.get(other.pliny, id);
    await expect(team.contact.reveal("to see")).rejects.toThrow("/contact: expected key 1 in the keyring, got none");
    await team.save({ limit: 2 });
    const read = await Team.get(first.pliny, id);
    expect([read.limit, await read.contact.reveal("to see")]).toEqual([2, acme.contact]);
  });

  test("moved to another row or field by hand does not open", async () => {
    const { client, process: begin } = await start();
    const { pliny } = await begin();
    const [one, other] = [await Team.create(pliny, acme), await Team.create(pliny, { name: "other", contact: "b@b.example" })];
    await client.query("update app.team t set json_attrs = jsonb_set(t.json_attrs, '{contact}', o.json_attrs -> 'contact') from app.team o where t.id = $1 and o.id = $2", [other.id, one.id]);
    await expect((await Team.get(pliny, other.id)).contact.reveal("to see")).rejects.toThrow("/contact: expected what key 1 of the keyring sealed for this place");
  });
});

test("a secret inside a record that a client gives back withheld stays as it is; where it cannot be told which one is meant, that is said", async () => {
  const people: App = {
    resources: [personCode({ checked: () => true })], tasks: [], lanes: {}, breakers: {}, typeChecks: {},
  };
  const { process: begin, client } = await start(people, compileFolder(`${casesFolder}/named-types`).files.find(({ path }) => path === "schema.sql")?.text ?? "");
  const { pliny } = await begin();
  const secret = `${canary}-home`;
  const address = { street: null, city: "Ulm", country: "DE", geo: null, lines: [], labels: new Map(), renamed: null };
  const withheld = personCodec.decode({ __v: 1, home: { city: "Ulm", secret: { Vault: [1, null] } }, phone: "+1", balance: { Dec: "1.00" }, alias: "a" }, detached("api-in")).home.secret ?? expect.fail();
  const person = await Person.create(pliny, {
    home: { ...address, secret: Secret.of(secret) }, byKind: new Map([["DE", { ...address, secret: Secret.of(`${canary}-kind`) }]]), phone: "+1", balance: "1.00", alias: "a",
  });
  const sealed = (): Promise<unknown> => client.query("select json_attrs #> '{home,secret}' as home, json_attrs #> '{by_kind,Map,0,1,secret}' as kind from app.person").then(({ rows }) => rows);
  const before = await sealed();
  await person.save({ home: { ...address, city: "Bonn", secret: withheld }, byKind: new Map([["DE", { ...address, city: "Bonn", secret: withheld }]]) });
  expect(await sealed()).toEqual(before);
  const read = await Person.get(pliny, person.id);
  expect([read.home.city, await read.home.secret?.reveal("to see"), await read.byKind.get("DE")?.secret?.reveal("to see")]).toEqual(["Bonn", secret, `${canary}-kind`]);
  for (const [changes, place] of [
    [{ others: [{ ...address, secret: withheld }] }, "/others/0/secret"],
    [{ byKind: new Map([["FR", { ...address, secret: withheld }]]) }, "/by_kind/0/1/secret"],
  ] as const) await expect(read.save(changes)).rejects.toThrow(`${place}: expected a secret in the clear, for it cannot be told which one is to stay as it is, got [secret]`);
  expect(await everything(client)).not.toContain(canary);
});

describe("a keyring", () => {
  test("that has other bytes under an id than the database has met refuses to start, and so do index and shred keys", async () => {
    const { process: begin } = await start();
    await begin();
    await expect(begin({ keyring: ring("keyring", [1, 77, "primary"]) })).rejects.toThrow("Key 1 of the keyring is another than this database has met under that id.");
    await expect(begin({ shredKeyring: ring("shred keyring", [1, 77, "primary"]) })).rejects.toThrow("Key 1 of the shred keyring");
    const index = loadIndexKeyring(JSON.stringify({ 1: { alg: "hmac-sha256", key: keyText(77), state: "primary" } }));
    await expect(begin({ indexKeyring: index })).rejects.toThrow("Key 1 of the index keyring");
    await begin({ keyring: ring("keyring", [1, 1, "decrypt"], [2, 77, "primary"]) });
  });
});

describe("a secret that is looked up", () => {
  const byContact = async ({ registry, store }: Opened, value: string, given: Partial<Keys> = {}): Promise<readonly string[]> => {
    const known = registry.ofTag("team") ?? expect.fail();
    const index = indexOf(known, "contact", { value, indexKeyring: { ...keys, ...given }.indexKeyring });
    return (await findIndexed(store, "team", { field: "contact", index: index["Dict"] as object })).map(({ id }) => id);
  };

  test("is found by its value, as its field makes values alike, and by no other", async () => {
    const { process: begin, client } = await start();
    const opened = await begin();
    const team = await Team.create(opened.pliny, acme);
    await Team.create(opened.pliny, { name: "other", contact: "b@b.example" });
    expect(await byContact(opened, acme.contact.toString().toUpperCase())).toEqual([team.id]);
    expect(await byContact(opened, "nobody@b.example")).toEqual([]);
    await team.save({ contact: "c@c.example" });
    expect(await byContact(opened, acme.contact.toString())).toEqual([]);
    expect(await byContact(opened, "C@c.example")).toEqual([team.id]);
    await team.save({ limit: 1 });
    expect(await byContact(opened, "c@c.example")).toEqual([team.id]);
    const plan = await client.query<{ "QUERY PLAN": string }>(
      `set enable_seqscan = off; explain select from app.team where (json_attrs -> '__idx' -> 'contact' -> 'Dict') @> '{"1": "x"}'`,
    );
    expect(JSON.stringify(plan)).toContain("team-lookup-contact");
  });

  test("is not written where there is no index key to find it by", async () => {
    const { process: begin } = await start();
    const { pliny } = await begin({ indexKeyring: [] });
    await expect(Team.create(pliny, acme)).rejects.toThrow("/contact: expected an index keyring");
  });

  test("what a newer release looks up by is kept by a save of one that knows nothing of it", async () => {
    const { process: begin, client } = await start();
    const { pliny } = await begin();
    const team = await Team.create(pliny, acme);
    const database = await Database.create(pliny, { name: "orders", region: "eu", parent: team });
    const strange = { phone: { Dict: { 1: "x" } } };
    for (const table of ["team", "database"]) await client.query(`update app.${table} set json_attrs = json_attrs || jsonb_build_object('__idx', coalesce(json_attrs -> '__idx', '{}') || $1::jsonb)`, [strange]);
    await team.reload();
    await database.reload();
    await team.save({ limit: 7, contact: "other@acme.example" });
    await database.save({ plan: "premium" });
    expect((await client.query("select json_attrs -> '__idx' as idx from app.team")).rows).toEqual([{ idx: { contact: { Dict: { 1: expect.any(String) } }, ...strange } }]);
    expect((await client.query("select json_attrs -> '__idx' as idx from app.database")).rows).toEqual([{ idx: strange }]);
  });

  test("index keys rotate: under both while both live, under the new one after, and nothing is lost on the way", async () => {
    const { process: begin, client } = await start();
    const first = await begin();
    const team = await Team.create(first.pliny, acme);
    const withKeys = (...states: readonly KeyLine[]): Partial<Keys> => ({
      indexKeyring: loadIndexKeyring(JSON.stringify(Object.fromEntries(states.map(([id, byte, state]) => [id, { alg: "hmac-sha256", key: keyText(byte), state }])))),
    });
    const both = withKeys([1, 2, "decrypt"], [2, 22, "primary"]);
    // A field of a newer release, of which nothing is known here.
    await client.query(`update app.team set json_attrs = jsonb_set(json_attrs, '{__idx,phone}', '{"Dict": {"1": "x"}}')`);
    await rotateKeys(optionsOf(await begin(both), both), pace);
    expect(await byContact(first, acme.contact.toString())).toEqual([team.id]);
    expect(await byContact(await begin(both), acme.contact.toString(), both)).toEqual([team.id]);
    const after = withKeys([2, 22, "primary"]);
    await rotateKeys(optionsOf(await begin(after), after), pace);
    expect((await client.query("select json_attrs #> '{__idx,contact,Dict}' ? '1' as old, json_attrs #> '{__idx,contact,Dict}' ? '2' as new, json_attrs #> '{__idx,phone}' as phone from app.team")).rows).toEqual([
      { old: false, new: true, phone: { Dict: { 1: "x" } } },
    ]);
    expect(await byContact(await begin(after), acme.contact.toString(), after)).toEqual([team.id]);
  });
});

describe("rotation", () => {
  const old: Partial<Keys> = { keyring: ring("keyring", [1, 1, "primary"]) };
  const next: Partial<Keys> = { keyring: ring("keyring", [1, 1, "decrypt"], [2, 22, "primary"]) };
  const last: Partial<Keys> = { keyring: ring("keyring", [2, 22, "primary"]) };

  async function fill(opened: Opened, count: number): Promise<readonly Team[]> {
    return Promise.all(Array.from({ length: count }, (_, at) => Team.create(opened.pliny, { name: `team-${at}`, contact: `contact-${at}` })));
  }

  test("beside writers that have not heard of it, and loses nothing of what they write", async () => {
    const { process: begin } = await start();
    const [writer, rotator] = [await begin(old), await begin(next)];
    const teams = await fill(writer, 40);
    let running = true;
    let saves = 0;
    const writing = (async () => {
      while (running) {
        for (const { id } of teams) {
          const team = await Team.get(writer.pliny, id);
          saves += await team.save({ limit: team.limit + 1, ...(saves % 3 === 0 ? { contact: `contact-of-${team.name}` } : {}) }).then(() => 1, () => 0);
        }
      }
    })();
    const during: Progress[] = [];
    // The writer seals under the old key as long as it runs, so that there is always something left to rotate.
    while (saves < 100) during.push(...(await rotateKeys(optionsOf(rotator, next), { ...pace, signal: AbortSignal.timeout(1000) })));
    running = false;
    await writing;
    const end = await rotateKeys(optionsOf(rotator, next), pace);
    expect([...during, ...end].flatMap(({ failed }) => failed)).toEqual([]);
    expect(await keyStatus(optionsOf(rotator, next))).toEqual(expect.arrayContaining([
      { keyring: "keyring", id: 1, state: "decrypt", uses: 0, archived: 0, archivedUntil: null },
      { keyring: "keyring", id: 2, state: "primary", uses: 40, archived: 0, archivedUntil: null },
    ]));
    const after = await begin(last);
    for (const [at, { id }] of teams.entries()) {
      const team = await Team.get(after.pliny, id);
      expect([`contact-${at}`, `contact-of-team-${at}`]).toContain(await team.contact.reveal("the test looks"));
    }
  });

  test("cut off anywhere is gone on with", async () => {
    const { process: begin } = await start();
    const opened = await begin(next);
    await fill(await begin(old), 9);
    for (let cut = 1; cut <= 4; cut += 1) {
      const stop = new AbortController();
      await rotateKeys(optionsOf(opened, next), { ...pace, batch: 2, signal: stop.signal, onProgress: () => stop.abort() });
      const [one, two] = await keyStatus(optionsOf(opened, next));
      expect([one?.uses, two?.uses]).toEqual([Math.max(0, 9 - cut * 2), Math.min(9, cut * 2)]);
    }
    const dead = { ...pace, batch: 1, onProgress: () => { throw new Error("killed"); } };
    await expect(rotateKeys(optionsOf(opened, next), dead)).rejects.toThrow("killed");
    expect((await rotateKeys(optionsOf(opened, next), pace)).flatMap(({ failed }) => failed)).toEqual([]);
    expect((await keyStatus(optionsOf(opened, next)))[0]).toMatchObject({ id: 1, uses: 0 });
  });

  test("what cannot be opened is told with its place, is left as it is, and holds up nothing", async () => {
    const { client, process: begin } = await start();
    const [, broken] = await fill(await begin(old), 5);
    await client.query("update app.team set json_attrs = jsonb_set(json_attrs, '{contact,Vault,1}', '\"gQAA\"') where id = $1", [broken?.id]);
    const opened = await begin(next);
    const done = await rotateKeys(optionsOf(opened, next), pace);
    expect(done.find(({ table }) => table === "team")).toMatchObject({ done: 4, failed: [{ id: broken?.id, why: expect.stringContaining("/contact: expected what key 1 of the keyring sealed for this place") }] });
    expect((await keyStatus(optionsOf(opened, next)))[0]).toMatchObject({ id: 1, uses: 1 });
    expect((await client.query("select level, message from pliny.log")).rows).toEqual([{ level: "warn", message: expect.stringMatching(/^Rotated the secrets of \d+ rows; [12] could not be\.$/) }]);
  });

  test("also of rows that a newer release wrote, of whose shape nothing is known here", async () => {
    const { client, process: begin } = await start();
    const [team] = await fill(await begin(old), 1);
    await client.query(`update app.team set json_attrs = json_attrs || '{"__v": 9, "motto": {"Dict": {"a": {"Json": {"b": {"Vault": [1, "x"]}}}}}}'`);
    const opened = await begin(next);
    await rotateKeys(optionsOf(opened, next), pace);
    expect(await (await Team.get((await begin(last)).pliny, team?.id ?? "")).contact.reveal("to see")).toBe("contact-0");
    expect((await client.query("select json_attrs -> 'motto' as motto from app.team")).rows).toEqual([{ motto: { Dict: { a: { Json: { b: { Vault: [1, "x"] } } } } } }]);
  });

  test("has nothing to rotate to without a primary key", async () => {
    const { process: begin } = await start();
    const none = { keyring: ring("keyring", [1, 1, "decrypt"]) };
    await expect(rotateKeys(optionsOf(await begin(none), none), pace)).rejects.toThrow("pliny keys promote");
  });

  describe("of runs", () => {
    const bank: App = {
      resources: [accountCode({ checked: () => true, checkedList: () => true })],
      tasks: [accountSignInCode({ check: (_, { to }) => Promise.resolve(to.stop()) }, { way: () => true })], typeChecks: {}, lanes: {}, breakers: {},
    };
    const schema = compileFolder(`${casesFolder}/fields-modifiers`).files.find(({ path }) => path === "schema.sql")?.text ?? "";
    const nobody = "00000000-0000-7000-8000-000000000001";

    /** An account with runs that hold secrets in their args, and once they have begun in their fields: one waits, one is held, two have ended. */
    async function busy(): Promise<{ readonly client: Client; readonly process: (given?: Partial<Keys>) => Promise<Opened>; readonly account: Account; readonly waits: string; readonly held: string; readonly ended: readonly [string, string] }> {
      const { client, process: begin } = await start(bank, schema);
      const opened = await begin(old);
      const account = await Account.create(opened.pliny, { required: "r", fixed: "f", later: "l", secretRequired: `${canary}-account` });
      const ids: string[] = [];
      for (const at of [0, 1, 2, 3]) ids.push((await account.signIn.start({ password: `${canary}-${at}`, device: `device-${at}` })).id);
      const [waits = "", held = "", first = "", last = ""] = ids;
      const known = opened.registry.taskOfTag("account.sign_in") ?? expect.fail();
      for (const [id, keep] of [[first, "30"], [last, "ever"]] as const) {
        const record = (await readRun(opened.store, id)) ?? expect.fail();
        const [run] = await opened.runs.readRuns([record]);
        if (!(run instanceof AccountSignIn)) throw new TypeError("It is no run.");
        run.token = `${canary}-token`;
        const { attrs, vaultKeys } = keep === "ever" ? opened.runs.written(known, record, run) : { attrs: null, vaultKeys: null };
        await withPartitions(opened.store, () => settleRuns(opened.store, [{
          id, nonce: record.nonce, nextNonce: 1n, kind: "end", to: "__stop__", wakeMs: 0, deadlineMs: null, attempt: 0, signals: 0, attrs, vaultKeys,
          keeps: false, keep, panic: null, note: null, parentTaskId: null,
        }], "test"), ["30", "ever"]);
      }
      await client.query("insert into pliny.worker (id, until, can) values ($1, now() + interval '1 hour', '{}')", [nobody]);
      await client.query("update pliny.task set lease_by = $1, wake_at = null, nonce = 77 where id = $2", [nobody, held]);
      return { client, process: begin, account, waits, held, ended: [first, last] };
    }

    const revealed = async ({ store, runs }: Opened, id: string): Promise<readonly unknown[]> => {
      const [run] = await runs.readRuns((await readRunsById(store, [id])));
      if (!(run instanceof AccountSignIn)) throw run ?? new TypeError("It is gone.");
      return [await run.args.password.reveal("the test looks"), await run.args.device?.reveal("the test looks"), await run.token?.reveal("the test looks")];
    };

    test("live ones and those that have ended count as uses of a key, and when the last of the archived ones goes is told", async () => {
      const { client, process: begin, account } = await busy();
      const opened = await begin(next);
      const [one] = await keyStatus(optionsOf(opened, next));
      expect(one).toEqual({ keyring: "keyring", id: 1, state: "decrypt", uses: 5, archived: 2, archivedUntil: null });
      await client.query("delete from pliny.archive where keep = 'ever'");
      await client.query("update pliny.archive set ended_at = date_trunc('week', now() at time zone 'UTC') at time zone 'UTC' + interval '1 day'");
      const { rows: [week] } = await client.query<{ until: Date }>("select (date_trunc('week', now() at time zone 'UTC') + interval '37 days') at time zone 'UTC' as until");
      expect((await keyStatus(optionsOf(opened, next)))[0]).toMatchObject({ uses: 4, archived: 1, archivedUntil: week?.until });
      await client.query("set enable_seqscan = off");
      for (const [table, index] of [["task", "task-vault_keys"], ["archive", "vault_keys"]] as const) {
        const plan = await client.query(`explain select count(*) from pliny.${table} where vault_keys is not null and vault_keys @> array[1]`);
        expect(JSON.stringify(plan.rows), table).toMatch(new RegExp(`Bitmap Index Scan on [^ ]*${index}`));
      }
      // Runs that end with what they act on take their keys along.
      await account.stop();
      expect((await keyStatus(optionsOf(opened, next)))[0]).toMatchObject({ uses: 4, archived: 3 });
    });

    test("those that nobody holds are sealed again, the archive's too; one that is held is left as it is, and taken once it is free", async () => {
      const { client, process: begin, waits, held, ended } = await busy();
      const opened = await begin(next);
      const done = await rotateKeys(optionsOf(opened, next), pace);
      expect(done.filter(({ table }) => table.endsWith("runs"))).toEqual([
        { table: "runs", done: 1, retried: 0, failed: [] },
        { table: "archived runs", done: 2, retried: 0, failed: [] },
      ]);
      expect((await keyStatus(optionsOf(opened, next)))[0]).toMatchObject({ id: 1, uses: 1, archived: 0 });
      expect(await heldRuns(optionsOf(opened, next))).toBe(1);
      expect((await client.query("select nonce::text, vault_keys from pliny.task where id = $1", [held])).rows).toEqual([{ nonce: "77", vault_keys: [1] }]);
      await client.query("update pliny.task set lease_by = null, wake_at = now() where id = $1", [held]);
      await rotateKeys(optionsOf(opened, next), pace);
      expect(await heldRuns(optionsOf(opened, next))).toBe(0);
      expect((await keyStatus(optionsOf(opened, next))).slice(0, 2)).toMatchObject([{ id: 1, uses: 0 }, { id: 2, uses: 5, archived: 2 }]);
      const after = await begin(last);
      expect(await revealed(after, waits)).toEqual([`${canary}-0`, "device-0", undefined]);
      expect(await revealed(after, held)).toEqual([`${canary}-1`, "device-1", undefined]);
      for (const [at, id] of ended.entries()) expect(await revealed(after, id)).toEqual([`${canary}-${at + 2}`, `device-${at + 2}`, at === 0 ? undefined : `${canary}-token`]);
    });

    test("one that is taken while it is sealed again stays as whoever took it has it", async () => {
      const { client, process: begin, waits } = await busy();
      const { store } = await begin(next);
      const [read] = await readRunKeyUses(store, { keys: [1], after: null, limit: 9 });
      const write = { args: "{}", attrs: "{}", vaultKeys: [2], nextNonce: 5n };
      await client.query("update pliny.task set lease_by = $1 where id = $2", [nobody, waits]);
      expect(await resealRun(store, read ?? expect.fail(), write)).toBe(false);
      await client.query("update pliny.task set lease_by = null, nonce = 6 where id = $1", [waits]);
      expect(await resealRun(store, read ?? expect.fail(), write)).toBe(false);
      const [ended] = await readArchivedKeyUses(store, { keys: [1], after: null, limit: 9 });
      await client.query("update pliny.archive set vault_keys = '{3}'");
      expect(await resealRun(store, ended ?? expect.fail(), write)).toBe(false);
    });
  });

  test("the use of a key is counted by an index", async () => {
    const { client } = await start();
    await client.query("set enable_seqscan = off");
    const plan = await client.query("explain select count(*) from app.team where vault_keys is not null and vault_keys @> array[1]");
    expect(JSON.stringify(plan.rows)).toContain("team-vault_keys");
  });
});

test("work over rows is done when two passes find nothing: what a writer left behind the first is found by the second", async () => {
  const passes = [["a", "b"], [], ["c"], [], [], ["d"]];
  let pass = -1;
  const read = (after: string | null): Promise<readonly { readonly id: string }[]> => {
    if (after === null) pass += 1;
    return Promise.resolve(after === null ? (passes[pass] ?? []).map((id) => ({ id })) : []);
  };
  const written: string[] = [];
  const progress = await runBatches({ table: "rows", read, write: ({ id }) => Promise.resolve(written.push(id) > 0) }, pace);
  expect(written).toEqual(["a", "b", "c"]);
  expect(progress).toMatchObject({ done: 3, retried: 0, failed: [] });
});

const dumpedTables = ["app.customer", "pliny.data_key", "pliny.key_check"];

/** The rows of these tables as a dump has them. */
async function dumped(client: Client): Promise<ReadonlyMap<string, string>> {
  const dump = new Map<string, string>();
  for (const table of dumpedTables) {
    const { rows } = await client.query<{ rows: string }>(`select coalesce(json_agg(t), '[]')::text as rows from ${table} t`);
    dump.set(table, rows[0]?.rows ?? "[]");
  }
  return dump;
}

async function restore(client: Client, dump: ReadonlyMap<string, string>): Promise<void> {
  for (const [table, rows] of dump) await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [rows]);
}

describe("a resource with a key of its own", () => {
  const shop: App = { resources: [customerCode({ email: (email) => email.includes("@") || "an address with an @" })], tasks: [], typeChecks: {}, lanes: {}, breakers: {} };
  const schema = compileFolder(`${casesFolder}/subscriptions`).files.find(({ path }) => path === "schema.sql")?.text ?? "";
  const ada: CustomerCreate = { email: `${canary}@home.example`, name: `Ada ${canary}`, currency: "EUR" };

  test("seals under it; destroyed, its secrets are unreadable, and the log says when, by whom and why", async () => {
    const { client, process: begin } = await start(shop, schema);
    const opened = await begin();
    const { pliny, registry } = opened;
    const [customer, other] = [await Customer.create(pliny, ada), await Customer.create(pliny, { ...ada, email: "b@b.example" })];
    expect(await everything(client)).not.toContain(canary);
    expect((await client.query("select vault_keys from app.customer")).rows).toEqual([{ vault_keys: null }, { vault_keys: null }]);
    expect(await customer.name?.reveal("to see")).toBe(ada.name);
    const known = registry.ofTag("customer") ?? expect.fail();
    await destroyOwnKey(optionsOf(opened), known, { id: customer.id, why: "asked to be forgotten" });
    // Nor does a blind index tell any more which address it was.
    const indexed = await client.query("select id, json_attrs #> '{__idx,email}' is not null as indexed from app.customer order by id");
    expect(indexed.rows).toEqual([{ id: customer.id, indexed: false }, { id: other.id, indexed: true }]);
    expect((await customer.history()).map(({ note, by }) => ({ note, by }))).toEqual([{ note: null, by: "test" }, { note: "asked to be forgotten", by: "test" }]);
    await expect(customer.save({ language: "fr" })).rejects.toThrow(Desynchronized);
    const read = await Customer.get(pliny, customer.id);
    await expect(read.name?.reveal("to see")).rejects.toThrow("/name: expected the resource's own key, got none: it was destroyed");
    expect(read.language).toBe("en");
    await read.save({ language: "de" });
    await expect(read.save({ name: "Ada again" })).rejects.toThrow("it was destroyed");
    expect(await (await Customer.get(pliny, other.id)).name?.reveal("to see")).toBe(ada.name);
    await expect(destroyOwnKey(optionsOf(opened), known, { id: customer.id, why: "again" })).rejects.toThrow("There is no key of customer");
    expect((await client.query("select actor, message, data, id from pliny.log where kind = 'action'")).rows).toEqual([
      { actor: "test", message: "asked to be forgotten", data: { action: "destroyed its data key" }, id: customer.id },
    ]);
    expect((await client.query("select destroyed_by, destroyed_at is not null as at, blob from pliny.data_key where id = $1", [customer.id])).rows).toEqual([{ destroyed_by: "test", at: true, blob: null }]);
  });

  test("a dump that was taken before can read it still, until the shred key is gone too", async () => {
    const { client, process: begin } = await start(shop, schema);
    const first = await begin();
    const [forgotten, kept] = [await Customer.create(first.pliny, ada), await Customer.create(first.pliny, { ...ada, email: "b@b.example" })];
    const dump = await dumped(client);
    await destroyOwnKey(optionsOf(first), first.registry.ofTag("customer") ?? expect.fail(), { id: forgotten.id, why: "asked to be forgotten" });
    // The keys that are left go under the shred key of a new month; the old one may be destroyed then.
    const next: Partial<Keys> = { shredKeyring: ring("shred keyring", [1, 3, "decrypt"], [2, 33, "primary"]) };
    const second = await begin(next);
    expect(await ownKeysUnder(optionsOf(second, next), 1)).toBe(1);
    const done = await rotateKeys(optionsOf(second, next), pace);
    expect(done.find(({ table }) => table === "data keys")).toMatchObject({ done: 1, failed: [] });
    expect(await ownKeysUnder(optionsOf(second, next), 1)).toBe(0);
    const restored = await start(shop, schema);
    await restore(restored.client, dump);
    const reader = await restored.process(next);
    expect(await (await Customer.get(reader.pliny, forgotten.id)).name?.reveal("what the dump can still read")).toBe(ada.name);
    await expect((await Customer.get(second.pliny, forgotten.id)).name?.reveal("to see")).rejects.toThrow("it was destroyed");
    // And once the shred key that sealed it is gone, nobody can: neither here nor there.
    const shredded: Partial<Keys> = { shredKeyring: ring("shred keyring", [2, 33, "primary"]) };
    const later = await restored.process(shredded);
    await expect((await Customer.get(later.pliny, forgotten.id)).name?.reveal("to see")).rejects.toThrow("/name: expected key 1 in the shred keyring, got none");
    expect(await (await Customer.get((await begin(shredded)).pliny, kept.id)).name?.reveal("to see")).toBe(ada.name);
  });

  test("two that write it at once make one key; without a shred key nothing is sealed", async () => {
    const { client, process: begin } = await start(shop, schema);
    const { pliny } = await begin();
    const customer = await Customer.create(pliny, ada);
    await client.query("delete from pliny.data_key");
    await client.query(`update app.customer set json_attrs = json_attrs - 'name' - 'email' || '{"email": {"Vault": [1, "x"]}}'`);
    const [left, right] = [await Customer.get(pliny, customer.id), await Customer.get(pliny, customer.id)];
    const results = await Promise.allSettled([left.save({ name: "left" }), right.save({ name: "right" })]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(["left", "right"]).toContain(await (await Customer.get(pliny, customer.id)).name?.reveal("to see"));
    const keyless = await begin({ shredKeyring: null });
    await expect(Customer.create(keyless.pliny, { ...ada, email: "c@c.example" })).rejects.toThrow("expected a keyring");
  });

  test("unique holds for what is looked up, and what is written by hand is asked", async () => {
    const { process: begin } = await start(shop, schema);
    const { pliny } = await begin();
    await Customer.create(pliny, ada);
    await expect(Customer.create(pliny, { ...ada, email: `${canary.toUpperCase()}@HOME.example` })).rejects.toThrow(Conflict);
    await expect(Customer.create(pliny, { ...ada, email: canary })).rejects.toThrow("/email: expected an address with an @, got [secret]");
  });
});

describe("back-fill", () => {
  async function older(count: number): Promise<{ readonly client: Client; readonly opened: Opened; readonly ids: readonly string[] }> {
    const { client, process: begin } = await start();
    const opened = await begin();
    const team = await Team.create(opened.pliny, acme);
    const databases = await Promise.all(Array.from({ length: count }, (_, at) => Database.create(opened.pliny, { name: `db-${at}`, region: "eu", parent: team, password: "hush" })));
    await client.query(`update app.database set json_attrs = json_attrs - 'endpoint' || '{"__v": 2, "host": "h", "port": 1, "more": true}' where json_attrs ->> 'name' <> 'db-0'`);
    return { client, opened, ids: databases.map(({ id }) => id) };
  }

  test("counts shapes before and after, and leaves secrets and unknown members as they are", async () => {
    const { client, opened } = await older(12);
    const sealed = (): Promise<unknown> => client.query("select id, json_attrs -> 'password' as password, vault_keys from app.database order by id").then(({ rows }) => rows);
    const before = await sealed();
    const seen: Progress[] = [];
    const known = opened.registry.ofTag("database") ?? expect.fail();
    const done = await backfill(known, opened, { ...pace, batch: 4, onProgress: (progress) => void seen.push(progress) });
    expect(done).toMatchObject({
      before: [{ type: "database", version: 2, rows: 11 }, { type: "database", version: 3, rows: 1 }],
      after: [{ type: "database", version: 3, rows: 12 }],
      done: 11, retried: 0, failed: [],
    });
    expect(seen.map((progress) => progress.done)).toEqual([4, 8, 11]);
    expect(await sealed()).toEqual(before);
    const { rows } = await client.query("select json_attrs - 'password' - 'name' as attrs from app.database where json_attrs ->> 'name' = 'db-3'");
    expect(rows).toEqual([{ attrs: { __v: 3, connections: 10, endpoint: "postgres://h:1/db-3", labels: { Dict: {} }, more: true, plan: "hobby", region: "eu" } }]);
  });

  test("a row whose version is none is named, and hinders no other", async () => {
    const { client, opened } = await older(3);
    await client.query(`update app.database set json_attrs = json_attrs || '{"__v": "two"}' where json_attrs ->> 'name' = 'db-1'`);
    await client.query(`update app.database set json_attrs = json_attrs || '{"__v": 9007199254740991}' where json_attrs ->> 'name' = 'db-0'`);
    const { rows: [odd] } = await client.query("select id from app.database where json_attrs ->> 'name' = 'db-1'");
    const done = await backfill(opened.registry.ofTag("database") ?? expect.fail(), opened, pace);
    expect(done).toMatchObject({ done: 1, failed: [{ id: odd?.["id"] }] });
  });

  test("beside live writers, as fast as it is let, and killed on the way", async () => {
    const { client, opened, ids } = await older(30);
    const known = opened.registry.ofTag("database") ?? expect.fail();
    const slept: number[] = [];
    let killed = 0;
    const paced: Pace = {
      ...pace, batch: 3, perSecond: 100, sleep: (ms) => Promise.resolve(void slept.push(ms)),
      onProgress: () => { if ((killed += 1) === 2) throw new Error("killed"); },
    };
    await expect(backfill(known, opened, paced)).rejects.toThrow("killed");
    expect(slept).toEqual([30]);
    const writers = Promise.all(ids.map(async (id) => {
      const database = await Database.get(opened.pliny, id);
      await database.save({ connections: 99 }).catch(async () => {
        await database.reload();
        await database.save({ connections: 99 });
      });
    }));
    const [done] = await Promise.all([backfill(known, opened, pace), writers]);
    expect(done).toMatchObject({ after: [{ version: 3, rows: 30 }], failed: [] });
    const { rows } = await client.query("select count(*)::int as rows from app.database where json_attrs ->> 'connections' = '99' and (json_attrs ? 'endpoint' or json_attrs ->> 'name' = 'db-0')");
    expect(rows).toEqual([{ rows: 30 }]);
  });

  test("a row that cannot be brought up is told and left as it is", async () => {
    const { client, opened, ids } = await older(3);
    await client.query("update app.database set json_attrs = jsonb_set(json_attrs, '{port}', '\"no port\"') where id = $1", [ids[1]]);
    const done = await backfill(opened.registry.ofTag("database") ?? expect.fail(), opened, pace);
    expect(done).toMatchObject({ done: 1, failed: [{ id: ids[1], why: expect.stringContaining("/port: expected") }] });
    expect(done.after).toEqual([{ type: "database", version: 2, rows: 1 }, { type: "database", version: 3, rows: 2 }]);
  });
});
