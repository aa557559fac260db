#!/usr/bin/env node
// argv in, streams and an exit code out. A command's module is loaded only when it is called, and this is the only file that prints.

import { userInfo } from "node:os";
import { relative, sep } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { version } from "#version";
import type { DatabaseOptions, PaceOptions } from "./commands/app.js";
import type { KeyringOptions, NewKeyOptions } from "./commands/keys.js";
import type { Context, Outcome } from "./commands/outcome.js";
import { openProject, type Project } from "./files.js";
import { countText } from "./formats/count.js";
import type { Format, Run } from "./render.js";

const formats: readonly Format[] = ["text", "json", "sarif", "github", "gitlab", "junit", "md"];

interface Row {
  readonly name: string;
  readonly arguments?: readonly (readonly [name: string, description: string])[];
  readonly summary: string;
  readonly options: readonly Option[];
  readonly example: readonly string[];
  /** The command reports diagnostics, and so takes `--format`. */
  readonly reports: boolean;
  readonly run: (context: Context, options: Readonly<Record<string, unknown>>, args: readonly string[]) => Promise<Outcome> | Outcome;
}

/** Commands under one name: `pliny keys add`. */
interface Group {
  readonly name: string;
  readonly summary: string;
  readonly example: readonly string[];
  readonly rows: readonly Row[];
}

const keyring = [
  new Option("--for <use>", "what its keys are for").choices(["secrets", "index", "shred"]).default("secrets"),
  new Option("--keyring <file>", "its file; without one PLINY_KEYRING, PLINY_INDEX_KEYRING or PLINY_SHRED_KEYRING says where it is"),
] as const;
const algorithm = new Option("--alg <name>", "a256gcm-hkdf or fernet for secrets, hmac-sha256 for index, a256gcm-hkdf for shred").default(null, "the first of them");
const postgres = new Option("--postgres <url>", "the database, as postgres://user@host:port/database").default(null, "PLINY_POSTGRES");
const pace = [
  new Option("--rate <rows>", "rows a second at most").argParser(wholeNumber).default(null, "as fast as it goes"),
  new Option("--batch <rows>", "rows a statement").argParser(wholeNumber).default(100),
] as const;
const keyId = ["<key>", "the key's id"] as const;

