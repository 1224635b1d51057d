/** The style of the report: one column, system fonts, both colour schemes, made for 360 px and up, and for paper. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #17202b; --soft: #55616f; --line: #dfe4ea; --code: #eef1f5;
  --good: #14734a; --good-back: #e3f4eb; --bad: #b3261e; --bad-back: #fdeceb; --warn: #8a5a00; --warn-back: #fdf3dc;
  --t0: #2f6fd6; --t1: #d27a1c; --t2: #27926a; --t3: #9b4fb8; --t4: #c8453d; --t5: #3d8fa8; --t6: #8b95a1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11161c; --card: #1a2129; --ink: #e7ecf2; --soft: #a3afbc; --line: #2d3742; --code: #222b35;
    --good: #6fd6a3; --good-back: #15352a; --bad: #ff9a92; --bad-back: #43201f; --warn: #f0c063; --warn-back: #3a2f16;
    --t0: #6ea3f5; --t1: #eda256; --t2: #57c69a; --t3: #c58ade; --t4: #f0837b; --t5: #6bbdd6; --t6: #7d8895;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: clamp(26px, 5vw, 40px); line-height: 1.15; margin: 6px 0 10px; letter-spacing: -0.02em; text-wrap: balance; }
h2 { font-size: 21px; line-height: 1.3; margin: 44px 0 6px; letter-spacing: -0.01em; }
h3 { font-size: 16px; margin: 0 0 8px; }
p { margin: 0 0 12px; max-width: 72ch; }
.soft, .lead { color: var(--soft); }
.small { font-size: 14px; }
code, pre, .mono { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: 0.875em; }
code { background: var(--code); border-radius: 4px; padding: 1px 5px; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 8px; padding: 12px 14px; margin: 0 0 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
.card { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; margin: 12px 0; }
.verdict { border-left: 8px solid var(--good); padding: 24px 26px; }
.verdict.differs { border-left-color: var(--bad); } .verdict.open { border-left-color: var(--warn); }
.verdict p:last-child { margin-bottom: 0; }
.tag { font-size: 13px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.pill { display: inline-block; border-radius: 999px; padding: 1px 10px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.pill.good { background: var(--good-back); } .pill.bad { background: var(--bad-back); } .pill.warn { background: var(--warn-back); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 12px; margin: 12px 0; padding: 0; list-style: none; }
.facts li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.facts b { display: block; white-space: nowrap; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.facts span { color: var(--soft); font-size: 14px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
.pair .card { margin: 0; }
.folded { margin: 0; padding-left: 20px; font-size: 14px; } .folded li { overflow-wrap: anywhere; }
.checks { list-style: none; margin: 0; padding: 0; }
.checks li { position: relative; padding: 5px 0 5px 26px; overflow-wrap: anywhere; }
.checks li::before { position: absolute; left: 2px; font-weight: 700; content: "–"; color: var(--soft); }
.checks li.good, .checks li.bad { color: inherit; }
.checks li.good::before { content: "✓"; color: var(--good); }
.checks li.bad::before { content: "✗"; color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th { text-align: left; font-size: 13px; font-weight: 600; color: var(--soft); padding: 0 14px 6px 0; vertical-align: bottom; }
td { border-top: 1px solid var(--line); padding: 8px 14px 8px 0; vertical-align: top; overflow-wrap: break-word; }
td:last-child, th:last-child { padding-right: 0; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td .soft { font-size: 14px; }
.value { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; }
.why { color: var(--warn); font: 14px/1.4 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; margin-top: 2px; }
.hash { display: inline-block; min-width: 16ch; overflow-wrap: anywhere; word-break: break-all; font-size: 12.5px; }
details { margin-top: 4px; } details.more { margin-top: 14px; } details.more > summary { margin-bottom: 10px; font-size: 15px; } summary { cursor: pointer; color: var(--soft); font-size: 14px; }
details pre { margin: 6px 0 0; font-size: 12.5px; }
.lane { position: relative; height: 24px; margin: 3px 0; background: var(--code); border-radius: 4px; overflow: hidden; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 3px; border-right: 1px solid var(--card); }
.axis { position: relative; height: 20px; font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums; }
.axis span { position: absolute; top: 2px; transform: translateX(-50%); white-space: nowrap; }
.axis span:first-child { transform: none; } .axis span:last-child { transform: translateX(-100%); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; padding: 0; font-size: 14px; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 7px; vertical-align: -1px; }
.c0 { background: var(--t0); } .c1 { background: var(--t1); } .c2 { background: var(--t2); } .c3 { background: var(--t3); }
.c4 { background: var(--t4); } .c5 { background: var(--t5); } .c6 { background: var(--t6); }
.phases { display: grid; grid-template-columns: max-content 1fr max-content; gap: 6px 14px; align-items: center; font-size: 15px; }
.phases div { height: 10px; background: var(--code); border-radius: 5px; overflow: hidden; }
.phases div i { display: block; height: 100%; background: var(--t0); border-radius: 5px; min-width: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 48px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: 14px; }
@media (max-width: 720px) {
  main { padding: 14px 14px 48px; }
  .pair { grid-template-columns: 1fr; }
  .facts { grid-template-columns: 1fr 1fr; gap: 10px; }
  .card { padding: 14px 16px; } .verdict { padding: 18px 18px; }
  table.stack thead { display: none; }
  table.stack, table.stack tbody { display: block; }
  table.stack tr { display: grid; grid-template-columns: repeat(var(--across, 3), minmax(0, 1fr)); gap: 4px 12px; border-top: 1px solid var(--line); padding: 10px 0; }
  table.stack tbody tr:first-child { border-top: 0; padding-top: 0; }
  table.stack td { border: 0; padding: 2px 0; overflow-wrap: anywhere; text-align: left; white-space: normal; }
  table.stack td.wide { grid-column: 1 / -1; order: -2; } table.stack td.whole { grid-column: 1 / -1; } table.stack td.up { order: -1; } table.stack td.double { grid-column: span 2; }
  table.stack td[data-label]::before { content: attr(data-label); display: block; color: var(--soft); font-size: 12px; line-height: 1.3; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; }
}
@media print {
  body { background: #fff; } main { max-width: none; padding: 0; }
  .card, tr { break-inside: avoid; } h2 { break-after: avoid; }
}
`;
