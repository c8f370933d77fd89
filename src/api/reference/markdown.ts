/** Markdown as the generated references write it. */

export const GENERATED =
  "<!-- Generated from the code by scripts/docs.mjs; change the code, not this file. -->";

const cell = (value: unknown): string =>
  String(value ?? "")
    .replaceAll("|", "\\|")
    .replaceAll("\n", " ")
    .trim();

export function markdownTable(heads: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

export const page = (title: string, parts: readonly string[]): string =>
  `${[GENERATED, `# ${title}`, ...parts].join("\n\n")}\n`;

export const code = (text: string): string => `\`${text}\``;
