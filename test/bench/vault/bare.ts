// The same work with node:crypto and nothing around it: no keyring, no check of what is read but the MAC or tag.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

export interface Bare {
  readonly seal: (text: string) => string;
  readonly open: (sealed: string) => string;
}

const zeroIv = Buffer.alloc(12);

/** AES-256-GCM with 12 bytes as its nonce. */
export function bareGcm(key: Uint8Array, context: string): Bare {
  return {
    seal(text) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(context));
      return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-16));
      return decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
    },
  };
}

/** The same with a key and a commitment derived from a salt. */
export function derivingGcm(master: Uint8Array, context: string): Bare {
  const derive = (salt: Uint8Array): Buffer => Buffer.from(hkdfSync("sha512", master, salt, "bench", 64));
  return {
    seal(text) {
      const salt = randomBytes(32);
      const derived = derive(salt);
      const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), zeroIv).setAAD(Buffer.from(context));
      const parts = [salt, derived.subarray(32), cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(parts).toString("base64url");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      const derived = derive(bytes.subarray(0, 32));
      if (!timingSafeEqual(derived.subarray(32), bytes.subarray(32, 64))) throw new Error("another key");
      const decipher = createDecipheriv("aes-256-gcm", derived.subarray(0, 32), zeroIv).setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-16));
      return decipher.update(bytes.subarray(64, -16), undefined, "utf8") + decipher.final("utf8");
    },
  };
}

export function bareFernet(key: Uint8Array): Bare {
  const signing = key.subarray(0, 16);
  const encryption = key.subarray(16);
  return {
    seal(text) {
      const head = Buffer.alloc(9);
      head[0] = 0x80;
      head.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)), 1);
      const iv = randomBytes(16);
      const cipher = createCipheriv("aes-128-cbc", encryption, iv);
      const signed = Buffer.concat([head, iv, cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([signed, createHmac("sha256", signing).update(signed).digest()]).toString("base64url");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      const signed = bytes.subarray(0, -32);
      if (!timingSafeEqual(createHmac("sha256", signing).update(signed).digest(), bytes.subarray(-32))) throw new Error("another key");
      const decipher = createDecipheriv("aes-128-cbc", encryption, signed.subarray(9, 25));
      return decipher.update(signed.subarray(25), undefined, "utf8") + decipher.final("utf8");
    },
  };
}

/** The same with the key derived for a context. */
export function derivingFernet(master: Uint8Array, context: string): Bare {
  const derived = (): Bare => bareFernet(Buffer.from(hkdfSync("sha256", master, "", context, 32)));
  return { seal: (text) => derived().seal(text), open: (sealed) => derived().open(sealed) };
}
