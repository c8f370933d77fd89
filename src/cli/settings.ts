/** Settings come from flags, then GLOVEBOX_* variables, then the profile that `login` wrote. */
import { join } from "node:path";
import { Usage } from "./failure.js";
import { type Profile, profileDir, readProfile } from "./profile.js";

export type Language = "en" | "zh";

/** The flags that every command has. */
export interface CommonFlags {
  json?: boolean;
  lang?: string;
  url?: string;
  token?: string;
  profile?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  url: string | undefined;
  token: string | undefined;
  profileDir: string;
  profile: Profile | undefined;
}

export function settingsOf(flags: CommonFlags, env: Environment): Settings {
  const dir = flags.profile ?? env.GLOVEBOX_PROFILE ?? profileDir(env);
  const profile = readProfile(dir);
  return {
    url: flags.url ?? env.GLOVEBOX_URL ?? profile?.url,
    token: flags.token ?? env.GLOVEBOX_TOKEN ?? profile?.token,
    profileDir: dir,
    profile,
  };
}

export function languageOf(flags: CommonFlags, env: Environment): Language {
  const wanted = flags.lang ?? env.GLOVEBOX_LANG ?? env.LC_ALL ?? env.LC_MESSAGES ?? env.LANG ?? "";
  return wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** @throws Usage when there is no address, or a token would travel in clear. */
export function requireUrl(url: string | undefined): URL {
  if (!url) {
    throw new Usage(
      "No node is named. Log in first (glovebox login --url U --token T), or set GLOVEBOX_URL.",
      "未指定节点。请先登录：glovebox login --url U --token T，或设置 GLOVEBOX_URL。",
    );
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !["http:", "https:"].includes(parsed.protocol)) {
    throw new Usage("The node's address must be an http or https URL.", "节点地址必须是 http 或 https URL。");
  }
  if (parsed.protocol === "http:" && !isLoopback(parsed.hostname)) {
    throw new Usage(
      "Over plain http a token is sent only to this machine; use https for another.",
      "明文 http 仅可用于本机；访问其他主机请使用 https。",
    );
  }
  return parsed;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/;
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** Where a node keeps its data when nothing is said. */
export const dataDirOf = (env: Environment): string =>
  env.GLOVEBOX_DATA_DIR ?? join(process.cwd(), ".glovebox", "node");

/** @throws Usage */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && text.trim() !== "" && value >= least && value <= most) return value;
  throw new Usage(
    `${flag} takes a whole number from ${least} to ${most}.`,
    `${flag} 须为 ${least} 到 ${most} 的整数。`,
  );
}
