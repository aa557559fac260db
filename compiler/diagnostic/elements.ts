// Mistakes of names, and of what every element of a spec may carry.

import { capital, listed, mistake, type Mistake, story } from "./mistake.js";
import type { SourceLocation } from "../source.js";

export const elementMistakes = {
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
  allowanceExpired: mistake(
    "ALW001",
    "warning",
    story(
      "`allow` accepts a finding of the diff until the day `expires`. From that day on the rule is heeded again, whatever was accepted until then.",
      "resource: account\nallow: { rule: API017, reason: the last old client goes in June, expires: 2026-07-01 }",
      "resource: account",
    ),
    (at, { rule, expires }) => ({
      at,
      message: `${rule} has been heeded again here since ${expires}.`,
      hint: "Remove the allowance, or give it another day and the reason for that.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly rule: string; readonly expires: string }]>,
  allowanceUnused: mistake(
    "ALW002",
    "warning",
    story(
      "`allow` accepts what a rule of the diff finds, and the rule finds nothing here: the change that it was for has been made. Left in place it would " +
        "accept the next one too, which nobody has thought of yet.",
      "resource: account\nallow: { rule: FLD017, reason: no name is longer }\nfields: { name: { type: string, max: 63 } }",
      "resource: account\nfields: { name: { type: string, max: 63 } }",
    ),
    (at, { rule }) => ({ at, message: `${rule} finds nothing here, so there is nothing to accept.`, hint: "Remove the allowance." }),
  ) as Mistake<[at: SourceLocation, said: { readonly rule: string }]>,
  baselineUnused: mistake(
    "ALW003",
    "warning",
    story(
      "A baseline lists findings of the diff that are known and let be, and for this entry nothing is found: the change that it was for is in the base by " +
        "now, was taken back, or is another one than it was. What stands in a baseline should be what is still to be lived with.",
      "5kGq0Zr8xWv2TbNc FLD017 The field 'size' of the resource 'database' takes less than it did.",
      "# Nothing: the line is gone. `pliny diff --base main --baseline FILE --write-baseline` writes the file anew.",
    ),
    (at, { rule }) => ({ at, message: `Nothing is found any more for this entry of ${rule}.`, hint: "Remove the line, or write the baseline anew with --write-baseline." }),
  ) as Mistake<[at: SourceLocation, said: { readonly rule: string }]>,
} as const;
