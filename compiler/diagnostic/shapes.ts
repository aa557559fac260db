// Mistakes of versions: which shapes there are, and how one becomes the next.

import { mistake, type Mistake, story } from "./mistake.js";
import type { SourceLocation } from "../source.js";

export const shapeMistakes = {
  versionsCrossed: mistake(
    "SPC061",
    "error",
    story(
      "`version` is the newest shape, `write` the one that this release writes, `oldest` the oldest that it still reads. What is " +
        "written must be read: oldest ≤ write ≤ version.",
      "resource: database\nversion: 2\nwrite: 3",
      "resource: database\nversion: 3\nwrite: 2",
    ),
    (at, { what, number, limit, isAbove }) => ({
      at,
      message: `'${what}' is ${number}, ${isAbove ? "above" : "below"} ${limit}.`,
      hint: "Write oldest ≤ write ≤ version.",
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly what: string; readonly number: number; readonly limit: string; readonly isAbove: boolean }]
  >,
  shapeOutOfRange: mistake(
    "SPC062",
    "error",
    story(
      "The shape of version n is every field with since ≤ n and until > n. So `since` lies between 1 and `version`, and `until` " +
        "after `since` and up to `version`.",
      "resource: database\nversion: 2\nfields: { endpoint: { type: url, since: 3 } }",
      "resource: database\nversion: 3\nfields: { endpoint: { type: url, since: 3 } }",
    ),
    (at, { what, number, lowest, highest }) => ({
      at,
      message:
        lowest > highest
          ? `'${what}' is ${number}, but there is no such shape: the newest is ${highest}.`
          : lowest === highest
            ? `'${what}' is ${number}; it can only be ${highest}, the newest version.`
            : `'${what}' is ${number}; it lies between ${lowest} and ${highest}, the newest version.`,
      hint: number > highest ? `Raise \`version\`, or write at most ${highest}.` : `Write at least ${lowest}.`,
    }),
  ) as Mistake<
    [at: SourceLocation, said: { readonly what: string; readonly number: number; readonly lowest: number; readonly highest: number }]
  >,
  sinceInType: mistake(
    "SPC063",
    "error",
    story(
      "A named type has no version of its own: what uses it has one. In place one may add optional fields and loosen; anything " +
        "else is a new type.",
      "type: address\nfields: { country: { type: string, since: 2 } }",
      "type: address\nfields: { country: string }",
    ),
    (at, { type }) => ({
      at,
      message: `'since' has no meaning within the type '${type}': a named type has no version.`,
      hint: "Remove `since`.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly type: string }]>,
  upgradeOutOfRange: mistake(
    "SPC064",
    "error",
    story(
      "Upgrade n makes shape n out of shape n - 1, so there is one for 2 and each version after it, up to the newest.",
      "resource: database\nversion: 2\nupgrades: { 3: code }",
      "resource: database\nversion: 3\nupgrades: { 3: code }",
    ),
    (at, { upgrade, version }) => ({
      at,
      message:
        version === 1
          ? `There is no shape ${upgrade} to upgrade to: the version is 1.`
          : `There is no shape ${upgrade} to upgrade to: the newest is ${version}.`,
      hint:
        upgrade > version
          ? `Raise \`version\` to ${upgrade}, or remove this upgrade.`
          : "Upgrades begin with 2, which makes shape 2 out of shape 1.",
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly upgrade: number; readonly version: number }]>,
  upgradeMissing: mistake(
    "SPC065",
    "error",
    story(
      "A field that is required, has no default and came with version n is missing in every row of shape n - 1. Nothing can be " +
        "derived for it, so upgrade n gives it a value.",
      "resource: database\nversion: 2\nfields: { region: { type: string, required: true, since: 2 } }",
      "resource: database\nversion: 2\nfields: { region: { type: string, required: true, since: 2 } }\nupgrades: { 2: { set: { region: eu } } }",
    ),
    (at, { field, version, inherits }) => ({
      at,
      message: `No upgrade to version ${version} gives '${field}' a value, and it is required.`,
      hint: inherits
        ? `Give it a \`default\`; a subtype has the upgrades of its base.`
        : `Write \`upgrades: { ${version}: { set: { ${field}: … } } }\`, \`upgrades: { ${version}: code }\`, or give it a \`default\`.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly version: number; readonly inherits: boolean }]>,
  notInShape: mistake(
    "SPC066",
    "error",
    story(
      "`set` gives constants to what is absent in shape n - 1, so it names fields of shape n: those that came with n or before, " +
        "and left after it.",
      "resource: database\nversion: 3\nfields: { port: { type: int, since: 3 } }\nupgrades: { 2: { set: { port: 5432 } } }",
      "resource: database\nversion: 3\nfields: { port: { type: int, since: 3 } }\nupgrades: { 3: { set: { port: 5432 } } }",
    ),
    (at, { field, version, first }) => ({
      at,
      message: `'${field}' is not in shape ${version}.`,
      hint: "Set it in the upgrade to the version that it came with.",
      related: [{ at: first, message: `'${field}' is declared here.` }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly version: number; readonly first: SourceLocation }]>,
  defaultTooNew: mistake(
    "SPC097",
    "error",
    story(
      "While an older shape is written (`write` below `version`), values of an enum that came later are not: whoever reads that shape does not know them. A default stands " +
        "for what nobody gives, so it has to be a value of the shape that is written; else nothing could be made without giving another one.",
      "resource: database\nversion: 2\nwrite: 1\nfields: { plan: { type: enum, of: [hobby, { value: free, since: 2 }], default: free } }",
      "resource: database\nversion: 2\nwrite: 1\nfields: { plan: { type: enum, of: [hobby, { value: free, since: 2 }], default: hobby } }",
    ),
    (at, { field, since, write }) => ({
      at,
      message: `The default of '${field}' came with version ${since}, and shape ${write} is written.`,
      hint: `Keep the old default for as long as \`write\` is below ${since}.`,
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly field: string; readonly since: number; readonly write: number }]>,
  openFormMisfit: mistake(
    "SPC099",
    "error",
    story(
      "A field that stood in the open and is encrypted from version n on is written twice: under `fields` as it is now, with `since: n`, and under `removed` " +
        "as it was, with `until: n`. The two are one field: of one name, one key and one type. Its old values are sealed as rows are brought up, and the upgrade is " +
        "derived. Nothing is derived for the other way, and no upgrade is given what is in a secret: whatever opens it gives a reason to the log.",
      "resource: database\nversion: 2\nfields: { password: { type: string, encrypted: true, since: 2 } }\nremoved: [{ field: password, type: int, until: 2 }]",
      "resource: database\nversion: 2\nfields: { password: { type: string, encrypted: true, since: 2 } }\nremoved: [{ field: password, type: string, until: 2 }]",
    ),
    (at, { field, version, first, by }) => ({
      at,
      message: {
        version: `'${field}' is encrypted from version ${version} on, and did not stand in the open until then.`,
        key: `'${field}' is stored under another key than when it stood in the open.`,
        type: `'${field}' is of another type than when it stood in the open.`,
        opened: `'${field}' was a secret, and nothing brings its old values into the open.`,
      }[by],
      hint: {
        version: `Write \`since\` of the field and \`until\` under \`removed\` with one number: the version that encrypts it.`,
        key: "Write the same `key` in both places.",
        type: "Encrypt it with the type that it had, or choose another name.",
        opened: "Choose another name for the field in the open, and have it filled by code that reveals the secret, with a reason.",
      }[by],
      related: [{ at: first, message: by === "opened" ? "It is listed as a secret here." : "How it stood in the open is said here." }],
    }),
  ) as Mistake<
    [
      at: SourceLocation,
      said: { readonly field: string; readonly version: number; readonly first: SourceLocation; readonly by: "version" | "key" | "type" | "opened" },
    ]
  >,
  upgradeNeverRun: mistake(
    "SPC096",
    "warning",
    story(
      "`oldest` is the oldest shape that is still read. Upgrade n makes shape n out of shape n - 1, so those up to `oldest` have nothing " +
        "left to begin with.",
      "resource: database\nversion: 3\noldest: 2\nupgrades: { 2: code, 3: code }",
      "resource: database\nversion: 3\noldest: 2\nupgrades: { 3: code }",
    ),
    (at, { upgrade, oldest, first }) => ({
      at,
      message: `Upgrade ${upgrade} never runs: nothing older than shape ${oldest} is read.`,
      hint: "Remove it, or lower `oldest`.",
      related: [{ at: first, message: "The oldest shape is said here." }],
    }),
  ) as Mistake<[at: SourceLocation, said: { readonly upgrade: number; readonly oldest: number; readonly first: SourceLocation }]>,
} as const;
