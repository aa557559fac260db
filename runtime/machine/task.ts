// The base of every generated task class: one run, as its handlers see it.
// What generated classes use of it begins with `_`, for any other name may be a field's.

import type { Pliny, TaskRow } from "../contract.js";
import { Resource } from "./resource.js";

export abstract class Task {
  readonly #pliny: Pliny;
  #changes: { readonly [field: string]: unknown } = {};

  /** What was read, with what was set since then over it. Generated classes narrow its type. */
  protected _row: TaskRow;

  constructor(row: TaskRow, pliny: Pliny) {
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
  get step(): bigint {
    return this._row.step;
  }
  /** Which try of this step's handler it is, from 1. */
  get attempt(): number {
    return this._row.attempt;
  }
  /** The time bucket of the `every` that started it. */
  get bucket(): Date | null {
    return this._row.bucket;
  }
  /** What the caller gave. */
  get args(): object {
    return this._row.args;
  }
  /** What was set since the run was read; the runtime stores it with the step. */
  get _changes(): { readonly [field: string]: unknown } {
    return this.#changes;
  }

  /** Fields of what it acts on that were set through this object and not saved. Whose step ends has lost them. */
  get _unsaved(): readonly string[] {
    const { owner } = this._row;
    return owner instanceof Resource ? Object.keys(owner._changes) : [];
  }

  /** Writes a line into the log, at once. */
  notice(message: string): Promise<void> {
    return this.#pliny.notice(this.id, message);
  }

  protected _set(field: string, value: unknown): void {
    this.#changes = { ...this.#changes, [field]: value };
    this._row = { ...this._row, fields: { ...this._row.fields, [field]: value } };
  }
}
