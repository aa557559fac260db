// Specs of any number of resources, for the benchmarks: each has eight fields, four states and two tasks, and lies in a file of its own.

import type { SourceFile } from "../../../compiler/source.js";

/** `count` specs, in the style of specs/. The same count gives the same bytes. */
export function manySpecs(count: number): readonly SourceFile[] {
  return Array.from({ length: count }, (_, at) => ({ path: `specs/${nameOf(at).replaceAll("_", "-")}.yaml`, text: spec(at) }));
}

/** `server_0042`: names of one length, so that the sizes of files do not wander with the count. */
function nameOf(at: number): string {
  return `server_${String(at).padStart(4, "0")}`;
}

function spec(at: number): string {
  const name = nameOf(at);
  const other = nameOf(Math.max(0, at - 1));
  return `resource: ${name}
doc: The server of row ${at}, which a team rents and which may be resized.
fields:
  name:     { type: string, max: 63, pattern: '^[a-z][a-z0-9-]*$', required: true, immutable: true }
  plan:     { type: enum, of: [hobby, standard, premium], default: hobby }
  region:   { type: enum, of: [eu, us], open: true }
  address:  { type: url }
  password: { type: string, encrypted: true }
  before:   { type: ${other}, doc: The one that it takes the place of. }
  window:   { type: duration, default: 1h }
  labels:   { type: dict, of: string }
indexes: [[plan, state]]
states:
  creating: { starts: provision, then: online, else: failed, timeout: 1h }
  online:   { to: [failed, deleting] }
  failed:   { to: [creating, deleting] }
  deleting: { starts: remove, then: stop, else: failed }
api:
  list:   { filter: [plan, state], sort: [created_at] }
  get:    true
  create: [name, plan, region]
  update: [window, labels]
  moves:  { deleting: [] }
---
task: provision
of: ${name}
fields: { machine_id: string, dns_name: string }
states:
  allocate: { to: [boot], timeout: 5m }
  boot:     { to: [verify], timeout: 15m, poll: 30s }
  verify:   { to: [stop], timeout: 10m, retry: { max: 10, backoff: 5s..1m } }
---
task: remove
of: ${name}
fields: { requested_by: string }
states:
  drain:   { to: [destroy], timeout: 30m }
  destroy: { to: [stop], timeout: 10m }
`;
}
