// The algorithm `fernet`: Fernet (github.com/fernet/spec) bound to a context. A token is base64url, padded, of:
//
//     0x80 ‖ seconds since 1970 [8] ‖ initial vector [16] ‖ AES-128-CBC, PKCS#7 ‖ HMAC-SHA256 of all before [32]
//
// It knows no associated data. A token is therefore bound to its context by its key, which HKDF-SHA256 expands from the master for each
// context; with `bind: none` it is the master itself, to read what others wrote.

import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { checkValueOf, type Cipher, expand, extract, fillRandom, fromBase64url, hmac } from "./cipher.js";

const version = 0x80;
const ivAt = 9;
const ciphertextAt = 25;
const blockBytes = 16;
const macBytes = 32;
const skewSeconds = 60;

/** Tokens whose key is expanded for their context. `now`, in milliseconds, stamps them; no stamp is looked at here. */
export function boundFernet(master: Uint8Array, now: () => number): Cipher {
  const prk = extract("sha256", master);
  return {
    checkValue: checkValueOf("sha256", prk),
    seal(text, context) {
      const iv = Buffer.allocUnsafe(blockBytes);
      fillRandom(iv, 0, blockBytes);
      return sealToken(expand("sha256", prk, context), text, { iv, timeMs: now() });
    },
    open: (token, context) => openToken(expand("sha256", prk, context), token),
  };
}

/** Tokens under the master itself, whatever the context. Sealing so is refused: it would bind them to nothing. */
export function unboundFernet(master: Uint8Array): Cipher {
  return {
    checkValue: checkValueOf("sha256", extract("sha256", master)),
    seal: () => {
      throw new Error("A key with bind: none seals nothing.");
    },
    open: (token) => openToken(master, token),
  };
}

/** `key` is 32 bytes: the first half signs, the second encrypts. `iv` is 16 random bytes; a time stamp has whole seconds. */
export function sealToken(key: Uint8Array, text: string, { iv, timeMs }: { readonly iv: Uint8Array; readonly timeMs: number }): string {
  const cipher = createCipheriv("aes-128-cbc", key.subarray(16), iv);
  const start = cipher.update(text, "utf8");
  const end = cipher.final();
  const macAt = ciphertextAt + start.length + end.length;
  const token = Buffer.allocUnsafe(macAt + macBytes);
  token[0] = version;
  token.writeBigUInt64BE(BigInt(Math.floor(timeMs / 1000)), 1);
  token.set(iv, ivAt);
  start.copy(token, ciphertextAt);
  end.copy(token, ciphertextAt + start.length);
  token.set(macOf(key, token.subarray(0, macAt)), macAt);
  const body = token.toString("base64url");
  return body.padEnd(Math.ceil(body.length / 4) * 4, "=");
}

/**
 * Null for what is no token of this key. Its age counts only where a `ttlMs` is given: then one that is older, or that stands more than 60
 * seconds in the future, is none either. Before the MAC has been found right, nothing is looked at but length and version.
 */
export function openToken(
  key: Uint8Array,
  text: string,
  age: { readonly ttlMs: number; readonly nowMs: number } | null = null,
): string | null {
  if (text.length % 4 !== 0) return null;
  const token = fromBase64url(text.endsWith("==") ? text.slice(0, -2) : text.endsWith("=") ? text.slice(0, -1) : text);
  if (token === null) return null;
  const macAt = token.length - macBytes;
  if (macAt < ciphertextAt + blockBytes || (macAt - ciphertextAt) % blockBytes !== 0 || token[0] !== version) return null;
  if (!timingSafeEqual(macOf(key, token.subarray(0, macAt)), token.subarray(macAt))) return null;
  if (age !== null && !isInTime(token, age)) return null;
  const decipher = createDecipheriv("aes-128-cbc", key.subarray(16), token.subarray(ivAt, ciphertextAt));
  // Without its own look at the padding all comes in one piece.
  decipher.setAutoPadding(false);
  const padded = decipher.update(token.subarray(ciphertextAt, macAt));
  const length = unpaddedLength(padded);
  return length === null ? null : textOf(padded.subarray(0, length));
}

/** PKCS#7: the last byte says how many there are like it. */
function unpaddedLength(padded: Buffer): number | null {
  const count = padded[padded.length - 1] ?? 0;
  if (count < 1 || count > blockBytes) return null;
  for (let at = padded.length - count; at < padded.length; at += 1) if (padded[at] !== count) return null;
  return padded.length - count;
}

/** Others may have sealed what is no UTF-8, which Node would read as another text. */
function textOf(plain: Buffer): string | null {
  const text = plain.toString("utf8");
  return text.includes("\ufffd") && !plain.equals(Buffer.from(text)) ? null : text;
}

function isInTime(token: Buffer, { ttlMs, nowMs }: { readonly ttlMs: number; readonly nowMs: number }): boolean {
  const seconds = Number(token.readBigUInt64BE(1));
  return nowMs / 1000 - seconds <= ttlMs / 1000 && seconds - nowMs / 1000 <= skewSeconds;
}

function macOf(key: Uint8Array, bytes: Uint8Array): Buffer {
  return hmac("sha256", key.subarray(0, 16), bytes);
}
