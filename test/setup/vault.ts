// A vault over a keyring made for the test, which keeps what was noted of its reveals.

import { randomBytes } from "node:crypto";
import type { Place, Vault } from "../../runtime/codec/index.js";
import { type Keyring, loadKeyring } from "../../runtime/vault/keyring.js";
import { Masking } from "../../runtime/vault/masking.js";
import { createVault } from "../../runtime/vault/vault.js";

export interface NotedVault {
  readonly vault: Vault;
  readonly notes: readonly { readonly place: Place; readonly reason: string }[];
  readonly masking: Masking;
}

export function notedVault(keyring: Keyring = loadKeyring(keyringText({ 1: {} }))): NotedVault {
  const notes: { readonly place: Place; readonly reason: string }[] = [];
  const masking = new Masking();
  const noteReveal = (place: Place, reason: string): Promise<void> => Promise.resolve(void notes.push({ place, reason }));
  return { vault: createVault(keyring, { noteReveal, masking }), notes, masking };
}

/** Keys by id: each a primary one of the default algorithm with random bytes, but for what is said otherwise. */
export function keyringText(keys: { readonly [id: string]: object }): string {
  const entries = Object.entries(keys).map(([id, key]) => [id, { alg: "a256gcm-hkdf", key: newKey(), state: "primary", ...key }]);
  return JSON.stringify(Object.fromEntries(entries));
}

export function newKey(): string {
  return randomBytes(32).toString("base64url");
}
