// One contender, in a process of its own: asked for so many round trips, it answers how long they took.

import { isDeepStrictEqual } from "node:util";
import { contenders, type Way } from "./contenders.js";

/** So many records, alone or in lists. */
export interface Question {
  readonly kind: "one" | "list";
  readonly rounds: number;
}

export interface Answer {
  readonly ms: number;
  /** Of all that was written. */
  readonly bytes: number;
}

const [name = ""] = process.argv.slice(2);
const contender = await contenders[name]?.();
if (!contender) throw new Error(`There is no contender '${name}'.`);
for (const { values, encode, decode } of [contender.one, contender.list]) {
  for (const value of values) if (!isDeepStrictEqual(decode(encode(value)), value)) throw new Error(`${name} does not read what it wrote.`);
}
process.on("message", ({ kind, rounds }: Question) => process.send?.(measure(contender[kind], rounds)));
process.send?.({ sample: contender.one.encode(contender.one.values[0]) });

function measure({ values, encode, decode }: Way<unknown>, rounds: number): Answer {
  const start = performance.now();
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const value of values) {
      const text = encode(value);
      bytes += text.length;
      decode(text);
    }
  }
  return { ms: performance.now() - start, bytes };
}
