/** The style sheet of a report: light and dark, on a screen and on A4. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1a1c1e; --soft: #5a6068; --line: #d4d8dd; --paper: #fff; --panel: #f5f7f9;
  --good: #1a7f37; --good-ink: #fff; --kept: #b9d9c2; --kept-ink: #14371f; --bad: #c62828; --bad-ink: #fff; --none: #eceff2; --curve: #2563c9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #a2a9b1; --line: #3a4048; --paper: #14171a; --panel: #1d2125;
  --good: #3fb950; --good-ink: #08170c; --kept: #2b4a34; --kept-ink: #d8f0de; --bad: #ff6b63; --bad-ink: #2a0503; --none: #23282d; --curve: #79a8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1000px; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 4px; font-size: 26px; } h2 { margin: 0 0 4px; font-size: 20px; } h3 { margin: 16px 0 4px; font-size: 15px; }
p { margin: 4px 0; } .soft, .legend, caption { color: var(--soft); } .legend { font-size: 13px; }
code { font-size: 13px; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { padding: 12px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); }
.tile b { display: block; font-size: 22px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 8px 0; font-size: 14px; } dt { color: var(--soft); } dd { margin: 0; }
section { margin: 28px 0; padding-top: 16px; border-top: 1px solid var(--line); }
.wide { overflow-x: auto; }
table { width: 100%; margin: 8px 0; border-collapse: collapse; font-size: 14px; }
caption { text-align: left; padding-bottom: 4px; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
tbody th { font-weight: 600; white-space: nowrap; }
.problem { color: var(--bad); font-weight: 600; } .ok { color: var(--good); font-weight: 600; }
ul.problems { margin: 8px 0; padding: 8px 12px 8px 28px; border-left: 4px solid var(--bad); background: var(--panel); }
svg { display: block; width: 100%; height: auto; margin: 6px 0; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.calendar { max-width: 760px; } .calendar g text, .axis { text-anchor: middle; }
.none rect { fill: var(--none); } .kept rect { fill: var(--kept); } .kept text { fill: var(--kept-ink); }
.proven rect { fill: var(--good); } .proven text { fill: var(--good-ink); } .bad rect { fill: var(--bad); } .bad text { fill: var(--bad-ink); font-weight: 700; }
.sizes { max-width: 760px; } .sizes line { stroke: var(--line); } .sizes polyline { fill: none; stroke: var(--curve); stroke-width: 2; stroke-linejoin: round; }
.value { text-anchor: end; }
summary { cursor: pointer; }
@page { size: A4; margin: 14mm; }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --panel: #fff; --good: #1a7f37; --good-ink: #fff;
    --kept: #cfe5d6; --kept-ink: #14371f; --bad: #b71c1c; --bad-ink: #fff; --none: #eee; --curve: #1d4f9f; }
  body { padding: 0; max-width: none; font-size: 11px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  table { font-size: 10px; } tr, svg, .tile { break-inside: avoid; } h2, h3 { break-after: avoid; } .wide { overflow: visible; } }
`;
