// The rules of the diff, one by one: a change that each speaks of, the same by the safe path, and every edit that it offers. What it says
// stands in test/diff/rules/ and docs/diff-rules.md; `npx vitest run -u test/rules.test.ts` rewrites both.

import { beforeAll, describe, expect, test } from "vitest";
import { hasErrors } from "../compiler/diagnostic.js";
import { compile } from "../compiler/compile.js";
import { keywords } from "../compiler/keywords.js";
import { explain, renderDiagnostics, rulesPage } from "../compiler/render.js";
import { rules } from "../compiler/rules.js";
import { findClientBreaks } from "./setup/clients.js";
import { diffSpecs, edited, sourcesOf } from "./setup/diffs.js";
import { findBreaks, findRefusals } from "./setup/releases.js";

const rank = { info: 0, warning: 1, error: 2 } as const;

describe.each(rules.map((rule) => ({ rule, code: rule.code })))("$code", ({ rule, code }) => {
  const { before, after, safe } = rule.words.example;

  test("speaks of its example, as severely as it says", async () => {
    const { diagnostics, findings } = diffSpecs(before, after);
    expect(findings.filter((finding) => finding.code === code).map((finding) => finding.severity)).toContain(rule.severity);
    await expect(renderDiagnostics(diagnostics, { format: "text", colour: false })).toMatchFileSnapshot(
      `diff/rules/${code.toLowerCase()}.txt`,
    );
  });

  test("says nothing, or less, on the safe path", () => {
    if (safe === null) return;
    const { findings } = diffSpecs(before, safe);
    expect(findings.filter((finding) => finding.code === code && rank[finding.severity] >= rank[rule.severity])).toEqual([]);
    if (rule.severity === "error") expect(findings.filter((finding) => finding.severity === "error")).toEqual([]);
  });

  test("offers edits after which it says less", () => {
    const { findings } = diffSpecs(before, after);
    for (const { nextActions, severity } of findings.filter((finding) => finding.code === code)) {
      for (const { edits, text } of nextActions) {
        if (edits.length === 0) continue;
        const sources = edited(after, edits);
        expect(hasErrors(compile(sources).diagnostics), `${text}\n${sources[0]?.text ?? ""}`).toBe(false);
        const left = diffSpecs(sourcesOf(before), sources).findings.filter(
          (finding) => finding.code === code && rank[finding.severity] >= rank[severity],
        );
        expect(
          left.map((finding) => finding.message),
          `${text}\n${sources[0]?.text ?? ""}`,
        ).toEqual([]);
      }
    }
  });

  test("is an error only where there is a safe path, or never is one", () => {
    if (rule.severity === "error") expect(safe !== null || /never|make a new task/i.test(rule.words.safe)).toBe(true);
  });

  test("says nothing where nothing changed", () => {
    for (const specs of [before, after]) expect(diffSpecs(specs, specs).changes).toEqual([]);
  });

  test("is explained", () => {
    expect(explain(code)).toContain(rule.words.why);
  });
});

test("the page of all rules is what the rules say", async () => {
  await expect(rulesPage()).toMatchFileSnapshot("../docs/diff-rules.md");
});

test("every rule has a code of its own, and a keyword that asks it", () => {
  const codes = rules.map((rule) => rule.code);
  expect(new Set(codes).size).toBe(codes.length);
  const asked = new Set(keywords.flatMap(({ changes }) => Object.values(changes).flatMap((each: string) => each.split(" "))));
  expect([...asked].sort()).toEqual([...codes].sort());
});

