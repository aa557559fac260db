// `docs/`: pages for people. One a resource, one for the named types, one for the tasks that hang off nothing, and an index.

import type { SpecValue } from "../document.js";
import { header } from "../header.js";
import {
  allFields, allTasks, findResource, findTask,
  type Deprecated, type Element, type EnumValue, type Field, type FieldType, type Model, type NamedType, type Replaced, type Resource, type Task, type Tombstone, type Upgrade,
} from "../model.js";
import { fileName, kebabCase, markdownCode as code, markdownText as words } from "../naming.js";
import { durationText } from "../scalars.js";
import { render } from "../templates.js";
import { resourceDiagram, taskDiagram } from "./diagrams.js";
import { checkedTypes, mayBeNull, resolve } from "./field-text.js";
import { tableName } from "./schema.js";
import { viewName } from "./sql-views.js";

/** All pages, by paths under `generated/`. */
export function docPages(model: Model): readonly DocPage[] {
  return [...sharedPages(model), ...model.resources.map((resource) => resourceDoc(model, resource))];
}

export interface DocPage {
  readonly path: string;
  readonly text: string;
}

/** The page of one resource. */
export function resourceDoc(model: Model, resource: Resource): DocPage {
  return { path: `docs/${pageOf(resource.name)}`, text: resourcePage(model, resource) };
}

/** The pages that are of no one resource. */
export function sharedPages(model: Model): readonly DocPage[] {
  const types = model.types.length > 0 ? [{ path: "docs/types.md", text: typesPage(model) }] : [];
  const tasks = model.tasks.length > 0 ? [{ path: "docs/tasks.md", text: tasksPage(model) }] : [];
  return [{ path: "docs/README.md", text: indexPage(model) }, ...types, ...tasks];
}

/** `readme.md` is the index on a disk that ignores case. */
function pageOf(resourceName: string): string {
  const page = fileName(resourceName);
  return page === "readme" ? "readme-.md" : `${page}.md`;
}

function indexPage(model: Model): string {
  const row = (element: Element, link: string): readonly string[] => [link, firstParagraph(element.doc)];
  return render("docs-index.md", {
    header: header(["specs/"], "markdown"),
    resources: table(["Resource", "What it is"], model.resources.map((resource) => row(resource, resourceLink(resource.name)))),
    types: table(["Type", "What it is"], model.types.map((type) => row(type, typeLink(type.name)))),
    tasks: table(["Task", "What it does"], model.tasks.map((task) => row(task, taskLink(model, task.qualifiedName)))),
  });
}

function typesPage(model: Model): string {
  return render("docs-types.md", {
    header: header(sourcesOf(model.types), "markdown"),
    types: model.types.map((type) => ({ title: words(type.name), about: about(type), definition: definition(model, type) })),
  });
}

function definition(model: Model, type: NamedType): string {
  if (type.is.kind === "record") return fieldTable(model, type.is.fields);
  const { field } = type.is;
  return paragraphs([[typeText(model, field.type), rules(model, field)].filter((part) => part !== "").join("; "), ...enumNotes(field)]);
}

function tasksPage(model: Model): string {
  return render("docs-tasks.md", { header: header(sourcesOf(model.tasks), "markdown"), tasks: model.tasks.map((task) => taskView(model, task)) });
}

function resourcePage(model: Model, resource: Resource): string {
  const fields = allFields(model, resource);
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  return render("docs.md", {
    header: header(sourcesOf([resource, ...resource.tasks]), "markdown"),
    title: words(resource.name),
    about: about(resource),
    facts: resourceFacts(model, resource),
    fields: fieldTable(model, fields),
    removed: removedTable(model, [...(base?.removed ?? []), ...resource.removed]),
    versions: versionList(resource, fields),
    diagram: resourceDiagram(resource),
    states: table(
      ["State", "Starts", "Time limit", "What it means"],
      resource.states.map((state) => [
        code(state.name),
        state.starts === null ? "" : resourceTaskLink(model, resource, state.starts),
        state.timeoutMs === null ? "" : durationText(state.timeoutMs),
        sentences([words(state.doc ?? ""), deprecation(state.deprecated), stability(state), slowness(state)]),
      ]),
    ),
    moves: table(["From", "To", "When"], resourceMoves(model, resource)),
    replaced: replacedList([...(base?.replaced ?? []), ...resource.replaced]),
    tasks: allTasks(model, resource)
      .filter((task) => task.of === resource.name)
      .map((task) => taskView(model, task)),
    inherited: allTasks(model, resource)
      .filter((task) => task.of !== resource.name)
      .map((task) => `- ${taskLink(model, task.qualifiedName)}`)
      .join("\n"),
    api: apiTable(model, resource),
    indexes: indexTable(model, resource),
  });
}

