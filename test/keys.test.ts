// Keyrings as text, and `pliny keys` and `pliny backfill` as processes on a real Postgres: a whole rotation, killed and interrupted on the way,
// and every input that they refuse. No key and no secret is in anything that they print.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Database, Team } from "../generated/index.js";
import { addKey, keyrings, type KeyringUse, listKeys, promoteKey, removeKey, retireKey } from "../runtime/commands/keyring-text.js";
import type { App } from "../runtime/index.js";
import { loadIndexKeyring } from "../runtime/vault/blind-index.js";
import { loadKeyring } from "../runtime/vault/keyring.js";
import { app } from "../specs/app.js";
import { Customer, customerCode } from "./cases/subscriptions/expected/customer.js";
import { casesFolder } from "./setup/cases.js";
import { usePostgres } from "./postgres.js";
import { buildPackage } from "./setup/package.js";
import { projectRoot } from "./setup/project.js";
import { makeTablesOf, open, type Opened } from "./setup/store.js";
import { newKey } from "./setup/vault.js";

const uses = ["secrets", "index", "shred"] as const satisfies readonly KeyringUse[];
const none = { alg: null, id: null };

describe("a keyring as text", () => {
  test.each(uses)("%s: made, grown, promoted and retired, key by key", (use) => {
    const first = addKey(null, use, none);
    expect(first.added).toMatchObject({ id: 1, state: "primary", alg: keyrings[use].algorithms[0] });
    const second = addKey(first.text, use, none);
    expect(second.added).toMatchObject({ id: 2, state: "staged" });
    const states = (text: string): readonly string[] => listKeys(text, use).map(({ id, state }) => `${id} ${state}`);
    const promoted = promoteKey(second.text, use, 2);
    expect(states(promoted)).toEqual(["1 decrypt", "2 primary"]);
    expect(states(promoteKey(promoted, use, 1))).toEqual(["1 primary", "2 decrypt"]);
    const retired = retireKey(promoted, use, 1);
    expect(states(retired)).toEqual(["1 disabled", "2 primary"]);
    expect(states(removeKey(retired, use, 1))).toEqual(["2 primary"]);
    expect(retired.match(/^ {2}"\d+": \{.*\},?$/gm)).toHaveLength(2);
  });

  test("of others keeps what it does not change: padding, an unbound key, the short form until it is promoted away", () => {
    const [short, bare, other] = [newKey(), newKey(), newKey()];
    const text = JSON.stringify({ 7: { state: "decrypt", alg: "fernet", key: `${bare}=`, bind: "none" }, 0: short, 3: { alg: "fernet", key: other, state: "staged" } });
    const grown = addKey(text, "secrets", { alg: "fernet", id: 5 });
    expect(JSON.parse(grown.text)).toMatchObject({ 0: { alg: "fernet", key: short, state: "primary" }, 3: { key: other, state: "staged" }, 5: { alg: "fernet", state: "staged" }, 7: { bind: "none", key: `${bare}=` } });
    expect(JSON.parse(promoteKey(grown.text, "secrets", 3))).toMatchObject({ 0: { key: short, state: "decrypt" }, 3: { key: other, state: "primary" } });
    expect(() => promoteKey(text, "secrets", 7)).toThrow("Key 7 of the keyring binds none");
  });

  test("refuses what may not be, and what cannot be loaded", () => {
    const { text } = addKey(addKey(null, "secrets", none).text, "secrets", none);
    expect(() => promoteKey(text, "secrets", 1)).toThrow("Key 1 of the keyring is primary already.");
    expect(() => retireKey(text, "secrets", 1)).toThrow("Key 1 of the keyring is primary: make another primary first");
    expect(() => removeKey(text, "secrets", 1)).toThrow("is primary");
    expect(() => promoteKey(text, "secrets", 9)).toThrow("The keyring has no key 9; it has 1, 2.");
    const retired = retireKey(text, "secrets", 2);
    expect(() => retireKey(retired, "secrets", 2)).toThrow("disabled already");
    expect(() => promoteKey(retired, "secrets", 2)).toThrow("it was retired");
    expect(() => addKey(text, "secrets", { alg: null, id: 2 })).toThrow("The keyring has a key 2 already.");
    expect(() => addKey(text, "secrets", { alg: "hmac-sha256", id: null })).toThrow("may be of a256gcm-hkdf or fernet, not of hmac-sha256");
    expect(() => addKey(addKey(null, "shred", { alg: null, id: 2_147_483_647 }).text, "shred", none)).toThrow("an id that is not an integer");
    for (const [wrong, why] of [["", "is missing"], ["[]", "is not an object"], ["{}", "holds no key"], ['{"1":"x', "is not JSON"], ['{"1":"x"}', "needs a key of 32 bytes"]] as const)
      for (const edit of [() => listKeys(wrong, "secrets"), () => addKey(wrong, "secrets", none), () => retireKey(wrong, "secrets", 1)]) expect(edit).toThrow(why);
    expect(() => listKeys(text, "index")).toThrow("Key 1 of the index keyring needs an alg that is known: hmac-sha256.");
  });

  test("whatever is done with it in whatever order, it loads, has at most one primary key, and loses none", () => {
    const step = fc.record({ kind: fc.constantFrom("add", "promote", "retire"), id: fc.integer({ min: 1, max: 6 }) });
    fc.assert(
      fc.property(fc.constantFrom(...uses), fc.array(step, { maxLength: 20 }), (use, steps) => {
        let { text } = addKey(null, use, none);
        for (const { kind, id } of steps) {
          const before = listKeys(text, use);
          try {
            text = kind === "add" ? addKey(text, use, none).text : (kind === "promote" ? promoteKey : retireKey)(text, use, id);
          } catch (error) {
            expect(error).toMatchObject({ name: "KeyringError" });
          }
          const keys = use === "index" ? loadIndexKeyring(text) : [...loadKeyring(text).keys.values()];
          expect(keys.filter(({ state }) => state === "primary")).toHaveLength(1);
          expect(keys.map(({ checkValue }) => checkValue)).toEqual(expect.arrayContaining(before.map(({ checkValue }) => checkValue)));
        }
      }),
      { numRuns: 100 },
    );
  });
});

