// `pliny handlers`: beside each `specs/x.yaml`, what `specs/x.handlers.ts` lacks, as stubs that throw, and what `key` renamed. Nothing that
// a person wrote is removed or changed otherwise.

import { hasErrors, report, type Diagnostic } from "../diagnostic.js";
import { generatedFolder, listHandlers, place, writeText } from "../files.js";
import type { Field, FieldType, Model, NamedType, Resource, Task, Upgrade } from "../model.js";
import { bindingName, camelCase, className, constantName } from "../naming.js";
import type { SourceFile } from "../source.js";
import { checkedFields } from "../views/field-text.js";
import { derivedNames } from "../views/names.js";
import { addMissing, findSyntaxError, survey, type Remark, type Wanted, type WantedMember } from "./handlers-edit.js";
import { plural, stopped, type Context, type Outcome } from "./outcome.js";
import { loadDocuments } from "./specs.js";

export interface HandlersOptions {
  readonly check: boolean;
}

export async function handlers(context: Context, options: HandlersOptions): Promise<Outcome> {
  const { value: parsed, diagnostics: found } = await loadDocuments(context);
  if (!parsed) return stopped(found);
  const { checkDocuments } = await import("../compile.js");
  const { value: model, diagnostics } = checkDocuments(parsed);
  if (hasErrors(diagnostics)) return stopped(diagnostics);
  const { value: there, diagnostics: unreadable } = listHandlers(context.project);
  if (hasErrors(unreadable)) return stopped(unreadable);
  const { files, diagnostics: remarks } = planHandlers(model, there);
  if (hasErrors(remarks)) return stopped(remarks);

  const changed = files.filter((file) => file.before !== file.after);
  const facts = { files: changed.map(({ path, added, renamed }) => ({ file: path, added, renamed })) };
  if (options.check) {
    const missing = changed.flatMap((file) => file.missing);
    const summary =
      missing.length === 0
        ? "Everything that is written by hand is there."
        : `${plural(missing.length, "part")} missing. Run \`pliny handlers\`.`;
    return { exitCode: missing.length === 0 ? 0 : 1, diagnostics: [...missing, ...remarks], facts, lines: [summary] };
  }
  const failures = changed.flatMap((file) => writeText(context.project, file.path, file.after));
  if (hasErrors(failures)) return stopped(failures);
  return {
    exitCode: 0,
    diagnostics: remarks,
    facts,
    lines: [
      ...changed.flatMap(({ path, added, renamed }) => [
        `  wrote ${path}`,
        ...added.map((name) => `    + ${name}`),
        ...renamed.map(({ from, to }) => `    ${from} → ${to}`),
      ]),
      `${changed.length === 0 ? "Nothing is missing" : `${plural(changed.length, "file")} written`}.`,
    ],
  };
}

/** One hand-written file as it is and as it should be. */
export interface PlannedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly added: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** The same as diagnostics, for `--check`. */
  readonly missing: readonly Diagnostic[];
}

/** What to do to the hand-written files so that nothing is missing; `there` are those that exist. */
export function planHandlers(
  model: Model,
  there: readonly SourceFile[],
): { readonly files: readonly PlannedFile[]; readonly diagnostics: readonly Diagnostic[] } {
  const errors = there.flatMap((file) => {
    const error = findSyntaxError(file.path, file.text);
    return error ? [report.handlersSyntax({ file, start: error.start, end: error.end }, error.text)] : [];
  });
  if (errors.length > 0) return { files: [], diagnostics: errors };

  const all = [...wantedByFile(model)].flatMap(([path, wanted]) => wanted.map((one) => ({ path, one })));
  const everything = all.map(({ one }) => one);
  const surveys = there.map((file) => ({ file, found: survey(file.text, everything) }));
  // A constant may lie in another file than the one beside its spec; then it is looked after where it lies.
  const homeOf = (path: string, { constant, former }: Wanted): string =>
    surveys.find(({ found }) => [constant, ...former.map((old) => old.constant)].some((name) => found.exported.has(name)))?.file.path ??
    path;
  const byHome = groupBy(all, ({ path, one }) => homeOf(path, one));

  const texts = new Map(there.map((file) => [file.path, file.text]));
  const files = [...byHome].map(([path, homed]): PlannedFile => {
    const before = texts.get(path) ?? "";
    const edited = addMissing(
      before,
      homed.map(({ one }) => one),
      modulesOf(path, model),
    );
    const file = { path, text: before };
    const at = ({ start, end }: Remark): { readonly file: SourceFile; readonly start: number; readonly end: number } => ({
      file,
      start,
      end,
    });
    return {
      path,
      before,
      after: edited.text,
      added: edited.added,
      renamed: edited.renamed.map(({ from, to }) => ({ from, to })),
      missing: [
        ...edited.renamed.map((rename) => report.handlerRenamed(at(rename.at), rename.from, rename.to)),
        ...edited.missing.map((remark) => report.handlerMissing(before === "" ? place(path) : at(remark), remark.text)),
      ],
    };
  });
  for (const file of files) {
    const error = findSyntaxError(file.path, file.after);
    if (error) throw new Error(`What would be written to ${file.path} is no TypeScript: ${error.text}`);
  }
  const diagnostics = surveys.flatMap(({ file, found }) => [
    ...found.orphans.map((orphan) => report.handlerOrphan({ file, start: orphan.start, end: orphan.end }, orphan.text)),
    ...found.opaque.map((remark) => report.handlerShape({ file, start: remark.start, end: remark.end }, remark.text)),
  ]);
  return { files, diagnostics };
}

