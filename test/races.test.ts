// The races that shaped the statements of runs, on a real Postgres: many who want the same thing, of whom one wins, and what must happen together
// and does.

import { randomBytes, randomUUID } from "node:crypto";
import type { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Store } from "../runtime/store/connection.js";
import { withPartitions } from "../runtime/store/partitions.js";
import { openStore } from "../runtime/store/postgres.js";
import { type NewRun, readRun, readRunsOf, startRun, type StartAnswer, stopResource } from "../runtime/store/runs.js";
import { announceWorker, claimRuns, disownRuns, type HeldRun, lookAround, type Outcome, renewLease, retireWorker, settleRuns, signalRun } from "../runtime/store/work.js";
import { usePostgres } from "./postgres.js";
import { makeTables } from "./setup/store.js";

const postgres = usePostgres(18);
const team = "0190b1a5-7a3e-7cc0-8000-00000000000a";

async function start(): Promise<{ readonly client: Client; readonly store: Store }> {
  const client = await postgres.copyOf(makeTables);
  const store = openStore({ url: postgres.urlOf(client), connections: 10 });
  onTestFinished(() => store.close());
  await client.query(`insert into app.team (id, type, state, nonce, root_id, json_attrs) values ($1, 'team', 'active', 1, $1, '{"__v": 1}')`, [team]);
  return { client, store };
}

async function makeDatabase(client: Client, id: string = randomUUID()): Promise<string> {
  await client.query(
    `insert into app.database (id, type, state, nonce, root_id, parent_id, json_attrs) values ($1, 'database', 'creating', 1, $2, $2, $3)`,
    [id, team, { __v: 3, name: id }],
  );
  return id;
}

const nonce = (): bigint => randomBytes(8).readBigInt64BE();

function provisionOf(database: string, given: Partial<NewRun> = {}): NewRun {
  return {
    id: randomUUID(), type: "database.provision", version: 1, state: "draw", nonce: nonce(), owner: { table: "database", id: database, states: ["creating"] },
    parentTaskId: null, args: '{"__v": 1}', attrs: '{"__v": 1}', vaultKeys: [], uniqueKey: Buffer.from(`provision ${database}`), argsKey: Buffer.from("args"),
    deadlineMs: 60_000, endsMs: null, bucket: null, by: "test", note: null, ...given,
  };
}

/** As a caller does: again, after a pause, while another start is not committed. */
async function started(store: Store, run: NewRun): Promise<StartAnswer> {
  for (;;) {
    const answer = await withPartitions(store, () => startRun(store, run));
    if (answer.result !== "again") return answer;
  }
}

function outcome(run: { readonly id: string; readonly nonce: bigint; readonly signals?: number }, given: Partial<Outcome>): Outcome {
  return {
    id: run.id, nonce: run.nonce, nextNonce: nonce(), kind: "move", to: null, wakeMs: 0, deadlineMs: null, attempt: 0, signals: run.signals ?? 0, attrs: null,
    vaultKeys: null, keeps: false, keep: "365", panic: null, note: null, parentTaskId: null, ...given,
  };
}

const settle = (store: Store, outcomes: readonly Outcome[]): ReturnType<typeof settleRuns> =>
  withPartitions(store, () => settleRuns(store, outcomes, "test"), ["365", "ever"]);

const claim = async (store: Store, { worker: id, limit }: { readonly worker: string; readonly limit: number }): Promise<readonly HeldRun[]> =>
  (await claimRuns(store, { worker: id, types: ["database.provision"], limit, floor: null })).runs;

async function worker(store: Store, leaseMs = 60_000): Promise<string> {
  const id = randomUUID();
  await announceWorker(store, { id, leaseMs, can: {}, release: null });
  return id;
}

