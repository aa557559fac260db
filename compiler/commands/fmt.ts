// `pliny fmt`: lays every spec out in the one way. It changes no value, loses no comment and leaves alone what it cannot read.

import { hasErrors, report, type Diagnostic } from "../diagnostic.js";
import { findMergeMarkers, readSpecs, writeText } from "../files.js";
import { parseSpec } from "../parse.js";
import type { SourceFile } from "../source.js";
import { layOut } from "./layout.js";
import { listed, plural, stopped, type Context, type Outcome } from "./outcome.js";

export interface FmtOptions {
  readonly check: boolean;
  /** Paths of specs, as they are named from the project's folder; none: all of them. */
  readonly paths: readonly string[];
}

export function fmt(context: Context, options: FmtOptions): Outcome {
  const { value: all, diagnostics: found } = readSpecs(context.project);
  if (hasErrors(found)) return stopped(found);
  const named = options.paths.map((path) => path.replaceAll("\\", "/").replace(/^\.\//, ""));
  const unknown = named.filter((path) => !all.some((source) => source.path === path));
  if (unknown.length > 0) return { ...stopped([]), lines: unknown.map((path) => `error: '${path}' is no spec of this project.`) };
  const sources = named.length === 0 ? all : all.filter((source) => named.includes(source.path));

  const torn = findMergeMarkers(sources);
  const results = sources
    .filter((source) => !torn.some((diagnostic) => diagnostic.at.file === source))
    .map((source) => formatted(source, context));
  const refused = [...torn, ...results.flatMap((result) => result.refused)];
  const changed = results.filter((result) => result.text !== result.source.text);
  const facts = { changed: changed.map((result) => result.source.path), unchanged: results.length - changed.length };

  if (options.check) {
    const findings = changed.map(({ source, text }) => report.notFormatted(firstDifference(source, text)));
    const summary =
      findings.length === 0
        ? `${plural(sources.length, "file")} laid out as ${sources.length === 1 ? "it" : "they"} should be.`
        : `${plural(findings.length, "file")} to be laid out. Run \`pliny fmt\`.`;
    return {
      exitCode: refused.length > 0 ? 2 : findings.length > 0 ? 1 : 0,
      diagnostics: [...refused, ...findings],
      facts,
      lines: [summary],
    };
  }
  const failures = changed.flatMap(({ source, text }) => writeText(context.project, source.path, text));
  const inTheWay = refused.length > 0 ? `, ${plural(refused.length, "mistake")} in the way` : "";
  const summary = `${plural(changed.length, "file")} laid out, ${results.length - changed.length} unchanged${inTheWay}.`;
  return {
    exitCode: hasErrors([...refused, ...failures]) ? 2 : 0,
    diagnostics: [...refused, ...failures],
    facts,
    lines: [...listed(facts.changed, "wrote"), summary],
  };
}

/** The text of a spec laid out; as it is where it cannot be read. */
export function formatSpec(source: SourceFile): string {
  const parsed = parseSpec(source);
  const text = parsed.diagnostics.some((diagnostic) => unreadable.has(diagnostic.code)) ? null : layOut(source.text);
  if (text === null || text === source.text) return source.text;
  // What is laid out must say the same; if it ever does not, nobody's file is the place to find that out.
  const again = parseSpec({ path: source.path, text });
  const values = ({ value }: typeof parsed): string => JSON.stringify(value.map((document) => document.written));
  if (values(again) !== values(parsed)) throw new Error(`${source.path} would say something else once it was laid out.`);
  return text;
}

/** Mistakes after which the text is not known to be what it looks like. */
const unreadable: ReadonlySet<string> = new Set(
  [
    report.syntaxWrong,
    report.tooDeep,
    report.controlCharacter,
    report.tabIndentation,
    report.directive,
    report.anchor,
    report.alias,
    report.tag,
    report.fileTooLarge,
  ].map((mistake) => mistake.code),
);

interface Formatted {
  readonly source: SourceFile;
  readonly text: string;
  readonly refused: readonly Diagnostic[];
}

function formatted(source: SourceFile, context: Context): Formatted {
  context.progress(`Laying out ${source.path}`);
  const refused = parseSpec(source).diagnostics.filter((diagnostic) => unreadable.has(diagnostic.code));
  return { source, text: refused.length > 0 ? source.text : withLineEndsOf(source.text, formatSpec(source)), refused };
}

/** Git may turn line ends into CRLF when it checks out; a file that has no others keeps them. */
function withLineEndsOf(before: string, text: string): string {
  if (text === before || !before.includes("\r\n") || /(?<!\r)\n/.test(before)) return text;
  return text.replaceAll("\n", "\r\n");
}

function firstDifference(source: SourceFile, text: string): Diagnostic["at"] {
  let at = 0;
  while (at < source.text.length && source.text[at] === text[at]) at += 1;
  const start = source.text.lastIndexOf("\n", at - 1) + 1;
  const end = source.text.indexOf("\n", start);
  return { file: source, start, end: end === -1 ? source.text.length : end };
}
