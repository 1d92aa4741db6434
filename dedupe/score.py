"""The match weight of two records: bits of evidence added up, with every part on show.

A pure function of the rules, the frozen statistics and the two records, and symmetric. The parts of an explanation add
up to the weight exactly. Evidence that says the same thing twice is cut before it is added, not after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA, Indel, LCSseq
from rapidfuzz.fuzz import partial_ratio

from dedupe import evidence as worth
from dedupe import latin
from dedupe import name as naming
from dedupe import place as placing
from dedupe.bit import share
from dedupe.evidence import Rare
from dedupe.fact import conflict
from dedupe.grade import plain_kind, similar
from dedupe.name import Name
from dedupe.prepare import Identifiers, Names, Online, Prepared, Site, sites
from dedupe.rule import Comparison, Rules
from dedupe.sound import sound
from dedupe.statistic import Statistics
from goldbridge.text.legal_form import DESCRIPTIVE, forms_agree
from goldbridge.text.word_latin import is_common


class Part(NamedTuple):
    """One piece of evidence: what was compared, on which level it agrees, and its ten-thousandths of a bit."""

    comparison: str
    level: str
    weight: int


class Match(NamedTuple):
    """A judged pair. `band` is auto, review or no; a vetoed pair is never auto. The parts add up to `weight`."""

    weight: int
    band: str
    parts: tuple[Part, ...] = ()
    vetoes: tuple[str, ...] = ()

    def parts_json(self) -> list[list[Any]]:
        """The explanation as plain data: [comparison, level, weight]."""
        return [list(part) for part in self.parts]


def score(rules: Rules, statistics: Statistics, a: Prepared, b: Prepared) -> Match:
    """Judge whether two records are the same."""
    weigh = _Weighing(rules, statistics, a, b)
    parts = weigh.parts()
    weight = sum(part.weight for part in parts)
    vetoes = conflict(rules.vetoes, a.facts, b.facts)
    band = (statistics.bands or rules.bands).of(weight)
    if vetoes:
        band = "review" if band != "no" and _worth_a_question(vetoes, parts) else "no"
    return Match(weight, band, parts, vetoes)


def _worth_a_question(vetoes: Iterable[str], parts: Iterable[Part]) -> bool:
    """A vetoed pair reaches a steward only when a wrong number or a renamed group is likely: same name *and* the same
    way to reach them (E05, E07). Branches and funds are what they say."""
    return set(vetoes) <= {"different_hard_id", "group_marker"} and any(
        part.comparison in ("phone", "online", "address") and part.weight > 0 for part in parts
    )


class _Weighing:
    """One pair on the scales."""

    def __init__(self, rules: Rules, statistics: Statistics, a: Prepared, b: Prepared) -> None:
        self.rules, self.statistics = rules, statistics
        self.a, self.b = a, b
        self._land = ""

    def parts(self) -> tuple[Part, ...]:
        named: list[Part] = []
        contact: list[Part] = []
        other: list[Part] = []
        names: tuple[Names, Names] | None = None
        land = 0
        for comparison, one, two in zip(self.rules.comparisons, self.a.slots, self.b.slots, strict=True):
            if one is None or two is None:
                continue
            if comparison.kind == "organisation":
                names = one, two
            elif comparison.kind in _CONTACT:
                contact.append(_CONTACT[comparison.kind](self, one, two))
            elif comparison.kind == "country":
                land = worth.COUNTRY_EQUAL if one == two else worth.COUNTRY_DIFFERENT
                self._land = one if one == two else ""
            elif comparison.kind == "identifier":
                other.append(self._identifier(comparison, one, two))
            else:
                other.append(self._plain(comparison, one, two))
        contact = [part for part in contact if part.level]
        if names:
            named = self._names(*names)
        if land:
            named = _in_country(named, land)
        named.extend(self._place(named, contact))
        if contact and any(comparison.kind == "organisation" for comparison in self.rules.comparisons):
            contact = self._balanced(named, contact)
        named.extend(self._registered(named))
        other.extend(self._out_of_place(named))
        other.extend(self._uncorroborated(named, [*contact, *other]))
        return tuple(part for part in (*named, *contact, *other) if part.level)

    # Names

    def _names(self, one: Names, two: Names) -> list[Part]:
        """The best pair among all names of both; a match with a former name is worth a little less."""
        best = max(
            (self._name_pair(*_ordered(left, right)) for left in one.names for right in two.names),
            key=lambda found: (sum(part.weight for part in found), [part.level for part in found]),
        )
        if best[0].level == "different" and any(name.role == "former" for names in (one, two) for name in names.names):
            best.append(Part("former_names", "none fits", worth.NEVER_CALLED))
        self._pair = best
        return best

    def _name_pair(self, a: Name, b: Name) -> list[Part]:
        if a.words and b.words:
            parts = [Part(*part) for part in latin.weigh(a, b, self._word, self._known, self._land)]
            brand = parts[0]
            if self._open_form(a, b):
                parts.append(Part("form", "left open, several known", worth.FORM_OPEN))
        else:
            brand = self._brand(a, b)
            parts = [brand]
        if brand.level in ("different", "other script"):
            return parts
        if not (a.words and b.words):
            parts.append(self._trade(a, b, brand.level))
        if a.form and b.form and not (a.words and DESCRIPTIVE & {a.form, b.form}):
            parts.append(_form(a, b))
        if a.branch and b.branch:
            equal = a.branch == b.branch
            weight = worth.BRANCH_EQUAL if equal else worth.BRANCH_OTHER
            parts.append(Part("branch", "equal" if equal else "another", weight))
        if a.mark and a.mark == b.mark and not a.words:
            same_series = naming.series(a) == naming.series(b)
            weight = worth.MARK_EQUAL if same_series else worth.MARK_OF_ANOTHER
            parts.append(Part("number", "equal" if same_series else "of another series", weight))
        if a.form and b.form and a.group != b.group:
            parts.append(Part("group", "different", worth.GROUP_DIFFERENT))
        elsewhere = naming.registered_elsewhere(a, b)
        if elsewhere:
            weight = worth.REGION_LEVEL if elsewhere == "another level" else worth.REGION_OTHER
            parts.append(Part("name_region", elsewhere, weight))
        if brand.weight > 0 and _related(parts):
            parts[0] = Part("brand", f"{brand.level}, of relatives", 0)
        if "former" in (a.role, b.role):
            parts.append(Part("former_names", "fits", worth.FORMER))
        return parts

    def _open_form(self, a: Name, b: Name) -> bool:
        """Whether one of the names lacks its form where several companies differ in nothing else."""
        return bool(a.form) != bool(b.form) and self.statistics.forms.get("".join(a.words), 1) > 1

    def _word(self, word: str) -> int:
        """What a word in common proves."""
        if len(word) == 1:
            return worth.WORD_LETTER
        return self.statistics.word_rarity(word, worth.WORD_COMMON if is_common(word) else worth.WORD)

    def _known(self, word: str) -> bool:
        """Whether a name beside the one at hand has this word."""
        return self.statistics.count("token", word) > 1

    def _brand(self, a: Name, b: Name) -> Part:
        level = naming.likeness_of_brands(a, b)
        if level == "different":
            return Part("brand", level, worth.BRAND_DIFFERENT)
        if level == "other script":
            return Part("brand", level, 0)
        if level == "slip of two":
            return Part("brand", level, worth.BRAND_SLIP_OF_TWO)
        if level == "short":
            return Part("brand", level, worth.BRAND_SHORT)
        if level == "equal" and a.brand != b.brand:
            return Part("brand", "equal with the trade", self._rare(worth.CORE, a.core))
        if level == "transliterated":
            weight = self._rare(worth.BRAND_SOUND, sound(b.brand if a.latin else a.brand))
        elif level == "sound":
            weight = self._rare(worth.BRAND_SOUND, sound(a.brand))
        elif level in ("start", "end"):
            weight = self._rare(worth.BRAND, min(a.brand, b.brand, key=lambda brand: (len(brand), brand)))
        else:
            weight = min(self._rare(worth.BRAND, a.brand), self._rare(worth.BRAND, b.brand))
        return Part("brand", level, weight - worth.BRAND_PENALTY[level])

    def _trade(self, a: Name, b: Name, brand: str) -> Part:
        if brand == "start" and a.form and b.form and not a.latin and naming.other_rest(a, b):
            return Part("trade", "another behind the brand", worth.TRADE_OTHER_REST)
        if brand in ("start", "end", "short", "equal with the trade", "transliterated"):
            return Part("trade", "", 0)  # the border between the two is open, and the whole was compared
        level = naming.likeness_of_trades(a, b)
        if level == "equal":
            return Part("trade", level, self._rare(worth.TRADE, a.trade))
        whole = all(name.form in _COMPANY_FORMS and name.form != "公司" for name in (a, b))
        if whole and (level == "part" or (a.group and b.group and bool(a.trade) != bool(b.trade))):
            return Part("trade", "longer", worth.TRADE_LONGER)
        weight = {"part": worth.TRADE_PART, "close": worth.TRADE_CLOSE, "different": worth.TRADE_DIFFERENT}
        return Part("trade", level, weight.get(level, 0))

    def _place(self, named: list[Part], contact: list[Part]) -> list[Part]:
        level = placing.compare(self.a.place, self.b.place)
        if not level:
            return self._town(named)
        if level == "conflict":
            misread = _place_is_brand(self.a, self.b) or _place_is_brand(self.b, self.a)
            return [] if misread else [Part("place", level, worth.PLACE_CONFLICT)]
        if level == "other county":
            return [Part("place", level, worth.PLACE_OTHER_COUNTY)]
        if _related(named) or any(part.comparison == "name_region" for part in named):
            return [Part("place", f"{level}, of relatives", 0)]
        doors = {part.level: part.weight for part in contact if part.comparison == "address"}
        if any(weight > 0 for weight in doors.values()):
            return [Part("place", f"{level}, said by the address", 0)]
        if any(weight == worth.SITE_DIFFERENT for weight in doors.values()):
            return [Part("place", f"{level}, another address", 0)]
        if level == "province":
            shared = min(self.a.place.provinces & self.b.place.provinces)
            return [Part("place", level, self._rare(worth.PROVINCE, shared))]
        weight = self._rare(worth.CITY, min(self.a.place.cities & self.b.place.cities))
        return [Part("place", level, weight + (worth.PLACE_COUNTY if level == "county" else 0))]

    def _town(self, named: list[Part]) -> list[Part]:
        """Towns abroad are names only. A name in letters is taken once in a register, not once in the world: where the
        towns differ, it cannot join two records alone."""
        one, two = _towns(self.a), _towns(self.b)
        if not (one and two):
            return self._town_beside(named, one or two)
        if _same_town(one, two):
            return [Part("place", "town", worth.TOWN_EQUAL if named else 0)]
        agreed = sum(part.weight for part in named)
        return [Part("place", "another town", min(worth.PLACE_CONFLICT, worth.NAMESAKES_ABROAD - agreed))]

    def _town_beside(self, named: list[Part], town: str) -> list[Part]:
        """One record names its town, the other has a line of an address, in which it stands or not."""
        lines = [slot.rest for each in (self.a, self.b) for slot in each.slots if isinstance(slot, Site)]
        if not town or len(lines) != 2:
            return []
        line = lines[0] if not _towns(self.a) else lines[1]
        if len(line) < _SHORT_ADDRESS or len(town) < 4:
            return []
        if partial_ratio(town, line) >= 80:
            return [Part("place", "town", worth.TOWN_EQUAL if named else 0)]
        return [Part("place", "another town", worth.TOWN_NOT_SAID)]

    def _uncorroborated(self, named: list[Part], said: list[Part]) -> list[Part]:
        """Where everything else that both records say contradicts, a name alone does not join them unasked: it is as
        likely a namesake's. A name in letters has no place in it that tells namesakes apart: there it weighs less."""
        if not named or any(part.weight > 0 for part in said):
            return []
        against = [part for part in said if part.weight < 0]
        elsewhere = [part for part in named if part.comparison == "place" and part.weight < 0]
        agreed = sum(part.weight for part in named if part.comparison != "place")
        if not all(any(name.words for name in _names_of(record)) for record in (self.a, self.b)):
            agreed += sum(part.weight for part in named if part.comparison == "place") + sum(p.weight for p in said)
            weight = min(0, worth.ASKED - agreed) if len(against) > 1 else 0
        else:
            against += elsewhere
            more = (len(against) - 1) * worth.NOTHING_AGREES_MORE
            weight = min(0, worth.NAME_ALONE - agreed) + worth.NOTHING_AGREES + more if against else 0
        return [Part("namesakes", "nothing else agrees", weight)] if weight else []

    def _registered(self, named: list[Part]) -> list[Part]:
        """The part that lifts a whole registered name to its worth."""
        levels = {part.comparison: part.level for part in named}
        if levels.get("brand") not in ("equal", "equal with the trade", "slip"):
            return []
        if levels.get("trade", "equal") not in ("equal", "") or levels.get("words", "all") != "all":
            return []
        if any(part.weight < worth.FORM_DIFFERENT_LATIN for part in named):
            return []
        every = [_ordered(left, right) for left in _names_of(self.a) for right in _names_of(self.b)]
        pairs = [pair for pair in every if _same_unit(*pair)]
        if not pairs:
            return []
        if any(self.statistics.doubles.get(naming.unit(left), 0) > 1 for left, _ in pairs):
            return [Part("registered_name", "namesakes known in this city", worth.NAMESAKES)]
        placed = levels.get("place", "").partition(",")[0]
        one_place = placed in ("city", "county", "other county")
        if pairs[0][0].kind == "individual":  # sole traders' names are registered per county
            one_place = placed == "county"
        whole = [
            pair for pair in pairs if pair[0].form and pair[0].form == pair[1].form and pair[0].form not in DESCRIPTIVE
        ]
        if one_place or any(x.region and x.region == y.region and x.kind != "individual" for x, y in pairs):
            level, floor = "same name in one place", worth.REGISTERED if whole else worth.REGISTERED_LOOSELY
        elif whole and not placed and self.statistics.spread.get(naming.unit(whole[0][0]), 1) < 2:
            level, floor = "same name, no namesake known", worth.REGISTERED_ANYWHERE
        else:
            return []
        missing = floor - sum(part.weight for part in named)
        return [Part("registered_name", level, missing)] if missing > 0 else []

    # Ways to reach somebody

    def _phone(self, one: tuple[str, ...], two: tuple[str, ...]) -> Part:
        return self._shared("phone", worth.PHONE, one, two, worth.PHONE_DIFFERENT)

    def _online(self, one: Online, two: Online) -> Part:
        emails = self._shared("online", worth.EMAIL, one.emails, two.emails, 0)
        if emails.weight > 0:
            return emails._replace(level="same e-mail")
        if one.domains and two.domains:
            return self._shared("online", worth.DOMAIN, one.domains, two.domains, worth.ONLINE_DIFFERENT)
        return emails._replace(level="")

    def _shared(self, label: str, rare: Rare, one: Iterable[str], two: Iterable[str], different: int) -> Part:
        common = sorted(set(one) & set(two))
        telling = [value for value in common if not self.statistics.is_hub(rare.facet, value)]
        if telling:
            return Part(label, "equal", max(self._rare(rare, value) for value in telling))
        return Part(label, "shared by many", 0) if common else Part(label, "different", different)

    def _address(self, one: Site, two: Site) -> Part:
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

    def _door(self, a: Site, b: Site) -> Part:
        site = min(set(sites(a)) & set(sites(b)) or {*sites(a), *sites(b)})
        if self.statistics.is_hub("site", site):
            if len(a.rest) > len(a.road + a.number) and a.rest == b.rest:
                return Part("address", "same room in a busy house", worth.SITE_SAME_DOOR)
            return Part("address", "shared by many", 0)
        room = worth.SITE_SAME_DOOR if a.rest == b.rest and len(a.rest) > len(a.road + a.number) else 0
        return Part("address", "same room" if room else "equal", self._rare(worth.SITE, site) + room)

    def _balanced(self, named: list[Part], contact: list[Part]) -> list[Part]:
        """Ways to reach somebody come together: the strongest counts whole, the next half, the third a quarter; and
        all of them together only so much where the names say that these are relatives, or say nothing."""
        order = sorted(range(len(contact)), key=lambda at: (-contact[at].weight, contact[at].comparison))
        levels = {part.comparison: part.level for part in named}
        agreed = sum(part.weight for part in named if part.comparison != "place")
        room: int | None = None
        longer = levels.get("trade") == "longer"
        apart = levels.get("form") == "of another company" or levels.get("country") == "different"
        if levels.get("brand") in _TWO_BRANDS or "name_region" in levels or longer or apart or _related(named):
            room = worth.CONTACT_MOST_RELATED
            if levels.get("brand") == "slip of two" and levels.get("trade") == "equal" and len(_agree(contact)) > 1:
                room = worth.CONTACT_MOST_SLIP
        elif agreed <= 0:
            room = worth.CONTACT_MOST_ALONE
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

    # Everything else

    def _out_of_place(self, named: list[Part]) -> list[Part]:
        """A credit code carries the region that issued it: beside another name elsewhere it is a stranger's."""
        if not (self.a.facts.hard and self.b.facts.hard):
            return []
        brand = next((part.level for part in named if part.comparison == "brand"), "equal")
        if brand in ("equal", "sound", "slip", "end", "equal with the trade", "transliterated"):
            return []
        common = set(self.a.facts.hard) & set(self.b.facts.hard)
        for kind, number in sorted(common):
            strange = [
                bool(record.place.provinces) and number[2:4] not in record.place.provinces
                for record in (self.a, self.b)
            ]
            if kind == "credit_code" and strange[0] != strange[1]:
                return [Part("credit_code_region", "at home for one of them", worth.HARD_FROM_ELSEWHERE)]
        return []

    def _identifier(self, comparison: Comparison, one: Identifiers, two: Identifiers) -> Part:
        common = sorted(set(one.valid) & set(two.valid))
        if common:
            if all(self.statistics.is_hub(comparison.name, value) for value in common):
                return Part(comparison.name, "shared by many", 0)
            return Part(comparison.name, "equal", worth.HARD_EQUAL)
        if one.valid and two.valid:
            return Part(comparison.name, "different", worth.HARD_DIFFERENT)
        if set(one.inner) & set(two.inner):
            return Part(comparison.name, "same organisation code", worth.INNER_EQUAL)
        if one.other and two.other:
            return self._unchecked(comparison, one.other, two.other)
        pairs = [(x, y) for x in one.valid + one.soft for y in two.valid + two.soft]
        if not pairs:
            return Part(comparison.name, "", 0)  # a company is known to the registers of two countries
        if any(x == y for x, y in pairs):
            return Part(comparison.name, "equal, fails its check", worth.SOFT_EQUAL)
        if any(len(x) > 8 and OSA.distance(x, y, score_cutoff=2) <= 2 for x, y in pairs):
            return Part(comparison.name, "nearly equal, fails its check", worth.SOFT_NEAR)
        return Part(comparison.name, "different, fails its check", worth.SOFT_FAR)

    def _unchecked(self, comparison: Comparison, one: tuple[str, ...], two: tuple[str, ...]) -> Part:
        """Numbers of a register whose check digits we do not know: a slip makes another number that looks right."""
        common = set(one) & set(two)
        if any(not self.statistics.is_hub(comparison.name, value) for value in common):
            return Part(comparison.name, "equal, without a check", worth.UNCHECKED_EQUAL)
        if common:
            return Part(comparison.name, "shared by many", 0)
        pairs = [(x, y) for x in one for y in two]
        if any(len(x) > 8 and OSA.distance(x, y, score_cutoff=1) <= 1 for x, y in pairs):
            return Part(comparison.name, "nearly equal, without a check", worth.UNCHECKED_NEAR)
        if any(x[:2] == y[:2] for x, y in pairs):
            return Part(comparison.name, "different, without a check", worth.UNCHECKED_DIFFERENT)
        return Part(comparison.name, "", 0)

    def _plain(self, comparison: Comparison, one: Any, two: Any) -> Part:
        facet, kind = comparison.name, plain_kind(comparison.kind)
        if comparison.kind == "set":
            pairs = [(x, y) for x in one for y in two]
        else:
            pairs = [(one, two)]
        weights = self.statistics.weights.get(facet, kind.weights)
        found = []
        for x, y in pairs:
            level = kind.level(similar(kind, x, y, lambda word: self.statistics.word_bits(facet, word)))
            found.append((weights[level] + rare_bits(self.statistics, comparison, level, x, y), -level))
        weight, level = max(found)
        return Part(facet, kind.labels[-level], weight)

    def _rare(self, rare: Rare, value: str) -> int:
        return self.statistics.rarity_bits(rare.facet, value, rare.expected, rare.population, rare.most)


