// What is thrown when JSON cannot be read as its declared type, or a value cannot be said in JSON. The place is a JSON pointer (RFC 6901).
// It grows from the inside out while the error passes through members and items, so that reading and writing carry no path with them.

/**
 * - `missing`: a required member is absent or null;
 * - `type`: another kind of value than the declared type has;
 * - `form`: the right kind, but not its canonical form, or outside of what can be said;
 * - `order`: items that are not in their canonical order, or twice the same;
 * - `unknown`: a value that a closed enum does not have;
 * - `vault`: a secret that cannot be sealed or opened;
 * - `syntax`: text that is no JSON, or bytes that are no UTF-8;
 * - `duplicate`: a key that one object has twice;
 * - `limit`: too long, or too deep;
 * - `version`: a shape older than is read;
 * - `upgrade`: a hand-written upgrade failed, as `cause` says;
 * - `rule`: a value of its type that the spec does not allow.
 */
export type CodecErrorCode = "missing" | "type" | "form" | "order" | "unknown" | "vault" | "syntax" | "duplicate" | "limit" | "version" | "upgrade" | "rule";

export interface CodecRefusal {
  readonly code: CodecErrorCode;
  /** As in "expected …": what would have been right. */
  readonly expected: string;
  /** As in "got …": what was met, cut short; of a secret nothing but that it is one. */
  readonly got: string;
  /** Empty for the value itself. */
  readonly pointer: string;
}

export abstract class CodecError extends Error implements CodecRefusal {
  readonly code: CodecErrorCode;
  readonly pointer: string;
  readonly expected: string;
  readonly got: string;

  constructor(refusal: CodecRefusal, options?: ErrorOptions) {
    super(`${refusal.pointer === "" ? "" : `${refusal.pointer}: `}expected ${refusal.expected}, got ${refusal.got}`, options);
    this.code = refusal.code;
    this.pointer = refusal.pointer;
    this.expected = refusal.expected;
    this.got = refusal.got;
  }
}

/** JSON is not what its declared type says. */
export class DecodeError extends CodecError {
  override readonly name: string = "DecodeError";
}

/** A value is not what its declared type says, or JSON has no way to say it. */
export class EncodeError extends CodecError {
  override readonly name: string = "EncodeError";
}

/** Throws the DecodeError for `json`; `key` is that of the member where it stands, if its reader knows it. */
export function refuse(code: CodecErrorCode, expected: string, json: unknown, key?: string): never {
  throw new DecodeError({ code, expected, got: describe(json), pointer: key === undefined ? "" : `/${key}` });
}

/** Throws the EncodeError for `value`. */
export function refuseToWrite(code: CodecErrorCode, expected: string, value: unknown): never {
  throw new EncodeError({ code, expected, got: describe(value), pointer: "" });
}

/** The error as it is seen from further out: the steps that lead to it come first in its pointer. Other errors are left alone. */
export function under(error: unknown, ...steps: readonly (string | number)[]): unknown {
  if (!(error instanceof CodecError)) return error;
  const prefix = steps.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  const { code, expected, got, pointer } = error;
  return again(error, { code, expected, got, pointer: prefix + pointer });
}

/** The error without anything that comes from the value: neither what was met, nor a pointer into it (keys of a dict are data too). */
export function withheld(error: unknown): unknown {
  if (!(error instanceof CodecError)) return error;
  return again(error, { code: error.code, expected: error.expected, got: "[secret]", pointer: "" });
}

// Made anew rather than changed, because the stack holds a copy of the message.
function again(error: CodecError, refusal: CodecRefusal): CodecError {
  const options = error.cause === undefined ? {} : { cause: error.cause };
  return error instanceof DecodeError ? new DecodeError(refusal, options) : new EncodeError(refusal, options);
}

/** So many characters of a text are shown. */
export const shownMax = 40;

/** A value in a few words, for a message: what kind it is, and the first characters of a text. What is sealed shows nothing of itself. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(short(value));
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return short(`${value}n`);
    case "object":
      return value === null ? "null" : describeObject(value);
    case "boolean":
    case "undefined":
      return String(value);
    default:
      return `a ${typeof value}`;
  }
}

function short(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (value instanceof Map) return `a Map of ${value.size}`;
  if (value instanceof Set) return `a Set of ${value.size}`;
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length}`;
  const [member, ...others] = Object.entries(value);
  if (!member || others.length > 0 || !/^[A-Z]/.test(member[0])) return "a record";
  const [tag, payload] = member;
  const shown = tag !== "Vault" && (payload === null || typeof payload !== "object") ? describe(payload) : "…";
  return `{${describe(tag)}: ${shown}}`;
}
