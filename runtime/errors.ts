// Errors that pliny throws on purpose. Anything else that reaches the top is a bug.

import type { CodecRefusal } from "./codec/error.js";

/** Something outside went wrong, or what was asked may not be done; `code` is stable. */
export class PlinyError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PlinyError";
    this.code = code;
  }
}

/** Thrown by the stubs that `pliny handlers` writes, until somebody writes what belongs there. */
export class NotImplemented extends PlinyError {
  constructor(what: string) {
    super("NOT_IMPLEMENTED", `${what} is not written yet.`);
    this.name = "NotImplemented";
  }
}

/** Thrown by a handler of a state with `on_unknown` to say that nothing happened outside, so that it may be called again. */
export class NotDone extends PlinyError {
  constructor(why: string, options?: ErrorOptions) {
    super("NOT_DONE", why, options);
    this.name = "NotDone";
  }
}

/** There is no such resource, or it is gone. */
export class NotFound extends PlinyError {
  constructor(type: string, id: string) {
    super("NOT_FOUND", `There is no ${type} ${id}, or it is gone.`);
    this.name = "NotFound";
  }
}

/** What was given may not be: every field that is wrong, with what was expected of it and what it got. */
export class Invalid extends PlinyError {
  readonly refusals: readonly CodecRefusal[];

  constructor(what: string, refusals: readonly CodecRefusal[]) {
    super("INVALID", [`${what}:`, ...refusals.map(({ pointer, expected, got }) => `  ${pointer}: expected ${expected}, got ${got}`)].join("\n"));
    this.name = "Invalid";
    this.refusals = refusals;
  }
}

/** Somebody else wrote first: what was read is no longer what is stored. Read again, and decide again. */
export class Desynchronized extends PlinyError {
  constructor(type: string, id: string) {
    super("DESYNCHRONIZED", `${type} ${id} was written by somebody else since it was read. Read it again.`);
    this.name = "Desynchronized";
  }
}

/** A newer release wrote this: it may be read and moved here, and its fields are not saved, for that would lose what is not known here. */
export class NewerShape extends PlinyError {
  constructor(type: string, id: string, shape: number) {
    super("NEWER_SHAPE", `A newer release wrote ${type} ${id}, in shape ${shape}. Its fields are not saved here, for that would lose what is not known here.`);
    this.name = "NewerShape";
  }
}

/** Another resource that has not stopped has the same values where they must be unique. */
export class Conflict extends PlinyError {
  constructor(message: string, options?: ErrorOptions) {
    super("CONFLICT", message, options);
    this.name = "Conflict";
  }
}

/** A move that the spec does not allow from where it is. */
export class IllegalMove extends PlinyError {
  constructor(what: string, move: { readonly from: string; readonly to: string; readonly allowed: readonly string[] }) {
    super("ILLEGAL_MOVE", `${what} does not go from ${move.from} to ${move.to}. From ${move.from} it may go to ${move.allowed.join(", ")}.`);
    this.name = "IllegalMove";
  }
}

/** It may not stop while something that belongs to it has not. */
export class HasChildren extends PlinyError {
  constructor(type: string, id: string) {
    super("HAS_CHILDREN", `${type} ${id} has children that have not stopped. Stop them first.`);
    this.name = "HasChildren";
  }
}

/** A run of that task is live on it, and was given other args. */
export class OtherArgs extends PlinyError {
  /** The live run. */
  readonly runId: string;

  constructor(task: string, runId: string) {
    super("OTHER_ARGS", `${task} runs already, as ${runId}, and was given other args. Wait for its end, or stop it.`);
    this.name = "OtherArgs";
    this.runId = runId;
  }
}

/** A task is not started on a resource that is gone, has stopped, or is in a state in which the spec does not allow it. */
export class NotStartable extends PlinyError {
  constructor(task: string, resource: string) {
    super("NOT_STARTABLE", `${task} is not started on ${resource}: it is gone, has stopped, or is in none of the states in which the task may be started.`);
    this.name = "NotStartable";
  }
}
