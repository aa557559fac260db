// `npm test` and `npm run test:long`: readies a fresh clone and runs one of the two groups of tests. What follows is handed to vitest.

import { bringPrograms, makeReady, run } from "./ready.mjs";

const [group = "quick", ...rest] = process.argv.slice(2);
makeReady();
bringPrograms();
process.exit(run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project", group, ...rest]));
