/** The few calls of the Docker Engine API that the set-up makes, over a unix socket, with nothing installed. */
import { request } from "node:http";

const API = "/v1.41";
/** A busy machine may take minutes to unpack an image after its last byte was sent. */
const PATIENCE_MS = 15 * 60_000;

/**
 * One call. `body`, if given, is a stream. A status of 400 and more throws with the engine's own message.
 * @param {string} socketPath
 * @param {string} method
 * @param {string} path
 * @param {{ body?: import("node:stream").Readable, type?: string, timeoutMs?: number }} [options]
 * @returns {Promise<string>}
 */
export function dockerCall(
  socketPath,
  method,
  path,
  { body, type = "application/x-tar", timeoutMs = PATIENCE_MS } = {},
) {
  return new Promise((resolve, reject) => {
    const headers = body ? { "content-type": type } : {};
    const call = request(
      // No shared agent: Node's own gives up on a connection that was silent for five seconds.
      { socketPath, method, path: API + path, headers, timeout: timeoutMs, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        response.once("error", reject);
        response.once("end", () => {
          if ((response.statusCode ?? 500) < 400) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.trim()}`));
        });
      },
    );
    call.once("timeout", () => call.destroy(new Error("the engine did not answer in time")));
    call.once("error", reject);
    if (body) {
      body.once("error", (cause) => call.destroy(cause));
      body.pipe(call);
    } else call.end();
  });
}

/** Whether an engine answers there, and if not, why. @param {string} socketPath */
export async function pingEngine(socketPath, timeoutMs = 5000) {
  try {
    const version = JSON.parse(await dockerCall(socketPath, "GET", "/version", { timeoutMs }));
    return { ok: true, version: String(version.Version), os: String(version.Os), error: "" };
  } catch (cause) {
    return { ok: false, version: "", os: "", error: reason(cause) };
  }
}

/** @param {unknown} cause */
function reason(cause) {
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "EACCES") return "permission denied";
  if (code === "ENOENT") return "no such socket";
  if (code === "ECONNREFUSED") return "nobody listens";
  return cause.message || code;
}