function modulesOf(path: string, model: Model): { readonly generated: string; readonly runtime: string } {
  const up = "../".repeat(path.split("/").length - 1);
  return { generated: `${up}${generatedFolder}/index.${model.config.imports}`, runtime: "pliny/runtime" };
}

// ---- what the model wants somebody to write

/** Everything that is written by hand for these specs, by the file that it belongs into, in the order of the model. */
export function wantedByFile(model: Model): ReadonlyMap<string, readonly Wanted[]> {
  const tasks = [...model.resources.flatMap((resource) => resource.tasks), ...model.tasks];
  const wanted = [
    ...model.resources.flatMap((resource) => ofResource(model, resource).map((one) => ({ of: resource, one }))),
    ...tasks.flatMap((task) => ofTask(model, task).map((one) => ({ of: task, one }))),
    ...model.types.flatMap((type) => ofType(model, type).map((one) => ({ of: type, one }))),
  ];
  const taken = new Set(wanted.map(({ one }) => one.constant));
  const byPath = groupBy(wanted, ({ of }) => of.at.document.file.path.replace(/\.yaml$/, ".handlers.ts"));
  return new Map(
    [...byPath].map(([path, found]) => [
      path,
      found.map(({ one }) => ({ ...one, former: one.former.filter((old) => !taken.has(old.constant)) })),
    ]),
  );
}

function ofResource(model: Model, resource: Resource): readonly Wanted[] {
  const names = [resource.name, ...(resource.key === resource.name ? [] : [resource.key])];
  return [...upgradesOf(model, resource, names), ...checksOf(model, resource.fields, names)];
}

function ofTask(model: Model, task: Task): readonly Wanted[] {
  const owner = model.resources.find((resource) => resource.name === task.of);
  const owners = owner ? [owner.name, owner.key] : [null];
  const names = [...new Set(owners.flatMap((one) => [task.name, task.key].map((name) => (one === null ? name : `${one}.${name}`))))];
  const said = (what: string): string => `${task.qualifiedName}: ${what}`;
  const method = (name: string, what: string): WantedMember => ({ name, former: [], modifier: "async ", what: said(what) });
  const members = [
    ...task.states.map((state) => method(camelCase(state.name), state.name)),
    ...(task.shouldStart ? [method("shouldStart", "should_start")] : []),
    ...(task.shouldStop ? [method("shouldStop", "should_stop")] : []),
    ...(task.onStop ? [method("onStop", "on_stop")] : []),
  ];
  return [wantedOf(model, names, "Handlers", members), ...upgradesOf(model, task, names), ...checksOf(model, [...task.args, ...task.fields], names)];
}

function ofType(model: Model, type: NamedType): readonly Wanted[] {
  const names = [type.name, ...(type.key === type.name ? [] : [type.key])];
  if (type.is.kind === "record") return checksOf(model, type.is.fields, names);
  if (!type.is.field.check) return [];
  return [wantedOf(model, names, "Checks", [{ name: "value", former: [], modifier: "", what: `${type.name}: check` }])];
}

function upgradesOf(
  model: Model,
  { upgrades, write }: { readonly upgrades: readonly Upgrade[]; readonly write: number },
  names: readonly string[],
): readonly Wanted[] {
  const members = upgrades
    .filter((upgrade) => upgrade.set === null)
    .flatMap(({ version }): readonly WantedMember[] => [
      { name: `to${version}`, former: [], modifier: "", what: `${names[0]}: upgrade to version ${version}` },
      ...(write < version
        ? [{ name: `from${version}`, former: [], modifier: "" as const, what: `${names[0]}: back from version ${version}` }]
        : []),
    ]);
  return members.length === 0 ? [] : [wantedOf(model, names, "Upgrades", members)];
}

function checksOf(model: Model, fields: readonly Field[], names: readonly string[]): readonly Wanted[] {
  // The same fields by the names that they are stored by, in the same order.
  const former = checkedFields(model, fields.map(byKey), "");
  const members = checkedFields(model, fields, "").map(({ field, member }, at): WantedMember => {
    const old = former[at]?.member ?? member;
    return { name: member, former: old === member ? [] : [old], modifier: "", what: `${names[0]}: check of ${field.name}` };
  });
  return members.length === 0 ? [] : [wantedOf(model, names, "Checks", members)];
}

function byKey(field: Field): Field {
  return { ...field, name: field.key, type: typeByKey(field.type) };
}

function typeByKey(type: FieldType): FieldType {
  if (type.kind === "record") return { ...type, fields: type.fields.map(byKey) };
  return "of" in type ? { ...type, of: typeByKey(type.of) } : type;
}

type HandWrittenEnding = "Handlers" | "Upgrades" | "Checks";

function wantedOf(model: Model, names: readonly string[], ending: HandWrittenEnding, members: readonly WantedMember[]): Wanted {
  const [own, ...former] = names.map((name) => ({
    constant: ending === "Handlers" ? bindingName(constantName(name)) : `${constantName(name)}${ending}`,
    interface: derivedNames(model, className(name))(ending),
  }));
  if (!own) throw new Error("An element has no name.");
  return { ...own, former, members };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
