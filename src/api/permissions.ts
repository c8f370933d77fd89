/**
 * Who may call what: role × permission. Every route names one of these; `GET /me`, the reference page and the
 * check at the edge all read this table.
 *
 * Rules: a permission opens a route, never an object. Whether *this* dataset, job or release may be seen or
 * changed is decided by the service that owns it. Being admin opens no data and no review.
 */
import { GloveboxError, ROLES, type Role } from "../vocabulary/index.js";

export interface PermissionDefinition {
  roles: readonly Role[];
  /** Roles that close it again for a principal who has them as well. */
  unless?: readonly Role[];
  may: string;
  may_zh: string;
}

const EVERYONE = ROLES;

export const PERMISSIONS = {
  "principals.add": { roles: ["admin"], may: "add principals", may_zh: "新增主体" },
  "principals.list": { roles: ["admin", "owner"], may: "list principals", may_zh: "查看主体列表" },
  "principals.revoke": { roles: ["admin"], may: "revoke principals", may_zh: "撤销主体" },
  "me.read": { roles: EVERYONE, may: "see what one is and may do", may_zh: "查看本人身份与权限" },
  "me.key": { roles: EVERYONE, may: "register one's own signing key", may_zh: "登记本人签名公钥" },
  "datasets.create": { roles: ["owner"], may: "register datasets", may_zh: "登记数据资源" },
  "datasets.change": {
    roles: ["owner"],
    may: "describe, fill, assess, publish, suspend and retire one's datasets",
    may_zh: "维护、评估、发布、暂停、注销本部门数据资源",
  },
  "datasets.read": { roles: EVERYONE, may: "read the catalogue", may_zh: "查看数据目录" },
  "datasets.synthetic": { roles: EVERYONE, may: "download synthetic twins", may_zh: "下载合成数据" },
  "datasets.compare": {
    roles: ["owner"],
    may: "compare synthetic records with one's own data",
    may_zh: "比对合成数据与本部门数据",
  },
  "datasets.budget": {
    roles: ["owner", "auditor", "researcher", "operator"],
    may: "see budgets, or one's own share of them",
    may_zh: "查看隐私预算或本人份额",
  },
  "grants.create": {
    roles: ["owner", "researcher", "operator"],
    may: "request grants, or give them on one's own datasets",
    may_zh: "申请或授予授权",
  },
  "grants.read": { roles: EVERYONE, may: "read the grants that concern one", may_zh: "查看相关授权" },
  "grants.decide": {
    roles: ["owner"],
    may: "approve, refuse and revoke grants on one's datasets",
    may_zh: "批准、拒绝、撤销授权",
  },
  "queries.ask": {
    roles: ["researcher", "operator"],
    may: "ask queries that are answered with noise, and synthetic records made with it",
    may_zh: "提交带噪声的查询，生成带噪声的合成数据",
  },
  "jobs.submit": { roles: ["researcher", "operator"], may: "submit jobs", may_zh: "提交任务" },
  "jobs.read": {
    roles: EVERYONE,
    may: "read one's own jobs, or those on datasets one audits or owns",
    may_zh: "查看本人任务或所审核、所属数据的任务",
  },
  "jobs.cancel": {
    roles: ["researcher", "operator", "owner", "admin"],
    may: "cancel jobs",
    may_zh: "取消任务",
  },
  "jobs.outputs": {
    roles: ["researcher", "operator", "auditor"],
    may: "list outputs: names as the requester, everything as an auditor of the dataset",
    may_zh: "查看产出列表",
  },
  "releases.request": {
    roles: ["researcher", "operator"],
    may: "request releases of one's own outputs",
    may_zh: "申请放行",
  },
  "releases.review": { roles: ["auditor"], may: "review and sign releases", may_zh: "审核并签署放行" },
  "releases.read": {
    roles: ["researcher", "operator", "auditor", "owner"],
    may: "read the releases that concern one",
    may_zh: "查看相关放行",
  },
  "domain.read": { roles: EVERYONE, may: "see who this node is to others", may_zh: "查看本域身份" },
  "domain.rotate": {
    roles: ["admin"],
    may: "replace this domain's identity key",
    may_zh: "更换本域身份密钥",
  },
  "collaborations.run": {
    roles: ["operator"],
    may: "propose, join and stop collaborations, revoke peers, and ask for statistics over all domains",
    may_zh: "发起、加入、停止跨域协作，吊销其他域公钥，并请求跨域统计",
  },
  "collaborations.read": {
    roles: ["operator", "owner", "auditor"],
    may: "read collaborations, their rounds and results",
    may_zh: "查看跨域协作及其结果",
  },
  "ledger.read": {
    roles: EVERYONE,
    may: "read checkpoints, proofs and the entries that concern one",
    may_zh: "查看存证账本",
  },
  "workers.manage": { roles: ["admin"], may: "add and remove workers", may_zh: "管理执行器" },
  "metrics.read": {
    roles: ["admin", "auditor"],
    // Counters of true job states beside one's own submission would be a signal that nobody charges.
    unless: ["researcher", "operator"],
    may: "read the node's metrics",
    may_zh: "查看运行指标",
  },
} as const satisfies Record<string, PermissionDefinition>;

export type Permission = keyof typeof PERMISSIONS;

export function permits(roles: readonly Role[], permission: Permission): boolean {
  const rule: PermissionDefinition = PERMISSIONS[permission];
  if (rule.unless?.some((role) => roles.includes(role))) return false;
  return rule.roles.some((role) => roles.includes(role));
}

/** @throws forbidden, naming the permission and the roles that have it. */
export function requirePermission(roles: readonly Role[], permission: Permission): void {
  if (permits(roles, permission)) return;
  const rule: PermissionDefinition = PERMISSIONS[permission];
  const but = rule.unless ? ` without ${rule.unless.join(" or ")}` : "";
  throw new GloveboxError("forbidden", { detail: `Only ${rule.roles.join(", ")}${but} may ${rule.may}.` });
}

/** What somebody with these roles may do, in the table's order. */
export function permissionsOf(roles: readonly Role[]): Permission[] {
  return (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => permits(roles, permission));
}
