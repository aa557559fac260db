// The vault: keyrings, what both algorithms seal and refuse to open, blind indexes, keys of a resource's own, and what is masked. Published
// vectors come first; where it can be, what we seal is opened by other means and the other way round.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { format, inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, Place, Sealed, Vault } from "../runtime/codec/index.js";
import { canonicalText } from "../runtime/codec/json.js";
import { blindIndex, loadIndexKeyring } from "../runtime/vault/blind-index.js";
import { expand, extract, type Hash, hmac } from "../runtime/vault/cipher.js";
import { openToken, sealToken } from "../runtime/vault/fernet.js";
import { type Keyring, KeyringError, type KeyState, loadKeyring } from "../runtime/vault/keyring.js";
import { Masking } from "../runtime/vault/masking.js";
import { createOwnVault, makeDataKey, rewrapDataKey } from "../runtime/vault/own-key.js";
import { projectRoot } from "./setup/project.js";
import { keyringText, newKey, notedVault } from "./setup/vault.js";

const id = "018f3c1e-7b2a-7c3d-8e4f-0123456789ab";
const otherId = "018f3c1e-7b2a-7c3d-8e4f-0123456789ac";
const place: Place = { root: "database", id, path: ["password"] };
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const algorithms = ["a256gcm-hkdf", "fernet"] as const;

const anyText = fc.string({ unit: "binary" });
const anyPlace: fc.Arbitrary<Place> = fc.record({ root: anyText, id: fc.uuid(), path: fc.array(anyText, { maxLength: 4 }) });

function vaultOf(text: string): Vault {
  return notedVault(loadKeyring(text)).vault;
}

