// The algorithm `a256gcm-hkdf`: AES-256-GCM, with a key a value and a commitment to it. A blob is base64url of:
//
//     0x81 ‖ salt[32] ‖ commitment[32] ‖ ciphertext ‖ tag[16]
//
// Each value has a key of its own, HKDF-Expand-SHA512 of the salt, so that no nonce can come twice and no count of values is too many. The
// second half of what is expanded stands in the blob and commits to the key: AES-GCM alone would let one blob open under two keys.

import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { checkValueOf, type Cipher, expand, extract, fillRandom, fromBase64url } from "./cipher.js";

const version = 0x81;
const saltAt = 1;
const commitmentAt = 33;
const ciphertextAt = 65;
const tagBytes = 16;

// A key seals one value, so its initial vector may be the same for all.
const zeroIv = Buffer.alloc(12);

/** `id` is part of what is expanded, in decimal digits between zero bytes. */
export function a256gcm(master: Uint8Array, id: number): Cipher {
  const prk = extract("sha512", master);
  const label = `pliny/vault/a256gcm/1\0${id}\0`;
  const expandSalt = (blob: Buffer): Buffer => expand("sha512", prk, label + blob.toString("latin1", saltAt, commitmentAt), "latin1");

  return {
    checkValue: checkValueOf("sha512", prk),

    seal(text, context) {
      const tagAt = ciphertextAt + Buffer.byteLength(text);
      const blob = Buffer.allocUnsafe(tagAt + tagBytes);
      blob[0] = version;
      fillRandom(blob, saltAt, commitmentAt);
      const expanded = expandSalt(blob);
      expanded.copy(blob, commitmentAt, 32);
      const cipher = createCipheriv("aes-256-gcm", expanded.subarray(0, 32), zeroIv);
      cipher.setAAD(Buffer.from(context));
      cipher.update(text, "utf8").copy(blob, ciphertextAt);
      cipher.final();
      cipher.getAuthTag().copy(blob, tagAt);
      return blob.toString("base64url");
    },

    open(text, context) {
      const blob = fromBase64url(text);
      if (blob === null || blob.length < ciphertextAt + tagBytes || blob[0] !== version) return null;
      const expanded = expandSalt(blob);
      if (!timingSafeEqual(expanded.subarray(32), blob.subarray(commitmentAt, ciphertextAt))) return null;
      const tagAt = blob.length - tagBytes;
      const decipher = createDecipheriv("aes-256-gcm", expanded.subarray(0, 32), zeroIv);
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(blob.subarray(tagAt));
      const plain = decipher.update(blob.subarray(ciphertextAt, tagAt));
      try {
        decipher.final();
      } catch {
        return null;
      }
      return plain.toString("utf8");
    },
  };
}
