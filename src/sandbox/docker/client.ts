/** Calls to the engine, with its errors in our words. Engine messages go into `cause`, never into what users see. */
import type Docker from "dockerode";
import { GloveboxError } from "../../vocabulary/index.js";

export interface EngineInfo {
  version: string;
  cgroupDriver: string;
  cgroupVersion: 1 | 2;
  init: boolean;
  /** The engine's root is not the machine's: folders that we give to uid 65534 would be another's inside. */
  remapped: boolean;
  processors: number;
  seccomp: boolean;
}

export const statusOf = (error: unknown): number | undefined =>
  typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : undefined;

export function engineFailure(doing: string, cause: unknown): GloveboxError {
  return new GloveboxError(
    "engine_unavailable",
    { detail: `the container engine failed to ${doing}` },
    cause,
  );
}

/** Runs a call whose goal may have been reached already: not found and "not running" are success. */
export async function settled(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const status = statusOf(error);
    if (status !== 404 && status !== 409 && status !== 304) throw error;
  }
}

export async function engineInfo(docker: Docker): Promise<EngineInfo> {
  const info: unknown = await docker.info();
  const field = (name: string): unknown => (info as Record<string, unknown>)[name];
  const security = field("SecurityOptions");
  const options = Array.isArray(security) ? security.map(String) : [];
  return {
    version: String(field("ServerVersion")),
    cgroupDriver: String(field("CgroupDriver")),
    cgroupVersion: field("CgroupVersion") === "2" ? 2 : 1,
    init: String(field("InitBinary") ?? "") !== "",
    remapped: options.some((option) => /name=(rootless|userns)/.test(option)),
    processors: Number(field("NCPU")) || 1,
    seccomp: options.some((option) => option.includes("seccomp")),
  };
}