function thrown(attempt: () => unknown): unknown {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("Fernet's published vectors", () => {
  const secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
  const key = Buffer.from(secret, "base64url");
  const token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
  const start = "1985-10-26T01:20:00-07:00";
  const later = "1985-10-26T01:20:01-07:00";
  const iv = Array.from({ length: 16 }, (_, at) => at);
  const invalid = [
    ["incorrect mac", later, "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ=="],
    ["too short", later, "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="],
    ["invalid base64", later, "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q=="],
    [
      "payload size not multiple of block size", later,
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
    ],
    [
      "payload padding error", later,
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
    ],
    [
      "far-future TS (unacceptable clock skew)", later,
      "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
    ],
    [
      "expired TTL", "1985-10-26T01:21:31-07:00",
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
    ],
    [
      "incorrect IV (causes padding error)", later,
      "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
    ],
  ] as const;
  const age = (now: string): { ttlMs: number; nowMs: number } => ({ ttlMs: 60_000, nowMs: Date.parse(now) });

  test("generate", () => {
    expect(sealToken(key, "hello", { iv: Uint8Array.from(iv), timeMs: Date.parse(start) })).toBe(token);
  });

  test("verify", () => {
    expect(openToken(key, token, age(later))).toBe("hello");
    expect(openToken(key, token)).toBe("hello");
  });

  test.each(invalid)("invalid: %s", (_, now, text) => {
    expect(openToken(key, text, age(now))).toBeNull();
  });

  test("are what the folder of vectors holds, where it is there", ({ skip }) => {
    const folder = join(projectRoot, "../shared/vectors/fernet");
    skip(!existsSync(folder), `There is no ${folder}: only the copies in this file were tested.`);
    const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
    expect(read("generate")).toEqual([{ token, now: start, iv, src: "hello", secret }]);
    expect(read("verify")).toEqual([{ token, now: later, ttl_sec: 60, src: "hello", secret }]);
    expect(read("invalid")).toEqual(invalid.map(([desc, now, text]) => ({ desc, token: text, now, ttl_sec: 60, secret })));
  });
});

test("a token's age counts where a ttl is given alone, and the future has 60 seconds of skew", () => {
  const key = randomBytes(32);
  const token = sealToken(key, "x", { iv: randomBytes(16), timeMs: 1_000_000 });
  const opens = (nowMs: number): boolean => openToken(key, token, { ttlMs: 30_000, nowMs }) === "x";
  expect([939_000, 940_000, 1_000_000, 1_030_000, 1_030_001].map(opens)).toEqual([false, true, true, true, false]);
  expect(openToken(key, token)).toBe("x");
});

describe("what the algorithms stand on", () => {
  test.each([
    [
      Buffer.alloc(20, 0x0b), Buffer.from("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    ],
    [
      Buffer.from("Jefe"), Buffer.from("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ],
    [
      Buffer.alloc(20, 0xaa), Buffer.alloc(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
    ],
    [
      hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Buffer.alloc(50, 0xcd),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
    ],
  ])("HMAC as in RFC 4231 (%#)", (key, data, sha256, sha512) => {
    expect(hmac("sha256", key, data).toString("hex")).toBe(sha256);
    expect(hmac("sha512", key, data).toString("hex")).toBe(sha512);
  });

  test.each([["sha256", 64], ["sha512", 128]] as const)("HMAC as Node has it, with keys of up to a block: %s", (hash: Hash, block) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: block }), fc.uint8Array({ maxLength: 300 }), (key, data) => {
        expect(hmac(hash, key, data)).toEqual(createHmac(hash, key).update(data).digest());
      }),
    );
  });

  test("HKDF as in RFC 5869, as far as one block goes", () => {
    const first = hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    const firstBlock = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
    expect(expand("sha256", first, hex("f0f1f2f3f4f5f6f7f8f9").toString("latin1"), "latin1").toString("hex")).toBe(firstBlock);
    const third = extract("sha256", Buffer.alloc(22, 0x0b));
    expect(third.toString("hex")).toBe("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
    expect(expand("sha256", third, "").toString("hex")).toBe("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  });

  test("HKDF as Node has it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), anyText, fc.constantFrom("sha256", "sha512"), (master, info, hash) => {
        const length = hash === "sha256" ? 32 : 64;
        expect(expand(hash, extract(hash, master), info)).toEqual(Buffer.from(hkdfSync(hash, master, "", info, length)));
      }),
    );
  });
});

describe("what is sealed", () => {
  const context = canonicalText(["pliny/vault", 1, place.root, place.id, place.path]);
  const keyText = newKey();
  const master = Buffer.from(keyText, "base64url");

  /** `a256gcm-hkdf` as its contract says it, with nothing of ours. */
  function derive(keyId: number, salt: Uint8Array): Buffer {
    const info = Buffer.concat([Buffer.from(`pliny/vault/a256gcm/1\0${keyId}\0`), salt]);
    return Buffer.from(hkdfSync("sha512", master, "", info, 64));
  }

  test("by a256gcm-hkdf is 0x81, salt, commitment, ciphertext and tag, bound by associated data", () => {
    const [keyId, blob] = vaultOf(keyringText({ 12: { key: keyText } })).seal('["hunter2"]', place);
    const bytes = Buffer.from(blob, "base64url");
    expect([keyId, bytes[0], bytes.length]).toEqual([12, 0x81, 1 + 32 + 32 + 11 + 16]);
    const derived = derive(12, bytes.subarray(1, 33));
    expect(bytes.subarray(33, 65)).toEqual(derived.subarray(32));
    const decipher = createDecipheriv("aes-256-gcm", derived.subarray(0, 32), Buffer.alloc(12));
    decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-16));
    expect(Buffer.concat([decipher.update(bytes.subarray(65, -16)), decipher.final()]).toString()).toBe('["hunter2"]');
  });

  test("by others as the contract says is opened", () => {
    const salt = randomBytes(32);
    const derived = derive(3, salt);
    const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), Buffer.alloc(12)).setAAD(Buffer.from(context));
    const parts = [Uint8Array.of(0x81), salt, derived.subarray(32), cipher.update('["hunter2"]'), cipher.final(), cipher.getAuthTag()];
    const blob = Buffer.concat(parts).toString("base64url");
    expect(vaultOf(keyringText({ 3: { key: keyText, state: "decrypt" } })).open([3, blob], place)).toBe('["hunter2"]');
    const key = Buffer.from(hkdfSync("sha256", master, "", context, 32));
    const token = sealToken(key, '["hunter2"]', { iv: randomBytes(16), timeMs: 0 });
    expect(vaultOf(keyringText({ 3: { alg: "fernet", key: keyText, state: "decrypt" } })).open([3, token], place)).toBe('["hunter2"]');
  });

  test("by fernet is a standard token under the key of its context, with the time of its sealing", () => {
    const keyring = loadKeyring(keyringText({ 0: { alg: "fernet", key: keyText } }), { now: () => 1_800_000_000_999 });
    const [keyId, token] = notedVault(keyring).vault.seal('["hunter2"]', place);
    const key = Buffer.from(hkdfSync("sha256", master, "", context, 32));
    expect([keyId, openToken(key, token)]).toEqual([0, '["hunter2"]']);
    expect(Buffer.from(token, "base64url").readBigUInt64BE(1)).toBe(1_800_000_000n);
    expect([token.length % 4, openToken(master, token)]).toEqual([0, null]);
  });

  test("without a bind by others is opened wherever it stands, and by a bound key nowhere", () => {
    const token = sealToken(master, '["hunter2"]', { iv: randomBytes(16), timeMs: 0 });
    const keyring = loadKeyring(keyringText({ 0: { alg: "fernet", key: keyText, bind: "none", state: "decrypt" } }));
    const { vault: unbound } = notedVault(keyring);
    expect([unbound.open([0, token], place), unbound.open([0, token], { ...place, id: otherId })]).toEqual(['["hunter2"]', '["hunter2"]']);
    expect(() => vaultOf(keyringText({ 0: { alg: "fernet", key: keyText } })).open([0, token], place)).toThrow("something else");
    expect(() => unbound.seal("[1]", place)).toThrow("expected a primary key in the keyring, got none");
    expect(unbound.open([0, sealToken(master, "\ufffd", { iv: randomBytes(16), timeMs: 0 })], place)).toBe("\ufffd");
  });

  /** A token with the right MAC around whole blocks, in which padding stands as it is given. */
  function signedToken(blocks: Uint8Array, version = 0x80): string {
    const cipher = createCipheriv("aes-128-cbc", master.subarray(16), Buffer.alloc(16)).setAutoPadding(false);
    const signed = Buffer.concat([Uint8Array.of(version), Buffer.alloc(8 + 16), cipher.update(blocks), cipher.final()]);
    const token = Buffer.concat([signed, createHmac("sha256", master.subarray(0, 16)).update(signed).digest()]).toString("base64url");
    return token.padEnd(Math.ceil(token.length / 4) * 4, "=");
  }

  test("by others as another version, or as what is no UTF-8, is not opened, signed as it is", () => {
    const padding = Buffer.alloc(13, 13);
    expect(openToken(master, signedToken(Buffer.concat([Buffer.from("aé"), padding])))).toBe("aé");
    expect(openToken(master, signedToken(Buffer.concat([Uint8Array.of(0x61, 0x61, 0xc3), padding])))).toBeNull();
    expect(openToken(master, signedToken(Buffer.concat([Buffer.from("aé"), padding]), 0x81))).toBeNull();
  });

  test("by others with any padding is opened where Node takes it, and only there", () => {
    const ending = fc.oneof(fc.nat(18).map((count) => Buffer.alloc(count, count)), fc.uint8Array({ maxLength: 32 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), ending, (blocks, end) => {
        const plain = Buffer.concat([Buffer.alloc(blocks * 16, 0x61), end]).subarray(-blocks * 16);
        const cipher = createCipheriv("aes-128-cbc", master.subarray(16), Buffer.alloc(16)).setAutoPadding(false);
        const decipher = createDecipheriv("aes-128-cbc", master.subarray(16), Buffer.alloc(16));
        const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
        let expected: Buffer | null = null;
        try {
          expected = Buffer.concat([decipher.update(sealed), decipher.final()]);
        } catch {
          expected = null;
        }
        fc.pre(expected === null || expected.equals(Buffer.from(expected.toString())));
        expect(openToken(master, signedToken(plain))).toBe(expected === null ? null : expected.toString());
      }),
      { numRuns: 500 },
    );
  });

  describe.each(algorithms)("by %s", (alg) => {
    const vault = vaultOf(keyringText({ 1: { alg } }));
    const expectRefused = (blob: string, at = place): void => {
      const message = "/password: expected what key 1 of the keyring sealed for this place, got something else";
      expect(thrown(() => vault.open([1, blob], at))).toMatchObject({ name: "DecodeError", code: "vault", message });
    };
    const [, sealed] = vault.seal('["é"]', place);

    test("comes back, any text at any place, and never twice the same", () => {
      fc.assert(
        fc.property(anyText, anyPlace, (text, at) => {
          const first = vault.seal(text, at);
          expect(first[1]).toMatch(/^[A-Za-z0-9_-]+={0,2}$/);
          expect(vault.open(first, at)).toBe(text);
          expect(vault.seal(text, at)[1]).not.toBe(first[1]);
        }),
      );
      const long = "x".repeat(1_000_000);
      expect(vault.open(vault.seal(long, place), place)).toBe(long);
    });

    test("opens at no other place: row, type and field count", () => {
      expectRefused(sealed, { ...place, id: otherId });
      expectRefused(sealed, { ...place, root: "replica" });
      for (const path of [["args", "password"], ["pass", "word"], [], ["old_password"]]) {
        expect(() => vault.open([1, sealed], { ...place, path })).toThrow("sealed for this place");
      }
      fc.assert(
        fc.property(anyPlace, anyPlace, (from, to) => {
          fc.pre(canonicalText([from.root, from.id, from.path]) !== canonicalText([to.root, to.id, to.path]));
          expect(() => vault.open(vault.seal("x", from), to)).toThrow("sealed for this place");
        }),
      );
    });

    test("opens no more with any bit of its bytes or its text flipped", () => {
      const [body = "", padding = ""] = sealed.split(/(?==)/, 2);
      const bytes = Buffer.from(body, "base64url");
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expectRefused(flipped.toString("base64url") + padding);
      }
      for (let bit = 0; bit < sealed.length * 8; bit += 1) {
        const flipped = Buffer.from(sealed, "latin1");
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expectRefused(flipped.toString("latin1"));
      }
    });

    test("opens no more when it is cut short anywhere, or has something added", () => {
      for (let length = 0; length < sealed.length; length += 1) {
        expectRefused(sealed.slice(0, length));
        expectRefused(sealed.slice(sealed.length - length));
      }
      for (const more of ["A", "AA", "AAA", "AAAA", "=", "==", "====", " ", "\n", "\0", "é"]) {
        expectRefused(sealed + more);
        expectRefused(more + sealed);
      }
      for (const skipped of [" ", "\n", "+", "/", "="]) expectRefused(`${sealed.slice(0, 8)}${skipped}${sealed.slice(8)}`);
    });

    test("is told from anything else without a crash", () => {
      const blob = fc.oneof(anyText, fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("base64url")));
      fc.assert(fc.property(blob, (text) => expectRefused(text)));
    });

    test("opens with its own key and algorithm alone", () => {
      const key = newKey();
      const bound = vaultOf(keyringText({ 1: { alg, key } })).seal("[1]", place);
      const another = algorithms.find((each) => each !== alg);
      for (const text of [keyringText({ 1: { alg: another, key } }), keyringText({ 1: { alg } })]) {
        expect(() => vaultOf(text).open(bound, place)).toThrow("key 1 of the keyring sealed for this place, got something else");
      }
    });
  });

  test("by a256gcm-hkdf belongs to the id of its key too", () => {
    const [, blob] = vaultOf(keyringText({ 1: { key: keyText } })).seal("[1]", place);
    expect(() => vaultOf(keyringText({ 2: { key: keyText } })).open([2, blob], place)).toThrow("what key 2 of the keyring sealed");
  });
});

