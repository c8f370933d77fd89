/**
 * A release without people: what each owner signed, that the log has it, and that it lets out exactly what is here.
 *
 * What stands in the place of reviews may not be weaker than what it replaces says: tables that the node computed from
 * claims of before the run, all of whose checks passed, of no higher grade than was signed, to somebody else than the
 * owner.
 */
import type { VerifierCrypto } from "../../ledger/index.js";
import { PATHS, type ReviewsFile } from "../bundle/format.js";
import { DECLARED_KINDS, lets, policyData, policySigned } from "../by-policy/statement.js";
import type { Links } from "./chain.js";
import { placeOf, same } from "./entries.js";
import type { Bundle } from "./files.js";
import type { Report } from "./report.js";

type Policy = NonNullable<ReviewsFile["policies"]>[number];

export function checkPolicies(crypto: VerifierCrypto, bundle: Bundle, links: Links, report: Report): void {
  const policies = bundle.reviews.policies ?? [];
  report.require(
    bundle.reviews.reviews.length === 0 && links.reviews.length === 0,
    PATHS.reviews,
    "has reviews beside a policy",
  );
  const datasets = bundle.job.datasets.map((d) => d.dataset);
  report.require(
    policies.length === datasets.length && links.policies.length === policies.length,
    PATHS.reviews,
    "needs one policy for each dataset of the job",
  );
  report.require(
    same(
      links.release.opening.data.policies,
      policies.map((p) => p.entry),
    ),
    placeOf(links.release),
    "was approved by other policies than reviews.json names",
  );
  for (const dataset of datasets) {
    const policy = policies.find((p) => p.statement.dataset === dataset);
    if (policy) checkPolicy(crypto, bundle, links, policy, report);
    else report.add(PATHS.reviews, `has no policy of the dataset ${dataset}`);
  }
  checkLetOut(bundle, report);
}

function checkPolicy(
  crypto: VerifierCrypto,
  bundle: Bundle,
  links: Links,
  policy: Policy,
  report: Report,
): void {
  const where = `${PATHS.reviews}: policy of ${policy.owner.name}`;
  const { statement, public_key, signature, owner } = policy;
  const signed = { statement, public_key, signature };
  report.require(policySigned(crypto, signed), where, "is not signed with the key beside it");
  report.require(lets(statement, bundle.job.job.grade), where, "does not let out data of this grade");
  const parties = [links.job, links.request].map((e) => e.opening.actor);
  report.require(!parties.includes(owner.id), where, "is of the one who asked for the release");
  const entry = links.policies.find((e) => e.leaf.seq === policy.entry);
  if (!entry) {
    report.add(PATHS.receipt, `has no entry of the policy of ${owner.name}`);
    return;
  }
  report.require(
    entry.opening.subject === statement.dataset &&
      entry.opening.actor === owner.id &&
      same(entry.opening.data, policyData(signed)),
    placeOf(entry),
    "set another policy than the one in reviews.json",
  );
}

function checkLetOut(bundle: Bundle, report: Report): void {
  report.require(
    DECLARED_KINDS.includes(bundle.job.job.kind),
    PATHS.job,
    "is no declared statistic, which alone goes out by policy",
  );
  for (const [name, said] of Object.entries(bundle.findings.outputs))
    report.require(
      said.evidence === "verified" && said.verdict === "pass",
      PATHS.findings,
      `says of ${name} that it was not verified, or did not pass its checks`,
    );
}
