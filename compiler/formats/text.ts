// Diagnostics as people read them on a terminal: each with its line, and the marks under what is wrong.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic, Edit, Severity } from "../diagnostic.js";
import { axes, isFinding, type Finding } from "../rules.js";
import { positionAt, type SourceLocation } from "../source.js";
import { countText } from "./count.js";
import { harmless, placeText } from "./place.js";

interface Paint {
  readonly severity: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly quiet: (text: string) => string;
}

const severityColours: Readonly<Record<Severity, number>> = { error: 31, warning: 33, info: 36 };

function paintFor(severity: Severity, colour: boolean): Paint {
  const paint = (codes: string) => (text: string): string => (colour ? `\u001b[${codes}m${text}\u001b[0m` : text);
  return { severity: paint(`1;${severityColours[severity]}`), strong: paint("1"), quiet: paint("2") };
}

/** All of them, and how many; empty where there are none. */
export function renderText(diagnostics: readonly Diagnostic[], colour: boolean): string {
  if (diagnostics.length === 0) return "";
  const told = new Set<string>();
  const texts = diagnostics.map((diagnostic) => {
    // Why a rule is there is said with the first of its findings.
    const isFirst = !told.has(diagnostic.code);
    told.add(diagnostic.code);
    return textOf(diagnostic, paintFor(diagnostic.severity, colour), { isFirst });
  });
  return `${texts.join("\n")}\n${countText(diagnostics)}\n`;
}

/** One of them, without colour. */
export function plainText(diagnostic: Diagnostic): string {
  return textOf(diagnostic, paintFor(diagnostic.severity, false), { isFirst: true }).trimEnd();
}

function textOf(diagnostic: Diagnostic, paint: Paint, { isFirst }: { readonly isFirst: boolean }): string {
  const { severity, code, at, message, hint, edit, related } = diagnostic;
  const known = isInBaseline(diagnostic) ? " (in the baseline)" : "";
  const lines = [`${paint.severity(`${severity} ${code}`)}${known} ${paint.strong(`${placeText(at)}:`)} ${harmless(message)}`, ...frame(at, paint)];
  if (isFinding(diagnostic)) return `${[...lines, ...findingText(diagnostic, paint, { isFirst })].join("\n")}\n`;
  if (hint !== null) lines.push(`  hint: ${harmless(hint)}`);
  if (edit !== null) lines.push(`  edit: ${editText(edit, at)}`);
  for (const other of related) lines.push(`  ${paint.quiet("see")} ${placeText(other.at)}: ${harmless(other.message)}`);
  return `${lines.join("\n")}\n`;
}

/** What a finding of the diff says besides: the old place, whom it hurts and why, and what makes it safe. */
function findingText(
  { at, was, why, axes: hurt, nextActions }: Finding,
  paint: Paint,
  { isFirst }: { readonly isFirst: boolean },
): readonly string[] {
  const old = was === null || was === at ? [] : [`  ${paint.quiet("was")} ${placeText(was)}`, ...frame(was, paint)];
  const whom = hurt.length === 0 ? [] : [`  hurts: ${hurt.map((axis) => axes[axis]).join("; ")}`];
  const actions = nextActions.flatMap(({ text, edits }) => [`  next: ${harmless(text)}`, ...edits.map((edit) => `  edit: ${editText(edit, at)}`)]);
  return [...old, ...whom, ...(isFirst ? [`  why: ${harmless(why)}`] : []), ...actions];
}

function editText({ at, newText }: Edit, place: SourceLocation): string {
  const old = at.file.text.slice(at.start, at.end);
  const elsewhere = at.start === place.start && at.file === place.file ? "" : ` at ${placeText(at)}`;
  if (old === "") return `insert ${short(newText)}${elsewhere}`;
  return newText === "" ? `remove ${short(old)}${elsewhere}` : `${short(old)} → ${short(newText)}${elsewhere}`;
}

function short(text: string): string {
  if (/^ +$/.test(text)) return text.length === 1 ? "a space" : `${text.length} spaces`;
  const shown = harmless(text);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

/** A line longer than this is cut around the place. */
const frameWidth = 120;

/** The line of a place, and the marks under it. A stretch of several lines is marked to the end of its first. Nothing where the file has no text. */
function frame({ file, start, end }: SourceLocation, paint: Paint): readonly string[] {
  const { text } = file;
  if (text === "") return [];
  const first = Math.min(start, text.length);
  const lineStart = text.lastIndexOf("\n", first - 1) + 1;
  const next = text.indexOf("\n", first);
  const lineEnd = next === -1 ? text.length : next;
  const last = Math.min(Math.max(end, first), lineEnd);
  const from = lineEnd - lineStart <= frameWidth ? lineStart : Math.max(lineStart, first - frameWidth / 3);
  const to = Math.min(lineEnd, Math.max(from + frameWidth, last));
  const cutAt = Math.min(to, from + frameWidth);

  const before = cells(text.slice(wholeAt(text, from), first));
  const marked = cells(text.slice(first, Math.min(last, cutAt)));
  const after = cells(text.slice(Math.min(last, cutAt), wholeAt(text, cutAt)).replace(/\r$/, ""));
  const lead = from > lineStart ? "…" : "";
  const tail = cutAt < lineEnd ? "…" : "";
  const gutter = String(positionAt(file, first).line).padStart(5);
  const indent = " ".repeat(lead.length + before.width);
  return [
    paint.quiet(`${gutter} | `) + lead + before.shown + marked.shown + after.shown + tail,
    paint.quiet(`${" ".repeat(gutter.length)} | `) + indent + paint.severity("^".repeat(Math.max(marked.width, 1))),
  ].map((line) => line.trimEnd());
}

/** No offset between the halves of a pair. */
function wholeAt(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text[at] ?? "") && /[\ud800-\udbff]/.test(text[at - 1] ?? "") ? at + 1 : at;
}

/** A text as a terminal shows it, and how many columns that takes. A tab is shown as two spaces. */
function cells(text: string): { readonly shown: string; readonly width: number } {
  const shown = harmless(text.replaceAll("\t", "  "));
  let width = 0;
  for (const character of shown) width += wide.test(character) ? 2 : noWidth.test(character) ? 0 : 1;
  return { shown, width };
}

// East Asian wide and full-width characters, and emoji.
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;
const noWidth = /^[\p{Mn}\p{Me}]$/u;
