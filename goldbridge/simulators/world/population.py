"""Who is there: families until there are customers enough, some suppliers besides, people, and shared switchboards."""

from __future__ import annotations

from itertools import count

from goldbridge.simulators.world import phone
from goldbridge.simulators.world.company import Company, Person
from goldbridge.simulators.world.dice import Dice, Weighted
from goldbridge.simulators.world.family import Families
from goldbridge.simulators.world.founding import FREE_MAIL, person_name
from goldbridge.simulators.world.script import reading
from goldbridge.simulators.world.vocabulary import sections

SUPPLIERS = 0.06
"""Companies that only the ERP knows, as a share of the customers."""

_STAFF = Weighted([(1, 45.0), (2, 30.0), (3, 15.0), (4, 10.0)])
_ON_A_BOARD = 0.05


def populate(seed: int, customers: int, year: int) -> list[Company]:
    """All companies in id order: exactly `customers` of them have the role customer or dealer."""
    drawn = Families(seed, year)
    companies: list[Company] = []
    found = 0
    families = count()
    while found < customers:
        for company in drawn.family(next(families)):
            if company.roles:
                found += 1
                if found > customers:
                    company.roles = frozenset()
            companies.append(company)
    suppliers = 0
    while suppliers < int(customers * SUPPLIERS):
        for company in drawn.family(next(families)):
            company.roles = frozenset({"supplier"})
            suppliers += 1
            companies.append(company)
    _staff(seed, companies)
    _share_switchboards(seed, companies)
    return companies


def _staff(seed: int, companies: list[Company]) -> None:
    """One to four people for every company somebody deals with."""
    titles = sections("person.txt")["title"]
    number = 0
    for company in companies:
        if not company.roles & {"customer", "dealer"}:
            continue
        dice = Dice(seed, "people", company.id)
        for place in range(dice.weighted(_STAFF)):
            number += 1
            if company.country in ("CN", "HK"):
                name = company.operator if place == 0 and dice.chance(0.3) else person_name(dice)
                mobile = company.mobile if name == company.operator and company.mobile else phone.mobile(dice)
            else:
                name, mobile = f"{dice.pick('ABCDEFGHJKLMNPRSTW')}. {dice.pick(_SURNAMES)}", ""
            company.people.append(
                Person(f"P{number:06d}", company.id, name, mobile, _mail(dice, company, name), dice.pick(titles))
            )


_SURNAMES = ("Meyer", "Smith", "Rossi", "Garcia", "Jensen", "Novak", "Tanaka", "Kim", "Dubois", "Silva", "Kumar", "Tan")


def _mail(dice: Dice, company: Company, name: str) -> str:
    if not dice.chance(0.6):
        return ""
    spelled = "".join(char for char in reading(name) if char.isascii() and char.isalnum())
    if company.domain and dice.chance(0.6):
        return f"{spelled}@{company.domain}"
    return f"{spelled}{dice.number(1, 9999)}@{dice.skewed(FREE_MAIL, 1.4)}"


def _share_switchboards(seed: int, companies: list[Company]) -> None:
    """About 5 % sit behind a number they share with strangers: an office park's exchange, a bookkeeper's
    mobile. About half of their records show it.

    Neighbours first: the chosen ones are taken in the order of their regions, three to seven to a number.
    """
    dice = Dice(seed, "switchboards")
    chosen = [
        company
        for company in companies
        if dice.chance(_ON_A_BOARD) and company.roles & {"customer", "dealer"} and company.address and not company.head
    ]
    chosen.sort(key=lambda company: (company.region, company.id))
    at = 0
    while at < len(chosen):
        size = min(dice.number(3, 7), len(chosen) - at)
        members = chosen[at : at + size]
        at += size
        assert members[0].address is not None
        line = phone.fixed(dice, members[0].address.place)
        agency = phone.mobile(dice)
        local = all(member.address and member.address.place.area_code == line[0] for member in members)
        for member in members:
            member.board = True
            if local:
                member.lines = (line,)
            else:
                member.lines, member.mobile = (), agency
        if size < 2:  # the last one has nobody to share with but the board before
            before = chosen[max(0, at - 2)]
            members[0].lines, members[0].mobile = before.lines, before.mobile
