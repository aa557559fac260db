// Rules of what clients see.

import { fieldOf, type Change } from "../diff.js";
import type { SpecValue } from "../document.js";
import { findTask, taskOf, type Field, type Resource } from "../model.js";
import { restored, withMember } from "./edits.js";
import { accepted } from "./resources.js";
import { fieldSaid, fieldsOf, isPastSunset, nameOf, rule, type Rule } from "./rule.js";

/** What a change of `api` is of, in words: `the filter by 'plan'`. */
function offered({ keyword, kind }: Change, value: SpecValue | undefined): string {
  if (kind === "resource") return "the API";
  const text = typeof value === "string" ? `'${value}'` : "";
  const many = Array.isArray(value) ? `the field '${String(value[1])}' in the move to '${String(value[0])}'` : "";
  if (many !== "") return many;
  const words: Readonly<Record<string, string>> = {
    filter: `the filter by ${text}`,
    sort: `the sort by ${text}`,
    moves: `the move to ${text}`,
    start: `the start of ${text}`,
    delete: "`delete`",
  };
  return text !== "" && (keyword === "create" || keyword === "update")
    ? `the field ${text} in \`${keyword}\``
    : (words[keyword] ?? `\`${keyword}\``);
}

function resourceOf({ element }: Change, side: "before" | "after"): Resource | null {
  const resource = element?.[side] ?? null;
  return resource?.kind === "resource" ? resource : null;
}

/** The field that a change of a list of fields speaks of. */
function listed(change: Change, side: "before" | "after"): Field | null {
  const value = change[side]?.value;
  const name = Array.isArray(value) ? value[1] : value;
  const resource = resourceOf(change, side);
  return typeof name !== "string" || resource === null ? null : (fieldOf(change.models[side], resource, name) ?? null);
}

/** Whatever of it may carry `deprecated` is past its sunset: the resource, the state, the task or the field. */
function isRetired(change: Change, today: string): boolean {
  const resource = resourceOf(change, "before");
  const value = change.before?.value;
  if (resource === null) return false;
  const task =
    typeof value === "string" && change.keyword === "start"
      ? (taskOf(change.models.before, resource, value) ?? findTask(change.models.before, value))
      : undefined;
  const state = change.keyword === "moves" ? resource.states.find((each) => each.name === value) : undefined;
  return [resource, task, state, listed(change, "before")].some((element) => isPastSunset(element, today));
}

/** One field of `create`, `update` or a move, and not the method. */
function isOneField({ keyword, before, after }: Change): boolean {
  const value = before?.value ?? after?.value;
  return keyword === "moves" ? Array.isArray(value) : (keyword === "create" || keyword === "update") && typeof value === "string";
}

function isOwed(field: Field | null): boolean {
  return field !== null && field.required && field.default === undefined;
}

