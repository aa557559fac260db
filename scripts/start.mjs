// `npm start`: readies a fresh clone, generates the example in specs/ and says what was made.

import { readdirSync } from "node:fs";
import { makeReady, mustRun, root } from "./ready.mjs";

makeReady();
mustRun(process.execPath, ["dist/compiler/cli.js", "generate"]);

const specs = readdirSync(`${root}/specs`).filter((name) => name.endsWith(".yaml"));
const made = readdirSync(`${root}/generated`, { recursive: true, encoding: "utf8" }).sort();
const of = (end) => made.filter((name) => name.endsWith(end)).map((name) => `generated/${name.replaceAll("\\", "/")}`);
process.stdout.write(`
From ${specs.map((name) => `specs/${name}`).join(", ")}:
  TypeScript   ${of(".ts").join(" ")}
  SQL          ${of(".sql").join(" ")}
  docs         ${of(".md").join(" ")}
  for editors  ${of(".json").join(" ")}

Read specs/database.yaml beside generated/database.ts and specs/database.handlers.ts; then change a spec and run npm start again.
`);
