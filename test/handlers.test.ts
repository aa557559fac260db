// `pliny handlers`: stubs come where they belong, names follow `key`, and not a byte of what somebody wrote changes otherwise.

import { describe, expect, test } from "vitest";
import { addMissing, findSyntaxError, survey, type Wanted } from "../compiler/commands/handlers-edit.js";
import { planHandlers, wantedByFile } from "../compiler/commands/handlers.js";
import { checkDocuments } from "../compiler/compile.js";
import type { Model } from "../compiler/model.js";
import { parseSpec } from "../compiler/parse.js";
import { handWritten } from "../compiler/views/index-file.js";
import { compileFolder, goldenCases } from "./setup/cases.js";
import { projectRoot } from "./setup/project.js";
import { readSyntax } from "./setup/typescript.js";

const modules = { generated: "../generated/index.js", runtime: "pliny/runtime" };

function wanted(states: readonly string[], constant: string = "databaseProvision", former: Wanted["former"] = []): Wanted {
  const members = states.map((name) => ({ name, former: [], modifier: "async " as const, what: `database.provision: ${name}` }));
  return { constant, interface: `${constant.slice(0, 1).toUpperCase()}${constant.slice(1)}Handlers`, former, members };
}

/** What is added to a text; adding again must change nothing, and the result must be TypeScript. */
function add(text: string, ...what: readonly Wanted[]): string {
  const once = addMissing(text, what, modules).text;
  expect(addMissing(once, what, modules)).toEqual({ text: once, added: [], renamed: [], missing: [] });
  expect(readSyntax(once).errors).toEqual([]);
  return once;
}

const imports = `import { NotImplemented } from "pliny/runtime";
import type { DatabaseProvisionHandlers } from "../generated/index.js";
`;