_CONTACT: dict[str, Callable[[_Weighing, Any, Any], Part]] = {
    "phone": _Weighing._phone,
    "online": _Weighing._online,
    "address": _Weighing._address,
}


def rare_bits(statistics: Statistics, comparison: Comparison, level: int, x: str, y: str) -> int:
    """What the frequency of two values adds on a level: all of it when equal, half of the commoner one when nearly."""
    if level == 0:
        return statistics.frequency_bits(comparison.name, x)
    if level <= plain_kind(comparison.kind).fuzzy:
        both = (statistics.frequency_bits(comparison.name, value) for value in (x, y))
        return share(min(both), 2)
    return 0


def _in_country(named: list[Part], weight: int) -> list[Part]:
    """The names and the country: in another one, the name in common is more often that of a relative."""
    if weight > 0:
        return [*named, Part("country", "equal", weight if named else 0)]
    most = {"brand": worth.WORDS_MOST_PART, "words": 0}
    kept = [part._replace(weight=min(part.weight, most.get(part.comparison, part.weight))) for part in named]
    return [*kept, Part("country", "different", weight)]


def _agree(contact: Iterable[Part]) -> list[Part]:
    """Ways to reach somebody that agree and prove something."""
    return [part for part in contact if part.weight > 0]


_SHORT_ADDRESS = 8


