// Blind indexes: how a secret with `lookup` is found again. Equal values of one field have equal indexes, and that leaks; between fields,
// and to who has no index key, they tell nothing.

import type { FieldRules } from "../codec/given.js";
import { canonicalText, type Json } from "../codec/json.js";
import type { Place } from "../codec/reading.js";
import { checkValueOf, expand, hmac } from "./cipher.js";
import { type KeyState, readKeyring } from "./keyring.js";

export interface IndexKey {
  readonly id: number;
  readonly state: KeyState;
  /** As that of a key that seals; see `Cipher`. */
  readonly checkValue: string;
  /** HMAC-SHA256 under what is expanded for the field, in base64url. */
  index(text: string, field: string): string;
}

/** In the order of their ids. */
export type IndexKeyring = readonly IndexKey[];

/** The field of a secret: its place but for the id, and how its text is made one of its kind. */
export interface IndexedField extends Pick<Place, "root" | "path"> {
  readonly normalize?: NonNullable<FieldRules["encrypted"]>["normalize"];
}

/** A keyring of its own, in the long form alone, of keys with the alg `hmac-sha256`. Throws a KeyringError. */
export function loadIndexKeyring(text: string | undefined): IndexKeyring {
  return readKeyring(text, { name: "index keyring", algorithms: ["hmac-sha256"], short: null }).map(({ id, state, bytes }) => ({
    id,
    state,
    checkValue: checkValueOf("sha256", bytes),
    index: (text, field) => hmac("sha256", expand("sha256", bytes, field), Buffer.from(text)).toString("base64url"),
  }));
}

/**
 * What stands under `__idx` for a field: a value a live index key, which is one that is `primary` or `decrypt`. Text is indexed as it is,
 * anything else as its canonical JSON.
 */
export function blindIndex(keyring: IndexKeyring, field: IndexedField, value: Json): { readonly Dict: { readonly [id: string]: string } } {
  const text = normalized(typeof value === "string" ? value : canonicalText(value), field);
  const live = keyring.filter(({ state }) => state === "primary" || state === "decrypt");
  return { Dict: Object.fromEntries(live.map((key) => [String(key.id), key.index(text, labelOf(field))])) };
}

function normalized(text: string, { normalize }: IndexedField): string {
  const composed = text.normalize("NFC");
  return normalize === "lower" ? composed.toLowerCase() : composed;
}

/** Zero bytes stand between the parts: no stored key holds one, so no two fields read the same. */
function labelOf({ root, path }: IndexedField): string {
  return ["pliny/index/1", root, ...path].join("\0");
}
