// Crypto-shredding. A resource with `own_key` seals its secrets under a data key of its own. That key is kept sealed under a shred key, one
// of a keyring that no dump of the database holds, and the database forgets it when the resource's secrets are to be unreadable.

import { randomBytes } from "node:crypto";
import { EncodeError, DecodeError } from "../codec/error.js";
import { canonicalText } from "../codec/json.js";
import type { Sealed, Vault } from "../codec/reading.js";
import { a256gcm } from "./a256gcm.js";
import type { Keyring } from "./keyring.js";
import { type Audience, atPlace, createVault, noteReveal, notOpened, openUnder, sealUnder } from "./vault.js";

/** Whose data key it is: the stored key of the root of its family, and its id. */
export interface Owner {
  readonly root: string;
  readonly id: string;
}

/** A new data key, sealed under the primary one of the shred keys. Throws an EncodeError with code `vault` where there is none. */
export function makeDataKey(owner: Owner, shredKeys: Keyring): Sealed {
  return sealUnder(shredKeys, randomBytes(32).toString("base64url"), contextOf(owner));
}

/** The same data key under the shred key that is primary now, so that an older one can go. Throws as `openUnder` and `sealUnder` do. */
export function rewrapDataKey(wrapped: Sealed, owner: Owner, shredKeys: Keyring): Sealed {
  return sealUnder(shredKeys, openUnder(shredKeys, wrapped, contextOf(owner)), contextOf(owner));
}

export interface OwnKey {
  readonly owner: Owner;
  /** Null once it was destroyed. */
  readonly wrapped: Sealed | null;
  readonly shredKeys: Keyring;
}

/**
 * The vault of one resource, which seals and opens under its data key; that is unwrapped when it is first needed, so that a lost one fails
 * what needs it and not the row.
 */
export function createOwnVault(own: OwnKey, audience: Audience): Vault {
  let made: Vault | null = null;
  const vault = (): Vault => (made ??= createVault(openOwnKeyring(own), audience));
  return {
    seal(text, place) {
      return atPlace(place, () => writing(vault)).seal(text, place);
    },
    open: (sealed, place) => atPlace(place, vault).open(sealed, place),
    noteReveal: (place, reason, plain) => noteReveal(audience, { place, reason, plain }),
  };
}

// The id that its secrets are stored with. A resource has one data key, and ids of keyrings mean nothing here.
const dataKeyId = 1;

/** The keyring of one resource. Throws a DecodeError with code `vault` where its data key was destroyed or cannot be unwrapped. */
export function openOwnKeyring({ owner, wrapped, shredKeys }: OwnKey): Keyring {
  if (wrapped === null) throw notOpened("the resource's own key", "none: it was destroyed");
  const bytes = Buffer.from(openUnder(shredKeys, wrapped, contextOf(owner)), "base64url");
  const key = { id: dataKeyId, state: "primary", ...a256gcm(bytes, dataKeyId) } as const;
  return { name: "resource's own keyring", keys: new Map([[dataKeyId, key]]), primary: key };
}

/** What cannot be unwrapped cannot be written with either. */
function writing(vault: () => Vault): Vault {
  try {
    return vault();
  } catch (error) {
    throw error instanceof DecodeError ? new EncodeError(error) : error;
  }
}

function contextOf({ root, id }: Owner): string {
  return canonicalText(["pliny/data-key", 1, root, id]);
}
