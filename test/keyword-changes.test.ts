// What it means to change each keyword of the language: one row or more for each, read in both directions, with the rules that speak of it, or
// `none`. A keyword without a row, or a rule that `keywords` names for one and no row shows, fails.

import { describe, expect, test } from "vitest";
import { keywords } from "../compiler/keywords.js";
import { diffSpecs, type Specs } from "./setup/diffs.js";

interface Row {
  readonly keyword: string;
  readonly left: Specs;
  readonly right: Specs;
  /** What is said of the way from left to right, and of the way back. */
  readonly there: string;
  readonly back: string;
}

type Way = readonly [left: Specs, right: Specs, there: string, back: string];

const rows: Row[] = [];

function row(keyword: string, ...ways: readonly Way[]): void {
  for (const [left, right, there, back] of ways) rows.push({ keyword, left, right, there, back });
}

/** A resource; `rest` are lines beside its name. */
const thing = (rest: string = ""): string => `resource: thing\n${rest}`;
/** One with the field `x`. */
const field = (x: string, rest: string = ""): string => thing(`${rest}\nfields: { a: string, x: ${x} }`);
/** A task that the clock starts. */
const job = (rest: string = "", states: string = "{ go: { to: stop } }"): string => `task: job\n${rest}\n${rest.includes("every:") ? "" : "every: { interval: 1h }\n"}states: ${states}`;
/** A task of a resource. */
const jobOf = (rest: string = "", beside: string = ""): string => `resource: thing\nstates: { live: { to: [idle, stop] }, idle: { to: live } }\n---\ntask: job\nof: thing\n${rest}\nstates: { go: { to: stop } }${beside}`;
const other = "\n---\ntask: other\nof: thing\nstates: { go: { to: stop } }";
const config = (text: string, spec: string = thing()): Specs => [{ path: "specs/spec.yaml", text: spec }, { path: "pliny.yaml", text }];
const named = (type: string, rest: string = ""): string => `${field("place")}\n---\ntype: place\n${rest}${type}`;

// All elements.
row("element: doc", [thing(), thing("doc: A thing."), "none", "none"]);
row("element: deprecated", [thing(), thing("deprecated: { since: 2026-01-31 }"), "none", "none"]);
row("element: stability",
  [thing(), thing("stability: beta"), "RES013", "none"],
  [thing("stability: beta"), thing("stability: draft"), "RES013", "none"],
  [field("int"), field("{ type: int, stability: draft }"), "RES013", "none"]);
row("element: allow", [thing(), thing("allow: { rule: IDX006, reason: few rows }"), "none", "none"]);

// Resources and types.
row("resource: resource", [thing("fields: { a: int }"), `${thing("fields: { a: int }")}\n---\nresource: more`, "RES004", "RES001"],
  [thing("fields: { a: int }"), "resource: item\nfields: { a: int }", "RES001 RES004 RES005", "RES001 RES004 RES005"]);
row("resource: extends", [`${thing()}\n---\nresource: kind`, `${thing()}\n---\nresource: kind\nextends: thing`, "RES014", "RES014"]);
row("resource: parent", [`${thing()}\n---\nresource: owner`, `${thing("parent: owner")}\n---\nresource: owner`, "REL001", "REL001"]);
row("resource: key", [thing(), "resource: item\nkey: thing\nplural: things", "RES006", "RES006"],
  ["resource: item\nkey: thing", "resource: item", "FLD020", "FLD020"],
  ["resource: item\nkey: thing", "resource: item\nkey: stuff", "FLD020", "FLD020"]);
row("resource: version", [thing("version: 2"), thing("version: 3\nwrite: 2"), "none", "VER008"]);
row("resource: write", [thing("version: 2\nwrite: 1"), thing("version: 2"), "none", "VER008"], [thing(), thing("version: 2"), "VER004", "VER008"]);
row("resource: oldest", [thing("version: 2"), thing("version: 2\noldest: 2"), "VER003", "none"]);
row("resource: fields",
  [thing("fields: { a: int }"), thing("fields: { a: int, b: int }"), "FLD004", "FLD001"],
  [thing("fields: { a: int }"), thing("fields: { a: int, b: { type: int, required: true } }"), "FLD006", "FLD001"],
  [thing("fields: { a: int, b: int }"), thing("fields: { b: int, a: int }"), "none", "none"],
  [thing("removed: { field: b, type: int }"), thing("fields: { b: string }"), "FLD003", "FLD002 FLD013"],
  [thing("version: 2\nfields: { a: int }"), thing("version: 2\nupgrades: { 2: code }\nfields: { a: int, b: { type: int, required: true, since: 2 } }"), "VER002", "FLD001 VER005"]);
