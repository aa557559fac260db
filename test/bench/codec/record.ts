// The record of the benchmark: eight fields, of types that JSON has and of types that it has not, and many of it.

/** Where pliny has a `Ref`. */
export class Reference {
  readonly type: string;
  readonly id: string;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
  }
}

export interface Account<Owner = Reference> {
  readonly name: string;
  readonly plan: "hobby" | "standard" | "premium";
  readonly seats: number;
  readonly active: boolean;
  readonly opened: Date;
  readonly balance: bigint;
  readonly digest: Uint8Array;
  readonly owner: Owner;
}

export const listLength = 1000;

const fields = `
  name:    { type: string, required: true }
  plan:    { type: enum, of: [hobby, standard, premium], required: true }
  seats:   { type: int, required: true }
  active:  { type: bool, required: true }
  opened:  { type: time, required: true }
  balance: { type: bigint, required: true }
  digest:  { type: bytes, required: true }
  owner:   { type: team, required: true }
`;

/** As a spec: the record as that of a resource, and as the element of a list. */
export const spec: string = [
  "resource: team\nstates: { live: { to: [stop] } }\n",
  `type: entry\nfields:${fields}`,
  `resource: account\nfields:${fields}states: { live: { to: [stop] } }\n`,
  "resource: ledger\nfields:\n  entries: { type: list, of: entry }\nstates: { live: { to: [stop] } }\n",
].join("---\n");

const plans = ["hobby", "standard", "premium"] as const;

/** Always the same. */
export function accounts<Owner>(count: number, owner: (type: string, id: string) => Owner): readonly Account<Owner>[] {
  const random = mulberry32(1);
  const digits = (length: number): string => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
  return Array.from({ length: count }, (_, at) => ({
    name: `Account ${at} of the house of ${digits(12)}`,
    plan: plans[Math.floor(random() * 3)] ?? "hobby",
    seats: Math.floor(random() * 5000),
    active: random() < 0.5,
    opened: new Date(1_467_838_400_123 + Math.floor(random() * 1e11)),
    balance: BigInt(Math.floor(random() * 2 ** 50)) * 1_000_003n - 2n ** 60n,
    digest: Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256)),
    owner: owner("team", `${digits(8)}-${digits(4)}-7${digits(3)}-8${digits(3)}-${digits(12)}`),
  }));
}

/** Numbers from 0 to 1 from a seed (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