describe("a keyring", () => {
  const key = newKey();

  test("seals with the key that is primary, whatever its id, and opens with all but disabled ones", () => {
    const states: readonly KeyState[] = ["staged", "decrypt", "disabled"];
    const others = fc.dictionary(fc.nat(500).map(String), fc.constantFrom(...states), { maxKeys: 5 });
    fc.assert(
      fc.property(others, fc.nat(500), fc.constantFrom(...algorithms), (stateById, primary, alg) => {
        const before = Object.fromEntries(Object.keys({ ...stateById, [primary]: "" }).map((each) => [each, newKey()]));
        const text = keyringText(
          Object.fromEntries(
            Object.entries(before).map(([each, bytes]) => [
              each, { key: bytes, alg, state: each === String(primary) ? "primary" : stateById[each] },
            ]),
          ),
        );
        const vault = vaultOf(text);
        expect(vault.seal("[1]", place)[0]).toBe(primary);
        for (const [each, bytes] of Object.entries(before)) {
          const sealed = vaultOf(keyringText({ [each]: { key: bytes, alg } })).seal("[1]", place);
          const opened = thrown(() => vault.open(sealed, place));
          const disabled = each !== String(primary) && stateById[each] === "disabled";
          expect(opened === undefined).toBe(!disabled);
        }
      }),
    );
  });

  test("without a primary key opens and does not seal; a staged one never seals", () => {
    const sealed = vaultOf(keyringText({ 7: { key } })).seal("[1]", place);
    for (const state of ["staged", "decrypt"]) {
      const vault = vaultOf(keyringText({ 7: { key, state } }));
      expect(vault.open(sealed, place)).toBe("[1]");
      const message = "/password: expected a primary key in the keyring, got none";
      expect(thrown(() => vault.seal("[1]", place))).toMatchObject({ name: "EncodeError", code: "vault", message });
    }
  });

  test("without the key of a secret, or with it disabled, fails that one alone", () => {
    const old = vaultOf(keyringText({ 7: { key } })).seal("[1]", place);
    const vault = vaultOf(keyringText({ 8: {} }));
    expect(thrown(() => vault.open(old, place))).toMatchObject({
      name: "DecodeError", code: "vault", message: "/password: expected key 7 in the keyring, got none",
    });
    expect(vault.open(vault.seal("[2]", place), place)).toBe("[2]");
    expect(thrown(() => vaultOf(keyringText({ 7: { key, state: "disabled" } })).open(old, place))).toMatchObject({
      name: "DecodeError", code: "vault", message: "/password: expected key 7 in the keyring, got one that is disabled",
    });
  });

  test("loads in its short form, padded or not", () => {
    const keyring = loadKeyring(`{"0": "${key}="}\n`);
    expect([[...keyring.keys.keys()], keyring.primary?.id]).toEqual([[0], 0]);
    const sealed = notedVault(keyring).vault.seal("[1]", place);
    expect(vaultOf(keyringText({ 0: { alg: "fernet", key, state: "decrypt" } })).open(sealed, place)).toBe("[1]");
  });

  test("has check values, by which keys of one id are told apart", () => {
    const checkOf = (entry: object): string | undefined => loadKeyring(keyringText({ 2147483647: entry })).keys.get(2147483647)?.checkValue;
    const bytes = Buffer.from(key, "base64url");
    const checkValue = (hash: Hash): string => Buffer.from(hkdfSync(hash, bytes, "", "pliny/kcv/1", 16)).toString("base64url");
    expect(checkOf({ key })).toBe(checkValue("sha512"));
    expect(checkOf({ key, alg: "fernet" })).toBe(checkValue("sha256"));
    expect(checkOf({ key, alg: "fernet", bind: "none", state: "decrypt" })).toBe(checkValue("sha256"));
    expect(checkOf({ key: newKey() })).not.toBe(checkValue("sha512"));
  });

  test("prints none of its bytes", () => {
    const keyring = loadKeyring(keyringText({ 1: { key }, 2: { alg: "fernet", state: "decrypt" } }));
    const bytes = Buffer.from(key, "base64url");
    const printed = [inspect(keyring, { showHidden: true, depth: 9 }), JSON.stringify([...keyring.keys]), format("%o", keyring)].join("\n");
    expect(printed).toContain("checkValue");
    const forms = [key.slice(0, 8), bytes.toString("hex", 0, 4), [...bytes.subarray(0, 4)].join(", ")];
    for (const form of forms) expect(printed).not.toContain(form);
  });

  const long = keyringText;
  const unknownState = "Key 1 of the keyring needs a state that is known:";
  const wrongKeys = [
    ["that is empty", ""], ["of 31 bytes", "A".repeat(42)], ["of 33 bytes", "A".repeat(44)], ["padded twice", `${key}==`],
    ["with a space", `${key} `], ["in the other alphabet", `${key.slice(0, 41)}+A`], ["with bits that carry nothing", `${"A".repeat(42)}B`],
    ["of padding", "=".repeat(44)], ["that is a number", 5], ["that is null", null], ["in a list", [key]],
  ] as const;
  test.each([
    ["no text", undefined, "The keyring is missing."],
    ["an empty text", " \n", "The keyring is missing."],
    ["no JSON", `{"1": "${key}"`, "The keyring is not JSON."],
    ["a list", `["${key}"]`, "The keyring is not an object of keys by id."],
    ["a text", `"${key}"`, "The keyring is not an object of keys by id."],
    ["null", "null", "The keyring is not an object of keys by id."],
    ["no key", "{}", "The keyring holds no key."],
    ["two primary keys", long({ 1: {}, 9: {} }), "The keyring has two primary keys, 1 and 9."],
    ["two keys in short form", `{"0": "${key}", "1": "${newKey()}"}`, "The keyring has two primary keys, 0 and 1."],
    ...["-1", "01", "1.5", "1e3", "", " 1", "2147483648", "99999999999", "__proto__", key].map((wrong) => [
      `the id ${JSON.stringify(wrong === key ? "that is a key" : wrong)}`, `{"${wrong}": {"alg": "fernet"}}`,
      "The keyring has an id that is not an integer from 0 to 2147483647.",
    ]),
    ["an id twice", `{"1": "${key}", "2": 0, "1" : "${key}"}`, "The keyring has key 1 twice."],
    ["an id twice, once escaped", `{"1": "${key}", "\\u0031": "${key}"}`, "The keyring has key 1 twice."],
    ["a member twice", `{"1": {"key": "${key}", "alg": "fernet", "key": "${newKey()}"}}`, "The keyring has a member twice."],
    ["an entry that is a number", '{"1": 5}', "Key 1 of the keyring is neither an object with alg, key and state nor a text."],
    ["an entry that is null", '{"1": null}', "Key 1 of the keyring is neither an object with alg, key and state nor a text."],
    ["a member more", long({ 1: { secret: key } }), "Key 1 of the keyring has a member that is none of alg, key, state, bind."],
    ["no alg", long({ 1: { alg: undefined } }), "Key 1 of the keyring needs an alg that is known: a256gcm-hkdf or fernet."],
    ["an unknown alg", long({ 1: { alg: "rot13" } }), "Key 1 of the keyring needs an alg that is known: a256gcm-hkdf or fernet."],
    ["no state", long({ 1: { state: undefined } }), `${unknownState} staged, primary, decrypt, disabled.`],
    ["an unknown state", long({ 1: { state: "new" } }), `${unknownState} staged, primary, decrypt, disabled.`],
    ...wrongKeys.map(([what, wrong]) => [
      `a key ${what}`, long({ 1: { key: wrong } }), "Key 1 of the keyring needs a key of 32 bytes in base64url.",
    ]),
    ["a short form of the wrong length", '{"3": "AAAA"}', "Key 3 of the keyring needs a key of 32 bytes in base64url."],
    [
      "another bind", long({ 1: { alg: "fernet", bind: "all", state: "decrypt" } }),
      'Key 1 of the keyring may have as its bind only "none", and only if its alg is fernet.',
    ],
    [
      "no bind where there must be one", long({ 1: { bind: "none", state: "decrypt" } }),
      'Key 1 of the keyring may have as its bind only "none", and only if its alg is fernet.',
    ],
    ...["primary", "staged", "disabled"].map((state) => [
      `no bind of a key that is ${state}`, long({ 1: { alg: "fernet", bind: "none", state } }),
      "Key 1 of the keyring binds none, so it only reads what others wrote: its state must be decrypt.",
    ]),
    ["the same bytes twice", long({ 3: { key }, 1: { key, state: "staged" } }), "The keyring has the same bytes under two ids, 1 and 3."],
    [
      "the bytes of a bound key without bind",
      long({ 1: { alg: "fernet", key }, 2: { alg: "fernet", key, bind: "none", state: "decrypt" } }),
      "The keyring has the same bytes under two ids, 1 and 2.",
    ],
  ] as readonly (readonly [string, string | undefined, string])[])("with %s is refused", (_, text, message) => {
    const error = thrown(() => loadKeyring(text));
    expect(error).toBeInstanceOf(KeyringError);
    expect(error).toMatchObject({ name: "KeyringError", code: "KEYRING", message });
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(key.slice(0, 8));
  });

  test("is named in its messages", () => {
    expect(thrown(() => loadKeyring("{}", { name: "shred keyring" }))).toMatchObject({ message: "The shred keyring holds no key." });
    expect(thrown(() => loadIndexKeyring(`{"1": "${key}"}`))).toMatchObject({
      message: "Key 1 of the index keyring is not an object with alg, key and state.",
    });
    expect(thrown(() => loadIndexKeyring(keyringText({ 1: {} })))).toMatchObject({
      message: "Key 1 of the index keyring needs an alg that is known: hmac-sha256.",
    });
  });

  test("however it is damaged, loads as it was or is refused, and no message has anything of it", () => {
    const text = keyringText({ 1: { key }, 2: { alg: "fernet", state: "staged" } });
    const damage = fc.tuple(fc.nat(text.length), fc.nat(3), fc.constantFrom("", '"', "{", "}", ",", ":", "\\", "1", " ", "\0"));
    let refused = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        const damaged = damages.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text);
        const error = thrown(() => loadKeyring(damaged));
        if (error === undefined) return;
        refused += 1;
        expect(error).toBeInstanceOf(KeyringError);
        const printed = inspect(error, { showHidden: true, depth: 9 });
        for (let at = 0; at + 6 <= key.length; at += 1) expect(printed).not.toContain(key.slice(at, at + 6));
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});

test("no error of the vault has anything of the secret, the blob or the key", () => {
  const key = newKey();
  const canary = "canary-4711";
  const keys = { 1: { key }, 2: { alg: "fernet", state: "decrypt" } };
  const { vault } = notedVault(loadKeyring(keyringText(keys)));
  const sealed = vault.seal(JSON.stringify([canary]), place);
  const token = vaultOf(keyringText({ 2: { alg: "fernet" } })).seal(JSON.stringify([canary]), place);
  const errors = [
    thrown(() => vault.open([3, sealed[1]], place)),
    thrown(() => vault.open([2, sealed[1]], place)),
    thrown(() => vault.open([1, canary], place)),
    thrown(() => vault.open(token, place)),
    thrown(() => vault.open(sealed, { ...place, id: otherId })),
    thrown(() => vaultOf(keyringText({ 1: { key, state: "disabled" } })).open(sealed, place)),
    thrown(() => vaultOf(keyringText({ 1: { key, state: "staged" } })).seal(canary, place)),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error);
    const printed = inspect(error, { showHidden: true, depth: 9 });
    for (const text of [canary, sealed[1].slice(0, 12), token[1].slice(0, 12), key.slice(0, 8)]) expect(printed).not.toContain(text);
  }
});

