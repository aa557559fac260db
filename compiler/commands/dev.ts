// `pliny dev`: the project, running here. This process generates, keeps Postgres and shows what happens; the tasks run in a worker process, which
// is replaced whenever a spec or a handler changes, so that what runs is always what is written.

import { type ChildProcess, spawn } from "node:child_process";
import { addKey, keyrings, type KeyringUse } from "../../runtime/commands/keyring-text.js";
import type { Follower, Standing } from "../../runtime/commands/follow.js";
import { reasonOf } from "../../runtime/commands/reason.js";
import type { Server } from "../../runtime/commands/server.js";
import { hasErrors } from "../diagnostic.js";
import { createFile, type Project, readKeyring, writeKeyring } from "../files.js";
import { type DatabaseOptions, keyringPlace } from "./app.js";
import { generate } from "./generate.js";
import { type Context, orUnusable, type Outcome, plural, Unusable } from "./outcome.js";
import { aborted, pause } from "./waiting.js";
import { type Changes, watchChanges } from "./watch.js";

export interface DevOptions extends DatabaseOptions {
  /** A module whose `main(pliny)` is called once the tasks run; null for none. */
  readonly run: string | null;
  readonly watch: boolean;
}

/** What is the project's own and nobody else's: its Postgres, and keys that are for here alone. Not to be committed. */
const ownFolder = ".pliny";

const lookEveryMs = 250;

export function dev(context: Context, options: DevOptions): Promise<Outcome> {
  return orUnusable(async () => {
    const [stop, hurry] = [context.interruption(), context.urgency()];
    const watching = new AbortController();
    try {
      // Before anything is read, so that what changes meanwhile is met after it.
      const changes = options.watch ? watchChanges(context, watching.signal) : null;
      const isMade = await made(context);
      if (!isMade && changes === null) return { exitCode: 2, diagnostics: [], facts: {}, lines: [] };
      await live(context, { ...options, stop, hurry, isMade, changes });
      return { exitCode: 0, diagnostics: [], facts: {}, lines: ["Stopped. `pliny dev` finds everything again."] };
    } finally {
      watching.abort();
    }
  });
}

interface Life extends DevOptions {
  readonly stop: AbortSignal;
  readonly hurry: AbortSignal;
  readonly isMade: boolean;
  readonly changes: Changes | null;
}

async function live(context: Context, { postgres, run, stop, hurry, isMade, changes }: Life): Promise<void> {
  makeOwnFolder(context.project);
  const keys = ownKeyrings(context);
  const given = postgres ?? context.environment["PLINY_POSTGRES"] ?? null;
  const server = given === null ? await ownServer(context) : null;
  const environment = { ...context.environment, ...keys, PLINY_POSTGRES: server?.url ?? given ?? "" };
  writeEnvironment(context.project, environment);
  const worker = createProcess(context, { args: ["worker"], environment });
  const starter = run === null ? null : createProcess(context, { args: ["run", run], environment });
  const begin = (): void => {
    worker.replace();
    starter?.replace();
  };
  try {
    if (isMade) begin();
    changes?.each(async (paths) => {
      if (paths.every((path) => path.endsWith(".ts")) || (await made(context))) begin();
    });
    await shown(context, { url: environment.PLINY_POSTGRES, stop, isBusy: () => starter?.isRunning() === true });
  } finally {
    void aborted(hurry).then(() => worker.signal());
    await Promise.all([worker.stop(), starter?.stop()]);
    await server?.stop();
  }
}

/** Whether there is something to run. */
async function made(context: Context): Promise<boolean> {
  const outcome = await generate(context, { check: false, stats: false });
  await context.show(outcome);
  return !hasErrors(outcome.diagnostics) && outcome.exitCode === 0;
}

async function ownServer({ project, say }: Context): Promise<Server> {
  const { startServer } = await import("../../runtime/commands/server.js");
  const server = await startServer(`${project.folder}/${ownFolder}/postgres`);
  say(`Postgres runs at ${server.shown}, with its data in ${ownFolder}/postgres.`);
  return server;
}

// ---- what is the project's own

function makeOwnFolder(project: Project): void {
  const { diagnostics } = createFile(project, `${ownFolder}/.gitignore`, "*\n");
  if (hasErrors(diagnostics)) throw new Unusable(diagnostics[0]?.message ?? `${ownFolder}/ cannot be written`);
}

/** A keyring of each kind for this project here, unless the environment names one; made once, for its owner alone. */
function ownKeyrings(context: Context): Readonly<Record<string, string>> {
  const uses: readonly KeyringUse[] = ["secrets", "index", "shred"];
  return Object.fromEntries(uses.flatMap((use) => {
    if (keyringPlace(context, use) !== null) return [];
    const path = `${ownFolder}/${use}-keyring.json`;
    const read = readKeyring(context.project, path);
    if (typeof read === "string") throw new Unusable(`${path} cannot be read: ${read}`);
    if (read.text === null) {
      const written = writeKeyring(context.project, path, addKey(null, use, { alg: null, id: null }).text);
      if (typeof written === "string") throw new Unusable(`${path} cannot be written: ${written}`);
      context.say(`Made ${path}: what it seals cannot be read without it.`);
    }
    return [[keyrings[use].variable, path]];
  }));
}

