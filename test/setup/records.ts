// What is stored of a model, record by record, and the generated code that reads and writes it.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GeneratedFile } from "../../compiler/emit.js";
import { allFields, type Field, type Model, type Resource, type Task } from "../../compiler/model.js";
import { constantName, fileName } from "../../compiler/naming.js";
import { remembersAnything } from "../../compiler/views/task.js";
import type { StoredType } from "../../runtime/codec/stored.js";
import { projectRoot } from "./project.js";

export interface StoredRecord {
  readonly of: Resource | Task;
  readonly part: "fields" | "args";
  /** Its stored type: `database`, `database.resize`. */
  readonly type: string;
  readonly fields: readonly Field[];
  /** Where its codec is, and what it is called there but for its ending. */
  readonly module: string;
  readonly constant: string;
}

/** Every record that has a codec: of each resource, and of each task its args and its fields, if it has any. */
export function storedRecords(model: Model): readonly StoredRecord[] {
  const ofTask = (task: Task): readonly StoredRecord[] => {
    const constant = constantName(task.qualifiedName);
    const module = `${fileName(task.of ?? task.name)}.shape.ts`;
    const all = { of: task, type: task.qualifiedKey, module };
    return [
      ...(task.args.length === 0 ? [] : [{ ...all, part: "args", fields: task.args, constant: `${constant}Args` } as const]),
      ...(remembersAnything(task) ? [{ ...all, part: "fields", fields: task.fields, constant } as const] : []),
    ];
  };
  const ofResource = (resource: Resource): readonly StoredRecord[] => [
    {
      of: resource, part: "fields", type: resource.key, fields: allFields(model, resource), module: `${fileName(resource.name)}.shape.ts`,
      constant: constantName(resource.name),
    },
    ...resource.tasks.flatMap(ofTask),
  ];
  return [...model.resources.flatMap(ofResource), ...model.tasks.flatMap(ofTask)];
}

/** The codec and the rules of a record, from generated code in a folder. */
export async function storedType(code: string, { module, constant }: StoredRecord): Promise<StoredType> {
  const { [`${constant}Codec`]: codec, [`${constant}Rules`]: rules }: { readonly [name: string]: unknown } = await import(join(code, module));
  if (!isCodec(codec) || typeof rules !== "object" || rules === null) throw new Error(`${module} has no ${constant}Codec with its rules.`);
  return { codec, rules: { ...rules } };
}

function isCodec(found: unknown): found is StoredType["codec"] {
  return typeof found === "object" && found !== null && "encode" in found && "decode" in found && "keys" in found;
}

/** Puts generated code where it can be imported: the package's name, which leads nowhere from there, becomes a path. */
export function writeCode(folder: string, files: readonly GeneratedFile[]): void {
  mkdirSync(folder, { recursive: true });
  const modules = { "pliny/runtime": "runtime/index.ts", "pliny/codec": "runtime/codec/index.ts" };
  for (const { path, text } of files.filter(({ path }) => path.endsWith(".ts"))) {
    const led = (rest: string, [from, to]: readonly [string, string]): string =>
      rest.replaceAll(JSON.stringify(from), JSON.stringify(join(projectRoot, to)));
    writeFileSync(join(folder, path), Object.entries(modules).reduce(led, text));
  }
}
