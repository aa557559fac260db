// Diffs the specs of a folder (this project's, if none is named) against the previous commit on main. Exits 0 where nothing breaks, 1 where
// something does, and 77 where there is nothing to compare with, which it says.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const folder = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const cli = fileURLToPath(new URL("../dist/compiler/cli.js", import.meta.url));

const base = findBase();
if (base === null) process.exit(77);
const code = pliny("diff", "--base", base);
// A base of another time may not compile today. What is wrong with the specs of today is wrong whatever they are compared with.
if (code === 2 && pliny("check") === 0) skip("the specs are not compared: the reason stands above. The next commit can be compared with this one");
process.exit(code);

/** On main the commit before; on a branch where it left main. */
function findBase() {
  const head = git("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  if (head === null) return say("this is no clone, or there is no commit in it");
  const main = git("rev-parse", "--verify", "--quiet", "origin/main^{commit}") ?? git("rev-parse", "--verify", "--quiet", "main^{commit}");
  const parted = main === null || main === head ? null : git("merge-base", main, head);
  if (parted !== null && parted !== head) return parted;
  const previous = git("rev-parse", "--verify", "--quiet", "HEAD^1^{commit}");
  if (previous !== null) return previous;
  return git("rev-parse", "--is-shallow-repository") === "true"
    ? say("this clone is shallow and lacks the previous commit; `git fetch --deepen=1` brings it")
    : say("this is the first commit");
}

function say(why) {
  process.stdout.write(`SKIPPED: ${why}.\n`);
  return null;
}

function skip(why) {
  say(why);
  process.exit(77);
}

function git(...args) {
  const { status, stdout } = spawnSync("git", ["-C", folder, ...args], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

function pliny(...args) {
  return spawnSync(process.execPath, [cli, ...args, "--cwd", folder], { stdio: "inherit" }).status ?? 3;
}
