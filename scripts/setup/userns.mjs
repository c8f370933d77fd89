/**
 * What isolation level `userns` stands on: a second private dockerd, all of whose containers live in a user namespace
 * with ids of its own, and the sandbox images in its store.
 *
 * Rules
 * - On request only: `npm run setup -- --need userns`, as root. Remapping is a setting of a whole engine, so it is
 *   never the first one that is changed.
 * - The range of ids belongs to an account that nobody can log in to, and meets no other range of the machine.
 *   src/sandbox/userns/ids.ts reads it where it is written here.
 * - Images are copied from the first engine, never built again: their layers are the same to the byte.
 * - It outlives the set-up like the first one; `--need userns` starts it again after a restart of the machine.
 */
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { CommandFailed, capture, findProgram } from "./command.mjs";
import { dockerCall, pingEngine } from "./docker-http.mjs";
import { chooseEngine, startEngine, stopEngine } from "./engine.mjs";
import { usernsPaths } from "./home.mjs";
import { presentImages } from "./images.mjs";
import { withLock } from "./lock.mjs";
import { imageNames, readRecipe } from "./recipe.mjs";

export const ACCOUNT = "glovebox-userns";
/** Above what distributions give away, above the users of level `container`, and within what programs take. */
const FIRST = 2_100_000_000;
const COUNT = 47_000_000;
const RANGES = ["/etc/subuid", "/etc/subgid"];
const FIX = "npm run setup -- --need userns (as root)";

/** @typedef {{ name: string, first: number, count: number }} Range */

/** Lines of a file of subordinate ids. @param {string} text @returns {Range[]} */
export function parseRanges(text) {
  return text.split("\n").flatMap((line) => {
    const [name, first, count] = line.trim().split(":");
    return name && first && count ? [{ name, first: Number(first), count: Number(count) }] : [];
  });
}

/** Why our range cannot be added; "present": it is there. Pure. @param {Range[]} ranges */
export function rangeProblem(ranges) {
  const own = ranges.filter(({ name }) => name === ACCOUNT);
  if (own.length === 1 && own[0]?.first === FIRST && own[0]?.count === COUNT) return "present";
  if (own.length > 0) return `${ACCOUNT} has other ids there than ${FIRST} to ${FIRST + COUNT - 1}`;
  const met = ranges.find(({ first, count }) => first < FIRST + COUNT && FIRST < first + count);
  return met && `the ids of ${met.name} meet ${FIRST} to ${FIRST + COUNT - 1}`;
}

/** @returns {Promise<import("./checks.mjs").CheckResult>} */
export async function lookUserns() {
  const { socket } = usernsPaths();
  const choice = chooseEngine();
  if ("problem" in choice || !(await pingEngine(choice.socketPath)).ok)
    return { ok: false, detail: "no container engine to take images from", fix: "see docker" };
  if (!findProgram("dockerd"))
    return { ok: false, detail: "dockerd is missing: the level needs an engine of its own", fix: FIX };
  if (!(await pingEngine(socket)).ok) {
    const detail = existsSync(socket) ? "the second engine does not run" : "the second engine is not set up";
    return { ok: false, detail, fix: FIX };
  }
  const lacking = await lackingImages(choice.socketPath, socket);
  if (lacking.length > 0) {
    const names = lacking.map(({ reference }) => reference).join(", ");
    return { ok: false, detail: `the second engine lacks ${names}`, fix: FIX };
  }
  return { ok: true, detail: `a second engine with ids from ${FIRST} at ${socket}` };
}

/** Images of this checkout that the first engine has and the second one lacks. @param {string} from @param {string} to */
async function lackingImages(from, to) {
  const [first, second] = await Promise.all([presentImages(from), presentImages(to)]);
  const has = (/** @type {typeof first} */ list, /** @type {string} */ digest) =>
    list.some(({ recipe }) => recipe === digest);
  return imageNames()
    .map((name) => readRecipe(name))
    .filter(({ digest }) => has(first, digest) && !has(second, digest));
}

/** Makes the account, its range and the engine, and copies the images. @param {import("./progress.mjs").Progress} progress */
export async function mendUserns(progress) {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  const choice = chooseEngine();
  if ("problem" in choice) throw new Error(choice.problem);
  const { lock } = usernsPaths();
  await progress.step("userns", "a second engine whose users are nobody outside", () =>
    withLock(`${lock}.setup`, async () => {
      await ensureAccount();
      await startRemappedEngine();
    }),
  );
  for (const recipe of await lackingImages(choice.socketPath, usernsPaths().socket))
    await progress.step(`image ${recipe.image} for userns`, "copied, about half a minute", () =>
      copyImage(choice.socketPath, usernsPaths().socket, recipe.reference),
    );
}

export async function startRemappedEngine(env = process.env) {
  const paths = usernsPaths(env);
  for (const path of ["/var/lib/glovebox", paths.open, paths.data, paths.exec]) {
    mkdirSync(path, { recursive: true });
    // To be walked through, not to be listed, by the users that containers have on the machine.
    chmodSync(path, 0o711);
  }
  return startEngine(paths, ["--userns-remap", ACCOUNT]);
}

export const stopRemappedEngine = (env = process.env) => stopEngine(usernsPaths(env));

async function ensureAccount() {
  for (const file of RANGES) {
    const problem = rangeProblem(existsSync(file) ? parseRanges(readFileSync(file, "utf8")) : []);
    if (problem === "present") continue;
    if (problem) throw new Error(`${file}: ${problem}`);
    appendFileSync(file, `${ACCOUNT}:${FIRST}:${COUNT}\n`, { mode: 0o644 });
  }
  if ((await capture("getent", ["passwd", ACCOUNT])).code === 0) return;
  const flags = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"];
  const { code, output } = await capture("useradd", [...flags, "--shell", "/usr/sbin/nologin", ACCOUNT]);
  if (code !== 0) throw new CommandFailed("useradd", output);
}

/**
 * From one engine's store into another's, without a copy on the disk between them.
 * @param {string} from @param {string} to @param {string} reference
 */
async function copyImage(from, to, reference) {
  const source = await new Promise((resolve, reject) => {
    const path = `/v1.41/images/get?names=${encodeURIComponent(reference)}`;
    const call = request({ socketPath: from, path, agent: false }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`the engine did not give ${reference}: ${response.statusCode}`));
    });
    call.once("error", reject).end();
  });
  const answer = await dockerCall(to, "POST", "/images/load?quiet=1", {
    body: /** @type {import("node:stream").Readable} */ (source),
  });
  const failed = answer.split("\n").find((line) => line.includes('"error"'));
  if (failed) throw new Error(`the second engine did not take ${reference}: ${failed}`);
}
