// What it costs to seal and to open 100 bytes: pliny's vault, the npm package `fernet` where it is installed here, and bare node:crypto.
// Run it from the project: `npx tsx test/bench/vault/bench.ts [--rounds 100] [--count 500]`.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { type Contender, contenders, type Measured } from "./contenders.js";

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "100" }, count: { type: "string", default: "500" } },
  allowPositionals: true,
});
const [asked] = positionals;
if (asked === undefined) await compare(Number(values.rounds), Number(values.count));
else answer(asked);

/**
 * Each contender has a process of its own, so that none pays for what another leaves on the heap or does to compiled code. They take turns,
 * so that a slow moment of the machine falls on all alike.
 */
async function compare(rounds: number, count: number): Promise<void> {
  // What they print as errors are warnings about old ways of the package.
  const children = contenders.map(({ name }) => fork(import.meta.filename, [name], { stdio: ["ignore", "inherit", "ignore", "ipc"] }));
  const measured = contenders.map((): Measured[] => []);
  // The first rounds warm up.
  for (let round = -rounds / 2; round < rounds; round += 1) {
    for (const [at, child] of children.entries()) {
      const answered = await ask(child, count);
      if (round >= 0) measured[at]?.push(answered);
    }
  }
  for (const child of children) child.disconnect();
  process.stdout.write(`Node ${process.version}, ${rounds} rounds of ${count}, thousands a second; ×: pliny's to theirs.\n`);
  print(contenders.map((contender, at) => ({ contender, measured: measured[at] ?? [], count })).map(rated));
  if (!contenders.some(({ name }) => name === "npm fernet")) process.stdout.write("npm fernet is not installed here, and was left out.\n");
}

async function ask(child: ChildProcess, count: number): Promise<Measured> {
  child.send(count);
  const [measured]: Measured[] = await once(child, "message");
  if (measured === undefined) throw new Error("A contender did not answer.");
  return measured;
}

function answer(name: string): void {
  const measure = contenders.find((each) => each.name === name)?.start();
  process.on("message", (count) => process.send?.(measure?.(Number(count))));
}

/** In thousands a second. */
interface Rated {
  readonly contender: Contender;
  readonly seal: number;
  readonly open: number;
}

function rated({ contender, measured, count }: { contender: Contender; measured: readonly Measured[]; count: number }): Rated {
  return {
    contender,
    seal: count / quick(measured.map(({ sealMs }) => sealMs)),
    open: count / quick(measured.map(({ openMs }) => openMs)),
  };
}

function print(all: readonly Rated[]): void {
  for (const { contender, seal, open } of all) {
    const own = all.find((each) => each.contender.algorithm === contender.algorithm);
    const ratio = own && own.contender !== contender ? `   × ${(own.seal / seal).toFixed(2)} / ${(own.open / open).toFixed(2)}` : "";
    const rates = `seal ${seal.toFixed(1).padStart(6)}   open ${open.toFixed(1).padStart(6)}`;
    process.stdout.write(`${contender.name.padEnd(36)}${rates}${ratio}\n`);
  }
}

/** The time that a tenth of the rounds beat: a busy machine only ever adds time, and the very least may be luck. */
function quick(timesMs: readonly number[]): number {
  return timesMs.toSorted((left, right) => left - right)[Math.floor(timesMs.length / 10)] ?? NaN;
}
