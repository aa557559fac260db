// Every mistake a spec can hold, each said once: its code, its severity, its words and its long story. A call site passes what it has at hand.

import { stringLiteral } from "./naming.js";
import { compareText, type SourceLocation } from "./source.js";

export type Severity = "error" | "warning" | "info";

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly at: SourceLocation;
  /** What is wrong, as a sentence. */
  readonly message: string;
  /** What to write instead, as a sentence; null where the message says all there is. */
  readonly hint: string | null;
  /** The edit that mends it, where there is exactly one. */
  readonly edit: Edit | null;
  /** Other places that belong to it. */
  readonly related: readonly { readonly at: SourceLocation; readonly message: string }[];
}

export interface Edit {
  readonly at: SourceLocation;
  readonly newText: string;
}

/** What a phase made, and what it found; it goes on after an error. */
export interface Checked<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** A function of `report`: makes one diagnostic, and knows the story that `pliny explain` tells. */
export interface Mistake<Args extends readonly unknown[]> {
  (...args: Args): Diagnostic;
  readonly code: string;
  readonly severity: Severity;
  /** Why it is a mistake and what to do, in a paragraph or two, with a wrong and a right spec. */
  readonly story: string;
}

interface Words {
  readonly at: SourceLocation;
  readonly message: string;
  readonly hint?: string | null;
  readonly edit?: Edit | null;
  readonly related?: Diagnostic["related"];
}

function mistake<Args extends readonly unknown[]>(code: string, severity: Severity, story: string, words: (...args: Args) => Words): Mistake<Args> {
  const make = (...args: Args): Diagnostic => ({ code, severity, hint: null, edit: null, related: [], ...words(...args) });
  return Object.assign(make, { code, severity, story });
}

// What several stories begin or end with.
const once = "states: { go: { to: [stop] } }";
const family = "resource: database\n---\nresource: replica\nextends: database\n---\n";
const twoStates = "resource: database\nstates: { online: { to: [failed] }, failed: { to: [online, stop] } }\n---\n";

