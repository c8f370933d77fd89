/** The HTTP API as a test sees it: every status is an answer, none throws. */

export interface Answer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
  /** The parsed body; undefined where it is not JSON. */
  json: Json;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads arbitrary answers and asserts on what it reads
export type Json = any;

export interface Sent {
  token?: string;
  /** A Buffer goes as it is; anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** One call; `path` is from the root of the node. */
export async function call(url: string, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (sent.token) headers.authorization = `Bearer ${sent.token}`;
  if (sent.body !== undefined && !Buffer.isBuffer(sent.body)) headers["content-type"] = "application/json";
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...sent.headers },
    body: bodyOf(sent.body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString("utf8");
  // The answer to a HEAD says what a GET would have had, and has no body.
  const isJson = method !== "HEAD" && /[/+]json/.test(response.headers.get("content-type") ?? "");
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

function bodyOf(body: unknown): Uint8Array<ArrayBuffer> | string | undefined {
  if (body === undefined) return undefined;
  return Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body);
}

/**
 * The data of server-sent events, parsed, until the server closes the stream, the reader stops, or time is up.
 * @throws Error after `withinMs`
 */
export async function* events(
  url: string,
  path: string,
  token: string,
  withinMs = 120_000,
): AsyncGenerator<Json> {
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
    signal: AbortSignal.timeout(withinMs),
  });
  if (response.status !== 200 || !response.body) throw new Error(`${path} answered ${response.status}`);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:"));
      if (data.length > 0) yield JSON.parse(data.map((line) => line.slice("data:".length)).join("\n"));
    }
  }
}
