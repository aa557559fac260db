// Diagnostics as a JUnit report, which most CI systems show: each a test, failed if it is of those for which the command fails.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic } from "../diagnostic.js";
import { harmless, region } from "./place.js";
import { failsRun, repositoryPath, type Run } from "./run.js";
import { plainText } from "./text.js";

export function junit(diagnostics: readonly Diagnostic[], run: Run): string {
  const suite = `pliny ${run.command}`;
  const cases = [
    ...diagnostics.map((diagnostic) => testCase(diagnostic, run)),
    ...(run.problem === null ? [] : [`    <testcase${attributes({ name: suite, classname: suite })}>\n      <error${attributes({ message: run.problem })}/>\n    </testcase>`]),
  ];
  // Where there is nothing to say that is a test too: no tests at all are taken for a report that was lost.
  const shown = cases.length > 0 ? cases : [`    <testcase${attributes({ name: "nothing is found", classname: suite })}/>`];
  const counts = {
    tests: shown.length,
    failures: diagnostics.filter((diagnostic) => failsRun(diagnostic, run)).length,
    errors: run.problem === null ? 0 : 1,
    skipped: diagnostics.filter(isInBaseline).length,
    time: 0,
  };
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites${attributes({ name: suite, ...counts })}>`,
    `  <testsuite${attributes({ name: suite, ...counts })}>`,
    ...shown,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(diagnostic: Diagnostic, run: Run): string {
  const { code, severity, at, message } = diagnostic;
  const file = repositoryPath(at, run);
  const said = plainText(diagnostic).split("\n").map(xmlText).join("\n");
  const verdict = isInBaseline(diagnostic)
    ? `<skipped${attributes({ message: "in the baseline" })}/>`
    : failsRun(diagnostic, run)
      ? `<failure${attributes({ message, type: `${severity} ${code}` })}>${said}</failure>`
      : `<system-out>${said}</system-out>`;
  return `    <testcase${attributes({ name: `${code} ${message}`, classname: file, file, line: region(at).line })}>\n      ${verdict}\n    </testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value))}"`)
    .join("");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Text as XML on one line. What XML 1.0 may not hold at all is shown as `\u{…}`, with all else that nobody would see. */
function xmlText(text: string): string {
  return harmless(text)
    .replace(/[\ufffe\uffff]/g, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`)
    .replace(/[&<>"']/g, (mark) => entities[mark] ?? mark);
}
