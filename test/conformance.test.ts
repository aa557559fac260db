// The conformance kit, test/conformance: each of its cases through the reader without types, through generated code, through a real `jsonb`
// column, and through a second reader, which is written in another language and shares nothing with ours.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  canonicalText, DecodeError, detached, type Json, parseJson, type ProfileName, profiles, readRecord, readSecret, readString, readValue,
  readVersion, writeSecret, writeString, writeValue,
} from "pliny/codec";
import { everythingCodec } from "./cases/fields-all-types/expected/everything.shape.js";
import { postgresVersions, usePostgres } from "./postgres.js";
import { projectRoot } from "./setup/project.js";

const folder = join(projectRoot, "test/conformance");

interface Case {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly profile?: ProfileName;
}
interface Valid extends Case {
  readonly canonical: string;
}
interface Invalid extends Case {
  readonly pointer: string;
  readonly code: string;
  /** `format`: by every reader; `type`: by who knows the type. */
  readonly by: "format" | "type";
  /** `jsonb` holds the value in another spelling, in which nothing is wrong with it. */
  readonly mended?: true;
}

function kit<Row>(name: string): readonly Row[] {
  const rows: readonly Row[] = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  return rows;
}

const invalid = kit<Invalid>("invalid");
const right: readonly (Valid & { readonly profile: ProfileName })[] = [
  ...kit<Valid>("valid").map((row) => ({ ...row, profile: row.profile ?? "store" })),
  ...kit<Case>("canonical").flatMap((row) =>
    (["store", "canonical"] as const).map((profile) => ({ ...row, name: `${row.name} (${profile})`, canonical: row.text, profile })),
  ),
];

/** Reads as the type says and writes again; what stands in a row of its own is no field. */
function throughType(type: string, json: Json, profile: ProfileName): Json {
  const at = detached(profile);
  if (type === "row") return readVersion(readRecord(json)) > 0 ? json : null;
  if (type === "secret") return writeSecret(readSecret(json, readString, at), writeString, at);
  return everythingCodec.encode(everythingCodec.decode({ __v: 1, [type]: json }, at), at)[type] ?? null;
}

function throughValue(json: Json, profile: ProfileName): Json {
  return writeValue(readValue(json, detached(profile)), detached(profile));
}

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("the kit's types are fields of generated code", () => {
  const [everything = ""] = readFileSync(join(projectRoot, "test/cases/fields-all-types/specs/everything.yaml"), "utf8").split("---");
  const { fields }: { readonly fields: Readonly<Record<string, unknown>> } = parseYaml(everything);
  const types = Object.entries(fields).map(([name, field]) => [name, withoutConstraints(field)] as const);
  expect(JSON.parse(readFileSync(join(folder, "types.json"), "utf8"))).toEqual(Object.fromEntries(types));
  const others = new Set([...right, ...invalid].map((row) => row.type).filter((type) => !Object.hasOwn(fields, type)));
  expect([...others].sort()).toEqual(["any", "row", "secret"]);
});

const constraints = new Set(["min", "max", "pattern", "scale", "unit", "doc"]);

function withoutConstraints(field: unknown): unknown {
  if (Array.isArray(field)) return field.map(withoutConstraints);
  if (typeof field !== "object" || field === null) return field;
  const asked = Object.entries(field).filter(([key]) => !constraints.has(key));
  const kept = asked.map(([key, value]) => [key, withoutConstraints(value)] as const);
  const [only] = kept;
  return kept.length === 1 && only?.[0] === "type" ? only[1] : Object.fromEntries(kept);
}

describe("valid", () => {
  test.each(right)("$name", ({ type, text, canonical, profile }) => {
    const json = parseJson(text, profiles[profile]);
    expect(canonicalText(throughValue(json, profile))).toBe(canonical);
    // A typed reference leaves its URL behind.
    const typed = profile === "api-out" ? canonical.replace(/,"[^"]*"\]/, (url) => (url.includes("/") ? "]" : url)) : canonical;
    if (type !== "any") expect(canonicalText(throughType(type, json, profile))).toBe(typed);
    expect(canonicalText(parseJson(canonical, profiles.canonical))).toBe(canonical);
  });
});

