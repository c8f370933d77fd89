import { budgetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const getBudget = defineRoute({
  name: "getBudget",
  method: "get",
  path: "/datasets/{name}/budget",
  tag: "datasets",
  summary: "What the dataset may still spend; a grantee sees its own share",
  summary_zh: "查看隐私预算",
  permission: "datasets.budget",
  params: nameParams,
  responses: { 200: { description: "The budget", schema: budgetView } },
  errors: ["not_found"],
  handler: ({ deps, actor, params }) => json(200, deps.catalog.datasets.budget(actor, params.name)),
});
