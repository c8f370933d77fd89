/** A container's whole file system as the engine exports it, image and all, while its program shouts. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CANARIES, job, PROGRAMS } from "./data.js";
import { exported } from "./surfaces.js";
import { sweep, told } from "./sweep.js";
import { PlantedNode } from "./world.js";

let p: PlantedNode;
beforeAll(async () => {
  p = await PlantedNode.start();
});
afterAll(() => p?.end());

test("the export of a container that shouts holds no value", async () => {
  await p.submit("linger", "researcher", job(PROGRAMS.linger));
  await p.seen.reach("it to run", () => p.seen.newestRun(p.jobs.linger!).state === "executing");
  const { sightings, bytes } = await sweep(CANARIES, [
    exported("export", p.socketPath, await p.containerOf("linger")),
  ]);
  expect(told(sightings)).toEqual([]);
  expect(bytes.export).toBeGreaterThan(100_000_000);
}, 600_000);
