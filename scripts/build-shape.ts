// Makes `#shape`: the validator of the spec language, compiled ahead of time by ajv from the schema that keywords.ts builds, so that a run
// loads neither ajv nor the schema.

import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { languageSchema } from "../compiler/keywords.js";

const shapes = ["resource", "task", "type", "config"] as const;

/** The files of `#shape`, by paths relative to dist/. */
export function shapeModule(): readonly { readonly path: string; readonly text: string }[] {
  // `verbose`: an error carries the value and the schema it broke, whose `title` says what was expected.
  const ajv = new Ajv({
    allErrors: true, verbose: true, messages: false, inlineRefs: false, strictTypes: false, strictRequired: false,
    code: { source: true, esm: true, lines: true },
  });
  ajv.addSchema({ ...languageSchema(), $id: "language" });
  const made = standalone.default(ajv, Object.fromEntries(shapes.map((shape) => [shape, `language#/definitions/${shape}`])));
  return [
    { path: "shape.js", text: [banner, linear(made), footer].join("") },
    { path: "shape.d.ts", text: declarations },
  ];
}

/**
 * ajv gathers the errors of a sub-schema by `concat`, which copies all that were found before: a spec with ten thousand wrong fields would
 * take minutes. Here they are pushed.
 */
function linear(text: string): string {
  const pushed = text.replace(/vErrors = vErrors === null \? ([\w.]+)\.errors : vErrors\.concat\(\1\.errors\);/g, "vErrors = gather(vErrors, $1.errors);");
  if (pushed.includes(".concat(") || pushed.includes("require(")) {
    throw new Error("ajv writes its validators in another way than it did; see scripts/build-shape.ts.");
  }
  return pushed;
}

const banner = "// Made from compiler/keywords.ts by `npm run build`.\n";

const footer = `
const shapes = { ${shapes.join(", ")} };

export function findShapeErrors(shape, value) {
  const validate = shapes[shape];
  return validate(value) ? [] : validate.errors;
}

function gather(errors, more) {
  if (errors === null) return more;
  for (const error of more) errors.push(error);
  return errors;
}
`;

const declarations = `/** One way in which a value has not its shape, as ajv tells it. */
export interface ShapeError {
  /** A JSON pointer to the value. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Set where the name of a member is wrong: the name. */
  readonly propertyName?: string;
  /** The schema that the value broke. */
  readonly parentSchema: {
    readonly title?: string;
    readonly type?: string | readonly string[];
    readonly const?: unknown;
    readonly enum?: readonly (string | number)[];
    readonly pattern?: string;
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
  };
  readonly data: unknown;
}

/** Every way in which a value has not the shape of its kind; none where it has. */
export declare function findShapeErrors(shape: "resource" | "task" | "type" | "config", value: unknown): readonly ShapeError[];
`;
