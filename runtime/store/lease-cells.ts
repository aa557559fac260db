// What a worker's event loop and the thread that keeps its lease share: two numbers.

export interface LeaseThreadData {
  readonly url: string;
  readonly id: string;
  readonly leaseMs: number;
  readonly stallMs: number;
  readonly cells: BigInt64Array;
}

/** Until when the lease is to be trusted, in nanoseconds of `process.hrtime`; 0 once it was given back or lost. */
export const leaseCell = 0;

/** One more whenever the event loop comes round. */
export const signCell = 1;

/** A lease counts from when it was asked for, and a fifth of it is left for clocks and pauses. */
export function trustedUntil(sentAt: bigint, leaseMs: number): bigint {
  return sentAt + BigInt(Math.floor(leaseMs * 0.8)) * 1_000_000n;
}
