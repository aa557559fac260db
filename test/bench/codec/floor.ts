// The least that it can cost: written for this one record, with the same text and the same checks as pliny's, and without anything in between.
// A check that fails says so, and neither what nor where.

import { type Account, Reference } from "./record.js";

type Json = null | boolean | number | string | readonly Json[] | JsonRecord;

interface JsonRecord {
  readonly [key: string]: Json | undefined;
}

export function encodeOne(account: Account): string {
  return `{"__v":1,${members(account)}`;
}

export function decodeOne(text: string): Account {
  return decodeAccount(JSON.parse(text));
}

export function encodeList(accounts: readonly Account[]): string {
  let text = '{"__v":1,"entries":[';
  for (let at = 0; at < accounts.length; at += 1) {
    const account = accounts[at];
    if (account !== undefined) text += at === 0 ? `{${members(account)}` : `,{${members(account)}`;
  }
  return `${text}]}`;
}

export function decodeList(text: string): readonly Account[] {
  const { entries }: { readonly entries?: readonly Json[] } = JSON.parse(text);
  if (!Array.isArray(entries)) return refuse();
  const accounts: Account[] = [];
  for (const entry of entries) accounts.push(decodeAccount(entry));
  return accounts;
}

function members({ active, balance, digest, name, opened, owner, plan, seats }: Account): string {
  const ms = opened.getTime();
  if (typeof active !== "boolean" || typeof balance !== "bigint" || !Number.isSafeInteger(seats) || !(ms >= firstMs && ms <= lastMs)) refuse();
  if (!(digest instanceof Uint8Array) || !(owner instanceof Reference) || !isName(owner.type) || !isUuid(owner.id)) refuse();
  const start = `"active":${active},"balance":{"Int":"${balance}"},"digest":{"Bytes":"${toBase64url(digest)}"},"name":${quoted(name)}`;
  const end = `"owner":{"Resource":["${owner.type}","${owner.id}"]},"plan":${quoted(plan)},"seats":${seats}}`;
  return `${start},"opened":{"Time":"${timeText(ms)}"},${end}`;
}

function decodeAccount(json: Json): Account {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return refuse();
  const { active, balance, digest, name, opened, owner, plan, seats } = json as JsonRecord;
  if (typeof name !== "string" || !isText(name)) return refuse();
  if (plan !== "hobby" && plan !== "standard" && plan !== "premium") return refuse();
  if (typeof seats !== "number" || !Number.isSafeInteger(seats)) return refuse();
  if (typeof active !== "boolean") return refuse();
  if (!isTagged(opened) || !isTagged(balance) || !isTagged(digest) || !isTagged(owner)) return refuse();
  return {
    name, plan, seats, active, opened: time(opened.Time), balance: bigint(balance.Int), digest: bytes(digest.Bytes), owner: reference(owner.Resource),
  };
}

function isTagged(json: Json | undefined): json is JsonRecord {
  if (json === null || typeof json !== "object") return false;
  let members = 0;
  for (const _ in json) members += 1;
  return members === 1;
}

function time(json: Json | undefined): Date {
  const ms = typeof json === "string" ? timeToMs(json) : NaN;
  return Number.isNaN(ms) ? refuse() : new Date(ms);
}

function bigint(json: Json | undefined): bigint {
  return typeof json === "string" && json.length < 1024 && /^(?:0|-?[1-9][0-9]*)$/.test(json) ? BigInt(json) : refuse();
}

function reference(json: Json | undefined): Reference {
  if (!Array.isArray(json) || json.length !== 2) return refuse();
  const type: Json = json[0];
  const id: Json = json[1];
  return typeof type === "string" && typeof id === "string" && isName(type) && isUuid(id) ? new Reference(type, id) : refuse();
}

function bytes(json: Json | undefined): Uint8Array {
  return typeof json === "string" ? fromBase64url(json) : refuse();
}

function isName(text: string): boolean {
  return text === "team" || /^[a-z][a-z0-9_]*$/.test(text);
}

const hexDigits = new Uint8Array(128);
for (const digit of "0123456789abcdef") hexDigits[digit.charCodeAt(0)] = 1;

function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  if (text.charCodeAt(8) !== 0x2d || text.charCodeAt(13) !== 0x2d || text.charCodeAt(18) !== 0x2d || text.charCodeAt(23) !== 0x2d) return false;
  let digits = 0;
  for (let at = 0; at < 36; at += 1) digits += hexDigits[text.charCodeAt(at)] ?? 0;
  return digits === 32;
}

function isText(text: string): boolean {
  return !/[\0\ud800-\udfff]/.test(text) || !/\0|[\ud800-\udfff]/u.test(text);
}

