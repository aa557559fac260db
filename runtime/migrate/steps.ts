// The runtime's own tables, in schema `pliny`, as numbered steps that come with the package. They are applied before anything generated,
// each once and in order, each in a transaction of its own. A step that was released is never changed: what it lacks is a step after it.

export interface Step {
  readonly number: number;
  /** What it makes, in a few words, for whoever reads what was applied. */
  readonly name: string;
  /** Statements in plain SQL, separated by `;`. */
  readonly sql: string;
}

export const steps: readonly Step[] = [
  {
    number: 1,
    name: "legal moves",
    sql: `
create schema pliny;
comment on schema pliny is 'What the pliny runtime keeps for itself. Made by its numbered steps; change nothing here by hand.';

-- One row a legal move, put there by the generated schema and by migrations. Rows rather than a constraint on each table, so that two
-- branches that each add a state do not forbid each other's; and without a foreign key, whose row lock all moves of a type would share.
create table pliny.move (
  type   text collate "C" not null,    -- a resource, or a task as resource.task, by its stored name
  "from" text collate "C" not null,    -- a state; __new__ before the first
  "to"   text collate "C" not null,
  primary key (type, "from", "to")
);
comment on table pliny.move is 'The moves that a state machine may make. Besides these, all but a stopped one may stop or panic, and one in panic may go to any of its states.';

-- Refuses a row that is not inserted in its first state, and a change of state that is no legal move. The trigger goes on every table that
-- has "type" and "state":
--   create trigger check_insert before insert on … for each row execute function pliny.check_move();
--   create trigger check_move before update of state, type on … for each row
--     when (old.state is distinct from new.state or old.type is distinct from new.type) execute function pliny.check_move();
-- The condition keeps it from being called for what is no move: claims, saves, stays.
create function pliny.check_move() returns trigger language plpgsql as $function$
declare
  leaving text := '__new__';
  choices text;
begin
  if tg_op = 'UPDATE' then
    leaving := old.state;
    if new.type is distinct from old.type then
      raise exception 'A % does not become a %.', old.type, new.type
        using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = 'legal_move',
              hint = 'The type of a row is given once, when it is inserted.';
    end if;
    if leaving <> '__stop__' and new.state in ('__stop__', '__panic__') then
      return new;
    end if;
  end if;

  -- By itself, for this is what nearly every move takes: in one expression with the other question it cost five times as much.
  perform from pliny.move m where m.type = new.type and m."from" = leaving and m."to" = new.state;
  if found then
    return new;
  end if;
  -- Out of a panic a person, or an owner, may lead it to any state that the type has.
  if leaving = '__panic__' and exists (
       select from pliny.move m where m.type = new.type and (m."to" = new.state or m."from" = new.state and new.state <> '__new__')) then
    return new;
  end if;

  if not exists (select from pliny.move m where m.type = new.type) then
    raise exception 'There is no type %: pliny.move has no row for it.', quote_literal(new.type)
      using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = 'legal_move',
            hint = 'Apply the generated schema or its migrations: they bring the legal moves of each type.';
  end if;

  select string_agg(distinct m."to", ', ' order by m."to") into choices from pliny.move m
   where m.type = new.type
     and case leaving when '__panic__' then true when '__stop__' then false else m."from" = leaving and m."to" not in ('__stop__', '__panic__') end;
  raise exception '%', case tg_op
      when 'INSERT' then format('A new %s does not begin in %s.', new.type, new.state)
      else format('A %s does not go from %s to %s.', new.type, leaving, new.state) end
    using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = 'legal_move',
          detail = format('Row %s.', new.id),
          hint = case
            when tg_op = 'INSERT' then format('It begins in %s.', choices)
            when leaving = '__stop__' then 'What has stopped goes nowhere: make a new one.'
            else format('From %s it may go to %s.', leaving, concat_ws(', ', choices, '__stop__', '__panic__')) end;
end
$function$;
comment on function pliny.check_move() is 'Trigger: refuses a row that begins in another than its first state, and a change of state that is no row of pliny.move.';
`.trimStart(),
  },
  {
    number: 2,
    name: "log and keys",
    sql: `
-- What happened, for people: one partition a day, which goes as a whole. Nothing reads it back to decide anything.
create table pliny.log (
  at         timestamptz not null default now(),
  level      text collate "C" not null,   -- debug, info, warn, error
  kind       text collate "C" not null,   -- transition, tick, error, action, notice, reveal
  type       text collate "C",            -- what it is about, by its stored name
  id         uuid,
  task_id    uuid,
  step       bigint,
  actor      text,
  request_id text,
  trace_id   text,
  message    text not null,
  data       jsonb
) partition by range (at);
create index "log-index-id" on pliny.log (id, at);
comment on table pliny.log is 'What happened. A write that finds no partition for its day makes it.';

-- Which bytes a key id stands for, without telling them: a process that has others under the same id refuses to start.
create table pliny.key_check (
  keyring text collate "C" not null,      -- keyring, index keyring, shred keyring
  id      int not null,
  value   text collate "C" not null,      -- 16 bytes derived from the key, base64url
  at      timestamptz not null default now(),
  primary key (keyring, id)
);
comment on table pliny.key_check is 'A check value for each key that this database has met.';

-- The keys of resources with own_key, each sealed under a shred key. The row stays when the key is destroyed, and says when and by whom.
create table pliny.data_key (
  id           uuid primary key,          -- the resource
  type         text collate "C" not null, -- the root of its family, by its stored name
  shred_key    int,                       -- the shred key it is sealed under
  blob         text collate "C",
  made_at      timestamptz not null default now(),
  destroyed_at timestamptz,
  destroyed_by text,
  check ((blob is null) = (destroyed_at is not null) and (blob is null) = (shred_key is null))
);
create index "data_key-index-shred_key" on pliny.data_key (shred_key) where shred_key is not null;
comment on table pliny.data_key is 'Data keys of resources with own_key, sealed. Where blob is null the secrets of that resource are unreadable.';
`.trimStart(),
  },
  {
    number: 3,
    name: "runs, workers, the log of moves",
    sql: `
-- One row a process that runs tasks, renewed every few seconds: the lease of all that it holds.
create table pliny.worker (
  id      uuid primary key,
  until   timestamptz not null,
  can     jsonb not null,                 -- the types and versions that it can run
  release text
);
comment on table pliny.worker is 'Processes that run tasks. What one holds is free when its row has run out.';

-- Live runs only: one that has ended is in pliny.archive. While a run goes on in its worker nothing that is indexed changes, so every move of it
-- is HOT; a batch changes neighbours in one transaction, hence the room on each page. No index on attributes or states.
create table pliny.task (
  id             uuid primary key,
  type           text collate "C" not null,
  version        int not null,
  resource_type  text collate "C",        -- the root of the family of what it acts on
  resource_id    uuid,
  root_id        uuid,
  parent_task_id uuid references pliny.task,
  state          text collate "C" not null,
  step           bigint not null default 1,
  turn           int not null default 0,
  nonce          bigint not null,
  state_since    timestamptz not null default now(),
  deadline_at    timestamptz,             -- of the state
  ends_by        timestamptz,             -- of the run
  wake_at        timestamptz,             -- when to look at it; null: parked, or held
  lease_by       uuid,                    -- the worker that holds it; null: nobody
  attempt        int not null default 0,
  recoveries     int not null default 0,  -- how often it was taken over in this step
  signals        int not null default 0,  -- one more by whoever wants it looked at again
  awaiting       int,                     -- a join: ends still waited for
  goes_to        text collate "C",        --   and where the run goes then
  begun          boolean not null default false,  -- a state with on_unknown: its handler was called
  bucket         timestamptz,             -- of the every that started it
  unique_key     bytea,
  args_key       bytea,
  args           jsonb not null,
  json_attrs     jsonb not null,
  vault_keys     int[],
  panic          jsonb
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create unique index "task-unique" on pliny.task (unique_key) where unique_key is not null;
create index "task-index-due" on pliny.task (type, wake_at) where wake_at is not null;
create index "task-index-held" on pliny.task (lease_by) where lease_by is not null;
create index "task-index-resource" on pliny.task (resource_id);
create index "task-index-parent" on pliny.task (parent_task_id) where parent_task_id is not null;
create index "task-vault_keys" on pliny.task using gin (vault_keys) where vault_keys is not null;
create trigger check_insert before insert on pliny.task for each row execute function pliny.check_move();
create trigger check_move before update of state, type on pliny.task for each row
  when (old.state is distinct from new.state or old.type is distinct from new.type) execute function pliny.check_move();
comment on table pliny.task is 'Live runs of tasks.';

-- What happened to resources and runs, for ever appended to: a partition a week. "from" is the row before; a save moves nothing and has no "to".
create table pliny.transition (
  subject uuid not null,
  step    bigint not null,
  "to"    text collate "C",
  nonce   bigint not null,
  at      timestamptz not null default now(),
  tx      xid8 not null default pg_current_xact_id(),
  by      text,
  note    text
) partition by range (at);
create index "transition-index-subject" on pliny.transition (subject, step);
comment on table pliny.transition is 'Every move, once, in the transaction that made it.';

-- Runs that have ended and resources that have stopped: by how long they are kept, then a partition a week.
create table pliny.archive (
  id          uuid not null,
  type        text collate "C" not null,
  root_id     uuid,
  resource_id uuid,
  ended_at    timestamptz not null default now(),
  keep        text collate "C" not null,  -- days, or ever
  vault_keys  int[],                      -- those that its secrets are sealed with
  row         jsonb not null
) partition by list (keep);
create index "archive-index-id" on pliny.archive (id);
create index "archive-index-resource" on pliny.archive (resource_id, type, ended_at);
create index "archive-vault_keys" on pliny.archive using gin (vault_keys) where vault_keys is not null;
comment on table pliny.archive is 'What has ended, whole as it was.';

-- One row for each deadline of a resource and each every of a resource (of a global task: the nil uuid).
create table pliny.timer (
  subject uuid not null,
  name    text collate "C" not null,
  type    text collate "C" not null,
  step    bigint,
  due_at  timestamptz not null,
  every   interval,
  primary key (subject, name)
);
create index "timer-index-due" on pliny.timer (due_at);
comment on table pliny.timer is 'What is due at a time. Any process may take it.';

-- The specs whose tables and moves these are, so that a program of other specs is told before it writes.
create table pliny.release (
  hash text collate "C" primary key,
  types jsonb not null,
  at    timestamptz not null default now()
);
comment on table pliny.release is 'Which specs made this database.';
`.trimStart(),
  },
];
