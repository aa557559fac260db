// Decorated JSON as people read it: a listing, one member a line, which is YAML with our tags (`sent: !Time 2027-01-31T12:00:00.250Z`).
// Nothing is left out or added, so that a listing leads back to the same JSON.

import { DecodeError } from "../codec/error.js";
import { canonicalText, depthMax, isList, type Json } from "../codec/json.js";

/** What stands somewhere: a value, of which a tag may be made; a `Dict`'s members; free-form JSON, in which nothing is a tag. */
type Standing = "value" | "members" | "free";

/** For JSON that `readValue` took. Ends in a line break. */
export function toListing(json: Json): string {
  const lines = isBlock(json, "value") ? listBlock(json, "value") : listEntry([], json, "value");
  return lines.map((line) => `${line}\n`).join("");
}

/** The JSON text of a listing, for `parseJson` to read. Throws a DecodeError that names the line. */
export function fromListing(listing: string): string {
  const lines = listing.split(/\r?\n/).flatMap((whole, index): readonly Line[] => {
    const text = whole.trim();
    return text === "" || text.startsWith("#") ? [] : [{ indent: whole.length - whole.trimStart().length, text, number: index + 1 }];
  });
  const cursor: Cursor = { lines, at: 0, depth: 0 };
  const json = parseBlock(cursor, 0);
  const rest = cursor.lines[cursor.at];
  return rest ? refuseLine(rest, "a line that is indented like those above it") : json;
}

/** Payloads that are one word, which needs no quotes. */
const wordTags: ReadonlySet<string> = new Set(["Time", "Date", "Dur", "Int", "Dec", "Num", "Bytes"]);
/** Payloads that are words in a row: type and id, key id and what the key opens. */
const wordsTags: ReadonlySet<string> = new Set(["Resource", "Task", "Vault"]);
/** What stands in a payload; `free` where nothing else is said. */
const payloads: ReadonlyMap<string, Standing> = new Map<string, Standing>([
  ["Set", "value"], ["Map", "value"], ["Link", "members"], ["Form", "members"], ["Dict", "members"],
]);

const word = /^[A-Za-z0-9_:./?&=%~@+-]+$/;
/** Text that neither we nor YAML take for anything else. */
const plainText = /^\p{L}[\p{L}0-9_./@+-]*(?:[: ][\p{L}0-9_./@+-]+)*$/u;
const plainKey = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reserved = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
const numeral = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** What stands behind the heads (`labels:`, `-`, `!Dict`), in the same line if it can, else in the lines below it. */
function listEntry(heads: readonly string[], json: Json, standing: Standing): readonly string[] {
  const tag = standing === "value" ? tagOf(json) : null;
  if (tag !== null) {
    const { name, payload } = tag;
    const words = wordsOf(name, payload);
    if (words !== null) return [[...heads, `!${name}`, ...words].join(" ")];
    return listEntry([...heads, `!${name}`], payload, payloads.get(name) ?? "free");
  }
  if (!isBlock(json, standing)) return [[...heads, inline(json)].join(" ")];
  const lines = listBlock(json, standing).map((line) => `  ${line}`);
  const [first = "", ...others] = lines;
  const isItem = heads.length === 1 && heads[0] === "-";
  return isItem ? [`- ${first.trimStart()}`, ...others] : [heads.join(" "), ...lines];
}

function listBlock(json: Json, standing: Standing): readonly string[] {
  if (json === null || typeof json !== "object") return [];
  const inner = standing === "free" ? "free" : "value";
  if (isList(json)) return json.flatMap((item) => listEntry(["-"], item, inner));
  const keys = Object.keys(json).sort();
  return keys.flatMap((key) => listEntry([`${isPlain(plainKey, key) ? key : JSON.stringify(key)}:`], json[key] ?? null, inner));
}

function inline(json: Json): string {
  return typeof json === "string" && isPlain(plainText, json) ? json : canonicalText(json);
}

function isPlain(pattern: RegExp, text: string): boolean {
  return pattern.test(text) && !reserved.test(text);
}

/** Whether it takes lines of its own. */
function isBlock(json: Json, standing: Standing): boolean {
  if (json === null || typeof json !== "object") return false;
  return Object.keys(json).length > 0 && (standing !== "value" || tagOf(json) === null);
}

function tagOf(json: Json): { readonly name: string; readonly payload: Json } | null {
  if (json === null || typeof json !== "object" || isList(json)) return null;
  const [[name, payload = null] = ["", null], ...others] = Object.entries(json);
  return others.length === 0 && /^[A-Z]/.test(name) ? { name, payload } : null;
}

function wordsOf(tag: string, payload: Json): readonly string[] | null {
  if (wordTags.has(tag)) return typeof payload === "string" && word.test(payload) ? [payload] : null;
  if (!wordsTags.has(tag) || payload === null || typeof payload !== "object" || !isList(payload)) return null;
  const [first, ...others] = payload;
  const isFirst = tag === "Vault" ? typeof first === "number" : typeof first === "string" && word.test(first);
  const areOthers = others.every((each) => each === null || (typeof each === "string" && each !== "null" && word.test(each)));
  return isFirst && areOthers ? payload.map(String) : null;
}

