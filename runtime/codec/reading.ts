// What reading and writing need besides the value: where it stands, how a reference loads, how a secret is sealed and opened.

/** What a decoder is given. Plain data: `inside` copies it. */
export interface Reading {
  /** Loads what a reference names: a resource by its stored key, or a run by that of its task (`database.provision`). */
  readonly load: (type: string, id: string) => Promise<unknown>;
  readonly place: Place;
  /** Null where no secret can be opened. They are still read, and written again as they are. */
  readonly vault: Vault | null;
}

/** What an encoder is given. Plain data: `inside` copies it. */
export interface Writing {
  readonly place: Place;
  /** Null where no secret can be sealed. */
  readonly vault: Vault | null;
}

/** Where a value stands; a secret is bound to its place. */
export interface Place {
  /** The stored key of the resource at the root of the family, or of the task. */
  readonly root: string;
  readonly id: string;
  /** Stored keys that lead to the value; positions in lists, dicts and maps are left out. Args start with `args`. */
  readonly path: readonly string[];
}

/** A secret as it is stored: the id of its key, and what only that key opens. */
export type Sealed = readonly [key: number, blob: string];

export interface Vault {
  seal(text: string, place: Place): Sealed;
  /** Throws where the key is lost, or the blob was changed or comes from another place. The reason goes to the log. */
  open(sealed: Sealed, place: Place, reason: string): string;
}

/** The same, one member further in. Only members that are secrets, or may hold one, need it; others are read and written at `at` itself. */
export function inside<At extends Reading | Writing>(at: At, key: string): At {
  return { ...at, place: { ...at.place, path: [...at.place.path, key] } };
}
