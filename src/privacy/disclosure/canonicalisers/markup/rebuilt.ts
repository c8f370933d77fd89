/** What is said of a page or drawing that was rebuilt: the same for both. */
import type { ScanText } from "../../canonical.js";
import type { DisclosurePolicy } from "../../policy.js";
import { judgeHidden } from "../../rules/hidden-content.js";
import { judgeRemoved } from "../../rules/invisible-text.js";
import { judgeActive } from "../../rules/markup.js";
import { noteRounding } from "../../rules/rounding.js";
import type { Rebuilt } from "../rebuilt.js";
import type { EmbeddedPictures } from "./embedded.js";
import type { RemovedParts } from "./removed.js";

interface Settled {
  text: string;
  removed: RemovedParts;
  pictures: EmbeddedPictures;
}

/** @param shown what a reader sees of it, as texts to search beside its bytes */
export function rebuiltMarkup(
  { text, removed, pictures }: Settled,
  shown: readonly (readonly [name: string, text: string])[],
  policy: DisclosurePolicy,
): Rebuilt {
  const canonical = Buffer.from(text, "utf8");
  const seen = shown.map(([name, content]): ScanText => ({ name, content: Buffer.from(content) }));
  return {
    canonical,
    findings: [
      ...judgeHidden(removed.hidden, policy),
      ...judgeRemoved(removed.characters),
      ...judgeActive(removed.active),
      ...pictures.findings,
      ...noteRounding(removed.rounded, policy.significant_digits),
    ],
    texts: [{ name: "content", content: canonical }, ...seen, ...removed.all()],
  };
}