// ---- processes

const outer = mkdtempSync(join(tmpdir(), "pliny-keys-"));
const built = join(outer, "package");
const postgres = usePostgres(18);
const canary = "canary-8d02b7";
const printed: string[] = [];
let folder = "";
let count = 0;

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

const command = [join(built, "dist/compiler/cli.js")];

function environment(env: Environment): Record<string, string | undefined> {
  const { FORCE_COLOR: _forced, NO_COLOR: _refused, PLINY_POSTGRES: _where, ...inherited } = process.env;
  return { ...inherited, ...env };
}

/** What it prints is looked through for keys and secrets after the test, unless a keyring is what it is to print. */
function pliny(args: readonly string[], env: Environment = {}, { printsKeys = false }: { readonly printsKeys?: boolean } = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], { cwd: folder, encoding: "utf8", env: environment(env), timeout: 60_000 });
  printed.push(stderr, printsKeys ? "" : stdout);
  return { status, stdout, stderr };
}

function begin(args: readonly string[], env: Environment): { readonly child: ChildProcess; readonly ended: Promise<Run> } {
  const child = spawn(process.execPath, [...command, ...args], { cwd: folder, env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (said.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (said.stderr += String(chunk)));
  const ended = once(child, "close").then((): Run => {
    printed.push(said.stdout, said.stderr);
    return { status: child.exitCode, ...said };
  });
  return { child, ended };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 1000) throw new Error("It did not come to that.");
    await setTimeout(20);
  }
}