def _abroad(one: str, two: str) -> Part:
    """Two addresses that no division table knows: the shorter one, which lacks postcode or country, in the longer."""
    short = min(len(one), len(two))
    if short < _SHORT_ADDRESS:
        return Part("address", "", 0)
    held = LCSseq.similarity(one, two) / short
    if held >= 0.9:
        return Part("address", "nearly equal text", worth.SITE_TEXT)
    return Part("address", "different text", worth.SITE_DIFFERENT) if held < 0.75 else Part("address", "", 0)


def _towns(record: Prepared) -> str:
    return next((slot.abroad for slot in record.slots if isinstance(slot, Site)), "")


def _same_town(one: str, two: str) -> bool:
    """Munchen and Muenchen are one; so are a town with a word behind it and the town."""
    short, long = sorted((one, two), key=lambda town: (len(town), town))
    return long.startswith(short) or (len(short) > 3 and OSA.distance(one, two, score_cutoff=1) <= 1)


def _names_of(record: Prepared) -> tuple[Name, ...]:
    return next((slot.names for slot in record.slots if isinstance(slot, Names)), ())


def _place_is_brand(one: Prepared, two: Prepared) -> bool:
    """Whether all that places a record is its name, and what was read there begins the other's brand."""
    if any(isinstance(slot, Site) and slot.place.provinces for slot in one.slots):
        return False
    return any(naming.brand_read_as_place(left, right) for left in _names_of(one) for right in _names_of(two))