function resourceFacts(model: Model, resource: Resource): string {
  const root = findResource(model, resource.root) ?? resource;
  const links = (names: readonly string[]): string => names.map(resourceLink).join(", ");
  const { version, write, oldest, archive } = resource;
  return facts([
    ["Belongs to", resource.parent === null ? "" : resourceLink(resource.parent)],
    ["Owns", links(resource.children)],
    ["Extends", resource.base === null ? "" : resourceLink(resource.base)],
    ["Extended by", links(resource.subtypes)],
    ["Stored as", `${code(resource.key)} in table ${code(tableName(root))}, shown by view ${code(viewName(resource))}`],
    ["Version", `${version}${write === version ? "" : `, written as ${write}`}${oldest === 1 ? "" : `, read from ${oldest} on`}`],
    ["Archived", `${durationText(archive.afterMs)} after it stops, and kept ${archive.keepMs === null ? "for ever" : durationText(archive.keepMs)}`],
    ["Secrets", resource.ownKey ? "Encrypted with a key of its own: destroying that makes them unreadable." : ""],
  ]);
}

// Fields

function fieldTable(model: Model, fields: readonly Field[]): string {
  const rows = fields.flatMap((field) => fieldRows(model, field, ""));
  const notes = fields.flatMap(enumNotes);
  return paragraphs([table(["Field", "Type", "If absent", "Rules", "Since", "What it is"], rows), ...notes]);
}

/** A field, and the fields of a record written in place below it. */
function fieldRows(model: Model, field: Field, within: string): readonly (readonly string[])[] {
  const name = `${within}${field.name}`;
  const row = [
    code(name),
    field.encrypted ? `secret ${typeText(model, field.type)}` : typeText(model, field.type),
    absence(model, field),
    rules(model, field),
    field.since === 1 ? "" : String(field.since),
    sentences([
      words(field.doc ?? ""),
      field.encrypted ? `Encrypted${field.encrypted.lookup ? "; found by its exact value" : ""}.` : "",
      field.key === field.name ? "" : `Stored as ${code(field.key)}.`,
      deprecation(field.deprecated),
      stability(field),
    ]),
  ];
  const inner = field.type.kind === "record" ? field.type.fields.flatMap((member) => fieldRows(model, member, `${name}.`)) : [];
  return [row, ...inner];
}

function absence(model: Model, field: Field): string {
  if (field.default !== undefined) return value(field.default);
  if (field.required) return "required";
  return mayBeNull(field, model) ? "null" : "empty";
}

/** A value of the spec. A text stands as it is, quoted only where one could not see where it begins and ends. */
function value(written: SpecValue): string {
  // JSON has no words for what is no finite number.
  const isPlain = typeof written === "number" || (typeof written === "string" && written !== "" && written.trim() === written);
  return code(isPlain ? String(written) : JSON.stringify(written));
}

function typeText(model: Model, type: FieldType): string {
  switch (type.kind) {
    case "list":
    case "set":
    case "dict":
      return `${type.kind} of ${typeText(model, type.of)}`;
    case "map":
      return `map from ${typeText(model, type.keys)} to ${typeText(model, type.of)}`;
    case "enum":
      return `enum: ${type.values.map((each) => value(each.value)).join(", ")}`;
    case "named":
      return typeLink(type.name);
    case "resource":
      return `reference to ${resourceLink(type.name)}`;
    case "task":
      return `run of ${taskLink(model, type.name)}`;
    default:
      return type.kind;
  }
}

/** What a value must be, besides of its type. */
function rules(model: Model, field: Field): string {
  return [...typeRules(model, field.type), field.immutable ? "never changes once set" : "", field.check || checkedTypes(field.type, model).length > 0 ? "checked by code" : ""].filter((rule) => rule !== "").join("; ");
}

