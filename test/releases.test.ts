// Changes of a spec, each with what comes of it where two releases run beside each other, and what the diff says of it. Where the two differ
// the row says why.

import { describe, expect, test } from "vitest";
import { diffSpecs } from "./setup/diffs.js";
import { findBreaks, type Meeting, type Release } from "./setup/releases.js";

// The long tests run the same, over many more values.
const count = 20 * Number(process.env["PLINY_EFFORT"] ?? 1);

interface Change {
  readonly change: string;
  /** The rule of the diff that speaks of it, and how severe that takes it to be; null where no rule does. */
  readonly rule: string | null;
  readonly severity: "I" | "W" | "E";
  readonly old: Release;
  readonly next: Release;
  /** A part of what is found, by who meets whose rows; nothing where the change is safe. */
  readonly breaks: { readonly [meeting in Meeting]?: string };
  /** Why an error breaks nothing here, or what is no error breaks something. */
  readonly why?: string;
}

/** A resource with a field that stays. `rest` stands beside `fields`. */
function thing(fields: string, rest: string = ""): Release {
  return { spec: `resource: thing\n${rest}\nfields:\n  name: { type: string, required: true }\n${fields}` };
}

function place(fields: string): Release {
  return { spec: `${thing("  at: place\n  all: { type: list, of: place }").spec}\n---\ntype: place\nfields: { street: string, ${fields} }` };
}

/** A task of nothing. */
function job(rest: string): Release {
  return { spec: `task: job\n${rest}\nevery: { interval: 1h }\nstates: { go: { to: stop } }` };
}

const inBoth = (problem: string): Change["breaks"] => ({ "new reads old": problem, "new saves old": problem });
const inOld = (problem: string): Change["breaks"] => ({ "old reads new": problem, "old saves new": problem });

const note = thing("  note: string");
const noteRequired = thing("  note: { type: string, required: true }");
const noteInVersion2 = "  note: { type: string, required: true, since: 2 }";
const learned = thing(noteInVersion2, "version: 2\nwrite: 1\nupgrades: { 2: { set: { note: x } } }");
const writing = thing(noteInVersion2, "version: 2\nupgrades: { 2: { set: { note: x } } }");

const host = thing("  host: string");
const toEndpoint = "upgrades: { 2: code }\nremoved: [{ field: host, type: string, until: 2 }]";
const toUrl = ({ host }: { readonly host: string | null }): object => ({ endpoint: host === null ? null : `h:${host}` });
const toHost = ({ endpoint }: { readonly endpoint: string | null }): object => ({ host: endpoint?.replace(/^h:/, "") ?? null });
const endpoint = (rest: string, upgrades: object): Release => ({
  ...thing("  endpoint: { type: string, since: 2 }", `version: 2\n${rest}\n${toEndpoint}`),
  upgrades: { thing: upgrades },
});

/** The same field, in the open until version 2 and encrypted from there on. */
const encrypting = (rest: string, modifiers: string = ""): Release =>
  thing(`  note: { type: string, ${modifiers === "" ? "" : `${modifiers}, `}encrypted: true, since: 2 }`, `version: 2\n${rest}\nremoved: [{ field: note, type: string, until: 2${modifiers === "" ? "" : `, ${modifiers}`} }]`);
const encryptingJob = (rest: string): Release =>
  job(`version: 2\n${rest}\nargs: { n: { type: string, encrypted: true, since: 2 } }\nfields: { m: { type: list, of: int, encrypted: true, since: 2 } }\nremoved: [{ field: n, type: string, until: 2 }, { field: m, type: list, of: int, until: 2 }]`);

const enumOf = (values: string, rest: string = ""): string => `  kind: { type: enum, of: [${values}]${rest} }`;
const isNewer = "shape 2 is newer, so that its fields are not saved";
const noValue = "/note: expected a value";

