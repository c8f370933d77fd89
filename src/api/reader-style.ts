/** The style of the reader. */
export const READER_STYLE = `
:root{--ink:#1d2733;--soft:#5b6b7c;--line:#dfe5eb;--paper:#fff;--shade:#f5f7f9;--mark:#0b6e63;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e3e9ef;--soft:#98a7b5;--line:#2c3742;--paper:#141a20;--shade:#1b232b;--mark:#4cc2b1}}
*{box-sizing:border-box}
body{margin:0;display:flex;font:15px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);background:var(--paper)}
nav{position:sticky;top:0;height:100vh;flex:0 0 12rem;padding:1.5rem 1rem;border-right:1px solid var(--line);background:var(--shade);display:flex;flex-direction:column;gap:.35rem}
nav h1{font-size:1.05rem;margin:0 0 1rem}nav small{color:var(--soft);font-weight:400}
main{flex:1;min-width:0;max-width:62rem;padding:1.5rem 2.5rem 6rem}
a{color:var(--mark);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}
h2{font-size:1.25rem;margin:2rem 0 .75rem}h3{font-size:.85rem;margin:1rem 0 .3rem;color:var(--soft)}
code,var{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}var{color:var(--mark);font-style:normal}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;padding:0 1rem;background:var(--paper)}
details[open]{padding-bottom:1rem}
summary{cursor:pointer;padding:.55rem 0;display:flex;flex-wrap:wrap;gap:.2rem .8rem;align-items:baseline}
summary span{color:var(--soft)}
summary b{flex:0 0 4rem;font:600 12px ui-monospace,Menlo,Consolas,monospace;color:var(--mark)}
summary b.delete,summary b.put,summary b.patch{color:#a15c00}
table{border-collapse:collapse;width:100%;font-size:13.5px}
td{border-top:1px solid var(--line);padding:.35rem .75rem .35rem 0;vertical-align:top;overflow-wrap:anywhere}
td:first-child{white-space:nowrap}
.roles{margin:.2rem 0;color:var(--soft)}
@media (max-width:44rem){body{display:block}nav{position:static;height:auto;flex-direction:row;flex-wrap:wrap}main{padding:1rem}}
`;