describe("invalid", () => {
  test.each(invalid)("$name", ({ type, text, pointer, code, by, profile = "store" }) => {
    const parsed = (): Json => parseJson(text, profiles[profile]);
    if (by === "format") {
      const error = thrown(() => throughValue(parsed(), profile));
      expect(error).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ pointer, code });
    }
    if (type === "any") return;
    const error = thrown(() => throughType(type, parsed(), profile));
    expect(error).toBeInstanceOf(DecodeError);
    if (by === "type") expect(error).toMatchObject({ pointer: type === "row" || type === "secret" ? pointer : `/${type}${pointer}`, code });
  });
});

describe.each(postgresVersions)("through a jsonb column of Postgres %i", (version) => {
  const postgres = usePostgres(version);
  const make = "create table kit (value jsonb not null)";
  const put = "insert into kit values ($1) returning value::text as text";

  test("a value stays what it is, and its canonical text too", async () => {
    const client = await postgres.database();
    await client.query(make);
    for (const { name, text, canonical, type, profile } of right) {
      const { rows } = await client.query<{ readonly text: string }>(put, [text]);
      const asRow = profile === "canonical" ? "store" : profile;
      const back = parseJson(rows[0]?.text ?? "", profiles[asRow]);
      expect([name, canonicalText(throughValue(back, asRow))]).toEqual([name, canonical]);
      const before = readValue(parseJson(text, profiles[profile]), detached(profile));
      expect([name, readValue(back, detached(asRow))]).toEqual([name, before]);
      if (type !== "any" && profile === "store") expect([name, canonicalText(throughType(type, back, asRow))]).toEqual([name, canonical]);
    }
  });

  test("what is wrong is refused by jsonb, or when it comes back", async () => {
    const client = await postgres.database();
    await client.query(make);
    let held = 0;
    for (const { name, type, text, by, mended, profile = "store" } of invalid) {
      const back = await client.query<{ readonly text: string }>(put, [text]).then(({ rows }) => rows[0]?.text, () => null);
      if (typeof back !== "string") continue;
      held += 1;
      const read = (): Json => {
        const json = parseJson(back, profiles[profile === "canonical" ? "store" : profile]);
        return by === "format" ? throughValue(json, profile) : throughType(type, json, profile);
      };
      expect([name, thrown(read) instanceof DecodeError]).toEqual([name, mended !== true]);
    }
    expect(held).toBeGreaterThan(invalid.length / 2);
  });
});

describe("the second reader", () => {
  const reader = join(folder, "reader.py");
  const run = (...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
    spawnSync("python3", ["-B", reader, ...args], { encoding: "utf8" });
  const hasPython = spawnSync("python3", ["--version"]).status === 0;

  test.skipIf(!hasPython)("agrees about every case (skipped where there is no python3)", () => {
    const { status, stdout, stderr } = run();
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\d+ cases, 0 wrong\n$/);
    expect(status).toBe(0);
  });

  test.skipIf(!hasPython)("finds each case that stands in the wrong file (skipped where there is no python3)", () => {
    const wrong = mkdtempSync(join(tmpdir(), "pliny-kit-"));
    onTestFinished(() => rmSync(wrong, { recursive: true }));
    for (const name of ["canonical", "valid"]) copyFileSync(join(folder, "canonical.json"), join(wrong, `${name}.json`));
    copyFileSync(join(folder, "canonical.json"), join(wrong, "invalid.json"));
    const count = kit("canonical").length;
    expect(run(wrong)).toMatchObject({ status: 1 });
    expect(run(wrong).stdout).toContain(`${count * 3} cases, ${count} wrong`);
  });
});
