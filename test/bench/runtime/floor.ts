// The same rows written by pgbench: a run's row and its line of the log, so many in one commit, and nothing else.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { job } from "../../setup/jobs.js";
import { fill, withJobs } from "./opened.js";

const nobody = (): Promise<never> => Promise.reject(new Error("Nobody runs it."));

/** Moves a second of one connection; null where there is no pgbench. */
export function floorOf(server: string, { runs, each }: { readonly runs: number; readonly each: number }): Promise<number | null> {
  const code = job("bench", { one: { to: ["two"], run: nobody }, two: { to: ["stop"], run: nobody } });
  return withJobs(server, code, async ({ client, url }) => {
    await fill(client, runs);
    await client.query("create table picked as select row_number() over () as n, id from pliny.task; alter table picked add primary key (n); create sequence turn; analyze picked");
    const folder = mkdtempSync(join(tmpdir(), "pliny-floor-"));
    const path = join(folder, "move.sql");
    writeFileSync(path, `
with turn as materialized (select nextval('turn') as n),
     moved as (
       update pliny.task t set state = 'two', step = t.step + 1, nonce = t.nonce + 1, state_since = now() from turn, picked p
        where p.n between turn.n * ${each} - ${each - 1} and turn.n * ${each} and t.id = p.id returning t.id, t.step, t.state, t.nonce)
insert into pliny.transition (subject, step, "to", nonce, by) select id, step, state, nonce, 'bench' from moved;
`);
    const { status, stdout, stderr } = spawnSync("pgbench", ["-n", "-f", path, "-c", "1", "-t", String(runs / each), url], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    if (status === null) return null;
    const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    if (tps === undefined) throw new Error(`pgbench did not answer: ${stderr}`);
    return Number(tps) * each;
  });
}
