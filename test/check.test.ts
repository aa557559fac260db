// What the checks make of specs: everything that is derived, and everything that is refused. What each mistake looks like to a user is in
// the golden cases test/cases/check-*; here stands what they cannot show.

import { describe, expect, test } from "vitest";
import { checkModel } from "../compiler/check.js";
import { report, type Diagnostic } from "../compiler/diagnostic.js";
import type { SpecDocument } from "../compiler/document.js";
import type { Model, Resource, Task } from "../compiler/model.js";
import { parseSpec } from "../compiler/parse.js";
import { positionAt } from "../compiler/source.js";
import { compileFolder, goldenCases } from "./setup/cases.js";

interface Found {
  readonly model: Model;
  readonly diagnostics: readonly Diagnostic[];
}

function check(files: Readonly<Record<string, string>>): Found {
  const parsed = Object.entries(files).map(([path, text]) => parseSpec({ path, text }));
  const checked = checkModel(parsed.flatMap((file) => file.value));
  return { model: checked.value, diagnostics: [...parsed.flatMap((file) => file.diagnostics), ...checked.diagnostics] };
}

function resourceOf(model: Model, name: string): Resource {
  const resource = model.resources.find((each) => each.name === name);
  if (resource === undefined) throw new Error(`There is no resource ${name}.`);
  return resource;
}

function taskOf(model: Model, resource: string, name: string): Task {
  const task = resourceOf(model, resource).tasks.find((each) => each.name === name);
  if (task === undefined) throw new Error(`There is no task ${name}.`);
  return task;
}

/** Values without the places where they were written. */
function withoutPlaces(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "at" ? undefined : inner)));
}

const cloud = {
  "pliny.yaml":
    "lanes: { slow: { encrypted: true } }\nbreakers: { cloud: { failures: 5, within: 1m, open: 30s } }\nlevels: { IDX007: off }\n",
  "specs/database.yaml": `
resource: database
key: db
parent: team
version: 3
write: 2
fields:
  name:   { type: string, max: 63, required: true }
  code:   plan_code
  own:    { type: plan_code, default: pro, required: false }
  site:   { type: address, key: place }
removed: { field: host, type: string, until: 3 }
upgrades: { 3: code, 2: { set: { host: localhost } } }
unique: [[parent, name]]
states:
  creating: { starts: provision, then: online, timeout: 1h }
  online: { to: [closing, stop], expect: 2h, alarm: 1d }
  closing: { starts: close, then: stop, else: online, timeout: 1m, on_timeout: online }
replaced: { ready: online }
api:
  list: { filter: state, sort: name }
  create: [name]
  delete: stop
archive: { after: 7d }
---
resource: team
---
resource: replica
extends: database
fields: { lag: { type: duration, default: 1s } }
states:
  online: { to: [promoting, closing] }
  promoting: { to: [online, stop] }
api: { get: true, create: [lag], moves: { promoting: [lag] } }
---
resource: dump_file
parent: replica
`,
  "specs/tasks.yaml": `
task: provision
of: database
fields: { vm_id: string }
states:
  boot: { to: [share], breaker: cloud }
  share: { to: stop, spawns: [close, tidy_up, dump_file.shred], join: any, retry: { max: 10, backoff: 5s } }
queue: { lane: slow }
limit: { concurrency: 50, rate: 100/1m }
---
task: close
key: shut
of: database
version: 2
states: { go: { to: stop, timeout: 1h, on_timeout: late, on_unknown: late }, late: { to: [stop, go], poll: 1m } }
on_panic: escalate
archive: { keep: 1d }
---
task: close
of: replica
while: [closing]
states: { go: { to: stop } }
---
task: tidy_up
every: { interval: 1d, missed: all, spread: true }
states: { go: { to: stop } }
---
task: shred
of: dump_file
triggers: []
states: { go: { to: stop } }
`,
  "specs/types.yaml": `
type: plan_code
is: { type: enum, of: [starter, pro], default: starter, immutable: true, encrypted: { lookup: true, normalize: lower } }
---
type: address
fields: { street: string }
---
resource: cluster
doc: We had these once.
gone: true
---
task: heat
of: database
gone: true
`,
};

