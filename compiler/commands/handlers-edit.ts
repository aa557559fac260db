// Adds stubs to a hand-written TypeScript file, and renames in it, by its syntax alone. An edit puts text between what is there or replaces
// a name; every other byte stays, comments, layout and line ends included.

import { ts } from "ts-morph";

/** One exported constant that somebody has to write. */
export interface Wanted {
  readonly constant: string;
  /** The generated interface that it has. */
  readonly interface: string;
  /** What both were called before a rename, if they were. */
  readonly former: readonly { readonly constant: string; readonly interface: string }[];
  readonly members: readonly WantedMember[];
}

export interface WantedMember {
  readonly name: string;
  /** What it was called before a rename. */
  readonly former: readonly string[];
  /** Goes before the name: `async`, or nothing. */
  readonly modifier: "async " | "";
  /** What `NotImplemented` says. */
  readonly what: string;
}

/** Where the hand-written file finds what it imports. */
export interface Modules {
  readonly generated: string;
  readonly runtime: string;
}

/** A place in the text and what is to be said of it. */
export interface Remark {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Edited {
  readonly text: string;
  readonly added: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string; readonly at: Remark }[];
  /** Constants in which something is missing, and where they stand. */
  readonly missing: readonly Remark[];
}

/** The first mistake in the syntax of a text; null where TypeScript can read it. */
export function findSyntaxError(path: string, text: string): Remark | null {
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
  });
  const [first] = diagnostics;
  if (!first) return null;
  const start = first.start ?? 0;
  return { start, end: start + (first.length ?? 0), text: ts.flattenDiagnosticMessageText(first.messageText, " ") };
}

/** What stands in a file: which of the wanted constants, and what nobody wants any more. */
export interface Survey {
  /** Exported by name here, however. */
  readonly exported: ReadonlySet<string>;
  /** The file exports names that it does not tell (`export *`). */
  readonly exportsUntold: boolean;
  readonly orphans: readonly Remark[];
  /** Constants to which nothing can be added, since they are no object literals. */
  readonly opaque: readonly Remark[];
}

export function survey(text: string, wanted: readonly Wanted[]): Survey {
  const source = read(text);
  const exported = exportedNames(source);
  const known = new Set(wanted.flatMap((one) => [one.constant, ...one.former.map((former) => former.constant)]));
  const orphans: Remark[] = [];
  const opaque: Remark[] = [];
  for (const one of wanted) {
    const name = nameIn(source, one);
    const declaration = name === null ? null : findDeclaration(source, name);
    if (!declaration) continue;
    const literal = literalOf(declaration);
    if (!literal) {
      opaque.push({ ...spanOf(declaration.name), text: one.constant });
      continue;
    }
    const names = new Set(one.members.flatMap((member) => [member.name, ...member.former]));
    for (const property of literal.properties) {
      const member = memberName(property);
      if (member !== null && property.name && !names.has(member))
        orphans.push({ ...spanOf(property.name), text: `\`${one.constant}.${member}\`` });
    }
  }
  // Only what has a generated type is pliny's business; whatever else the file exports is its author's own.
  for (const declaration of declarations(source)) {
    const type = declaredInterface(declaration);
    const name = declaration.name.getText(source);
    if (exported.names.has(name) && type !== null && importsName(source, type) && !known.has(name))
      orphans.push({ ...spanOf(declaration.name), text: `\`${name}\`` });
  }
  return { exported: exported.names, exportsUntold: exported.untold, orphans, opaque };
}

/** Renames after `key`, then adds what is missing of `wanted`, which belongs into this file. A text that lacks nothing comes back as it is. */
export function addMissing(text: string, wanted: readonly Wanted[], modules: Modules): Edited {
  const added: string[] = [];
  const renamed: { from: string; to: string; at: Remark }[] = [];
  const missing: Remark[] = [];
  let current = text;
  for (const one of wanted) {
    for (const rename of renamesOf(read(current), one)) {
      renamed.push({ ...rename, at: { ...(find(text, rename.from) ?? { start: 0, end: 0 }), text: rename.from } });
      current = rename.apply(current);
    }
  }
  const newLine = text.includes("\r\n") ? "\r\n" : "\n";
  for (const one of wanted) {
    const source = read(current);
    const exported = exportedNames(source);
    if (!exported.names.has(one.constant)) {
      if (exported.untold) continue;
      missing.push({ start: 0, end: 0, text: `\`${one.constant}\`` });
      added.push(one.constant);
      current = appendConstant(current, one, newLine);
      current = addImport(current, { name: one.interface, from: modules.generated, isType: true, newLine });
      if (one.members.length > 0) current = addImport(current, { name: "NotImplemented", from: modules.runtime, isType: false, newLine });
      continue;
    }
    const declaration = findDeclaration(source, one.constant);
    const literal = declaration ? literalOf(declaration) : null;
    if (!declaration || !literal || literal.properties.some(ts.isSpreadAssignment)) continue;
    const there = new Set(literal.properties.map(memberName));
    const lacking = one.members.filter((member) => !there.has(member.name));
    if (lacking.length === 0) continue;
    for (const member of lacking) {
      missing.push({ ...(find(text, one.constant) ?? { start: 0, end: 0 }), text: `\`${one.constant}.${member.name}\`` });
      added.push(`${one.constant}.${member.name}`);
      current = insertMember(current, one, member, newLine);
    }
    current = addImport(current, { name: "NotImplemented", from: modules.runtime, isType: false, newLine });
  }
  return { text: current, added, renamed, missing };
}

