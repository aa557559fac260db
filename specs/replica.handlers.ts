// What is done to replicas, besides what is done to every database.

import { NotImplemented } from "pliny/runtime";
import type { ReplicaPromoteHandlers, ReplicaProvisionHandlers } from "../generated/index.js";
import { drawCredentials } from "./credentials.js";

export const replicaProvision: ReplicaProvisionHandlers = {
  async draw(task, { to }) {
    await drawCredentials(task.replica);
    return to.createRole();
  },
  async createRole() {
    throw new NotImplemented("replica.provision: createRole");
  },
  async copy() {
    throw new NotImplemented("replica.provision: copy");
  },
  async lookUp() {
    throw new NotImplemented("replica.provision: lookUp");
  },
  async follow() {
    throw new NotImplemented("replica.provision: follow");
  },
  async cleanUp() {
    throw new NotImplemented("replica.provision: cleanUp");
  },
};

export const replicaPromote: ReplicaPromoteHandlers = {
  async catchUp() {
    throw new NotImplemented("replica.promote: catchUp");
  },
  async detach() {
    throw new NotImplemented("replica.promote: detach");
  },
  async backUp(_task, { to, spawn }) {
    spawn.dump();
    return to.stop();
  },
};
