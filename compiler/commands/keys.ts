// `pliny keys`: keyrings edited key by key, in files or as text; and what the keys in them have sealed, counted, rotated and shredded.

import { addKey, type GrownKeyring, type KeyFacts, keyrings, type KeyringUse, listKeys, promoteKey, removeKey, retireKey } from "../../runtime/commands/keyring-text.js";
import type { KeyStatus } from "../../runtime/commands/keys.js";
import type { OpenApp } from "../../runtime/commands/open.js";
import { writeKeyring } from "../files.js";
import { type DatabaseOptions, type KeyringPlace, keyringPlace, keyringText, paceOf, type PaceOptions, progressLines, unknownResource, withApp } from "./app.js";
import { type Context, orUnusable, type Outcome, plural, unusable, Unusable } from "./outcome.js";

export interface KeyringOptions {
  readonly use: KeyringUse;
  /** The file that holds it; null for where the environment says that it is. */
  readonly file: string | null;
}

export interface NewKeyOptions extends KeyringOptions {
  readonly alg: string | null;
  readonly id: number | null;
}

/** A keyring for whoever keeps it; nothing is written. */
export function generateKeyring({ use, alg }: Pick<NewKeyOptions, "use" | "alg">): Promise<Outcome> {
  return orUnusable(() => {
    const { text, added } = addKey(null, use, { alg, id: null });
    const notes = [`note: this is a new ${keyrings[use].name}. Keep it where ${keyrings[use].variable} will find it, and nowhere else`];
    return { exitCode: 0, diagnostics: [], facts: { use, key: added, keyring: text }, lines: [text.trimEnd()], notes };
  });
}

export function listKeyring(context: Context, options: KeyringOptions): Promise<Outcome> {
  return withText(context, options, ({ text }) => {
    const keys = listKeys(text, options.use);
    return { exitCode: 0, diagnostics: [], facts: { use: options.use, keys }, lines: table(["key", "state", "alg", "check value"], keys.map(cells)) };
  });
}

export function addToKeyring(context: Context, { alg, id, ...options }: NewKeyOptions): Promise<Outcome> {
  return withKeyring(context, options, ({ text, place }) => {
    // A file that is named and not there is made; a variable that is not set names no place to make one.
    const { text: grown, added }: GrownKeyring = addKey(text, options.use, { alg, id });
    const said = added.state === "primary" ? `Key ${added.id} is the first of a new keyring, and primary` : `Key ${added.id} is staged. Once every process has this keyring: pliny keys promote ${added.id}`;
    return replaced(context, options.use, { place, text: grown, said, key: added.id });
  });
}

export function promoteInKeyring(context: Context, options: KeyringOptions, key: string): Promise<Outcome> {
  const id = keyId(key);
  if (id === null) return Promise.resolve(unusable(noKeyId));
  return withText(context, options, ({ text, place }) =>
    replaced(context, options.use, {
      place, text: promoteKey(text, options.use, id), key: id,
      said: `Key ${id} is primary. Once every process has this keyring: pliny keys rotate`,
    }),
  );
}

export function retireInKeyring(context: Context, options: KeyringOptions, key: string): Promise<Outcome> {
  const id = keyId(key);
  if (id === null) return Promise.resolve(unusable(noKeyId));
  return withText(context, options, ({ text, place }) =>
    replaced(context, options.use, {
      place, text: retireKey(text, options.use, id), key: id,
      said: `Key ${id} is disabled, and opens nothing. Were pliny keys status to count rows that use it, set its state to decrypt again`,
    }),
  );
}

/** Every key, how many rows use it, and what comes next. A key that is used and cannot open is a finding. */
export function showStatus(context: Context, options: DatabaseOptions): Promise<Outcome> {
  return withApp(context, options, async (opened) => {
    const { keyStatus } = await import("../../runtime/commands/keys.js");
    const counted = await keyStatus(opened);
    const looked = counted.find(({ keyring, state }) => keyring === keyrings.index.name && state === "primary")?.uses ?? 0;
    const keys = counted.map((key) => ({ ...key, lost: isLost(key), next: key.keyring === keyrings.index.name ? nextIndexStep(key, looked) : nextStep(key) }));
    const rows = keys.map(({ keyring, id, state, uses, next }) => [keyring, String(id), state ?? "not here", String(uses), next]);
    const lines = keys.length === 0 ? ["There are no keys: neither the environment names a keyring, nor has the database met one."] : table(["keyring", "key", "state", "rows", "next"], rows);
    return { exitCode: keys.some(({ lost }) => lost) ? 1 : 0, diagnostics: [], facts: { keys }, lines };
  });
}