/** Steps of the log of moves without gap or fork, as states. */
async function movesOf(client: Client, subject: string): Promise<readonly (string | null)[]> {
  const { rows } = await client.query<{ step: string; to: string | null }>(`select step, "to" from pliny.transition where subject = $1 order by step, at`, [subject]);
  expect(rows.map(({ step }) => Number(step))).toEqual(rows.map((_, at) => Number(rows[0]?.step ?? 1) + at));
  return rows.map(({ to }) => to);
}

describe("a start", () => {
  test("of one key wins once, however many ask at once; who asks with other args is told", async () => {
    const { client, store } = await start();
    for (let round = 0; round < 10; round += 1) {
      const database = await makeDatabase(client);
      const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => started(store, provisionOf(database, at === 9 ? { argsKey: Buffer.from("other") } : {}))));
      const first = answers.find(({ result }) => result === "started");
      expect(answers.filter(({ result }) => result === "started")).toHaveLength(1);
      expect(new Set(answers.map((answer) => ("id" in answer ? answer.id : "")))).toEqual(new Set([first && "id" in first ? first.id : "none"]));
      expect(answers.filter(({ result }) => result === "differs").length).toBeGreaterThanOrEqual(first === answers[9] ? 9 : 1);
      expect((await readRunsOf(store, database)).map(({ state }) => state)).toEqual(["draw"]);
    }
    expect((await client.query("select count(*)::int as logged from pliny.transition")).rows).toEqual([{ logged: 10 }]);
  });

  test("asked again with its own id does not run twice: while it lives, and after its end", async () => {
    const { client, store } = await start();
    const run = provisionOf(await makeDatabase(client));
    expect(await started(store, run)).toEqual({ result: "started", id: run.id });
    expect(await started(store, run)).toEqual({ result: "joined", id: run.id });
    await settle(store, [outcome(run, { kind: "end", to: "__stop__" })]);
    expect(await readRun(store, run.id)).toBeNull();
    expect(await Promise.all([1, 2, 3].map(() => started(store, run)))).toEqual(Array.from({ length: 3 }, () => ({ result: "ended", id: run.id })));
    expect(await movesOf(client, run.id)).toEqual(["draw", "__stop__"]);
    expect((await started(store, provisionOf(run.owner?.id ?? ""))).result).toBe("started");
    // Also where another run has its key by now.
    expect(await started(store, run)).toEqual({ result: "ended", id: run.id });
    expect(await started(store, { ...run, argsKey: Buffer.from("other") })).toEqual({ result: "ended", id: run.id });
  });

  test("needs an owner, in a state that allows it", async () => {
    const { client, store } = await start();
    expect(await started(store, provisionOf(randomUUID()))).toEqual({ result: "noOwner" });
    const database = await makeDatabase(client);
    await client.query("update app.database set state = 'online' where id = $1", [database]);
    expect(await started(store, provisionOf(database))).toEqual({ result: "noOwner" });
    expect((await started(store, provisionOf(database, { owner: { table: "database", id: database, states: null } }))).result).toBe("started");
  });
});

