// Model → the text of every generated file. Picks the view and the template; decides nothing else.

import { fingerprintsOf } from "./fingerprint.js";
import { generatedBy } from "./header.js";
import { Imports } from "./imports.js";
import { languageSchema } from "./keywords.js";
import { type Field, type Model, type Resource, type Task, watchModel } from "./model.js";
import { className, fileName, pascalCase } from "./naming.js";
import { render } from "./templates.js";
import { apiView, declaredApi } from "./views/api.js";
import { resourceDoc, sharedPages } from "./views/docs.js";
import { declarationsOf } from "./views/field-text.js";
import { indexView } from "./views/index-file.js";
import { derivedNames, nestedName, specified } from "./views/names.js";
import { resourceView } from "./views/resource.js";
import { schemaSql } from "./views/schema.js";
import { resourceShape, taskShape } from "./views/shape.js";
import { viewsSql } from "./views/sql-views.js";
import { taskView } from "./views/task.js";
import { declaredTypes, typesView } from "./views/types.js";
import { vectorFiles } from "./views/vectors.js";

/** One generated file. `path` is relative to the generated folder and uses `/`. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** What was made of one resource or one global task, and what of the model that depends on: each with its fingerprint. */
export interface Unit {
  readonly name: string;
  /** Worked out when it is asked for: who remembers nothing need not pay for it. */
  readonly asked: () => ReadonlyMap<string, string>;
  readonly paths: readonly string[];
  /** None where all of it stands there already. */
  readonly files: readonly GeneratedFile[];
}

/** A unit as the last time, where nothing that it asked for has another fingerprint since and its files still stand there; else null. */
export type Recall = (unit: string, fingerprint: (asked: string) => string) => Unit | null;

export interface Emitted {
  readonly files: readonly GeneratedFile[];
  /** Paths of what was not made again. */
  readonly kept: readonly string[];
  readonly units: readonly Unit[];
}

/** All files of a model, by path. */
export function emitFiles(model: Model): readonly GeneratedFile[] {
  return emitUnits(model, () => null).files;
}

/** The same, where what was made before need not be made again. */
export function emitUnits(model: Model, recall: Recall): Emitted {
  // Whoever comes later has to see the names first, or the one who sees them would have asked for everything.
  specified(model);
  const fingerprint = fingerprintsOf(model);
  const unit = (name: string, make: (model: Model) => readonly GeneratedFile[]): Unit => {
    const known = recall(name, fingerprint);
    if (known) return known;
    const { watched, asked } = watchModel(model);
    const files = make(watched);
    const paths = files.map((file) => file.path);
    return { name, asked: () => new Map([name, ...namesOf(asked)].map((one) => [one, fingerprint(one)])), paths, files };
  };
  const units = [
    ...model.resources.map((resource) => unit(`resource ${resource.name}`, (watched) => resourceFiles(watched, resource))),
    ...model.tasks.map((task) => unit(`task ${task.qualifiedName}`, (watched) => taskFiles(watched, task))),
  ];
  const files = [
    ...units.flatMap((one) => one.files),
    ...(model.types.length > 0 ? [typesFile(model)] : []),
    ...(model.resources.some((resource) => resource.api !== null) ? [apiFile(model)] : []),
    indexFile(model),
    { path: "schema.sql", text: schemaSql(model) },
    { path: "views.sql", text: viewsSql(model) },
    languageFile(),
    configFile(),
    ...sharedPages(model),
  ];
  const kept = units.flatMap((one) => (one.files.length === 0 ? one.paths : []));
  return { files: files.sort((left, right) => (left.path < right.path ? -1 : 1)), kept, units };
}

/** All that was asked for, as `fingerprintsOf` takes it. The config and the names of all classes are always looked at. */
function namesOf({ resources, types, tasks, everything }: ReturnType<typeof watchModel>["asked"]): readonly string[] {
  const of = (kind: string, names: ReadonlySet<string>): readonly string[] => [...names].map((name) => `${kind} ${name}`);
  return ["names", ...of("resource", resources), ...of("type", types), ...of("task", tasks), ...(everything ? ["everything"] : [])];
}

function resourceFiles(model: Model, resource: Resource): readonly GeneratedFile[] {
  const name = fileName(resource.name);
  const { imports: extension } = model.config;
  const shapeImports = new Imports(`./${name}.shape`, shapeNames(model, resource));
  const shape = resourceShape(model, resource, shapeImports);
  const imports = new Imports(`./${name}`, resourceNames(model, resource));
  const view = resourceView(model, resource, imports);
  const tasks = resource.tasks.map((task) => render("task.ts", taskView(model, task, imports)));
  const sources = [resource, ...resource.tasks].map((element) => element.at.document.file.path);
  const header = generatedBy([...new Set(sources)].sort());
  return [
    { path: `${name}.ts`, text: render("resource.ts", { ...view, tasks, header, imports: imports.print(extension) }) },
    { path: `${name}.shape.ts`, text: render("shape.ts", { ...shape, header, imports: shapeImports.print(extension) }) },
    resourceDoc(model, resource),
    ...[resource, ...resource.tasks].flatMap((of) => vectorFiles(model, of)),
  ];
}

