/** Every call there is, in the order of the reference. */
import type { Route } from "../route.js";
import { acceptInvitation } from "./accept-invitation.js";
import { addPrincipal } from "./add-principal.js";
import { addWorker } from "./add-worker.js";
import { appendUpload } from "./append-upload.js";
import { approveGrant } from "./approve-grant.js";
import { askQuery } from "./ask-query.js";
import { askSynthetic } from "./ask-synthetic.js";
import { assessDataset } from "./assess-dataset.js";
import { cancelJob } from "./cancel-job.js";
import { closeJob } from "./close-job.js";
import { compareSynthetic } from "./compare-synthetic.js";
import { createCollaboration } from "./create-collaboration.js";
import { createDataset } from "./create-dataset.js";
import { createGrant } from "./create-grant.js";
import { createRelease } from "./create-release.js";
import { createUpload } from "./create-upload.js";
import { describeUploads } from "./describe-uploads.js";
import { docs } from "./docs.js";
import { endCollaboration } from "./end-collaboration.js";
import { getBudget } from "./get-budget.js";
import { getBundle } from "./get-bundle.js";
import { getCheckpoint } from "./get-checkpoint.js";
import { getCollaboration } from "./get-collaboration.js";
import { getConsistencyProof } from "./get-consistency-proof.js";
import { getDataset } from "./get-dataset.js";
import { getDomain } from "./get-domain.js";
import { getDryRunOutput } from "./get-dry-run-output.js";
import { getEntries } from "./get-entries.js";
import { getGrant } from "./get-grant.js";
import { getInclusionProof } from "./get-inclusion-proof.js";
import { getJob } from "./get-job.js";
import { getJobCode } from "./get-job-code.js";
import { getLedgerKey } from "./get-ledger-key.js";
import { getMe } from "./get-me.js";
import { getRelease } from "./get-release.js";
import { getReleaseFile } from "./get-release-file.js";
import { getReleasePolicy } from "./get-release-policy.js";
import { getRound } from "./get-round.js";
import { getSynthetic } from "./get-synthetic.js";
import { getUpload } from "./get-upload.js";
import { healthz } from "./healthz.js";
import { jobEvents } from "./job-events.js";
import { joinCollaboration } from "./join-collaboration.js";
import { listCollaborations } from "./list-collaborations.js";
import { listDatasets } from "./list-datasets.js";
import { listGrants } from "./list-grants.js";
import { listJobs } from "./list-jobs.js";
import { listOutputs } from "./list-outputs.js";
import { listPeers } from "./list-peers.js";
import { listPrincipals } from "./list-principals.js";
import { listReleases } from "./list-releases.js";
import { listUploads } from "./list-uploads.js";
import { makeSafe } from "./make-safe.js";
import { metrics } from "./metrics.js";
import { openRound } from "./open-round.js";
import { openapiDocument } from "./openapi-document.js";
import { patchDataset } from "./patch-dataset.js";
import { publishDataset } from "./publish-dataset.js";
import { putDatasetContent } from "./put-dataset-content.js";
import { putMyKey } from "./put-my-key.js";
import { putReleasePolicy } from "./put-release-policy.js";
import { readyz } from "./readyz.js";
import { refuseGrant } from "./refuse-grant.js";
import { replaceReleaseFile } from "./replace-release-file.js";
import { resumeCollaboration } from "./resume-collaboration.js";
import { retireDataset } from "./retire-dataset.js";
import { reviewRelease } from "./review-release.js";
import { revokeGrant } from "./revoke-grant.js";
import { revokePeer } from "./revoke-peer.js";
import { revokePrincipal } from "./revoke-principal.js";
import { revokeWorker } from "./revoke-worker.js";
import { rotateDomain } from "./rotate-domain.js";
import { submitJob } from "./submit-job.js";
import { submitRelease } from "./submit-release.js";
import { suspendCollaboration } from "./suspend-collaboration.js";
import { suspendDataset } from "./suspend-dataset.js";
import { takeUpload } from "./take-upload.js";
import { terminateUpload } from "./terminate-upload.js";
import { withdrawCollaboration } from "./withdraw-collaboration.js";
import { withdrawRelease } from "./withdraw-release.js";

// biome-ignore format: one tag a block
export const ROUTES: readonly Route[] = [
  getMe, putMyKey, addPrincipal, listPrincipals, revokePrincipal,
  createDataset, listDatasets, getDataset, patchDataset, putDatasetContent, assessDataset, publishDataset,
  suspendDataset, retireDataset, getSynthetic, getBudget, getReleasePolicy, putReleasePolicy,
  describeUploads, createUpload, listUploads, getUpload, appendUpload, terminateUpload, takeUpload,
  createGrant, listGrants, getGrant, approveGrant, refuseGrant, revokeGrant,
  askQuery, askSynthetic, compareSynthetic,
  submitJob, listJobs, getJob, cancelJob, closeJob, jobEvents, getJobCode, listOutputs, getDryRunOutput, makeSafe,
  createRelease, listReleases, getRelease, replaceReleaseFile, submitRelease, withdrawRelease, reviewRelease,
  getReleaseFile, getBundle,
  getDomain, createCollaboration, acceptInvitation, listCollaborations, getCollaboration, joinCollaboration,
  suspendCollaboration, resumeCollaboration, withdrawCollaboration, endCollaboration, openRound, getRound,
  rotateDomain, listPeers, revokePeer,
  getCheckpoint, getLedgerKey, getEntries, getInclusionProof, getConsistencyProof,
  addWorker, revokeWorker, healthz, readyz, metrics, openapiDocument, docs,
];