describe("a stop of what a run acts on", () => {
  test("against a start: the run is ended too, or not started", async () => {
    const { client, store } = await start();
    const seen = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      const database = await makeDatabase(client);
      const stop = (): Promise<string> =>
        withPartitions(
          store,
          () => store.transaction((on) => stopResource(on, { table: "database", id: database, nonce: 1n, nextNonce: nonce(), childTables: ["dump"], keeps: {}, exits: [], by: "test", note: null })),
          ["ever"],
        );
      const begin = async (): Promise<string> => (await started(store, provisionOf(database))).result;
      const results = await Promise.all(round % 2 === 0 ? [begin(), stop()] : [stop(), begin()]);
      seen.add((round % 2 === 0 ? results : results.toReversed()).join(" "));
      expect((await client.query("select state from app.database where id = $1", [database])).rows).toEqual([{ state: "__stop__" }]);
      expect(await readRunsOf(store, database)).toEqual([]);
    }
    for (const pair of seen) expect(["started stopped", "noOwner stopped"]).toContain(pair);
  });

  test("is refused while a child has not stopped, and by who read before another write", async () => {
    const { client, store } = await start();
    const database = await makeDatabase(client);
    await client.query(`insert into app.dump (id, type, state, nonce, root_id, parent_id, json_attrs) values (gen_random_uuid(), 'dump', 'writing', 1, $1, $2, '{"__v": 1}')`, [team, database]);
    const stop = { table: "database", id: database, nextNonce: nonce(), childTables: ["dump"], keeps: {}, exits: [], by: "test", note: null };
    const run = (of: bigint): Promise<string> => withPartitions(store, () => store.transaction((on) => stopResource(on, { ...stop, nonce: of })), ["ever"]);
    expect(await run(2n)).toBe("lost");
    expect(await run(1n)).toBe("hasChildren");
    await client.query("update app.dump set state = '__stop__'");
    expect(await run(1n)).toBe("stopped");
    expect(await movesOf(client, database)).toEqual(["__stop__"]);
  });

  test("ends children of runs before the runs that wait for them", async () => {
    const { client, store } = await start();
    const database = await makeDatabase(client);
    const parent = provisionOf(database, { uniqueKey: null });
    const child = provisionOf(database, { uniqueKey: null, parentTaskId: parent.id });
    const grandchild = provisionOf(database, { uniqueKey: null, parentTaskId: child.id });
    for (const run of [parent, child, grandchild]) await started(store, run);
    await withPartitions(store, () => store.transaction((on) => stopResource(on, { table: "database", id: database, nonce: 1n, nextNonce: nonce(), childTables: [], keeps: { "database.provision": "365" }, exits: [], by: "ada", note: "no more" })), ["365"]);
    expect((await client.query("select id, keep from pliny.archive")).rows).toHaveLength(3);
    expect((await client.query("select by, note from pliny.transition where note is not null")).rows).toEqual(Array.from({ length: 4 }, () => ({ by: "ada", note: "no more" })));
  });
});

