// `pliny init`: a small project that generates, type-checks and shows each kind of thing once. Nothing that is there already is touched.

import { basename } from "node:path";
import { folderInRepository } from "../base.js";
import { hasErrors, type Diagnostic } from "../diagnostic.js";
import { createFile, readSpecs, readText, specsFolder } from "../files.js";
import { stopped, type Context, type Outcome } from "./outcome.js";
import { isModule } from "./typescript.js";
import { recipeText, workflowText } from "./workflow.js";

export function init(context: Context): Outcome {
  const { project } = context;
  const written: string[] = [];
  const kept: string[] = [];
  const diagnostics: Diagnostic[] = [];
  // Where there are specs already, an example would be one resource too many.
  const hasSpecs = readSpecs(project).value.some((source) => source.path.startsWith(`${specsFolder}/`));
  const name = packageName(basename(project.folder));
  for (const { path, text } of [...(hasSpecs ? [] : exampleFiles), ...projectFiles(name, { hasSpecs })]) {
    const made = createFile(project, path, text);
    diagnostics.push(...made.diagnostics);
    if (made.diagnostics.length === 0) (made.value ? written : kept).push(path);
  }
  if (hasErrors(diagnostics)) return { ...stopped(diagnostics), facts: { written, kept } };
  return {
    exitCode: 0,
    diagnostics,
    facts: { written, kept },
    lines: [
      ...written.map((path) => `  wrote ${path}`),
      ...kept.map((path) => `  kept  ${path} (it was there)`),
      ...(hasSpecs ? [`  ${specsFolder}/ holds specs, so the example was left out`] : []),
      ...(isModule(readText(project, "package.json"))
        ? []
        : ["", 'package.json lacks `"type": "module"`; what is generated are modules: npm pkg set type=module']),
      ...whereGitHubLooks(folderInRepository(project) ?? "", written),
      "",
      "Next:",
      "  npx pliny generate     makes generated/ from specs/",
      "  npx tsc                checks that what is written by hand fits",
      "  npx pliny dev          runs it here, on a Postgres of its own",
      "  npx pliny handlers     adds stubs for what a changed spec asks for",
    ],
  };
}

function whereGitHubLooks(within: string, written: readonly string[]): readonly string[] {
  if (within === "" || !written.includes(workflowPath)) return [];
  const folder = within.replace(/\/$/, "");
  return [
    "",
    `GitHub reads workflows at the top of the repository only: move ${workflowPath} there, with \`defaults: { run: { working-directory: ${folder} } }\` in it and ${within}pliny.sarif for sarif_file.`,
  ];
}

/** What a folder's name makes as the name of a package. */
function packageName(folder: string): string {
  return (
    folder
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .replace(/^-+|-+$/g, "") || "control-plane"
  );
}

interface StartingFile {
  readonly path: string;
  readonly text: string;
}

function projectFiles(name: string, { hasSpecs }: { readonly hasSpecs: boolean }): readonly StartingFile[] {
  return [
    { path: "pliny.yaml", text: hasSpecs ? configText : configText + exampleConfigText },
    { path: "tsconfig.json", text: tsconfigText },
    { path: "package.json", text: `${JSON.stringify({ name, private: true, type: "module" }, null, 2)}\n` },
    { path: workflowPath, text: workflowText },
    { path: "ci/pliny.sh", text: recipeText },
  ];
}

const workflowPath = ".github/workflows/pliny.yml";

const configText = `# What is not about one element of the specs.
rules: 1
app: specs/app.ts
`;

const exampleConfigText = `breakers:
  host: { failures: 5, within: 1m, open: 30s }
`;

const specText = `# yaml-language-server: $schema=../generated/schema/pliny.schema.json

resource: site
doc: A web site that somebody has published.
fields:
  name:    { type: string, max: 63, pattern: '^[a-z][a-z0-9-]*$', required: true, immutable: true }
  size:    { type: enum, of: [small, large], default: small }
  address: { type: url, doc: 'Where it can be seen, once it is online.' }
unique: [[name]]
states: # the first is where it starts
  creating: { starts: publish, then: online, else: failed, timeout: 30m }
  online:   { to: [creating, deleting] }
  failed:   { to: [creating, deleting] }
  deleting: { starts: remove, then: stop, else: failed }
api:
  list:   { filter: [name], sort: [name] }
  get:    true
  create: [name, size]
  moves:  { creating: [size], deleting: [] }
  delete: deleting # DELETE asks for this move
---
task: publish
of: site
doc: Finds a server for the site and waits until it answers.
fields:
  server: string
states:
  allocate: { to: [check], timeout: 5m, breaker: host }
  check:    { to: [stop], poll: 5s, timeout: 10m }
---
task: remove
of: site
states:
  release: { to: [stop], timeout: 5m, breaker: host }
`;

const handlersText = `// What happens in each state of the tasks in site.yaml.

import type { SitePublishHandlers, SiteRemoveHandlers } from "../generated/index.js";

export const sitePublish: SitePublishHandlers = {
  async allocate(task, { to, key }) {
    // \`key\` is the same on each try of this step: give it to whoever is asked, so that nothing is made twice.
    task.server = \`server-for-\${key}\`;
    return to.check();
  },
  async check(task, { to, stay }) {
    if (task.server === null) return stay();
    await task.site.save({ address: \`https://\${task.site.name}.example.com\` });
    return to.stop();
  },
};

export const siteRemove: SiteRemoveHandlers = {
  async release(task, { to }) {
    await task.site.save({ address: null });
    return to.stop();
  },
};
`;

const appText = `// Joins what is generated with what is written by hand.

import { createApp } from "../generated/index.js";
import type { App } from "pliny/runtime";
import * as site from "./site.handlers.js";

export const app: App = createApp({ ...site });
`;

// `preserve` reads modules as bundlers and tsx do, whatever package.json says.
const tsconfigText = `{
  "compilerOptions": {
    "target": "es2023",
    "module": "preserve",
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "exactOptionalPropertyTypes": true,
    "verbatimModuleSyntax": true,
    "erasableSyntaxOnly": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["specs", "generated"]
}
`;

const exampleFiles: readonly StartingFile[] = [
  { path: "specs/site.yaml", text: specText },
  { path: "specs/site.handlers.ts", text: handlersText },
  { path: "specs/app.ts", text: appText },
];
