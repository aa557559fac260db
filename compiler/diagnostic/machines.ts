// Mistakes of resources and tasks: what they are made of, where their states lead, and what starts what.

import { capital, listed, mistake, type Mistake, route, story } from "./mistake.js";
import type { SourceLocation } from "../source.js";

// What several stories begin or end with.
const once = "states: { go: { to: [stop] } }";
const family = "resource: database\n---\nresource: replica\nextends: database\n---\n";
const twoStates = "resource: database\nstates: { online: { to: [failed] }, failed: { to: [online, stop] } }\n---\n";

export const machineMistakes = {
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
} as const;

const targetHints: Readonly<Record<string, string>> = {
  new: "Name the first state instead.",
  panic: "Anything may panic at any time, so it is never listed; name a state of its own.",
  stop: "What has stopped is at its end; name a state of its own.",
};
