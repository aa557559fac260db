// Mistakes of the text, the YAML and the shape: what `parse` finds, SPC001 to SPC039.

import { type Edit, mistake, type Mistake, story } from "./mistake.js";
import type { SourceLocation } from "../source.js";

export const textMistakes = {
  notUtf8: mistake(
    "SPC001",
    "error",
    story(
      "Specs are text in UTF-8. A file in another encoding, or one that holds binary data, would be read as something that nobody wrote.",
      "resource: caf\\xe9          # saved as Latin-1",
      "resource: cafe             # saved as UTF-8",
    ),
    (at, { utf16 }) => ({ at, message: "This file is no valid UTF-8.", hint: utf16 ? "It looks like UTF-16: save it as UTF-8." : "Save it as UTF-8." }),
  ) as Mistake<[at: SourceLocation, said: { readonly utf16: boolean }]>,
  fileTooLarge: mistake(
    "SPC002",
    "error",
    story(
      "A spec file holds at most 1 MiB (1048576 bytes), some hundred times what a large one has. What is larger is most likely no spec.",
      "# specs/all.yaml, with everything in it",
      "# specs/database.yaml, specs/team.yaml, …: one resource and its tasks each",
    ),
    (at, sizeBytes) => ({ at, message: `This file has ${sizeBytes} bytes; a spec has at most 1048576 (1 MiB).`, hint: "Split it into several files: order and grouping mean nothing." }),
  ) as Mistake<[at: SourceLocation, sizeBytes: number]>,
  tooDeep: mistake(
    "SPC003",
    "error",
    story(
      "Brackets are nested at most 64 deep, and so are indented lines. No spec needs more than a dozen; a text that goes deeper can exhaust the memory of what reads it.",
      "fields: { a: { type: list, of: { type: list, of: { type: list, of: … } } } }",
      "fields: { a: { type: list, of: row } }\n---\ntype: row\nis: { type: list, of: string }",
    ),
    (at, what) => ({ at, message: `The ${what === "brackets" ? "brackets are" : "indentation is"} nested more than 64 levels deep here.`, hint: "Give what is inside a name: `type: <name>`." }),
  ) as Mistake<[at: SourceLocation, what: "brackets" | "indentation"]>,
  tabIndentation: mistake(
    "SPC004",
    "error",
    story("YAML indents with spaces. A tab is as wide as each editor likes, so what it is indented to would be a guess.", "fields:\n\tname: string", "fields:\n  name: string"),
    (at) => ({ at, message: "A tab stands in the indentation.", hint: "Indent with spaces.", edit: { at, newText: at.file.text.slice(at.start, at.end).replaceAll("\t", "  ") } }),
  ) as Mistake<[at: SourceLocation]>,
  directive: mistake(
    "SPC005",
    "error",
    story("Specs are YAML 1.2, always. A `%` directive would switch to another version or bring in tags, and neither is allowed.", "%YAML 1.1\n---\nresource: team", "resource: team"),
    (at) => ({ at, message: "A `%` directive is not allowed in a spec.", hint: "Remove the line. Specs are YAML 1.2.", edit: { at, newText: "" } }),
  ) as Mistake<[at: SourceLocation]>,
  controlCharacter: mistake(
    "SPC006",
    "error",
    story(
      "YAML allows no control characters but tab, line feed and carriage return before a line feed. In quotes they can be written as escapes.",
      "doc: a bell \\x07 typed as it is",
      'doc: "a bell \\x07 as an escape"',
    ),
    (at, codePoint) => ({
      at,
      message: `The character U+${codePoint.toString(16).toUpperCase().padStart(4, "0")} may not stand in a spec.`,
      hint: codePoint === 0x0d ? "End lines with a line feed." : "Remove it, or write it as an escape in double quotes.",
    }),
  ) as Mistake<[at: SourceLocation, codePoint: number]>,
  syntaxWrong: mistake(
    "SPC007",
    "error",
    story(
      "The text is no YAML. Only the first place is shown, since what follows a mistake of this kind is mostly its echo; other documents of the file are read on. " +
        "Most often a text that holds `: `, `#`, `[`, `{` or `*` needs quotes. In single quotes all but the quote itself (written twice) stands for itself.",
      "fields: { name: { type: string, pattern: ^[a-z]{1,63}$ } }",
      "fields: { name: { type: string, pattern: '^[a-z]{1,63}$' } }",
    ),
    (at, { message, hint, edit }) => ({ at, message, hint, edit }),
  ) as Mistake<[at: SourceLocation, said: { readonly message: string; readonly hint: string | null; readonly edit: Edit | null }]>,
  duplicateKey: mistake(
    "SPC008",
    "error",
    story("A key stands once in a mapping. Which of two were meant, nobody can tell.", "fields:\n  plan: string\n  plan: int", "fields:\n  plan: string\n  size: int"),
    (at, { key, first }) => ({
      at,
      message: `The key '${key}' stands here a second time.`,
      hint: "Remove or rename one of the two.",
      related: [{ at: first, message: "It stands here first." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly key: string; readonly first: SourceLocation }]>,
  anchor: mistake(
    "SPC009",
    "error",
    story(
      "Anchors (`&name`) and aliases (`*name`) make one place of a file depend on another that is far off. What is shared has a name of its own: a named type.",
      "fields:\n  home: &address { type: record, fields: { city: string } }\n  work: *address",
      "resource: person\nfields: { home: address, work: address }\n---\ntype: address\nfields: { city: string }",
    ),
    (at) => ({ at, message: "An anchor is not allowed in a spec.", hint: "Remove it. Text that begins with & needs quotes; what is shared is a named type." }),
  ) as Mistake<[at: SourceLocation]>,
  alias: mistake(
    "SPC010",
    "error",
    story(
      "Anchors (`&name`) and aliases (`*name`) make one place of a file depend on another that is far off. What is shared has a name of its own: a named type.",
      "fields:\n  home: &address { type: record, fields: { city: string } }\n  work: *address",
      "resource: person\nfields: { home: address, work: address }\n---\ntype: address\nfields: { city: string }",
    ),
    (at) => ({ at, message: "An alias is not allowed in a spec.", hint: "Write out what it stands for. Text that begins with * needs quotes; what is shared is a named type." }),
  ) as Mistake<[at: SourceLocation]>,
  mergeKey: mistake(
    "SPC011",
    "error",
    story(
      "`<<` would merge another mapping into this one. YAML 1.2 knows no such key, and a spec says what it says in one place.",
      "states:\n  boot: { <<: { timeout: 5m }, to: stop }",
      "states:\n  boot: { timeout: 5m, to: stop }",
    ),
    (at) => ({ at, message: "The merge key `<<` is not allowed in a spec.", hint: "Write out what it merges." }),
  ) as Mistake<[at: SourceLocation]>,
  tag: mistake(
    "SPC012",
    "error",
    story("A tag (`!name`, `!!str`) says how a value is to be read. In a spec each value's place says that.", "version: !!int '3'", "version: 3"),
    (at) => ({ at, message: "A tag is not allowed in a spec.", hint: "Remove it. Text that begins with ! needs quotes." }),
  ) as Mistake<[at: SourceLocation]>,
  keyNoText: mistake(
    "SPC013",
    "error",
    story("Keys are names: a list or a mapping cannot be one. Curly brackets around a value that should be text look like that, too.", "doc: {{ text }}", "doc: '{{ text }}'"),
    (at) => ({ at, message: "A list or a mapping cannot be a key.", hint: "If this is meant as text, put it in single quotes." }),
  ) as Mistake<[at: SourceLocation]>,
  emptyDocument: mistake(
    "SPC014",
    "warning",
    story("A file, or the part of a file between two `---`, holds nothing or comments only. Something may have been forgotten there.", "resource: team\n---\n# later: the tasks", "resource: team"),
    (at, { wholeFile }) => ({
      at,
      message: wholeFile ? "This file says nothing." : "This document says nothing.",
      hint: wholeFile ? "Write `resource: <name>`, `task: <name>` or `type: <name>`, or remove the file." : "Remove the `---`, or write a document after it.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly wholeFile: boolean }]>,
  noMapping: mistake(
    "SPC015",
    "error",
    story("A document is a mapping: keys, each with a value. A list of resources is written as several documents, with `---` between them.", "- resource: team\n- resource: database", "resource: team\n---\nresource: database"),
    (at, { found }) => ({
      at,
      message: `A document is a mapping of keywords to values, and this is ${found}.`,
      hint:
        at.file.path === "pliny.yaml"
          ? "Begin with a keyword of pliny.yaml, such as `rules: 1`."
          : "Begin with `resource: <name>`, `task: <name>` or `type: <name>`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly found: string }]>,
  noKind: mistake(
    "SPC016",
    "error",
    story(
      "Each document says what it is by one of the keys `resource`, `task` and `type`, whose value is its name. What is not about one of them stands in pliny.yaml, beside specs/.",
      "database:\n  fields: { name: string }",
      "resource: database\nfields: { name: string }",
    ),
    (at, { near, isConfigElsewhere }) => ({
      at,
      message: "This document has none of the keys 'resource', 'task' and 'type', so nobody knows what it is.",
      hint: isConfigElsewhere
        ? "pliny.yaml lies beside specs/: move it there."
        : near === null
          ? "Write `resource: <name>`, `task: <name>` or `type: <name>`."
          : `Did you mean '${near}'?`,
      edit: near === null ? null : { at, newText: near },
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly near: string | null; readonly isConfigElsewhere: boolean }]>,
  severalKinds: mistake(
    "SPC017",
    "error",
    story("A document has exactly one of the keys `resource`, `task` and `type`. What a task acts on is said by `of`.", "task: dump\nresource: database\nstates: { dump: { to: stop } }", "task: dump\nof: database\nstates: { dump: { to: stop } }"),
    (at, { key, kind, first }) => ({
      at,
      message: `This document is a ${kind} already, so it cannot have the key '${key}'.`,
      hint: key === "resource" && kind === "task" ? "What a task acts on is said by `of`." : "Write two documents, with `---` between them.",
      edit: key === "resource" && kind === "task" ? { at, newText: "of" } : null,
      related: [{ at: first, message: `It is a ${kind} by this.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly key: string; readonly kind: string; readonly first: SourceLocation }]>,
  severalConfigs: mistake(
    "SPC018",
    "error",
    story("pliny.yaml is one document: what is not about one resource, task or type. Those stand in specs/.", "rules: 1\n---\nresource: team", "rules: 1"),
    (at) => ({ at, message: "pliny.yaml holds one document, and here a second one begins.", hint: "Move resources, tasks and types to specs/; join the rest with the first." }),
  ) as Mistake<[at: SourceLocation]>,
  unknownKey: mistake(
    "SPC019",
    "error",
    story(
      "Only the keywords of the language may stand in a spec, each where it means something; a key that is not known would be passed over in silence, and somebody would wait for its effect. " +
        "`pliny explain <keyword>` says where a keyword stands and what it does.",
      "states:\n  boot: { to: stop, timout: 5m }",
      "states:\n  boot: { to: stop, timeout: 5m }",
    ),
    (at, { key, where, near, elsewhere, allowed }) => ({
      at,
      message: `There is no key '${key}' in ${where}.`,
      hint: near !== null ? `Did you mean '${near}'?` : elsewhere !== null ? `It stands in ${elsewhere}.` : allowed.length === 0 ? null : `Use one of: ${allowed.join(", ")}.`,
      edit: near === null ? null : { at, newText: near },
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: { readonly key: string; readonly where: string; readonly near: string | null; readonly elsewhere: string | null; readonly allowed: readonly string[] },
    ]
  >,
  keyMissing: mistake(
    "SPC020",
    "error",
    story("Some keywords need others beside them: a field has a type, a task has states, each state of a task says where it may go.", "task: dump\nof: database\nstates: { dump: { timeout: 1h } }", "task: dump\nof: database\nstates: { dump: { to: stop, timeout: 1h } }"),
    (at, { key, where, expected }) => ({ at, message: `The key '${key}' is missing in ${where}.`, hint: expected === null ? null : `Its value is ${expected}.` }),
  ) as Mistake<[at: SourceLocation, said: { readonly key: string; readonly where: string; readonly expected: string | null }]>,
  valueWrong: mistake(
    "SPC021",
    "error",
    story(
      "Each keyword takes values of one form: a name, a duration, one of a few words, a mapping. `pliny explain <keyword>` says which.",
      "states:\n  boot: { to: stop, timeout: 5 minutes, retry: 3 }",
      "states:\n  boot: { to: stop, timeout: 5m, retry: { max: 3 } }",
    ),
    (at, { expected, found, edit }) => ({
      at,
      message: `Expected ${expected}; found ${found}.`,
      hint: edit === null ? null : `Write \`${edit}\`.`,
      edit: edit === null ? null : { at, newText: edit },
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly expected: string; readonly found: string; readonly edit: string | null }]>,
  textNotQuoted: mistake(
    "SPC022",
    "error",
    story(
      "Where a text is expected, YAML must read one. Without quotes `16` is a number, `true` a truth value and `0.10` the same as 0.1; what was written would be lost.",
      "fields:\n  release: { type: enum, of: [16, 17] }\n  share:   { type: decimal, default: 0.10 }",
      "fields:\n  release: { type: enum, of: ['16', '17'] }\n  share:   { type: decimal, default: '0.10' }",
    ),
    (at, { found, edit }) => ({ at, message: `Expected a text; found ${found}, for it has no quotes.`, hint: `Write \`${edit}\`.`, edit: { at, newText: edit } }),
  ) as Mistake<[at: SourceLocation, said: { readonly found: string; readonly edit: string }]>,
  valueEmpty: mistake(
    "SPC023",
    "error",
    story("After a key stands its value. Where a mapping with nothing in it is meant, it is written as `{}`.", "states:\n  online: { to: retired }\n  retired:", "states:\n  online: { to: retired }\n  retired: {}"),
    (at, { key, expected, edit }) => ({
      at,
      message: key === null ? "A value is missing here." : `The key '${key}' has no value.`,
      hint: edit === null ? `Expected ${expected}.` : `Write \`${key ?? ""}: ${edit}\` where nothing is to be said, or ${expected}.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly key: string | null; readonly expected: string; readonly edit: string | null }]>,
  numberUnclear: mistake(
    "SPC024",
    "error",
    story(
      "Numbers are written as people read them: decimal, without leading zeros, and no greater than what a number holds exactly (whole numbers to 9007199254740991). " +
        "A `bigint` is written as text.",
      "fields:\n  mode: { type: int, default: 0o644 }\n  size: { type: bigint, max: 9007199254740993 }",
      "fields:\n  mode: { type: int, default: 420 }\n  size: { type: bigint, max: '9007199254740993' }",
    ),
    (at, { written, edit }) => ({
      at,
      message: edit === null ? `The number ${written} cannot be held exactly.` : `The number ${written} is not written plainly.`,
      hint: edit === null ? "Write one of at most 9007199254740991, or use type `bigint` and write it as text." : `Write \`${edit}\`.`,
      edit: edit === null ? null : { at, newText: edit },
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly written: string; readonly edit: string | null }]>,
  nameMalformed: mistake(
    "SPC025",
    "error",
    story(
      "Names are snake_case: small letters, digits and `_`, a letter first, at most 40 characters. In TypeScript they become camelCase by themselves. Names with `__` around them are pliny's own.",
      "fields: { displayName: string }",
      "fields: { display_name: string }",
    ),
    (at, { name, expected, edit }) => ({
      at,
      message: `'${name}' is not ${expected}.`,
      hint: edit === null ? null : `Write \`${edit}\`.`,
      edit: edit === null ? null : { at, newText: edit },
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly expected: string; readonly edit: string | null }]>,
  moreWrong: mistake(
    "SPC026",
    "error",
    story(
      "Of one document a hundred mistakes of a sort are shown. Where there are more, they mostly have one cause, and the rest is shown when these are mended.",
      "# another tool's file, named .yaml and put into specs/",
      "resource: team",
    ),
    (at) => ({ at, message: "There are more mistakes here than are shown.", hint: "Mend those that are shown first." }),
  ) as Mistake<[at: SourceLocation]>,
} as const;
