#!/usr/bin/env node
// argv in, streams and an exit code out. A command's module is loaded only when it is called, and this is the only file that prints.

import { setFlagsFromString } from "node:v8";
import { Command, CommanderError, Option } from "commander";
import { version } from "#version";
import { countDiagnostics, type Context, type Outcome } from "./commands/outcome.js";
import { openProject } from "./files.js";
import type { Format } from "./render.js";

const formats: readonly Format[] = ["text", "json", "sarif", "github"];

interface Row {
  readonly name: string;
  readonly argument?: readonly [name: string, description: string];
  readonly summary: string;
  readonly options: readonly Option[];
  readonly example: readonly string[];
  /** The command reports diagnostics, and so takes `--format`. */
  readonly reports: boolean;
  readonly run: (context: Context, options: Readonly<Record<string, unknown>>, args: readonly string[]) => Promise<Outcome> | Outcome;
}

const rows: readonly Row[] = [
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
    ],
    example: ["pliny generate", "pliny generate --check --format github"],
    reports: true,
    run: async (context, options) =>
      (await import("./commands/generate.js")).generate(context, { check: options["check"] === true, stats: options["stats"] === true }),
  },
  {
    name: "check",
    summary: "Say everything that is wrong with the specs.",
    options: [],
    example: ["pliny check", "pliny check --format sarif > pliny.sarif"],
    reports: true,
    run: async (context) => (await import("./commands/check.js")).check(context),
  },
  {
    name: "fmt",
    argument: ["[specs...]", "the specs to lay out; all of them if none is named"],
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
    name: "explain",
    argument: ["<code-or-keyword>", "a diagnostic's code, or a keyword of the spec language"],
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
    argument: ["[file]", "standard input if none is named, or `-`"],
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
  for (const row of rows) all.addCommand(commandOf(row));
  return all;
}

function commandOf(row: Row): Command {
  const command = new Command(row.name).description(row.summary).exitOverride();
  if (row.argument) command.argument(...row.argument);
  for (const option of row.options) command.addOption(option);
  if (row.reports) command.addOption(new Option("--format <format>", "how diagnostics are written").choices(formats).default("text"));
  command.addOption(new Option("--json", "one JSON document on stdout, text for people on stderr").conflicts("format"));
  command.addOption(new Option("--cwd <folder>", "the project's folder").default(".", "this one"));
  command.addHelpText("after", `\nExample:\n${row.example.map((line) => `  ${line}`).join("\n")}`);
  return command.action(async () => {
    const options: Readonly<Record<string, unknown>> = command.opts();
    const project = openProject(String(options["cwd"]));
    if (!project) return command.error(`error: there is no folder ${String(options["cwd"])}`, { exitCode: 2 });
    const progress = progressLine();
    const [now, wallClock] = [() => performance.now(), () => Date.now()];
    const context: Context = { project, now, wallClock, input: readStandardInput, progress: progress.say };
    let outcome: Outcome;
    try {
      outcome = await row.run(context, options, command.args);
    } finally {
      progress.clear();
    }
    await print(row.name, outcome, options["json"] === true ? "json" : formatOf(options["format"]));
    process.exitCode = outcome.exitCode;
  });
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

function formatOf(value: unknown): Format {
  return formats.find((format) => format === value) ?? "text";
}

/**
 * A document for machines goes to stdout and what is said to people to stderr. Without one people have stdout, and stderr says
 * what is wrong.
 */
async function print(command: string, { exitCode, diagnostics, facts, lines, notes = [] }: Outcome, format: Format): Promise<void> {
  const said = lines.map((line) => `${line}\n`).join("");
  process.stderr.write(notes.map((note) => `${note}\n`).join(""));
  if (format === "text") {
    if (diagnostics.length > 0) process.stderr.write(await rendered(diagnostics, "text"));
    (exitCode === 2 ? process.stderr : process.stdout).write(said);
    return;
  }
  const document = await rendered(diagnostics, format);
  process.stdout.write(
    format === "json" ? `${JSON.stringify({ command, exitCode, ...facts, diagnostics: JSON.parse(document) }, null, 2)}\n` : document,
  );
  process.stderr.write(diagnostics.length > 0 ? `${said}${countDiagnostics(diagnostics)}\n` : said);
}

/** What renders is loaded only where there is something to render. */
async function rendered(diagnostics: Outcome["diagnostics"], format: Format): Promise<string> {
  if (diagnostics.length === 0 && format === "json") return "[]";
  const { renderDiagnostics } = await import("./render.js");
  return renderDiagnostics(diagnostics, { format, colour: usesColour(process.stderr) });
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
    },
  };
}

/** `pliny check --json | head` closes the pipe early; the exit code is still the command's. What cannot be written otherwise is no finding. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(3);
}
