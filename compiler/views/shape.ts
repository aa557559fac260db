// `<name>.shape.ts`: what is stored and sent of a resource and its tasks. Interfaces, enums, codecs and the rules of given values.

import type { Imports } from "../imports.js";
import type { Field, Model, Resource, Task, Tombstone } from "../model.js";
import { allFields, findResource, inShape } from "../model.js";
import { camelCase, className, commentText, constantName, fileName, pascalCase, stringLiteral } from "../naming.js";
import {
  declarationsOf,
  defaultText,
  docComment,
  enumConstant,
  enumTable,
  fieldType,
  isFlat,
  mayBeNull,
  memberName,
  readMember,
  rulesText,
  type Scope,
  textMember,
  unionText,
  writeMember,
} from "./field-text.js";
import { derivedNames, nestedName, shapeName } from "./names.js";
import { remembersAnything, shapeModule } from "./task.js";

/** A stored record as the template shows it: an interface, its defaults, its rules and its codec. */
export interface RecordView {
  readonly doc: readonly string[];
  readonly name: string;
  readonly constant: string;
  /** ` extends DatabaseFields`, or nothing. */
  readonly heritage: string;
  readonly members: readonly string[];
  readonly defaults: DefaultsView | null;
  readonly rules: readonly string[];
  readonly rulesType: string;
  readonly codecType: string;
  readonly version: number;
  readonly keys: string;
  /** Nothing where there was only ever one shape. */
  readonly history: readonly string[];
  readonly encode: readonly string[];
  /** Nothing where it is not flat. */
  readonly text: readonly string[];
  readonly decode: readonly string[];
  readonly decodeParameters: string;
  readonly encodeParameters: string;
}

export interface DefaultsView {
  readonly name: string;
  readonly type: string;
  readonly members: readonly string[];
}

/** An enum, a record inside a field, or a union of states. */
export interface DeclarationView {
  readonly lines: readonly string[];
}

export interface ShapeView {
  readonly declarations: readonly DeclarationView[];
  readonly records: readonly RecordView[];
}

const codec = "pliny/codec";

export function resourceShape(model: Model, resource: Resource, imports: Imports): ShapeView {
  const own = pascalCase(resource.name);
  const derived = derivedNames(model, own);
  const scope = { model, imports, home: `./${fileName(resource.name)}.shape` };
  const records = [resourceRecord(resource, scope)];
  const declarations = [stateUnion(derived("State"), familyStates(model, resource)), moveUnion(model, resource), changesType(resource, scope), ...nested([...resource.fields, ...formerFields(resource)], own, scope)];
  for (const task of resource.tasks) {
    const shape = taskShape(model, task, imports);
    declarations.push(...shape.declarations);
    records.push(...shape.records);
  }
  const older = olderShapes(resource, (version) => [olderShape(resource, { name: derived("Fields"), prefix: own, version, fields: resource.fields, removed: resource.removed }, scope)]);
  return { declarations: [...declarations, ...older], records };
}

export function taskShape(model: Model, task: Task, imports: Imports): ShapeView {
  const own = className(task.qualifiedName);
  const derived = derivedNames(model, own);
  const scope = { model, imports, home: shapeModule(task) };
  const declarations = [
    stateUnion(derived("State"), [...(task.shouldStart ? ["new"] : []), ...task.states.map((state) => state.name)]),
    ...nested(task.args, `${own}Args`, scope),
    ...nested([...task.fields, ...formerFields(task)], own, scope),
    ...olderShapes(task, (version) => [
      ...(!remembersAnything(task)
        ? []
        : [olderShape(task, { name: derived("Fields"), prefix: own, version, fields: task.fields, removed: task.removed }, scope)]),
      ...(task.args.length === 0 ? [] : [olderShape(task, { name: derived("Args"), prefix: `${own}Args`, version, fields: task.args, removed: [] }, scope)]),
    ]),
  ];
  const records: RecordView[] = [];
  if (task.args.length > 0) {
    const constant = `${constantName(task.qualifiedName)}Args`;
    records.push(recordView({ name: derived("Args"), constant, prefix: `${own}Args`, fields: task.args, all: task.args, removed: [], of: task, doc: [] }, scope));
    declarations.push(startType(task, scope));
  }
  if (remembersAnything(task)) {
    const { fields, removed } = task;
    records.push(recordView({ name: derived("Fields"), constant: constantName(task.qualifiedName), prefix: own, fields, all: fields, removed, of: task, doc: [] }, scope));
  }
  return { declarations, records };
}