function taskFiles(model: Model, task: Task): readonly GeneratedFile[] {
  const name = fileName(task.name);
  const { imports: extension } = model.config;
  const header = generatedBy([task.at.document.file.path]);
  const shapeImports = new Imports(`./${name}.shape`, taskShapeNames(model, task));
  const shape = taskShape(model, task, shapeImports);
  const imports = new Imports(`./${name}`, taskNames(model, task));
  const tasks = [render("task.ts", taskView(model, task, imports))];
  return [
    { path: `${name}.ts`, text: render("tasks.ts", { tasks, header, imports: imports.print(extension) }) },
    { path: `${name}.shape.ts`, text: render("shape.ts", { ...shape, header, imports: shapeImports.print(extension) }) },
    ...vectorFiles(model, task),
  ];
}

function typesFile(model: Model): GeneratedFile {
  const imports = new Imports("./types", declaredTypes(model));
  const declarations = typesView(model, imports);
  const sources = [...new Set(model.types.map((type) => type.at.document.file.path))].sort();
  return { path: "types.ts", text: render("types.ts", { declarations, header: generatedBy(sources), imports: imports.print(model.config.imports) }) };
}

function apiFile(model: Model): GeneratedFile {
  const imports = new Imports("./api", declaredApi(model));
  const view = apiView(model, imports);
  return { path: "api.ts", text: render("api.ts", { ...view, header: generatedBy(["specs/"]), imports: imports.print(model.config.imports) }) };
}

function indexFile(model: Model): GeneratedFile {
  const imports = new Imports("./index", ["Code", "createApp"]);
  const view = indexView(model, imports);
  return { path: "index.ts", text: render("index.ts", { ...view, header: generatedBy(["specs/"]), imports: imports.print(model.config.imports) }) };
}

/** The schema of the spec language for editors, a definition a line. JSON has no comments, so its first member carries our header. */
function languageFile(): GeneratedFile {
  const { definitions, ...rest } = languageSchema();
  const head = JSON.stringify({ $comment: generatedBy(["the keywords of its language"]), ...rest });
  const lines = Object.entries(definitions ?? {}).map(([name, schema]) => `${JSON.stringify(name)}: ${JSON.stringify(schema)}`);
  return { path: "schema/pliny.schema.json", text: `${head.slice(0, -1)}, "definitions": {\n${lines.join(",\n")}\n}}\n` };
}

/** The schema of `pliny.yaml`: a definition of the other. */
function configFile(): GeneratedFile {
  const schema = { $comment: generatedBy(["the keywords of its language"]), $ref: "pliny.schema.json#/definitions/config" };
  return { path: "schema/pliny-config.schema.json", text: `${JSON.stringify(schema)}\n` };
}

// The names that a file declares, which an import must not take.

function resourceNames(model: Model, resource: Resource): readonly string[] {
  const own = pascalCase(resource.name);
  const endings = (["Create", "Filter", "Upgrades", "Checks"] as const).map(derivedNames(model, own));
  return [own, pascalCase(resource.plural), ...endings, ...resource.tasks.flatMap((task) => taskNames(model, task))];
}

function taskNames(model: Model, task: Task): readonly string[] {
  const own = className(task.qualifiedName);
  return [own, ...(["Handlers", "Upgrades", "Checks"] as const).map(derivedNames(model, own))];
}

function shapeNames(model: Model, resource: Resource): readonly string[] {
  const own = pascalCase(resource.name);
  const endings = (["Fields", "State", "Move", "Changes"] as const).map(derivedNames(model, own));
  return [...endings, ...nestedNames(model, [...resource.fields, ...resource.removed], own), ...resource.tasks.flatMap((task) => taskShapeNames(model, task))];
}

function taskShapeNames(model: Model, task: Task): readonly string[] {
  const own = className(task.qualifiedName);
  const endings = (["Fields", "Args", "State", "Start"] as const).map(derivedNames(model, own));
  return [...endings, ...nestedNames(model, task.args, `${own}Args`), ...nestedNames(model, [...task.fields, ...task.removed], own)];
}

function nestedNames(model: Model, fields: readonly Field[], prefix: string): readonly string[] {
  return fields.flatMap((field) => declarationsOf(model, field.type, nestedName(model, prefix, field.name), null).map(({ name }) => name));
}
