/**
 * The node as an image: built without a registry and without a network, run as docker-compose.yml says beside a Redis
 * from the same image, against the machine's own engine. The whole main job runs in it, and it survives its restart.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { buildNodeImage, ensureBase } from "../../scripts/setup/node-image.mjs";
import { verifyBundle } from "../../src/airlock/index.js";
import {
  awaitJob,
  call,
  freePort,
  requestRelease,
  review,
  sandboxJob,
  sharedEngine,
  submitJob,
  type TempDir,
  tempDir,
  until,
  type World,
  world,
  worldAt,
} from "../harness/index.js";
import { people, unzip } from "./reference.js";

const TAG = `glovebox/node:test-${process.pid}`;
const compose = readFileSync(join(packageRoot, "docker-compose.yml"), "utf8");
/** A list in brackets of the service `node`, such as its capabilities. */
const listed = (name: string): string[] => {
  const service = compose.slice(compose.indexOf("\n  node:"));
  const found = new RegExp(`\\n    ${name}: \\[(.*)\\]`).exec(service)?.[1] ?? "";
  return found.split(",").map((item) => item.trim().replace(/"/g, ""));
};

let docker: Docker;
let socketPath: string;
let place: TempDir;
let staging: string;
let url: string;
let node: Docker.Container;
let redis: Docker.Container;
let w: World;

beforeAll(async () => {
  ({ socketPath } = await sharedEngine());
  docker = new Docker({ socketPath });
  await buildNodeImage(socketPath, { base: await ensureBase(socketPath), tag: TAG });
  place = tempDir("image");
  for (const folder of ["data", "redis"]) mkdirSync(join(place.path, folder), { mode: 0o700 });
  writeFileSync(join(place.path, "key"), randomBytes(32), { mode: 0o600 });
  // What systemd gives every machine: mounts made in the container are seen by the engine.
  staging = mkdtempSync("/run/glovebox-image-");
  execFileSync("mount", ["--bind", staging, staging]);
  execFileSync("mount", ["--make-shared", staging]);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  redis = await startRedis();
  node = await startNode(port);
}, 900_000);

afterAll(async () => {
  for (const container of [node, redis]) await container?.remove({ force: true });
  await docker?.getImage(TAG).remove({ force: true });
  if (staging) {
    execFileSync("umount", ["-R", staging]);
    rmSync(staging, { recursive: true });
  }
  place?.remove();
}, 120_000);

async function startRedis(): Promise<Docker.Container> {
  const command = /\n {4}command: (--port.*)/.exec(compose)?.[1] ?? "";
  const container = await docker.createContainer({
    Image: TAG,
    Entrypoint: ["redis-server"],
    Cmd: command.split(" ").map((word) => (word === '""' ? "" : word)),
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Binds: [`${join(place.path, "redis")}:/run/redis`],
    },
  });
  await container.start();
  return container;
}

async function startNode(port: number): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: TAG,
    Env: [
      `GLOVEBOX_PORT=${port}`,
      "GLOVEBOX_WORKERS=1",
      `GLOVEBOX_STAGING_DIR=${staging}`,
      "GLOVEBOX_KEY_FILE=/run/secrets/glovebox_key",
      "REDIS_URL=unix:///run/redis/redis.sock",
      "DOCKER_HOST=unix:///run/docker.sock",
    ],
    HostConfig: {
      NetworkMode: "host",
      PidMode: "host",
      CapAdd: listed("cap_add"),
      SecurityOpt: listed("security_opt").map((option) => option.replace(":", "=")),
      Binds: [
        `${join(place.path, "data")}:/var/lib/glovebox`,
        `${join(place.path, "redis")}:/run/redis`,
        `${join(place.path, "key")}:/run/secrets/glovebox_key:ro`,
        `${socketPath}:/run/docker.sock`,
        `${staging}:${staging}:rshared`,
        "/sys/fs/cgroup:/sys/fs/cgroup",
        "/proc:/run/host/proc",
      ],
    },
  });
  await container.start();
  await serves();
  return container;
}

const serves = () =>
  until(
    async () => (await call(url, "GET", "/readyz").catch(() => undefined))?.status === 200,
    "the node to be ready",
  );

/** Output of a command in the running node. */
async function inside(...command: string[]): Promise<string> {
  const exec = await node.exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
  return text(await exec.start({ Tty: true }));
}

test("the compose file gives the node what this test gives it, and no more", () => {
  expect(listed("cap_add").length).toBeGreaterThan(0);
  expect(compose).not.toContain("privileged");
  for (const line of ["pid: host", "network_mode: host", "/proc:/run/host/proc", ":rshared"])
    expect(compose).toContain(line);
});

test("the image holds what runs: no sources, no tests, no tools of development, no secret", async () => {
  expect((await inside("ls", "/opt/glovebox")).split(/\s+/)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(?:src|tests|secrets)$/)]),
  );
  expect(await inside("ls", "/opt/glovebox/node_modules")).not.toMatch(/\b(?:jest|typescript|@biomejs)\b/);
  const { Config } = await docker.getImage(TAG).inspect();
  expect(Config.Env.join()).not.toMatch(/TOKEN|PASSWORD/);
});

test("doctor finds all that the node needs", async () => {
  const { checks } = JSON.parse(await inside("glovebox", "doctor", "--json"));
  const lacking = checks.filter(({ ok }: { ok: boolean }) => !ok);
  expect(lacking).toEqual([]);
});

test("the main job runs in it, from dataset to verified bundle", async () => {
  const adminToken = readFileSync(join(place.path, "data", "admin.token"), "utf8").trim();
  w = await world({ url, adminToken });
  const program =
    'import pandas\nd = pandas.read_csv("/data/flchain.csv")\n' +
    'd.groupby("sex").size().reset_index(name="count").to_csv("/out/sex.csv", index=False)\n';
  const job = await submitJob(w.researcher, sandboxJob(program, ["sex.csv"]));
  await awaitJob(w.auditors[0], job, ["held"]);
  await awaitJob(w.researcher, job);
  const release = await requestRelease(w.researcher, job, ["sex.csv"]);
  for (const auditor of w.auditors) await review(auditor, release);
  const { bytes } = await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`);
  expect(verifyBundle(bytes)).toMatchObject({ ok: true, problems: [] });
  const women = people().filter(({ sex }) => sex === "F").length;
  expect(unzip(bytes).get("outputs/sex.csv")?.toString()).toContain(`F,${women}`);
});

test("it stops in time, leaves no mount behind, and serves again on the same data", async () => {
  await node.stop({ t: 30 });
  expect((await node.inspect()).State.ExitCode).toBe(0);
  expect(readdirSync(staging)).toEqual([]);
  await node.start();
  await serves();
  const people = worldAt(w, { url });
  expect((await people.owner.must("GET", "/api/v1/datasets/flchain")).state).toBe("published");
  const job = await submitJob(
    people.researcher,
    sandboxJob('open("/out/n.json", "w").write("{}")\n', ["n.json"]),
  );
  await awaitJob(people.auditors[0], job, ["held"]);
});
