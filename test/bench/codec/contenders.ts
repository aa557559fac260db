// Who turns accounts into text and text into accounts: pliny's generated code, the floor, JSON mapped by hand, and the peers that are installed.

import { join } from "node:path";
import { type Codec, detached, type JsonRecord, parseJson, profiles, Ref, writeText } from "../../../runtime/codec/index.js";
import { decodeList, decodeOne, encodeList, encodeOne } from "./floor.js";
import { type Account, accounts, listLength, Reference } from "./record.js";

export interface Way<Value> {
  readonly values: readonly Value[];
  encode(value: Value): string;
  decode(text: string): Value;
}

/** A record, and many of them in a list. */
export interface Contender {
  readonly one: Way<unknown>;
  readonly list: Way<unknown>;
}

export const contenders: { readonly [name: string]: () => Promise<Contender> } = {
  pliny: () => pliny((text) => parseJson(text, profiles.store)),
  "pliny, JSON.parse": () => pliny((text) => JSON.parse(text)),
  floor: () => ways({ encodeOne, decodeOne, encodeList, decodeList }),
  "JSON by hand": () => ways(mapped(bareJson, bareJson)),
  "JSON, nothing mapped": () => {
    const values = accounts(listLength, (type, id) => new Reference(type, id)).map(toPlain);
    return Promise.resolve({ one: way({ ...bareJson, values }), list: way({ ...bareJson, values: [values] }) });
  },
  typebox,
  zod,
  "fast-json-stringify + ajv": fastJson,
  superjson,
  devalue,
  "transit-js": transit,
};

interface Ways {
  encodeOne(account: Account): string;
  decodeOne(text: string): Account;
  encodeList(accounts: readonly Account[]): string;
  decodeList(text: string): readonly Account[];
}

function ways({ encodeOne, decodeOne, encodeList, decodeList }: Ways): Promise<Contender> {
  const values = accounts(listLength, (type, id) => new Reference(type, id));
  return Promise.resolve({ one: way({ values, encode: encodeOne, decode: decodeOne }), list: way({ values: [values], encode: encodeList, decode: decodeList }) });
}

// The benchmark hands back only what it was given here.
function way<Value>({ values, encode, decode }: Way<Value>): Way<unknown> {
  return { values, encode: (value) => encode(value as Value), decode };
}

async function pliny(parse: (text: string) => unknown): Promise<Contender> {
  const { accountCodec }: { accountCodec: Codec<Account<Ref<unknown>>> } = await import(join(import.meta.dirname, "account.shape.js"));
  const { ledgerCodec }: { ledgerCodec: Codec<{ readonly entries: readonly Account<Ref<unknown>>[] }> } = await import(join(import.meta.dirname, "ledger.shape.js"));
  const at = detached("store");
  const values = accounts(listLength, (type, id) => new Ref<unknown>(type, id, () => at.load(type, id)));
  return {
    one: way({
      values,
      encode: (account) => writeText(accountCodec, account, at),
      decode: (text) => accountCodec.decode(parse(text) as JsonRecord, at),
    }),
    list: way({
      values: [{ entries: values }],
      encode: (ledger) => writeText(ledgerCodec, ledger, at),
      decode: (text) => ledgerCodec.decode(parse(text) as JsonRecord, at),
    }),
  };
}

/** The record as plain JSON, mapped by hand. */
interface PlainAccount {
  readonly name: string;
  readonly plan: Account["plan"];
  readonly seats: number;
  readonly active: boolean;
  readonly opened: string;
  readonly balance: string;
  readonly digest: string;
  readonly owner: { readonly type: string; readonly id: string };
}

function toPlain({ name, plan, seats, active, opened, balance, digest, owner }: Account): PlainAccount {
  return {
    name, plan, seats, active, opened: opened.toISOString(), balance: balance.toString(),
    digest: Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("base64url"),
    owner: { type: owner.type, id: owner.id },
  };
}

function fromPlain({ name, plan, seats, active, opened, balance, digest, owner }: PlainAccount): Account {
  return {
    name, plan, seats, active, opened: new Date(opened), balance: BigInt(balance), digest: new Uint8Array(Buffer.from(digest, "base64url")),
    owner: new Reference(owner.type, owner.id),
  };
}

interface Mapping<Plain> {
  encode(plain: Plain): string;
  decode(text: string): Plain;
}

