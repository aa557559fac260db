// Diagnostics in the format that is asked for, which formats/ has one by one; and the long story of a mistake, a rule or a keyword. Whatever a spec
// holds, it is shown harmless: no control character of it reaches a terminal, and no text of it is code where it is shown.

import { report, type Diagnostic } from "./diagnostic.js";
import { workflowCommands } from "./formats/github.js";
import { codeQuality } from "./formats/gitlab.js";
import { plainDiagnostic } from "./formats/json.js";
import { junit } from "./formats/junit.js";
import { markdown } from "./formats/markdown.js";
import { plainRun, type Run } from "./formats/run.js";
import { sarif } from "./formats/sarif.js";
import { renderText } from "./formats/text.js";
import { keywords, kinds, type JsonSchema, type Keyword } from "./keywords.js";
import { axes, findRule, rules, type Rule } from "./rules.js";

export type { Run } from "./formats/run.js";

export type Format = "text" | "json" | "sarif" | "github" | "gitlab" | "junit" | "md";

interface Rendering {
  readonly format: Format;
  readonly colour: boolean;
  readonly run?: Run;
}

/** All diagnostics in one text that ends in a line break, in the order given. As text, none give an empty text. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], { format, colour, run = plainRun }: Rendering): string {
  return renderers[format](diagnostics, run, colour);
}

const renderers: Readonly<Record<Format, (diagnostics: readonly Diagnostic[], run: Run, colour: boolean) => string>> = {
  text: (diagnostics, _, colour) => renderText(diagnostics, colour),
  json: (diagnostics) => jsonText(diagnostics.map(plainDiagnostic)),
  sarif: (diagnostics, run) => jsonText(sarif(diagnostics, run)),
  github: (diagnostics, run) => workflowCommands(diagnostics, run).map((line) => `${line}\n`).join(""),
  gitlab: (diagnostics, run) => jsonText(codeQuality(diagnostics, run)),
  junit,
  md: markdown,
};

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
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
