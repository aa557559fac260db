// The vault over a keyring: it seals with the primary key, opens with whatever key did the sealing, and binds each secret to its place.

import { DecodeError, EncodeError, under } from "../codec/error.js";
import type { Place, Sealed, Vault } from "../codec/reading.js";
import type { Keyring } from "./keyring.js";
import type { Masking } from "./masking.js";

/** Who is told of what is opened. */
export interface Audience {
  /** Writes to the log that a secret is revealed. It is revealed once this is done, and not if it fails. */
  readonly noteReveal: (place: Place, reason: string) => Promise<void>;
  /** Learns all that is opened. */
  readonly masking: Masking;
}

/** A vault for a tick or a request. It costs next to nothing: what is dear stands in the keyring. */
export function createVault(keyring: Keyring, audience: Audience): Vault {
  const { masking } = audience;
  return {
    seal: (text, place) => atPlace(place, () => sealUnder(keyring, text, contextOf(place))),
    open(sealed, place) {
      const text = atPlace(place, () => openUnder(keyring, sealed, contextOf(place)));
      masking.add(text);
      return text;
    },
    noteReveal: (place, reason, plain) => noteReveal(audience, { place, reason, plain }),
  };
}

/** Tells who is told; also of what stood in the open, before it is out. */
export function noteReveal(
  audience: Audience,
  { place, reason, plain }: { readonly place: Place; readonly reason: string; readonly plain: string | undefined },
): Promise<void> {
  if (plain !== undefined) audience.masking.add(plain);
  return audience.noteReveal(place, reason);
}

/** Throws an EncodeError with code `vault` where no key is primary. */
export function sealUnder({ name, primary }: Keyring, text: string, context: string): Sealed {
  if (primary === null) {
    throw new EncodeError({ code: "vault", expected: `a primary key in the ${name}`, got: "none", pointer: "" });
  }
  return [primary.id, primary.seal(text, context)];
}

/** Throws a DecodeError with code `vault` where the key is not there or disabled, or this is not what it sealed under this context. */
export function openUnder({ name, keys }: Keyring, [id, blob]: Sealed, context: string): string {
  const key = keys.get(id);
  if (key === undefined) throw notOpened(`key ${id} in the ${name}`, "none");
  if (key.state === "disabled") throw notOpened(`key ${id} in the ${name}`, "one that is disabled");
  const text = key.open(blob, context);
  if (text === null) throw notOpened(`what key ${id} of the ${name} sealed for this place`, "something else");
  return text;
}

/** Runs what seals or opens; an error of it gets the place as its pointer. */
export function atPlace<T>({ path }: Place, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw under(error, ...path);
  }
}

/** What a secret is bound to, besides its key. Of lists of texts and whole numbers JSON.stringify gives the canonical text, and faster. */
export function contextOf({ root, id, path }: Place): string {
  return JSON.stringify(["pliny/vault", 1, root, id, path]);
}

export function notOpened(expected: string, got: string): DecodeError {
  return new DecodeError({ code: "vault", expected, got, pointer: "" });
}
