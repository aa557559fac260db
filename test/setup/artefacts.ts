// Makes dist/templates.js and dist/shape.js before any test, so that a test never meets those of yesterday.

import { writeArtefacts } from "../../scripts/artefacts.js";

export function setup(): void {
  writeArtefacts();
}
