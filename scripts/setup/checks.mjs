/**
 * What a machine must have for Glovebox, as one table: what each thing is for, whether it is there, and how a person
 * gets it. The set-up mends from it; `glovebox doctor` and `setup.mjs --check` print it. Looking changes nothing.
 */
import { buildProblem } from "./build.mjs";
import { capture, findProgram } from "./command.mjs";
import { installCommand } from "./debian.mjs";
import { dependenciesProblem, missingCompiler, nodeHeaders } from "./dependencies.mjs";
import { pingEngine } from "./docker-http.mjs";
import { chooseEngine } from "./engine.mjs";
import { lookGvisor } from "./gvisor.mjs";
import { isPackaged } from "./home.mjs";
import { imageFacts, presentImages } from "./images.mjs";
import { lookMicrovm } from "./microvm.mjs";
import { imageNames, neededRecipes, readRecipe, versionsOf } from "./recipe.mjs";
import { lookUserns } from "./userns.mjs";

/**
 * @typedef {object} CheckResult
 * @property {boolean} ok
 * @property {string} detail      what was found
 * @property {string} [fix]       what a person does about it, if not ok
 * @property {string[]} [packages] Debian packages that would mend it
 */
/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} without     what does not work without it, and what still does
 * @property {() => Promise<CheckResult>} look
 */

const SANDBOX_ONLY = "sandbox jobs are refused (engine_unavailable); queries, aggregates and training work";
const MMDEBSTRAP = ["mmdebstrap", "debian-archive-keyring"];
const STRONGER =
  "data of grade 4 need it or a stronger level, unless their owner accepts a container; set up on request";
const NOTHING_RUNS = "nothing runs";

/** @type {Check[]} */
export const CHECKS = [
  { name: "node", without: NOTHING_RUNS, look: lookNode },
  { name: "compiler", without: "npm ci cannot compile better-sqlite3", look: lookCompiler },
  { name: "dependencies", without: NOTHING_RUNS, look: lookDependencies },
  { name: "build", without: NOTHING_RUNS, look: lookBuild },
  { name: "redis", without: "no node starts, unless REDIS_URL names a server", look: lookRedis },
  {
    name: "bubblewrap",
    without: "no data can be read: engines and checkers are confined by it",
    look: lookBubblewrap,
  },
  { name: "docker", without: SANDBOX_ONLY, look: lookDocker },
  { name: "mmdebstrap", without: "sandbox images cannot be built", look: lookMmdebstrap },
  {
    name: "images",
    without: SANDBOX_ONLY,
    look: () => lookImages(neededRecipes(), "npm run setup (as root)"),
  },
  {
    name: "image-r",
    without: "jobs that ask for the image r are refused; built on request",
    look: () => lookImages([readRecipe("r")], "npm run setup -- --need image-r (as root)"),
  },
  { name: "userns", without: `level userns is not offered; ${STRONGER}`, look: lookUserns },
  { name: "gvisor", without: `level gvisor is not offered; ${STRONGER}`, look: lookGvisor },
  {
    name: "microvm",
    without: "data of grade 5 are refused a sandbox (isolation_unavailable); built on request",
    look: lookMicrovm,
  },
];

/**
 * What is in the images of this version that are built, with the versions of the packages that their recipes name.
 * @returns {Promise<(import("./images.mjs").ImageFacts & { named: Record<string, string> })[]>}
 */
export async function imagesHere() {
  const choice = chooseEngine();
  if ("problem" in choice || !(await pingEngine(choice.socketPath)).ok) return [];
  const recipes = imageNames().map((name) => readRecipe(name));
  const found = await Promise.all(
    recipes.map(async (recipe) => {
      const facts = await imageFacts(choice.socketPath, recipe);
      return facts && { ...facts, named: versionsOf(recipe.packages, facts.packages) };
    }),
  );
  return found.filter((facts) => facts !== undefined);
}

/** @returns {Promise<CheckResult>} */
async function lookNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 11);
  return { ok, detail: `Node ${process.versions.node}`, fix: ok ? undefined : "install Node 20.11 or newer" };
}

/** Not needed, and so not asked for, once the dependencies are there. @returns {Promise<CheckResult>} */
async function lookCompiler() {
  if (isPackaged() || (await dependenciesProblem()) === undefined)
    return { ok: true, detail: "not needed: dependencies are installed" };
  const packages = missingCompiler();
  if (packages.length > 0) {
    return { ok: false, detail: `missing: ${packages.join(", ")}`, fix: installCommand(packages), packages };
  }
  const headers = nodeHeaders();
  const where = headers ? `Node's headers under ${headers}` : "Node's headers will be fetched by node-gyp";
  return { ok: true, detail: `g++, make, python3; ${where}` };
}

