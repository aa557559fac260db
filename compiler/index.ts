// What `import … from "pliny"` gives: the compiler as a function, its types and its version. It prints nothing and touches no disk.

export { compile, type CompileResult } from "./compile.js";
export type { Diagnostic, Edit, Severity } from "./diagnostic.js";
export type { GeneratedFile } from "./emit.js";
export type * from "./model.js";
export { positionAt, type Position, type SourceFile, type SourceLocation } from "./source.js";

/** The version of this package. */
export { version } from "#version";
