// What a control plane does on an ordinary day: `npx pliny run specs/tour.ts`, while `npm start` runs in another shell and shows it.

import type { Pliny } from "pliny/runtime";
import { Database } from "../generated/index.js";
import { ids } from "./start.js";

export async function main(pliny: Pliny): Promise<void> {
  const orders = await Database.get(pliny, ids.orders);
  await orders.transition("updating", { connections: Math.min(500, orders.connections + 10) }, "they grew");
  const customers = await Database.get(pliny, ids.customers);
  await customers.dump.start();
  const scratch = await Database.get(pliny, ids.scratch);
  await scratch.rotatePassword.start();
  console.log(`The password of ${scratch.name} was ${(await scratch.password?.reveal("a tour")) ?? "none"}; pliny.log tells who asked.`);
}
