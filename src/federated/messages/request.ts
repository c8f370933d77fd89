/**
 * Requests between domains, signed as RFC 9421 says: method, path with query, digest of the body, time and a nonce.
 *
 * Rules: a request without a signature of a key that the board knows is nobody's. A signature is good for five minutes
 * and for one use: nonces are remembered as long. Source: RFC 9421 (ed25519), RFC 9530 (Content-Digest).
 */
import { createHash, randomBytes } from "node:crypto";
import { type Clock, GloveboxError } from "../../vocabulary/index.js";
import { signedBy } from "./message.js";

export const SIGNATURE_SECONDS = 300;
const COMPONENTS = '("@method" "@path" "@query" "content-digest")';
const INPUT =
  /^sig1=\("@method" "@path" "@query" "content-digest"\);created=(\d{1,12});nonce="([A-Za-z0-9+/=]{24})";keyid="([A-Za-z0-9+/]{43}=)";alg="ed25519"$/;
const SIGNATURE = /^sig1=:([A-Za-z0-9+/]{86}==):$/;

export interface RequestParts {
  method: string;
  path: string;
  /** With its question mark, or empty. */
  query: string;
  /** Hex SHA-256 of the body. */
  digest: string;
}

export const bodyDigest = (body: Uint8Array): string => createHash("sha256").update(body).digest("hex");

const contentDigest = (hex: string): string => `sha-256=:${Buffer.from(hex, "hex").toString("base64")}:`;

function baseOf({ method, path, query, digest }: RequestParts, parameters: string): Buffer {
  const lines = [
    `"@method": ${method.toUpperCase()}`,
    `"@path": ${path}`,
    `"@query": ${query === "" ? "?" : query}`,
    `"content-digest": ${contentDigest(digest)}`,
    `"@signature-params": ${parameters}`,
  ];
  return Buffer.from(lines.join("\n"), "utf8");
}

/** The headers of a signed request. */
export function signRequest(
  parts: RequestParts,
  key: { publicKey: string; sign(bytes: Uint8Array): Buffer },
  clock: Clock,
): Record<string, string> {
  const created = Math.floor(clock.now() / 1000);
  const nonce = randomBytes(18).toString("base64");
  const parameters = `${COMPONENTS};created=${created};nonce="${nonce}";keyid="${key.publicKey}";alg="ed25519"`;
  return {
    "Content-Digest": contentDigest(parts.digest),
    "Signature-Input": `sig1=${parameters}`,
    Signature: `sig1=:${key.sign(baseOf(parts, parameters)).toString("base64")}:`,
  };
}

export interface SignedHeaders {
  signatureInput: string | undefined;
  signature: string | undefined;
}

const MAX_NONCES = 100_000;

/** Checks signatures, and remembers which were used. */
export class RequestVerifier {
  private readonly used = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** @returns the signer's key. @throws unauthenticated; rate_limited when too many came to remember */
  signer(parts: RequestParts, { signatureInput, signature }: SignedHeaders): string {
    const input = INPUT.exec(signatureInput ?? "");
    const signed = SIGNATURE.exec(signature ?? "");
    if (!input || !signed)
      throw new GloveboxError("unauthenticated", { detail: "the request is not signed" });
    const [, created, nonce, key] = input as unknown as [string, string, string, string];
    const now = Math.floor(this.clock.now() / 1000);
    if (Math.abs(now - Number(created)) > SIGNATURE_SECONDS)
      throw new GloveboxError("unauthenticated", { detail: "the signature's time is not now" });
    const base = baseOf(parts, signatureInput!.slice("sig1=".length));
    if (!signedBy(key, base, signed[1]!))
      throw new GloveboxError("unauthenticated", {
        detail: "the signature is not the key's over this request",
      });
    this.once(`${key} ${nonce}`, now);
    return key;
  }

  private once(use: string, now: number): void {
    for (const [old, at] of this.used) {
      if (at + 2 * SIGNATURE_SECONDS >= now) break;
      this.used.delete(old);
    }
    if (this.used.has(use)) throw new GloveboxError("unauthenticated", { detail: "the request came before" });
    if (this.used.size >= MAX_NONCES)
      throw new GloveboxError("rate_limited", { retry_after: SIGNATURE_SECONDS });
    this.used.set(use, now);
  }
}
