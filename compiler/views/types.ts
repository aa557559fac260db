// `types.ts`: the named types, each with a function that reads it and one that writes it.

import type { Imports } from "../imports.js";
import type { Field, Model, NamedType } from "../model.js";
import { camelCase, pascalCase } from "../naming.js";
import { checkedFields, codecFunction, declarationsOf, docComment, enumConstant, rulesConstant, rulesText, type Scope, typeText } from "./field-text.js";
import { derivedNames, nestedName } from "./names.js";
import { type DeclarationView, declarationView, recordLines } from "./shape.js";
import { checkLines } from "./task.js";

const codec = "pliny/codec";

/** What the file declares. */
export function declaredTypes(model: Model): readonly string[] {
  return model.types.flatMap((type) => {
    const own = pascalCase(type.name);
    const inside = type.is.kind === "record" ? type.is.fields.map((field) => nestedName(model, own, field.name)) : [`${own}Item`, `${own}ItemKey`];
    return [own, derivedNames(model, own)("Checks"), enumConstant(own), `read${own}`, `write${own}`, ...inside];
  });
}

export function typesView(model: Model, imports: Imports): readonly DeclarationView[] {
  const scope = { model, imports, home: "./types" };
  return model.types.flatMap((type) => [...typeDeclarations(type, scope), ...checks(type, scope)]);
}

function typeDeclarations(type: NamedType, scope: Scope): readonly DeclarationView[] {
  const own = pascalCase(type.name);
  if (type.is.kind === "record") {
    const inside = type.is.fields.flatMap((field) => declarationsOf(scope.model, field.type, nestedName(scope.model, own, field.name), field.doc));
    return [{ lines: [...docComment(type, ""), ...recordLines(own, type.is.fields, scope), ...recordRules(type.name, type.is.fields, scope)] }, ...inside.map((one) => declarationView(one, scope))];
  }
  const { imports } = scope;
  const is = type.is.field.type;
  const inner = is.kind === "enum" || is.kind === "record" ? own : `${own}Item`;
  const inside = declarationsOf(scope.model, is, inner, type.doc).map((one) => declarationView(one, scope));
  const functions =
    is.kind === "record"
      ? []
      : [
          `export const read${own}: ${imports.type(codec, "Read")}<${own}> = ${lazily(codecFunction("read", is, inner, scope, 0))};`,
          `export const write${own}: ${imports.type(codec, "Write")}<${own}> = ${lazily(codecFunction("write", is, inner, scope, 0))};`,
        ];
  const alias = inner === own ? [] : [...docComment(type, ""), `export type ${own} = ${typeText(is, inner, scope)};`];
  return [...inside, { lines: [...alias, ...functions] }].filter((declaration) => declaration.lines.length > 0);
}

/** A constant may name one that stands below it only inside a function. */
function lazily(text: string): string {
  return text.startsWith("(") ? text : `(value, at) => ${text}(value, at)`;
}

/** What the fields of that type refer to. */
function recordRules(type: string, fields: readonly Field[], scope: Scope): readonly string[] {
  const own = pascalCase(type);
  const rules = fields.flatMap((field) => {
    const text = rulesText(field, scope, { type, path: "", isRoot: false, write: Infinity });
    return text === undefined ? [] : [`  ${camelCase(field.name)}: ${text},`];
  });
  const start = `export const ${rulesConstant(own)}: ${scope.imports.type(codec, "Rules")}<${own}> = {`;
  return rules.length === 0 ? [`${start}};`] : [start, ...rules, "};"];
}

function checks(type: NamedType, scope: Scope): readonly DeclarationView[] {
  const lines = typeChecks(type, scope);
  return lines.length === 0 ? [] : [{ lines: [`export interface ${derivedNames(scope.model, pascalCase(type.name))("Checks")} {`, ...lines.map((line) => `  ${line}`), "}"] }];
}

/** The predicates that belong to a named type; of one that is a field, `value`. */
export function typeChecks(type: NamedType, scope: Scope): readonly string[] {
  const own = pascalCase(type.name);
  if (type.is.kind === "record") return checkLines(type.is.fields, own, scope);
  return type.is.field.check ? [`readonly value: ${scope.imports.type("pliny/runtime", "Check")}<${own}>;`] : [];
}

/** Whether somebody has to write predicates for it. */
export function hasChecks(model: Model, type: NamedType): boolean {
  return type.is.kind === "field" ? type.is.field.check : checkedFields(model, type.is.fields, "").length > 0;
}
