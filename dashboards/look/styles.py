"""Style sheets of our own parts. Each stands in a shadow root; colours come from the theme's variables."""

from __future__ import annotations

CHART_FONT_PX = "12px"

# Shared by everything: the theme's colours by short names, links, focus.
BASE = """
:host { --ink: var(--mui-palette-text-primary); --soft: var(--mui-palette-text-secondary);
  --line: var(--mui-palette-divider); --card: var(--mui-palette-background-paper);
  --page: var(--mui-palette-background-default); --accent: var(--mui-palette-primary-main);
  --bad: var(--mui-palette-error-main); --warn: var(--mui-palette-warning-main); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1, h2, h3 { font: inherit; margin: 0; }
h1 { font-size: 22px; font-weight: 650; letter-spacing: -.015em; line-height: 1.3; }
h2 { font-size: 15px; font-weight: 600; }
p { margin: 0; }
code { font: 12.5px ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace; background: var(--page);
  border: 1px solid var(--line); border-radius: 6px; padding: 2px 6px; }
.soft { color: var(--soft); }
.num { font-variant-numeric: tabular-nums; white-space: nowrap; }
.dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 7px;
  background: var(--state, #8b9097); }
.state { white-space: nowrap; }
bdi { unicode-bidi: isolate; }
"""

NAVIGATION = (
    BASE
    + """
:host { width: 100%; }
.bar { display: flex; align-items: center; justify-content: space-between; gap: 12px; width: 100%; }
nav { display: flex; gap: 2px; margin-left: 14px; }
nav a { color: var(--soft); padding: 6px 12px; border-radius: 7px; font-weight: 550; }
nav a:hover { color: var(--ink); text-decoration: none; background: var(--page); }
nav a[aria-current] { color: var(--ink); background: var(--page); }
form { display: flex; align-items: center; gap: 10px; margin: 0 6px 0 auto; min-width: 0; }
.who { color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 180px; }
button { font: inherit; color: var(--ink); background: none; border: 1px solid var(--line); border-radius: 7px;
  padding: 4px 10px; cursor: pointer; white-space: nowrap; }
button:hover { background: var(--page); }
@media (max-width: 600px) { .who { display: none; } nav { margin-left: 4px; } nav a { padding: 6px 8px; }
  button { padding: 4px 7px; } }
"""
)

CARDS = (
    BASE
    + """
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px 12px;
  min-width: 0; }
.card h2 { color: var(--soft); font-size: 12.5px; font-weight: 550; }
.card .value { font-size: 25px; font-weight: 620; letter-spacing: -.02em; line-height: 1.35; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.card .value small { font-size: 14px; font-weight: 550; color: var(--soft); letter-spacing: 0; }
.card .more { color: var(--soft); font-size: 12.5px; min-height: 19px; }
.card .more .bad { color: var(--bad); }
"""
)

HEAD = (
    BASE
    + """
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; }
.head .soft { font-size: 13.5px; }
"""
)

STATUS = (
    BASE
    + """
.status { display: flex; align-items: center; gap: 7px; font-size: 13px; color: var(--soft); white-space: nowrap;
  font-variant-numeric: tabular-nums; min-height: 32px; }
.status .dot { margin: 0; }
.status.live .dot { animation: breathe 2.4s ease-in-out infinite; }
@keyframes breathe { 50% { opacity: .35; } }
@media (prefers-reduced-motion: reduce) { .status.live .dot { animation: none; } }
"""
)

# Panel works out a least width from what is inside, and writes it on the element.
BOX = ":host, .paper { min-width: 0 !important; max-width: 100%; }"

ERROR = (
    BASE
    + """
.error { border: 1px solid var(--bad); border-radius: 10px; padding: 10px 14px; background: var(--card);
  overflow-wrap: anywhere; }
.error b { color: var(--bad); font-weight: 600; }
"""
)