describe("the model", () => {
  const { model, diagnostics } = check(cloud);
  const database = resourceOf(model, "database");
  const replica = resourceOf(model, "replica");

  test("nothing is wrong with it", () => {
    expect(diagnostics.map((each) => `${positionAt(each.at.file, each.at.start).line} ${each.message}`)).toEqual([]);
  });

  test("resources, tasks and types come by name, fields and states as written", () => {
    expect(model.resources.map((each) => each.name)).toEqual(["database", "dump_file", "replica", "team"]);
    expect(model.types.map((each) => each.name)).toEqual(["address", "plan_code"]);
    expect(model.tasks.map((each) => each.name)).toEqual(["tidy_up"]);
    expect(database.tasks.map((each) => each.name)).toEqual(["close", "provision"]);
    expect(database.fields.map((each) => each.name)).toEqual(["name", "code", "own", "site"]);
    expect(database.states.map((each) => each.name)).toEqual(["creating", "online", "closing"]);
    expect(model.gone.map(({ kind, name, of, doc }) => ({ kind, name, of, doc }))).toEqual([
      { kind: "resource", name: "cluster", of: null, doc: "We had these once." },
      { kind: "task", name: "heat", of: "database", doc: null },
    ]);
  });

  test("relations are known from both ends, and a subtype has its base's", () => {
    expect([database.parent, database.base, database.root, database.subtypes, database.children]).toEqual([
      "team",
      null,
      "database",
      ["replica"],
      [],
    ]);
    expect([replica.parent, replica.base, replica.root, replica.subtypes, replica.children]).toEqual([
      "team",
      "database",
      "database",
      [],
      ["dump_file"],
    ]);
    expect(resourceOf(model, "team").children).toEqual(["database", "replica"]);
  });

  test("what is not written has the defaults of the language", () => {
    const team = resourceOf(model, "team");
    expect(withoutPlaces(team)).toEqual({
      kind: "resource",
      name: "team",
      key: "team",
      doc: null,
      deprecated: null,
      stability: "stable",
      allow: [],
      plural: "teams",
      base: null,
      root: "team",
      subtypes: [],
      parent: null,
      children: ["database", "replica"],
      version: 1,
      write: 1,
      oldest: 1,
      fields: [],
      removed: [],
      upgrades: [],
      unique: [],
      indexes: [],
      states: [
        {
          name: "live",
          doc: null,
          deprecated: null,
          stability: "stable",
          allow: [],
          to: ["stop"],
          starts: null,
          then: null,
          else: null,
          timeoutMs: null,
          onTimeout: null,
          expectMs: null,
          alarmMs: null,
          inherited: false,
        },
      ],
      replaced: [],
      api: null,
      archive: { afterMs: 30 * 86_400_000, keepMs: null },
      ownKey: false,
      tasks: [],
    });
    expect(withoutPlaces(taskOf(model, "dump_file", "shred"))).toEqual({
      kind: "task",
      name: "shred",
      key: "shred",
      doc: null,
      deprecated: null,
      stability: "stable",
      allow: [],
      of: "dump_file",
      qualifiedName: "dump_file.shred",
      qualifiedKey: "dump_file.shred",
      version: 1,
      write: 1,
      oldest: 1,
      args: [],
      fields: [],
      removed: [],
      upgrades: [],
      replaced: [],
      unique: "resource",
      lane: null,
      priority: 0,
      limit: { concurrency: null, rate: null },
      shouldStart: false,
      shouldStop: false,
      while: null,
      keepMs: 365 * 86_400_000,
      timeoutMs: null,
      states: [
        {
          name: "go",
          doc: null,
          deprecated: null,
          stability: "stable",
          allow: [],
          to: ["stop"],
          timeoutMs: 900_000,
          onTimeout: "panic",
          retry: { max: 3, backoffMs: { min: 1000, max: 60_000 } },
          pollMs: null,
          spawns: [],
          join: "all",
          breaker: null,
          onUnknown: null,
          expectMs: null,
          alarmMs: null,
        },
      ],
      onPanic: null,
      onStop: false,
      every: null,
      triggers: [],
      replacesBase: false,
    });
  });

  test("versions, tombstones and upgrades, the upgrades in order", () => {
    expect([database.version, database.write, database.oldest]).toEqual([3, 2, 1]);
    expect(database.removed.map(({ name, since, until }) => ({ name, since, until }))).toEqual([{ name: "host", since: 1, until: 3 }]);
    expect(database.upgrades.map(({ version, set }) => ({ version, set }))).toEqual([
      { version: 2, set: [{ field: "host", value: "localhost" }] },
      { version: 3, set: null },
    ]);
    expect([replica.version, replica.write, replica.upgrades]).toEqual([3, 2, []]);
  });

  test("a named field brings its modifiers along, and those beside it win", () => {
    const [, code, own, site] = database.fields;
    expect(code).toMatchObject({
      type: { kind: "named", name: "plan_code" },
      default: "starter",
      immutable: true,
      required: false,
      encrypted: { lookup: true, normalize: "lower" },
    });
    expect(own).toMatchObject({ default: "pro", immutable: true, encrypted: { lookup: true, normalize: "lower" } });
    expect(site).toMatchObject({ key: "place", type: { kind: "named", name: "address" }, default: undefined, encrypted: null });
  });

  test("where a state leads when nothing is said", () => {
    const [creating, online, closing] = database.states;
    expect(creating).toMatchObject({ starts: "provision", then: "online", else: "panic", timeoutMs: 3_600_000, onTimeout: "panic" });
    expect(online).toMatchObject({
      to: ["closing", "stop"],
      starts: null,
      then: null,
      else: null,
      timeoutMs: null,
      onTimeout: null,
      expectMs: 7_200_000,
    });
    expect(closing).toMatchObject({ then: "stop", else: "online", onTimeout: "online" });
  });

  test("a subtype's states are its base's, widened, and then its own", () => {
    expect(replica.states.map(({ name, to, starts, inherited }) => ({ name, to, starts, inherited }))).toEqual([
      { name: "creating", to: [], starts: "provision", inherited: true },
      { name: "online", to: ["closing", "stop", "promoting"], starts: null, inherited: false },
      { name: "closing", to: [], starts: "close", inherited: true },
      { name: "promoting", to: ["online", "stop"], starts: null, inherited: false },
    ]);
    expect(replica.archive.afterMs).toBe(7 * 86_400_000);
    expect(taskOf(model, "replica", "close")).toMatchObject({ replacesBase: true, while: ["closing"], qualifiedName: "replica.close" });
  });

  test("a subtype's API adds to its base's", () => {
    expect(withoutPlaces(replica.api)).toEqual({
      list: { filter: ["state"], sort: ["name"] },
      get: true,
      create: ["name", "lag"],
      update: null,
      moves: [{ state: "promoting", fields: ["lag"] }],
      delete: "stop",
      start: [],
      hide: [],
      strict: false,
    });
  });

  test("spawns are the resource's own, another's or global, each by the name its handler calls", () => {
    const [, share] = taskOf(model, "database", "provision").states;
    expect(share?.spawns).toEqual([
      { task: "database.close", method: "close" },
      { task: "tidy_up", method: "tidyUp" },
      { task: "dump_file.shred", method: "dumpFileShred" },
    ]);
    expect(share).toMatchObject({ join: "any", retry: { max: 10, backoffMs: { min: 5000, max: 5000 } } });
  });

  test("tasks are tagged by stored keys, and have what pliny.yaml declares", () => {
    expect(taskOf(model, "database", "close")).toMatchObject({
      qualifiedName: "database.close",
      qualifiedKey: "db.shut",
      onPanic: "escalate",
      keepMs: 86_400_000,
    });
    expect(taskOf(model, "database", "provision")).toMatchObject({
      lane: "slow",
      limit: { concurrency: 50, rate: { count: 100, perMs: 60_000 } },
    });
    expect(model.tasks[0]?.every).toEqual({ intervalMs: 86_400_000, while: null, missed: "all", spread: true });
    expect(model.config).toEqual({
      rules: 1,
      app: null,
      imports: "js",
      lanes: [{ name: "slow", encrypted: true }],
      breakers: [{ name: "cloud", failures: 5, withinMs: 60_000, openMs: 30_000 }],
      contractAfterMs: 7 * 86_400_000,
      levels: [{ rule: "IDX007", level: "off" }],
    });
  });

  test("neither the order of files nor that of documents matters", () => {
    const documents = Object.entries(cloud).flatMap(([path, text]) => parseSpec({ path, text }).value);
    const orders: readonly (readonly SpecDocument[])[] = [documents.toReversed(), [...documents.slice(5), ...documents.slice(0, 5)]];
    for (const order of orders) expect(withoutPlaces(checkModel(order).value)).toEqual(withoutPlaces(model));
  });
});

