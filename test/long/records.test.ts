// Each generated codec over many more values than test/records.test.ts takes (PLINY_EFFORT in vitest.config.ts says how many).

import "../records.test.js";
