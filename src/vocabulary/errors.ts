/**
 * The one error type and the one registry of codes.
 *
 * Rules: a GloveboxError never carries a data value; `params` hold names, positions and limits only.
 * Whatever is thrown and is not a GloveboxError becomes a bare `internal` at the edge, with an incident id.
 */

export interface ErrorDefinition {
  status: number;
  /** A client may send the same request again without a change and hope for another answer. */
  retryable: boolean;
  title: string;
  title_zh: string;
  /** What the reader does next, in one sentence. */
  next: string;
}

export const ERRORS = {
  unauthenticated: {
    status: 401,
    retryable: false,
    title: "No valid token",
    title_zh: "未提供有效令牌",
    next: "Send `Authorization: Bearer <token>`; ask the admin for a token if you have none.",
  },
  forbidden: {
    status: 403,
    retryable: false,
    title: "Not allowed for your roles",
    title_zh: "当前角色无此权限",
    next: "Ask the dataset's owner or the admin; `GET /api/v1/me` lists what you may do.",
  },
  not_found: {
    status: 404,
    retryable: false,
    title: "No such thing, or none that you may know of",
    title_zh: "不存在或无权知晓",
    next: "Check the id or name.",
  },
  invalid_input: {
    status: 422,
    retryable: false,
    title: "The input is not valid",
    title_zh: "输入无效",
    next: "Correct the places that `errors` lists.",
  },
  idempotency_conflict: {
    status: 409,
    retryable: false,
    title: "This Idempotency-Key was used with another body",
    title_zh: "幂等键已用于不同请求",
    next: "Use a new key for a new request.",
  },
  state_conflict: {
    status: 409,
    retryable: false,
    title: "Not possible in the present state",
    title_zh: "当前状态不允许此操作",
    next: "Read the resource again; its state has moved on.",
  },
  stale: {
    status: 412,
    retryable: false,
    title: "The resource has changed since you read it",
    title_zh: "资源已被修改",
    next: "Read it again and send the new ETag in If-Match.",
  },
  protocol_unsupported: {
    status: 412,
    retryable: false,
    title: "This version of the upload protocol is not spoken",
    title_zh: "不支持该版本的上传协议",
    next: "Speak one of the versions that `Tus-Version` lists.",
  },
  checksum_mismatch: {
    status: 460,
    retryable: true,
    title: "What arrived is not what its checksum says",
    title_zh: "校验和不符",
    next: "Nothing of it was kept; send it again from the same offset.",
  },
  too_large: {
    status: 413,
    retryable: false,
    title: "Larger than the limit",
    title_zh: "超过大小限制",
    next: "Send less; `detail` names the limit.",
  },
  rate_limited: {
    status: 429,
    retryable: true,
    title: "Too many requests",
    title_zh: "请求过于频繁",
    next: "Wait as long as Retry-After says.",
  },
  no_grant: {
    status: 403,
    retryable: false,
    title: "No active grant for this dataset and access",
    title_zh: "没有有效授权",
    next: "Request a grant from the dataset's owner: `glovebox grant request`.",
  },
  grant_expired: {
    status: 403,
    retryable: false,
    title: "The grant has expired",
    title_zh: "授权已过期",
    next: "Request a new grant from the dataset's owner.",
  },
  budget_exhausted: {
    status: 403,
    retryable: false,
    title: "The privacy budget does not cover this",
    title_zh: "隐私预算不足",
    next: "Ask the owner of the dataset for a larger share.",
  },
  isolation_unavailable: {
    status: 503,
    retryable: false,
    title: "This machine does not offer the isolation that the data's grade asks for",
    title_zh: "本机不具备所需隔离级别",
    next: "Run `glovebox doctor` on the node; it names what is missing.",
  },
  query_unsupported: {
    status: 422,
    retryable: false,
    title: "This query is not supported",
    title_zh: "不支持该查询",
    next: "`detail` names the nearest supported form.",
  },
  disclosure_refused: {
    status: 403,
    retryable: false,
    title: "Refused by disclosure control",
    title_zh: "披露控制拒绝",
    next: "See the findings; suppress, round or coarsen the output.",
  },
  engine_unavailable: {
    status: 503,
    retryable: true,
    title: "A needed engine is not running",
    title_zh: "所需引擎不可用",
    next: "Try again; if it lasts, the admin runs `glovebox doctor`.",
  },
  insufficient_storage: {
    status: 507,
    retryable: true,
    title: "The node's disk is full",
    title_zh: "节点存储空间不足",
    next: "Nothing was changed; try again once the admin has made room.",
  },
  internal: {
    status: 500,
    retryable: true,
    title: "Something failed inside the node",
    title_zh: "节点内部错误",
    next: "Give the incident id to the admin; the node's log has it.",
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/** One wrong place in an input: a JSON path, a line or a column name, and what is wrong there. Never the value. */
export interface InputError {
  path: string;
  message: string;
}

export interface ErrorParams {
  detail?: string;
  errors?: InputError[];
  /** Further names and limits for programs: no data values. */
  [key: string]: unknown;
}

export class GloveboxError extends Error {
  readonly code: ErrorCode;
  readonly params: ErrorParams;
  constructor(code: ErrorCode, params: ErrorParams = {}, cause?: unknown) {
    super(params.detail ?? ERRORS[code].title, cause === undefined ? undefined : { cause });
    this.name = "GloveboxError";
    this.code = code;
    this.params = params;
  }
}

/** Shorthand for the most common error: one wrong place in the input. */
export function invalidInput(path: string, message: string, cause?: unknown): GloveboxError {
  return new GloveboxError(
    "invalid_input",
    { detail: `${path}: ${message}`, errors: [{ path, message }] },
    cause,
  );
}
