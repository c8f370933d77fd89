/**
 * What the helper library in the image is told beside the Views: the columns that the grants show, and the figures that
 * outputs are held to, so that it writes tables as the node writes them and says beforehand what the checks will say.
 *
 * Rule: public things only: the same file lies beside the data and beside the synthetic twin.
 */
import { policyOf } from "../disclosure-policy.js";
import type { JobsParts } from "../jobs.js";
import { datasetsOf, type JobRow } from "../rows.js";
import { seenView } from "./compute.js";

/** Its name in the folder of the Views. */
export const CONTEXT_FILE = ".glovebox.json";

export function contextOf(parts: JobsParts, job: JobRow): string {
  const datasets = datasetsOf(parts.store.db, job.id).map(({ name, dataset }) => {
    const columns = [...(seenView(parts, job, name)?.columns.values() ?? [])];
    const { unit_column, row_is_unit } = parts.catalog.datasets.row(dataset);
    const unit = columns.some((c) => c.name === unit_column) ? unit_column : null;
    const shown = columns.map(({ name: column, type, nullable, categories }) => ({
      name: column,
      type,
      nullable,
      ...(categories === undefined ? {} : { categories }),
    }));
    return [name, { unit, row_is_unit, columns: shown }] as const;
  });
  const { threshold, dominance, p_ratio, class_disclosure, significant_digits } = policyOf(parts, job);
  const policy = { threshold, dominance, p_ratio, class_disclosure, significant_digits };
  return JSON.stringify({ version: 1, policy, datasets: Object.fromEntries(datasets) });
}
