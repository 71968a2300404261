"""How the HTML report looks, on light and dark screens, narrow ones and paper. Knows no content."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  --ink: #1c2128; --soft: #59636e; --paper: #ffffff; --card: #f6f8fa; --line: #d5dbe1; --lane: #eceff2;
  --error: #b3261e; --warning: #8a5a00; --fine: #1a7f37; --link: #0a5cc0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e3e7ec; --soft: #9aa5b1; --paper: #14181d; --card: #1d232a; --line: #39424d; --lane: #2a323b;
    --error: #ff8a80; --warning: #f0b850; --fine: #63cf80; --link: #7ab7ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .25rem; font-size: 1.25rem; }
h2 + p { margin: 0 0 .75rem; color: var(--soft); }
h3 { margin: 0; font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: var(--link); }
code, pre, .target, summary { font-family: ui-monospace, monospace; font-size: .875rem; }
header { border-left: .4rem solid var(--error); padding: .25rem 0 .25rem 1.25rem; }
header.end-0 { border-color: var(--fine); }
header.end-3 { border-color: var(--warning); }
header h1 { color: var(--error); }
header.end-0 h1 { color: var(--fine); }
header.end-3 h1 { color: var(--warning); }
.target { margin: .25rem 0 1rem; overflow-wrap: anywhere; }
header dl { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 0; }
dt { color: var(--soft); font-size: .8125rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.finding { margin: 1rem 0; padding: 1rem 1.25rem; background: var(--card); border-radius: .5rem;
  border-left: .4rem solid var(--warning); }
.finding.error { border-color: var(--error); }
.finding h3 span { color: var(--warning); text-transform: uppercase; font-size: .75rem; letter-spacing: .04em; }
.finding.error h3 span { color: var(--error); }
.finding p { margin: .25rem 0 .75rem; }
.finding dl { margin: 0; display: grid; gap: .35rem; }
.finding dl div { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .75rem; }
.finding dt { font-size: .875rem; line-height: 1.6; }
details { margin-top: .75rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
section > details { margin: 0; padding: .6rem 0; border-top: 1px solid var(--line); }
section > details:last-child { border-bottom: 1px solid var(--line); }
section > details.broken > summary { color: var(--error); font-weight: 600; }
.answers { color: var(--soft); font-weight: 400; margin-left: .5rem; }
pre { margin: .5rem 0; padding: .75rem 1rem; background: var(--lane); border-radius: .375rem; overflow-x: auto; }
pre.line { white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; min-width: 5.5rem; }
td:first-child, .exchanges td:nth-child(2) { white-space: nowrap; }
.exchanges td { min-width: 3rem; }
.body { color: var(--soft); font-size: .75rem; overflow-wrap: anywhere; }
figure { margin: .75rem 0 1.25rem; overflow-x: auto; }
figcaption { color: var(--soft); font-size: .8125rem; }
.timeline svg { display: block; width: 100%; min-width: 34rem; height: auto; fill: var(--ink); }
.timeline rect[fill="#ffffff"] { fill: none; }
.timeline rect[fill="#f3f3f3"] { fill: var(--lane); }
.timeline rect[fill="#222222"] { fill: var(--ink); }
.timeline line { stroke: var(--line); }
footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 40rem) {
  .finding dl div { grid-template-columns: 1fr; gap: 0; }
  td:first-child { white-space: normal; }
  .wide table { min-width: 26rem; }
  .wide table.exchanges { min-width: 0; }
  .exchanges thead { display: none; }
  .exchanges tr, .exchanges td { display: block; }
  .exchanges tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .exchanges td { border: 0; padding: .1rem 0; }
  .exchanges td:nth-child(-n + 2) { display: inline-block; color: var(--soft); }
}
@media print {
  details::details-content { content-visibility: visible; height: auto; }
  .finding, figure { break-inside: avoid; }
}
"""