row("resource: removed",
  [thing("fields: { b: int }"), thing("removed: { field: b, type: int }"), "FLD002", "FLD003"],
  [thing("removed: { field: b, type: int }"), thing(), "FLD003", "none"],
  [thing("version: 2\nfields: { b: int }"), thing("version: 2\nremoved: { field: b, type: int, until: 2 }"), "FLD002 VER002", "FLD003"]);
row("resource: upgrades",
  [thing("version: 2\nfields: { a: int }"), thing("version: 2\nupgrades: { 2: { set: { a: 1 } } }\nfields: { a: int }"), "VER002", "VER005"],
  [thing("version: 2\nupgrades: { 2: code }"), thing("version: 2\nupgrades: { 2: { set: {} } }"), "VER005", "VER005"]);
row("resource: unique", [field("int"), field("int", "unique: [[x]]"), "IDX003", "IDX004"]);
row("resource: indexes", [field("int"), field("int", "indexes: [[x]]"), "IDX001", "IDX002"]);
row("resource: states",
  [thing("states: { live: { to: stop } }"), thing("states: { live: { to: [idle, stop] }, idle: { to: live } }"), "STA001 TRN003", "STA002 TRN001"],
  [thing("states: { live: { to: [idle, stop] }, idle: { to: live } }"), thing("states: { idle: { to: live }, live: { to: [idle, stop] } }"), "STA005", "STA005"]);
row("resource: replaced",
  [thing("states: { live: { to: [idle, stop] }, idle: { to: live } }"), thing("replaced: { idle: live }\nstates: { live: { to: stop } }"), "STA003 TRN001", "STA001 TRN003"],
  [thing("replaced: { idle: live }\nstates: { live: { to: stop } }"), thing("states: { live: { to: stop } }"), "STA002", "none"],
  [thing("replaced: { idle: live }\nstates: { live: { to: [more, stop] }, more: { to: live } }"), thing("replaced: { idle: more }\nstates: { live: { to: [more, stop] }, more: { to: live } }"), "STA003", "STA003"]);
row("resource: api", [thing(), thing("api: { get: true }"), "API002", "API001"]);
row("resource: archive", [thing(), thing("archive: { after: 10d }"), "RES011", "none"]);
row("resource: plural", [thing("api: { get: true }"), thing("plural: stuff\napi: { get: true }"), "API003", "API003"], [thing(), thing("plural: stuff"), "none", "none"]);
row("resource: own_key", [thing(), thing("own_key: true"), "RES015", "RES015"]);
row("resource: gone", [`${thing()}\n---\nresource: more`, `${thing()}\n---\nresource: more\ngone: true`, "RES003", "RES001 RES004"],
  [`${thing()}\n---\nresource: more\ngone: true`, thing(), "RES001", "none"]);
row("type: type", [field("string"), `${field("string")}\n---\ntype: place\nfields: { a: int }`, "RES004", "RES001"]);
row("type: fields",
  [named("fields: { a: int }"), named("fields: { a: int, b: int }"), "FLD004", "FLD001"],
  [named("fields: { a: int }"), named("fields: { a: int, b: { type: int, required: true } }"), "FLD006", "FLD001"]);
row("type: is", [named("is: int"), named("fields: { a: int }"), "FLD013", "FLD013"], [named("is: { type: int, max: 9 }"), named("is: { type: int, max: 5 }"), "FLD017", "FLD018"]);
row("type: gone", [`${thing()}\n---\ntype: place\nfields: { a: int }`, `${thing()}\n---\ntype: place\ngone: true`, "RES003", "RES001 RES004"]);

// Fields.
row("field: type", [field("int"), field("float"), "FLD010", "FLD013"], [field("uuid"), field("string"), "FLD010", "FLD013"], [field("int"), field("string"), "FLD013", "FLD013"],
  [field("place", "") + "\n---\ntype: place\nis: int", field("int") + "\n---\ntype: place\nis: int", "none", "none"]);