function quoted(text: string): string {
  if (/["\\\u0000-\u001f\ud800-\udfff]/.test(text)) return isText(text) ? JSON.stringify(text) : refuse();
  return `"${text}"`;
}

const firstMs = -62_135_596_800_000;
const lastMs = 253_402_300_799_999;

function timeText(ms: number): string {
  const day = Math.floor(ms / 86_400_000);
  const days = (day + 719_468) | 0;
  const era = (days / 146_097) | 0;
  const doe = days - era * 146_097;
  const yoe = ((doe - ((doe / 1460) | 0) + ((doe / 36_524) | 0) - ((doe / 146_096) | 0)) / 365) | 0;
  const doy = doe - (365 * yoe + (yoe >> 2) - ((yoe / 100) | 0));
  const mp = ((5 * doy + 2) / 153) | 0;
  const d = doy - (((153 * mp + 2) / 5) | 0) + 1;
  const m = mp < 10 ? mp + 3 : mp - 9;
  const y = yoe + era * 400 + (m <= 2 ? 1 : 0);
  let rest = (ms - day * 86_400_000) | 0;
  const hour = (rest / 3_600_000) | 0;
  rest -= hour * 3_600_000;
  const minute = (rest / 60_000) | 0;
  rest -= minute * 60_000;
  const second = (rest / 1000) | 0;
  rest -= second * 1000;
  return String.fromCharCode(
    48 + ((y / 1000) | 0), 48 + (((y / 100) | 0) % 10), 48 + (((y / 10) | 0) % 10), 48 + (y % 10), 45, 48 + ((m / 10) | 0), 48 + (m % 10), 45,
    48 + ((d / 10) | 0), 48 + (d % 10), 84, 48 + ((hour / 10) | 0), 48 + (hour % 10), 58, 48 + ((minute / 10) | 0), 48 + (minute % 10), 58,
    48 + ((second / 10) | 0), 48 + (second % 10), 46, 48 + ((rest / 100) | 0), 48 + (((rest / 10) | 0) % 10), 48 + (rest % 10), 90,
  );
}

function timeToMs(text: string): number {
  if (text.length !== 24) return NaN;
  let wrong = text.charCodeAt(4) ^ 45 | text.charCodeAt(7) ^ 45 | text.charCodeAt(10) ^ 84 | text.charCodeAt(13) ^ 58 | text.charCodeAt(16) ^ 58;
  wrong |= text.charCodeAt(19) ^ 46 | text.charCodeAt(23) ^ 90;
  const y = pair(text, 0) * 100 + pair(text, 2);
  const m = pair(text, 5);
  const d = pair(text, 8);
  const hour = pair(text, 11);
  const minute = pair(text, 14);
  const second = pair(text, 17);
  const ms = pair(text, 20) * 10 + digit(text, 22);
  if (wrong !== 0 || y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || hour > 23 || minute > 59 || second > 59 || ms > 999) return NaN;
  if (d > 28 && d > (m === 2 ? (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0 ? 29 : 28 : m === 4 || m === 6 || m === 9 || m === 11 ? 30 : 31)) return NaN;
  const year = m <= 2 ? y - 1 : y;
  const era = (year / 400) | 0;
  const yoe = year - era * 400;
  const doy = (((153 * (m > 2 ? m - 3 : m + 9) + 2) / 5) | 0) + d - 1;
  const days = era * 146_097 + yoe * 365 + (yoe >> 2) - ((yoe / 100) | 0) + doy - 719_468;
  return days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms;
}

function pair(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : 10_000;
}

const letters = Uint8Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", (letter) => letter.charCodeAt(0));
const sextets = new Uint8Array(128).fill(64);
letters.forEach((unit, sextet) => (sextets[unit] = sextet));

function toBase64url(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  for (; at + 6 <= bytes.length; at += 6) {
    const a = (byte(bytes, at) << 16) | (byte(bytes, at + 1) << 8) | byte(bytes, at + 2);
    const b = (byte(bytes, at + 3) << 16) | (byte(bytes, at + 4) << 8) | byte(bytes, at + 5);
    text += String.fromCharCode(letter(a >> 18), letter(a >> 12), letter(a >> 6), letter(a), letter(b >> 18), letter(b >> 12), letter(b >> 6), letter(b));
  }
  for (; at < bytes.length; at += 3) {
    const a = (byte(bytes, at) << 16) | (byte(bytes, at + 1) << 8) | byte(bytes, at + 2);
    text += String.fromCharCode(letter(a >> 18), letter(a >> 12), letter(a >> 6), letter(a)).slice(0, Math.min(4, bytes.length - at + 1));
  }
  return text;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function letter(bits: number): number {
  return letters[bits & 63] ?? 0;
}

function fromBase64url(text: string): Uint8Array {
  const left = text.length & 3;
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let filled = 0;
  let met = 0;
  let at = 0;
  for (; at < text.length - left; at += 4) {
    const a = sextet(text, at);
    const b = sextet(text, at + 1);
    const c = sextet(text, at + 2);
    const d = sextet(text, at + 3);
    met |= a | b | c | d;
    const bits = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[filled] = bits >> 16;
    bytes[filled + 1] = bits >> 8;
    bytes[filled + 2] = bits;
    filled += 3;
  }
  if (left === 1) return refuse();
  if (left > 1) {
    const a = sextet(text, at);
    const b = sextet(text, at + 1);
    const c = left === 3 ? sextet(text, at + 2) : 0;
    met |= a | b | c;
    const bits = (a << 18) | (b << 12) | (c << 6);
    bytes[filled] = bits >> 16;
    if (left === 3) bytes[filled + 1] = bits >> 8;
    if ((bits & (left === 3 ? 255 : 65_535)) !== 0) return refuse();
  }
  return met < 64 ? bytes : refuse();
}

function sextet(text: string, at: number): number {
  return sextets[text.charCodeAt(at)] ?? 64;
}

function refuse(): never {
  throw new TypeError("no account");
}
