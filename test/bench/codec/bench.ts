// What it costs to turn a record of eight fields into text and back, alone and in a list of a thousand: pliny's generated code, a floor written
// by hand for this record, and the libraries that are installed here. Run it from the project: `npx tsx test/bench/codec/bench.ts [names]
// [--rounds 100] [--keep folder]`.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ts } from "ts-morph";
import { compile } from "../../../compiler/compile.js";
import { projectRoot } from "../../setup/project.js";
import type { Answer, Question } from "./contender.js";
import { listLength, spec } from "./record.js";

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "100" }, keep: { type: "string" } },
  allowPositionals: true,
});

/** By name, the package that must be installed beside this file. */
const peers = {
  typebox: "@sinclair/typebox", zod: "zod", "fast-json-stringify + ajv": "fast-json-stringify", superjson: "superjson", devalue: "devalue",
  "transit-js": "transit-js",
};
const modules = join(import.meta.dirname, "node_modules");
const installed = Object.entries(peers).filter(([, name]) => existsSync(join(modules, name)));
const all = ["floor", "pliny", "pliny, JSON.parse", "JSON, nothing mapped", "JSON by hand", ...installed.map(([name]) => name)];
const names = positionals.length > 0 ? positionals : all;

const folder = values.keep ?? mkdtempSync(join(tmpdir(), "pliny-bench-"));
prepare(folder);
if (values.keep === undefined) {
  try {
    await compare(Number(values.rounds));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Everything that runs, as plain JavaScript: contenders, what pliny makes of the spec, and the codec under it. */
function prepare(folder: string): void {
  const { files, diagnostics } = compile([{ path: "specs/bench.yaml", text: spec }]);
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const runtime = join(projectRoot, "runtime/codec");
  const codec = readdirSync(runtime).map((name) => ({ path: `node_modules/pliny/${name}`, text: readFileSync(join(runtime, name), "utf8") }));
  const own = ["record.ts", "floor.ts", "contenders.ts", "contender.ts"].map((path) => ({ path, text: readFileSync(join(import.meta.dirname, path), "utf8") }));
  for (const { path, text } of [...files.filter(({ path }) => path.endsWith(".ts")), ...own, ...codec]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
    writeFileSync(join(folder, path.replace(/\.ts$/, ".js")), ts.transpileModule(text.replace("../../../runtime/codec/index.js", "pliny/codec"), { compilerOptions }).outputText);
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(folder, "node_modules/pliny/package.json"), '{ "name": "pliny", "type": "module", "exports": { "./codec": "./index.js" } }\n');
  for (const name of existsSync(modules) ? readdirSync(modules).filter((name) => !name.startsWith(".")) : []) link(join(modules, name), join(folder, "node_modules", name));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) symlinkSync(target, path);
}

/**
 * Each contender has a process of its own, so that none pays for what another leaves on the heap or does to compiled code. They take turns,
 * so that a slow moment of the machine falls on all alike.
 */
async function compare(rounds: number): Promise<void> {
  const kinds = ["one", "list"] as const;
  const children = names.map((name) => fork(join(folder, "contender.js"), [name], { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
  await Promise.all(children.map((child) => once(child, "message")));
  const measured = children.map((child) => ({ child, one: [] as Answer[], list: [] as Answer[] }));
  // The first rounds warm up.
  for (let round = -rounds / 2; round < rounds; round += 1) {
    for (const kind of kinds) {
      for (const { child, [kind]: answers } of measured) {
        const answer = await ask(child, { kind, rounds: 1 });
        if (round >= 0) answers.push(answer);
      }
    }
  }
  for (const child of children) child.disconnect();
  print(measured.map(({ one, list }, at) => ({ name: names[at] ?? "", one: rate(one), list: rate(list), bytes: (one[0]?.bytes ?? 0) / listLength })));
}

async function ask(child: ChildProcess, question: Question): Promise<Answer> {
  child.send(question);
  const [answer]: Answer[] = await once(child, "message");
  if (answer === undefined) throw new Error("A contender did not answer.");
  return answer;
}

/** Thousands a second in the round that a tenth of them beat: a busy machine only ever adds time, and the very least may be luck. */
function rate(answers: readonly Answer[]): number {
  const times = answers.map(({ ms }) => ms).sort((left, right) => left - right);
  return listLength / (times[Math.floor(times.length / 10)] ?? NaN);
}

interface Rated {
  readonly name: string;
  readonly one: number;
  readonly list: number;
  readonly bytes: number;
}

function print(rows: readonly Rated[]): void {
  const own = rows.find(({ name }) => name === "pliny");
  process.stdout.write(`Node ${process.version}, thousands of round trips a second: one record / records of a list of 1,000; ×: pliny's to theirs.\n`);
  for (const { name, one, list, bytes } of rows) {
    const ratio = own && own.name !== name ? `   × ${(own.one / one).toFixed(2)} / ${(own.list / list).toFixed(2)}` : "";
    process.stdout.write(`${name.padEnd(28)}${one.toFixed(0).padStart(5)} /${list.toFixed(0).padStart(5)}   ${bytes.toFixed(0)} bytes${ratio}\n`);
  }
}