const keyRows: readonly Row[] = [
  {
    name: "generate",
    summary: "Print a new keyring with one primary key, for whoever keeps it. Writes nothing.",
    options: [keyring[0], algorithm],
    example: ["pliny keys generate > keyring.json", "pliny keys generate --for index"],
    reports: false,
    run: async (_, options) => (await import("./commands/keys.js")).generateKeyring(newKeyOf(options)),
  },
  {
    name: "list",
    summary: "List the keys of a keyring: id, state, algorithm, check value. Never their bytes.",
    options: keyring,
    example: ["pliny keys list --keyring keyring.json", "pliny keys list --for shred"],
    reports: false,
    run: async (context, options) => (await import("./commands/keys.js")).listKeyring(context, keyringOf(options)),
  },
  {
    name: "add",
    summary: "Add a new random key: staged, or primary where it is the first. The file is made where there is none.",
    options: [...keyring, algorithm, new Option("--id <number>", "its id").argParser(wholeNumber).default(null, "one more than the largest")],
    example: ["pliny keys add --keyring keyring.json", "pliny keys add --for shred --id 202611"],
    reports: false,
    run: async (context, options) => (await import("./commands/keys.js")).addToKeyring(context, newKeyOf(options)),
  },
  {
    name: "promote",
    summary: "Make a key primary, and the primary one decrypt. Every process must have the new keyring first: one that lacks the key cannot read what another seals with it.",
    arguments: [keyId],
    options: keyring,
    example: ["pliny keys promote 2 --keyring keyring.json"],
    reports: false,
    run: async (context, options, [id = ""]) => (await import("./commands/keys.js")).promoteInKeyring(context, keyringOf(options), id),
  },
  {
    name: "retire",
    summary: "Disable a key, once `pliny keys status` counts no row that uses it.",
    arguments: [keyId],
    options: keyring,
    example: ["pliny keys retire 1 --keyring keyring.json"],
    reports: false,
    run: async (context, options, [id = ""]) => (await import("./commands/keys.js")).retireInKeyring(context, keyringOf(options), id),
  },
  {
    name: "status",
    summary: "Count the rows that use each key, and say what comes next. Exits 1 where rows use a key that cannot open them.",
    options: [postgres],
    example: ["pliny keys status", "PLINY_KEYRING=keyring.json pliny keys status --json"],
    reports: false,
    run: async (context, options) => (await import("./commands/keys.js")).showStatus(context, databaseOf(options)),
  },
  {
    name: "rotate",
    summary: "Seal again under the primary keys what others have sealed, beside live writers. May be cut off anywhere and run again. Exits 1 where a row failed.",
    options: [...pace, postgres],
    example: ["pliny keys rotate", "PLINY_KEYRING=keyring.json pliny keys rotate --rate 200"],
    reports: false,
    run: async (context, options) => (await import("./commands/keys.js")).rotate(context, { ...databaseOf(options), ...paceOf(options) }),
  },
  {
    name: "shred",
    summary: "Destroy a shred key that seals nothing any more, so that older backups are blind; or with --resource the own key of one resource.",
    arguments: [["<id>", "the shred key's id, or that of the resource"]],
    options: [
      new Option("--resource <type>", "destroy the key of a resource of this type").default(null, "a shred key"),
      new Option("--why <text>", "the reason, which stands in the log").default(null, "none"),
      new Option("--yes", "do it, though it cannot be undone"),
      postgres,
    ],
    example: ["pliny keys shred 1 --yes", "pliny keys shred --resource customer 01890a5d-ac96-774b-bcce-b302099a8057 --why 'asked to be forgotten' --yes"],
    reports: false,
    run: async (context, { resource, why, yes, ...options }, [target = ""]) =>
      (await import("./commands/keys.js")).shred(context, { ...databaseOf(options), resource: textOf(resource), why: textOf(why), yes: yes === true, target }),
  },
];

