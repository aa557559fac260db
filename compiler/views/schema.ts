// `schema.sql`: what an empty database needs besides the runtime's own steps. One table a root resource, its indexes, its triggers, and the
// legal moves of everything that has states.

import { header } from "../header.js";
import { findResource, type Index, type Model, type Replaced, type Resource, type Task } from "../model.js";
import { commentText, sqlIdentifier, sqlString } from "../naming.js";
import { render } from "../templates.js";
import { blindIndex, indexColumn } from "./sql-columns.js";

/** The reserved states as they are stored. */
const storedStates: ReadonlyMap<string, string> = new Map([
  ["new", "__new__"],
  ["stop", "__stop__"],
  ["panic", "__panic__"],
]);

/** Where a run with `on_stop` passes before it ends. */
const exitState = "__exit__";

/** A state as the database spells it. */
export function storedState(state: string): string {
  return storedStates.get(state) ?? state;
}

export function schemaSql(model: Model): string {
  const roots = parentsFirst(model, model.resources.filter((resource) => resource.base === null));
  const machines = [...model.resources, ...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
  return render("schema.sql", {
    header: header(["specs/"], "sql"),
    tables: roots.map((root) => tableView(model, root)),
    machines: machines.map((machine) => ({ moves: legalMoves(model, machine).map(moveRow).join(",\n") })),
  });
}

/** The table of a root resource: `app."database"`. */
export function tableName(root: Resource): string {
  return `app.${sqlIdentifier(root.key)}`;
}

function tableView(model: Model, root: Resource): object {
  const parent = root.parent === null ? undefined : findResource(model, root.parent);
  const parentRoot = parent && findResource(model, parent.root);
  const family = [root, ...root.subtypes.flatMap((name) => findResource(model, name) ?? [])];
  const doc = root.doc === null ? [] : commentText(root.doc);
  const subtypes = family.slice(1).map((subtype) => subtype.name);
  return {
    doc: [...doc, ...(subtypes.length > 0 ? [`Also holds every ${subtypes.join(", ")}.`] : [])].map((line) => `\n-- ${line}`.trimEnd()).join(""),
    table: tableName(root),
    primaryKey: objectName(root.key, "id"),
    parent: parentRoot ? `uuid not null constraint ${objectName(root.key, "parent")} references ${tableName(parentRoot)}` : "uuid",
    indexes: [...new Set(family.flatMap((resource) => indexesOf(model, root, resource)))],
  };
}

/** The statements that make a resource's indexes: those that every table has, its own, and one to find each secret by. */
function indexesOf(model: Model, root: Resource, resource: Resource): readonly string[] {
  const table = tableName(root);
  const always = ["parent", "state", "created_at"].filter((column) => column !== "parent" || root.parent !== null);
  const ownRows = resource === root ? [] : [`type = ${sqlString(resource.key)}`];
  const plain = (columns: readonly string[]): string => indexStatement(model, resource, { table, kind: "index", columns, where: ownRows });
  const unique = ({ columns }: Index): string => indexStatement(model, resource, { table, kind: "unique", columns, where: ["state <> '__stop__'", ...ownRows] });
  const lookups = resource.fields
    .filter((field) => field.encrypted?.lookup === true)
    .map((field) => `create index ${objectName(resource.key, "lookup", field.key)} on ${table} using gin ((${blindIndex(field)}) jsonb_path_ops);`);
  const secretKeys = `create index ${objectName(root.key, "vault_keys")} on ${table} using gin (vault_keys) where vault_keys is not null;`;
  return [
    ...(resource === root ? [...always.map((column) => plain([column])), secretKeys] : []),
    ...resource.unique.map(unique),
    ...resource.indexes.map(({ columns }) => plain(columns)),
    ...lookups,
  ];
}

interface IndexText {
  readonly table: string;
  readonly kind: "unique" | "index";
  readonly columns: readonly string[];
  readonly where: readonly string[];
}

function indexStatement(model: Model, resource: Resource, { table, kind, columns, where }: IndexText): string {
  const read = columns.flatMap((name) => indexColumn(model, resource, name) ?? []);
  const list = read.map((column) => (column.isExpression ? `(${column.sql})` : column.sql)).join(", ");
  const name = objectName(resource.key, kind, ...read.map((column) => column.key));
  const create = kind === "unique" ? "create unique index" : "create index";
  return `${create} ${name} on ${table} (${list})${where.length > 0 ? ` where ${where.join(" and ")}` : ""};`;
}

/** `"database-unique-parent-name"`. A dash is in no name of a spec, so no two things that are made share one, nor does a table or a view. */
function objectName(...parts: readonly string[]): string {
  return sqlIdentifier(parts.join("-"));
}

interface Move {
  readonly type: string;
  readonly from: string;
  readonly to: string;
}

function moveRow({ type, from, to }: Move): string {
  return `  (${[type, from, to].map(sqlString).join(", ")})`;
}

/**
 * The moves of a machine, by stored names: those that its spec writes, and those that follow from it. Moves into `__panic__`, which are always legal,
 * are no rows; moves into `__stop__` are always legal too, and those that the spec writes are rows for whoever reads them.
 */
export function legalMoves(model: Model, machine: Resource | Task): readonly Move[] {
  const { type, first, moves } = machine.kind === "resource" ? resourceMoves(machine) : taskMoves(machine);
  const next = (from: string): readonly string[] => moves.filter((move) => move.from === from).map((move) => move.to);
  // What is found in a state that is gone goes on as if it were in the one that replaces it: there, or straight to where that leads.
  const replaced = replacedOf(model, machine).flatMap(({ from, to }) => [to, ...next(to)].map((target) => ({ from, to: target })));
  const all = [{ from: "new", to: first }, ...moves, ...replaced].filter(({ from, to }) => to !== "panic" && (from !== to || from === "new"));
  const rows = all.map(({ from, to }) => ({ type, from: storedState(from), to: storedState(to) }));
  return [...new Map(rows.map((row) => [`${row.from} ${row.to}`, row])).values()];
}

interface MachineMoves {
  readonly type: string;
  readonly first: string;
  readonly moves: readonly { readonly from: string; readonly to: string }[];
}

function resourceMoves(resource: Resource): MachineMoves {
  return {
    type: resource.key,
    first: resource.states[0]?.name ?? "stop",
    moves: resource.states.flatMap((state) =>
      [...state.to, state.then, state.else, state.onTimeout].flatMap((to) => (to === null ? [] : [{ from: state.name, to }])),
    ),
  };
}

function taskMoves(task: Task): MachineMoves {
  const states = task.states.flatMap((state) =>
    [...state.to, state.onTimeout, state.onUnknown].flatMap((to) => (to === null ? [] : [{ from: state.name, to }])),
  );
  const names = task.states.map((state) => state.name);
  // It is inserted in `new` and waits there until `should_start` says yes.
  const waits = task.shouldStart ? [{ from: "new", to: "new" }] : [];
  // However it ends, it passes the exit first.
  const exits = task.onStop ? [...(task.shouldStart ? ["new"] : []), ...names].map((from) => ({ from, to: exitState })) : [];
  return {
    type: task.qualifiedKey,
    first: names[0] ?? "stop",
    moves: [...waits, ...states, ...exits, ...(task.onStop ? [{ from: exitState, to: "stop" }] : [])],
  };
}

/** A subtype has its base's too. */
function replacedOf(model: Model, machine: Resource | Task): readonly Replaced[] {
  const base = machine.kind === "resource" && machine.base !== null ? findResource(model, machine.base) : undefined;
  return [...(base?.replaced ?? []), ...machine.replaced];
}

/** Resources so that each comes after the one that its rows belong to; else in the order given. A family may belong to itself. */
function parentsFirst(model: Model, roots: readonly Resource[]): readonly Resource[] {
  const ordered = new Set<Resource>();
  const visit = (root: Resource, visited: readonly Resource[]): void => {
    if (ordered.has(root) || visited.includes(root)) return;
    const parent = root.parent === null ? undefined : findResource(model, root.parent);
    const parentRoot = parent && findResource(model, parent.root);
    if (parentRoot) visit(parentRoot, [...visited, root]);
    ordered.add(root);
  };
  for (const root of roots) visit(root, []);
  return [...ordered];
}