interface Line {
  readonly indent: number;
  readonly text: string;
  readonly number: number;
}

interface Cursor {
  readonly lines: Line[];
  at: number;
  depth: number;
}

/** A list, a record or one value, in lines that begin at `indent`. */
function parseBlock(cursor: Cursor, indent: number): string {
  const line = cursor.lines[cursor.at];
  if (!line) return refuseLine({ indent, text: "", number: cursor.lines.length + 1 }, "a value");
  if (line.indent !== indent) refuseLine(line, `a value, indented by ${indent}`);
  if (cursor.depth > depthMax * 2) refuseLine(line, `JSON at most ${depthMax} deep`);
  cursor.depth += 1;
  const json = isItem(line) ? parseItems(cursor, indent) : parseMembersOrNode(cursor, line);
  cursor.depth -= 1;
  return json;
}

function parseMembersOrNode(cursor: Cursor, line: Line): string {
  return keyOf(line) === null ? parseNode(cursor, line, line.text) : parseMembers(cursor, line.indent);
}

function parseItems(cursor: Cursor, indent: number): string {
  const items: string[] = [];
  for (let line = cursor.lines[cursor.at]; line?.indent === indent && isItem(line); line = cursor.lines[cursor.at]) {
    const text = line.text.slice(1).trimStart();
    const inner: Line = { indent: indent + 2, text, number: line.number };
    if (isItem(inner) || keyOf(inner) !== null) {
      // What begins beside the dash goes on below it: the rest of the line is a line of that block.
      cursor.lines[cursor.at] = inner;
      items.push(parseBlock(cursor, indent + 2));
    } else {
      items.push(parseNode(cursor, line, text));
    }
  }
  return `[${items.join(",")}]`;
}

function parseMembers(cursor: Cursor, indent: number): string {
  const members: string[] = [];
  for (let line = cursor.lines[cursor.at]; line?.indent === indent; line = cursor.lines[cursor.at]) {
    const key = keyOf(line);
    if (key === null) return refuseLine(line, "a key, a colon and a value");
    members.push(`${JSON.stringify(key.name)}:${parseNode(cursor, line, key.rest)}`);
  }
  return `{${members.join(",")}}`;
}

/** What stands in the rest of a line, and below it where nothing, or only a tag, does. */
function parseNode(cursor: Cursor, line: Line, rest: string): string {
  const [, tag = "", payload = ""] = /^!([A-Za-z0-9]+)(?: +(.*))?$/u.exec(rest) ?? [];
  return tag === "" ? parseRest(cursor, line, rest) : `{"${tag}":${parsePayload(cursor, line, { tag, payload })}}`;
}

function parsePayload(cursor: Cursor, line: Line, { tag, payload }: { readonly tag: string; readonly payload: string }): string {
  if (payload === "" || isQuoted(payload) || !(wordTags.has(tag) || wordsTags.has(tag))) return parseRest(cursor, line, payload);
  cursor.at += 1;
  if (wordTags.has(tag)) return JSON.stringify(payload);
  const [first = "", ...others] = payload.split(/ +/);
  const key = tag === "Vault" && numeral.test(first) ? first : JSON.stringify(first);
  return `[${[key, ...others.map((each) => (each === "null" ? each : JSON.stringify(each)))].join(",")}]`;
}

function parseRest(cursor: Cursor, line: Line, rest: string): string {
  cursor.at += 1;
  if (rest === "") return parseBlock(cursor, line.indent + 2);
  if (rest === "true" || rest === "false" || rest === "null" || numeral.test(rest)) return rest;
  if (isQuoted(rest)) return isJson(rest) ? rest : refuseLine(line, "JSON where a quote or a bracket begins it");
  return isPlain(plainText, rest) ? JSON.stringify(rest) : refuseLine(line, "a value (text with marks in it stands in quotes)");
}

function isItem({ text }: Line): boolean {
  return text === "-" || text.startsWith("- ");
}

function keyOf({ text }: Line): { readonly name: string; readonly rest: string } | null {
  const end = text.startsWith('"') ? quotedEnd(text) : (/^[A-Za-z_][A-Za-z0-9_]*/.exec(text)?.[0].length ?? 0);
  if (text[end] !== ":" || !(end + 1 === text.length || text[end + 1] === " ")) return null;
  const key = text.slice(0, end);
  if (!key.startsWith('"')) return { name: key, rest: text.slice(end + 1).trim() };
  return isJson(key) ? { name: String(JSON.parse(key)), rest: text.slice(end + 1).trim() } : null;
}

/** Where the text in quotes ends that a line begins with. */
function quotedEnd(text: string): number {
  let at = 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function isQuoted(text: string): boolean {
  return /^["[{]/.test(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function refuseLine({ text, number }: Line, expected: string): never {
  const got = text === "" ? "the end" : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  throw new DecodeError({ code: "syntax", expected, got: `${got} in line ${number}`, pointer: "" });
}
