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
import type { App, Pliny } from "../runtime/index.js";
import { indexOf, type Keys } from "../runtime/machine/vaults.js";
import { withPartitions } from "../runtime/store/partitions.js";
import { findIndexed, readResources, saveResource } from "../runtime/store/postgres.js";
import { readArchivedKeyUses, readRun, readRunKeyUses, readRunsById, resealRun } from "../runtime/store/runs.js";
import { settleRuns } from "../runtime/store/work.js";
import { loadIndexKeyring } from "../runtime/vault/blind-index.js";
import { type Keyring, loadKeyring } from "../runtime/vault/keyring.js";
import { startWorker, type Worker } from "../runtime/worker/worker.js";
import { app } from "../specs/app.js";
import { Account, accountCode, AccountSignIn, accountSignInCode } from "./cases/fields-modifiers/expected/account.js";
import { Letter, letterCode, letterCopyCode } from "./cases/encrypted-later/expected/letter.js";
import { Person, personCode } from "./cases/named-types/expected/person.js";
import { personCodec } from "./cases/named-types/expected/person.shape.js";
import {
  createApp as createHospital, Inpatient, inpatientCode, Patient, PatientAdmit, patientCode, PatientExamine, type PatientExamineStart, type ReportStart, reportType,
} from "./cases/own-key/expected/index.js";
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
    expect((await client.query("select vault_keys from app.team")).rows).toEqual([{ vault_keys: [-1, 1] }]);
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
    // Its data key is of no keyring; the index key is.
    expect((await client.query("select vault_keys from app.customer")).rows).toEqual([{ vault_keys: [-1] }, { vault_keys: [-1] }]);
    expect(await customer.name?.reveal("to see")).toBe(ada.name);
    const known = registry.ofTag("customer") ?? expect.fail();
    await destroyOwnKey(optionsOf(opened), known, { id: customer.id, why: "asked to be forgotten" });
    // Nor does a blind index tell any more which address it was.
    const indexed = await client.query("select id, json_attrs #> '{__idx,email}' is not null as indexed, vault_keys as keys from app.customer order by id");
    expect(indexed.rows).toEqual([{ id: customer.id, indexed: false, keys: null }, { id: other.id, indexed: true, keys: [-1] }]);
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

