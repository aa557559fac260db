// What a rule of the diff is, what it says of a change, and the turns of phrase that the rules share.

import type { Change, Declared, How } from "../diff.js";
import type { Edit, Severity } from "../diagnostic/mistake.js";
import type { SpecValue } from "../document.js";
import type { Element, Field, Resource, Task } from "../model.js";
import { durationText } from "../scalars.js";

/** Whom a change hurts. */
export const axes = {
  W: "who sends or receives it (API, queue)",
  D: "stored rows",
  S: "TypeScript that uses it",
  T: "running and waiting tasks",
  Q: "the database while the SQL runs",
} as const;

export type Axis = keyof typeof axes;

/** What makes a change safe: in words, and as edits of the newer specs, to be made together; none where somebody has to decide something. */
export interface NextAction {
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** What a rule says of one change. Severity and axes are the rule's own where they are left out. */
export interface Judgement {
  /** What changed, as a sentence. */
  readonly message: string;
  readonly severity?: Severity;
  readonly axes?: readonly Axis[];
  readonly actions?: readonly NextAction[];
  /** What the finding is of, where several changes come to the same. */
  readonly path?: readonly string[];
}

/** What may be asked besides the change. */
export interface Setting {
  /** The day, as `2027-01-31`: what a sunset or an expiry is held against. */
  readonly today: string;
  /** What is no more, by `shapeOf`. */
  readonly went: ReadonlyMap<string, readonly Declared[]>;
  /** Fields that were added, by `aroundField`. */
  readonly came: ReadonlyMap<string, readonly Field[]>;
}

export function settingOf(changes: readonly Change[], today: string): Setting {
  const went = new Map<string, Declared[]>();
  const came = new Map<string, Field[]>();
  const add = <T>(map: Map<string, T[]>, key: string, item: T): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [item]);
    else list.push(item);
  };
  for (const change of changes) {
    const { element, keyword, kind, how } = change;
    const { before, after } = fieldsOf(change);
    if (element?.before != null && element.after === null && (keyword === kind || keyword === "gone"))
      add(went, shapeOf(element.before), element.before);
    if (how === "added" && before === null && after !== null) add(came, aroundField(change), after);
  }
  return { today, went, came };
}

/** Of which kind something is, and the stored names of its fields with what their values look like. */
export function shapeOf(declared: Declared): string {
  if (declared.kind === "type") return "type";
  const fields = [...declared.fields, ...(declared.kind === "task" ? declared.args : [])];
  const states = declared.states.map((state) => state.name).join(" ");
  return `${declared.kind} ${fields
    .map(({ key, type }) => `${key}: ${type.kind}`)
    .sort()
    .join(", ")}; ${states}`;
}

/** What a field that comes or goes is one of. */
export function aroundField({ path }: Change): string {
  return path.slice(0, -2).join("/");
}

/** A function of the catalogue: judges a change that a keyword's row names it for, or passes it over; and knows what `pliny explain` tells. */
export interface Rule {
  (change: Change, setting: Setting): Judgement | null;
  readonly code: string;
  readonly severity: Severity;
  readonly axes: readonly Axis[];
  readonly words: Words;
}

interface Words {
  /** The change, as the catalogue has it. */
  readonly change: string;
  /** Why it breaks something, and for whom. */
  readonly why: string;
  /** The safe path. */
  readonly safe: string;
  /** A change that the rule speaks of, and where there is one the same by the safe path, of which it does not or says less. */
  readonly example: { readonly before: string; readonly after: string; readonly safe: string | null };
}

export function rule(
  code: string,
  [severity, hurt]: readonly [Severity, string],
  words: Words,
  judge: (change: Change, setting: Setting) => Judgement | null,
): Rule {
  const known = hurt.split(" ").filter((axis): axis is Axis => Object.hasOwn(axes, axis));
  // A copy, for one judge may be that of several rules.
  return Object.assign((change: Change, setting: Setting) => judge(change, setting), { code, severity, axes: known, words });
}

// ---- what is asked of a change

/** What has versions, on both sides; null for what has none or is not on both. */
export function shapesOf({ element }: Change): { readonly before: Resource | Task; readonly after: Resource | Task } | null {
  if (element === null) return null;
  const { before, after } = element;
  return before === null || after === null || before.kind === "type" || after.kind === "type" ? null : { before, after };
}

/** The field that is changed, as it was and as it is. */
export function fieldsOf(change: Change): { readonly before: Field | null; readonly after: Field | null } {
  return change.fields.at(-1) ?? { before: null, after: null };
}

/** A field inside a record, which no upgrade fills. */
export function isNested(change: Change): boolean {
  return change.fields.length > 1;
}

// ---- how it is said

/** `the resource 'database'`. */
export function said(declared: Declared | null): string {
  if (declared === null) return "pliny.yaml";
  const kind = declared.kind === "type" ? "type" : declared.kind;
  return `the ${kind} '${declared.kind === "task" ? declared.qualifiedName : declared.name}'`;
}

export function nameOf(change: Change): string {
  const { element } = change;
  const declared = element?.after ?? element?.before ?? null;
  return declared === null ? "pliny.yaml" : `'${declared.kind === "task" ? declared.qualifiedName : declared.name}'`;
}

/** `the field 'city' in 'address' of 'team'`. */
export function fieldSaid(change: Change): string {
  const names = change.fields.map((pair) => (pair.after ?? pair.before)?.name ?? "");
  const [last, ...around] = names.toReversed();
  const what = change.list === "args" && around.length === 0 ? "the arg" : "the field";
  if (change.list === "is") return `the type ${nameOf(change)}`;
  return `${what} '${last ?? ""}'${around.map((name) => ` in '${name}'`).join("")} of ${nameOf(change)}`;
}

/** `the state 'online' of 'database'`. */
export function stateSaid(change: Change): string {
  return `the state '${(change.state?.after ?? change.state?.before)?.name ?? ""}' of ${nameOf(change)}`;
}

export function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** A value as a spec writes it. */
export function shown(value: SpecValue | undefined): string {
  if (value === undefined || value === null) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `\`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\``;
}

export function durationSaid(value: SpecValue | undefined): string {
  return typeof value === "number" ? `\`${durationText(value)}\`` : "nothing";
}

/** `is added, with `1h``, `goes from `1h` to `2h``, `is taken away`. */
export function wentFrom(change: Change, say: (value: SpecValue | undefined) => string = shown): string {
  const ways: Readonly<Record<How, string>> = {
    added: `is set to ${say(change.after?.value)}`,
    removed: `is taken away (it was ${say(change.before?.value)})`,
    changed: `goes from ${say(change.before?.value)} to ${say(change.after?.value)}`,
    raised: `goes up from ${say(change.before?.value)} to ${say(change.after?.value)}`,
    lowered: `goes down from ${say(change.before?.value)} to ${say(change.after?.value)}`,
  };
  return ways[change.how];
}

export function isPastSunset(element: Pick<Element, "deprecated"> | null | undefined, today: string): boolean {
  const sunset = element?.deprecated?.sunset ?? null;
  return sunset !== null && sunset <= today;
}
