// What must be true of all that workers did, whoever was killed or paused meanwhile: rules over the rows that they left, and over what their
// handlers did outside.

import type { Client } from "pg";

/** The rows of a database after the work, and the effects of the handlers. */
export interface History {
  readonly moves: readonly LegalMove[];
  /** `pliny.transition`. */
  readonly log: readonly LogRow[];
  /** `pliny.task`. */
  readonly live: readonly LiveRun[];
  /** `pliny.archive`. */
  readonly ended: readonly EndedRun[];
  readonly resources: readonly RowState[];
  /** Workers whose lease runs. */
  readonly workers: readonly string[];
  readonly effects: readonly Effect[];
}

export interface LegalMove {
  readonly type: string;
  readonly from: string;
  readonly to: string;
}

export interface LogRow {
  readonly subject: string;
  readonly step: number;
  /** Null for a save. */
  readonly to: string | null;
  readonly nonce: string;
  readonly tx: string;
  readonly by: string | null;
}

export interface RowState {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly step: number;
}

export interface LiveRun extends RowState {
  readonly resourceId: string | null;
  readonly heldBy: string | null;
  readonly uniqueKey: string | null;
  /** Why it panicked. */
  readonly panic: string | null;
}

/** As it was before its end. */
export interface EndedRun extends RowState {
  readonly resourceId: string | null;
  readonly endedIn: string;
}

/** What a handler did outside, and the key that it was given for it. */
export interface Effect {
  readonly run: string;
  readonly step: number;
  readonly state: string;
  readonly key: string;
}

/** What this history has to keep. */
export interface Promised {
  /** Runs that somebody was told are started. */
  readonly started: readonly string[];
  /** Runs that need not have ended. */
  readonly mayWait: (run: LiveRun) => boolean;
  /** States whose handlers have an effect, by the type of the run; with where the run goes if nobody can tell whether it happened. */
  readonly effects: { readonly [type: string]: { readonly [state: string]: "again" | { readonly unknown: string } } };
  /** Tasks that a state of a resource starts, and at whose end the resource leaves it. */
  readonly waits: readonly Wait[];
}

export interface Wait {
  readonly resource: string;
  readonly state: string;
  readonly task: string;
}

type Rule = (history: History, promised: Promised) => readonly string[];