/** For a shell that is to reach the same: `set -a; . .pliny/env`. */
function writeEnvironment(project: Project, environment: Readonly<Record<string, string | undefined>>): void {
  const names = ["PLINY_POSTGRES", ...Object.values(keyrings).map(({ variable }) => variable)];
  const lines = names.flatMap((name) => (environment[name] === undefined ? [] : [`${name}='${environment[name].replaceAll("'", "'\\''")}'\n`]));
  const written = writeKeyring(project, `${ownFolder}/env`, lines.join(""));
  if (typeof written === "string") throw new Unusable(`${ownFolder}/env cannot be written: ${written}`);
}

// ---- processes

interface OtherProcess {
  /** Starts it; one that runs comes to its end first. */
  replace(): void;
  isRunning(): boolean;
  /** Tells it to stop. */
  signal(): void;
  /** The same, and waits until it has. */
  stop(): Promise<void>;
}

interface Command {
  readonly args: readonly [name: string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Another pliny of this project; what it says is said here. */
function createProcess(context: Context, { args, environment }: Command): OtherProcess {
  let child: ChildProcess | null = null;
  let ended: Promise<void> = Promise.resolve();
  let turn: Promise<void> = Promise.resolve();
  let isOver = false;
  return {
    replace() {
      turn = turn.then(end).then(() => (isOver ? undefined : start()));
    },
    isRunning: () => child !== null,
    signal: () => void child?.kill("SIGTERM"),
    async stop() {
      isOver = true;
      await turn;
      await end();
    },
  };

  function start(): void {
    const made = spawn(process.execPath, [process.argv[1] ?? "", ...args, "--cwd", context.project.folder], {
      // A group of its own, for Ctrl-C is for this process to hear; and a channel, whose end tells it that this one is gone.
      env: environment, stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true,
    });
    child = made;
    for (const stream of [made.stdout, made.stderr]) if (stream !== null) sayLines(context, stream);
    ended = new Promise((resolve) => {
      made.once("error", (error) => context.say(`pliny ${args[0]} could not be started: ${error.message}`));
      made.once("close", (code, signal) => {
        if (child === made) child = null;
        if (!isOver && code !== 0) context.say(`pliny ${args[0]} ended with ${code ?? signal ?? "nothing"}; a change of a spec or a handler starts it again.`);
        resolve();
      });
    });
  }

  async function end(): Promise<void> {
    child?.kill("SIGTERM");
    await ended;
  }
}

function sayLines(context: Context, stream: NodeJS.ReadableStream): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) context.say(line);
  });
  stream.on("end", () => {
    if (rest !== "") context.say(rest);
  });
}

// ---- what is shown

interface Shown {
  readonly url: string;
  readonly stop: AbortSignal;
  /** Something that is no run is still at work. */
  readonly isBusy: () => boolean;
}

/** Shows what happens until it is told to stop; and once all is quiet, what there is. */
async function shown(context: Context, { url, stop, isBusy }: Shown): Promise<void> {
  const { watchDatabase } = await import("../../runtime/commands/follow.js");
  const watched = watchDatabase(url);
  let follower: Follower | null = null;
  let quiet = 0;
  let isSaid = false;
  let failure = "";
  try {
    while (!stop.aborted) {
      try {
        follower ??= await watched.follow();
        if (follower === null) {
          await pause(lookEveryMs, stop);
          continue;
        }
        const happened = await follower.happenings();
        if (context.board === null) for (const { at, what, to, note } of happened) context.say(`${time(at)}  ${what} → ${to}${note === null ? "" : `  (${note})`}`);
        const standing = await follower.standing(50);
        context.board?.(["", ...tableOf(standing)]);
        quiet = isBusy() || happened.length > 0 || standing.some(({ runs }) => runs.some(({ isBusy }) => isBusy)) ? 0 : quiet + 1;
        if (!isSaid && standing.length > 0 && quiet * lookEveryMs >= 1_000) {
          isSaid = true;
          context.board?.([]);
          for (const line of summary(standing)) context.say(line);
        }
        failure = "";
      } catch (error) {
        // Away for a moment, as a worker says too. Anything else is said once.
        const why = error instanceof Error ? error.message : String(error);
        if (reasonOf(error) === null && why !== failure) context.say(`What happens cannot be shown: ${why}`);
        failure = why;
      }
      await pause(lookEveryMs, stop);
    }
  } finally {
    context.board?.([]);
    await watched.close();
  }
}

function tableOf(standing: readonly Standing[]): readonly string[] {
  const rows = standing.flatMap(({ type, name, state, sinceMs, runs }) => {
    const [first, ...more] = runs.map(({ task, state: at, sinceMs: since, panic }) => `${task.slice(task.indexOf(".") + 1)}: ${at} ${panic === null ? `(${span(since)})` : `(${panic})`}`);
    return [[type, name, state, span(sinceMs), first ?? ""], ...more.map((run) => ["", "", "", "", run])];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 0));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

function summary(standing: readonly Standing[]): readonly string[] {
  return [
    "",
    `There ${standing.length === 1 ? "is" : "are"} ${plural(standing.length, "resource")} now:`,
    ...tableOf(standing).map((line) => `  ${line}`),
    "",
    "What to try next, in another shell in this folder:",
    `  set -a; . ${ownFolder}/env; set +a   names this Postgres and its keys for the commands below`,
    `  psql "$PLINY_POSTGRES"         its tables and views in schema app, what runs and what happened in schema pliny`,
    "  npx pliny keys status          which key seals what",
    "  change a spec or a handler, and what runs is what you wrote",
    "",
    "It goes on until Ctrl-C.",
  ];
}

function span(ms: number): string {
  const s = Math.floor(ms / 1000);
  return s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min` : s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}

function time(at: Date): string {
  return at.toISOString().slice(11, 23);
}
