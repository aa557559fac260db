// What a database signs in with.

import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { Database } from "../generated/index.js";

/** 192 random bits in letters, digits, `-` and `_`, so that no quoting in a URL or in SQL can go wrong. */
export function drawPassword(): string {
  return randomBytes(24).toString("base64url");
}

/**
 * Gives a database its role's name and password, once: whoever tries again finds them. The id makes the name unique on the server, where the
 * database itself bears the same.
 */
export async function drawCredentials(database: Database): Promise<void> {
  if (database.role !== null && database.password !== null) return;
  const role = database.role ?? `db_${database.id.replaceAll("-", "")}`;
  await database.save({ role, password: drawPassword(), passwordAt: new Date() });
}

/**
 * What Postgres keeps of a password, to be sent in its place: so the password itself stands in no statement, and in no log of the server
 * (SCRAM-SHA-256, RFC 5802 and 7677). SASLprep leaves the letters of ours as they are.
 */
export async function scramVerifier(password: string): Promise<string> {
  const [iterations, salt] = [4096, randomBytes(16)];
  const salted = await promisify(pbkdf2)(password, salt, iterations, 32, "sha256");
  const keyed = (name: string): Buffer => createHmac("sha256", salted).update(name).digest();
  const storedKey = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${keyed("Server Key").toString("base64")}`;
}