describe("a run on a resource with a key of its own", () => {
  const schema = compileFolder(`${casesFolder}/own-key`).files.find(({ path }) => path === "schema.sql")?.text ?? "";

  /** What its handlers do: an examination finds something secret, and writes down that it is over. */
  function hospital(over: string[] = []): App {
    return createHospital({
      patientAdmit: {
        write(run, { to }) {
          run.note = `${canary}-note`;
          return Promise.resolve(to.stop());
        },
      },
      patientExamine: {
        async look(run, { to }) {
          run.finding = `found with ${await run.args.complaint.reveal("to look")}`;
          return to.rest();
        },
        rest: (_, { to }) => Promise.resolve(to.stop()),
        onStop: (run) => Promise.resolve(void over.push(run.id)),
      },
      report: { send: (_, { to }) => Promise.resolve(to.stop()) },
    });
  }

  const admitted = (pliny: Pliny, name: string): Promise<Patient> => Patient.create(pliny, { name: `${name} ${canary}` });
  const complaint = (at: number | string): PatientExamineStart => ({ complaint: `${canary}-ache-${at}` });
  const worker = (opened: Opened, stepsAHold = 1): Promise<Worker> => startWorker({ ...opened, actor: "worker", random: () => 0, stepsAHold });

  const letterTo = (address: string): ReportStart => ({ to: { name: null, address: Secret.of(address) } });

  const revealed = async ({ store, runs }: Opened, id: string): Promise<unknown> => {
    const [run] = await runs.readRuns(await readRunsById(store, [id]));
    const secrets = run instanceof PatientExamine ? [run.args.complaint, run.finding] : run instanceof PatientAdmit ? [run.args.code, run.note] : expect.fail();
    const values = await Promise.allSettled(secrets.map((secret) => secret?.reveal("the test looks")));
    return values.map((value) => (value.status === "fulfilled" ? value.value : String(value.reason)));
  };

  test("has its secrets sealed under that key: shredded, nothing of them can be read, neither of live runs nor of those that have ended", async () => {
    const over: string[] = [];
    const { client, process: begin } = await start(hospital(over), schema);
    const opened = await begin();
    const { pliny, registry, store } = opened;
    const [forgotten, kept] = [await Inpatient.create(pliny, { name: `Ada ${canary}`, bed: `${canary}-bed` }), await admitted(pliny, "Bob")];
    const working = await worker(opened);
    const ended = [await forgotten.examine.start(complaint("old")), await kept.examine.start(complaint("old"))];
    for (let ticks = 0; over.length < 2 && ticks < 20; ticks += 1) await working.tick();
    // One that rests, one that nobody has looked at, and one that a state started.
    const rests = await forgotten.examine.start(complaint("new"));
    await working.tick();
    await forgotten.transition("admitted");
    const [note] = await forgotten.admit.running();
    const waits = await kept.examine.start(complaint("new"));
    expect(await everything(client)).not.toContain(canary);
    const [first, second] = ended.map(({ id }) => id);
    const found = (at: string): readonly string[] => [`${canary}-ache-${at}`, `found with ${canary}-ache-${at}`];
    expect(await Promise.all([first, second, rests.id].map((id) => revealed(opened, id ?? "")))).toEqual([found("old"), found("old"), found("new")]);
    const stored = "select type, resource_id, vault_keys, args_key is not null as told, unique_key is not null as is_unique from pliny.task union all select type, resource_id, vault_keys, row ? 'args_key', row ? 'unique_key' from pliny.archive";
    const told = async (): Promise<unknown> => (await client.query(`select type, count(*)::int as runs, count(*) filter (where told) as told, count(*) filter (where is_unique) as unique, count(vault_keys) as keys from (${stored}) t where resource_id = $1 group by 1 order by 1`, [forgotten.id])).rows;
    expect(await told()).toEqual([
      { type: "patient.admit", runs: 1, told: "1", unique: "1", keys: "0" },
      { type: "patient.examine", runs: 2, told: "2", unique: "2", keys: "0" },
    ]);

    await destroyOwnKey(optionsOf(opened), registry.ofTag("inpatient") ?? expect.fail(), { id: forgotten.id, why: "asked to be forgotten" });
    // Nor is anything left that tells a guess from what was given; that a state starts one run only is no secret.
    expect(await told()).toEqual([
      { type: "patient.admit", runs: 1, told: "0", unique: "1", keys: "0" },
      { type: "patient.examine", runs: 2, told: "0", unique: "0", keys: "0" },
    ]);
    const later = await begin();
    const unreadable = expect.stringContaining("expected the resource's own key, got none: it was destroyed");
    expect(await revealed(later, first ?? "")).toEqual([unreadable, unreadable]);
    expect(await revealed(later, rests.id)).toEqual([unreadable, unreadable]);
    expect(await revealed(later, note?.id ?? "")).toEqual([unreadable, undefined]);
    expect([await revealed(later, second ?? ""), await revealed(later, waits.id)]).toEqual([found("old"), [found("new")[0], undefined]]);
    // A run that asks for no secret goes on to its end, and passes what it does at the end; one that would seal another waits for a person.
    for (let ticks = 0; over.length < 4 && ticks < 20; ticks += 1) await working.tick();
    expect(over).toEqual(expect.arrayContaining([rests.id, waits.id]));
    expect((await readRun(store, note?.id ?? ""))?.state).toBe("__panic__");
    await expect((await Inpatient.get(pliny, forgotten.id)).examine.start(complaint("again"))).rejects.toThrow("/args/complaint: expected the resource's own key, got none: it was destroyed");
    expect(await everything(client)).not.toContain(canary);
  });

  test("rotates with that key's shred key; global runs rotate with the keyring, which is counted by them alone", async () => {
    const { client, process: begin } = await start(hospital(), schema);
    const opened = await begin();
    const patient = await admitted(opened.pliny, "Ada");
    const run = await patient.examine.start(complaint(1));
    await opened.pliny.runs(reportType, null).start(letterTo(`${canary}@b.example`));
    const next: Partial<Keys> = {
      keyring: ring("keyring", [1, 1, "decrypt"], [2, 22, "primary"]), shredKeyring: ring("shred keyring", [1, 3, "decrypt"], [2, 33, "primary"]),
    };
    const rotator = await begin(next);
    const usesOf = async (): Promise<unknown> => (await keyStatus(optionsOf(rotator, next))).map(({ keyring, id, uses }) => [keyring, id, uses]);
    expect(await usesOf()).toEqual([["keyring", 1, 1], ["keyring", 2, 0], ["index keyring", 1, 1], ["shred keyring", 1, 1], ["shred keyring", 2, 0]]);
    const done = await rotateKeys(optionsOf(rotator, next), pace);
    expect(done.filter((table) => table.done > 0).map((table) => [table.table, table.done, table.failed])).toEqual([["runs", 1, []], ["data keys", 1, []]]);
    expect(await usesOf()).toEqual([["keyring", 1, 0], ["keyring", 2, 1], ["index keyring", 1, 1], ["shred keyring", 1, 0], ["shred keyring", 2, 1]]);
    const after = await begin({ keyring: null, shredKeyring: ring("shred keyring", [2, 33, "primary"]) });
    expect(await revealed(after, run.id)).toEqual([`${canary}-ache-1`, undefined]);
    expect(await everything(client)).not.toContain(canary);
  });

  test("of many at once the keys are read together, by a page and by a worker; for a global one none is read", async () => {
    const { process: begin } = await start(hospital(), schema);
    const opened = await begin();
    const patients = await Promise.all(Array.from({ length: 5 }, (_, at) => admitted(opened.pliny, `p${at}`)));
    const runs = await Promise.all(patients.flatMap((patient) => [1, 2].map((at) => patient.examine.start(complaint(at)))));
    const asked: string[] = [];
    const { query } = opened.store;
    Object.assign(opened.store, { query: (text: string, values: readonly unknown[]) => {
      if (text.includes("from pliny.data_key")) asked.push(text);
      return query(text, values);
    } });
    // Those of the patients themselves, and those of the runs on them.
    const page = await opened.runs.readRuns(await readRunsById(opened.store, runs.map(({ id }) => id)));
    expect([page.length, asked.splice(0).length]).toEqual([10, 2]);
    expect(await (await worker(opened, 1)).tick()).toBe(10);
    expect(asked.splice(0)).toHaveLength(2);
    await opened.pliny.runs(reportType, null).start(letterTo("b@b.example"));
    expect(asked).toEqual([]);
  });

  test("with a secret anywhere in its args is told apart by an index key, and is not started without one", async () => {
    const { process: begin } = await start(hospital(), schema);
    const { pliny } = await begin({ indexKeyring: [] });
    await expect(pliny.runs(reportType, null).start(letterTo("b@b.example"))).rejects.toThrow("report has secret args, which are compared under an index key");
  });

  test("started in a transaction of the caller's comes with the key that it needed, or neither does", async () => {
    const { client, process: begin } = await start(hospital(), schema);
    const opened = await begin();
    const { pliny } = opened;
    await admitted(pliny, "Ada");
    const other = await postgres.connect(client);
    const both = async (): Promise<PatientExamine> => {
      const patient = await Patient.create(pliny, { name: `Bob ${canary}` }, { transaction: other });
      const run = await patient.examine.start(complaint(1), { transaction: other });
      expect(await run.args.complaint.reveal("the test looks")).toBe(`${canary}-ache-1`);
      await patient.save({ name: `Rob ${canary}` }, { transaction: other });
      expect(await patient.name.reveal("the test looks")).toBe(`Rob ${canary}`);
      return run;
    };
    const counts = async (): Promise<unknown> => (await client.query("select (select count(*)::int from pliny.data_key) as keys, (select count(*)::int from pliny.task) as runs")).rows;
    await other.query("begin");
    await both();
    await other.query("rollback");
    expect(await counts()).toEqual([{ keys: 1, runs: 0 }]);
    await other.query("begin");
    const { id } = await both();
    await other.query("commit");
    expect(await counts()).toEqual([{ keys: 2, runs: 1 }]);
    expect(await revealed(opened, id)).toEqual([`${canary}-ache-1`, undefined]);
  });
});