/** What a caller gives to start a run; nothing at all where nothing is required. */
function startType(task: Task, scope: Scope): DeclarationView {
  const derived = derivedNames(scope.model, className(task.qualifiedName));
  const required = task.args.filter((arg) => arg.required);
  const given = scope.imports.type(codec, "Given");
  const names = required.map((arg) => `, ${stringLiteral(camelCase(arg.name))}`).join(" |").replace(/ \|, /g, " | ");
  return { lines: [`export type ${derived("Start")} = ${given}<${derived("Args")}${names}>${required.length === 0 ? " | void" : ""};`] };
}

function stateUnion(name: string, states: readonly string[]): DeclarationView {
  return { lines: [`export type ${name} = ${[...states, "stop", "panic"].map(stringLiteral).join(" | ")};`] };
}

/** Where somebody may ask a resource to go. */
function moveUnion(model: Model, resource: Resource): DeclarationView {
  const family = [resource, ...resource.subtypes.flatMap((name) => findResource(model, name) ?? [])];
  const targets = new Set(family.flatMap((member) => member.states.flatMap((state) => state.to)));
  const states = [...familyStates(model, resource).filter((state) => targets.has(state)), "stop", "panic"];
  return { lines: [`export type ${derivedNames(model, pascalCase(resource.name))("Move")} = ${states.map(stringLiteral).join(" | ")};`] };
}

/** What may be given to change it: all but what was fixed when it was made. */
function changesType(resource: Resource, scope: Scope): DeclarationView {
  const derived = derivedNames(scope.model, pascalCase(resource.name));
  const fixed = allFields(scope.model, resource).filter((field) => field.immutable && !mayBeNull(field, scope.model));
  const names = fixed.map((field) => stringLiteral(camelCase(field.name))).join(" | ");
  const fields = fixed.length === 0 ? derived("Fields") : `${scope.imports.global("Omit")}<${derived("Fields")}, ${names}>`;
  return { lines: [`export type ${derived("Changes")} = ${scope.imports.type(codec, "Given")}<${fields}>;`] };
}

/** What a base promises is typed over its whole family. */
function familyStates(model: Model, resource: Resource): readonly string[] {
  const family = [resource, ...resource.subtypes.flatMap((name) => findResource(model, name) ?? [])];
  return [...new Set(family.flatMap((member) => member.states.map((state) => state.name)))];
}

function nested(fields: readonly Field[], prefix: string, scope: Scope): readonly DeclarationView[] {
  return fields.flatMap((field) =>
    declarationsOf(scope.model, field.type, nestedName(scope.model, prefix, field.name), field.doc).map((declaration) => declarationView(declaration, scope)),
  );
}

export function declarationView({ name, type, doc }: ReturnType<typeof declarationsOf>[number], scope: Scope): DeclarationView {
  const { imports } = scope;
  const comment = docComment({ doc }, "");
  if (type.kind === "enum") {
    const union = unionText(type.values);
    return {
      lines: [
        ...comment,
        ...enumUnion(name, type, type.open ? `${imports.type(codec, "Open")}<${union}>` : union),
        `export const ${enumConstant(name)}: ${imports.type(codec, "EnumValues")}<${name}> = ${enumTable(type)};`,
      ],
    };
  }
  return { lines: [...comment, ...recordLines(name, type.fields, scope)] };
}

/** One line; where a value has something to say of itself, a value a line. */
function enumUnion(name: string, type: Extract<Field["type"], { readonly kind: "enum" }>, union: string): readonly string[] {
  const told = type.values.some((value) => value.doc !== null || value.deprecated !== null);
  if (!told) return [`export type ${name} = ${union};`];
  const values = type.values.flatMap((value) => [...docComment(value, "  "), `  | ${stringLiteral(value.value)}`]);
  if (!type.open) return [`export type ${name} =`, ...values.slice(0, -1), `${values.at(-1) ?? ""};`];
  return [`export type ${name} = ${union.slice(0, union.indexOf("<"))}<`, ...values, ">;"];
}