/** A project as the example is one; or of another app. */
function makeProject(generated = join(projectRoot, "generated"), specs: string | null = null): void {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(built, join(folder, "node_modules/pliny"));
  symlinkSync(join(projectRoot, "node_modules/pg"), join(folder, "node_modules/pg"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  cpSync(generated, join(folder, "generated"), { recursive: true });
  if (specs === null) {
    cpSync(join(projectRoot, "specs"), join(folder, "specs"), { recursive: true });
    cpSync(join(projectRoot, "pliny.yaml"), join(folder, "pliny.yaml"));
  } else {
    mkdirSync(join(folder, "specs"));
    writeFileSync(join(folder, "specs/app.ts"), specs);
  }
}

function read(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

/** A database with the tables of the project, three keyrings in files, and what makes processes find them. */
async function start(of: App = app): Promise<{ readonly client: Client; readonly env: Environment; readonly process: () => Promise<Opened> }> {
  const client = await postgres.database();
  await makeTablesOf(client, read("generated/schema.sql"));
  const url = postgres.urlOf(client);
  for (const use of uses) expect(pliny(["keys", "add", "--for", use, "--keyring", `${use}.json`])).toMatchObject({ status: 0, stderr: "" });
  const env = { PLINY_POSTGRES: url, PLINY_KEYRING: "secrets.json", PLINY_INDEX_KEYRING: "index.json", PLINY_SHRED_KEYRING: "shred.json" };
  const process = (): Promise<Opened> =>
    open(of, url, {
      keyring: loadKeyring(read("secrets.json")), indexKeyring: loadIndexKeyring(read("index.json")), shredKeyring: loadKeyring(read("shred.json"), { name: "shred keyring" }),
    });
  return { client, env, process };
}

async function fill({ pliny: to }: Opened, rows: number): Promise<readonly Team[]> {
  return Promise.all(Array.from({ length: rows }, (_, at) => Team.create(to, { name: `team-${at}`, contact: `${canary}-${at}` })));
}

async function rowsUnder(client: Client, key: number): Promise<number> {
  const { rows } = await client.query<{ rows: number }>("select count(*)::int as rows from app.team where vault_keys @> array[$1::int]", [key]);
  return rows[0]?.rows ?? 0;
}

beforeAll(() => buildPackage(built), 120_000);

beforeEach(() => {
  count += 1;
  folder = join(outer, `project-${count}`);
  mkdirSync(folder);
});

afterEach(() => {
  const secrets = [canary];
  for (const name of existsSync(folder) ? readdirSync(folder).filter((each) => each.endsWith(".json") && existsSync(join(folder, each))) : [])
    secrets.push(...[...read(name).matchAll(/"key": ?"([\w-]{43})/g)].map(([, key = ""]) => key));
  const told = printed.splice(0).join("\n");
  if (secrets.some((secret) => told.includes(secret))) throw new Error("A key or a secret was printed.");
});

afterAll(() => rmSync(outer, { recursive: true }));

describe("pliny keys on a keyring", () => {
  test.each(["generate", "list", "add", "promote", "retire", "status", "rotate", "shred"])("%s --help has an example and exits 0", (name) => {
    const { status, stdout } = pliny(["keys", name, "--help"]);
    expect(stdout).toMatch(new RegExp(`Example:\\n  pliny keys ${name}`));
    expect(status).toBe(0);
  });

  test("keys alone, and backfill, tell how they are used", () => {
    const { status, stderr } = pliny(["keys"]);
    expect(stderr).toMatch(/Usage: pliny keys[\s\S]*promote[\s\S]*Example:\n {2}pliny keys status/);
    expect(status).toBe(2);
    expect(pliny(["backfill", "--help"])).toMatchObject({ status: 0, stdout: expect.stringContaining("Example:\n  pliny backfill database") });
  });

  test("in a file: made with mode 600, edited as a whole, listed without its bytes", () => {
    expect(pliny(["keys", "add", "--keyring", "ring.json"])).toEqual({ status: 0, stdout: "ring.json: Key 1 is the first of a new keyring, and primary.\n", stderr: "" });
    expect(pliny(["keys", "add", "--keyring", "ring.json"]).stdout).toContain("Key 2 is staged");
    expect(statSync(join(folder, "ring.json")).mode & 0o777).toBe(0o600);
    expect(pliny(["keys", "promote", "2", "--keyring", "ring.json"]).stdout).toContain("pliny keys rotate");
    chmodSync(join(folder, "ring.json"), 0o644);
    const retired = pliny(["keys", "retire", "1"], { PLINY_KEYRING: "ring.json" });
    expect(retired).toMatchObject({ status: 0, stderr: "note: ring.json had mode 644, so that others could read it; it is 600 now\n" });
    expect(statSync(join(folder, "ring.json")).mode & 0o777).toBe(0o600);
    const { stdout } = pliny(["keys", "list", "--keyring", "ring.json"]);
    expect(stdout).toMatch(/^key {2}state {5}alg {11}check value\n1 {4}disabled {2}a256gcm-hkdf {2}[\w-]{22}\n2 {4}primary {3}a256gcm-hkdf {2}[\w-]{22}\n$/);
    expect(JSON.parse(pliny(["keys", "list", "--keyring", "ring.json", "--json"]).stdout)).toMatchObject({ command: "keys list", keys: [{ id: 1, state: "disabled" }, { id: 2, state: "primary" }] });
    expect(readdirSync(folder)).toEqual(["ring.json"]);
  });

  test("as text in the environment: the new one is given on stdout, and what is said of it on stderr", () => {
    const made = pliny(["keys", "generate", "--for", "index"], {}, { printsKeys: true });
    expect(made.stderr).toContain("PLINY_INDEX_KEYRING");
    const grown = pliny(["keys", "add", "--for", "index"], { PLINY_INDEX_KEYRING: made.stdout }, { printsKeys: true });
    expect(grown.stderr).toContain("Key 2 is staged");
    expect(loadIndexKeyring(grown.stdout).map(({ id, state }) => [id, state])).toEqual([[1, "primary"], [2, "staged"]]);
    const asJson = JSON.parse(pliny(["keys", "generate", "--alg", "fernet", "--json"], {}, { printsKeys: true }).stdout);
    expect(loadKeyring(asJson.keyring).primary?.id).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("refuses what it cannot use, and leaves it as it is", () => {
    const text = `{"1": {"alg": "a256gcm-hkdf", "key": "${newKey()}", "state": "primary"}}`;
    writeFileSync(join(folder, "ring.json"), text);
    writeFileSync(join(folder, "torn.json"), text.slice(0, -2));
    writeFileSync(join(folder, "two.json"), `${text.slice(0, -1)}, "2": {"alg": "a256gcm-hkdf", "key": "${newKey()}", "state": "primary"}}`);
    writeFileSync(join(folder, "large.json"), " ".repeat((1 << 20) + 1));
    symlinkSync("ring.json", join(folder, "link.json"));
    symlinkSync("nowhere", join(folder, "lost.json"));
    mkdirSync(join(folder, "folder"));
    expect(pliny(["keys", "list", "--keyring", "link.json"]).status).toBe(0);
    for (const [args, env, said] of [
      [["list"], {}, "there is no keyring: set PLINY_KEYRING"],
      [["add", "--for", "shred"], {}, "there is no shred keyring: set PLINY_SHRED_KEYRING"],
      [["list", "--keyring", "none.json"], {}, "there is no such file; pliny keys add makes it"],
      [["add", "--keyring", "none/ring.json"], {}, "cannot be written"],
      [["list", "--keyring", "torn.json"], {}, "The keyring is not JSON."],
      [["list"], { PLINY_KEYRING: text.slice(0, -2) }, "The keyring is not JSON."],
      [["add", "--keyring", "two.json"], {}, "The keyring has two primary keys, 1 and 2."],
      [["list", "--keyring", "large.json"], {}, "more than 1048576 bytes"],
      [["add", "--keyring", "link.json"], {}, "it is a link: name the file that it leads to"],
      [["add", "--keyring", "lost.json"], {}, "lost.json cannot be read"],
      [["add", "--keyring", "folder"], {}, "it is no file"],
      [["promote", "1", "--keyring", "ring.json"], {}, "Key 1 of the keyring is primary already."],
      [["promote", "one", "--keyring", "ring.json"], {}, "a key is named by its id"],
      [["retire", "1", "--keyring", "ring.json"], {}, "make another primary first"],
      [["list", "--keyring", "ring.json", "--for", "index"], {}, "needs an alg that is known: hmac-sha256"],
      [["add", "--keyring", "ring.json", "--alg", "hmac-sha256"], {}, "may be of a256gcm-hkdf or fernet"],
      [["add", "--keyring", "ring.json", "--id", "x"], {}, "no whole number"],
      [["add", "--for", "nothing"], {}, "Allowed choices are secrets, index, shred"],
      [["promote"], {}, "missing required argument"],
      [["shred", "1"], {}, "say --yes"],
      [["shred", "x", "--yes"], {}, "a key is named by its id"],
      [["shred", "7", "--resource", "customer", "--yes", "--why", "x"], {}, "a UUID"],
      [["shred", "01890a5d-ac96-774b-bcce-b302099a8057", "--resource", "customer", "--yes"], {}, "--why says for what reason"],
    ] as const) {
      const { status, stderr, stdout } = pliny(["keys", ...args], env);
      expect(stderr, args.join(" ")).toContain(said);
      expect({ status, stdout }, args.join(" ")).toEqual({ status: 2, stdout: "" });
    }
    expect(read("ring.json")).toBe(text);
    expect(existsSync(join(folder, "none.json"))).toBe(false);
  });
});

describe("pliny keys on a database", () => {
  beforeEach(() => makeProject());

  test("loads the app onto the runtime that is here, and not onto a copy of it", async () => {
    const probe = `const { importTypeScript } = await import(${JSON.stringify(join(built, "dist/compiler/commands/typescript.js"))});
      const { app } = await importTypeScript({ folder: "." }, ${JSON.stringify(join(folder, "specs/app.ts"))});
      const { Resource } = await import(${JSON.stringify(join(built, "dist/runtime/index.js"))});
      console.log(app.resources.every(({ type }) => type.class.prototype instanceof Resource));`;
    expect(spawnSync(process.execPath, ["--input-type=module", "-e", probe], { cwd: folder, encoding: "utf8" })).toMatchObject({ stderr: "", stdout: "true\n" });
  });

  test("staged, promoted, rotated, retired: status says at each step what comes next", async () => {
    const { client, env, process } = await start();
    await fill(await process(), 12);
    expect(pliny(["keys", "status"], env)).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^keyring +1 +primary +12 +seals$/m) });
    expect(pliny(["keys", "add"], env).status).toBe(0);
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^keyring +2 +staged +0 +once every process has it: pliny keys promote 2$/m);
    expect(pliny(["keys", "promote", "2"], env).status).toBe(0);
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^keyring +1 +decrypt +12 +pliny keys rotate$/m);
    const rotated = pliny(["keys", "rotate", "--batch", "5"], env);
    expect(rotated).toMatchObject({ status: 0, stderr: "" });
    expect(rotated.stdout).toMatch(/^team: 12 rows sealed again, 0 failed$/m);
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^keyring +1 +decrypt +0 +nothing uses it: pliny keys retire 1$/m);
    expect(pliny(["keys", "retire", "1"], env).status).toBe(0);
    const status = pliny(["keys", "status", "--json"], env);
    expect(JSON.parse(status.stdout)).toMatchObject({ command: "keys status", exitCode: 0, keys: expect.arrayContaining([{ keyring: "keyring", id: 1, state: "disabled", uses: 0, archived: 0, archivedUntil: null, lost: false, next: "nothing uses it" }]) });
    const opened = await process();
    const { rows } = await client.query<{ id: string; name: string }>("select id, json_attrs ->> 'name' as name from app.team");
    for (const { id, name } of rows) expect(await (await Team.get(opened.pliny, id)).contact.reveal("the test looks")).toBe(name.replace("team", canary));
    expect((await client.query("select actor is not null as who, message from pliny.log where kind = 'action'")).rows).toEqual([{ who: true, message: "Rotated the secrets of 12 rows; 0 could not be." }]);
  });

  test("an index key is used until it is retired: status says so at each step", async () => {
    const { env, process } = await start();
    await fill(await process(), 3);
    const next = (id: number): string => new RegExp(`^index keyring +${id} +(.*)$`, "m").exec(pliny(["keys", "status"], env).stdout)?.[1]?.replaceAll(/ +/g, " ") ?? "";
    expect(next(1)).toBe("primary 3 indexes");
    pliny(["keys", "add", "--for", "index"], env);
    expect(next(2)).toBe("staged 0 once every process has it: pliny keys promote 2 --for index");
    pliny(["keys", "promote", "2", "--for", "index"], env);
    expect(next(1)).toBe("decrypt 3 pliny keys rotate, for 3 rows not indexed under the primary key yet");
    pliny(["keys", "rotate"], env);
    expect([next(1), next(2)]).toEqual(["decrypt 3 pliny keys retire 1 --for index, then pliny keys rotate", "primary 3 indexes"]);
    pliny(["keys", "retire", "1", "--for", "index"], env);
    expect(next(1)).toBe("disabled 3 pliny keys rotate, for 3 rows indexed under it still");
    pliny(["keys", "rotate"], env);
    expect([next(1), next(2)]).toEqual(["disabled 0 nothing uses it", "primary 3 indexes"]);
  });

  test("killed in the middle of a rotation, it is run again; interrupted, it ends after the batch", async () => {
    const { client, env, process } = await start();
    await fill(await process(), 30);
    pliny(["keys", "add"], env);
    pliny(["keys", "promote", "2"], env);
    const killed = begin(["keys", "rotate", "--batch", "2", "--rate", "20"], env);
    await until(async () => (await rowsUnder(client, 2)) >= 4);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const done = await rowsUnder(client, 2);
    expect(done).toBeLessThan(30);
    expect(await rowsUnder(client, 1)).toBe(30 - done);
    // It waits for ten seconds after each batch, and an interruption ends the wait.
    const interrupted = begin(["keys", "rotate", "--batch", "10", "--rate", "1"], env);
    await until(async () => (await rowsUnder(client, 2)) >= done + 10);
    interrupted.child.kill("SIGINT");
    const { status, stdout, stderr } = await interrupted.ended;
    expect({ status, stderr }).toEqual({ status: 1, stderr: "note: interrupted; what is done stays done, and running it again goes on\n" });
    expect(stdout).toMatch(/^team: 10 rows sealed again, 0 failed$/m);
    expect(await rowsUnder(client, 2)).toBe(done + 10);
    expect(pliny(["keys", "rotate"], env).stdout).toContain(`team: ${20 - done} rows sealed again, 0 failed`);
    expect([await rowsUnder(client, 1), await rowsUnder(client, 2)]).toEqual([0, 30]);
  });

  test("runs and the archive hold secrets too: a key is retired when none of them needs it; one that is held waits for the next rotation", async () => {
    const { client, env, process } = await start();
    const { pliny: to } = await process();
    const team = await Team.create(to, { name: "acme", contact: canary });
    const key = loadKeyring(read("secrets.json")).primary ?? expect.fail();
    const run = async (name: string): Promise<string> => {
      const database = await Database.create(to, { name, region: "eu", parent: team });
      await client.query("update app.database set state = 'online', nonce = 1 where id = $1", [database.id]);
      await database.reload();
      const { id } = await database.rotatePassword.start();
      const blob = key.seal(`["${canary}"]`, JSON.stringify(["pliny/vault", 1, "database.rotate_password", id, ["password"]]));
      await client.query("update pliny.task set json_attrs = json_attrs || jsonb_build_object('password', jsonb_build_object('Vault', jsonb_build_array(1, $2::text))), vault_keys = '{1}' where id = $1", [id, blob]);
      return id;
    };
    const [, held, ended] = [await run("waits"), await run("is-held"), await run("has-ended")];
    await client.query("insert into pliny.worker (id, until, can) values ($1, now() + interval '1 hour', '{}')", [held]);
    await client.query("update pliny.task set lease_by = $1, wake_at = null where id = $1", [held]);
    await client.query("create table pliny.archive_all partition of pliny.archive default");
    await client.query("with gone as (delete from pliny.task where id = $1 returning *) insert into pliny.archive (id, type, keep, vault_keys, row) select id, type, '7', vault_keys, to_jsonb(gone) - 'vault_keys' from gone", [ended]);
    pliny(["keys", "add"], env);
    pliny(["keys", "promote", "2"], env);
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^keyring +1 +decrypt +4 +pliny keys rotate; 1 of them is archived, until \d{4}-\d\d-\d\d$/m);
    const rotated = pliny(["keys", "rotate"], env);
    expect(rotated).toMatchObject({ status: 0, stdout: expect.stringMatching(/^runs: 1 row sealed again, 0 failed\narchived runs: 1 row sealed again, 0 failed$/m) });
    expect(rotated.stderr).toContain("1 run at which a worker is just now was left as it is; running it again takes it too");
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^keyring +1 +decrypt +1 +pliny keys rotate$/m);
    await client.query("update pliny.task set lease_by = null where id = $1", [held]);
    expect(pliny(["keys", "rotate"], env)).toMatchObject({ stderr: "", stdout: expect.stringMatching(/^runs: 1 row sealed again, 0 failed$/m) });
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^keyring +1 +decrypt +0 +nothing uses it: pliny keys retire 1$/m);
  });

  test("a row that cannot be opened is named with its reason, without what is in it; so is a key that is lost", async () => {
    const { client, env, process } = await start();
    const teams = await fill(await process(), 3);
    const [broken, foreign] = teams;
    await client.query("update app.team set json_attrs = jsonb_set(json_attrs, '{contact,Vault,1}', '\"gQAA\"') where id = $1", [broken?.id]);
    // What others sealed for this place may be anything.
    const key = loadKeyring(read("secrets.json")).primary ?? expect.fail();
    const blob = key.seal(`no json, ${canary}`, JSON.stringify(["pliny/vault", 1, "team", foreign?.id, ["contact"]]));
    await client.query("update app.team set json_attrs = jsonb_set(json_attrs, '{contact,Vault,1}', to_jsonb($2::text)) #- '{__idx,contact}' where id = $1", [foreign?.id, blob]);
    pliny(["keys", "add"], env);
    pliny(["keys", "promote", "2"], env);
    const { status, stdout } = pliny(["keys", "rotate"], env);
    expect(status).toBe(1);
    expect(stdout).toMatch(new RegExp(`^team: 2 rows sealed again, 1 failed\\n  failed ${broken?.id}: /contact: expected what key 1 of the keyring sealed for this place`, "m"));
    expect(stdout).toMatch(new RegExp(`^team, indexes: 0 rows sealed again, 1 failed\\n  failed ${foreign?.id}: A secret that is looked up holds no JSON`, "m"));
    expect(JSON.stringify((await client.query("select * from pliny.log")).rows)).not.toContain(canary);
    pliny(["keys", "retire", "1"], env);
    expect(pliny(["keys", "status"], env)).toMatchObject({ status: 1, stdout: expect.stringMatching(/^keyring +1 +disabled +1 +1 row cannot be opened: set its state to decrypt, and rotate$/m) });
    const { 2: left }: Record<string, unknown> = JSON.parse(read("secrets.json"));
    writeFileSync(join(folder, "secrets.json"), `${JSON.stringify({ 2: left })}\n`);
    expect(pliny(["keys", "status"], env)).toMatchObject({ status: 1, stdout: expect.stringMatching(/^keyring +1 +not here +1 +lost: 1 row cannot be opened; put key 1 back into the keyring$/m) });
  });

  test("refuses an app, a keyring or a database that it cannot use, without a stack and without the password", async () => {
    const { client, env } = await start();
    const url = new URL(env["PLINY_POSTGRES"] ?? "");
    const to = (changes: Partial<URL>): Environment => ({ ...env, PLINY_POSTGRES: Object.assign(new URL(url), changes).href });
    const empty = postgres.urlOf(await postgres.database());
    const other = await postgres.database();
    await makeTablesOf(other, "create schema app");
    writeFileSync(join(folder, "alien.json"), pliny(["keys", "generate"], {}, { printsKeys: true }).stdout);
    expect(pliny(["keys", "status"], env).status).toBe(0);
    const cases: readonly (readonly [readonly string[], Environment, string])[] = [
      [["keys", "status"], { ...env, PLINY_POSTGRES: "" }, "there is no database to work on: name it with --postgres, or in PLINY_POSTGRES"],
      [["backfill", "--postgres", "hush:hush"], env, "is no URL as postgres://user@host:port/database"],
      [["keys", "status"], to({ port: "1" }), "nothing answers at that host and port"],
      [["backfill"], to({ password: "hush-hush" }), "Postgres cannot be asked: password authentication failed"],
      [["keys", "rotate"], to({ pathname: "/nowhere" }), 'database "nowhere" does not exist'],
      [["keys", "status"], { ...env, PLINY_POSTGRES: empty }, "The database has no pliny.key_check"],
      [["backfill"], { ...env, PLINY_POSTGRES: postgres.urlOf(other) }, "generated/schema.sql makes them"],
      [["keys", "rotate"], { PLINY_POSTGRES: url.href }, "there is no keyring: set PLINY_KEYRING"],
      [["keys", "status"], { ...env, PLINY_KEYRING: "none.json" }, "PLINY_KEYRING says that the keyring is in a file that is not there"],
      [["keys", "status"], { ...env, PLINY_KEYRING: '{"1": 1}' }, "Key 1 of the keyring is neither an object"],
      [["keys", "status"], { ...env, PLINY_KEYRING: "alien.json" }, "Key 1 of the keyring is another than this database has met under that id."],
      [["backfill", "databse"], env, "there is no resource 'databse'. Did you mean database?"],
      [["backfill", "--rate", "0"], env, "no whole number"],
      [["keys", "shred", "5", "--yes"], env, "The shred keyring has no key 5; it has 1."],
      [["keys", "shred", "1", "--yes"], env, "Key 1 of the shred keyring is primary"],
      [["keys", "shred", "01890a5d-ac96-774b-bcce-b302099a8057", "--resource", "team", "--why", "x", "--yes"], env, "A team has no key of its own"],
    ];
    const refused = (args: readonly string[], environ: Environment, said: string): void => {
      const { status, stdout, stderr } = pliny(args, environ);
      expect(stderr, said).toContain(said);
      expect({ status, stdout }, said).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/^error: [^]*\.\n$/);
      expect(stderr).not.toMatch(/hush|\n {4}at |bug/);
    };
    for (const [args, environ, said] of cases) refused(args, environ, said);
    await client.query("create role reader login password 'reader'; grant usage on schema app, pliny to reader; grant select on all tables in schema app, pliny to reader");
    refused(["keys", "status"], to({ username: "reader", password: "reader" }), "Postgres does not permit it: permission denied");

    writeFileSync(join(folder, "pliny.yaml"), "app: specs/none.ts\n");
    refused(["keys", "status"], env, "there is no specs/none.ts");
    writeFileSync(join(folder, "pliny.yaml"), "app: specs/other.ts\n");
    writeFileSync(join(folder, "specs/other.ts"), "export const nothing: number = 1;\n");
    refused(["keys", "status"], env, "specs/other.ts exports no `app`");
    writeFileSync(join(folder, "specs/other.ts"), "export const app: = 1;\n");
    refused(["keys", "status"], env, "specs/other.ts cannot be loaded");
    writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n');
    refused(["keys", "status"], env, "npm pkg set type=module");
    writeFileSync(join(folder, "pliny.yaml"), "app: [\n");
    expect(pliny(["keys", "status"], env)).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("pliny.yaml:") });
  }, 120_000);
});