/** @returns {Promise<CheckResult>} */
async function lookDependencies() {
  if (isPackaged()) return { ok: true, detail: "part of the package" };
  const problem = await dependenciesProblem();
  if (problem) return { ok: false, detail: problem, fix: "npm run setup" };
  return { ok: true, detail: "node_modules is as package-lock.json says" };
}

/** @returns {Promise<CheckResult>} */
async function lookBuild() {
  if (isPackaged()) return { ok: true, detail: "part of the package" };
  const problem = buildProblem();
  return problem
    ? { ok: false, detail: problem, fix: "npm run setup" }
    : { ok: true, detail: "dist is current" };
}

/** @returns {Promise<CheckResult>} */
async function lookRedis() {
  const url = process.env.REDIS_URL;
  if (url) return { ok: true, detail: "REDIS_URL is set; the node reports whether it answers" };
  const program = findProgram("redis-server");
  if (program) return { ok: true, detail: program };
  const packages = ["redis-server"];
  return { ok: false, detail: "redis-server is missing", fix: installCommand(packages), packages };
}

/** Installed is not enough: some machines forbid the namespaces it needs. @returns {Promise<CheckResult>} */
async function lookBubblewrap() {
  const packages = ["bubblewrap"];
  if (!findProgram("bwrap")) {
    return { ok: false, detail: "bwrap is missing", fix: installCommand(packages), packages };
  }
  const { code, output } = await capture("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "--", "true"]);
  if (code === 0) return { ok: true, detail: "confines engines and checkers, which need no image" };
  const said = output.trim().split("\n").at(-1) ?? "";
  return {
    ok: false,
    detail: `bwrap cannot confine here: ${said}`,
    fix: "allow user namespaces, or run as root",
  };
}

/** @returns {Promise<CheckResult>} */
async function lookDocker() {
  const choice = chooseEngine();
  if ("problem" in choice)
    return { ok: false, detail: choice.problem, fix: "unset DOCKER_HOST or name a unix socket" };
  const { socketPath, source } = choice;
  const engine = await pingEngine(socketPath);
  if (engine.ok && engine.os !== "linux") {
    return {
      ok: false,
      detail: `the engine at ${socketPath} runs ${engine.os} containers`,
      fix: "use a Linux engine",
    };
  }
  if (engine.ok) return { ok: true, detail: `${source} engine ${engine.version} at ${socketPath}` };
  if (source !== "private") {
    const fix =
      engine.error === "permission denied" ? "join the group docker, then log in again" : "start that engine";
    return { ok: false, detail: `${source} engine at ${socketPath}: ${engine.error}`, fix };
  }
  if (findProgram("dockerd")) {
    return {
      ok: false,
      detail: "no engine runs; dockerd is installed",
      fix: "npm run setup (as root), or start Docker",
    };
  }
  const packages = ["docker.io", "iptables"];
  return { ok: false, detail: "no container engine", fix: installCommand(packages), packages };
}

/** @returns {Promise<CheckResult>} */
async function lookMmdebstrap() {
  const packages = MMDEBSTRAP;
  const present = await lookImages(neededRecipes(), "");
  if (present.ok) return { ok: true, detail: "not needed: the images are built" };
  if (findProgram("mmdebstrap")) return { ok: true, detail: "installed" };
  return { ok: false, detail: "mmdebstrap is missing", fix: installCommand(packages), packages };
}

/**
 * @param {import("./recipe.mjs").Recipe[]} recipes
 * @param {string} fix
 * @returns {Promise<CheckResult>}
 */
async function lookImages(recipes, fix) {
  const choice = chooseEngine();
  if ("problem" in choice || !(await pingEngine(choice.socketPath)).ok) {
    return { ok: false, detail: "no engine to look in", fix: "see docker" };
  }
  const present = await presentImages(choice.socketPath);
  const missing = recipes.filter(({ digest }) => !present.some(({ recipe }) => recipe === digest));
  if (missing.length === 0) return { ok: true, detail: recipes.map(({ reference }) => reference).join(", ") };
  const names = missing.map(({ reference }) => reference).join(", ");
  const packages = findProgram("mmdebstrap") ? [] : MMDEBSTRAP;
  return { ok: false, detail: `not built: ${names}`, fix, packages };
}