const rows: readonly (Row | Group)[] = [
  {
    name: "init",
    summary: "Start a project: a config, a spec and its handlers. What exists is kept.",
    options: [],
    example: ["pliny init", "pliny init --cwd my-project"],
    reports: false,
    run: async (context) => (await import("./commands/init.js")).init(context),
  },
  {
    name: "generate",
    summary: "Make generated/ from specs/. Files in generated/vectors/ stay as they are; one that is deleted is made anew.",
    options: [
      new Option("--check", "write nothing; exit 1 where generated/ is not what the specs give"),
      new Option("--stats", "say where the time goes"),
      new Option("--watch", "do it again whenever a spec changes, until Ctrl-C").conflicts("check"),
    ],
    example: ["pliny generate", "pliny generate --check --format github", "pliny generate --check --format gitlab > gl-code-quality-report.json", "pliny generate --watch"],
    reports: true,
    run: async (context, options) => {
      const { generate } = await import("./commands/generate.js");
      const run = (): Promise<Outcome> => generate(context, { check: options["check"] === true, stats: options["stats"] === true });
      return options["watch"] === true ? (await import("./commands/watch.js")).again(context, run) : run();
    },
  },
  {
    name: "check",
    summary: "Say everything that is wrong with the specs.",
    options: [],
    example: ["pliny check", "pliny check --format sarif > pliny.sarif", "pliny check --format junit > pliny.xml"],
    reports: true,
    run: async (context) => (await import("./commands/check.js")).check(context),
  },
  {
    name: "diff",
    summary: "Say what the specs changed since a base, what of it breaks something and for whom, and what makes it safe. Exits 1 where something does.",
    options: [
      new Option("--base <commit-or-folder>", "what to compare with: a branch, a tag, a commit, `main:folder`, or a folder").makeOptionMandatory(),
      new Option("--fail-on <severity>", "the least severe finding that fails it").choices(["error", "warning", "info", "never"]).default(null, "error"),
      new Option("--preset <name>", "local: errors only; ci: everything; release: everything, and what only a running system knows").choices(["local", "ci", "release"]).default("ci"),
      new Option("--baseline <file>", "findings that are known: they are shown and counted, and fail nothing").default(null, "none"),
      new Option("--write-baseline", "write what fails now into that file"),
    ],
    example: [
      "pliny diff --base main",
      "pliny diff --base HEAD^1 --format github",
      "pliny diff --base HEAD^1 --format md > comment.md",
      "pliny diff --base v1.4.0 --fail-on warning --json",
      "pliny diff --base v1.4.0 --baseline pliny.baseline --write-baseline",
      "pliny diff --base v1.4.0 --baseline pliny.baseline",
    ],
    reports: true,
    run: async (context, { base, failOn, preset, baseline, writeBaseline }) => {
      const { diff, failOns, presets } = await import("./commands/diff.js");
      return diff(context, {
        base: String(base),
        failOn: failOns.find((each) => each === failOn) ?? null,
        preset: presets.find((each) => each === preset) ?? "ci",
        baseline: textOf(baseline),
        writeBaseline: writeBaseline === true,
      });
    },
  },
  {
    name: "fmt",
    arguments: [["[specs...]", "the specs to lay out; all of them if none is named"]],
    summary: "Lay the specs out in the one way; values and comments stay.",
    options: [new Option("--check", "write nothing; exit 1 where a spec is laid out otherwise")],
    example: ["pliny fmt", "pliny fmt --check specs/database.yaml"],
    reports: true,
    run: async (context, options, paths) => (await import("./commands/fmt.js")).fmt(context, { check: options["check"] === true, paths }),
  },
  {
    name: "handlers",
    summary: "Add stubs to specs/*.handlers.ts for what is to be written by hand, and rename after `key`.",
    options: [new Option("--check", "write nothing; exit 1 where something is missing")],
    example: ["pliny handlers", "pliny handlers --check"],
    reports: true,
    run: async (context, options) => (await import("./commands/handlers.js")).handlers(context, { check: options["check"] === true }),
  },
  translation("decode", {
    summary: "Show decorated JSON as people read it: stored attributes, args, a message.",
    example: ["pliny decode row.json", "psql -Atc 'select json_attrs from app.database limit 1' | pliny decode --type database"],
  }),
  translation("encode", {
    summary: "Make canonical decorated JSON of what `decode` shows.",
    example: ["pliny decode row.json | pliny encode", "pliny encode --type database.resize --args listing.yaml"],
  }),
  {
    name: "keys",
    summary: "Keep keyrings, and rotate or destroy what their keys have sealed.",
    example: ["pliny keys status"],
    rows: keyRows,
  },
  {
    name: "backfill",
    arguments: [["[resources...]", "whose rows to bring up; those of all if none is named"]],
    summary: "Write rows that hold an older version in the one that is written now, beside live writers. May be cut off anywhere and run again. Exits 1 where a row failed.",
    options: [...pace, postgres],
    example: ["pliny backfill database", "pliny backfill --rate 500 --postgres postgres://pliny@localhost/control"],
    reports: false,
    run: async (context, options, resources) =>
      (await import("./commands/backfill.js")).backfillRows(context, { ...databaseOf(options), ...paceOf(options), resources }),
  },
  {
    name: "dev",
    summary: "Run the project here: generate, start its own Postgres, run its tasks, and begin again whenever a spec or a handler changes.",
    options: [
      new Option("--run <module>", "a module whose `main(pliny)` is called once the tasks run").default(null, "none"),
      new Option("--no-watch", "leave it as it is when files change"),
      new Option("--postgres <url>", "the database").default(null, "PLINY_POSTGRES, or a Postgres of the project's own"),
    ],
    example: ["pliny dev", "pliny dev --run specs/start.ts"],
    reports: false,
    run: async (context, { run, watch, ...options }) =>
      (await import("./commands/dev.js")).dev(context, { ...databaseOf(options), run: textOf(run), watch: watch === true }),
  },
  {
    name: "worker",
    summary: "Run tasks, until it is told to stop. Any number of workers share the work of a database.",
    options: [new Option("--slots <number>", "so many runs at once").argParser(wholeNumber).default(10), postgres],
    example: ["pliny worker", "pliny worker --slots 50 --postgres postgres://pliny@localhost/control"],
    reports: false,
    run: async (context, options) => (await import("./commands/worker.js")).work(context, { ...databaseOf(options), slots: numberOf(options["slots"]) ?? 10 }),
  },
  {
    name: "run",
    summary: "Call `main(pliny)` of a module of the project, with the app connected.",
    arguments: [["<module>", "a TypeScript file that exports it"]],
    options: [postgres],
    example: ["pliny run specs/start.ts"],
    reports: false,
    run: async (context, options, [path = ""]) => (await import("./commands/worker.js")).runModule(context, { ...databaseOf(options), path }),
  },
  {
    name: "explain",
    arguments: [["<code-or-keyword>", "a diagnostic's code, or a keyword of the spec language"]],
    summary: "Tell the long story of a diagnostic or a keyword.",
    options: [],
    example: ["pliny explain GEN001", "pliny explain on_unknown"],
    reports: false,
    run: async (_, __, [word = ""]) => (await import("./commands/explain.js")).explainWord(word),
  },
];

