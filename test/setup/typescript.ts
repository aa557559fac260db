// TypeScript for tests: the compiler as a process, under the flags that generated code must bear, and the syntax of a text.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ts } from "ts-morph";
import type { GeneratedFile } from "../../compiler/emit.js";
import { projectRoot } from "./project.js";

const flags = {
  target: "es2023",
  lib: ["es2023"],
  module: "nodenext",
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noFallthroughCasesInSwitch: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  isolatedDeclarations: true,
  declaration: true,
  erasableSyntaxOnly: true,
  // For projects with `imports: ts`.
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** Puts generated files into folders of their own under `folder`, with a tsconfig.json that leads `pliny/…` to the sources here. */
export function writeProject(folder: string, parts: ReadonlyMap<string, readonly GeneratedFile[]>): void {
  const entries = { "pliny/runtime": "runtime/index.ts", "pliny/codec": "runtime/codec/index.ts", "pliny/testing": "runtime/testing.ts" };
  const paths = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, [join(projectRoot, path)]]));
  writeIn(folder, "package.json", JSON.stringify({ type: "module" }));
  // The runtime's sources are read along, and they know Node; the generated code gets no types but its own imports.
  const compilerOptions = { ...flags, paths, typeRoots: [join(projectRoot, "node_modules/@types")], types: ["node"] };
  writeIn(folder, "tsconfig.json", JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  for (const [part, files] of parts) {
    for (const file of files) if (file.path.endsWith(".ts")) writeIn(folder, `${part}/${file.path}`, file.text);
  }
}

/** What `tsc` says of the project in a folder; empty where it is content. */
export function typeCheck(folder: string): string {
  const tsc = join(projectRoot, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
  if (run.error !== undefined) throw run.error;
  return run.status === 0 ? "" : `${run.stdout}${run.stderr}`;
}

export interface Syntax {
  /** What the parser finds wrong. */
  readonly errors: readonly string[];
  /** The kind of every node, in preorder: the text's shape without its words. */
  readonly shape: readonly string[];
  /** Stretches that are no code: comments, and the insides of strings, of regular expressions and of templates without substitutions. */
  readonly quiet: readonly (readonly [start: number, end: number])[];
}

/** Reads a text as TypeScript, syntax only. */
export function readSyntax(text: string): Syntax {
  const source = ts.createSourceFile("text.ts", text, ts.ScriptTarget.ES2023, true);
  const shape: string[] = [];
  const quiet: [number, number][] = [];
  // Where a scanner that knows no grammar would go wrong: at a slash, and after the brace that ends a substitution.
  const expressions = new Map<number, "slash" | "template">();
  const visit = (node: ts.Node): void => {
    shape.push(ts.SyntaxKind[node.kind]);
    const start = node.getStart();
    if (ts.isStringLiteral(node) || ts.isRegularExpressionLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))
      quiet.push([start, node.end]);
    if (ts.isRegularExpressionLiteral(node)) expressions.set(start, "slash");
    if (ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) expressions.set(start, "template");
    ts.forEachChild(node, visit);
  };
  visit(source);
  const scanner = ts.createScanner(ts.ScriptTarget.ES2023, false, ts.LanguageVariant.Standard, text);
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    const start = scanner.getTokenStart();
    const grammar = expressions.get(start);
    if (grammar === "slash") scanner.reScanSlashToken();
    if (grammar === "template") scanner.reScanTemplateToken(false);
    if (token === ts.SyntaxKind.SingleLineCommentTrivia || token === ts.SyntaxKind.MultiLineCommentTrivia)
      quiet.push([start, scanner.getTokenEnd()]);
  }
  return { errors: syntaxErrors(source), shape, quiet };
}

/** The parser keeps its findings on the file, though its types do not say so. */
function syntaxErrors(source: ts.SourceFile): readonly string[] {
  if (!("parseDiagnostics" in source) || !Array.isArray(source.parseDiagnostics))
    throw new Error("TypeScript keeps its syntax errors elsewhere.");
  return source.parseDiagnostics.map((error: ts.Diagnostic) => ts.flattenDiagnosticMessageText(error.messageText, "\n"));
}

function writeIn(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
