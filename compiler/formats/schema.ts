// The JSON Schema of what `pliny check` and `pliny diff` say with --json. It ships as `pliny/schema/check.json` and `pliny/schema/diff.json`.

import { kinds } from "../keywords.js";
import { axes } from "../rules.js";

/** A schema of draft-07, as far as it is used here. */
interface Schema {
  readonly [keyword: string]: unknown;
}

const text: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const severity: Schema = { enum: ["error", "warning", "info"] };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
const listOf = (items: Schema): Schema => ({ type: "array", items });

/** All of these members and no others; all of them are there but for those that are named. */
function record(members: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(members).filter((name) => !optional.includes(name));
  return { type: "object", required, properties: members, additionalProperties: false };
}

const place = {
  file: { ...text, description: "From the project's folder; of a file of the base after its name: `main:specs/database.yaml`." },
  line: { type: "integer", minimum: 1 },
  column: { type: "integer", minimum: 1, description: "In UTF-16 units." },
  endLine: { type: "integer", minimum: 1 },
  endColumn: { type: "integer", minimum: 1, description: "Behind the last character." },
};
const edit = record({ ...place, newText: text });

const diagnostic = {
  ...place,
  code: { type: "string", pattern: "^[A-Z]{3}[0-9]{3}$" },
  severity,
  message: text,
  hint: { ...orNull(text), description: "What to write instead." },
  edit: { ...orNull({ $ref: "#/definitions/edit" }), description: "The edit that mends it, where there is exactly one." },
  related: listOf(record({ ...place, message: text })),
};

const finding = {
  ...diagnostic,
  axes: { ...listOf({ enum: Object.keys(axes) }), description: Object.entries(axes).map(([axis, whom]) => `${axis}: ${whom}`).join("; ") },
  why: text,
  was: { ...orNull(record(place)), description: "Where it stood in the base; null for what is new." },
  nextActions: {
    ...listOf(record({ text, edits: listOf({ $ref: "#/definitions/edit" }) })),
    description: "What makes it safe, each by itself; the edits of one are made together.",
  },
  fingerprint: { ...text, description: "Of the change and not of a line: the same in every run." },
  inBaseline: { type: "boolean", description: "It is known, and fails nothing." },
};

const change = record({
  kind: { enum: Object.keys(kinds) },
  keyword: text,
  how: { enum: ["added", "removed", "changed", "raised", "lowered"] },
  path: { ...text, description: "By stored names." },
  before: {},
  after: {},
});

function document(command: string, facts: Readonly<Record<string, Schema>>, diagnostics: Schema): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: `What \`pliny ${command} --json\` says`,
    ...record(
      {
        command: { const: command },
        exitCode: { enum: [0, 1, 2], description: "0 clean; 1 something that fails it; 2 usage, or specs that do not compile." },
        reason: { ...text, description: "Why it could not be done, where no diagnostic says it." },
        ...facts,
        diagnostics,
      },
      ["reason", ...Object.keys(facts)],
    ),
    // What was done is told where it was done.
    if: { required: ["exitCode"], properties: { exitCode: { enum: [0, 1] } } },
    then: { required: Object.keys(facts) },
    definitions: { edit, diagnostic: record(diagnostic), finding: record(finding) },
  };
}

export const reportSchemas: Readonly<Record<"check" | "diff", Schema>> = {
  check: document("check", { specs: count, resources: count }, listOf({ $ref: "#/definitions/diagnostic" })),
  diff: document(
    "diff",
    {
      base: record({ name: text, commit: { ...orNull(text), description: "The commit that was read; null of a folder." } }),
      preset: { enum: ["local", "ci", "release"] },
      failOn: { enum: ["error", "warning", "info", "never"] },
      baseline: orNull(text),
      changes: listOf(change),
    },
    listOf({ anyOf: [{ $ref: "#/definitions/finding" }, { $ref: "#/definitions/diagnostic" }] }),
  ),
};
