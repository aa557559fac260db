// Diagnostics as workflow commands, which GitHub Actions shows beside the lines they are of.

import { isInBaseline } from "../baseline.js";
import type { Diagnostic, Severity } from "../diagnostic.js";
import { harmless, placeText, region } from "./place.js";
import { repositoryPath, type Run } from "./run.js";

type Level = "error" | "warning" | "notice";

const levels: Readonly<Record<Severity, Level>> = { error: "error", warning: "warning", info: "notice" };

/** So many of each level are shown for a step, and the others are dropped in silence. */
const shownMax = 10;

/** GitHub takes 64 KiB of a message; one so long is read by nobody. */
const messageMax = 4000;

/**
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 *
 * Those that GitHub would drop stand in the log as plain lines, and the last that it shows says how many they are.
 */
export function workflowCommands(diagnostics: readonly Diagnostic[], run: Run): readonly string[] {
  const problem = run.problem === null ? [] : [command("error", { title: property(`pliny ${run.command}`) }, run.problem)];
  const left = new Map<Level, Diagnostic[]>();
  const shown = new Map<Level, number>();
  const total = (level: Level): number => diagnostics.filter((diagnostic) => levelOf(diagnostic) === level).length;
  const totals = { error: total("error") + problem.length, warning: total("warning"), notice: total("notice") };
  const commands = diagnostics.flatMap((diagnostic) => {
    const level = levelOf(diagnostic);
    const count = (shown.get(level) ?? (level === "error" ? problem.length : 0)) + 1;
    shown.set(level, count);
    if (count < shownMax || totals[level] <= shownMax) return [annotation(diagnostic, run)];
    left.set(level, [...(left.get(level) ?? []), diagnostic]);
    return [];
  });
  const rest = [...left].flatMap(([level, others]) => [
    command(level, { title: property(`pliny ${run.command}`) }, `${others.length} more of this kind stand in the log of this step.`),
    ...others.map(({ code, at, message }) => `${level} ${code} ${placeText(at)}: ${harmless(message)}`),
  ]);
  return [...problem, ...commands, ...rest];
}

function levelOf(diagnostic: Diagnostic): Level {
  return isInBaseline(diagnostic) ? "notice" : levels[diagnostic.severity];
}

function annotation(diagnostic: Diagnostic, run: Run): string {
  const { code, at, message, hint } = diagnostic;
  const { line, column, endLine, endColumn } = region(at);
  // Columns are shown only where the stretch is on one line, and theirs is the last column itself.
  const columns = line === endLine ? { col: column, endColumn: Math.max(endColumn - 1, column) } : {};
  const title = `${code}${isInBaseline(diagnostic) ? " (in the baseline)" : ""}`;
  return command(levelOf(diagnostic), { file: property(repositoryPath(at, run)), line, endLine, ...columns, title }, hint === null ? message : `${message}\n${hint}`);
}

function command(level: Level, properties: Readonly<Record<string, string | number>>, message: string): string {
  const said = Object.entries(properties).map(([name, value]) => `${name}=${value}`).join(",");
  const whole = message.length <= messageMax ? message : `${message.slice(0, messageMax).replace(/[\ud800-\udbff]$/, "")}…`;
  return `::${level} ${said}::${data(whole)}`;
}

/** `%` and line breaks would end the command. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** In a property `:` and `,` would too. */
function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
