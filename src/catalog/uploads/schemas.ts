/** What goes out of uploads. */
import { z } from "zod";

export const uploadView = z
  .strictObject({
    id: z.string().describe("upl_…"),
    dataset: z.string().describe("Name of the dataset"),
    state: z.enum(["receiving", "complete", "taken"]),
    length: z.int().describe("Bytes of the whole content"),
    offset: z.int().describe("Bytes that are kept; where to go on"),
    sha256: z
      .string()
      .optional()
      .describe("Hex, of the whole content as its sender says; checked when it is taken"),
    version: z.string().optional().describe("ver_…, once its content became one"),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().describe("Moves on with each byte"),
  })
  .meta({ id: "Upload", description: "Content of a dataset that is sent in parts" });
export type UploadView = z.output<typeof uploadView>;