row("field: required", [field("int"), field("{ type: int, required: true }"), "FLD014", "FLD015"], [field("{ type: int, default: 1 }"), field("{ type: int, default: 1, required: true }"), "none", "none"]);
row("field: default",
  [field("int"), field("{ type: int, default: 1 }"), "FLD016", "FLD015"],
  [field("{ type: int, default: 1 }"), field("{ type: int, default: 2 }"), "FLD016", "FLD016"],
  [field("{ type: bool, default: false }"), field("{ type: bool, default: true }"), "FLD016", "FLD016"],
  [field("{ type: int, required: true }"), field("{ type: int, required: true, default: 1 }"), "FLD016", "FLD014"]);
row("field: immutable", [field("int"), field("{ type: int, immutable: true }"), "FLD019", "FLD019"]);
row("field: since", [field("int", "version: 2"), field("{ type: int, since: 2 }", "version: 2"), "VER002", "VER002"]);
row("field: key", [field("int"), thing("fields: { a: string, y: { type: int, key: x } }"), "FLD009", "FLD009"],
  [field("int"), field("{ type: int, key: y }"), "FLD020", "FLD020"], [field("{ type: int, key: z }"), field("{ type: int, key: y }"), "FLD020", "FLD020"]);
row("field: check", [field("int"), field("{ type: int, check: code }"), "FLD017", "FLD018"]);
row("field: encrypted", [field("string"), field("{ type: string, encrypted: true }"), "ENC001", "ENC001 ENC002"],
  [field("{ type: string, encrypted: true }", "api: { get: true }"), field("string", "api: { get: true }"), "ENC001 ENC002 ENC006", "ENC001"]);

const bounds = (type: string, [low, high]: readonly [string, string], beside = ""): readonly Way[] => [
  [field(`{ type: ${type}${beside} }`), field(`{ type: ${type}${beside}, KEY: ${low} }`), "FLD017", "FLD018"],
  [field(`{ type: ${type}${beside}, KEY: ${low} }`), field(`{ type: ${type}${beside}, KEY: ${high} }`), "UP", "DOWN"],
];
const valued: Readonly<Record<string, readonly [string, string]>> = {
  string: ["2", "30"], int: ["2", "30"], float: ["2", "30"], bigint: ["'2'", "'30'"], decimal: ["'2'", "'30'"], date: ["2026-01-31", "2026-02-01"],
  time: ["2026-01-31T00:00:00Z", "2026-01-31T00:00:00.5Z"], duration: ["90s", "2m"], bytes: ["2", "30"], list: ["2", "30"], set: ["2", "30"], dict: ["2", "30"], map: ["2", "30"],
};
for (const [type, values] of Object.entries(valued)) {
  const beside = type === "map" ? ", keys: int, of: int" : ["list", "set", "dict"].includes(type) ? ", of: int" : "";
  for (const key of ["min", "max"]) {
    const said = (text: string): string => text.replace("UP", key === "min" ? "FLD017" : "FLD018").replace("DOWN", key === "min" ? "FLD018" : "FLD017");
    const quoted = type === "date" || type === "time" ? values.map((each) => `'${each}'`) : values;
    const [low = "", high = ""] = quoted;
    row(`${type} field: ${key}`, ...bounds(type, [low, high], beside).map(([left, right, there, back]): Way => [String(left).replace("KEY", key), String(right).replace("KEY", key), said(there), said(back)]));
  }
}
row("string field: pattern", [field("string"), field("{ type: string, pattern: '^a' }"), "FLD017", "FLD018"], [field("{ type: string, pattern: '^a' }"), field("{ type: string, pattern: '^b' }"), "FLD017", "FLD017"]);
for (const type of ["int", "float", "bigint"]) row(`${type} field: unit`, [field(type), field(`{ type: ${type}, unit: m }`), "FLD013", "FLD013"], [field(`{ type: ${type}, unit: m }`), field(`{ type: ${type}, unit: km }`), "FLD013", "FLD013"]);
row("float field: special", [field("float"), field("{ type: float, special: true }"), "FLD010", "FLD013"]);
row("decimal field: scale", [field("decimal"), field("{ type: decimal, scale: 2 }"), "FLD013", "FLD013"]);
row("enum field: of",
  [field("{ type: enum, of: [a, b] }"), field("{ type: enum, of: [a, b, c] }"), "ENM001", "ENM003"],
  [field("{ type: enum, of: [a, b], open: true }"), field("{ type: enum, of: [a, b, c], open: true }"), "ENM002", "ENM003"],
  [field("{ type: enum, of: [a, b] }"), field("{ type: enum, of: [b, a] }"), "none", "none"]);
