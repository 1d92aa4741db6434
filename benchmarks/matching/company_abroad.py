"""The companies of other countries in the benchmark's table."""

from __future__ import annotations

import copy
import random

from benchmarks.matching import company_slip as slip
from benchmarks.matching.company_row import Company
from benchmarks.matching.company_word import FREE_MAIL_ABROAD, GIVEN, HEADS, LANDS, MIDDLES, TAILS, Land


def _word(draw: random.Random) -> str:
    middle = draw.choice(MIDDLES) if draw.random() < 0.6 else ""
    return (draw.choice(HEADS) + middle + draw.choice(TAILS)).capitalize()


def _brand(draw: random.Random) -> str:
    """A word or two, perhaps two families."""
    how = draw.random()
    if how < 0.6:
        return _word(draw)
    return f"{_word(draw)} {_word(draw)}" if how < 0.9 else f"{_word(draw)} & {_word(draw)}"


class Foreign(Company):
    """A company in a country of LANDS."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__()
        self.kind = "abroad"
        self.brand = _brand(draw)
        self.former = _brand(draw) if draw.random() < 0.08 else ""
        self.move(draw, draw.choice(LANDS))
        slug = slip.transliterated(draw, self.brand).lower().replace(" & ", "").replace(" ", "")
        self.domain = ""
        if draw.random() < 0.75:
            ending = draw.choice(("com", self.land.code.lower(), "net"))
            self.domain = f"{slug}{draw.choice(('', '', '-group', self.trade[:3].lower()))}.{ending}"
            self.domain = slip.transliterated(draw, self.domain)
        self.mailbox = draw.choice(("info", "sales", "office")) if self.domain else self.free_mail(draw)

    def move(self, draw: random.Random, land: Land) -> None:
        """Everything that depends on the country."""
        self.land = land
        self.trade, self.form = draw.choice(land.trades), draw.choice(land.forms)
        self.home = draw.choice(land.towns)
        self.street = land.street.format(s=_word(draw), n=draw.randint(1, 399))
        self.postcode = draw.randrange(10000, 99999)
        self.phone = f"{draw.randint(200, 899)}{draw.randrange(10**7):07d}"
        self.code = f"{land.code}{draw.randrange(10**9):09d}"
        self.wrong_code = f"{land.code}{draw.randrange(10**9):09d}"
        self.contact = self.person(draw)

    def name(self) -> str:
        return f"{self.brand} {self.trade} {self.form[0]}"

    def renamed(self, draw: random.Random) -> tuple[str, str]:
        how = draw.random()
        brand, trade, form = self.brand, self.trade, self.form
        if how < 0.2 and len(form) > 1:
            return f"{brand} {trade} {draw.choice(form[1:])}", "Latin form"
        if how < 0.34:
            return f"{brand} {trade}", "Latin form missing"
        if how < 0.44:
            return f"{slip.typo_latin(draw, brand)} {trade} {form[0]}", "Latin typo in brand"
        if how < 0.52:
            return f"{brand} {slip.typo_latin(draw, trade)} {draw.choice(form)}", "Latin typo in trade"
        if how < 0.64:
            return slip.transliterated(draw, f"{brand} {trade} {draw.choice(form)}"), "transliterated"
        if how < 0.71:
            return f"{brand} {trade} {draw.choice(form)}".upper(), "upper case"
        if how < 0.78:
            return f"{brand} {slip.abbreviated(trade)} {draw.choice(form)}", "abbreviated"
        if how < 0.84:
            return f"{brand} {form[0]}" if draw.random() < 0.5 else brand, "Latin short name"
        if how < 0.89 and self.former:
            return f"{self.former} {trade} {form[0]}", "former name alone"
        if how < 0.94:
            town = draw.choice((f"{brand} {trade} ({self.home}) {form[0]}", f"{brand} {trade} {form[0]} - {self.home}"))
            return town, "town beside"
        return f"{brand.replace('&', 'and')} {trade} {form[0]}".replace(".", ""), "signs"

    def number(self, draw: random.Random) -> str:
        return slip.phone_abroad(draw, self.land.dial, self.phone)

    def other_number(self, draw: random.Random) -> str:
        return f"+{self.land.dial}{draw.randint(200, 899)}{draw.randrange(10**7):07d}"

    def town(self, draw: random.Random) -> str:
        return slip.transliterated(draw, self.home) if draw.random() < 0.2 else self.home

    def person(self, draw: random.Random) -> str:
        return f"{draw.choice(GIVEN)} {_word(draw)}"

    def free_mail(self, draw: random.Random) -> str:
        return f"{_word(draw).lower()}{draw.randint(1, 9999)}@{draw.choice(FREE_MAIL_ABROAD)}"

    def address(self, draw: random.Random, *, again: bool) -> str:
        if not again:
            return f"{self.street}, {self.postcode} {self.home}, {self.land.end}"
        how = draw.random()
        if how < 0.35:
            return f"{self.street}, {self.home}"
        if how < 0.6:
            return f"{self.street}, {self.postcode} {self.home}"
        if how < 0.72:
            return slip.transliterated(draw, f"{self.street}, {self.postcode} {self.home}, {self.land.end}").upper()
        if how < 0.84:
            return f"{self.street.replace('straße', 'str.').replace('Road', 'Rd').replace('Avenue', 'Ave')} {self.home}"
        if how < 0.93:
            return f"{slip.typo_latin(draw, self.street)}, {self.postcode} {self.home}"
        moved = self.land.street.format(s=_word(draw), n=draw.randint(1, 399))
        return f"{moved}, {self.postcode} {self.home}, {self.land.end}"


def abroad(draw: random.Random) -> list[Company]:
    """A company, and now and then its house in another country, its sister, or a namesake."""
    first = Foreign(draw)
    how = draw.random()
    found: list[Company] = [first]
    if how >= 0.08:
        return found
    other = copy.copy(first)
    other.former = ""
    domain, mailbox, phone, code, home, street = (
        other.domain,
        other.mailbox,
        other.phone,
        first.code,
        first.home,
        first.street,
    )
    if how < 0.03:  # a house abroad
        other.move(draw, draw.choice([land for land in LANDS if land is not first.land]))
    elif how < 0.05:  # a sister
        other.move(draw, first.land)
        while other.trade == first.trade:
            other.trade = draw.choice(first.land.trades)
        other.home = home
        if draw.random() < 0.4:
            other.phone, other.street = phone, street
    else:  # a namesake, or the same name in another form
        trade, form = first.trade, first.form
        other.move(draw, first.land)
        other.trade = trade
        if draw.random() < 0.5:
            other.form = form
        domain, mailbox = "", other.free_mail(draw)
    other.domain, other.mailbox, other.wrong_code = domain, mailbox, code
    return [first, other]
