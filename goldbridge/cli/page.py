"""One HTML page that needs nothing else: no network and no script. What it is told is escaped by `text`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

Language = Literal["en", "zh"]

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--paper:#fff;--line:#d8dee4;--a:#2563eb;--b:#b45309;
--c:#15803d;--minus:#b91c1c}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa5b1;--paper:#0d1117;--line:#30363d;--a:#60a5fa;
--b:#f59e0b;--c:#4ade80;--minus:#f87171}}
body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);background:var(--paper);
max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}h3{font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}td.n{text-align:right}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.8rem}dt{color:var(--soft);font-size:.85rem}
dd{margin:0;font-size:1.3rem}svg{width:100%;height:auto;font-size:11px;fill:var(--ink)}.bar{fill:var(--a)}
.grid{stroke:var(--line)}.mark{stroke:var(--b);stroke-dasharray:4 3}.small{fill:var(--b);font-size:10px}
polyline{fill:none;stroke-width:2}polyline.l1{stroke:var(--a)}polyline.l2{stroke:var(--b)}polyline.l3{stroke:var(--c)}
.key.l1{fill:var(--a)}.key.l2{fill:var(--b)}.key.l3{fill:var(--c)}.plus{fill:var(--c)}.minus{fill:var(--minus)}
.end{text-anchor:end}.strong{font-weight:600}.soft{color:var(--soft)}
"""


def whole(title: str, body: str, language: Language) -> str:
    """The page around `body`; `title` is escaped already."""
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    )


def text(value: object) -> str:
    """Anything as HTML."""
    return escape(str(value), quote=True)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already."""
    top = "".join(f"<th>{text(each)}</th>" for each in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{lines}</table>"