describe("stubs", () => {
  test("make a file where there is none", () => {
    expect(add("", wanted(["allocate", "boot"]))).toBe(`import type { DatabaseProvisionHandlers } from "../generated/index.js";
import { NotImplemented } from "pliny/runtime";

export const databaseProvision: DatabaseProvisionHandlers = {
  async allocate() {
    throw new NotImplemented("database.provision: allocate");
  },
  async boot() {
    throw new NotImplemented("database.provision: boot");
  },
};
`);
  });

  test("come behind the state before them, or before the one after them", () => {
    const text = `${imports}
export const databaseProvision: DatabaseProvisionHandlers = {
  // Why it boots so late.
  async boot(task, { to }) { return to.fanOut(); }, // said behind

  /* What was tried. */
  async verify(task, { to }) {
    return to.stop();
  },
};
`;
    expect(add(text, wanted(["allocate", "boot", "fanOut", "verify", "cleanup"]))).toBe(`${imports}
export const databaseProvision: DatabaseProvisionHandlers = {
  async allocate() {
    throw new NotImplemented("database.provision: allocate");
  },
  // Why it boots so late.
  async boot(task, { to }) { return to.fanOut(); }, // said behind
  async fanOut() {
    throw new NotImplemented("database.provision: fanOut");
  },

  /* What was tried. */
  async verify(task, { to }) {
    return to.stop();
  },

  async cleanup() {
    throw new NotImplemented("database.provision: cleanup");
  },
};
`);
  });

  test.each([
    ["an empty literal", "export const databaseProvision: DatabaseProvisionHandlers = {};\n"],
    ["an empty literal with a comment", "export const databaseProvision: DatabaseProvisionHandlers = { // nothing yet\n};\n"],
    ["one line", "export const databaseProvision: DatabaseProvisionHandlers = { async boot(t, { to }) { return to.stop(); } };\n"],
    [
      "one line with a comma",
      "export const databaseProvision: DatabaseProvisionHandlers = { async boot(t, { to }) { return to.stop(); }, };\n",
    ],
    [
      "no comma at the end",
      "export const databaseProvision: DatabaseProvisionHandlers = {\n  async boot(t, { to }) { return to.stop(); } // the last\n};\n",
    ],
    [
      "satisfies",
      "export const databaseProvision = {\n  async boot(t, { to }) { return to.stop(); },\n} satisfies DatabaseProvisionHandlers;\n",
    ],
    ["as const, in brackets", "export const databaseProvision = ({\n  async boot(t, { to }) { return to.stop(); },\n} as const);\n"],
    [
      "properties and shorthand",
      "const boot: DatabaseProvisionHandlers['boot'] = async (t, { to }) => to.stop();\nexport const databaseProvision: DatabaseProvisionHandlers = { boot };\n",
    ],
    ["a quoted name", 'export const databaseProvision: DatabaseProvisionHandlers = {\n  "boot": async (t, { to }) => to.stop(),\n};\n'],
    ["a computed name", 'export const databaseProvision: DatabaseProvisionHandlers = {\n  ["boot"]: async (t, { to }) => to.stop(),\n};\n'],
    [
      "exported by a list",
      "const databaseProvision: DatabaseProvisionHandlers = {\n  async boot(t, { to }) { return to.stop(); },\n};\nexport { databaseProvision };\n",
    ],
    ["tabs", "export const databaseProvision: DatabaseProvisionHandlers = {\n\tasync boot(t, { to }) { return to.stop(); },\n};\n"],
  ])("are added to %s", (_, body) => {
    const text = `${imports}\n${body}`;
    const after = add(text, wanted(["allocate", "boot", "cleanup"]));
    const shape = survey(after, [wanted(["allocate", "boot", "cleanup"])]);
    expect(shape).toMatchObject({ orphans: [], opaque: [] });
    expect([...after.matchAll(/NotImplemented\("database\.provision: (\w+)"\)/g)].map((match) => match[1])).toEqual(
      body.includes("boot") ? ["allocate", "cleanup"] : ["allocate", "boot", "cleanup"],
    );
    // Everything that was there is still there, in its order.
    let at = 0;
    for (const part of text.split(/\s+|(?<=[{},;])|(?=[{},;])/).filter((word) => word !== "")) {
      const found = after.indexOf(part, at);
      expect(found, part).toBeGreaterThanOrEqual(at);
      at = found + part.length;
    }
  });

  test("have the line ends of the file", () => {
    const text =
      `${imports}\nexport const databaseProvision: DatabaseProvisionHandlers = {\n  async boot(t, { to }) { return to.stop(); },\n};\n`.replaceAll(
        "\n",
        "\r\n",
      );
    const after = add(text, wanted(["allocate", "boot", "cleanup"]), wanted(["run"], "databaseDump"));
    expect(after.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  test("extend the imports that are there, and leave names that the file has already", () => {
    const text = `// What it is for.\n\nimport {\n  NotDone,\n} from "pliny/runtime";\nimport type { DatabaseProvisionHandlers } from "../generated/index.js"; // theirs\nimport { other } from "./other.js";\n`;
    expect(
      add(text, wanted(["allocate"]))
        .split("\n")
        .slice(0, 9)
        .join("\n"),
    ).toBe(
      `// What it is for.\n\nimport {\n  NotDone,\n  NotImplemented,\n} from "pliny/runtime";\nimport type { DatabaseProvisionHandlers } from "../generated/index.js"; // theirs\nimport { other } from "./other.js";\n`,
    );
    const mixed = add('import { Database } from "../generated/index.js";\nvoid Database;\n', wanted(["allocate"]));
    expect(mixed).toContain('import { Database, type DatabaseProvisionHandlers } from "../generated/index.js";\n');
    expect(add("#!/usr/bin/env tsx\n// Opens.\n\nconst x = 1;\nvoid x;\n", wanted(["a"]))).toMatch(
      /^#!.*\n\/\/ Opens\.\n\nimport type \{ DatabaseProvisionHandlers \}/,
    );
  });

  test("are not added where the rest may come from elsewhere", () => {
    for (const body of [
      'export * from "./database/provision.js";\n',
      'export { databaseProvision } from "./database/provision.js";\n',
      "export const databaseProvision = make();\n",
      "export const databaseProvision: DatabaseProvisionHandlers = { ...common };\n",
      "export const { databaseProvision } = make();\n",
    ]) {
      expect(add(body, wanted(["allocate"])), body).toBe(body);
    }
    expect(survey("export const databaseProvision = make();\n", [wanted(["allocate"])]).opaque).toMatchObject([
      { text: "databaseProvision" },
    ]);
  });
});

describe("renames", () => {
  const former = [{ constant: "databaseProv", interface: "DatabaseProvHandlers" }];
  const text = `import type { DatabaseProvHandlers } from "../generated/index.js";

// databaseProv is what it was called.
export const databaseProv: DatabaseProvHandlers = {
  async boot(task, { to }) {
    const databaseProvText = "databaseProv";
    function inner(databaseProv: number) { return databaseProv + 1; }
    return inner(1) > 0 && databaseProvText && task.databaseProv ? to.stop() : to.stop();
  },
};
export const all = { databaseProv, other: databaseProv.boot };
`;

  test("follow a task that was renamed, and touch only what means it", () => {
    const after = addMissing(text, [wanted(["boot"], "databaseProvision", former)], modules);
    expect(after.renamed.map(({ from, to }) => [from, to])).toEqual([
      ["databaseProv", "databaseProvision"],
      ["DatabaseProvHandlers", "DatabaseProvisionHandlers"],
    ]);
    expect(after.text).toBe(
      text
        .replace("{ DatabaseProvHandlers }", "{ DatabaseProvisionHandlers }")
        .replace("export const databaseProv: DatabaseProvHandlers", "export const databaseProvision: DatabaseProvisionHandlers")
        .replace("{ databaseProv, other: databaseProv.boot }", "{ databaseProv: databaseProvision, other: databaseProvision.boot }"),
    );
    expect(add(text, wanted(["boot"], "databaseProvision", former))).toBe(after.text);
  });

  test("follow a field whose predicate is written by hand, in each way of writing it", () => {
    const checks = (constant: string): Wanted => ({
      constant,
      interface: "DatabaseChecks",
      former: [],
      members: [{ name: "title", former: ["name"], modifier: "", what: "database: check of title" }],
    });
    for (const [before, after] of [
      ["name(value) {\n    return value !== name;\n  }", "title(value) {\n    return value !== name;\n  }"],
      ["name", "title: name"],
      ['"name": (v) => true', '"title": (v) => true'],
      ["['name']: (v) => true", "['title']: (v) => true"],
    ]) {
      const file = (member: string | undefined): string => `const name = 1;\nexport const databaseChecks = {\n  ${member ?? ""},\n};\n`;
      expect(add(file(before), checks("databaseChecks"))).toBe(file(after));
    }
  });
});

describe("what belongs to nothing", () => {
  test("is named and stays: a state that is gone, a constant that is gone; not what is the author's own", () => {
    const text = `import type { DatabaseProvisionHandlers, DatabaseDumpHandlers } from "../generated/index.js";
import type { MyChecks } from "./my.js";
export const databaseProvision: DatabaseProvisionHandlers = { async old(t, { to }) { return to.stop(); }, async boot(t, { to }) { return to.stop(); } };
export const databaseDump: DatabaseDumpHandlers = {};
export const mine = { a: 1 };
const local: MyChecks = {};
void local;
`;
    const found = survey(text, [wanted(["boot"])]);
    expect(found.orphans.map((orphan) => [orphan.text, text.slice(orphan.start, orphan.end)])).toEqual([
      ["`databaseProvision.old`", "old"],
      ["`databaseDump`", "databaseDump"],
    ]);
    expect(add(text, wanted(["boot"]))).toBe(text);
  });
});

test("a file that is no TypeScript is named with the place of its mistake", () => {
  const text = "export const a = {\n  async b( {\n};\n";
  expect(findSyntaxError("specs/a.handlers.ts", text)).toMatchObject({ text: expect.stringMatching(/expected/) });
  expect(findSyntaxError("specs/a.handlers.ts", "export const a: Record<string, number> = {} satisfies object;\n")).toBeNull();
});

describe("from a model", () => {
  const specs = `resource: database
version: 3
write: 2
fields:
  title: { type: string, key: name, check: code }
  place: { type: record, fields: { street: { type: string, check: code } } }
  port: { type: int, since: 2, required: true }
  host: { type: string, since: 3, required: true }
upgrades: { 2: code, 3: code }
states:
  creating: { starts: provision, then: live, else: live }
  live: { to: stop }
---
task: provision
key: prov
of: database
args: { size: { type: int, check: code } }
should_start: true
should_stop: true
on_stop: code
states:
  allocate: { to: [fan_out] }
  fan_out: { to: [stop] }
---
task: sweep
every: { interval: 1h }
states: { sweep: { to: stop } }
---
type: label
is: { type: string, check: code }
`;
  const modelOf = (text: string): Model => {
    const { value, diagnostics } = checkDocuments([parseSpec({ path: "specs/deep/database.yaml", text })]);
    expect(diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
    return value;
  };
  const path = "specs/deep/database.handlers.ts";

  test("everything that createApp asks for is wanted, by the same names", () => {
    const clean = [projectRoot, ...goldenCases.map((one) => one.folder)].map((folder) => compileFolder(folder)).filter(({ files }) => files.length > 0);
    const models = [modelOf(specs), ...clean.map(({ sources }) => checkDocuments(sources.map(parseSpec)).value)];
    for (const model of models) {
      const found = [...wantedByFile(model).values()].flat().map((one) => `${one.constant}: ${one.interface}`);
      expect(found.sort()).toEqual(
        handWritten(model)
          .map((one) => `${one.constant}: ${one.interface}`)
          .sort(),
      );
    }
  });

  test("states, hooks, upgrades and predicates become members", () => {
    const members = [...wantedByFile(modelOf(specs))].map(([file, all]) => [
      file,
      Object.fromEntries(all.map((one) => [one.constant, one.members.map((member) => member.name)])),
    ]);
    expect(members).toEqual([
      [
        path,
        {
          databaseUpgrades: ["to2", "to3", "from3"],
          databaseChecks: ["title", "placeStreet"],
          databaseProvision: ["allocate", "fanOut", "shouldStart", "shouldStop", "onStop"],
          databaseProvisionChecks: ["size"],
          sweep: ["sweep"],
          labelChecks: ["value"],
        },
      ],
    ]);
  });

  test("a file is planned once, with the imports of its depth; the second time nothing is left to do", () => {
    const model = modelOf(specs);
    const [first] = planHandlers(model, []).files;
    expect(first?.path).toBe(path);
    expect(first?.after).toContain('from "../../generated/index.js"');
    expect(first?.missing.map((diagnostic) => diagnostic.code)).toEqual(Array(6).fill("GEN132"));
    const again = planHandlers(model, [{ path, text: first?.after ?? "" }]);
    expect(again.diagnostics).toEqual([]);
    expect(again.files.map((file) => [file.before === file.after, file.missing])).toEqual([[true, []]]);
  });

  test("what was called by the stored key is renamed; what lies in another file is looked after there", () => {
    const model = modelOf(specs);
    const text =
      'import type { DatabaseProvHandlers } from "../generated/index.js";\nexport const databaseProv: DatabaseProvHandlers = {\n  async allocate(task, { to }) { return to.fanOut(); },\n};\n';
    const { files } = planHandlers(model, [{ path: "specs/all.handlers.ts", text }]);
    const all = files.find((file) => file.path === "specs/all.handlers.ts");
    expect(all?.renamed).toEqual([
      { from: "databaseProv", to: "databaseProvision" },
      { from: "DatabaseProvHandlers", to: "DatabaseProvisionHandlers" },
    ]);
    expect(all?.added).toEqual([
      "databaseProvision.fanOut",
      "databaseProvision.shouldStart",
      "databaseProvision.shouldStop",
      "databaseProvision.onStop",
    ]);
    expect(all?.missing.map((diagnostic) => diagnostic.code)).toEqual(["GEN133", "GEN133", "GEN132", "GEN132", "GEN132", "GEN132"]);
    expect(files.find((file) => file.path === path)?.added).not.toContain("databaseProvision");
  });

  test("orphans and what cannot be looked into are warnings; a file that is no TypeScript stops everything", () => {
    const model = modelOf(specs);
    const text = "export const databaseProvision = make();\nexport const sweep = { async sweep() {}, async gone() {} };\n";
    expect(planHandlers(model, [{ path, text }]).diagnostics.map((diagnostic) => [diagnostic.code, diagnostic.severity])).toEqual([
      ["GEN134", "warning"],
      ["GEN135", "warning"],
    ]);
    expect(planHandlers(model, [{ path, text: "export const = ;\n" }])).toMatchObject({
      files: [],
      diagnostics: [{ code: "GEN131", at: { start: 13 } }],
    });
  });
});