row("enum field: open", [field("{ type: enum, of: [a, b] }"), field("{ type: enum, of: [a, b], open: true }"), "FLD010", "ENM007"]);
row("enum field: replaced",
  [field("{ type: enum, of: [a, b] }"), field("{ type: enum, of: [a], replaced: { b: a } }"), "ENM004", "ENM001"],
  [field("{ type: enum, of: [a], replaced: { b: a } }"), field("{ type: enum, of: [a] }"), "ENM003", "none"],
  [field("{ type: enum, of: [a, c], replaced: { b: a } }"), field("{ type: enum, of: [a, c], replaced: { b: c } }"), "ENM004", "ENM004"]);
for (const type of ["list", "set", "dict"])
  row(`${type} field: of`, [field(`{ type: ${type}, of: int }`), field(`{ type: ${type}, of: float }`), "FLD010", "FLD013"], [field(`{ type: ${type}, of: int }`), field(`{ type: ${type}, of: string }`), "FLD013", "FLD013"]);
row("map field: of", [field("{ type: map, keys: int, of: int }"), field("{ type: map, keys: int, of: float }"), "FLD010", "FLD013"]);
row("map field: keys", [field("{ type: map, keys: int, of: int }"), field("{ type: map, keys: float, of: int }"), "FLD010", "FLD013"], [field("{ type: map, keys: int, of: int }"), field("{ type: map, keys: string, of: int }"), "FLD013", "FLD013"]);
row("record field: fields",
  [field("{ type: record, fields: { a: int } }"), field("{ type: record, fields: { a: int, b: int } }"), "FLD004", "FLD001"],
  [field("{ type: record, fields: { a: int } }"), field("{ type: record, fields: { a: int, b: { type: int, required: true } } }"), "FLD006", "FLD001"]);
row("enum value: value", [field("{ type: enum, of: [a] }"), field("{ type: enum, of: [{ value: a }] }"), "none", "none"]);
row("enum value: since", [field("{ type: enum, of: [a, b] }", "version: 2"), field("{ type: enum, of: [a, { value: b, since: 2 }] }", "version: 2"), "VER002", "VER002"]);
row("enum value: doc", [field("{ type: enum, of: [a] }"), field("{ type: enum, of: [{ value: a, doc: The first. }] }"), "none", "none"]);
row("enum value: deprecated", [field("{ type: enum, of: [a] }"), field("{ type: enum, of: [{ value: a, deprecated: { since: 2026-01-31 } }] }"), "none", "none"]);
row("encryption: lookup", [field("{ type: string, encrypted: true }"), field("{ type: string, encrypted: { lookup: true } }"), "ENC004", "ENC004"]);
row("encryption: normalize", [field("{ type: string, encrypted: { lookup: true } }"), field("{ type: string, encrypted: { lookup: true, normalize: lower } }"), "ENC004", "ENC004"]);
row("tombstone: field", [thing("removed: { field: b, type: int }"), thing("removed: { field: c, type: int, key: b }"), "none", "none"]);
row("tombstone: until", [thing("version: 3\nremoved: { field: b, type: int, until: 2 }"), thing("version: 3\nremoved: { field: b, type: int, until: 3 }"), "VER002", "VER002"]);
row("upgrade: set", [field("int", "version: 2\nupgrades: { 2: { set: { x: 1 } } }"), field("int", "version: 2\nupgrades: { 2: { set: { x: 2 } } }"), "VER005", "VER005"]);
for (const [keyword, value] of [["since", "2026-01-31"], ["sunset", "2026-07-31"], ["use", "another"]] as const)
  row(`deprecation: ${keyword}`, [thing("deprecated: {}"), thing(`deprecated: { ${keyword}: ${value} }`), "none", "none"]);
