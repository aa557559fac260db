// What was revealed, so that it can be taken out of messages, errors and stacks before they are written down.

import { shownMax } from "../codec/error.js";
import { isList, type Json } from "../codec/json.js";

// Shorter texts are left alone: a message without every `eu`, `12` or `yes` tells nothing any more, and each of them is soon guessed.
const lengthMin = 4;

/** What is kept of a process that reveals without end: the last so many. Few ticks reveal anything, and what fails soon follows. */
const keptMax = 1_000;

/**
 * Collects what was opened in a process, and masks it by exact match; of one tick's messages also what another has opened, which harms nobody. It
 * prints nothing of its own.
 */
export class Masking {
  // Looked into when there is something to mask, for few ticks fail.
  readonly #opened = new Set<string>();

  /** `plain` is the plain text of a secret: its JSON. */
  add(plain: string): void {
    // Again the newest, where it was there.
    this.#opened.delete(plain);
    this.#opened.add(plain);
    const [oldest] = this.#opened;
    if (this.#opened.size > keptMax && oldest !== undefined) this.#opened.delete(oldest);
  }

  /**
   * The text with `[secret]` in place of all that was opened: every text and number of it with 4 or more characters, as it is, as JSON
   * writes it between quotes, and as the messages of the codec cut it short. Where two overlap, one `[secret]` stands for both.
   */
  mask(text: string): string {
    if (this.#opened.size === 0) return text;
    const forms = new Set([...this.#opened].flatMap((plain) => [...textsIn(parsed(plain), "value")].flatMap(formsOf)));
    const spans = [...forms].flatMap((form) => spansOf(form, text)).sort((left, right) => left.start - right.start);
    let masked = "";
    let done = 0;
    for (const { start, end } of spans) {
      if (start >= done) masked += `${text.slice(done, start)}[secret]`;
      done = Math.max(done, end);
    }
    return masked + text.slice(done);
  }
}

/** What others wrote and sealed may be no JSON; then it is a text. */
function parsed(plain: string): Json {
  try {
    const json: Json = JSON.parse(plain);
    return json;
  } catch {
    return plain;
  }
}

function formsOf(text: string): readonly string[] {
  return [text, text.slice(0, shownMax)]
    .flatMap((shown) => [shown, JSON.stringify(shown).slice(1, -1)])
    .filter((form) => form.length >= lengthMin);
}

/** Members of a record are named by fields and of a `Dict` by data, at that one level; in `Json` everything is data. */
type Kind = "value" | "dict" | "free";

function* textsIn(json: Json, kind: Kind): Generator<string> {
  if (typeof json === "string" || typeof json === "number") yield String(json);
  if (json === null || typeof json !== "object") return;
  if (isList(json)) {
    for (const item of json) yield* textsIn(item, kind);
    return;
  }
  for (const [key, member] of Object.entries(json)) {
    if (kind !== "value") yield key;
    if (member !== undefined) yield* textsIn(member, kindInside(kind, key));
  }
}

function kindInside(kind: Kind, key: string): Kind {
  if (kind === "free") return "free";
  if (kind === "dict") return "value";
  return key === "Json" ? "free" : key === "Dict" ? "dict" : "value";
}

function spansOf(secret: string, text: string): readonly { readonly start: number; readonly end: number }[] {
  const spans: { readonly start: number; readonly end: number }[] = [];
  for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + 1)) {
    spans.push({ start, end: start + secret.length });
  }
  return spans;
}
