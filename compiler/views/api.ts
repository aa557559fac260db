// `api.ts`: the routes that the specs expose, with the types of what they take and give, and as a table for the server.

import type { Imports } from "../imports.js";
import { allFields, type Api, type Field, findResource, type Model, type Resource, servedColumns, taskOf } from "../model.js";
import { camelCase, className, fileName, kebabCase, pascalCase, stringLiteral } from "../naming.js";
import { literal, objectText, type Scope } from "./field-text.js";
import { filterType } from "./resource.js";
import { derivedNames } from "./names.js";
import { shapeModule, startType } from "./task.js";

export interface ApiView {
  readonly resources: readonly (readonly string[])[];
  readonly routes: readonly string[];
  readonly table: readonly string[];
  readonly route: string;
}

interface RouteText {
  readonly name: string;
  readonly types: string;
  readonly entry: string;
}

const runtime = "pliny/runtime";
const codec = "pliny/codec";

/** What the file declares. */
export function declaredApi(model: Model): readonly string[] {
  return ["Routes", "routes", ...model.resources.flatMap((resource) => (["Object", "Query"] as const).map(derivedNames(model, pascalCase(resource.name))))];
}

export function apiView(model: Model, imports: Imports): ApiView {
  const scope = { model, imports, home: "./api" };
  const exposed = model.resources.flatMap((resource) => (resource.api ? [{ resource, api: resource.api }] : []));
  const routes = exposed.flatMap(({ resource, api }) => routesOf(resource, api, scope));
  return {
    resources: exposed.map(({ resource, api }) => declarations(resource, api, scope)),
    routes: routes.map(({ name, types }) => `${stringLiteral(name)}: ${types};`),
    table: routes.map(({ name, entry }) => `${stringLiteral(name)}: ${entry},`),
    route: imports.type(runtime, "Route"),
  };
}

function declarations(resource: Resource, api: Api, scope: Scope): readonly string[] {
  const { imports, model } = scope;
  const derived = derivedNames(model, pascalCase(resource.name));
  const shape = `./${fileName(resource.name)}.shape`;
  const [fields, state] = [imports.type(shape, derived("Fields")), imports.type(shape, derived("State"))];
  const hidden = names(api.hide);
  const shown = hidden === "" ? fields : `${imports.global("Omit")}<${fields}, ${hidden}>`;
  const object = `export type ${derived("Object")} = ${imports.type(runtime, "ApiObject")}<${stringLiteral(resource.key)}, ${state}> & ${shown};`;
  return [`/** A ${resource.name.replaceAll("_", " ")} as the API shows it. */`, object, ...queryType(resource, api, scope)];
}

function queryType(resource: Resource, api: Api, scope: Scope): readonly string[] {
  if (!api.list) return [];
  const { imports, model } = scope;
  const derived = derivedNames(model, pascalCase(resource.name));
  const served = new Set(servedColumns(model, resource));
  const filters = api.list.filter.filter((column) => served.has(column) && (column !== "parent" || resource.parent !== null));
  const unserved = api.list.filter.filter((column) => !served.has(column));
  const sorts = api.list.sort.length === 0 ? "never" : names(api.list.sort);
  const options = `${imports.type(runtime, "ListOptions")}<${sorts}>`;
  const picked =
    filters.length === 0
      ? []
      : [`${imports.global("Pick")}<${imports.type(`./${fileName(resource.name)}`, derived("Filter"))}, ${names(filters)}>`];
  const members = unserved.flatMap((column) => {
    const field = allFields(model, resource).find((one) => one.name === column);
    return field ? [`readonly ${camelCase(column)}?: ${filterType(field, ownerShape(resource, field, model), scope)}`] : [];
  });
  const extra = members.length === 0 ? [] : [`{ ${members.join("; ")} }`];
  return [`export type ${derived("Query")} = ${[...picked, ...extra, options].join(" & ")};`];
}

/** The resource whose shape file declares the enum or record of a field: a base's field is declared by the base. */
export function ownerShape(resource: Resource, field: Field, model: Model): Resource {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  return base?.fields.includes(field) ? base : resource;
}

