// Who seals and opens: pliny's vault, bare node:crypto, and the npm package `fernet`.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Sealed } from "../../../runtime/codec/index.js";
import { loadKeyring } from "../../../runtime/vault/keyring.js";
import { Masking } from "../../../runtime/vault/masking.js";
import { createVault } from "../../../runtime/vault/vault.js";
import { keyringText } from "../../setup/vault.js";
import { bareFernet, bareGcm, derivingFernet, derivingGcm } from "./bare.js";

/** Seals so many values, opens as many that were sealed before, and says how long each took, in milliseconds. */
export type Measure = (count: number) => Measured;

export interface Measured {
  readonly sealMs: number;
  readonly openMs: number;
}

export interface Contender {
  readonly name: string;
  /** Of pliny's algorithms the one that it is compared with. */
  readonly algorithm: "a256gcm-hkdf" | "fernet";
  start(): Measure;
}

const text = "x".repeat(100);
const place = { root: "database", id: "018f3c1e-7b2a-7c3d-8e4f-0123456789ab", path: ["password"] };
const context = JSON.stringify(["pliny/vault", 1, place.root, place.id, place.path]);
const key = randomBytes(32);

/** pliny's come first. */
export const contenders: readonly Contender[] = [
  { name: "pliny a256gcm-hkdf", algorithm: "a256gcm-hkdf", start: () => pliny("a256gcm-hkdf") },
  { name: "pliny fernet", algorithm: "fernet", start: () => pliny("fernet") },
  { name: "bare AES-256-GCM, its key at hand", algorithm: "a256gcm-hkdf", start: () => measure(bareGcm(key, context)) },
  { name: "bare AES-256-GCM, its key derived", algorithm: "a256gcm-hkdf", start: () => measure(derivingGcm(key, context)) },
  { name: "bare Fernet, its key at hand", algorithm: "fernet", start: () => measure(bareFernet(key)) },
  { name: "bare Fernet, its key derived", algorithm: "fernet", start: () => measure(derivingFernet(key, context)) },
  ...(existsSync(join(import.meta.dirname, "node_modules/fernet"))
    ? [{ name: "npm fernet", algorithm: "fernet", start: () => measure(npmFernet()) } as const]
    : []),
];

function pliny(alg: string): Measure {
  const vault = createVault(loadKeyring(keyringText({ 1: { alg } })), { noteReveal: () => Promise.resolve(), masking: new Masking() });
  return measure<Sealed>({ seal: (plain) => vault.seal(plain, place), open: (sealed) => vault.open(sealed, place) });
}

/** The package as far as it is used here. */
interface FernetPackage {
  readonly Secret: new (key: string) => object;
  readonly Token: new (options: { secret: object; token?: string; ttl: number }) => { encode(text: string): string; decode(): string };
}

function npmFernet(): SealAndOpen<string> {
  const { Secret, Token }: FernetPackage = createRequire(import.meta.url)("fernet");
  const secret = new Secret(key.toString("base64url"));
  return {
    seal: (plain) => new Token({ secret, ttl: 0 }).encode(plain),
    open: (token) => new Token({ secret, token, ttl: 0 }).decode(),
  };
}

interface SealAndOpen<Blob> {
  readonly seal: (text: string) => Blob;
  readonly open: (blob: Blob) => string;
}

function measure<Blob>({ seal, open }: SealAndOpen<Blob>): Measure {
  const blobs: Blob[] = [];
  return (count) => {
    while (blobs.length < count) blobs.push(seal(text));
    const start = performance.now();
    for (let at = 0; at < count; at += 1) seal(text);
    const middle = performance.now();
    for (const blob of blobs) if (open(blob) !== text) throw new Error("What was opened is not what was sealed.");
    return { sealMs: middle - start, openMs: performance.now() - middle };
  };
}
