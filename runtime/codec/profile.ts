// How strictly decorated JSON is read, and what may be written, where it comes from or goes to: one table.

export type ProfileName = "store" | "queue" | "api-in" | "api-out" | "canonical";

/** A column of the table below. Plain data; a reading and a writing carry theirs. */
export interface Profile {
  readonly name: ProfileName;
  /** The longest text that is read, in bytes of UTF-8. */
  readonly bytesMax: number;
  /** `unsought` where the text comes from `jsonb`, which holds no key twice. */
  readonly duplicateKeys: "refused" | "unsought";
  /** The text must be the canonical one, byte for byte. */
  readonly canonicalText: boolean;
  /** Members of a record that its type does not have. */
  readonly unknownKeys: "kept" | "refused";
  readonly unknownTags: "kept" | "refused";
  /** Values that a closed enum does not have. */
  readonly unknownValues: "kept" | "refused";
  /**
   * A `Vault` holds what its key opens; or null in its place, which tells that there is a secret and no more; or a secret is given as its plain
   * value, and a `Vault` with null leaves it as it is.
   */
  readonly secrets: "sealed" | "withheld" | "given";
  /** A `Resource` or `Task` may have its URL as a third element. */
  readonly urls: boolean;
  /** `Link` and `Form` are tags. */
  readonly links: boolean;
  /** What the spec asks of a value (`required`, `min`, `pattern` and the like) is asked. */
  readonly constraints: boolean;
}

const fromStorage = 8 * 1024 * 1024;
const fromApi = 1024 * 1024;

export const profiles: { readonly [Name in ProfileName]: Profile & { readonly name: Name } } = {
  /** Rows of the database. What a newer release wrote must survive an older one. */
  store: {
    name: "store", bytesMax: fromStorage, duplicateKeys: "unsought", canonicalText: false, unknownKeys: "kept", unknownTags: "kept",
    unknownValues: "kept", secrets: "sealed", urls: false, links: false, constraints: false,
  },
  /** Hints, which pass between workers of two releases. */
  queue: {
    name: "queue", bytesMax: fromStorage, duplicateKeys: "refused", canonicalText: false, unknownKeys: "kept", unknownTags: "refused",
    unknownValues: "kept", secrets: "sealed", urls: false, links: false, constraints: false,
  },
  /** What clients send. A secret comes as its plain value, or withheld, which leaves it as it is. */
  "api-in": {
    name: "api-in", bytesMax: fromApi, duplicateKeys: "refused", canonicalText: false, unknownKeys: "refused", unknownTags: "refused",
    unknownValues: "refused", secrets: "given", urls: true, links: false, constraints: true,
  },
  /** What the server answers, and a client reads: of any age, so that it keeps what it does not know. */
  "api-out": {
    name: "api-out", bytesMax: fromStorage, duplicateKeys: "refused", canonicalText: false, unknownKeys: "kept", unknownTags: "kept",
    unknownValues: "kept", secrets: "withheld", urls: true, links: true, constraints: false,
  },
  /** What is hashed, signed, or kept as a golden file. */
  canonical: {
    name: "canonical", bytesMax: fromStorage, duplicateKeys: "refused", canonicalText: true, unknownKeys: "kept", unknownTags: "refused",
    unknownValues: "kept", secrets: "sealed", urls: false, links: false, constraints: false,
  },
};
