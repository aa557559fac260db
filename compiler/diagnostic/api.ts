// Mistakes of the API and of the indexes that serve it.

import { listed, mistake, type Mistake, story } from "./mistake.js";
import type { SourceLocation } from "../source.js";

export const apiMistakes = {
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
        "`parent`, `state` and `created_at` are always indexed, and `unique` makes an index on what it names.",
      "resource: account\nfields: { plan: string }\nindexes: [[plan], [plan, state]]",
      "resource: account\nfields: { plan: string }\nindexes: [[plan, state]]",
    ),
    (at, { index, other, first }) => ({
      at,
      message:
        other === null
          ? `[${index}] is always indexed.`
          : other === index
            ? `There is an index on [${index}] already.`
            : `The index [${index}] is the beginning of [${other}], which serves it.`,
      hint: "Remove it.",
      related: first === null ? [] : [{ at: first, message: `The ${other === index ? "other" : "longer"} index stands here.` }],
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly index: string; readonly other: string | null; readonly first: SourceLocation | null }]
  >,
} as const;
