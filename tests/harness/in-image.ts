/** A program of the test's own in one of the images that researchers' programs run in, confined as far as it needs. */
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { presentImages } from "../../scripts/setup/images.mjs";
import { readRecipe } from "../../scripts/setup/recipe.mjs";
import { sharedEngine } from "./engine.js";

/** Id of an image as its recipe now is. @throws Error saying how to build it, for a test must not pass without it. */
export async function builtImage(name: "python" | "r"): Promise<string> {
  const { socketPath } = await sharedEngine();
  const { digest, reference } = readRecipe(name);
  const built = (await presentImages(socketPath)).find(({ recipe }) => recipe === digest);
  if (built) return built.id;
  throw new Error(`the image ${reference} is not built; run: npm run setup -- --need image-r`);
}

/** What a command in an image writes on stdout, given this on stdin. @throws Error unless it ends with 0 */
export async function inImage(image: "python" | "r", command: string[], given: string): Promise<string> {
  const { socketPath } = await sharedEngine();
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({
    Image: await builtImage(image),
    Cmd: command,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      Tmpfs: { "/tmp": "size=64m" },
    },
  });
  try {
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    const [out, err] = [new PassThrough(), new PassThrough()];
    let [answer, complaint] = ["", ""];
    out.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    err.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    docker.modem.demuxStream(stream, out, err);
    await container.start();
    const ended = new Promise<void>((resolve) => stream.once("end", () => resolve()));
    stream.end(given);
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    await ended;
    if (StatusCode !== 0) throw new Error(`the program ended with ${StatusCode}: ${complaint}`);
    return answer;
  } finally {
    await container.remove({ force: true });
  }
}