/** Seals again under the primary keys all that others have sealed. */
export function rotate(context: Context, options: DatabaseOptions & PaceOptions): Promise<Outcome> {
  return withApp(context, options, async (opened) => {
    const { keyring, shredKeyring } = opened.keys;
    if (keyring === null && shredKeyring === null) return unusable(noKeyring("secrets"));
    const { heldRuns, rotateKeys } = await import("../../runtime/commands/keys.js");
    const pace = paceOf(context, options, "Rotating");
    const tables = await rotateKeys(opened, pace);
    const interrupted = pace.signal?.aborted === true;
    const failed = tables.some((one) => one.failed.length > 0);
    const held = interrupted ? 0 : await heldRuns(opened);
    const notes = [
      ...(interrupted ? ["note: interrupted; what is done stays done, and running it again goes on"] : []),
      ...(held > 0 ? [`note: ${plural(held, "run")} at which a worker is just now ${held === 1 ? "was" : "were"} left as ${held === 1 ? "it is" : "they are"}; running it again takes ${held === 1 ? "it" : "them"} too`] : []),
    ];
    return { exitCode: failed || interrupted ? 1 : 0, diagnostics: [], facts: { tables, interrupted, held }, lines: tables.flatMap((one) => progressLines(one, "sealed again")), notes };
  });
}

export interface ShredOptions extends DatabaseOptions {
  /** The type of a resource whose own key is to be destroyed; null where `target` is a shred key. */
  readonly resource: string | null;
  /** The id of that resource, or of the shred key. */
  readonly target: string;
  readonly why: string | null;
  /** That it cannot be undone is known. */
  readonly yes: boolean;
}

/** What was sealed under what this destroys opens nowhere again. */
export async function shred(context: Context, options: ShredOptions): Promise<Outcome> {
  const { resource, target, why, yes } = options;
  const undone = "this cannot be undone, and what it makes unreadable stays so: say --yes";
  if (resource === null) {
    const key = keyId(target);
    if (key === null) return unusable(`${noKeyId}; the key of one resource is named by --resource and that one's id`);
    return yes ? withApp(context, options, (opened) => shredKey(context, opened, key)) : unusable(undone);
  }
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(target)) return unusable("a resource is named by its id, a UUID");
  if (why === null || why.trim() === "") return unusable("--why says for what reason, which stands in the log for good");
  return yes ? withApp(context, options, (opened) => shredResource(opened, resource, { id: target, why })) : unusable(undone);
}

async function shredResource(opened: OpenApp, name: string, given: { readonly id: string; readonly why: string }): Promise<Outcome> {
  const { destroyOwnKey } = await import("../../runtime/commands/keys.js");
  const known = opened.registry.resources.find(({ type }) => type.name === name);
  if (known === undefined) return unusable(unknownResource(name, opened.registry.resources.map(({ type }) => type.name)));
  await destroyOwnKey(opened, known, given);
  const line = `The key of ${name} ${given.id} is destroyed: its secrets are unreadable here. A backup taken before opens them still, until the shred key of that time is shredded too.`;
  return { exitCode: 0, diagnostics: [], facts: { resource: name, id: given.id }, lines: [line] };
}

async function shredKey(context: Context, opened: OpenApp, id: number): Promise<Outcome> {
  const { logShredding, ownKeysUnder } = await import("../../runtime/commands/keys.js");
  const place = keyringPlace(context, "shred");
  const text = place && keyringText(context, place);
  if (place === null || text === null) return unusable(noKeyring("shred"));
  const without = removeKey(text, "shred", id);
  const uses = await ownKeysUnder(opened, id);
  if (uses > 0) {
    const line = `${plural(uses, "resource")} would be lost with shred key ${id}: their keys are sealed under it still. First: pliny keys rotate`;
    return { exitCode: 1, diagnostics: [], facts: { key: id, uses }, lines: [line] };
  }
  await logShredding(opened, id);
  const from = new Date(context.wallClock()).toISOString();
  const said = `Shred key ${id} is gone. From ${from} on no backup taken before opens what was sealed under it, unless a copy of that key is kept: destroy those too, and the keyrings of other processes`;
  return replaced(context, "shred", { place, text: without, said, key: id, from });
}

// ---- keyrings as files and as text

const noKeyId = "a key is named by its id, which is a number";

function keyId(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}

interface Found {
  readonly place: KeyringPlace;
  /** Null where a file is named that is not there. */
  readonly text: string | null;
}