row("allowance: rule", [thing("allow: { rule: IDX006, reason: a }"), thing("allow: { rule: IDX007, reason: a }"), "none", "none"]);
row("allowance: reason", [thing("allow: { rule: IDX006, reason: a }"), thing("allow: { rule: IDX006, reason: b }"), "none", "none"]);
row("allowance: expires", [thing("allow: { rule: IDX006, reason: a }"), thing("allow: { rule: IDX006, reason: a, expires: 2027-01-31 }"), "none", "none"]);

// States, API and archive of a resource.
const starts = (up: string): string => `resource: thing\nstates: { up: ${up}, live: { to: [up, stop] } }\n---\ntask: job\nof: thing\nstates: { go: { to: stop } }`;
row("resource state: to", [thing("states: { live: { to: stop } }"), thing("states: { live: { to: [live, stop] } }"), "TRN003", "TRN001"]);
row("resource state: starts", [starts("{ to: live }"), starts("{ to: live, starts: job, then: live }"), "TSK013", "TSK013"]);
row("resource state: then", [starts("{ to: live, starts: job, then: live }"), starts("{ to: live, starts: job, then: stop }"), "STA011", "STA011"]);
row("resource state: else", [starts("{ starts: job, then: live }"), starts("{ starts: job, then: live, else: stop }"), "STA011", "STA011"]);
row("resource state: timeout", [starts("{ to: live }"), starts("{ to: live, timeout: 1h }"), "TMO001", "TMO002"], [starts("{ to: live, timeout: 1h }"), starts("{ to: live, timeout: 2h }"), "TMO002", "TMO001"]);
row("resource state: on_timeout", [starts("{ to: live, timeout: 1h }"), starts("{ to: live, timeout: 1h, on_timeout: live }"), "STA011", "STA011"]);
row("resource state: expect", [starts("{ to: live }"), starts("{ to: live, expect: 1h }"), "none", "none"]);
row("resource state: alarm", [starts("{ to: live }"), starts("{ to: live, alarm: 1h }"), "none", "none"]);
const api = (text: string, rest: string = ""): string => thing(`states: { live: { to: [idle, stop] }, idle: { to: live } }\nfields: { a: string, b: string, r: { type: string, required: true }, s: { type: string, encrypted: true } }\n${rest}indexes: [[a], [b]]\napi: ${text}`);
row("api: list", [api("{ get: true }"), api("{ get: true, list: {} }"), "API002", "API001"]);
row("api: get", [api("{ list: {} }"), api("{ list: {}, get: true }"), "API002", "API001"]);
row("api: create", [api("{ get: true }"), api("{ get: true, create: [r] }"), "API002", "API001"], [api("{ get: true, create: [r] }"), api("{ get: true, create: [r, a] }"), "API002", "API006"],
  [api("{ get: true, create: [r] }"), api("{ get: true, create: [r, q] }").replace("fields: {", "fields: { q: { type: string, required: true },"), "API004 FLD006", "API006 FLD001"]);
row("api: update", [api("{ get: true }"), api("{ get: true, update: [a] }"), "API002", "API001"], [api("{ get: true, update: [a] }"), api("{ get: true, update: [a, b] }"), "API002", "API006"]);
row("api: moves", [api("{ get: true }"), api("{ get: true, moves: { idle: [] } }"), "API002", "API001"], [api("{ get: true, moves: { idle: [] } }"), api("{ get: true, moves: { idle: [a] } }"), "API002", "API006"],
  [api("{ get: true, moves: { idle: [] } }"), api("{ get: true, moves: { idle: [r] } }"), "API004", "API006"]);
row("api: delete", [api("{ get: true }"), api("{ get: true, delete: stop }"), "API002", "API001"]);
row("api: start", [jobOf("").replace("---", "api: { get: true }\n---"), jobOf("").replace("---", "api: { get: true, start: [job] }\n---"), "API002", "API001"]);
row("api: hide", [api("{ get: true }"), api("{ get: true, hide: [a] }"), "API009", "API010"], [api("{ get: true }"), api("{ get: true, hide: [s] }"), "API009", "ENC006"]);
row("api: strict", [api("{ get: true }"), api("{ get: true, strict: true }"), "API017", "none"]);
for (const keyword of ["filter", "sort"]) row(`api list: ${keyword}`, [api(`{ list: { ${keyword}: [a] } }`), api(`{ list: { ${keyword}: [a, b] } }`), "API002", "API001"]);
row("archive: after", [thing("archive: { after: 10d }"), thing("archive: { after: 5d }"), "RES011", "none"]);
row("archive: keep", [thing(), thing("archive: { keep: 10d }"), "RES011", "none"], [thing("archive: { keep: 10d }"), thing("archive: { keep: 5d }"), "RES011", "none"]);

