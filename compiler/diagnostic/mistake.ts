// What a diagnostic is, how the catalogue makes one, and the turns of phrase that its entries share.

import { stringLiteral } from "../naming.js";
import type { SourceLocation } from "../source.js";

export type Severity = "error" | "warning" | "info";

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly at: SourceLocation;
  /** What is wrong, as a sentence. */
  readonly message: string;
  /** What to write instead, as a sentence; null where the message says all there is. */
  readonly hint: string | null;
  /** The edit that mends it, where there is exactly one. */
  readonly edit: Edit | null;
  /** Other places that belong to it. */
  readonly related: readonly { readonly at: SourceLocation; readonly message: string }[];
}

export interface Edit {
  readonly at: SourceLocation;
  readonly newText: string;
}

/** A function of `report`: makes one diagnostic, and knows the story that `pliny explain` tells. */
export interface Mistake<Args extends readonly unknown[]> {
  (...args: Args): Diagnostic;
  readonly code: string;
  readonly severity: Severity;
  /** Why it is a mistake and what to do, in a paragraph or two, with a wrong and a right spec. */
  readonly story: string;
}

interface Words {
  readonly at: SourceLocation;
  readonly message: string;
  readonly hint?: string | null;
  readonly edit?: Edit | null;
  readonly related?: Diagnostic["related"];
}

/** Makes a function of the catalogue out of its code, its severity, its story and the words for what a call site has at hand. */
export function mistake<Args extends readonly unknown[]>(code: string, severity: Severity, story: string, words: (...args: Args) => Words): Mistake<Args> {
  const make = (...args: Args): Diagnostic => ({ code, severity, hint: null, edit: null, related: [], ...words(...args) });
  return Object.assign(make, { code, severity, story });
}

/** A story: why it is a mistake, then a spec that makes it and one that does not. */
export function story(why: string, wrong: string, right: string): string {
  const indented = (spec: string): string => spec.replace(/^(?=.)/gm, "    ");
  return `${why}\n\nWrong:\n\n${indented(wrong)}\n\nRight:\n\n${indented(right)}\n`;
}

/** A way from name to name, its middle left out where it is long. */
export function route(names: readonly string[]): string {
  return (names.length > 9 ? [...names.slice(0, 5), "…", ...names.slice(-3)] : names).join(" → ");
}

export function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Names as they are said: 'a', 'b' and 'c'; of many, the first eight and how many more. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 9 ? 8 : 9).map((name) => (/^[\w.]*$/.test(name) ? `'${name}'` : quoted(name)));
  const said = names.length > 9 ? [...shown, `${names.length - 8} others`] : shown;
  return said.length < 2 ? said.join("") : `${said.slice(0, -1).join(", ")} and ${said.at(-1) ?? ""}`;
}

/** Text of any kind on one line, cut where it is long. */
export function quoted(text: string): string {
  return stringLiteral(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