const changes: readonly Change[] = [
  // Fields come and go.
  { change: "fields in another order", rule: "FLD024", severity: "I", old: thing("  a: int\n  b: int"), next: thing("  b: int\n  a: int"), breaks: {} },
  { change: "an optional field added", rule: "FLD004", severity: "I", old: thing(""), next: note, breaks: {} },
  { change: "a field with a default added", rule: "FLD004", severity: "I", old: thing(""), next: thing("  note: { type: string, default: x }"), breaks: {} },
  { change: "a list added", rule: "FLD004", severity: "I", old: thing(""), next: thing("  note: { type: list, of: int }"), breaks: {} },
  { change: "an optional field added to a named type", rule: "FLD004", severity: "I", old: place(""), next: place("city: string"), breaks: {} },
  { change: "a required field added to a named type", rule: "FLD006", severity: "E", old: place(""), next: place("city: { type: string, required: true }"), breaks: inBoth("expected a value") },
  { change: "a required field added", rule: "FLD006", severity: "E", old: thing(""), next: noteRequired, breaks: inBoth(noValue) },
  { change: "the same in a new version, which is only read yet", rule: "FLD006", severity: "I", old: thing(""), next: learned, breaks: {} },
  { change: "the same, written at once", rule: "VER004", severity: "E", old: thing(""), next: writing, breaks: { "old saves new": isNewer } },
  { change: "a version written that the release before could read", rule: null, severity: "I", old: learned, next: writing, breaks: {} },
  { change: "an optional field under `removed`", rule: "FLD002", severity: "W", old: note, next: thing("", "removed: [{ field: note, type: string }]"), breaks: {} },
  {
    change: "a required field under `removed`", rule: "FLD002", severity: "E", old: noteRequired, next: thing("", "removed: [{ field: note, type: string }]"),
    breaks: inOld(noValue),
  },
  {
    change: "an optional field gone without a tombstone", rule: "FLD001", severity: "E", old: note, next: thing(""),
    breaks: {}, why: "Rows keep what they have; it is the next field of that name which meets it.",
  },
  {
    change: "a field renamed without a key", rule: "FLD001", severity: "E", old: note, next: thing("  remark: string"),
    breaks: {}, why: "To two releases these are two fields, and neither loses its own.",
  },
  { change: "a field renamed, its key kept", rule: "FLD009", severity: "W", old: note, next: thing("  remark: { type: string, key: note }"), breaks: {} },
  { change: "a key changed", rule: "FLD020", severity: "E", old: thing("  note: { type: string, key: n }"), next: thing("  note: { type: string, key: m }"), breaks: { "new reads old": "/m: ", "old reads new": "/n: " } },

  // Types.
  {
    change: "int → float", rule: "FLD010", severity: "W", old: thing("  n: int"), next: thing("  n: float"), breaks: inOld("/n: expected an integer"),
    why: "The old release cannot read what only the wider type has.",
  },
  { change: "uuid → string", rule: "FLD010", severity: "W", old: thing("  n: uuid"), next: thing("  n: string"), breaks: inOld("/n: expected a UUID"), why: "The same." },
  { change: "url → string", rule: "FLD010", severity: "W", old: thing("  n: url"), next: thing("  n: string"), breaks: inOld("/n: expected an absolute URL"), why: "The same." },
  { change: "enum → string", rule: "FLD010", severity: "W", old: thing(enumOf("a, b")), next: thing("  kind: string"), breaks: { "old reads new": "/kind: expected one of" }, why: "The same." },
  { change: "string → int", rule: "FLD013", severity: "E", old: note, next: thing("  note: int"), breaks: { ...inBoth("expected an integer"), ...inOld("expected text") } },
  { change: "string → url", rule: "FLD013", severity: "E", old: note, next: thing("  note: url"), breaks: inBoth("expected an absolute URL") },
  { change: "list → set", rule: "FLD013", severity: "E", old: thing("  n: { type: list, of: int }"), next: thing("  n: { type: set, of: int }"), breaks: { ...inBoth("expected a set"), ...inOld("expected a list") } },
  { change: "`of` changed", rule: "FLD013", severity: "E", old: thing("  n: { type: list, of: int }"), next: thing("  n: { type: list, of: string }"), breaks: { ...inBoth("expected text"), ...inOld("expected an integer") } },
  { change: "`unit` changed", rule: "FLD013", severity: "E", old: thing("  n: { type: int, unit: m }"), next: thing("  n: { type: int, unit: km }"), breaks: {}, why: "The number is read as it was; what it means is no matter of form." },
  { change: "`scale` changed", rule: "FLD013", severity: "E", old: thing("  n: { type: decimal, scale: 4 }"), next: thing("  n: { type: decimal, scale: 2 }"), breaks: {}, why: "It is asked for where a value is given, and not where a row is read." },
  { change: "`special` switched on", rule: "FLD010", severity: "W", old: thing("  n: float"), next: thing("  n: { type: float, special: true }"), breaks: inOld("/n: expected a finite number"), why: "The same." },
  { change: "`special` switched off", rule: "FLD013", severity: "E", old: thing("  n: { type: float, special: true }"), next: thing("  n: float"), breaks: inBoth("/n: expected a finite number") },

  // Null and defaults.
  { change: "a field made required", rule: "FLD014", severity: "E", old: note, next: noteRequired, breaks: inBoth(noValue) },
  { change: "a field made optional", rule: "FLD015", severity: "W", old: noteRequired, next: note, breaks: inOld(noValue), why: "The old release cannot read rows without it." },
  {
    change: "a default taken away", rule: "FLD015", severity: "W", old: thing("  note: { type: string, default: x }"), next: note,
    breaks: { "new reads old": '"x" reads as null' }, why: "Nothing fails to be read, but absent is read in two ways.",
  },
  {
    change: "a default changed", rule: "FLD016", severity: "W", old: thing("  note: { type: string, default: x }"), next: thing("  note: { type: string, default: y }"),
    breaks: { "new reads old": '"x" reads as "y"', "old reads new": '"y" reads as "x"' }, why: "Rows from before the field have no value, and follow whoever reads them.",
  },

  // Constraints are never asked of a row.
  {
    change: "constraints tightened", rule: "FLD017", severity: "E", old: thing("  n: int\n  note: string"), next: thing("  n: { type: int, min: 0, max: 9 }\n  note: { type: string, max: 1, pattern: '^a' }"),
    breaks: {}, why: "They are asked where values are given, so that every row is still read.",
  },
  { change: "constraints loosened", rule: "FLD018", severity: "I", old: thing("  n: { type: int, min: 0, max: 9 }"), next: thing("  n: int"), breaks: {} },
  { change: "`immutable` added", rule: "FLD019", severity: "W", old: note, next: thing("  note: { type: string, immutable: true }"), breaks: {} },

  // Enums.
  { change: "a value added to a closed enum", rule: "ENM001", severity: "E", old: thing(enumOf("a, b")), next: thing(enumOf("a, b, c")), breaks: { "old reads new": 'expected one of "a", "b", got "c"' } },
  { change: "the same in a new version, which is only read yet", rule: "ENM001", severity: "I", old: thing(enumOf("a, b")), next: thing(enumOf("a, b, { value: c, since: 2 }"), "version: 2\nwrite: 1"), breaks: {} },
  { change: "the same, written a release later", rule: null, severity: "I", old: thing(enumOf("a, b, { value: c, since: 2 }"), "version: 2\nwrite: 1"), next: thing(enumOf("a, b, { value: c, since: 2 }"), "version: 2"), breaks: {} },
  { change: "a value added to an open enum", rule: "ENM002", severity: "I", old: thing(enumOf("a, b", ", open: true")), next: thing(enumOf("a, b, c", ", open: true")), breaks: {} },
  { change: "a value taken away", rule: "ENM003", severity: "E", old: thing(enumOf("a, b, c")), next: thing(enumOf("a, b")), breaks: { "new reads old": 'expected one of "a", "b", got "c"' } },
  { change: "a value replaced by one that was there", rule: "ENM004", severity: "W", old: thing(enumOf("a, b, c")), next: thing(enumOf("a, b", ", replaced: { c: a }")), breaks: {} },
  {
    change: "a value renamed", rule: "ENM004", severity: "W", old: thing(enumOf("a, b")), next: thing(enumOf("a, c", ", replaced: { b: c }")),
    breaks: { "old reads new": 'got "c"' }, why: "The new name is a value that is added as well, of which ENM001 speaks.",
  },
  {
    change: "a value replaced in the keys of a map", rule: "ENM004", severity: "E", old: thing("  n: { type: map, keys: { type: enum, of: [a, b] }, of: int }"), next: thing("  n: { type: map, keys: { type: enum, of: [a], replaced: { b: a } }, of: int }"),
    breaks: { "new reads old": "/n: Map(" },
  },
  { change: "an open enum closed", rule: "ENM007", severity: "E", old: thing(enumOf("a, b", ", open: true")), next: thing(enumOf("a, b")), breaks: { "new reads old": 'expected one of "a", "b"' } },
  { change: "a closed enum opened", rule: "FLD010", severity: "W", old: thing(enumOf("a, b")), next: thing(enumOf("a, b", ", open: true")), breaks: { "old reads new": 'expected one of "a", "b"' }, why: "The old release cannot read what only the wider type has." },

  // Secrets.
  { change: "`encrypted` switched on", rule: "ENC001", severity: "E", old: note, next: thing("  note: { type: string, encrypted: true }"), breaks: { ...inBoth("expected a secret"), ...inOld("expected text") } },
  { change: "`encrypted` switched off", rule: "ENC001", severity: "E", old: thing("  note: { type: string, encrypted: true }"), next: note, breaks: { ...inBoth("expected text"), ...inOld("expected a secret") } },
  { change: "`encrypted` switched on in a new version, which is only read yet", rule: null, severity: "I", old: note, next: encrypting("write: 1"), breaks: {} },
  { change: "the same of a required field", rule: null, severity: "I", old: noteRequired, next: encrypting("write: 1", "required: true"), breaks: {} },
  { change: "the same of an arg and a field of a task", rule: null, severity: "I", old: job("args: { n: string }\nfields: { m: { type: list, of: int } }"), next: encryptingJob("write: 1"), breaks: {} },
  { change: "the same, written a release later", rule: null, severity: "I", old: encrypting("write: 1"), next: encrypting(""), breaks: {} },
  { change: "the same of a task, written a release later", rule: null, severity: "I", old: encryptingJob("write: 1"), next: encryptingJob(""), breaks: {} },
  {
    change: "`encrypted` switched on in a new version, written at once", rule: "VER004", severity: "E", old: note, next: encrypting(""),
    breaks: { "new saves old": 'expected text, got {"Vault"', "old reads new": 'expected text, got {"Vault"', "old saves new": isNewer },
  },
  { change: "`lookup` added", rule: "ENC004", severity: "W", old: thing("  note: { type: string, encrypted: true }"), next: thing("  note: { type: string, encrypted: { lookup: true } }"), breaks: {} },
  { change: "the type of a secret", rule: "FLD013", severity: "E", old: thing("  note: { type: string, encrypted: true }"), next: thing("  note: { type: int, encrypted: true }"), breaks: { "new reads old": "expected an integer", "old reads new": "expected text" } },

  // Upgrades and versions.
  { change: "an upgrade by hand, and its way back while the old shape is written", rule: null, severity: "I", old: host, next: endpoint("write: 1", { to2: toUrl, from2: toHost }), breaks: {} },
  { change: "an upgrade by hand, written at once", rule: "VER004", severity: "E", old: host, next: endpoint("", { to2: toUrl }), breaks: { "new saves old": "/host: ", "old saves new": isNewer } },
  { change: "a way back that leads elsewhere", rule: null, severity: "E", old: host, next: endpoint("write: 1", { to2: toUrl, from2: () => ({ host: "elsewhere" }) }), breaks: { "new saves old": 'reads as "elsewhere"' } },
  { change: "a way back to what cannot be written", rule: null, severity: "E", old: host, next: endpoint("write: 1", { to2: toUrl, from2: () => ({ host: 7 }) }), breaks: { "new saves old": "/host: expected text, got 7", "old reads new": "/host: expected text, got 7" } },
  { change: "an upgrade that fails for what is absent", rule: null, severity: "E", old: host, next: endpoint("write: 1", { to2: ({ host }: { readonly host: string }) => ({ endpoint: `h:${host.toString()}` }), from2: toHost }), breaks: { ...inBoth("`to2`"), ...inOld("`to2`") } },
  { change: "`oldest` raised above what is written", rule: "VER003", severity: "E", old: learned, next: thing(noteInVersion2, "version: 2\noldest: 2\nupgrades: { 2: { set: { note: x } } }"), breaks: inBoth("/__v: expected a shape from 2 to 2") },
  { change: "`version` lowered", rule: "VER008", severity: "E", old: thing("  note: { type: string, since: 2 }", "version: 2"), next: note, breaks: { "new saves old": isNewer, ...inOld("/note: ") } },
  { change: "`write` lowered", rule: "VER008", severity: "I", old: writing, next: learned, breaks: {} },

  // Resources and tasks.
  { change: "a resource renamed, its key kept", rule: "RES006", severity: "W", old: note, next: { spec: note.spec.replace("resource: thing", "resource: item\nkey: thing") }, breaks: {} },
  { change: "an arg with a default, and a field", rule: "FLD004", severity: "I", old: job(""), next: job("args: { n: { type: int, default: 1 } }\nfields: { seen: int }"), breaks: {} },
  { change: "a required arg", rule: "TSK004", severity: "E", old: { spec: "task: job\nargs: { a: int }\nstates: { go: { to: stop } }" }, next: { spec: "task: job\nargs: { a: int, n: { type: int, required: true } }\nstates: { go: { to: stop } }" }, breaks: inBoth("/n: expected a value") },
  {
    change: "`version` raised for a state", rule: "VER004", severity: "I", old: job("args: { n: { type: int, default: 1 } }"), next: job("version: 2\nargs: { n: { type: int, default: 1 } }"),
    breaks: { "old saves new": isNewer }, why: "It is raised so that older workers leave these runs alone.",
  },
];

