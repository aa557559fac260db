// `<name>.ts`: the class of a resource, its dataset, what the runtime is told of it, and its tasks.

import type { Imports } from "../imports.js";
import { allFields, findResource, findTask, type Field, type Model, type Resource, type ResourceState, servedColumns, type Task, taskOf } from "../model.js";
import { camelCase, className, constantName, fileName, pascalCase, stringLiteral } from "../naming.js";
import { docComment, literal, mayBeNull, memberName, numberLiteral, objectText, resolve, type Scope, targetClass, typeText } from "./field-text.js";
import { derivedNames, nestedName, shapeName } from "./names.js";
import { hasDefaults } from "./shape.js";
import { accessors, checkLines, memberLines, optionalNumber, startType, upgradeLines } from "./task.js";

export interface ResourceView {
  readonly doc: readonly string[];
  readonly class: string;
  readonly constant: string;
  readonly base: string;
  readonly row: string;
  readonly verbs: readonly string[];
  readonly members: readonly string[];
  readonly datasetDoc: string;
  readonly dataset: string;
  /** A base's dataset is of whichever of the family. */
  readonly datasetParameters: string;
  readonly datasetBase: string;
  readonly datasetMembers: readonly string[];
  readonly createName: string;
  readonly filterName: string;
  readonly upgradesName: string;
  readonly checksName: string;
  readonly create: string;
  readonly createMembers: readonly string[];
  readonly filterHeritage: string;
  readonly filters: readonly string[];
  readonly typeType: string;
  readonly settings: readonly string[];
  readonly states: readonly string[];
  readonly codeParameters: string;
  readonly codeType: string;
  readonly codeMembers: string;
  readonly upgrades: readonly string[];
  readonly checks: readonly string[];
}

const runtime = "pliny/runtime";
const codec = "pliny/codec";

export function resourceView(model: Model, resource: Resource, imports: Imports): ResourceView {
  const own = pascalCase(resource.name);
  const derived = derivedNames(model, own);
  const shape = `./${fileName(resource.name)}.shape`;
  const scope = { model, imports, home: shape };
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  const dataset = pascalCase(resource.plural);
  const fields = imports.type(shape, derived("Fields"));
  const state = imports.type(shape, derived("State"));
  const parent = parentType(resource, scope);
  const required = allFields(model, resource).filter((field) => field.required);
  const upgrades = upgradeLines(resource, (version) => imports.type(shape, version === resource.version ? derived("Fields") : shapeName(model, derived("Fields"), version)), scope);
  const checks = checkLines(resource.fields, own, scope);
  const requiredNames = required.map((field) => stringLiteral(camelCase(field.name))).join(" | ");
  return {
    doc: docComment(resource, ""),
    class: own,
    constant: constantName(resource.name),
    base: base ? imports.value(`./${fileName(base.name)}`, pascalCase(base.name)) : imports.value(runtime, "Resource"),
    row: `${imports.type(runtime, "ResourceRow")}<${fields}, ${state}, ${parent}>`,
    verbs: verbs(resource, base, scope),
    members: [
      `override get state(): ${state} { return this._row.state; }`,
      ...(base ? [] : parentGetters(resource, parent)),
      ...accessors(resource.fields, own, scope),
      ...handleNames(model, resource).map(([name, runs]) => taskGetter(model, resource, name, runs, "TaskHandle", imports)),
    ].map((line) => `  ${line}`),
    datasetDoc: `A set of ${resource.plural.replaceAll("_", " ")}, picked by a filter.`,
    dataset,
    datasetParameters: resource.subtypes.length > 0 ? `<Item extends ${own} = ${own}>` : "",
    datasetBase: base
      ? `${imports.value(`./${fileName(base.name)}`, pascalCase(base.plural))}<${own}>`
      : `${imports.value(runtime, "Dataset")}<${resource.subtypes.length > 0 ? "Item" : own}>`,
    datasetMembers: datasetMembers(resource, base, scope),
    createName: derived("Create"),
    filterName: derived("Filter"),
    upgradesName: derived("Upgrades"),
    checksName: derived("Checks"),
    create: `${imports.type(codec, "Given")}<${fields}${requiredNames === "" ? "" : `, ${requiredNames}`}>`,
    createMembers: resource.parent === null ? [] : [`readonly parent: ${pascalCase(resource.parent)} | ${parent};`],
    filterHeritage: base ? ` extends ${imports.type(`./${fileName(base.name)}`, derivedNames(model, pascalCase(base.name))("Filter"))}` : "",
    filters: filters(resource, base, shape, scope),
    typeType: `${imports.type(runtime, "ResourceType")}<${own}>`,
    settings: settings(resource, base, shape, imports),
    states: resource.states.map((one) => `${memberName(one.name)}: ${stateText(model, resource, one)},`),
    codeParameters: [...(upgrades.length > 0 ? [`upgrades: ${derived("Upgrades")}`] : []), ...(checks.length > 0 ? [`checks: ${derived("Checks")}`] : [])].join(", "),
    codeType: imports.type(runtime, "ResourceCode"),
    codeMembers: [`type: ${constantName(resource.name)}Type`, ...(upgrades.length > 0 ? ["upgrades"] : []), ...(checks.length > 0 ? ["checks"] : [])].join(", "),
    upgrades,
    checks,
  };
}