function typeRules(model: Model, type: FieldType): readonly string[] {
  switch (type.kind) {
    case "string":
      return [range(type.min, type.max, "characters"), type.pattern === null ? "" : `matches ${code(type.pattern)}`];
    case "int":
    case "bigint":
      return [range(type.min, type.max, ""), unitText(type.unit)];
    case "float":
      return [range(type.min, type.max, ""), unitText(type.unit), type.special ? "may be NaN or infinite" : ""];
    case "decimal":
      return [range(type.min, type.max, ""), type.scale === null ? "" : `${type.scale} digits after the point`];
    case "date":
    case "time":
      return [range(type.min, type.max, "")];
    case "duration":
      return [range(type.min === null ? null : durationText(type.min), type.max === null ? null : durationText(type.max), "")];
    case "bytes":
      return [range(type.min, type.max, "bytes")];
    case "enum":
      return [type.open ? "other values are kept" : ""];
    case "list":
    case "set":
    case "dict":
    case "map": {
      const each = typeRules(model, type.of).filter((rule) => rule !== "");
      return [range(type.min, type.max, "items"), each.length === 0 ? "" : `each ${each.join(", ")}`];
    }
    case "named":
      return resolve(type, model).kind === "enum" ? typeRules(model, resolve(type, model)) : [];
    default:
      return [];
  }
}

function unitText(unit: string | null): string {
  return unit === null ? "" : `in ${words(unit)}`;
}

function range(min: number | string | null, max: number | string | null, unit: string): string {
  const of = unit === "" ? "" : ` ${unit}`;
  if (min !== null && max !== null) return min === max ? `exactly ${min}${of}` : `${min} to ${max}${of}`;
  if (min !== null) return `at least ${min}${of}`;
  return max === null ? "" : `at most ${max}${of}`;
}

/** What the table has no room for: which values came when, what each means, which are read as another. */
function enumNotes(field: Field): readonly string[] {
  const type = enumWithin(field.type);
  if (type === null) return [];
  const note = ({ value: text, since, doc, deprecated }: EnumValue): string => {
    const said = sentences([words(doc ?? ""), since > 1 ? `Since version ${since}.` : "", deprecation(deprecated)]);
    return said === "" ? "" : `- ${value(text)}: ${said}`;
  };
  const notes = [...type.values.map(note).filter((line) => line !== ""), ...type.replaced.map(replacedLine)];
  return notes.length === 0 ? [] : [`Values of ${code(field.name)}:`, notes.join("\n")];
}

function enumWithin(type: FieldType): Extract<FieldType, { readonly kind: "enum" }> | null {
  if (type.kind === "enum") return type;
  return type.kind === "list" || type.kind === "set" || type.kind === "dict" || type.kind === "map" ? enumWithin(type.of) : null;
}

function replacedLine({ from, to }: Replaced): string {
  return `- ${value(from)} is no more: it reads as ${value(to)}.`;
}

function replacedList(replaced: readonly Replaced[]): string {
  return replaced.map(replacedLine).join("\n");
}

function removedTable(model: Model, removed: readonly Tombstone[]): string {
  const rows = removed.map((field) => [
    code(field.name),
    typeText(model, field.type),
    field.until === null ? `${field.since} on, left within the newest` : field.until - 1 === field.since ? String(field.since) : `${field.since} to ${field.until - 1}`,
    sentences([words(field.doc ?? ""), field.key === field.name ? "" : `Stored as ${code(field.key)}.`]),
  ]);
  return table(["Field", "Type", "In versions", "What it was"], rows);
}

