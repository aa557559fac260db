// The properties of test/properties.test.ts once more, over many more texts (PLINY_EFFORT in vitest.config.ts says how many).

import "../properties.test.js";
