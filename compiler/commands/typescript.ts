// The one place where a project's own TypeScript is loaded: what was generated, and the app that joins it with what is written by hand.

import { pathToFileURL } from "node:url";
import { type Project, readText } from "../files.js";

/**
 * What a module exports; or why it cannot be loaded. It is loaded as the program's own modules are, and not apart from them as tsx can do too,
 * so that the classes of `pliny/runtime` which it stands on are those that are known here.
 */
export async function importTypeScript(project: Project, path: string): Promise<Readonly<Record<string, unknown>> | string> {
  await (registered ??= registerOnce());
  try {
    const exported: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
    return exported;
  } catch (error) {
    const remedy = isModule(readText(project, "package.json")) ? "" : '. It may be that package.json lacks `"type": "module"`: npm pkg set type=module';
    return `${path} cannot be loaded: ${(error instanceof Error ? error.message : String(error)).trim().replace(/\.$/, "")}${remedy}`;
  }
}

let registered: Promise<void> | null = null;

/** For as long as the process lives: what is imported may import more of its kind when it is called. */
async function registerOnce(): Promise<void> {
  const { register } = await import("tsx/esm/api");
  register({ tsconfig: false });
}

/** Whether a package.json says that what lies beside it are modules, as all that is generated is. */
export function isModule(text: string | null): boolean {
  try {
    const manifest: unknown = JSON.parse(text ?? "");
    return typeof manifest === "object" && manifest !== null && "type" in manifest && manifest.type === "module";
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
