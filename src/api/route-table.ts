/**
 * Which route a request means: by method and path segments, without regular expressions and without looking at the
 * routes one after another.
 *
 * Rule: a literal segment goes before a parameter; a path with an empty segment, a trailing slash or a broken
 * percent-encoding means no route.
 */
import type { Route } from "./route.js";

export interface Found<T> {
  value: T;
  params: Record<string, string>;
}

interface Branch<T> {
  literal: Map<string, Branch<T>>;
  parameter?: Branch<T>;
  /** By method. */
  ends: Map<string, { value: T; names: readonly string[] }>;
}

const branch = <T>(): Branch<T> => ({ literal: new Map(), ends: new Map() });

export const templateOf = (route: Pick<Route, "root" | "path">): string =>
  `${route.root ? "" : "/api/v1"}${route.path}`;

export class RouteTable<T> {
  private readonly root = branch<T>();

  /** @param template such as `/api/v1/jobs/{id}` */
  add(method: string, template: string, value: T): void {
    const names: string[] = [];
    let at = this.root;
    for (const segment of template.split("/").slice(1)) {
      if (segment.startsWith("{")) {
        names.push(segment.slice(1, -1));
        at.parameter ??= branch();
        at = at.parameter;
      } else {
        const next = at.literal.get(segment) ?? branch<T>();
        at.literal.set(segment, next);
        at = next;
      }
    }
    at.ends.set(method, { value, names });
  }

  /** @throws URIError for a broken percent-encoding. */
  find(method: string, path: string): Found<T> | undefined {
    const values: string[] = [];
    let at: Branch<T> | undefined = this.root;
    for (const segment of path.split("/").slice(1)) {
      const literal: Branch<T> | undefined = at.literal.get(segment);
      if (!literal) {
        if (segment === "" || !at.parameter) return undefined;
        values.push(decodeURIComponent(segment));
      }
      at = literal ?? at.parameter;
      if (!at) return undefined;
    }
    const end = at.ends.get(method === "HEAD" ? "GET" : method);
    if (!end) return undefined;
    const params: Record<string, string> = {};
    for (const [i, name] of end.names.entries()) params[name] = values[i]!;
    return { value: end.value, params };
  }
}
