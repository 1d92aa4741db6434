"""The company register: all organisations of the mainland, found by code, by name (old ones too), or by likeness."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cached_property

from goldbridge.simulators.world.company import Company

_BRACKETS = str.maketrans("()", "（）")
LIKENESS = 0.5
"""The share of a question's character pairs that a name must have to be an answer."""
COMMON = 0.15
"""Pairs that more than this share of all names have (有限, 公司) do not count."""


def folded(text: str) -> str:
    """Blanks and the width of letters and brackets do not matter to the register's search; script and spelling do."""
    return "".join(unicodedata.normalize("NFKC", text).split()).translate(_BRACKETS).upper()


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


class Registry:
    """All registered companies, branches included; none from abroad."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self.companies = [company for company in companies if company.registered]
        self._by_code = {company.credit_code: company for company in self.companies}
        self._names = [
            (folded(company.name), *(folded(former.name) for former in company.former)) for company in self.companies
        ]
        self._by_name: dict[str, list[Company]] = {}
        self._by_former: dict[str, list[Company]] = {}
        for company, (name, *former) in zip(self.companies, self._names, strict=True):
            self._by_name.setdefault(name, []).append(company)
            for old in former:
                self._by_former.setdefault(old, []).append(company)

    def exact(self, keyword: str) -> Company | None:
        """The company with this code or full name; a former name leads to it as well.

        Of two companies that had the same name one after the other, the living one is meant.
        """
        key = folded(keyword)
        if found := self._by_code.get(key):
            return found
        named = self._by_name.get(key) or self._by_former.get(key) or []
        return min(named, key=lambda company: (company.status == "DEREGISTERED", company.id), default=None)

    def search(self, keyword: str) -> list[Company]:
        """Companies like the keyword, best first: by code, name (also former), part of a name, person, phone, address.

        A question must share most of its character pairs with a name: a missing region is forgiven, a short name finds
        all that contain it, a misspelt character in a long name mostly too.
        """
        key = folded(keyword)
        scores: dict[int, float] = {}
        for number in (*self._by_person.get(key, ()), *self._by_phone.get(key.replace("-", ""), ())):
            scores[number] = 0.9
        self._score_names(key, scores)
        if len(key) >= 5:
            for number, address in enumerate(self._addresses):
                if key in address:
                    scores.setdefault(number, 0.7)
        if found := self._by_code.get(key):
            scores[self._numbers[found.id]] = 3.0
        ranked = sorted(scores, key=lambda number: (-scores[number], len(self.companies[number].name), number))
        return [self.companies[number] for number in ranked]

    def _score_names(self, key: str, scores: dict[int, float]) -> None:
        postings = [self._by_pair.get(pair, []) for pair in sorted(_pairs(key))]
        common = COMMON * len(self.companies)
        wanted = [numbers for numbers in postings if len(numbers) <= max(common, 20)] or postings
        shared: dict[int, int] = {}
        for numbers in wanted:
            for number in numbers:
                shared[number] = shared.get(number, 0) + 1
        for number, count in shared.items():
            share = count / len(wanted)
            if share < LIKENESS:
                continue
            company, names = self.companies[number], self._names[number]
            bonus = 1.0 if key in names else 0.5 if any(key in name for name in names) else 0.0
            scores[number] = max(scores.get(number, 0.0), share + bonus + (0.1 if company.status == "ACTIVE" else 0.0))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {company.id: number for number, company in enumerate(self.companies)}

    @cached_property
    def _by_pair(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        for number, names in enumerate(self._names):
            for pair in sorted(set().union(*map(_pairs, names))):
                index.setdefault(pair, []).append(number)
        return index

    @cached_property
    def _by_person(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        for number, company in enumerate(self.companies):
            index.setdefault(company.operator, []).append(number)
        return index

    @cached_property
    def _by_phone(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        for number, company in enumerate(self.companies):
            for line in company.lines:
                index.setdefault("".join(line), []).append(number)
        return index

    @cached_property
    def _addresses(self) -> list[str]:
        return [folded(company.address.text) if company.address else "" for company in self.companies]
