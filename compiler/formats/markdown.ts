// Diagnostics as one Markdown comment for a pull request: what it comes to, the findings by severity and by whom they hurt, and the state
// diagrams that changed. Every text of a spec passes a gate of `naming.ts`; only our own words are Markdown.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic, Edit, Severity } from "../diagnostic.js";
import { markdownCode, markdownText } from "../naming.js";
import { axes, isFinding, type Axis } from "../rules.js";
import { countText } from "./count.js";
import { placeText } from "./place.js";
import type { Run } from "./run.js";

/** GitHub refuses a comment that is longer; GitLab takes more. */
export const commentMax = 65_536;

/** The first line, by which whoever posted the comment finds it again to put the next one in its place. */
export function commentMarker(command: string): string {
  return `<!-- pliny ${command} -->`;
}

/** A text that is put in whole or left out: rows of a table, which stand between its head and its end, or a diagram. */
interface Block {
  readonly head: string;
  readonly parts: readonly string[];
  readonly tail: string;
  /** What one of its parts is called, where some had no room. */
  readonly noun: string;
}

export function markdown(diagnostics: readonly Diagnostic[], run: Run): string {
  const known = diagnostics.filter(isInBaseline);
  const fresh = diagnostics.filter((diagnostic) => !isInBaseline(diagnostic));
  const told = new Set<string>();
  const diagrams = run.diagrams();
  const opening = [
    commentMarker(run.command),
    `### pliny ${run.command}: ${diagnostics.length === 0 ? (run.problem === null ? "nothing is found" : "it could not be done") : countText(diagnostics).slice(0, -1)}`,
    ...(run.problem === null ? [] : [`> [!CAUTION]\n> ${sentence(run.problem)}`]),
    ...run.summary.filter((line) => line !== `error: ${run.problem ?? ""}`).map(sentence),
    ...matrix(fresh),
  ].join("\n\n");
  const blocks: readonly Block[] = [
    ...severities.flatMap(({ severity, title, folded }) => table(title, { found: fresh.filter((each) => each.severity === severity), told, folded })),
    ...table("In the baseline", { found: known, told, folded: true }),
    {
      head: "\n\n#### States and moves\n\nGreen is new, yellow is changed, red and broken is no more.",
      parts: diagrams.map(({ title, mermaid }) => `\n\n**${markdownText(title)}**\n\n\`\`\`mermaid\n${mermaid}\n\`\`\``),
      tail: "",
      noun: "diagram",
    },
  ];
  return fit(opening, blocks, run);
}

const severities: readonly { readonly severity: Severity; readonly title: string; readonly folded: boolean }[] = [
  { severity: "error", title: "Errors", folded: false },
  { severity: "warning", title: "Warnings", folded: false },
  { severity: "info", title: "Notes", folded: true },
];

const axisNames: readonly Axis[] = ["W", "D", "S", "T", "Q"];

/** How many of each severity hurt whom. */
function matrix(diagnostics: readonly Diagnostic[]): readonly string[] {
  const findings = diagnostics.filter(isFinding);
  const used = axisNames.filter((axis) => findings.some((finding) => finding.axes.includes(axis)));
  if (used.length === 0) return [];
  const rows = severities.flatMap(({ severity, title }) => {
    const these = findings.filter((finding) => finding.severity === severity);
    return these.length === 0 ? [] : [`| ${title} | ${used.map((axis) => these.filter((finding) => finding.axes.includes(axis)).length || "").join(" | ")} |`];
  });
  return [[`| | ${used.map((axis) => axes[axis]).join(" | ")} |`, `|---|${used.map(() => "--:|").join("")}`, ...rows].join("\n")];
}

/** The findings of one kind, those that hurt the same together. */
function table(
  title: string,
  { found, told, folded }: { readonly found: readonly Diagnostic[]; readonly told: Set<string>; readonly folded: boolean },
): readonly Block[] {
  if (found.length === 0) return [];
  const head = "\n\n| Rule | Where | What, and why | What makes it safe |\n|---|---|---|---|";
  const first = (diagnostic: Diagnostic): number => axisNames.findIndex((axis) => isFinding(diagnostic) && diagnostic.axes.includes(axis)) + 1 || axisNames.length + 1;
  const sorted = found.toSorted((left, right) => first(left) - first(right));
  return [
    {
      head: folded ? `\n\n<details><summary>${title} (${found.length})</summary>${head}` : `\n\n#### ${title}${head}`,
      parts: sorted.map((diagnostic) => `\n${row(diagnostic, told)}`),
      tail: folded ? "\n\n</details>" : "",
      noun: "finding",
    },
  ];
}