/** A record that is no root of storage: its interface, and a function each way. */
export function recordLines(name: string, fields: readonly Field[], scope: Scope): readonly string[] {
  const { imports } = scope;
  const [json, reading, writing] = [imports.type(codec, "Json"), imports.type(codec, "Reading"), imports.type(codec, "Writing")];
  const own = (field: Field): string => nestedName(scope.model, name, field.name);
  return [
    `export interface ${name} {`,
    ...interfaceMembers(fields, name, scope),
    "}",
    `export function read${name}(json: ${json}, at: ${reading}): ${name} {`,
    `  const record = ${imports.value(codec, "readRecord")}(json);`,
    "  return {",
    ...fields.map((field) => `    ${camelCase(field.name)}: ${readMember(field, own(field), scope, null)},`),
    "  };",
    "}",
    `export function write${name}(fields: ${name}, at: ${writing}): ${json} {`,
    `  ${imports.value(codec, "checkRecord")}(fields);`,
    "  return {",
    ...inWireOrder(fields).map((field) => `    ${memberName(field.key)}: ${writeMember(field, own(field), scope)},`),
    "  };",
    "}",
  ];
}

function interfaceMembers(fields: readonly Field[], prefix: string, scope: Scope): readonly string[] {
  return fields.flatMap((field) => [
    ...docComment(field, "  "),
    `  readonly ${camelCase(field.name)}: ${fieldType(field, nestedName(scope.model, prefix, field.name), scope)};`,
  ]);
}

/** RFC 8785: by UTF-16 units. */
function inWireOrder(fields: readonly Field[]): readonly Field[] {
  return [...fields].sort((left, right) => (left.key < right.key ? -1 : 1));
}

function resourceRecord(resource: Resource, scope: Scope): RecordView {
  const own = pascalCase(resource.name);
  const derived = derivedNames(scope.model, own);
  const base = resource.base === null ? undefined : findResource(scope.model, resource.base);
  const doc = docComment({ doc: `What is remembered of each ${resource.name.replaceAll("_", " ")}.` }, "");
  const { fields, removed } = resource;
  const all = allFields(scope.model, resource);
  const view = recordView({ name: derived("Fields"), constant: constantName(resource.name), prefix: own, fields, all, removed, of: resource, doc }, scope);
  if (!base) return view;
  const basePrefix = pascalCase(base.name);
  const baseShape = `./${fileName(base.name)}.shape`;
  const { imports } = scope;
  const inherited = new Set([...base.fields, ...base.removed].map((field) => field.name));
  const naming: Naming = (field) =>
    inherited.has(field.name)
      ? { name: nestedName(scope.model, basePrefix, field.name), scope: { ...scope, home: baseShape } }
      : { name: nestedName(scope.model, own, field.name), scope };
  const encode = memberWriters(all, naming);
  return {
    ...view,
    keys: keysText(all),
    history: historyLines({ of: { ...resource, upgrades: base.upgrades }, record: derivedNames(scope.model, basePrefix)("Fields"), fields: all, removed: [...base.removed, ...removed], upgraded: base.removed }, naming, { ...scope, home: baseShape }),
    heritage: ` extends ${imports.type(baseShape, derivedNames(scope.model, basePrefix)("Fields"))}`,
    defaults: view.defaults === null || !hasDefaults(base) ? view.defaults : withBaseDefaults(view.defaults, resource, base, scope),
    rules: [`...${imports.value(baseShape, `${constantName(base.name)}Rules`)},`, ...view.rules],
    encode,
    encodeParameters: encode.length > 0 ? "fields, at" : "",
    decode: [`...${imports.value(baseShape, `${constantName(base.name)}Codec`)}.decode(record, at),`, ...view.decode],
    decodeParameters: "record, at",
  };
}

/** A subtype with defaults of its own has its base's among them. */
function withBaseDefaults(own: DefaultsView, resource: Resource, base: Resource, { imports, model }: Scope): DefaultsView {
  const inherited = imports.value(`./${fileName(base.name)}.shape`, `${constantName(base.name)}Defaults`);
  const record = derivedNames(model, pascalCase(resource.name))("Fields");
  return { name: own.name, type: defaultsType(record, allFields(model, resource), imports), members: [`...${inherited},`, ...own.members] };
}

/** Whether it has a constant that holds defaults. */
export function hasDefaults(resource: Resource): boolean {
  return resource.fields.some((field) => field.default !== undefined);
}

