// A worker: claims what is due, has it advanced, and does what is due by the clock. It holds nothing that is not in Postgres: whoever it is that
// dies here, another goes on.

import { randomUUID } from "node:crypto";
import type { Pliny } from "../contract.js";
import { PlinyError } from "../errors.js";
import type { Moved } from "../machine/consequences.js";
import type { Registry } from "../machine/registry.js";
import type { Runs } from "../machine/runs.js";
import { isConnectionLost, isPassing, type KeptLease, type Store } from "../store/connection.js";
import { withPartitions } from "../store/partitions.js";
import { writeLog } from "../store/postgres.js";
import { deferTimer, type Timer } from "../store/timers.js";
import { announceWorker, claimRuns, disownRuns, type HeldRun, lookAround, putOffRun, readLost, renewLease, retireWorker } from "../store/work.js";
import type { Masking } from "../vault/masking.js";
import { createAdvance, type Holding } from "./advance.js";
import { recoveriesMax } from "./execute.js";
import { createFinish } from "./finish.js";
import { Patience, type Watch } from "./patience.js";
import { createSettler } from "./settle.js";

export interface WorkerOptions {
  readonly registry: Registry;
  readonly store: Store;
  readonly runs: Runs;
  readonly moved: Moved;
  readonly pliny: Pliny;
  readonly masking: Pick<Masking, "mask">;
  readonly actor: string;
  /** So many runs at once, 10 unless said. */
  readonly slots?: number;
  /** How long it may be silent before others take over what it holds, in milliseconds; 15 s unless said. */
  readonly leaseMs?: number;
  /** After so long without a sign of the event loop the process is ended, in milliseconds; 60 s unless said. */
  readonly stallMs?: number;
  /** So many steps of a run are made in one hold at most, 16 unless said. */
  readonly stepsAHold?: number;
  readonly random?: () => number;
  /** Told what keeps it from working for more than 2 s, and that it works again, in a sentence for people. Standard error unless said. */
  readonly onTrouble?: (message: string) => void;
}

export interface Worker {
  /** Another after each lost lease. */
  readonly id: string;
  /** Works until it is stopped, with a lease that a thread of its own renews. */
  run(): Promise<void>;
  /**
   * Takes nothing more, and waits for what is under way, so many milliseconds, 10 s unless said; then it tells the handlers to end, and leaves
   * what does not to others. Called once more, it waits no longer than it is told then.
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** Takes what is due, once, and works on it for as long as it may be held; gives how many runs it took. */
  tick(): Promise<number>;
  /** Does what is due by the clock: frees what dead workers held, moves resources whose time in a state is over. */
  watch(): Promise<void>;
  /** Renews the lease; false where it was lost, and then this worker claims nothing any more. */
  renew(): Promise<boolean>;
}

const pollMs = { least: 2, most: 250 } as const;

/** How long it waits at most while what it asks fails. */
const failingMs = 5_000;

/** How often it looks for what others left, and for what is due by the clock. */
const watchEveryMs = 1_250;

/** A hold ends after so long where others wait, and a handler that takes longer is asked after. */
const holdMs = 1_000;

/** One claim in so long looks at everything that is due; the others begin where it began. */
const floorMs = 5_000;

/** One claim in so many begins with the least urgent type, so that nothing starves. */
const fairEvery = 8;

