// What was made of a resource before is taken again only if making it anew would give the same: for every spec that differs in a line, a run
// that remembers gives the bytes of one that does not.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recallUnits, storeUnits } from "../compiler/commands/recall.js";
import { compileDocuments, type Recall } from "../compiler/compile.js";
import type { GeneratedFile } from "../compiler/emit.js";
import { parseSpec } from "../compiler/parse.js";
import type { SourceFile } from "../compiler/source.js";
import { casesFolder, compileFolder } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";

const run = (sources: readonly SourceFile[], recall: Recall): ReturnType<typeof compileDocuments> =>
  compileDocuments(sources.map(parseSpec), { measure: (_, phase) => phase(), recall });

interface Before {
  readonly recall: Recall;
  /** All that would be there after a run with that memory: what it made, and what it kept. */
  readonly after: (again: ReturnType<typeof run>) => readonly GeneratedFile[];
}

function remembered(sources: readonly SourceFile[], spoilt: string | null = null): Before {
  const { files, units } = run(sources, () => null);
  const there = new Map(files.map((file) => [file.path, file]));
  return {
    recall: recallUnits({ units: storeUnits(units) }, (path) => path !== spoilt),
    after: ({ files: made, kept }) =>
      [...made, ...kept.flatMap((path) => there.get(path) ?? [])].sort((left, right) => (left.path < right.path ? -1 : 1)),
  };
}

/** The specs with one line taken away, or one word of it changed, a variant for each line. */
function* variants(sources: readonly SourceFile[]): Generator<readonly SourceFile[]> {
  for (const [at, source] of sources.entries()) {
    const lines = source.text.split("\n");
    for (const [number, line] of lines.entries()) {
      const changes = [[], [line.replace("required: true", "required: false")], [line.replace(/doc: (\w)/, "doc: Now $1")], [line.replace(/\d+/, "7")]];
      for (const change of changes) {
        if (change[0] === line) continue;
        const text = [...lines.slice(0, number), ...change, ...lines.slice(number + 1)].join("\n");
        yield sources.with(at, { path: source.path, text });
      }
    }
  }
}

describe.each(["the example", "subtypes", "named-types", "names-keywords", "renames", "tasks", "versions"])("%s", (name) => {
  const { sources } = compileFolder(name === "the example" ? projectRoot : join(casesFolder, name));

  test("a run that remembers gives what one that does not", () => {
    const { recall, after } = remembered(sources);
    let compared = 0;
    let recalled = 0;
    for (const changed of variants(sources)) {
      const { files } = run(changed, () => null);
      if (files.length === 0) continue;
      const taken = new Set<string>();
      const again = run(changed, (unit, fingerprint) => {
        const known = recall(unit, fingerprint);
        if (known) taken.add(unit);
        return known;
      });
      expect(after(again)).toEqual(files);
      compared += 1;
      recalled += taken.size;
    }
    expect(compared).toBeGreaterThan(10);
    expect(recalled).toBeGreaterThan(0);
  }, 120_000);

  test("with no change everything but what is of all resources is taken again", () => {
    const { recall } = remembered(sources);
    const { units } = run(sources, (unit, fingerprint) => recall(unit, fingerprint) ?? expect.fail(`${unit} was made again`));
    expect(units.length).toBeGreaterThan(0);
  });
});

test("a file that is not as it was made is made again", () => {
  const { sources } = compileFolder(projectRoot);
  const { recall, after } = remembered(sources, "team.ts");
  const again = run(sources, recall);
  expect(again.kept).not.toContain("team.ts");
  expect(again.kept).toContain("database.ts");
  expect(again.files.find(({ path }) => path === "team.ts")?.text).toBe(readFileSync(join(projectRoot, "generated/team.ts"), "utf8"));
  expect(after(again)).toEqual(run(sources, () => null).files);
});