// Tasks.
row("task: task", [thing(), `${thing()}\n---\n${job()}`, "RES004", "RES001"], [`${thing()}\n---\n${job("fields: { a: int }")}`, `${thing()}\n---\n${job("fields: { a: int }").replace("task: job", "task: work")}`, "RES001 RES004 RES005", "RES001 RES004 RES005"]);
row("task: of", [`${thing()}\n---\n${job()}`, `${thing()}\n---\n${job("of: thing")}`, "TSK008", "TSK008"]);
row("task: key", [job(), job("key: job").replace("task: job", "task: work"), "RES006", "RES006"], [job(), job("key: work"), "FLD020", "FLD020"]);
row("task: version", [job(), job("version: 2"), "VER004", "VER008"]);
row("task: write", [job("version: 2\nwrite: 1"), job("version: 2"), "none", "VER008"], [job(), job("version: 2"), "VER004", "VER008"]);
row("task: oldest", [job("version: 2"), job("version: 2\noldest: 2"), "VER003", "none"]);
const argued = (args: string, rest: string = ""): string => `task: job\n${rest}\nargs: { a: int${args} }\nstates: { go: { to: stop } }`;
row("task: args", [argued(""), argued(", b: int"), "FLD004", "FLD001"], [argued(""), argued(", b: { type: int, required: true }"), "TSK004", "FLD001"],
  [argued("", "removed: { field: b, type: int }"), argued(", b: int"), "FLD003", "FLD002"],
  [argued("", "version: 2"), argued(", b: { type: int, required: true, since: 2 }", "version: 2\nupgrades: { 2: code }"), "TSK004 VER002", "FLD001 VER005"]);
row("task: fields", [job("fields: { a: int }"), job("fields: { a: int, b: int }"), "FLD004", "FLD001"],
  [job("fields: { a: int }"), job("fields: { a: int, b: { type: int, required: true } }"), "FLD006", "FLD001"],
  [job("removed: { field: b, type: int }"), job("fields: { b: int }"), "FLD003", "FLD002"],
  [job("version: 2"), job("version: 2\nupgrades: { 2: code }\nfields: { b: { type: int, required: true, since: 2 } }"), "VER002", "FLD001 VER005"]);
row("task: removed", [job("fields: { b: int }"), job("removed: { field: b, type: int }"), "FLD002", "FLD003"], [job("removed: { field: b, type: int }"), job(), "FLD003", "none"],
  [job("version: 2\nfields: { b: int }"), job("version: 2\nremoved: { field: b, type: int, until: 2 }"), "FLD002 VER002", "FLD003"]);
row("task: upgrades", [job("version: 2\nfields: { a: int }"), job("version: 2\nupgrades: { 2: { set: { a: 1 } } }\nfields: { a: int }"), "VER002", "VER005"]);
row("task: unique", [job(), job("unique: none"), "TSK009", "TSK009"]);
row("task: queue", [job(), job("queue: { priority: 5 }"), "none", "none"]);
row("task: limit", [job(), job("limit: { concurrency: 5 }"), "TSK012", "none"]);
row("task: should_start", [job(), job("should_start: true"), "TSK015", "TSK015"]);
row("task: should_stop", [job(), job("should_stop: true"), "TSK015", "TSK015"]);
row("task: while", [jobOf("every: { interval: 1h }"), jobOf("every: { interval: 1h }\nwhile: live"), "none", "none"]);
row("task: archive", [job(), job("archive: { keep: 10d }"), "RES011", "none"]);
row("task: timeout", [job(), job("timeout: 1h"), "TMO001", "TMO002"], [job("timeout: 1h"), job("timeout: 2h"), "TMO002", "TMO001"]);
row("task: states",
  [job("version: 2"), job("version: 3\nwrite: 2", "{ go: { to: [on, stop] }, on: { to: stop } }"), "STA001 TRN003", "STA002 TRN001 VER008"],
  [job(), job("", "{ go: { to: [on, stop] }, on: { to: stop } }"), "STA001 TRN003 TSK006", "STA002 TRN001"],
  [job("", "{ go: { to: [on, stop] }, on: { to: [go, stop], poll: 1m } }"), job("", "{ on: { to: [go, stop], poll: 1m }, go: { to: [on, stop] } }"), "STA005", "STA005"]);
