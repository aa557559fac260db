// A project with one given text in every place where a spec holds free text: docs, patterns, enum values, defaults, reasons. What is
// generated from it must have the same shape whatever that text is.

import type { SourceFile } from "../../compiler/source.js";

/**
 * Stands on either side of the given text, so that it can be found again in what was generated. It is no identifier, so that whatever it
 * stands in is quoted whatever the text.
 */
export const marker = "zq-0";

export function nastySources(text: string): readonly SourceFile[] {
  const words = `${marker}${text}${marker}`;
  const [resource, task, job, type, gone] = documents(words);
  // JSON is YAML, and its quoting can carry any text.
  const asYaml = (value: unknown): string =>
    JSON.stringify(value, null, 2).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return [
    { path: "specs/crate.yaml", text: [resource, task].map(asYaml).join("\n---\n") },
    { path: "specs/rest.yaml", text: [job, type, gone].map(asYaml).join("\n---\n") },
  ];
}

function documents(words: string): readonly unknown[] {
  const doc = words;
  const deprecated = { since: "2027-01-31", sunset: "2028-01-31", use: words };
  const element = { doc, deprecated, stability: "beta", allow: [{ rule: "FLD001", reason: words, expires: "2028-01-31" }] };
  // Two values that differ after any cut or change of case.
  const of = [`a${words}`, { value: `b${words}`, doc, deprecated }];
  const pattern = words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return [
    {
      resource: "crate",
      ...element,
      version: 2,
      fields: {
        label: { type: "string", default: words, pattern, ...element },
        colour: { type: "enum", of, default: `a${words}`, replaced: { [`c${words}`]: `a${words}` }, doc },
        open: { type: "enum", of, open: true, doc },
        colours: { type: "list", of: { type: "enum", of } },
        extra: { type: "json", default: { [words]: [words] }, doc },
        weight: { type: "decimal", default: "1.50", doc },
        inner: { type: "record", doc, fields: { note: { type: "string", default: words, pattern, doc } } },
        sticker: { type: "sticker" },
        since_two: { type: "string", since: 2, required: true, doc },
      },
      removed: [{ field: "left", type: "string", until: 2, pattern, doc }],
      upgrades: { 2: { set: { since_two: words } } },
      indexes: [["colour"], ["label"]],
      states: { packing: { starts: "pack", then: "packed", else: "packed", timeout: "1h", doc }, packed: { to: "stop", doc } },
      api: { list: { filter: ["colour"], sort: ["label"] }, get: true, create: ["label", "colour", "since_two"], start: ["pack"] },
    },
    {
      task: "pack",
      of: "crate",
      ...element,
      args: { note: { type: "string", default: words, pattern, doc }, kind: { type: "enum", of, default: `b${words}`, doc } },
      fields: { found: { type: "string", default: words, doc } },
      states: { wrap: { to: "stop", doc } },
    },
    {
      task: "sweep",
      ...element,
      every: { interval: "1h" },
      args: { note: { type: "string", default: words, doc } },
      states: { sweep: { to: "stop", doc } },
    },
    {
      type: "sticker",
      ...element,
      fields: { text: { type: "string", default: words, pattern, doc }, tone: { type: "enum", of, default: `a${words}` } },
    },
    { resource: "barrel", gone: true, doc },
  ];
}
