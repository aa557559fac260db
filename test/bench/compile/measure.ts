// Times whole processes: wall time, and the peak of memory as GNU time tells it (of the largest process among a command and its children).

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Puts the folder into the state from which the command is timed. Not timed itself. */
  readonly before?: () => void;
}

export interface Measured {
  readonly wallMs: number;
  /** Null where there is no GNU time. */
  readonly peakBytes: number | null;
}

const gnuTime = "/usr/bin/time";

/** Runs each command once in turn, and all of them `rounds` times, so that a slow moment of the machine falls on all alike. Medians. */
export function measureInTurn(commands: readonly Command[], rounds: number): readonly Measured[] {
  const runs = commands.map((): Measured[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, command] of commands.entries()) {
      command.before?.();
      runs[at]?.push(measureOnce(command));
    }
  }
  return runs.map((measured) => ({
    wallMs: median(measured.map((run) => run.wallMs)),
    peakBytes: median(measured.map((run) => run.peakBytes ?? 0)) || null,
  }));
}

function measureOnce({ program, args, folder }: Command): Measured {
  const scratch = mkdtempSync(join(tmpdir(), "pliny-measure-"));
  const peak = join(scratch, "peak");
  const timed = existsSync(gnuTime);
  const started = performance.now();
  const run = timed
    ? spawnSync(gnuTime, ["-f", "%M", "-o", peak, program, ...args], { cwd: folder, encoding: "utf8" })
    : spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  const wallMs = performance.now() - started;
  const told = timed && run.status === 0 ? readFileSync(peak, "utf8") : null;
  rmSync(scratch, { recursive: true });
  if (run.status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${run.stdout}${run.stderr}`);
  return { wallMs, peakBytes: told === null ? null : Number(told.trim()) * 1024 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
