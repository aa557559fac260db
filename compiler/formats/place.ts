// What the formats share: places in lines and columns, paths as whoever hosts the repository knows them, and text that commands no terminal.

import { positionAt, type SourceLocation } from "../source.js";

export interface Region {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** From the first to behind the last character, all counted from 1. */
export function region({ file, start, end }: SourceLocation): Region {
  const first = positionAt(file, start);
  const last = positionAt(file, end);
  return { line: first.line, column: first.column, endLine: last.line, endColumn: last.column };
}

/** `specs/database.yaml:3:18`, as people are shown it. */
export function placeText({ file, start }: SourceLocation): string {
  const { line, column } = positionAt(file, start);
  return `${harmless(file.path)}:${line}:${column}`;
}

/** Control characters as their pictures, and what is not seen or turns the direction of text as `\u{…}`. */
export function harmless(text: string): string {
  return text
    .replace(/[\u0000-\u001f]/g, (mark) => String.fromCharCode(mark.charCodeAt(0) + 0x2400))
    .replaceAll("\u007f", "\u2421")
    .replace(/[\u0080-\u009f\u2028\u2029\p{Cf}\p{Cs}]/gu, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}