describe("a lease", () => {
  test("that is lost between claim and settle: the late settle is refused, and another takes it over", async () => {
    const { client, store } = await start();
    const run = provisionOf(await makeDatabase(client));
    await started(store, run);
    const [slow, quick] = [await worker(store), await worker(store)];
    const [held] = await claim(store, { worker: slow, limit: 5 });
    expect(await claim(store, { worker: quick, limit: 5 })).toEqual([]);
    await client.query("update pliny.worker set until = now() - interval '1 s' where id = $1", [slow]);
    expect(await lookAround(store, { types: [], limit: 10 })).toEqual([]);
    expect(await renewLease(store, { id: slow, leaseMs: 1000 })).toBe(false);
    expect(await claim(store, { worker: slow, limit: 5 })).toEqual([]);
    const [taken] = await claim(store, { worker: quick, limit: 5 });
    expect(taken).toMatchObject({ id: run.id, recoveries: 1 });
    expect(await settle(store, [outcome(held ?? expect.fail(), { to: "create_role" })])).toEqual([]);
    expect(await settle(store, [outcome(taken ?? expect.fail(), { to: "create_role" })])).toEqual([run.id]);
    expect(await movesOf(client, run.id)).toEqual(["draw", "create_role"]);
    expect(await readRun(store, run.id)).toMatchObject({ recoveries: 0, state: "create_role" });
  });

  test("that runs out while its worker claims: what that took is freed by the next look", async () => {
    const { client, store } = await start();
    const run = provisionOf(await makeDatabase(client));
    await started(store, run);
    const slow = await worker(store, 300);
    const claiming = { worker: slow, types: ["database.provision"], limit: 5, floor: null };
    await store.transaction(async (on) => {
      expect((await claimRuns(on, claiming)).runs).toHaveLength(1);
      await client.query("select pg_sleep(0.4)");
      await lookAround(store, { types: [], limit: 10 });
    });
    await lookAround(store, { types: [], limit: 10 });
    expect((await client.query("select lease_by, recoveries, wake_at <= now() as due from pliny.task")).rows).toEqual([{ lease_by: null, recoveries: 1, due: true }]);
  });

  test("that is given back while its worker claims: what that took is free then", async () => {
    const { client, store } = await start();
    await started(store, provisionOf(await makeDatabase(client)));
    for (const giveBack of [(id: string) => retireWorker(store, id), (id: string) => disownRuns(store, { worker: id, holds: [] })]) {
      const id = await worker(store);
      let given: Promise<void> = Promise.resolve();
      await store.transaction(async (on) => {
        expect((await claimRuns(on, { worker: id, types: ["database.provision"], limit: 5, floor: null })).runs).toHaveLength(1);
        given = giveBack(id);
        await client.query("select pg_sleep(0.3)");
      });
      await given;
      expect((await client.query("select lease_by, wake_at <= now() as due from pliny.task")).rows).toEqual([{ lease_by: null, due: true }]);
    }
  });

  test("a claim says since when the oldest is due, also where it took others: the next begins there", async () => {
    const { client, store } = await start();
    for (const type of ["database.provision", "database.resize"]) {
      await started(store, provisionOf(await makeDatabase(client), { type, uniqueKey: null, ...(type === "database.resize" ? { state: "measure" } : {}) }));
    }
    await client.query("update pliny.task set wake_at = now() - interval '1 min' where type = 'database.resize'");
    const { rows: [oldest] } = await client.query("select min(wake_at)::text as at from pliny.task");
    const claiming = { worker: await worker(store), types: ["database.provision", "database.resize"], limit: 1 };
    const first = await claimRuns(store, { ...claiming, floor: null });
    expect(first).toMatchObject({ runs: [{ type: "database.provision" }], oldest: oldest?.["at"] });
    expect((await claimRuns(store, { ...claiming, floor: first.oldest })).runs).toMatchObject([{ type: "database.resize" }]);
  });

  test("many claim at once, and nothing is claimed twice or left", async () => {
    const { client, store } = await start();
    const runs: NewRun[] = [];
    for (let at = 0; at < 120; at += 1) runs.push(provisionOf(await makeDatabase(client)));
    await Promise.all(runs.map((run) => started(store, run)));
    const workers = await Promise.all(Array.from({ length: 6 }, () => worker(store)));
    const claimed = await Promise.all(workers.map(async (id) => {
      const mine: string[] = [];
      for (let tries = 0; tries < 12; tries += 1) mine.push(...(await claim(store, { worker: id, limit: 7 })).map((run) => run.id));
      return mine;
    }));
    expect(claimed.flat().sort()).toEqual(runs.map(({ id }) => id).sort());
    await retireWorker(store, workers[0] ?? "");
    expect((await client.query("select count(*)::int as free from pliny.task where lease_by is null and wake_at <= now()")).rows).toEqual([{ free: claimed[0]?.length }]);
  });
});

