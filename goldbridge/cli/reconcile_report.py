"""The report of a reconciliation: a page for whoever answers for the business, and the same as JSON.

The page carries the checksum of the JSON file beside it, so that a signature on the one covers the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from goldbridge.cli import page
from goldbridge.cli.page import Language, text
from goldbridge.cli.reconcile_word import word
from goldbridge.cli.table import replacing

_FIGURES = ("filled", "min", "max", "sum")


def write(out: Path, told: Mapping[str, Any], language: Language) -> None:
    """Write `out` (.html) and the JSON file beside it, each whole or not at all; raises `Misconfigured` CFG092."""
    raw = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode()
    with replacing(out.with_suffix(".json")) as target:
        target.write(raw + b"\n")
    made = _Page(told, language, sha256(raw + b"\n").hexdigest())
    with replacing(out) as target:
        target.write(made.html(out.with_suffix(".json").name).encode())


class _Page:
    def __init__(self, told: Mapping[str, Any], language: Language, checksum: str) -> None:
        self.told, self.language, self.checksum = told, language, checksum

    def say(self, key: str) -> str:
        return word(key, self.language)

    def html(self, json_name: str) -> str:
        title = text(f"{self.say('title')}: {self.told['project']}")
        verdict = self.say("agree") if self.told["ok"] else self.say("differ")
        mark = "plus" if self.told["ok"] else "minus"
        body = f'<p class="strong {mark}">{text(verdict)}</p><p class="soft">{text(self.told["made_at"])}</p>'
        body += "".join(self.run(run) for run in self.told["runs"]) or f"<p>{text(self.say('nothing'))}</p>"
        return page.whole(title, body + self.signature(json_name), self.language)

    def run(self, run: Mapping[str, Any]) -> str:
        said = f"{self.say('run')} {run['run']}: {run['flow']}"
        if run["completeness"]:
            said += f" ({run['completeness']})"
        return f'<p class="soft">{text(said)}</p>' + "".join(self.object(report) for report in run["objects"])

    def object(self, report: Mapping[str, Any]) -> str:
        head = f"<section><h2>{_sign(report['ok'])} {text(report['object'])}</h2>"
        numbers = (
            ("expected_rows", report["expected"]), ("found_rows", report["found"]),
            ("differences", report["differences"]), ("waiting", report["waiting"]),
        )  # fmt: skip
        listed = "".join(f"<div><dt>{text(self.say(key))}</dt><dd>{number:,}</dd></div>" for key, number in numbers)
        parts = [head, f"<dl>{listed}</dl>", self.fields(report)]
        parts += [self.group(name, values) for name, values in report["groups"].items()]
        parts += [self.differences(report), self.fingerprints(report["fingerprints"])]
        return "".join(parts) + "</section>"

    def fields(self, report: Mapping[str, Any]) -> str:
        if not report["fields"]:
            return ""
        head = [self.say("field"), *(f"{self.say(name)}" for name in _FIGURES), ""]
        rows = [
            [text(name), *(_beside(both, each) for each in _FIGURES), _sign(both["ok"])]
            for name, both in report["fields"].items()
        ]
        return f"<h3>{text(self.say('fields'))}</h3>" + page.table(head, rows)

    def group(self, name: str, values: Mapping[str, Any]) -> str:
        summed = sorted({field for both in values.values() for field in both["expected"] if field != "rows"})
        head = [name, self.say("rows"), *(f"{self.say('sum')} {field}" for field in summed), ""]
        rows = [
            [
                text(value or self.say("empty")),
                _beside(both, "rows"),
                *(_beside({side: both[side][field] for side in ("expected", "found")}, "sum") for field in summed),
                _sign(both["ok"]),
            ]
            for value, both in values.items()
        ]
        return f"<h3>{text(self.say('by'))} {text(name)}</h3>" + page.table(head, rows)

    def differences(self, report: Mapping[str, Any]) -> str:
        shown = report["shown"]
        if not shown:
            return ""
        head = [self.say(key) for key in ("kind", "golden", "row", "field", "expected", "found", "records")]
        rows = [
            [
                text(self.say(one["kind"])),
                text(one["external_id"]),
                self.link(report["object"], one["key"]),
                text(one["field"]),
                text(one["expected"]),
                text(one["found"]),
                "<br>".join(map(text, one["records"])),
            ]
            for one in shown
        ]
        cut = self.say("cut").format(shown=len(shown), all=report["differences"])
        below = f'<p class="soft">{text(cut)}</p>' if len(shown) < report["differences"] else ""
        return f"<h3>{text(self.say('differences'))}</h3>{page.table(head, rows)}{below}"

    def link(self, object: str, key: str) -> str:
        """The key of a row, leading to the page on which its system shows it."""
        system, _, name = object.partition(".")
        where = self.told["pages"].get(system)
        if not where or not key:
            return text(key)
        address = where.replace("{object}", quote(name, safe="")).replace("{key}", quote(key, safe=""))
        return f'<a href="{text(address)}" rel="noreferrer">{text(key)}</a>'

    def fingerprints(self, both: Mapping[str, str]) -> str:
        said = both["expected"] if both["expected"] == both["found"] else f"{both['expected']} / {both['found']}"
        return f'<p class="soft">{text(self.say("fingerprint"))}: <code>{text(said)}</code></p>'

    def signature(self, json_name: str) -> str:
        lines: Iterable[str] = (f"<p>{text(self.say(key))}: ______________________</p>" for key in ("name", "date"))
        covered = f"{json_name}, SHA-256 {self.checksum}"
        title = f"<h2>{text(self.say('signature'))}</h2>"
        return f'<section>{title}<p class="soft">{text(covered)}</p>{"".join(lines)}</section>'


def _beside(both: Mapping[str, Any], name: str) -> str:
    """What both sides say: once when they agree."""
    expected, found = (_shown(both[side].get(name, "")) for side in ("expected", "found"))
    if expected == found:
        return text(expected)
    return f'<span class="plus">{text(expected or "-")}</span> / <span class="minus">{text(found or "-")}</span>'


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sign(ok: bool) -> str:
    return '<span class="plus">\u2713</span>' if ok else '<span class="minus">\u2717</span>'
