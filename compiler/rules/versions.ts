// Rules of versions: which shape of a record is read, which is written, and how one becomes the next.

import type { Change } from "../diff.js";
import { restored, withMember } from "./edits.js";
import { capital, fieldSaid, fieldsOf, isNested, nameOf, rule, shapesOf, type NextAction, type Rule } from "./rule.js";

/** The next version for whatever took one that is there already. */
function raised(change: Change): NextAction {
  const next = (shapesOf(change)?.before.version ?? 0) + 1;
  return { text: `Take ${next} instead, with \`version: ${next}\` and \`write: ${next - 1}\`.`, edits: [] };
}

export const versionRules: readonly Rule[] = [
  rule(
    "VER002",
    ["error", "D"],
    {
      change: "A change that needs a version is made in a shape that the base already has.",
      why:
        "Records of that version are stored already, without the change: they are not brought up again, and read as what they are not. It is what two " +
        "branches come to that both raised `version`: Git merges them without a word.",
      safe: "Raise `version` once more: the later of two branches takes the next number.",
      example: {
        before:
          "resource: database\nversion: 2\nupgrades: { 2: { set: { region: eu } } }\nfields: { region: { type: string, required: true, since: 2 } }",
        after:
          "resource: database\nversion: 2\nupgrades: { 2: { set: { region: eu, zone: a } } }\nfields: { region: { type: string, required: true, since: 2 }, zone: { type: string, required: true, since: 2 } }",
        safe: "resource: database\nversion: 3\nwrite: 2\nupgrades: { 2: { set: { region: eu } }, 3: { set: { zone: a } } }\nfields: { region: { type: string, required: true, since: 2 }, zone: { type: string, required: true, since: 3 } }",
      },
    },
    (change) => {
      const shapes = shapesOf(change);
      if (shapes === null) return null;
      const { before, after } = fieldsOf(change);
      const taken = shapes.before.version;
      const found = (message: string): ReturnType<Rule> => ({ message, actions: [raised(change)] });
      if (change.keyword === "upgrades") {
        const version = Number(change.path.at(-2));
        return version > taken
          ? null
          : found(`An upgrade to version ${version} of ${nameOf(change)} is added, which the base has without one.`);
      }
      if (change.keyword === "since" || change.keyword === "until") {
        const values = [change.before?.value, change.after?.value].map((value) => (typeof value === "number" ? value : 1));
        const what = change.kind === "enum value" ? `a value of ${fieldSaid(change)}` : fieldSaid(change);
        // From nothing to the coming version is to plan it.
        if (change.how === "added" && Number(change.after?.value) > taken && change.keyword === "until") return null;
        return {
          message: `\`${change.keyword}\` of ${what} goes from ${String(values[0])} to ${String(values[1])}: the shapes that are stored become others.`,
          actions: [restored(change, "Leave it as it was.")],
        };
      }
      if (change.keyword === "removed") {
        const tombstone = shapes.after.removed.find((each) => each.key === after?.key);
        const until = tombstone?.until ?? null;
        return until === null || until > taken || before === null
          ? null
          : found(`${capital(fieldSaid(change))} is said to have left with version ${until}, which the base has with it.`);
      }
      // What is optional needs no version, so that it breaks nothing to name one.
      if (after === null || isNested(change) || after.since < 2 || after.since > taken || !after.required || after.default !== undefined)
        return null;
      return found(`${capital(fieldSaid(change))} is said to have come with version ${after.since}, which the base has without it.`);
    },
  ),

  rule(
    "VER003",
    ["error", "D"],
    {
      change: "`oldest` is raised.",
      why: "Rows and runs of older shapes may still be stored, and are not read any more.",
      safe: "Run `pliny backfill` until none is left, then raise it, and accept it with `allow`.",
      example: {
        before: "resource: database\nversion: 2\nfields: { name: string }",
        after: "resource: database\nversion: 2\noldest: 2\nfields: { name: string }",
        safe: "resource: database\nversion: 2\noldest: 2\nallow: { rule: VER003, reason: the back-fill is done }\nfields: { name: string }",
      },
    },
    (change) => ({
      message: `${nameOf(change)} is read from version ${String(change.after?.value)} on only.`,
      actions: [
        restored(change, "Leave it until no row is older: `pliny backfill`. Then accept it: `allow: { rule: VER003, reason: … }`."),
      ],
    }),
  ),

  rule(
    "VER004",
    ["error", "D T W"],
    {
      change: "`write` is raised to a version that the base does not read yet.",
      why:
        "While both releases run, the one before meets records that it does not know: it reads what it can of them and saves none. (A run of a newer version " +
        "it leaves alone, so that of a task this is a note: after a roll-back such runs wait.)",
      safe: "Write the old version for one more release (`write`); raise it in the next.",
      example: {
        before: "resource: database\nfields: { name: string }",
        after: "resource: database\nversion: 2\nfields: { name: string }",
        safe: "resource: database\nversion: 2\nwrite: 1\nfields: { name: string }",
      },
    },
    (change) => {
      const shapes = shapesOf(change);
      if (shapes === null || shapes.after.write <= shapes.before.version) return null;
      const { before, after } = shapes;
      const message = `${nameOf(change)} is written in version ${after.write}, and the base reads up to ${before.version}.`;
      if (after.kind === "task") return { message, severity: "info", axes: ["T"] };
      return {
        message,
        actions: [{ text: `Write \`write: ${before.version}\` for one release.`, edits: withMember(after.at, "write", before.version) }],
      };
    },
  ),

  rule(
    "VER005",
    ["error", "D"],
    {
      change: "An upgrade that was released is changed.",
      why: "What older records read as was settled when it was released. Those that were brought up hold the one value, and those that were not now read as the other.",
      safe: "Leave it, and bring the correction with a new version.",
      example: {
        before: "resource: database\nversion: 2\nupgrades: { 2: { set: { region: eu } } }\nfields: { region: { type: string, since: 2 } }",
        after: "resource: database\nversion: 2\nupgrades: { 2: { set: { region: us } } }\nfields: { region: { type: string, since: 2 } }",
        safe: "resource: database\nversion: 3\nwrite: 2\nupgrades: { 2: { set: { region: eu } }, 3: code }\nfields: { region: { type: string, since: 2 } }",
      },
    },
    (change) => {
      const shapes = shapesOf(change);
      const version = Number(change.path.find((step) => /^[0-9]+$/.test(step)));
      if (shapes === null || version > shapes.before.version) return null;
      // Nothing that it leads from is read any more.
      if (change.how === "removed" && version <= shapes.after.oldest) return null;
      return {
        message: `The upgrade of ${nameOf(change)} to version ${version} is ${change.how}.`,
        actions: [restored(change, "Leave it as it was released, and bring the correction with a new version.")],
      };
    },
  ),

  rule(
    "VER008",
    ["error", "D T"],
    {
      change: "`version` or `write` is lowered.",
      why:
        "Records of the newer version are stored. A release that knows a lower one reads what it can of them and saves none. (To lower `write` alone is safe: " +
        "both releases read both, and what is newer stays so.)",
      safe: "Never lower `version` below what is stored; to go back, lower `write`.",
      example: {
        before: "resource: database\nversion: 2\nfields: { name: string, note: { type: string, since: 2 } }",
        after: "resource: database\nfields: { name: string }\nremoved: [{ field: note, type: string }]",
        safe: "resource: database\nversion: 2\nwrite: 1\nfields: { name: string, note: { type: string, since: 2 } }",
      },
    },
    (change) => {
      const shapes = shapesOf(change);
      if (shapes === null) return null;
      const { before, after } = shapes;
      if (change.keyword === "version") {
        const edits = withMember(after.at, "version", before.version);
        return {
          message: `\`version\` of ${nameOf(change)} goes down from ${before.version} to ${after.version}.`,
          actions: [{ text: `Write \`version: ${before.version}\`; to write an older shape, lower \`write\`.`, edits }],
        };
      }
      // It comes of `version`, which is told of.
      if (after.version < before.version) return null;
      return {
        message: `\`write\` of ${nameOf(change)} goes down from ${before.write} to ${after.write}; what is stored in the newer version stays so.`,
        severity: "info",
      };
    },
  ),
];
