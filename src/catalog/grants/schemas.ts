/** What goes in and out of grants: one schema a payload, from which types, checks and OpenAPI come. */
import { z } from "zod";
import { ACCESS_MODES, JOB_KINDS } from "../../vocabulary/index.js";
import { datasetName, signalBits } from "../datasets/schemas.js";
import { columnName } from "../engine/index.js";
import { principalRef } from "../principals/schemas.js";

export const GRANT_STATES = ["requested", "active", "refused", "expired", "revoked"] as const;

const amount = z
  .string()
  .regex(/^\d{1,64}(\.\d{1,64})?([eE][+-]?\d{1,4})?$/, "must be a non-negative decimal string")
  .describe("A non-negative decimal string, such as 0.5 or 1e-6");

const purpose = z
  .string()
  .trim()
  .min(3, "must say what the data are used for")
  .max(2000)
  .describe("What the data may be used for, in words that an auditor can judge by");

export const constraints = z
  .strictObject({
    drop_columns: z.array(columnName).max(2000).optional().describe("Columns that the View leaves out"),
    collaboration: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex")
      .optional()
      .describe("SHA-256 of the spec of the one collaboration that it lets the data take part in"),
  })
  .meta({ id: "GrantConstraints", description: "What the grant's View keeps from the grantee" });

const expiry = z.iso.datetime({ offset: true }).describe("RFC 3339; at most five years ahead");
const jobKinds = z
  .array(z.enum(JOB_KINDS))
  .min(1)
  .max(JOB_KINDS.length)
  .describe("The kinds of job it covers; all that its access allows when not said");

const share = {
  rho: amount.optional().describe("Its share of the dataset's ρ"),
  delta: amount.optional().describe("Its share of the dataset's δ"),
  signal_bits: signalBits.optional().describe("Its signal allowance; by the dataset's grade when not said"),
  job_kinds: jobKinds.optional(),
  constraints: constraints.optional(),
};

export const grantInput = z
  .strictObject({
    principal: principalRef.optional().describe("The grantee, by name or id; oneself when not said"),
    dataset: z.union([datasetName, z.string().regex(/^dst_/)]).describe("By name or id"),
    purpose,
    access: z.enum(ACCESS_MODES).describe("synthetic, masked, query or sandbox"),
    expires_at: expiry,
    ...share,
  })
  .meta({
    id: "GrantInput",
    description: "Given by the dataset's owner it is active; by anyone else, a request",
  });

export const approveInput = z
  .strictObject({ expires_at: expiry.optional(), ...share })
  .meta({ id: "ApproveInput", description: "`{}` approves what was requested; what is given replaces it" });

export const grantView = z
  .strictObject({
    id: z.string().describe("grt_…"),
    principal: z.string().describe("Name of the grantee"),
    dataset: z.string().describe("Name of the dataset"),
    purpose: z.string(),
    access: z.enum(ACCESS_MODES),
    state: z.enum(GRANT_STATES),
    rho: z.string().optional(),
    delta: z.string().optional(),
    signal_bits: z.int().nullable().describe("Its signal allowance; null is unlimited"),
    signal_bits_left: z.int().nullable().describe("What of it is left; null is unlimited"),
    expires_at: z.iso.datetime(),
    job_kinds: z.array(z.enum(JOB_KINDS)).optional(),
    constraints: constraints.optional(),
    requested_by: z.string(),
    decided_by: z.string().optional(),
    decided_at: z.iso.datetime().optional(),
    created_at: z.iso.datetime(),
    rev: z.int().describe("Counts changes; the ETag is this in quotes"),
  })
  .meta({ id: "Grant", description: "principal × dataset × purpose × access mode × budget × expiry" });

export type GrantState = (typeof GRANT_STATES)[number];
export type GrantInput = z.input<typeof grantInput>;
export type ApproveInput = z.input<typeof approveInput>;
export type GrantConstraints = z.output<typeof constraints>;
export type GrantView = z.output<typeof grantView>;
