// The package as it is built, from the sources of this moment, for tests of its processes.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./project.js";

export const tsc: string = join(projectRoot, "node_modules/typescript/bin/tsc");

/** Builds the package into a folder that is not there yet. Its command line is `dist/compiler/cli.js`. */
export function buildPackage(folder: string): void {
  mkdirSync(join(folder, "dist"), { recursive: true });
  copyFileSync(join(projectRoot, "package.json"), join(folder, "package.json"));
  for (const name of ["shape.js", "templates.js", "version.js"]) copyFileSync(join(projectRoot, "dist", name), join(folder, "dist", name));
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
  spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", join(folder, "dist")], { cwd: projectRoot });
}
