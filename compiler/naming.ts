// Every rule by which a name of a spec becomes a name in TypeScript or SQL, and the three gates through which text of a spec reaches output.

import { createHash } from "node:crypto";

/** A name is asked for some twenty times in a run, and so are most texts; what became of one is remembered. */
function remembered(make: (text: string) => string): (text: string) => string {
  const made = new Map<string, string>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined) return known;
    const result = make(text);
    made.set(text, result);
    return result;
  };
}

/** `fan_out` → `fanOut`: `_` and what follows becomes a capital, a last `_` drops. */
export const camelCase: (name: string) => string = remembered((name) =>
  name.replace(/_+([a-z0-9])/g, (_, next: string) => next.toUpperCase()).replace(/_+$/, ""),
);

/** `fan_out` → `FanOut`. */
export const pascalCase: (name: string) => string = remembered((name) => {
  const camel = camelCase(name);
  return camel.slice(0, 1).toUpperCase() + camel.slice(1);
});

/** `database.provision` → `DatabaseProvision`: the class of a task, the start of its types' names. */
export const className: (qualifiedName: string) => string = remembered((name) => name.split(".").map(pascalCase).join(""));

/** `database.provision` → `databaseProvision`: the constant that holds its handlers. */
export const constantName: (qualifiedName: string) => string = remembered((qualifiedName) => {
  const name = className(qualifiedName);
  return name.slice(0, 1).toLowerCase() + name.slice(1);
});

/** A name that stands alone as a constant: JavaScript's reserved words take a `_` behind. */
export function bindingName(name: string): string {
  return reservedWords.has(name) ? `${name}_` : name;
}

// Words that no constant of an ES module may be called by (ECMA-262, 12.7.2, strict), and what the language gives a meaning of its own.
const reservedWords: ReadonlySet<string> = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if " +
    "implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof " +
    "undefined var void while with yield"
  ).split(" "),
);

/** `app_instance` → `app-instance`, as routes are written. */
export const kebabCase: (name: string) => string = remembered((name) => name.replace(/_+$/, "").replace(/_+/g, "-"));

/** The same for files. One that Windows would take for a device, whatever its ending, takes a `-` behind. */
export const fileName: (name: string) => string = remembered((name) => `${kebabCase(name)}${deviceName.test(kebabCase(name)) ? "-" : ""}`);

// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
const deviceName = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9])$/;

/** The plural for routes, datasets and views, by the English rule: `policy` → `policies`, `box` → `boxes`, `day` → `days`. */
export function pluralOf(name: string): string {
  if (/[^aeiou_]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  if (/(s|x|z|ch|sh)$/.test(name)) return `${name}es`;
  return `${name}s`;
}

/**
 * Text as the inside of a block comment, one string a line. No text ends the comment, opens another or gives tsc an order (`@ts-ignore`);
 * what cannot be seen is shown.
 */
export function commentText(text: string): readonly string[] {
  return visibleLines(text).map((line) => line.replaceAll("*/", "*\\/").replaceAll("/*", "/\\*").replace(/^(\s*)@/, "$1\\@"));
}

/**
 * The lines of a text. Control characters, and the marks that turn the direction of text or end a line unseen, are shown as `\u{…}`.
 * For those gates that then spell what has a meaning where they lead.
 */
function visibleLines(text: string): readonly string[] {
  return text
    .trim()
    .split(/\r\n|\r|\n/)
    .map((line) => line.trimEnd().replace(invisible, (mark) => `\\u{${mark.codePointAt(0)?.toString(16) ?? ""}}`));
}

// Control characters but for the tab, line separators, zero-width and direction marks, lone surrogates.
const invisible = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu;

/** Text as a TypeScript string literal, double-quoted, that means exactly this text. */
export function stringLiteral(text: string): string {
  if (/^[\w .,:;/(){}<>=+*^$-]*$/.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(invisible, (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

/** Text as an SQL string literal that means exactly this text. Postgres holds no NUL and no lone surrogate, and `check` lets none through. */
export function sqlString(text: string): string {
  // Nearly all of it is names.
  if (/^[\w .:;,-]*$/.test(text)) return `'${text}'`;
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "''")
    .replaceAll("\n", "\\n")
    .replace(invisible, (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
  return escaped.includes("\\") ? `E'${escaped}'` : `'${escaped}'`;
}

/** A name as an SQL identifier of at most 63 bytes, always quoted: a longer one is cut and ends in eight digits of its hash. */
export function sqlIdentifier(name: string): string {
  return `"${fitIdentifier(name).replaceAll('"', '""')}"`;
}

/** Names made for SQL are of ASCII, so bytes are characters. */
export function fitIdentifier(name: string): string {
  if (name.length <= 63) return name;
  return `${name.slice(0, 54)}_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

/**
 * Text as Markdown that reads as this text and nothing more: no emphasis, link, HTML, table cell, formula or block begins or ends in it.
 * One line, which may stand in a table.
 */
export const markdownText: (text: string) => string = remembered((text) => {
  return visibleLines(text)
    .map((line) => line.replaceAll("\t", " ").trim())
    .join(" ")
    .replace(markdownMark, "\\$&")
    .replace(/^[#>+=-]/, "\\$&")
    .replace(/^([0-9]{1,9})([.)])/, "$1\\$2");
});

// What opens something in the middle of a line. GitHub makes links of addresses and then reads no escapes in them, so an address that needs
// one, or has no scheme, is kept from being a link.
const spanMark = String.raw`[\\\`*[<|~$]|&(?=[#A-Za-z])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])`;
const markdownMark = new RegExp(`${spanMark}|@|(?<=www)\\.|:(?=//\\S*(?:${spanMark}|@))`, "gi");

/** Text as Markdown code, which may stand in a table. What could end the backquotes, or the cell, is spelt with entities instead. */
export const markdownCode: (text: string) => string = remembered((text) => {
  const line = visibleLines(text).join(" ").replaceAll("\t", " ");
  if (/^[^`|\\\s]+(?: [^`|\\\s]+)*$/.test(line)) return `\`${line}\``;
  return `<code>${line.replace(/[\\`*_[\]<>&|~$:@!]|^ | $| (?= )/g, (mark) => `&#${mark.codePointAt(0) ?? 0};`)}</code>`;
});

/** Text as a label in a Mermaid diagram: all but letters, digits and a few harmless marks is spelt with Mermaid's own entities. */
export const mermaidText: (text: string) => string = remembered((text) => {
  return visibleLines(text)
    .join(" ")
    .replace(/[^A-Za-z0-9 _.,()/-]/gu, (mark) => `#${mark.codePointAt(0) ?? 0};`);
});

/** The nearest of `names` to `name`, if it is near enough to be what was meant: at most one edit in three letters. */
export function didYouMean(name: string, names: readonly string[]): string | null {
  let best: string | null = null;
  // Something of the name has to stay, or any other of its length would do.
  let bestDistance = Math.min(Math.floor(Math.max(name.length, 3) / 3) + 1, name.length);
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let previous: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) cost = Math.min(cost, (previous[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    [previous, row] = [row, next];
  }
  return row[right.length] ?? 0;
}
