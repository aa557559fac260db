// `index.ts`: everything under one roof, the list of what is written by hand, and `createApp`, which joins the two.

import type { Imports } from "../imports.js";
import type { Model, Resource, Task } from "../model.js";
import { bindingName, className, constantName, fileName, pascalCase } from "../naming.js";
import { checkedFields, numberLiteral, objectText } from "./field-text.js";
import { derivedNames } from "./names.js";
import { hasChecks } from "./types.js";

export interface IndexView {
  readonly exports: readonly string[];
  readonly code: readonly string[];
  readonly parameter: string;
  readonly app: string;
  readonly resources: readonly string[];
  readonly tasks: readonly string[];
  readonly typeChecks: string;
  readonly lanes: string;
  readonly breakers: string;
}

/** What somebody has to write: the constant that the hand-written file exports, and the interface that it has. */
export interface HandWritten {
  readonly constant: string;
  readonly interface: string;
  readonly module: string;
}

/** Everything that somebody has to write for these specs, by resource and task. */
export function handWritten(model: Model): readonly HandWritten[] {
  const elements = [...model.resources.flatMap((resource) => [resource, ...resource.tasks]), ...model.tasks];
  const types = model.types.filter((type) => hasChecks(model, type)).map((type) => ({
    constant: `${constantName(type.name)}Checks`,
    interface: derivedNames(model, pascalCase(type.name))("Checks"),
    module: "./types",
  }));
  return [...elements.flatMap((element) => partsOf(model, element)), ...types];
}

/** What belongs to one element: handlers to a task, and upgrades and checks to whichever has some. */
function partsOf(model: Model, of: Resource | Task): readonly HandWritten[] {
  const name = of.kind === "task" ? of.qualifiedName : of.name;
  const constant = constantName(name);
  const derived = derivedNames(model, className(name));
  const module = moduleOf(of);
  return [
    ...(of.kind === "task" ? [{ constant: bindingName(constant), interface: derived("Handlers"), module }] : []),
    ...(hasUpgrades(of) ? [{ constant: `${constant}Upgrades`, interface: derived("Upgrades"), module }] : []),
    ...(hasFieldChecks(model, of) ? [{ constant: `${constant}Checks`, interface: derived("Checks"), module }] : []),
  ];
}

/** The file that declares it: a resource's tasks stand with it. */
function moduleOf(of: Resource | Task): string {
  return `./${fileName(of.kind === "task" ? (of.of ?? of.name) : of.name)}`;
}

function hasUpgrades(of: Resource | Task): boolean {
  return of.upgrades.some((upgrade) => upgrade.set === null);
}

function hasFieldChecks(model: Model, of: Resource | Task): boolean {
  return checkedFields(model, of.kind === "task" ? [...of.args, ...of.fields] : of.fields, "").length > 0;
}

export function indexView(model: Model, imports: Imports): IndexView {
  const written = handWritten(model);
  const tasks = [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
  const extension = model.config.imports;
  const modules = [
    ...model.resources.flatMap((resource) => [fileName(resource.name), `${fileName(resource.name)}.shape`]),
    ...model.tasks.flatMap((task) => [fileName(task.name), `${fileName(task.name)}.shape`]),
    ...(model.types.length > 0 ? ["types"] : []),
    ...(model.resources.some((resource) => resource.api) ? ["api"] : []),
  ];
  const checked = model.types.filter((type) => hasChecks(model, type));
  return {
    exports: modules.sort().map((module) => `./${module}.${extension}`),
    code: written.map((part) => `readonly ${part.constant}: ${imports.type(part.module, part.interface)};`),
    parameter: written.length > 0 ? "code" : "_code",
    app: imports.type("pliny/runtime", "App"),
    resources: model.resources.map((resource) => codeCall(model, resource, imports)),
    tasks: tasks.map((task) => codeCall(model, task, imports)),
    typeChecks: objectText(Object.fromEntries(checked.map((type) => [type.name, `code.${constantName(type.name)}Checks`]))),
    lanes: objectText(Object.fromEntries(model.config.lanes.map(({ name, encrypted }) => [name, `{ encrypted: ${String(encrypted)} }`]))),
    breakers: objectText(
      Object.fromEntries(
        model.config.breakers.map(({ name, failures, withinMs, openMs }) => [
          name,
          `{ failures: ${numberLiteral(failures)}, withinMs: ${numberLiteral(withinMs)}, openMs: ${numberLiteral(openMs)} }`,
        ]),
      ),
    ),
  };
}

/** `databaseProvisionCode(code.databaseProvision),`: what is generated of an element, given what is written by hand of it. */
function codeCall(model: Model, of: Resource | Task, imports: Imports): string {
  const call = imports.value(moduleOf(of), `${constantName(of.kind === "task" ? of.qualifiedName : of.name)}Code`);
  return `${call}(${partsOf(model, of).map((part) => `code.${part.constant}`).join(", ")}),`;
}
