// Mistakes of fields, their types and the values written for them.

import { capital, listed, mistake, type Mistake, quoted, route, story } from "./mistake.js";
import type { SourceLocation } from "../source.js";

export const fieldMistakes = {
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
  lookupUnused: mistake(
    "SPC098",
    "warning",
    story(
      "An encrypted field with `lookup` is found by a blind index, which is kept for the fields of resources themselves: not for what is inside a record, and not for the " +
        "args and fields of a task, whose runs are found by what they act on. There it is encrypted, and `lookup` changes nothing.",
      "resource: user\nfields: { home: { type: record, fields: { phone: { type: string, encrypted: { lookup: true } } } } }",
      "resource: user\nfields: { phone: { type: string, encrypted: { lookup: true } } }",
    ),
    (at, { of }) => ({ at, message: `'lookup' has no effect in ${of}: only a resource's own fields are looked up.`, hint: "Write `encrypted: true`, or make it a field of the resource." }),
  ) as Mistake<[at: SourceLocation, said: { readonly of: string }]>,
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
} as const;
