// The pages under `docs/`, read by a parser of GitHub's Markdown: links lead somewhere, tables keep their shape, diagrams stay within the subset of
// Mermaid that every version draws, and no text of a spec is anything but text.

import fc from "fast-check";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/compile.js";
import type { GeneratedFile } from "../compiler/emit.js";
import { markdownCode, markdownText, mermaidText } from "../compiler/naming.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

interface Node {
  readonly type: string;
  readonly children?: readonly Node[] | undefined;
  readonly value?: string | undefined;
  readonly url?: string | undefined;
  readonly lang?: string | null | undefined;
}

function parse(markdown: string): Node {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

function all(node: Node, type: string): readonly Node[] {
  return [...(node.type === type ? [node] : []), ...(node.children ?? []).flatMap((child) => all(child, type))];
}

/** What a reader sees. */
function textOf(node: Node): string {
  if (node.type === "html") return "";
  return node.value ?? (node.children ?? []).map(textOf).join("");
}

function docsOf(files: readonly GeneratedFile[]): readonly GeneratedFile[] {
  return files.filter((file) => file.path.startsWith("docs/"));
}

function docsOfSpec(...specs: readonly string[]): readonly GeneratedFile[] {
  const result = compile(specs.map((text, at) => ({ path: `specs/${at}.yaml`, text })));
  expect(result.diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
  return docsOf(result.files);
}

function page(files: readonly GeneratedFile[], path: string): string {
  return files.find((file) => file.path === path)?.text ?? "";
}

/** The anchor that GitHub gives a heading. */
function anchor(heading: Node): string {
  return textOf(heading)
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

const projects = [...goldenCases, { name: "the example", folder: projectRoot }].flatMap(({ name, folder }) => {
  const files = docsOf(compileFolder(folder).files);
  return files.length > 0 ? [{ name, files }] : [];
});

test("the example has pages, and every resource one", () => {
  const example = projects.find(({ name }) => name === "the example");
  expect(example?.files.map(({ path }) => path)).toEqual([
    "docs/README.md", "docs/database.md", "docs/dump.md", "docs/replica.md", "docs/team.md", "docs/types.md",
  ]);
});

describe.each(projects)("$name", ({ files }) => {
  test("every link leads somewhere", () => {
    const places = new Set(files.flatMap(({ path, text }) => {
      const name = path.slice("docs/".length);
      return [name, ...all(parse(text), "heading").map((heading) => `${name}#${anchor(heading)}`)];
    }));
    const links = files.flatMap(({ text }) => all(parse(text), "link").flatMap(({ url }) => (url === undefined || /^https?:/.test(url) ? [] : [url])));
    expect(links.filter((link) => !places.has(link))).toEqual([]);
  });

  test("every row of a table has all its cells", () => {
    for (const { path, text } of files) {
      for (const table of all(parse(text), "table")) {
        const [head, ...rows] = table.children ?? [];
        for (const row of rows) expect(row.children?.length, `${path}: ${textOf(row)}`).toBe(head?.children?.length);
      }
      // Nothing that was meant as one is left over as text.
      expect(all(parse(text), "paragraph").filter((paragraph) => /\|---/.test(textOf(paragraph))), path).toEqual([]);
    }
  });

  test("every diagram is of a first state, states that it declares, and arrows between them", () => {
    for (const { path, text } of files) {
      for (const { value = "" } of all(parse(text), "code").filter((code) => code.lang === "mermaid")) {
        const [kind, ...lines] = value.split("\n");
        expect(kind).toBe("stateDiagram-v2");
        const label = "[A-Za-z0-9 _.,()/#;-]+";
        const declared = lines.flatMap((line) => new RegExp(`^  state "${label}" as (s_[a-z0-9_]+)$`).exec(line)?.[1] ?? []);
        const node = (declared.length > 0 ? declared : ["?"]).join("|");
        const arrow = new RegExp(`^  (\\[\\*\\]|${node}) --> (\\[\\*\\]|${node})(: ${label})?$`);
        expect(lines.slice(declared.length).filter((line) => !arrow.test(line)), path).toEqual([]);
      }
    }
  });
});

test("a page tells all that the spec says", () => {
  const files = docsOfSpec(`
resource: server
key: machine
doc: |
  What runs things.

  It is rented.
parent: rack
version: 2
deprecated: { since: 2027-01-01, sunset: 2028-01-01, use: node }
stability: beta
fields:
  name: { type: string, min: 2, max: 63, pattern: '^a|b$', required: true, immutable: true, doc: What it is called. }
  size: { type: int, min: 1, unit: GiB, default: 4, key: size_gb }
  kind: { type: enum, of: [{ value: big, doc: Very. }, { value: huge, since: 2 }], replaced: { large: big } }
  pin: { type: string, encrypted: { lookup: true } }
  tags: { type: set, of: { type: string, max: 9 }, max: 3 }
  spot: { type: record, fields: { row: int } }
removed: [{ field: host, type: string, until: 2 }]
upgrades: { 2: { set: { kind: huge } } }
unique: [[parent, name]]
indexes: [[size]]
states:
  starting: { starts: boot, then: up, else: down, timeout: 1h, expect: 1m }
  up: { to: [down], doc: Works. }
  down: { to: [starting, stop] }
api: { list: { filter: [size], sort: [size] }, get: true, create: [name], update: [tags], moves: { down: [size] }, delete: stop, start: [check], hide: [pin] }
---
resource: rack
---
task: boot
of: server
timeout: 2h
queue: { priority: 5 }
limit: { concurrency: 2, rate: 10/1m }
states:
  begin: { to: [wait], on_unknown: wait }
  wait: { poll: 30s, to: [stop], retry: { max: 10, backoff: 2s..1m } }
---
task: check
of: server
every: { interval: 24h, while: [up], missed: skip }
triggers: [{ task: boot, ends: success }]
states: { check: { spawns: [audit], to: [stop] } }
---
task: audit
args: { depth: { type: int, required: true } }
states: { audit: { to: [stop] } }
`);
  const server = page(files, "docs/server.md");
  for (const line of [
    "<!-- Code generated by pliny from specs/0.yaml. DO NOT EDIT. -->",
    "# server",
    "What runs things.",
    "It is rented.",
    "**Deprecated** since 2027-01-01, gone after 2028-01-01. Use node.",
    "**Beta**: it may still change.",
    "- Belongs to: [rack](rack.md)",
    '- Stored as: `machine` in table `app."machine"`, shown by view `app."servers"`',
    "| `name` | string | required | 2 to 63 characters; matches <code>^a&#124;b&#36;</code>; never changes once set | What it is called. |",
    "| `size` | int | `4` | at least 1; in GiB | Stored as `size_gb`. |",
    "| `pin` | secret string | null |  | Encrypted; found by its exact value. |",
    "| `tags` | set of string | empty | at most 3 items; each at most 9 characters |  |",
    "| `spot.row` | int | null |  |  |",
    "- `big`: Very.",
    "- `huge`: Since version 2.",
    "- `large` is no more: it reads as `big`.",
    "| `host` | string | 1 |",
    "- **2**: adds the values `huge` in `kind`; drops `host`; where absent, `kind` becomes `huge`.",
    "  s_starting --> s_up: boot succeeds",
    "  s_starting --> s_down: boot fails, after 1h",
    "| `starting` | [boot](server.md#task-boot) | 1h | Slow after 1m. |",
    "| `up` | `down` | asked for, also through the API |",
    "- Starts by itself: when it enters `starting`",
    "- Queue: priority 5",
    "- Limits: 2 runs at once, 10 starts in 1m",
    '  state "wait (every 30s)" as s_wait',
    "  s_begin --> s_wait: effect unknown",
    "- Starts by itself: when [boot](server.md#task-boot) succeeds; every 1d while `up`; of what was missed, none",
    "  s_check --> [*]: all of audit",
    "| GET | `/servers` | List; filter by `size`; sort by `size` |",
    "| POST | `/servers` | Create with `rack`, `name` |",
    "| POST | `/servers/{id}/moves/down` | Move to `down` with `size` |",
    "| POST | `/servers/{id}/tasks/check` | Start [check](server.md#task-check) |",
    "Never shown: `pin`.",
    "| unique among those not stopped | `parent`, `name` |",
    "| blind, for equality | `pin` |",
  ]) expect(server.split("\n")).toContain(line);
  expect(page(files, "docs/tasks.md")).toContain("| `depth` | int | required |");
  expect(page(files, "docs/README.md")).toContain("| [server](server.md) | What runs things. |");
});

test("a resource called readme leaves the index alone", () => {
  const files = docsOfSpec("resource: readme\ndoc: Read me.");
  expect(new Set(files.map(({ path }) => path.toLowerCase())).size).toBe(files.length);
  expect(page(files, "docs/README.md")).toContain("[readme](readme-.md)");
});

// Texts made of what has a meaning in Markdown, HTML or Mermaid.
const mark = fc.constantFrom(..."\\`*_{}[]()#+-.!|<>~&$:;=\"'/@%^ \t\n\r\u0000\u202e\u2028aZ0é😀", "  ", "```", "-->", "<b>", "&amp;", "http://a.b", "---", "1.", "\n\n");
const nastyText = fc.oneof(fc.array(mark, { maxLength: 12 }).map((marks) => marks.join("")), fc.string({ unit: "binary" }));

/** What should be seen: one line, and what is invisible spelt out. */
function seen(text: string): string {
  return text
    .trim()
    .split(/\r\n|\r|\n/)
    .map((line) => line.trimEnd().replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`).trim())
    .join(" ");
}

describe("no text of a spec is anything but text", () => {
  const plain = new Set(["text", "paragraph", "tableCell"]);

  /** Addresses become links by themselves, which changes nothing that is read. */
  function isPlain(node: Node): boolean {
    if (node.type === "link") return (node.children ?? []).every((child) => child.type === "text");
    return plain.has(node.type) && (node.children ?? []).every(isPlain);
  }

  test("as a paragraph", () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const { children = [] } = parse(`before\n\n${markdownText(text)}\n\nafter`);
        const inner = children.slice(1, -1);
        expect(inner.every(isPlain)).toBe(true);
        expect(inner.length).toBeLessThanOrEqual(1);
        expect(inner.map(textOf).join("").replace(/\s+/g, " ").trim()).toBe(seen(text).replace(/\s+/g, " ").trim());
      }),
      { numRuns: 3000 },
    );
  });

  test("as a cell of a table", () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const tree = parse(`| a | b |\n|---|---|\n| ${markdownText(text)} | ${markdownCode(text)} |\n`);
        expect(tree.children?.map((child) => child.type)).toEqual(["table"]);
        const [, row] = tree.children?.[0]?.children ?? [];
        const [cell, code, ...more] = row?.children ?? [];
        expect(more).toEqual([]);
        expect(cell && isPlain(cell)).toBe(true);
        expect((cell ? textOf(cell) : "").replace(/\s+/g, " ").trim()).toBe(seen(text).replace(/\s+/g, " ").trim());
        expect((code ? textOf(code) : "").replace(/\s+/g, " ").trim()).toBe(seen(text).replace(/\s+/g, " ").trim());
        for (const child of code?.children ?? []) if (child.type === "html") expect(child.value).toMatch(/^<\/?code>$/);
      }),
      { numRuns: 3000 },
    );
  });

  test("as a label in a diagram", () => {
    fc.assert(fc.property(nastyText, (text) => {
      expect(mermaidText(text)).toMatch(/^(?:[A-Za-z0-9 _.,()/-]|#[0-9]+;)*$/);
    }));
  });
});
