// Properties run with one fixed seed, so that a test run tells the same twice. PLINY_SEED takes another.

import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["PLINY_SEED"] ?? 20_270_131) });
