// What happens in a database, for people who watch: each move once, in the order in which they were committed, and what there is now. It knows
// neither specs nor code, and reads what any app's database has.

import { ask, type Connection } from "../store/connection.js";
import { stateName } from "../machine/resources.js";
import { openStore, tableName } from "../store/postgres.js";

/** A move that was committed. */
export interface Happening {
  /** `database orders`, or of a run `database.provision of orders`. */
  readonly what: string;
  readonly to: string;
  readonly note: string | null;
  readonly at: Date;
}

/** A resource, and the runs that act on it. */
export interface Standing {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly state: string;
  /** Since when it has been written as it is, in milliseconds. */
  readonly sinceMs: number;
  readonly runs: readonly StandingRun[];
}

export interface StandingRun {
  readonly task: string;
  readonly state: string;
  readonly sinceMs: number;
  /** Why it waits for a person. */
  readonly panic: string | null;
  /** It goes on by itself, now or within a minute. */
  readonly isBusy: boolean;
}

export interface Follower {
  /** What happened since the last time that it was asked, or since it was made. */
  happenings(): Promise<readonly Happening[]>;
  /** What has not stopped, or has only just; the oldest first, so many at most. */
  standing(limit: number): Promise<readonly Standing[]>;
}

/** A database that is watched, over one connection. */
export interface Watched {
  /** Null where the database has no tables of the runtime yet. */
  follow(): Promise<Follower | null>;
  close(): Promise<void>;
}

export function watchDatabase(url: string): Watched {
  const store = openStore({ url, connections: 1 });
  return { follow: () => follow(store), close: () => store.close() };
}

async function follow(on: Connection): Promise<Follower | null> {
  const [now] = await ask<{ readonly low: string; readonly isThere: boolean }>(
    on,
    `select pg_snapshot_xmin(pg_current_snapshot())::text as low, to_regclass('pliny.transition') is not null as "isThere"`,
  );
  if (now?.isThere !== true) return null;
  let low = now.low;
  let seen = new Set<string>();
  const names = new Map<string, string>();
  return { happenings, standing: (limit) => standing(on, limit) };

  async function happenings(): Promise<readonly Happening[]> {
    // What commits late has a transaction that was under way at the last look, and is met now.
    const rows = await ask<Row>(
      on,
      `select pg_snapshot_xmin(pg_current_snapshot())::text as low, subject::text, step::text, "to", note, floor(extract(epoch from at) * 1000)::text as "atMs", nonce::text
         from (select 1) as one left join pliny.transition on tx >= $1::xid8 and "to" is not null and at > now() - interval '1 day' order by at, step`,
      [low],
    );
    const fresh = rows.filter((row): row is MoveRow => row.subject !== null && !seen.has(`${row.subject} ${row.nonce}`));
    low = rows[0]?.low ?? low;
    seen = new Set(rows.map(({ subject, nonce }) => `${subject} ${nonce}`));
    await name(fresh.map(({ subject }) => subject).filter((subject) => !names.has(subject)));
    return fresh.map(({ subject, to, note, atMs }) => ({ what: names.get(subject) ?? subject, to: stateName(to), note, at: new Date(Number(atMs)) }));
  }

  async function name(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const table of await resourceTables(on)) {
      const found = await ask<{ readonly id: string; readonly type: string; readonly name: string }>(on, `select id::text, type, ${ownName} as name from ${table} where id = any ($1::uuid[])`, [ids]);
      for (const row of found) names.set(row.id, `${row.type} ${row.name}`);
    }
    const runs = await ask<{ readonly id: string; readonly type: string; readonly resourceId: string | null }>(
      on,
      `select id::text, type, resource_id::text as "resourceId" from pliny.task where id = any ($1::uuid[])
       union all select id::text, type, resource_id::text from pliny.archive where id = any ($1::uuid[])`,
      [ids],
    );
    const owners = runs.flatMap(({ resourceId }) => (resourceId === null || names.has(resourceId) ? [] : [resourceId]));
    await name([...new Set(owners)].filter((id) => !ids.includes(id)));
    for (const { id, type, resourceId } of runs) {
      const owner = names.get(resourceId ?? "");
      names.set(id, owner === undefined ? type : `${type} of ${owner.slice(owner.indexOf(" ") + 1)}`);
    }
  }
}

interface MoveRow {
  readonly low: string;
  readonly subject: string;
  readonly to: string;
  readonly note: string | null;
  readonly atMs: string;
  readonly nonce: string;
}

/** Of the outer join: where nothing moved, one row that says so. */
type Row = MoveRow | { readonly low: string; readonly subject: null; readonly nonce: null };

/** What people call it: its field `name` where it has one that is text. */
const ownName = "coalesce(json_attrs ->> 'name', left(id::text, 8) || '…')";

async function resourceTables(on: Connection): Promise<readonly string[]> {
  const rows = await ask<{ readonly name: string }>(
    on,
    `select table_name as name from information_schema.columns where table_schema = 'app' and column_name = 'json_attrs'
        and exists (select from information_schema.tables t where t.table_schema = 'app' and t.table_name = columns.table_name and t.table_type = 'BASE TABLE') order by table_name`,
  );
  return rows.map(({ name }) => tableName(name));
}

async function standing(on: Connection, limit: number): Promise<readonly Standing[]> {
  const found: (Omit<Standing, "runs"> & { readonly madeMs: number })[] = [];
  for (const table of await resourceTables(on)) {
    const rows = await ask<{ readonly id: string; readonly type: string; readonly name: string; readonly state: string; readonly sinceMs: number; readonly madeMs: number }>(
      on,
      `select id::text, type, ${ownName} as name, state, (extract(epoch from now() - updated_at) * 1000)::float8 as "sinceMs", (extract(epoch from created_at) * 1000)::float8 as "madeMs"
         from ${table} where state <> '__stop__' or updated_at > now() - interval '1 minute' order by created_at, id limit $1`,
      [limit],
    );
    found.push(...rows);
  }
  const runs = await ask<{ readonly resourceId: string } & StandingRun>(
    on,
    `select resource_id::text as "resourceId", type as task, state, (extract(epoch from now() - state_since) * 1000)::float8 as "sinceMs", panic ->> 'message' as panic,
            lease_by is not null or wake_at < now() + interval '1 minute' as "isBusy"
       from pliny.task where resource_id = any ($1::uuid[]) order by id`,
    [found.map(({ id }) => id)],
  );
  return found
    .toSorted((left, right) => left.madeMs - right.madeMs)
    .slice(0, limit)
    .map(({ madeMs: _madeMs, ...one }) => ({
      ...one,
      state: stateName(one.state),
      runs: runs.filter(({ resourceId }) => resourceId === one.id).map(({ resourceId: _owner, ...run }) => ({ ...run, isBusy: Boolean(run.isBusy), state: stateName(run.state) })),
    }));
}