describe("a settle", () => {
  test("of many: moves, stays, tries again and ends together, and only of what was not overtaken", async () => {
    const { client, store } = await start();
    const runs: NewRun[] = [];
    for (let at = 0; at < 5; at += 1) runs.push(provisionOf(await makeDatabase(client)));
    for (const run of runs) await started(store, run);
    const [a, b, c, d, e] = runs;
    if (!a || !b || !c || !d || !e) return expect.fail("five");
    const landed = await settle(store, [
      outcome(a, { to: "create_role", attrs: '{"__v": 1, "x": 1}', vaultKeys: [3], deadlineMs: 1000, note: "on" }), outcome(b, { kind: "stay", wakeMs: 5000 }),
      outcome(c, { kind: "retry", attempt: 2, wakeMs: 100 }), outcome(d, { kind: "end", to: "__stop__" }), outcome({ ...e, nonce: 0n }, { to: "create_role" }),
    ]);
    expect([...landed].sort()).toEqual([a.id, b.id, c.id, d.id].sort());
    const { rows } = await client.query("select id, state, step::int, turn, attempt, vault_keys, json_attrs, deadline_at - now() < interval '2 s' as soon, wake_at > now() as later from pliny.task");
    expect(rows.find(({ id }) => id === a.id)).toMatchObject({ state: "create_role", step: 2, turn: 0, vault_keys: [3], json_attrs: { __v: 1, x: 1 }, soon: true });
    expect(rows.find(({ id }) => id === b.id)).toMatchObject({ state: "draw", step: 1, turn: 1, later: true });
    expect(rows.find(({ id }) => id === c.id)).toMatchObject({ attempt: 2, turn: 0 });
    expect(rows.find(({ id }) => id === e.id)).toMatchObject({ state: "draw", step: 1 });
    expect((await client.query("select id, keep, row ->> 'state' as state, row ->> 'ended_in' as ended from pliny.archive")).rows).toEqual([{ id: d.id, keep: "365", state: "draw", ended: "__stop__" }]);
  });

  test("an illegal move is refused whole", async () => {
    const { client, store } = await start();
    const run = provisionOf(await makeDatabase(client));
    await started(store, run);
    await expect(settle(store, [outcome(run, { to: "admit" })])).rejects.toThrow("A database.provision does not go from draw to admit.");
    expect(await movesOf(client, run.id)).toEqual(["draw"]);
  });

  test("a signal that came while it ran is looked at, whatever the outcome said", async () => {
    const { client, store } = await start();
    const run = provisionOf(await makeDatabase(client));
    await started(store, run);
    const [held] = await claim(store, { worker: await worker(store), limit: 1 });
    expect(await signalRun(store, run.id)).toBe(true);
    await settle(store, [outcome(held ?? expect.fail(), { kind: "stay", wakeMs: 3_600_000 })]);
    expect((await client.query("select wake_at <= now() as due from pliny.task")).rows).toEqual([{ due: true }]);
  });
});

describe("parents and children", () => {
  test("two children that end together wake their parent once; a child that ends while it ticks is not missed", async () => {
    const { client, store } = await start();
    const database = await makeDatabase(client);
    const id = await worker(store);
    for (let round = 0; round < 25; round += 1) {
      const parent = provisionOf(database, { uniqueKey: null });
      await started(store, parent);
      const children = [provisionOf(database, { uniqueKey: null, parentTaskId: parent.id }), provisionOf(database, { uniqueKey: null, parentTaskId: parent.id })];
      for (const child of children) await started(store, child);
      await client.query("update pliny.task set awaiting = 2, wake_at = null, goes_to = 'create_role' where id = $1", [parent.id]);
      if (round % 2 === 1) await client.query("update pliny.task set lease_by = $2 where id = $1", [parent.id, id]);
      await Promise.all(children.map((child) => settle(store, [outcome(child, { kind: "end", to: "__stop__" })])));
      const { rows } = await client.query("select awaiting, signals, wake_at <= now() as due from pliny.task where id = $1", [parent.id]);
      expect(rows).toEqual([{ awaiting: 0, signals: 1, due: round % 2 === 1 ? null : true }]);
      await client.query("delete from pliny.task where id = $1", [parent.id]);
    }
  });

  test("a parent does not end before its child, whatever the code does", async () => {
    const { client, store } = await start();
    const database = await makeDatabase(client);
    const parent = provisionOf(database, { uniqueKey: null });
    const child = provisionOf(database, { uniqueKey: null, parentTaskId: parent.id });
    await started(store, parent);
    await started(store, child);
    await expect(settle(store, [outcome(parent, { kind: "end", to: "__stop__" })])).rejects.toMatchObject({ code: "23503" });
    await settle(store, [outcome(child, { kind: "end", to: "__stop__" })]);
    expect(await settle(store, [outcome(parent, { kind: "end", to: "__stop__" })])).toHaveLength(1);
    expect(await readRunsOf(store, database)).toEqual([]);
  });
});
