// Rules of what there is: resources, types and tasks as a whole, who owns them, and by what they are found.

import type { Change, Declared } from "../diff.js";
import type { SpecValue } from "../document.js";
import { restored, withDocument, withMember } from "./edits.js";
import { capital, durationSaid, nameOf, rule, said, shapeOf, shown, wentFrom, type NextAction, type Rule } from "./rule.js";

/** The one line that stays of what is gone. */
function goneLine({ models }: Change, declared: Declared): NextAction {
  const of = declared.kind === "task" && declared.of !== null ? `of: ${declared.of}\n` : "";
  const text = `${declared.kind}: ${declared.key}\n${of}gone: true`;
  const { after } = models;
  const all: readonly Declared[] = [
    ...after.resources,
    ...after.types,
    ...after.tasks,
    ...after.resources.flatMap((resource) => resource.tasks),
  ];
  const beside = all.find((each) => each.at.document.file.path === declared.at.document.file.path) ?? all[0];
  return {
    text: `Keep one line of it: \`${text.replaceAll("\n", "`, `")}\`.`,
    edits: beside === undefined ? [] : withDocument(beside.at, text),
  };
}

const never = "It is never done in place: make a new resource, a task that copies, and let the old one go when it is empty.";

function parentSaid(value: SpecValue | undefined): string {
  return value === undefined || value === null ? "none" : `'${String(value)}'`;
}

const keepMembers = "resource: database\nfields: { name: string }";