// ---- reading

function read(text: string): ts.SourceFile {
  return ts.createSourceFile("handlers.ts", text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

function declarations(source: ts.SourceFile): readonly (ts.VariableDeclaration & { readonly name: ts.Identifier })[] {
  return source.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => statement.declarationList.declarations.filter(hasPlainName));
}

function hasPlainName(declaration: ts.VariableDeclaration): declaration is ts.VariableDeclaration & { readonly name: ts.Identifier } {
  return ts.isIdentifier(declaration.name);
}

function findDeclaration(source: ts.SourceFile, name: string): ts.VariableDeclaration | null {
  return declarations(source).find((declaration) => declaration.name.text === name) ?? null;
}

function exportedNames(source: ts.SourceFile): { readonly names: ReadonlySet<string>; readonly untold: boolean } {
  const names = new Set<string>();
  let untold = false;
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement)) {
      if (!statement.exportClause) untold ||= !statement.isTypeOnly;
      else if (ts.isNamedExports(statement.exportClause)) for (const { name } of statement.exportClause.elements) names.add(name.text);
      else names.add(statement.exportClause.name.text);
    } else if (
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
    ) {
      if (ts.isVariableStatement(statement))
        for (const { name } of statement.declarationList.declarations) for (const one of boundNames(name)) names.add(one);
      else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name) names.add(statement.name.text);
    }
  }
  return { names, untold };
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

/** The name by which the file has a constant: today's, or one that it had before. */
function nameIn(source: ts.SourceFile, { constant, former }: Wanted): string | null {
  return [constant, ...former.map((one) => one.constant)].find((name) => findDeclaration(source, name)) ?? null;
}

/** The object literal that a constant is, through `satisfies`, `as` and brackets. */
function literalOf(declaration: ts.VariableDeclaration): ts.ObjectLiteralExpression | null {
  let expression = declaration.initializer;
  while (
    expression &&
    (ts.isSatisfiesExpression(expression) ||
      ts.isAsExpression(expression) ||
      ts.isParenthesizedExpression(expression) ||
      ts.isTypeAssertionExpression(expression))
  ) {
    expression = expression.expression;
  }
  return expression && ts.isObjectLiteralExpression(expression) ? expression : null;
}

/** The interface that a constant is said to have, by its annotation or by `satisfies`, if it is one of those that pliny generates. */
function declaredInterface(declaration: ts.VariableDeclaration): string | null {
  const { initializer } = declaration;
  const type = declaration.type ?? (initializer && ts.isSatisfiesExpression(initializer) ? initializer.type : undefined);
  if (!type || !ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) return null;
  return /(Handlers|Upgrades|Checks)$/.test(type.typeName.text) ? type.typeName.text : null;
}

/** The name of a method or property if it stands there as such: `a`, `"a"` or `["a"]`. */
function memberName(property: ts.ObjectLiteralElementLike): string | null {
  const { name } = property;
  if (!name) return null;
  if (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) return name.text;
  return ts.isComputedPropertyName(name) && ts.isStringLiteralLike(name.expression) ? name.expression.text : null;
}

function spanOf(node: ts.Node): { readonly start: number; readonly end: number } {
  return { start: node.getStart(), end: node.end };
}