function row(diagnostic: Diagnostic, told: Set<string>): string {
  const { code, at, message, hint, edit } = diagnostic;
  const places = [markdownCode(placeText(at))];
  const what = [sentence(message)];
  const actions = isFinding(diagnostic) ? diagnostic.nextActions : hint === null && edit === null ? [] : [{ text: hint ?? "", edits: edit === null ? [] : [edit] }];
  if (isFinding(diagnostic)) {
    const { was, why, axes: hurt } = diagnostic;
    if (was !== null && was !== at) places.push(`was ${markdownCode(placeText(was))}`);
    if (hurt.length > 0) what.push(`<sub>Hurts ${hurt.map((axis) => axes[axis]).join("; ")}</sub>`);
    // Why a rule is there is said with the first of its findings.
    if (!told.has(code)) what.push(why.replaceAll("\n", " ").replaceAll("|", "\\|"));
    told.add(code);
  }
  const safe = actions.flatMap(({ text, edits }) => [sentence(text), ...edits.map((each) => editCell(each, at.file.path))]);
  return `| ${code} | ${places.join("<br>")} | ${what.join("<br>")} | ${safe.filter((part) => part !== "").join("<br>")} |`;
}

function editCell({ at, newText }: Edit, path: string): string {
  const old = at.file.text.slice(at.start, at.end);
  const where = at.file.path === path ? placeText(at).slice(placeText(at).indexOf(":") + 1) : placeText(at);
  const did = old === "" ? "insert" : newText === "" ? "remove" : "replace";
  const shown = [old, newText].filter((text) => text !== "").map(codeCell);
  return `${did} at ${markdownCode(where)}: ${shown.join(" by ")}`;
}

/** Code in a cell, line by line: a cell holds no block. What it is indented by stands before it, for it counts in YAML. */
function codeCell(text: string): string {
  const lines = clipped(text).replace(/^\n+|\s+$/g, "").split("\n");
  const shown = lines.map((line) => {
    const [indent = ""] = /^ */.exec(line) ?? [];
    return `${"&nbsp;".repeat(indent.length)}${line.trim() === "" ? "" : markdownCode(line)}`;
  });
  return `${lines.length > 1 ? "<br>" : ""}${shown.join("<br>")}`;
}

/** A sentence of ours: what stands in backquotes is code, and each piece passes a gate by itself. */
function sentence(text: string): string {
  return clipped(text)
    .split(/`([^`]*[^`\s][^`]*)`/)
    .map((piece, at) => (at % 2 === 1 ? markdownCode(piece) : `${/^\s/.test(piece) ? " " : ""}${markdownText(piece)}${/\S\s$/.test(piece) ? " " : ""}`))
    .join("");
}

/** What is longer is read in the editor. */
function clipped(text: string): string {
  return text.length <= 600 ? text : `${text.slice(0, 600).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** As much as GitHub takes, and how much was left out. */
function fit(opening: string, blocks: readonly Block[], { command }: Run): string {
  // The last sentence, and the ends of what is open.
  const budget = commentMax - 400;
  const left = new Map<string, number>();
  let text = opening;
  for (const { head, parts, tail, noun } of blocks) {
    if (parts.length === 0) continue;
    let made = head;
    let put = 0;
    for (const part of parts) {
      if (text.length + made.length + part.length + tail.length > budget) break;
      made += part;
      put += 1;
    }
    if (put > 0) text += made + tail;
    if (put < parts.length) left.set(noun, (left.get(noun) ?? 0) + parts.length - put);
  }
  if (left.size === 0) return `${text}\n`;
  const said = [...left].map(([noun, count]) => `${count} ${noun}${count === 1 ? "" : "s"}`).join(" and ");
  return `${text}\n\n**A comment has room for no more: ${said} ${[...left.values()].every((count) => count === 1) && left.size === 1 ? "is" : "are"} left out.** \`pliny ${command}\` shows all of them.\n`;
}
