// The history checker, which is only worth what it refuses: a history as it should be, and for each rule one that was forged against it.

import { describe, expect, test } from "vitest";
import { type History, judgeHistory, type LogRow, type Promised, rules } from "./setup/history.js";

const row = (subject: string, step: number, to: string | null, given: Partial<LogRow> = {}): LogRow => ({ subject, step, to, nonce: `${subject}${step}${to}`, tx: `${subject}${step}`, by: "w", ...given });

/** A run that has ended, one that waits in panic, and a resource with the run that it waited for. */
const right: History = {
  moves: [
    ["job", "__new__", "a"], ["job", "a", "b"], ["job", "b", "__stop__"], ["job", "b", "look"], ["job", "look", "__stop__"],
    ["thing", "__new__", "creating"], ["thing", "creating", "online"], ["thing.make", "__new__", "go"], ["thing.make", "go", "__stop__"],
  ].map(([type = "", from = "", to = ""]) => ({ type, from, to })),
  log: [
    row("ended", 1, "a"), row("ended", 2, "b"), row("ended", 3, "__stop__"),
    row("stuck", 1, "a"), row("stuck", 2, "__panic__"), row("stuck", 3, "a"), row("stuck", 4, "__panic__"),
    row("thing", 1, "creating", { tx: "begin" }), row("thing", 1, null), row("thing", 2, "online", { tx: "end" }),
    row("make", 1, "go", { tx: "begin" }), row("make", 2, "__stop__", { tx: "end" }),
  ],
  live: [{ id: "stuck", type: "job", state: "__panic__", step: 4, resourceId: null, heldBy: "w1", uniqueKey: "k", panic: "no" }],
  ended: [
    { id: "ended", type: "job", state: "b", step: 2, resourceId: null, endedIn: "__stop__" },
    { id: "make", type: "thing.make", state: "go", step: 1, resourceId: "thing", endedIn: "__stop__" },
  ],
  resources: [{ id: "thing", type: "thing", state: "online", step: 2 }],
  workers: ["w1"],
  effects: [
    { run: "ended", step: 1, state: "a", key: "ended:1" }, { run: "ended", step: 1, state: "a", key: "ended:1" }, { run: "ended", step: 2, state: "b", key: "ended:2" },
    { run: "stuck", step: 3, state: "a", key: "stuck:3" },
  ],
};

const promised: Promised = {
  started: ["ended", "stuck"], mayWait: ({ id }) => id === "stuck", effects: { job: { a: "again", b: { unknown: "look" } } }, waits: [{ resource: "thing", state: "creating", task: "thing.make" }],
};

/** Its rows, one of them changed. */
function but(changes: Partial<LogRow>, which: Partial<LogRow>): readonly LogRow[] {
  return right.log.map((one) => (one.subject === which.subject && one.step === which.step && one.to !== null ? { ...one, ...changes } : one));
}

const ended = right.ended[0] ?? expect.fail("one");
const live = right.live[0] ?? expect.fail("one");
const effect = right.effects[2] ?? expect.fail("three");

