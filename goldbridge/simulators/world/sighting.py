"""One record of one system about one company: everything it has got right and wrong about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from goldbridge.simulators.world import phone
from goldbridge.simulators.world.address import Address, neighbour
from goldbridge.simulators.world.company import Company
from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.mistake import Habit, Marks, miscode, misdial, misname

_WEAK = {"short_name", "former_name", "english_name", "homophone", "look_alike", "slip", "region_dropped"}
_NO_EVIDENCE_KEPT = 0.15


@dataclass(slots=True)
class Sighting:
    """What a system believes. `address` is the place meant (perhaps an old one); how it is written is the system's."""

    company: Company
    name: str
    code: str = ""
    tel: str = ""
    mobile: str = ""
    email: str = ""
    website: str = ""
    address: Address | None = None
    marks: Marks = field(default_factory=set)


def see(dice: Dice, company: Company, habit: Habit, others: list[Company]) -> Sighting:
    """A fresh look at a company through a system's habits; `others` are companies whose code may be copied by mistake.

    A record under a name that proves little normally keeps some other evidence, because somebody still works with it:
    only about one in seven of those that would have none stays so.
    """
    name, marks = misname(dice, company, habit)
    code, code_marks = miscode(dice, company, habit, others)
    tel, tel_marks = misdial(dice, company, habit)
    sighting = Sighting(company, name, code, tel, marks=marks | code_marks | tel_marks)
    if dice.chance(habit.mobile):
        sighting.mobile = _mobile(dice, company)
    if dice.chance(habit.email):
        sighting.email = _mail(dice, company)
    if company.domain and dice.chance(habit.website):
        sighting.website = dice.pick(("www.", "http://www.", "https://www.", "", "http://")) + company.domain
    if dice.chance(habit.address):
        sighting.address = company.address
        if company.address and dice.chance(0.045):
            sighting.address = neighbour(dice, company.address)
            sighting.marks.add("stale_address")
    if sighting.marks & _WEAK and not _proves_something(sighting) and not dice.chance(_NO_EVIDENCE_KEPT):
        _add_evidence(dice, sighting)
    return sighting


def _proves_something(sighting: Sighting) -> bool:
    marks = sighting.marks
    return bool(
        (sighting.code and not marks & {"bad_code", "strangers_code", "placeholder_code"})
        or (sighting.tel and not marks & {"stale_phone", "placeholder_phone", "switchboard"})
        or (sighting.address and "stale_address" not in marks and (sighting.address.road or sighting.address.village))
        or sighting.mobile
        or sighting.email
    )


def _add_evidence(dice: Dice, sighting: Sighting) -> None:
    company = sighting.company
    if company.address and dice.chance(0.5):
        sighting.address = company.address
        sighting.marks.discard("stale_address")
    elif company.lines and not company.board:
        sighting.tel = phone.write_fixed(dice, company.lines[0])
        sighting.marks -= {"stale_phone", "placeholder_phone"}
    elif company.address:
        sighting.address = company.address
        sighting.marks.discard("stale_address")


def _mobile(dice: Dice, company: Company) -> str:
    if company.people and dice.chance(0.65):
        number = dice.skewed(company.people, 2.0).mobile
    else:
        number = company.mobile
    return phone.write_mobile(dice, number) if number else ""


def _mail(dice: Dice, company: Company) -> str:
    if company.email and dice.chance(0.7):
        mail = company.email
    else:
        mail = next((person.email for person in company.people if person.email), company.email)
    return mail.upper() if mail and dice.chance(0.02) else mail
