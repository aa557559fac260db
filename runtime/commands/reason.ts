// Why a command could not do what it was asked, in words for people; what is no reason is a bug. Knows no driver, so that a command which needs
// no database loads none.

import { PlinyError } from "../errors.js";

/** Null where it is a bug, which is to be shown as one. Nothing of a connection's address is in it, as that may hold a password. */
export function reasonOf(error: unknown): string | null {
  if (error instanceof PlinyError) return error.message;
  const code = codeOf(error);
  const said = error instanceof Error ? error.message : "";
  if (refused.has(code)) return `Postgres does not permit it: ${said}`;
  if (code.startsWith("53")) return `Postgres has no room for it: ${said}. What is done stays done: make room, and run it again to go on`;
  if (lost.test(code) || said.startsWith("Connection terminated"))
    return `The connection to Postgres was lost (${said || code}). What is done stays done: run it again to go on`;
  return null;
}

/** The same of the first thing that is asked of a database: whatever fails then is a matter of how to reach it. */
export function unreachable(error: unknown): PlinyError {
  const code = codeOf(error);
  const said = unreachableBy[code] ?? (error instanceof Error && error.message !== "" ? error.message : code);
  return new PlinyError("POSTGRES", `Postgres cannot be asked: ${said}. Where it is stands in --postgres or PLINY_POSTGRES, or is given to connect`, { cause: error });
}

const unreachableBy: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing answers at that host and port",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "there is no such host",
  ETIMEDOUT: "that host does not answer",
};

// Rights that are missing, and a database that takes no writes.
const refused: ReadonlySet<string> = new Set(["42501", "25006"]);

const lost = /^(08...|57P0[1-3]|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT)$/;

/** `code` of a system's error and of one of Postgres alike. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