describe("pliny keys shred", () => {
  const shop: App = { resources: [customerCode({ email: () => true })], tasks: [], typeChecks: {}, lanes: {}, breakers: {} };
  const shopText = `import { customerCode } from "../generated/customer.js";
export const app = { resources: [customerCode({ email: () => true })], tasks: [], typeChecks: {}, lanes: {}, breakers: {} };
`;

  test("a resource's own key; then the shred key of that time, once it seals nothing any more", async () => {
    makeProject(join(casesFolder, "subscriptions/expected"), shopText);
    const { client, env, process } = await start(shop);
    const { pliny: to } = await process();
    const create = (email: string): Promise<Customer> => Customer.create(to, { email, name: canary, currency: "EUR" });
    const [forgotten, kept] = [await create("a@a.example"), await create("b@b.example")];
    const gone = pliny(["keys", "shred", forgotten.id, "--resource", "customer", "--why", "asked to be forgotten", "--yes"], env);
    expect(gone).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining(`The key of customer ${forgotten.id} is destroyed`) });
    expect((await client.query("select id, message from pliny.log where kind = 'action'")).rows).toEqual([{ id: forgotten.id, message: "asked to be forgotten" }]);
    expect(pliny(["keys", "shred", forgotten.id, "--resource", "customer", "--why", "again", "--yes"], env)).toMatchObject({ status: 2, stderr: expect.stringContaining("There is no key of customer") });

    pliny(["keys", "add", "--for", "shred"], env);
    pliny(["keys", "promote", "2", "--for", "shred"], env);
    const before = read("shred.json");
    expect(pliny(["keys", "shred", "1", "--yes"], env)).toMatchObject({ status: 1, stdout: expect.stringMatching(/^1 resource would be lost with shred key 1: .*pliny keys rotate\n$/) });
    expect(read("shred.json")).toBe(before);
    expect(pliny(["keys", "rotate"], env).stdout).toMatch(/^data keys: 1 row sealed again, 0 failed$/m);
    expect(pliny(["keys", "status"], env).stdout).toMatch(/^shred keyring +1 +decrypt +0 +nothing uses it: pliny keys shred 1$/m);
    const shredded = pliny(["keys", "shred", "1", "--yes"], env);
    expect(shredded).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^shred\.json: Shred key 1 is gone\. From \d{4}-\d\d-\d\dT[\d:.]+Z on no backup taken before opens/) });
    expect(listKeys(read("shred.json"), "shred").map(({ id }) => id)).toEqual([2]);
    expect((await client.query("select message, level from pliny.log where kind = 'action' order by at desc limit 1")).rows).toEqual([{ level: "warn", message: expect.stringContaining("Shred key 1 leaves the shred keyring") }]);
    expect(pliny(["keys", "status"], env)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^shred keyring +1 +not here +0 +gone, and nothing uses it$/m) });
    expect(await (await Customer.get((await process()).pliny, kept.id)).name?.reveal("the test looks")).toBe(canary);
  });
});

