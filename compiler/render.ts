// Diagnostics as text for people, as JSON for programs, as SARIF for code scanning and as workflow commands for GitHub; and the long story of
// a mistake or a keyword. Whatever a spec holds, it is shown harmless: no control character of it reaches a terminal.

import { report, type Diagnostic, type Edit, type Severity } from "./diagnostic.js";
import { keywords, kinds, type JsonSchema, type Keyword } from "./keywords.js";
import { axes, findRule, isFinding, rules, type Finding, type Rule } from "./rules.js";
import { compareText, positionAt, type SourceLocation } from "./source.js";

export const formats = ["text", "json", "sarif", "github"] as const;

export type Format = (typeof formats)[number];

/** All diagnostics in one text that ends in a line break, in the order given. As text, none give an empty text. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], { format, colour }: { readonly format: Format; readonly colour: boolean }): string {
  switch (format) {
    case "text":
      return renderText(diagnostics, colour);
    case "json":
      return `${JSON.stringify(diagnostics.map(plainDiagnostic), null, 2)}\n`;
    case "sarif":
      return `${JSON.stringify(sarif(diagnostics), null, 2)}\n`;
    case "github":
      return diagnostics.map((diagnostic) => `${workflowCommand(diagnostic)}\n`).join("");
  }
}

/** The long story of a code (`SPC019`), of a rule of the diff (`FLD001`), or what there is to know of a keyword (`timeout`) wherever it stands; null for any other word. */
export function explain(word: string): string | null {
  const code = word.trim().toUpperCase();
  const mistake = Object.values(report).find((each) => each.code === code);
  if (mistake !== undefined) return `${mistake.code} (${mistake.severity})\n\n${mistake.story.trimEnd()}\n`;
  const rule = findRule(code);
  if (rule !== undefined) return ruleStory(rule);
  const rows = keywords.filter((row) => row.keyword === word.trim());
  return rows.length === 0 ? null : [`${word.trim()}\n`, ...rows.map(keywordStory)].join("\n");
}

// ---- text

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

function renderText(diagnostics: readonly Diagnostic[], colour: boolean): string {
  if (diagnostics.length === 0) return "";
  const told = new Set<string>();
  const texts = diagnostics.map((diagnostic) => {
    // Why a rule is there is said with the first of its findings.
    const isFirst = !told.has(diagnostic.code);
    told.add(diagnostic.code);
    return textOf(diagnostic, paintFor(diagnostic.severity, colour), { isFirst });
  });
  return `${texts.join("\n")}\n${countLine(diagnostics)}\n`;
}

