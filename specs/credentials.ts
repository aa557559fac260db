// What a new database signs in with.

import { randomBytes } from "node:crypto";
import type { Database } from "../generated/index.js";

/** 192 random bits in letters, digits, `-` and `_`, so that no quoting in a URL or in SQL can go wrong. */
export function drawPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** Gives a database its role's name and password, once: whoever tries again finds them. The id makes the name unique on the server. */
export async function drawCredentials(database: Database): Promise<void> {
  if (database.role !== null && database.password !== null) return;
  await database.save({ role: database.role ?? `db_${database.id.replaceAll("-", "")}`, password: drawPassword(), passwordAt: new Date() });
}
