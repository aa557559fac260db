// `pliny check`: everything that is wrong with the specs, in one run; writes nothing.

import { hasErrors } from "../diagnostic.js";
import { plural, stopped, type Context, type Outcome } from "./outcome.js";
import { loadDocuments } from "./specs.js";

export async function check(context: Context): Promise<Outcome> {
  const { specs, value: parsed, diagnostics: found } = await loadDocuments(context);
  if (!parsed) return stopped(found);
  const { checkDocuments } = await import("../compile.js");
  context.progress("Checking");
  const { value: model, diagnostics: checked } = checkDocuments(parsed);
  const diagnostics = [...found, ...checked];
  const facts = { specs: specs.sources.length, resources: model.resources.length };
  if (hasErrors(diagnostics)) return { ...stopped(diagnostics), facts };
  return {
    exitCode: 0,
    diagnostics,
    facts,
    lines: [`${plural(specs.sources.length, "file")} read${diagnostics.length === 0 ? "; nothing is wrong" : ""}.`],
  };
}
