// `npm start`: readies a fresh clone and runs the example in specs/: generates, starts a Postgres of its own, and runs its tasks until Ctrl-C.

import { spawn } from "node:child_process";
import { makeReady, root } from "./ready.mjs";

makeReady();
const child = spawn(process.execPath, ["dist/compiler/cli.js", "dev", "--run", "specs/start.ts", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
// Ctrl-C is heard by both; the one that has something to end ends first.
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => (name === "SIGTERM" ? child.kill(name) : undefined));
child.on("exit", (code) => process.exit(code ?? 1));
