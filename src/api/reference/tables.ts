/** The pages of permissions, errors and calls. */
import { ERRORS, type ErrorDefinition, ROLE_NAMES_ZH, ROLES } from "../../vocabulary/index.js";
import { PERMISSIONS, type Permission, permits } from "../permissions.js";
import { type Route, TAGS, TAGS_ZH, type Tag } from "../route.js";
import { ROUTES } from "../routes/index.js";
import { code, markdownTable, page } from "./markdown.js";

const nameOf = (route: Route): string =>
  code(`${route.method.toUpperCase()} ${route.root ? "" : "/api/v1"}${route.path}`);

export function permissionsPage(): string {
  const rows = (Object.keys(PERMISSIONS) as Permission[]).map((permission) => {
    const rule: { may: string; may_zh: string; unless?: readonly string[] } = PERMISSIONS[permission];
    const marks = ROLES.map((role) => (permits([role], permission) ? "✓" : ""));
    const but = rule.unless ? `; not with ${rule.unless.join(" or ")}` : "";
    return [code(permission), ...marks, `${rule.may}${but}`, rule.may_zh];
  });
  const calls = ROUTES.map((route) => [
    nameOf(route),
    route.permission === "public" ? "" : code(route.permission),
  ]);
  return page("Permissions", [
    "A permission opens a call, never an object: whether this dataset, job or release may be seen or changed is decided by the service that owns it. Somebody with several roles has the permissions of each.",
    markdownTable(["permission", ...ROLES.map((r) => `${r} ${ROLE_NAMES_ZH[r]}`), "may", "中文"], rows),
    "## What each call needs",
    markdownTable(["call", "permission (empty: no token)"], calls),
  ]);
}

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, rule]: [string, ErrorDefinition]) => [
    code(name),
    rule.status,
    rule.title,
    rule.title_zh,
    rule.retryable ? "yes" : "",
    rule.next,
  ]);
  return page("Errors", [
    "Errors are RFC 9457 `application/problem+json` with `type` = `urn:glovebox:error:<code>`, `title`, `status`, `code`, and where it helps `detail`, `next` and `errors` (a list of `path` and `message`). None carries a value from data. `internal` carries an incident id and nothing else; the node's log has it.",
    markdownTable(["code", "status", "title", "中文", "try again", "next"], rows),
  ]);
}

export function apiPage(): string {
  const groups = (Object.keys(TAGS) as Tag[]).flatMap((tag) => [
    `## ${TAGS[tag]} ${TAGS_ZH[tag]}`,
    markdownTable(
      ["call", "does", "中文", "answers", "errors of its own"],
      ROUTES.filter((route) => route.tag === tag).map((route) => [
        nameOf(route),
        `${route.summary}${marksOf(route)}`,
        route.summary_zh,
        Object.keys(route.responses).join(", "),
        (route.errors ?? []).map(code).join(" "),
      ]),
    ),
  ]);
  return page("HTTP API", [
    "The whole description with all payloads is [openapi.json](../../openapi.json); a node shows it at `/docs`. ¹ takes `Idempotency-Key`, ² takes `If-Match`.",
    ...groups,
  ]);
}

const marksOf = (route: Route): string => `${route.idempotent ? " ¹" : ""}${route.conditional ? " ²" : ""}`;