function defaultsType(record: string, fields: readonly Field[], imports: Imports): string {
  const names = fields.filter((field) => field.default !== undefined).map((field) => stringLiteral(camelCase(field.name)));
  return `${imports.global("Pick")}<${record}, ${names.join(" | ")}>`;
}

interface RecordOf {
  readonly name: string;
  readonly constant: string;
  /** What the names of enums and records inside begin with. */
  readonly prefix: string;
  readonly fields: readonly Field[];
  /** With those of its base, if it has one. */
  readonly all: readonly Field[];
  readonly removed: readonly Tombstone[];
  readonly of: Resource | Task;
  readonly doc: readonly string[];
}

/** What the types in a field are called, and where. */
type Naming = (field: Field) => { readonly name: string; readonly scope: Scope };

function recordView({ name, constant, prefix, fields, all, removed, of, doc }: RecordOf, scope: Scope): RecordView {
  const { imports, model } = scope;
  const naming: Naming = (field) => ({ name: nestedName(model, prefix, field.name), scope });
  const withDefault = fields.filter((field) => field.default !== undefined);
  const defaults: DefaultsView | null =
    withDefault.length === 0
      ? null
      : {
          name: `${constant}Defaults`,
          type: defaultsType(name, fields, imports),
          members: withDefault.map((field) => `${camelCase(field.name)}: ${defaultText(field, scope)},`),
        };
  const rules = fields.flatMap((field) => {
    const text = rulesText(field, scope, { type: null, path: "", isRoot: true, write: of.write });
    return text === undefined ? [] : [`${camelCase(field.name)}: ${text},`];
  });
  const empty = fields.length === 0;
  return {
    doc,
    name,
    constant,
    heritage: "",
    members: interfaceMembers(fields, prefix, scope),
    defaults,
    rules,
    rulesType: `${imports.type(codec, "Rules")}<${name}>`,
    codecType: `${imports.type(codec, "Codec")}<${name}>`,
    version: of.version,
    keys: keysText(fields),
    history: historyLines({ of, record: name, fields, removed, upgraded: removed }, naming, scope),
    encode: memberWriters(fields, naming),
    text: textMembers(all, scope),
    decode: memberReaders(fields, naming, defaults?.name ?? null),
    encodeParameters: empty ? "" : "fields, at",
    decodeParameters: empty ? "" : "record, at",
  };
}

function keysText(fields: readonly Field[]): string {
  return `[${fields.map(({ key }) => stringLiteral(key)).join(", ")}]`;
}

function memberWriters(fields: readonly Field[], naming: Naming): readonly string[] {
  return inWireOrder(fields).map((field) => {
    const { name, scope } = naming(field);
    return `${memberName(field.key)}: ${writeMember(field, name, scope)},`;
  });
}

function textMembers(fields: readonly Field[], scope: Scope): readonly string[] {
  if (!isFlat(fields)) return [];
  return inWireOrder(fields).flatMap((field) => textMember(field, scope) ?? []);
}

function memberReaders(fields: readonly Field[], naming: Naming, defaults: string | null): readonly string[] {
  return fields.map((field) => {
    const { name, scope } = naming(field);
    return `${camelCase(field.name)}: ${readMember(field, name, scope, defaults)},`;
  });
}

interface HistoryOf {
  readonly of: Pick<Resource | Task, "version" | "write" | "oldest" | "upgrades" | "removed">;
  /** The interface of its newest shape. */
  readonly record: string;
  readonly fields: readonly Field[];
  readonly removed: readonly Tombstone[];
  /** Those of `removed` that upgrades know: a subtype's are its base's. */
  readonly upgraded: readonly Tombstone[];
}

