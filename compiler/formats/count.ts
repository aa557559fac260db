// How many of each severity, as it is said: `2 errors, 1 warning; 3 more in the baseline`.

import type { Diagnostic, Severity } from "../diagnostic.js";

const words: readonly (readonly [Severity, string])[] = [
  ["error", "error"],
  ["warning", "warning"],
  ["info", "note"],
];

/** With a dot at its end. */
export function countText(diagnostics: readonly Diagnostic[]): string {
  const known = diagnostics.filter((diagnostic) => "inBaseline" in diagnostic).length;
  const parts = words.flatMap(([severity, word]) => {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === severity && !("inBaseline" in diagnostic)).length;
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`];
  });
  const baseline = known === 0 ? [] : [`${known} ${parts.length === 0 ? "" : "more "}in the baseline`];
  return `${[...(parts.length === 0 ? [] : [parts.join(", ")]), ...baseline].join("; ")}.`;
}
