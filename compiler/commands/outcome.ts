// What a command is given and what it gives back. A command decides and acts; only cli.ts writes to a stream or ends the process.

import { reasonOf } from "../../runtime/commands/reason.js";
import type { Diagnostic } from "../diagnostic.js";
import type { Project } from "../files.js";
import type { Run } from "../formats/run.js";

export interface Context {
  readonly project: Project;
  /** Milliseconds from some fixed moment, for measuring. */
  readonly now: () => number;
  /** The time of day in milliseconds. */
  readonly wallClock: () => number;
  /** Standard input, up to so many bytes. */
  readonly input: (bytesMax: number) => Promise<Uint8Array>;
  /** Variables of the environment, where keyrings and databases are named. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Who runs the command, for the log. */
  readonly user: () => string;
  /**
   * From when it is first called on, what would end the process aborts this in place, and so does the end of the process that started it to have it
   * until then; a second time it ends at once.
   */
  readonly interruption: () => AbortSignal;
  /** From when it is first called on, that second time aborts this instead; a third ends the process. */
  readonly urgency: () => AbortSignal;
  /** Tells people something at once, where a command goes on for long. */
  readonly say: (line: string) => void;
  /** Shows what a command found at once, as it would be shown at its end. */
  readonly show: (outcome: Outcome) => Promise<void>;
  /** Below all that was said, in the place of what stood there before. Null where there is no terminal to show it on. */
  readonly board: ((lines: readonly string[]) => void) | null;
  /** Told what is being done, now and then; shown on a terminal when it takes long. */
  readonly progress: (doing: string) => void;
}

/** 0 clean; 1 drift or findings; 2 usage, or specs that do not compile. (3, internal, is a bug and thrown.) */
export type ExitCode = 0 | 1 | 2;

export interface Outcome {
  readonly exitCode: ExitCode;
  readonly diagnostics: readonly Diagnostic[];
  /** What `--json` says besides the diagnostics. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The same for people, line by line. */
  readonly lines: readonly string[];
  /** What people are told besides, on stderr, so that what stands on stdout can be piped on. */
  readonly notes?: readonly string[];
  /** What some formats say of the run besides. */
  readonly run?: Partial<Pick<Run, "failOn" | "basePrefix" | "diagrams">>;
  /** The process ends after so long at the latest, whatever it holds open still. */
  readonly endsWithinMs?: number;
}

/** The outcome of a command that could not do what it was asked for: what it found is the whole answer. */
export function stopped(diagnostics: readonly Diagnostic[]): Outcome {
  return { exitCode: 2, diagnostics, facts: {}, lines: [] };
}

/** The outcome of a command that was called with what it cannot use. The reason is a sentence, with or without its dot. */
export function unusable(why: string): Outcome {
  return { exitCode: 2, diagnostics: [], facts: { reason: why }, lines: [`error: ${why.trimEnd().replace(/\.$/, "")}.`] };
}

/** What a command cannot use, met somewhere on its way; the message is the reason. */
export class Unusable extends Error {}

/** What runs; or, where it throws for a reason, the outcome that tells it. A bug is thrown on. */
export async function orUnusable(run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Unusable ? error.message : reasonOf(error);
    if (reason === null) throw error;
    return unusable(reason);
  }
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Up to twenty of them by name, the rest by number. */
export function listed(paths: readonly string[], verb: string): readonly string[] {
  const shown = paths.slice(0, 20).map((path) => `  ${verb} ${path}`);
  return paths.length > shown.length ? [...shown, `  ${verb} ${paths.length - shown.length} more`] : shown;
}
