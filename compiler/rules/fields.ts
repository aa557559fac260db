// Rules of what is remembered: fields and args, what they may hold, and who may read them.

import { typeText, writtenAt, type Change } from "../diff.js";
import { inside, type SpecRecord, type SpecValue } from "../document.js";
import { fieldTypeRow } from "../field-types.js";
import { findResource, type Field, type FieldType, type Model, type Tombstone } from "../model.js";
import { replacing, restored, withItem, withMember, withMembers, withoutMember } from "./edits.js";
import { accepted } from "./resources.js";
import {
  aroundField,
  capital,
  durationSaid,
  fieldSaid,
  fieldsOf,
  isNested,
  nameOf,
  rule,
  shapesOf,
  shown,
  wentFrom,
  type NextAction,
  type Rule,
  type Setting,
} from "./rule.js";

/** The tombstone of a field: what its stored values look like, and nothing that is asked of new ones. */
function tombstoneOf(field: Field): SpecRecord {
  const written = writtenAt(field.at);
  const modifiers = typeof written === "string" ? { type: written } : isRecord(written) ? written : {};
  const kept = Object.entries(modifiers).filter(([name]) => !askedOnly.has(name));
  return { field: field.name, ...Object.fromEntries(kept) };
}

const askedOnly: ReadonlySet<string> = new Set(["required", "default", "immutable", "check", "doc", "deprecated", "stability", "allow"]);

