import { entryFor, readerOf, visibleSize } from "../ledger-visibility.js";
import { defineRoute, json } from "../route.js";
import { entriesQuery, entriesView } from "../schemas/ledger.js";

export const getEntries = defineRoute({
  name: "getEntries",
  method: "get",
  path: "/ledger/entries",
  tag: "ledger",
  summary: "Read entries: hashes of all, the content of those that the caller may read",
  summary_zh: "查看存证记录",
  permission: "ledger.read",
  query: entriesQuery,
  responses: { 200: { description: "The entries", schema: entriesView } },
  handler({ deps, actor, query }) {
    const size = visibleSize(deps.ledger, actor, deps.clock.now());
    const rows = deps.ledger.entries(query.from, Math.min(query.to ?? size, size));
    const reader = readerOf(deps.catalog, actor);
    return json(200, { size, items: rows.map((row) => entryFor(deps.ledger, reader, row)) });
  },
});
