"""The page of error codes, by area; each leads to its own page."""

from __future__ import annotations

from goldbridge.cli.explain import pages
from tools.reference.markdown import sections, table

AREAS = {
    "CFG": "YAML files, settings and secrets",
    "MOD": "the model and its types",
    "MAP": "mappings",
    "CON": "connectors and HTTP",
    "STA": "the state store",
    "DED": "matching",
    "MDM": "golden records and survivorship",
    "FLW": "flows",
    "CUT": "the cutover",
    "SBX": "the sandbox",
}


def page() -> str:
    """Every code with its title; raises ValueError for a code of no area."""
    titles = {code: path.read_text(encoding="utf-8").partition("\n")[0] for code, path in pages().items()}
    strange = sorted({code[:3] for code in titles} - set(AREAS))
    if strange:
        raise ValueError(f"error codes of no area: {strange}")
    blocks = ["# Error codes", "`goldbridge explain CODE` prints the same pages."]
    for area, about in AREAS.items():
        rows = [
            (f"[{code}](../errors/{code}.md)", title.removeprefix(f"# {code} "))
            for code, title in titles.items()
            if code.startswith(area)
        ]
        if rows:
            blocks += [f"## {area}: {about}", table(("code", "title"), rows)]
    return sections(*blocks)
