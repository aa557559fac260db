// Where text comes from, and how a place in it is named: files, offsets, lines and columns.

/** One text that was read. `path` is relative to the project and uses `/` on every platform. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A stretch of a file, as offsets in UTF-16 units; `end` is exclusive. */
export interface SourceLocation {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** A line and a column, both counted from 1; columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset. An offset past the end is taken as the end. */
export function positionAt(file: SourceFile, offset: number): Position {
  const end = Math.min(Math.max(offset, 0), file.text.length);
  let line = 1;
  let lineStart = 0;
  for (let at = file.text.indexOf("\n"); at !== -1 && at < end; at = file.text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: end - lineStart + 1 };
}

/** By UTF-16 units: the order of no language, and so the same everywhere. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