/** The catalogue. SPC001–SPC039: text and shape (`parse`). SPC040–SPC099: meaning (`check`). IDX: indexes. GEN: the generated folder (`files`). */
export const report = {
  // parse: the text, the YAML, the shape
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

  // check: names, types, versions, references, state graphs
  nameReserved: mistake(
    "SPC040",
    "error",
    story(
      "Some names are taken before any spec is written: field types, routes of the API, files of the generated code, JavaScript's " +
        "own classes, and the members that every resource, task and dataset has. A field named `save` would hide `database.save()`.",
      "resource: database\nfields: { history: string }",
      "resource: database\nfields: { changes: string }",
    ),
    (at, { name, names, why }) => ({ at, message: `'${name}' may not name ${names}: ${why}.`, hint: "Choose another name." }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly names: string; readonly why: string }]>,
  nameTaken: mistake(
    "SPC041",
    "error",
    story(
      "Resources, named types and global tasks share one name space, and so do the fields, the tasks and the parent of a " +
        "resource, and the fields and args of a task: each is a class, or a member of one class. A subtype's names stand beside " +
        "those of its base.",
      "resource: team\n---\ntype: team\nfields: { name: string }",
      "resource: team\n---\ntype: team_name\nfields: { name: string }",
    ),
    (at, { name, owner, first }) => ({
      at,
      message: `The name '${name}' is taken: ${owner} has it.`,
      hint: "Give one of the two another name.",
      related: [{ at: first, message: `'${name}' is first used here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly owner: string; readonly first: SourceLocation }]>,
  namesCollide: mistake(
    "SPC042",
    "error",
    story(
      "In TypeScript a name is written in camelCase: `_` and what follows it becomes a capital. Two names that differ only in " +
        "that would be one.",
      "resource: database\nfields: { vm_id: string, vm__id: string }",
      "resource: database\nfields: { vm_id: string, old_vm_id: string }",
    ),
    (at, { name, other, inCode, first }) => ({
      at,
      message: `'${name}' and '${other}' are both '${inCode}' in TypeScript.`,
      hint: "Give one of the two another name.",
      related: [{ at: first, message: `'${other}' stands here.` }],
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly name: string; readonly other: string; readonly inCode: string; readonly first: SourceLocation }]
  >,
  classesCollide: mistake(
    "SPC043",
    "error",
    story(
      "Each resource, type and task becomes a class or an interface; a task's class is named after its resource and itself, a " +
        "dataset's after the plural. No two of all these may be the same. (Names made up beside them, such as `DatabaseFields`, give way.)",
      "resource: database_dump\n---\nresource: database\n---\ntask: dump\nof: database\nevery: { interval: 1d }\nstates: { go: { to: stop } }",
      "resource: database_dump\n---\nresource: database\n---\ntask: back_up\nof: database\nevery: { interval: 1d }\nstates: { go: { to: stop } }",
    ),
    (at, { className, owner, other, first }) => ({
      at,
      message: `The generated name '${className}' would belong to ${owner} and to ${other}.`,
      hint: "Give one of the two another name.",
      related: [{ at: first, message: `${capital(other)} stands here.` }],
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: { readonly className: string; readonly owner: string; readonly other: string; readonly first: SourceLocation },
    ]
  >,
  pluralTaken: mistake(
    "SPC044",
    "error",
    story(
      "The plural of a resource names its routes, its view and its dataset's class. So it may equal neither the resource's own " +
        "name nor a name, key or plural of another.",
      "resource: sheep\nplural: sheep",
      "resource: sheep\nplural: flock",
    ),
    (at, { plural, name, owner, first }) => ({
      at,
      message: `'${plural}', the plural of '${name}', is taken: ${owner}.`,
      hint: "Write another: `plural: <name>`.",
      related: first === null ? [] : [{ at: first, message: "It is used here." }],
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: { readonly plural: string; readonly name: string; readonly owner: string; readonly first: SourceLocation | null },
    ]
  >,
  keyTaken: mistake(
    "SPC045",
    "error",
    story(
      "`key` is the name under which something is stored and sent, kept when it is renamed. Two things stored under one name " +
        "could not be told apart, so a key is unique and is no name in use beside it.",
      "resource: book\nfields:\n  title: { type: string, key: name }\n  name:  string",
      "resource: book\nfields:\n  title:     { type: string, key: name }\n  full_name: string",
    ),
    (at, { key, owner, first }) => ({
      at,
      message: `Nothing else can be stored under the key '${key}': ${owner} is.`,
      hint: "Write the old name of this one as its key, or leave `key` out.",
      related: [{ at: first, message: `'${key}' is used here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly key: string; readonly owner: string; readonly first: SourceLocation }]>,
  goneNameUsed: mistake(
    "SPC046",
    "error",
    story(
      "What is gone leaves rows, messages and logs behind that carry its name. If another took the name, they would be read as " +
        "what they are not.",
      "resource: cluster\ngone: true\n---\nresource: cluster",
      "resource: cluster\ngone: true\n---\nresource: server_group",
    ),
    (at, { name, kind, first }) => ({
      at,
      message: `'${name}' was the name of a ${kind} that is gone, and is never used again.`,
      hint: "Choose another name.",
      related: [{ at: first, message: `It is marked as gone here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly kind: string; readonly first: SourceLocation }]>,
  removedNameUsed: mistake(
    "SPC047",
    "error",
    story(
      "Rows that old releases wrote still hold a removed field under its name. Another field of that name would read them as its own.",
      "resource: database\nfields:  { host: url }\nremoved: [{ field: host, type: string }]",
      "resource: database\nfields:  { endpoint: url }\nremoved: [{ field: host, type: string }]",
    ),
    (at, { name, first }) => ({
      at,
      message: `'${name}' was the name of a field that was removed, and is never used again.`,
      hint: "Choose another name.",
      related: [{ at: first, message: "It is listed as removed here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly first: SourceLocation }]>,
  noSuchName: mistake(
    "SPC048",
    "error",
    story(
      "A spec names something that no spec declares: a resource, a type, a task, a field, a state, a lane, a breaker. The order " +
        "of files and documents does not matter, so it is missing altogether, or spelt differently.",
      "resource: database\nparent: taem\n---\nresource: team",
      "resource: database\nparent: team\n---\nresource: team",
    ),
    (at, { name, kind, of, near, newText, hint }) => ({
      at,
      message: `There is no ${kind} ${listed([name])}${of === null ? "" : ` ${of}`}.`,
      hint: near === null ? hint : `Did you mean ${listed([near])}?`,
      edit: newText === null ? null : { at, newText },
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: {
        readonly name: string;
        readonly kind: string;
        readonly of: string | null;
        readonly near: string | null;
        readonly newText: string | null;
        readonly hint: string | null;
      },
    ]
  >,
  refersToGone: mistake(
    "SPC049",
    "error",
    story(
      "What is `gone: true` keeps its name and nothing else: nothing can extend it, own, start or refer to it.",
      "resource: cluster\ngone: true\n---\nresource: node\nparent: cluster",
      "resource: cluster\ngone: true\n---\nresource: node",
    ),
    (at, { name, kind, first }) => ({
      at,
      message: `The ${kind} '${name}' is gone.`,
      hint: "Remove this reference, or name what took its place.",
      related: [{ at: first, message: "It is marked as gone here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly kind: string; readonly first: SourceLocation }]>,
  nothingDeclared: mistake(
    "SPC050",
    "error",
    story(
      "No file under specs/ declares a resource, a task or a type, so there is nothing to generate. Files end in .yaml; `pliny " +
        "init` writes a first one.",
      "# specs/database.yaml is empty",
      "resource: database\nfields: { name: { type: string, required: true } }",
    ),
    (at) => ({
      at,
      message: "The specs declare no resource, no task and no type.",
      hint: "Write `resource: <name>` in a file such as specs/<name>.yaml.",
    }),
  ) as Mistake<[at: SourceLocation]>,
  levelFixed: mistake(
    "SPC051",
    "error",
    story(
      "`levels` in pliny.yaml turns warnings, notes and the rules of the diff up, down or off. An error of the compiler says that " +
        "no code can be made from a spec; there is nothing to turn.",
      "levels: { SPC048: off }",
      "levels: { IDX006: off }",
    ),
    (at, { rule }) => ({
      at,
      message: `${rule} is an error of the compiler; its level is fixed.`,
      hint: "Remove it from `levels`, and mend the specs.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly rule: string }]>,
  modifierMisplaced: mistake(
    "SPC052",
    "error",
    story(
      "Modifiers go with the type they were made for: `min` counts something, `of` says what is inside. Beside a named type and a " +
        "reference stand only those that go with any field (`required default immutable since key check encrypted`), and a " +
        "reference is never encrypted. Elements of containers take their type's own modifiers only: they are no fields, so they are " +
        "neither required nor encrypted one by one.",
      "resource: team\nfields: { other: { type: team, encrypted: true } }",
      "resource: team\nfields: { other: { type: team, immutable: true } }",
    ),
    (at, { modifier, beside, hint }) => ({ at, message: `'${modifier}' does not go with ${beside}.`, hint }),
  ) as Mistake<[at: SourceLocation, said: { readonly modifier: string; readonly beside: string; readonly hint: string }]>,
  valueMisfit: mistake(
    "SPC053",
    "error",
    story(
      "A default, a bound or a constant of an upgrade is a value of its field: of its type, within its bounds, matching its " +
        "pattern, one of its values. Text is written as text: `default: '0.10'` for a decimal.",
      "resource: database\nfields: { plan: { type: enum, of: [hobby, standard], default: premium } }",
      "resource: database\nfields: { plan: { type: enum, of: [hobby, standard], default: hobby } }",
    ),
    (at, { what, of, why, edit, hint }) => ({
      at,
      message: `This ${what} is no value of ${of}: ${why}.`,
      hint: edit === null ? (hint ?? `Write another ${what}, or change the field.`) : `Write ${edit}.`,
      edit: edit === null ? null : { at, newText: edit },
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: {
        readonly what: string;
        readonly of: string;
        readonly why: string;
        readonly edit: string | null;
        readonly hint: string | null;
      },
    ]
  >,
  valueMisplaced: mistake(
    "SPC054",
    "error",
    story(
      "There is no default, and no constant in an upgrade, for bytes, containers, records and references. An absent list, set, " +
        "dict or map is empty without one.",
      "resource: team\nfields: { lead: { type: team, default: ours } }",
      "resource: team\nfields: { lead: team }",
    ),
    (at, { what, of }) => ({
      at,
      message: `There is no ${what} for ${of}.`,
      hint: what === "default" ? "Remove `default`." : "Write the upgrade by hand: `code`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly what: string; readonly of: string }]>,
  boundsCrossed: mistake(
    "SPC055",
    "error",
    story(
      "Where the lower bound lies above the upper one, no value is left.",
      "resource: database\nfields: { size: { type: int, min: 10, max: 1 } }",
      "resource: database\nfields: { size: { type: int, min: 1, max: 10 } }",
    ),
    (at, { lower, upper, first }) => ({
      at,
      message: `${upper} is less than ${lower}: no value lies between.`,
      hint: "Write the smaller one first.",
      related: first === null ? [] : [{ at: first, message: "The lower bound stands here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly lower: string; readonly upper: string; readonly first: SourceLocation | null }]>,
  patternInvalid: mistake(
    "SPC056",
    "error",
    story(
      "A pattern is a regular expression of JavaScript with the `u` flag, under which an escape that means nothing is refused. It " +
        "is not anchored unless it says so with ^ and $. In YAML it is best put between single quotes.",
      "resource: database\nfields: { name: { type: string, pattern: '[a-z' } }",
      "resource: database\nfields: { name: { type: string, pattern: '^[a-z]+$' } }",
    ),
    (at, { why }) => ({
      at,
      message: `This is no regular expression: ${why}.`,
      hint: "Write one that JavaScript takes with the `u` flag.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly why: string }]>,
  enumValueTwice: mistake(
    "SPC057",
    "error",
    story(
      "Each value of an enum stands in it once.",
      "resource: database\nfields: { plan: { type: enum, of: [hobby, standard, hobby] } }",
      "resource: database\nfields: { plan: { type: enum, of: [hobby, standard] } }",
    ),
    (at, { value, first }) => ({
      at,
      message: `The value ${listed([value])} stands in this enum twice.`,
      hint: "Remove one of the two.",
      related: [{ at: first, message: "It stands here first." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly value: string; readonly first: SourceLocation }]>,
  enumValueUnusable: mistake(
    "SPC058",
    "error",
    story(
      "The values of an enum are stored and sent as they are written: any text of 1 to 63 characters, but for U+0000 and halves " +
        "of surrogate pairs, which neither Postgres nor JSON holds.",
      'resource: database\nfields: { mark: { type: enum, of: ["a\\0b"] } }',
      "resource: database\nfields: { mark: { type: enum, of: [ab] } }",
    ),
    (at, { value, why }) => ({
      at,
      message: `${quoted(value)} cannot be a value of an enum: ${why}.`,
      hint: "Write a text of 1 to 63 characters.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly value: string; readonly why: string }]>,
  elementNotPrimitive: mistake(
    "SPC059",
    "error",
    story(
      "The elements of a set and the keys of a map are found by being equal, and in TypeScript only primitive values are: two " +
        "Dates, lists or records with the same content are not.",
      "resource: database\nfields: { holidays: { type: set, of: time } }",
      "resource: database\nfields: { holidays: { type: set, of: date } }",
    ),
    (at, { role, of }) => ({
      at,
      message: `${capital(of)} cannot be ${role}: it is no primitive value in TypeScript.`,
      hint: "Use a text, a number, a bool, a date or an enum, or a list.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly role: string; readonly of: string }]>,
  requiresItself: mistake(
    "SPC060",
    "error",
    story(
      "A record that requires a record of its own kind could never be written down: it would have no end. The same holds for a " +
        "named field that stands for itself.",
      "type: folder\nfields: { outer: { type: folder, required: true } }",
      "type: folder\nfields: { outer: folder }",
    ),
    (at, { way }) => ({
      at,
      message: way.length === 2 ? `The type '${way[0]}' requires itself.` : `The type '${way[0]}' requires itself: ${route(way)}.`,
      hint: "Leave out `required`, or make it a list; a type that `is` itself, by whatever way, has to be another.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly way: readonly string[] }]>,
  versionsCrossed: mistake(
    "SPC061",
    "error",
    story(
      "`version` is the newest shape, `write` the one that this release writes, `oldest` the oldest that it still reads. What is " +
        "written must be read: oldest ≤ write ≤ version.",
      "resource: database\nversion: 2\nwrite: 3",
      "resource: database\nversion: 3\nwrite: 2",
    ),
    (at, { what, number, limit, isAbove }) => ({
      at,
      message: `'${what}' is ${number}, ${isAbove ? "above" : "below"} ${limit}.`,
      hint: "Write oldest ≤ write ≤ version.",
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly what: string; readonly number: number; readonly limit: string; readonly isAbove: boolean }]
  >,
  shapeOutOfRange: mistake(
    "SPC062",
    "error",
    story(
      "The shape of version n is every field with since ≤ n and until > n. So `since` lies between 1 and `version`, and `until` " +
        "after `since` and up to `version`.",
      "resource: database\nversion: 2\nfields: { endpoint: { type: url, since: 3 } }",
      "resource: database\nversion: 3\nfields: { endpoint: { type: url, since: 3 } }",
    ),
    (at, { what, number, lowest, highest }) => ({
      at,
      message:
        lowest > highest
          ? `'${what}' is ${number}, but there is no such shape: the newest is ${highest}.`
          : lowest === highest
            ? `'${what}' is ${number}; it can only be ${highest}, the newest version.`
            : `'${what}' is ${number}; it lies between ${lowest} and ${highest}, the newest version.`,
      hint: number > highest ? `Raise \`version\`, or write at most ${highest}.` : `Write at least ${lowest}.`,
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly what: string; readonly number: number; readonly lowest: number; readonly highest: number }]
  >,
  sinceInType: mistake(
    "SPC063",
    "error",
    story(
      "A named type has no version of its own: what uses it has one. In place one may add optional fields and loosen; anything " +
        "else is a new type.",
      "type: address\nfields: { country: { type: string, since: 2 } }",
      "type: address\nfields: { country: string }",
    ),
    (at, { type }) => ({
      at,
      message: `'since' has no meaning within the type '${type}': a named type has no version.`,
      hint: "Remove `since`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly type: string }]>,
  upgradeOutOfRange: mistake(
    "SPC064",
    "error",
    story(
      "Upgrade n makes shape n out of shape n - 1, so there is one for 2 and each version after it, up to the newest.",
      "resource: database\nversion: 2\nupgrades: { 3: code }",
      "resource: database\nversion: 3\nupgrades: { 3: code }",
    ),
    (at, { upgrade, version }) => ({
      at,
      message:
        version === 1
          ? `There is no shape ${upgrade} to upgrade to: the version is 1.`
          : `There is no shape ${upgrade} to upgrade to: the newest is ${version}.`,
      hint:
        upgrade > version
          ? `Raise \`version\` to ${upgrade}, or remove this upgrade.`
          : "Upgrades begin with 2, which makes shape 2 out of shape 1.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly upgrade: number; readonly version: number }]>,
  upgradeMissing: mistake(
    "SPC065",
    "error",
    story(
      "A field that is required, has no default and came with version n is missing in every row of shape n - 1. Nothing can be " +
        "derived for it, so upgrade n gives it a value.",
      "resource: database\nversion: 2\nfields: { region: { type: string, required: true, since: 2 } }",
      "resource: database\nversion: 2\nfields: { region: { type: string, required: true, since: 2 } }\nupgrades: { 2: { set: { region: eu } } }",
    ),
    (at, { field, version, inherits }) => ({
      at,
      message: `No upgrade to version ${version} gives '${field}' a value, and it is required.`,
      hint: inherits
        ? `Give it a \`default\`; a subtype has the upgrades of its base.`
        : `Write \`upgrades: { ${version}: { set: { ${field}: … } } }\`, \`upgrades: { ${version}: code }\`, or give it a \`default\`.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly version: number; readonly inherits: boolean }]>,
  notInShape: mistake(
    "SPC066",
    "error",
    story(
      "`set` gives constants to what is absent in shape n - 1, so it names fields of shape n: those that came with n or before, " +
        "and left after it.",
      "resource: database\nversion: 3\nfields: { port: { type: int, since: 3 } }\nupgrades: { 2: { set: { port: 5432 } } }",
      "resource: database\nversion: 3\nfields: { port: { type: int, since: 3 } }\nupgrades: { 3: { set: { port: 5432 } } }",
    ),
    (at, { field, version, first }) => ({
      at,
      message: `'${field}' is not in shape ${version}.`,
      hint: "Set it in the upgrade to the version that it came with.",
      related: [{ at: first, message: `'${field}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly version: number; readonly first: SourceLocation }]>,
  replacedStillThere: mistake(
    "SPC067",
    "error",
    story(
      "`replaced: { old: new }` says how a value that is no more is read. An old value that still stands in the spec is not replaced.",
      "resource: database\nstates: { live: { to: [closed, stop] }, closed: { to: stop } }\nreplaced: { live: closed }",
      "resource: database\nstates: { closed: { to: stop } }\nreplaced: { live: closed }",
    ),
    (at, { value, kind, first }) => ({
      at,
      message: `The ${kind} ${listed([value])} is replaced, and is still there.`,
      hint: "Remove it from one of the two places.",
      related: [{ at: first, message: "It is declared here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly value: string; readonly kind: string; readonly first: SourceLocation }]>,
  targetNotAllowed: mistake(
    "SPC068",
    "error",
    story(
      "`new`, `stop` and `panic` are states that everything has. Nothing goes back to `new`. To `panic` one goes with " +
        "`panic(why)`, which comes with every step, or by a failure, so `to` never names it. `stop` is the end: it is where a move " +
        "may lead, but what is replaced in a resource, and `on_panic`, need a state to go on in.",
      "resource: database\nstates: { live: { to: [panic, stop] } }",
      "resource: database\nstates: { live: { to: [stop] } }",
    ),
    (at, { target, keyword }) => ({
      at,
      message: `'${target}' may not stand under '${keyword}'.`,
      hint: targetHints[target] ?? "Name a state of its own.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly target: string; readonly keyword: string }]>,
  extendsSubtype: mistake(
    "SPC069",
    "error",
    story(
      "A subtype extends a resource that extends nothing: families have two generations, so that one table and one chain of " +
        "upgrades serve all of it.",
      "resource: database\n---\nresource: replica\nextends: database\n---\nresource: standby\nextends: replica",
      "resource: database\n---\nresource: replica\nextends: database\n---\nresource: standby\nextends: database",
    ),
    (at, { base, root }) => ({
      at,
      message: root === null ? `'${base}' cannot extend itself.` : `'${base}' extends '${root}' and cannot be extended itself.`,
      hint: root === null ? "Name another resource, or remove `extends`." : `Extend '${root}'.`,
      edit: root === null ? null : { at, newText: root },
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly base: string; readonly root: string | null }]>,
  inheritedChanged: mistake(
    "SPC070",
    "error",
    story(
      "A subtype adds and changes nothing: it has the table, the parent, the versions and the states of its base. It may have " +
        "`fields removed states replaced unique indexes api` of its own, and to an inherited state it may add moves.",
      "resource: database\n---\nresource: replica\nextends: database\nstates: { live: { timeout: 1h } }",
      "resource: database\n---\nresource: replica\nextends: database\nstates: { live: { to: [promoting] }, promoting: { to: [live] } }",
    ),
    (at, { keyword, of, base }) => ({
      at,
      message: `'${keyword}' of ${of} comes from '${base}' and cannot be changed.`,
      hint: `Remove \`${keyword}\` here.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly keyword: string; readonly of: string; readonly base: string }]>,
  argsDiffer: mistake(
    "SPC071",
    "error",
    story(
      "A subtype's task of the same name takes the place of its base's. Whoever starts it knows only the base, so it takes the same args.",
      `${family}task: resize\nof: database\nargs: { plan: string }\n${once}\n---\ntask: resize\nof: replica\n${once}`,
      `${family}task: resize\nof: database\nargs: { plan: string }\n${once}\n---\ntask: resize\nof: replica\nargs: { plan: string }\n${once}`,
    ),
    (at, { task, base, first }) => ({
      at,
      message: `'${task}' takes the place of '${base}' and must take the same args.`,
      hint: "Write the same args, or give it another name.",
      related: [{ at: first, message: `'${base}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly task: string; readonly base: string; readonly first: SourceLocation }]>,
  parentsCircle: mistake(
    "SPC072",
    "error",
    story(
      "A parent is there before its children. Where parents go round in a circle, the first of them could never be created. A " +
        "subtype has its base's parent, so both count as one.",
      "resource: team\nparent: database\n---\nresource: database\nparent: team",
      "resource: team\n---\nresource: database\nparent: team",
    ),
    (at, { way, parent }) => ({
      at,
      message:
        way.length > 2
          ? `Parents go round in a circle: ${route(way)}.`
          : parent === way[0]
            ? `'${parent}' cannot be its own parent.`
            : `'${parent}' cannot be the parent of '${way[0]}', which it extends.`,
      hint: "Remove one of these parents; for another relation use a field that refers to the resource.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly way: readonly string[]; readonly parent: string }]>,
  stateNotEntered: mistake(
    "SPC073",
    "error",
    story(
      "A state that is not reached from the first one, from `on_panic` or from the target of a `replaced`, over `to then else " +
        "on_timeout on_unknown`, is never entered.",
      "task: clean_up\nstates:\n  boot:   { to: [stop] }\n  verify: { to: [stop] }",
      "task: clean_up\nstates:\n  boot:   { to: [verify] }\n  verify: { to: [stop] }",
    ),
    (at, { state, first }) => ({
      at,
      message: `Nothing enters the state '${state}'.`,
      hint: `Name it in \`to\` of a state that is reached from '${first}', or remove it.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly state: string; readonly first: string }]>,
  stateNeverStops: mistake(
    "SPC074",
    "error",
    story(
      "From every state `stop` must be in reach over the moves that are written. That anyone may stop or panic a thing at any " +
        "time does not count: a thing whose own plan has no end stays for ever.",
      "task: clean_up\nstates: { boot: { to: [run] }, run: { to: [boot], poll: 1m } }",
      "task: clean_up\nstates: { boot: { to: [run] }, run: { to: [boot, stop], poll: 1m } }",
    ),
    (at, { states }) => ({
      at,
      message:
        states.length === 1
          ? `From the state '${states[0]}' 'stop' cannot be reached.`
          : `From the states ${listed(states)} 'stop' cannot be reached.`,
      hint: "Let one of them lead to `stop`, or to a state that does.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly states: readonly string[] }]>,
  statesSpin: mistake(
    "SPC075",
    "error",
    story(
      "Task states that lead round to one another at once, with no `poll` and no `spawns` among them, could run for ever without " +
        "a pause. A state that waits says how often it looks: `poll: 30s`, and its handler calls `stay()`.",
      "task: clean_up\nstates:\n  ask:  { to: [ask, done] }\n  done: { to: [stop] }",
      "task: clean_up\nstates:\n  ask:  { to: [done], poll: 30s }\n  done: { to: [stop] }",
    ),
    (at, { way }) => ({
      at,
      message:
        way.length === 2
          ? `The state '${way[0]}' leads to itself without a pause.`
          : `These states lead round without a pause: ${route(way)}.`,
      hint: "Give one of them `poll`, and let its handler `stay()`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly way: readonly string[] }]>,
  withoutEffect: mistake(
    "SPC076",
    "error",
    story(
      "A keyword that changes nothing is a misunderstanding: `then` and `else` say where a started run leads, `on_timeout` where " +
        "a timeout does, `join` how many spawned runs are waited for.",
      "resource: database\nstates: { creating: { then: online, to: [online] }, online: { to: [stop] } }",
      "resource: database\nstates: { creating: { to: [online] }, online: { to: [stop] } }",
    ),
    (at, { keyword, without }) => ({
      at,
      message: `'${keyword}' has no effect without '${without}'.`,
      hint: `Add \`${without}\`, or remove \`${keyword}\`.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly keyword: string; readonly without: string }]>,
  startsWithoutThen: mistake(
    "SPC077",
    "error",
    story(
      "A state that starts a task is left when its run ends: to `then` when it succeeds, to `else` when it fails. Without `then` " +
        "success would lead nowhere.",
      "resource: database\nstates: { creating: { starts: provision, else: stop } }\n---\ntask: provision\nof: database\nstates: { go: { to: stop } }",
      "resource: database\nstates: { creating: { starts: provision, then: stop } }\n---\ntask: provision\nof: database\nstates: { go: { to: stop } }",
    ),
    (at, { state, task }) => ({
      at,
      message: `The state '${state}' starts '${task}' and does not say where success leads.`,
      hint: "Add `then: <state>`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly state: string; readonly task: string }]>,
  startsForeign: mistake(
    "SPC078",
    "error",
    story(
      "What a resource's states, triggers and API start acts on that resource: a task whose `of` is the resource or its base. " +
        "Tasks of others are spawned by a state of a task.",
      `resource: database\nstates: { creating: { starts: clean_up, then: stop } }\n---\ntask: clean_up\n${once}`,
      `resource: database\nstates: { creating: { starts: clean_up, then: stop } }\n---\ntask: clean_up\nof: database\n${once}`,
    ),
    (at, { task, resource, first }) => ({
      at,
      message: `The task '${task}' is not of '${resource}'.`,
      hint: "Name a task of this resource or of its base.",
      related: [{ at: first, message: `'${task}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly task: string; readonly resource: string; readonly first: SourceLocation }]>,
  startNeedsArgs: mistake(
    "SPC079",
    "error",
    story(
      "Where a state, a trigger or `every` starts a task, nobody is there to give it args: what it needs is on the resource.",
      `task: report\nargs: { day: { type: date, required: true } }\nevery: { interval: 1d }\n${once}`,
      `task: report\nargs: { day: date }\nevery: { interval: 1d }\n${once}`,
    ),
    (at, { task, args, by, first }) => ({
      at,
      message: `${capital(by)} cannot start '${task}': it requires ${args.length === 1 ? "the arg" : "the args"} ${listed(args)}.`,
      hint: "Make them optional, give them defaults, or read what is needed from the resource.",
      related: [{ at: first, message: `'${args[0]}' is declared here.` }],
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: { readonly task: string; readonly args: readonly string[]; readonly by: string; readonly first: SourceLocation },
    ]
  >,
  startOutsideWhile: mistake(
    "SPC080",
    "error",
    story(
      "`while` lists the states of the resource in which a task may be started. A state that starts it and is not in that list " +
        "could never be entered.",
      `resource: database\nstates: { new_one: { to: [live] }, live: { starts: dump, then: stop } }\n---\ntask: dump\nof: database\nwhile: [new_one]\n${once}`,
      `resource: database\nstates: { new_one: { to: [live] }, live: { starts: dump, then: stop } }\n---\ntask: dump\nof: database\nwhile: [live]\n${once}`,
    ),
    (at, { task, state, first }) => ({
      at,
      message: `'${task}' may not be started in the state '${state}'.`,
      hint: `Add '${state}' to its \`while\`.`,
      related: [{ at: first, message: "Its `while` stands here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly task: string; readonly state: string; readonly first: SourceLocation }]>,
  taskNotStarted: mistake(
    "SPC081",
    "warning",
    story(
      "No state, trigger, `every`, `spawns` or `api` starts this task. Programs still can, by `database.dump.start()`; where that " +
        "is meant, say so with `allow`.",
      `task: clean_up\n${once}`,
      `task: clean_up\nallow: [{ rule: SPC081, reason: started by our support tool }]\n${once}`,
    ),
    (at, { task }) => ({
      at,
      message: `Nothing starts the task '${task}'.`,
      hint: "Name it under `starts`, `triggers`, `spawns` or `api: { start: […] }`, or give it `every`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly task: string }]>,
  needsResource: mistake(
    "SPC082",
    "error",
    story(
      "A task with no `of` acts on nothing: there is no resource whose states it could ask for, whose other tasks could trigger " +
        "it, or that could panic with it.",
      `task: clean_up\nwhile: [live]\n${once}`,
      `resource: database\n---\ntask: clean_up\nof: database\nwhile: [live]\n${once}`,
    ),
    (at, { keyword, task }) => ({
      at,
      message: `'${keyword}' needs a resource, and the task '${task}' has none.`,
      hint: `Add \`of: <resource>\`, or remove \`${keyword}\`.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly keyword: string; readonly task: string }]>,
  triggersItself: mistake(
    "SPC083",
    "error",
    story(
      "A task that is triggered by its own end would run for ever once started. To run it again and again, give it `every`; to " +
        "repeat what failed, give its states `retry`.",
      `resource: database\n---\ntask: dump\nof: database\ntriggers: [{ task: dump, ends: success }]\n${once}`,
      `resource: database\n---\ntask: dump\nof: database\nevery: { interval: 24h }\n${once}`,
    ),
    (at, { task }) => ({ at, message: `'${task}' cannot be triggered by its own end.`, hint: "Use `every` or `retry`." }),
  ) as Mistake<[at: SourceLocation, said: { readonly task: string }]>,
  everyOutsideWhile: mistake(
    "SPC084",
    "error",
    story(
      "`while` lists the states in which a task may be started at all; `every: { while }` narrows that for the schedule and " +
        "cannot widen it.",
      `${twoStates}task: dump\nof: database\nwhile: [online]\nevery: { interval: 24h, while: [online, failed] }\n${once}`,
      `${twoStates}task: dump\nof: database\nwhile: [online, failed]\nevery: { interval: 24h, while: [online, failed] }\n${once}`,
    ),
    (at, { state, first }) => ({
      at,
      message: `The task may not be started in the state '${state}' at all.`,
      hint: `Add '${state}' to the task's \`while\`, or remove it here.`,
      related: [{ at: first, message: "The task's `while` stands here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly state: string; readonly first: SourceLocation }]>,
  spawnsCircle: mistake(
    "SPC085",
    "error",
    story(
      "A state that spawns waits for its children. Tasks that spawn one another in a circle would start runs without end, each " +
        "waiting for the next.",
      "task: split\nstates: { go: { spawns: [merge], to: [stop] } }\n---\ntask: merge\nstates: { go: { spawns: [split], to: [stop] } }",
      "task: split\nstates: { go: { spawns: [merge], to: [stop] } }\n---\ntask: merge\nstates: { go: { to: [stop] } }",
    ),
    (at, { way }) => ({
      at,
      message: `Tasks spawn one another in a circle: ${route(way)}.`,
      hint: "Let one of them do its part without spawning.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly way: readonly string[] }]>,
  spawnsItself: mistake(
    "SPC086",
    "error",
    story(
      "`unique: resource`, the default, allows one live run a resource. A run that spawns another of its own kind would join " +
        "itself and wait for its own end.",
      "resource: folder\n---\ntask: walk\nof: folder\nstates: { go: { spawns: [walk], to: [stop] } }",
      "resource: folder\n---\ntask: walk\nof: folder\nunique: args\nstates: { go: { spawns: [walk], to: [stop] } }",
    ),
    (at, { task }) => ({
      at,
      message: `'${task}' spawns itself, but allows one live run a resource.`,
      hint: "Write `unique: args` or `unique: none`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly task: string }]>,
  secretNotFound: mistake(
    "SPC087",
    "error",
    story(
      "An encrypted field is stored as a different text each time, so no index finds it. With `encrypted: { lookup: true }` a " +
        "blind index is kept beside it, which answers whether two values are equal and nothing else.",
      "resource: account\nfields:  { email: { type: string, encrypted: true } }\nindexes: [[email]]",
      "resource: account\nfields:  { email: { type: string, encrypted: { lookup: true, normalize: lower } } }\nindexes: [[email]]",
    ),
    (at, { field, first }) => ({
      at,
      message: `'${field}' is encrypted without 'lookup', so nothing can be found by it.`,
      hint: "Write `encrypted: { lookup: true }`, or remove it here.",
      related: [{ at: first, message: `'${field}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly first: SourceLocation }]>,
  secretNotSorted: mistake(
    "SPC088",
    "error",
    story(
      "The order of secrets would tell what they are. A blind index knows equality only, so a list cannot be sorted by an encrypted field.",
      "resource: account\nfields: { email: { type: string, encrypted: { lookup: true } } }\napi: { list: { sort: [email] } }",
      "resource: account\nfields: { email: { type: string, encrypted: { lookup: true } } }\nindexes: [[email]]\napi: { list: { filter: [email] } }",
    ),
    (at, { field, first }) => ({
      at,
      message: `'${field}' is encrypted, and secrets have no order.`,
      hint: "Remove it from `sort`.",
      related: [{ at: first, message: `'${field}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly first: SourceLocation }]>,
  notComparable: mistake(
    "SPC089",
    "error",
    story(
      "Indexes, filters and sorts compare single values. Containers, records and free JSON have no order, and a filter in a URL " +
        "could not say them.",
      "resource: account\nfields:  { labels: { type: dict, of: string } }\nindexes: [[labels]]",
      "resource: account\nfields:  { labels: { type: dict, of: string }, owner: string }\nindexes: [[owner]]",
    ),
    (at, { field, of, keyword, first }) => ({
      at,
      message: `'${field}' cannot stand under '${keyword}': ${of} has no order.`,
      hint: "Keep what is asked for in a field of its own.",
      related: [{ at: first, message: `'${field}' is declared here.` }],
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly field: string; readonly of: string; readonly keyword: string; readonly first: SourceLocation }]
  >,
  namedTwice: mistake(
    "SPC090",
    "error",
    story(
      "A list that names the same thing twice says it once too often; one of the two was meant to be another.",
      "resource: account\nfields: { plan: string }\nindexes: [[plan, plan]]",
      "resource: account\nfields: { plan: string }\nindexes: [[plan, state]]",
    ),
    (at, { name, keyword }) => ({ at, message: `'${name}' stands under '${keyword}' twice.`, hint: "Remove one of the two." }),
  ) as Mistake<[at: SourceLocation, said: { readonly name: string; readonly keyword: string }]>,
  createIncomplete: mistake(
    "SPC091",
    "error",
    story(
      "`api: { create }` lists what a client gives. A field that is required, has no default and is not in that list would be " +
        "missing each time, and every creation refused.",
      "resource: account\nfields: { name: { type: string, required: true } }\napi: { create: [] }",
      "resource: account\nfields: { name: { type: string, required: true } }\napi: { create: [name] }",
    ),
    (at, { resource, fields, first }) => ({
      at,
      message: `No client could create a '${resource}': ${listed(fields)} ${fields.length === 1 ? "is" : "are"} required and not under 'create'.`,
      hint: `Add ${listed(fields)} to \`create\`, or give ${fields.length === 1 ? "it a default" : "them defaults"}.`,
      related: [{ at: first, message: `'${fields[0]}' is declared here.` }],
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly resource: string; readonly fields: readonly string[]; readonly first: SourceLocation }]
  >,
  neverUpdated: mistake(
    "SPC092",
    "error",
    story(
      "An immutable field keeps its first value. One that is required or has a default has it from the start, so no update and no " +
        "move could ever set it.",
      "resource: account\nfields: { name: { type: string, required: true, immutable: true } }\napi: { update: [name] }",
      "resource: account\nfields: { name: { type: string, required: true, immutable: true } }\napi: { create: [name] }",
    ),
    (at, { field, keyword, first }) => ({
      at,
      message: `'${field}' is immutable and set at creation, so '${keyword}' can never change it.`,
      hint: "Remove it here, or let it change.",
      related: [{ at: first, message: `'${field}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly keyword: string; readonly first: SourceLocation }]>,
  moveNeverLegal: mistake(
    "SPC093",
    "error",
    story(
      "A client asks for moves that the states allow. A state that stands in the `to` of no state can be asked for, but never " +
        "with success.",
      "resource: account\nstates: { live: { timeout: 1d, on_timeout: closed }, closed: { to: [stop] } }\napi: { moves: { closed: [] } }",
      "resource: account\nstates: { live: { to: [closed, stop] }, closed: { to: [stop] } }\napi: { moves: { closed: [] } }",
    ),
    (at, { state }) => ({
      at,
      message: `No state lists '${state}' under 'to', so this move is never legal.`,
      hint: `Add '${state}' to the \`to\` of a state, or remove this move.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly state: string }]>,
  deleteNotMove: mistake(
    "SPC094",
    "error",
    story(
      "DELETE asks for one of the moves that the API offers, or for `stop`.",
      "resource: account\nstates: { live: { to: [updating] }, updating: { to: [deleting] }, deleting: { to: [live, stop] } }\napi: { moves: { updating: [] }, delete: deleting }",
      "resource: account\nstates: { live: { to: [updating] }, updating: { to: [deleting] }, deleting: { to: [live, stop] } }\napi: { moves: { updating: [], deleting: [] }, delete: deleting }",
    ),
    (at, { state }) => ({
      at,
      message: `'delete' asks for '${state}', which is none of the moves of this API.`,
      hint: `Add \`${state}: []\` under \`moves\`, or write \`delete: stop\`.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly state: string }]>,
  datesCrossed: mistake(
    "SPC095",
    "error",
    story(
      "`deprecated: { since, sunset }`: from `since` on people are told, and from `sunset` on it may go. So `sunset` comes after `since`.",
      "resource: account\ndeprecated: { since: 2027-06-30, sunset: 2027-01-31 }",
      "resource: account\ndeprecated: { since: 2027-01-31, sunset: 2027-06-30 }",
    ),
    (at, { since, sunset }) => ({
      at,
      message: `The sunset, ${sunset}, is before the deprecation, ${since}.`,
      hint: "Write `sunset` after `since`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly since: string; readonly sunset: string }]>,
  notIndexed: mistake(
    "IDX006",
    "warning",
    story(
      "A filter or a sort that no index serves reads the whole table. An index serves a field that stands first in it, or after " +
        "`parent` and `state` only. `parent`, `state` and `created_at` are always indexed, and `unique` makes an index too.",
      "resource: account\nfields: { plan: string }\napi: { list: { filter: [plan] } }",
      "resource: account\nfields: { plan: string }\nindexes: [[plan]]\napi: { list: { filter: [plan] } }",
    ),
    (at, { field, keyword }) => ({
      at,
      message: `No index serves the ${keyword} by '${field}'.`,
      hint: `Add [${field}] to \`indexes\`, or remove it here.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly keyword: string }]>,
  indexRedundant: mistake(
    "IDX007",
    "info",
    story(
      "An index on [plan, state] finds by [plan] as well, so an index on [plan] alone costs writes and space and helps nobody. " +
        "`parent`, `state` and `created_at` are always indexed.",
      "resource: account\nfields: { plan: string }\nindexes: [[plan], [plan, state]]",
      "resource: account\nfields: { plan: string }\nindexes: [[plan, state]]",
    ),
    (at, { index, other, first }) => ({
      at,
      message: other === null ? `[${index}] is always indexed.` : `The index [${index}] is the beginning of [${other}], which serves it.`,
      hint: "Remove it.",
      related: first === null ? [] : [{ at: first, message: "The longer index stands here." }],
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly index: string; readonly other: string | null; readonly first: SourceLocation | null }]
  >,

  // files: what stands in the way of writing
  drift: mistake(
    "GEN001",
    "error",
    "A file under generated/ is not what the specs of today give: specs were changed and `pliny generate` was not run, or somebody edited the file by hand. " +
      "Generated files are committed, so that a review sees what a change of a spec does to the code; that is worth something only while they are true.\n\n" +
      "Run `pliny generate` and commit what it wrote. An edit made by hand is lost by that: what it was for belongs into a spec, into specs/*.handlers.ts or into a file outside generated/.",
    (at: SourceLocation, how: "missing" | "differs") => ({
      at,
      message: how === "missing" ? "This file is missing: the specs give it." : "This file is not what the specs give; here is the first line that differs.",
      hint: "Run `pliny generate`.",
    }),
  ),
  noLongerMade: mistake(
    "GEN002",
    "error",
    "A file under generated/ carries pliny's header and no spec gives it any more, as after a resource was renamed or removed. Code that still imports it would compile against something that is gone.\n\n" +
      "`pliny generate` removes it. Files without the header are yours and are never removed.",
    (at: SourceLocation) => ({ at, message: "No spec gives this file any more.", hint: "Run `pliny generate`, which removes it." }),
  ),
  mergeMarkers: mistake(
    "GEN005",
    "error",
    "A merge left its markers (`<<<<<<<`, `=======`, `>>>>>>>`). In a spec they stand for a decision that only a person can take. In generated/ there is nothing to decide: " +
      "resolve the specs first, then run `pliny generate`, which writes the torn files anew. In generated/migrations and generated/vectors, whose files are written once and never again, take the version of one side whole.",
    (at: SourceLocation, where: "spec" | "generated" | "frozen") => ({
      at,
      message: "A merge left a conflict here.",
      hint: {
        spec: "Resolve it, then run `pliny generate`.",
        generated: "Resolve the specs, then run `pliny generate`: it writes this file anew.",
        frozen: "Take this file whole from the side that it belongs to (`git checkout --theirs` or `--ours`): it is never written again.",
      }[where],
    }),
  ),
  specsMissing: mistake(
    "GEN101",
    "error",
    "pliny reads specs/**/*.yaml of the folder it runs in, and there is no folder specs/. Run it where pliny.yaml stands, name that folder with `--cwd`, or start a new project with `pliny init`.",
    (at: SourceLocation, yamlBeside: boolean) => ({
      at,
      message: "There is no folder specs/ here.",
      hint: yamlBeside ? "Specs lie in specs/: move them there." : "Run `pliny init` to begin, or name the project's folder with --cwd.",
    }),
  ),
  noSpecs: mistake(
    "GEN102",
    "error",
    "The folder specs/ holds no *.yaml file. Nothing is generated from nothing: if this were taken for an empty model, everything under generated/ would go.",
    (at: SourceLocation) => ({ at, message: "There is no spec in specs/: no file ends in .yaml.", hint: "Write one, or run `pliny init` for an example." }),
  ),
  unreadable: mistake(
    "GEN103",
    "error",
    "A file or a folder that pliny has to read cannot be read. A model made without it would be a wrong one, so nothing is generated.",
    (at: SourceLocation, reason: string) => ({ at, message: `This cannot be read: ${reason}.` }),
  ),
  linkOutside: mistake(
    "GEN104",
    "error",
    "A link leads out of the project. What lies outside is in no commit and differs from machine to machine, so that the same commit would give different code; and what is written through such a link lands where nobody looks. " +
      "Links to places inside the project are followed in specs/.",
    (at: SourceLocation, target: string) => ({ at, message: `This is a link that leads out of the project, to ${target}.`, hint: "Copy what it leads to into the project, or move the link's target there." }),
  ),
  ymlFile: mistake(
    "GEN105",
    "error",
    "Specs, and pliny.yaml, end in .yaml. A file that ends in .yml or .YAML would be passed over in silence if this were not said.",
    (at: SourceLocation) => ({
      at,
      message: `A spec's name ends in .yaml, not in ${/\.[a-z]+$/i.exec(at.file.path)?.[0] ?? ""}.`,
      hint: `Rename it to ${at.file.path.replace(/\.ya?ml$/i, ".yaml")}.`,
    }),
  ),
  notOurs: mistake(
    "GEN106",
    "error",
    "A file stands where a generated one belongs, and its first line is not pliny's header: somebody wrote it, or took the header away. pliny overwrites nothing that it did not write.\n\n" +
      "Move it out of generated/, where all files are the machine's, or delete it if it was generated once.",
    (at: SourceLocation) => ({ at, message: "This file is not pliny's (its header is missing), and a generated one belongs here.", hint: "Move it out of generated/, or delete it; then generate again." }),
  ),
  generatedLink: mistake(
    "GEN107",
    "error",
    "generated/ itself, a folder in it or a file in it is a link. pliny writes through none, since what it leads to may belong to something else.",
    (at: SourceLocation) => ({ at, message: "This is a link, and pliny writes through none.", hint: "Replace it by a plain file or folder, or delete it." }),
  ),
  inTheWay: mistake(
    "GEN108",
    "error",
    "A folder stands where a generated file belongs, or a file where a folder belongs. It is not pliny's, so it stays until somebody moves it.",
    (at: SourceLocation, found: string, wanted: string) => ({ at, message: `Here is ${found} where ${wanted} belongs.`, hint: "Move it away, then generate again." }),
  ),
  samePath: mistake(
    "GEN109",
    "error",
    "Two generated files have names that are one name on a disk that ignores case, as those of macOS and Windows do. One would overwrite the other there.",
    (at: SourceLocation, twin: string) => ({ at, message: `This file and ${twin} are one file on disks that ignore case.`, hint: "Rename one of the two elements they are made from." }),
  ),
  unwritable: mistake(
    "GEN110",
    "error",
    "The disk refused a write. Every file is written beside its place and renamed into it, so none is half-written; those after it are still as they were.",
    (at: SourceLocation, reason: string) => ({ at, message: `This cannot be written: ${reason}.`, hint: "Mend that, then run the command again: it goes on where it stopped." }),
  ),
  notFormatted: mistake(
    "GEN121",
    "error",
    "The layout of a spec is not the one that `pliny fmt` gives. Its meaning is not touched by that.",
    (at: SourceLocation) => ({ at, message: "This is not laid out as `pliny fmt` does it; here is the first line that differs.", hint: "Run `pliny fmt`." }),
  ),
  handlersSyntax: mistake(
    "GEN131",
    "error",
    "`pliny handlers` adds stubs to hand-written files, and edits none that TypeScript cannot read: what it would add might land in the wrong place.",
    (at: SourceLocation, message: string) => ({ at, message: `This is no TypeScript: ${message}`, hint: "Mend it, then run `pliny handlers` again." }),
  ),
  handlerMissing: mistake(
    "GEN132",
    "error",
    "The specs declare something that is written by hand (the handler of a state, an upgrade, a check), and specs/*.handlers.ts lacks it. `pliny handlers` adds stubs that throw; `tsc` says the same as a type error.",
    (at: SourceLocation, what: string) => ({ at, message: `${what} is missing here.`, hint: "Run `pliny handlers` to add a stub." }),
  ),
  handlerRenamed: mistake(
    "GEN133",
    "error",
    "Something was renamed in a spec (`key` holds its old name), and the hand-written code still has the old name. `pliny handlers` renames it; bodies stay as they are.",
    (at: SourceLocation, from: string, to: string) => ({ at, message: `\`${from}\` is called \`${to}\` now.`, hint: "Run `pliny handlers` to rename it." }),
  ),
  handlerOrphan: mistake(
    "GEN134",
    "warning",
    "A hand-written part belongs to nothing in the specs any more: its state, version or field is gone. pliny never removes what a person wrote.",
    (at: SourceLocation, what: string) => ({ at, message: `${what} belongs to nothing in the specs.`, hint: "Delete it when you need it no more." }),
  ),
  handlerShape: mistake(
    "GEN135",
    "warning",
    "`pliny handlers` adds missing methods to a constant that is an object literal (`export const … = { … }`, also with `satisfies` or `as const`). Anything else it leaves alone, since it cannot know where they belong.",
    (at: SourceLocation, name: string) => ({ at, message: `\`${name}\` is no object literal, so nothing can be added to it.`, hint: "Write it as an object literal, or add what is missing by hand." }),
  ),
} as const;

/** A story: why it is a mistake, then a spec that makes it and one that does not. */
function story(why: string, wrong: string, right: string): string {
  const indented = (spec: string): string => spec.replace(/^(?=.)/gm, "    ");
  return `${why}\n\nWrong:\n\n${indented(wrong)}\n\nRight:\n\n${indented(right)}\n`;
}

/** A way from name to name, its middle left out where it is long. */
function route(names: readonly string[]): string {
  return (names.length > 9 ? [...names.slice(0, 5), "…", ...names.slice(-3)] : names).join(" → ");
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Names as they are said: 'a', 'b' and 'c'; of many, the first eight and how many more. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 9 ? 8 : 9).map((name) => (/^[\w.]*$/.test(name) ? `'${name}'` : quoted(name)));
  const said = names.length > 9 ? [...shown, `${names.length - 8} others`] : shown;
  return said.length < 2 ? said.join("") : `${said.slice(0, -1).join(", ")} and ${said.at(-1) ?? ""}`;
}

/** Text of any kind on one line, cut where it is long. */
function quoted(text: string): string {
  return stringLiteral(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

const targetHints: Readonly<Record<string, string>> = {
  new: "Name the first state instead.",
  panic: "Anything may panic at any time, so it is never listed; name a state of its own.",
  stop: "What has stopped is at its end; name a state of its own.",
};

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

/** By file, then by place, then by code: the same on every machine and whatever the locale. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted(
    (left, right) =>
      compareText(left.at.file.path, right.at.file.path) ||
      left.at.start - right.at.start ||
      compareText(left.code, right.code) ||
      compareText(left.message, right.message),
  );
}

void mistake;
