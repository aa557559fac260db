// What every element of a spec may carry: its key, its doc, its place in life, the findings that are accepted at it.

import { report, type Diagnostic } from "../diagnostic.js";
import { keywords } from "../keywords.js";
import type { Allowance, Deprecated, Element, StateElement } from "../model.js";
import { reportUnknown, type Context } from "./declare.js";
import { items, member, text, valueOf, type Part } from "./part.js";

export function readElement(part: Part, name: string, context: Context): Element {
  return { key: text(member(part, "key")) ?? name, ...readStateElement(part, name, context) };
}

/** The same of a state, which has no key. */
export function readStateElement(part: Part, name: string, { found }: Context): StateElement {
  const stability = text(member(part, "stability"));
  return {
    name,
    doc: text(member(part, "doc")),
    deprecated: readDeprecated(member(part, "deprecated"), found),
    stability: stability === "draft" || stability === "beta" ? stability : "stable",
    allow: items(member(part, "allow")).flatMap((allowance) => readAllowance(allowance, found) ?? []),
    at: part.at,
  };
}

function readDeprecated(part: Part | null, found: Diagnostic[]): Deprecated | null {
  if (part === null) return null;
  const [since, sunset] = [text(member(part, "since")), text(member(part, "sunset"))];
  const last = member(part, "sunset");
  if (last !== null && since !== null && sunset !== null && sunset < since)
    found.push(report.datesCrossed(valueOf(last), { since, sunset }));
  return { since, sunset, use: text(member(part, "use")) };
}

function readAllowance(part: Part, found: Diagnostic[]): Allowance | null {
  const rulePart = member(part, "rule");
  const [rule, reason] = [text(rulePart), text(member(part, "reason"))];
  if (rulePart === null || rule === null || reason === null) return null;
  checkRule(rulePart, "value", rule, found);
  return { rule, reason, expires: text(member(part, "expires")), at: part.at };
}

/** Reports a finding that is no error, unless it is accepted at one of the elements it lies within. */
export function lint(diagnostic: Diagnostic, within: readonly Element[], found: Diagnostic[]): void {
  if (!within.some((element) => element.allow.some((allowance) => allowance.rule === diagnostic.code))) found.push(diagnostic);
}

/** A rule is known by its id: a diagnostic of the compiler, or a rule of the diff. */
export function checkRule(part: Part, which: "key" | "value", rule: string, found: Diagnostic[]): void {
  if (!knownRules.has(rule))
    reportUnknown(found, { part, which }, { name: rule, kind: "rule", known: [], hint: "A rule is known by the code of what it finds, such as IDX006." });
}

// Rules of plans, which no keyword's change comes under.
const planRules = "MIG001 MIG002 MIG003 MIG004 MIG005 MIG006";

const knownRules: ReadonlySet<string> = new Set([
  ...Object.values(report).map((mistake) => mistake.code),
  ...keywords.flatMap((keyword) => Object.values(keyword.changes).flatMap((rules: string) => rules.split(" "))),
  ...planRules.split(" "),
]);
