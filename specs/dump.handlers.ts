// What is done to dumps.

import { rm } from "node:fs/promises";
import type { DumpEraseHandlers } from "../generated/index.js";

export const dumpErase: DumpEraseHandlers = {
  async remove(task, { to }) {
    await rm(task.dump.folder, { recursive: true, force: true });
    return to.stop();
  },
};
