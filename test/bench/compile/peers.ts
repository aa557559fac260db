// The peers: for each, the like of `count` resources of eight fields in its own language, and the command that generates from it. A peer
// runs only where someone has installed it in this folder.

import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "./measure.js";

export interface Peer {
  readonly name: string;
  isInstalled(): boolean;
  /** Writes the input into `folder` and says what to run there. */
  prepare(folder: string, count: number): Command;
}

const modules = join(import.meta.dirname, "node_modules");

export const peers: readonly Peer[] = [
  peer("buf generate (protobuf-es)", {
    bin: "buf",
    needs: ["@bufbuild/buf", "@bufbuild/protoc-gen-es"],
    args: ["generate"],
    output: "gen",
    write: protobuf,
  }),
  peer("openapi-typescript", {
    bin: "openapi-typescript",
    needs: ["openapi-typescript"],
    args: ["openapi.json", "-o", "gen/schema.ts"],
    output: "gen",
    write: openApi,
  }),
  peer("prisma generate", {
    bin: "prisma",
    needs: ["prisma", "@prisma/client"],
    args: ["generate", "--schema", "schema.prisma"],
    output: "gen",
    write: prisma,
  }),
  peer("drizzle-kit generate (SQL)", {
    bin: "drizzle-kit",
    needs: ["drizzle-kit", "drizzle-orm"],
    args: ["generate", "--config", "drizzle.config.json"],
    output: "gen",
    write: drizzle,
  }),
  peer("tsp compile (json-schema)", {
    bin: "tsp",
    needs: ["@typespec/compiler", "@typespec/json-schema"],
    args: ["compile", "main.tsp", "--emit", "@typespec/json-schema"],
    output: "tsp-output",
    write: typeSpec,
  }),
];

interface Recipe {
  readonly bin: string;
  readonly needs: readonly string[];
  readonly args: readonly string[];
  readonly output: string;
  /** Files by path, for so many resources. */
  readonly write: (names: readonly string[]) => Readonly<Record<string, string>>;
}

function peer(name: string, { bin, needs, args, output, write }: Recipe): Peer {
  return {
    name,
    isInstalled: () => needs.every((need) => existsSync(join(modules, need))),
    prepare(folder, count) {
      const names = Array.from({ length: count }, (_, at) => `Server${String(at).padStart(4, "0")}`);
      for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }\n', ...write(names) })) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      if (!existsSync(join(folder, "node_modules"))) symlinkSync(modules, join(folder, "node_modules"));
      return {
        program: join(modules, ".bin", bin),
        args,
        folder,
        before: () => rmSync(join(folder, output), { recursive: true, force: true }),
      };
    },
  };
}

function protobuf(names: readonly string[]): Readonly<Record<string, string>> {
  const files = names.map((name, at) => [
    `proto/${name.toLowerCase()}.proto`,
    `syntax = "proto3";
package bench.v1;
import "google/protobuf/duration.proto";
enum ${name}Plan { ${name.toUpperCase()}_PLAN_UNSPECIFIED = 0; ${name.toUpperCase()}_PLAN_HOBBY = 1; ${name.toUpperCase()}_PLAN_PREMIUM = 2; }
// The server of row ${at}.
message ${name} {
  string name = 1;
  ${name}Plan plan = 2;
  string region = 3;
  string address = 4;
  bytes password = 5;
  string before = 6;
  google.protobuf.Duration window = 7;
  map<string, string> labels = 8;
}
`,
  ]);
  return {
    "buf.yaml": "version: v2\nmodules: [{ path: proto }]\n",
    "buf.gen.yaml": "version: v2\nplugins: [{ local: ./node_modules/.bin/protoc-gen-es, out: gen, opt: target=ts }]\n",
    ...Object.fromEntries(files),
  };
}

function openApi(names: readonly string[]): Readonly<Record<string, string>> {
  const text = { type: "string" };
  const schemas = names.map((name) => [
    name,
    {
      type: "object",
      required: ["name"],
      properties: {
        name: text,
        plan: { type: "string", enum: ["hobby", "premium"] },
        region: text,
        address: text,
        password: text,
        before: text,
        window: { type: "integer" },
        labels: { type: "object", additionalProperties: text },
      },
    },
  ]);
  const paths = names.map((name) => [
    `/${name.toLowerCase()}/{id}`,
    {
      get: {
        parameters: [{ name: "id", in: "path", required: true, schema: text }],
        responses: { 200: { description: "It.", content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } } } },
      },
    },
  ]);
  const document = {
    openapi: "3.1.0",
    info: { title: "Bench", version: "1" },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
  return { "openapi.json": JSON.stringify(document) };
}

function prisma(names: readonly string[]): Readonly<Record<string, string>> {
  const models = names.map((name) =>
    `
enum ${name}Plan { hobby premium }
model ${name} {
  id       String @id
  name     String
  plan     ${name}Plan
  region   String
  address  String
  password Bytes
  before   String?
  window   Int
  labels   Json
}
`.replace("{ hobby premium }", "{\n  hobby\n  premium\n}"),
  );
  const head = 'generator client {\n  provider = "prisma-client"\n  output   = "./gen"\n}\ndatasource db {\n  provider = "postgresql"\n}\n';
  return { "schema.prisma": head + models.join("") };
}

function drizzle(names: readonly string[]): Readonly<Record<string, string>> {
  const tables = names.map(
    (name) =>
      `export const ${name.toLowerCase()} = pgTable("${name.toLowerCase()}", { id: uuid().primaryKey(), name: text().notNull(), plan: text(), region: text(), address: text(), password: text(), before: uuid(), window: interval(), labels: jsonb() });\n`,
  );
  return {
    "drizzle.config.json": JSON.stringify({ dialect: "postgresql", schema: "./schema.ts", out: "./gen" }),
    "schema.ts": `import { interval, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";\n${tables.join("")}`,
  };
}

function typeSpec(names: readonly string[]): Readonly<Record<string, string>> {
  const models = names.map(
    (name) =>
      `enum ${name}Plan { hobby, premium }\n@jsonSchema model ${name} { name: string; plan: ${name}Plan; region: string; address: url; password: bytes; before?: string; window: duration; labels: Record<string>; }\n`,
  );
  return { "main.tsp": `import "@typespec/json-schema";\nusing TypeSpec.JsonSchema;\n@jsonSchema namespace Bench;\n${models.join("")}` };
}