describe("a blind index", () => {
  const key = newKey();
  const keyring = loadIndexKeyring(
    JSON.stringify({
      4: { alg: "hmac-sha256", key, state: "primary" },
      10: { alg: "hmac-sha256", key: newKey(), state: "decrypt" },
      2: { alg: "hmac-sha256", key: newKey(), state: "staged" },
      5: { alg: "hmac-sha256", key: newKey(), state: "disabled" },
    }),
  );
  const email = { root: "user", path: ["email"] } as const;

  test("is HMAC-SHA256 under a key of the field, whole, a value a live key", () => {
    const { Dict } = blindIndex(keyring, email, "ann@example.org");
    const fieldKey = createHmac("sha256", Buffer.from(key, "base64url")).update("pliny/index/1\0user\0email\u0001").digest();
    expect(Object.keys(Dict).sort()).toEqual(["10", "4"]);
    expect(Dict["4"]).toBe(createHmac("sha256", fieldKey).update("ann@example.org").digest("base64url"));
    expect(Dict["10"]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Dict["10"]).not.toBe(Dict["4"]);
  });

  test("is one for texts that are one in NFC, and for any case where the field says so", () => {
    const of = (text: string, normalize?: "lower"): Json => blindIndex(keyring, { ...email, ...(normalize ? { normalize } : {}) }, text);
    expect(of("Ren\u00e9")).toEqual(of("Rene\u0301"));
    expect(of("Ren\u00e9")).not.toEqual(of("ren\u00e9"));
    expect(of("REN\u00c9", "lower")).toEqual(of("rene\u0301", "lower"));
    expect(of("")).not.toEqual(of(" "));
  });

  test("is of the field: no other field, type or split of their names has the same", () => {
    const fields = [email, { root: "user", path: ["e", "mail"] }, { root: "use", path: ["remail"] }, { root: "team", path: ["email"] }];
    const nested = [{ root: "user", path: ["email", ""] }, { root: "user", path: [] }, { root: "user\0email", path: ["x"] }];
    expect(new Set([...fields, ...nested].map((field) => blindIndex(keyring, field, "x").Dict["4"])).size).toBe(7);
  });

  test("of what is no text is that of its canonical JSON", () => {
    expect(blindIndex(keyring, email, { b: 1, a: [{ Time: "x" }] })).toEqual(blindIndex(keyring, email, '{"a":[{"Time":"x"}],"b":1}'));
  });

  test("has keys with check values, which print nothing else", () => {
    const [staged] = keyring;
    expect([staged?.id, staged?.state]).toEqual([2, "staged"]);
    const check = createHmac("sha256", Buffer.from(key, "base64url")).update("pliny/kcv/1\u0001").digest().toString("base64url", 0, 16);
    expect(keyring[1]?.checkValue).toBe(check);
    expect(inspect(keyring, { showHidden: true, depth: 9 })).not.toContain(key.slice(0, 8));
  });
});