describe("pliny backfill", () => {
  async function older(rows: number): Promise<{ readonly client: Client; readonly env: Environment }> {
    makeProject();
    const { client, env, process } = await start();
    const { pliny: to } = await process();
    const team = await Team.create(to, { name: "acme", contact: canary });
    await Promise.all(Array.from({ length: rows }, (_, at) => Database.create(to, { name: `db-${at}`, region: "eu", parent: team, password: canary })));
    await client.query(`update app.database set json_attrs = json_attrs - 'endpoint' || '{"__v": 2, "host": "h", "port": 1}'`);
    return { client, env };
  }

  const versions = async (client: Client): Promise<unknown> =>
    (await client.query("select (json_attrs ->> '__v')::int as version, count(*)::int as rows from app.database group by 1 order by 1")).rows;

  test("all resources, or those that are named, with the versions before and after; a row that fails is named", async () => {
    const { client, env } = await older(6);
    expect(pliny(["backfill", "team"], env)).toMatchObject({ status: 0, stdout: "team: 0 rows written, 0 failed\n  before: team in version 1: 1 row\n  after:  team in version 1: 1 row\n", stderr: "" });
    const { rows: [broken] } = await client.query<{ id: string }>("update app.database set json_attrs = jsonb_set(json_attrs, '{port}', '\"none\"') where json_attrs ->> 'name' = 'db-3' returning id");
    const first = pliny(["backfill"], env);
    expect(first).toMatchObject({ status: 1, stderr: "" });
    expect(first.stdout).toContain(`database: 5 rows written, 1 failed\n  failed ${broken?.id}: `);
    expect(first.stdout).toContain("  before: database in version 2: 6 rows\n  after:  database in version 2: 1 row; database in version 3: 5 rows\n");
    await client.query("update app.database set json_attrs = jsonb_set(json_attrs, '{port}', '1') where id = $1", [broken?.id]);
    // A replica is a database, and stands in that table.
    const asJson = JSON.parse(pliny(["backfill", "replica", "--json"], { ...env, PLINY_KEYRING: "" }).stdout);
    expect(asJson).toMatchObject({ command: "backfill", exitCode: 0, interrupted: false, tables: [{ table: "database", done: 1, failed: [] }] });
    expect(await versions(client)).toEqual([{ version: 3, rows: 6 }]);
  });

  test("killed and interrupted, it is run again", async () => {
    const { client, env } = await older(20);
    const old = async (): Promise<number> => Number((await client.query("select count(*) as rows from app.database where json_attrs ->> '__v' = '2'")).rows[0]?.rows);
    const killed = begin(["backfill", "--batch", "2", "--rate", "20"], env);
    await until(async () => (await old()) <= 16);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const left = await old();
    const interrupted = begin(["backfill", "database", "--batch", "3", "--rate", "1"], env);
    await until(async () => (await old()) <= left - 3);
    interrupted.child.kill("SIGTERM");
    expect(await interrupted.ended).toMatchObject({ status: 1, stdout: expect.stringContaining("database: 3 rows written, 0 failed"), stderr: expect.stringContaining("interrupted") });
    expect(pliny(["backfill", "database"], env).stdout).toContain(`database: ${left - 3} rows written, 0 failed`);
    expect(await versions(client)).toEqual([{ version: 3, rows: 20 }]);
  });
});
