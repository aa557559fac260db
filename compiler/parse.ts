// YAML text → SpecDocument[]. `yaml` reads it and says where each value stands; the shape is checked by the validator that ajv compiled from
// keywords.ts; every message is our own. Nothing is thrown on a bad spec: what is wrong is taken away, and what is left goes on.

import { findShapeErrors, type ShapeError } from "#shape";
import { Composer, Lexer, Parser, isAlias, isMap, isScalar, isSeq, type Document, type ErrorCode } from "yaml";
import { report, sortDiagnostics, type Checked, type Diagnostic, type Edit } from "./diagnostic.js";
import { locate, type DocumentKind, type SpecDocument, type SpecPath, type SpecRecord, type SpecValue } from "./document.js";
import { keywords, kinds } from "./keywords.js";
import { didYouMean } from "./naming.js";
import { forms, hasForm } from "./scalars.js";
import { scan, type ScannedDocument } from "./scan.js";
import type { SourceFile, SourceLocation } from "./source.js";

/** Of one document so many mistakes of each sort are shown, and of one file twice as many in all. */
const maxShown = 100;

/** Runs a phase, and may measure it on the way. */
export type Measure = <T>(phase: "scan" | "yaml" | "shape", run: () => T) => T;

/** The documents of one file. `pliny.yaml`, beside `specs/`, is one of kind `config`; any other holds resources, tasks and types. */
export function parseSpec(file: SourceFile): Checked<readonly SpecDocument[]> {
  return parseMeasured(file, (_, run) => run());
}

/** The same, and what each phase takes is told. */
export function parseMeasured(file: SourceFile, measure: Measure): Checked<readonly SpecDocument[]> {
  const isConfig = file.path === "pliny.yaml";
  const { value: scanned, diagnostics: between } = measure("scan", () => scan(file));
  const diagnostics: Diagnostic[] = between.slice(0, maxShown);
  const documents: SpecDocument[] = [];
  if (scanned.length === 0 && between.length === 0 && !isConfig) diagnostics.push(report.emptyDocument({ file, start: 0, end: 0 }, { wholeFile: true }));

  let configs = 0;
  for (const document of scanned) {
    const mark = { file, start: document.start, end: Math.min(document.start + 3, document.end) };
    const isFull = diagnostics.length >= 2 * maxShown;
    if (document.empty) {
      if (!isConfig && !isFull) diagnostics.push(report.emptyDocument(mark, { wholeFile: false }));
      continue;
    }
    configs += isConfig ? 1 : 0;
    if (configs > 1) {
      diagnostics.push(report.severalConfigs(mark));
      break;
    }
    const read = isFull ? nothing : document.problem === null ? readDocument(file, document, { isConfig, measure }) : { value: null, diagnostics: [document.problem] };
    for (const diagnostic of read.diagnostics) diagnostics.push(diagnostic);
    documents.push(read.value ?? (isConfig ? nameless("config", file, document) : nameOnly(file, document)));
  }
  if (diagnostics.length > 2 * maxShown) diagnostics.push(report.moreWrong({ file, start: 0, end: 0 }));
  return { value: documents, diagnostics: sortDiagnostics(diagnostics) };
}

const nothing: Checked<null> = { value: null, diagnostics: [] };

interface ReadOptions {
  readonly isConfig: boolean;
  readonly measure: Measure;
}

function readDocument(file: SourceFile, scanned: ScannedDocument, { isConfig, measure }: ReadOptions): Checked<SpecDocument | null> {
  const composed = measure("yaml", () => compose(file, scanned));
  if (composed.wrong !== null) return { value: null, diagnostics: composed.wrong };
  const reader: Reader = { file, base: scanned.start, places: [], path: [], found: [...composed.marks], lost: new Map(), oddNumbers: [] };
  const written = measure("yaml", () => readValue(reader, composed.contents, null));
  const rootAt = { file, start: reader.places[2] ?? 0, end: reader.places[3] ?? 0 };
  const diagnostics = reader.found.slice(0, maxShown);
  if (reader.found.length > maxShown) diagnostics.push(report.moreWrong(firstLine(rootAt)));
  const fail = (diagnostic: Diagnostic): Checked<null> => ({ value: null, diagnostics: [...diagnostics, diagnostic] });
  if (!isRecord(written)) return fail(report.noMapping(firstLine(rootAt), { found: described(written, file.text.slice(rootAt.start, rootAt.end)) }));

  const named = Object.keys(written).filter(isNamingKey);
  const kind: DocumentKind | undefined = isConfig ? "config" : named[0];
  const { places } = reader;
  const document: SpecDocument = { kind: kind ?? "type", file, span: [places[2] ?? 0, places[3] ?? 0], written, places, spec: written, lost: [] };
  if (kind === undefined) {
    const similar = Object.keys(written).flatMap((key) => (key.length < 20 && didYouMean(key, namingKeys) !== null ? [key] : []))[0];
    const at = similar === undefined ? firstLine(rootAt) : locate({ document, path: [similar] }, "key");
    const isConfigElsewhere = /(?:^|\/)pliny\.yaml$/.test(file.path);
    return fail(report.noKind(at, { near: similar === undefined ? null : didYouMean(similar, namingKeys), isConfigElsewhere }));
  }
  if (!isConfig) {
    for (const key of named.slice(1)) {
      const [at, first] = [locate({ document, path: [key] }, "key"), locate({ document, path: [kind] }, "key")];
      diagnostics.push(report.severalKinds(at, { key, kind, first }));
      lose(reader.lost, written, [key]);
    }
  }
  const shaped = measure("shape", () => shape(document, reader.lost));
  return { value: shaped.value, diagnostics: [...diagnostics, ...shaped.diagnostics, ...judgeNumbers(shaped.value, reader.oddNumbers)] };
}

