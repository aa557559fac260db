// A terminal for tests: a command runs on a pseudo-terminal, which Python's `pty` opens. Node has none of its own.

import { spawnSync } from "node:child_process";

/** Whether there is a Python that can open one. */
export const hasTerminal: boolean = spawnSync("python3", ["-c", "import os, pty; os.waitstatus_to_exitcode"]).status === 0;

export interface TerminalRun {
  readonly status: number | null;
  /** What stdout and stderr showed, as one text. */
  readonly shown: string;
}

/** Runs a command with stdout and stderr on a terminal. Whether there is colour is for `env` to say, and not for whoever runs the tests. */
export function runOnTerminal(
  command: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): TerminalRun {
  const { FORCE_COLOR: _forced, NO_COLOR: _refused, ...inherited } = process.env;
  const open = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
  const { status, stdout } = spawnSync("python3", ["-c", open, ...command], {
    cwd,
    encoding: "utf8",
    env: { ...inherited, TERM: "xterm", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { status, shown: stdout.replaceAll("\r\n", "\n") };
}
