// What .ci/run runs: every step, whether or not one before it failed, and at the end the count of all. A step that is no test counts as
// one.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./ready.mjs";

const reports = mkdtempSync(join(tmpdir(), "pliny-ci-"));

const steps = [
  { name: "npm test", tests: "quick", command: ["npm", "test", "--"] },
  { name: "npm run test:long", tests: "long", command: ["npm", "run", "test:long", "--"] },
  { name: "lint", tests: null, command: ["npm", "run", "lint"] },
  { name: "types", tests: null, command: ["npm", "run", "types"] },
  { name: "pliny generate --check", tests: null, command: ["node", "dist/compiler/cli.js", "generate", "--check"] },
  { name: "pliny diff of specs/ against the previous commit", tests: null, command: ["node", "scripts/diff-specs.mjs"] },
];

/** As in automake: a step that could not be run here. */
const skipped = 77;

let passed = 0;
let failed = 0;
for (const { name, tests, command } of steps) {
  const [program = "", ...args] = command;
  const report = join(reports, `${tests}.json`);
  process.stdout.write(`\n# ${name}\n`);
  const code = run(program, tests === null ? args : [...args, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
  // What a step could not look at it has said; it has neither passed nor failed.
  if (code === skipped) continue;
  const counted = tests === null ? null : count(report);
  // A runner that fails without saying which test did (a crash, a broken setup file) is one failure.
  const failures = Math.max(counted?.failed ?? 0, code === 0 ? 0 : 1);
  passed += counted?.passed ?? (code === 0 ? 1 : 0);
  failed += failures;
  if (failures > 0) process.stdout.write(`# ${name} FAILED\n`);
}
rmSync(reports, { recursive: true });

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

function count(report) {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return null;
  }
}
