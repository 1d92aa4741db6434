"""Two parsed names as evidence: what brand, trade, form, branch, number and region in common or in conflict prove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dedupe import evidence as worth
from dedupe import latin
from dedupe import name as naming
from dedupe.evidence import Part
from dedupe.name import Name
from dedupe.sound import sound
from dedupe.statistic import Statistics
from goldbridge.text.legal_form import DESCRIPTIVE, forms_agree
from goldbridge.text.word_latin import is_common

COMPANY_FORMS = frozenset(("有限公司", "股份有限公司", "公司", "集团"))
TWO_BRANDS = frozenset(("different", "another character", "slip of two"))
APART = "different"
"""The level of two brands that have nothing to do with each other."""


def ordered(a: Name, b: Name) -> tuple[Name, Name]:
    """As the scales hold them: sorted, for likeness may depend on who stands first."""
    return (a, b) if a <= b else (b, a)


def related(parts: Iterable[Part]) -> bool:
    """Whether the names say: two companies of one family."""
    for part in parts:
        comparison, level = part[0], part[1]
        if comparison == "number":
            if level == "of another series":
                return True
        elif level == "different" and comparison in ("trade", "group"):
            return True
    return False


class Naming:
    """Names before what is known of all of them."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def best(self, one: Sequence[Name], two: Sequence[Name], land: str) -> list[Part]:
        """The best pair among all names of both; a match with a former name is worth a little less."""
        if len(one) == 1 == len(two):
            best = self.pair(*ordered(one[0], two[0]), land)
        else:
            best = max(
                (self.pair(*ordered(left, right), land) for left in one for right in two),
                key=lambda found: (sum(part.weight for part in found), [part.level for part in found]),
            )
        if best[0].level == APART and any(name.role == "former" for names in (one, two) for name in names):
            best.append(Part("former_names", "none fits", worth.NEVER_CALLED))
        return best

    def are_apart(self, one: Name, two: Name) -> bool:
        """Whether the brands of two names have nothing to do with each other."""
        a, b = ordered(one, two)
        if a.words and b.words:
            return self._words(a, b, "")[0][1] == APART
        return naming.likeness_of_brands(a, b) == APART

    def pair(self, a: Name, b: Name, land: str) -> list[Part]:
        """The evidence in two names, `ordered`; the first part is about the brand."""
        in_words = bool(a.words and b.words)
        if in_words:
            parts = [Part(*part) for part in self._words(a, b, land)]
            brand = parts[0]
            if self._open_form(a, b):
                parts.append(Part("form", "left open, several known", worth.FORM_OPEN))
        else:
            brand = self._brand(a, b)
            parts = [brand]
        if brand.level in (APART, "other script"):
            return parts
        if not in_words:
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
        if brand.weight > 0 and related(parts):
            parts[0] = Part("brand", f"{brand.level}, of relatives", 0)
        if "former" in (a.role, b.role):
            parts.append(Part("former_names", "fits", worth.FORMER))
        return parts

    def _words(self, a: Name, b: Name, land: str) -> list[latin.Evidence]:
        return latin.weigh(a, b, self._word, self._known, land)

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
        rarity = self.statistics.rarity
        if level == APART:
            return Part("brand", level, worth.BRAND_DIFFERENT)
        if level == "other script":
            return Part("brand", level, 0)
        if level == "slip of two":
            return Part("brand", level, worth.BRAND_SLIP_OF_TWO)
        if level == "short":
            return Part("brand", level, worth.BRAND_SHORT)
        if level == "equal" and a.brand != b.brand:
            return Part("brand", "equal with the trade", rarity(worth.CORE, a.core))
        if level == "transliterated":
            weight = rarity(worth.BRAND_SOUND, sound(b.brand if a.latin else a.brand))
        elif level == "sound":
            weight = rarity(worth.BRAND_SOUND, sound(a.brand))
        elif level in ("start", "end"):
            weight = rarity(worth.BRAND, min(a.brand, b.brand, key=lambda brand: (len(brand), brand)))
        else:
            weight = min(rarity(worth.BRAND, a.brand), rarity(worth.BRAND, b.brand))
        return Part("brand", level, weight - worth.BRAND_PENALTY[level])

    def _trade(self, a: Name, b: Name, brand: str) -> Part:
        if brand == "start" and a.form and b.form and not a.latin and naming.other_rest(a, b):
            return Part("trade", "another behind the brand", worth.TRADE_OTHER_REST)
        if brand in ("start", "end", "short", "equal with the trade", "transliterated"):
            return Part("trade", "", 0)  # the border between the two is open, and the whole was compared
        level = naming.likeness_of_trades(a, b)
        if level == "equal":
            return Part("trade", level, self.statistics.rarity(worth.TRADE, a.trade))
        whole = all(name.form in COMPANY_FORMS and name.form != "公司" for name in (a, b))
        if whole and (level == "part" or (a.group and b.group and bool(a.trade) != bool(b.trade))):
            return Part("trade", "longer", worth.TRADE_LONGER)
        return Part("trade", level, _TRADES.get(level, 0))

    def registered(self, named: Sequence[Part], ours: Sequence[Name], theirs: Sequence[Name]) -> list[Part]:
        """The part that lifts a whole registered name to its worth."""
        levels = {part.comparison: part.level for part in named}
        if levels.get("brand") not in ("equal", "equal with the trade", "slip"):
            return []
        if levels.get("trade", "equal") not in ("equal", "") or levels.get("words", "all") != "all":
            return []
        if any(part.weight < worth.FORM_DIFFERENT_LATIN for part in named):
            return []
        every = [ordered(left, right) for left in ours for right in theirs]
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


_TRADES = {"part": worth.TRADE_PART, "close": worth.TRADE_CLOSE, "different": worth.TRADE_DIFFERENT}


def _form(a: Name, b: Name) -> Part:
    if a.form == b.form:
        return Part("form", "equal", worth.FORM_EQUAL_LATIN if a.latin else worth.FORM_EQUAL)
    if a.latin and b.latin:
        if forms_agree(a.form, b.form):
            return Part("form", "written in another way", worth.FORM_DIFFERENT_LATIN)
        return Part("form", "of another company", worth.FORM_OTHER_LATIN)
    if a.form in COMPANY_FORMS and b.form in COMPANY_FORMS:
        return Part("form", "converted", worth.FORM_CONVERTED)
    return Part("form", "different", worth.FORM_DIFFERENT)


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
        plain = a.form in COMPANY_FORMS  # any other form (加工厂, 商行) says what the unit does
        return len(a.core) >= 2 and bool(a.trade or a.latin or a.group or not plain or a.form != b.form)
    return bool(a.trade and len(a.core) >= 4) or (a.full == b.full and len(a.full) >= 6)
