/** Pictures inside pages and drawings: data addresses of PNG and JPEG, each rebuilt like a file of its own. */
import type { Finding } from "../../finding.js";
import type { DisclosurePolicy } from "../../policy.js";
import { findingOf } from "../../rules/definition.js";
import { rebuildJpeg } from "../jpeg.js";
import { rebuildPng } from "../png.js";
import type { RemovedParts } from "./removed.js";

const ADDRESS = /^data:image\/(png|jpe?g);base64,([A-Za-z0-9+/\s]*={0,2}\s*)$/;
const MAX_PICTURES = 64;

export class EmbeddedPictures {
  readonly findings: Finding[] = [];
  private count = 0;

  constructor(
    private readonly policy: DisclosurePolicy,
    private readonly removed: RemovedParts,
  ) {}

  /** A data address of the picture rebuilt, or undefined where it is no picture that is accepted. */
  rebuild(address: string): string | undefined {
    const match = ADDRESS.exec(address.trim());
    if (match === null || ++this.count > MAX_PICTURES) {
      this.removed.drop("addresses", address);
      return undefined;
    }
    try {
      const type = match[1] === "png" ? "png" : "jpeg";
      const bytes = Buffer.from(match[2]!, "base64");
      const rebuilt = (type === "png" ? rebuildPng : rebuildJpeg)(bytes, type, this.policy);
      this.findings.push(...rebuilt.findings);
      this.removed.texts.push(...rebuilt.texts);
      return `data:image/${type};base64,${rebuilt.canonical.toString("base64")}`;
    } catch (error) {
      if (findingOf(error) === undefined) throw error;
      this.removed.drop("addresses", address);
      return undefined;
    }
  }
}
