// What changed between two models → what of it breaks something, and for whom. The rows of `keywords` say which rules may speak of a change; each
// rule judges it. What people have accepted is left out, and an allowance that is of no use is told of.

import { writtenAt, type Change } from "./diff.js";
import { report, sortDiagnostics, type Diagnostic, type Severity } from "./diagnostic.js";
import { inside, locate, type Place } from "./document.js";
import { shortHashOf } from "./fingerprint.js";
import { findKeyword } from "./keywords.js";
import type { Allowance, Element, Model, StateElement } from "./model.js";
import { apiRules } from "./rules/api.js";
import { fieldRules } from "./rules/fields.js";
import { machineRules } from "./rules/machines.js";
import { resourceRules } from "./rules/resources.js";
import { settingOf, type Axis, type Judgement, type NextAction, type Rule } from "./rules/rule.js";
import { versionRules } from "./rules/versions.js";
import { compareText, type SourceLocation } from "./source.js";

export { axes, type Axis, type NextAction, type Rule } from "./rules/rule.js";

/** The catalogue, by code. */
export const rules: readonly Rule[] = [...resourceRules, ...fieldRules, ...versionRules, ...machineRules, ...apiRules].toSorted(
  (left, right) => compareText(left.code, right.code),
);

const byCode: ReadonlyMap<string, Rule> = new Map(rules.map((rule) => [rule.code, rule]));

export function findRule(code: string): Rule | undefined {
  return byCode.get(code);
}

/** A diagnostic of the diff. `at` is the new place; where nothing is left of it the nearest thing that is, or the old place. */
export interface Finding extends Diagnostic {
  readonly axes: readonly Axis[];
  /** Where it stood; null for what is new. Its file's path begins with the name of the base. */
  readonly was: SourceLocation | null;
  readonly why: string;
  /** What makes it safe; `hint` is the first of them, and `edit` is its own where it has one. */
  readonly nextActions: readonly NextAction[];
  /** Of the change and not of the sentence: the same in every run and whatever else changes. */
  readonly fingerprint: string;
}

export function isFinding(diagnostic: Diagnostic): diagnostic is Finding {
  return "fingerprint" in diagnostic;
}

export interface Judging {
  /** The day, as `2027-01-31`. */
  readonly today: string;
  /** What a path of the base is called: `main:specs/database.yaml`. */
  readonly baseName: (path: string) => string;
}

/** All that is to be said of the changes that lead to a model, by place. */
export function judgeChanges(changes: readonly Change[], model: Model, { today, baseName }: Judging): readonly Diagnostic[] {
  const levels = new Map(model.config.levels.map(({ rule, level }) => [rule, level]));
  const used = new Set<Allowance>();
  const findings = new Map<string, Finding>();
  const setting = settingOf(changes, today);
  for (const change of changes) {
    for (const rule of rulesFor(change)) {
      const judgement = rule(change, setting);
      if (judgement === null) continue;
      const finding = findingOf(rule, judgement, change, baseName);
      const level = levels.get(rule.code);
      const allowed = elementsOf(change)
        .flatMap((element) => element.allow)
        .filter((allowance) => allowance.rule === rule.code);
      for (const allowance of allowed) used.add(allowance);
      if (level === "off" || allowed.some((allowance) => !isExpired(allowance, today))) continue;
      // What several changes come to is said once.
      if (!findings.has(finding.fingerprint))
        findings.set(finding.fingerprint, level === undefined ? finding : { ...finding, severity: level === "warn" ? "warning" : "error" });
    }
  }
  return sortDiagnostics([...findings.values(), ...allowances(model, used, today)]);
}

/** The rules that a keyword's row names for what happened to it. */
export function rulesFor({ kind, keyword, how }: Pick<Change, "kind" | "keyword" | "how">): readonly Rule[] {
  const codes = findKeyword(kind, keyword)?.changes[how] ?? "";
  return codes.split(" ").flatMap((code) => byCode.get(code) ?? []);
}

/** The newer ones that a change lies in, outermost first. */
function elementsOf({ element, fields, state }: Change): readonly (Element | StateElement)[] {
  return [element?.after, state?.after, ...fields.map((pair) => pair.after)].flatMap((each) => each ?? []);
}

/** What was promised of what is changed: the least stable of what it lay in. */
function stabilityOf({ element, fields, state }: Change): Element["stability"] {
  const promised = [element, state, ...fields].flatMap((pair) => (pair === null ? [] : (pair.before ?? pair.after ?? [])));
  return promised.some((each) => each.stability === "draft")
    ? "draft"
    : promised.some((each) => each.stability === "beta")
      ? "beta"
      : "stable";
}

