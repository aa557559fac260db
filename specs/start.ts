// What `npm start` begins with: a team and three databases, the same ones each time.

import { setTimeout as sleep } from "node:timers/promises";
import type { Pliny } from "pliny/runtime";
import { Database, Team } from "../generated/index.js";

export const ids = {
  orders: "0192e4a0-0000-7000-8000-000000000001",
  customers: "0192e4a0-0000-7000-8000-000000000002",
  scratch: "0192e4a0-0000-7000-8000-000000000003",
} as const;

export async function main(pliny: Pliny): Promise<void> {
  // Given an id, what was made before is found again and not made twice.
  const parent = await Team.create(pliny, { name: "acme", contact: "ops@acme.example" }, { id: "0192e4a0-0000-7000-8000-000000000000" });
  const databases = [
    await Database.create(pliny, { name: "orders", plan: "premium", connections: 50, region: "eu", parent }, { id: ids.orders }),
    await Database.create(pliny, { name: "customers", plan: "standard", connections: 20, region: "eu", parent }, { id: ids.customers }),
    await Database.create(pliny, { name: "scratch", connections: 5, region: "us", parent }, { id: ids.scratch }),
  ];
  for (const database of databases) {
    while (database.state === "creating") {
      await sleep(100);
      await database.reload();
    }
    console.log(`${database.name} is ${database.state}${database.endpoint === null ? "" : `, at ${database.endpoint}`}`);
  }
  console.log("`npx pliny run specs/tour.ts` resizes the first, dumps the second and changes the password of the third.");
}
