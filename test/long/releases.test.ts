// Changes of a spec over many more values than test/releases.test.ts takes (PLINY_EFFORT in vitest.config.ts says how many).

import "../releases.test.js";