// ---- the text as YAML

const namingKeys = ["resource", "task", "type"] as const;

function isNamingKey(key: string): key is (typeof namingKeys)[number] {
  return namingKeys.some((each) => each === key);
}

// Keys are compared by `readMembers`: `yaml` compares each with each, which takes minutes where there are many.
const yamlOptions = {
  version: "1.2", schema: "core", strict: true, stringKeys: true, uniqueKeys: false, prettyErrors: false, logLevel: "silent",
} as const;

/** What no scanned document comes near: the scan counts levels as people do, the parser keeps some entries for each. */
const maxStack = 500;

interface Composed {
  readonly contents: unknown;
  /** Anchors, aliases and tags, each where it stands. */
  readonly marks: readonly Diagnostic[];
  /** Why it cannot be read: the first mistake of syntax, or more marks than are shown. */
  readonly wrong: readonly Diagnostic[] | null;
}

interface SyntaxMistake {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** Drives `yaml` token by token: the tokens tell where anchors and tags stand, which nodes do not, and it can be stopped at the first mistake. */
function compose(file: SourceFile, { start, end }: ScannedDocument): Composed {
  const text = file.text.slice(start, end);
  const place = (offset: number): SourceLocation => ({ file, start: Math.min(start + offset, end), end: Math.min(start + offset + 1, end) });
  const parser = new Parser();
  const composer = stopAtFirstMistake(new Composer(yamlOptions));
  const documents: Document.Parsed[] = [];
  const marks: Diagnostic[] = [];
  const mistakes: SyntaxMistake[] = [];
  let quoteStart = 0;
  /** Brackets that are not closed yet, and where they open. */
  const brackets: { readonly closedBy: string; readonly offset: number }[] = [];
  try {
    let isScalarNext = false;
    for (const token of new Lexer().lex(text)) {
      if (!isScalarNext) {
        const mark = marksByFirst[token[0] ?? ""];
        if (mark !== undefined) marks.push(mark({ file, start: start + parser.offset, end: start + parser.offset + token.length }));
        else if (token.startsWith("'") || token.startsWith('"')) quoteStart = parser.offset;
        else if (token === "[" || token === "{") brackets.push({ closedBy: token === "[" ? "]" : "}", offset: parser.offset });
        else if (token === brackets.at(-1)?.closedBy) brackets.pop();
      }
      isScalarNext = !isScalarNext && token === "\u001f";
      for (const part of parser.next(token)) {
        if (part.type === "error") {
          mistakes.push({ code: "UNEXPECTED_TOKEN", message: part.message, pos: [part.offset, part.offset + part.source.length] });
        } else {
          for (const document of composer.next(part)) documents.push(document);
        }
      }
      if (parser.stack.length > maxStack) return { contents: null, marks, wrong: [report.tooDeep(place(parser.offset), "brackets")] };
      if (marks.length > maxShown) return { contents: null, marks, wrong: [...marks.slice(0, maxShown), report.moreWrong(place(parser.offset))] };
      if (mistakes.length > 0) break;
    }
    for (const part of parser.end()) documents.push(...composer.next(part));
    documents.push(...composer.end(true, text.length));
    for (const { errors } of documents) mistakes.push(...errors.filter(({ code }) => !toldElsewhere.includes(code)));
  } catch (mistake) {
    if (!(mistake instanceof FirstMistake)) throw mistake;
    mistakes.push(mistake);
  }
  const [first, ...others] = mistakes;
  if (first === undefined) return { contents: documents[0]?.contents ?? null, marks, wrong: null };
  const earliest = others.reduce((left, right) => (right.pos[0] < left.pos[0] ? right : left), first);
  // What is never closed takes all that follows; the place to look at is where it opens.
  const opened = earliest.message.startsWith("Missing closing") ? quoteStart : neverClosed.test(earliest.message) ? brackets.at(-1)?.offset : undefined;
  const mistake = opened === undefined ? earliest : { code: earliest.code, message: earliest.message, pos: [opened, opened + 1] as const };
  return { contents: null, marks, wrong: [syntaxMistake(file, { start, end }, mistake)] };
}

const neverClosed = /(?:must|expected to) (?:be sufficiently indented and )?end with/;

/** Mistakes that have a diagnostic of their own, by a mark or by a key that is no text. */
const toldElsewhere: readonly string[] = [
  "NON_STRING_KEY", "TAG_RESOLVE_FAILED", "BAD_COLLECTION_TYPE", "BAD_ALIAS", "ALIAS_PROPS", "MULTIPLE_ANCHORS", "MULTIPLE_TAGS", "BAD_PROP_ORDER",
] satisfies readonly ErrorCode[];

class FirstMistake extends Error implements SyntaxMistake {
  readonly code: string;
  readonly pos: readonly [number, number];
  constructor(code: string, message: string, pos: readonly [number, number]) {
    super(message);
    this.code = code;
    this.pos = pos;
  }
}

/**
 * A text of 1 MiB can hold half a million mistakes, and `yaml` makes an Error with its stack for each. The property that gathers them is not
 * part of its interface: if it is ever called otherwise, all mistakes are gathered as before, and only time is lost.
 */
function stopAtFirstMistake(composer: Composer): Composer {
  let first: FirstMistake | null = null;
  return Object.assign(composer, {
    onError(source: YamlPlace, code: string, message: string, isWarning?: boolean): void {
      if (isWarning === true || toldElsewhere.includes(code)) return;
      // On its way up `yaml` catches it at each level and reports it again, as a mistake of what stands around it.
      first ??= new FirstMistake(code, message, stretchOf(source));
      throw first;
    },
  });
}

/** The ways in which `yaml` says where a mistake is. */
type YamlPlace = number | readonly [number, number] | { readonly offset: number; readonly source?: string };

function stretchOf(source: YamlPlace): readonly [number, number] {
  if (typeof source === "number") return [source, source + 1];
  return "offset" in source ? [source.offset, source.offset + (source.source ?? " ").length] : [source[0], source[1]];
}

const marksByFirst: Readonly<Record<string, (at: SourceLocation) => Diagnostic>> = { "&": report.anchor, "*": report.alias, "!": report.tag };

interface Stretch {
  readonly start: number;
  readonly end: number;
}

function syntaxMistake(file: SourceFile, document: Stretch, error: SyntaxMistake): Diagnostic {
  const { text } = file;
  const clamp = (offset: number): number => Math.min(Math.max(offset + document.start, document.start), document.end);
  let [start, end] = [clamp(error.pos[0]), clamp(error.pos[1])];
  // A blank says nothing; what stands after it on the line does, or else what stands before.
  const word = /^[ ]+(?=\S)/.exec(text.slice(start, start + 1_000));
  if (word !== null) [start, end] = [start + word[0].length, start + word[0].length + 1];
  while (start > document.start && start === end && /\s/.test(text[start - 1] ?? "")) [start, end] = [start - 1, start];
  const lineEnd = text.indexOf("\n", start);
  const at = { file, start, end: Math.max(start, Math.min(end, lineEnd === -1 ? text.length : lineEnd)) };
  if (error.code === "TAB_AS_INDENT") return report.tabIndentation(at);

  const unquoted = findUnquoted(file, at);
  if (unquoted !== null) {
    const hint = `Write it in single quotes: ${shown(unquoted.newText)}.`;
    return report.syntaxWrong(unquoted.at, { message: unquoted.message, hint, edit: unquoted });
  }
  const known = syntaxWords.find(([pattern]) => pattern.test(`${error.code} ${error.message}`));
  const [, message, hint] = known ?? [null, "The text is no YAML from here on.", null];
  return report.syntaxWrong(at, { message, hint, edit: null });
}

/** What most mistakes of syntax come from: a text that should have stood in quotes, on the line of the mistake. */
function findUnquoted(file: SourceFile, { start }: Stretch): (Edit & { readonly message: string }) | null {
  const { text } = file;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const nextLine = text.indexOf("\n", lineStart);
  const line = text.slice(lineStart, nextLine === -1 ? text.length : nextLine).replace(/\r$/, "");
  if (line.length > 1_000) return null;
  const place = (from: number, to: number): SourceLocation => ({ file, start: lineStart + from, end: lineStart + to });
  const pattern = /\bpattern:[ ]+(?=[^\s'"#])/.exec(line);
  if (pattern !== null) {
    const from = pattern.index + pattern[0].length;
    const value = line.includes("{") ? endOfPattern(line.slice(from)) : line.slice(from).trimEnd();
    return { at: place(from, from + value.length), newText: singleQuoted(value), message: "A pattern that is not in quotes is cut short by YAML." };
  }
  const quoted = (before: string, value: string, message: string): Edit & { readonly message: string } => ({
    at: place(before.length, line.trimEnd().length),
    newText: singleQuoted(value.trimEnd()),
    message,
  });
  const whole = /^([ ]*(?:- +)*[a-z_]+:[ ]+)([^\s'"|>[{&*!#%@`].*: .*)$/.exec(line);
  if (whole !== null) {
    const [, before = "", value = ""] = whole;
    return quoted(before, value, "A text that holds `: ` must stand in quotes.");
  }
  const reserved = /^([ ]*(?:- +)*[a-z_]+:[ ]+)([@`%].*)$/.exec(line);
  if (reserved !== null) {
    const [, before = "", value = ""] = reserved;
    return quoted(before, value, `A text that begins with \`${value.slice(0, 1)}\` must stand in quotes.`);
  }
  return null;
}

/** A pattern in a mapping on one line ends before `, key:` or before the bracket that closes the mapping. */
function endOfPattern(rest: string): string {
  const more = /,\s+[a-z_]+:\s/.exec(rest);
  return (more === null ? rest.replace(/\s*\}[\s}]*(?:#.*)?$/, "") : rest.slice(0, more.index)).trimEnd();
}

const syntaxWords: readonly (readonly [pattern: RegExp, message: string, hint: string | null])[] = [
  [/Missing closing .quote/, "A quote is opened here and never closed.", "Close it; in single quotes, write a quote itself twice."],
  [/BAD_DQ_ESCAPE/, "This escape means nothing in double quotes.", "Use single quotes, in which a backslash is a backslash."],
  [
    /Missing , or : between|Missing , between/,
    "A comma is missing here, or quotes around the text before.",
    "Put a comma between two items; put text that holds brackets, commas or `: ` in single quotes.",
  ],
  [/Missing space after :/, "A space is missing after the colon.", "Write `key: value`."],
  [
    /Unexpected (?:,|empty item) in flow/,
    "A comma stands where an item should.",
    "Remove the comma, or write what was to stand before it.",
  ],
  [
    /BAD_INDENT All (?:mapping|sequence) items|BAD_INDENT A block sequence/,
    "This line is indented differently from those beside it.",
    "Let all keys of a mapping and all items of a list begin at one column.",
  ],
  [neverClosed, "A bracket is opened here and never closed.", "Close it, or put text that holds it in single quotes."],
  [
    /Unexpected (?:flow-(?:seq|map)-end|[\]}]) /,
    "A bracket is closed here that none opened.",
    "Remove it, or put text that holds it in single quotes.",
  ],
  [
    /BLOCK_AS_IMPLICIT_KEY|Nested mappings are not allowed/,
    "A key stands inside the value of another on one line.",
    "Put a text that holds `: ` in single quotes, or begin a new line.",
  ],
  [
    /MULTILINE_IMPLICIT_KEY|Implicit (?:map )?keys need/,
    "Here should be a key and a colon: `key: value`.",
    "Write `key: value`; put a text of several lines in quotes or after `|`.",
  ],
  [
    /BLOCK_IN_FLOW/,
    "Within brackets, something begins here that no comma separates from what stands before.",
    "Put a comma before it, or put the text in single quotes. Lines in brackets do not begin with `- `.",
  ],
  [/BAD_SCALAR_START/, "A text cannot begin with this character.", "Put the text in single quotes."],
  [
    /Comments must be separated/,
    "A comment needs a space before its `#`.",
    "Put a space before it; put text that holds `#` in single quotes.",
  ],
  [
    /Block scalar|block-scalar/i,
    "The line after `|` or `>` is not indented as it should be, or something stands behind the mark.",
    "Begin the text on the next line, indented deeper than its key.",
  ],
  [/KEY_OVER_1024/, "A key is longer than 1024 characters.", "Put text in quotes after its key."],
  [/Sequence item without/, "An item of a list begins with `- `.", "Write `- ` before it."],
  [
    /Unexpected (?:scalar|alias|anchor|tag|double-quoted-scalar|single-quoted-scalar)/,
    "Here stands a text where nothing more was to come.",
    "Put what belongs together in single quotes.",
  ],
];

// ---- YAML nodes as plain values

interface Reader {
  readonly file: SourceFile;
  /** Where the text that was read begins in the file. */
  readonly base: number;
  readonly places: number[];
  /** Where the reader is. */
  readonly path: (string | number)[];
  readonly found: Diagnostic[];
  readonly lost: Lost;
  readonly oddNumbers: SpecPath[];
}

/** Paths that are taken away, by JSON pointer. */
type Lost = Map<string, SpecPath>;

/** A value, and its four offsets. Depth is bounded by the scan. */
function readValue(reader: Reader, node: unknown, key: Stretch | null): SpecValue {
  const { places, base } = reader;
  const at = places.length;
  const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : null;
  const start = range ? range[0] + base : (key?.end ?? base);
  const end = range ? endOfNode(reader.file.text, node, start, range[1] + base) : start;
  places.push(key?.start ?? start, key?.end ?? end, start, end);
  if (isScalar(node)) {
    if (typeof node.value === "number" && isOdd(node.value, reader.file.text.slice(start, end))) reader.oddNumbers.push([...reader.path]);
    return typeof node.value === "string" || typeof node.value === "number" || typeof node.value === "boolean" ? node.value : null;
  }
  if (isSeq(node)) {
    const items = node.items.map((item, index) => {
      reader.path.push(index);
      const value = readValue(reader, item, null);
      reader.path.pop();
      return value;
    });
    if (!node.flow) endWithin(places, at, key === null);
    return items;
  }
  if (isMap(node)) {
    const record = readMembers(reader, node.items);
    if (!node.flow) endWithin(places, at, key === null);
    return record;
  }
  // An alias, which has a diagnostic already. `reader.path` leads to it.
  if (isAlias(node)) reader.lost.set(pointer(reader.path), [...reader.path]);
  return null;
}

const plainNumber = /^(?!-0(?:\.0*)?$)-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/** Block text ends, for `yaml`, after its last line break. */
function endOfNode(text: string, node: unknown, start: number, end: number): number {
  if (!isScalar(node) || (node.type !== "BLOCK_LITERAL" && node.type !== "BLOCK_FOLDED")) return end;
  let last = end;
  while (last > start && /\s/.test(text[last - 1] ?? "")) last -= 1;
  return last;
}

/** Written in a way that people read otherwise, or greater than a number holds. */
function isOdd(value: number, written: string): boolean {
  return !plainNumber.test(written) || (/^-?[0-9]+$/.test(written) && !Number.isSafeInteger(value));
}

/** What stands in block style ends, for `yaml`, where the next thing begins; for people it ends with its last member. */
function endWithin(places: number[], at: number, hasNoKey: boolean): void {
  let end = 0;
  for (let next = at + 4; next < places.length; next += 4) end = Math.max(end, places[next + 1] ?? 0, places[next + 3] ?? 0);
  if (end === 0) return;
  places[at + 3] = end;
  if (hasNoKey) places[at + 1] = end;
}

function readMembers(reader: Reader, pairs: readonly YamlPair[]): SpecRecord {
  const { file, base } = reader;
  const record: Record<string, SpecValue> = {};
  for (const { key, value } of inOrderOfKeys(pairs)) {
    const range = isScalar(key) || isMap(key) || isSeq(key) || isAlias(key) ? key.range : null;
    const at = { file, start: (range?.[0] ?? 0) + base, end: (range?.[1] ?? 0) + base };
    if (!isScalar(key)) {
      // An alias as a key has its diagnostic already.
      if (isAlias(key)) continue;
      note(reader, () => report.keyNoText(firstLine(at)));
      if (pairs.length === 1 && reader.path.length > 0) reader.lost.set(pointer(reader.path), [...reader.path]);
      continue;
    }
    const name = nameOf(key);
    if (Object.hasOwn(record, name)) {
      note(reader, () => {
        const first = pairs.find((pair) => nameOf(pair.key) === name)?.key;
        const [start, end] = (isScalar(first) ? first.range : null) ?? [0, 0];
        return report.duplicateKey(at, { key: shown(name), first: { file, start: start + base, end: end + base } });
      });
      continue;
    }
    reader.path.push(name);
    if (name === "<<") {
      note(reader, () => report.mergeKey(at));
      reader.lost.set(pointer(reader.path), [...reader.path]);
    }
    const member = readValue(reader, value, at);
    reader.path.pop();
    // Assigned, `__proto__` would be no member.
    if (name === "__proto__") Object.defineProperty(record, name, { value: member, enumerable: true, configurable: true, writable: true });
    else record[name] = member;
  }
  return record;
}

interface YamlPair {
  readonly key: unknown;
  readonly value: unknown;
}

function nameOf(key: unknown): string {
  return isScalar(key) && typeof key.value === "string" ? key.value : "";
}

/** A record lists members that are numbers first, whatever the order they were written in, and the places follow the record. */
function inOrderOfKeys(pairs: readonly YamlPair[]): readonly YamlPair[] {
  if (!pairs.some(({ key }) => /^[0-9]/.test(nameOf(key)))) return pairs;
  const order = Object.keys(Object.fromEntries(pairs.map(({ key }) => [nameOf(key), null])));
  const rank = new Map(order.map((name, index) => [name, index]));
  return pairs.toSorted((left, right) => (rank.get(nameOf(left.key)) ?? 0) - (rank.get(nameOf(right.key)) ?? 0));
}

/** Beyond what is shown, only that there is more is kept. */
function note(reader: Reader, make: () => Diagnostic): void {
  if (reader.found.length <= maxShown) reader.found.push(make());
}

// ---- the shape

/** The document without what has not the right shape. */
function shape(document: SpecDocument, lostBefore: Lost): Checked<SpecDocument> {
  const { kind, written } = document;
  const lost: Lost = new Map(lostBefore);
  let spec = pruned(written, lost);
  let errors = findShapeErrors(kind, spec);
  if (errors.length === 0 && lost.size === 0) return { value: document, diagnostics: [] };
  const diagnostics = tell(document, errors, lost);
  // What is taken away may be missed by what held it: a field without its type is none. So it goes on until nothing more is to be taken.
  for (let size = -1; errors.length > 0 && size !== lost.size; ) {
    size = lost.size;
    for (const error of errors) loseWrong(lost, written, error);
    spec = pruned(written, lost);
    errors = findShapeErrors(kind, spec);
  }
  return { value: { ...document, spec: isRecord(spec) ? spec : {}, lost: [...lost.values()] }, diagnostics };
}

function loseWrong(lost: Lost, written: SpecValue, error: ShapeError): void {
  if (error.keyword === "if" || error.keyword === "propertyNames") return;
  const path = pathOf(written, error.instancePath);
  if (error.keyword === "required") return lose(lost, written, path.length === 0 ? [String(error.params["missingProperty"])] : path);
  if (error.keyword === "additionalProperties") return lose(lost, written, [...path, String(error.params["additionalProperty"])]);
  if (error.propertyName !== undefined) return lose(lost, written, [...path, error.propertyName]);
  if (path.length > 0) lose(lost, written, path);
}

/** An item of a list takes the list with it, so that indexes stay what they are. */
function lose(lost: Lost, written: SpecValue, path: SpecPath): void {
  let length = path.length;
  while (length > 1 && Array.isArray(valueAt(written, path.slice(0, length - 1)))) length -= 1;
  const taken = path.slice(0, length);
  lost.set(pointer(taken), taken);
}

function pruned(value: SpecValue, lost: Lost, at: string = ""): SpecValue {
  if (lost.size === 0 || value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map((item, index) => pruned(item, lost, `${at}/${index}`));
  const kept: Record<string, SpecValue> = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = `${at}/${escapeStep(key)}`;
    if (!lost.has(inner)) Object.defineProperty(kept, key, { value: pruned(member, lost, inner), enumerable: true, configurable: true, writable: true });
  }
  return kept;
}

/** The errors of the validator in our words: one a value, and none for what has been told already. */
function tell(document: SpecDocument, errors: readonly ShapeError[], lost: Lost): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const told = new Set<string>();
  let count = 0;
  for (const error of errors) {
    if (error.keyword === "if" || error.keyword === "propertyNames") continue;
    const path = pathOf(document.written, error.instancePath);
    const member = error.propertyName ?? error.params["additionalProperty"] ?? error.params["missingProperty"];
    const subject = pointer(member === undefined ? path : [...path, String(member)]);
    if (told.has(subject) || lost.has(subject)) continue;
    if (error.keyword === "required" && isMisspelt(error, String(member))) continue;
    told.add(subject);
    count += 1;
    if (count <= maxShown) diagnostics.push(...words(document, path, error));
  }
  const all = locate({ document, path: [] }, "value");
  return count > maxShown ? [...diagnostics, report.moreWrong(firstLine(all))] : diagnostics;
}

/** A key is missing because it is misspelt, which is told as an unknown key. */
function isMisspelt({ data, parentSchema }: ShapeError, missing: string): boolean {
  const known = parentSchema.properties ?? {};
  return isRecord(data) && Object.keys(data).some((key) => !Object.hasOwn(known, key) && near(key, [missing]) !== null);
}

function words(document: SpecDocument, path: SpecPath, error: ShapeError): readonly Diagnostic[] {
  const { keyword, params, parentSchema, data } = error;
  if (keyword === "additionalProperties") return [unknownKey(document, path, String(params["additionalProperty"]), error)];
  if (keyword === "required") return [missingKey(document, path, String(params["missingProperty"]), error)];
  if (error.propertyName !== undefined) {
    const at = locate({ document, path: [...path, error.propertyName] }, "key");
    const edit = snakeCase(error.propertyName, Object.keys(isRecord(data) ? data : {}));
    return [report.nameMalformed(at, { name: shown(error.propertyName), expected: expectedOf(error), edit })];
  }
  const value = valueAt(document.written, path);
  const at = locate({ document, path }, "value");
  const raw = document.file.text.slice(at.start, at.end);
  const expected = expectedOf(error);
  if (value === null && raw === "") {
    const key = path.at(-1);
    const types = typesOf(error);
    const mayBeEmpty = types.includes("object") && parentSchema.properties !== undefined && parentSchema.required === undefined;
    const said = { key: typeof key === "string" ? shown(key) : null, expected, edit: mayBeEmpty ? "{}" : null };
    return [report.valueEmpty(locate({ document, path }, "key"), said)];
  }
  if (typeof value !== "string" && (value === null || typeof value !== "object") && typesOf(error).includes("string") && fits(error, raw)) {
    return [report.textNotQuoted(at, { found: described(value, raw), edit: singleQuoted(raw) })];
  }
  const place = typeof value === "object" && value !== null ? firstLine(at) : at;
  if (isNamePattern(parentSchema.pattern) && typeof value === "string") {
    const form = parentSchema.pattern === forms.name.pattern ? forms.name : forms.reference;
    return [report.nameMalformed(place, { name: shown(value), expected: form.expected, edit: snakeCase(value, []) })];
  }
  return [report.valueWrong(place, { expected, found: described(value, raw), edit: mended(error, value, raw) })];
}

function unknownKey(document: SpecDocument, path: SpecPath, key: string, { parentSchema, data }: ShapeError): Diagnostic {
  const allowed = Object.keys(parentSchema.properties ?? {});
  const type = isRecord(data) ? data["type"] : undefined;
  const isNamedType = parentSchema.title?.endsWith("of a named type or a reference") === true && typeof type === "string";
  const where = isNamedType ? `a field of type '${shown(type)}'` : (parentSchema.title ?? "this mapping");
  const open = allowed.filter((each) => !isRecord(data) || !Object.hasOwn(data, each));
  const home = [...new Set(keywords.filter((row) => row.keyword === key).map((row) => kinds[row.kind]))];
  // Where only this form of the document lacks the keyword, what it has is of more use.
  const isKnown = path.length === 0 && keywords.some((row) => row.kind === document.kind && row.keyword === key);
  const meant = isKnown ? null : Object.hasOwn(otherWords, key) && open.includes(otherWords[key] ?? "") ? (otherWords[key] ?? null) : near(key, open);
  return report.unknownKey(locate({ document, path: [...path, key] }, "key"), {
    key: shown(key),
    where,
    near: meant,
    elsewhere: home.length === 0 || isKnown ? null : home.length > 6 ? `${home.slice(0, 5).join(", ")} and others` : listed(home),
    allowed,
  });
}

/** What other languages call it. */
const otherWords: Readonly<Record<string, string>> = {
  description: "doc", comment: "doc", values: "of", items: "of", enum: "of", properties: "fields", attributes: "fields", arguments: "args", params: "args",
  owner: "parent", retries: "retry", schedule: "every", encrypt: "encrypted", secret: "encrypted", readonly: "immutable", mandatory: "required",
  length: "max", max_length: "max", maxlength: "max", min_length: "min", minlength: "min", regex: "pattern", format: "pattern",
};

function missingKey(document: SpecDocument, path: SpecPath, key: string, { parentSchema }: ShapeError): Diagnostic {
  const place = { document, path: path.length === 0 ? [document.kind] : path };
  const at = typeof path.at(-1) === "number" ? firstLine(locate(place, "value")) : locate(place, "key");
  const property = parentSchema.properties?.[key];
  const expected = isRecord(property) && typeof property["title"] === "string" ? property["title"] : null;
  return report.keyMissing(at, { key, where: parentSchema.title ?? "this mapping", expected });
}

/** What was expected, said aloud. A mapping of keywords is shown by what it needs, or by what may stand in it. */
function expectedOf({ parentSchema }: ShapeError): string {
  const { title, type, properties, required } = parentSchema;
  if (type !== "object" || properties === undefined) return title ?? "something else";
  const some = (required ?? Object.keys(properties)).slice(0, 3);
  return `a mapping, such as \`{ ${some.map((key) => `${key}: …`).join(", ")} }\``;
}

function typesOf({ parentSchema: { type } }: ShapeError): readonly string[] {
  return typeof type === "string" ? [type] : (type ?? []);
}

/** Whether a text would do, in quotes. */
function fits({ parentSchema: { pattern, enum: options } }: ShapeError, text: string): boolean {
  return (pattern === undefined || new RegExp(pattern, "u").test(text)) && (options === undefined || options.includes(text));
}

/** The one text that mends a value, if there is one. */
function mended(error: ShapeError, value: SpecValue | undefined, raw: string): string | null {
  const { parentSchema } = error;
  const types = typesOf(error);
  if (value === undefined || value === null || typeof value === "object" || raw.length > 60) return null;
  const text = String(value).trim().toLowerCase();
  if (types.includes("boolean")) return Object.hasOwn(truths, text) ? (truths[text] ?? null) : null;
  if (typeof parentSchema.const === "string") return parentSchema.const;
  if (parentSchema.enum !== undefined) return near(text, parentSchema.enum.map(String));
  if (types.includes("integer") && typeof value === "string") return /^-?(?:0|[1-9][0-9]{0,14})$/.test(text) ? text : null;
  if (types.includes("number") && typeof value === "string") {
    if (error.instancePath.endsWith("/default") && Object.hasOwn(specialNumbers, text)) return specialNumbers[text] ?? null;
    return plainNumber.test(text) ? text : null;
  }
  if (parentSchema.pattern === forms.duration.pattern || parentSchema.pattern === forms.durationOrZero.pattern) return durationMeant(text);
  return null;
}

const truths: Readonly<Record<string, string>> = {
  yes: "true", on: "true", true: "true", y: "true", no: "false", off: "false", false: "false", n: "false",
};

/** What JavaScript, and people, spell so has another spelling in YAML. A default may be one of these, a bound may not. */
const specialNumbers: Readonly<Record<string, string>> = {
  nan: ".nan", inf: ".inf", infinity: ".inf", "+infinity": ".inf", "-inf": "-.inf", "-infinity": "-.inf",
};

/** `5 minutes` → `5m`. */
function durationMeant(text: string): string | null {
  const [, amount = "", unit = ""] = /^([0-9]{1,6})\s*([a-z]+)$/.exec(text) ?? [];
  const units: Readonly<Record<string, string>> = {
    milliseconds: "ms", millisecond: "ms", msec: "ms", seconds: "s", second: "s", secs: "s", sec: "s", minutes: "m", minute: "m", mins: "m", min: "m",
    hours: "h", hour: "h", hrs: "h", hr: "h", days: "d", day: "d",
  };
  if (unit === "weeks" || unit === "week" || unit === "w") return `${Number(amount) * 7}d`;
  return Object.hasOwn(units, unit) ? `${amount}${units[unit] ?? ""}` : null;
}

function isNamePattern(pattern: string | undefined): boolean {
  return pattern === forms.name.pattern || pattern === forms.reference.pattern;
}

/** `displayName`, `Display name` → `display_name`, where that is a name and not taken. */
function snakeCase(text: string, taken: readonly string[]): string | null {
  if (text.length > 60) return null;
  const name = text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[\s-]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return name !== text && (hasForm(name, forms.name) || hasForm(name, forms.reference)) && !taken.includes(name) ? name : null;
}

/** Numbers that are written in a way which people read otherwise, or greater than a number holds. Those that have a diagnostic already are left. */
function judgeNumbers(document: SpecDocument, paths: readonly SpecPath[]): readonly Diagnostic[] {
  return paths.slice(0, maxShown).flatMap((path) => {
    const value = valueAt(document.spec, path);
    // Of what is no number at all `check` knows whether it may stand there.
    if (typeof value !== "number" || !Number.isFinite(value)) return [];
    const at = locate({ document, path }, "value");
    const plain = !Number.isInteger(value) || Number.isSafeInteger(value) ? String(value + 0) : null;
    return [report.numberUnclear(at, { written: shown(document.file.text.slice(at.start, at.end)), edit: plain })];
  });
}

// ---- documents that cannot be read

/** The name of a document that cannot be read, if it shows; without one it may declare whatever is looked for and not found. */
function nameOnly(file: SourceFile, { start, end }: ScannedDocument): SpecDocument {
  const found = new Map<string, { readonly value: string; readonly key: Stretch; readonly at: Stretch }>();
  for (const match of file.text.slice(start, end).matchAll(/^(resource|task|type|of):[ \t]+(['"]?)([a-z][a-z0-9_]{0,39})\2[ \t]*(?:#.*)?\r?$/gm)) {
    const [, key = "", quote = "", value = ""] = match;
    const keyStart = start + match.index;
    const valueStart = keyStart + match[0].indexOf(value, key.length + 1) - quote.length;
    const at = { start: valueStart, end: valueStart + value.length + 2 * quote.length };
    if (!found.has(key)) found.set(key, { value, key: { start: keyStart, end: keyStart + key.length }, at });
  }
  const kind = namingKeys.find((key) => found.has(key));
  if (kind === undefined) return nameless("resource", file, { start, end });
  const members = [...found].filter(([key]) => key === kind || (key === "of" && kind === "task"));
  const spec = Object.fromEntries(members.map(([key, { value }]) => [key, value]));
  const places = [start, end, start, end, ...members.flatMap(([, { key, at }]) => [key.start, key.end, at.start, at.end])];
  return { kind, file, span: [start, end], written: spec, places, spec, lost: [[]] };
}

/** A document of which nothing is known, so that nothing is missed in it. */
function nameless(kind: DocumentKind, file: SourceFile, { start, end }: Stretch): SpecDocument {
  return { kind, file, span: [start, end], written: {}, places: [start, end, start, end], spec: {}, lost: [[]] };
}

// ---- values, paths, words

function isList(value: SpecValue): value is readonly SpecValue[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is SpecRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(root: SpecValue, path: SpecPath): SpecValue | undefined {
  let value: SpecValue | undefined = root;
  for (const step of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    value = isList(value) ? value[Number(step)] : value[step];
  }
  return value;
}

function pointer(path: SpecPath): string {
  return path.map((step) => `/${escapeStep(String(step))}`).join("");
}

function escapeStep(step: string): string {
  return step.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The path that a JSON pointer means: steps in lists are numbers. */
function pathOf(root: SpecValue, text: string): SpecPath {
  const path: (string | number)[] = [];
  let value: SpecValue | undefined = root;
  for (const step of text.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    const next: string | number = Array.isArray(value) ? Number(name) : name;
    path.push(next);
    value = value === undefined ? undefined : valueAt(value, [next]);
  }
  return path;
}

/** A stretch of several lines is underlined on its first. */
function firstLine({ file, start, end }: SourceLocation): SourceLocation {
  const lineEnd = file.text.indexOf("\n", start);
  return { file, start, end: lineEnd === -1 ? end : Math.max(start, Math.min(end, lineEnd)) };
}

function near(word: string, options: readonly string[]): string | null {
  return word.length > 60 ? null : didYouMean(word, options);
}

function described(value: SpecValue | undefined, raw: string): string {
  if (isList(value ?? null)) return Object.keys(value ?? []).length === 0 ? "an empty list" : "a list";
  if (isRecord(value)) return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  if (typeof value === "number") return `the number ${shown(raw)}`;
  if (typeof value === "string") return `'${shown(value)}'`;
  return raw === "" ? "nothing" : shown(raw);
}

/** A text of any kind, short enough for a sentence. */
function shown(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
