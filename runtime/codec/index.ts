// What generated code and hand-written code import as `pliny/codec`: decorated JSON, read and written. It runs in a browser too.

export { readDict, readList, readMap, readSet, writeDict, writeList, writeMap, writeSet } from "./containers.js";
export { type EnumValues, known, type Open, readEnum, Unknown, writeEnum } from "./enum.js";
export { type CodecErrorCode, type CodecRefusal, DecodeError, EncodeError } from "./error.js";
export type { FieldRules, Given, Input, Older, RecordRules, Rules } from "./given.js";
export { canonicalText, type Json, type JsonRecord, type Read, readJson, type Write, writeJson } from "./json.js";
export {
  textBigint,
  textBool,
  textBytes,
  textDate,
  textDecimal,
  textDuration,
  textEnum,
  textFloat,
  textInt,
  textRef,
  textSpecialFloat,
  textString,
  textTaskRef,
  textTime,
  textUrl,
  textUuid,
} from "./member-text.js";
export { type Profile, type ProfileName, profiles } from "./profile.js";
export { detached, inside, type Place, type Reading, type Sealed, type Vault, type Writing } from "./reading.js";
export {
  checkRecord,
  type Codec,
  defaulted,
  missing,
  type NoFields,
  nothing,
  optional,
  readRecord,
  readVersion,
  required,
  standIn,
  writeOptional,
  writeRequired,
  writeText,
} from "./record.js";
export { type Address, readRef, readTaskRef, Ref, TaskRef, toRef, toTaskRef, writeRef, writeTaskRef } from "./reference.js";
export {
  decimal,
  type Decimal,
  readBigint,
  readBool,
  readBytes,
  readDate,
  readDecimal,
  readDuration,
  readFloat,
  readInt,
  readSpecialFloat,
  readString,
  readTime,
  readUrl,
  readUuid,
  writeBigint,
  writeBool,
  writeBytes,
  writeDate,
  writeDecimal,
  writeDuration,
  writeFloat,
  writeInt,
  writeSpecialFloat,
  writeString,
  writeTime,
  writeUrl,
  writeUuid,
} from "./scalars.js";
export { readSecret, Secret, toSecret, writeSecret } from "./secret.js";
export { parseJson } from "./text.js";
export {
  readValue,
  type SealedValue,
  type Tagged,
  TaggedValue,
  type TaggedValues,
  type TagName,
  type Value,
  type ValueRecord,
  writeValue,
} from "./value.js";