PANEL = (
    BASE
    + """
.panel-head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 14px 16px 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12.5px; color: var(--soft); flex: 1 0 100%; }
.legend:not(:empty) { min-height: 20px; }
.legend span { display: inline-flex; align-items: center; gap: 6px; }
.legend i { width: 10px; height: 10px; border-radius: 3px; background: var(--colour); }
"""
)

EMPTY = (
    BASE
    + """
.empty { text-align: center; padding: 44px 20px; color: var(--soft); }
.empty h2 { color: var(--ink); font-size: 17px; margin-bottom: 6px; }
.empty code { display: inline-block; margin-top: 12px; overflow-wrap: anywhere; color: var(--ink); }
"""
)

FACTS = (
    BASE
    + """
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 14px 24px; margin: 0;
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: 12.5px; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
dl .wide { grid-column: 1 / -1; }
dd.message { white-space: pre-wrap; max-height: 12em; overflow: auto; }
"""
)

LISTED = (
    PANEL
    + """
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 550; color: var(--soft); font-size: 12.5px; padding: 6px 12px;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
th.num, td.num { text-align: right; }
tr.out td { color: var(--soft); }
.why { padding: 0 16px 14px; }
.why > p { margin: 4px 0 10px; }
td.words { min-width: 220px; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
ul.logs { list-style: none; margin: 0; padding: 0 16px 14px; max-height: 420px; overflow: auto;
  font: 12.5px/1.6 ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace; }
ul.logs li { display: flex; gap: 12px; padding: 1px 0; }
ul.logs time { color: var(--soft); white-space: nowrap; }
ul.logs b { font-weight: 600; min-width: 66px; }
ul.logs span { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; }
td:first-child, th:first-child { padding-left: 16px; }
.note { padding: 4px 16px 16px; color: var(--soft); }
"""
)

SERVICE = (
    BASE
    + """
.service { display: grid; grid-template-columns: minmax(190px, 1.3fr) minmax(220px, 2fr) minmax(300px, 2.6fr);
  gap: 10px 26px; align-items: start; padding: 14px 16px; }
.service > * { min-width: 0; }
.name { font-weight: 620; font-size: 15px; overflow-wrap: anywhere; }
.told { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.strip { display: flex; gap: 2px; height: 26px; align-items: stretch; }
.strip i { flex: 1 1 0; border-radius: 2px; background: var(--colour, var(--line)); min-width: 1px; }
.ends { display: flex; justify-content: space-between; color: var(--soft); font-size: 12px; margin-top: 3px; }
.figures { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px 14px; margin: 0; }
.figures dt { color: var(--soft); font-size: 12px; }
.figures dd { margin: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media (max-width: 900px) { .service { grid-template-columns: 1fr; } }
"""
)

# Tabulator's own rows in our colours. The widget stands in a shadow root of its own.
TABLE = (
    BASE
    + """
.tabulator { background: transparent !important; border: 0 !important; font-size: 13.5px !important;
  color: var(--ink); }
.tabulator .tabulator-header, .tabulator .tabulator-header .tabulator-col { background: transparent !important;
  border: 0 !important; color: var(--soft) !important; font-weight: 550; font-size: 12.5px; }
.tabulator .tabulator-header { border-bottom: 1px solid var(--line) !important; }
.tabulator .tabulator-tableholder .tabulator-table { background: transparent !important; color: var(--ink) !important; }
.tabulator .tabulator-row { background: transparent !important; border-bottom: 1px solid var(--line); min-height: 36px;
  color: var(--ink) !important; }
.tabulator .tabulator-row:hover { background: color-mix(in srgb, var(--accent) 7%, transparent) !important; }
.tabulator .tabulator-row.tabulator-selected { background: color-mix(in srgb, var(--accent) 13%, transparent)
  !important; }
.tabulator .tabulator-row .tabulator-cell { border: 0 !important; padding: 8px 12px; unicode-bidi: plaintext;
  font-variant-numeric: tabular-nums; }
.tabulator .tabulator-col .tabulator-col-content { padding: 8px 12px !important; }
.tabulator a { color: var(--accent); }
.tabulator .tabulator-placeholder { color: var(--soft); }
"""
)