row("task: replaced", [job("", "{ go: { to: [on, stop] }, on: { to: stop } }"), job("replaced: { on: go }"), "STA003 TRN001", "STA001 TRN003 TSK006"],
  [job("replaced: { on: go }"), job(), "STA002", "none"], [job("replaced: { on: go }"), job("replaced: { on: stop }"), "STA003", "STA003"]);
row("task: on_panic", [jobOf("every: { interval: 1h }"), jobOf("every: { interval: 1h }\non_panic: escalate"), "TSK015", "TSK015"]);
row("task: on_stop", [job(), job("on_stop: code"), "TSK015", "TSK015"]);
row("task: every", [`${thing()}\n---\n${argued("")}`, `${thing()}\n---\n${argued("", "every: { interval: 1h }")}`, "TSK013", "TSK013"]);
row("task: triggers", [jobOf("", other), jobOf("triggers: { task: other, ends: success }", other), "TSK013", "TSK013"]);
row("task: gone", [`${thing()}\n---\n${job()}`, `${thing()}\n---\ntask: job\ngone: true`, "TSK001", "RES001 RES004"]);
row("task archive: keep", [job("archive: { keep: 10d }"), job("archive: { keep: 5d }"), "RES011", "none"]);
row("queue: lane", [job(), job("queue: { lane: slow }"), "TSK010", "TSK010"]);
row("queue: priority", [job("queue: { priority: 1 }"), job("queue: { priority: 5 }"), "none", "none"]);
row("limit: concurrency", [job(), job("limit: { concurrency: 5 }"), "TSK012", "none"], [job("limit: { concurrency: 5 }"), job("limit: { concurrency: 9 }"), "none", "TSK012"]);
row("limit: rate", [job(), job("limit: { rate: 5/1m }"), "TSK012", "none"], [job("limit: { rate: 5/1m }"), job("limit: { rate: 5/1s }"), "none", "TSK012"]);
row("every: interval", [job("every: { interval: 1h }"), job("every: { interval: 2h }"), "SCH001", "SCH001"]);
row("every: while", [jobOf("every: { interval: 1h }"), jobOf("every: { interval: 1h, while: live }"), "SCH001", "SCH001"]);
row("every: missed", [job("every: { interval: 1h }"), job("every: { interval: 1h, missed: all }"), "SCH001", "SCH001"]);
row("every: spread", [job("every: { interval: 1h }"), job("every: { interval: 1h, spread: true }"), "SCH001", "SCH001"]);
const third = `${other}${other.replace("task: other", "task: third")}`;
row("trigger: task", [jobOf("triggers: { task: other, ends: success }", third), jobOf("triggers: { task: third, ends: success }", third), "TSK013", "TSK013"]);
row("trigger: ends", [jobOf("triggers: { task: other, ends: success }", other), jobOf("triggers: { task: other, ends: any }", other), "TSK013", "TSK013"]);
const step = (go: string): string => `${job("", `{ go: ${go}, on: { to: stop } }`)}\n---\n${job().replace("task: job", "task: other")}\n---\n${job().replace("task: job", "task: third")}`;
row("task state: to", [step("{ to: on }"), step("{ to: [on, stop] }"), "TRN003 TSK006", "TRN001"]);
row("task state: timeout", [step("{ to: on }"), step("{ to: on, timeout: 20m }"), "TMO002", "TMO001"]);
row("task state: on_timeout", [step("{ to: on }"), step("{ to: on, on_timeout: on }"), "STA011", "STA011"]);
row("task state: retry", [step("{ to: on }"), step("{ to: on, retry: { max: 2 } }"), "TMO005", "none"]);
row("task state: poll", [step("{ to: on }"), step("{ to: on, poll: 1m }"), "STA009", "STA009"], [step("{ to: on, poll: 1m }"), step("{ to: on, poll: 2m }"), "none", "none"]);
row("task state: spawns", [step("{ to: on }"), step("{ to: on, spawns: other }"), "STA009", "STA009"], [step("{ to: on, spawns: other }"), step("{ to: on, spawns: [other, third] }"), "SUB001", "SUB001"]);
row("task state: join", [step("{ to: on, spawns: other }"), step("{ to: on, spawns: other, join: any }"), "SUB001", "SUB001"]);
row("task state: breaker", [step("{ to: on }"), step("{ to: on, breaker: cloud }"), "TSK012", "TSK012"], [step("{ to: on, breaker: mail }"), step("{ to: on, breaker: cloud }"), "TSK012", "TSK012"]);
row("task state: on_unknown", [step("{ to: on, retry: { max: 3 } }"), step("{ to: on, retry: { max: 3 }, on_unknown: on }"), "TSK014", "TSK014"],
  [step("{ to: on, retry: { max: 3 }, on_unknown: on }"), step("{ to: on, retry: { max: 3 }, on_unknown: stop }"), "STA011", "STA011"]);