function textOf(diagnostic: Diagnostic, paint: Paint, { isFirst }: { readonly isFirst: boolean }): string {
  const { severity, code, at, message, hint, edit, related } = diagnostic;
  const lines = [`${paint.severity(`${severity} ${code}`)} ${paint.strong(`${placeText(at)}:`)} ${harmless(message)}`, ...frame(at, paint)];
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

function placeText({ file, start }: SourceLocation): string {
  const { line, column } = positionAt(file, start);
  return `${harmless(file.path)}:${line}:${column}`;
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

function countLine(diagnostics: readonly Diagnostic[]): string {
  const counted: readonly (readonly [Severity, string])[] = [["error", "error"], ["warning", "warning"], ["info", "note"]];
  const parts = counted.flatMap(([severity, word]) => {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`];
  });
  return `${parts.join(", ")}.`;
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

/** Control characters as their pictures, and what is not seen or turns the direction of text as `\u{…}`. */
function harmless(text: string): string {
  return text
    .replace(/[\u0000-\u001f]/g, (mark) => String.fromCharCode(mark.charCodeAt(0) + 0x2400))
    .replaceAll("\u007f", "\u2421")
    .replace(/[\u0080-\u009f\u2028\u2029\p{Cf}\p{Cs}]/gu, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}

// ---- for programs

interface PlainRegion {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

function region({ file, start, end }: SourceLocation): PlainRegion {
  const first = positionAt(file, start);
  const last = positionAt(file, end);
  return { line: first.line, column: first.column, endLine: last.line, endColumn: last.column };
}

function plainDiagnostic(diagnostic: Diagnostic): object {
  const { code, severity, at, message, hint, edit, related } = diagnostic;
  return {
    file: at.file.path,
    ...region(at),
    code,
    severity,
    message,
    hint,
    edit: edit === null ? null : plainEdit(edit),
    related: related.map((other) => ({ file: other.at.file.path, ...region(other.at), message: other.message })),
    ...(isFinding(diagnostic) ? plainFinding(diagnostic) : {}),
  };
}

function plainFinding({ axes: hurt, why, was, nextActions, fingerprint }: Finding): object {
  return {
    axes: hurt,
    why,
    was: was === null ? null : { file: was.file.path, ...region(was) },
    nextActions: nextActions.map(({ text, edits }) => ({ text, edits: edits.map(plainEdit) })),
    fingerprint,
  };
}

function plainEdit({ at, newText }: Edit): object {
  return { file: at.file.path, ...region(at), newText };
}

/** What a code is called, how severe it is, and its story: of a mistake, or of a rule of the diff. */
function describe(code: string): { readonly name: string; readonly severity: Severity; readonly story: string } {
  const [name, mistake] = Object.entries(report).find(([, each]) => each.code === code) ?? [code, null];
  if (mistake !== null) return { name: name.slice(0, 1).toUpperCase() + name.slice(1), severity: mistake.severity, story: mistake.story };
  const rule = findRule(code);
  return { name, severity: rule?.severity ?? "error", story: rule === undefined ? code : `${rule.words.change}\n\n${rule.words.why}\n\n${rule.words.safe}` };
}

const sarifLevels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

function sarif(diagnostics: readonly Diagnostic[]): object {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].toSorted(compareText);
  const rules = codes.map((code) => {
    const { name, severity, story } = describe(code);
    return {
      id: code,
      name,
      shortDescription: { text: /^.*?[.:](?=\s|$)/s.exec(story)?.[0] ?? story },
      fullDescription: { text: story.split("\n\n")[0] ?? story },
      help: { text: story },
      defaultConfiguration: { level: sarifLevels[severity] },
    };
  });
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "pliny", rules } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((diagnostic) => sarifResult(diagnostic, codes.indexOf(diagnostic.code))),
      },
    ],
  };
}

function sarifResult({ code, severity, at, message, hint, edit, related }: Diagnostic, ruleIndex: number): object {
  const places = related.map((other, id) => ({ id, message: { text: other.message }, physicalLocation: sarifPlace(other.at) }));
  return {
    ruleId: code,
    ruleIndex,
    level: sarifLevels[severity],
    message: { text: hint === null ? message : `${message} ${hint}` },
    locations: [{ physicalLocation: sarifPlace(at) }],
    ...(related.length === 0 ? {} : { relatedLocations: places }),
    ...(edit === null ? {} : { fixes: [sarifFix(edit, hint ?? message)] }),
  };
}

function sarifFix({ at, newText }: Edit, description: string): object {
  const { artifactLocation, region: deletedRegion } = sarifPlace(at);
  return { description: { text: description }, artifactChanges: [{ artifactLocation, replacements: [{ deletedRegion, insertedContent: { text: newText } }] }] };
}

function sarifPlace(at: SourceLocation): { readonly artifactLocation: object; readonly region: object } {
  const { line, column, endLine, endColumn } = region(at);
  return {
    artifactLocation: { uri: at.file.path.split("/").map(encodeStep).join("/") },
    region: { startLine: line, startColumn: column, endLine, endColumn },
  };
}

/** A step of a path in a URI. Halves of surrogate pairs, which no URI can hold, become U+FFFD. */
function encodeStep(step: string): string {
  return encodeURIComponent(step.replace(/\p{Cs}/gu, "\ufffd"));
}

const githubCommands: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "notice" };

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions: `%`, line breaks and, in properties, `:` and `,` are escaped. */
function workflowCommand({ code, severity, at, message, hint }: Diagnostic): string {
  const data = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  const { line, column, endLine, endColumn } = region(at);
  // Columns are shown only where the stretch is on one line, and theirs is the last column itself.
  const columns = line === endLine ? `,col=${column},endColumn=${Math.max(endColumn - 1, column)}` : "";
  const properties = `file=${property(at.file.path)},line=${line},endLine=${endLine}${columns},title=${property(code)}`;
  return `::${githubCommands[severity]} ${properties}::${data(hint === null ? message : `${message}\n${hint}`)}`;
}

// ---- stories of rules and keywords

/** The catalogue of the rules of the diff, as a page. */
export function rulesPage(): string {
  const fenced = (spec: string): string => `\`\`\`yaml\n${spec}\n\`\`\``;
  const row = ({ code, severity, axes: hurt, words }: Rule): string => `| [${code}](#${code.toLowerCase()}) | ${words.change.replaceAll("|", "\\|")} | ${severity} | ${hurt.join(" ") || "–"} |`;
  const section = ({ code, words: { change, why, safe, example } }: Rule): string =>
    [
      `## ${code}`, change, why, `The safe path: ${safe}`, "Before:", fenced(example.before), "After:", fenced(example.after),
      ...(example.safe === null ? [] : ["By the safe path:", fenced(example.safe)]),
    ].join("\n\n");
  return `${[
    "# The rules of `pliny diff`",
    "Every rule assumes that old and new releases run beside each other for a while: each reads what the other wrote. `draft` and `beta` lower what hurts W " +
      "and S alone by one. `levels` of pliny.yaml and `allow` at an element turn a rule down; `pliny explain CODE` tells the same as this page.",
    Object.entries(axes).map(([axis, whom]) => `- **${axis}**: ${whom}`).join("\n"),
    ["| Rule | Change | Severity | Hurts |", "|---|---|---|---|", ...rules.map(row)].join("\n"),
    ...rules.map(section),
  ].join("\n\n")}\n`;
}

/** What a rule speaks of, why it matters and to whom, and the safe path; with a change that it speaks of. */
function ruleStory({ code, severity, axes: hurt, words: { change, why, safe, example } }: Rule): string {
  const indented = (spec: string): string => spec.replace(/^(?=.)/gm, "    ");
  return [
    `${code} (${severity}): a rule of \`pliny diff\``,
    change,
    why,
    ...(hurt.length === 0 ? [] : [`Whom it hurts: ${hurt.map((axis) => axes[axis]).join("; ")}.`]),
    `The safe path: ${safe}`,
    `Before:\n\n${indented(example.before)}`,
    `After:\n\n${indented(example.after)}`,
    ...(example.safe === null ? [] : [`By the safe path:\n\n${indented(example.safe)}`]),
  ].join("\n\n") + "\n";
}

function keywordStory({ kind, schema, default: byDefault, required, doc, changes }: Keyword): string {
  const changed = Object.entries(changes).map(([how, rules]) => `${how} (${String(rules).replaceAll(" ", ", ")})`);
  return [
    `In ${kinds[kind]}: ${doc}`,
    `    value: ${valueText(schema)}`,
    `    default: ${required ? "none; it must be there" : (byDefault ?? "none")}`,
    ...(changed.length === 0 ? [] : [`    a diff speaks of it when it is ${changed.join(", ")}`]),
    "",
  ].join("\n");
}

function valueText(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.$ref === undefined) return "any that its field may have";
  const kind = decodeURIComponent(schema.$ref.slice("#/definitions/".length));
  const inner = keywords.filter((row) => row.kind === kind).map((row) => row.keyword);
  return kind === "field" || kind === "element" ? "a type, or a mapping with its modifiers" : `a mapping with ${inner.join(", ")}`;
}
