"""Ways to reach somebody as evidence: telephones, addresses on the net, doors of houses."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz.distance import OSA, Indel, LCSseq

from dedupe import evidence as worth
from dedupe import place as placing
from dedupe.bit import share
from dedupe.evidence import Part, Rare
from dedupe.evidence_name import TWO_BRANDS, related
from dedupe.prepare import Online, Site, sites
from dedupe.statistic import Statistics

SHORT_ADDRESS = 8


class Contact:
    """Ways to reach somebody before what is known of all of them."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def phone(self, one: tuple[str, ...], two: tuple[str, ...]) -> Part:
        return self._shared("phone", worth.PHONE, one, two, worth.PHONE_DIFFERENT)

    def online(self, one: Online, two: Online) -> Part:
        emails = self._shared("online", worth.EMAIL, one.emails, two.emails, 0)
        if emails.weight > 0:
            return emails._replace(level="same e-mail")
        if one.domains and two.domains:
            return self._shared("online", worth.DOMAIN, one.domains, two.domains, worth.ONLINE_DIFFERENT)
        return emails._replace(level="")

    def address(self, one: Site, two: Site) -> Part:
        a, b = sorted((one, two))
        if placing.compare(a.place, b.place) == "conflict":
            return Part("address", "another town", 0)  # the place says it
        if a.road and b.road:
            if not _same_road(a.road, b.road, a.number == b.number != ""):
                return Part("address", "different", worth.SITE_DIFFERENT)
            if not a.number or not b.number:
                return Part("address", "same road", worth.SITE_SAME_DOOR)
            if a.number != b.number:
                return Part("address", "another number", worth.SITE_NUMBER_DIFFERENT)
            return self._door(a, b)
        if a.rest == b.rest and len(a.rest) >= 8:
            return Part("address", "equal text", worth.SITE_TEXT_EQUAL)
        if not (a.road or b.road or a.place.provinces or b.place.provinces):
            return _abroad(a.rest, b.rest)
        if len(a.rest) >= 5 and len(b.rest) >= 5 and Indel.normalized_similarity(a.rest, b.rest) >= 0.85:
            return Part("address", "nearly equal text", worth.SITE_TEXT)
        return Part("address", "", 0)

    def _shared(self, label: str, rare: Rare, one: Iterable[str], two: Iterable[str], different: int) -> Part:
        common = sorted(set(one) & set(two))
        telling = [value for value in common if not self.statistics.is_hub(rare.facet, value)]
        if telling:
            return Part(label, "equal", max(self.statistics.rarity(rare, value) for value in telling))
        return Part(label, "shared by many", 0) if common else Part(label, "different", different)

    def _door(self, a: Site, b: Site) -> Part:
        site = min(set(sites(a)) & set(sites(b)) or {*sites(a), *sites(b)})
        if self.statistics.is_hub("site", site):
            if len(a.rest) > len(a.road + a.number) and a.rest == b.rest:
                return Part("address", "same room in a busy house", worth.SITE_SAME_DOOR)
            return Part("address", "shared by many", 0)
        room = worth.SITE_SAME_DOOR if a.rest == b.rest and len(a.rest) > len(a.road + a.number) else 0
        return Part("address", "same room" if room else "equal", self.statistics.rarity(worth.SITE, site) + room)


def balanced(named: list[Part], contact: list[Part]) -> list[Part]:
    """Ways to reach somebody come together: the strongest counts whole, the next half, the third a quarter; and
    all of them together only so much where the names say that these are relatives, or say nothing."""
    order = sorted(range(len(contact)), key=lambda at: (-contact[at].weight, contact[at].comparison))
    if contact[order[0]].weight <= 0:
        return contact
    room = _room(named, contact)
    found = list(contact)
    divisor = 1
    for at in order:
        part = contact[at]
        if part.weight <= 0:
            continue
        weight = share(part.weight, divisor)
        divisor *= 2
        if room is not None:
            weight = min(weight, room)
            room -= weight
        found[at] = part._replace(weight=weight)
    return found


def _room(named: list[Part], contact: list[Part]) -> int | None:
    """The most that all ways to reach somebody may weigh together beside these names."""
    levels = {part.comparison: part.level for part in named}
    longer = levels.get("trade") == "longer"
    apart = levels.get("form") == "of another company" or levels.get("country") == "different"
    if levels.get("brand") in TWO_BRANDS or "name_region" in levels or longer or apart or related(named):
        if levels.get("brand") == "slip of two" and levels.get("trade") == "equal":
            agreed = sum(part.weight > 0 for part in contact)
            return worth.CONTACT_MOST_SLIP if agreed > 1 else worth.CONTACT_MOST_RELATED
        return worth.CONTACT_MOST_RELATED
    if sum(part.weight for part in named if part.comparison != "place") <= 0:
        return worth.CONTACT_MOST_ALONE
    return None


def _abroad(one: str, two: str) -> Part:
    """Two addresses that no division table knows: the shorter one, which lacks postcode or country, in the longer."""
    short = min(len(one), len(two))
    if short < SHORT_ADDRESS:
        return Part("address", "", 0)
    held = LCSseq.similarity(one, two) / short
    if held >= 0.9:
        return Part("address", "nearly equal text", worth.SITE_TEXT)
    return Part("address", "different text", worth.SITE_DIFFERENT) if held < 0.75 else Part("address", "", 0)


def _same_road(one: str, two: str, same_number: bool) -> bool:
    """文一路 and 文一西路 are two roads. A zone or a town may stand before the name; a long name may have a slip in it,
    and with the same number a short one may end in the other."""
    short, long = sorted((one, two), key=lambda road: (len(road), road))
    if long.endswith(short):
        return len(short) >= 3 and (short == long or same_number)
    return len(short) >= 4 and same_number and OSA.distance(one, two, score_cutoff=1) <= 1