export const apiRules: readonly Rule[] = [
  rule(
    "API001",
    ["error", "W S"],
    {
      change: "A method, a move, a start, a filter or a sort is removed before its sunset.",
      why: "Clients that use it are refused from the moment of the deployment, and those that are generated from the API no longer compile.",
      safe: "Write `deprecated` with a `sunset` beside the resource, the state, the task or the field; remove it when that day has come.",
      example: {
        before: "resource: database\nfields: { plan: string }\napi: { list: {}, get: true }",
        after: "resource: database\nfields: { plan: string }\napi: { list: {} }",
        safe: "resource: database\nfields: { plan: string }\ndeprecated: { since: 2026-01-31, sunset: 2026-07-31, use: instances }\napi: { list: {}, get: true }",
      },
    },
    (change, { today }) => {
      if (isOneField(change)) return null;
      const retired = isRetired(change, today);
      return {
        message: `${nameOf(change)} no longer offers ${offered(change, change.before?.value)}${retired ? ", whose sunset has come" : ""}.`,
        ...(retired ? { severity: "info" as const } : {}),
        actions: retired ? [] : [restored(change, "Leave it, and write `deprecated` with a `sunset`.")],
      };
    },
  ),

  rule(
    "API002",
    ["info", ""],
    {
      change: "Something is added to the API.",
      why: "Nobody asks for it yet.",
      safe: "Nothing is to be done.",
      example: { before: "resource: database\napi: { list: {} }", after: "resource: database\napi: { list: {}, get: true }", safe: null },
    },
    (change) =>
      isOneField(change) && isOwed(listed(change, "after"))
        ? null
        : { message: `${nameOf(change)} offers ${offered(change, change.after?.value)}.` },
  ),

  rule(
    "API003",
    ["error", "W"],
    {
      change: "The plural changes, and with it every address.",
      why: "Addresses that clients have stored or linked to lead nowhere.",
      safe: "Write the old plural beside the new name.",
      example: {
        before: "resource: database\napi: { get: true }",
        after: "resource: database\nplural: dbs\napi: { get: true }",
        safe: "resource: instance\nkey: database\nplural: databases\napi: { get: true }",
      },
    },
    (change) => {
      const { before, after } = { before: resourceOf(change, "before"), after: resourceOf(change, "after") };
      if (before === null || after === null || before.api === null) return null;
      return {
        message: `The plural of ${nameOf(change)} goes from '${before.plural}' to '${after.plural}'.`,
        actions: [{ text: `Write \`plural: ${before.plural}\`.`, edits: withMember(after.at, "plural", before.plural) }],
      };
    },
  ),

  rule(
    "API004",
    ["error", "W S"],
    {
      change: "A required field is added to `create` or to a move.",
      why: "Clients that do not know of it leave it out, and are refused.",
      safe: "Add it as optional or with a default first; require it when clients give it.",
      example: {
        before: "resource: database\nfields: { plan: { type: string, required: true } }\napi: { create: [plan], get: true }",
        after:
          "resource: database\nversion: 2\nwrite: 1\nupgrades: { 2: { set: { region: eu } } }\nfields: { plan: { type: string, required: true }, region: { type: string, required: true, since: 2 } }\napi: { create: [plan, region], get: true }",
        safe: "resource: database\nfields: { plan: { type: string, required: true }, region: { type: string, default: eu } }\napi: { create: [plan, region], get: true }",
      },
    },
    (change) => {
      const field = listed(change, "after");
      if (!isOneField(change) || change.keyword === "update" || field === null || !isOwed(field)) return null;
      return {
        message: `Clients of ${nameOf(change)} have to give '${field.name}' in ${change.keyword === "create" ? "`create`" : "a move"}.`,
        actions: [{ text: "Give it a `default`, or let it be optional first.", edits: [] }],
      };
    },
  ),

  rule(
    "API006",
    ["warning", "W S"],
    {
      change: "A field is removed from `create`, `update` or a move.",
      why: "Clients that still send it are not heard: it is accepted and ignored until the sunset.",
      safe: "Write `deprecated` beside the field first.",
      example: {
        before: "resource: database\nfields: { plan: string, note: string }\napi: { get: true, update: [plan, note] }",
        after: "resource: database\nfields: { plan: string, note: string }\napi: { get: true, update: [plan] }",
        safe: null,
      },
    },
    (change) =>
      isOneField(change) ? { message: `Clients of ${nameOf(change)} no longer set ${offered(change, change.before?.value)}.` } : null,
  ),

  rule(
    "API009",
    ["error", "W S"],
    {
      change: "A field is hidden that clients saw.",
      why: "Clients that read it find nothing, and those that are generated from the API no longer compile.",
      safe: "Write `deprecated` with a `sunset` beside the field, and hide it when that day has come.",
      example: {
        before: "resource: database\nfields: { plan: string, note: string }\napi: { get: true }",
        after: "resource: database\nfields: { plan: string, note: string }\napi: { get: true, hide: note }",
        safe: "resource: database\nfields: { plan: string, note: { type: string, deprecated: { since: 2026-01-31, sunset: 2026-07-31 } } }\napi: { get: true }",
      },
    },
    (change, { today }) => {
      const field = listed(change, "after");
      const resource = resourceOf(change, "before");
      const before =
        resource === null || field === null
          ? null
          : (fieldOf(change.models.before, resource, field.name) ?? [...resource.fields].find((each) => each.key === field.key) ?? null);
      // What clients never saw is no loss to them.
      if (field === null || before === null) return null;
      const retired = isPastSunset(before, today);
      return {
        message: `Clients of ${nameOf(change)} no longer see '${field.name}'${retired ? ", whose sunset has come" : ""}.`,
        ...(retired ? { severity: "info" as const } : {}),
        actions: retired ? [] : [restored(change, "Show it, and write `deprecated` with a `sunset` beside the field.")],
      };
    },
  ),

  rule(
    "API010",
    ["info", "W"],
    {
      change: "A field is shown that was hidden.",
      why: "Clients that refuse what they do not know would notice; pliny's own do not.",
      safe: "Nothing is to be done.",
      example: {
        before: "resource: database\nfields: { plan: string, note: string }\napi: { get: true, hide: note }",
        after: "resource: database\nfields: { plan: string, note: string }\napi: { get: true }",
        safe: null,
      },
    },
    (change) => {
      const resource = resourceOf(change, "after");
      const key = listed(change, "before")?.key;
      const field = resource === null ? undefined : [...resource.fields].find((each) => each.key === key);
      return field === undefined || field.encrypted !== null ? null : { message: `Clients of ${nameOf(change)} see '${field.name}' now.` };
    },
  ),

  rule(
    "API017",
    ["error", "W"],
    {
      change: "`strict` is switched on.",
      why: "Clients that change something without saying what they have read, by `If-Match`, are refused from now on.",
      safe: "Have all clients send `If-Match`, and accept it with `allow` when none is left that does not.",
      example: {
        before: "resource: database\nfields: { plan: string }\napi: { get: true, update: [plan] }",
        after: "resource: database\nfields: { plan: string }\napi: { get: true, update: [plan], strict: true }",
        safe: "resource: database\nallow: { rule: API017, reason: all clients send it }\nfields: { plan: string }\napi: { get: true, update: [plan], strict: true }",
      },
    },
    (change) => ({ message: `The API of ${nameOf(change)} refuses changes without \`If-Match\`.`, actions: [accepted("API017")] }),
  ),

  rule(
    "ENC006",
    ["error", "W"],
    {
      change: "A secret becomes visible: it is taken from `hide`, or `encrypted` is dropped from a field of the API.",
      why: "Whoever may read the resource reads the secret, in lists, logs and caches. What was seen once cannot be hidden again.",
      safe: "Hide it; or accept it with `allow`, whose reason says why it is no secret.",
      example: {
        before: "resource: database\nfields: { password: { type: string, encrypted: true } }\napi: { get: true, hide: password }",
        after: "resource: database\nfields: { password: { type: string, encrypted: true } }\napi: { get: true }",
        safe: "resource: database\nfields: { password: { type: string, encrypted: true } }\nallow: { rule: ENC006, reason: it is shown to its owner only }\napi: { get: true }",
      },
    },
    (change) => {
      const resource = resourceOf(change, "after");
      if (resource === null || resource.api === null) return null;
      const hide = { text: "Write it under `hide` again.", edits: [] };
      if (change.keyword === "hide") {
        const key = listed(change, "before")?.key;
        const field = [...resource.fields].find((each) => each.key === key);
        if (field === undefined || field.encrypted === null) return null;
        return {
          message: `Clients of ${nameOf(change)} see the secret '${field.name}'.`,
          actions: [restored(change, hide.text), accepted("ENC006")],
        };
      }
      const field = change.fields[0]?.after ?? null;
      if (fieldsOf(change).after === null || field === null || change.list !== "fields" || resource.api.hide.includes(field.name))
        return null;
      return {
        message: `Clients of ${nameOf(change)} see what was secret: ${fieldSaid(change)} is no longer encrypted.`,
        actions: [hide, accepted("ENC006")],
      };
    },
  ),
];
