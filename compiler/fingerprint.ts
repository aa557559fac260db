// Short hashes, by which a run tells what is as it was in the last one.

import { createHash } from "node:crypto";
import { findResource, findTask, findType, type Element, type Model } from "./model.js";

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

/** As people and files of theirs may hold it: 16 letters and digits. */
export function shortHashOf(parts: readonly unknown[]): string {
  return hashOf(JSON.stringify(parts)).replace(/[^A-Za-z0-9]/g, "").slice(0, 16);
}

/**
 * A hash of whatever can be asked of a model: `resource database`, `type address`, `task database.provision`, `names` or `everything`. It is
 * the same as long as what was asked for is. An element is what its own documents say, those of its base, and what goes for all elements
 * (`names`): the config, the named types, and who is called what. So their texts are hashed, which costs a tenth of hashing the model.
 */
export function fingerprintsOf(model: Model): (asked: string) => string {
  const names = hashOf(
    [
      JSON.stringify(model.config),
      JSON.stringify(model.resources.map(({ name, key, plural, base, parent, children }) => [name, key, plural, base, parent, children])),
      JSON.stringify([...model.tasks, ...model.resources.flatMap((resource) => resource.tasks)].map((task) => [task.qualifiedName, task.qualifiedKey])),
      JSON.stringify(model.gone.map(({ kind, name, of }) => [kind, name, of])),
      ...model.types.map(textOf),
    ].join("\n"),
  );
  const known = new Map([["names", names]]);
  return (asked) => {
    const print = known.get(asked) ?? hashOf([names, ...elementsOf(model, asked).map(textOf)].join("\n"));
    known.set(asked, print);
    return print;
  };
}

function elementsOf(model: Model, asked: string): readonly Element[] {
  const [kind = "", name = ""] = asked.split(" ");
  if (kind === "everything") return [...model.resources.flatMap((resource) => [resource, ...resource.tasks]), ...model.tasks, ...model.types];
  const element = kind === "resource" ? findResource(model, name) : kind === "task" ? findTask(model, name) : findType(model, name);
  if (element === undefined || element.kind === "type") return [];
  const of = element.kind === "task" && element.of !== null ? findResource(model, element.of) : null;
  const [resource, ...own] = element.kind === "task" ? [of, element] : [element, ...element.tasks];
  const base = resource?.base == null ? null : findResource(model, resource.base);
  return [...own, ...[resource, base].flatMap((one) => one ?? []), ...(base?.tasks ?? [])];
}

/** A document as it was written, and the file that generated code names as its source. */
function textOf({ at }: Element): string {
  const { file, span } = at.document;
  return `${file.path}\n${file.text.slice(...span)}`;
}
