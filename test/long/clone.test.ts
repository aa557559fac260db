// The README's two commands on a fresh clone, as root and as an ordinary user: what is committed, and nothing that happens to lie around here.

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../setup/project.js";

interface Person {
  readonly name: string;
  /** Whom root becomes; null for whoever runs this. */
  readonly uid: number | null;
}

const isRoot = process.getuid?.() === 0;
const people: readonly Person[] = [{ name: isRoot ? "root" : "who runs this", uid: null }, ...(isRoot ? [{ name: "an ordinary user", uid: 65_534 }] : [])];

/** A clone of what is committed, in a folder of theirs. */
function cloned({ uid }: Person): { readonly folder: string; readonly run: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  const outer = mkdtempSync(join(tmpdir(), "pliny-clone-"));
  onTestFinished(() => rmSync(outer, { recursive: true, force: true, maxRetries: 3 }));
  chmodSync(outer, 0o755);
  const folder = join(outer, "pliny");
  expect(spawnSync("git", ["clone", "--quiet", projectRoot, folder]).status).toBe(0);
  if (uid !== null) expect(spawnSync("chown", ["-R", `${uid}:${uid}`, outer]).status).toBe(0);
  const { FORCE_COLOR: _forced, npm_config_cache: _cache, ...inherited } = process.env;
  const env = { ...Object.fromEntries(Object.entries(inherited).filter(([name]) => !/^(npm_|VITEST|PLINY_|NODE_OPTIONS)/.test(name))), ...(uid === null ? {} : { HOME: outer }) };
  return { folder, run: uid === null ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"], env };
}

describe.each(people)("$name", (person) => {
  test("types the README's two commands in a fresh clone", { timeout: 900_000 }, async () => {
    const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
    expect(readme).toMatch(/^npm start +# /m);
    expect(readme).toMatch(/^npm test +# /m);
    const { folder, run, env } = cloned(person);
    const [program = "", ...args] = [...run, "npm", "start"];
    const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => void (said += text));
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", resolve);
    });
    const end = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // It has ended.
      }
    };
    onTestFinished(() => end("SIGKILL"));
    const until = performance.now() + 600_000;
    while (!said.includes("It goes on until Ctrl-C.") && child.exitCode === null && performance.now() < until) {
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    expect(said).toMatch(/database +scratch +online/);
    expect(said).toContain("It goes on until Ctrl-C.");
    end("SIGINT");
    await ended;
    expect(said).toContain("finds everything again");

    // All of it would take as long as this very run; one file shows that it installs, builds and runs.
    const [tester = "", ...rest] = [...run, "npm", "test", "--", "test/fmt.test.ts"];
    const { status, stdout, stderr } = spawnSync(tester, rest, { cwd: folder, env, encoding: "utf8" });
    expect(`${stdout}${stderr}`).toMatch(/Test Files .*1 passed/);
    expect(status).toBe(0);
  });
});
