/**
 * The resumable upload protocol tus 1.0 on the wire: its headers, read and written. Core, and the extensions creation,
 * expiration, termination and checksum. See docs/decisions/2026-11-24-uploads-that-go-on.md for what is left out.
 */
import type { Request } from "express";
import { CHECKSUMS, type Checksum, type UploadView } from "../catalog/index.js";
import { GloveboxError, invalidInput } from "../vocabulary/index.js";
import type { HeaderSpec, Reply } from "./route.js";

const VERSION = "1.0.0";
const EXTENSIONS = ["creation", "expiration", "termination", "checksum"];
export const PART_MEDIA = "application/offset+octet-stream";

/** On every answer to a call of the protocol. */
export const TUS_ANSWERS = { "Tus-Resumable": VERSION, "Tus-Version": VERSION } as const;

export const VERSION_HEADER = {
  "Tus-Resumable": { description: `The version that the client speaks: ${VERSION}` },
} as const satisfies Record<string, HeaderSpec>;

export const CREATION_HEADERS = {
  ...VERSION_HEADER,
  "Upload-Length": { description: "Bytes of the whole content", required: true },
  "Upload-Metadata": {
    description:
      "Names, each with a base64 value, between commas. `filetype`: what it is sent as; `sha256`: hex, of the whole content, checked when it is taken",
  },
} as const satisfies Record<string, HeaderSpec>;

export const PART_HEADERS = {
  ...VERSION_HEADER,
  "Upload-Offset": { description: "Where this part begins: where the upload is", required: true },
  "Upload-Checksum": {
    description: `An algorithm (${CHECKSUMS.join(", ")}) and the base64 digest of this part, which then counts as a whole or not at all`,
  },
} as const satisfies Record<string, HeaderSpec>;

/** @throws protocol_unsupported when the client says that it speaks another version. */
export function requireTus(request: Request): void {
  const said = request.get("tus-resumable");
  if (said === undefined || said === VERSION) return;
  throw new GloveboxError("protocol_unsupported", { detail: `the version spoken here is ${VERSION}` });
}

function bytesIn(request: Request, name: string): number {
  const text = request.get(name);
  if (text !== undefined && /^\d{1,16}$/.test(text)) return Number(text);
  throw invalidInput(name, text === undefined ? "is missing" : "must be a number of bytes");
}

export const lengthIn = (request: Request): number => bytesIn(request, "Upload-Length");
export const offsetIn = (request: Request): number => bytesIn(request, "Upload-Offset");
export const metadataIn = (request: Request): string => request.get("upload-metadata") ?? "";

/** @throws invalid_input */
export function checksumIn(request: Request): Checksum | undefined {
  const text = request.get("upload-checksum");
  if (text === undefined) return undefined;
  const [name, value = ""] = text.split(" ");
  const algorithm = CHECKSUMS.find((one) => one === name);
  if (!algorithm || !/^[A-Za-z0-9+/]{20,88}={0,2}$/.test(value))
    throw invalidInput("Upload-Checksum", `must be one of ${CHECKSUMS.join(", ")} and a base64 digest`);
  return { algorithm, digest: Buffer.from(value, "base64") };
}

const expiryOf = (upload: UploadView) => ({ "Upload-Expires": new Date(upload.expires_at).toUTCString() });

export const pathOfUpload = (upload: UploadView): string => `/api/v1/uploads/${upload.id}`;

/** An upload as JSON, and as the protocol has it in headers. */
export function shown(upload: UploadView, metadata: string): Reply {
  const headers = {
    "Upload-Offset": String(upload.offset),
    "Upload-Length": String(upload.length),
    ...(metadata === "" ? {} : { "Upload-Metadata": metadata }),
    ...expiryOf(upload),
  };
  return { kind: "json", status: 200, body: upload, headers };
}

export function begun(upload: UploadView): Reply {
  const headers = { Location: pathOfUpload(upload), ...expiryOf(upload) };
  return { kind: "json", status: 201, body: upload, headers };
}

export function received(upload: UploadView): Reply {
  const headers = { "Upload-Offset": String(upload.offset), ...expiryOf(upload) };
  return { kind: "json", status: 204, body: undefined, headers };
}

export function abilities(maxBytes: number): Reply {
  const headers = {
    "Tus-Extension": EXTENSIONS.join(","),
    "Tus-Max-Size": String(maxBytes),
    "Tus-Checksum-Algorithm": CHECKSUMS.join(","),
  };
  return { kind: "json", status: 204, body: undefined, headers };
}