/** Where a name is first written. */
function find(text: string, name: string): { readonly start: number; readonly end: number } | null {
  const at = new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`).exec(text);
  return at ? { start: at.index, end: at.index + name.length } : null;
}

// ---- renaming

interface Rename {
  readonly from: string;
  readonly to: string;
  readonly apply: (text: string) => string;
}

function renamesOf(source: ts.SourceFile, wanted: Wanted): readonly Rename[] {
  const renames: Rename[] = [];
  const former = wanted.former.find((one) => findDeclaration(source, one.constant));
  if (former && !findDeclaration(source, wanted.constant)) {
    renames.push({ from: former.constant, to: wanted.constant, apply: (text) => renameIdentifier(text, former.constant, wanted.constant) });
  }
  for (const one of wanted.former) {
    if (importsName(source, one.interface) && !importsName(source, wanted.interface)) {
      renames.push({ from: one.interface, to: wanted.interface, apply: (text) => renameIdentifier(text, one.interface, wanted.interface) });
    }
  }
  const name = nameIn(source, wanted);
  const declaration = name === null ? null : findDeclaration(source, name);
  const literal = declaration ? literalOf(declaration) : null;
  const there = new Set(literal?.properties.map(memberName));
  for (const member of wanted.members) {
    const from = member.former.find((old) => there.has(old) && !wanted.members.some((other) => other.name === old));
    if (from !== undefined && !there.has(member.name))
      renames.push({ from, to: member.name, apply: (text) => renameMember(text, wanted.constant, from, member.name) });
  }
  return renames;
}

/** Every use of a name in the file, but not members of that name nor what is so called in an inner scope. */
function renameIdentifier(text: string, from: string, to: string): string {
  const source = read(text);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    if (declaresInside(node, from)) return;
    if (ts.isIdentifier(node) && node.text === from && !isMemberName(node)) edits.push(editOf(node, from, to));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return apply(text, edits);
}

function editOf(node: ts.Identifier, from: string, to: string): Edit {
  const span = spanOf(node);
  const { parent } = node;
  // `{ old }` names a member too: that stays. What other files import by the old name is renamed with the export.
  if (ts.isShorthandPropertyAssignment(parent) && parent.name === node) return { ...span, text: `${from}: ${to}` };
  return { ...span, text: to };
}

/** A function or a block in which the name means something else. */
function declaresInside(node: ts.Node, name: string): boolean {
  if (ts.isFunctionLike(node)) return node.parameters.some((parameter) => boundNames(parameter.name).includes(name));
  if (!ts.isBlock(node)) return false;
  return node.statements.some(
    (statement) =>
      (ts.isVariableStatement(statement) &&
        statement.declarationList.declarations.some((declaration) => boundNames(declaration.name).includes(name))) ||
      ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === name),
  );
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  // `import { from as local }`: the first name is the other module's, and that has been renamed there.
  if (ts.isExportSpecifier(parent)) return parent.propertyName !== undefined && parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isGetAccessor(parent) ||
      ts.isSetAccessor(parent)) &&
    parent.name === node
  );
}

function renameMember(text: string, constant: string, from: string, to: string): string {
  const declaration = findDeclaration(read(text), constant);
  const property = declaration ? literalOf(declaration)?.properties.find((one) => memberName(one) === from) : undefined;
  if (!property?.name) return text;
  const name = ts.isComputedPropertyName(property.name) ? property.name.expression : property.name;
  const quote = ts.isStringLiteralLike(name) ? text.charAt(name.getStart()) : "";
  const newText = ts.isShorthandPropertyAssignment(property) ? `${to}: ${from}` : `${quote}${to}${quote}`;
  return apply(text, [{ ...spanOf(name), text: newText }]);
}

// ---- adding

function stub({ name, modifier, what }: WantedMember, indent: string, newLine: string): string {
  return [`${modifier}${name}() {`, `${indent}  throw new NotImplemented(${JSON.stringify(what)});`, `${indent}},`].join(newLine);
}

function appendConstant(text: string, wanted: Wanted, newLine: string): string {
  const members = wanted.members.map((member) => `  ${stub(member, "  ", newLine)}`);
  const body = [`export const ${wanted.constant}: ${wanted.interface} = {`, ...members, "};", ""].join(newLine);
  if (text.trim() === "") return body;
  return `${text.replace(/[ \t\r\n]*$/, "")}${newLine}${newLine}${body}`;
}

/** Puts a stub behind the member that comes before it in the spec, or else before the one that comes after it. */
function insertMember(text: string, wanted: Wanted, member: WantedMember, newLine: string): string {
  const declaration = findDeclaration(read(text), wanted.constant);
  const literal = declaration ? literalOf(declaration) : null;
  if (!literal) throw new Error(`${wanted.constant} is no object literal any more.`);
  const { properties } = literal;
  const order = wanted.members.map((one) => one.name);
  const before = order.slice(0, order.indexOf(member.name));
  const at = properties.findLastIndex((property) => before.includes(memberName(property) ?? ""));
  const outer = indentAt(text, literal.getStart());
  const first = properties[0];
  const indent = first && startsLine(text, first.getStart()) ? indentAt(text, first.getStart()) : `${outer}  `;
  const lines = stub(member, indent, newLine);

  const anchor = at === -1 ? undefined : properties[at];
  if (!anchor) {
    const start = endOfComments(text, literal.getStart() + 1);
    const rest = text.slice(start);
    // A literal in one line is opened; in any other the line break after the brace serves.
    const closing = /^[ \t]*\r?\n/.test(rest) ? "" : `${newLine}${properties.length === 0 ? outer : indent}`;
    const skipped = closing === "" ? 0 : (/^[ \t]*/.exec(rest)?.[0].length ?? 0);
    return apply(text, [{ start, end: start + skipped, text: `${newLine}${indent}${lines}${closing}` }]);
  }
  const next = properties[at + 1];
  const hasComma = next !== undefined || properties.hasTrailingComma;
  const afterComma = next ? next.pos : properties.hasTrailingComma ? properties.end : anchor.end;
  const start = endOfComments(text, afterComma);
  const blank = at > 0 && /\n[ \t]*\r?\n/.test(text.slice(properties[at - 1]?.end ?? 0, anchor.getStart())) ? newLine : "";
  const rest = text.slice(start);
  const closing = /^[ \t]*\r?\n/.test(rest) ? "" : `${newLine}${next ? indent : outer}`;
  const skipped = closing === "" ? 0 : (/^[ \t]*/.exec(rest)?.[0].length ?? 0);
  const comma: readonly Edit[] = hasComma ? [] : [{ start: anchor.end, end: anchor.end, text: "," }];
  return apply(text, [...comma, { start, end: start + skipped, text: `${newLine}${blank}${indent}${lines}${closing}` }]);
}

/** The end of the comments that stand behind something on its line. */
function endOfComments(text: string, at: number): number {
  return ts.getTrailingCommentRanges(text, at)?.at(-1)?.end ?? at;
}

function startsLine(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf("\n", at - 1) + 1, at).trim() === "";
}

function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", at - 1) + 1, at))?.[0] ?? "";
}

interface Import {
  readonly name: string;
  readonly from: string;
  readonly isType: boolean;
  readonly newLine: string;
}

function importsName(source: ts.SourceFile, name: string): boolean {
  return importsOf(source).some((one) => {
    const { importClause } = one;
    const bindings = importClause?.namedBindings;
    return (
      importClause?.name?.text === name ||
      (bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.some((element) => element.name.text === name))
    );
  });
}

function importsOf(source: ts.SourceFile): readonly ts.ImportDeclaration[] {
  return source.statements.filter(ts.isImportDeclaration);
}

/** Adds a name to the import of its module, or an import where there is none. A name that the file has already stays what it is. */
function addImport(text: string, { name, from, isType, newLine }: Import): string {
  const source = read(text);
  const declaredHere = source.statements.some(
    (statement) =>
      (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) &&
      statement.name?.text === name,
  );
  if (declaredHere || importsName(source, name)) return text;
  const imports = importsOf(source);
  for (const one of imports) {
    const bindings = one.importClause?.namedBindings;
    if (!ts.isStringLiteral(one.moduleSpecifier) || one.moduleSpecifier.text !== from || !bindings || !ts.isNamedImports(bindings))
      continue;
    const typeOnly = one.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    if (typeOnly && !isType) continue;
    const last = bindings.elements.at(-1);
    if (!last) continue;
    const specifier = isType && !typeOnly ? `type ${name}` : name;
    const gap = startsLine(text, last.getStart()) ? `${newLine}${indentAt(text, last.getStart())}` : " ";
    return apply(text, [{ start: last.end, end: last.end, text: `,${gap}${specifier}` }]);
  }
  const line = `import ${isType ? "type " : ""}{ ${name} } from ${JSON.stringify(from)};`;
  const last = imports.at(-1);
  if (last) {
    const end = endOfComments(text, last.end);
    return apply(text, [{ start: end, end, text: `${newLine}${line}` }]);
  }
  const start = endOfOpening(text);
  return apply(text, [{ start, end: start, text: `${line}${newLine}${newLine}` }]);
}

/** Behind the comment that says what a file is for, if a blank line sets it apart; else the beginning. */
function endOfOpening(text: string): number {
  const opening = /^\ufeff?(?:#![^\n]*\n)?(?:(?:[ \t]*\/\/[^\n]*\n)+[ \t]*\r?\n|\/\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*\r?\n[ \t]*\r?\n)?/.exec(
    text,
  );
  return opening?.[0].length ?? 0;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** From the last to the first, so that no edit moves another; of two at one place the first comes first in the text. */
function apply(text: string, edits: readonly Edit[]): string {
  return edits
    .toReversed()
    .toSorted((left, right) => right.start - left.start)
    .reduce((current, edit) => current.slice(0, edit.start) + edit.text + current.slice(edit.end), text);
}
