// The project's own Postgres, for commands.

import { type EmbeddedServer, startEmbedded } from "../store/embedded.js";

export interface Server extends EmbeddedServer {
  /** Where it is, as it may be shown: without the password. */
  readonly shown: string;
}

/** Throws a PlinyError that says what to do. */
export async function startServer(folder: string): Promise<Server> {
  const server = await startEmbedded({ folder, mayMove: true });
  const shown = new URL(server.url);
  shown.password = "";
  return { ...server, shown: shown.href };
}
