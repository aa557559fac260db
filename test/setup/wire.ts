// A wire to a Postgres server that a test can listen in on and cut: before a statement reaches the server, or after it is done there and
// before anybody hears of it. What is left is what a process leaves that dies at that point. Or it falls silent, as where a host is gone.

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What becomes of a statement: it goes through, the wire breaks before it, it breaks before its answer, or nothing is heard of it any more. */
export type Fate = "pass" | "before" | "after" | "silence";

export interface Wire {
  /** The same address by way of the wire. */
  readonly url: string;
  /** Asked of each statement before it goes through. */
  onStatement: (text: string) => Fate | Promise<Fate>;
  /** All that was sent to the server as text, but for what clients sign in with. */
  readonly sent: () => string;
}

/** A wire to the server of that address, until the test ends. */
export async function openWire(url: string): Promise<Wire> {
  const to = new URL(url);
  const sent: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    join(near, far);
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  onTestFinished(() => closed(server, sockets));
  const through = new URL(url);
  // Listening on a port, and no pipe.
  through.port = String((server.address() as AddressInfo).port);
  const wire: Wire = { url: through.href, onStatement: () => "pass", sent: () => Buffer.concat(sent).toString("latin1") };
  return wire;

  function join(near: Socket, far: Socket): void {
    // What a client says first has no type before its length.
    const [asked, answered] = [messages({ untyped: 1 }), messages({ untyped: 0 })];
    let mute = false;
    let turn = Promise.resolve();
    near.on("data", (chunk: Buffer) => {
      turn = pass(turn, chunk);
    });
    far.on("data", (chunk: Buffer) => {
      if (!mute) near.write(chunk);
      // "Ready for the next query": what was sent is done.
      for (const message of answered(chunk)) if (mute && message[0] === letter("Z")) near.destroy();
    });

    async function pass(before: Promise<void>, chunk: Buffer): Promise<void> {
      await before;
      for (const message of asked(chunk)) {
        const text = statementIn(message);
        const fate = text === null || mute ? "pass" : await wire.onStatement(text);
        if (fate === "before") {
          near.destroy();
          return;
        }
        if (fate === "silence") {
          near.removeAllListeners("data").resume();
          return;
        }
        if (fate === "after") mute = true;
        far.write(message);
        if (message[0] !== letter("p")) sent.push(message);
      }
    }
  }
}

/** Cuts a bytestream of the protocol into its messages, whichever pieces it comes in. */
function messages({ untyped }: { untyped: number }): (chunk: Buffer) => Buffer[] {
  let [left, bare] = [Buffer.alloc(0), untyped];
  return (chunk) => {
    left = Buffer.concat([left, chunk]);
    const whole: Buffer[] = [];
    for (;;) {
      const head = bare > 0 ? 0 : 1;
      const length = left.length < head + 4 ? Infinity : head + left.readInt32BE(head);
      if (left.length < length) return whole;
      whole.push(left.subarray(0, length));
      left = left.subarray(length);
      bare -= head === 0 ? 1 : 0;
    }
  };
}

/** The text of a simple query, or of a statement that is prepared to be given values. */
function statementIn(message: Buffer): string | null {
  const body = message.toString("utf8", 5);
  if (message[0] === letter("Q")) return body.split("\0")[0] ?? "";
  return message[0] === letter("P") ? (body.split("\0")[1] ?? "") : null;
}

function letter(of: string): number {
  return of.charCodeAt(0);
}

async function closed(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => { server.close(resolve); });
}
