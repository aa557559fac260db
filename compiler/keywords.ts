// Every keyword of the spec language, one row each: the shape of its value, its default, what it is for, and which rules of the diff speak
// when it changes. The JSON Schema of the language, by which `parse` checks shapes and editors complete, is made from the rows.
//
// The schema says what one value may look like by itself. Left to `check` is whatever needs a second place: names and references, reserved
// names, a least that is above a most, a range upside down, doubles in a list, a default against its type's bounds, `since` inside a named
// type, what a subtype inherits, keywords that have no effect without another (`then` without `starts`).

import { forms, type Form } from "./scalars.js";

/** A JSON Schema (draft-07), as far as the language uses it. `title` is what is expected, said in messages; `description` is for editors. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly const?: string | boolean | number;
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, JsonSchema | true>>;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | false;
  readonly required?: readonly string[];
  readonly not?: JsonSchema;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

/**
 * The rules that may speak of a change (`diff-rules`), by what happens to the value: of a map or a list `added` and `removed` speak of its
 * members, of an amount `raised` and `lowered`. What is not listed harms nobody.
 */
export interface Changes {
  readonly added?: string;
  readonly removed?: string;
  readonly changed?: string;
  readonly raised?: string;
  readonly lowered?: string;
}

export interface Keyword {
  readonly kind: KeywordKind;
  readonly keyword: string;
  readonly schema: JsonSchema;
  /** What is meant where it is left out, in words; null where nothing is. */
  readonly default: string | null;
  readonly required: boolean;
  readonly doc: string;
  readonly changes: Changes;
}

/** What a keyword stands in, as it is said aloud. */
export const kinds = {
  element: "a resource, task, type, field or state",
  resource: "a resource",
  task: "a task",
  type: "a named type",
  field: "a field",
  "string field": "a field of type string",
  "int field": "a field of type int",
  "float field": "a field of type float",
  "bigint field": "a field of type bigint",
  "decimal field": "a field of type decimal",
  "bool field": "a field of type bool",
  "uuid field": "a field of type uuid",
  "url field": "a field of type url",
  "date field": "a field of type date",
  "time field": "a field of type time",
  "duration field": "a field of type duration",
  "bytes field": "a field of type bytes",
  "json field": "a field of type json",
  "enum field": "a field of type enum",
  "list field": "a field of type list",
  "set field": "a field of type set",
  "dict field": "a field of type dict",
  "map field": "a field of type map",
  "record field": "a field of type record",
  "enum value": "a value of an enum",
  encryption: "`encrypted`",
  tombstone: "a removed field",
  upgrade: "an upgrade",
  deprecation: "`deprecated`",
  allowance: "`allow`",
  "resource state": "a state of a resource",
  api: "`api`",
  "api list": "`list` of `api`",
  archive: "`archive` of a resource",
  "task archive": "`archive` of a task",
  queue: "`queue`",
  limit: "`limit`",
  every: "`every`",
  trigger: "a trigger",
  "task state": "a state of a task",
  retry: "`retry`",
  config: "pliny.yaml",
  lane: "a lane",
  breaker: "a breaker",
} as const;

export type KeywordKind = keyof typeof kinds;

type Row = Omit<Keyword, "kind" | "keyword">;
type Table = Readonly<Record<string, Row>>;

function row(schema: JsonSchema, doc: string, more: { readonly default?: string; readonly required?: true; readonly changes?: Changes } = {}): Row {
  return { schema, doc, default: more.default ?? null, required: more.required ?? false, changes: more.changes ?? {} };
}

// Shapes of values.

const of = (form: Form): JsonSchema => ({ type: "string", pattern: form.pattern, title: form.expected });
const ref = (definition: string): JsonSchema => ({ $ref: `#/definitions/${encodeURIComponent(definition)}` });
const text = (title: string): JsonSchema => ({ type: "string", pattern: "\\S", title });
const words = (...options: readonly string[]): JsonSchema => ({ type: "string", enum: options, title: alternatives(options) });
const whole = (minimum: number, title: string): JsonSchema => ({ type: "integer", minimum, title });
const map = (key: JsonSchema, value: JsonSchema, title: string): JsonSchema =>
  ({ type: "object", propertyNames: key, additionalProperties: value, title });
const oneOrMore = (item: JsonSchema & { readonly type: string }, title: string): JsonSchema =>
  ({ ...item, type: [item.type, "array"], items: item, title });