describe("the catalogue", () => {
  const mistakes = Object.entries(report).filter(([, { code }]) => /^(SPC0[4-9]|IDX)/.test(code));
  test.each(mistakes)("the story of %s tells the truth", (_, { code, story }) => {
    const [, wrong = "", right = ""] = /Wrong:\n\n([^]*)\n\nRight:\n\n([^]*)\n$/.exec(story) ?? [];
    expect(codesOf(wrong)).toContain(code);
    expect(codesOf(right).filter((each) => each !== report.taskNotStarted.code || each === code)).toEqual([]);
  });

  function codesOf(snippet: string): readonly string[] {
    const text = snippet.replace(/^ {4}/gm, "");
    const files = text.startsWith("levels:") ? { "pliny.yaml": text, "specs/a.yaml": "resource: team" } : { "specs/a.yaml": text };
    return check(files).diagnostics.map((each) => each.code);
  }
});

describe("levels and allowances", () => {
  const spec = "resource: book\nfields: { title: string }\napi: { list: { filter: title } }\n";
  const severities = (files: Readonly<Record<string, string>>): readonly string[] =>
    check(files).diagnostics.map((each) => `${each.code} ${each.severity}`);

  test("a lint is a warning, an error or silent as pliny.yaml says", () => {
    expect(severities({ "specs/book.yaml": spec })).toEqual(["IDX006 warning"]);
    expect(severities({ "specs/book.yaml": spec, "pliny.yaml": "levels: { IDX006: error }" })).toEqual(["IDX006 error"]);
    expect(severities({ "specs/book.yaml": spec, "pliny.yaml": "levels: { IDX006: off }" })).toEqual([]);
  });

  test("it is silent where it is accepted", () => {
    expect(severities({ "specs/book.yaml": `${spec}allow: { rule: IDX006, reason: we have twelve books }\n` })).toEqual([]);
    expect(severities({ "specs/book.yaml": `${spec}allow: { rule: IDX007, reason: another rule }\n` })).toEqual(["IDX006 warning"]);
  });
});