function translation(name: "decode" | "encode", row: Pick<Row, "summary" | "example">): Row {
  return {
    ...row,
    name,
    arguments: [["[file]", "standard input if none is named, or `-`"]],
    options: [
      new Option("--type <name>", "what it must be, a resource or a task as generated/ has it: database, database.resize"),
      new Option("--args", "the task's args rather than its fields"),
      new Option("--profile <name>", "where it comes from").choices(["store", "queue", "api-in", "api-out", "canonical"]).default("store"),
    ],
    reports: false,
    run: async (context, { type, args, profile }, [path = null]) =>
      (await import("./commands/decode.js")).translate(context, {
        to: name === "decode" ? "listing" : "json",
        path,
        profile: String(profile),
        type: typeof type === "string" ? type : null,
        args: args === true,
      }),
  };
}

function keyringOf({ for: use, keyring: file }: Readonly<Record<string, unknown>>): KeyringOptions {
  return { use: use === "index" || use === "shred" ? use : "secrets", file: textOf(file) };
}

function newKeyOf(options: Readonly<Record<string, unknown>>): NewKeyOptions {
  return { ...keyringOf(options), alg: textOf(options["alg"]), id: numberOf(options["id"]) };
}

function databaseOf(options: Readonly<Record<string, unknown>>): DatabaseOptions {
  return { postgres: textOf(options["postgres"]) };
}

function paceOf({ rate, batch }: Readonly<Record<string, unknown>>): PaceOptions {
  return { rate: numberOf(rate), batch: numberOf(batch) ?? 100 };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("It is no whole number from 1.");
  return Number(text);
}

// A run lives for a second or two, in which V8 spends as long on making fast what will not run again. With four times the patience a check
// of 1,000 resources took 0.6 of the time, and making the files 0.75 (medians of three, 500,000 against the usual 135,168).
setFlagsFromString("--interrupt-budget=500000");
await main(process.argv);

async function main(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      "pliny stumbled over itself. This is a bug: please report it with the lines below.\n\n" +
        `pliny ${version}, Node ${process.version}, ${process.platform}\n${stack}\n`,
    );
    process.exitCode = 3;
  }
}

function program(): Command {
  const all = new Command("pliny")
    .description("Specs of resources, tasks, fields and versions in; typed TypeScript, SQL, codecs and docs out.")
    .version(version)
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 clean, 1 drift or findings, 2 usage or specs that do not compile, 3 a bug." +
        "\nExample:\n  pliny init && pliny generate",
    );
  for (const row of rows) all.addCommand("rows" in row ? groupOf(row) : commandOf(row, row.name));
  return all;
}

function groupOf({ name, summary, example, rows: members }: Group): Command {
  const group = new Command(name).description(summary).exitOverride();
  group.addHelpText("after", exampleText(example));
  for (const row of members) group.addCommand(commandOf(row, `${name} ${row.name}`));
  return group;
}

