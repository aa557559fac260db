// Two releases as clients meet them: whoever was written for the older one calls the newer one. What the stubs say of each route tells whether
// that goes well.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Route } from "../../runtime/index.js";
import { compile } from "../../compiler/compile.js";
import { type Specs, sourcesOf } from "./diffs.js";
import { writeCode } from "./records.js";
import { typeCheck, writeProject } from "./typescript.js";

export interface Pair {
  readonly name: string;
  readonly old: Specs;
  readonly next: Specs;
}

// A request may hold more than is asked for, which is ignored, but for what it is found by: a filter or a sort that is ignored gives other rows.
const judge = `
import type { Routes as Old } from "./old/api.js";
import type { Routes as New } from "./next/api.js";

type Part<Route, Name extends string> = Route extends { readonly [Member in Name]: infer Is } ? Is : {};
type Problem<O, N> =
  | (Part<O, "body"> extends Part<N, "body"> ? never : "what was sent is not taken")
  | (Part<O, "query"> extends Part<N, "query"> ? (keyof Part<O, "query"> extends keyof Part<N, "query"> ? never : "a filter is gone") : "what was asked is not taken")
  | (Part<N, "response"> extends Part<O, "response"> ? never : "what was read is not there");
type Problems = { [Name in keyof Old]: Name extends keyof New ? (Problem<Old[Name], New[Name]> extends never ? never : \`\${Name}: \${Problem<Old[Name], New[Name]>}\`) : \`\${Name}: it is gone\` }[keyof Old];

declare const problems: Problems;
export const none: never = problems;
`;

/** What goes wrong, by the name of the pair; nothing of a pair with which all goes well. */
export async function findClientBreaks(pairs: readonly Pair[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = mkdtempSync(join(tmpdir(), "pliny-clients-"));
  try {
    const found = new Map<string, string[]>();
    const add = (name: string, problem: string): void => void found.set(name, [...(found.get(name) ?? []), problem]);
    const made = pairs.flatMap(({ name, old, next }) => [[`${name}/old`, compile(sourcesOf(old)).files] as const, [`${name}/next`, compile(sourcesOf(next)).files] as const]);
    writeProject(folder, new Map(made));
    for (const { name } of pairs) writeFileSync(join(folder, name, "judge.ts"), judge);
    const said = typeCheck(folder);
    for (const line of said.split("\n").filter((text) => text !== "")) {
      const [, name = "", message = ""] = /^([^/]+)\/judge\.ts\(\d+,\d+\): error TS2322: (.*)$/.exec(line) ?? [];
      if (name === "" && !line.startsWith(" ")) throw new Error(said);
      if (name !== "") add(name, message);
    }
    for (const { name } of pairs) {
      const [old, next] = [await routesOf(join(folder, name, "old")), await routesOf(join(folder, name, "next"))];
      for (const [route, { strict }] of Object.entries(next)) {
        if (strict === true && old[route] !== undefined && old[route].strict !== true) add(name, `${route}: what comes without If-Match is refused`);
      }
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }

  async function routesOf(code: string): Promise<Readonly<Record<string, Route>>> {
    const { files } = compile(sourcesOf(pairs.find(({ name }) => code.includes(`/${name}/`))?.[code.endsWith("old") ? "old" : "next"] ?? ""));
    writeCode(code, files);
    const { routes }: { readonly routes: Readonly<Record<string, Route>> } = await import(pathToFileURL(join(code, "api.ts")).href);
    return routes;
  }
}
