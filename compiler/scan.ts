// Looks over a text before the YAML library sees it, in one pass and in time that grows with its length alone. That library can be driven out
// of time, memory and stack by what it reads, so what is too large or too deep never reaches it. The documents of a file are told apart here
// too, so that a mistake in one of them says nothing about the others.

import { report, type Checked, type Diagnostic } from "./diagnostic.js";
import type { SourceFile } from "./source.js";

export const maxBytes = 1_048_576;
export const maxLevels = 64;

/** One document of a file, from its `---` (or from its first line) to the next. */
export interface ScannedDocument {
  readonly start: number;
  readonly end: number;
  /** It says nothing. */
  readonly empty: boolean;
  /** Why it is not handed to the YAML library; null where it is. */
  readonly problem: Diagnostic | null;
}

/** The bytes of a file as text, without a byte order mark; null where they are too many or no UTF-8. */
export function decodeSource(path: string, bytes: Uint8Array): Checked<SourceFile | null> {
  const nothing: SourceFile = { path, text: "" };
  if (bytes.length > maxBytes) return { value: null, diagnostics: [report.fileTooLarge({ file: nothing, start: 0, end: 0 }, bytes.length)] };
  // This one puts U+FFFD where the bytes are wrong; whether it did shows when the text is made bytes again.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(text);
  const wrong = again.findIndex((byte, at) => byte !== bytes[at]);
  if (wrong === -1 && again.length === bytes.length) return { value: { path, text: text.replace(/^\ufeff/, "") }, diagnostics: [] };
  const before = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, wrong === -1 ? again.length : wrong));
  const at = { file: { path, text }, start: before.length, end: Math.min(before.length + 1, text.length) };
  return { value: null, diagnostics: [report.notUtf8(at, { utf16: (bytes[0] ?? 0) + (bytes[1] ?? 0) === 0xff + 0xfe })] };
}

/** The documents of a text, each with what is wrong with it; and what is wrong between them or with the whole. */
export function scan(file: SourceFile): Checked<readonly ScannedDocument[]> {
  const sizeBytes = file.text.length * 3 > maxBytes ? new TextEncoder().encode(file.text).length : 0;
  if (sizeBytes > maxBytes) return { value: [], diagnostics: [report.fileTooLarge({ file, start: 0, end: 0 }, sizeBytes)] };
  const { value: documents, diagnostics } = splitDocuments(file);
  const scanned = documents.map((document): ScannedDocument => {
    if (document.empty || document.problem !== null) return document;
    return { ...document, problem: findControl(file, document) ?? scanDocument(file, document) };
  });
  return { value: scanned, diagnostics };
}

/** `---` and `...` at the start of a line end a document whatever they stand in, so lines are all that has to be looked at. */
function splitDocuments(file: SourceFile): Checked<readonly ScannedDocument[]> {
  const { text } = file;
  const documents: ScannedDocument[] = [];
  const directives: Diagnostic[] = [];
  let start = 0;
  let marked = false;
  let empty = true;
  let directive: Diagnostic | null = null;
  const close = (end: number): void => {
    // A directive stands before the `---` of its document, where it makes nothing unreadable.
    if (marked || !empty) documents.push({ start, end, empty, problem: directive });
    else if (directive !== null) directives.push(directive);
    directive = null;
  };
  for (let at = text.startsWith("\ufeff") ? 1 : 0; at < text.length; ) {
    const end = endOfLine(text, at);
    if (isMarker(text, at, "---")) {
      close(at);
      [start, marked, empty] = [at, true, saysNothing(text, at + 3, end)];
    } else if (isMarker(text, at, "...")) {
      close(at);
      [start, marked, empty] = [end, false, true];
    } else if (text[at] === "%") {
      directive ??= report.directive({ file, start: at, end: trimmedEnd(text, at, end) });
    } else if (!saysNothing(text, at, end)) {
      empty = false;
    }
    at = end;
  }
  close(text.length);
  return { value: documents, diagnostics: directives };
}