describe("a key of a resource's own", () => {
  const owner = { root: "customer", id };
  const at: Place = { ...owner, path: ["password"] };
  const january = newKey();
  const february = newKey();
  const shredKeyring = (keys: { readonly [id: string]: object }): Keyring => loadKeyring(keyringText(keys), { name: "shred keyring" });
  const before = shredKeyring({ 202701: { key: january } });
  const between = shredKeyring({ 202701: { key: january, state: "decrypt" }, 202702: { key: february } });
  const after = shredKeyring({ 202702: { key: february } });
  const { notes, masking } = notedVault();
  const noteReveal = (): Promise<void> => Promise.resolve();
  function ownVault(wrapped: Sealed | null, shredKeys: Keyring): Vault {
    return createOwnVault({ owner, wrapped, shredKeys }, { noteReveal, masking });
  }

  test("seals and opens, and is another for each resource", () => {
    const first = makeDataKey(owner, before);
    const sealed = ownVault(first, before).seal("[1]", at);
    expect([first[0], sealed[0]]).toEqual([202701, 1]);
    expect(ownVault(first, before).open(sealed, at)).toBe("[1]");
    const second = makeDataKey(owner, before);
    expect(() => ownVault(second, before).open(sealed, at)).toThrow("/password: expected what key 1 of the resource's own keyring sealed");
    expect(notes).toEqual([]);
  });

  test("opens for its resource alone", () => {
    const wrapped = makeDataKey({ root: "customer", id: otherId }, before);
    expect(thrown(() => ownVault(wrapped, before).seal("[1]", at))).toMatchObject({
      name: "EncodeError", code: "vault", pointer: "/password",
      message: "/password: expected what key 202701 of the shred keyring sealed for this place, got something else",
    });
  });

  test("is wrapped again under the next month's key, and what it sealed still opens", () => {
    const wrapped = makeDataKey(owner, before);
    const sealed = ownVault(wrapped, before).seal("[1]", at);
    const again = rewrapDataKey(wrapped, owner, between);
    expect(again[0]).toBe(202702);
    expect(ownVault(again, after).open(sealed, at)).toBe("[1]");
    expect(thrown(() => ownVault(wrapped, after).open(sealed, at))).toMatchObject({
      name: "DecodeError", code: "vault", message: "/password: expected key 202701 in the shred keyring, got none",
    });
    expect(() => rewrapDataKey(wrapped, owner, after)).toThrow("expected key 202701 in the shred keyring, got none");
  });

  test("once destroyed, says so when something is to be opened or sealed, and not before", () => {
    const sealed = ownVault(makeDataKey(owner, before), before).seal("[1]", at);
    const vault = ownVault(null, before);
    const message = "/password: expected the resource's own key, got none: it was destroyed";
    expect(thrown(() => vault.open(sealed, at))).toMatchObject({ name: "DecodeError", code: "vault", message });
    expect(thrown(() => vault.seal("[1]", at))).toMatchObject({ name: "EncodeError", code: "vault", message });
  });
});

