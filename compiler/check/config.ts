// pliny.yaml: what is not about one element, and how loudly each finding is said.

import { report, type Diagnostic } from "../diagnostic.js";
import type { Config } from "../model.js";
import { reportUnknown } from "./declare.js";
import { checkRule } from "./elements.js";
import { durationMs, flag, keyOf, member, members, number, text, type Part, isLost } from "./part.js";
import { inside } from "../document.js";

const weekMs = 7 * 86_400_000;

/** The settings, with the defaults of the language where there is no pliny.yaml. */
export function readConfig(root: Part | null, found: Diagnostic[]): Config {
  return {
    rules: number(member(root, "rules")) ?? 1,
    app: text(member(root, "app")),
    imports: text(member(root, "imports")) === "ts" ? "ts" : "js",
    lanes: members(member(root, "lanes")).map(([name, lane]) => ({ name, encrypted: flag(member(lane, "encrypted")) })),
    breakers: members(member(root, "breakers")).flatMap(([name, breaker]) => {
      const [failures, withinMs, openMs] = [
        number(member(breaker, "failures")),
        durationMs(member(breaker, "within")),
        durationMs(member(breaker, "open")),
      ];
      return failures === null || withinMs === null || openMs === null ? [] : [{ name, failures, withinMs, openMs }];
    }),
    contractAfterMs: durationMs(member(root, "contract_after")) ?? weekMs,
    levels: members(member(root, "levels")).flatMap(([rule, part]): Config["levels"] => {
      checkRule(part, "key", rule, found);
      if (fixed.has(rule)) found.push(report.levelFixed(keyOf(part), { rule }));
      const level = text(part);
      return level === "off" || level === "warn" || level === "error" ? [{ rule, level }] : [];
    }),
  };
}

const fixed: ReadonlySet<string> = new Set(
  Object.values(report)
    .filter((mistake) => mistake.severity === "error")
    .map((mistake) => mistake.code),
);

/** The lane or breaker that a part names, which pliny.yaml declares. */
export function readDeclared(
  part: Part | null,
  kind: "lane" | "breaker",
  { config, settings }: { readonly config: Part | null; readonly settings: Config },
  found: Diagnostic[],
): string | null {
  const name = text(part);
  if (part === null || name === null) return null;
  const keyword = kind === "lane" ? "lanes" : "breakers";
  const known = (kind === "lane" ? settings.lanes : settings.breakers).map((each) => each.name);
  if (known.includes(name)) return name;
  const mayBeLost = config !== null && isLost(inside(config.at, keyword, name));
  if (!mayBeLost) reportUnknown(found, { part }, { name, kind, known, hint: `Declare it in pliny.yaml, under \`${keyword}\`.` });
  return null;
}

/** The diagnostics at the levels that `levels` gives them. Errors of the compiler keep theirs. */
export function applyLevels(diagnostics: readonly Diagnostic[], { levels }: Config): readonly Diagnostic[] {
  const levelOf = new Map(levels.filter(({ rule }) => !fixed.has(rule)).map(({ rule, level }) => [rule, level]));
  return diagnostics.flatMap((diagnostic): readonly Diagnostic[] => {
    const level = levelOf.get(diagnostic.code);
    if (level === undefined || diagnostic.severity === "error") return [diagnostic];
    return level === "off" ? [] : [{ ...diagnostic, severity: level === "warn" ? "warning" : "error" }];
  });
}
