"""A company of the benchmark's table, and how its columns other than the name are filled."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import NamedTuple

from benchmarks.matching import company_slip as slip


class Row(NamedTuple):
    """The cells of a row, and what was done to them."""

    name: str
    code: str
    phone: str
    address: str
    city: str
    email: str
    contact: str
    kinds: str


class Company(ABC):
    """One true entity. Subclasses say how a name, an address and a phone number are written."""

    def __init__(self) -> None:
        self.code = self.phone = self.domain = self.mailbox = self.contact = self.kind = ""
        self.wrong_code = ""
        """Another company's number, which somebody typed on this one."""

    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    def renamed(self, draw: random.Random) -> tuple[str, str]:
        """The name as somebody else types it, and what was done to it."""

    @abstractmethod
    def address(self, draw: random.Random, *, again: bool) -> str: ...

    @abstractmethod
    def number(self, draw: random.Random) -> str: ...

    @abstractmethod
    def other_number(self, draw: random.Random) -> str: ...

    @abstractmethod
    def town(self, draw: random.Random) -> str: ...

    @abstractmethod
    def person(self, draw: random.Random) -> str: ...

    @abstractmethod
    def free_mail(self, draw: random.Random) -> str: ...

    def mail(self, draw: random.Random, again: bool) -> str:
        if not self.domain:
            return self.mailbox
        local = draw.choice(("info", "sales", "office", "service", "hr", "admin")) if again else self.mailbox
        return f"{local}@{self.domain}"

    def first(self, draw: random.Random) -> Row:
        """The row as it was typed when all was known."""
        chance = draw.random
        code = self.code if chance() < 0.55 else ""
        if code and chance() < 0.004 and self.wrong_code:
            code = self.wrong_code
        return Row(
            self.name(),
            code,
            self.number(draw) if chance() < 0.85 else "",
            self.address(draw, again=False) if chance() < 0.8 else "",
            self.town(draw) if chance() < 0.75 else "",
            self.mail(draw, False) if chance() < 0.55 else "",
            self.contact if chance() < 0.6 else "",
            f"first {self.kind}",
        )

    def again(self, draw: random.Random) -> Row:
        """The row as somebody typed it who did not find the first one."""
        chance = draw.random
        name, kinds = self.name(), []
        for bound in (0.8, 0.25):
            if chance() >= bound:
                break
            name, kind = self.renamed(draw)
            kinds.append(kind)
            if kind not in ("same", "region moved", "brackets", "form"):
                break
        code = self._code_again(draw, kinds)
        if chance() < 0.68:
            phone = self.number(draw)
        elif chance() < 0.45:
            phone = self.other_number(draw)
            kinds.append("phone other")
        else:
            phone = ""
        address = self.address(draw, again=True) if chance() < 0.72 else ""
        mail = ""
        if chance() < 0.55:
            mail = self.mail(draw, True) if chance() < 0.85 else self.free_mail(draw)
        contact = ""
        if chance() < 0.55:
            contact = self.contact if chance() < 0.65 else self.person(draw)
        town = self.town(draw) if chance() < 0.7 else ""
        if draw.random() < 0.03:
            name = slip.full_width(name)
            kinds.append("full-width")
        return Row(name, code, phone, address, town, mail, contact, "+".join(kinds) or f"same {self.kind}")

    def _code_again(self, draw: random.Random, kinds: list[str]) -> str:
        how = draw.random()
        if how < 0.5 or not self.code:
            return ""
        if how < 0.93:
            return self.code
        if how < 0.985 or not self.wrong_code:
            kinds.append("code typo")
            return slip.credit_typo(draw, self.code)
        kinds.append("code wrong")
        return self.wrong_code
