/** The reader of the description: one page, without script, nothing from elsewhere. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { apiDocument, ROUTES } from "../../src/api/index.js";
import { READER_POLICY, readerPage } from "../../src/api/reader.js";

describe("/docs", () => {
  const page = readerPage(apiDocument(), "en");

  test("shows every call, in both languages", () => {
    const chinese = readerPage(apiDocument(), "zh");
    for (const route of ROUTES) {
      expect(page).toContain(`id="${route.name}"`);
      expect(chinese).toContain(route.summary_zh);
    }
  });

  test("has no script, no handler, no form, no image and no address of another host", () => {
    expect(page).not.toMatch(/<script|<form|<img|<iframe|<link| on\w+=|javascript:/i);
    expect(page).not.toMatch(/(?:src|href)="(?!#|\?|\/openapi\.json)/);
  });

  test("is allowed nothing but its own style, by hash", () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
    const hash = createHash("sha256").update(style).digest("base64");
    expect(READER_POLICY).toContain(`style-src 'sha256-${hash}'`);
    expect(READER_POLICY).toContain("default-src 'none'");
    expect(READER_POLICY).not.toContain("unsafe");
  });

  test("every link inside the page leads somewhere", () => {
    const ids = new Set([...page.matchAll(/id="([^"]+)"/g)].map((m) => m[1]!));
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]!);
    expect(targets.filter((target) => !ids.has(target))).toEqual([]);
  });

  test("escapes what the description says", () => {
    const document = structuredClone(apiDocument());
    document.paths["/healthz"]!.get!.summary = `<img src=x onerror="a('&')">`;
    const shown = readerPage(document, "en");
    expect(shown).not.toContain("<img");
    expect(shown).toContain("&lt;img src=x onerror=&quot;a(&#39;&amp;&#39;)&quot;&gt;");
  });
});