/** Newest first: what a shape has that the one before had not, and how a value of that becomes one of this. */
function versionList(machine: Versioned, fields: readonly Field[]): string {
  const versions = Array.from({ length: machine.version - 1 }, (_, at) => machine.version - at);
  const lines = versions.map((version) => {
    const added = [...fields, ...machine.removed].filter((field) => field.since === version).map((field) => code(field.name));
    const gone = machine.removed.filter((field) => field.until === version).map((field) => code(field.name));
    const values = fields.flatMap((field) =>
      (enumWithin(field.type)?.values ?? []).filter((each) => each.since === version).map((each) => `${value(each.value)} in ${code(field.name)}`),
    );
    const sealed = fields.filter((field) => field.encrypted?.since === version).map((field) => code(field.name));
    const upgrade = machine.upgrades.find((candidate) => candidate.version === version);
    const parts = [
      added.length > 0 ? `adds ${added.join(", ")}` : "",
      values.length > 0 ? `adds the values ${values.join(", ")}` : "",
      gone.length > 0 ? `drops ${gone.join(", ")}` : "",
      sealed.length > 0 ? `encrypts ${sealed.join(", ")}` : "",
      upgrade ? upgradeText(upgrade) : "",
    ].filter((part) => part !== "");
    return `- **${version}**${parts.length > 0 ? `: ${parts.join("; ")}` : ""}.`;
  });
  return lines.join("\n");
}

interface Versioned {
  readonly version: number;
  readonly removed: readonly Tombstone[];
  readonly upgrades: readonly Upgrade[];
}

function upgradeText(upgrade: Upgrade): string {
  if (upgrade.set === null) return "older values are upgraded by code";
  return `where absent, ${upgrade.set.map(({ field, value: constant }) => `${code(field)} becomes ${value(constant)}`).join(", ")}`;
}

// States

function resourceMoves(model: Model, resource: Resource): readonly (readonly string[])[] {
  const asked = new Set(resource.api?.moves.map((move) => move.state));
  return resource.states.flatMap((state) => {
    const task = state.starts === null ? "" : resourceTaskLink(model, resource, state.starts);
    const row = (to: string | null, when: string): readonly (readonly string[])[] => (to === null ? [] : [[code(state.name), code(to), when]]);
    return [
      ...row(state.then, `${task} succeeds`),
      ...row(state.else, `${task} fails`),
      ...(state.timeoutMs === null ? [] : row(state.onTimeout, `after ${durationText(state.timeoutMs)}`)),
      ...state.to.flatMap((to) => row(to, asked.has(to) || resource.api?.delete === to ? "asked for, also through the API" : "asked for")),
    ];
  });
}

function slowness(state: { readonly expectMs: number | null; readonly alarmMs: number | null }): string {
  const parts = [
    state.expectMs === null ? "" : `slow after ${durationText(state.expectMs)}`,
    state.alarmMs === null ? "" : `an alarm after ${durationText(state.alarmMs)}`,
  ].filter((part) => part !== "");
  const [start = "", ...rest] = parts;
  return start === "" ? "" : `${start.slice(0, 1).toUpperCase()}${[start, ...rest].join(", ").slice(1)}.`;
}

// Tasks

function taskView(model: Model, task: Task): object {
  const of = task.of === null ? undefined : findResource(model, task.of);
  return {
    title: words(task.name),
    about: about(task),
    facts: taskFacts(model, task, of),
    args: fieldTable(model, task.args),
    fields: fieldTable(model, task.fields),
    removed: removedTable(model, task.removed),
    versions: versionList(task, [...task.args, ...task.fields]),
    diagram: taskDiagram(task),
    states: table(
      ["State", "Goes to", "Time limit", "Tries", "What it does"],
      task.states.map((state) => [
        code(state.name),
        state.to.map(code).join(", "),
        `${durationText(state.timeoutMs)}, then ${code(state.onTimeout)}`,
        `${state.retry.max}${state.retry.max > 1 ? `, ${backoff(state.retry.backoffMs)} apart` : ""}`,
        sentences([
          words(state.doc ?? ""),
          deprecation(state.deprecated),
          stability(state),
          state.pollMs === null ? "" : `Asked again every ${durationText(state.pollMs)}.`,
          state.spawns.length === 0 ? "" : `Starts ${state.spawns.map((spawn) => taskLink(model, spawn.task)).join(", ")} and waits for ${state.join === "all" ? "all" : "one"} of them.`,
          state.onUnknown === null ? "" : `Where its effect is unknown, goes to ${code(state.onUnknown)}.`,
          state.breaker === null ? "" : `Behind the breaker ${code(state.breaker)}.`,
          slowness(state),
        ]),
      ]),
    ),
    replaced: replacedList(task.replaced),
  };
}

