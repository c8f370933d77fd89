/**
 * NumPy archives: named arrays (npy.ts) in a zip archive (zip.ts).
 *
 * Canonical form: members stored, sorted by name, without dates or attributes. A member that is no array refuses
 * the file: an archive is not a container for other files.
 */

import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { foreignBytes } from "../rules/media-type.js";
import { noteRounding } from "../rules/rounding.js";
import { cannotRead } from "../rules/unreadable.js";
import { arrayTexts, rowsText } from "./array-text.js";
import { HiddenBytes } from "./hidden-bytes.js";
import type { RebuiltArray } from "./npy.js";
import { rebuildNpy } from "./npy.js";
import { roundInText } from "./numbers.js";
import type { Rebuilt } from "./rebuilt.js";
import { addRemoved, NOTHING_REMOVED } from "./unicode.js";
import { readZip, writeZip } from "./zip.js";

const MEMBER = /^[A-Za-z0-9_ ()+.-]{1,100}\.npy$/;

/** Names are part of what is shown, so long numbers in them are cut too. */
function memberName(raw: string, digits: number): string {
  if (!MEMBER.test(raw))
    throw cannotRead("Not an archive of arrays: a member is no array, or has a name of odd characters.");
  return roundInText(raw, digits).text;
}

/** What is wanted of one array of a file, beside others. */
interface NamedArray extends RebuiltArray {
  name: string;
}

export function rebuildNpz(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const format = foreignFormat(bytes);
  if (format !== undefined && !format.startsWith("a zip archive")) throw foreignBytes(extension, format);
  const digits = policy.significant_digits;
  const zip = readZip(bytes, policy.max_output_bytes);
  const hidden = new HiddenBytes();
  const arrays: NamedArray[] = zip.members.map((m) => {
    const name = memberName(m.name, digits);
    return { name, ...rebuildNpy(name, m.content, digits, hidden) };
  });
  arrays.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (new Set(arrays.map((a) => a.name)).size !== arrays.length)
    throw cannotRead("Not an archive of arrays: two names look the same.");
  const rows = arrays.map((a) => rowsText(a.view));
  const names = Buffer.from(arrays.map((a) => `${a.name}\n`).join(""));
  const removed = arrays.reduce(
    (sum, a) => (a.removed === undefined ? sum : addRemoved(sum, a.removed)),
    NOTHING_REMOVED,
  );
  const rounded = arrays.reduce((sum, a) => sum + a.rounded, 0);
  return {
    canonical: writeZip(arrays.map((a) => ({ name: a.name, content: Buffer.concat([a.header, a.data]) }))),
    findings: [
      ...judgeHidden([...zip.hidden, ...hidden.pieces], policy),
      ...judgeRemoved(removed),
      ...noteRounding(rounded, digits),
    ],
    texts: [
      { name: "names of the arrays", content: names },
      ...arrayTexts(
        arrays.map((a) => a.view),
        rows,
      ),
      ...zip.texts,
      ...hidden.texts,
    ],
    content: Buffer.concat([names, ...arrays.map((a) => a.header), ...rows]),
  };
}
