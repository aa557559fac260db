// References to resources and to runs of tasks: a type, an id, and `load()`, which asks nothing of anyone until it is called.

import { refuse, refuseToWrite, DecodeError } from "./error.js";
import { isList, isTagged, readTag, type Json } from "./json.js";
import { isAddress, isUuid } from "./scalars.js";
import type { Reading, Writing } from "./reading.js";

interface Named {
  readonly type: string;
  readonly id: string;
}

abstract class Reference<T> implements Named {
  abstract readonly kind: "resource" | "task";
  readonly type: string;
  readonly id: string;
  readonly #load: () => Promise<T>;

  /** `type` is the row's own type by its stored key, never a class name; `load` is called each time that `load()` is. */
  constructor(type: string, id: string, load: () => Promise<T>) {
    this.type = type;
    this.id = id;
    this.#load = load;
  }

  load(): Promise<T> {
    return this.#load();
  }
}

/** A reference to a resource. */
export class Ref<T> extends Reference<T> {
  override readonly kind = "resource" as const;
}

/** A reference to a run of a task. */
export class TaskRef<T> extends Reference<T> {
  override readonly kind = "task" as const;
}

/** `type` is the declared one. The row's own may be a subtype of it: only whoever loads knows the families, and refuses another there. */
export function readRef<T>(json: Json, type: string, at: Reading, key?: string): Ref<T> {
  const usual = isTagged(json) ? usualNamed(json.Resource, type) : null;
  const named = usual ?? readNamed(json, { tag: "Resource", expected: `a reference to a ${type} as {"Resource": [type, id]}`, isType: isName, key }, at);
  at.meet?.(named.type, named.id);
  return new Ref<T>(named.type, named.id, () => loadNamed<T>(named, at));
}

export function writeRef(value: Ref<unknown>, _at: Writing): { readonly Resource: readonly [type: string, id: string] } {
  if (!(value instanceof Ref)) refuseToWrite("type", "a Ref", value);
  const { type, id } = value;
  if (!isName(type) || !isUuid(id)) refuseNamed(value);
  return { Resource: [type, id] };
}

export function readTaskRef<T>(json: Json, type: string, at: Reading, key?: string): TaskRef<T> {
  const usual = isTagged(json) ? usualNamed(json.Task, type) : null;
  const named = usual ?? readNamed(json, { tag: "Task", expected: `a reference to a run of ${type} as {"Task": [type, id]}`, isType: isTaskName, key }, at);
  at.meet?.(named.type, named.id);
  return new TaskRef<T>(named.type, named.id, () => loadNamed<T>(named, at));
}

export function writeTaskRef(value: TaskRef<unknown>, _at: Writing): { readonly Task: readonly [type: string, id: string] } {
  if (!(value instanceof TaskRef)) refuseToWrite("type", "a TaskRef", value);
  const { type, id } = value;
  if (!isTaskName(type) || !isUuid(id)) refuseNamed(value);
  return { Task: [type, id] };
}

/** What a setter was given, as a reference; to something at hand, `load()` gives that. */
export function toRef<T extends Named>(value: T | Ref<T>): Ref<T>;
export function toRef<T extends Named>(value: T | Ref<T> | null): Ref<T> | null;
export function toRef<T extends Named>(value: T | Ref<T> | null): Ref<T> | null {
  return value === null || value instanceof Ref ? value : new Ref<T>(value.type, value.id, () => Promise.resolve(value));
}

export function toTaskRef<T extends Named>(value: T | TaskRef<T>): TaskRef<T>;
export function toTaskRef<T extends Named>(value: T | TaskRef<T> | null): TaskRef<T> | null;
export function toTaskRef<T extends Named>(value: T | TaskRef<T> | null): TaskRef<T> | null {
  return value === null || value instanceof TaskRef ? value : new TaskRef<T>(value.type, value.id, () => Promise.resolve(value));
}

/** What a reference says, as it stands in JSON. */
export interface Address extends Named {
  /** Null where none is told. */
  readonly url: string | null;
}

const addressForms = {
  Resource: { expected: 'a reference to a resource as {"Resource": [type, id]}', isType: isName },
  Task: { expected: 'a reference to a run as {"Task": [type, id]}', isType: isTaskName },
} as const;

/** A reference without knowledge of its type. Where the profile has URLs, a third element may tell one. */
export function readAddress(json: Json, tag: "Resource" | "Task", at: Reading): Address {
  return readNamed(json, { tag, ...addressForms[tag] }, at);
}

export function writeAddress(value: Address, tag: "Resource" | "Task", at: Writing): Json {
  const { type, id } = value;
  if (!addressForms[tag].isType(type) || !isUuid(id)) refuseNamed(value);
  if (value.url === null) return { [tag]: [type, id] };
  if (!at.profile.urls || !isAddress(value.url)) refuseToWrite("form", at.profile.urls ? "a URL" : "a reference without a URL", value.url);
  return { [tag]: [type, id, value.url] };
}

function refuseNamed({ type, id }: Named): never {
  return refuseToWrite("form", "a reference, by type and id", { type, id });
}

/** What nearly all references are: of the very type that is declared, and without a URL. Null for others, be they right or wrong. */
function usualNamed(elements: Json | undefined, type: string): Named | null {
  if (!Array.isArray(elements) || elements.length !== 2 || elements[0] !== type) return null;
  const id: unknown = elements[1];
  return typeof id === "string" && isUuid(id) ? { type, id } : null;
}

interface ReferenceForm {
  readonly tag: "Resource" | "Task";
  readonly expected: string;
  readonly isType: (text: string) => boolean;
  readonly key?: string | undefined;
}

function readNamed(json: Json, { tag, expected, isType, key }: ReferenceForm, at: Reading): Address {
  const elements = readTag(json, tag, expected, key);
  if (!isList(elements) || elements.length < 2 || elements.length > (at.profile.urls ? 3 : 2)) refuse("type", expected, json, key);
  const [type, id, url] = elements;
  if (typeof type !== "string" || typeof id !== "string") refuse("type", expected, json, key);
  if (!isType(type) || !isUuid(id)) refuse("form", expected, json, key);
  if (url === undefined) return { type, id, url: null };
  if (typeof url !== "string" || !isAddress(url)) refuse("form", "a URL, after type and id", url, key);
  return { type, id, url };
}

/** What was loaded is of the class that the registry has for its type; that it is the one asked for can be checked here. */
async function loadNamed<T>(named: Named, at: Reading): Promise<T> {
  const loaded = await at.load(named.type, named.id);
  if (!isNamed(loaded) || loaded.type !== named.type || loaded.id !== named.id) {
    throw new DecodeError({ code: "type", expected: `${named.type} ${named.id} to be loaded`, got: "something else", pointer: "" });
  }
  return loaded as T;
}

function isNamed(loaded: unknown): loaded is Named {
  return typeof loaded === "object" && loaded !== null && "type" in loaded && "id" in loaded;
}

function isName(text: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(text);
}

/** `database.provision`, or the bare name of a global task. */
function isTaskName(text: string): boolean {
  return /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/.test(text);
}
