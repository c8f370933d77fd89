/** A CSV field as RFC 4180 has it. Spaces at its ends are quoted too, for readers that would trim them. */
export function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
