// Does something again whenever what people write changes.

import { watchSpecs } from "../files.js";
import type { Context, Outcome } from "./outcome.js";

/** Editors write a file in several steps, and people several files. */
const settleMs = 150;

/** Calls with the paths that changed, one call after the other, until the signal aborts. */
export function whenChanged({ project, say }: Context, signal: AbortSignal, changed: (paths: readonly string[]) => Promise<void>): void {
  let paths = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    const seen = [...paths];
    paths = new Set();
    if (seen.length === 0 || signal.aborted) return;
    say(`Changed: ${seen.slice(0, 3).join(", ")}${seen.length > 3 ? ` and ${seen.length - 3} more` : ""}.`);
    await changed(seen);
  };
  watchSpecs(project, signal, (path) => {
    if (!/\.(ts|yaml)$/.test(path)) return;
    paths.add(path);
    clearTimeout(timer);
    timer = setTimeout(() => {
      turn = turn.then(look).catch((error: unknown) => say(`error: ${error instanceof Error ? error.message : String(error)}`));
    }, settleMs);
  });
}

/** Once now, and again with each change of a spec; what comes of each is shown. */
export async function again(context: Context, run: () => Promise<Outcome>): Promise<Outcome> {
  const signal = context.interruption();
  await context.show(await run());
  whenChanged(context, signal, async (paths) => {
    if (paths.some((path) => path.endsWith(".yaml"))) await context.show(await run());
  });
  await aborted(signal);
  return { exitCode: 0, diagnostics: [], facts: {}, lines: [] };
}

/** Resolves once a signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
