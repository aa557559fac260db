// The one layout of a spec. It works on the tokens of the text and not on its values, so that every comment stays where it was said:
// - indented by two spaces, lists too; at most one blank line in a row; lines end in LF, the file in one of them;
// - keys stay in the author's order; `{ a: b }` and `[a, b]` stay on one line unless they exceed 140 columns or hold a comment;
// - quotes stay where they were, and are single unless the text needs double ones;
// - values, and the comments behind them, stand in a column if the author put any of the lines around them so (two spaces or more).

import { type CST, Parser, CST as tokens } from "yaml";

const width = 140;

/** A comment on lines of its own, or a blank line. `column` is where the author put it. */
type Remark = { readonly comment: string; readonly column: number } | "blank";

type Node =
  | Collection
  /** A plain or quoted scalar, as its lines. */
  | { readonly kind: "text"; readonly lines: readonly string[] }
  /** A literal or folded block: `|` or `>` with its chomping, and the lines without their indentation. */
  | { readonly kind: "block"; readonly style: string; readonly chomping: string; readonly lines: readonly string[] };

interface Collection {
  readonly kind: "map" | "list";
  /** On one line; null where it has to be over several. */
  readonly flat: string | null;
  readonly entries: readonly Entry[];
  /** What stands below the last entry. */
  readonly closing: readonly Remark[];
}

interface Entry {
  readonly lead: readonly Remark[];
  /** Null in a list. */
  readonly key: string | null;
  readonly value: Node | null;
  /** The comment on the line of the key or of the value. */
  readonly behind: string | null;
  /** Comments between the key and its value. */
  readonly under: readonly Remark[];
  /** The spaces that the author put between the colon and the value. */
  readonly gap: number;
  readonly commentPadded: boolean;
}

/** A node, the comment on its last line, and what follows it but belongs to something further out. */
interface Built {
  readonly node: Node;
  readonly behind: string | null;
  readonly commentPadded: boolean;
  readonly leftover: readonly Remark[];
}

interface Line {
  readonly indent: number;
  /** `- `, as often as lists begin on this line. */
  readonly dashes: string;
  readonly key: string | null;
  readonly text: string;
  readonly comment: string | null;
  readonly gap: number;
  readonly commentPadded: boolean;
  /** The map of which this is a whole entry; entries that follow one another may share columns. */
  readonly of: Node | null;
}

class Unsupported extends Error {}