describe("a change of a spec, where two releases run beside each other", () => {
  test.each(changes)("$rule: $change", async ({ old, next, breaks }) => {
    const findings = await findBreaks({ old, next }, count);
    // The first of each meeting is looked at.
    const found = Object.fromEntries(findings.toReversed().map(({ meeting, problem }) => [meeting, problem]));
    expect(found).toEqual(Object.fromEntries(Object.entries(breaks).map(([meeting, part]) => [meeting, expect.stringContaining(part)])));
    for (const { row } of findings) expect(row.every((record) => Number(record["__v"]) >= 1)).toBe(true);
  });

  // The order of fields is nothing that a rule speaks of.
  test.each(changes.filter(({ rule }) => rule !== null && rule !== "FLD024"))("$rule: $change: the diff says so", ({ rule, severity, old, next }) => {
    const said = diffSpecs(old.spec, next.spec).findings.filter(({ code }) => code === rule).map((finding) => finding.severity);
    expect(said).toContain({ I: "info", W: "warning", E: "error" }[severity]);
  });

  test("breaks something where the diff takes it for an error, or the row says why not", () => {
    const differing = changes.filter(({ severity, breaks }) => (severity === "E") !== Object.keys(breaks).length > 0);
    expect(differing).toEqual(changes.filter(({ why }) => why !== undefined));
  });
});

test("a spec that does not compile is no release", async () => {
  await expect(findBreaks({ old: note, next: thing("  note: nothing_of_the_kind") }, 1)).rejects.toThrow("does not compile");
});