/** What a handler may take to come to an end once it was told to, and Postgres to answer then. */
const endingMs = 6_000;

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { registry, store, runs, moved, pliny, masking, actor, slots = 10, leaseMs = 15_000, stallMs = 60_000, stepsAHold = 16, random = Math.random, onTrouble = complain } = options;
  const types = [...registry.tasks].sort((left, right) => (right.type.priority ?? 0) - (left.type.priority ?? 0)).map(({ tag }) => tag);
  const subjects = registry.resources.map(({ tag }) => tag);
  const can = Object.fromEntries(registry.tasks.map(({ tag, type }) => [tag, type.version]));
  const keeps = Object.values(registry.keeps);
  const patience = new Patience((message) => onTrouble(masking.mask(message)));
  const [looking, watchingTime] = [patience.watch(), patience.watch()];
  const settler = createSettler({ store, actor, keeps, patience });
  const finish = createFinish({ registry, store, moved, actor });
  const advance = createAdvance({ registry, store, runs, pliny, masking, actor, settler, finish, patience, random, mayKeep });
  // Not all at once where they are many, so that some are claimed while others are settled.
  const claimMost = Math.max(10, Math.ceil(slots / 2));
  let claims = 0;
  let floor: { readonly at: number; readonly due: string | null } = { at: -Infinity, due: null };
  let othersWait = false;
  let mayHoldMore = false;
  let isStopping = false;
  let running: Promise<void> | null = null;
  let retired: Promise<void> | null = null;
  let lease: KeptLease | null = null;
  let identity = await announce();
  return {
    get id() {
      return identity.id;
    },
    run, stop, tick, watch, renew: () => renewLease(store, { id: identity.id, leaseMs }),
  };

  async function announce(): Promise<{ readonly id: string; readonly since: bigint }> {
    const [id, since] = [randomUUID(), process.hrtime.bigint()];
    await announceWorker(store, { id, leaseMs, can, release: null });
    return { id, since };
  }

  async function tick(): Promise<number> {
    const taken = await claim(slots);
    await advance.whenIdle();
    return taken;
  }

  async function claim(limit: number): Promise<number> {
    claims += 1;
    const isFull = performance.now() - floor.at >= floorMs;
    const order = claims % fairEvery === 0 ? types.toReversed() : types;
    const claimed = await claimRuns(store, { worker: identity.id, types: order, limit, floor: isFull ? null : floor.due });
    if (isFull) floor = { at: performance.now(), due: claimed.oldest };
    othersWait = claimed.runs.length >= limit;
    const putAside = suspectsBeside(claimed.runs);
    advance.take(claimed.runs.filter((run) => !putAside.includes(run)));
    for (const run of putAside) await patience.insist(() => putOffRun(store, run, pollMs.most));
    return claimed.runs.length;
  }

  /**
   * Of those that were taken over twice in this step, and would panic at the third time, one at a time: it may be what takes its workers down, and
   * those beside it are counted as often as it is. These are the others, which wait for the next look.
   */
  function suspectsBeside(claimed: readonly HeldRun[]): readonly HeldRun[] {
    const isSuspect = ({ recoveries }: HeldRun): boolean => recoveries === recoveriesMax - 1;
    const isOneHeld = [...advance.holdings].some(({ run }) => isSuspect(run));
    return claimed.filter(isSuspect).slice(isOneHeld ? 0 : 1);
  }

  /** A run goes on in its worker, unless it has had enough while others wait. */
  function mayKeep({ since, steps }: Holding): boolean {
    return !isStopping && steps + 1 < stepsAHold && (!othersWait || performance.now() - since < holdMs);
  }

  // ---- by the clock

  async function watch(): Promise<void> {
    for (const timer of await lookAround(store, { types: subjects, limit: 100 })) {
      try {
        if (await withPartitions(store, () => finish.timeOut(timer), keeps)) runs.bell.ring();
      } catch (error) {
        if (!isPassing(error)) await putOff(timer, error);
      }
    }
    await abortOvertaken();
  }

  /** One that cannot be done is no hindrance to the others. */
  async function putOff(timer: Timer, error: unknown): Promise<void> {
    await deferTimer(store, timer, 60_000);
    const message = `Its timer '${timer.name}' cannot be done: ${error instanceof Error ? error.message : String(error)}`;
    await writeLog(store, [{ level: "error", kind: "error", type: timer.type, id: timer.subject, actor, message: masking.mask(message), data: null }]);
  }

  /** Handlers of runs that somebody else stopped, moved or took over need not go on. */
  async function abortOvertaken(): Promise<void> {
    const long = [...advance.holdings].filter(({ since }) => performance.now() - since > holdMs);
    if (long.length === 0) return;
    const lost = new Set(await readLost(store, long.map(({ run }) => run)));
    for (const { run, interrupt } of long) if (lost.has(run.id)) interrupt.abort(new PlinyError("OVERTAKEN", "It was stopped, moved or taken over by somebody else."));
  }

  // ---- living

  function run(): Promise<void> {
    running ??= live();
    return running;
  }

  async function live(): Promise<void> {
    lease = store.keepLease({ ...identity, leaseMs, stallMs });
    let [waitMs, watchedAt, claimedAt]: [number, number, number] = [0, -Infinity, -Infinity];
    let watching: Promise<void> = Promise.resolve();
    while (!isStopping) {
      try {
        if (!lease.isHeld()) lease = await another(lease);
        if (mayHoldMore) await disownRuns(store, { worker: identity.id, holds: [...advance.holdings].map(({ run }) => run.id) });
        mayHoldMore = false;
        if (performance.now() - watchedAt >= watchEveryMs) {
          watchedAt = performance.now();
          watching = watching.then(watch).then(watchingTime.well, (error: unknown) => said(error, watchingTime));
        }
        const free = slots - advance.holdings.size;
        // A few at a time would cost as much as many; but where the others are slow, few is all that there is.
        const isWorthIt = free > 0 && (!othersWait || free >= slots / 4 || performance.now() - claimedAt >= pollMs.most);
        if (isWorthIt) claimedAt = performance.now();
        const taken = isWorthIt ? await claim(Math.min(free, claimMost)) : 0;
        looking.well();
        waitMs = taken > 0 ? (othersWait ? 0 : pollMs.least) : Math.min(Math.max(waitMs * 2, pollMs.least), pollMs.most);
      } catch (error) {
        // It may have been a claim, and then nobody else would take what that took while this worker lives.
        mayHoldMore ||= isConnectionLost(error);
        await said(error, looking);
        waitMs = Math.min(Math.max(waitMs * 2, pollMs.most), failingMs);
      }
      // Jitter upwards, so that many that began together do not ask together.
      if ((waitMs > 0 || advance.holdings.size >= slots) && (await runs.bell.wait(waitMs * (1 + random() / 4)))) waitMs = 0;
    }
    await watching;
  }

  /** Under a new name, when all that was held under the old one was given up. */
  async function another(old: KeptLease): Promise<KeptLease> {
    abortAll("LEASE_LOST", "The worker lost its lease; others take over what it held.");
    await old.release();
    await retireWorker(store, identity.id);
    identity = await announce();
    return store.keepLease({ ...identity, leaseMs, stallMs });
  }

  /** What passes is met again at the next look; what does not is for people. */
  async function said(error: unknown, at: Watch): Promise<void> {
    if (isPassing(error)) return at.met(error);
    const message = `A worker met what it did not expect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    try {
      await writeLog(store, [{ level: "error", kind: "error", type: null, id: null, actor, message: masking.mask(message), data: null }]);
    } catch {
      // Nobody is left to be told.
    }
  }

  function abortAll(code: string, message: string): void {
    for (const { interrupt } of advance.holdings) interrupt.abort(new PlinyError(code, message));
  }

  async function stop({ graceMs = 10_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    isStopping = true;
    runs.bell.ring();
    await within(graceMs, advance.whenIdle());
    abortAll("SHUTDOWN", "The worker stops.");
    await within(endingMs, advance.whenIdle());
    patience.end();
    retired ??= retire();
    await retired;
  }

  async function retire(): Promise<void> {
    // A Postgres that does not answer is not waited for: the lease runs out by itself.
    await within(endingMs, running ?? Promise.resolve());
    await lease?.release();
    await within(endingMs, retireWorker(store, identity.id).catch((error: unknown) => said(error, looking)));
  }
}

function complain(message: string): void {
  process.stderr.write(`pliny: ${message}\n`);
}

/** Waits for something, but no longer than so many milliseconds. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