describe("what was opened is masked", () => {
  const maskingOf = (...values: readonly Json[]): Masking => {
    const masking = new Masking();
    for (const value of values) masking.add(JSON.stringify([value]));
    return masking;
  };

  test("by the vault that opened it", () => {
    const { vault, masking } = notedVault();
    vault.open(vault.seal('["hunter2"]', place), place);
    expect(masking.mask("login failed: hunter2 (hunter2!)")).toBe("login failed: [secret] ([secret]!)");
    expect(inspect(masking, { showHidden: true, depth: 9 })).not.toContain("hunter2");
  });

  test.each<[string, Json, string, string]>([
    ["in its quotes", 'a"b\nc', String.raw`got "a\"b\nc"`, 'got "[secret]"'],
    ["as it is", 'a"b\nc', 'got a"b\nc.', "got [secret]."],
    ["cut short, as messages show it", "0123456789".repeat(9), `got "${"0123456789".repeat(4)}…"`, 'got "[secret]…"'],
    ["number by number", 123456, "pin 123456 refused", "pin [secret] refused"],
    ["each member", { user: "alice", pass: ["wonderland"] }, "user alice:wonderland", "user [secret]:[secret]"],
    ["each tagged text", { Bytes: "AAECAwQ" }, "Bytes AAECAwQ", "Bytes [secret]"],
    ["each key of a dict", { Dict: { token: { name: "t1" } } }, "token of name", "[secret] of name"],
    ["each key of free data", { Json: { token: { name: "t1" } } }, "token of name", "[secret] of [secret]"],
    ["not what is too short to tell anything", ["abc", 123, true, null], "abc 123 true null", "abc 123 true null"],
    ["nothing where there is nothing", "", "all is well", "all is well"],
  ])("%s", (_, value, text, masked) => {
    expect(maskingOf(value).mask(text)).toBe(masked);
  });

  test("where two overlap, both", () => {
    expect(maskingOf("abcdef", "defghi").mask("abcdefghi abcdef")).toBe("[secret] [secret]");
    expect(maskingOf("secret-long", "secret").mask("secret-long secret")).toBe("[secret] [secret]");
    expect(maskingOf("aaaa").mask("aaaaaa")).toBe("[secret]");
  });

  test("what others sealed and is no JSON, too", () => {
    const masking = new Masking();
    masking.add("hunter2");
    expect(masking.mask("hunter2")).toBe("[secret]");
  });

  test("wholly, whatever stands around it", () => {
    const secret = fc.string({ unit: fc.constantFrom("A", "B", '"'), minLength: 4, maxLength: 8 });
    const around = fc.array(fc.oneof(secret, fc.string({ unit: fc.constantFrom("A", "B", ".") })));
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1 }), around, (secrets, parts) => {
        const masked = maskingOf(...secrets).mask([...parts, ...secrets].join(""));
        for (const each of secrets) expect(masked).not.toContain(each);
      }),
    );
  });
});
