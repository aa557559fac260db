// `npm start`: readies a fresh clone, generates the example in specs/ and says what was made.

import { makeReady, mustRun } from "./ready.mjs";

makeReady();
mustRun(process.execPath, ["dist/compiler/cli.js", "generate", "--stats"]);
