/**
 * Installing Debian packages: only as root on Debian or Ubuntu, all that is missing in one go.
 *
 * Packages that bring a service (docker.io, redis-server) start it as Debian decides, where a service manager runs: a
 * Docker engine so started is then used; a redis-server, which listens on loopback, is not.
 */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, runLogged } from "./command.mjs";

const APT = ["-y", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Options::=--force-confold"];

/**
 * Whether packages can be installed here, and if not, why.
 * @returns {{ can: true } | { can: false, why: string }}
 */
export function canInstall(uid = process.getuid?.(), osRelease = readOsRelease()) {
  if (!isDebian(osRelease) || !findProgram("apt-get"))
    return { can: false, why: "this is not Debian or Ubuntu" };
  if (uid !== 0) return { can: false, why: "this is not root" };
  return { can: true };
}

/** @param {string} osRelease text of /etc/os-release */
export function isDebian(osRelease) {
  const ids = /^ID(?:_LIKE)?=(.*)$/gm;
  const names = [...osRelease.matchAll(ids)].flatMap((match) =>
    (match[1] ?? "").replaceAll('"', "").split(" "),
  );
  return names.includes("debian") || names.includes("ubuntu");
}

function readOsRelease() {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}

/** @param {string[]} packages */
export async function installPackages(packages) {
  const log = join(tmpdir(), `glovebox-apt-${process.pid}.log`);
  const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
  // A source that cannot be reached need not be the one that has these packages: the install tells.
  await runLogged("apt-get", ["update", ...APT], { log, env }).catch(() => undefined);
  await runLogged("apt-get", ["install", "--no-install-recommends", ...APT, ...packages], { log, env });
  rmSync(log, { force: true });
}

/** The command that a person would type. @param {string[]} packages */
export function installCommand(packages) {
  return `sudo apt-get install --no-install-recommends ${packages.join(" ")}`;
}