function mapped(one: Mapping<PlainAccount>, list: Mapping<readonly PlainAccount[]>): Ways {
  return {
    encodeOne: (account) => one.encode(toPlain(account)),
    decodeOne: (text) => fromPlain(one.decode(text)),
    encodeList: (all) => list.encode(all.map(toPlain)),
    decodeList: (text) => list.decode(text).map(fromPlain),
  };
}

const bareJson = { encode: (value: unknown): string => JSON.stringify(value), decode: JSON.parse };

const uuidPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const timePattern = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$";
const bigintPattern = "^(0|-?[1-9][0-9]*)$";
const bytesPattern = "^[A-Za-z0-9_-]*$";
const plans = ["hobby", "standard", "premium"] as const;

/** Of JSON Schema, for those who take it. */
const schema = {
  type: "object",
  additionalProperties: false,
  required: ["name", "plan", "seats", "active", "opened", "balance", "digest", "owner"],
  properties: {
    name: { type: "string" },
    plan: { type: "string", enum: plans },
    seats: { type: "integer" },
    active: { type: "boolean" },
    opened: { type: "string", pattern: timePattern },
    balance: { type: "string", pattern: bigintPattern },
    digest: { type: "string", pattern: bytesPattern },
    owner: {
      type: "object", additionalProperties: false, required: ["type", "id"],
      properties: { type: { type: "string" }, id: { type: "string", pattern: uuidPattern } },
    },
  },
};
const listSchema = { type: "array", items: schema };

function checked<Plain>(check: (json: unknown) => boolean, encode: (plain: Plain) => string): Mapping<Plain> {
  return {
    encode,
    decode(text) {
      const json: unknown = JSON.parse(text);
      if (!check(json)) throw new TypeError("no account");
      return json as Plain;
    },
  };
}

async function load(name: string): Promise<unknown> {
  const loaded: { readonly default?: unknown } = await import(name);
  return loaded;
}

async function fastJson(): Promise<Contender> {
  const { default: build } = (await load("fast-json-stringify")) as { readonly default: (schema: object) => (plain: unknown) => string };
  const { Ajv } = (await load("ajv")) as { readonly Ajv: new () => { compile(schema: object): (json: unknown) => boolean } };
  const ajv = new Ajv();
  return ways(mapped(checked<PlainAccount>(ajv.compile(schema), build(schema)), checked<readonly PlainAccount[]>(ajv.compile(listSchema), build(listSchema))));
}

interface Typebox {
  readonly Type: {
    Object(properties: object, options: object): object;
    String(options?: object): object;
    Integer(): object;
    Boolean(): object;
    Literal(value: string): object;
    Union(types: readonly object[]): object;
    Array(type: object): object;
  };
}

async function typebox(): Promise<Contender> {
  const { Type } = (await load("@sinclair/typebox")) as Typebox;
  const { TypeCompiler } = (await load("@sinclair/typebox/compiler")) as {
    readonly TypeCompiler: { Compile(type: object): { Check(json: unknown): boolean } };
  };
  const closed = { additionalProperties: false };
  const type = Type.Object(
    {
      name: Type.String(), plan: Type.Union(plans.map((plan) => Type.Literal(plan))), seats: Type.Integer(), active: Type.Boolean(),
      opened: Type.String({ pattern: timePattern }), balance: Type.String({ pattern: bigintPattern }),
      digest: Type.String({ pattern: bytesPattern }),
      owner: Type.Object({ type: Type.String(), id: Type.String({ pattern: uuidPattern }) }, closed),
    },
    closed,
  );
  const [one, list] = [TypeCompiler.Compile(type), TypeCompiler.Compile(Type.Array(type))];
  return ways(mapped(checked<PlainAccount>((json) => one.Check(json), bareJson.encode), checked<readonly PlainAccount[]>((json) => list.Check(json), bareJson.encode)));
}

interface Zod {
  readonly z: ZodTypes;
}

interface ZodType {
  parse(json: unknown): unknown;
  transform(map: (value: never) => unknown): ZodType;
  regex(pattern: RegExp): ZodType;
}

interface ZodTypes {
  strictObject(shape: object): ZodType;
  string(): ZodType;
  int(): ZodType;
  boolean(): ZodType;
  enum(values: readonly string[]): ZodType;
  array(type: ZodType): ZodType;
}

