/** Lists as the command line reads them: all pages up to a limit. */
import type { Client } from "./client.js";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

const MOST = 2000;

export async function readAll<T>(client: Client, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: "200", ...(cursor === null ? {} : { cursor }) });
    const page: Page<T> = await client.get<Page<T>>(`${path}?${query}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && items.length < MOST);
  return items;
}