function taskFacts(model: Model, task: Task, of: Resource | undefined): string {
  const uniqueness = {
    resource: task.of === null ? "at most one run at a time" : `at most one run at a time for each ${words(task.of)}`,
    args: "at most one run at a time for the same args",
    none: "any number of runs at a time",
  } as const;
  const { concurrency, rate } = task.limit;
  const starts = of?.states.filter((state) => state.starts === task.name).map((state) => `when it enters ${code(state.name)}`) ?? [];
  const triggers = task.triggers.map((trigger) => {
    const ends = { success: "succeeds", failure: "fails", any: "ends" }[trigger.ends];
    return `when ${of ? resourceTaskLink(model, of, trigger.task) : code(trigger.task)} ${ends}`;
  });
  const scheduled = task.every
    ? [
        `every ${durationText(task.every.intervalMs)}${task.every.while === null ? "" : ` while ${task.every.while.map(code).join(" or ")}`}` +
          `${task.every.spread ? ", spread over the interval" : ""}; of what was missed, ${{ skip: "none", latest: "the latest", all: "all" }[task.every.missed]}`,
      ]
    : [];
  return facts([
    ["Stored as", code(task.qualifiedKey)],
    ["Version", `${task.version}${task.write === task.version ? "" : `, written as ${task.write}`}${task.oldest === 1 ? "" : `, read from ${task.oldest} on`}`],
    ["Takes the place of", task.replacesBase && of && of.base !== null ? taskLink(model, `${of.base}.${task.name}`) : ""],
    ["Starts by itself", [...starts, ...triggers, ...scheduled].join("; ")],
    ["May be started", task.while === null ? "" : `while ${task.while.map(code).join(" or ")}`],
    ["Waits for", task.shouldStart ? "its own code to say that it should start" : ""],
    ["Ends early", task.shouldStop ? "when its own code says that it should stop" : ""],
    ["Runs", uniqueness[task.unique]],
    ["Queue", [task.lane === null ? "" : `lane ${code(task.lane)}`, task.priority === 0 ? "" : `priority ${task.priority}`].filter((part) => part !== "").join(", ")],
    [
      "Limits",
      [concurrency === null ? "" : `${concurrency} runs at once`, rate === null ? "" : `${rate.count} starts in ${durationText(rate.perMs)}`].filter((part) => part !== "").join(", "),
    ],
    ["Time limit", task.timeoutMs === null ? "" : durationText(task.timeoutMs)],
    ["In panic", task.onPanic === null ? "waits for a person" : task.onPanic === "escalate" ? "what it acts on panics too" : `goes to ${code(task.onPanic)}`],
    ["Before the end", task.onStop ? "runs its own code, however it ends" : ""],
    ["A finished run", `stays readable for ${durationText(task.keepMs)}`],
  ]);
}

