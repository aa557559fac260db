// What `pliny generate` costs, for 10, 100 and 1,000 resources, beside bare Node that writes as many files of as many bytes, and beside the
// peers that are installed here. Run it from the project: `npx tsx test/bench/compile/bench.ts [--rounds 5] [--counts 10,100,1000]`.

import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../../setup/project.js";
import { type Command, type Measured, measureInTurn } from "./measure.js";
import { peers } from "./peers.js";
import { manySpecs } from "./specs.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    counts: { type: "string", default: "10,100,1000" },
    tsc: { type: "string", default: "100,300,1000" },
  },
});
const rounds = Number(values.rounds);
const cli = join(projectRoot, "dist/compiler/cli.js");
const scratch = mkdtempSync(join(tmpdir(), "pliny-bench-"));

process.stdout.write(`Node ${process.version}, ${rounds} rounds, medians; "×" is the ratio to bare Node, measured in the same rounds.\n`);
for (const count of numbers(values.counts)) benchGenerate(count);
benchTypeCheck(numbers(values.tsc));
rmSync(scratch, { recursive: true });

function benchGenerate(count: number): void {
  const folder = writeSpecs(count);
  const generate: Command = { program: process.execPath, args: [cli, "generate"], folder };
  measureInTurn([generate], 1);
  const made = sizesUnder(join(folder, "generated"));
  const bytes = made.reduce((sum, size) => sum + size, 0);
  const specFile = join(folder, manySpecs(1)[0]?.path ?? "");
  const out = join(scratch, "baseline");
  let edits = 0;
  const emptied = (path: string) => (): void => rmSync(path, { recursive: true, force: true });

  const rows: readonly (readonly [string, Command])[] = [
    [
      "bare Node",
      {
        program: process.execPath,
        args: [join(import.meta.dirname, "baseline.mjs"), out, String(made.length), String(Math.round(bytes / made.length))],
        folder,
        before: emptied(out),
      },
    ],
    [
      "pliny, cold",
      {
        ...generate,
        before: () => {
          emptied(join(folder, "generated"))();
          emptied(join(folder, "node_modules/.cache"))();
        },
      },
    ],
    ["pliny, no-op", generate],
    // A comment changes the file's hash, and so what is read anew; another field changes what is made of it and of all together as well.
    ["pliny, a comment added", { ...generate, before: () => appendFileSync(specFile, "# edited\n") }],
    ["pliny, a field added", { ...generate, before: () => addField(specFile, (edits += 1)) }],
    ...peerCommands(count),
  ];
  const measured = measureInTurn(
    rows.map(([, command]) => command),
    rounds,
  );
  const base = measured[0]?.wallMs ?? 1;
  process.stdout.write(`\n${count} resources: ${made.length} files, ${(bytes / 1e6).toFixed(1)} MB\n`);
  for (const [at, [name]] of rows.entries()) printRow(name, measured[at], base);
}

/** A field that was not there yet, in the place of the one before. */
function addField(specFile: string, edit: number): void {
  const text = readFileSync(specFile, "utf8").replace(/^  added_\d+:.*\n/m, "");
  writeFileSync(specFile, text.replace("fields:\n", `fields:\n  added_${edit}: { type: string }\n`));
}

/** The peers that are installed and that run on this machine: some load a part of themselves from the network first. */
function peerCommands(count: number): readonly (readonly [string, Command])[] {
  return peers
    .filter((peer) => peer.isInstalled())
    .flatMap((peer) => {
      const command = peer.prepare(join(scratch, `${peer.name.replace(/\W/g, "-")}-${count}`), count);
      try {
        measureInTurn([command], 1);
        return [[peer.name, command] as const];
      } catch (error) {
        process.stdout.write(`\n${peer.name} does not run here: ${String(error).split("\n").slice(0, 2).join(" ")}\n`);
        return [];
      }
    });
}

/** `tsc` over what was generated: the time a resource should stay the same. */
function benchTypeCheck(counts: readonly number[]): void {
  process.stdout.write("\ntsc over the generated code\n");
  for (const count of counts) {
    const folder = writeSpecs(count);
    measureInTurn([{ program: process.execPath, args: [cli, "generate"], folder }], 1);
    const [empty, full] = measureInTurn([typeCheck(folder, "empty"), typeCheck(folder, "generated")], Math.min(rounds, 3));
    const aResource = ((full?.wallMs ?? 0) - (empty?.wallMs ?? 0)) / count;
    process.stdout.write(
      `  ${String(count).padStart(5)} resources  ${format(full)}   ${aResource.toFixed(2)} ms a resource beyond an empty project\n`,
    );
  }
}

function typeCheck(folder: string, part: "empty" | "generated"): Command {
  const config = join(folder, `tsconfig.${part}.json`);
  const entry = (name: string): readonly string[] => [join(projectRoot, `dist/runtime/${name}index.d.ts`)];
  const paths = { "pliny/runtime": entry(""), "pliny/codec": entry("codec/") };
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    module: "nodenext",
    target: "es2023",
    lib: ["es2023"],
    types: [],
    skipLibCheck: true,
    noEmit: true,
    paths,
  };
  writeFileSync(join(folder, "empty.ts"), 'export type { Resource } from "pliny/runtime";\n');
  writeFileSync(config, JSON.stringify({ compilerOptions, include: [part === "empty" ? "empty.ts" : "generated"] }));
  return { program: process.execPath, args: [join(projectRoot, "node_modules/typescript/bin/tsc"), "-p", config], folder };
}

function writeSpecs(count: number): string {
  const folder = join(scratch, `pliny-${count}`);
  // The cache lies in node_modules.
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const { path, text } of manySpecs(count)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function sizesUnder(folder: string): readonly number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}

function printRow(name: string, measured: Measured | undefined, baseMs: number): void {
  process.stdout.write(`  ${name.padEnd(28)}${format(measured)}   ${((measured?.wallMs ?? 0) / baseMs).toFixed(1).padStart(6)} ×\n`);
}

function format(measured: Measured | undefined): string {
  const peak = measured?.peakBytes ?? null;
  return `${((measured?.wallMs ?? 0) / 1000).toFixed(2).padStart(7)} s ${(peak === null ? "–" : `${(peak / 1e6).toFixed(0)} MB`).padStart(8)}`;
}

function numbers(text: string): readonly number[] {
  return text.split(",").map(Number);
}
