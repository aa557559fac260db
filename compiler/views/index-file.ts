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
  const resources = model.resources.flatMap((resource) => [
    ...resourceParts(model, resource),
    ...resource.tasks.flatMap((task) => taskParts(model, task)),
  ]);
  const types = model.types.filter((type) => hasChecks(model, type)).map((type) => ({
    constant: `${constantName(type.name)}Checks`,
    interface: derivedNames(model, pascalCase(type.name))("Checks"),
    module: "./types",
  }));
  return [...resources, ...model.tasks.flatMap((task) => taskParts(model, task)), ...types];
}

function resourceParts(model: Model, resource: Resource): readonly HandWritten[] {
  return parts(model, resource, pascalCase(resource.name), constantName(resource.name), `./${fileName(resource.name)}`, false);
}

function taskParts(model: Model, task: Task): readonly HandWritten[] {
  return parts(model, task, className(task.qualifiedName), constantName(task.qualifiedName), `./${fileName(task.of ?? task.name)}`, true);
}

function parts(model: Model, of: Resource | Task, name: string, constant: string, module: string, handlers: boolean): readonly HandWritten[] {
  const has = { upgrades: hasUpgrades(of), checks: hasFieldChecks(model, of) };
  const derived = derivedNames(model, name);
  return [
    ...(handlers ? [{ constant: bindingName(constant), interface: derived("Handlers"), module }] : []),
    ...(has.upgrades ? [{ constant: `${constant}Upgrades`, interface: derived("Upgrades"), module }] : []),
    ...(has.checks ? [{ constant: `${constant}Checks`, interface: derived("Checks"), module }] : []),
  ];
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
    resources: model.resources.map((resource) => {
      const constant = constantName(resource.name);
      const code = imports.value(`./${fileName(resource.name)}`, `${constant}Code`);
      return `${code}(${resourceParts(model, resource).map((part) => `code.${part.constant}`).join(", ")}),`;
    }),
    tasks: tasks.map((task) => {
      const constant = constantName(task.qualifiedName);
      const code = imports.value(`./${fileName(task.of ?? task.name)}`, `${constant}Code`);
      return `${code}(${taskParts(model, task).map((part) => `code.${part.constant}`).join(", ")}),`;
    }),
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

