/** What a job is for, where nobody said it: the purpose that the owner has approved. */
import type { Context } from "./command.js";
import { Usage } from "./failure.js";
import type { Grant } from "./grant.js";
import { readAll } from "./paged.js";

/** When there is just one for the first dataset. @throws Usage where there are several */
export async function purposeOf(
  context: Context,
  datasets: readonly string[],
  access: readonly string[],
): Promise<string> {
  const grants = await readAll<Grant>(context.client(), "/api/v1/grants");
  const own = grants.filter(
    (g) => g.state === "active" && access.includes(g.access) && g.dataset === datasets[0],
  );
  const purposes = new Set(own.map((g) => g.purpose));
  const [only] = purposes;
  if (purposes.size <= 1) return only ?? "not said";
  throw new Usage(
    "You hold grants for several purposes; say which with --purpose.",
    "您持有多个目的的授权，请用 --purpose 指明。",
  );
}