function parentType(resource: Resource, scope: Scope): string {
  if (resource.parent === null) return "null";
  const parent = scope.imports.type(`./${fileName(resource.parent)}`, pascalCase(resource.parent));
  return `${scope.imports.type(codec, "Ref")}<${parent}>`;
}

function parentGetters(resource: Resource, parent: string): readonly string[] {
  if (resource.parent === null) return [];
  return [`get parent(): ${parent} { return this._row.parent; }`, `get ${camelCase(resource.parent)}(): ${parent} { return this._row.parent; }`];
}

function verbs(resource: Resource, base: Resource | undefined, { imports, model, home }: Scope): readonly string[] {
  const own = pascalCase(resource.name);
  const derived = derivedNames(model, own);
  const type = `${constantName(resource.name)}Type`;
  const over = base ? "override " : "";
  const [pliny, options, promise] = [imports.type(runtime, "Pliny"), imports.type(runtime, "WriteOptions"), imports.global("Promise")];
  const dataset = pascalCase(resource.plural);
  const changes = imports.type(home, derived("Changes"));
  return [
    `static ${over}create(pliny: ${pliny}, values: ${derived("Create")}, options?: ${options}): ${promise}<${own}> {`,
    `  return pliny.create(${type}, values, options);`,
    "}",
    `static ${over}get(pliny: ${pliny}, id: string): ${promise}<${own}> {`,
    `  return pliny.get(${type}, id);`,
    "}",
    `static ${over}where(pliny: ${pliny}, filter?: ${derived("Filter")}): ${dataset} {`,
    `  return new ${dataset}(pliny, ${type}, filter);`,
    "}",
    `${over}save(values?: ${changes}, options?: ${options}): ${promise}<void> {`,
    "  return this._save(values, options);",
    "}",
    `${over}transition(to: ${imports.type(home, derived("Move"))}, values?: ${changes}, why?: string, options?: ${options}): ${promise}<void> {`,
    "  return this._move(to, values, why, options);",
    "}",
  ];
}

/** The names by which a resource calls tasks, each with the tasks a run of it may be of: a subtype may have its own in the base's place. */
function handleNames(model: Model, resource: Resource): readonly (readonly [string, readonly Task[]])[] {
  return resource.tasks.map((task) => {
    const narrower = resource.subtypes.flatMap((subtype) => findTask(model, `${subtype}.${task.name}`) ?? []);
    return [task.name, [task, ...narrower]] as const;
  });
}

function taskGetter(model: Model, resource: Resource, name: string, runs: readonly Task[], kind: "TaskHandle" | "TaskSet", imports: Imports): string {
  const [task] = runs;
  if (!task) throw new Error(`${resource.name} has no task ${name}`);
  const classes = runs.map((run) => imports.type(`./${fileName(run.of ?? run.name)}`, className(run.qualifiedName))).join(" | ");
  const replaces = resource.base !== null && findTask(model, `${resource.base}.${name}`) !== undefined;
  const type = `${imports.type(runtime, kind)}<${classes}, ${startType(model, task, imports)}>`;
  return `${replaces ? "override " : ""}get ${camelCase(name)}(): ${type} { return this._runs(${constantName(task.qualifiedName)}Type); }`;
}

function datasetMembers(resource: Resource, base: Resource | undefined, scope: Scope): readonly string[] {
  const { imports, model } = scope;
  const [promise, over] = [imports.global("Promise"), base ? "override " : ""];
  const derived = derivedNames(model, pascalCase(resource.name));
  const [changes, options] = [imports.type(scope.home, derived("Changes")), imports.type(runtime, "WriteOptions")];
  return [
    ...handleNames(model, resource).map(([name, runs]) => taskGetter(model, resource, name, runs, "TaskSet", imports)),
    `${over}breakdown(by: keyof ${derived("Filter")}): ${promise}<${imports.global("ReadonlyMap")}<string, number>> { return this._breakdown(by); }`,
    `${over}update(values: ${changes}, options?: ${options}): ${promise}<number> { return this._update(values, options); }`,
  ];
}

