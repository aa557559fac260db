// How tests run: `quick` in seconds on every change, `long` for what needs minutes. The package's own name leads to its sources.

import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["pliny-source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["pliny-source", ...defaultServerConditions] } },
  test: {
    globalSetup: "test/setup/artefacts.ts",
    setupFiles: "test/setup/seed.ts",
    // Real processes and real databases, on two cores that may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: "quick", include: ["test/**/*.test.ts"], exclude: ["test/long/**", "test/bench/**", "test/cases/**"] },
      },
      { extends: true, test: { name: "long", include: ["test/long/**/*.test.ts"], testTimeout: 1_800_000, env: { PLINY_EFFORT: "25" } } },
    ],
  },
});