const oneOrMoreOf = (definition: string, title: string): JsonSchema =>
  ({ type: ["object", "array"], if: { type: "object" }, then: ref(definition), items: ref(definition), title });

const bool: JsonSchema = { type: "boolean", title: "`true` or `false`" };
const code: JsonSchema = { const: "code", title: "`code`, for it is written by hand" };
const name: JsonSchema & { readonly type: string } = { ...of(forms.name), type: "string" };
const reference: JsonSchema & { readonly type: string } = { ...of(forms.reference), type: "string" };
const duration: JsonSchema = of(forms.duration);
const names: JsonSchema = oneOrMore(name, "a name or a list of names");
const references: JsonSchema = oneOrMore(reference, "a task or a list of tasks");
const fieldMap: JsonSchema = map(name, ref("field"), "a mapping of names to fields, such as `{ size: int }`");
const stateNames: JsonSchema = oneOrMore(name, "a state or a list of states");
const size: JsonSchema = whole(0, "a whole number from 0");
const columns: JsonSchema = {
  type: "array", minItems: 1, title: "a list of lists of fields, such as [[plan, state]]",
  items: { type: "array", minItems: 1, items: name, title: "a list of fields, such as [plan, state]" },
};
const version: JsonSchema = whole(1, "a version: a whole number from 1");
const enumPattern = "^[\\s\\S]{1,63}$";
const enumText: JsonSchema = { type: "string", pattern: enumPattern, title: "a text of 1 to 63 characters" };
const enumItem: JsonSchema = { pattern: enumPattern, if: { type: "object" }, then: ref("enum value") };

