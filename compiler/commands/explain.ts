// `pliny explain`: the long story of a diagnostic's code, of a rule of the diff, or of a keyword.

import { report } from "../diagnostic.js";
import { keywords } from "../keywords.js";
import { didYouMean } from "../naming.js";
import { explain } from "../render.js";
import { rules } from "../rules.js";
import type { Outcome } from "./outcome.js";

export function explainWord(word: string): Outcome {
  const story = explain(word);
  if (story !== null) return { exitCode: 0, diagnostics: [], facts: { word, story }, lines: [story.trimEnd()] };
  const known = [...new Set([...[...Object.values(report), ...rules].map((each) => each.code), ...keywords.map((row) => row.keyword)])];
  const meant = didYouMean(word, known) ?? didYouMean(word.toUpperCase(), known);
  return {
    exitCode: 2,
    diagnostics: [],
    facts: { word, story: null },
    lines: [`error: '${word}' is neither a code nor a keyword.${meant === null ? "" : ` Did you mean ${meant}?`}`],
  };
}
