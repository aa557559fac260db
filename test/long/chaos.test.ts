// Workers struck down at every point, by themselves and at random, for longer than test/chaos.test.ts has time for.

import "../chaos.test.js";