function isMarker(text: string, at: number, marker: string): boolean {
  return text.startsWith(marker, at) && isBlank(text, at + marker.length);
}

function saysNothing(text: string, start: number, end: number): boolean {
  let at = start;
  while (at < end && isBlank(text, at)) at += 1;
  return at >= end || text[at] === "#";
}

/** The first character that may stand in no YAML: most control characters, halves of surrogate pairs, a carriage return by itself. */
function findControl(file: SourceFile, { start, end }: ScannedDocument): Diagnostic | null {
  const found = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\r(?!\n)/u.exec(file.text.slice(start, end));
  if (found === null) return null;
  const at = start + found.index;
  return report.controlCharacter({ file, start: at, end: at + found[0].length }, found[0].codePointAt(0) ?? 0);
}

/**
 * Follows the text of one document as YAML would, closely enough to know what stands in quotes, comments and block text, and counts levels:
 * of brackets, and of columns at which something inside something else begins (`- - -` begins three of them on one line).
 */
function scanDocument(file: SourceFile, document: ScannedDocument): Diagnostic | null {
  const { text } = file;
  const { end } = document;
  /** Columns at which what is open in block style began, from the outermost. */
  const columns: number[] = [];
  let brackets = 0;
  /** In brackets, a plain text goes on from the line before. */
  let plainInBrackets = false;
  /** Lines that are indented deeper than this go on with the text of the line before. */
  let plainParent: number | null = null;
  let blockTextParent: number | null = null;
  let lineStart = document.start;
  let at = document.start;
  if (text.startsWith("---", at)) at += 3;
  else if (text[at] === "\ufeff") at += 1;
  let mayOpen = at === document.start;
  let atLineStart = mayOpen;

  const tooDeep = (what: "brackets" | "indentation"): Diagnostic => report.tooDeep({ file, start: at, end: at + 1 }, what);
  /** Something begins in block style. True where that is one level too many. */
  const open = (column: number): boolean => {
    if (column > (columns.at(-1) ?? -1)) columns.push(column);
    return columns.length > maxLevels;
  };

  while (at < end) {
    if (atLineStart) {
      atLineStart = false;
      lineStart = at;
      while (text[at] === " ") at += 1;
      const indent = at - lineStart;
      let content = at;
      while (text[content] === " " || text[content] === "\t") content += 1;
      if (content >= end || isBreak(text, content)) {
        at = endOfLine(text, content);
        atLineStart = true;
        continue;
      }
      if (blockTextParent !== null && indent > blockTextParent) {
        at = endOfLine(text, content);
        atLineStart = true;
        continue;
      }
      blockTextParent = null;
      if (text[content] === "#") {
        at = endOfLine(text, content);
        atLineStart = true;
        plainParent = null;
        continue;
      }
      if (content > at) return report.tabIndentation({ file, start: at, end: content });
      if (brackets === 0) {
        mayOpen = plainParent === null || indent <= plainParent;
        if (mayOpen) {
          plainParent = null;
          while ((columns.at(-1) ?? -1) > indent) columns.pop();
        } else {
          at = endOfPlain(text, at, end, false);
          continue;
        }
      }
    }

    const character = text[at] ?? "";
    if (character === "\n") {
      at += 1;
      atLineStart = true;
    } else if (isBlank(text, at)) {
      at += 1;
    } else if (character === "#" && isBlank(text, at - 1)) {
      at = endOfLine(text, at) - 1;
      if (text[at] !== "\n") at += 1;
      plainParent = null;
    } else if (plainInBrackets && !isFlowMark(character) && !(character === ":" && endsKey(text, at, true))) {
      at = endOfPlain(text, at, end, true);
    } else {
      plainInBrackets = false;
      if (character === "[" || character === "{") {
        if (brackets === 0 && mayOpen && open(at - lineStart)) return tooDeep("indentation");
        brackets += 1;
        mayOpen = false;
        if (brackets > maxLevels) return tooDeep("brackets");
        at += 1;
      } else if ((character === "]" || character === "}") && brackets > 0) {
        brackets -= 1;
        at += 1;
      } else if (character === "," && brackets > 0) {
        at += 1;
      } else if (character === '"' || character === "'") {
        if (brackets === 0 && mayOpen && open(at - lineStart)) return tooDeep("indentation");
        mayOpen = false;
        const quoted = endOfQuoted(text, at, end);
        at = quoted.at;
        if (quoted.lineStart !== null) lineStart = quoted.lineStart;
        if (text[at] === ":") at += 1;
      } else if (character === "&" || character === "*" || character === "!") {
        while (at < end && !isBlank(text, at) && !(brackets > 0 && isFlowMark(text[at] ?? ""))) at += 1;
      } else if (brackets === 0 && mayOpen && (character === "-" || character === "?" || character === ":") && isBlank(text, at + 1)) {
        if (open(at - lineStart)) return tooDeep("indentation");
        at += 1;
      } else if (character === ":" && endsKey(text, at, brackets > 0)) {
        at += 1;
        mayOpen = false;
      } else if (brackets === 0 && (character === "|" || character === ">")) {
        blockTextParent = columns.at(-1) ?? -1;
        at = endOfLine(text, at);
        atLineStart = true;
      } else {
        const after = endOfPlain(text, at, end, brackets > 0);
        const isKey = text[after] === ":";
        if (brackets > 0) plainInBrackets = !isKey;
        else if (isKey) {
          if (mayOpen && open(at - lineStart)) return tooDeep("indentation");
        } else plainParent = columns.at(-1) ?? -1;
        mayOpen = false;
        at = after;
      }
    }
  }
  return null;
}