function exampleText(example: readonly string[]): string {
  return `\nExample:\n${example.map((line) => `  ${line}`).join("\n")}`;
}

/** `called` is its whole name. */
function commandOf(row: Row, called: string): Command {
  const command = new Command(row.name).description(row.summary).exitOverride();
  for (const argument of row.arguments ?? []) command.argument(...argument);
  for (const option of row.options) command.addOption(option);
  if (row.reports) command.addOption(new Option("--format <format>", "how diagnostics are written").choices(formats).default("text"));
  command.addOption(new Option("--json", "one JSON document on stdout, text for people on stderr").conflicts("format"));
  command.addOption(new Option("--cwd <folder>", "the project's folder").default(".", "this one"));
  command.addHelpText("after", exampleText(row.example));
  return command.action(async () => {
    const options: Readonly<Record<string, unknown>> = command.opts();
    const project = openProject(String(options["cwd"]));
    if (!project) return command.error(`error: there is no folder ${String(options["cwd"])}`, { exitCode: 2 });
    const progress = progressLine();
    const [now, wallClock] = [() => performance.now(), () => Date.now()];
    const format = options["json"] === true ? "json" : formatOf(options["format"]);
    const { say, board } = liveOutput(format === "text" ? process.stdout : process.stderr, progress.clear);
    const context: Context = {
      project, now, wallClock, input: readStandardInput, progress: progress.say, environment: process.env, user: userName, ...interruptions(), say, board,
      show: async (found) => say(await textOfOutcome(found)),
    };
    let outcome: Outcome;
    try {
      outcome = await row.run(context, options, command.args);
    } finally {
      progress.clear();
    }
    await print(called, outcome, { format, project });
    process.exitCode = outcome.exitCode;
    if (outcome.endsWithinMs !== undefined) setTimeout(() => process.exit(), outcome.endsWithinMs).unref();
  });
}

/** Of whoever the system says it is; a container may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env["USER"] ?? "unknown";
  }
}

/** What would end the process is told instead: the first time and, where somebody listens, the second. */
function interruptions(): Pick<Context, "interruption" | "urgency"> {
  const [first, second] = [new AbortController(), new AbortController()];
  const names = ["SIGINT", "SIGTERM"] as const;
  let isUrgencyHeard = false;
  const hear = (name: NodeJS.Signals): void => {
    if (!first.signal.aborted) first.abort();
    else if (isUrgencyHeard && !second.signal.aborted) second.abort();
    else {
      // As it would have ended.
      for (const each of names) process.removeListener(each, hear);
      process.kill(process.pid, name);
    }
  };
  return {
    interruption() {
      for (const name of names) if (!process.listeners(name).includes(hear)) process.on(name, hear);
      // Whoever has a channel to this process has it until its own end.
      process.once("disconnect", () => first.abort());
      process.channel?.unref();
      return first.signal;
    },
    urgency() {
      isUrgencyHeard = true;
      return second.signal;
    },
  };
}

async function readStandardInput(bytesMax: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size >= bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax);
}

/** What went on within a command that goes on, as text. */
async function textOfOutcome({ diagnostics, lines, notes = [] }: Outcome): Promise<string> {
  return [...(diagnostics.length > 0 ? [(await rendered(diagnostics, { format: "text" })).trimEnd()] : []), ...lines, ...notes].join("\n");
}

function formatOf(value: unknown): Format {
  return formats.find((format) => format === value) ?? "text";
}

/**
 * A document for machines goes to stdout and what is said to people to stderr. Without one people have stdout, and stderr says
 * what is wrong.
 */
async function print(command: string, outcome: Outcome, { format, project }: { readonly format: Format; readonly project: Project }): Promise<void> {
  const { exitCode, diagnostics, facts, lines, notes = [] } = outcome;
  const said = lines.map((line) => `${line}\n`).join("");
  process.stderr.write(notes.map((note) => `${note}\n`).join(""));
  if (format === "text") {
    if (diagnostics.length > 0) process.stderr.write(await rendered(diagnostics, { format }));
    (exitCode === 2 ? process.stderr : process.stdout).write(said);
    return;
  }
  const document = await rendered(diagnostics, { format, run: runOf(command, outcome, project) });
  process.stdout.write(
    format === "json" ? `${JSON.stringify({ command, exitCode, ...facts, diagnostics: JSON.parse(document) }, null, 2)}\n` : document,
  );
  process.stderr.write(diagnostics.length > 0 ? `${said}${countText(diagnostics)}\n` : said);
}

