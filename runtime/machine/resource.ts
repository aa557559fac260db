// The base of every generated resource class: a row, what was changed of it, and the verbs.
// What generated classes use of it begins with `_`, for any other name may be a field's.

import { type Json, readVersion } from "../codec/index.js";
import type { Pliny, ResourceRow, TaskHandle, TaskType, Transition, WriteOptions } from "../contract.js";
import { NewerShape } from "../errors.js";

export abstract class Resource {
  readonly #pliny: Pliny;
  #changes: { readonly [field: string]: unknown } = {};

  /** What was read, with what was set since then over it. Generated classes narrow its type. */
  protected _row: ResourceRow;

  constructor(row: ResourceRow, pliny: Pliny) {
    this._row = row;
    this.#pliny = pliny;
  }

  get id(): string {
    return this._row.id;
  }
  get type(): string {
    return this._row.type;
  }
  get state(): string {
    return this._row.state;
  }
  /** How many transitions it has made. */
  get step(): bigint {
    return this._row.step;
  }
  get createdAt(): Date {
    return this._row.createdAt;
  }
  get updatedAt(): Date {
    return this._row.updatedAt;
  }
  /** Members met in storage that this release does not know. */
  get lostFound(): { readonly [key: string]: Json | undefined } {
    return this._row.lostFound;
  }

  /** Reads the row again and forgets what was set and not saved. */
  async reload(): Promise<void> {
    const row = await this.#pliny.reload(this._row);
    this.#take(row, this.#changes);
  }

  /** What was set since the row was read or written. */
  get _changes(): { readonly [field: string]: unknown } {
    return this.#changes;
  }

  children(): Promise<readonly object[]> {
    return this.#pliny.children(this._row);
  }

  /** The live runs on it. */
  tasks(): Promise<readonly object[]> {
    return this.#pliny.tasks(this._row);
  }

  history(): Promise<readonly Transition[]> {
    return this.#pliny.history(this.id);
  }

  /** Ends it: its live runs are stopped with it; refused while it has children that have not stopped. */
  async stop(options?: WriteOptions): Promise<void> {
    const sent = this.#changes;
    this.#take(await this.#pliny.move(this._row, "stop", {}, options), sent);
  }

  protected _set(field: string, value: unknown): void {
    if (this._row.isNewer) throw new NewerShape(this._row.type, this.id, readVersion(this._row.stored));
    this.#changes = { ...this.#changes, [field]: value };
    this._row = { ...this._row, fields: { ...this._row.fields, [field]: value } };
  }

  protected async _save(values: object = {}, options: WriteOptions = {}): Promise<void> {
    const sent = this.#changes;
    this.#take(await this.#pliny.save(this._row, { ...sent, ...values }, options), sent);
  }

  protected async _move(to: string, values: object = {}, why: string = "", options: WriteOptions = {}): Promise<void> {
    const sent = this.#changes;
    this.#take(await this.#pliny.move(this._row, to, { ...sent, ...values }, { why, ...options }), sent);
  }

  protected _runs<Run, Args>(type: TaskType<Run>): TaskHandle<Run, Args> {
    return this.#pliny.runs(type, this._row);
  }

  /** What was set while it was written is not saved yet, and stays set. */
  #take(row: ResourceRow, sent: { readonly [field: string]: unknown }): void {
    this.#changes = Object.fromEntries(Object.entries(this.#changes).filter(([field, value]) => !Object.hasOwn(sent, field) || sent[field] !== value));
    this._row = { ...row, fields: { ...row.fields, ...this.#changes } };
  }
}