/** Where a plain text stops on its line: at the `: ` after a key, before a comment, in brackets at a bracket or comma. */
function endOfPlain(text: string, start: number, end: number, inBrackets: boolean): number {
  let at = start + 1;
  for (; at < end; at += 1) {
    const character = text[at] ?? "";
    if (character === "\n") break;
    if (character === ":" && endsKey(text, at, inBrackets)) break;
    if (character === "#" && isBlank(text, at - 1)) break;
    if (inBrackets && isFlowMark(character)) break;
  }
  return at;
}

/** After the quote that closes; the end of the document where none does. `lineStart` is where its last line begins, if it has several. */
function endOfQuoted(text: string, start: number, end: number): { readonly at: number; readonly lineStart: number | null } {
  const quote = text[start];
  let lineStart: number | null = null;
  for (let at = start + 1; at < end; at += 1) {
    const character = text[at];
    if (character === "\n") lineStart = at + 1;
    else if (character === "\\" && quote === '"') at += 1;
    else if (character === quote) {
      if (quote === '"' || text[at + 1] !== quote) return { at: at + 1, lineStart };
      at += 1;
    }
  }
  return { at: end, lineStart };
}

function endsKey(text: string, at: number, inBrackets: boolean): boolean {
  return isBlank(text, at + 1) || (inBrackets && isFlowMark(text[at + 1] ?? ""));
}

function isFlowMark(character: string): boolean {
  return character === "," || character === "[" || character === "]" || character === "{" || character === "}";
}

function isBreak(text: string, at: number): boolean {
  return text[at] === "\n" || (text[at] === "\r" && text[at + 1] === "\n");
}

/** A space, a tab, a line break, or the end of the text. */
function isBlank(text: string, at: number): boolean {
  const character = text[at];
  return character === " " || character === "\t" || character === "\n" || character === "\r" || character === undefined;
}

/** Where the next line begins. */
function endOfLine(text: string, at: number): number {
  const found = text.indexOf("\n", at);
  return found === -1 ? text.length : found + 1;
}

function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(text, at - 1)) at -= 1;
  return at;
}