const forged: { readonly [rule: string]: readonly (readonly [string, Partial<History>])[] } = {
  "of all who hold a step one commits": [["two at one step", { log: [...right.log, row("ended", 2, "b", { nonce: "other" })] }]],
  "steps have no gap": [
    ["one is missing", { log: right.log.filter(({ subject, step }) => subject !== "ended" || step !== 2) }],
    ["it begins later", { log: right.log.filter(({ subject, step }) => subject !== "ended" || step !== 1) }],
  ],
  "all begin where their type begins": [["in another", { log: but({ to: "b" }, { subject: "ended", step: 1 }) }]],
  "all moves are legal": [
    ["a move of no type", { log: but({ to: "a" }, { subject: "ended", step: 2 }) }],
    ["out of panic into no state of it", { log: but({ to: "online" }, { subject: "stuck", step: 3 }) }],
    ["on after the end", { log: [...right.log, row("ended", 4, "b")] }],
  ],
  "an end is recorded once": [
    ["twice in the log", { log: [...right.log, row("ended", 4, "__stop__")] }],
    ["twice in the archive", { ended: [...right.ended, ended] }],
    ["not in the archive", { ended: right.ended.slice(1), live: [...right.live, { ...live, id: "ended" }] }],
    ["in the archive alone", { log: but({ to: "look" }, { subject: "ended", step: 3 }) }],
    ["and still live", { live: [...right.live, { ...live, id: "ended" }] }],
    ["and then more", { log: [...right.log, row("ended", 4, "a")] }],
  ],
  "nothing is lost": [
    ["a start", { log: right.log.filter(({ subject }) => subject !== "ended"), ended: right.ended.slice(1) }],
    ["a row", { live: [] }],
    ["a log", { log: right.log.filter(({ subject }) => subject !== "stuck") }],
  ],
  "rows and log say the same": [
    ["of a live one the state", { live: [{ ...live, state: "a" }] }], ["of a live one the step", { live: [{ ...live, step: 3 }] }],
    ["of an ended one where it was", { ended: [{ ...ended, state: "a" }, ...right.ended.slice(1)] }], ["of an ended one where it ended", { ended: [{ ...ended, endedIn: "b" }, ...right.ended.slice(1)] }],
    ["of a resource", { resources: [{ id: "thing", type: "thing", state: "creating", step: 2 }] }],
  ],
  "a unique key is held once": [["twice", { live: [...right.live, { ...live, id: "other" }] }]],
  "no nonce is given twice": [
    ["by two moves", { log: but({ nonce: "stuck1a" }, { subject: "ended", step: 2 }) }],
    ["by a move and a save", { log: [...right.log, row("thing", 2, null, { nonce: "ended1a" })] }],
  ],
  "the dead hold nothing": [["one whose lease is over", { workers: [] }]],
  "all that was due got on": [["one waits that need not", { live: [...right.live, { ...live, id: "other", uniqueKey: null }] }]],
  "a key is of one step, and a step has one key": [
    ["two tries with two keys", { effects: [...right.effects, { ...effect, step: 1, state: "a", key: "other" }] }],
    ["two steps with one key", { effects: right.effects.map((one) => ({ ...one, key: one.run })) }],
    ["two runs with one key", { effects: right.effects.map((one) => ({ ...one, key: one.key.replace("stuck", "ended") })).concat({ run: "stuck", step: 1, state: "a", key: "ended:1" }) }],
  ],
  "effects are as many as promised": [
    ["none of what was done", { effects: right.effects.slice(2) }],
    ["none of what nobody doubts", { effects: right.effects.filter((one) => one !== effect) }],
    ["two where one could not be told", { effects: [...right.effects, effect] }],
    ["of a step that it never made", { effects: [...right.effects, { run: "ended", step: 7, state: "a", key: "ended:7" }] }],
    ["of a state where it was not", { effects: [...right.effects, { run: "ended", step: 1, state: "b", key: "ended:1" }] }],
  ],
  "a resource moves with the run that it waits for": [
    ["the run ends alone", { log: but({ tx: "other" }, { subject: "make", step: 2 }) }],
    ["the resource leaves alone", { log: but({ tx: "other" }, { subject: "thing", step: 2 }) }],
    ["the run is started apart", { log: but({ tx: "other" }, { subject: "make", step: 1 }) }],
    ["it is another's", { ended: [ended, { id: "make", type: "thing.make", state: "go", step: 1, resourceId: "other", endedIn: "__stop__" }] }],
  ],
};

test("a history as it should be has nothing against it", () => {
  expect(judgeHistory(right, promised)).toEqual([]);
});

test("every rule has a forged history", () => {
  expect(Object.keys(forged)).toEqual(Object.keys(rules));
});

describe.each(Object.entries(forged))("%s", (rule, cases) => {
  test.each(cases)("%s", (_, changes) => {
    expect(rules[rule]?.({ ...right, ...changes }, promised)).not.toEqual([]);
    expect(judgeHistory({ ...right, ...changes }, promised).map((against) => against.split(": ")[0])).toContain(rule);
  });
});
