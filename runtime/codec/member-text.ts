// Members of flat records as JSON text at once, with no object in between: what JSON.stringify would make of what the writer of that type
// gives. They throw what the writers throw.

import { writeEnum } from "./enum.js";
import type { Writing } from "./reading.js";
import { type Ref, type TaskRef, writeRef, writeTaskRef } from "./reference.js";
import {
  type Decimal, writeBigint, writeBool, writeBytes, writeDate, writeDecimal, writeDuration, writeFloat, writeInt, writeSpecialFloat, writeString,
  writeTime, writeUrl, writeUuid,
} from "./scalars.js";

/** What may not stand for itself between quotes. */
const isEscaped = /["\\\u0000-\u001f\ud800-\udfff]/;

export function textString(value: string, at: Writing): string {
  return typeof value === "string" && !isEscaped.test(value) ? `"${value}"` : JSON.stringify(writeString(value, at));
}

export function textEnum(value: string, at: Writing): string {
  return typeof value === "string" ? textString(value, at) : JSON.stringify(writeEnum(value, at));
}

export function textUrl(value: string, at: Writing): string {
  return JSON.stringify(writeUrl(value, at));
}

export function textUuid(value: string, at: Writing): string {
  return `"${writeUuid(value, at)}"`;
}

export function textBool(value: boolean, at: Writing): string {
  return writeBool(value, at) ? "true" : "false";
}

export function textInt(value: number, at: Writing): string {
  return `${writeInt(value, at)}`;
}

export function textFloat(value: number, at: Writing): string {
  return `${writeFloat(value, at)}`;
}

export function textSpecialFloat(value: number, at: Writing): string {
  return JSON.stringify(writeSpecialFloat(value, at));
}

export function textBigint(value: bigint, at: Writing): string {
  return `{"Int":"${writeBigint(value, at).Int}"}`;
}

export function textDecimal(value: Decimal, at: Writing): string {
  return `{"Dec":"${writeDecimal(value, at).Dec}"}`;
}

export function textDate(value: string, at: Writing): string {
  return `{"Date":"${writeDate(value, at).Date}"}`;
}

export function textTime(value: Date, at: Writing): string {
  return `{"Time":"${writeTime(value, at).Time}"}`;
}

export function textDuration(ms: number, at: Writing): string {
  return `{"Dur":"${writeDuration(ms, at).Dur}"}`;
}

export function textBytes(value: Uint8Array, at: Writing): string {
  return `{"Bytes":"${writeBytes(value, at).Bytes}"}`;
}

export function textRef(value: Ref<unknown>, at: Writing): string {
  const named = writeRef(value, at).Resource;
  return `{"Resource":["${named[0]}","${named[1]}"]}`;
}

export function textTaskRef(value: TaskRef<unknown>, at: Writing): string {
  const named = writeTaskRef(value, at).Task;
  return `{"Task":["${named[0]}","${named[1]}"]}`;
}