function backoff({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? durationText(min) : `${durationText(min)} to ${durationText(max)}`;
}

// API and indexes

function apiTable(model: Model, resource: Resource): string {
  const { api } = resource;
  if (api === null) return "";
  const root = `/${kebabCase(resource.plural)}`;
  const one = `${root}/{id}`;
  const list = (names: readonly string[]): string => names.map(code).join(", ");
  const fieldsOf = (names: readonly string[], nothing: string): string => (names.length === 0 ? nothing : `with ${list(names)}`);
  const asked = [
    api.list === null ? "" : api.list.filter.length > 0 ? `filter by ${list(api.list.filter)}` : "",
    api.list === null ? "" : api.list.sort.length > 0 ? `sort by ${list(api.list.sort)}` : "",
  ].filter((part) => part !== "");
  const given = [...(resource.parent === null ? [] : [resource.parent]), ...(api.create ?? [])];
  const rows = [
    ...(api.list === null ? [] : [["GET", root, `List; ${asked.join("; ")}`.replace(/; $/, "")]]),
    ...(api.create === null ? [] : [["POST", root, `Create ${fieldsOf(given, "")}`.trim()]]),
    ...(api.get ? [["GET", one, "One"]] : []),
    ...(api.update === null ? [] : [["PATCH", one, `Change ${list(api.update)}`]]),
    ...api.moves.map(({ state, fields }) => ["POST", `${one}/moves/${state}`, `Move to ${code(state)} ${fieldsOf(fields, "")}`.trim()]),
    ...(api.delete === null ? [] : [["DELETE", one, `Move to ${code(api.delete)}`]]),
    ...api.start.map((task) => ["POST", `${one}/tasks/${task}`, `Start ${resourceTaskLink(model, resource, task)}`]),
  ];
  const notes = [
    api.hide.length === 0 ? "" : `Never shown: ${list(api.hide)}.`,
    api.strict ? "Whoever changes one must say which version was seen (`If-Match`)." : "",
  ].filter((note) => note !== "");
  return paragraphs([table(["Method", "Path", "What it does"], rows.map(([method = "", path = "", what = ""]) => [method, code(path), what])), notes.join(" ")]);
}

function indexTable(model: Model, resource: Resource): string {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  const names = (columns: readonly string[]): string => columns.map(code).join(", ");
  const of = [...(base ? [base] : []), resource];
  return table(
    ["Index", "Fields"],
    [
      ...of.flatMap((owner) => owner.unique.map(({ columns }) => ["unique among those not stopped", names(columns)])),
      ...of.flatMap((owner) => owner.indexes.map(({ columns }) => ["", names(columns)])),
      ...(resource.parent === null ? [] : [["always", code("parent")]]),
      ["always", code("state")],
      ["always", code("created_at")],
      ...allFields(model, resource)
        .filter((field) => field.encrypted?.lookup === true)
        .map((field) => ["blind, for equality", code(field.name)]),
    ],
  );
}

// What pages are made of

/** What every element may carry, as paragraphs. */
function about(element: Element): string {
  return paragraphs([...docParagraphs(element.doc), deprecation(element.deprecated), stability(element)]);
}

function deprecation(deprecated: Deprecated | null): string {
  if (deprecated === null) return "";
  const { since, sunset, use } = deprecated;
  return `**Deprecated**${since === null ? "" : ` since ${since}`}${sunset === null ? "" : `, gone after ${sunset}`}.${use === null ? "" : ` Use ${words(use)}.`}`;
}

function stability(element: Pick<Element, "stability">): string {
  return element.stability === "stable" ? "" : `**${element.stability === "draft" ? "Draft" : "Beta"}**: it may still change.`;
}

/** A blank line parts paragraphs. */
function docParagraphs(doc: string | null): readonly string[] {
  return doc === null ? [] : doc.split(/(?:\r\n|\r|\n)[^\S\r\n]*(?:\r\n|\r|\n)/).map((paragraph) => words(paragraph));
}

function firstParagraph(doc: string | null): string {
  return docParagraphs(doc)[0] ?? "";
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}

function sentences(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** A table, or nothing where it has no rows. The cells are Markdown. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  // A column that says nothing is left out.
  const kept = head.flatMap((_, column) => (rows.some((row) => (row[column] ?? "") !== "") ? [column] : []));
  const line = (cells: readonly string[]): string => `| ${kept.map((column) => cells[column] ?? "").join(" | ")} |`;
  return [line(head), `|${kept.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

function facts(rows: readonly (readonly [string, string])[]): string {
  return rows.filter(([, value]) => value !== "").map(([name, value]) => `- ${name}: ${value}`).join("\n");
}

function resourceLink(name: string): string {
  return `[${words(name)}](${pageOf(name)})`;
}

function typeLink(name: string): string {
  return `[${words(name)}](types.md#${name})`;
}

/** By its qualified name. */
function taskLink(model: Model, qualifiedName: string): string {
  const task = findTask(model, qualifiedName);
  const page = task === undefined || task.of === null ? "tasks.md" : pageOf(task.of);
  return `[${words(qualifiedName)}](${page}#task-${task?.name ?? qualifiedName})`;
}

/** By the name that a resource calls it by. */
function resourceTaskLink(model: Model, resource: Resource, name: string): string {
  const own = findTask(model, `${resource.name}.${name}`) ?? (resource.base === null ? undefined : findTask(model, `${resource.base}.${name}`));
  if (own === undefined) return taskLink(model, name);
  return `[${words(name)}](${own.of === null ? "tasks.md" : pageOf(own.of)}#task-${own.name})`;
}

function sourcesOf(elements: readonly Element[]): readonly string[] {
  return [...new Set(elements.map((element) => element.at.document.file.path))].sort();
}