describe("index keys of resources with keys of their own", () => {
  const schema = compileFolder(`${casesFolder}/own-key`).files.find(({ path }) => path === "schema.sql")?.text ?? "";
  const hospital: App = { resources: [patientCode(), inpatientCode()], tasks: [], typeChecks: {}, lanes: {}, breakers: {} };
  const withKeys = (...states: readonly KeyLine[]): Partial<Keys> => ({
    indexKeyring: loadIndexKeyring(JSON.stringify(Object.fromEntries(states.map(([id, byte, state]) => [id, { alg: "hmac-sha256", key: keyText(byte), state }])))),
  });
  const both = withKeys([1, 2, "decrypt"], [2, 22, "primary"]);
  const after = withKeys([2, 22, "primary"]);

  const byName = async ({ registry, store }: Opened, value: string, given: Partial<Keys>): Promise<readonly string[]> => {
    const index = indexOf(registry.ofTag("patient") ?? expect.fail(), "name", { value, indexKeyring: { ...keys, ...given }.indexKeyring });
    return (await findIndexed(store, "patient", { field: "name", index: index["Dict"] as object })).map(({ id }) => id);
  };
  const indexed = async (client: Client): Promise<unknown> =>
    (await client.query(`select type, coalesce((select string_agg(field || k, ' ' order by field, k) from jsonb_each(json_attrs -> '__idx') i (field, dict), jsonb_object_keys(dict -> 'Dict') k), '') as index, count(*)::int as rows from app.patient group by 1, 2 order by 1, 2`)).rows;

  test("rotate as others do, cut off anywhere; of those whose key is destroyed nothing is indexed again", async () => {
    const { client, process: begin } = await start(hospital, schema);
    const first = await begin();
    const ids: string[] = [];
    for (let at = 0; at < 5; at += 1) ids.push((await Patient.create(first.pliny, { name: `Name-${at} ${canary}` })).id);
    for (let at = 5; at < 8; at += 1) ids.push((await Inpatient.create(first.pliny, { name: `Name-${at} ${canary}`, bed: `bed-${at}` })).id);
    const known = first.registry.ofTag("patient") ?? expect.fail();
    await destroyOwnKey(optionsOf(first), known, { id: ids[0] ?? "", why: "asked to be forgotten" });
    const opened = await begin(both);
    const stop = new AbortController();
    await rotateKeys(optionsOf(opened, both), { ...pace, batch: 2, signal: stop.signal, onProgress: () => stop.abort() });
    expect(await indexed(client)).toEqual([
      { type: "inpatient", index: "bed1 name1", rows: 3 }, { type: "patient", index: "", rows: 1 }, { type: "patient", index: "name1", rows: 2 }, { type: "patient", index: "name1 name2", rows: 2 },
    ]);
    const uses = async (of: Opened, given: Partial<Keys>): Promise<unknown> => (await keyStatus(optionsOf(of, given))).flatMap(({ keyring, id, state, uses: rows }) => (keyring === "index keyring" ? [[id, state, rows]] : []));
    expect(await uses(opened, both)).toEqual([[1, "decrypt", 7], [2, "primary", 2]]);
    const done = await rotateKeys(optionsOf(opened, both), pace);
    expect(await uses(opened, both)).toEqual([[1, "decrypt", 7], [2, "primary", 7]]);
    expect(done).toEqual(expect.arrayContaining([
      { table: "patient, indexes", done: 2, retried: 0, failed: [] }, { table: "patient, indexes", done: 3, retried: 0, failed: [] },
    ]));
    expect(await byName(first, `name-3 ${canary}`, {})).toEqual([ids[3]]);
    expect(await byName(opened, `name-3 ${canary}`, both)).toEqual([ids[3]]);
    const last = await begin(after);
    await rotateKeys(optionsOf(last, after), pace);
    expect(await indexed(client)).toEqual([
      { type: "inpatient", index: "bed2 name2", rows: 3 }, { type: "patient", index: "", rows: 1 }, { type: "patient", index: "name2", rows: 4 },
    ]);
    expect(await byName(last, `name-6 ${canary}`, after)).toEqual([ids[6]]);
    expect(await uses(last, after)).toEqual([[1, null, 0], [2, "primary", 7]]);
    expect((await client.query("select vault_keys, count(*)::int as rows from app.patient group by 1 order by 1")).rows).toEqual([{ vault_keys: [-2], rows: 7 }, { vault_keys: null, rows: 1 }]);
    expect(await (await Patient.get(last.pliny, ids[4] ?? "")).name.reveal("the test looks")).toBe(`Name-4 ${canary}`);
  });

  test("one whose key cannot be unwrapped is named; one that is destroyed while it is indexed again is written by nobody who read it before", async () => {
    const { client, process: begin } = await start(hospital, schema);
    const first = await begin();
    const [lost, forgotten] = [await Patient.create(first.pliny, { name: "lost" }), await Patient.create(first.pliny, { name: "forgotten" })];
    await client.query(`update pliny.data_key set blob = 'gQAA' where id = $1`, [lost.id]);
    await client.query("update app.patient set json_attrs = json_attrs - '__idx'");
    const [before] = await readResources(first.store, "patient", [forgotten.id]);
    const opened = await begin(both);
    const known = opened.registry.ofTag("patient") ?? expect.fail();
    await destroyOwnKey(optionsOf(opened), known, { id: forgotten.id, why: "asked to be forgotten" });
    const write = { id: forgotten.id, nonce: before?.nonce ?? 0n, nextNonce: 5n, attrs: before?.attrs ?? "", vaultKeys: [], by: "test", note: null };
    expect(await saveResource(opened.store, "patient", write)).toBeNull();
    const done = await rotateKeys(optionsOf(opened, both), pace);
    expect(done.flatMap(({ failed }) => failed)).toEqual([{ id: lost.id, why: expect.stringContaining("expected what key 1 of the shred keyring sealed for this place") }]);
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

describe("a field that is encrypted in a version after it came", () => {
  const post: App = { resources: [letterCode()], tasks: [letterCopyCode({ go: (_, { to }) => Promise.resolve(to.stop()) })], typeChecks: {}, lanes: {}, breakers: {} };
  const schema = compileFolder(`${casesFolder}/encrypted-later`).files.find(({ path }) => path === "schema.sql")?.text ?? "";

  /** Letters as the release before wrote them. */
  async function written(count: number): Promise<{ readonly client: Client; readonly process: (given?: Partial<Keys>) => Promise<Opened>; readonly ids: readonly string[] }> {
    const { client, process: begin } = await start(post, schema);
    const { pliny } = await begin();
    const letters: Letter[] = [];
    for (let at = 0; at < count; at += 1) letters.push(await Letter.create(pliny, { title: `letter ${at}`, body: `${canary}-${at}` }));
    const stored = `{"__v": 1, "title": "t", "body": "${canary}-' || n || '", "writer": "${canary}@' || n || '"}`;
    await client.query(`update app.letter l set vault_keys = null, json_attrs = ('${stored}')::jsonb from (select id, row_number() over (order by id) - 1 as n from app.letter) o where o.id = l.id`);
    return { client, process: begin, ids: letters.map(({ id }) => id) };
  }

  const stored = async (client: Client): Promise<unknown> =>
    (await client.query(`select json_attrs -> '__v' as v, json_attrs #> '{body,Vault}' is not null as body, json_attrs #> '{writer,Vault}' is not null as writer, json_attrs #> '{__idx,writer}' is not null as index, vault_keys as keys, count(*)::int as rows from app.letter group by 1, 2, 3, 4, 5 order by 1`)).rows;
  const open = { v: 1, body: false, writer: false, index: false, keys: null };
  const sealed = { v: 2, body: true, writer: true, index: true, keys: [-1, 1] };

  test("is a secret to whoever reads it, is sealed and found again once it is saved, and is brought up by the back-fill", async () => {
    const { client, process: begin, ids } = await written(5);
    const opened = await begin();
    const { pliny, registry } = opened;
    const letter = await Letter.get(pliny, ids[0] ?? "");
    expect(inspect(letter, { depth: null, showHidden: true })).toContain("[secret]");
    expect([await letter.body.reveal("to answer"), await letter.sender?.reveal("to answer")]).toEqual([`${canary}-0`, `${canary}@0`]);
    expect((await client.query("select message, data, id from pliny.log where kind = 'reveal' order by at")).rows).toEqual(["body", "writer"].map((field) => ({ message: "to answer", data: { field }, id: letter.id })));
    await letter.transition("stop");
    expect(await stored(client)).toEqual([{ ...open, rows: 5 }]);
    const other = await Letter.get(pliny, ids[1] ?? "");
    await other.save({ title: "answered" });
    expect(await stored(client)).toEqual([{ ...open, rows: 4 }, { ...sealed, rows: 1 }]);
    const known = registry.ofTag("letter") ?? expect.fail();
    const byWriter = async (value: string): Promise<readonly string[]> => {
      const index = indexOf(known, "writer", { value, indexKeyring: keys.indexKeyring });
      return (await findIndexed(opened.store, "letter", { field: "writer", index: index["Dict"] as object })).map(({ id }) => id);
    };
    expect([await byWriter(`${canary}@1`), await byWriter(`${canary}@2`)]).toEqual([[other.id], []]);
    // A rotation has nothing to do with what stands in the open still.
    const next: Partial<Keys> = {
      indexKeyring: loadIndexKeyring(JSON.stringify({ 1: { alg: "hmac-sha256", key: keyText(2), state: "decrypt" }, 2: { alg: "hmac-sha256", key: keyText(22), state: "primary" } })),
    };
    expect((await rotateKeys(optionsOf(await begin(next), next), pace)).map(({ table, done, failed }) => [table, done, failed])).toEqual(expect.arrayContaining([["letter, indexes", 1, []]]));
    const filled = await backfill(known, opened, { ...pace, batch: 2 });
    expect(filled).toMatchObject({ before: [{ version: 1, rows: 4 }, { version: 2, rows: 1 }], after: [{ version: 2, rows: 5 }], done: 4, failed: [] });
    expect(await stored(client)).toEqual([{ ...sealed, keys: [-2, -1, 1], rows: 1 }, { ...sealed, rows: 4 }]);
    expect(await everything(client)).not.toContain(canary);
    expect(await byWriter(`${canary}@2`)).toEqual([ids[2]]);
    expect(await (await Letter.get(pliny, ids[4] ?? "")).body.reveal("the test looks")).toBe(`${canary}-4`);
  });

  test("without a keyring is read and moved, and neither revealed nor brought up", async () => {
    const { client, process: begin, ids } = await written(2);
    const keyless = await begin({ keyring: null });
    const letter = await Letter.get(keyless.pliny, ids[0] ?? "");
    await expect(letter.body.reveal("to see")).rejects.toThrow("/body: expected a keyring that opens it");
    await expect(letter.save({ title: "other" })).rejects.toThrow("/body: expected a keyring");
    await letter.transition("stop");
    const filled = await backfill(keyless.registry.ofTag("letter") ?? expect.fail(), keyless, pace);
    expect(filled.failed.map(({ why }) => why)).toEqual([expect.stringContaining("/body: expected a keyring"), expect.stringContaining("/body: expected a keyring")]);
    expect(JSON.stringify(filled)).not.toContain(canary);
    expect(await stored(client)).toEqual([{ ...open, rows: 2 }]);
  });

  test("of a run is written in the open for as long as the older shape is, and read as a secret all the same", async () => {
    const { client, process: begin, ids } = await written(1);
    const { pliny } = await begin();
    const letter = await Letter.get(pliny, ids[0] ?? "");
    const run = await letter.copy.start({ reason: "for the file" });
    expect((await client.query("select version, args, vault_keys from pliny.task")).rows).toEqual([{ version: 1, args: { __v: 1, reason: "for the file" }, vault_keys: null }]);
    const [read] = await letter.copy.running();
    expect([read?.id, String(read?.args.reason), await read?.args.reason?.reveal("to see")]).toEqual([run.id, "[secret]", "for the file"]);
  });
});