function isRecord(value: SpecValue | undefined): value is SpecRecord {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A value must be there for a record to be read. */
function isOwed({ required, default: otherwise }: Field): boolean {
  return required && otherwise === undefined;
}

/** The only field that came in the place of one that went, and holds the same. */
function successor(change: Change, { came }: Setting): Field | null {
  const { before } = fieldsOf(change);
  const [only, ...others] = came.get(aroundField(change)) ?? [];
  return only !== undefined && others.length === 0 && before !== null && typeText(only.type) === typeText(before.type) ? only : null;
}

/** Written with a version that the base has already, so that a row of that version may be of either shape. */
function isTaken(change: Change, since: number): boolean {
  const shapes = shapesOf(change);
  return shapes !== null && since > 1 && since <= shapes.before.version;
}

/** A version that fills a field comes with the change. */
function isFilled(change: Change, field: Field): boolean {
  const shapes = shapesOf(change);
  if (shapes === null || isNested(change)) return false;
  const { before, after } = shapes;
  const upgrades =
    after.kind === "resource" && after.base !== null ? (findResource(change.models.after, after.base)?.upgrades ?? []) : after.upgrades;
  return upgrades.some(({ version, set }) => version > before.version && (set === null || set.some((each) => each.field === field.name)));
}

const isOptional = (at: Field["at"]): NextAction => ({
  text: "Let it be optional, or give it a `default`.",
  edits: withoutMember(inside(at, "required")),
});

/** Whether every value of a type is one of another, and stored alike. */
function isWider({ before, after }: { readonly before: FieldType; readonly after: FieldType }): boolean {
  return fieldTypeRow(before).widensTo.includes(after.kind);
}

const widensOnly: ReadonlySet<string> = new Set(["open", "special"]);

/** In this order an old release reads what a new one writes. */
const afterAll = "Write no such value until every process runs this release.";

export const fieldRules: readonly Rule[] = [
  rule(
    "FLD001",
    ["error", "W D S"],
    {
      change: "A field is removed, and not listed under `removed`.",
      why:
        "Rows keep what they have under its name, and the next field of that name would read it as its own. Clients that read or send it, and code " +
        "that names it, break.",
      safe: "List it under `removed`, so that its name is never used again. If it is renamed, write its old name as `key` beside the new one.",
      example: {
        before: "resource: database\nfields: { name: string, host: string }",
        after: "resource: database\nfields: { name: string }",
        safe: "resource: database\nremoved: [{ field: host, type: string }]\nfields: { name: string }",
      },
    },
    (change, setting) => {
      const { before } = fieldsOf(change);
      const owner = change.element?.after ?? null;
      if (before === null || owner === null) return null;
      const renamed = successor(change, setting);
      const key: readonly NextAction[] =
        renamed === null
          ? []
          : [
              {
                text: `If '${renamed.name}' is the same, write \`key: ${before.key}\` beside it.`,
                edits: withMember(renamed.at, "key", before.key),
              },
            ];
      const marked: NextAction =
        owner.kind === "type" || isNested(change)
          ? { text: "A record has no versions: leave the field, as optional, or make a new type.", edits: [] }
          : { text: `List it: \`removed: [{ field: ${before.name}, … }]\`.`, edits: withItem(owner.at, "removed", tombstoneOf(before)) };
      return { message: `${capital(fieldSaid(change))} is removed without a mark.`, actions: [marked, ...key] };
    },
  ),

  rule(
    "FLD002",
    ["warning", "W S"],
    {
      change: "A field is removed, and listed under `removed`.",
      why:
        "Code that names it no longer compiles, and clients no longer find it. Rows keep its values until a back-fill drops them. One that is required " +
        "has to become optional a release earlier, for the old release cannot read a row without it; or it leaves with a version whose way back gives it.",
      safe: "Write `deprecated` first; let a required field become optional, a release before it is removed.",
      example: {
        before: "resource: database\nfields: { name: string, host: string }",
        after: "resource: database\nremoved: [{ field: host, type: string }]\nfields: { name: string }",
        safe: null,
      },
    },
    (change) => {
      const { before, after } = fieldsOf(change);
      const shapes = shapesOf(change);
      if (before === null || after === null || shapes === null) return null;
      const until = untilOf(after);
      // Where the way back is written by hand, rows of the old shape have it for as long as they are written.
      const isGiven =
        until !== null &&
        until > shapes.before.version &&
        shapes.after.upgrades.some(({ version, set }) => version === until && set === null);
      const isMissed = isOwed(before) && !isGiven;
      const message = `${capital(fieldSaid(change))} is no more.`;
      if (!isMissed) return { message };
      return {
        message: `${message.slice(0, -1)}, and the release before requires it in every row that it reads.`,
        severity: "error",
        axes: ["W", "D", "S"],
        actions: [{ text: "Leave it for one more release, without `required`; then remove it.", edits: [] }],
      };
    },
  ),

  rule(
    "FLD003",
    ["error", "W D"],
    {
      change: "A name under `removed` is used again, or is taken off that list.",
      why: "Rows of long ago still hold a value under that name. A field that takes it reads those values as its own, whatever they are.",
      safe: "Choose another name, and leave the list as it is.",
      example: {
        before: "resource: database\nremoved: [{ field: host, type: string }]",
        after: "resource: database\nfields: { host: int }",
        safe: "resource: database\nremoved: [{ field: host, type: string }]\nfields: { host_id: int }",
      },
    },
    (change) => {
      const { before, after } = fieldsOf(change);
      const owner = change.element?.before ?? null;
      if (change.keyword === "removed") {
        const current = change.element?.after ?? null;
        if (before === null || current === null) return null;
        const { key, name } = before;
        const item = { ...tombstoneOf(before), field: name };
        return {
          message: `'${name}' of ${nameOf(change)} is taken off \`removed\`, and${key === name ? "" : ` with it the stored name '${key}',`} nothing keeps the name from being used again.`,
          actions: [{ text: "Write it there again.", edits: withItem(current.at, "removed", item) }],
        };
      }
      if (after === null || owner === null || owner.kind === "type" || isNested(change)) return null;
      if (!owner.removed.some((each) => each.key === after.key)) return null;
      return {
        message: `'${after.key}' of ${nameOf(change)} is under \`removed\`, and is used again.`,
        actions: [{ text: "Choose another name, and leave `removed` as it was.", edits: [] }],
      };
    },
  ),

  rule(
    "FLD004",
    ["info", ""],
    {
      change: "A field is added that is optional or has a default.",
      why: "Rows without it read as null, as empty or as the default; releases that do not know it leave it where it is.",
      safe: "Nothing is to be done: no version, no `since`.",
      example: {
        before: "resource: database\nfields: { name: string }",
        after: "resource: database\nfields: { name: string, note: string }",
        safe: null,
      },
    },
    (change) => {
      const { after } = fieldsOf(change);
      return after === null || isOwed(after) || isReused(change, after) ? null : { message: `${capital(fieldSaid(change))} is added.` };
    },
  ),

  rule(
    "FLD006",
    ["error", "D"],
    {
      change: "A required field without a default is added, and no version with an upgrade brings it.",
      why: "The rows that there are have no value for it, and are not read any more. The release before makes more of them for as long as it runs.",
      safe: "Give it a `default`, let it be optional, or bring it with a version: `since`, and an upgrade with `set` or `code`.",
      example: {
        before: "resource: database\nfields: { name: string }",
        after: "resource: database\nfields: { name: string, region: { type: string, required: true } }",
        safe: "resource: database\nversion: 2\nwrite: 1\nupgrades: { 2: { set: { region: eu } } }\nfields: { name: string, region: { type: string, required: true, since: 2 } }",
      },
    },
    (change) => {
      const { after } = fieldsOf(change);
      if (
        after === null ||
        change.list === "args" ||
        !isOwed(after) ||
        isReused(change, after) ||
        (isTaken(change, after.since) && !isNested(change))
      )
        return null;
      const shapes = shapesOf(change);
      if (!isNested(change) && shapes !== null && after.since > shapes.before.version)
        return { message: `${capital(fieldSaid(change))} is required, and comes with version ${after.since}.`, severity: "info", axes: [] };
      const version =
        shapes === null || isNested(change)
          ? ""
          : ` Or bring it with version ${shapes.before.version + 1}: \`since: ${shapes.before.version + 1}\` and an upgrade.`;
      return {
        message: `${capital(fieldSaid(change))} is required, and the records that there are have no value for it.`,
        actions: [{ ...isOptional(after.at), text: `${isOptional(after.at).text}${version}` }],
      };
    },
  ),

  rule(
    "FLD009",
    ["warning", "S"],
    {
      change: "A field is renamed; `key` keeps its old name.",
      why: "Nothing that is stored or sent changes. Code that uses the old name no longer compiles.",
      safe: "`tsc` says where; nothing else is to be done.",
      example: {
        before: "resource: database\nfields: { note: string }",
        after: "resource: database\nfields: { remark: { type: string, key: note } }",
        safe: null,
      },
    },
    (change) => {
      const { before, after } = fieldsOf(change);
      if (before === null || after === null || before.name === after.name) return null;
      return {
        message: `${capital(fieldSaid({ ...change, fields: change.fields.map((pair) => ({ before: null, after: pair.before })) }))} is called '${after.name}' now, and is stored as '${after.key}'.`,
      };
    },
  ),

  rule(
    "FLD010",
    ["warning", "S W D"],
    {
      change:
        "A type is widened within one wire form: `int` to `float`; `uuid`, `url` or `enum` to `string`; `special`; an enum that is opened.",
      why:
        "Everything that is stored is still read. The release before cannot read what only the wider type has, code that relied on the narrower one no " +
        "longer compiles, and clients may meet what they did not know.",
      safe: afterAll,
      example: { before: "resource: database\nfields: { size: int }", after: "resource: database\nfields: { size: float }", safe: null },
    },
    (change) => {
      const { types } = change;
      if (types === null) return null;
      const what = capital(fieldSaid(change));
      const actions = [{ text: afterAll, edits: [] }];
      if (widensOnly.has(change.keyword))
        return {
          message: change.keyword === "open" ? `${what} takes values that are not listed.` : `${what} takes NaN and the infinities.`,
          actions,
        };
      return isWider(types) ? { message: `${what} is widened from ${typeText(types.before)} to ${typeText(types.after)}.`, actions } : null;
    },
  ),

  rule(
    "FLD013",
    ["error", "W D S"],
    {
      change: "Any other change of a type, of `of`, `keys`, `scale` or `unit`.",
      why:
        "Stored values are of the old type, and are not read as the new one, or are read and mean something else (a number in another unit). Old and new " +
        "releases cannot read each other, nor can clients.",
      safe: "Add a new field, in a new version whose upgrade computes it, and list the old one under `removed`.",
      example: {
        before: "resource: database\nfields: { size: string }",
        after: "resource: database\nfields: { size: int }",
        safe: "resource: database\nversion: 2\nwrite: 1\nupgrades: { 2: code }\nremoved: [{ field: size, type: string, until: 2 }]\nfields: { size_gib: { type: int, since: 2 } }",
      },
    },
    (change) => {
      const { types } = change;
      if (types !== null && change.how === "changed" && typeKeywords.has(change.keyword) && isWider(types)) return null;
      const what = change.list === null ? nameOf(change) : fieldSaid(change);
      const where = change.keyword === "type" || change.keyword === "is" ? "The type" : `\`${change.keyword}\``;
      const version =
        shapesOf(change) === null
          ? "Make a new type, and use it in a new field."
          : "Add a new field for it, in a new version, and list the old one under `removed`.";
      return { message: `${where} of ${what} ${wentFrom(change)}.`, actions: [restored(change, `Leave it as it was. ${version}`)] };
    },
  ),

  rule(
    "FLD014",
    ["error", "W D S"],
    {
      change: "A field is made required, and has no default.",
      why: "Rows without a value are there, and the release before makes more of them; they are not read any more. Clients that leave it out are refused.",
      safe: "Give it a `default`; or raise `version`, with an upgrade that fills it.",
      example: {
        before: "resource: database\nfields: { region: string }",
        after: "resource: database\nfields: { region: { type: string, required: true } }",
        safe: "resource: database\nversion: 2\nwrite: 1\nupgrades: { 2: { set: { region: eu } } }\nfields: { region: { type: string, required: true } }",
      },
    },
    (change) => {
      const { before, after } = fieldsOf(change);
      if (before === null || after === null || !isOwed(after) || isOwed(before)) return null;
      const message = `${capital(fieldSaid(change))} has to be there in every record.`;
      if (isFilled(change, after)) return { message: `${message.slice(0, -1)}; an upgrade fills it where it is not.`, severity: "info" };
      const action = change.keyword === "default" ? restored(change, "Leave the default.") : isOptional(after.at);
      return {
        message,
        actions: [
          action,
          ...(shapesOf(change) === null ? [] : [{ text: "Or raise `version`, with an upgrade that fills it.", edits: [] }]),
        ],
      };
    },
  ),

  rule(
    "FLD015",
    ["warning", "S W D"],
    {
      change: "`required` or a default is taken away.",
      why:
        "Getters may give null, so code that relied on a value no longer compiles, and clients meet null. The release before cannot read a record " +
        "without what it requires, and takes one that lacks the value for one that has the default.",
      safe: afterAll,
      example: {
        before: "resource: database\nfields: { region: { type: string, required: true } }",
        after: "resource: database\nfields: { region: string }",
        safe: null,
      },
    },
    (change) => {
      const { before, after } = fieldsOf(change);
      // One that is owed now is worse, and one that has a default still is never null.
      if (before === null || after === null || isOwed(after) || after.default !== undefined) return null;
      return {
        message: `${capital(fieldSaid(change))} may be null: \`${change.keyword}\` is taken away.`,
        actions: [{ text: afterAll, edits: [] }],
      };
    },
  ),

  rule(
    "FLD016",
    ["warning", "D W"],
    {
      change: "A default is changed, or is given to a field that had none.",
      why: "Records without a value read as the new default from the deployment on; while the release before runs, it reads the same records otherwise.",
      safe: "Keep the old default for the records that there are: with `set` in a version.",
      example: {
        before: "resource: database\nfields: { region: { type: string, default: eu } }",
        after: "resource: database\nfields: { region: { type: string, default: us } }",
        safe: null,
      },
    },
    (change) => ({
      message: `The default of ${fieldSaid(change)} ${wentFrom(change)}.`,
      actions: [restored(change, "If records without a value should keep the old one, write it with `set` in a version.")].map(
        ({ text }) => ({ text, edits: [] }),
      ),
    }),
  ),

  rule(
    "FLD017",
    ["error", "W"],
    {
      change: "A constraint is tightened, or `check` is added.",
      why:
        "What is stored is still read, for no constraint is asked then. But clients and programs that give what was right yesterday are refused, and a " +
        "record that holds such a value is not saved again until it is mended.",
      safe: "Leave the constraint, and accept it with `allow` when no value is left that it would refuse.",
      example: {
        before: "resource: database\nfields: { size: { type: int, max: 64 } }",
        after: "resource: database\nfields: { size: { type: int, max: 16 } }",
        safe: "resource: database\nfields: { size: { type: int, max: 16, allow: { rule: FLD017, reason: none is larger } } }",
      },
    },
    (change) => ({
      message: `\`${change.keyword}\` of ${fieldSaid(change)} ${change.keyword === "check" ? "is added" : wentFrom(change, boundOf(change))}.`,
      actions: [restored(change, "Leave it as loose as it was."), accepted("FLD017")],
    }),
  ),

  rule(
    "FLD018",
    ["info", "W"],
    {
      change: "A constraint is loosened.",
      why: "What was right still is. Clients may meet values that they never met.",
      safe: "Nothing is to be done.",
      example: {
        before: "resource: database\nfields: { size: { type: int, max: 16 } }",
        after: "resource: database\nfields: { size: { type: int, max: 64 } }",
        safe: null,
      },
    },
    (change) => ({
      message: `\`${change.keyword}\` of ${fieldSaid(change)} ${change.keyword === "check" ? "is taken away" : wentFrom(change, boundOf(change))}.`,
    }),
  ),

  rule(
    "FLD019",
    ["warning", "S W"],
    {
      change: "`immutable` is added or removed.",
      why: "Code and clients that change the value after it was given are refused; code that sets it no longer compiles. Taking it away hurts nobody.",
      safe: "See that nobody changes it any more.",
      example: {
        before: "resource: database\nfields: { region: string }",
        after: "resource: database\nfields: { region: { type: string, immutable: true } }",
        safe: null,
      },
    },
    (change) =>
      change.how === "added"
        ? { message: `${capital(fieldSaid(change))} keeps its first value.` }
        : { message: `${capital(fieldSaid(change))} may be changed after it was given.`, severity: "info" },
  ),

  rule(
    "FLD020",
    ["error", "W D"],
    {
      change: "A stored name (`key`) is changed or removed.",
      why: "Everything that is stored and sent bears the old one, and reads as absent under the new one.",
      safe: "It is never done: a stored name is stored for ever.",
      example: {
        before: "resource: database\nfields: { remark: { type: string, key: note } }",
        after: "resource: database\nfields: { remark: string }",
        safe: "resource: database\nfields: { comment: { type: string, key: note } }",
      },
    },
    (change) => {
      const pair = change.fields.length > 0 ? fieldsOf(change) : (change.element ?? { before: null, after: null });
      const { before, after } = pair;
      if (before === null || after === null || before.key === after.key) return null;
      const what = change.fields.length > 0 ? fieldSaid(change) : nameOf(change);
      const key =
        after.key === after.name && before.key !== before.name ? withMember(after.at, "key", before.key) : restored(change, "").edits;
      return {
        message: `The stored name of ${what} goes from '${before.key}' to '${after.key}'.`,
        actions: [{ text: before.key === after.name ? "Remove `key`." : `Write \`key: ${before.key}\`.`, edits: key }],
      };
    },
  ),

  rule(
    "ENM001",
    ["error", "W D S"],
    {
      change: "A value is added to a closed enum, without a new version.",
      why: "The release before, and clients, know the values that there were, and cannot read a record with another one. A `switch` over them is no longer complete.",
      safe: "Write it as `{ value, since }` in a new version, and raise `write` one release later; or write `open: true` long before.",
      example: {
        before: "resource: database\nfields: { plan: { type: enum, of: [hobby, standard] } }",
        after: "resource: database\nfields: { plan: { type: enum, of: [hobby, standard, premium] } }",
        safe: "resource: database\nversion: 2\nwrite: 1\nfields: { plan: { type: enum, of: [hobby, standard, { value: premium, since: 2 }] } }",
      },
    },
    (change) => {
      const { types } = change;
      // One that is opened in the same change was closed for whoever reads today.
      if (types?.before.kind !== "enum" || types.after.kind !== "enum" || (types.before.open && types.after.open)) return null;
      const shapes = shapesOf(change);
      const added = types.after.values.find((each) => each.value === change.after?.value);
      const message = `The value ${shown(change.after?.value)} is added to ${fieldSaid(change)}`;
      if (added === undefined) return null;
      if (shapes !== null && added.since > shapes.before.version)
        return { message: `${message}, with version ${added.since}.`, severity: "info" };
      const next = shapes === null ? null : shapes.before.version + 1;
      const item = { value: added.value, since: next };
      const at = change.after?.at ?? null;
      return {
        message: `${message}, which older releases cannot read.`,
        actions: [
          next === null || at === null
            ? { text: "A named type has no versions: make a new type, or write `open: true` a release earlier.", edits: [] }
            : {
                text: `Write it as \`{ value: ${added.value}, since: ${next} }\`, with \`version: ${next}\` and \`write: ${next - 1}\`.`,
                edits:
                  shapes === null
                    ? []
                    : [
                        ...replacing(at, item),
                        ...(shapes.after.version >= next ? [] : withMembers(shapes.after.at, { version: next, write: next - 1 })),
                      ],
              },
        ],
      };
    },
  ),

  rule(
    "ENM002",
    ["info", "W"],
    {
      change: "A value is added to an open enum.",
      why: "Whoever does not know it keeps it as it is, and writes it back.",
      safe: "Nothing is to be done.",
      example: {
        before: "resource: database\nfields: { region: { type: enum, of: [eu, us], open: true } }",
        after: "resource: database\nfields: { region: { type: enum, of: [eu, us, ap], open: true } }",
        safe: null,
      },
    },
    (change) => {
      const { types } = change;
      if (types?.before.kind !== "enum" || types.after.kind !== "enum" || !types.before.open || !types.after.open) return null;
      return { message: `The value ${shown(change.after?.value)} is added to ${fieldSaid(change)}, which is open.` };
    },
  ),

  rule(
    "ENM003",
    ["error", "D W S T"],
    {
      change: "A value of an enum is removed, and `replaced` does not say what it reads as.",
      why: "Records hold it, runs wait with it, clients send it, and none of them is read any more. An open enum still reads it, as a value that is not known.",
      safe: "Write `replaced: { old: new }`.",
      example: {
        before: "resource: database\nfields: { plan: { type: enum, of: [hobby, std, standard] } }",
        after: "resource: database\nfields: { plan: { type: enum, of: [hobby, standard] } }",
        safe: "resource: database\nfields: { plan: { type: enum, of: [hobby, standard], replaced: { std: standard } } }",
      },
    },
    (change) => {
      const { types } = change;
      const value = String(change.before?.value);
      const message = `The value ${shown(value)} of ${fieldSaid(change)} is removed, and nothing says what it reads as.`;
      const actions = [{ text: `Write \`replaced: { ${value}: … }\`, with the value that it reads as.`, edits: [] }];
      return types?.after.kind === "enum" && types.after.open
        ? { message, severity: "warning", axes: ["W", "S"], actions }
        : { message, actions };
    },
  ),

  rule(
    "ENM004",
    ["warning", "W S"],
    {
      change: "A value of an enum is removed or renamed, and `replaced` says what it reads as.",
      why:
        "It is read as the new one, wherever it is met, and a back-fill rewrites it. Clients see the new one, and code that names the old one no longer " +
        "compiles. In the keys of a map two of them may become one, and one of their values is lost.",
      safe: "Nothing is to be done, but for the keys of a map: replace them by a value that is new.",
      example: {
        before: "resource: database\nfields: { plan: { type: enum, of: [hobby, std, standard] } }",
        after: "resource: database\nfields: { plan: { type: enum, of: [hobby, standard], replaced: { std: standard } } }",
        safe: null,
      },
    },
    (change) => {
      const { types, isKey } = change;
      const to = String(change.after?.value);
      const wasThere = types?.before.kind === "enum" && types.before.values.some((each) => each.value === to);
      const message = `The value ${shown(change.how === "changed" ? change.path.at(-2) : change.before?.value)} of ${fieldSaid(change)} reads as ${shown(to)}.`;
      const isOfKeys = isKey || (change.list === "is" && isKeyType(change.models.after, change.element?.after?.name ?? ""));
      if (!isOfKeys || !wasThere) return { message };
      return {
        message: `${message.slice(0, -1)}: two keys of a map become one, and one of their values is lost.`,
        severity: "error",
        axes: ["W", "D", "S"],
        actions: [{ text: "Replace it by a value that there was not, or make a new field for the map.", edits: [] }],
      };
    },
  ),

  rule(
    "ENM007",
    ["error", "D W"],
    {
      change: "An open enum is closed.",
      why: "Records and clients may hold values that are not listed; they were kept, and are not read any more.",
      safe: "Look for such values first, list those that there are, and accept it with `allow`.",
      example: {
        before: "resource: database\nfields: { region: { type: enum, of: [eu, us], open: true } }",
        after: "resource: database\nfields: { region: { type: enum, of: [eu, us] } }",
        safe: "resource: database\nfields: { region: { type: enum, of: [eu, us], allow: { rule: ENM007, reason: there are no others } } }",
      },
    },
    (change) => ({
      message: `${capital(fieldSaid(change))} takes the listed values only.`,
      actions: [restored(change, "Leave it open."), accepted("ENM007")],
    }),
  ),

  rule(
    "ENC001",
    ["error", "D S"],
    {
      change: "`encrypted` is switched on or off.",
      why:
        "A secret is stored otherwise than what is open, and neither of two releases reads what the other wrote. What was written in the open stays in dead rows " +
        "and backups until `vacuum` and their end.",
      safe:
        "Switch it on in a new version: the field with `since`, and as it stood in the open under `removed`, with `until`. Old values are sealed as rows are brought " +
        "up; `write` follows a release later. Indexes and filters on it go first. What was a secret is never read in the open: add a new field.",
      example: {
        before: "resource: database\nfields: { password: string }",
        after: "resource: database\nfields: { password: { type: string, encrypted: true } }",
        safe: "resource: database\nversion: 2\nwrite: 1\nremoved: [{ field: password, type: string, until: 2 }]\nfields: { password: { type: string, encrypted: true, since: 2 } }",
      },
    },
    (change) => {
      const shapes = isNested(change) ? null : shapesOf(change);
      const { before, after } = fieldsOf(change);
      const sealedFrom = after?.encrypted?.since ?? null;
      // The upgrade is derived: what stood in the open is told by the version of its row.
      if (shapes !== null && sealedFrom !== null && sealedFrom > shapes.before.version) return null;
      const message = `\`encrypted\` of ${fieldSaid(change)} is switched ${change.how === "added" ? "on" : "off"}.`;
      if (shapes === null || before === null || after === null || change.how !== "added") {
        const otherwise = shapes === null ? "Make a new type, and use it in a new field." : "Add a new field, and have it filled by code that reveals the secret.";
        return { message, actions: [restored(change, `Leave it. ${otherwise}`)] };
      }
      const next = shapes.before.version + 1;
      const sealed: NextAction = {
        text: `Write \`since: ${next}\` beside it, with \`version: ${next}\` and \`write: ${next - 1}\`, and list it as it stood in the open: \`removed: [{ field: ${after.name}, until: ${next}, … }]\`.`,
        edits: [
          ...withMembers(after.at, { since: next }),
          ...(shapes.after.version >= next ? [] : withMembers(shapes.after.at, { version: next, write: next - 1 })),
          ...withItem(shapes.after.at, "removed", { ...tombstoneOf(before), field: after.name, until: next }),
        ],
      };
      return { message, actions: [sealed, restored(change, "Leave it in the open.")] };
    },
  ),

  rule(
    "ENC002",
    ["warning", "D"],
    {
      change: "`encrypted` is switched off.",
      why: "What was secret is stored in the open from now on: in rows, in backups, in whatever reads the database. (That it is switched at all is ENC001.)",
      safe: "See that it is no secret any more.",
      example: {
        before: "resource: database\nfields: { password: { type: string, encrypted: true } }",
        after: "resource: database\nfields: { password: string }",
        safe: null,
      },
    },
    (change) => ({ message: `${capital(fieldSaid(change))} is no longer encrypted.` }),
  ),

  rule(
    "ENC004",
    ["warning", "D Q"],
    {
      change: "`lookup` or `normalize` is changed.",
      why: "Blind indexes hold what was looked up by until now. Until a back-fill has written the new ones, a search does not find every row.",
      safe: "Nothing is to be done: a second blind index, its back-fill and the swap come with the plan.",
      example: {
        before: "resource: person\nfields: { email: { type: string, encrypted: true } }",
        after: "resource: person\nfields: { email: { type: string, encrypted: { lookup: true } } }",
        safe: null,
      },
    },
    (change) => ({
      message: `\`${change.keyword}\` of ${fieldSaid(change)} ${change.keyword === "lookup" ? `is switched ${change.how === "added" ? "on" : "off"}` : wentFrom(change)}.`,
    }),
  ),
];

/** How a bound is said: that of a duration is kept in milliseconds. */
function boundOf({ types }: Change): (value: SpecValue | undefined) => string {
  return types?.after.kind === "duration" ? durationSaid : shown;
}

/** Whether the keys of some map are of a named type. */
function isKeyType({ resources, types, tasks }: Model, name: string): boolean {
  const holds = (type: FieldType): boolean =>
    (type.kind === "map" && type.keys.kind === "named" && type.keys.name === name) ||
    ("of" in type && holds(type.of)) ||
    (type.kind === "record" && hold(type.fields));
  const hold = (fields: readonly Field[]): boolean => fields.some((field) => holds(field.type));
  const all = [...tasks, ...resources.flatMap((resource) => resource.tasks)];
  return (
    resources.some((resource) => hold(resource.fields)) ||
    all.some((task) => hold([...task.args, ...task.fields])) ||
    types.some(({ is }) => (is.kind === "record" ? hold(is.fields) : holds(is.field.type)))
  );
}

const typeKeywords: ReadonlySet<string> = new Set(["type", "of", "keys"]);

function isReused(change: Change, { key }: Field): boolean {
  const owner = change.element?.before ?? null;
  return owner !== null && owner.kind !== "type" && !isNested(change) && owner.removed.some((each) => each.key === key);
}

function untilOf(field: Field & Partial<Tombstone>): number | null {
  return field.until ?? null;
}
