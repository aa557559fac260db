// What statements are sent to, and what comes back.

import type { Transaction } from "../contract.js";

/** Where statements are sent: the pool, or a transaction of the caller's. */
export type Connection = Transaction;

/** A pool of connections, and short transactions on it. */
export interface Store extends Connection {
  /** Commits what is sent to the connection it is given, or nothing of it where that throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Renews a worker's lease from a thread of its own, so that a busy event loop does not lose it. */
  keepLease(lease: Lease): KeptLease;
  close(): Promise<void>;
}

export interface Lease {
  /** The worker. */
  readonly id: string;
  readonly leaseMs: number;
  /** After so long without a sign of the event loop the lease is not renewed any more, and the process is ended. */
  readonly stallMs: number;
  /** When what announced the worker was sent, in nanoseconds of `process.hrtime`. */
  readonly since: bigint;
}

export interface KeptLease {
  /** Whether it surely runs: by the clock of this process alone, and a fifth of it before its end. */
  isHeld(): boolean;
  release(): Promise<void>;
}

/** Rows as the statement that was sent names their columns. */
export async function ask<Row>(on: Connection, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  const { rows } = await on.query(text, values);
  return rows as readonly Row[];
}

/** Whether a row was refused because its partition is not made yet. */
export function isWithoutPartition(error: unknown): boolean {
  return codeOf(error) === "23514" && error instanceof Error && "constraint" in error && error.constraint === undefined;
}

/** The SQLSTATE of what Postgres refused. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

/** Whether what was sent may have been done: the connection went before it answered. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return /^(ECONNRESET|EPIPE|ETIMEDOUT|57P0[123]|08\d{3})$/.test(code) || /Connection terminated|is not queryable/.test(error.message) || isUnanswered(error);
}

/** Whether nothing came back for as long as anybody waits: the host may be gone without a word. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}

/** Whether it may be for how much was sent at once: it took too long or too much room. */
export function isTooMuch(error: unknown): boolean {
  return /^(57014|53200|53400)$/.test(codeOf(error) ?? "");
}

/**
 * Whether the same may go well a little later: the connection went, the server starts, stops, has no room or may not write, another one had the
 * lock, or two waited for each other.
 */
export function isPassing(error: unknown): boolean {
  if (isConnectionLost(error)) return true;
  const code = codeOf(error) ?? "";
  return /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND|53\d{3}|57014|57P0\d|55P03|40001|40P01|25006)$/.test(code) || (error instanceof Error && /timeout exceeded when trying to connect/.test(error.message));
}