async function zod(): Promise<Contender> {
  const { z } = (await load("zod")) as Zod;
  const type = z.strictObject({
    name: z.string(), plan: z.enum(plans), seats: z.int(), active: z.boolean(),
    opened: z.string().regex(new RegExp(timePattern)).transform((text: string) => new Date(text)),
    balance: z.string().regex(new RegExp(bigintPattern)).transform((text: string) => BigInt(text)),
    digest: z.string().regex(new RegExp(bytesPattern)).transform((text: string) => new Uint8Array(Buffer.from(text, "base64url"))),
    owner: z
      .strictObject({ type: z.string(), id: z.string().regex(new RegExp(uuidPattern)) })
      .transform(({ type, id }: { type: string; id: string }) => new Reference(type, id)),
  });
  const listType = z.array(type);
  return ways({
    encodeOne: (account) => JSON.stringify(toPlain(account)),
    decodeOne: (text) => type.parse(JSON.parse(text)) as Account,
    encodeList: (all) => JSON.stringify(all.map(toPlain)),
    decodeList: (text) => listType.parse(JSON.parse(text)) as Account[],
  });
}

interface Anything {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

/** Those that need no schema: they check nothing but themselves. */
function schemaless({ stringify, parse }: Anything): Promise<Contender> {
  return ways({
    encodeOne: stringify,
    decodeOne: (text) => parse(text) as Account,
    encodeList: stringify,
    decodeList: (text) => parse(text) as Account[],
  });
}

interface SuperJson extends Anything {
  registerCustom(transformer: object, name: string): void;
}

async function superjson(): Promise<Contender> {
  const { default: instance } = (await load("superjson")) as { readonly default: SuperJson };
  instance.registerCustom(
    {
      isApplicable: (value: unknown) => value instanceof Reference,
      serialize: ({ type, id }: Reference) => [type, id],
      deserialize: ([type = "", id = ""]: readonly string[]) => new Reference(type, id),
    },
    "Reference",
  );
  instance.registerCustom(
    {
      isApplicable: (value: unknown) => value instanceof Uint8Array,
      serialize: (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url"),
      deserialize: (text: string) => new Uint8Array(Buffer.from(text, "base64url")),
    },
    "Bytes",
  );
  return schemaless({ stringify: (value) => instance.stringify(value), parse: (text) => instance.parse(text) });
}

async function devalue(): Promise<Contender> {
  const { stringify, parse } = (await load("devalue")) as {
    stringify(value: unknown, reducers: object): string;
    parse(text: string, revivers: object): unknown;
  };
  const reducers = { Reference: (value: unknown) => value instanceof Reference && [value.type, value.id] };
  const revivers = { Reference: ([type = "", id = ""]: readonly string[]) => new Reference(type, id) };
  return schemaless({ stringify: (value) => stringify(value, reducers), parse: (text) => parse(text, revivers) });
}

interface Transit {
  writer(format: string, options: object): { write(value: unknown): string };
  reader(format: string, options: object): { read(text: string): unknown };
  makeWriteHandler(handler: object): object;
  map(entries: readonly unknown[]): unknown;
}

async function transit(): Promise<Contender> {
  const { default: transit } = (await load("transit-js")) as { readonly default: Transit };
  const handlers = [
    Reference, transit.makeWriteHandler({ tag: () => "ref", rep: ({ type, id }: Reference) => [type, id] }),
    Uint8Array, transit.makeWriteHandler({ tag: () => "bytes", rep: (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url") }),
    BigInt, transit.makeWriteHandler({ tag: () => "big", rep: (value: bigint) => value.toString() }),
  ];
  const writer = transit.writer("json", { handlers: transit.map(handlers) });
  const reader = transit.reader("json", {
    handlers: {
      ref: ([type = "", id = ""]: readonly string[]) => new Reference(type, id),
      bytes: (text: string) => new Uint8Array(Buffer.from(text, "base64url")),
      big: (text: string) => BigInt(text),
    },
    mapBuilder: {
      init: () => ({}),
      add: (map: { [key: string]: unknown }, key: string, value: unknown) => {
        map[key] = value;
        return map;
      },
      finalize: (map: object) => map,
    },
  });
  return schemaless({ stringify: (value) => writer.write(value), parse: (text) => reader.read(text) });
}