export const resourceRules: readonly Rule[] = [
  rule(
    "RES001",
    ["error", "W D S T"],
    {
      change: "A resource, a task or a type is removed, and no line `gone: true` stays.",
      why:
        "Its rows, its runs and references to it are still stored, and clients still ask for it. Without a mark the name is free, and the next " +
        "thing that takes it would read what is left of this one as its own.",
      safe: "Write `deprecated` first; later leave one line of it, with `gone: true`.",
      example: {
        before: `${keepMembers}\n---\nresource: cluster`,
        after: keepMembers,
        safe: `${keepMembers}\n---\nresource: cluster\ngone: true`,
      },
    },
    (change) => {
      const before = change.element?.before ?? null;
      if (change.keyword === "gone") {
        const again = change.after !== null;
        const name = String(change.before?.value);
        return {
          message: again
            ? `The ${change.kind} '${name}' was gone for ever, and its name is taken again.`
            : `The line that says that the ${change.kind} '${name}' is gone is taken away.`,
          actions: [
            {
              text: again
                ? "Choose another name, and keep the line `gone: true`."
                : `Write it again: \`${change.kind}: ${name}\`, \`gone: true\`.`,
              edits: [],
            },
          ],
        };
      }
      if (before === null) return null;
      return { message: `${capital(said(before))} is removed without a mark.`, actions: [goneLine(change, before)] };
    },
  ),

  rule(
    "RES003",
    ["warning", "W D S T Q"],
    {
      change: "A resource or a type is gone.",
      why:
        "Clients, code and runs that still name it fail from now on. Rows are kept; the table is dropped in a contract step, after `contract_after`, " +
        "when none is live and no release is left that knows it.",
      safe: "Write `deprecated` with a `sunset` first, and wait for it.",
      example: {
        before: `${keepMembers}\n---\nresource: cluster`,
        after: `${keepMembers}\n---\nresource: cluster\ngone: true`,
        safe: null,
      },
    },
    ({ element }) => ({ message: `${capital(said(element?.before ?? null))} is gone.` }),
  ),

  rule(
    "RES004",
    ["info", ""],
    {
      change: "A resource, a task or a type is added.",
      why: "Nobody knows it yet, so it breaks nothing.",
      safe: "Nothing is to be done.",
      example: { before: keepMembers, after: `${keepMembers}\n---\nresource: cluster`, safe: null },
    },
    ({ element }) => ({ message: `${capital(said(element?.after ?? null))} is added.` }),
  ),

  rule(
    "RES005",
    ["warning", "D"],
    {
      change: "One is gone and one is added that has the same shape: it looks renamed.",
      why: "Without `key` the new name is a new thing: it begins with no rows, and those under the old name are read by nobody.",
      safe: "Write the old name as `key` beside the new one, if it is the same thing.",
      example: {
        before: "resource: database\nfields: { name: string }",
        after: "resource: instance\nfields: { name: string }\n---\nresource: database\ngone: true",
        safe: "resource: instance\nkey: database\nfields: { name: string }",
      },
    },
    ({ element, models }, { went }) => {
      const after = element?.after ?? null;
      // What has no fields looks like anything.
      if (after === null || after.kind === "type" || after.fields.length === 0) return null;
      const [before, ...others] = went.get(shapeOf(after)) ?? [];
      if (before === undefined || others.length > 0) return null;
      const isMarked = models.after.gone.some(
        (each) => each.kind === before.kind && (each.name === before.name || each.name === before.key),
      );
      const edits = isMarked ? [] : withMember(after.at, "key", before.key);
      return {
        message: `${capital(said(after))} looks like ${said(before)}, which is no more.`,
        actions: [{ text: `If it is the same, write \`key: ${before.key}\` beside it, and no \`gone\`.`, edits }],
      };
    },
  ),

  rule(
    "RES006",
    ["warning", "S"],
    {
      change: "A resource or a task is renamed; `key` keeps its old name.",
      why: "Nothing that is stored or sent changes. Classes, handlers and imports have another name, so code that uses them no longer compiles.",
      safe: "`pliny handlers` renames hand-written code; nothing else is to be done.",
      example: { before: keepMembers, after: "resource: instance\nkey: database\nplural: databases\nfields: { name: string }", safe: null },
    },
    ({ element, kind }) => {
      const { before = null, after = null } = element ?? {};
      if (before === null || after === null || before.name === after.name || (kind !== "resource" && kind !== "task")) return null;
      return {
        message: `${capital(said(before))} is called '${after.name}' now, and is stored as '${after.key}'.`,
        actions: [{ text: "Run `pliny generate`, then `pliny handlers`.", edits: [] }],
      };
    },
  ),

  rule(
    "RES011",
    ["warning", "D"],
    {
      change: "`archive` is shortened.",
      why: "What is older than the new time leaves its table, or is deleted from the archive, soon after the deployment. What is deleted does not come back.",
      safe: "Count what goes before it does.",
      example: {
        before: "resource: database\narchive: { keep: 365d }",
        after: "resource: database\narchive: { keep: 30d }",
        safe: "resource: database\narchive: { keep: 400d }",
      },
    },
    (change) => ({
      message: `\`archive\` of ${nameOf(change)}: \`${change.keyword}\` ${wentFrom(change, durationSaid)}.`,
      actions: [restored(change, "Write the old time again, if what is older is still wanted.")],
    }),
  ),

  rule(
    "RES013",
    ["error", "W"],
    {
      change: "`stability` is lowered.",
      why: "Whoever relies on it was told that it would not break. A promise that can be taken back is none.",
      safe: "It is not done. Write `deprecated`, and add what is less stable under another name.",
      example: {
        before: "resource: database",
        after: "resource: database\nstability: beta",
        safe: "resource: database\ndeprecated: { since: 2026-01-31 }",
      },
    },
    (change) => ({
      message: `\`stability\` of ${whole(change)} ${wentFrom(change)}.`,
      actions: [restored(change, "Leave it as stable as it was.")],
    }),
  ),

  rule(
    "RES014",
    ["error", "D S Q"],
    {
      change: "`extends` is added, changed or removed.",
      why: "A subtype lives in its base's table. Its rows stand in another one, where neither release would look for them.",
      safe: never,
      example: {
        before: "resource: database\n---\nresource: replica",
        after: "resource: database\n---\nresource: replica\nextends: database",
        safe: null,
      },
    },
    (change) => ({
      message: `\`extends\` of ${nameOf(change)} goes from ${parentSaid(change.before?.value)} to ${parentSaid(change.after?.value)}.`,
      actions: [restored(change, never)],
    }),
  ),

  rule(
    "RES015",
    ["error", "D"],
    {
      change: "`own_key` is switched.",
      why: "Every secret of every row is sealed under the keyring or under the row's own key. After the switch the other one is asked, and opens none of them.",
      safe: never,
      example: { before: "resource: customer", after: "resource: customer\nown_key: true", safe: null },
    },
    (change) => ({
      message: `\`own_key\` of ${nameOf(change)} is switched ${change.how === "added" ? "on" : "off"}.`,
      actions: [restored(change, never)],
    }),
  ),

  rule(
    "REL001",
    ["error", "W D S Q"],
    {
      change: "`parent` is added, changed or removed.",
      why: "The owner is fixed at birth: it stands in every row, in unique indexes and in every address. There is no owner to give to the rows that there are.",
      safe: never,
      example: {
        before: "resource: team\n---\nresource: database",
        after: "resource: team\n---\nresource: database\nparent: team",
        safe: null,
      },
    },
    (change) => ({
      message: `\`parent\` of ${nameOf(change)} goes from ${parentSaid(change.before?.value)} to ${parentSaid(change.after?.value)}.`,
      actions: [restored(change, never)],
    }),
  ),

  rule(
    "IDX001",
    ["info", "Q"],
    {
      change: "An index is added to a table that is there already.",
      why: "It is built `CONCURRENTLY`, in a step of its own, so that nobody waits for it.",
      safe: "Nothing is to be done.",
      example: {
        before: "resource: database\nfields: { plan: string }",
        after: "resource: database\nfields: { plan: string }\nindexes: [[plan]]",
        safe: null,
      },
    },
    (change) => ({ message: `${nameOf(change)} is indexed by ${columns(change.after?.value)}.` }),
  ),

  rule(
    "IDX002",
    ["warning", "Q S"],
    {
      change: "An index is dropped.",
      why: "Queries that it served read the whole table from now on. It is dropped in a contract step only.",
      safe: "See that nothing filters or sorts by it any more.",
      example: {
        before: "resource: database\nfields: { plan: string }\nindexes: [[plan]]",
        after: "resource: database\nfields: { plan: string }",
        safe: null,
      },
    },
    (change) => ({ message: `The index of ${nameOf(change)} by ${columns(change.before?.value)} is dropped.` }),
  ),

  rule(
    "IDX003",
    ["error", "D W Q"],
    {
      change: "A combination becomes unique.",
      why: "Rows that there are may share it, and then the index cannot be made. A release that does not know of it sees `conflict` where it saw none.",
      safe: "Look for duplicates first; the plan does so before any DDL, then builds the index `CONCURRENTLY`. Accept it with `allow` and the reason why there are none.",
      example: {
        before: "resource: database\nfields: { name: string }",
        after: "resource: database\nfields: { name: string }\nunique: [[name]]",
        safe: "resource: database\nfields: { name: string }\nunique: [[name]]\nallow: { rule: IDX003, reason: no two share it }",
      },
    },
    (change) => ({
      message: `No two of ${nameOf(change)} may share ${columns(change.after?.value)} any more.`,
      actions: [accepted("IDX003")],
    }),
  ),

  rule(
    "IDX004",
    ["warning", "D"],
    {
      change: "A combination is no longer unique.",
      why: "Duplicates become possible, and code that takes the first of what it finds meets them. Once there are some, the index does not come back by itself.",
      safe: "See that nobody relies on it.",
      example: {
        before: "resource: database\nfields: { name: string }\nunique: [[name]]",
        after: "resource: database\nfields: { name: string }",
        safe: null,
      },
    },
    (change) => ({ message: `Several of ${nameOf(change)} may share ${columns(change.before?.value)} now.` }),
  ),
];

function columns(value: SpecValue | undefined): string {
  return shown(Array.isArray(value) ? `[${value.join(", ")}]` : value);
}

/** What the change is a change of: a field, a state, or the element itself. */
function whole(change: Change): string {
  const inner = change.fields.at(-1)?.after ?? change.state?.after ?? null;
  return inner === null ? nameOf(change) : `'${inner.name}' of ${nameOf(change)}`;
}

/** The allowance that accepts a finding, for what cannot be known from the specs. Its reason is a person's to give. */
export function accepted(code: string): NextAction {
  return { text: `Where it is known to harm nobody, accept it: \`allow: { rule: ${code}, reason: … }\`.`, edits: [] };
}
