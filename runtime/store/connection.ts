// What statements are sent to, and what comes back.

import type { Transaction } from "../contract.js";

/** Where statements are sent: the pool, or a transaction of the caller's. */
export type Connection = Transaction;

/** A pool of connections, and short transactions on it. */
export interface Store extends Connection {
  /** Commits what is sent to the connection it is given, or nothing of it where that throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
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
  return /^(ECONNRESET|EPIPE|ETIMEDOUT|57P0[123]|08\d{3})$/.test(code) || /Connection terminated/.test(error.message);
}
