/** Lists are read a page at a time; the cursor is the id of the last item, which tells nothing that the item did not. */
import { invalidInput } from "./errors.js";

export interface PageRequest {
  limit?: number;
  cursor?: string;
}
export interface Page<T> {
  items: T[];
  next_cursor?: string;
}

export const PAGE_LIMIT = 200;
export const PAGE_DEFAULT = 50;

/** @throws invalid_input unless 1 ≤ limit ≤ 200 and the cursor looks like an id. */
export function parsePage(request: PageRequest = {}): { limit: number; cursor: string | undefined } {
  const limit = request.limit ?? PAGE_DEFAULT;
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT)
    throw invalidInput("limit", `must be a whole number from 1 to ${PAGE_LIMIT}`);
  if (request.cursor !== undefined && !/^[a-z]{3}_[0-9A-Z]{26}$/.test(request.cursor))
    throw invalidInput("cursor", "is not a cursor that this list gave");
  return { limit, cursor: request.cursor };
}

/** A page from up to limit + 1 rows, read in the list's order. */
export function pageOf<R extends { id: string }, T>(
  rows: readonly R[],
  limit: number,
  view: (row: R) => T,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(view),
    ...(rows.length > limit && last ? { next_cursor: last.id } : {}),
  };
}
