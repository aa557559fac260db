// What people and programs give, as types: values for fields, older shapes for upgrades, and the rules that values are checked by.

import type { Ref, TaskRef } from "./reference.js";
import type { Secret } from "./secret.js";

/** What a field may be given: also the plain value of a secret, and the object that a reference is to. */
export type Input<T> = T extends Secret<infer Value>
  ? Value | Secret<Value>
  : T extends Ref<infer Target>
    ? Target | Ref<Target>
    : T extends TaskRef<infer Target>
      ? Target | TaskRef<Target>
      : T;

/** Values for the fields of a record: those in `Required` always, the others as one likes. */
export type Given<Fields, Required extends keyof Fields = never> = { readonly [Field in Required]: Input<Fields[Field]> } & {
  readonly [Field in Exclude<keyof Fields, Required>]?: Input<Fields[Field]>;
};

/** A shape older than the newest: nothing that an old release wrote is trusted to be complete. */
export type Older<Fields> = { readonly [Field in keyof Fields]: Fields[Field] | null };

/** The rules of a record, by field. */
export type Rules<Fields> = { readonly [Field in keyof Fields]?: FieldRules };

/** The rules of a record's members, or how to come by them: types refer to each other in circles. */
export interface RecordRules {
  readonly [field: string]: FieldRules;
}

/** What holds when values are given: at creation, save, start and transition. Never asked of what is read. */
export interface FieldRules {
  /** Of a member of a record inside another: its stored key, where it is not its name. */
  readonly key?: string;
  /** Never null; of a member of a record inside another also where a default stands in for what is absent in storage. */
  readonly required?: true;
  readonly immutable?: true;
  /**
   * Bounds, both included: of a number itself (text for bigint and decimal), of a date or time as ISO text, of a duration in milliseconds;
   * for text in code points, for bytes in bytes, for containers in elements.
   */
  readonly min?: number | string;
  readonly max?: number | string;
  /** A regular expression of JavaScript with the flag `u`, not anchored. */
  readonly pattern?: string;
  /** At most so many digits after a decimal's point. */
  readonly scale?: number;
  /** The values of a closed enum. */
  readonly oneOf?: readonly string[];
  /** Those of them that the shape that is written has not: by value, the first shape that has it. */
  readonly since?: { readonly [value: string]: number };
  /** The rules of each element of a container, of each key of a map, of the members of a record. */
  readonly of?: FieldRules;
  /** There wherever a map has rules of any kind, and nowhere else. */
  readonly keys?: FieldRules;
  readonly fields?: RecordRules | (() => RecordRules);
  /** Hand-written predicates: `slug` of the record's own, `money.amount` of a named type. */
  readonly checks?: readonly string[];
  readonly encrypted?: { readonly lookup?: true; readonly normalize?: "lower" };
}
