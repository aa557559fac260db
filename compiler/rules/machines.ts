// Rules of what happens: tasks and what starts them, states and the ways between them, and how long everything may take.

import type { Change } from "../diff.js";
import type { SpecValue } from "../document.js";
import { restored, withMember } from "./edits.js";
import { capital, durationSaid, isPastSunset, nameOf, rule, said, shapesOf, shown, stateSaid, wentFrom, type Rule } from "./rule.js";

/** A task in an example, which the clock starts. */
const dump = (rest: string, states: string): string => `task: dump\n${rest}every: { interval: 1h }\nstates:\n${states}`;
const run = "  run: { to: stop }";
const twoSteps = "  run: { to: check }\n  check: { to: stop }";

function isTask({ element }: Change): boolean {
  return element?.after?.kind === "task";
}

/** Of a list of names, or of a state and the fields that go with it. */
function text(value: SpecValue | undefined): string {
  return Array.isArray(value) ? value.join(", ") : String(value ?? "");
}

const notOnce = "Make a new state that has it, and let `to` lead there; the old one stays until nobody is in it.";

/** What a run or a resource already is in is looked at only where the state was there. */
function wasThere({ state }: Change): boolean {
  return state?.before != null;
}

export const machineRules: readonly Rule[] = [
  rule(
    "TSK001",
    ["error", "T"],
    {
      change: "A task is gone, while runs of it may live.",
      why: "Its runs are stored, and no worker of this release knows what to do with them: they wait for ever. So do the states that wait for their end.",
      safe: "Write `deprecated` with a `sunset`, so that nothing starts it any more; let its runs end; then `gone: true`.",
      example: {
        before: `${dump("", run)}\n---\nresource: database`,
        after: "task: dump\ngone: true\n---\nresource: database",
        safe: `${dump("deprecated: { since: 2026-01-31, sunset: 2026-07-31 }\n", run)}\n---\nresource: database`,
      },
    },
    ({ element }, { today }) => {
      const before = element?.before ?? null;
      const isDrained = isPastSunset(before, today);
      return {
        message: `${capital(said(before))} is gone${isDrained ? ", and its sunset has come" : ", and its runs may live"}.`,
        ...(isDrained ? { severity: "warning" as const } : {}),
        actions: isDrained
          ? []
          : [{ text: "Leave it, with `deprecated: { sunset: … }`, until that day has come and its runs have ended.", edits: [] }],
      };
    },
  ),

  rule(
    "TSK004",
    ["error", "T W S"],
    {
      change: "A required arg is added.",
      why: "Whoever starts the task without it is refused: the release before, clients, code. Runs that wait have no value for it, and are not read any more.",
      safe: "Give it a `default`.",
      example: {
        before: dump("", run).replace("every: { interval: 1h }\n", "args: { size: int }\n"),
        after: dump("", run).replace("every: { interval: 1h }\n", "args: { size: int, zone: { type: string, required: true } }\n"),
        safe: dump("", run).replace("every: { interval: 1h }\n", "args: { size: int, zone: { type: string, default: a } }\n"),
      },
    },
    (change) => {
      const arg = change.fields.at(-1)?.after ?? null;
      if (arg === null || !arg.required || arg.default !== undefined) return null;
      return {
        message: `${nameOf(change)} takes the arg '${arg.name}', which nobody gives yet.`,
        actions: [{ text: "Give it a `default`.", edits: [] }],
      };
    },
  ),

  rule(
    "TSK006",
    ["error", "T"],
    {
      change: "A state or a move is added to a task, and `version` is not raised.",
      why: "Workers of the release before take up its runs, find a state that they do not know, and panic.",
      safe: "Raise `version`: older workers then leave those runs alone.",
      example: { before: dump("", run), after: dump("", twoSteps), safe: dump("version: 2\n", twoSteps) },
    },
    (change) => {
      const shapes = shapesOf(change);
      if (!isTask(change) || shapes === null || shapes.after.version > shapes.before.version) return null;
      const next = shapes.before.version + 1;
      return {
        message: `The states of ${nameOf(change)} are others, and its version is not.`,
        actions: [{ text: `Write \`version: ${next}\`.`, edits: withMember(shapes.after.at, "version", next) }],
        path: change.path.slice(0, 2),
      };
    },
  ),

  rule(
    "TSK008",
    ["error", "T S"],
    {
      change: "`of` of a task is changed.",
      why: "Its runs act on something else. Those that live belong to a task that is no more, and code that reaches it through the old resource no longer compiles.",
      safe: "Make a new task, and let the old one go as TSK001 says.",
      example: {
        before: "resource: database\n---\ntask: dump\nof: database\nevery: { interval: 1h }\nstates: { run: { to: stop } }",
        after: "resource: database\n---\ntask: dump\nevery: { interval: 1h }\nstates: { run: { to: stop } }",
        safe: null,
      },
    },
    (change) => {
      const { before, after } = change.element ?? {};
      const of = (declared: typeof before): string => (declared?.kind === "task" && declared.of !== null ? `'${declared.of}'` : "nothing");
      return {
        message: `'${after?.name ?? ""}' acted on ${of(before)} and acts on ${of(after)} now.`,
        actions: [restored(change, "Leave it, and make a new task.")],
      };
    },
  ),

  rule(
    "TSK009",
    ["warning", "T"],
    {
      change: "`unique` of a task is changed.",
      why: "During the deployment the two releases go by different rules: two runs may overlap, or a start is a conflict.",
      safe: "See that the task bears both.",
      example: { before: dump("", run), after: dump("unique: none\n", run), safe: null },
    },
    (change) => ({ message: `\`unique\` of ${nameOf(change)} ${wentFrom(change)}.` }),
  ),

  rule(
    "TSK010",
    ["warning", "T"],
    {
      change: "The lane of a task is changed, or whether a lane is sealed.",
      why: "What waits in the old lane is found only by workers that still look there; what was sealed otherwise only by those that can open it.",
      safe: "Leave a worker on the old lane until it is empty.",
      example: { before: dump("", run), after: dump("queue: { lane: slow }\n", run), safe: null },
    },
    (change) => ({
      message:
        change.kind === "lane"
          ? `The lane '${change.path.at(-2) ?? ""}' is ${change.how === "added" ? "sealed" : "no longer sealed"}.`
          : `The lane of ${nameOf(change)} ${wentFrom(change)}.`,
    }),
  ),

  rule(
    "TSK012",
    ["warning", "T"],
    {
      change: "`limit` is tightened, or a breaker is changed.",
      why: "Runs that could go on wait from now on; what waits grows if more comes than may go.",
      safe: "Compare the limit with what is started.",
      example: {
        before: dump("limit: { concurrency: 50 }\n", run),
        after: dump("limit: { concurrency: 5 }\n", run),
        safe: dump("limit: { concurrency: 60 }\n", run),
      },
    },
    (change) => {
      const { before, after } = change;
      if (change.keyword === "rate" && Array.isArray(before?.value) && Array.isArray(after?.value)) {
        const each = (value: readonly SpecValue[]): number => Number(value[0]) / Number(value[1]);
        if (each(after.value) >= each(before.value)) return null;
      }
      if (change.kind === "breaker")
        return {
          message: `The breaker '${change.path.at(-2) ?? ""}': \`${change.keyword}\` ${wentFrom(change, change.keyword === "failures" ? shown : durationSaid)}.`,
        };
      if (change.kind === "task state") return { message: `\`breaker\` of ${stateSaid(change)} ${wentFrom(change)}.` };
      const rate = (value: SpecValue | undefined): string =>
        Array.isArray(value) ? `\`${String(value[0])}/${durationSaid(value[1]).slice(1)}` : shown(value);
      return { message: `\`limit\` of ${nameOf(change)}: \`${change.keyword}\` ${wentFrom(change, rate)}.` };
    },
  ),

  rule(
    "TSK013",
    ["warning", "T"],
    {
      change: "What starts a task is added or removed: a trigger, `starts`, `every`.",
      why: "What is added starts runs at once for whatever is due; after what is removed nothing does the work, and nobody is told.",
      safe: "See how many it starts, and who does the work.",
      example: { before: dump("", run).replace("every: { interval: 1h }\n", ""), after: dump("", run), safe: null },
    },
    (change) => {
      const { keyword, how, before, after } = change;
      const where = keyword === "starts" ? stateSaid(change) : nameOf(change);
      if (keyword === "every")
        return {
          message:
            how === "added"
              ? `The clock starts ${where} every ${durationSaid(after?.value)}: at once, for what is due.`
              : `The clock no longer starts ${where}.`,
        };
      if (keyword === "triggers")
        return {
          message:
            how === "added"
              ? `${where} is started by ${shown(after?.value)}.`
              : `${where} is no longer started by ${shown(before?.value)}.`,
        };
      return { message: `\`starts\` of ${where} ${wentFrom(change)}.` };
    },
  ),

  rule(
    "TSK014",
    ["error", "T"],
    {
      change: "`on_unknown` is added to a state or removed from it, while runs may be in it.",
      why: "A handler that was begun under the one promise (at most once, or until it succeeds) is ended under the other: its effect may happen twice, or never.",
      safe: notOnce,
      example: {
        before: dump("", "  run: { to: [check, stop] }\n  check: { to: stop }"),
        after: dump("", "  run: { to: [check, stop], on_unknown: check }\n  check: { to: stop }"),
        safe: dump(
          "version: 2\n",
          "  run: { to: [check, stop, once] }\n  once: { to: [check, stop], on_unknown: check }\n  check: { to: stop }",
        ),
      },
    },
    (change) => ({
      message: `\`on_unknown\` of ${stateSaid(change)} ${wentFrom(change)}.`,
      actions: [restored(change, `Leave it. ${notOnce}`)],
    }),
  ),

  rule(
    "TSK015",
    ["warning", "T"],
    {
      change: "`should_start`, `should_stop`, `on_panic` or `on_stop` is added or removed.",
      why: "Runs that live meet it, or miss it, from their next step on; workers of the release before go by what they know.",
      safe: "See that runs which began without it bear it.",
      example: { before: dump("", run), after: dump("on_stop: code\n", run), safe: null },
    },
    (change) => ({ message: `\`${change.keyword}\` of ${nameOf(change)} is ${change.how}.` }),
  ),

  rule(
    "STA001",
    ["info", ""],
    {
      change: "A state is added.",
      why: "Nobody is in it yet. (For a task `version` is raised with it: TSK006.)",
      safe: "Nothing is to be done.",
      example: {
        before: "resource: database\nstates: { live: { to: stop } }",
        after: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: live } }",
        safe: null,
      },
    },
    (change) => ({ message: `${capital(stateSaid(change))} is added.` }),
  ),

  rule(
    "STA002",
    ["error", "T D"],
    {
      change: "A state is removed, and `replaced` does not say where those go on who are in it.",
      why: "Who is in it is in no state that this release knows: a run is taken up by nobody, and a resource leaves it by no way.",
      safe: "Write `replaced: { old: new }`.",
      example: {
        before: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: live } }",
        after: "resource: database\nstates: { live: { to: stop } }",
        safe: "resource: database\nreplaced: { paused: live }\nstates: { live: { to: stop } }",
      },
    },
    (change) => {
      const name = String(change.before?.value);
      return {
        message: `The state '${name}' of ${nameOf(change)} is removed, and nothing says where those go on who are in it.`,
        actions: [{ text: `Write \`replaced: { ${name}: … }\`, with the state that it reads as.`, edits: [] }],
      };
    },
  ),

  rule(
    "STA003",
    ["warning", "T S"],
    {
      change: "A state is removed or renamed, and `replaced` says where those go on who are in it.",
      why:
        "They read as being in the new one, and are moved there at their next step; resources at rest by a back-fill. Handlers and code that name the old " +
        "one no longer compile.",
      safe: "Nothing is to be done; the entry may go when nobody is left in the old state.",
      example: {
        before: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: live } }",
        after: "resource: database\nreplaced: { paused: live }\nstates: { live: { to: stop } }",
        safe: null,
      },
    },
    (change) => ({
      message: `The state '${String(change.how === "changed" ? change.path.at(-2) : change.before?.value)}' of ${nameOf(change)} reads as '${text(change.after?.value)}'.`,
    }),
  ),

  rule(
    "STA005",
    ["warning", "T"],
    {
      change: "The first state is another.",
      why: "Runs that wait in `new` begin in the new one, and so does whatever is made while the release before makes it in the old one.",
      safe: "See that both are a beginning.",
      example: {
        before: "resource: database\nstates: { draft: { to: live }, live: { to: [draft, stop] } }",
        after: "resource: database\nstates: { live: { to: [draft, stop] }, draft: { to: live } }",
        safe: null,
      },
    },
    (change) => ({
      message: `${nameOf(change)} begins in '${text(change.after?.value)}' and no longer in '${text(change.before?.value)}'.`,
    }),
  ),

  rule(
    "STA009",
    ["error", "T"],
    {
      change: "`poll` or `spawns` is added to a state or removed from it, while runs may be in it.",
      why: "A run that stays in it, or waits there for its children, finds nobody who calls it again; one that was called once is called on and on.",
      safe: notOnce,
      example: {
        before: dump("", "  run: { to: stop }"),
        after: dump("", "  run: { to: stop, poll: 30s }"),
        safe: dump("version: 2\n", "  run: { to: [wait, stop] }\n  wait: { to: stop, poll: 30s }"),
      },
    },
    (change) => {
      const { state, keyword } = change;
      if (!wasThere(change) || state?.before == null || state.after === null || !("spawns" in state.before) || !("spawns" in state.after))
        return null;
      // Of a list that was there and still is, SUB001 speaks.
      if (keyword === "spawns" && state.before.spawns.length > 0 && state.after.spawns.length > 0) return null;
      return {
        message: `\`${keyword}\` of ${stateSaid(change)} ${wentFrom(change, keyword === "poll" ? durationSaid : shown)}.`,
        actions: [restored(change, `Leave it. ${notOnce}`)],
        path: [...change.path.slice(0, 4), keyword],
      };
    },
  ),

  rule(
    "STA011",
    ["warning", "T"],
    {
      change: "`then`, `else`, `on_timeout` or `on_unknown` leads elsewhere.",
      why: "What is on its way already follows the new one when it comes to that.",
      safe: "See that what was done until then fits where it leads.",
      example: {
        before: database("  up: { starts: provision, then: live, else: stop }"),
        after: database("  up: { starts: provision, then: live, else: live }"),
        safe: null,
      },
    },
    (change) => ({ message: `\`${change.keyword}\` of ${stateSaid(change)} ${wentFrom(change)}.` }),
  ),

  rule(
    "TRN001",
    ["warning", "T"],
    {
      change: "A move is removed.",
      why: "Code and handlers that ask for it no longer compile; workers of the release before still make it. The database refuses it only when none of them is left.",
      safe: "See that nobody waits for it.",
      example: {
        before: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: [live, stop] } }",
        after: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: live } }",
        safe: null,
      },
    },
    (change) => ({ message: `${capital(stateSaid(change))} no longer leads to '${text(change.before?.value)}'.` }),
  ),

  rule(
    "TRN003",
    ["info", ""],
    {
      change: "A move is added.",
      why: "Nobody makes it yet. (For a task `version` is raised with it: TSK006.)",
      safe: "Nothing is to be done.",
      example: {
        before: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: live } }",
        after: "resource: database\nstates: { live: { to: [paused, stop] }, paused: { to: [live, stop] } }",
        safe: null,
      },
    },
    (change) => ({ message: `${capital(stateSaid(change))} leads to '${text(change.after?.value)}'.` }),
  ),

  rule(
    "TMO001",
    ["warning", "T"],
    {
      change: "A timeout is shortened or added.",
      why: "Who is in the state keeps the deadline that it got; who had none gets the time of the deployment and the timeout. What took longer is ended from now on.",
      safe: "Compare it with how long it takes.",
      example: { before: dump("timeout: 2h\n", run), after: dump("timeout: 1h\n", run), safe: dump("timeout: 3h\n", run) },
    },
    (change) => ({
      message: `\`timeout\` of ${change.state === null ? nameOf(change) : stateSaid(change)} ${wentFrom(change, durationSaid)}.`,
    }),
  ),

  rule(
    "TMO002",
    ["info", "T"],
    {
      change: "A timeout is lengthened or removed.",
      why: "Nothing is ended that was not before; what hangs is noticed later.",
      safe: "Nothing is to be done.",
      example: { before: dump("timeout: 1h\n", run), after: dump("timeout: 2h\n", run), safe: null },
    },
    (change) => ({
      message: `\`timeout\` of ${change.state === null ? nameOf(change) : stateSaid(change)} ${wentFrom(change, durationSaid)}.`,
    }),
  ),

  rule(
    "TMO005",
    ["warning", "T"],
    {
      change: "`retry.max` is lowered.",
      why: "Runs that have been tried more often than that panic at their next failure.",
      safe: "Look for runs that are past it.",
      example: {
        before: dump("", "  run: { to: stop, retry: { max: 10 } }"),
        after: dump("", "  run: { to: stop, retry: { max: 2 } }"),
        safe: dump("", "  run: { to: stop, retry: { max: 12 } }"),
      },
    },
    (change) => ({ message: `\`retry.max\` of ${stateSaid(change)} ${wentFrom(change)}.` }),
  ),

  rule(
    "SUB001",
    ["warning", "T"],
    {
      change: "`spawns` or `join` is changed.",
      why: "A run that waits counts the children that it has, by the rule that is in force when one of them ends.",
      safe: "See that those that wait come to an end.",
      example: { before: spawning("[copy, index]"), after: spawning("[copy]"), safe: null },
    },
    (change) => {
      const { state, keyword } = change;
      if (state?.before == null || state.after === null || !("spawns" in state.before) || !("spawns" in state.after)) return null;
      if (keyword === "spawns" && (state.before.spawns.length === 0 || state.after.spawns.length === 0)) return null;
      if (keyword === "join") return { message: `\`join\` of ${stateSaid(change)} ${wentFrom(change)}.` };
      return {
        message: `${capital(stateSaid(change))} ${change.how === "added" ? "spawns" : "no longer spawns"} '${text(change.after?.value ?? change.before?.value)}'.`,
      };
    },
  ),

  rule(
    "SCH001",
    ["warning", "T"],
    {
      change: "`every` is changed.",
      why: "It is started at other times, of other resources, or makes up otherwise for what was missed.",
      safe: "See that what relies on its times bears it.",
      example: { before: dump("", run), after: dump("", run).replace("1h", "2h"), safe: null },
    },
    (change, { today }) => {
      const isInterval = change.keyword === "interval";
      const message = `\`every\` of ${nameOf(change)}: \`${change.keyword}\` ${wentFrom(change, isInterval ? durationSaid : shown)}.`;
      const [before, after] = [nextTimes(change.before?.value, today), nextTimes(change.after?.value, today)];
      return { message: isInterval && before !== "" && after !== "" ? `${message} Of the day ${today} it comes at ${after}, and came at ${before} (UTC).` : message };
    },
  ),
];

/** The first five buckets of an interval on a day and later: buckets are counted from 1970 on, whenever the clock was started. */
function nextTimes(interval: SpecValue | undefined, day: string): string {
  if (typeof interval !== "number" || interval <= 0) return "";
  const first = Math.ceil(Date.parse(day) / interval);
  const times = Array.from({ length: 5 }, (_, at) => new Date((first + at) * interval).toISOString());
  const shortened = times.map((time) => (time.startsWith(day) ? time.slice(11) : time.replace("T", " ")).replace(/(?::00)?\.000Z$|Z$/, ""));
  return shortened.join(", ");
}

function database(state: string): string {
  return `resource: database\nstates:\n${state}\n  live: { to: stop }\n---\ntask: provision\nof: database\nstates: { run: { to: stop } }`;
}

function spawning(spawns: string): string {
  const task = (name: string): string => `---\ntask: ${name}\nevery: { interval: 1h }\nstates: { run: { to: stop } }`;
  return `${dump("", `  run: { to: stop, spawns: ${spawns} }`)}\n${task("copy")}\n${task("index_all")}`.replaceAll("index]", "index_all]");
}