/** Types whose order means something to a filter. */
const ranges: ReadonlySet<Field["type"]["kind"]> = new Set(["string", "int", "float", "bigint", "decimal", "date", "time", "duration"]);

function filters(resource: Resource, base: Resource | undefined, shape: string, scope: Scope): readonly string[] {
  const { imports, model } = scope;
  const derived = derivedNames(model, pascalCase(resource.name));
  const match = (type: string): string => `${imports.type(runtime, "Match")}<${type}>`;
  const inherited = new Set(base ? servedColumns(model, base) : []);
  return servedColumns(model, resource).flatMap((column) => {
    if (column === "state") return [`readonly state?: ${match(imports.type(shape, derived("State")))};`];
    if (inherited.has(column)) return [];
    if (column === "created_at") return [`readonly createdAt?: ${imports.type(runtime, "Range")}<${imports.global("Date")}>;`];
    if (column === "parent") {
      if (resource.parent === null) return [];
      const parent = parentType(resource, scope);
      return [`readonly parent?: ${match(`${pascalCase(resource.parent)} | ${parent}`)};`];
    }
    const field = allFields(model, resource).find((one) => one.name === column);
    return field ? [`readonly ${camelCase(column)}?: ${filterType(field, base?.fields.includes(field) ? base : resource, scope)};`] : [];
  });
}

/** What a filter may ask of a field; `declaring` is the resource whose spec has the field. */
export function filterType(field: Field, declaring: Resource, scope: Scope): string {
  const { imports, model } = scope;
  const name = nestedName(model, pascalCase(declaring.name), field.name);
  const type = typeText(field.type, name, { ...scope, home: `./${fileName(declaring.name)}.shape` });
  const sorts = field.encrypted === null && ranges.has(resolve(field.type, model).kind);
  const target = targetClass(field.type, scope);
  const filter = `${imports.type(runtime, sorts ? "Range" : "Match")}<${target === null ? type : `${target} | ${type}`}>`;
  return mayBeNull(field, model) ? `${filter} | null` : filter;
}

function settings(resource: Resource, base: Resource | undefined, shape: string, imports: Imports): readonly string[] {
  const constant = constantName(resource.name);
  // A subtype's own hold its base's too; where it has none, they are its base's.
  const withDefaults = [resource, base].find((one) => one !== undefined && hasDefaults(one));
  const replaced = new Map([...(base?.replaced ?? []), ...resource.replaced].map(({ from, to }) => [from, to]));
  const columns = (indexes: Resource["indexes"]): string | undefined => (indexes.length > 0 ? literal(indexes.map((index) => index.columns)) : undefined);
  return memberLines({
    name: stringLiteral(resource.name),
    key: resource.key === resource.name ? undefined : stringLiteral(resource.key),
    plural: stringLiteral(resource.plural),
    extends: resource.base === null ? undefined : stringLiteral(resource.base),
    parent: resource.parent === null ? undefined : stringLiteral(resource.parent),
    version: String(resource.version),
    write: resource.write === resource.version ? undefined : String(resource.write),
    oldest: resource.oldest === 1 ? undefined : String(resource.oldest),
    class: pascalCase(resource.name),
    fields: objectText({
      codec: imports.value(shape, `${constant}Codec`),
      rules: imports.value(shape, `${constant}Rules`),
      defaults: withDefaults && imports.value(`./${fileName(withDefaults.name)}.shape`, `${constantName(withDefaults.name)}Defaults`),
    }),
    replaced: replaced.size > 0 ? `{ ${[...replaced].map(([from, to]) => `${memberName(from)}: ${stringLiteral(to)}`).join(", ")} }` : undefined,
    unique: columns(resource.unique),
    indexes: columns(resource.indexes),
    archive: objectText({ afterMs: numberLiteral(resource.archive.afterMs), keepMs: optionalNumber(resource.archive.keepMs) }),
    ownKey: resource.ownKey ? "true" : undefined,
  });
}

function stateText(model: Model, resource: Resource, state: ResourceState): string {
  const starts = state.starts === null ? undefined : (taskOf(model, resource, state.starts)?.qualifiedName ?? state.starts);
  const text = (value: string | null): string | undefined => (value === null ? undefined : stringLiteral(value));
  return objectText({
    to: state.to.length > 0 ? literal(state.to) : undefined,
    starts: starts === undefined ? undefined : stringLiteral(starts),
    then: text(state.then),
    else: text(state.else),
    timeoutMs: optionalNumber(state.timeoutMs),
    onTimeout: text(state.onTimeout),
    expectMs: optionalNumber(state.expectMs),
    alarmMs: optionalNumber(state.alarmMs),
  });
}
