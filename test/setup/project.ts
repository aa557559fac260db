// Where this project lies.

import { fileURLToPath } from "node:url";

/** Ends in a separator. */
export const projectRoot: string = fileURLToPath(new URL("../..", import.meta.url));
