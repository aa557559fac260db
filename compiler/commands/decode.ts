// `pliny decode` and `pliny encode`: what is stored or sent, from a file or standard input, to text that people read, and back.

import { decodeText, encodeText, isProfileName, isStoredType, limitOf, type StoredType } from "../../runtime/commands/stored-text.js";
import { findFile, generatedFolder, type Project, readInput } from "../files.js";
import { camelCase, fileName } from "../naming.js";
import { type Context, type Outcome, unusable } from "./outcome.js";
import { importTypeScript } from "./typescript.js";

export interface TranslateOptions {
  readonly to: "listing" | "json";
  /** Null for standard input. */
  readonly path: string | null;
  readonly profile: string;
  /** A resource, or a task as `database.resize`; null where nothing but the format is to be checked. */
  readonly type: string | null;
  /** The task's args rather than its fields. */
  readonly args: boolean;
}

export async function translate(context: Context, { to, path, profile, type: name, args }: TranslateOptions): Promise<Outcome> {
  if (!isProfileName(profile)) return unusable(`there is no profile ${profile}`);
  if (args && name === null) return unusable("--args says which part of a --type is meant; name the task");
  // One byte more than is allowed, so that too much is known as such.
  const most = limitOf(profile) + 1;
  const source = path === null || path === "-" ? await context.input(most) : readInput(context.project, path, most);
  if (typeof source === "string") return unusable(`${path ?? "standard input"} cannot be read: ${source}`);
  const type = name === null ? null : await loadType(context.project, name, args);
  if (typeof type === "string") return unusable(type);
  const made = (to === "listing" ? decodeText : encodeText)(source, { profile, type });
  const facts = { profile, type: name };
  if ("code" in made) {
    const { pointer, expected, got } = made;
    const note = `${pointer === "" ? "the whole value" : pointer}: expected ${expected}, got ${got}`;
    return { exitCode: 1, diagnostics: [], facts: { ...facts, refusal: made }, lines: [], notes: [`error: ${note}`] };
  }
  const { text, unknown } = made;
  const notes = unknown.length === 0 ? [] : [`note: ${name ?? ""} has no ${unknown.join(", ")}; kept as it is`];
  return { exitCode: 0, diagnostics: [], facts: { ...facts, text, unknown }, lines: text.slice(0, -1).split("\n"), notes };
}

/** Codec and rules out of the generated shape, through tsx, since it is TypeScript; or why that cannot be. */
export async function loadType(project: Project, name: string, args: boolean): Promise<StoredType | string> {
  const [owner = ""] = name.split(".");
  if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/.test(name)) return `'${name}' is no type: write it as database or database.resize`;
  const file = `${fileName(owner)}.shape.ts`;
  const path = findFile(project, `${generatedFolder}/${file}`);
  if (path === null) return `there is no ${generatedFolder}/${file}, where ${owner} would be; run pliny generate first`;
  const exported = await importTypeScript(project, path);
  if (typeof exported === "string") return exported;
  const constant = `${camelCase(name.replace(".", "_"))}${args ? "Args" : ""}`;
  // A generated name that would meet one of the specs' own ends in `_`.
  const at = (suffix: string): unknown => exported[`${constant}${suffix}`] ?? exported[`${constant}${suffix}_`];
  const type = { codec: at("Codec"), rules: at("Rules") };
  if (isStoredType(type)) return type;
  const others = Object.keys(exported).filter((each) => each.endsWith("Codec")).join(", ");
  return `${generatedFolder}/${file} has no ${constant}Codec, as where there are no ${args ? "args" : "fields"}; it has ${others || "none"}`;
}
