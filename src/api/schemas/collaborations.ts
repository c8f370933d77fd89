/** What goes in and out of collaborations with other domains. */
import { z } from "zod";
import {
  ATTEMPT_STATES,
  COLLABORATION_STATES,
  collaborationSpec,
  identityKey,
  PEER_STATES,
  roundTerms,
  STOPS,
  writtenQuestion,
} from "../../federated/index.js";
import { hex256, timestamp } from "./parameters.js";

const fingerprintText = z
  .string()
  .regex(/^([0-9a-f]{4}-){4}[0-9a-f]{4}$/, "must be a fingerprint, 1234-5678-9abc-def0-1234");

export const reasonInput = z
  .strictObject({ reason: z.string().trim().min(1).max(500).optional().describe("For this domain's ledger") })
  .meta({ id: "StopInput" });

export const revocationInput = z
  .strictObject({
    peer: z.string().min(1).max(512).describe("Name, key or fingerprint"),
    reason: z.string().trim().min(1).max(500),
  })
  .meta({ id: "RevocationInput", description: "Nothing more is taken from the key" });

export const peerView = z
  .strictObject({
    name: z.string().describe("A domain's; of a coordinator that takes no part, where its board is"),
    key: identityKey,
    fingerprint: z.string(),
    state: z.enum(PEER_STATES),
    successor: identityKey.optional(),
    reason: z.string().optional(),
    pinned_at: timestamp,
    ended_at: timestamp.optional(),
  })
  .meta({ id: "Peer", description: "Another domain's key, as it is known here" });

export const domainView = z
  .strictObject({
    name: z.string(),
    key: identityKey,
    fingerprint: z.string().describe("What two operators read to each other before they trust a key"),
  })
  .meta({ id: "Domain", description: "Who this node is to others" });

export const collaborationInput = collaborationSpec
  .omit({ version: true, coordinator: true })
  .meta({ id: "CollaborationInput", description: "This node becomes the coordinator" });

export const invitationInput = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(512)
      .describe("Where the coordinator serves"),
    id: z.string().regex(/^clb_[0-9A-HJKMNP-TV-Z]{26}$/, "must be clb_…"),
    coordinator: identityKey.describe("The coordinator's key, as its operator told it to you"),
    peers: z
      .record(z.string().max(63), fingerprintText)
      .optional()
      .describe("Fingerprints by name, as the others' operators told them to you; another one is refused"),
  })
  .meta({ id: "InvitationInput" });

export const joinInput = z
  .strictObject({ dataset: z.string().min(1).max(128).describe("Name or id of the dataset that takes part") })
  .meta({ id: "JoinInput" });

export const roundInput = z
  .strictObject({
    statistic: writtenQuestion.describe(
      "A table, histogram, summary, model, curves or test over all domains",
    ),
    privacy: roundTerms
      .optional()
      .describe("Where the spec has noise on every result: what this one may cost"),
    without: z
      .array(z.string().min(1).max(63))
      .max(49)
      .optional()
      .describe("Participants who are not asked, where the spec allows fewer"),
  })
  .meta({ id: "RoundInput" });

export const collaborationView = z
  .strictObject({
    id: z.string().describe("clb_…"),
    spec: collaborationSpec,
    spec_sha256: hex256.describe("What an owner's grant names"),
    state: z.enum(COLLABORATION_STATES),
    role: z.enum(["coordinator", "participant", "both"]),
    joined: z.array(z.string()).describe("Participants who have joined"),
    stopped: z
      .strictObject({
        why: z.enum(STOPS),
        by: z.string().optional().describe("The domain whose doing it was; absent: this one's"),
        note: z.string().optional().describe("What this domain's operator wrote"),
      })
      .optional()
      .describe("Why it is suspended or over"),
    away: z.array(z.string()).optional().describe("Who has suspended its part"),
    fingerprints: z.record(z.string(), z.string()).describe("Of the coordinator and the participants"),
    dataset: z.string().optional().describe("What of this domain takes part"),
    rounds: z.int().describe("How many were opened"),
    noise: z
      .strictObject({
        spent_rho: z.string().describe("Of the spec's ρ, by this domain"),
        left_rho: z.string(),
        charges: z.int().describe("Attempts that were charged"),
      })
      .optional()
      .describe("Where results have noise"),
    rev: z.int(),
  })
  .meta({ id: "Collaboration", description: "As this domain knows it" });

export const roundView = z
  .strictObject({
    round: z.int(),
    state: z.enum(ATTEMPT_STATES),
    statistic: z.json().optional().describe("What was asked, in its typed form"),
    attempt: z.int().optional().describe("From 1; a late one is opened again with new keys"),
    privacy: roundTerms.optional(),
    charges: z
      .array(z.string())
      .optional()
      .describe("chg_…: what this domain was charged for it, attempt by attempt, where results have noise"),
    contributors: z.array(z.string()).optional().describe("Where not all participants contribute"),
    steps: z.int().optional().describe("Rounds that it took so far, where it takes more than one"),
    job: z
      .string()
      .optional()
      .describe(
        "At a recipient, to its operator and auditors: the job that the result became (kind aggregate)",
      ),
    withheld: z.literal(true).optional().describe("Consent had ended when the result was there"),
    released_by: z.array(z.string()).optional().describe("Recipients who said that they released it"),
    result: z.string().optional().describe("The file that came of it, once it was released"),
    media_type: z.string().optional(),
    refused_by: z.string().optional(),
    reason: z
      .string()
      .optional()
      .describe("protocol, consent, statistic, cannot, late, contributors or budget"),
  })
  .meta({ id: "Round", description: "One statistic over all domains" });

export const roundParams = z.strictObject({
  id: z.string().min(1).max(128),
  round: z.coerce.number().int().min(1).max(100_000),
});