/** What tells its shapes from each other, as `History` of the codec has it. */
function historyLines({ of, record, fields, removed, upgraded }: HistoryOf, naming: Naming, { imports, model, home }: Scope): readonly string[] {
  const shapes = [...fields, ...removed].filter((field) => field.since > 1 || removed.some((one) => one === field));
  const shapeOf = (field: Field & Partial<Tombstone>): string => `[${[field.since, field.until ?? []].flat().join(", ")}]`;
  const read = formerFields({ ...of, removed: upgraded });
  const back = of.upgrades.find(({ version, set }) => set === null && version > of.write);
  const written = back ? read.filter((field) => inShape(field, of.write) && inShape(field, back.version - 1)) : [];
  const constants = of.upgrades.flatMap(({ version, set }) => {
    const members = (set ?? []).flatMap(({ field, value }) => {
      const declared = [...fields, ...removed].find(({ name }) => name === field);
      return declared ? [`${camelCase(field)}: ${defaultText({ ...declared, default: value }, naming(declared).scope)}`] : [];
    });
    return members.length === 0 || version <= of.oldest ? [] : [`${version}: { ${members.join(", ")} }`];
  });
  const sealed = fields.flatMap((field) => {
    const since = field.encrypted?.since ?? null;
    return since === null || since <= of.oldest ? [] : [{ field, since }];
  });
  const lines = [
    ...(of.oldest > 1 ? [`oldest: ${of.oldest},`] : []),
    ...(of.write < of.version ? [`write: ${of.write},`] : []),
    ...(shapes.length > 0 ? [`shapes: { ${inWireOrder(shapes).map((field) => `${memberName(field.key)}: ${shapeOf(field)}`).join(", ")} },`] : []),
    ...(sealed.length > 0 ? [`sealed: { ${sealed.map(({ field, since }) => `${memberName(field.key)}: ${since}`).join(", ")} },`] : []),
    ...(constants.length > 0 ? [`set: { ${constants.join(", ")} },`] : []),
    ...(read.length > 0 ? ["decode(record, at) {", "  return {", ...memberReaders(read, naming, null).map((line) => `    ${line}`), "  };", "},"] : []),
  ];
  if (back === undefined || written.length === 0) return lines;
  const older = imports.type(home, shapeName(model, record, back.version - 1));
  const members = written.map((field) => stringLiteral(camelCase(field.name))).join(" | ");
  return [
    ...lines,
    `encode(fields: ${imports.global("Pick")}<${older}, ${members}>, at) {`,
    "  return {",
    ...memberWriters(written, naming).map((line) => `    ${line}`),
    "  };",
    "},",
  ];
}

/** Fields that are no more and that a hand-written upgrade may ask for, each of which may be absent. */
function formerFields(of: Pick<Resource | Task, "oldest" | "upgrades" | "removed">): readonly Tombstone[] {
  const codes = of.upgrades.filter(({ version, set }) => set === null && version > of.oldest);
  const asked = of.removed.filter((field) => codes.some(({ version }) => inShape(field, version - 1) || inShape(field, version)));
  return asked.map((field) => ({ ...field, required: false, default: undefined }));
}

/** Older shapes that hand-written upgrades are given. Nothing that an old release wrote is trusted to be complete, so all may be null. */
function olderShapes(of: Resource | Task, shapes: (version: number) => readonly DeclarationView[]): readonly DeclarationView[] {
  const versions = new Set(of.upgrades.filter((upgrade) => upgrade.set === null).flatMap(({ version }) => [version - 1, version]));
  return [...versions].filter((version) => version < of.version).sort((left, right) => left - right).flatMap(shapes);
}

interface OlderShape {
  readonly name: string;
  /** What the names of enums and records inside begin with. */
  readonly prefix: string;
  readonly version: number;
  readonly fields: readonly Field[];
  readonly removed: readonly Tombstone[];
}

function olderShape(of: Resource | Task, { name, prefix, version, fields, removed }: OlderShape, scope: Scope): DeclarationView {
  const { imports, model } = scope;
  const own = shapeName(model, name, version);
  const later = fields.filter((field) => field.since > version);
  const dropped = removed.filter((field) => inShape(field, version));
  const kept = later.length === 0 ? name : `${imports.global("Omit")}<${name}, ${later.map((field) => stringLiteral(camelCase(field.name))).join(" | ")}>`;
  const older = later.length === fields.length ? null : `${imports.type(codec, "Older")}<${kept}>`;
  const doc = commentText(`Shape ${version} of ${of.name}.`).map((line) => `/** ${line} */`);
  if (dropped.length === 0) return { lines: [...doc, `export type ${own} = ${older ?? "object"};`] };
  const members = dropped.map((field) => `  readonly ${camelCase(field.name)}: ${orNull(fieldType(field, nestedName(model, prefix, field.name), scope))};`);
  return { lines: [...doc, `export interface ${own}${older === null ? "" : ` extends ${older}`} {`, ...members, "}"] };
}

function orNull(text: string): string {
  return text.endsWith("| null") || text === "unknown" ? text : `${text} | null`;
}