function alternatives(options: readonly string[]): string {
  const quoted = options.map((option) => `\`${option}\``);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}`;
}

// What changing them means, where several rows agree.

const always = (rule: string): Changes => ({ added: rule, removed: rule, changed: rule });
const atLeast: Changes = { added: "FLD017", raised: "FLD017", lowered: "FLD018", removed: "FLD018" };
const atMost: Changes = { added: "FLD017", lowered: "FLD017", raised: "FLD018", removed: "FLD018" };
const deadline: Changes = { added: "TMO001", lowered: "TMO001", raised: "TMO002", removed: "TMO002" };
const members: Changes = { added: "FLD003 FLD004 FLD006 VER002", removed: "FLD001" };
// What has no versions has no names that are gone either.
const innerMembers: Changes = { added: "FLD004 FLD006", removed: "FLD001" };
const another: Changes = { changed: "FLD010 FLD013" };
const switched: Changes = { added: "TSK015", removed: "TSK015" };

const bounds = (bound: JsonSchema, what: string): Table => ({
  min: row(bound, `The least ${what}.`, { changes: atLeast }),
  max: row(bound, `The most ${what}.`, { changes: atMost }),
});
const unit = { unit: row(text("a unit, such as GiB"), "What the number counts; shown on pages and in docs.", { changes: always("FLD013") }) };
const typeOrMapping = "a type, such as `string`, or a mapping, such as `{ type: string, max: 63 }`";
const elements = {
  of: row({ ...ref("element"), title: typeOrMapping }, "What it holds: a type, or a type with its own modifiers.", { required: true, changes: another }),
  ...bounds(size, "elements it holds"),
};

// What resources and tasks have in common.
const versions: Table = {
  version: row(version, "The newest stored shape, which `fields` describes. Raised only where an old value must be changed to be read.", {
    default: "1", changes: { lowered: "VER008" },
  }),
  write: row(version, "The shape that this release writes. Readers learn a shape one release before it is written.", {
    default: "`version`", changes: { raised: "VER004", lowered: "VER008" },
  }),
  oldest: row(version, "The oldest shape that is still read.", { default: "1", changes: { raised: "VER003" } }),
};
const history: Table = {
  removed: row(oneOrMoreOf("tombstone", "a removed field or a list of them"), "Fields that are no more. Their names are never used again.", {
    changes: { added: "FLD002 VER002", removed: "FLD003" },
  }),
  upgrades: row(
    map({ type: "string", pattern: "^(?:[2-9]|[1-9][0-9]{1,8})$", title: "a version from 2" }, {
      type: ["string", "object"], pattern: "^code$", if: { type: "object" }, then: ref("upgrade"), title: "`code` or `{ set: { … } }`",
    }, "a mapping of versions to upgrades, such as `{ 2: code }`"),
    "How the shape before becomes shape n: `{ set: … }` gives constants for what is absent, `code` is written by hand.",
    { changes: { added: "VER002", removed: "VER005", changed: "VER005" } },
  ),
};
const replacedStates: Table = {
  replaced: row(map(name, name, "a mapping of old states to states"), "States that are gone and the state that each of them reads as.", {
    changes: { added: "STA003", removed: "STA002", changed: "STA003" },
  }),
};
const goneBy = (rule: string): Table => ({
  gone: row({ const: true, title: "`true`, or no `gone` at all" }, "Removed for ever. Of the document only this line stays, so that the name is never used again.", {
    changes: { added: rule, removed: "RES001" },
  }),
});
const storedName = (rule: string): Table => ({
  key: row(name, "The name it is stored and sent by: the old name of what was renamed.", { changes: { added: `${rule} FLD020`, changed: "FLD020", removed: "FLD020" } }),
});

const tables: Readonly<Record<KeywordKind, Table>> = {
  element: {
    doc: row(text("a text"), "What it is, for people; carried over to comments and pages."),
    deprecated: row(ref("deprecation"), "It is on its way out: since when, until when, and what to use instead."),
    stability: row(words("draft", "beta", "stable"), "How much its users may rely on it.", { default: "stable", changes: { lowered: "RES013" } }),
    allow: row(oneOrMoreOf("allowance", "an allowance or a list of them"), "Findings of the diff that are accepted here, each with a reason."),
  },
  resource: {
    resource: row(name, "The resource's name.", { required: true, changes: { added: "RES004 RES005", removed: "RES001" } }),
    extends: row(name, "The resource that this is a kind of. It shares that one's table, parent, `version` and `write`.", { changes: always("RES014") }),
    parent: row(name, "The resource that owns it; fixed at birth.", { default: "none", changes: always("REL001") }),
    ...storedName("RES006"),
    ...versions,
    fields: row(fieldMap, "What is remembered of it.", { changes: members }),
    ...history,
    unique: row(columns, "Combinations of fields, `parent`, `state` and `created_at` that no two of those not in `stop` share.", {
      changes: { added: "IDX003", removed: "IDX004" },
    }),
    indexes: row(columns, "Combinations of fields, `parent`, `state` and `created_at` by which it is found quickly.", {
      default: "`parent`, `state` and `created_at` are always indexed", changes: { added: "IDX001", removed: "IDX002" },
    }),
    states: row(
      { ...map(name, ref("resource state"), "a mapping of names to states, such as `{ live: { to: stop } }`"), minProperties: 1 },
      "The states it may be in. The first is where it starts.",
      { default: "`live: { to: stop }`", changes: { added: "STA001", removed: "STA002", changed: "STA005" } },
    ),
    ...replacedStates,
    api: row(ref("api"), "What clients may do with it.", { default: "not exposed", changes: { added: "API002", removed: "API001" } }),
    archive: row(ref("archive"), "When what is at rest in `stop` leaves its table, and how long it is kept."),
    plural: row(name, "The name of many of them, for routes and datasets.", { default: "by the English rule", changes: always("API003") }),
    own_key: row(bool, "Each has a key of its own, so that losing the key erases its secrets.", { default: "false", changes: always("RES015") }),
    ...goneBy("RES003"),
  },
  type: {
    type: row(name, "The type's name.", { required: true, changes: { added: "RES004", removed: "RES001" } }),
    fields: row(fieldMap, "The members of a record.", { changes: innerMembers }),
    is: row(ref("field"), "A field that bears this name. Its modifiers come with it.", { changes: { changed: "FLD013" } }),
    ...goneBy("RES003"),
  },
  field: {
    type: row(reference, "A field type, a named type, a resource (a reference to one), or a task (a reference to a run).", {
      required: true, changes: another,
    }),
    required: row(bool, "It is given at creation and never null.", { default: "false", changes: { added: "FLD014", removed: "FLD015" } }),
    default: row({}, "What creation writes and an absent field reads as.", { default: "none", changes: { added: "FLD016", removed: "FLD014 FLD015", changed: "FLD016" } }),
    immutable: row(bool, "It keeps the first value that is not null.", { default: "false", changes: { added: "FLD019", removed: "FLD019" } }),
    since: row(version, "The first shape that has it.", { default: "1", changes: always("VER002") }),
    ...storedName("FLD009"),
    check: row(code, "A hand-written predicate is asked when a value is given.", { default: "none", changes: { added: "FLD017", removed: "FLD018" } }),
    encrypted: row(
      {
        type: ["boolean", "object"], title: "`true` or `{ lookup: true }`",
        if: { type: "boolean" }, then: { const: true, title: "`true`, or no `encrypted` at all" }, else: ref("encryption"),
      },
      "The whole value is one secret.",
      { default: "stored in the open", changes: { added: "ENC001", removed: "ENC001 ENC002 ENC006" } },
    ),
  },
  "string field": {
    ...bounds(size, "Unicode code points"),
    pattern: row(text("a regular expression of JavaScript"), "What it matches, with the `u` flag; not anchored unless written so.", {
      changes: { added: "FLD017", changed: "FLD017", removed: "FLD018" },
    }),
  },
  "int field": { ...bounds({ type: "integer", title: "a whole number" }, "value"), ...unit },
  "float field": {
    ...bounds({ type: "number", title: "a finite number" }, "value"),
    ...unit,
    special: row(bool, "NaN and the infinities, in YAML `.nan`, `.inf` and `-.inf`, are values too.", { default: "false", changes: { added: "FLD010", removed: "FLD013" } }),
  },
  "bigint field": { ...bounds(of(forms.wholeText), "value"), ...unit },
  "decimal field": {
    ...bounds(of(forms.decimalText), "value"),
    scale: row(size, "The digits after the point.", { changes: always("FLD013") }),
  },
  "bool field": {},
  "uuid field": {},
  "url field": {},
  "date field": bounds(of(forms.date), "value"),
  "time field": bounds(of(forms.time), "value"),
  "duration field": bounds(of(forms.durationOrZero), "value"),
  "bytes field": bounds(size, "bytes"),
  "json field": {},
  "enum field": {
    of: row(
      {
        ...enumItem, type: ["string", "object", "array"], title: "a list of texts", minItems: 1,
        items: { ...enumItem, type: ["string", "object"], title: "a text of 1 to 63 characters, or `{ value: … }`" },
      },
      "The values it may have.",
      { required: true, changes: { added: "ENM001 ENM002", removed: "ENM003" } },
    ),
    open: row(bool, "Values that are not listed survive a round trip.", { default: "false", changes: { added: "FLD010", removed: "ENM007" } }),
    replaced: row(map(enumText, enumText, "a mapping of old values to values"), "Values that are gone and the value that each of them reads as.", {
      changes: { added: "ENM004", removed: "ENM003", changed: "ENM004" },
    }),
  },
  "list field": elements,
  "set field": elements,
  "dict field": elements,
  "map field": {
    keys: row({ ...ref("element"), title: typeOrMapping }, "What its keys are: a type that is a primitive in TypeScript.", { required: true, changes: another }),
    ...elements,
  },
  "record field": { fields: row(fieldMap, "Its members.", { required: true, changes: innerMembers }) },
  "enum value": {
    value: row(enumText, "The value.", { required: true }),
    since: row(version, "The first shape that has it.", { default: "1", changes: always("VER002") }),
    doc: row(text("a text"), "What it means, for people."),
    deprecated: row(ref("deprecation"), "It is on its way out: since when, until when, and what to use instead."),
  },
  encryption: {
    lookup: row(bool, "Values can be found by equality, through a blind index.", { default: "false", changes: always("ENC004") }),
    normalize: row(words("lower"), "What is done to a value before it is looked up.", { default: "nothing", changes: always("ENC004") }),
  },
  tombstone: {
    field: row(name, "The name that the field had.", { required: true }),
    until: row(whole(2, "a version from 2"), "The first shape that has it no more.", { default: "it left within the newest version", changes: always("VER002") }),
  },
  upgrade: {
    set: row({ type: "object", propertyNames: name, title: "a mapping of fields to values" }, "Constants for what is absent.", {
      required: true, changes: { changed: "VER005" },
    }),
  },
  deprecation: {
    since: row(of(forms.date), "The day from which it should not be used."),
    sunset: row(of(forms.date), "The day on which it may go."),
    use: row(text("a text that says what to use instead"), "What to use instead."),
  },
  allowance: {
    rule: row(of(forms.rule), "The rule that is not heeded here.", { required: true }),
    reason: row(text("a text that says why"), "Why.", { required: true }),
    expires: row(of(forms.date), "The day from which the rule is heeded again."),
  },
  "resource state": {
    to: row(stateNames, "Where it may be moved by who may move it.", { default: "nowhere", changes: { added: "TRN003", removed: "TRN001" } }),
    starts: row(reference, "The task that is started on entering.", { default: "none", changes: always("TSK013") }),
    then: row(name, "Where it goes when that run succeeds.", { changes: { changed: "STA011" } }),
    else: row(name, "Where it goes when that run fails.", { default: "`panic`", changes: { added: "STA011", removed: "STA011", changed: "STA011" } }),
    timeout: row(duration, "How long it may be in this state.", { default: "for ever", changes: deadline }),
    on_timeout: row(name, "Where it goes after that.", { default: "`else`, or `panic`", changes: always("STA011") }),
    expect: row(duration, "After this it counts as slow."),
    alarm: row(duration, "After this a person hears of it."),
  },
  api: {
    list: row(ref("api list"), "Clients may list them.", { changes: { added: "API002", removed: "API001" } }),
    get: row(bool, "Clients may read one.", { default: "false", changes: { added: "API002", removed: "API001" } }),
    create: row(names, "Clients may create one, and give these fields, and the parent always.", { changes: { added: "API002 API004", removed: "API001 API006" } }),
    update: row(names, "Fields that clients may change.", { changes: { added: "API002", removed: "API001 API006" } }),
    moves: row(map(name, names, "a mapping of states to lists of fields"), "States that clients may ask for, and the fields they may set in doing so.", {
      changes: { added: "API002 API004", removed: "API001 API006" },
    }),
    delete: row(name, "The state that DELETE asks for.", { changes: { added: "API002", removed: "API001" } }),
    start: row(references, "Tasks that clients may start.", { changes: { added: "API002", removed: "API001" } }),
    hide: row(names, "Fields that clients do not see.", { changes: { added: "API009", removed: "API010 ENC006" } }),
    strict: row(bool, "Changes that do not say by `If-Match` what was read are refused.", { default: "false", changes: { added: "API017" } }),
  },
  "api list": {
    filter: row(names, "What clients may filter by: fields, `parent`, `state`, `created_at`.", { changes: { added: "API002", removed: "API001" } }),
    sort: row(names, "What clients may sort by: fields, `parent`, `state`, `created_at`.", { changes: { added: "API002", removed: "API001" } }),
  },
  archive: {
    after: row(duration, "How long after its end it is archived.", { default: "30d", changes: { lowered: "RES011" } }),
    keep: row(duration, "How long it is kept then.", { default: "for ever", changes: { added: "RES011", lowered: "RES011" } }),
  },
  task: {
    task: row(name, "The task's name.", { required: true, changes: { added: "RES004 RES005", removed: "RES001" } }),
    of: row(name, "The resource it acts on.", { default: "nothing: a global job", changes: always("TSK008") }),
    ...storedName("RES006"),
    ...versions,
    args: row(fieldMap, "What the caller gives; unchangeable after the start.", { changes: { added: "FLD003 FLD004 TSK004 VER002", removed: "FLD001" } }),
    fields: row(fieldMap, "What is remembered of a run.", { changes: members }),
    ...history,
    unique: row(words("resource", "args", "none"), "How many live runs there may be: one a resource, one for equal args, any number.", {
      default: "resource", changes: always("TSK009"),
    }),
    queue: row(ref("queue"), "Where and how urgently it waits for a worker."),
    limit: row(ref("limit"), "How much of it may happen at once."),
    should_start: row(bool, "It is asked in `new`, every 30 s until it says yes, whether to start.", { default: "false", changes: switched }),
    should_stop: row(bool, "It is asked before each handler whether to stop, which is a success.", { default: "false", changes: switched }),
    while: row(stateNames, "States of the resource in which it may be started.", { default: "all but `stop`" }),
    archive: row(ref("task archive"), "How long a finished run stays readable."),
    timeout: row(duration, "How long a run may take in all; then it panics.", { default: "for ever", changes: deadline }),
    states: row(
      { ...map(name, ref("task state"), "a mapping of names to states, such as `{ run: { to: stop } }`"), minProperties: 1 },
      "Its steps. The first is where a run starts.",
      { required: true, changes: { added: "STA001 TSK006", removed: "STA002", changed: "STA005" } },
    ),
    ...replacedStates,
    on_panic: row(name, "The state that cleans up after a panic, or `escalate`: the resource panics too.", { default: "it waits in `panic`", changes: switched }),
    on_stop: row(code, "A hand-written handler is passed before the end, however it ends.", { default: "none", changes: switched }),
    every: row(ref("every"), "It is started by the clock.", { changes: { added: "TSK013", removed: "TSK013" } }),
    triggers: row(oneOrMoreOf("trigger", "a trigger or a list of them"), "It is started when another task of the same resource ends.", {
      changes: { added: "TSK013", removed: "TSK013" },
    }),
    ...goneBy("TSK001"),
  },
  "task archive": {
    keep: row(duration, "How long a finished run stays readable.", { default: "365d", changes: { added: "RES011", lowered: "RES011" } }),
  },
  queue: {
    lane: row(name, "A lane of `pliny.yaml`.", { default: "the common one", changes: always("TSK010") }),
    priority: row({ type: "integer", title: "a whole number" }, "Which goes first when several wait: the greater.", { default: "0" }),
  },
  limit: {
    concurrency: row(whole(1, "a whole number from 1"), "How many runs may go on at once.", { changes: { added: "TSK012", lowered: "TSK012" } }),
    rate: row(of(forms.rate), "How many runs may be begun in a time.", { changes: { added: "TSK012", changed: "TSK012" } }),
  },
  every: {
    interval: row(duration, "How often.", { required: true, changes: { changed: "SCH001" } }),
    while: row(stateNames, "States of the resource in which it is started.", { default: "as the task's `while`", changes: always("SCH001") }),
    missed: row(words("skip", "latest", "all"), "What becomes of times that passed while nobody could start it.", { default: "latest", changes: always("SCH001") }),
    spread: row(bool, "Resources take their turns over the interval instead of all at once.", { default: "false", changes: always("SCH001") }),
  },
  trigger: {
    task: row(reference, "The task whose end starts this one.", { required: true, changes: always("TSK013") }),
    ends: row(words("success", "failure", "any"), "How it must have ended.", { required: true, changes: always("TSK013") }),
  },
  "task state": {
    to: row(stateNames, "Where the handler may go.", { required: true, changes: { added: "TRN003 TSK006", removed: "TRN001" } }),
    timeout: row(duration, "How long the handler may take.", { default: "15m", changes: deadline }),
    on_timeout: row(name, "The state it goes to after that.", { default: "`panic`", changes: always("STA011") }),
    retry: row(ref("retry"), "What a throw costs."),
    poll: row(duration, "The handler may `stay()` and is called again after this.", { changes: { added: "STA009", removed: "STA009" } }),
    spawns: row(references, "Tasks that it may start; the move waits for them.", { changes: { added: "STA009 SUB001", removed: "STA009 SUB001" } }),
    join: row(words("all", "any"), "Whether the move waits for all of them, or for one, and the rest are stopped.", { default: "all", changes: always("SUB001") }),
    breaker: row(name, "A breaker of `pliny.yaml`.", { default: "none", changes: always("TSK012") }),
    on_unknown: row(name, "Where it goes when nobody knows whether the handler had its effect. It is called at most once a step.", {
      changes: { added: "TSK014", removed: "TSK014", changed: "STA011" },
    }),
    expect: row(duration, "After this it counts as slow."),
    alarm: row(duration, "After this a person hears of it."),
  },
  retry: {
    max: row(whole(1, "a whole number from 1"), "How often it is tried in all.", { default: "3", changes: { lowered: "TMO005" } }),
    backoff: row(of(forms.range), "How long it waits before it tries again.", { default: "1s..1m" }),
  },
  config: {
    rules: row({ type: "integer", enum: [1], title: "1, the only set of rules so far" }, "The set of rules that the diff goes by.", { default: "1" }),
    app: row(text("a path, such as specs/app.ts"), "The module that exports `app`, which the commands that run it load."),
    imports: row(words("js", "ts"), "How generated code writes the ending of its imports.", { default: "js" }),
    lanes: row(map(name, ref("lane"), "a mapping of names to lanes, such as `{ slow: {} }`"), "The lanes that tasks may queue in."),
    breakers: row(map(name, ref("breaker"), "a mapping of names to breakers"), "The breakers that task states may go by."),
    contract_after: row(duration, "How long after a deployment what the old release needed may be dropped.", { default: "7d" }),
    levels: row(map(of(forms.rule), words("off", "warn", "error"), "a mapping of rules to levels, such as `{ IDX006: off }`"), "How much each rule matters."),
  },
  lane: { encrypted: row(bool, "What is sent through it is sealed.", { default: "false", changes: always("TSK010") }) },
  breaker: {
    failures: row(whole(1, "a whole number from 1"), "So many failures open it …", { required: true, changes: { changed: "TSK012" } }),
    within: row(duration, "… within this time.", { required: true, changes: { changed: "TSK012" } }),
    open: row(duration, "How long it stays open before one is let through to try.", { required: true, changes: { changed: "TSK012" } }),
  },
};

/** The rows, in the order of the language's tables. */
export const keywords: readonly Keyword[] = kindNames().flatMap((kind) =>
  Object.entries(tables[kind]).map(([keyword, found]) => ({ kind, keyword, ...found })),
);

export function findKeyword(kind: KeywordKind, keyword: string): Keyword | undefined {
  return keywords.find((each) => each.kind === kind && each.keyword === keyword);
}

function kindNames(): readonly KeywordKind[] {
  return Object.keys(kinds).filter((kind): kind is KeywordKind => Object.hasOwn(kinds, kind));
}

/** The types that the language brings along, and the default that a field of each may have; null where it may have none. */
const defaults = {
  string: { type: "string", title: "a text" },
  int: { type: "integer", title: "a whole number" },
  // What is a number to YAML and none to JSON (`.nan`, `.inf`) passes; whether its field takes it is for `check` to say.
  float: { if: { type: ["null", "boolean", "string", "array", "object"] }, then: { type: "number", title: "a number" } },
  bigint: of(forms.wholeText),
  decimal: of(forms.decimalText),
  bool,
  uuid: of(forms.uuid),
  url: text("a URL"),
  date: of(forms.date),
  time: of(forms.time),
  duration: of(forms.durationOrZero),
  bytes: null,
  json: {},
  enum: enumText,
  list: null,
  set: null,
  dict: null,
  map: null,
  record: null,
} as const satisfies Record<string, JsonSchema | null>;

export type FieldTypeName = keyof typeof defaults;

export const fieldTypeNames: readonly FieldTypeName[] =
  Object.keys(defaults).filter((each): each is FieldTypeName => Object.hasOwn(defaults, each));

// A type that cannot be named alone, for it must say what it holds.
const incomplete = fieldTypeNames.filter((each) => Object.values(tables[`${each} field`]).some((own) => own.required));

/** The JSON Schema of a spec document, for editors; that of `pliny.yaml` is its definition `config`. */
export function languageSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "a spec: a resource, a task or a named type",
    type: "object",
    if: { required: ["resource"] },
    then: ref("resource"),
    else: { if: { required: ["task"] }, then: ref("task"), else: { if: { required: ["type"] }, then: ref("type"), else: { required: ["resource"] } } },
    definitions: definitions(),
  };
}

/** The JSON Schema of `pliny.yaml`, for editors. */
export function configSchema(): JsonSchema {
  return { $schema: "http://json-schema.org/draft-07/schema#", ...ref("config"), definitions: definitions() };
}

function definitions(): Readonly<Record<string, JsonSchema>> {
  const inherited = ["resource", "extends", "key", "fields", "removed", "states", "replaced", "unique", "indexes", "api"];
  const { resource, task, type, element } = tables;
  const plain: readonly KeywordKind[] = [
    "enum value", "encryption", "upgrade", "deprecation", "allowance", "api", "api list", "archive", "task archive", "queue", "limit", "every",
    "trigger", "retry", "config", "lane", "breaker",
  ];
  return {
    resource: goneOr("resource", tables.resource, {
      if: { required: ["extends"] },
      then: object("a resource that extends another", { ...pick(resource, inherited), ...element }),
      else: object(kinds.resource, { ...omit(resource, ["gone", "extends"]), ...element }),
    }),
    task: goneOr("task", task, object(kinds.task, { ...omit(task, ["gone"]), ...element })),
    type: goneOr("type", type, {
      if: { required: ["is"] },
      then: object("a named type with `is`", { ...omit(type, ["gone", "fields"]), ...element }),
      else: withRequired(object(kinds.type, { ...omit(type, ["gone"]), ...element }), "fields"),
    }),
    "resource state": object(kinds["resource state"], { ...tables["resource state"], ...element }),
    "task state": object(kinds["task state"], { ...tables["task state"], ...element }),
    field: {
      type: ["string", "object"],
      ...typeAlone(),
      if: { type: "object" },
      then: {
        title: kinds.field,
        ...byType("field", { ...tables.field, ...element }),
        properties: properties({ ...omit(tables.field, ["default"]), ...element }),
        required: ["type"],
      },
      title: typeOrMapping,
    },
    element: {
      type: ["string", "object"],
      ...typeAlone(),
      if: { type: "object" },
      then: {
        title: "an element",
        ...byType("element", pick(tables.field, ["type"])),
        properties: properties(pick(tables.field, ["type"])),
        required: ["type"],
      },
      title: typeOrMapping,
    },
    tombstone: {
      type: "object",
      title: "a mapping, such as `{ field: host, type: string }`",
      allOf: [
        {
          title: kinds.tombstone,
          properties: properties({ ...omit(tables.field, ["default"]), ...tables.tombstone, ...element }),
          required: ["field", "type"],
        },
        byType("removed field", { ...tables.field, ...tables.tombstone, ...element }),
      ],
    },
    ...Object.fromEntries(plain.map((kind) => [kind, object(kinds[kind], tables[kind])])),
  };
}

/** Beside `gone` stand only the name, `of` for a task, and `doc`. */
function goneOr(kind: "resource" | "task" | "type", table: Table, otherwise: JsonSchema): JsonSchema {
  const kept = { ...pick(table, kind === "task" ? ["task", "of", "gone"] : [kind, "gone"]), ...pick(tables.element, ["doc"]) };
  return { type: "object", title: kinds[kind], if: { required: ["gone"] }, then: object(`${kinds[kind]} that is gone`, kept), else: otherwise };
}

/** A type by itself, without a mapping: any but those that must say what they hold. */
function typeAlone(): JsonSchema {
  return {
    pattern: forms.reference.pattern,
    allOf: [{ if: { enum: incomplete }, then: { type: "object", title: "a mapping that says what it holds, such as `{ type: list, of: string }`" } }],
  };
}

/** Which modifiers may stand beside which type. The values of those `onAny` are checked by the caller, once for all types. */
function byType(what: string, onAny: Table): JsonSchema {
  const article = /^[aeiou]/.test(what) ? "an" : "a";
  const allowed = Object.fromEntries(Object.keys(onAny).map((keyword): [string, true] => [keyword, true]));
  const builtIn = fieldTypeNames.map((type): JsonSchema => {
    const { default: _, ...others } = allowed;
    const given = defaults[type];
    const mayDefault = allowed["default"] !== undefined && given !== null;
    const own = object(`${article} ${what} of type ${type}`, tables[`${type} field`]);
    const byDefault = mayDefault ? { default: { ...given, description: tables.field["default"]?.doc ?? "" } } : {};
    return {
      if: { properties: { type: { const: type } } },
      then: { ...own, properties: { ...others, ...own.properties, ...byDefault } },
    };
  });
  const everyOwn = fieldTypeNames.flatMap((type) => Object.keys(tables[`${type} field`]));
  const anything = Object.fromEntries(everyOwn.map((keyword): [string, true] => [keyword, true]));
  return {
    allOf: [{
      if: { required: ["type"], properties: { type: { type: "string" } } },
      then: {
        if: { properties: { type: { enum: fieldTypeNames } } },
        then: { allOf: builtIn },
        else: { properties: allowed, additionalProperties: false, title: `${article} ${what} of a named type or a reference` },
      },
      else: { properties: { ...allowed, ...anything }, additionalProperties: false, title: `${article} ${what}` },
    }],
  };
}

function object(title: string, table: Table): JsonSchema {
  const required = Object.keys(table).filter((keyword) => table[keyword]?.required === true);
  return { type: "object", title, properties: properties(table), additionalProperties: false, ...(required.length > 0 ? { required } : {}) };
}

function withRequired(schema: JsonSchema, keyword: string): JsonSchema {
  return { ...schema, required: [...(schema.required ?? []), keyword] };
}

function properties(table: Table): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(table).map(([keyword, { schema, doc }]) => [keyword, { ...schema, description: doc }]));
}

function pick(table: Table, keys: readonly string[]): Table {
  return Object.fromEntries(Object.entries(table).filter(([keyword]) => keys.includes(keyword)));
}

function omit(table: Table, keys: readonly string[]): Table {
  return Object.fromEntries(Object.entries(table).filter(([keyword]) => !keys.includes(keyword)));
}
