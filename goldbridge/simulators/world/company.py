"""What is true: companies and the people in them. Nothing here knows how any system sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from goldbridge.simulators.world.address import Address
from goldbridge.simulators.world.name import Name
from goldbridge.simulators.world.phone import Line

Kind = Literal["company", "branch", "individual", "cooperative", "public", "foreign"]


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name a company had, until the day (YYYY-MM-DD) it was changed."""

    name: str
    parts: Name
    changed_on: str


@dataclass(slots=True)
class Person:
    """Somebody who works for a company."""

    id: str
    company: str
    name: str
    mobile: str
    email: str
    title: str


@dataclass(slots=True)
class Company:
    """A real organisation.

    `parts` is None for companies abroad and for public bodies; `trade_short` is how people shorten its trade. `address`
    is None only abroad, where `abroad` holds the text and `service` the telephone number (at home it is a 400 number).
    `head` is the id of a branch's head office, `group` that of its parent. `roles` is empty for companies that nobody
    of ours deals with (they are in the registry all the same). `status` is canonical (ACTIVE, DEREGISTERED, ...),
    `status_text` what the register prints. `capital_cny` is in 元, 0 when there is none. `board`: the line (or the
    mobile) is shared with strangers.
    """

    id: str
    kind: Kind
    name: str
    parts: Name | None
    trade_short: str
    industry: str
    credit_code: str
    address: Address | None
    founded: str
    capital_cny: int
    capital_text: str
    status: str = "ACTIVE"
    status_text: str = "存续"
    abroad: str = ""
    country: str = "CN"
    former: tuple[FormerName, ...] = ()
    english: str = ""
    lines: tuple[Line, ...] = ()
    service: str = ""
    mobile: str = ""
    domain: str = ""
    email: str = ""
    operator: str = ""
    head: str = ""
    group: str = ""
    roles: frozenset[str] = frozenset()
    board: bool = False
    people: list[Person] = field(default_factory=list)

    @property
    def registered(self) -> bool:
        return bool(self.credit_code)

    @property
    def region(self) -> str:
        """GB/T 2260 code of where it is; empty abroad."""
        return self.address.place.code if self.address else ""

    @property
    def point(self) -> str:
        return self.address.point if self.address else ""