function runOf(command: string, { exitCode, diagnostics, lines, notes = [], run = {} }: Outcome, project: Project): Run {
  const isTold = exitCode !== 2 || diagnostics.some(({ severity }) => severity === "error");
  return {
    command,
    version,
    problem: isTold ? null : (lines[0] ?? "").replace(/^error: /, ""),
    summary: [...lines.slice(isTold ? 0 : 1), ...notes],
    folder: folderInRepository(project),
    failOn: run.failOn ?? "error",
    basePrefix: run.basePrefix ?? null,
    diagrams: run.diagrams ?? (() => []),
  };
}

/** GitHub and GitLab say where they put the repository, and look for paths from there. */
function folderInRepository({ folder }: Project): string {
  const top = process.env["GITHUB_WORKSPACE"] ?? process.env["CI_PROJECT_DIR"];
  const within = top === undefined || top === "" ? "" : relative(openProject(top)?.folder ?? folder, folder).split(sep).join("/");
  return within === "" || within.startsWith("..") ? "" : `${within}/`;
}

/** What renders is loaded only where there is something to render. */
async function rendered(diagnostics: Outcome["diagnostics"], { format, run }: { readonly format: Format; readonly run?: Run }): Promise<string> {
  if (diagnostics.length === 0 && format === "json") return "[]";
  const { renderDiagnostics } = await import("./render.js");
  return renderDiagnostics(diagnostics, { format, colour: usesColour(process.stderr), ...(run === undefined ? {} : { run }) });
}

/** `FORCE_COLOR` and `NO_COLOR` are what people set; without them there is colour on a terminal only. */
function usesColour(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused } = process.env;
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return isTerminal(stream) && (refused === undefined || refused === "");
}

/** One that takes escapes: a dumb one would print them. */
function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env["TERM"] !== "dumb";
}

/** What is said while a command goes on, and on a terminal what stands below that. */
function liveOutput(stream: NodeJS.WriteStream, clearProgress: () => void): Pick<Context, "say" | "board"> {
  let below: readonly string[] = [];
  const clear = (): void => {
    clearProgress();
    if (below.length > 0) stream.write(`\u001b[${below.length}A\u001b[J`);
  };
  const draw = (): void => void stream.write(below.map((line) => `${line}\n`).join(""));
  return {
    say(line) {
      clear();
      stream.write(`${line}\n`);
      draw();
    },
    board: isTerminal(stream)
      ? (lines) => {
          // A line that wraps, or one that scrolled away, could not be taken back.
          const shown = lines.slice(0, Math.max(1, (stream.rows || 24) - 2)).map((line) => line.slice(0, Math.max(20, (stream.columns || 80) - 1)));
          if (shown.join("\n") === below.join("\n")) return;
          clear();
          below = shown;
          draw();
        }
      : null,
  };
}

/** One line on a terminal, from the second on that something takes; gone when the command ends. */
function progressLine(): { readonly say: (doing: string) => void; readonly clear: () => void } {
  const stream = process.stderr;
  const begin = performance.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  if (!isTerminal(stream)) return { say: () => {}, clear: () => {} };
  return {
    say: (doing) => {
      const now = performance.now();
      if (now - begin < 1000 || now - shownAt < 100) return;
      shownAt = now;
      stream.write(`\r\u001b[K${doing.slice(0, Math.max((stream.columns || 80) - 1, 20))}`);
    },
    clear: () => {
      if (shownAt > 0) stream.write("\r\u001b[K");
      shownAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** `pliny check --json | head` closes the pipe early; the exit code is still the command's. What cannot be written otherwise is no finding. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(3);
}
