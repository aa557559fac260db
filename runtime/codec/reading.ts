// What reading and writing need besides the value: how strict they are, where it stands, how a reference loads, how a secret is sealed and
// opened.

import { type Profile, type ProfileName, profiles } from "./profile.js";

/** What a decoder is given. Plain data: `inside` copies it. */
export interface Reading {
  /** A record that nobody is owed in full, for another release wrote it; absent where what is required must be there. */
  readonly partial?: { readonly record: object; readonly absent: "null" | "default" };
  /** Loads what a reference names: a resource by its stored key, or a run by that of its task (`database.provision`). */
  readonly load: (type: string, id: string) => Promise<unknown>;
  /** Told of each reference that is read, so that those of a page can be loaded together. */
  readonly meet?: (type: string, id: string) => void;
  readonly profile: Profile;
  readonly place: Place;
  /** Null where no secret can be opened. They are still read, and written again as they are. */
  readonly vault: Vault | null;
  /** Of secrets that stand in the open, in a shape from before they were encrypted. */
  readonly open?: OpenPlaces;
}

/** What an encoder is given. Plain data: `inside` copies it. */
export interface Writing {
  /**
   * What is given is looked at and not written: null may stand for any member, and is left out; secrets need no vault, and those that are
   * sealed stay so.
   */
  readonly sparse?: true;
  readonly profile: Profile;
  readonly place: Place;
  /** Null where no secret can be sealed. */
  readonly vault: Vault | null;
  /** Of secrets that go into the open still, in a shape from before they were encrypted. */
  readonly open?: OpenPlaces;
}

/** Paths, each as JSON. */
export type OpenPlaces = ReadonlySet<string>;

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
  /** Throws an EncodeError with code `vault` where there is no key to seal with. */
  seal(text: string, place: Place): Sealed;
  /** Throws a DecodeError with code `vault` where the key is lost, or the blob was changed or comes from another place. */
  open(sealed: Sealed, place: Place): string;
  /**
   * Writes to the log that the secret is revealed, which it is once that is done. Where it fails, nothing is revealed. `plain` is its JSON where
   * it stood in the open, and so was not opened here.
   */
  noteReveal(place: Place, reason: string, plain?: string): Promise<void>;
}

/** Whether a secret at that place is one that stands, or goes, in the open. */
export function isOpen({ open, place }: Pick<Reading | Writing, "open" | "place">): boolean {
  return open !== undefined && open.has(JSON.stringify(place.path));
}

/** The same, one member further in. Only members that are secrets, or may hold one, need it; others are read and written at `at` itself. */
export function inside<At extends Reading | Writing>(at: At, key: string): At {
  return { ...at, place: { ...at.place, path: [...at.place.path, key] } };
}

/** For reading and writing where nothing can be loaded, sealed or opened: values are looked at, and go out as they came in. */
export function detached(name: ProfileName): Reading & Writing {
  return {
    profile: profiles[name],
    load: (type, id) => Promise.reject(new Error(`There is nothing here from which ${type} ${id} could be loaded.`)),
    place: { root: "", id: "", path: [] },
    vault: null,
  };
}
