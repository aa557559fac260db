// Joins what is generated with what is written by hand; `pliny dev`, `worker`, `clock` and `serve` load this.

import type { App } from "pliny/runtime";
import { createApp } from "../generated/index.js";
import * as database from "./database.handlers.js";
import * as dump from "./dump.handlers.js";
import * as replica from "./replica.handlers.js";
import * as team from "./team.handlers.js";

export const app: App = createApp({ ...database, ...dump, ...replica, ...team });
