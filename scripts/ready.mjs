// Makes a fresh clone ready to run: installs what the lock file names and builds dist/. Needs nothing but Node, since it runs before
// anything is installed.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Programs that tests start and npm does not bring: each is needed once the file that starts it is there. */
const programs = [{ name: "redis-server", usedBy: "test/setup/redis.ts", debianPackage: "redis-server" }];

export function makeReady() {
  if (!isInstalled()) mustRun("npm", ["ci", "--no-audit", "--no-fund"]);
  mustRun("npm", ["run", "--silent", "build"]);
}

/** Brings the programs that the tests start. */
export function bringPrograms() {
  for (const { name, usedBy, debianPackage } of programs) {
    if (!existsSync(`${root}/${usedBy}`) || runs(name, ["--version"])) continue;
    if (!runs("apt-get", ["--version"]) || process.getuid?.() !== 0)
      fail(`The tests start ${name}, which is not installed. Install it and run this again.`);
    mustRun("apt-get", ["update", "-qq"]);
    mustRun("apt-get", ["install", "-y", "-qq", "--no-install-recommends", debianPackage]);
  }
}

/** Runs a command in the project's folder, showing what it prints, and returns its exit code. */
export function run(command, args) {
  // npm is a script on Windows, which only a shell starts.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (error !== undefined) fail(`${command} could not be started: ${error.message}`);
  return status ?? 1;
}

export function mustRun(command, args) {
  const code = run(command, args);
  if (code !== 0) process.exit(code);
}

function runs(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Whether node_modules holds what the lock file says. What is optional there may be missing: it is for other platforms. */
function isInstalled() {
  const installed = `${root}/node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const there = JSON.parse(readFileSync(installed, "utf8")).packages;
  const wanted = Object.entries(JSON.parse(readFileSync(`${root}/package-lock.json`, "utf8")).packages);
  return wanted.every(
    ([path, entry]) => path === "" || (there[path] === undefined ? entry.optional === true : there[path].version === entry.version),
  );
}