function routesOf(resource: Resource, api: Api, scope: Scope): readonly RouteText[] {
  const { imports, model } = scope;
  const derived = derivedNames(model, pascalCase(resource.name));
  const path = `/${kebabCase(resource.plural)}`;
  const one = `${path}/{id}`;
  const type = stringLiteral(resource.name);
  const hide = api.hide.length > 0 ? literal(api.hide) : undefined;
  const strict = api.strict ? "true" : undefined;
  const object = derived("Object");
  const body = (fields: readonly string[], complete: boolean): string | undefined => bodyType(resource, fields, complete, scope);
  const routes: RouteText[] = [];
  const add = (name: string, types: { readonly [name: string]: string | undefined }, entry: { readonly [name: string]: string | undefined }): void => {
    routes.push({ name, types: typeOf(types), entry: objectText({ type, ...entry }) });
  };
  if (api.list) {
    add(
      `GET ${path}`,
      { query: derived("Query"), response: `${imports.type(runtime, "Page")}<${object}>` },
      { action: `"list"`, filter: literal(api.list.filter), sort: literal(api.list.sort), hide },
    );
  }
  if (api.create) {
    add(`POST ${path}`, { body: body(api.create, true), response: object }, { action: `"create"`, fields: literal(api.create), hide });
  }
  if (api.get) add(`GET ${one}`, { response: object }, { action: `"get"`, hide });
  if (api.update) add(`PATCH ${one}`, { body: body(api.update, false), response: object }, { action: `"update"`, fields: literal(api.update), hide, strict });
  if (api.delete !== null) add(`DELETE ${one}`, { response: object }, { action: `"delete"`, target: stringLiteral(api.delete), hide, strict });
  for (const move of api.moves) {
    add(
      `POST ${one}/moves/${move.state}`,
      { body: body(move.fields, false), response: object },
      { action: `"move"`, target: stringLiteral(move.state), fields: literal(move.fields), hide, strict },
    );
  }
  for (const name of api.start) {
    const task = taskOf(model, resource, name);
    if (!task) continue;
    const state = imports.type(shapeModule(task), derivedNames(model, className(task.qualifiedName))("State"));
    const response = `${imports.type(runtime, "ApiTask")}<${stringLiteral(task.qualifiedKey)}, ${state}>`;
    add(`POST ${one}/tasks/${name}`, { body: task.args.length === 0 ? undefined : startType(model, task, imports), response }, { action: `"start"`, target: stringLiteral(name) });
  }
  return routes;
}

function typeOf(members: { readonly [name: string]: string | undefined }): string {
  return `{ ${Object.entries(members).flatMap(([name, text]) => (text === undefined ? [] : [`${name}: ${text}`])).join("; ")} }`;
}

/** What a client gives, undefined where that is nothing; of a creation what is required has to be there, and the parent. */
function bodyType(resource: Resource, columns: readonly string[], complete: boolean, scope: Scope): string | undefined {
  const { imports, model } = scope;
  const derived = derivedNames(model, pascalCase(resource.name));
  if (columns.length === 0 && !complete) return undefined;
  const fields = imports.type(`./${fileName(resource.name)}.shape`, derived("Fields"));
  const required = allFields(model, resource).filter((field) => field.required && columns.includes(field.name));
  const needed = complete && required.length > 0 ? `, ${names(required.map((field) => field.name))}` : "";
  const given = `${imports.type(codec, "Given")}<${imports.global("Pick")}<${fields}, ${columns.length === 0 ? "never" : names(columns)}>${needed}>`;
  if (!complete || resource.parent === null) return given;
  const parent = `${imports.type(codec, "Ref")}<${imports.type(`./${fileName(resource.parent)}`, pascalCase(resource.parent))}>`;
  return `${given} & { readonly parent: ${parent} }`;
}

function names(columns: readonly string[]): string {
  return columns.map((column) => stringLiteral(camelCase(column))).join(" | ");
}
