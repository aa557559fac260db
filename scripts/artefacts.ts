// What the sources import but nobody writes by hand: `#templates`, the precompiled templates; `#shape`, the validator of the spec language;
// `#version`, the package's own. And the schemas of what commands say as JSON. All go to dist/, and are written only where they differ, so that a
// test run that makes them disturbs no other.

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";
import { reportSchemas } from "../compiler/formats/schema.js";
import { shapeModule } from "./build-shape.js";

export const root: string = fileURLToPath(new URL("..", import.meta.url));

interface Artefact {
  /** Relative to dist/. */
  readonly path: string;
  readonly text: string;
}

/** Writes the artefacts and returns their paths, relative to dist/. */
export function writeArtefacts(): readonly string[] {
  const artefacts = [...templatesModule(), ...shapeModule(), ...versionModule(), ...schemaFiles()];
  for (const { path, text } of artefacts) replace(join(root, "dist", path), text);
  return artefacts.map((artefact) => artefact.path);
}

function templatesModule(): readonly Artefact[] {
  const folder = join(root, "templates");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".hbs"))
    .map((path) => path.slice(0, -".hbs".length).replaceAll("\\", "/"))
    .sort();
  const rows = names.map((name) => `  ${JSON.stringify(name)}: handlebars.template(${precompile(folder, name)}),\n`);
  return [
    {
      path: "templates.js",
      text: [
        "// Made from templates/*.hbs by `npm run build`. Each template is also a partial of the others, by the same name.\n",
        'import Handlebars from "handlebars/dist/handlebars.runtime.min.js";\n\n',
        "const handlebars = Handlebars.create();\n",
        `export const templates = {\n${rows.join("")}};\n`,
        "handlebars.registerPartial(templates);\n",
      ].join(""),
    },
    {
      path: "templates.d.ts",
      text: [
        `export type TemplateName = ${names.map((name) => JSON.stringify(name)).join(" | ") || "never"};\n`,
        "export declare const templates: Readonly<Record<TemplateName, (view: object) => string>>;\n",
      ].join(""),
    },
  ];
}

function precompile(folder: string, name: string): string {
  const text = readFileSync(join(folder, `${name}.hbs`), "utf8");
  // `strict`: what a view lacks is a bug, not an empty text. `noEscape`: the output is no HTML; views hand on text that is safe already.
  return String(Handlebars.precompile(text, { noEscape: true, strict: true, knownHelpersOnly: true }));
}

function versionModule(): readonly Artefact[] {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return [
    { path: "version.js", text: `export const version = ${JSON.stringify(version)};\n` },
    { path: "version.d.ts", text: "export declare const version: string;\n" },
  ];
}

function schemaFiles(): readonly Artefact[] {
  return Object.entries(reportSchemas).map(([command, schema]) => ({ path: `schema/${command}.json`, text: `${JSON.stringify(schema, null, 2)}\n` }));
}

function replace(path: string, text: string): void {
  if (readIfThere(path) === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const next = `${path}.${process.pid}`;
  writeFileSync(next, text);
  renameSync(next, path);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