/** Each gives what speaks against it. */
export const rules: { readonly [rule: string]: Rule } = {
  "of all who hold a step one commits": ({ log }) => repeated(log.flatMap(({ subject, step, to }) => (to === null ? [] : [`${subject} at ${step}`]))),

  "steps have no gap": ({ log }) =>
    bySubject(log).flatMap(([subject, rows]) => {
      const steps = [...new Set(rows.map(({ step }) => step))];
      return steps.some((step, at) => step !== at + 1) ? [`${subject}: ${steps.join()}`] : [];
    }),

  "all begin where their type begins": (history) => movesIn(history).filter(({ from, ...move }) => from === null && !isMove(history.moves, { ...move, from: "__new__" })).map(told),

  "all moves are legal": (history) => movesIn(history).filter(({ from, ...move }) => from !== null && !isLegal(history.moves, { ...move, from })).map(told),

  "an end is recorded once": ({ log, live, ended, resources }) => {
    const ends = log.filter(({ to }) => to === "__stop__").map(({ subject }) => subject);
    const last = new Map(bySubject(log).map(([subject, rows]) => [subject, rows.at(-1)?.to]));
    const stopped = new Set([...ended, ...resources.filter(({ state }) => state === "__stop__")].map(({ id }) => id));
    return [
      ...repeated(ends).map((id) => `${id} ended twice`),
      ...repeated(ended.map(({ id }) => id)).map((id) => `${id} is in the archive twice`),
      ...ends.filter((id) => last.get(id) !== "__stop__").map((id) => `${id} went on`),
      ...ends.filter((id) => !stopped.has(id)).map((id) => `${id} is not in the archive`),
      ...[...stopped].filter((id) => !ends.includes(id)).map((id) => `${id} ended unseen`),
      ...live.filter(({ id }) => stopped.has(id) || ends.includes(id)).map(({ id }) => `${id} lives on`),
    ];
  },

  "nothing is lost": ({ log, live, ended, resources }, { started }) => {
    const rows = new Set([...live, ...ended, ...resources].map(({ id }) => id));
    const logged = new Set(log.map(({ subject }) => subject));
    return [...new Set([...started, ...logged])].filter((id) => !rows.has(id)).concat([...rows].filter((id) => !logged.has(id)));
  },

  "rows and log say the same": ({ log, live, ended, resources }) => {
    const bySubjects = new Map(bySubject(log));
    const differs = ({ id, state, step }: RowState, at: number): boolean => {
      const row = bySubjects.get(id)?.at(at);
      return row !== undefined && (row.to !== state || row.step !== step);
    };
    const alive = [...live, ...resources].filter((row) => differs(row, -1));
    const gone = ended.filter((run) => differs(run, -2) || differs({ ...run, state: run.endedIn, step: run.step + 1 }, -1));
    return [...alive, ...gone].map(({ id, state, step }) => `${id} in ${state} at ${step}`);
  },

  "a unique key is held once": ({ live }) => repeated(live.flatMap(({ uniqueKey }) => uniqueKey ?? [])),

  "no nonce is given twice": ({ log }) => repeated(log.map(({ nonce }) => nonce)),

  "the dead hold nothing": ({ live, workers }) => live.filter(({ heldBy }) => heldBy !== null && !workers.includes(heldBy)).map(({ id, heldBy }) => `${id} is held by ${heldBy}`),

  "all that was due got on": ({ live }, { mayWait }) => live.filter((run) => !mayWait(run)).map(({ id, state, panic }) => `${id} in ${state}${panic === null ? "" : `, for ${panic}`}`),

  "a key is of one step, and a step has one key": ({ effects }) => {
    const pairs = [...new Set(effects.map(({ run, step, key }) => `${run} at ${step} ${key}`))].map((pair) => pair.split(/ (?=\S+$)/));
    return [...repeated(pairs.map(([step = ""]) => step)), ...repeated(pairs.map(([, key = ""]) => key))];
  },

  "effects are as many as promised": (history, { effects: promised }) => {
    const counts = new Map<string, number>();
    for (const { run, step, state } of history.effects) counts.set(`${run} at ${step} in ${state}`, (counts.get(`${run} at ${step} in ${state}`) ?? 0) + 1);
    const against = movesIn(history).flatMap(({ subject, type, step, from, to }) => {
      const kind = from === null ? undefined : promised[type]?.[from];
      const name = `${subject} at ${step - 1} in ${from}`;
      const count = counts.get(name) ?? 0;
      counts.delete(name);
      if (kind === undefined) return [];
      const isDone = to !== "__panic__" && (kind === "again" ? isMove(history.moves, { type, from: from ?? "", to }) : to !== kind.unknown);
      return (count === 0 && isDone) || (count > 1 && kind !== "again") ? [`${count} of ${name}`] : [];
    });
    const open = new Set([...history.live].map(({ id, step, state }) => `${id} at ${step} in ${state}`));
    return [...against, ...[...counts].filter(([name, count]) => !open.has(name) || count === 0).map(([name]) => `one of ${name}, where it never was`)];
  },

  "a resource moves with the run that it waits for": (history, { waits }) => waits.flatMap((wait) => movedApart(history, wait)),
};

/** What speaks against a history, each with its rule; nothing if it is as promised. */
export function judgeHistory(history: History, promised: Promised): readonly string[] {
  return Object.entries(rules).flatMap(([name, rule]) => rule(history, promised).map((against) => `${name}: ${against}`));
}