row("task state: expect", [step("{ to: on }"), step("{ to: on, expect: 1m }"), "none", "none"]);
row("task state: alarm", [step("{ to: on }"), step("{ to: on, alarm: 1m }"), "none", "none"]);
row("retry: max", [step("{ to: on, retry: { max: 5 } }"), step("{ to: on, retry: { max: 4 } }"), "TMO005", "none"]);
row("retry: backoff", [step("{ to: on }"), step("{ to: on, retry: { backoff: 5s } }"), "none", "none"]);

// pliny.yaml.
row("config: rules", [config(""), config("rules: 1"), "none", "none"]);
row("config: app", [config(""), config("app: specs/app.ts"), "none", "none"]);
row("config: imports", [config(""), config("imports: ts"), "none", "none"]);
row("config: lanes", [config(""), config("lanes: { slow: {} }"), "none", "none"]);
const cloud = "breakers: { cloud: { failures: 5, within: 1m, open: 30s } }";
row("config: breakers", [config(""), config(cloud), "none", "none"]);
row("config: contract_after", [config(""), config("contract_after: 1d"), "none", "none"]);
row("config: levels", [config(""), config("levels: { FLD004: off }"), "none", "none"]);
row("lane: encrypted", [config("lanes: { slow: {} }"), config("lanes: { slow: { encrypted: true } }"), "TSK010", "TSK010"]);
row("breaker: failures", [config(cloud), config(cloud.replace("5", "6")), "TSK012", "TSK012"]);
row("breaker: within", [config(cloud), config(cloud.replace("1m", "2m")), "TSK012", "TSK012"]);
row("breaker: open", [config(cloud), config(cloud.replace("30s", "40s")), "TSK012", "TSK012"]);

function codesOf(left: Specs, right: Specs): string {
  const codes = new Set(diffSpecs(left, right).findings.map((finding) => finding.code));
  return codes.size === 0 ? "none" : [...codes].sort().join(" ");
}

describe.each(keywords.map(({ kind, keyword, changes }) => ({ name: `${kind}: ${keyword}`, changes })))("$name", ({ name, changes }) => {
  const own = rows.filter((each) => each.keyword === name);

  test("has what is said of it in both directions", () => {
    expect(own.length).toBeGreaterThan(0);
    for (const { left, right, there, back } of own) {
      expect(codesOf(left, right), `${JSON.stringify(left)} → ${JSON.stringify(right)}`).toBe(there);
      expect(codesOf(right, left), `${JSON.stringify(right)} → ${JSON.stringify(left)}`).toBe(back);
    }
  });

  test("shows every rule that is named for it", () => {
    const named = new Set(Object.values(changes).flatMap((codes: string) => codes.split(" ")));
    const shown = new Set(own.flatMap(({ there, back }) => [...there.split(" "), ...back.split(" ")]));
    expect([...named].filter((code) => !shown.has(code))).toEqual([]);
  });
});

test("no row is of a keyword that there is not", () => {
  const known = new Set(keywords.map(({ kind, keyword }) => `${kind}: ${keyword}`));
  expect(rows.filter(({ keyword }) => !known.has(keyword))).toEqual([]);
});
