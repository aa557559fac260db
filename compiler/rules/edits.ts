// The edits that make a change safe, on the text of the newer specs: a value written again, a member added or taken away. Whatever the layout,
// they give YAML of the same meaning otherwise; `pliny fmt` lays it out. None where there is no one place for it.

import { writtenAt, type Change } from "../diff.js";
import type { Edit } from "../diagnostic/mistake.js";
import { inside, locate, type Place, type SpecRecord, type SpecValue } from "../document.js";
import type { NextAction } from "./rule.js";

/** The old value again, or the keyword gone again where there was none. */
export function restored(change: Change, text: string): NextAction {
  const { before, after, keyword } = change;
  const old = before === null || before.at === null ? undefined : writtenAt(before.at);
  return { text, edits: after?.at != null ? mended(after.at, old) : old === undefined ? [] : addedAgain(change, keyword, old) };
}

function mended(at: Place, old: SpecValue | undefined): readonly Edit[] {
  if (writtenAt(at) === undefined) return old === undefined ? [] : withMember(parentOf(at), String(at.path.at(-1) ?? ""), old);
  return old === undefined ? withoutMember(at) : replacing(at, old);
}

/** Into what it stood in, where that is still there. */
function addedAgain({ before, element, fields, state }: Change, keyword: string, old: SpecValue): readonly Edit[] {
  const owner = fields.at(-1)?.after ?? state?.after ?? element?.after ?? null;
  const path = before?.at?.path ?? [];
  const within = path.slice((fields.at(-1)?.before ?? state?.before ?? element?.before)?.at.path.length ?? path.length);
  if (owner === null || within.at(-1) !== keyword) return [];
  let holder = owner.at;
  for (const [index, step] of within.entries()) {
    const next = inside(holder, step);
    if (index === within.length - 1) return withMember(holder, String(step), old);
    if (writtenAt(next) === undefined)
      return withMember(
        holder,
        String(step),
        within.slice(index + 1).reduceRight<SpecValue>((inner, each) => ({ [each]: inner }), old),
      );
    holder = next;
  }
  return [];
}

export function replacing(at: Place, value: SpecValue): readonly Edit[] {
  return [{ at: locate(at, "value"), newText: flowText(value) }];
}

export function withMember(at: Place, name: string, value: SpecValue): readonly Edit[] {
  return withMembers(at, { [name]: value });
}

/** A mapping with these members, beside those that it has or in the place of them. A type that stands alone becomes a mapping. */
export function withMembers(at: Place, members: SpecRecord): readonly Edit[] {
  const record = writtenAt(at);
  const where = locate(at, "value");
  const { text } = where.file;
  const isThere = (name: string): boolean => isRecord(record) && Object.hasOwn(record, name);
  const others = Object.entries(members)
    .filter(([name]) => isThere(name))
    .flatMap(([name, value]) => replacing(inside(at, name), value));
  const added = Object.entries(members)
    .filter(([name]) => !isThere(name))
    .map(([name, value]) => `${name}: ${flowText(value)}`);
  if (added.length === 0) return others;
  if (typeof record === "string") return [{ at: where, newText: `{ type: ${text.slice(where.start, where.end)}, ${added.join(", ")} }` }];
  if (!isRecord(record)) return [];
  const [first] = Object.keys(record);
  if (text[where.start] === "{")
    return [...others, insert(at, where.start + 1, first === undefined ? ` ${added.join(", ")} ` : ` ${added.join(", ")},`)];
  if (first === undefined) return [];
  const key = locate(inside(at, first), "key");
  const indent = " ".repeat(key.start - (text.lastIndexOf("\n", key.start - 1) + 1));
  const end = lineEnd(text, locate(inside(at, first), "value").end);
  // After the first member, which names the element, where that is a line of its own.
  const isOneLine = !text.slice(key.start, end).includes("\n");
  return [
    ...others,
    isOneLine
      ? insert(at, end, added.map((member) => `\n${indent}${member}`).join(""))
      : insert(at, key.start, added.map((member) => `${member}\n${indent}`).join("")),
  ];
}

/** A mapping with one member less. */
export function withoutMember(at: Place): readonly Edit[] {
  const parent = parentOf(at);
  const record = writtenAt(parent);
  if (!isRecord(record) || Object.keys(record).length < 2) return [];
  const { file, start } = locate(at, "key");
  const { end } = locate(at, "value");
  const { text } = file;
  if (text[locate(parent, "value").start] === "{") {
    const after = /^\s*,\s*/.exec(text.slice(end))?.[0].length ?? 0;
    const before = after > 0 ? 0 : (/,\s*$/.exec(text.slice(0, start))?.[0].length ?? 0);
    return [{ at: { file, start: start - before, end: end + after }, newText: "" }];
  }
  const next = text.indexOf("\n", end - 1);
  return [{ at: { file, start: text.lastIndexOf("\n", start - 1) + 1, end: next === -1 ? text.length : next + 1 }, newText: "" }];
}

/** A list, the member `name` of a mapping, with one more item; the list is made where there is none. */
export function withItem(at: Place, name: string, item: SpecValue): readonly Edit[] {
  const list = writtenAt(inside(at, name));
  if (list === undefined) return withMember(at, name, [item]);
  if (!isList(list)) return replacing(inside(at, name), [list, item]);
  const where = locate(inside(at, name), "value");
  const { text } = where.file;
  if (text[where.start] === "[") return [insert(at, where.start + 1, list.length === 0 ? flowText(item) : `${flowText(item)}, `)];
  const first = locate(inside(at, name, 0), "value").start;
  const lineStart = text.lastIndexOf("\n", first - 1) + 1;
  const dash = text.indexOf("-", lineStart);
  return [insert(at, dash, `- ${flowText(item)}\n${" ".repeat(dash - lineStart)}`)];
}

/** A document after the last one of a file. */
export function withDocument(at: Place, document: string): readonly Edit[] {
  const { file } = at.document;
  return [
    { at: { file, start: file.text.length, end: file.text.length }, newText: `${file.text.endsWith("\n") ? "" : "\n"}---\n${document}\n` },
  ];
}

/** A value in one line of YAML. */
export function flowText(value: SpecValue): string {
  if (typeof value === "string")
    return isPlain(value) ? value : /[\u0000-\u001f\u007f-\u009f]/.test(value) ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  if (value === null || typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(flowText).join(", ")}]`;
  const members = Object.entries(value).map(([name, member]) => `${flowText(name)}: ${flowText(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function isPlain(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
}

function parentOf({ document, path }: Place): Place {
  return { document, path: path.slice(0, -1) };
}

function insert({ document: { file } }: Place, offset: number, newText: string): Edit {
  return { at: { file, start: offset, end: offset }, newText };
}

function lineEnd(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  return found === -1 ? text.length : found;
}

function isRecord(value: SpecValue | undefined): value is SpecRecord {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isList(value: SpecValue): value is readonly SpecValue[] {
  return Array.isArray(value);
}