const lower: Readonly<Record<Severity, Severity>> = { error: "warning", warning: "info", info: "info" };

function findingOf(rule: Rule, judgement: Judgement, change: Change, baseName: Judging["baseName"]): Finding {
  const hurt = (judgement.axes ?? rule.axes).map((axis): Axis => (axis === "D" && change.element?.after?.kind === "task" ? "T" : axis));
  const severity = judgement.severity ?? rule.severity;
  // What is not stable yet may change for those who call it; what is stored and what runs is lost all the same.
  const isPromised = rule.code === "RES013" || stabilityOf(change) === "stable" || hurt.some((axis) => axis !== "W" && axis !== "S");
  // What was by default stands nowhere.
  const was =
    change.before === null || change.before.at === null || writtenAt(change.before.at) === undefined
      ? null
      : ofBase(placed(change.before.at, change.how), baseName);
  // Where there is no edit, the safe path in words; of what only informs there is none to take.
  const nextActions = judgement.actions ?? (severity === "info" ? [] : [{ text: rule.words.safe, edits: [] }]);
  const path = judgement.path ?? change.path;
  const values = judgement.path === undefined ? [change.how, change.before?.value ?? null, change.after?.value ?? null] : [];
  return {
    code: rule.code,
    severity: isPromised ? severity : lower[severity],
    at: newPlace(change) ?? was ?? { file: { path: "pliny.yaml", text: "" }, start: 0, end: 0 },
    message: judgement.message,
    hint: nextActions[0]?.text ?? null,
    edit: nextActions[0]?.edits.length === 1 ? (nextActions[0].edits[0] ?? null) : null,
    related: was === null ? [] : [{ at: was, message: "It was this." }],
    axes: [...new Set(hurt)],
    was,
    why: rule.words.why,
    nextActions,
    fingerprint: shortHashOf([rule.code, path, values]),
  };
}

/** Where it stands; of what is no more, the innermost of what it stood in that is there still. */
function newPlace({ before, after, how, fields, state, element }: Change): SourceLocation | null {
  if (after !== null && after.at !== null) return placed(after.at, how);
  const around = [...fields.toReversed(), state, element].find((pair) => pair?.after != null);
  if (around?.after == null) return null;
  const steps = before?.at != null && around.before !== null ? before.at.path.slice(around.before.at.path.length) : [];
  return locate(
    steps.reduce((at, step) => (writtenAt(inside(at, step)) === undefined ? at : inside(at, step)), around.after.at),
    "key",
  );
}

/** A value that is another is shown itself; what came or went by its name. What was not written stands where it would. */
function placed(at: Place, how: Change["how"]): SourceLocation {
  return locate(at, how === "added" || how === "removed" || writtenAt(at) === undefined ? "key" : "value");
}

function ofBase({ file, start, end }: SourceLocation, baseName: Judging["baseName"]): SourceLocation {
  return { file: { path: baseName(file.path), text: file.text }, start, end };
}

function isExpired({ expires }: Allowance, today: string): boolean {
  return expires !== null && expires <= today;
}

/** Allowances of rules of the diff that no longer hold, or that nothing needs. */
function allowances(model: Model, used: ReadonlySet<Allowance>, today: string): readonly Diagnostic[] {
  return everyAllowance(model).flatMap((allowance) => {
    if (!byCode.has(allowance.rule)) return [];
    const at = locate(allowance.at, "value");
    if (isExpired(allowance, today)) return [report.allowanceExpired(at, { rule: allowance.rule, expires: allowance.expires ?? "" })];
    return used.has(allowance) ? [] : [report.allowanceUnused(at, { rule: allowance.rule })];
  });
}

function everyAllowance(model: Model): readonly Allowance[] {
  const tasks = [...model.tasks, ...model.resources.flatMap((resource) => resource.tasks)];
  const elements = [
    ...model.resources.flatMap((resource) => [
      resource,
      ...resource.states.filter((state) => !state.inherited),
      ...withInner([...resource.fields, ...resource.removed]),
    ]),
    ...tasks.flatMap((task) => [task, ...task.states, ...withInner([...task.args, ...task.fields, ...task.removed])]),
    ...model.types.flatMap((type) => [type, ...withInner(type.is.kind === "record" ? type.is.fields : [type.is.field])]),
  ];
  return elements.flatMap((element) => element.allow);
}

function withInner(fields: Model["resources"][number]["fields"]): readonly Element[] {
  return fields.flatMap((field) => [field, ...(field.type.kind === "record" ? withInner(field.type.fields) : [])]);
}
