// Errors that pliny throws on purpose. Anything else that reaches the top is a bug.

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