function withKeyring(context: Context, { use, file }: KeyringOptions, run: (found: Found) => Outcome): Promise<Outcome> {
  return orUnusable(() => {
    const place: KeyringPlace | null = file === null ? keyringPlace(context, use) : { kind: "file", path: file };
    return place === null ? unusable(noKeyring(use)) : run({ place, text: keyringText(context, place) });
  });
}

/** With the text of a keyring that is there. */
function withText(context: Context, options: KeyringOptions, run: (found: { readonly place: KeyringPlace; readonly text: string }) => Outcome): Promise<Outcome> {
  return withKeyring(context, options, ({ place, text }) =>
    text === null ? unusable("there is no such file; pliny keys add makes it, with a first key") : run({ place, text }),
  );
}

function noKeyring(use: KeyringUse): string {
  const { name, variable } = keyrings[use];
  return `there is no ${name}: set ${variable} to its JSON or to the path of its file`;
}

interface Replacement extends Pick<Found, "place"> {
  readonly text: string;
  readonly said: string;
  readonly key: number;
  /** From when on backups are blind. */
  readonly from?: string;
}

/** Writes the file; or, where there is none, gives the text to be kept, and says the rest beside it. */
function replaced(context: Context, use: KeyringUse, { place, text, said, ...facts }: Replacement): Outcome {
  const { key } = facts;
  const made = { use, ...facts, ...listKeys(text, use).find(({ id }) => id === key) };
  if (place.kind === "variable")
    return { exitCode: 0, diagnostics: [], facts: { ...made, keyring: text }, lines: [text.trimEnd()], notes: [`note: ${said}`, `note: put what stands on stdout where ${keyrings[use].variable} comes from`] };
  const wrote = writeKeyring(context.project, place.path, text);
  if (typeof wrote === "string") throw new Unusable(`${place.path} cannot be written: ${wrote}`);
  const wasOpen = wrote.modeBefore !== null && (wrote.modeBefore & 0o077) !== 0;
  const notes = wasOpen ? [`note: ${place.path} had mode ${wrote.modeBefore.toString(8)}, so that others could read it; it is 600 now`] : [];
  return { exitCode: 0, diagnostics: [], facts: { ...made, file: place.path }, lines: [`${place.path}: ${said}.`], notes };
}

// ---- what is shown

/** What it sealed is in use and does not open. An index is made again from what it is of. */
function isLost({ keyring, state, uses }: KeyStatus): boolean {
  return keyring !== keyrings.index.name && (state === null || state === "disabled") && uses > 0;
}

/** A row is indexed under all live keys, so that whoever has either finds it: an old one is used until it is retired. */
function nextIndexStep({ id, state, uses }: KeyStatus, underPrimary: number): string {
  if (state === "staged") return `once every process has it: pliny keys promote ${id} --for index`;
  if (state === "primary") return "indexes";
  const missing = uses - underPrimary;
  if (state === "decrypt") return missing > 0 ? `pliny keys rotate, for ${plural(missing, "row")} not indexed under the primary key yet` : `pliny keys retire ${id} --for index, then pliny keys rotate`;
  return uses > 0 ? `pliny keys rotate, for ${plural(uses, "row")} indexed under it still` : "nothing uses it";
}

function nextStep({ keyring, id, state, uses, archived, archivedUntil }: KeyStatus): string {
  const suffix = keyring === keyrings.shred.name ? " --for shred" : "";
  const used = uses > 0;
  switch (state) {
    case null:
      return used ? `lost: ${plural(uses, "row")} cannot be opened; put key ${id} back into the keyring` : "gone, and nothing uses it";
    case "staged":
      return `once every process has it: pliny keys promote ${id}${suffix}`;
    case "primary":
      return "seals";
    case "decrypt":
      if (used) return `pliny keys rotate${archived === 0 ? "" : `; ${archived} of them ${archived === 1 ? "is" : "are"} archived, ${archivedUntil === null ? "for ever" : `until ${archivedUntil.toISOString().slice(0, 10)}`}`}`;
      return suffix === " --for shred" ? `nothing uses it: pliny keys shred ${id}` : `nothing uses it: pliny keys retire ${id}${suffix}`;
    case "disabled":
      return used ? `${plural(uses, "row")} cannot be opened: set its state to decrypt, and rotate` : "nothing uses it";
    default:
      throw new Error(`A key is in state '${state}', which there is not.`);
  }
}

function cells({ id, state, alg, checkValue }: KeyFacts): readonly string[] {
  return [String(id), state, alg, checkValue];
}

/** Columns as wide as what stands in them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  return all.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd());
}