/** What is entered starts a run, and is left with the run's end or panic, and no run ends alone: each pair in one transaction. */
function movedApart(history: History, { resource, state, task }: Wait): readonly string[] {
  const moves = movesIn(history);
  const owners = new Map([...history.live, ...history.ended].filter(({ type }) => type === task).map(({ id, resourceId }) => [id, resourceId]));
  const ofRuns = moves.filter(({ subject }) => owners.has(subject));
  const ofResources = moves.filter(({ type }) => type === resource);
  const together = (owner: string, tx: string, is: (move: Move) => boolean): boolean => ofRuns.some((move) => move.tx === tx && owners.get(move.subject) === owner && is(move));
  const panicked = new Set(ofRuns.filter(({ to }) => to === "__panic__").map(({ subject }) => subject));
  return [
    ...ofResources.filter(({ subject, to, tx }) => to === state && !together(subject, tx, ({ from }) => from === null || from === "__panic__")),
    ...ofResources.filter(({ subject, from, tx }) => from === state && !together(subject, tx, ({ to }) => to === "__stop__" || to === "__panic__" || to === "__exit__")),
    ...ofRuns.filter(({ subject, to, tx }) => to === "__stop__" && !panicked.has(subject) && !ofResources.some((move) => move.tx === tx && move.subject === owners.get(subject))),
  ].map(told);
}

/** A row of the log, with what it was before. */
interface Move extends RowMove {
  readonly subject: string;
  readonly step: number;
  readonly tx: string;
}

interface RowMove {
  readonly type: string;
  /** Null at the beginning. */
  readonly from: string | null;
  readonly to: string;
}

function movesIn({ log, live, ended, resources }: History): readonly Move[] {
  const types = new Map([...live, ...ended, ...resources].map(({ id, type }) => [id, type]));
  return bySubject(log).flatMap(([subject, rows]) =>
    rows.flatMap(({ step, to, tx }, at): readonly Move[] => (to === null ? [] : [{ subject, step, tx, type: types.get(subject) ?? "", from: rows[at - 1]?.to ?? null, to }])));
}

function told({ subject, from, to }: Move): string {
  return `${subject} from ${from ?? "its beginning"} to ${to}`;
}

/** The moves of each, in the order of their steps. */
function bySubject(log: readonly LogRow[]): readonly (readonly [string, readonly LogRow[]])[] {
  const found = new Map<string, LogRow[]>();
  for (const row of log.filter(({ to }) => to !== null).toSorted((left, right) => left.step - right.step)) {
    const rows = found.get(row.subject);
    if (rows === undefined) found.set(row.subject, [row]);
    else rows.push(row);
  }
  return [...found];
}

function repeated(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
}

function isMove(moves: readonly LegalMove[], { type, from, to }: LegalMove): boolean {
  return moves.some((move) => move.type === type && move.from === from && move.to === to);
}

/** Besides its own moves all but a stopped one may stop or panic, and one in panic may go to any of its states. */
function isLegal(moves: readonly LegalMove[], move: LegalMove): boolean {
  if (move.from === "__stop__") return false;
  if (move.to === "__stop__" || move.to === "__panic__" || isMove(moves, move)) return true;
  return move.from === "__panic__" && move.to !== "__new__" && moves.some(({ type, from, to }) => type === move.type && (from === move.to || to === move.to));
}

/** The rows of a database, with the resources of those tables, and the effects that were left in another. */
export async function readHistory(client: Client, outside: Client, tables: readonly string[] = []): Promise<History> {
  const resources: RowState[] = [];
  for (const table of tables) resources.push(...(await rowsOf<RowState>(client, `select id::text, type, state, step::int from app."${table}"`)));
  return {
    moves: await rowsOf(client, `select type, "from", "to" from pliny.move`),
    log: await rowsOf(client, `select subject::text, step::int, "to", nonce::text, tx::text, by from pliny.transition`),
    live: await rowsOf(
      client,
      `select id::text, type, state, step::int, resource_id::text as "resourceId", lease_by::text as "heldBy", encode(unique_key, 'hex') as "uniqueKey",
              panic ->> 'message' as panic from pliny.task`,
    ),
    ended: await rowsOf(
      client,
      `select id::text, type, row ->> 'state' as state, (row ->> 'step')::int as step, resource_id::text as "resourceId", row ->> 'ended_in' as "endedIn" from pliny.archive`,
    ),
    resources,
    workers: (await rowsOf<{ readonly id: string }>(client, "select id::text from pliny.worker where until > now()")).map(({ id }) => id),
    effects: await rowsOf(outside, "select run::text, step, state, key from effect"),
  };
}

async function rowsOf<Row>(client: Client, text: string): Promise<readonly Row[]> {
  // The statement names the columns as the row has them.
  return (await client.query(text)).rows as readonly Row[];
}