/** The text laid out; null where it holds what the language forbids (anchors, tags, directives, complex keys) or is no YAML. */
export function layOut(text: string): string | null {
  try {
    return render(printStream([...new Parser().parse(text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n"))]));
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
}

// ---- from tokens to entries

function buildNode(token: CST.Token): Built {
  switch (token.type) {
    case "block-map":
    case "block-seq":
      return buildBlock(token);
    case "flow-collection":
      return buildFlow(token);
    case "block-scalar":
      return buildBlockScalar(token);
    case "scalar":
    case "single-quoted-scalar":
    case "double-quoted-scalar":
      return { node: { kind: "text", lines: scalarLines(token) }, ...trailing(token.end ?? []) };
    default:
      throw new Unsupported();
  }
}

function buildBlock(token: CST.BlockMap | CST.BlockSequence): Built {
  const entries: Entry[] = [];
  let lead: readonly Remark[] = [];
  let previous: readonly CST.SourceToken[] = [];
  for (const item of token.items) {
    // The line break after a comment may stand with what follows it; it is no blank line there.
    const start = previous.at(-1)?.type === "comment" && item.start[0]?.type === "newline" ? item.start.slice(1) : item.start;
    previous = item.value ? [] : (item.sep ?? item.start);
    const isEntry = token.type === "block-seq" ? start.some((part) => part.type === "seq-item-ind") : item.sep !== undefined;
    if (!isEntry) {
      lead = [...lead, ...remarks(start)];
      continue;
    }
    if ("explicitKey" in item && item.explicitKey) throw new Unsupported();
    const dash = start.findIndex((part) => part.type === "seq-item-ind");
    const [above, opening] = token.type === "block-seq" ? [start.slice(0, dash), start.slice(dash + 1)] : [start, item.sep ?? []];
    const key = token.type === "block-map" ? (item.key ? oneLine(item.key) : "") : null;
    const [entry, leftover] = buildEntry({
      lead: [...lead, ...remarks(above)],
      key,
      opening: afterColon(opening),
      value: item.value ?? null,
    });
    entries.push(entry);
    lead = leftover;
  }
  // Comments after the last entry belong to the level that they are indented to.
  const out = lead.findIndex((remark) => remark !== "blank" && remark.column < token.indent);
  const split = out === -1 ? lead.length - (lead.at(-1) === "blank" ? 1 : 0) : lead[out - 1] === "blank" ? out - 1 : out;
  return {
    node: { kind: token.type === "block-map" ? "map" : "list", flat: null, entries, closing: lead.slice(0, split) },
    behind: null,
    commentPadded: false,
    leftover: lead.slice(split),
  };
}

interface Opening {
  readonly lead: readonly Remark[];
  readonly key: string | null;
  /** What stands between the colon or the dash and the value. */
  readonly opening: readonly CST.SourceToken[];
  readonly value: CST.Token | null;
}

function buildEntry({ lead, key, opening, value }: Opening): readonly [Entry, readonly Remark[]] {
  const { behind, commentPadded, leftover: under } = trailing(opening);
  const gap = opening[0]?.type === "space" && opening.length === 1 ? opening[0].source.length : 1;
  if (!value) return [{ lead, key, value: null, behind, under: [], gap, commentPadded }, under];
  const built = buildNode(value);
  const comments = under.filter((remark) => remark !== "blank");
  if (behind !== null && built.behind !== null) {
    // Only one fits behind: what was said of the key goes above it.
    return [
      {
        lead: [...lead, { comment: behind, column: 0 }],
        key,
        value: built.node,
        behind: built.behind,
        under: comments,
        gap,
        commentPadded: false,
      },
      built.leftover,
    ];
  }
  const entry = {
    lead,
    key,
    value: built.node,
    behind: behind ?? built.behind,
    under: comments,
    gap,
    commentPadded: behind === null ? built.commentPadded : commentPadded,
  };
  return [entry, built.leftover];
}

function buildFlow(token: CST.FlowCollection): Built {
  const entries: Entry[] = [];
  let lead: readonly Remark[] = [];
  for (const item of token.items) {
    refuseProperties(item.start);
    if ("explicitKey" in item && item.explicitKey) throw new Unsupported();
    const start = trailing(item.start);
    const previous = entries.at(-1);
    // Behind the comma, a comment belongs to the entry before it.
    if (start.behind !== null && previous && previous.behind === null) entries[entries.length - 1] = { ...previous, behind: start.behind };
    else if (start.behind !== null) lead = [...lead, { comment: start.behind, column: 0 }];
    lead = [...lead, ...start.leftover].filter((remark) => remark !== "blank");
    if (!item.key && !item.sep && !item.value) continue;
    const opening = [
      ...(item.key && "end" in item.key ? (item.key.end ?? []) : []).filter((part) => part.type === "comment"),
      ...afterColon(item.sep ?? []),
    ];
    const [entry, leftover] = buildEntry({
      lead,
      key: item.key || item.sep ? (item.key ? oneLine(item.key) : "") : null,
      opening,
      value: item.value ?? null,
    });
    const pair: Node = {
      kind: "map",
      flat: flatEntry(entry, item.sep !== undefined),
      entries: [{ ...entry, lead: [], behind: null }],
      closing: [],
    };
    const isPair = entry.key !== null && token.start.type === "flow-seq-start";
    entries.push({ ...(isPair ? { ...entry, key: null, value: pair, under: [] } : entry), gap: 1, commentPadded: false });
    lead = leftover.filter((remark) => remark !== "blank");
  }
  const isMap = token.start.type === "flow-map-start";
  const end = trailing(token.end);
  // Nothing can stand in empty brackets; what was said in them is said below.
  if (entries.length === 0) {
    return {
      node: { kind: isMap ? "map" : "list", flat: isMap ? "{}" : "[]", entries, closing: [] },
      ...end,
      leftover: [...lead, ...end.leftover],
    };
  }
  const hasComment = lead.length > 0 || entries.some((entry) => entry.lead.length > 0 || entry.behind !== null || entry.under.length > 0);
  const flats = entries.map((entry) => flatEntry(entry, true));
  const flat = hasComment || flats.includes(null) ? null : isMap ? `{ ${flats.join(", ")} }` : `[${flats.join(", ")}]`;
  return { node: { kind: isMap ? "map" : "list", flat, entries, closing: lead }, ...end };
}

/** An entry of a flow collection on one line, or null where it has none. */
function flatEntry({ key, value }: Entry, hasColon: boolean): string | null {
  const text =
    value === null
      ? ""
      : isCollection(value)
        ? value.flat
        : value.kind === "text" && value.lines.length === 1
          ? (value.lines[0] ?? "")
          : null;
  if (text === null || key === null) return text;
  return value === null ? (hasColon ? `${key}:` : key) : `${key}: ${text}`;
}

function buildBlockScalar(token: CST.BlockScalar): Built {
  const properties = token.props.filter((part) => "source" in part);
  const header = properties.find((part) => part.type === "block-scalar-header")?.source;
  if (header === undefined || properties.some((part) => part.type === "anchor" || part.type === "tag")) throw new Unsupported();
  const chomping = /[+-]/.exec(header)?.[0] ?? "";
  const indicator = /[1-9]/.exec(header)?.[0];
  const written = token.source.replace(/\n$/, "").split("\n");
  const first = written.find((line) => line.trim() !== "") ?? "";
  const indent = indicator === undefined ? (/^ */.exec(first)?.[0].length ?? 0) : Math.max(token.indent, 0) + Number(indicator);
  const lines = written.map((line) => line.slice(indent));
  const leftover: Remark[] = [];
  // Only `+` keeps the blank lines at the end; else they stand between this and what follows.
  while (chomping !== "+" && lines.length > 0 && lines.at(-1)?.trim() === "") {
    lines.pop();
    leftover[0] = "blank";
  }
  const comment = properties.find((part) => part.type === "comment");
  return {
    node: { kind: "block", style: header.slice(0, 1), chomping, lines },
    behind: comment?.source.trimEnd() ?? null,
    commentPadded: false,
    leftover,
  };
}

/** The lines of a scalar: each without its indentation, quotes made alike. */
function scalarLines(token: CST.FlowScalar): readonly string[] {
  const lines = token.source.split("\n");
  if (lines.length === 1) return [token.type === "scalar" ? token.source : requote(token)];
  // A space before the end of a line may be escaped in double quotes; elsewhere it says nothing.
  return lines
    .map((line, at) => (at === 0 ? line : line.trimStart()))
    .map((line) => (token.type === "double-quoted-scalar" ? line : line.trimEnd()));
}

function requote(token: CST.FlowScalar): string {
  const value = tokens.resolveAsScalar(token)?.value ?? "";
  const isPlain = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(value);
  if (isPlain && !value.includes("'")) return `'${value}'`;
  return isPlain && !/["\\]/.test(value) ? `"${value}"` : token.source;
}

function oneLine(token: CST.Token): string {
  if (token.type !== "scalar" && token.type !== "single-quoted-scalar" && token.type !== "double-quoted-scalar") throw new Unsupported();
  const lines = scalarLines(token);
  if (lines.length !== 1) throw new Unsupported();
  return lines[0] ?? "";
}

function afterColon(sep: readonly CST.SourceToken[]): readonly CST.SourceToken[] {
  return sep.slice(sep.findIndex((part) => part.type === "map-value-ind") + 1);
}

/** What follows something on its line, and what stands on the lines after it. */
function trailing(parts: readonly CST.SourceToken[]): Omit<Built, "node"> {
  refuseProperties(parts);
  const lineEnd = parts.findIndex((part) => part.type === "newline");
  const line = lineEnd === -1 ? parts : parts.slice(0, lineEnd);
  const at = line.findIndex((part) => part.type === "comment");
  const space = line[at - 1];
  return {
    behind: line[at]?.source.trimEnd() ?? null,
    commentPadded: at > 0 && space?.type === "space" && space.source.length > 1,
    leftover: lineEnd === -1 ? [] : remarks(parts.slice(lineEnd + 1)),
  };
}

/** The comments and blank lines among tokens that begin at the start of a line. */
function remarks(parts: readonly CST.SourceToken[]): readonly Remark[] {
  refuseProperties(parts);
  const found: Remark[] = [];
  let atLineStart = true;
  for (const part of parts) {
    if (part.type === "comment") found.push({ comment: part.source.trimEnd(), column: part.indent });
    if (part.type === "newline" && atLineStart && found.at(-1) !== "blank") found.push("blank");
    if (part.type !== "space") atLineStart = part.type === "newline";
  }
  return found;
}

function refuseProperties(parts: readonly CST.SourceToken[]): void {
  if (
    parts.some(
      (part) => part.type === "anchor" || part.type === "tag" || part.type === "explicit-key-ind" || part.type === "flow-error-end",
    )
  )
    throw new Unsupported();
}

// ---- from entries to lines

type Row = Line | "blank";

const empty: Line = { indent: 0, dashes: "", key: null, text: "", comment: null, gap: 1, commentPadded: false, of: null };

function printStream(stream: readonly CST.Token[]): readonly Row[] {
  const rows: Row[] = [];
  let between: CST.SourceToken[] = [];
  const flush = (): void => {
    rows.push(...printRemarks(remarks(between), 0));
    between = [];
  };
  for (const token of stream) {
    if (token.type === "comment" || token.type === "newline" || token.type === "space") between.push(token);
    else if (token.type === "document") {
      flush();
      const marker = token.start.findIndex((part) => part.type === "doc-start");
      rows.push(...printRemarks(remarks(token.start.slice(0, Math.max(marker, 0))), 0));
      const start = trailing(token.start.slice(marker + 1));
      if (marker !== -1) rows.push({ ...empty, text: "---", comment: start.behind });
      rows.push(...printRemarks(marker === -1 ? remarks(token.start) : start.leftover, 0));
      if (token.value) rows.push(...printRoot(buildNode(token.value)));
      rows.push(...printRemarks(remarks(token.end ?? []), 0));
    } else if (token.type === "doc-end") {
      flush();
      const end = trailing(token.end ?? []);
      rows.push({ ...empty, text: "...", comment: end.behind }, ...printRemarks(end.leftover, 0));
    } else throw new Unsupported();
  }
  flush();
  return rows;
}

function printRoot({ node, behind, leftover }: Built): readonly Row[] {
  const rest = printRemarks(leftover, 0);
  if (isCollection(node)) {
    const comment: readonly Row[] = behind === null ? [] : [{ ...empty, text: behind }];
    return node.flat !== null && node.flat.length <= width
      ? [{ ...empty, text: node.flat, comment: behind }, ...rest]
      : [...comment, ...printEntries(node, 0), ...rest];
  }
  if (node.kind === "block") throw new Unsupported();
  const { lines } = node;
  return [...lines.map((text, at) => ({ ...empty, text, comment: at === lines.length - 1 ? behind : null })), ...rest];
}

function printEntries(node: Collection, indent: number): readonly Row[] {
  const rows = node.entries.flatMap((entry, at) => [
    ...printRemarks(at === 0 ? withoutFirstBlank(entry.lead) : entry.lead, indent),
    ...printEntry(entry, indent, node),
  ]);
  return [...rows, ...printRemarks(node.closing, indent)];
}

function printEntry(entry: Entry, indent: number, of: Node): readonly Row[] {
  const { key, value, behind, under, gap, commentPadded } = entry;
  const head: Line = {
    ...empty,
    indent,
    dashes: key === null ? "- " : "",
    key,
    comment: behind,
    gap,
    commentPadded,
    of: under.length === 0 && key !== null ? of : null,
  };
  const between = printRemarks(under, indent + 2);
  if (value === null) return [{ ...head, dashes: key === null ? "-" : "" }, ...between];
  const room = width - indent - (key === null ? 2 : key.length + 2);
  switch (value.kind) {
    case "map":
    case "list": {
      const stays = value.flat !== null && (value.entries.length === 0 || value.flat.length <= room);
      if (stays && under.length === 0) return [{ ...head, text: value.flat ?? "" }];
      if (stays) return [head, ...between, { ...empty, indent: indent + 2, text: value.flat ?? "" }];
      const rows = printEntries(value, indent + 2);
      if (key !== null) return [{ ...head, of: null }, ...between, ...rows];
      // The first line of what is nested goes behind the dash; comments above it go above the dash.
      const first = rows.findIndex((row) => row !== "blank" && !isComment(row));
      const above = [
        ...(behind === null ? [] : [{ ...empty, indent, text: behind }]),
        ...printRemarks(under, indent),
        ...rows.slice(0, first).map((row) => (row === "blank" ? row : { ...row, indent })),
      ];
      return [
        ...above,
        ...rows.slice(first).map((row, at) => (at === 0 && row !== "blank" ? { ...row, indent, dashes: `- ${row.dashes}` } : row)),
      ];
    }
    case "text": {
      const [first = "", ...rest] = value.lines;
      const last = rest.length - 1;
      if (under.length > 0 && key !== null) {
        const lines = value.lines.map((text) => ({ ...empty, indent: text === "" ? 0 : indent + 2, text }));
        return [{ ...head, of: null }, ...between, ...lines];
      }
      const above = key === null ? printRemarks(under, indent) : [];
      if (rest.length === 0) return [...above, { ...head, text: first }];
      const lines = rest.map((text, at) => ({
        ...empty,
        indent: text === "" ? 0 : indent + 2,
        text,
        comment: at === last ? behind : null,
      }));
      return [...above, { ...head, text: first, comment: null, of: null }, ...lines];
    }
    case "block": {
      const indicator = value.lines.find((line) => line !== "")?.startsWith(" ") ? "2" : "";
      const body = value.lines.map((text) => ({ ...empty, indent: text === "" ? 0 : indent + 2, text }));
      return [...printRemarks(under, indent), { ...head, text: `${value.style}${indicator}${value.chomping}`, of: null }, ...body];
    }
  }
}

function isCollection(node: Node): node is Collection {
  return node.kind === "map" || node.kind === "list";
}

function printRemarks(found: readonly Remark[], indent: number): readonly Row[] {
  return found.map((remark) => (remark === "blank" ? remark : { ...empty, indent, text: remark.comment }));
}

function withoutFirstBlank(found: readonly Remark[]): readonly Remark[] {
  return found[0] === "blank" ? found.slice(1) : found;
}

function isComment(line: Line): boolean {
  return line.key === null && line.dashes === "" && line.text.startsWith("#");
}

// ---- from lines to text

function render(rows: readonly Row[]): string {
  const lines = alignColumns(collapseBlanks(rows));
  return lines.map((line) => `${line}\n`).join("");
}

/** One blank line at most in a row, none at either end of the text and none below `---`. */
function collapseBlanks(rows: readonly Row[]): readonly Row[] {
  const kept: Row[] = [];
  for (const row of rows) {
    const previous = kept.at(-1);
    if (row === "blank" && (previous === undefined || previous === "blank" || previous.text === "---")) continue;
    kept.push(row);
  }
  while (kept.at(-1) === "blank") kept.pop();
  return kept;
}

function alignColumns(rows: readonly Row[]): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < rows.length;) {
    const first = rows[at];
    let end = at + 1;
    if (first !== "blank" && first?.of) while (isSameMap(rows[end], first.of)) end += 1;
    const group = rows.slice(at, end).filter((row) => row !== "blank");
    texts.push(...(group.length === 0 ? [""] : renderGroup(group)));
    at = end;
  }
  return texts;
}

function isSameMap(row: Row | undefined, of: Node): boolean {
  return row !== undefined && row !== "blank" && row.of === of && row.dashes === "";
}

/**
 * Lines that share columns where the author began to. The lines above the first value that was pushed to the right stay out of it, but for
 * those right above whose values stood in its column: `resource: database` need not follow suit.
 */
function renderGroup(group: readonly Line[]): readonly string[] {
  const columnOf = (line: Line): number => startOf(line).length + line.gap;
  const firstPadded = group.findIndex((line) => line.gap > 1);
  let from = firstPadded === -1 ? group.length : firstPadded;
  for (let line = group[from], above = group[from - 1]; line && above && columnOf(above) === columnOf(line); above = group[from - 1])
    from -= 1;
  const keyWidth = Math.max(0, ...group.slice(from).map((line) => startOf(line).length));
  const texts = group.map((line, at) =>
    line.text === ""
      ? startOf(line)
      : line.key === null
        ? startOf(line) + line.text
        : `${startOf(line).padEnd(at < from ? 0 : keyWidth)} ${line.text}`,
  );
  const isPadded = group.some((line) => line.commentPadded);
  const textWidth = isPadded ? Math.max(...group.map((line, at) => (line.comment === null ? 0 : (texts[at] ?? "").length))) : 0;
  return group.map((line, at) => {
    const text = texts[at] ?? "";
    return line.comment === null ? text : `${text.padEnd(textWidth)}${isPadded ? "  " : " "}${line.comment}`;
  });
}

function startOf(line: Line): string {
  return `${" ".repeat(line.indent)}${line.dashes}${line.key === null ? "" : `${line.key}:`}`;
}
