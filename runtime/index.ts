// What generated code and hand-written code import as `pliny/runtime`.

export type * from "./contract.js";
export { connect, type ConnectedPliny, type ConnectOptions, type Worker, type WorkerSettings } from "./connect.js";
export { NotDone, NotImplemented, PlinyError } from "./errors.js";
export { Dataset } from "./machine/dataset.js";
export { Resource } from "./machine/resource.js";
export { Task } from "./machine/task.js";