describe("edits", () => {
  test.each(goldenCases.filter(({ name }) => name.startsWith("check-")))("each edit in $name mends what it is for", ({ folder }) => {
    const { sources, diagnostics } = compileFolder(folder);
    for (const { code, message, edit } of diagnostics) {
      if (edit === null) continue;
      const mended = sources.map((source) =>
        source.path !== edit.at.file.path
          ? source
          : { path: source.path, text: source.text.slice(0, edit.at.start) + edit.newText + source.text.slice(edit.at.end) },
      );
      const left = check(Object.fromEntries(mended.map(({ path, text }) => [path, text]))).diagnostics;
      expect(left.filter((each) => each.code === code && each.message === message).length, message).toBeLessThan(
        diagnostics.filter((each) => each.code === code && each.message === message).length,
      );
    }
  });
});

describe("whatever is left out", () => {
  const lines = Object.entries(cloud).flatMap(([path, text]) => text.split("\n").map((_, at) => ({ path, at })));

  test("nothing is thrown, and no place lies outside its file", () => {
    for (const { path, at } of lines) {
      const files = Object.fromEntries(
        Object.entries(cloud).map(([each, text]) => [each, each === path ? text.split("\n").toSpliced(at, 1).join("\n") : text]),
      );
      for (const { at: place, related } of check(files).diagnostics) {
        for (const { file, start, end } of [place, ...related.map((each) => each.at)]) {
          expect(start).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(file.text.length);
        }
      }
    }
  });

  test("a machine of thousands of states is walked without running out of stack", () => {
    const count = 5000;
    const states = Array.from({ length: count }, (_, at) => `  s${at}: { to: ${at + 1 < count ? `s${at + 1}` : "stop"} }`).join("\n");
    expect(check({ "specs/long.yaml": `task: long\nevery: { interval: 1d }\nstates:\n${states}\n` }).diagnostics).toEqual([]);
  });

  test("a chain of thousands of types is followed without running out of stack, and a circle of them is said in a line", () => {
    const count = 4000;
    const types = (last: string): string =>
      Array.from({ length: count }, (_, at) => `type: t${at}\nis: { type: ${at + 1 < count ? `t${at + 1}` : last} }\n`).join("---\n");
    expect(check({ "specs/chain.yaml": types("string") }).diagnostics).toEqual([]);
    expect(check({ "specs/circle.yaml": types("t0") }).diagnostics.map((each) => `${each.code} ${each.message}`)).toEqual([
      "SPC060 The type 't0' requires itself: t0 → t1 → t2 → t3 → t4 → … → t3998 → t3999 → t0.",
    ]);
  });
});
