// What commands share that work on stored rows: the project's app, loaded; its keyrings, found; its database, opened and closed again.

import type { Pace, Progress } from "../../runtime/commands/batches.js";
import { keyrings, type KeyringUse } from "../../runtime/commands/keyring-text.js";
import type { App, ConnectedPliny, OpenApp, Opening } from "../../runtime/commands/open.js";
import { checkDocuments } from "../compile.js";
import { hasErrors } from "../diagnostic.js";
import { configFile, findFile, generatedFolder, type Project, readKeyring, readText } from "../files.js";
import { didYouMean } from "../naming.js";
import { parseSpec } from "../parse.js";
import { type Context, listed, orUnusable, type Outcome, plural, stopped, Unusable } from "./outcome.js";
import { pause } from "./waiting.js";

export interface DatabaseOptions {
  /** `postgres://…`; null for that of the environment. */
  readonly postgres: string | null;
}

/** How fast a command goes through rows. */
export interface PaceOptions {
  /** Rows a second; null for as fast as it goes. */
  readonly rate: number | null;
  /** Rows a statement. */
  readonly batch: number;
}

/** Where a keyring is: in a file, or as text in the environment. */
export type KeyringPlace = { readonly kind: "file"; readonly path: string } | { readonly kind: "variable"; readonly text: string };

/** Runs what works on the rows of the project's app. What cannot be used, reached or permitted is told, with what to do. */
export function withApp(context: Context, options: DatabaseOptions, run: (opened: OpenApp) => Promise<Outcome>): Promise<Outcome> {
  return withOpened(context, options, { open: async (opening) => (await import("../../runtime/commands/open.js")).openApp(opening), run });
}

/** The same of what starts and moves things: the app, connected. A database that is empty yet gets its tables, as generated/schema.sql has them. */
export function withPliny(context: Context, options: DatabaseOptions, run: (pliny: ConnectedPliny) => Promise<Outcome>): Promise<Outcome> {
  return withOpened(context, options, {
    async open(opening) {
      const { connectApp } = await import("../../runtime/commands/open.js");
      const [tables, views] = ["schema.sql", "views.sql"].map((name) => readText(context.project, `${generatedFolder}/${name}`));
      return connectApp(opening, tables == null ? null : `${tables}\n${views ?? ""}`);
    },
    run,
  });
}

interface Opened<T> {
  readonly open: (opening: Opening) => Promise<T>;
  readonly run: (opened: T) => Promise<Outcome>;
}

function withOpened<T extends { close(): Promise<void> }>(context: Context, { postgres }: DatabaseOptions, { open, run }: Opened<T>): Promise<Outcome> {
  return orUnusable(async () => {
    const url = addressOf(context, postgres);
    const texts = { secrets: textNamed(context, "secrets"), index: textNamed(context, "index"), shred: textNamed(context, "shred") };
    const app = await loadApp(context);
    if ("exitCode" in app) return app;
    const opened = await open({ app, url, keyrings: texts, actor: context.user() });
    try {
      return await run(opened);
    } finally {
      await opened.close();
    }
  });
}

/** The app that pliny.yaml names, or what is wrong with that file. Throws Unusable where it cannot be loaded. */
async function loadApp(context: Context): Promise<App | Outcome> {
  const path = appPath(context.project);
  if (typeof path !== "string") return path;
  const { app } = await loadModule(context, path, "which joins what is generated with what is written by hand; `app` in pliny.yaml names it");
  const { isApp } = await import("../../runtime/commands/open.js");
  if (!isApp(app)) throw new Unusable(`${path} exports no \`app\` that createApp made: \`export const app = createApp({ … })\``);
  return app;
}

/** What a module of the project exports. Throws Unusable where it cannot be loaded; `what` says what it is for. */
export async function loadModule(context: Context, path: string, what: string): Promise<Readonly<Record<string, unknown>>> {
  const found = findFile(context.project, path);
  if (found === null) throw new Unusable(`there is no ${path}, ${what}`);
  const { importTypeScript } = await import("./typescript.js");
  const exported = await importTypeScript(context.project, found);
  if (typeof exported === "string") throw new Unusable(exported);
  return exported;
}

/** Where the environment says that a keyring is: text that begins with `{` is one, anything else the path of one. Null where it says nothing. */
export function keyringPlace(context: Context, use: KeyringUse): KeyringPlace | null {
  const said = (context.environment[keyrings[use].variable] ?? "").trim();
  if (said === "") return null;
  return said.startsWith("{") ? { kind: "variable", text: said } : { kind: "file", path: said };
}

/** Null where a file is named that is not there. Throws Unusable where it cannot be read. */
export function keyringText({ project }: Context, place: KeyringPlace): string | null {
  if (place.kind === "variable") return place.text;
  const read = readKeyring(project, place.path);
  if (typeof read === "string") throw new Unusable(`${place.path} cannot be read: ${read}`);
  return read.text;
}

/** A pace that an interruption ends after the batch that it is at, also while it waits. */
export function paceOf(context: Context, { rate, batch }: PaceOptions, doing: string): Pace {
  const signal = context.interruption();
  return {
    batch, perSecond: rate, signal, now: context.now,
    sleep: (ms) => pause(ms, signal),
    onProgress: ({ table, done, failed }) => context.progress(`${doing} ${table}: ${plural(done, "row")}${failed.length === 0 ? "" : `, ${failed.length} failed`}`),
  };
}

/** A line for what was done in a table, and one for each row that could not be done. */
export function progressLines({ table, done, failed }: Progress, verb: string): readonly string[] {
  const lines = listed(failed.map(({ id, why }) => `${id}: ${why}`), "failed");
  return [`${table}: ${plural(done, "row")} ${verb}, ${failed.length} failed`, ...lines];
}

/** Says which name there is not, and which may have been meant. */
export function unknownResource(name: string, names: readonly string[]): string {
  const meant = didYouMean(name, names);
  return `there is no resource '${name}'${meant === null ? `; there are ${names.join(", ")}` : `. Did you mean ${meant}?`}`;
}

/** Where the database is. Nothing of it is ever said, as it may hold a password. */
function addressOf(context: Context, given: string | null): string {
  const url = given ?? context.environment["PLINY_POSTGRES"] ?? "";
  if (url === "") throw new Unusable("there is no database to work on: name it with --postgres, or in PLINY_POSTGRES, as postgres://user@host:port/database");
  if (!/^postgres(ql)?:\/\/./.test(url) || !URL.canParse(url)) throw new Unusable("what --postgres or PLINY_POSTGRES says is no URL as postgres://user@host:port/database");
  return url;
}

function textNamed(context: Context, use: KeyringUse): string | null {
  const place = keyringPlace(context, use);
  if (place === null) return null;
  const text = keyringText(context, place);
  if (text === null) throw new Unusable(`${keyrings[use].variable} says that the ${keyrings[use].name} is in a file that is not there`);
  return text;
}

/** The module that pliny.yaml names; or what is wrong with that file. What is said of it beside the specs is not asked here. */
function appPath(project: Project): string | Outcome {
  const text = readText(project, configFile);
  if (text === null) return usualApp;
  const parsed = parseSpec({ path: configFile, text });
  return hasErrors(parsed.diagnostics) ? stopped(parsed.diagnostics) : (checkDocuments([parsed]).value.config.app ?? usualApp);
}

const usualApp = "specs/app.ts";