def _ordered(a: Name, b: Name) -> tuple[Name, Name]:
    return (a, b) if a <= b else (b, a)


_TWO_BRANDS = frozenset(("different", "another character", "slip of two"))


def _related(parts: Iterable[Part]) -> bool:
    """Whether the names say: two companies of one family."""
    return any(
        part.level == ("of another series" if part.comparison == "number" else "different")
        for part in parts
        if part.comparison in ("trade", "group", "number")
    )


def _same_unit(a: Name, b: Name) -> bool:
    """Whether both names say the same unit, but for the region and a form that was not typed."""
    if naming.exchanged(a, b) and not a.words:
        return True
    if (a.words or a.core) != (b.words or b.core) or (a.mark, a.group, a.branch, a.branch_kind) != (
        b.mark,
        b.group,
        b.branch,
        b.branch_kind,
    ):
        return False
    if a.form and b.form:
        plain = a.form in _COMPANY_FORMS  # any other form (加工厂, 商行) says what the unit does
        return len(a.core) >= 2 and bool(a.trade or a.latin or a.group or not plain or a.form != b.form)
    return bool(a.trade and len(a.core) >= 4) or (a.full == b.full and len(a.full) >= 6)


_COMPANY_FORMS = frozenset(("有限公司", "股份有限公司", "公司", "集团"))


def _form(a: Name, b: Name) -> Part:
    if a.form == b.form:
        return Part("form", "equal", worth.FORM_EQUAL_LATIN if a.latin else worth.FORM_EQUAL)
    if a.latin and b.latin:
        if forms_agree(a.form, b.form):
            return Part("form", "written in another way", worth.FORM_DIFFERENT_LATIN)
        return Part("form", "of another company", worth.FORM_OTHER_LATIN)
    if a.form in _COMPANY_FORMS and b.form in _COMPANY_FORMS:
        return Part("form", "converted", worth.FORM_CONVERTED)
    return Part("form", "different", worth.FORM_DIFFERENT)


def _same_road(one: str, two: str, same_number: bool) -> bool:
    """文一路 and 文一西路 are two roads. A zone or a town may stand before the name; a long name may have a slip in it,
    and with the same number a short one may end in the other."""
    short, long = sorted((one, two), key=lambda road: (len(road), road))
    if long.endswith(short):
        return len(short) >= 3 and (short == long or same_number)
    return len(short) >= 4 and same_number and OSA.distance(one, two, score_cutoff=1) <= 1