describe("two releases beside each other, by the values that they read and write", () => {
  const examples = rules.map(({ code, words: { example } }) => ({ code, ...example }));
  // What people write by hand where an example says `code`.
  const sizes: (string | null)[] = [];
  const upgrades: Readonly<Record<string, object>> = {
    FLD013: { to2: ({ size }: { readonly size: string | null }) => ({ sizeGib: sizes.push(size) - 1 }), from2: ({ sizeGib }: { readonly sizeGib: number | null }) => ({ size: sizes[sizeGib ?? -1] ?? null }) },
    VER005: { to3: () => ({}), from3: () => ({}) },
  };
  const isBroken = async (code: string, { old, next }: { readonly old: string; readonly next: string }): Promise<boolean> =>
    (await findBreaks({ old: { spec: old }, next: { spec: next, upgrades: { database: upgrades[code] ?? {} } } }, 20)).length > 0;

  // What somebody has looked up and accepted is known from no spec.
  const accepted = ["ENM007"];
  test.each(examples.filter(({ safe, code }) => safe !== null && !accepted.includes(code)))(
    "$code: the safe path is safe",
    async ({ code, before, safe }) => {
      expect(await isBroken(code, { old: before, next: safe ?? "" })).toBe(false);
    },
  );

  // What those before or after these two hold, where that is what shows it.
  const others: Readonly<Record<string, { readonly old?: string; readonly next?: string }>> = {
    FLD001: { next: "resource: database\nfields: { name: string, host: int }" },
    FLD003: { old: "resource: database\nfields: { host: string }" },
    VER003: { old: "resource: database\nfields: { name: string }" },
  };
  // What no value of one record shows, and where it is shown instead.
  const apart: Readonly<Record<string, string>> = {
    API001: "by what clients meet, below", API003: "the same", API009: "the same", API017: "the same",
    ENC006: "clients get more than they did, and nothing goes wrong but that",
    IDX003: "by two rows of one key, which Postgres refuses (test/sql.test.ts)",
    REL001: "the parent stands in a column of its own", RES014: "so does the type, and rows of a subtype lie in the table of its base",
    RES013: "a promise is taken back, and no value", RES015: "by who holds the key (test/secrets.test.ts)",
    VER005: "by the frozen rows (test/vectors.test.ts)",
  };
  const errors = examples.filter(({ code }) => rules.some((rule) => rule.code === code && rule.severity === "error" && rule.axes.some((axis) => axis === "W" || axis === "D")));
  test.each(errors)("$code: an error on the wire or in storage has a value that shows it, or stands elsewhere", async ({ code, before, after }) => {
    const releases = { old: { spec: others[code]?.old ?? before }, next: { spec: others[code]?.next ?? after } };
    const isShown = (await findBreaks(releases, 20)).length > 0 || (await findRefusals(releases, 200)).length > 0;
    expect(isShown, apart[code]).toBe(!Object.hasOwn(apart, code));
  });

  // Values that only the new release can hold or omit: which are written when is up to people, so that these warn (FLD010, FLD015); and a
  // default, which both read and each in its way (FLD016).
  const warned = ["FLD010", "FLD015", "FLD016"];
  test.each(examples)("$code: what breaks is an error", async ({ code, before, after }) => {
    const isError = diffSpecs(before, after).findings.some(({ severity }) => severity === "error");
    if (!isError) expect(await isBroken(code, { old: before, next: after })).toBe(warned.includes(code));
  });
});

describe("clients of the release before", () => {
  const served = rules.flatMap(({ code, severity, words: { example } }) => (example.before.includes("api:") && example.after.includes("api:") ? [{ code, severity, ...example }] : []));
  const pairs = served.flatMap(({ code, before, after, safe }) => [
    { name: `${code}-after`, old: before, next: after },
    ...(safe?.includes("api:") === true ? [{ name: `${code}-safe`, old: before, next: safe }] : []),
  ]);
  let breaks: ReadonlyMap<string, readonly string[]> = new Map();
  beforeAll(async () => {
    breaks = await findClientBreaks(pairs);
  });

  // A secret that is shown hurts somebody else; a filter may go as slowly as it likes.
  const others = ["ENC006"];
  test.each(served.filter(({ code }) => !others.includes(code)))("$code: are served as the rule says", ({ code, severity }) => {
    const isBroken = breaks.has(`${code}-after`);
    expect([isBroken, breaks.get(`${code}-after`)]).toEqual([severity === "error", breaks.get(`${code}-after`)]);
  });

  // What somebody has looked up, or a day that has come, is known from no stub.
  const accepted = ["API017"];
  test.each(served.filter(({ safe, code }) => safe?.includes("api:") === true && !accepted.includes(code)))("$code: are served on the safe path", ({ code }) => {
    expect(breaks.get(`${code}-safe`)).toBeUndefined();
  });
});
