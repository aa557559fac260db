// Does something again whenever what people write changes.

import { watchSpecs } from "../files.js";
import type { Context, Outcome } from "./outcome.js";
import { aborted } from "./waiting.js";

/** Editors write a file in several steps, and people several files. */
const settleMs = 150;

export interface Changes {
  /** Calls with the paths that changed since they are watched, one call after the other. */
  each(changed: (paths: readonly string[]) => Promise<void>): void;
}

/** Watches from now on, until the signal aborts. Null where there is no `specs/`. */
export function watchChanges({ project, say }: Context, signal: AbortSignal): Changes | null {
  let paths = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let told: ((paths: readonly string[]) => Promise<void>) | null = null;
  const look = async (): Promise<void> => {
    const seen = [...paths];
    if (told === null || seen.length === 0 || signal.aborted) return;
    paths = new Set();
    say(`Changed: ${seen.slice(0, 3).join(", ")}${seen.length > 3 ? ` and ${seen.length - 3} more` : ""}.`);
    await told(seen);
  };
  const lookSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      turn = turn.then(look).catch((error: unknown) => say(`error: ${error instanceof Error ? error.message : String(error)}`));
    }, settleMs);
  };
  const isThere = watchSpecs(project, signal, (path) => {
    if (!/\.(ts|yaml)$/.test(path)) return;
    paths.add(path);
    lookSoon();
  });
  return isThere
    ? {
        each(changed) {
          told = changed;
          lookSoon();
        },
      }
    : null;
}

/** Once now, and again with each change of a spec; what comes of each is shown. */
export async function again(context: Context, run: () => Promise<Outcome>): Promise<Outcome> {
  const signal = context.interruption();
  // Before the first run, so that what changes while it reads is met after it.
  const changes = watchChanges(context, signal);
  const first = await run();
  if (changes === null) return first;
  await context.show(first);
  changes.each(async (paths) => {
    if (paths.some((path) => path.endsWith(".yaml"))) await context.show(await run());
  });
  await aborted(signal);
  return { exitCode: 0, diagnostics: [], facts: {}, lines: [] };
}
