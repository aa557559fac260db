// What is done to teams.

import { Database, type TeamRotatePasswordsHandlers } from "../generated/index.js";

export const teamRotatePasswords: TeamRotatePasswordsHandlers = {
  async rotate(task, { to, spawn }) {
    const newest = Date.now() - task.args.olderThan;
    for (const child of await task.team.children()) {
      if (child instanceof Database && child.state === "online" && changedBy(child, newest)) spawn.databaseRotatePassword(child);
    }
    return to.stop();
  },
};

function changedBy({ passwordAt }: Database, timeMs: number): boolean {
  return passwordAt === null || passwordAt.getTime() <= timeMs;
}
