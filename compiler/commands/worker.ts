// `pliny worker`: runs the tasks of the project's app, until it is told to stop. `pliny run`: runs one module of the project with the app
// connected, for what is done by hand.

import { reasonOf } from "../../runtime/commands/reason.js";
import { type DatabaseOptions, loadModule, withPliny } from "./app.js";
import { type Context, type Outcome, Unusable } from "./outcome.js";
import { aborted } from "./waiting.js";

export interface WorkerOptions extends DatabaseOptions {
  /** How many runs at once. */
  readonly slots: number;
}

/** How long it waits for runs that are under way. */
const graceMs = 10_000;

/** How long a process whose worker has stopped may take to end by itself. */
const lingerMs = 2_000;

export function work(context: Context, { postgres, slots }: WorkerOptions): Promise<Outcome> {
  return withPliny(context, { postgres }, async (pliny) => {
    const [stop, hurry] = [context.interruption(), context.urgency()];
    const worker = await pliny.startWorker({ slots, onTrouble: context.say });
    const life = worker.run();
    context.say(`Worker ${worker.id} takes up to ${slots} runs at once. Ctrl-C stops it.`);
    await Promise.race([life, aborted(stop)]);
    context.say(`Stopping: waits up to ${graceMs / 1000} s for what is under way. Once more ends that at once; what is cut off goes on elsewhere, or at the next start.`);
    const stopped = worker.stop({ graceMs });
    await Promise.race([stopped, aborted(hurry).then(() => worker.stop({ graceMs: 0 }))]);
    // What a handler that never ends holds open is no reason to stay.
    return { exitCode: 0, diagnostics: [], facts: {}, lines: ["The worker has stopped."], endsWithinMs: lingerMs };
  });
}

export interface RunOptions extends DatabaseOptions {
  /** The module. */
  readonly path: string;
}

export function runModule(context: Context, { postgres, path }: RunOptions): Promise<Outcome> {
  return withPliny(context, { postgres }, async (pliny) => {
    const { main } = await loadModule(context, path, "which is to be run");
    if (typeof main !== "function") throw new Unusable(`${path} exports no function \`main\`: \`export async function main(pliny: Pliny): Promise<void> { … }\``);
    try {
      await main(pliny);
    } catch (error) {
      throw reasonOf(error) === null ? new Unusable(`${path} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`) : error;
    }
    return { exitCode: 0, diagnostics: [], facts: {}, lines: [] };
  });
}
