// What the algorithms of the vault share: what a cipher is, HMAC, HKDF (RFC 5869), base64url read strictly, and randomness that need not be
// secret.

import { hash as hashAtOnce, randomFillSync } from "node:crypto";

/** A key that seals and opens. It is closed over its bytes, so that nothing which prints, clones or compares it can reach them. */
export interface Cipher {
  /** Tells keys apart without telling anything of them: HKDF-Expand of "pliny/kcv/1" to 16 bytes, in base64url. */
  readonly checkValue: string;
  /** `text` has no lone surrogates, as canonical text has none. What is sealed opens under the same context only. */
  seal(text: string, context: string): string;
  /** Null where the blob was not sealed by this key under this context, or is not as it was; nothing tells which. */
  open(blob: string, context: string): string | null;
}

export type Hash = "sha256" | "sha512";

const sizes = { sha256: { block: 64, digest: 32 }, sha512: { block: 128, digest: 64 } } as const;

/**
 * HMAC (RFC 2104) with a key that is no longer than a block of the hash. Node's own Hmac is a stream, which costs 40 % more than two
 * hashes at one go; and a digest that comes as text and is made bytes again costs half of one that comes as bytes.
 */
export function hmac(hash: Hash, key: Uint8Array, data: Uint8Array): Buffer {
  const { block, digest } = sizes[hash];
  const inner = Buffer.allocUnsafe(block + data.length);
  const outer = Buffer.allocUnsafe(block + digest);
  for (let at = 0; at < block; at += 1) {
    const byte = at < key.length ? (key[at] ?? 0) : 0;
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  inner.set(data, block);
  outer.write(hashAtOnce(hash, inner, "binary"), block, "latin1");
  return Buffer.from(hashAtOnce(hash, outer, "binary"), "latin1");
}

/** HKDF-Extract without a salt, which stands for zeros as HMAC pads its key with them. */
export function extract(hash: Hash, master: Uint8Array): Buffer {
  return hmac(hash, Buffer.alloc(0), master);
}

/** HKDF-Expand as far as one block of the hash goes, and no more is needed here: HMAC(PRK, info ‖ 0x01). */
export function expand(hash: Hash, prk: Uint8Array, info: string, encoding: "utf8" | "latin1" = "utf8"): Buffer {
  return hmac(hash, prk, Buffer.from(`${info}\u0001`, encoding));
}

export function checkValueOf(hash: Hash, prk: Uint8Array): string {
  return expand(hash, prk, "pliny/kcv/1").toString("base64url", 0, 16);
}

/**
 * Null where the text is not the one way to write its bytes, without padding. Node skips characters that are not of the alphabet, whatever
 * stands after padding, and bits that carry nothing; that the bytes are written as the text again excludes all of it before they are used.
 */
export function fromBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}

const pool = Buffer.alloc(4096);
let used = pool.length;

/** Fills bytes with salts and initial vectors, which are no secrets: drawn many at a time, for each draw has its price. */
export function fillRandom(target: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  target.set(pool.subarray(used, used + length), start);
  used += length;
}
