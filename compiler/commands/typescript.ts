// The one place where a project's own TypeScript is loaded: what was generated, and the app that joins it with what is written by hand.

import { pathToFileURL } from "node:url";

/**
 * What a module exports; or why it cannot be loaded. It is loaded as the program's own modules are, and not apart from them as tsx can do too,
 * so that the classes of `pliny/runtime` which it stands on are those that are known here.
 */
export async function importTypeScript(path: string): Promise<Readonly<Record<string, unknown>> | string> {
  const { register } = await import("tsx/esm/api");
  const unregister = register({ tsconfig: false });
  try {
    const exported: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
    return exported;
  } catch (error) {
    return `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await unregister();
  }
}
