/** Mounts that a killed process left behind under one of our own folders. Linux only; elsewhere there are none. */
import { existsSync, readFileSync } from "node:fs";
import { capture } from "./command.mjs";

/**
 * Mount points at or below `folder` in the text of a mountinfo file, deepest and latest first.
 * @param {string} mountinfo
 * @param {string} folder
 */
export function mountsBelow(mountinfo, folder) {
  const points = mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).reverse();
}

/** Unmounts all of them; throws, naming it, if one stays, since deleting through it would reach elsewhere. @param {string} folder */
export async function unmountBelow(folder) {
  for (const point of current(folder)) {
    const { code } = await capture("umount", [point]);
    if (code !== 0) await capture("umount", ["--lazy", point]);
  }
  const left = current(folder);
  if (left.length > 0) throw new Error(`still mounted, unmount it by hand: ${left.join(", ")}`);
}

/** @param {string} folder */
function current(folder) {
  if (!existsSync("/proc/self/mountinfo")) return [];
  return mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), folder);
}
