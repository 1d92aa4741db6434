"""Guesses what the columns of an unknown table hold, from their headers and their content, and says how sure it is.

A guess never hides: the caller shows it, and can overrule it by name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from dedupe import plain
from dedupe.table.header import IGNORE, announced_by
from goldbridge.text.code import is_placeholder, parse_credit_code, parse_lei
from goldbridge.text.contact import domain_of, parse_email
from goldbridge.text.date import parse_date
from goldbridge.text.organisation import parse_organisation
from goldbridge.text.phone import parse_phones

KINDS = (
    "organisation", "person", "name", "phone", "email", "domain", "address", "identifier", "code", "date", "number",
    "category", "text", IGNORE,
)  # fmt: skip
"""What a column may be declared as; `ignore` leaves it out of the comparison."""

OUTPUT = ("cluster_id", "match_weight", "golden", "auto_cluster_id")
"""Columns that an earlier run added; they are no evidence."""


class Guess(NamedTuple):
    """What a column is taken for. `sure` is from 0 to 1; `reason` is for people."""

    column: str
    kind: str
    sure: float
    reason: str
    part: str = ""
    """For companies, which part of the record: name, short_name, former_names, province, city, district, line ..."""
    fits: float | None = None
    """Share of the values that look like the kind, where the kind has a look."""
    header: str = ""
    """The kind that the header announces."""
    rival: str = ""
    """Another kind that fits nearly as well: somebody should say which."""


class _Sample(NamedTuple):
    """Up to a thousand distinct filled cells, spread over the column, and counts of the whole column."""

    values: tuple[str, ...]
    rows: int
    filled: int
    distinct: int
    each_once: bool
    """Every cell is filled and none equals another; what elsewhere is a placeholder (111) counts too."""

    def share(self, test: Callable[[str], object]) -> float:
        return sum(bool(test(value)) for value in self.values) / len(self.values) if self.values else 0.0


_id_like = re.compile(r"(?:^|_| )(?:id|key|no|uuid|guid|pk)$|编号$|序号$|主键$")
_year = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_digit = re.compile(r"\d")
_cjk = re.compile("[\u3400-\u9fff]")


def guess(cells: Mapping[str, Sequence[str]]) -> list[Guess]:
    """One guess per column, in the order of the columns; `cells` maps names to values, all of one length."""
    return [_guess(name, values) for name, values in cells.items()]


_WORDY = 12
"""Characters of the longest placeholder that may stand in one cell only."""


def _sample(values: Sequence[str]) -> _Sample:
    counts = Counter(values)
    # What stands once and is long is no placeholder, which people type again and again.
    distinct = sorted(
        value
        for value, count in counts.items()
        if value and ((count == 1 and len(value) > _WORDY) or not is_placeholder(value))
    )
    step = max(1, len(distinct) // 1000)
    filled = sum(counts[value] for value in distinct)
    each_once = len(counts) == len(values) and "" not in counts
    return _Sample(tuple(distinct[::step][:1000]), len(values), filled, len(distinct), each_once)


def _guess(name: str, values: Sequence[str]) -> Guess:
    sample = _sample(values)
    if name in OUTPUT:
        return Guess(name, IGNORE, 1.0, "written by an earlier run")
    if not sample.filled:
        return Guess(name, IGNORE, 1.0, "empty")
    if sample.distinct == 1 and sample.filled == sample.rows >= 10:
        return Guess(name, IGNORE, 0.9, "one value in every row")
    announced, part = announced_by(name)
    found = _kind(name, sample, announced, part)
    fits, rival = _fitting(found.kind, sample)
    if found.reason.endswith(f"the header says {announced}"):
        rival = announced
    return found._replace(fits=fits, header=announced, rival="" if found.kind == IGNORE else rival)


def _kind(name: str, sample: _Sample, announced: str, part: str) -> Guess:
    kind, sure, reason = _content(sample, announced)
    if _numbers_rows(name, announced, kind, sample):
        return Guess(name, IGNORE, 0.9 if announced == IGNORE else 0.7, "another value in every row: it numbers them")
    if announced == "place":
        chinese = sample.share(_cjk.search) > 0.5
        return Guess(name, "address" if chinese else "name", 0.9, "header", part if chinese else "")
    if not announced or announced == IGNORE:
        return Guess(name, kind, sure, reason, _PARTS.get(kind, ""))
    if kind == "organisation" and announced == "name":
        return Guess(name, kind, sure, reason, "name")  # a name, and most end as companies' do
    if kind == announced:
        return Guess(name, kind, 0.95, "header and content", part or _PARTS.get(kind, ""))
    if _plausible(announced, sample):
        return Guess(name, announced, 0.8, "header", part)
    return Guess(name, kind, sure * 0.8, f"{reason}; the header says {announced}", _PARTS.get(kind, ""))


_PARTS = {"organisation": "name", "phone": "phones", "email": "emails", "domain": "website", "address": "line"}


# What is something else than a number of rows even where no two rows share it: two credit codes are two companies.
_TELLING = ("organisation", "identifier", "email", "domain", "address", "number")


def _numbers_rows(name: str, announced: str, content: str, sample: _Sample) -> bool:
    """Whether a column names each row once, as a key does: equal values never occur, so it is no evidence."""
    if sample.rows < 2 or not sample.each_once:
        return False
    if announced in ("person", "name", "phone", "date", "text", *_TELLING) or content in _TELLING:
        return False
    if content in ("phone", "date") and sample.share(str.isdigit) < 0.5:  # 1001, 1002 ... look like years
        return False
    compact = sample.share(lambda value: " " not in value and len(value) <= 40 and _digit.search(value)) >= 0.95
    return compact and (bool(_id_like.search(name.lower())) or sample.rows >= 20)


def _content(sample: _Sample, announced: str) -> tuple[str, float, str]:
    """What the cells alone say."""
    for kind, least, test, reason in _TESTS:
        found = sample.share(test)
        if found >= least:
            return kind, min(0.9, 0.5 + found / 2 - 0.1), f"{found:.0%} {reason}"
    spread = sample.distinct / sample.filled
    if sample.distinct <= 50 and spread <= 0.05:
        return "category", 0.8, f"{sample.distinct} values in {sample.filled} rows"
    words = sum(len(plain.words(value).split()) for value in sample.values) / len(sample.values)
    length = sum(map(len, sample.values)) / len(sample.values)
    digits = sample.share(_digit.search)
    if digits >= 0.7 and words <= 2 and length <= 24:
        if sample.share(lambda value: bool(plain.quantity(value)) and "." in value) >= 0.5:
            return "number", 0.7, "decimal numbers"
        return "code", 0.7, "short, with digits"
    if words >= 4 or length >= 30:
        return "text", 0.7, f"{words:.0f} words on average"
    if announced in ("person", "name"):
        return announced, 0.8, "short words"
    return "name", 0.6, "short words"


_CLOSE = 0.15
_GLANCE = 200


def _fitting(kind: str, sample: _Sample) -> tuple[float | None, str]:
    """The share of the values that look like the kind, and another kind of which nearly as many or more do."""
    few = sample._replace(values=sample.values[:: max(1, len(sample.values) // _GLANCE)])
    shares: dict[str, float] = {}
    for other, least, test, _ in _TESTS:
        share = few.share(test)
        if other == kind or share >= least:
            shares[other] = max(share, shares.get(other, 0.0))
    own = shares.pop(kind, None)
    near = [other for other, share in shares.items() if own is not None and share >= own - _CLOSE]
    return own, max(near, key=lambda other: (shares[other], other), default="")


def _is_date(value: str) -> bool:
    digits = value.strip().isdigit()
    return bool(_digit.search(value)) and (not digits or len(value.strip()) == 8) and parse_date(value) is not None


def _is_number(value: str) -> bool:
    if len(value) == 20 and (lei := parse_lei(value)) is not None:
        return lei.valid
    return len(value) >= 18 and (code := parse_credit_code(value)) is not None and code.valid


def _is_domain(value: str) -> bool:
    return "." in value and "@" not in value and " " not in value and bool(domain_of(value))


def _is_phone(value: str) -> bool:
    return sum(map(str.isdigit, value)) >= 7 and bool(parse_phones(value))


def _is_address(value: str) -> bool:
    return len(value) >= 6 and bool(_cjk.search(value)) and bool(_road.search(value))


_road = re.compile(
    r"[路街巷弄道村镇](?:\d|[一二三四五六七八九十]|NO|$|.*?\d+ ?[号#])|\d+号|[市区县].{2,}[路街镇乡村道]"
)

_TESTS: tuple[tuple[str, float, Callable[[str], object], str], ...] = (
    ("email", 0.7, lambda value: "@" in value and parse_email(value), "are e-mail addresses"),
    ("identifier", 0.5, _is_number, "are valid official numbers"),
    ("date", 0.8, _is_date, "are dates"),
    ("date", 0.95, _year.fullmatch, "are years"),
    ("domain", 0.8, _is_domain, "are web sites"),
    ("phone", 0.8, _is_phone, "are telephone numbers"),
    ("organisation", 0.4, lambda value: len(value) >= 4 and parse_organisation(value).form, "have a legal form"),
    ("address", 0.5, _is_address, "are addresses"),
)


def _plausible(announced: str, sample: _Sample) -> bool:
    """Whether the content does not contradict what the header says."""
    tests: dict[str, Callable[[str], object]] = {
        "phone": lambda value: sum(map(str.isdigit, value)) >= 5,
        "email": lambda value: "@" in value,
        "domain": lambda value: "." in value,
        "date": lambda value: sum(map(str.isdigit, value)) >= 4,
        "number": lambda value: bool(plain.quantity(value)),
        "address": lambda value: bool(_cjk.search(value)),
        "identifier": lambda value: len(value) >= 8 and bool(_digit.search(value)),
        "person": lambda value: not _digit.search(value),
        "organisation": lambda value: bool(re.search(r"[^\W\d_]", value)),
        "category": lambda _: sample.distinct <= 200 and sample.distinct <= 0.2 * sample.filled + 10,
    }
    return sample.share(tests.get(announced, lambda _: True)) >= 0.6
