// The base of every generated dataset class: resources of one type that a filter picks, and what is done to all of them.
// What generated classes use of it begins with `_`, for any other name may be a task's.

import type { DatasetQuery, Page, PageOptions, Pliny, ResourceType, TaskSet, TaskType, WriteOptions } from "../contract.js";

export abstract class Dataset<T> {
  readonly #pliny: Pliny;
  readonly #query: DatasetQuery<T>;

  constructor(pliny: Pliny, type: ResourceType<T>, filter: object = {}) {
    this.#pliny = pliny;
    this.#query = { type, filter };
  }

  count(): Promise<number> {
    return this.#pliny.count(this.#query);
  }

  page(options?: PageOptions): Promise<Page<T>> {
    return this.#pliny.page(this.#query, options);
  }

  /** All of them, page by page. */
  async *each(): AsyncGenerator<T, void, undefined> {
    let after: string | undefined;
    do {
      const page: Page<T> = await this.#pliny.page(this.#query, after === undefined ? {} : { after });
      yield* page.items;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  protected _breakdown(column: string): Promise<ReadonlyMap<string, number>> {
    return this.#pliny.breakdown(this.#query, column);
  }

  protected _update(values: object, options?: WriteOptions): Promise<number> {
    return this.#pliny.update(this.#query, values, options);
  }

  protected _runs<Run, Args>(type: TaskType<Run>): TaskSet<Run, Args> {
    return this.#pliny.runsOf(type, this.#query);
  }
}
